"""Invitations: somebody is asked by e-mail to join, and will be a person when she accepts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from testamur.core.audiences import EVERYONE_NAME, NAME_MAX_LENGTH
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.people import normalise

EMAIL_LENGTH_MAX = 320
GROUPS_MAX = 100
"""Audiences that one invitation names."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvitation:
    """Somebody to be invited.

    Args:
        groups: names of audiences that she will be a member of. Those that are missing are made when she accepts.
    """

    email: str
    given_name: str = ""
    family_name: str = ""
    role: str = "learner"
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation as stored. Of somebody who was forgotten the names are empty and there is no address.

    Args:
        person: who accepted it.
    """

    id: Id
    email: str | None
    given_name: str
    family_name: str
    role: str
    groups: tuple[str, ...]
    invited_at: datetime
    accepted_at: datetime | None
    person: Id | None
    withdrawn_at: datetime | None

    @property
    def is_pending(self) -> bool:
        return self.accepted_at is None and self.withdrawn_at is None


def checked(new: NewInvitation) -> NewInvitation:
    """The invitation as it is stored: blanks at the ends cut off, no group twice. Raises InvalidInput.

    The group of everybody needs no naming and is left out.
    """
    email = normalise("email", new.email)
    if not _EMAIL.match(email) or len(email) > EMAIL_LENGTH_MAX:
        raise InvalidInput(FieldFault("email", "format", "must be an e-mail address"))
    groups = tuple(dict.fromkeys(name.strip() for name in new.groups))
    for place, name in enumerate(new.groups):
        if not 1 <= len(name.strip()) <= NAME_MAX_LENGTH:
            raise InvalidInput(FieldFault(f"groups[{place}]", "range", f"must have 1 to {NAME_MAX_LENGTH} characters"))
    return replace(
        new,
        email=email,
        given_name=new.given_name.strip(),
        family_name=new.family_name.strip(),
        groups=tuple(name for name in groups if name != EVERYONE_NAME),
    )
