"""Retention rules, legal holds, and what they keep from erasure (rules G5 and G6)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from testamur.core.errors import Conflict, InvalidInput, ItemNotFound, NotFound, PersonNotFound
from testamur.core.ids import Id, new_id
from testamur.core.items import ItemKind, NewItem
from testamur.core.moments import When
from testamur.core.people import Reference
from testamur.core.retention import Basis, Because, Erasure, Hold, Keeps, Kept, Level, NewRule, Pseudonym, Rule
from testamur.ledger import erasure as erasing
from testamur.ledger.erasure import Ended, Place, RunPart
from tests.hub import Hub
from tests.ledger.erasing import ADA, FIRE, LIFT, ZOE, assign, by_id, record

TODAY = datetime.now(UTC).date()
LONG_AGO = When.day(date(2010, 3, 1))
LATELY = When.day(TODAY - timedelta(days=30))


def rule(hub: Hub, basis: Basis = Basis.COMPLETION, **said: Any) -> Rule:
    return hub.do(hub.ledger.retention.set(hub.caller, NewRule(basis=basis, reason="The law says so", **said)))


def hold(hub: Hub, *, person: Reference | None = None, item: Reference | None = None) -> Hold:
    return hub.do(hub.ledger.retention.place(hub.caller, "A court asks", person=person, item=item))


def lift(hub: Hub, one: Hold) -> Hold:
    return hub.do(hub.ledger.retention.lift(hub.caller, one.id, "It is settled"))


def erase(hub: Hub, level: Level, reference: Reference = ADA) -> Erasure:
    return hub.do(hub.ledger.erasures.erase(hub.caller, reference, level, "She asked for it"))


async def _run(hub: Hub, **options: Any) -> list[Ended]:
    return [one async for one in hub.ledger.erasures.run(hub.caller, **options)]


def run(hub: Hub, **options: Any) -> list[Ended]:
    return hub.do(_run(hub, **options))


def run_part(hub: Hub, **options: Any) -> RunPart:
    return hub.do(hub.ledger.erasures.run_part(hub.caller, **{"count": 100} | options))


def scores(hub: Hub, person: Id) -> list[str | None]:
    found = hub.do(hub.ledger.records.page(hub.tenant.id, count=100, person=by_id(person)))
    return sorted((one.score_text for one in found), key=str)


def whys(erasure: Erasure) -> set[tuple[Level, Because, Id | None, date | None, int]]:
    return {(one.level, one.because, one.id, one.until, one.count) for one in erasure.kept}


def test_g5_the_answer_names_each_rule_that_keeps_something_and_until_when(hub: Hub) -> None:
    kept = record(hub, FIRE, completed=LATELY)
    gone = record(hub, LIFT, completed=LATELY)
    made = rule(hub, item=FIRE, years=6)
    done = erase(hub, Level.ALL)
    until = made.until(LATELY.at.date(), None, 0)
    assert done.completed_at is None
    assert [*done.kept] == [
        Kept(
            level=Level.ALL,
            because=Because.RULE,
            id=made.id,
            noun=done.kept[0].noun,
            item=hub.item,
            until=until,
            count=1,
        )
    ]
    (left,) = hub.do(hub.ledger.records.page(hub.tenant.id, count=10, person=by_id(hub.person)))
    assert (left.id, left.person_name) == (kept, f"Erased {Pseudonym.of(hub.person).family_name}")
    assert left.score_text is None, "what need not be kept of it is gone"
    assert gone != left.id


@pytest.mark.parametrize(
    ("keeps", "score", "name"),
    [(Keeps.FACTS, None, "Erased"), (Keeps.IDENTITY, None, "Ada"), (Keeps.DETAIL, "35 / 40", "Ada")],
)
def test_g5_a_rule_keeps_facts_or_whose_they_are_or_all_of_them(
    hub: Hub, keeps: Keeps, score: str | None, name: str
) -> None:
    record(hub, completed=LATELY, score_text="35 / 40", extra={})
    rule(hub, years=6, keeps=keeps)
    done = erase(hub, Level.ALL)
    assert scores(hub, hub.person) == [score]
    assert hub.do(hub.ledger.people.get(hub.tenant.id, by_id(hub.person))).given_name == name
    levels = {Keeps.FACTS: {Level.ALL}, Keeps.IDENTITY: {Level.ALL, Level.IDENTITY}, Keeps.DETAIL: {*Level}}
    assert {one.level for one in done.kept} == levels[keeps]


def test_g6_the_items_own_rule_counts_before_its_categories_and_those_before_the_general_one(hub: Hub) -> None:
    new = NewItem(title="Ladders", kind=ItemKind.COURSE, categories=("Safety", "Law"))
    (made,) = hub.do(hub.ledger.items.add(hub.caller, [new]))
    ladders = Reference(str(made), (), "item", "item")
    record(hub, ladders, completed=LATELY)
    general = rule(hub, years=1)
    assert {one.id for one in erase(hub, Level.ALL).kept} == {general.id}
    safety, law = rule(hub, category="safety", years=4), rule(hub, category="Law", years=3)
    longest = erase(hub, Level.ALL, by_id(hub.person))
    assert {one.id for one in longest.kept} == {safety.id}, "of several categories the longest"
    assert law.category_name == "Law"
    own = rule(hub, item=ladders, years=2)
    assert {one.id for one in erase(hub, Level.ALL, by_id(hub.person)).kept} == {own.id}


def test_g6_after_leaving_a_rule_counts_from_that_day_and_until_then_there_is_no_end(hub: Hub) -> None:
    record(hub, completed=LONG_AGO)
    assign(hub, recurrence_days=365)
    made = rule(hub, Basis.LEAVING, years=6, adds_recurrence=True)
    assert {(one.id, one.until) for one in erase(hub, Level.ALL).kept} == {(made.id, None)}
    hub.do(hub.ledger.people.suspend(hub.caller, by_id(hub.person), datetime(2020, 2, 29, 12, tzinfo=UTC)))
    again = erase(hub, Level.ALL, by_id(hub.person))
    assert {(one.id, one.until) for one in again.kept} == {(made.id, date(2027, 3, 1))}


def test_g6_a_hold_on_a_person_keeps_everything_until_it_is_lifted(hub: Hub) -> None:
    record(hub, completed=LONG_AGO)
    first, second = hold(hub, person=ADA), hold(hub, person=ADA)
    for level in Level:
        done = erase(hub, level)
        assert (whys(done), done.completed_at) == ({(level, Because.HOLD, first.id, None, 1)}, None)
        assert sum(done.erased.values()) == 0
    assert hub.do(hub.ledger.people.get(hub.tenant.id, ADA)).given_name == "Ada"
    lift(hub, first)
    assert run(hub) == []
    lift(hub, second)
    ended = run(hub)
    assert {one.level for one in ended} >= {Level.ALL}
    assert hub.do(hub.ledger.people.get(hub.tenant.id, by_id(hub.person))).given_name == ""
    erasures = hub.do(hub.ledger.erasures.page(hub.tenant.id, person=by_id(hub.person), count=10))
    assert [one.completed_at is not None for one in erasures] == [True] * 3


def test_g6_a_hold_on_an_item_keeps_everybodys_learning_of_it(hub: Hub) -> None:
    record(hub, completed=LONG_AGO)
    record(hub, LIFT, completed=LONG_AGO)
    placed = hold(hub, item=FIRE)
    done = erase(hub, Level.ALL)
    assert {(one.because, one.id, one.item) for one in done.kept} == {(Because.HOLD, placed.id, hub.item)}
    assert {one.level for one in done.kept} == {*Level}
    assert scores(hub, hub.person) == ["35 / 40 by Ada Okafor"]


def test_g6_a_hold_beats_a_rule_whose_time_is_over(hub: Hub) -> None:
    record(hub, completed=LONG_AGO)
    rule(hub, years=1, erases=Level.DETAIL)
    placed = hold(hub, item=FIRE)
    assert run(hub) == []
    lift(hub, placed)
    assert [(one.person, one.level) for one in run(hub)] == [(hub.person, Level.DETAIL)]


def test_g8_facts_on_which_totals_rest_stay_while_the_person_cannot_go_whole(hub: Hub) -> None:
    """Otherwise she would have been overdue, all at once, in times that are past."""
    asked, kept = record(hub, FIRE, completed=LONG_AGO), record(hub, LIFT, completed=LATELY)
    made = assign(hub, FIRE)
    rule(hub, item=LIFT, years=6)
    before = [(one.day, one.statuses) for one in hub.do(hub.ledger.standings.counts(hub.tenant.id))]
    done = erase(hub, Level.ALL)
    assert {(one.because, one.item) for one in done.kept} == {
        (Because.RULE, hub.third_party),
        (Because.TOTALS, hub.item),
    }
    left = hub.do(hub.ledger.records.page(hub.tenant.id, count=10, person=by_id(hub.person)))
    assert {one.id for one in left} == {asked, kept}
    assert [(one.day, one.statuses) for one in hub.do(hub.ledger.standings.counts(hub.tenant.id))] == before
    assert hub.do(hub.ledger.standings.rebuild(hub.tenant.id)).differences == 0
    assert made


def test_g6_nobody_is_forgotten_whom_a_hold_or_a_rule_keeps(hub: Hub) -> None:
    record(hub, completed=LATELY)
    placed = hold(hub, person=ADA)
    made = rule(hub, years=6, keeps=Keeps.IDENTITY)
    for end in (lambda: lift(hub, placed), lambda: hub.do(hub.ledger.retention.end(hub.caller, made.id, "Over"))):
        with pytest.raises(Conflict):
            hub.do(hub.ledger.people.delete(hub.caller, ADA))
        assert hub.do(hub.ledger.people.get(hub.tenant.id, ADA)).given_name == "Ada"
        end()
    hub.do(hub.ledger.people.delete(hub.caller, ADA))


def test_what_was_kept_goes_once_its_time_is_over(hub: Hub) -> None:
    record(hub, completed=LATELY)
    made = rule(hub, years=6)
    first = erase(hub, Level.ALL)
    assert run(hub) == [], "nothing has changed"
    hub.do(hub.ledger.retention.end(hub.caller, made.id, "The law changed"))
    (planned,) = run(hub, rehearse=True)
    assert hub.do(hub.ledger.erasures.get(hub.tenant.id, first.id)).completed_at is None
    assert run(hub) == [planned]
    done = hub.do(hub.ledger.erasures.get(hub.tenant.id, first.id))
    assert (done.completed_at is not None, [*done.kept]) == (True, [])
    assert done.tombstone is not None
    assert run(hub) == []


def test_a_run_takes_the_detail_of_what_is_over_and_nothing_else(hub: Hub) -> None:
    record(hub, completed=LONG_AGO)
    record(hub, LIFT, completed=LATELY)
    record(hub, person=ZOE, completed=LATELY)
    rule(hub, years=5, erases=Level.DETAIL)
    assert [(one.person, one.level) for one in run(hub, rehearse=True)] == [(hub.person, Level.DETAIL)]
    assert len(scores(hub, hub.person)) == 2
    assert None not in scores(hub, hub.person)
    assert [(one.person, one.erased["detail_of"]) for one in run(hub)] == [(hub.person, 1)]
    assert scores(hub, hub.person) == ["35 / 40 by Ada Okafor", None]
    assert run(hub) == []


def test_a_run_removes_who_left_whole_once_all_is_over(hub: Hub) -> None:
    record(hub, completed=LONG_AGO)
    assign(hub)
    rule(hub, years=5, erases=Level.ALL)
    (first,) = run(hub)
    assert (first.level, first.erased["facts"]) == (Level.DETAIL, 0), "she is there, and totals rest on it"
    hub.do(hub.ledger.people.suspend(hub.caller, ADA, None))
    (second,) = run(hub)
    assert (second.level, second.erased["facts"]) == (Level.ALL, 1)
    assert run(hub) == []
    assert hub.do(hub.ledger.people.get(hub.tenant.id, by_id(hub.person))).identifiers == {}


def test_a_run_stops_after_as_many_people_as_it_may(hub: Hub) -> None:
    record(hub, completed=LONG_AGO)
    record(hub, person=ZOE, completed=LONG_AGO)
    rule(hub, years=5, erases=Level.DETAIL)
    assert [one.person for one in run(hub, count=1)] == [hub.person]
    assert [one.person for one in run(hub, count=1)] == [hub.other_person]


def test_a_part_of_a_run_says_whether_anybody_else_loses_something(hub: Hub) -> None:
    record(hub, completed=LONG_AGO)
    record(hub, person=ZOE, completed=LATELY)
    made = rule(hub, years=5, erases=Level.DETAIL)
    assert run_part(hub, count=1, rehearse=True).next is None, "Zoe loses nothing"
    hub.do(hub.ledger.retention.end(hub.caller, made.id, "Too long"))
    rule(hub, erases=Level.DETAIL)
    first = run_part(hub, count=1)
    assert ([one.person for one in first.ended], first.next) == ([hub.person], Place(True, hub.person))
    assert None not in scores(hub, hub.other_person)
    second = run_part(hub, count=1, after=first.next)
    assert ([one.person for one in second.ended], second.next) == ([hub.other_person], None)


@pytest.mark.parametrize(("limit", "value"), [("LOOKED_AT_MAX", 1), ("PART_SECONDS", 0.0)])
def test_a_part_of_a_run_looks_at_so_many_people_and_for_so_long(
    limit: str, value: float, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(hub, completed=LATELY)
    record(hub, person=ZOE, completed=LONG_AGO)
    rule(hub, years=5, erases=Level.DETAIL)
    monkeypatch.setattr(erasing, limit, value)
    first = run_part(hub)
    assert first == RunPart([], Place(True, hub.person)), "she was looked at, and nobody else"
    second = run_part(hub, after=first.next, rehearse=True)
    assert ([one.person for one in second.ended], second.next) == ([hub.other_person], None)
    assert [one.person for one in run(hub)] == [hub.other_person], "a run is all of its parts"


def test_a_run_begins_with_what_erasures_hold_back(hub: Hub) -> None:
    record(hub, completed=LONG_AGO)
    record(hub, person=ZOE, completed=LATELY)
    kept = rule(hub, item=FIRE, years=50, keeps=Keeps.DETAIL)
    erase(hub, Level.DETAIL, ZOE)
    hub.do(hub.ledger.retention.end(hub.caller, kept.id, "The law changed"))
    rule(hub, years=5, erases=Level.DETAIL)
    first = run_part(hub, count=1, rehearse=True)
    assert ([one.person for one in first.ended], first.next) == ([hub.other_person], Place(False, hub.other_person))
    assert [one.person for one in run(hub, rehearse=True)] == [hub.other_person, hub.person], "and nobody twice"
    assert [one.person for one in run(hub)] == [hub.other_person, hub.person]


def test_a_rule_that_is_set_anew_closes_the_one_before(hub: Hub) -> None:
    first, second = rule(hub, item=FIRE, years=1), rule(hub, item=FIRE, years=2)
    other = rule(hub, years=3)
    ledger = hub.ledger.retention
    assert [one.id for one in hub.do(ledger.rules(hub.tenant.id, count=10))] == [second.id, other.id]
    closed = hub.do(ledger.rule(hub.tenant.id, first.id))
    assert (closed.years, closed.closed_at, closed.closed_by) == (1, second.opened_at, hub.key.client)
    assert [one.id for one in hub.do(ledger.rules(hub.tenant.id, with_closed=True, count=10))] == [
        first.id,
        second.id,
        other.id,
    ]
    with pytest.raises(Conflict):
        hub.do(ledger.end(hub.caller, first.id, "again"))


def test_holds_are_spans_with_reasons(hub: Hub) -> None:
    placed = hold(hub, person=ADA)
    lifted = lift(hub, placed)
    assert (lifted.reason, lifted.lifted_because, lifted.lifted_by) == ("A court asks", "It is settled", hub.key.client)
    ledger = hub.ledger.retention
    assert hub.do(ledger.holds(hub.tenant.id, count=10)) == []
    assert hub.do(ledger.holds(hub.tenant.id, person=ADA, with_lifted=True, count=10)) == [lifted]
    assert hub.do(ledger.holds(hub.tenant.id, item=FIRE, with_lifted=True, count=10)) == []
    with pytest.raises(Conflict):
        lift(hub, placed)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"years": -1}, "years"),
        ({"years": 201}, "years"),
        ({"days": 100_001}, "days"),
        ({"erases": Level.IDENTITY}, "erases"),
        ({"item": FIRE, "category": "Safety"}, "category"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(hub: Hub, said: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        rule(hub, **said)
    assert refused.value.field == field


def test_nobody_and_nothing_has_no_rule_and_no_hold(hub: Hub, other_hub: Hub) -> None:
    with pytest.raises(ItemNotFound):
        rule(hub, item=Reference(str(other_hub.item), (), "item", "item"))
    with pytest.raises(NotFound):
        rule(hub, category="Nothing")
    with pytest.raises(PersonNotFound):
        hold(hub, person=by_id(other_hub.person))
    with pytest.raises(InvalidInput):
        hold(hub, person=ADA, item=FIRE)
    with pytest.raises(InvalidInput):
        hold(hub)
    strange = hold(other_hub, person=ADA)
    for id in (strange.id, new_id()):
        with pytest.raises(NotFound):
            hub.do(hub.ledger.retention.lift(hub.caller, id, "x"))
