"""Users."""

from __future__ import annotations

from testamur.core.audiences import MANAGER_ROLE, REPORTER_ROLE
from testamur.core.ids import to_hex24
from testamur.core.people import Person
from testamur.dialects.rise.translate import ROLES, Links
from testamur.dialects.rise.wire import users as wire


def user(person: Person, links: Links, *, manages: bool = False) -> wire.User:
    """A user; `manages` says that she manages a group, which makes her a manager whatever her role is."""
    url = links.user(person.id)
    return wire.User(
        id=to_hex24(person.id),
        email=person.email,
        first_name=person.given_name,
        last_name=person.family_name,
        role=person.role if person.role in ROLES else "learner",
        last_active_at=None,
        groups_url=f"{url}/groups",
        reporting_groups_url=f"{url}/reporting-groups" if person.role == REPORTER_ROLE else None,
        managing_groups_url=f"{url}/managing-groups" if manages or person.role == MANAGER_ROLE else None,
        learner_report_url=links.learner_report(person.id),
        favorites_url=f"{url}/favorites",
        url=url,
        articulate360_user=False,
    )
