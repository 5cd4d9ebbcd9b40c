"""Facts by the million, as lines of JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from testamur.core.ids import Id
from testamur.dialects.api.wire import exports as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.ledger.exports import Exported, Exports, Form

LINES = "application/x-ndjson"
_AT_ONCE = 5_000


class _Lines:
    """Slices as they are read: while a client takes its time, nothing is held but one of them."""

    length: int | None = None

    def __init__(self, exports: Exports, tenant: Id, what: Exported, after: int, until: int) -> None:
        self._slices = exports.slices(tenant, what, Form.LINES, after=after, until=until, count=_AT_ONCE)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for slice in self._slices:
            yield slice.data

    async def aclose(self) -> None:
        await self._slices.aclose()


async def _export(what: Exported, call: Call) -> Reply:
    tenant, exports, after = call.caller.tenant, call.ledger.exports, call.params["after"]
    last = await exports.last(tenant, after)
    headers = [(b"testamur-last", str(last).encode()), (b"cache-control", b"no-store")]
    lines = _Lines(exports, tenant, what, after, last)
    return Reply(200, headers=headers, media_type=LINES.encode(), parts=lines)


_AFTER = Param("after", "integer", 0, minimum=0, summary="The header Testamur-Last of the answer before")
OPERATIONS = (
    Operation(
        name="exportFacts",
        method="GET",
        path="/v1/exports/facts",
        handler=partial(_export, Exported.FACTS),
        summary="Every fact recorded behind an entry, standing or not, as lines of JSON in the order of entries",
        params=(_AFTER,),
        answers={200: wire.ExportedFact},
        answers_lines=LINES,
    ),
    Operation(
        name="exportEndings",
        method="GET",
        path="/v1/exports/endings",
        handler=partial(_export, Exported.ENDINGS),
        summary="Which facts ceased to stand behind an entry, as lines of JSON in the order of entries",
        params=(_AFTER,),
        answers={200: wire.ExportedEnding},
        answers_lines=LINES,
    ),
)
