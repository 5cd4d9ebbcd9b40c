"""What files tell of and what becomes of their rows; and the guard over what one of the directory would take away."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from testamur.core.errors import Conflict

REMOVALS_PERCENT_MAX = 10
"""What share of what there is a file may take away unasked, unless it is set otherwise."""
HANDFUL = 5
"""So few may always go."""


class Outcome(Enum):
    """What becomes of a row (rule I8). Their counts add up to the rows of the file."""

    CREATED = "created"
    ALREADY_PRESENT = "already_present"
    PROBABLE_DUPLICATE = "probable_duplicate"
    """Recorded, beside another source's completion of the same day (rule C4)."""
    SUPERSEDED = "superseded"
    """The source's own record was known with other content: this took its place (rule C7)."""
    HELD = "held"
    """The person is unknown; kept until she is (rule I6)."""
    REJECTED = "rejected"
    CHANGED = "changed"
    """Of the directory: known, and said otherwise."""
    UNCHANGED = "unchanged"
    DEACTIVATED = "deactivated"
    """A person suspended, an item retired, a membership ended."""


class Of(Enum):
    """What the rows of a file tell of."""

    COMPLETIONS = "completions"
    PEOPLE = "people"
    ITEMS = "items"
    AUDIENCES = "audiences"
    MEMBERSHIPS = "memberships"

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What can become of such a row."""
        return _OF_COMPLETIONS if self is Of.COMPLETIONS else _OF_DIRECTORY

    @property
    def can_be_whole(self) -> bool:
        """Whether a file of them can say that there are no others."""
        return self in (Of.PEOPLE, Of.ITEMS, Of.MEMBERSHIPS)


_OF_COMPLETIONS = (
    Outcome.CREATED,
    Outcome.ALREADY_PRESENT,
    Outcome.PROBABLE_DUPLICATE,
    Outcome.SUPERSEDED,
    Outcome.HELD,
    Outcome.REJECTED,
)
_OF_DIRECTORY = (
    Outcome.CREATED,
    Outcome.CHANGED,
    Outcome.UNCHANGED,
    Outcome.DEACTIVATED,
    Outcome.HELD,
    Outcome.REJECTED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removals:
    """What a file would take away: people suspended, items retired, memberships ended. Nothing is ever deleted.

    Args:
        deactivated: by rows that say so.
        absent: because a file that is the whole does not have them.
        present: how many there are now, of which these are some.
        unnamed: rows of which nobody can say whom they name: some of the absent may only be misspelt.
    """

    deactivated: int
    absent: int
    present: int
    unnamed: int

    @property
    def number(self) -> int:
        return self.deactivated + self.absent

    @property
    def share_percent(self) -> float:
        """Of what there is, rounded up to a tenth, so that what is over a limit never looks as if it were not."""
        return -(-1000 * self.number // self.present) / 10 if self.present else 0.0

    def must_be_confirmed(self, percent_max: int) -> bool:
        """Whether this is more than anybody should do by mistake."""
        is_much = self.number > HANDFUL and 100 * self.number > percent_max * self.present
        return is_much or bool(self.absent and self.unnamed)


class RemovalsUnconfirmed(Conflict):
    """The import would take away more than may go unasked, or not what was confirmed."""

    code = "removals_unconfirmed"
    removals: Removals | None = None
    percent_max = REMOVALS_PERCENT_MAX

    @classmethod
    def because(cls, removals: Removals, percent_max: int, *, rehearsed: int) -> RemovalsUnconfirmed:
        """The error that gives number, share and limit.

        Args:
            rehearsed: the number when the file was rehearsed.
        """
        number, share = removals.number, removals.share_percent
        said = f"{number} of {removals.present} would be taken away, {share:g} %"
        if rehearsed != number:
            said += f", and {rehearsed} when the file was rehearsed"
        if removals.unnamed and removals.absent:
            said += f"; {removals.unnamed} rows name nobody, and some of the absent may be theirs"
        error = cls(f"{said}. Up to {percent_max} % go unasked; to go on, confirm the number {number}")
        error.removals, error.percent_max = removals, percent_max
        return error
