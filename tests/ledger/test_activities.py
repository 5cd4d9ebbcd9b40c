"""Activities: the ledger read as a list that grows at its end only, and is as quick at its end as at its beginning."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from testamur.core.activities import Activity, ActivityKind, ActivityPage, entry_of
from testamur.core.errors import NotFound
from testamur.core.ids import new_id
from testamur.core.items import ItemForms
from testamur.core.people import Reference
from testamur.core.records import SameKey, SourceKey
from testamur.ledger.activities import SPACING
from testamur.ledger.learners import Learners
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub, moment
from tests.ledger.tellings import completion, kept, tell, tell_at_once

MILLISECOND = timedelta(milliseconds=1)


def page(hub: Hub, count: int = 1000, skip: int = 0, **rest: Any) -> ActivityPage:
    return hub.do(hub.ledger.activities.page(hub.tenant.id, count=count, skip=skip, **rest))


def every(hub: Hub, **rest: Any) -> list[Activity]:
    return page(hub, **rest).activities


def tell_many(hub: Hub, count: int) -> None:
    """So many completions, in one batch."""
    told = tell_at_once(hub, *(completion(moment()) for _ in range(count)))
    assert not [error for error in told if isinstance(error, BaseException)]


def attempt(hub: Hub, at: datetime, *, passed: bool = True) -> None:
    """A quiz attempt recorded by a worker whose clock stands at `at`."""
    learners = Learners(hub.ledger.database, lambda: at)
    item, person = Reference("FIRE-101", ("ref",), "item"), Reference("00123", ("ref",))
    hub.do(learners.attempt(hub.caller, item, person, attempted_at=at, score_percent=None, passed=passed))


def forget_marks(urls: DatabaseUrls, hub: Hub) -> None:
    async def within() -> None:
        connection = await asyncpg.connect(urls.owner)
        try:
            await connection.execute("DELETE FROM activity_mark WHERE tenant = $1", hub.tenant.id)
        finally:
            await connection.close()

    asyncio.run(within())


def test_activities_stand_in_the_order_of_commits_and_each_is_found_by_its_id(hub: Hub) -> None:
    tell(hub, completion(moment(), enrols=True))
    attempt(hub, moment())
    tell(hub, completion(moment(), item="LIFT/1 ä"))
    found = every(hub)
    assert [one.kind.value for one in found] == ["completed", "registered", "passed", "completed"]
    assert [one.entry for one in found] == sorted(one.entry for one in found)
    for one in found:
        assert entry_of(one.id) == one.entry
        assert hub.do(hub.ledger.activities.get(hub.tenant.id, one.id)) == one


@pytest.mark.parametrize("size", [1, 7, SPACING, SPACING + 1, 1000])
def test_pages_of_any_size_are_slices_of_one_list(hub: Hub, size: int) -> None:
    tell_many(hub, 2 * SPACING + 5)
    attempt(hub, moment())
    tell_many(hub, SPACING)
    total = 3 * SPACING + 6
    whole = every(hub)
    assert len(whole) == total
    starts = range(0, total + size, size) if size > 1 else (0, 1, SPACING - 1, SPACING, SPACING + 1, total - 1, total)
    for start in starts:
        found = page(hub, size, start)
        assert found.total == total
        assert found.activities == whole[start : start + size]


def test_marks_are_made_by_readers_and_removing_them_changes_nothing(urls: DatabaseUrls, hub: Hub) -> None:
    tell_many(hub, 3 * SPACING + 1)
    assert kept(urls, hub, "activity_mark") == []
    first = page(hub, 10, 2 * SPACING)
    marks = kept(urls, hub, "activity_mark")
    assert [mark["number"] for mark in marks] == [SPACING, 2 * SPACING, 3 * SPACING]
    whole = every(hub)
    assert [mark["entry"] for mark in marks] == [whole[mark["number"] - 1].entry for mark in marks]
    forget_marks(urls, hub)
    assert page(hub, 10, 2 * SPACING) == first
    assert kept(urls, hub, "activity_mark") == marks


def test_readers_who_mark_at_the_same_time_make_the_same_marks(urls: DatabaseUrls, hub: Hub) -> None:
    async def read() -> list[ActivityPage]:
        pages = [hub.ledger.activities.page(hub.tenant.id, count=5, skip=SPACING) for _ in range(8)]
        return await asyncio.gather(*pages)

    tell_many(hub, 2 * SPACING)
    first, *others = hub.do(read())
    assert all(other == first for other in others)
    assert [mark["number"] for mark in kept(urls, hub, "activity_mark")] == [SPACING, 2 * SPACING]


def test_a_clock_that_is_behind_hides_nothing_from_a_reader_who_resumes(urls: DatabaseUrls, hub: Hub) -> None:
    """The reader has seen an activity and resumes from its date; then a slower worker commits an older one."""
    tell_many(hub, SPACING + 3)
    last = every(hub)[-1]
    attempt(hub, last.at - timedelta(hours=1))
    late = every(hub)[-1]
    assert late.kind is ActivityKind.PASSED
    assert (late.recorded_at, late.at) == (last.at - timedelta(hours=1), last.at)
    assert late in every(hub, since=last.at)
    assert every(hub, before=last.at - timedelta(minutes=30)) == []
    for rest in ({"kinds": [ActivityKind.PASSED]}, {"since": last.at, "kinds": [ActivityKind.PASSED]}):
        assert every(hub, **rest) == [late], "a filter shows the same date"
    assert hub.do(hub.ledger.activities.get(hub.tenant.id, late.id)) == late
    forget_marks(urls, hub)
    assert every(hub, kinds=[ActivityKind.PASSED]) == [late]


def test_dates_cut_the_list_anywhere(hub: Hub) -> None:
    """Workers record at moments of their own choosing, half of them behind the others."""
    start = moment()
    for place in range(SPACING // 2):
        attempt(hub, start + timedelta(seconds=place - (5 if place % 2 else 0)), passed=place % 3 == 0)
    tell_many(hub, SPACING)
    whole = every(hub)
    dates = [one.at for one in whole]
    assert dates == sorted(dates)
    for since in {dates[0], dates[3], dates[9] + MILLISECOND, dates[SPACING // 2], dates[-1], dates[-1] + MILLISECOND}:
        for before in {dates[0], dates[7], dates[9], dates[-1], dates[-1] + MILLISECOND}:
            expected = [one for one in whole if since <= one.at < before]
            found = page(hub, 7, 3, since=since, before=before)
            assert found.total == len(expected)
            assert found.activities == expected[3:10]
            passed = [one for one in expected if one.kind is ActivityKind.PASSED]
            chosen = page(hub, 4, 1, since=since, before=before, kinds=[ActivityKind.PASSED])
            assert (chosen.total, chosen.activities) == (len(passed), passed[1:5])


def test_a_reader_who_counts_pages_while_rows_arrive_sees_each_row_once(hub: Hub) -> None:
    tell_many(hub, SPACING)
    seen: list[Activity] = []
    for number in range(30):
        if number < 6:
            tell_many(hub, 11)
        found = page(hub, 20, 20 * number).activities
        seen += found
        if len(found) < 20:
            break
    assert seen == every(hub)
    assert len({one.id for one in seen}) == len(seen) == SPACING + 66


def test_corrections_are_activities_of_their_own_and_voiding_takes_none_away(hub: Hub) -> None:
    key = SourceKey("rise", None, SameKey.REPLACE)
    first = tell(hub, completion(moment(), source="rise", key=key))
    again = tell(hub, completion(moment(), source="rise", key=key))
    assert again.record == first.record
    told = every(hub)
    assert [one.record for one in told] == [first.record, first.record]
    assert told[0].completed != told[1].completed
    hub.do(hub.ledger.records.void(hub.caller, first.record))
    assert every(hub) == told


def test_what_names_no_known_person_or_item_is_no_activity(hub: Hub) -> None:
    tell(hub, completion(moment(), person="nobody", is_loose=True))
    assert page(hub) == ActivityPage(0, [])


def test_items_and_forms_choose(hub: Hub) -> None:
    tell(hub, completion(moment()))
    tell(hub, completion(moment(), item="LIFT/1 ä"))
    fire, lift = every(hub)
    thrive = ("thrive",)
    assert every(hub, items=[Reference(str(hub.item), thrive, "item")]) == [fire]
    assert every(hub, items=[Reference("nothing", thrive, "item")]) == []
    assert every(hub, items=[]) == []
    assert every(hub, kinds=[]) == []
    assert every(hub, forms=ItemForms(frozenset({"scorm"}), frozenset({"scorm"}))) == [lift]
    assert every(hub, forms=ItemForms(frozenset({"scorm"}), frozenset({"course"}))) == [fire]


def test_an_unknown_id_and_another_tenants_are_not_found(hub: Hub, other_hub: Hub) -> None:
    tell(hub, completion(moment()))
    (one,) = every(hub)
    for tenant, id in ((hub.tenant.id, new_id()), (other_hub.tenant.id, one.id), (hub.tenant.id, hub.person)):
        with pytest.raises(NotFound):
            hub.do(hub.ledger.activities.get(tenant, id))
    assert every(other_hub) == []


def test_a_ledger_that_was_filled_before_anybody_read_it_is_marked_in_steps(
    urls: DatabaseUrls, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("testamur.ledger.activities._MARKED_AT_ONCE", 2 * SPACING)
    tell_many(hub, 7 * SPACING + 3)
    assert page(hub, 1).total == 7 * SPACING + 3
    assert [mark["number"] for mark in kept(urls, hub, "activity_mark")] == [n * SPACING for n in range(1, 8)]
    assert page(hub, 5, 7 * SPACING + 1).activities == every(hub)[-2:]
