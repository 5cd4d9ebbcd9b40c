"""Lists, counts and previews of many lines, as they were known at a moment."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from testamur.core.assignments import AssignmentEdit, NewAssignment
from testamur.core.audiences import NewAudience
from testamur.core.compliance import Anchor, Status
from testamur.core.decisions import NewExemption
from testamur.core.errors import InvalidInput
from testamur.core.ids import Id, to_hex24
from testamur.core.people import NewPerson, PersonChange, Reference
from testamur.core.standing import CHANGES_MAX, KNOWN_LINES_MAX, PREVIEW_LINES_MAX, Listed, Place, StandingFilter
from tests.hub import Hub
from tests.ledger.town import ADA, AUDIENCE, DAY, ITEM, OTHER_ITEM, ZOE, Town, crowd, named


def test_lists_and_counts_as_known_now_are_those_that_are_stored(hub: Hub) -> None:
    """A random history, asked both ways: from what is kept, and from the facts."""
    town, dice = Town(hub), random.Random(7)
    people = town.do(town.ledger.people.add(hub.caller, [NewPerson(given_name="P") for _ in range(9)]))
    town.join(*people)
    half: Id = town.do(town.ledger.audiences.add(hub.caller, NewAudience(name="Half", reference="half")))
    town.do(town.ledger.memberships.join(hub.caller, half, people[4:], date(2025, 1, 10)))
    boss = Reference(to_hex24(people[0]), (), "person")
    for person in people[3:6]:
        change = PersonChange(manager=boss)
        town.do(town.ledger.people.change(hub.caller, Reference(to_hex24(person), (), "person"), change))
    made = [
        town.assign(recurrence_days=100, renewal_window_days=30),
        town.assign(alternatives=(OTHER_ITEM,), completion_period_days=60),
        town.assign(anchor=Anchor.CALENDAR, calendar_days=((6, 30), (12, 31))),
    ]
    for place, person in enumerate([*people, hub.person]):
        one = Reference(to_hex24(person), (), "person")
        for _ in range(place % 4):
            town.clock.go(date(2025, 1, 11) + timedelta(days=dice.randrange(200)))
            town.complete(town.clock.at.date(), one, dice.choice([ITEM, OTHER_ITEM]))
    town.clock.go(date(2025, 8, 1))
    exempt = NewExemption(person=ADA, from_on=date(2025, 7, 1), reason="leave")
    town.do(town.ledger.decisions.exempt(hub.caller, exempt))
    town.do(town.ledger.memberships.leave(hub.caller, town.audience, people[1], date(2025, 8, 1)))
    town.do(town.ledger.memberships.leave(hub.caller, half, people[5], date(2025, 8, 1)))
    now = town.clock()
    filters = [
        StandingFilter(),
        StandingFilter(assignment=made[1].id),
        StandingFilter(audience=town.audience),
        StandingFilter(audience=half),
        StandingFilter(manager=people[0]),
        StandingFilter(item=hub.third_party),
    ]
    standings = town.ledger.standings
    seen: Counter[Listed] = Counter()
    for of in filters:
        for day in (date(2025, 2, 20), date(2025, 8, 2), date(2026, 1, 5)):
            kept = town.do(standings.counts(town.tenant, of=of, on=day))
            known = town.do(standings.counts(town.tenant, of=of, on=day, known_at=now))
            assert [replace(one, computed_at=now, known_at=None) for one in known] == [
                replace(one, computed_at=now) for one in kept
            ]
            span = day - 60 * DAY, day + 60 * DAY
            kept_share = town.do(standings.on_time(town.tenant, *span, of=of))
            known_share = town.do(standings.on_time(town.tenant, *span, of=of, known_at=now))
            assert (known_share.due, known_share.on_time) == (kept_share.due, kept_share.on_time)
            for listed in Listed:
                near = {"within_days": 90} if listed in (Listed.DUE_SOON, Listed.EXPIRING) else {}
                pages = [_walked(town, listed, of=of, on=day, **near, **more) for more in ({}, {"known_at": now})]
                assert pages[0] == pages[1], (of, day, listed)
                seen[listed] += len(pages[0])
    assert all(seen[listed] > 3 for listed in Listed), seen


def _walked(town: Town, listed: Listed, **more: Any) -> list[tuple[Any, ...]]:
    """All lines of a list, four at a time."""
    found: list[tuple[Any, ...]] = []
    after: Place | None = None
    while True:
        page = town.do(town.ledger.standings.page(town.tenant, listed, after=after, count=4, **more))
        assert len(page.lines) == 4 or page.next is None
        for line in page.lines:
            assert line.known_at == more.get("known_at")
            step = line.step
            found.append((line.person, line.assignment, step.status, step.due_on, step.missed_on(page.day)))
        if page.next is None:
            return found
        after = page.next


def test_lists_and_counts_are_told_as_they_were_known(town: Town) -> None:
    """A completion that came late, a membership, a manager, an item and a settlement that nobody knew of then."""
    made = town.assign()
    town.clock.go(date(2025, 2, 15))
    before = town.clock()
    town.clock.go(date(2025, 3, 5))
    town.complete(date(2025, 2, 3))
    town.do(town.ledger.memberships.join(town.hub.caller, town.audience, [town.hub.other_person], date(2025, 1, 12)))
    change = PersonChange(manager=ZOE)
    town.do(town.ledger.people.change(town.hub.caller, ADA, change))
    edit = AssignmentEdit(primary=OTHER_ITEM)
    town.do(town.ledger.assignments.edit(town.hub.caller, named(made), edit))
    town.assign(completion_period_days=90)
    standings, day = town.ledger.standings, date(2025, 2, 15)

    def statuses(**more: Any) -> dict[Status, int]:
        total: Any = town.do(standings.total(town.tenant, on=day, **more))
        return dict(total.statuses)

    assert statuses() == {Status.COMPLETED: 1, Status.NOT_STARTED: 1}
    assert statuses(known_at=before) == {Status.OVERDUE: 1}
    of_item = StandingFilter(item=town.hub.third_party)
    assert statuses(known_at=before, of=of_item) == {}
    assert statuses(known_at=before, of=StandingFilter(item=town.hub.item)) == {Status.OVERDUE: 1}
    assert statuses(known_at=before, of=StandingFilter(manager=town.hub.other_person)) == {}
    assert statuses(of=StandingFilter(manager=town.hub.other_person)) != {}
    page = town.do(standings.page(town.tenant, Listed.OVERDUE, known_at=before, count=5))
    assert (page.day, page.known_at, [line.person for line in page.lines]) == (day, before, [town.hub.person])
    share = town.do(standings.on_time(town.tenant, date(2025, 2, 1), date(2025, 2, 28), known_at=before))
    assert (share.due, share.on_time, share.known_at) == (1, 0, before)
    members = StandingFilter(audience=town.audience)
    share = town.do(standings.on_time(town.tenant, date(2025, 2, 1), date(2025, 2, 28), of=members, known_at=before))
    assert share.due == 1
    assert town.do(standings.counts(town.tenant, known_at=datetime(2020, 1, 1, tzinfo=UTC))) == []


def test_more_lines_than_a_request_may_ask_for_are_refused_by_name_and_counted_without_a_request(hub: Hub) -> None:
    crowd(hub, KNOWN_LINES_MAX)
    made = hub.do(hub.ledger.assignments.add(hub.caller, NewAssignment(audience=AUDIENCE, primary=ITEM)))
    hub.do(hub.ledger.standings.settle(hub.tenant.id))
    now = datetime.now(UTC)
    standings, tenant = hub.ledger.standings, hub.tenant.id
    span = now.date(), now.date() + 40 * DAY
    for asked in (
        standings.counts(tenant, known_at=now),
        standings.page(tenant, Listed.DUE_SOON, known_at=now, count=2),
        standings.on_time(tenant, *span, known_at=now),
    ):
        with pytest.raises(InvalidInput, match=f"{KNOWN_LINES_MAX:,}") as caught:
            hub.do(asked)
        assert caught.value.field == "known_at"
    seen: list[int] = []
    (found,) = hub.do(standings.counts(tenant, known_at=now, lines_max=None, processes=2, progress=seen.append))
    assert (found.assignment, found.statuses) == (made.id, {Status.NOT_STARTED: KNOWN_LINES_MAX + 1})
    assert seen[-1] == KNOWN_LINES_MAX + 1
    assert len(seen) > 5


def test_a_preview_of_a_crowd_is_for_the_command_line_and_the_same_on_several_cores(hub: Hub) -> None:
    people = crowd(hub, PREVIEW_LINES_MAX)
    made = hub.do(hub.ledger.assignments.add(hub.caller, NewAssignment(audience=AUDIENCE, primary=ITEM)))
    standings, tenant, edit = hub.ledger.standings, hub.tenant.id, AssignmentEdit(completion_period_days=60)
    with pytest.raises(InvalidInput, match=f"{PREVIEW_LINES_MAX:,} people") as caught:
        hub.do(standings.preview(tenant, named(made), edit))
    assert caught.value.field == "assignmentId"
    with pytest.raises(InvalidInput) as caught:
        hub.do(standings.preview_new(tenant, NewAssignment(audience=AUDIENCE._replace(field="audience"), primary=ITEM)))
    assert caught.value.field == "audience"
    seen: list[int] = []
    found = hub.do(standings.preview(tenant, named(made), edit, lines_max=None, processes=2, progress=seen.append))
    assert (found.lines, found.changed, found.moves, seen[-1]) == (len(people) + 1,) * 4
    assert [one.person for one in found.changes] == sorted([*people, hub.person])[:CHANGES_MAX]
