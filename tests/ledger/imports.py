"""Files on their way into the ledger, as tests send them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from testamur.core.imports import Batch, Options, Outcome, RowShown
from testamur.core.people import Reference
from testamur.core.records import Record
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub
from tests.ledger.tellings import kept


def rehearse(hub: Hub, text: str | bytes, *, name: str = "history.csv", **options: Any) -> Batch:
    data = text if isinstance(text, bytes) else text.encode()
    work = hub.ledger.imports.rehearse(hub.caller, io.BytesIO(data), name=name, options=Options(**options))
    return hub.do(work)


def commit(hub: Hub, batch: Batch) -> Batch:
    return hub.do(hub.ledger.imports.commit(hub.caller, batch.id))


def undo(hub: Hub, batch: Batch) -> Batch:
    return hub.do(hub.ledger.imports.undo(hub.caller, batch.id))


def imported(hub: Hub, text: str | bytes, **options: Any) -> Batch:
    return commit(hub, rehearse(hub, text, **options))


def rows(hub: Hub, batch: Batch, *outcomes: Outcome) -> Sequence[RowShown]:
    return hub.do(hub.ledger.imports.rows(hub.tenant.id, batch.id, outcomes=outcomes or None, count=1_000))


def outcomes(batch: Batch) -> dict[str, int]:
    """Those that there are."""
    assert sum(batch.outcomes.values()) == batch.rows
    return {outcome.value: count for outcome, count in batch.outcomes.items() if count}


def records(hub: Hub, person: str = "00123") -> list[Record]:
    """What the ledger knows of a person, oldest completion first."""
    of = Reference(person, ("ref",), "person", "person")
    found = hub.do(hub.ledger.records.page(hub.tenant.id, person=of, count=1_000))
    return sorted(found, key=lambda record: record.completed.at if record.completed else record.created_at)


def gapless(urls: DatabaseUrls, hub: Hub) -> None:
    """Entries are numbered without gaps, and each fact names its own."""
    numbers = [row["number"] for row in kept(urls, hub, "ledger_entry", "number")]
    assert numbers == list(range(1, len(numbers) + 1))
    kinds = {row["number"]: (row["kind"], row["subject"]) for row in kept(urls, hub, "ledger_entry", "number")}
    for fact in kept(urls, hub, "fact", "entry"):
        kind, subject = kinds[fact["entry"]]
        assert kind == ("record.created" if fact["revision"] == 1 else "record.superseded")
        assert subject == fact["record"]


def days_ago(days: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=days)
