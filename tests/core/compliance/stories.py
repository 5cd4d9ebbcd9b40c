"""The assignment of the worked examples, and short words to tell what happened to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from testamur.core.compliance import (
    Anchor,
    Completion,
    Exemption,
    Extension,
    Facts,
    Membership,
    Settings,
    Step,
    Timeline,
    standing_on,
    timeline,
)
from testamur.core.ids import Id
from testamur.core.moments import When

LONDON = ZoneInfo("Europe/London")
HORIZON = date(2031, 1, 1)


def id_of(number: int) -> Id:
    return Id(UUID(int=number))


STAFF, OTHERS, FIRE, KITCHEN, OTHER = (id_of(number) for number in range(1, 6))


def day(text: str) -> date:
    return date.fromisoformat(text)


def moment(text: str) -> datetime:
    """An instant; of a bare day, its noon in UTC."""
    if len(text) == 10:
        return datetime.combine(day(text), time(12), UTC)
    return datetime.fromisoformat(text)


def settings(since: str = "2025-01-10", **rest: Any) -> Settings:
    base: dict[str, Any] = {"number": 1, "audience": STAFF, "primary": FIRE, "alternatives": (KITCHEN,), "zone": LONDON}
    return Settings(since=day(since), **base | {"recurrence_days": 365, "recorded_at": moment(since)} | rest)


S = settings()
O = settings(recurrence_days=None)  # noqa: E741
Z = settings(recurrence_days=0)
T = settings(renewal_window_days=60, renewal_grace_days=0, anchor=Anchor.EXPIRY)
K = settings(
    "2024-01-01",
    recurrence_days=None,
    renewal_window_days=90,
    renewal_grace_days=0,
    minimum_credit_days=183,
    anchor=Anchor.CALENDAR,
    calendar_days=((12, 31),),
)


def edit(before: Settings, since: str, **changes: Any) -> Settings:
    return replace(before, number=before.number + 1, since=day(since), recorded_at=moment(since), **changes)


def done(on: str, number: int = 100, item: Id = FIRE, known: str | None = None, **rest: Any) -> Completion:
    completed = When.day(day(on)) if len(on) == 10 else When.instant(moment(on))
    if isinstance(rest.get("expires"), str):
        rest["expires"] = When.day(day(rest["expires"]))
    if isinstance(rest.get("voided_at"), str):
        rest["voided_at"] = moment(rest["voided_at"])
    return Completion(id=id_of(number), item=item, completed=completed, recorded_at=moment(known or on), **rest)


def member(since: str = "2020-01-01", until: str | None = None, audience: Id = STAFF, **rest: Any) -> Membership:
    return Membership(
        audience=audience,
        since=day(since),
        until=day(until) if until else None,
        recorded_at=moment(rest.pop("known", since)),
        end_recorded_at=moment(until) if until else None,
        **rest,
    )


def exempt(since: str, until: str | None, number: int = 200) -> Exemption:
    return Exemption(id=id_of(number), since=day(since), until=day(until) if until else None, recorded_at=moment(since))


def extend(granted: str, due: str, number: int = 300, *, withdrawn: str | None = None) -> Extension:
    return Extension(
        id=id_of(number),
        granted_on=day(granted),
        due_on=day(due),
        recorded_at=moment(granted),
        withdrawn_on=day(withdrawn) if withdrawn else None,
        withdrawn_recorded_at=moment(withdrawn) if withdrawn else None,
    )


def told(*facts: Any, **rest: Any) -> Facts:
    """Facts in any order, sorted by what they are; in the audience all the while unless said otherwise."""
    names = ("versions", "memberships", "completions", "exemptions", "extensions")
    kinds: dict[str, Any] = {name: [] for name in names}
    for fact in facts:
        match fact:
            case Settings():
                kinds["versions"].append(fact)
            case Membership():
                kinds["memberships"].append(fact)
            case Completion():
                kinds["completions"].append(fact)
            case Exemption():
                kinds["exemptions"].append(fact)
            case Extension():
                kinds["extensions"].append(fact)
    kinds["memberships"] = kinds["memberships"] or [member()]
    told_so: dict[str, Any] = {kind: tuple(some) for kind, some in kinds.items()}
    return Facts(**told_so, **rest)


def of(facts: Facts) -> Timeline:
    return timeline(facts, horizon=HORIZON)


def on(facts: Facts, when: str) -> Step:
    step = standing_on(of(facts), day(when))
    assert step is not None, f"nothing stands on {when}"
    return step
