"""The 43 worked examples of the compliance rules (section 15), one row each.

A row's checks are told as `day: what is seen`, in words of `seen`: the status first, then any of `due`, `credit`,
`ends`, `opens`, `cycle`, `line`, `late`, `missed`, `how`, `time`. Examples 42 and 43 begin with how the ledger tells
facts apart (tests/ledger/test_records.py, rules C1 to C4); here is that the engine makes one duty's end of them.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from testamur.core.compliance import Anchor, Facts, ItemVersion, Outcome, PriorCredit, Step, standing_on
from tests.core.compliance.stories import (
    FIRE,
    KITCHEN,
    K,
    O,
    S,
    T,
    Z,
    day,
    done,
    edit,
    exempt,
    extend,
    id_of,
    member,
    moment,
    of,
    on,
    settings,
    told,
)

SYDNEY = ZoneInfo("Australia/Sydney")
S180 = settings(recurrence_days=180)
S_NO_KITCHEN = settings(alternatives=())
OPENED = "not_started due=2025-02-09"

EXAMPLES: dict[str, tuple[Facts, dict[str, str]]] = {
    "1": (
        told(S),
        {
            "2025-01-10": OPENED + " opens=2025-01-10 cycle=1 line=1 credit=never",
            "2025-02-09": OPENED,
            "2025-02-10": "overdue due=2025-02-09 late=1",
            "2030-02-09": "overdue late=1826",
        },
    ),
    "2": (
        told(S, done("2025-02-09")),
        {
            "2025-02-08": OPENED,
            "2025-02-09": "completed how=primary time=True ends=2026-02-09 cycle=2 opens=2026-02-09 due=2026-03-11",
            "2026-02-08": "completed",
            "2026-02-09": "renewal_due credit=valid due=2026-03-11",
            "2026-02-10": "renewal_due credit=lapsed",
            "2026-03-11": "renewal_due",
            "2026-03-12": "expired late=1",
        },
    ),
    "3": (
        told(S, done("2025-03-01")),
        {
            "2025-02-28": "overdue",
            "2025-03-01": "completed time=False ends=2026-03-01 opens=2026-03-01 due=2026-03-31",
            "2026-03-31": "renewal_due",
            "2026-04-01": "expired",
        },
    ),
    "4": (
        told(O, done("2025-02-01")),
        {"2025-02-01": "completed ends=None due=None opens=None", "2999-01-01": "completed"},
    ),
    "5": (
        told(Z, done("2025-02-01")),
        {"2025-02-01": "completed ends=None due=None opens=None", "2999-01-01": "completed"},
    ),
    "6": (
        told(S, done("2025-02-01", passed=False)),
        {
            "2025-01-31": OPENED,
            "2025-02-01": "in_progress credit=never",
            "2025-02-09": "in_progress",
            "2025-02-10": "overdue",
        },
    ),
    "7": (
        told(S, done("2025-02-01", item=KITCHEN), done("2026-02-10", 101)),
        {"2025-02-01": "completed how=alternative ends=2026-02-01", "2026-02-10": "completed how=primary time=True"},
    ),
    "8": (
        told(S, member("2025-06-17")),
        {"2025-06-17": "not_started due=2025-07-17", "2025-07-17": "not_started", "2025-07-18": "overdue"},
    ),
    "9": (told(S, done("2025-02-09T23:30:00+00:00")), {"2025-02-09": "completed time=True"}),
    "9, Sydney": (
        told(settings(zone=SYDNEY), done("2025-02-09T23:30:00+00:00")),
        {"2025-02-09": "not_started", "2025-02-10": "completed time=False"},
    ),
    "10": (
        told(S, done("2024-06-01")),
        {
            "2025-01-10": "completed how=prior ends=2025-06-01 cycle=2 due=2025-07-01",
            "2025-05-31": "completed",
            "2025-06-01": "renewal_due opens=2025-06-01 due=2025-07-01",
        },
    ),
    "11": (
        told(S, done("2023-12-01")),
        {
            "2025-01-10": "renewal_due cycle=1 credit=lapsed due=2025-02-09 ends=2024-11-30",
            "2025-02-09": "renewal_due",
            "2025-02-10": "expired",
        },
    ),
    "12": (told(O, done("2011-05-05")), {"2025-01-10": "completed how=prior ends=None"}),
    "13": (
        told(T, done("2024-01-20")),
        {"2025-01-10": "renewal_due cycle=2 how=prior opens=2025-01-10 due=2025-02-09 ends=2025-01-19"},
    ),
    "14": (
        told(settings(prior_credit=PriorCredit.NONE), done("2024-06-01")),
        {"2025-01-10": OPENED + " cycle=1 credit=never", "2025-02-10": "overdue"},
    ),
    "15": (
        told(S, done("2025-02-01"), done("2025-11-15", 101)),
        {"2025-11-15": "completed ends=2026-11-15 cycle=2 opens=2026-11-15 due=2026-12-15"},
    ),
    "16": (
        told(T, done("2025-02-01"), done("2026-01-05", 101)),
        {
            "2025-12-02": "completed",
            "2025-12-03": "renewal_due cycle=2 due=2026-02-01 credit=valid",
            "2026-01-05": "completed time=True cycle=3 ends=2027-02-01 opens=2026-12-03",
        },
    ),
    "17": (
        told(
            settings(renewal_window_days=60, renewal_grace_days=0),
            done("2025-02-01"),
            done("2026-01-05", 101),
        ),
        {"2026-01-05": "completed time=True cycle=3 ends=2027-01-05"},
    ),
    "18": (
        told(T, done("2025-02-01"), done("2025-10-01", 101)),
        {"2025-10-01": "completed cycle=2 ends=2026-10-01 opens=2026-08-02"},
    ),
    "19": (
        told(T, done("2025-02-01"), done("2026-03-10", 101)),
        {
            "2026-02-01": "renewal_due credit=valid",
            "2026-02-02": "expired",
            "2026-03-09": "expired",
            "2026-03-10": "completed time=False ends=2027-03-10",
        },
    ),
    "20": (
        told(S, done("2025-02-01")),
        {
            "2026-02-01": "renewal_due credit=valid",
            "2026-02-02": "renewal_due credit=lapsed",
            "2026-03-03": "renewal_due",
            "2026-03-04": "expired",
            "2030-06-01": "expired cycle=2",
        },
    ),
    "21": (
        told(K, member("2024-07-10"), done("2024-08-01"), done("2025-11-20", 101)),
        {
            "2024-08-01": "completed ends=2025-12-31 opens=2025-10-02",
            "2025-10-01": "completed",
            "2025-10-02": "renewal_due due=2025-12-31",
            "2025-11-20": "completed time=True ends=2026-12-31",
        },
    ),
    "22": (
        told(K, member("2024-03-01"), done("2024-03-20"), done("2026-01-05", 101)),
        {
            "2024-03-20": "completed ends=2024-12-31",
            "2024-12-31": "renewal_due",
            "2025-01-01": "expired missed=0",
            "2025-12-31": "expired missed=0",
            "2026-01-01": "expired missed=1 cycle=2",
            "2026-01-05": "completed time=False ends=2026-12-31",
        },
    ),
    "23": (
        told(O, done("2025-01-20", expires="2027-01-20")),
        {
            "2027-01-19": "completed ends=2027-01-20",
            "2027-01-20": "renewal_due due=2027-02-19",
            "2027-02-19": "renewal_due",
            "2027-02-20": "expired",
        },
    ),
    "24": (
        told(T, done("2025-02-01"), extend("2026-01-15", "2026-03-01"), done("2026-02-20", 101)),
        {
            "2026-01-14": "renewal_due due=2026-02-01",
            "2026-02-02": "renewal_due credit=lapsed due=2026-03-01",
            "2026-02-19": "renewal_due",
            "2026-02-20": "completed time=True ends=2027-02-20",
        },
    ),
    "25": (
        told(S, member(until="2025-01-20"), member("2025-01-21")),
        {
            "2025-01-19": OPENED,
            "2025-01-20": "withdrawn",
            "2025-01-21": OPENED + " line=1 cycle=1 opens=2025-01-10",
        },
    ),
    "26": (
        told(S, member(until="2025-01-30"), member("2025-02-20")),
        {"2025-02-19": "withdrawn", "2025-02-20": "not_started line=1 due=2025-03-02", "2025-03-03": "overdue late=1"},
    ),
    "27": (
        told(S, member(until="2025-01-20"), member("2025-06-01")),
        {"2025-05-31": "withdrawn line=1", "2025-06-01": "not_started line=2 cycle=1 due=2025-07-01"},
    ),
    "28": (
        told(S, done("2025-01-15"), member(until="2025-02-01"), member("2025-09-01")),
        {"2025-02-01": "withdrawn", "2025-09-01": "completed line=2 cycle=2 how=prior ends=2026-01-15"},
    ),
    "29": (
        told(S, member(until="2025-02-15"), member("2025-02-25")),
        {"2025-02-14": "overdue late=5", "2025-02-15": "withdrawn late=0", "2025-02-25": "overdue late=6"},
    ),
    "30": (
        told(S, member(until="2025-01-20"), member("2025-02-10"), done("2025-02-05")),
        {"2025-02-09": "withdrawn", "2025-02-10": "completed time=True cycle=2 ends=2026-02-05"},
    ),
    "31": (
        told(S, edit(S, "2025-01-25", completion_period_days=60)),
        {"2025-01-24": OPENED, "2025-01-25": "not_started due=2025-03-11"},
    ),
    "32": (told(S, edit(S, "2025-01-25", completion_period_days=10)), {"2025-01-25": OPENED, "2025-02-10": "overdue"}),
    "32, a newcomer": (
        told(S, edit(S, "2025-01-25", completion_period_days=10), member("2025-01-26")),
        {"2025-01-26": "not_started due=2025-02-05"},
    ),
    "33": (
        told(S, done("2025-03-01"), edit(S, "2025-12-01", recurrence_days=180)),
        {
            "2025-11-30": "completed ends=2026-03-01",
            "2025-12-01": "renewal_due credit=lapsed ends=2025-08-28 opens=2025-12-01 due=2025-12-31",
            "2026-01-01": "expired",
        },
    ),
    "34": (
        told(S180, done("2025-03-01"), edit(S180, "2025-10-05", recurrence_days=365)),
        {
            "2025-09-27": "renewal_due",
            "2025-09-28": "expired",
            "2025-10-01": "expired",
            "2025-10-05": "completed ends=2026-03-01 cycle=2",
        },
    ),
    "35": (
        told(O, done("2024-05-05"), edit(O, "2026-06-01", recurrence_days=365)),
        {"2026-05-31": "completed", "2026-06-01": "renewal_due due=2026-07-01 credit=lapsed"},
    ),
    "36": (
        told(S_NO_KITCHEN, done("2025-01-28", item=KITCHEN), edit(S_NO_KITCHEN, "2025-02-20", alternatives=(KITCHEN,))),
        {"2025-02-15": "overdue", "2025-02-20": "completed time=True how=alternative ends=2026-01-28"},
    ),
    "37": (
        told(
            S,
            done("2025-02-01", item=KITCHEN),
            edit(S, "2025-05-01", alternatives=()),
            done("2026-02-05", 101, KITCHEN),
        ),
        {"2025-05-01": "completed ends=2026-02-01", "2026-02-05": "renewal_due cycle=2"},
    ),
    "38": (
        told(
            S,
            done("2025-02-01", version=1),
            item_versions=(
                ItemVersion(item=FIRE, number=1, published_on=day("2020-01-01")),
                ItemVersion(item=FIRE, number=2, published_on=day("2025-09-01"), requires_retraining=True),
            ),
        ),
        {
            "2025-08-31": "completed ends=2026-02-01",
            "2025-09-01": "renewal_due opens=2025-09-01 due=2025-10-01 ends=2025-09-01",
            "2025-10-02": "expired",
        },
    ),
    "39": (
        told(S, exempt("2025-02-01", "2025-04-30")),
        {
            "2025-01-31": OPENED,
            "2025-02-01": "exempt",
            "2025-04-30": "exempt",
            "2025-05-01": "not_started due=2025-05-31",
            "2025-06-01": "overdue",
        },
    ),
    "40": (
        told(S, done("2025-02-01", voided_at="2025-04-01")),
        {"2025-03-31": "completed", "2025-04-01": "overdue due=2025-02-09 late=51 credit=never"},
    ),
    "40, as known on 2025-03-01": (
        told(S, done("2025-02-01", voided_at="2025-04-01")).known_at(moment("2025-03-01")),
        {"2025-04-01": "completed"},
    ),
    "41": (
        told(S, done("2025-02-03", known="2025-03-05")),
        {"2025-02-03": "completed time=True", "2025-03-01": "completed"},
    ),
    "41, as known on 2025-03-01": (
        told(S, done("2025-02-03", known="2025-03-05")).known_at(moment("2025-03-01")),
        {"2025-03-01": "overdue"},
    ),
    "42": (told(S, done("2025-02-01")), {"2025-02-01": "completed cycle=2"}),
    "43": (
        told(S, done("2025-02-01T10:00:00+00:00"), done("2025-02-01T10:04:00+00:00", 101)),
        {"2025-02-01": "completed cycle=2 time=True"},
    ),
}


@pytest.mark.parametrize("number", EXAMPLES)
def test_worked_example(number: str) -> None:
    facts, expected = EXAMPLES[number]
    found = of(facts)
    for when, words in expected.items():
        status, *rest = words.split()
        step = standing_on(found, day(when))
        assert step is not None
        assert step.status.value == status, when
        for word in rest:
            name = word.split("=")[0]
            assert f"{name}={seen(step, when)[name]}" == word, when
    assert len({int(name.split(",")[0]) for name in EXAMPLES}) == 43


def seen(step: Step, when: str) -> dict[str, Any]:
    return {
        "due": step.due_on,
        "credit": step.credit.value,
        "ends": step.credit_ends_on,
        "opens": step.opens_on,
        "cycle": step.cycle,
        "line": step.line,
        "late": step.days_late(day(when)),
        "missed": step.missed_cycles,
        "how": step.satisfied_how.value if step.satisfied_how else None,
        "time": step.is_on_time,
    }


@pytest.mark.parametrize(
    ("number", "outcomes"),
    [
        ("3", ["satisfied 20", "open 0"]),
        ("9, Sydney", ["satisfied 1", "open 0"]),
        ("27", ["withdrawn 0", "open 0"]),
        ("30", ["satisfied 0", "open 0"]),
        ("34", ["satisfied 20", "rescheduled 0", "open 0"]),
        ("43", ["satisfied 0", "open 0"]),
    ],
)
def test_the_obligations_of_an_example_are_kept_with_their_outcome(number: str, outcomes: list[str]) -> None:
    found = of(EXAMPLES[number][0]).obligations
    assert [f"{one.outcome.value} {one.days_late}" for one in found] == outcomes


def test_example_36_says_when_it_was_done_and_when_it_counted() -> None:
    duty = of(EXAMPLES["36"][0]).obligations[0]
    assert (duty.outcome, duty.satisfied_on, duty.ended_on) == (
        Outcome.SATISFIED,
        day("2025-01-28"),
        day("2025-02-20"),
    )
    assert duty.satisfied_by == id_of(100)


def test_example_1_is_scheduled_before_the_entry_day_and_nothing_before_that_was_known() -> None:
    known = settings(recorded_at=moment("2025-01-05"))
    assert on(told(known), "2025-01-09").status.value == "scheduled"
    assert on(told(known), "2025-01-09").due_on == day("2025-02-09")
    assert standing_on(of(told(known)), day("2025-01-04")) is None


def test_example_16_needs_the_anchor_expiry() -> None:
    assert T.anchor is Anchor.EXPIRY
