"""Batches: many upserts in one call, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import parse, to_opaque
from testamur.core.items import ItemTelling
from testamur.core.moments import format_instant
from testamur.dialects.stackone.translate.content import fault_told
from testamur.dialects.stackone.wire import BatchResult
from testamur.dialects.stackone.wire import batches as wire
from testamur.http.decode import fault_of
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import instant, json_reply
from testamur.ledger.batches import ROWS_MAX

BODY_MAX_BYTES = 64 * 1024 * 1024
"""Of a batch: 10,000 rows of some 6 kB."""


async def put_batch(
    call: Call, kind: str, type: Any, items: Sequence[msgspec.Raw], tell: Callable[[Any], ItemTelling]
) -> Reply:
    """Put a batch and answer it: an inner list for each row, empty where the row was taken."""
    if len(items) > ROWS_MAX:
        raise InvalidInput(FieldFault("items", "range", f"takes {ROWS_MAX} rows at most"))
    id, rows = await call.ledger.batches.run(call.caller, kind, len(items), _rows(items, type, tell), fault_told)
    where = f"/unified/lms/batches/{to_opaque(id)}"
    message = f"Batch operation accepted; its outcome stays at {where}"
    result = BatchResult(202, message, format_instant(call.now), [[row.reason] if row.reason else [] for row in rows])
    return json_reply(202, result, (b"location", f"{call.base_url}{where}".encode()))


async def get_batch(call: Call) -> Reply:
    batch = await call.ledger.batches.get(call.caller.tenant, parse(call.path["id"]))
    rows = [
        wire.BatchRow(
            row.outcome.value, None if row.item is None else to_opaque(row.item), [row.reason] if row.reason else []
        )
        for row in batch.rows
    ]
    ended = instant(batch.ended_at)
    return json_reply(
        200,
        wire.BatchAnswer(
            wire.Batch(to_opaque(batch.id), batch.kind, batch.count, format_instant(batch.started_at), ended, rows)
        ),
    )


def _rows(
    items: Sequence[msgspec.Raw], type: Any, tell: Callable[[Any], ItemTelling]
) -> Iterator[ItemTelling | FieldFault]:
    decoder = msgspec.json.Decoder(type)
    for item in items:
        try:
            yield tell(decoder.decode(item))
        except msgspec.ValidationError as error:
            yield fault_of(error)
        except InvalidInput as error:
            yield error.faults[0]


OPERATIONS = (
    Operation(
        name="testamur_get_batch",
        method="GET",
        path="/unified/lms/batches/{id}",
        handler=get_batch,
        summary="What became of the rows of a batch; ours, not the vendor's",
        answers={200: wire.BatchAnswer},
    ),
)
