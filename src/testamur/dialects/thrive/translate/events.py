"""User events that come in."""

from __future__ import annotations

import hashlib

from testamur.core.people import Changed, Deleted, Joined, News, Suspended, Told
from testamur.dialects.thrive.translate import SOURCE
from testamur.dialects.thrive.translate.users import by_ref, changes, end_date, new_person
from testamur.dialects.thrive.wire import events as wire


def told(event: wire.UserEvent, raw: str) -> Told:
    """The event under its own id."""
    return Told(SOURCE, event.id, hashlib.sha256(raw.encode()).digest())


def news(event: wire.UserEvent) -> News:
    """What it says. Raises InvalidInput."""
    user = event.content.user
    person = by_ref(user.ref, "content.user.ref")
    if event.event_type == "user_joined":
        return Joined(new_person(user.ref, user), changes(user))
    if event.event_type == "user_updated":
        return Changed(person, changes(user))
    if event.event_type == "user_suspended":
        return Suspended(person, end_date(user.end_date))
    return Deleted(person)
