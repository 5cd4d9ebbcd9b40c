"""Who is calling: every kind of credential resolves to one Caller."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from testamur.core.ids import Id


class Scope(Enum):
    """What a credential may do. Vendors' scope words are translated to these in their dialect."""

    READ = "read"
    WRITE = "write"
    WEBHOOKS = "webhooks"


ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Caller:
    """The tenant a request is bound to, and on whose behalf it acts.

    Args:
        client: the credential holder.
        application: slug of the application the client belongs to, or None for a human session or a plain key.
            When present it narrows what cPod reads.
        person: the person behind a human session, else None. One who is not known here has the id that the session
            gives her.
        sees_own_only: whether only records about this person, or made by her, are there.
    """

    tenant: Id
    client: Id
    scopes: frozenset[Scope]
    application: str | None = None
    person: Id | None = None
    sees_own_only: bool = False
