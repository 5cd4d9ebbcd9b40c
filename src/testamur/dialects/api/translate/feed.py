"""The change feed."""

from __future__ import annotations

from testamur.core.ids import PREFIXES, Id, to_ulid, to_uuid
from testamur.dialects.api.translate import id_of
from testamur.dialects.api.wire import feed as wire
from testamur.http.replies import instant
from testamur.ledger.entries import Entry

PLACES = {
    "record": "/v1/records/",
    "person": "/v1/people/",
    "item": "/v1/items/",
    "audience": "/v1/audiences/",
    "assignment": "/v1/assignments/",
    "exemption": "/v1/exemptions/",
    "extension": "/v1/extensions/",
    "invitation": "/v1/invitations/",
    "session": "/v1/sessions/",
    "import": "/v1/imports/",
    "upload": "/v1/uploads/",
    "webhook": "/v1/webhooks/",
    "retention": "/v1/retention-rules/",
    "hold": "/v1/legal-holds/",
}
"""Where a thing is read by its id, by its noun."""
_SUBJECTS = {
    "membership": "person",
    "manager": "person",
    "reporter": "person",
    "favorite": "person",
    "interest": "person",
    "skill": "person",
    "enrolment": "person",
    "audience_enrolment": "audience",
    "attempt": "session",
    "settings": "tenant",
    "outside": "item",
}
"""What changes when these do; of other entries the subject is what their kind says."""


def entry(stored: Entry, base_url: str, *, shows_webhooks: bool) -> wire.Entry:
    """One change.

    Args:
        shows_webhooks: whether its reader may know where webhooks are aimed; the change itself is told to everybody.
    """
    noun = stored.kind.partition(".")[0]
    hides = noun == "webhook" and not shows_webhooks
    return wire.Entry(
        number=stored.number,
        kind=stored.kind,
        subject=_subject(_SUBJECTS.get(noun, noun), stored.subject, base_url),
        client=id_of(stored.client, "client"),
        recorded_at=instant(stored.recorded_at) or "",
        data=None if hides else stored.data,
    )


def _subject(noun: str, id: Id, base_url: str) -> wire.Subject:
    spelled = to_ulid(id, noun) if noun in PREFIXES else to_uuid(id)
    if noun == "tenant":
        url: str | None = f"{base_url}/v1/settings"
    else:
        url = f"{base_url}{PLACES[noun]}{spelled}" if noun in PLACES else None
    return wire.Subject(kind=noun, id=spelled, url=url)
