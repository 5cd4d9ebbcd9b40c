"""Section 5: settings and their limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from testamur.core.compliance import Anchor, Settings
from testamur.core.compliance.settings import faults
from tests.core.compliance.stories import FIRE, KITCHEN, K, T, settings


@pytest.mark.parametrize(
    ("told", "fields"),
    [
        (settings(completion_period_days=1), []),
        (settings(completion_period_days=0, renewal_grace_days=0), ["completion_period"]),
        (settings(recurrence_days=None, renewal_window_days=5), []),
        (settings(recurrence_days=0, renewal_window_days=5), []),
        (settings(recurrence_days=1), []),
        (settings(recurrence_days=-1), ["recurrence"]),
        (settings(recurrence_days=10, renewal_window_days=9), []),
        (settings(recurrence_days=10, renewal_window_days=10), ["renewal_window"]),
        (settings(renewal_window_days=-1), ["renewal_window"]),
        (settings(recurrence_days=1, renewal_window_days=1), ["renewal_window"]),
        (settings(renewal_grace_days=0), []),
        (settings(renewal_grace_days=-1), ["renewal_grace"]),
        (K, []),
        (replace(K, recurrence_days=30), []),
        (replace(K, calendar_days=()), ["calendar_days"]),
        (replace(K, calendar_days=((2, 29), (12, 31))), []),
        (replace(K, calendar_days=((2, 30),)), ["calendar_days"]),
        (replace(K, calendar_days=((13, 1),)), ["calendar_days"]),
        (replace(K, minimum_credit_days=None), []),
        (replace(K, minimum_credit_days=91), []),
        (replace(K, minimum_credit_days=90), ["minimum_credit"]),
        (replace(T, calendar_days=((2, 30),)), ["calendar_days"]),
        (settings(alternatives=(KITCHEN, FIRE)), ["alternatives"]),
    ],
)
def test_settings_have_limits(told: Settings, fields: list[str]) -> None:
    assert [fault.field for fault in faults(told)] == fields


def test_credit_lasts_beyond_the_window_unless_it_is_set() -> None:
    assert replace(K, minimum_credit_days=None).least_credit_days == 91
    assert K.least_credit_days == 183


@pytest.mark.parametrize(
    ("told", "recurs"), [(settings(recurrence_days=None), False), (settings(recurrence_days=0), False), (K, True)]
)
def test_a1_credit_ends_by_recurrence_or_by_the_calendar(told: Settings, recurs: bool) -> None:
    assert told.recurs is recurs
    assert settings(recurrence_days=1, anchor=Anchor.EXPIRY).recurs
