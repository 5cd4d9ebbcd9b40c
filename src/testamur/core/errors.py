"""What can go wrong, said without HTTP.

The core says what happened; each dialect decides how its vendor would say it. A code is for machines, the message
for people, `field` for programs. The docstring of a class is its default message.

    TestamurError
    ├── InvalidInput                 one or more FieldFaults
    ├── NotFound
    │   ├── PersonNotFound  AudienceNotFound  AssignmentNotFound
    │   ├── ItemNotFound > CollectionNotFound
    │   ├── CompletionNotFound  AccountNotFound  TenantNotFound  ClientNotFound
    │   └── SessionNotFound  WebhookNotFound  InvitationNotFound
    ├── Conflict
    │   ├── ItemNotPublished  IdentifierTaken  NameTaken  KeyReused  PreconditionFailed
    │   └── PersonExists  InvitationPending  RoleMismatch  AddressTaken  LimitReached
    ├── Unauthenticated
    ├── Forbidden
    ├── AccountSuspended
    └── Unavailable                  worth trying again
        └── Overloaded  DatabaseUnavailable
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One thing wrong with one field.

    Args:
        field: the field as the caller spelled it; nested members joined by `.`, list places as `[3]`.
        code: `missing`, `type`, `format`, `range`, `unknown`, `future`, `order`, `not_found`, `duplicate`.
        message: a sentence for people.
    """

    field: str
    code: str
    message: str


class TestamurError(Exception):
    """Something went wrong."""

    # pytest collects classes by name; this one is no test.
    __test__ = False

    code: ClassVar[str] = "error"
    retry_after_seconds: int | None = None

    def __init__(self, message: str | None = None, *, field: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.field = field
        super().__init__(self.message)


class InvalidInput(TestamurError):
    """The request is not valid."""

    code = "invalid"

    def __init__(self, faults: Sequence[FieldFault] | FieldFault) -> None:
        self.faults = (faults,) if isinstance(faults, FieldFault) else tuple(faults)
        first = self.faults[0]
        named = [f"{fault.field}: {fault.message}" if fault.field else fault.message for fault in self.faults]
        super().__init__("; ".join(named), field=first.field or None)


class NotFound(TestamurError):
    """No such thing in this tenant."""

    code = "not_found"


class PersonNotFound(NotFound):
    """No such person in this tenant."""

    code = "person_not_found"


class ItemNotFound(NotFound):
    """No such learning object in this tenant."""

    code = "item_not_found"


class CollectionNotFound(ItemNotFound):
    """No such collection of learning objects in this tenant."""

    code = "collection_not_found"


class AudienceNotFound(NotFound):
    """No such audience in this tenant."""

    code = "audience_not_found"


class AssignmentNotFound(NotFound):
    """No such assignment in this tenant."""

    code = "assignment_not_found"


class CompletionNotFound(NotFound):
    """No such completion or learning record in this tenant."""

    code = "completion_not_found"


class AccountNotFound(NotFound):
    """No such linked account in this tenant."""

    code = "account_not_found"


class TenantNotFound(NotFound):
    """No such tenant."""

    code = "tenant_not_found"


class ClientNotFound(NotFound):
    """No such client or key in this tenant."""

    code = "client_not_found"


class SessionNotFound(NotFound):
    """No such session in this tenant."""

    code = "session_not_found"


class WebhookNotFound(NotFound):
    """No such webhook."""

    code = "webhook_not_found"


class InvitationNotFound(NotFound):
    """No such invitation in this tenant, or it was accepted or withdrawn."""

    code = "invitation_not_found"


class Conflict(TestamurError):
    """The request does not fit the present state."""

    code = "conflict"


class ItemNotPublished(Conflict):
    """The learning object has no published version."""

    code = "item_not_published"


class IdentifierTaken(Conflict):
    """This identifier already names something else in this tenant."""

    code = "identifier_taken"


class NameTaken(Conflict):
    """Another audience of this tenant has this name."""

    code = "name_taken"


class PersonExists(Conflict):
    """Somebody in this tenant has this address already."""

    code = "person_exists"


class InvitationPending(Conflict):
    """An invitation to this address is pending already."""

    code = "invitation_pending"


class RoleMismatch(Conflict):
    """The person's role is not one for this."""

    code = "role_mismatch"


class KeyReused(Conflict):
    """The same key was used before with other content (rule C2)."""

    code = "key_reused"


class PreconditionFailed(Conflict):
    """The thing was changed meanwhile."""

    code = "precondition_failed"


class AddressTaken(Conflict):
    """Another webhook has this address."""

    code = "address_taken"


class LimitReached(Conflict):
    """There are as many of these as there may be."""

    code = "limit_reached"


class Unauthenticated(TestamurError):
    """The credentials are missing, wrong or no longer valid."""

    code = "unauthenticated"


class Forbidden(TestamurError):
    """The credentials do not allow this."""

    code = "forbidden"


class AccountSuspended(TestamurError):
    """The linked account is not active."""

    code = "account_suspended"


class Unavailable(TestamurError):
    """The service cannot answer at the moment; try again."""

    code = "unavailable"
    retry_after_seconds = 2


class Overloaded(Unavailable):
    """More is waiting than can be taken in; try again shortly."""

    code = "overloaded"
    retry_after_seconds = 1


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached; nothing was lost, try again."""

    code = "database_unavailable"
