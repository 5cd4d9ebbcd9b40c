"""A whole organisation made from a seed: the same seed, size and day give the same organisation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from random import Random

from testamur.core.items import NewItem
from testamur.core.people import NewPerson
from testamur.demo.catalogue import items
from testamur.demo.history import Completion, completions
from testamur.demo.staff import Span, staff
from testamur.demo.structure import GROUPS, RULES, Group, Rule


class Size(Enum):
    """How large the organisation is. Completions are about twenty for each person."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"

    @property
    def people(self) -> int:
        return {Size.SMALL: 200, Size.MEDIUM: 2_000, Size.LARGE: 20_000}[self]

    @property
    def items(self) -> int:
        return {Size.SMALL: 120, Size.MEDIUM: 300, Size.LARGE: 500}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Everything to be loaded. People, items and groups name each other by reference.

    Args:
        groups: audiences, each structure before what it holds.
        spans: who belongs to which audience from when to when.
        rules: assignments.
        completions: in the order in which they happened.
    """

    people: tuple[NewPerson, ...]
    items: tuple[NewItem, ...]
    groups: tuple[Group, ...]
    spans: tuple[Span, ...]
    rules: tuple[Rule, ...]
    completions: tuple[Completion, ...]


def generate(size: Size = Size.SMALL, *, today: date, seed: int = 1) -> Organisation:
    """Make an organisation as it stands early on `today`: nothing in it happened on that day or later.

    Guaranteed in every size: the person `staff.ADA`; the item `catalogue.FIRE_SAFETY`, which she has not
    completed; the audience `structure.ALL_STAFF`, which she belongs to and which the item is assigned to.
    """
    shelf = items(_stream("items", seed), size.items)
    employees = staff(_stream("people", seed), size.people, today)
    return Organisation(
        people=tuple(employee.person for employee in employees),
        items=tuple(shelf),
        groups=GROUPS,
        spans=tuple(span for employee in employees for span in employee.spans),
        rules=RULES,
        completions=tuple(completions(_stream("completions", seed), employees, shelf, RULES, today)),
    )


def _stream(part: str, seed: int) -> Random:
    """Chance of its own for each part, so that one more course leaves every name as it was."""
    return Random(f"{part} {seed}")  # noqa: S311  nothing here is secret, and it has to repeat
