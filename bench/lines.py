"""One line of compliance in memory: a person, an assignment, ten completions."""

from __future__ import annotations

import timeit
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from bench.measures import Line
from testamur.core.compliance import Completion, Facts, Membership, Settings, Step, Timeline, timeline
from testamur.core.ids import from_parts
from testamur.core.moments import When

_YEARS = range(2015, 2025)
_TODAY = date(2025, 6, 1)
_TIMES = 2_000


def measure() -> list[Line]:
    """The engine beside a bare loop that only looks at the same facts and makes the same steps."""
    found = []
    for facts in (_facts(0), _facts(10)):
        steps = timeline(facts, horizon=_TODAY).steps
        took = _microseconds(lambda facts=facts: timeline(facts, horizon=_TODAY))
        bare = _microseconds(lambda facts=facts, steps=steps: _loop(facts, steps))
        name = f"one line, {len(facts.completions)} completions"
        floor = f"bare loop over the same dataclasses {bare:.1f} µs"
        found.append(Line(name, f"{took:.1f} µs", floor, took / bare, 20, at_least=False))
    return found


def _loop(facts: Facts, steps: tuple[Step, ...]) -> Timeline:
    for completion in facts.completions:
        completion.completed.local_day(facts.versions[0].zone)
    names = Step.__slots__
    return Timeline(tuple(Step(*[getattr(step, name) for name in names]) for step in steps), ())


def _facts(completions: int) -> Facts:
    made = datetime(2015, 1, 10, 9, tzinfo=UTC)
    audience, item = from_parts(0, 1), from_parts(0, 2)
    version = Settings(
        number=1,
        since=made.date(),
        audience=audience,
        primary=item,
        zone=ZoneInfo("Europe/London"),
        recurrence_days=365,
        renewal_grace_days=30,
        recorded_at=made,
    )
    return Facts(
        versions=(version,),
        memberships=(Membership(audience=audience, since=made.date(), recorded_at=made),),
        completions=tuple(
            Completion(id=from_parts(0, 10 + year), item=item, completed=When(datetime(year, 2, 1, tzinfo=UTC)))
            for year in _YEARS[:completions]
        ),
    )


def _microseconds(work: object) -> float:
    assert callable(work)
    return min(timeit.repeat(work, number=_TIMES, repeat=5)) / _TIMES * 1e6
