"""Activities: reading the ledger as a list of what people did, a page at a time at any depth.

Readers count pages, and the ledger counts entries, of which only some are activities. Every so many activities a mark
says which number stands at which entry and which date; what lies between two marks is counted when it is asked for.
Marks are written by readers, so recording costs what it did before. Removing them changes nothing but the time of the
next page.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from testamur.core.activities import Activity, ActivityKind, ActivityPage, entry_of
from testamur.core.errors import NotFound
from testamur.core.ids import Id
from testamur.core.items import ItemForms, ItemKind
from testamur.core.moments import Precision, When
from testamur.core.people import Reference, normalise
from testamur.storage.database import Database
from testamur.storage.transactions import ReadTx, Row

SPACING = 64
"""Activities from one mark to the next: what a page may have to read besides its own rows."""
_MARKED_AT_ONCE = 64 * 1024
"""Activities looked at in one transaction that writes marks: a fraction of a second. A multiple of SPACING."""
_ALL = datetime(9999, 1, 1, tzinfo=UTC)
_NO_END = 2**63 - 1
_OF_FACTS = frozenset({ActivityKind.COMPLETED, ActivityKind.STARTED})


class Activities:
    """Verbs on activities. They are only ever read: recording something is what makes one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        tenant: Id,
        *,
        count: int,
        skip: int = 0,
        since: datetime | None = None,
        before: datetime | None = None,
        kinds: Collection[ActivityKind] | None = None,
        items: Sequence[Reference] | None = None,
        forms: ItemForms | None = None,
    ) -> ActivityPage:
        """`count` activities in the order of commits, without the first `skip`, for clients that count pages.

        New activities stand behind all others, so pages stay what they are while rows arrive. By dates alone a page
        costs the same at any depth; the other three filters look at every activity between the two dates.

        Args:
            since, before: of the activity's `at`; the second is the first moment outside.
            kinds, items: any of these. References that name nothing are nobody's activities.
            forms: of their items.
        """
        total = await self._before(tenant, before or _ALL)
        first = await self._before(tenant, since) if since else 0
        async with self._database.read(tenant) as tx:
            if kinds is None and items is None and forms is None:
                wanted = max(0, min(count, total - first - skip))
                entries, dates = await _counted_page(tx, first + skip, wanted) if wanted else ([], [])
                return ActivityPage(max(0, total - first), await _told(tx, entries, dates))
            filters = {
                "kinds": None if kinds is None else [kind.value for kind in kinds],
                "items": None if items is None else await _items(tx, items),
                "formats": sorted(forms.formats) if forms else None,
                "forms": sorted(forms.wanted) if forms else None,
                "after": await _entry_at(tx, first) if first else 0,
                "until": await _entry_at(tx, total + 1) if before else _NO_END,
                "of_facts": kinds is None or not _OF_FACTS.isdisjoint(kinds),
            }
            found = await tx.rows("activities_filtered_page", taken=skip + count, skip=skip, **filters)
            matching: int = await tx.value("activities_filtered_count", **filters)
            entries = [row["entry"] for row in found]
            dates = [row["date"] for row in await tx.rows("activities_dated", entries=entries)]
            return ActivityPage(matching, await _told(tx, entries, dates))

    async def get(self, tenant: Id, id: Id) -> Activity:
        """The activity of this id. Raises NotFound."""
        entries = [entry_of(id)]
        async with self._database.read(tenant) as tx:
            dates = [row["date"] for row in await tx.rows("activities_dated", entries=entries)]
            told = await _told(tx, entries, dates)
        # The entry's number alone is no proof: every small number is some entry's.
        if not told or told[0].id != id:
            raise NotFound("No such activity in this tenant")
        return told[0]

    async def _before(self, tenant: Id, moment: datetime) -> int:
        """How many activities there are before a moment, with marks put where they were missing."""
        mark, behind = await self._behind(tenant, moment)
        if behind is None:
            # A ledger that was filled before anybody read it. What is marked stays marked, so a reader who gives up
            # and comes again gets further.
            await self._mark(tenant)
            mark, behind = await self._behind(tenant, moment, at_any_length=True)
        assert behind is not None
        if behind >= SPACING and mark["next_entry"] is None:
            await self._mark(tenant)
        number: int = mark["number"]
        return number + behind

    async def _behind(self, tenant: Id, moment: datetime, *, at_any_length: bool = False) -> tuple[Row, int | None]:
        """The last mark before a moment, and how many activities stand between the two.

        None instead of a number where there may be more than are counted at once.
        """
        async with self._database.read(tenant) as tx:
            mark = await tx.row("activity_mark_before", before=moment)
            assert mark is not None
            until = mark["next_entry"]
            if until is None and not at_any_length and mark["last_entry"] - mark["entry"] > _MARKED_AT_ONCE:
                return mark, None
            behind: int = await tx.value(
                "activities_before",
                entry=mark["entry"],
                reached=mark["reached"],
                until=_NO_END if until is None else until,
                before=moment,
            )
        return mark, behind

    async def _mark(self, tenant: Id) -> None:
        marked = True
        while marked:
            async with self._database.write(tenant) as tx:
                last = await tx.row("activity_mark_last")
                rows = await tx.rows(
                    "activity_marks_add",
                    number=last["number"] if last else 0,
                    entry=last["entry"] if last else 0,
                    reached=last["reached"] if last else None,
                    count=_MARKED_AT_ONCE,
                    spacing=SPACING,
                )
                marked = bool(rows)


async def _counted_page(tx: ReadTx, skip: int, count: int) -> tuple[list[int], list[datetime]]:
    mark = await tx.row("activity_mark_until", number=skip)
    passed_over = skip - (mark["number"] if mark else 0)
    rows = await tx.rows(
        "activities_counted_page",
        entry=mark["entry"] if mark else 0,
        reached=mark["reached"] if mark else None,
        taken=passed_over + count,
        skip=passed_over,
    )
    return [row["entry"] for row in rows], [row["date"] for row in rows]


async def _entry_at(tx: ReadTx, number: int) -> int:
    """The entry of the activity of this number, or what lies beyond every entry."""
    entries, _ = await _counted_page(tx, number - 1, 1)
    return entries[0] if entries else _NO_END


async def _items(tx: ReadTx, references: Sequence[Reference]) -> list[Id]:
    found: list[Id] = []
    for kind in {kind for reference in references for kind in reference.kinds}:
        rows = await tx.rows(
            "items_named",
            kind=kind,
            values=[normalise(kind, reference.value) for reference in references],
            ids=[reference.id for reference in references],
        )
        found += [row["item"] for row in rows]
    return found


async def _told(tx: ReadTx, entries: Sequence[int], dates: Sequence[datetime | None]) -> list[Activity]:
    return [_activity(row) for row in await tx.rows("activities_get", entries=entries, dates=dates)] if entries else []


def _activity(row: Row) -> Activity:
    completed = None
    if row["completed_at"] is not None:
        completed = When(row["completed_at"], Precision.DAY if row["completed_by_day"] else Precision.INSTANT)
    return Activity(
        entry=row["entry"],
        kind=ActivityKind(row["kind"]),
        at=row["date"],
        recorded_at=row["recorded_at"],
        record=row["record"],
        person=row["person"],
        item=row["item"],
        item_version=row["item_version"],
        item_kind=ItemKind(row["item_kind"]),
        item_format=row["format"],
        title=row["title"],
        language=row["language"],
        completed=completed,
        started_at=row["started_at"],
        attempted_at=row["attempted_at"],
        passed=row["passed"],
        score_percent=row["score_percent"],
        time_spent=row["time_spent"],
        source=row["source"],
    )
