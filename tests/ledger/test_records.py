"""Records: when two tellings are one, what a correction changes, and what is never lost.

docs/decisions/0001 has the rule; C, D and F are the numbers of the compliance rules.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testamur.core.errors import CompletionNotFound, ItemNotFound, KeyReused, PersonNotFound
from testamur.core.ids import Id, new_id
from testamur.core.items import ItemKind, NewItem, Outside
from testamur.core.moments import Precision, When
from testamur.core.people import Identifier, NewPerson, Reference
from testamur.core.records import NewRecord, Recorded, SameKey, SourceKey
from testamur.ledger import Ledger
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub, moment
from tests.ledger.tellings import (
    another_worker,
    assert_entries_are_whole,
    completion,
    count,
    kept,
    report,
    tell,
    tell_at_once,
)

MILLISECOND = timedelta(milliseconds=1)


def replacing(at: datetime | When, *, source: str = "rise", **rest: Any) -> NewRecord:
    """A telling of a source that keeps one record for each person and item; the last call wins (rule C5)."""
    return completion(at, source=source, key=SourceKey(source, None, SameKey.REPLACE), **rest)


# The same fact twice ----------------------------------------------------------------------------------------------


def test_c1_the_same_completion_twice_is_one_record_one_fact_and_a_report_that_counts_two(
    urls: DatabaseUrls, hub: Hub
) -> None:
    new = completion(moment())
    first, again = tell(hub, new), tell(hub, new)
    assert (first.is_new, first.is_changed) == (True, True)
    assert (again.is_new, again.is_changed) == (False, False)
    assert (again.record, again.fact) == (first.record, first.fact)
    assert len(kept(urls, hub, "fact")) == 1
    assert [row["repeats"] for row in kept(urls, hub, "report")] == [2]
    assert [row["kind"] for row in kept(urls, hub, "ledger_entry")].count("record.created") == 1


def test_c1_the_same_through_two_dialects_is_one_record_with_two_reports(urls: DatabaseUrls, hub: Hub) -> None:
    at = moment()
    first = tell(hub, completion(at, source="thrive"), '{"a": 1}', dialect="thrive")
    again = tell(hub, completion(at, source="rise"), '{"b": 2}', dialect="rise")
    assert again.record == first.record
    assert len(kept(urls, hub, "fact")) == 1
    told = hub.do(hub.ledger.records.tellings(hub.tenant.id, [first.record]))[first.record]
    assert {(telling.report.dialect, telling.report.body, telling.repeats) for telling in told} == {
        ("thrive", '{"a": 1}', 1),
        ("rise", '{"b": 2}', 1),
    }


def test_c1_ten_thousand_at_once_are_one_fact(urls: DatabaseUrls, hub: Hub) -> None:
    async def flood() -> list[Recorded]:
        new, said = completion(at), report(hub)
        return await asyncio.gather(*[hub.ledger.records.record(hub.tenant.id, new, said) for _ in range(10_000)])

    at = moment()
    answers = hub.do(flood())
    assert sum(answer.is_new for answer in answers) == 1
    assert sum(answer.is_changed for answer in answers) == 1
    assert len({(answer.record, answer.fact) for answer in answers}) == 1
    assert len(kept(urls, hub, "fact")) == 1
    assert sum(row["repeats"] for row in kept(urls, hub, "report")) == 10_000
    assert len(kept(urls, hub, "source_key")) == 0


def test_c1_two_workers_with_the_same_duplicates_make_each_fact_once(urls: DatabaseUrls, hub: Hub) -> None:
    moments = [moment() for _ in range(40)]

    async def flood() -> list[Recorded]:
        async with another_worker(urls) as other, another_worker(urls) as third:
            return await asyncio.gather(
                *[
                    ledger.records.record(hub.tenant.id, completion(at), report(hub))
                    for _ in range(5)
                    for at in moments
                    for ledger in (hub.ledger, other, third)
                ]
            )

    answers = hub.do(flood())
    assert sum(answer.is_new for answer in answers) == 40
    facts = kept(urls, hub, "fact")
    assert {row["completed_at"] for row in facts} == set(moments)
    assert len(facts) == 40
    assert sum(row["repeats"] for row in kept(urls, hub, "report")) == 40 * 5 * 3
    assert_entries_are_whole(urls, hub)


def test_c1_two_workers_with_one_source_key_keep_one_record(urls: DatabaseUrls, hub: Hub) -> None:
    """The last call wins, whichever worker it came through, and every call in between stays readable."""
    moments = [moment() for _ in range(30)]

    async def flood() -> list[Recorded]:
        async with another_worker(urls) as other:
            return await asyncio.gather(
                *[
                    ledger.records.record(hub.tenant.id, replacing(at), report(hub))
                    for at in moments
                    for ledger in (hub.ledger, other)
                ]
            )

    answers = hub.do(flood())
    assert len({answer.record for answer in answers}) == 1
    facts = kept(urls, hub, "fact", "revision")
    assert [row["revision"] for row in facts] == list(range(1, len(facts) + 1))
    assert [row["closed_as"] for row in facts] == ["superseded"] * (len(facts) - 1) + [None]


def test_c3_another_millisecond_is_another_completion(urls: DatabaseUrls, hub: Hub) -> None:
    at = moment()
    one, two = tell(hub, completion(at)), tell(hub, completion(at + MILLISECOND))
    assert one.is_new
    assert two.is_new
    assert one.record != two.record
    assert len(kept(urls, hub, "fact")) == 2


def test_c1_another_person_or_item_is_another_completion(hub: Hub) -> None:
    at = moment()
    records = [
        tell(hub, completion(at)),
        tell(hub, completion(at, person="00124")),
        tell(hub, completion(at, item=hub.third_party)),
    ]
    assert all(recorded.is_new for recorded in records)


def test_c1_however_person_and_item_are_spelled_it_is_the_same(hub: Hub) -> None:
    at = moment()
    first = tell(hub, completion(at))
    again = tell(hub, completion(at, person=hub.person, item=hub.item))
    assert again == Recorded(first.record, first.fact, is_new=False, is_changed=False)


def test_f4_plans_have_no_moment_that_could_make_them_one(urls: DatabaseUrls, hub: Hub) -> None:
    one, two = tell(hub, completion(None)), tell(hub, completion(None))
    assert one.record != two.record
    assert count(hub) == 0


def test_f4_a_plan_and_a_completion_are_two_records(hub: Hub) -> None:
    plan, done = tell(hub, completion(None)), tell(hub, completion(moment()))
    assert plan.record != done.record
    assert count(hub) == 1


def test_a_source_that_may_repeat_itself_makes_two_records(urls: DatabaseUrls, hub: Hub) -> None:
    """cPod has no natural key: two posts of equal content are two records, in one batch and in two."""
    new = completion(moment(), is_repeatable=True)
    records = [tell(hub, new), tell(hub, new), *tell_at_once(hub, new, new, new)]
    assert all(isinstance(recorded, Recorded) and recorded.is_new for recorded in records)
    facts = kept(urls, hub, "fact")
    assert len({row["record"] for row in facts}) == 5
    assert sorted(row["occurrence"] for row in facts) == [0, 1, 2, 3, 4]


def test_one_bad_telling_does_not_fail_its_neighbours(urls: DatabaseUrls, hub: Hub) -> None:
    at = moment()
    answers = tell_at_once(
        hub,
        completion(at),
        completion(at, person="nobody"),
        completion(at, item="nothing"),
        completion(at + MILLISECOND, score_percent="not a number"),  # no dialect lets this through; a bug might
        completion(at + MILLISECOND),
    )
    assert [type(answer) for answer in answers[1:3]] == [PersonNotFound, ItemNotFound]
    assert isinstance(answers[3], Exception)
    assert [answer.is_new for answer in (answers[0], answers[4]) if isinstance(answer, Recorded)] == [True, True]
    assert len(kept(urls, hub, "fact")) == 2
    assert_entries_are_whole(urls, hub)


# Bare days --------------------------------------------------------------------------------------------------------

# In London 30 June 2025 ends at 23:00 UTC, so 23:30 UTC is 1 July there.
DAY = When.day(date(2025, 7, 1))
FIRST_MINUTE = datetime(2025, 6, 30, 23, 0, tzinfo=UTC)
LAST_MINUTE = datetime(2025, 7, 1, 22, 59, tzinfo=UTC)
ON_THE_DAY = [FIRST_MINUTE, datetime(2025, 7, 1, 9, 30, tzinfo=UTC), LAST_MINUTE]
BESIDE_IT = [FIRST_MINUTE - MILLISECOND, LAST_MINUTE + timedelta(minutes=1)]


@pytest.mark.parametrize("at_once", [False, True], ids=["in two batches", "in one batch"])
@pytest.mark.parametrize("day_first", [True, False], ids=["day first", "instant first"])
@pytest.mark.parametrize("at", [*ON_THE_DAY, *BESIDE_IT], ids=str)
def test_c1_a_bare_day_and_an_instant_of_that_local_day_are_one_within_a_source(
    hub: Hub, at: datetime, day_first: bool, at_once: bool
) -> None:
    tellings = [completion(DAY), completion(at)] if day_first else [completion(at), completion(DAY)]
    answers = tell_at_once(hub, *tellings) if at_once else [tell(hub, new) for new in tellings]
    first, second = answers
    assert isinstance(first, Recorded)
    assert isinstance(second, Recorded)
    assert first.is_new
    assert (second.record == first.record) == (at in ON_THE_DAY)
    assert second.is_new == (at in BESIDE_IT)


def test_d7_what_came_first_decides_how_the_time_is_kept(hub: Hub) -> None:
    day = tell(hub, completion(DAY))
    tell(hub, completion(ON_THE_DAY[1]))
    kept_as = hub.do(hub.ledger.records.get(hub.tenant.id, day.record)).completed
    assert kept_as == DAY
    assert kept_as.precision is Precision.DAY


def test_c1_a_bare_day_and_an_instant_of_two_sources_are_two(hub: Hub) -> None:
    """They are probable duplicates (rule C4), no more."""
    day, instant = tell(hub, completion(DAY, source="one")), tell(hub, completion(ON_THE_DAY[1], source="two"))
    assert day.record != instant.record
    assert count(hub) == 1


def test_c1_the_same_bare_day_is_one_whoever_tells_it(hub: Hub) -> None:
    one, two = tell(hub, completion(DAY, source="one")), tell(hub, completion(DAY, source="two"))
    assert one.record == two.record


# A source's own key -----------------------------------------------------------------------------------------------


def test_c2_the_same_key_is_the_same_record_whatever_else_is_told(hub: Hub) -> None:
    key = SourceKey("workday", "A-1")
    first = tell(hub, completion(moment(), key=key))
    again = tell(hub, completion(moment(), key=key))
    assert again == Recorded(first.record, first.fact, is_new=False, is_changed=False)


def test_c2_the_same_key_with_other_content_is_refused_and_changes_nothing(urls: DatabaseUrls, hub: Hub) -> None:
    """Neither alone nor among others, and it makes no item for the learning that it names."""
    first = tell(hub, completion(moment(), key=SourceKey("idempotency", "k", fingerprint=b"one")))
    before = {table: kept(urls, hub, table) for table in ("fact", "report", "ledger_entry", "item", "source_key")}
    other = completion(moment(), item=Outside("Never heard of"), key=SourceKey("idempotency", "k", fingerprint=b"two"))
    with pytest.raises(KeyReused):
        tell(hub, other)
    (answer,) = tell_at_once(hub, other)
    assert isinstance(answer, KeyReused)
    assert {table: kept(urls, hub, table) for table in before} == before
    again = tell(hub, completion(moment(), key=SourceKey("idempotency", "k", fingerprint=b"one")))
    assert again.record == first.record


def test_c2_a_key_is_of_its_source(hub: Hub) -> None:
    one = tell(hub, completion(moment(), key=SourceKey("one", "k")))
    two = tell(hub, completion(moment(), key=SourceKey("two", "k")))
    assert one.record != two.record


def test_c2_two_keys_for_one_completion_name_one_record(hub: Hub) -> None:
    at = moment()
    first = tell(hub, completion(at, key=SourceKey("one", "k")))
    second = tell(hub, completion(at, key=SourceKey("two", "k")))
    third = tell(hub, completion(moment(), key=SourceKey("two", "k")))
    assert first.record == second.record == third.record


def test_c5_a_replacement_supersedes_the_fact_and_keeps_the_record(urls: DatabaseUrls, hub: Hub) -> None:
    one, two = moment(), moment()
    first, second = tell(hub, replacing(one)), tell(hub, replacing(two))
    assert (second.record, second.is_new, second.is_changed) == (first.record, False, True)
    assert second.fact != first.fact
    stands = hub.do(hub.ledger.records.get(hub.tenant.id, first.record))
    assert (stands.completed, stands.revision, stands.fact) == (When(two), 2, second.fact)
    assert count(hub) == 1


def test_c7_both_facts_stay_readable_and_there_is_no_gap_between_them(urls: DatabaseUrls, hub: Hub) -> None:
    one, two = moment(), moment()
    first, second = tell(hub, replacing(one)), tell(hub, replacing(two))
    old, new = kept(urls, hub, "fact", "revision")
    assert (old["completed_at"], old["closed_as"], old["closed_at"]) == (one, "superseded", new["recorded_at"])
    assert (new["completed_at"], new["closed_as"], new["created_at"]) == (two, None, old["created_at"])
    was = hub.do(hub.ledger.records.statement(hub.tenant.id, first.fact))
    now = hub.do(hub.ledger.records.statement(hub.tenant.id, second.fact))
    assert (was.is_standing, was.record.completed) == (False, When(one))
    assert (now.is_standing, now.record.completed) == (True, When(two))


def test_c5_a_replacement_never_touches_another_sources_record(urls: DatabaseUrls, hub: Hub) -> None:
    one, two, three = moment(), moment(), moment()
    others = tell(hub, completion(one, source="thrive"))
    mine = tell(hub, replacing(two))
    tell(hub, replacing(three))
    assert mine.record != others.record
    stands = hub.do(hub.ledger.records.get(hub.tenant.id, others.record))
    assert (stands.completed, stands.revision) == (When(one), 1)


def test_c5_a_key_that_met_another_sources_record_leaves_it_when_it_moves_on(hub: Hub) -> None:
    """Rise tells what Thrive told before: one record. Then Rise corrects its date: Thrive's stays what it was."""
    one, two = moment(), moment()
    others = tell(hub, completion(one, source="thrive"))
    met = tell(hub, replacing(one))
    moved = tell(hub, replacing(two))
    assert met.record == others.record
    assert moved.record != others.record
    assert moved.is_new
    assert hub.do(hub.ledger.records.get(hub.tenant.id, others.record)).completed == When(one)
    assert tell(hub, replacing(two)).record == moved.record


@pytest.mark.parametrize("at_once", [False, True], ids=["in three batches", "in one batch"])
def test_c5_a_replacement_frees_the_old_moment(hub: Hub, at_once: bool) -> None:
    """What another source then tells of that moment is a completion of its own, and not swallowed."""
    one, two = moment(), moment()
    tellings = [replacing(one), replacing(two), completion(one, source="thrive")]
    answers = tell_at_once(hub, *tellings) if at_once else [tell(hub, new) for new in tellings]
    first, moved, other = (answer for answer in answers if isinstance(answer, Recorded))
    assert moved.record == first.record
    assert other.is_new
    assert other.record != first.record
    assert hub.do(hub.ledger.records.get(hub.tenant.id, other.record)).completed == When(one)


def test_c5_there_and_back_again_is_three_facts_of_one_record(urls: DatabaseUrls, hub: Hub) -> None:
    one, two = moment(), moment()
    answers = tell_at_once(hub, replacing(one), replacing(two), replacing(one), replacing(one))
    assert len({answer.record for answer in answers if isinstance(answer, Recorded)}) == 1
    facts = kept(urls, hub, "fact", "revision")
    assert [(row["completed_at"], row["closed_as"]) for row in facts] == [
        (one, "superseded"),
        (two, "superseded"),
        (one, None),
    ]
    again = tell(hub, replacing(two))
    assert (again.is_new, again.is_changed) == (False, True)


def test_c5_equal_times_again_change_nothing(urls: DatabaseUrls, hub: Hub) -> None:
    at = moment()
    first = tell(hub, replacing(at, started_at=at - timedelta(hours=1)))
    again = tell(hub, replacing(at, started_at=at - timedelta(hours=1)))
    assert again == Recorded(first.record, first.fact, is_new=False, is_changed=False)
    moved = tell(hub, replacing(at, started_at=at - timedelta(hours=2)))
    assert (moved.record, moved.is_changed) == (first.record, True)


def test_c5_a_replacement_onto_another_sources_moment_keeps_both(hub: Hub) -> None:
    one, two = moment(), moment()
    mine = tell(hub, replacing(one))
    others = tell(hub, completion(two, source="thrive"))
    moved = tell(hub, replacing(two))
    assert moved.record == mine.record
    for record in (mine.record, others.record):
        assert hub.do(hub.ledger.records.get(hub.tenant.id, record)).completed == When(two)
    assert count(hub) == 1


# Voiding ----------------------------------------------------------------------------------------------------------


def test_c6_a_voided_record_is_gone_but_not_forgotten(urls: DatabaseUrls, hub: Hub) -> None:
    recorded = tell(hub, completion(moment()))
    hub.do(hub.ledger.records.void(hub.caller, recorded.record))
    with pytest.raises(CompletionNotFound):
        hub.do(hub.ledger.records.get(hub.tenant.id, recorded.record))
    voided = hub.do(hub.ledger.records.get(hub.tenant.id, recorded.record, voided=True))
    assert voided.voided_at is not None
    assert hub.do(hub.ledger.records.page(hub.tenant.id, count=10)) == []
    assert count(hub) == 0
    (fact,) = kept(urls, hub, "fact")
    assert (fact["closed_as"], fact["completed_at"]) == ("voided", voided.completed and voided.completed.at)
    statement = hub.do(hub.ledger.records.statement(hub.tenant.id, recorded.fact))
    assert not statement.is_standing


def test_c6_a_second_void_finds_nothing(urls: DatabaseUrls, hub: Hub) -> None:
    recorded = tell(hub, completion(moment()))
    hub.do(hub.ledger.records.void(hub.caller, recorded.record))
    entries = kept(urls, hub, "ledger_entry")
    with pytest.raises(CompletionNotFound):
        hub.do(hub.ledger.records.void(hub.caller, recorded.record))
    with pytest.raises(CompletionNotFound):
        hub.do(hub.ledger.records.void(hub.caller, new_id()))
    assert kept(urls, hub, "ledger_entry") == entries


def test_c6_voiding_at_once_from_two_sides_succeeds_once(urls: DatabaseUrls, hub: Hub) -> None:
    recorded = tell(hub, completion(moment()))

    async def race() -> list[BaseException | None]:
        async with another_worker(urls) as other:
            voids = [ledger.records.void(hub.caller, recorded.record) for ledger in (hub.ledger, other) * 5]
            return await asyncio.gather(*voids, return_exceptions=True)

    answers = hub.do(race())
    assert answers.count(None) == 1
    assert sum(isinstance(answer, CompletionNotFound) for answer in answers) == 9
    assert [row["kind"] for row in kept(urls, hub, "ledger_entry")].count("record.voided") == 1


def test_c6_what_is_told_again_after_a_void_is_a_new_record(urls: DatabaseUrls, hub: Hub) -> None:
    new = completion(moment())
    first = tell(hub, new)
    hub.do(hub.ledger.records.void(hub.caller, first.record))
    second = tell(hub, new)
    assert second.is_new
    assert second.record != first.record
    assert tell(hub, new).record == second.record
    assert [row["closed_as"] for row in kept(urls, hub, "fact", "entry")] == ["voided", None]


def test_c6_a_source_that_replaces_starts_a_new_record_after_a_void(hub: Hub) -> None:
    first = tell(hub, replacing(moment()))
    hub.do(hub.ledger.records.void(hub.caller, first.record))
    second = tell(hub, replacing(moment()))
    third = tell(hub, replacing(moment()))
    assert second.is_new
    assert first.record != second.record == third.record


def test_another_tenants_record_is_not_found(hub: Hub, other_hub: Hub) -> None:
    recorded = tell(hub, completion(moment()))
    with pytest.raises(CompletionNotFound):
        hub.do(hub.ledger.records.get(other_hub.tenant.id, recorded.record))
    with pytest.raises(CompletionNotFound):
        hub.do(hub.ledger.records.void(other_hub.caller, recorded.record))
    with pytest.raises(CompletionNotFound):
        hub.do(hub.ledger.records.statement(other_hub.tenant.id, recorded.record))
    assert hub.do(hub.ledger.records.get(hub.tenant.id, recorded.record)).id == recorded.record


def test_the_same_facts_in_two_tenants_are_two(hub: Hub, other_hub: Hub) -> None:
    new = completion(moment())
    one, two = tell(hub, new), tell(other_hub, new)
    assert one.is_new
    assert two.is_new
    assert (count(hub), count(other_hub)) == (1, 1)


# Learning outside -------------------------------------------------------------------------------------------------


def outside_items(urls: DatabaseUrls, hub: Hub) -> list[tuple[str, str | None]]:
    rows = kept(urls, hub, "item", "id")
    return [(row["title"], row["provider"]) for row in rows if row["kind"] == ItemKind.OUTSIDE.value]


def test_i7_fifty_tellings_at_once_make_an_outside_item_once(urls: DatabaseUrls, hub: Hub) -> None:
    async def flood() -> list[Recorded]:
        async with another_worker(urls) as other:
            return await asyncio.gather(
                *[
                    ledger.records.record(
                        hub.tenant.id, completion(at, item=Outside("First aid", "Red Cross")), report(hub)
                    )
                    for at in moments
                    for ledger in (hub.ledger, other)
                ]
            )

    moments = [moment() for _ in range(25)]
    answers = hub.do(flood())
    assert sum(answer.is_new for answer in answers) == 25
    assert outside_items(urls, hub) == [("First aid", "Red Cross")]
    assert len({row["item"] for row in kept(urls, hub, "fact")}) == 1


def test_i7_title_and_provider_name_an_outside_item_in_any_letter_case(urls: DatabaseUrls, hub: Hub) -> None:
    spellings = [("First aid", "Red Cross"), ("FIRST AID", "red cross"), ("first Aid", "RED CROSS")]
    for title, provider in spellings:
        tell(hub, completion(moment(), item=Outside(title, provider)))
    tell_at_once(hub, *[completion(moment(), item=Outside(title, provider)) for title, provider in spellings])
    assert outside_items(urls, hub) == [("First aid", "Red Cross")]


def test_i7_another_provider_or_none_is_another_outside_item(urls: DatabaseUrls, hub: Hub) -> None:
    for provider in ("Red Cross", "St John", None, "", "Red Cross", None):
        tell(hub, completion(moment(), item=Outside("First aid", provider)))
    assert outside_items(urls, hub) == [
        ("First aid", "Red Cross"),
        ("First aid", "St John"),
        ("First aid", None),
        ("First aid", ""),
    ]


def test_i7_a_title_of_the_catalogue_names_that_item(urls: DatabaseUrls, hub: Hub) -> None:
    at = moment()
    known = tell(hub, completion(at))
    assert tell(hub, completion(at, item=Outside("fire SAFETY"))).record == known.record
    assert tell(hub, completion(at, item=Outside("Fire safety", "testamur academy"))).record == known.record
    assert outside_items(urls, hub) == []
    tell(hub, completion(at, item=Outside("Fire safety", "Somebody else")))
    assert outside_items(urls, hub) == [("Fire safety", "Somebody else")]


# Counting ---------------------------------------------------------------------------------------------------------

NOON = datetime(2025, 2, 1, 12, tzinfo=UTC)


def test_c4_two_sources_that_tell_of_one_local_day_count_once(hub: Hub) -> None:
    one = tell(hub, completion(NOON, source="one"))
    two = tell(hub, completion(NOON + timedelta(minutes=4), source="two"))
    assert one.record != two.record
    assert count(hub) == count(hub, person=hub.person) == count(hub, item=hub.item) == 1


def test_c4_a_source_that_tells_of_two_on_one_day_counts_two(hub: Hub) -> None:
    tell(hub, completion(NOON, source="one"))
    tell(hub, completion(NOON + timedelta(minutes=4), source="one"))
    tell(hub, completion(NOON + timedelta(minutes=9), source="two"))
    assert count(hub) == 2


@pytest.mark.parametrize(
    ("other", "counted"),
    [
        # In London 23:30 UTC on 1 July is 2 July; the instants below are told beside 22:30 UTC of that day.
        (datetime(2025, 7, 1, 22, 59, tzinfo=UTC), 1),
        (datetime(2025, 7, 1, 23, 0, tzinfo=UTC), 2),
        (datetime(2025, 6, 30, 23, 0, tzinfo=UTC), 1),
        (datetime(2025, 6, 30, 22, 59, tzinfo=UTC), 2),
        (When.day(date(2025, 7, 1)), 1),
        (When.day(date(2025, 7, 2)), 2),
    ],
    ids=str,
)
def test_c4_the_day_is_the_tenants_own_and_a_bare_day_is_itself(hub: Hub, other: datetime | When, counted: int) -> None:
    """Rule D3."""
    one = tell(hub, completion(datetime(2025, 7, 1, 22, 30, tzinfo=UTC), source="one"))
    two = tell(hub, completion(other, source="two"))
    assert count(hub) == counted
    linked = hub.do(hub.ledger.records.probable_duplicates(hub.tenant.id, one.record))
    assert linked == ([two.record] if counted == 1 else [])


def test_c4_probable_duplicates_name_each_other(hub: Hub) -> None:
    """Whichever came first. Neither of one's own source, nor of another person, item or day."""
    one = tell(hub, completion(NOON, source="one"))
    two = tell(hub, completion(NOON + timedelta(minutes=4), source="two"))
    own = tell(hub, completion(NOON + timedelta(minutes=5), source="one"))
    tell(hub, completion(NOON + timedelta(minutes=6), source="two", person="00124"))
    tell(hub, completion(NOON + timedelta(minutes=6), source="two", item=hub.third_party))
    tell(hub, completion(NOON + timedelta(days=1), source="two"))

    def linked(recorded: Recorded) -> list[Id]:
        return hub.do(hub.ledger.records.probable_duplicates(hub.tenant.id, recorded.record))

    assert linked(one) == [two.record]
    assert linked(own) == [two.record]
    assert linked(two) == sorted([one.record, own.record])
    hub.do(hub.ledger.records.void(hub.caller, one.record))
    assert linked(two) == [own.record]
    assert linked(one) == []


def test_c4_what_was_superseded_or_voided_does_not_count(hub: Hub) -> None:
    tell(hub, replacing(NOON))
    tell(hub, replacing(NOON + timedelta(days=1)))
    gone = tell(hub, completion(NOON + timedelta(days=2)))
    hub.do(hub.ledger.records.void(hub.caller, gone.record))
    tell(hub, completion(None))
    assert count(hub) == 1


# Entries ----------------------------------------------------------------------------------------------------------


def test_entries_have_no_gaps_and_follow_the_order_of_commits(urls: DatabaseUrls, hub: Hub) -> None:
    """A reader that looks again and again while 500 mixed writes run never sees a number before a smaller one."""
    records = [tell(hub, completion(moment())).record for _ in range(60)]
    looks: list[list[int]] = []

    async def write(other: Ledger) -> None:
        verbs: list[Coroutine[Any, Any, Any]] = []
        for n in range(100):
            ledger = other if n % 2 else hub.ledger
            verbs += [
                ledger.records.record(hub.tenant.id, completion(moment()), report(hub)),
                ledger.records.record(hub.tenant.id, replacing(moment()), report(hub)),
                ledger.records.record(hub.tenant.id, completion(NOON, item=Outside(f"{n % 7}")), report(hub)),
                ledger.records.record(hub.tenant.id, completion(moment(), item="nothing"), report(hub)),
                ledger.people.add(hub.caller, [NewPerson(given_name=str(n))])
                if n % 2
                else ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("ref", "00123"),))]),
            ]
        verbs += [hub.ledger.records.void(hub.caller, record) for record in records]
        await asyncio.gather(*verbs, return_exceptions=True)

    async def watch(done: asyncio.Event) -> None:
        while not done.is_set():
            async with hub.ledger.database.read(hub.tenant.id) as tx:
                looks.append(
                    [row["number"] for row in await tx.rows("entries_page", after=0, count=10_000, size_max=10**9)]
                )

    async def both() -> None:
        done = asyncio.Event()
        watching = asyncio.create_task(watch(done))
        async with another_worker(urls) as other:
            await write(other)
        done.set()
        await watching

    hub.do(both())
    assert_entries_are_whole(urls, hub)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in looks)
    assert len({len(numbers) for numbers in looks}) > 2, "the reader saw nothing happen"
    kinds = Counter(row["kind"] for row in kept(urls, hub, "ledger_entry"))
    assert kinds["record.voided"] == 60
    assert kinds["record.created"] == 60 + 100 + 1 + 7
    assert kinds["record.superseded"] == 99


def test_a_reader_that_remembers_its_place_misses_nothing_and_sees_nothing_twice(hub: Hub) -> None:
    async def both() -> list[Id]:
        seen: list[Id] = []
        place = 0

        async def read() -> None:
            nonlocal place
            for record in await hub.ledger.records.page(hub.tenant.id, after=place, count=7):
                seen.append(record.id)
                place = record.entry

        writes = [
            asyncio.ensure_future(hub.ledger.records.record(hub.tenant.id, completion(moment()), report(hub)))
            for _ in range(200)
        ]
        while not all(write.done() for write in writes):
            await read()
        for _ in range(40):
            await read()
        assert {(await write).record for write in writes} == set(seen)
        return seen

    seen = hub.do(both())
    assert len(seen) == len(set(seen)) == 200


# Order does not matter --------------------------------------------------------------------------------------------

BASE = datetime(2025, 3, 29, 22, 30, tzinfo=UTC)  # the night before London's clocks go forward

tellings = st.tuples(
    st.sampled_from([0, 1]),  # whom
    st.sampled_from([0, 1]),  # what
    st.one_of(
        st.tuples(st.just("one"), st.sampled_from([BASE + timedelta(hours=2 * n) for n in range(4)])),
        st.tuples(st.just("two"), st.sampled_from([BASE + timedelta(hours=2 * n + 1) for n in range(4)])),
        st.tuples(st.just("days"), st.sampled_from([When.day(date(2025, 3, 29 + n)) for n in range(2)])),
    ),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(told=st.lists(tellings, min_size=1, max_size=12), order=st.randoms(use_true_random=False))
def test_the_same_facts_in_any_order_make_the_same_ledger(hub: Hub, told: list[Any], order: Any) -> None:
    """One after the other, and shuffled in one batch.

    Left out is what depends on order by rule: replacements (the last call wins), a bare day beside instants of its
    own source (rule C1 keeps the first), and a moment that two sources tell (the fact is the first one's).
    """
    shuffled = list(told)
    order.shuffle(shuffled)
    straight = ledger_of(hub, told, at_once=False)
    assert ledger_of(hub, shuffled, at_once=True) == straight
    assert ledger_of(hub, shuffled, at_once=False) == straight


def ledger_of(hub: Hub, told: list[Any], *, at_once: bool) -> dict[str, Any]:
    """What a pair of new people and items has after being told about."""
    people = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(), NewPerson()]))
    items = hub.do(hub.ledger.items.add(hub.caller, [NewItem(title="A"), NewItem(title="B")]))
    new = [
        completion(when, person=people[whom], item=items[what], source=source) for whom, what, (source, when) in told
    ]
    answers = tell_at_once(hub, *new) if at_once else [tell(hub, one) for one in new]
    mine = [
        record
        for person in people
        for record in hub.do(hub.ledger.records.page(hub.tenant.id, count=100, person=Reference(str(person))))
    ]
    assert {answer.record for answer in answers if isinstance(answer, Recorded)} == {record.id for record in mine}
    return {
        "records": Counter(
            (people.index(record.person), items.index(record.item), record.completed)
            for record in mine
            if record.person and record.item
        ),
        "counts": [count(hub, person=person, item=item) for person in people for item in items],
    }
