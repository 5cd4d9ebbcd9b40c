"""Users."""

from __future__ import annotations

from testamur.core.ids import to_hex24
from testamur.core.people import Person
from testamur.dialects.rise.translate import Links
from testamur.dialects.rise.wire import users as wire

_ROLES = frozenset({"learner", "author", "reporter", "manager", "admin"})


def user(person: Person, links: Links) -> wire.User:
    return wire.User(
        id=to_hex24(person.id),
        email=person.email,
        first_name=person.given_name,
        last_name=person.family_name,
        role=person.role if person.role in _ROLES else "learner",
        last_active_at=None,
        groups_url=None,
        reporting_groups_url=None,
        managing_groups_url=None,
        learner_report_url=links.learner_report(person.id),
        favorites_url=None,
        url=links.user(person.id),
        articulate360_user=False,
    )
