"""Searching records: by any of their fields, in any order, a page at a time.

Which records a caller sees at all is decided here too. An application sees its own records and those that belong to
no application: a completion told through another dialect belongs to the whole tenant and is to be read by everybody
in it. What another application wrote is not there, neither as a row nor in a count. A caller without an application
sees the whole tenant. Of a caller who sees only what is her own, the rest is not there either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from testamur.core.callers import Caller
from testamur.core.errors import CompletionNotFound
from testamur.core.ids import Id
from testamur.core.people import Reference
from testamur.core.records import Record
from testamur.ledger.people_rows import find_person
from testamur.ledger.records import Records, record_of
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx

PAGE_MAX = 500

SortField = Literal[
    "created_at", "updated_at", "completed_at", "expires_at", "score", "title", "provider", "id"
]  # fmt: skip
SORT_FIELDS: tuple[SortField, ...] = get_args(SortField)
_TEXTS = frozenset({"title", "provider"})


@dataclass(frozen=True, slots=True)
class Sort:
    """One field to sort by. Records without it come last in both directions."""

    field: SortField
    descends: bool = False


NEWEST_FIRST = (Sort("created_at", descends=True),)


@dataclass(frozen=True, slots=True)
class Span:
    """Moments from `start` to just before `end`; None leaves that side open."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Numbers within all the bounds that are given."""

    least: Decimal | None = None
    above: Decimal | None = None
    most: Decimal | None = None
    below: Decimal | None = None


ANY_TIME = Span()
ANY_AMOUNT = Amount()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The records to look for: those that meet every filter that is given.

    A filter is None when it is not given, else the values of which the record must have one; None among them stands
    for "has none".

    Args:
        people: by any of their identifiers or ids, and also as a record names somebody who is not known here.
        cohorts, assessments: UUIDs, compared with what `extra` keeps under `ids`.
        text: part of the title, provider or certificate, in any letter case.
        voided: whether deleted records are looked at too.
    """

    ids: tuple[Id | None, ...] | None = None
    people: tuple[Reference | None, ...] | None = None
    titles: tuple[str | None, ...] | None = None
    providers: tuple[str | None, ...] | None = None
    passed: tuple[bool | None, ...] | None = None
    certificates: tuple[str | None, ...] | None = None
    cohorts: tuple[Id | None, ...] | None = None
    assessments: tuple[Id | None, ...] | None = None
    sources: tuple[str | None, ...] | None = None
    source_types: tuple[str | None, ...] | None = None
    creators: tuple[Id | None, ...] | None = None
    applications: tuple[str | None, ...] | None = None
    created: Span = ANY_TIME
    updated: Span = ANY_TIME
    completed: Span = ANY_TIME
    expires: Span = ANY_TIME
    score: Amount = ANY_AMOUNT
    text: str | None = None
    voided: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two records of a search, by the sort values of the one before it."""

    created_at: datetime
    id: Id
    number: int | None
    key: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of records.

    Args:
        after: where the next page begins; None exactly when there is no more.
        total: how many records there are on all pages, or None when that was not asked.
    """

    records: list[Record]
    after: Position | None
    total: int | None


class RecordSearch:
    """Verbs that find records for somebody who may see only some of them."""

    def __init__(self, database: Database, records: Records) -> None:
        self._database = database
        self._records = records

    async def get(self, caller: Caller, id: Id, *, voided: bool = False) -> Record:
        """The record of this id. Raises CompletionNotFound, also for one outside of the caller's scope."""
        record = await self._records.get(caller.tenant, id, voided=voided)
        if not _may_see(caller, record):
            raise CompletionNotFound
        return record

    async def find(
        self,
        caller: Caller,
        wanted: Wanted,
        *,
        sort: Sequence[Sort] = NEWEST_FIRST,
        after: Position | None = None,
        count: int,
        counts: bool = True,
    ) -> Found:
        """Up to `count` records behind `after`, and how many there are when `counts`.

        The id settles what `sort` leaves open, in the direction of its last field. Titles and providers are compared
        by the code points of their first 400 bytes. Whoever walks all pages misses no record and sees none twice,
        whatever is recorded meanwhile.
        """
        async with self._database.read(caller.tenant) as tx:
            await tx.run("plan_afresh")
            rows = await tx.rows(
                "record_search",
                application=caller.application,
                own=caller.person if caller.sees_own_only else None,
                count=count + 1,
                counts=counts,
                after_at=after.created_at if after else None,
                after_id=after.id if after else None,
                after_number=after.number if after else None,
                after_key=after.key if after else None,
                **_order(sort),
                **await _filters(tx, wanted),
            )
        total: int | None = rows[0]["total"]
        found = [row for row in rows if row["id"] is not None]
        page = found[:count]
        return Found([record_of(row) for row in page], _position(page[-1]) if len(found) > count else None, total)


def _may_see(caller: Caller, record: Record) -> bool:
    """As the query `record_search` decides it."""
    if caller.application is not None and record.application not in (None, caller.application):
        return False
    if not caller.sees_own_only or caller.person is None:
        return True
    written = record.extra.get("ids", {}).get("person_id") if record.person is None else None
    return caller.person in (record.person, record.created_by) or written == str(caller.person)


async def _filters(tx: Tx, wanted: Wanted) -> dict[str, Any]:
    people: list[Id] | None = None
    people_written: list[str | None] | None = None
    if wanted.people is not None:
        named = [await find_person(tx, reference) for reference in wanted.people if reference is not None]
        people = [person for person in named if person is not None]
        people_written = [_written(reference.id if reference else None) for reference in wanted.people]
    return {
        "ids": wanted.ids,
        "people": people,
        "people_written": people_written,
        "titles": wanted.titles,
        "providers": wanted.providers,
        "passed": wanted.passed,
        "certificates": wanted.certificates,
        "cohorts": None if wanted.cohorts is None else [_written(id) for id in wanted.cohorts],
        "assessments": None if wanted.assessments is None else [_written(id) for id in wanted.assessments],
        "sources": wanted.sources,
        "source_types": wanted.source_types,
        "creators": wanted.creators,
        "applications": wanted.applications,
        "created_from": wanted.created.start,
        "created_before": wanted.created.end,
        "updated_from": wanted.updated.start,
        "updated_before": wanted.updated.end,
        "completed_from": wanted.completed.start,
        "completed_before": wanted.completed.end,
        "expires_from": wanted.expires.start,
        "expires_before": wanted.expires.end,
        "score_least": wanted.score.least,
        "score_above": wanted.score.above,
        "score_most": wanted.score.most,
        "score_below": wanted.score.below,
        "text": wanted.text,
        "with_voided": wanted.voided,
    }


def _order(sort: Sequence[Sort]) -> dict[str, Any]:
    """The order as `record_search` takes it. Nothing behind the id can matter."""
    fields = [*sort]
    place = next((place for place, by in enumerate(fields) if by.field == "id"), len(fields))
    id_descends = fields[min(place, len(fields) - 1)].descends
    fields = fields[:place]
    sorting = "fields"
    if [by.field for by in fields] == ["created_at"] and fields[0].descends == id_descends:
        sorting = "newest" if id_descends else "oldest"
    number = fields.pop(0) if fields and fields[0].field not in _TEXTS else None
    return {
        "sorting": sorting,
        "number_field": number.field if number else None,
        "sign": -1 if number and number.descends else 1,
        "key_fields": [by.field for by in fields] or None,
        "key_descends": [by.descends for by in fields],
        "id_descends": id_descends,
    }


def _position(row: Row) -> Position:
    return Position(row["created_at"], row["id"], row["sort_number"], row["sort_key"])


def _written(id: Id | None) -> str | None:
    """An id as `extra` keeps it."""
    return None if id is None else str(id)
