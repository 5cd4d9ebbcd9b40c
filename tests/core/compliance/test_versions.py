"""Rules V: versions, own expiry and what is no longer offered."""

from __future__ import annotations

from dataclasses import replace

from testamur.core.compliance import CreditState, ItemVersion, Retirement
from tests.core.compliance.stories import FIRE, KITCHEN, O, S, T, day, done, edit, id_of, on, settings, told


def test_v3_v5_a_version_that_asks_for_nothing_changes_nothing() -> None:
    version = ItemVersion(item=FIRE, number=2, published_on=day("2025-09-01"))
    assert on(told(S, done("2025-02-01"), item_versions=(version,)), "2025-09-02").credit_ends_on == day("2026-02-01")


def test_v3_the_version_current_on_its_day_is_the_newest_then() -> None:
    first = ItemVersion(item=FIRE, number=1, published_on=day("2025-01-01"), requires_retraining=True)
    second = replace(first, number=2, published_on=day("2025-01-20"))
    assert on(told(S, done("2025-02-01"), item_versions=(first, second)), "2025-02-01").credit is CreditState.VALID
    assert on(told(S, done("2024-12-01"), item_versions=(first,)), "2025-01-10").credit_ends_on == day("2025-01-01")


def test_v4_old_versions_give_no_credit_from_that_day_and_the_new_one_does() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2025-01-20"), requires_retraining=True, id=id_of(7))
    assert on(told(S, done("2025-01-20", version=1), item_versions=(hard,)), "2025-02-01").credit is CreditState.NEVER
    assert on(told(S, done("2025-01-20"), item_versions=(hard,)), "2025-02-01").credit is CreditState.VALID
    step = on(told(S, done("2025-01-15"), item_versions=(hard,)), "2025-01-21")
    assert ("V4", id_of(7)) in step.because
    longer = settings(renewal_grace_days=45)
    assert on(told(longer, done("2025-01-15"), item_versions=(hard,)), "2025-01-21").due_on == day("2025-03-06")


def test_v4_what_retraining_ended_stays_ended_when_an_edit_makes_credit_longer() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2025-09-01"), requires_retraining=True, id=id_of(7))
    edited = told(S, done("2025-02-01"), edit(S, "2025-10-01", recurrence_days=400), item_versions=(hard,))
    assert on(edited, "2025-10-01").credit_ends_on == day("2025-09-01")


def test_v4_an_edit_of_the_same_day_takes_nothing_from_the_days_that_retraining_gives() -> None:
    short = replace(S, renewal_grace_days=10)
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2026-01-20"), requires_retraining=True, id=id_of(7))
    edited = told(short, done("2025-02-01"), edit(short, "2026-01-20", recurrence_days=366), item_versions=(hard,))
    step = on(edited, "2026-01-20")
    assert (step.due_on, ("V4", id_of(7)) in step.because) == (day("2026-02-19"), True)


def test_v4_retraining_is_named_among_what_moved_the_due_day() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2025-09-01"), requires_retraining=True, id=id_of(7))
    step = on(told(S, done("2025-02-01"), item_versions=(hard,)), "2025-09-01")
    assert step.because[1:3] == (("R3", id_of(100)), ("V4", id_of(7)))


def test_v4_what_is_completed_on_the_day_of_retraining_satisfies_the_renewal_that_opens_on_it() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2025-09-01"), requires_retraining=True)
    facts = told(S, done("2025-02-01"), done("2025-09-01", 101), item_versions=(hard,))
    assert on(facts, "2025-09-01").cycle == 3


def test_v4_retraining_ends_only_what_is_outdated() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2025-09-01"), requires_retraining=True, id=id_of(7))
    both = told(S, done("2025-02-01", version=2), done("2025-01-15", 101), item_versions=(hard,))
    assert on(both, "2025-09-01").credit_ends_on == day("2026-02-01")
    other = told(S, done("2025-02-01"), item_versions=(replace(hard, item=KITCHEN),))
    assert on(other, "2025-09-01").credit_ends_on == day("2026-02-01")


def test_v4_credit_that_ends_on_the_day_of_retraining_anyway_is_renewed_as_planned() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2026-02-01"), requires_retraining=True, id=id_of(7))
    facts = told(T, done("2025-02-01"), item_versions=(hard,))
    assert on(facts, "2026-02-01").due_on == day("2026-02-01")
    assert [("V4", id_of(7)) in on(facts, when).because for when in ("2026-01-31", "2026-02-01")] == [False, True]


def test_v4_an_edit_on_the_day_after_retraining_gives_nothing_back() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2025-09-01"), requires_retraining=True)
    facts = told(S, done("2025-02-01"), edit(S, "2025-09-02", recurrence_days=400), item_versions=(hard,))
    assert on(facts, "2025-09-02").credit_ends_on == day("2025-09-01")


def test_v6_an_expiry_counts_only_when_it_is_earlier_and_not_when_it_was_over_before() -> None:
    assert on(told(S, done("2025-02-01", expires="2027-01-01")), "2025-02-01").credit_ends_on == day("2026-02-01")
    assert on(told(S, done("2025-02-01", expires="2025-02-01")), "2025-02-01").credit is CreditState.VALID
    assert on(told(S, done("2025-02-01", expires="2025-01-31")), "2025-02-01").credit is CreditState.NEVER


def test_v6_why_names_the_expiry_only_when_it_ended_the_credit() -> None:
    said = [
        on(told(S, done("2025-02-01", expires=when)), "2025-02-01").because for when in ("2025-08-01", "2027-01-01")
    ]
    assert [("V6", id_of(100)) in one for one in said] == [True, False]
    once = on(told(O, done("2025-02-01")), "2025-02-01").because
    assert once == (("S4", None), ("O8", id_of(100)), ("A1", id_of(100)))


def test_v7_an_obligation_that_nothing_offered_satisfies_is_impossible() -> None:
    retired = tuple(Retirement(item=item, retired_on=day(f"2025-01-{on}")) for item, on in ((FIRE, 15), (KITCHEN, 20)))
    assert not on(told(S, retirements=retired), "2025-01-19").is_impossible
    assert on(told(S, retirements=retired), "2025-01-20").is_impossible
    assert not on(told(S, retirements=retired[:1]), "2025-01-20").is_impossible


def test_v7_is_of_the_obligation_that_is_open_and_follows_edits() -> None:
    retired = (Retirement(item=FIRE, retired_on=day("2025-01-15")),)
    bare = settings(alternatives=())
    added = edit(bare, "2025-01-25", alternatives=(KITCHEN,))
    facts = told(bare, added, retirements=retired)
    seen = [on(facts, when).is_impossible for when in ("2025-01-14", "2025-01-15", "2025-01-24", "2025-01-25")]
    assert seen == [False, True, True, False]
