"""Transcripts: all that stands of what somebody has learnt, as it is given out, and how it is checked later.

A transcript says when it was made and how far the ledger had come, and carries a check value over every fact in it
(rule G4). The value is worked out again from the facts that still stand, so it fails as soon as one of them was voided
or corrected. What is learnt later does not matter to it, nor what somebody or a learning object is called by then.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from testamur.core.ids import Id, parse, to_hex24, to_ulid
from testamur.core.moments import Precision, When, format_instant
from testamur.core.people import Person

ENDED_MAX = 100
"""Facts named in the answer to a check that fails."""
_DIGITS = 32
_CODE = re.compile(rf"(per_[0-9A-Za-z]{{26}})\.(\d{{1,18}})\.(\d{{1,15}})\.([0-9a-f]{{{_DIGITS}}})\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One record of a transcript.

    Args:
        title_told: the title as its source told it, where the record has one of its own.
        is_outside: whether it was learnt outside of the catalogue.
        completed: None for a plan or for progress.
    """

    record: Id
    revision: int
    item: Id | None
    item_ref: str | None
    item_version: int | None
    title: str | None
    title_told: str | None
    provider: str | None
    is_outside: bool
    completed: When | None
    started_at: datetime | None
    expires_at: datetime | None
    passed: bool | None
    score_percent: Decimal | None
    score_text: str | None
    time_spent: str | None
    certificate: str | None
    is_prior: bool
    source: str
    source_id: str | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Heading:
    """What a transcript says of itself.

    Args:
        person: who she is at the moment; without a name once she was forgotten.
        entry: the ledger's last entry when it was made.
        produced_at: when it was made, to the millisecond.
        produced_on: the day of that in `zone`, the tenant's.
        records: how many lines it has, `completions` of them with a time of completion.
    """

    tenant: Id
    tenant_name: str
    person: Person
    entry: int
    produced_at: datetime
    produced_on: date
    zone: str
    records: int
    completions: int
    check: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A fact that ceased to stand: which revision of which record, when, and as `superseded` or `voided`."""

    record: Id
    revision: int
    at: datetime
    how: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a transcript.

    Args:
        stands: whether every fact of it still does, and the check value is the one that it was given out with.
        ended: facts of it that do not, the first ENDED_MAX by time. With none, a check that fails was never given out.
    """

    stands: bool
    person: Id
    produced_at: datetime
    records: int
    ended: Sequence[Ended]


@dataclass(frozen=True, slots=True)
class Code:
    """The parts of a check value: whose transcript it is, how far the ledger was, when, and the digest of its facts."""

    person: Id
    entry: int
    produced_at: datetime
    digest: str

    def __str__(self) -> str:
        milliseconds = (self.produced_at - _EPOCH) // _MILLISECOND
        return f"{to_ulid(self.person, 'person')}.{self.entry}.{milliseconds}.{self.digest}"

    @classmethod
    def read(cls, text: str) -> Code:
        """From its text. Raises ValueError."""
        match = _CODE.match(text.strip())
        person = parse(match[1], "person") if match else None
        if match is None or person is None:
            raise ValueError("is not the check value of a transcript")
        try:
            return cls(person, int(match[2]), _EPOCH + int(match[3]) * _MILLISECOND, match[4])
        except OverflowError as error:
            raise ValueError("is not the check value of a transcript") from error


class Digest:
    """Takes the lines of a transcript, in their order, and gives its check value."""

    def __init__(self, tenant: Id, person: Id, entry: int, produced_at: datetime) -> None:
        self._about = person, entry, produced_at
        self._hash = hashlib.sha256(f"{to_hex24(tenant)}.{Code(person, entry, produced_at, '')}\n".encode())
        self.records = 0
        self.completions = 0

    def add(self, lines: Sequence[Line]) -> None:
        for line in lines:
            self._hash.update(_sealed(line))
        self.records += len(lines)
        self.completions += sum(line.completed is not None for line in lines)

    def code(self) -> Code:
        return Code(*self._about, self._hash.hexdigest()[:_DIGITS])


def told(completed: When | None) -> str | None:
    """A time as it was told: a bare day stays one (rule D7)."""
    if completed is None:
        return None
    return completed.at.date().isoformat() if completed.precision is Precision.DAY else format_instant(completed.at)


def _sealed(line: Line) -> bytes:
    said = [
        to_hex24(line.record),
        line.revision,
        None if line.item is None else to_hex24(line.item),
        line.item_version,
        line.title_told,
        told(line.completed),
        line.started_at and format_instant(line.started_at),
        line.expires_at and format_instant(line.expires_at),
        line.passed,
        None if line.score_percent is None else str(line.score_percent.normalize()),
        line.score_text,
        line.time_spent,
        line.certificate,
        line.is_prior,
        line.source,
        line.source_id,
    ]
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
