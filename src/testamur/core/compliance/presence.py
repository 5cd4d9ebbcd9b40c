"""When the person is meant: inside the audience and active, the assignment in effect and not paused (sections 6, 9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from testamur.core.compliance.days import FOREVER
from testamur.core.compliance.facts import Facts, Membership, Span
from testamur.core.compliance.settings import Settings

_ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Stay:
    """Days from `since` up to, not including, `until` on which the assignment asks something of the person."""

    since: int
    until: int
    membership: Membership


def in_force(versions: Iterable[Settings]) -> list[Settings]:
    """The versions in the order in which they act; of several of one day the last number alone."""
    by_day = {version.since: version for version in sorted(versions, key=lambda one: one.number)}
    return [by_day[day] for day in sorted(by_day)]


def stays(facts: Facts, versions: Sequence[Settings]) -> list[Stay]:
    """The person's stays, oldest first, with nothing in common and no two that touch (rules M5 and E9)."""
    found: list[Stay] = []
    ends = [version.since.toordinal() for version in versions[1:]] + [FOREVER]
    for version, end in zip(versions, ends, strict=True):
        since = version.since.toordinal()
        if version.effective_on is not None:
            since = max(since, version.effective_on.toordinal())
        if version.is_active and not version.is_deleted:
            found += _under(version, since, end, facts)
    # Of several memberships that begin a stay the one known first gives notice (M6), whatever ends when.
    found.sort(key=lambda stay: (stay.since, stay.membership.recorded_at or _ALWAYS, stay.until))
    joined: list[Stay] = []
    for stay in found:
        if joined and stay.since <= joined[-1].until:
            joined[-1].until = max(joined[-1].until, stay.until)
        else:
            joined.append(stay)
    return joined


def expected_stay(facts: Facts, version: Settings, day: int) -> Stay | None:
    """The first stay that begins on or after `day`, were `version` to last."""
    since = max(day, version.effective_on.toordinal()) if version.effective_on is not None else day
    if not version.is_active or version.is_deleted:
        return None
    return min(_under(version, since, FOREVER, facts), key=lambda stay: stay.since, default=None)


def _under(version: Settings, since: int, until: int, facts: Facts) -> list[Stay]:
    found = []
    for membership in facts.memberships:
        if membership.audience == version.audience:
            begins, ends = _bounds(membership)
            begins, ends = max(begins, since), min(ends, until)
            if begins < ends:
                found.append(Stay(begins, ends, membership))
    for absence in facts.inactive:
        gone, back = _bounds(absence)
        if gone < back:
            found = [rest for stay in found for rest in _without(stay, gone, back)]
    return found


def _without(stay: Stay, gone: int, back: int) -> list[Stay]:
    parts = (
        Stay(stay.since, min(stay.until, gone), stay.membership),
        Stay(max(stay.since, back), stay.until, stay.membership),
    )
    return [part for part in parts if part.since < part.until]


def _bounds(span: Span) -> tuple[int, int]:
    return span.since.toordinal(), FOREVER if span.until is None else span.until.toordinal()
