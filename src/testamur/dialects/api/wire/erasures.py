"""Erasures of people."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from testamur.dialects.api.wire import Day, Moment
from testamur.dialects.api.wire.decisions import Text

Level = Literal["detail", "identity", "all"]


class Kept(Struct, kw_only=True):
    """Some things of one kind that were not erased, and why.

    Args:
        level: from which level they are kept.
        because: `rule` and `hold` are named by `id`; `totals`: totals of the past rest on them for as long as something
            else of the person is kept (rule G8).
        kind: null for everything of the person.
        until: the last day on which any of them is kept; null while no end is in sight.
    """

    level: Level
    because: Literal["hold", "rule", "totals"]
    id: str | None
    kind: Literal["record", "session", "development"] | None
    item: str | None
    until: Day | None
    count: int


class Rehearsal(Struct, kw_only=True):
    """What an erasure would do now.

    Args:
        erased: counts of what would go.
    """

    person: str
    level: Level
    erased: dict[str, int]
    kept: list[Kept]


class Erasure(Struct, kw_only=True):
    """What somebody asked to be erased, what went and what is kept.

    Args:
        tried_at: when what is kept was looked at last.
        completed_at: null while something is kept; it goes with the next run of retention after its time.
        erased: counts of what went.
        tombstone: counts of what is no more, where everything went.
    """

    id: str
    person: str
    level: Level
    reason: str
    asked_by: str
    asked_by_person: str | None
    asked_at: Moment
    tried_at: Moment
    completed_at: Moment | None
    erased: dict[str, int]
    kept: list[Kept]
    tombstone: dict[str, Any] | None


class CreateErasure(Struct, kw_only=True, forbid_unknown_fields=True):
    """How much of a person is to be erased, and why.

    Args:
        level: `detail`: scores, durations, answers, notes, evidence; `identity`: names and identifiers, a pseudonym
            stands for them and facts stay; `all`: the facts too.
        rehearse: only say what would be erased and what kept.
    """

    level: Level
    reason: Text
    rehearse: bool = False
