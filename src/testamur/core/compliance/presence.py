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
    """Days from `since` up to, not including, `until` on which the assignment asks something of the person.

    Args:
        membership: of those that led to its first day, the one that was recorded first (rules M5 and M6).
    """

    since: int
    until: int
    membership: Membership


def in_force(versions: Iterable[Settings]) -> list[Settings]:
    """The versions in the order in which they act; of several of one day the last number alone."""
    by_day = {version.since: version for version in sorted(versions, key=lambda one: one.number)}
    return [by_day[day] for day in sorted(by_day)]


def stays(facts: Facts, versions: Sequence[Settings]) -> list[Stay]:
    """The person's stays, oldest first, with nothing in common.

    Two may touch where an edit falls between them. Who leaves and comes back on one day has not left (M5 and E9).
    """
    found: list[Stay] = []
    ends = [version.since.toordinal() for version in versions[1:]] + [FOREVER]
    for version, end in zip(versions, ends, strict=True):
        since = version.since.toordinal()
        if version.effective_on is not None:
            since = max(since, version.effective_on.toordinal())
        if version.is_active and not version.is_deleted:
            found += _under(version, since, end, facts)
    return found


def expected_stay(facts: Facts, version: Settings, day: int) -> Stay | None:
    """The first stay that begins on or after `day`, were `version` to last."""
    since = max(day, version.effective_on.toordinal()) if version.effective_on is not None else day
    if not version.is_active or version.is_deleted:
        return None
    return next(iter(_under(version, since, FOREVER, facts)), None)


def _under(version: Settings, since: int, until: int, facts: Facts) -> list[Stay]:
    """The stays within some days under one version, oldest first."""
    found = []
    for run in _runs(one for one in facts.memberships if one.audience == version.audience):
        begins, ends = max(_bounds(run[0])[0], since), min(max(_bounds(one)[1] for one in run), until)
        parts = [(begins, ends)] if begins < ends else []
        for absence in facts.inactive:
            parts = [rest for part in parts for rest in _without(part, *_bounds(absence))]
        found += [Stay(begins, ends, _first_known(run, begins)) for begins, ends in parts]
    return found


def _runs(memberships: Iterable[Membership]) -> list[list[Membership]]:
    """The memberships by the unbroken times that they make up: leaving and joining on one day is not leaving (M5)."""
    runs: list[list[Membership]] = []
    ends = 0
    for one in sorted(memberships, key=lambda one: (*_bounds(one), str(one.id))):
        begins, end = _bounds(one)
        if begins == end:
            continue
        if begins <= ends:
            runs[-1].append(one)
            ends = max(ends, end)
        else:
            runs.append([one])
            ends = end
    return runs


def _first_known(run: Iterable[Membership], day: int) -> Membership:
    begun = (one for one in run if one.since.toordinal() <= day)
    return min(begun, key=lambda one: (one.recorded_at or _ALWAYS, one.since))


def _without(part: tuple[int, int], gone: int, back: int) -> list[tuple[int, int]]:
    since, until = part
    rest = (since, min(until, gone)), (max(since, back), until)
    return [(begins, ends) for begins, ends in rest if begins < ends]


def _bounds(span: Span) -> tuple[int, int]:
    """Its first day and the one after its last; of one that ends before it begins, nothing."""
    since = span.since.toordinal()
    return since, FOREVER if span.until is None else max(since, span.until.toordinal())
