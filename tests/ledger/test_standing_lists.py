"""Lists and counts of standing, and previews of what an edit would change."""

from __future__ import annotations

from datetime import date
from typing import Any

from testamur.core.assignments import AssignmentEdit, NewAssignment
from testamur.core.compliance import Status
from testamur.core.decisions import NewExemption
from testamur.core.ids import Id
from testamur.core.standing import Listed, Place, StandingFilter
from tests.hub import Hub
from tests.ledger.town import AUDIENCE, CREW, ITEM, OTHER_ITEM, ZOE, Town, crowd, named


def test_lists_name_who_is_due_soon_overdue_expired_expiring_and_exempt(town: Town) -> None:
    made = town.assign(recurrence_days=100)
    town.join(town.hub.other_person)

    def people(listed: Listed, day: date, **more: Any) -> list[Id]:
        page = town.do(town.ledger.standings.page(town.tenant, listed, on=day, count=10, **more))
        assert (page.day, page.zone) == (day, "Europe/London")
        return [line.person for line in page.lines]

    both = sorted([town.hub.person, town.hub.other_person])
    assert people(Listed.DUE_SOON, date(2025, 1, 12), within_days=28) == both
    assert people(Listed.DUE_SOON, date(2025, 1, 12), within_days=27) == []
    assert people(Listed.OVERDUE, date(2025, 2, 10)) == both
    assert people(Listed.OVERDUE, date(2025, 2, 10), of=StandingFilter(item=town.hub.third_party)) == []
    assert people(Listed.OVERDUE, date(2025, 2, 10), of=StandingFilter(manager=town.hub.person)) == []
    assert people(Listed.OVERDUE, date(2025, 2, 10), of=StandingFilter(audience=town.audience)) == both
    town.clock.go(date(2025, 2, 1))
    town.complete(date(2025, 2, 1))
    assert people(Listed.EXPIRING, date(2025, 5, 1), within_days=20) == [town.hub.person]
    assert people(Listed.EXPIRED, date(2026, 1, 1)) == [town.hub.person]
    exempt = NewExemption(person=ZOE, assignment=named(made), from_on=date(2025, 3, 1), reason="leave")
    town.do(town.ledger.decisions.exempt(town.hub.caller, exempt))
    assert people(Listed.EXEMPT, date(2025, 3, 1)) == [town.hub.other_person]


def test_pages_of_a_list_follow_one_another(hub: Hub) -> None:
    people = crowd(hub, 20)
    hub.do(hub.ledger.assignments.add(hub.caller, NewAssignment(audience=AUDIENCE, primary=ITEM)))
    seen: list[Id] = []
    after: Place | None = None
    while True:
        page = hub.do(hub.ledger.standings.page(hub.tenant.id, Listed.DUE_SOON, after=after, count=8))
        seen += [line.person for line in page.lines]
        if page.next is None:
            break
        after = page.next
    assert seen == sorted([*people, hub.person])


def test_counts_add_up_and_name_their_day(town: Town) -> None:
    made = town.assign(recurrence_days=365)
    town.join(town.hub.other_person)
    town.clock.go(date(2025, 2, 1))
    town.complete(date(2025, 2, 1))
    (one,) = town.do(town.ledger.standings.counts(town.tenant, on=date(2025, 3, 1)))
    assert (one.assignment, one.day, one.zone) == (made.id, date(2025, 3, 1), "Europe/London")
    assert one.statuses == {Status.COMPLETED: 1, Status.OVERDUE: 1}
    assert (one.required, one.current_rate, one.on_track_rate) == (2, 0.5, 0.5)
    whole = town.do(town.ledger.standings.total(town.tenant, of=StandingFilter(audience=town.audience)))
    assert sum(whole.statuses.values()) == 2
    on_time = town.do(town.ledger.standings.on_time(town.tenant, date(2025, 2, 1), date(2025, 2, 28)))
    assert (on_time.due, on_time.on_time, on_time.rate) == (2, 1, 0.5)


def test_a_preview_says_what_an_edit_would_change_and_writes_nothing(town: Town) -> None:
    made = town.assign()
    before = town.stored()
    town.clock.go(date(2025, 1, 25))
    edit = AssignmentEdit(completion_period_days=60)
    found = town.do(town.ledger.standings.preview(town.tenant, named(made), edit))
    assert (found.lines, found.changed, found.opens, found.moves, found.withdraws) == (1, 1, 0, 1, 0)
    assert found.statuses == {(Status.NOT_STARTED, Status.NOT_STARTED): 1}
    (change,) = found.changes
    assert (change.person, change.on) == (town.hub.person, date(2025, 1, 25))
    assert (change.before.due_on, change.after.due_on) == (date(2025, 2, 9), date(2025, 3, 11))
    new = NewAssignment(audience=CREW, primary=OTHER_ITEM)
    asked = town.do(town.ledger.standings.preview_new(town.tenant, new))
    assert (asked.lines, asked.opens, asked.statuses) == (1, 1, {(None, Status.NOT_STARTED): 1})
    assert town.stored() == before
