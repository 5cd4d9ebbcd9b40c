"""Members of audiences."""

from __future__ import annotations

from testamur.core.audiences import Member
from testamur.core.ids import to_hex24
from testamur.core.people import Reference
from testamur.dialects.thrive.translate.audiences import person
from testamur.dialects.thrive.wire import audience_members as wire


def people(body: list[str]) -> list[Reference]:
    return [person(text, f"[{place}]") for place, text in enumerate(body)]


def member(stored: Member) -> wire.Member:
    return wire.Member(to_hex24(stored.person), stored.reference, stored.email)
