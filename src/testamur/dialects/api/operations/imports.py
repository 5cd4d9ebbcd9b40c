"""Imports: a file is rehearsed as it comes, then committed; one of completions is taken back if need be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from testamur.core.callers import Scope
from testamur.core.errors import FieldFault, InvalidInput, Unauthenticated, Unavailable
from testamur.core.ids import Id
from testamur.core.imports import Batch, BatchNotFound, BatchState, Of
from testamur.core.people import Reference
from testamur.dialects.api.operations.shared import LIST, after, after_id, identify, listed
from testamur.dialects.api.translate import imports as translate
from testamur.dialects.api.translate import item, uploads
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import imports as wire
from testamur.files import MEDIA_TYPES
from testamur.http.limits import Places
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import empty_reply, json_reply
from testamur.ledger.import_errors import ErrorFile

PATH = "/v1/imports"
ONE = f"{PATH}/{{import}}"
FILE_MAX_BYTES = 8 << 30
_ERRORS_MAX = 10_000
STREAM_SECONDS_MAX = 600.0
KEEP_ALIVE_SECONDS = 15.0
STREAMS = Places(5)
"""Streams that a client may hold at once, in one worker."""
_LOOK_SECONDS = 0.5
_RETRY_MILLISECONDS = 1_000

FILE_OPTIONS = (
    Param("name", summary="Of the file"),
    Param("of", summary="What the rows tell of; completions without it", choices=tuple(of.value for of in Of)),
    Param("whole", "boolean", summary="There are no other people, items or members than those of the file"),
    Param("mapping", summary="Options as a JSON object: columns, results and all of these"),
    Param("date_form", summary="Form of dates that are not ISO 8601, such as DD/MM/YYYY"),
    Param("zone", summary="IANA zone of times that name none"),
    Param("source", summary="Where rows come from that do not say so"),
    Param("person_by", summary="Kinds of identifiers that name people, in order, with commas"),
    Param("learning_by", summary="Kinds of identifiers that name learning objects"),
    Param("earliest_year", "integer", summary="An earlier completion is an error", minimum=2, maximum=9998),
    Param("delimiter", summary="comma, semicolon or tab"),
    Param("encoding", summary="Of a CSV file that is not UTF-8"),
    Param("sheet", summary="Of a workbook"),
    Param("all_or_nothing", "boolean", summary="Refuse the commit when a row is held or rejected"),
)
"""What the sender of a file says about it."""


async def create_import(call: Call) -> Reply:
    if call.params["upload"] is not None:
        return await _import_upload(call, call.params["upload"])
    if call.body is None:
        raise InvalidInput(FieldFault("upload", "missing", "send a file, or name an upload"))
    media_type = (call.header("content-type") or "").partition(";")[0].strip().lower()
    batch = await call.ledger.imports.rehearse(
        call.caller,
        call.body,
        name=call.params["name"] or translate.UNNAMED,
        options=translate.options(call.params),
        format=MEDIA_TYPES[media_type],
    )
    shown = translate.batch(batch)
    return json_reply(201, shown, (b"location", f"{call.base_url}{PATH}/{shown.id}".encode()))


async def _import_upload(call: Call, text: str) -> Reply:
    if call.body is not None:
        raise InvalidInput(FieldFault("upload", "duplicate", "send a file or name an upload, not both"))
    tenant, id = call.caller.tenant, uploads.id(text)
    told = uploads.told(await call.ledger.uploads.get(tenant, id), call.params)
    shown = translate.batch(await call.ledger.imports.request(call.caller, id, told))
    return json_reply(202, shown, (b"location", f"{call.base_url}{PATH}/{shown.id}".encode()))


async def list_imports(call: Call) -> Reply:
    batches = await call.ledger.imports.list(call.caller.tenant, after=after_id(call), count=call.params["limit"] + 1)
    return listed(call, batches, translate.batch, lambda batch: [batch.id])


async def get_import(call: Call) -> Reply:
    id = translate.id(call.path["import"])
    return json_reply(200, translate.batch(await call.ledger.imports.get(call.caller.tenant, id)))


async def list_import_rows(call: Call) -> Reply:
    tenant, id = call.caller.tenant, translate.id(call.path["import"])
    only = translate.outcomes(call.params["outcome"])
    header = tuple((await call.ledger.imports.get(tenant, id)).header)
    place = after(call, int)
    rows = await call.ledger.imports.rows(
        tenant, id, outcomes=only, after=place[0] if place else 0, count=call.params["limit"] + 1
    )
    return listed(call, rows, lambda row: translate.row(row, header), lambda row: [row.number])


async def get_import_errors(call: Call) -> Reply:
    tenant, id = call.caller.tenant, translate.id(call.path["import"])
    file = ErrorFile(await call.ledger.imports.get(tenant, id))
    lines, count = [file.head()], 0
    async for row in call.ledger.imports.errors(tenant, id, after=call.params["after"]):
        lines.append(file.line(row))
        count += 1
        if count == _ERRORS_MAX:
            break
    return Reply(200, b"".join(lines), [], file.media_type.encode())


async def watch_import(call: Call) -> Reply:
    id = translate.id(call.path["import"])
    found = await call.ledger.imports.get(call.caller.tenant, id)
    told = call.header("last-event-id") or ""
    if found.stage is None and translate.event(found)[0] == told:
        # What makes a browser's EventSource come back no more.
        return empty_reply(204)
    headers = [(b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    return Reply(200, headers=headers, media_type=b"text/event-stream", parts=_Events(call, id, told))


class _Events:
    """What there is to say of an import until it is at rest, its reader goes away, or this server stops.

    Where the time is over or the server stops the stream ends, and its reader comes back with Last-Event-ID.
    """

    length: int | None = None

    def __init__(self, call: Call, id: Id, told: str) -> None:
        self._call, self._id, self._told = call, id, told
        self._leaving = asyncio.Event()
        if call.leaving is not None:
            call.leaving(self._leaving)
        STREAMS.take(call.caller.client)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop().time
        ends, spoken = clock() + STREAM_SECONDS_MAX, clock()
        yield b"retry: %d\n\n" % _RETRY_MILLISECONDS
        is_open = True
        while is_open and clock() < ends:
            told, is_open = await self._look()
            if told or clock() - spoken > KEEP_ALIVE_SECONDS:
                spoken = clock()
                yield told or b": still here\n\n"
            if is_open:
                is_open = not await self._leaves()

    async def _look(self) -> tuple[bytes, bool]:
        """What is new, and whether there is more to come."""
        try:
            await identify(self._call)
            found: Batch | None = await self._call.ledger.imports.get(self._call.caller.tenant, self._id)
        except BatchNotFound:
            found = None
        except Unauthenticated:
            return b"", False  # the key was revoked meanwhile
        except Unavailable:
            return b"", True
        id, event = translate.event(found)
        if id == self._told:
            return b"", True
        self._told = id
        return event, found is not None and found.stage is not None

    async def _leaves(self) -> bool:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                return await self._leaving.wait()
        except TimeoutError:
            return False

    async def aclose(self) -> None:
        STREAMS.give(self._call.caller.client)


async def commit_import(call: Call) -> Reply:
    id = translate.id(call.path["import"])
    batch = await call.ledger.imports.begin(
        call.caller, id, BatchState.COMMITTED, removals=call.params["confirm_removals"]
    )
    return json_reply(202, translate.batch(batch))


async def undo_import(call: Call) -> Reply:
    id = translate.id(call.path["import"])
    return json_reply(202, translate.batch(await call.ledger.imports.begin(call.caller, id, BatchState.UNDONE)))


async def map_outside(call: Call) -> Reply:
    await call.ledger.imports.get(call.caller.tenant, translate.id(call.path["import"]))
    outside: Reference = item(call.body.outside, "outside")
    moved = await call.ledger.imports.map(call.caller, outside, item(call.body.item, "item"))
    return json_reply(200, wire.Mapped(moved=moved))


OPERATIONS = (
    Operation(
        name="createImport",
        method="POST",
        path=PATH,
        handler=create_import,
        summary="Send a file and rehearse it: every row's outcome, and what would change",
        scope=Scope.WRITE,
        files=tuple(MEDIA_TYPES),
        body_max_bytes=FILE_MAX_BYTES,
        params=(
            *FILE_OPTIONS,
            Param("upload", summary="Id of an upload that the file came by, instead of a body"),
        ),
        body_optional=True,
        answers={201: wire.Import, 202: wire.Import},
    ),
    Operation(
        name="listImports",
        method="GET",
        path=PATH,
        handler=list_imports,
        summary="Imports, the newest first",
        params=LIST,
        answers={200: List[wire.Import]},
    ),
    Operation(
        name="getImport",
        method="GET",
        path=ONE,
        handler=get_import,
        summary="One import, and how far it is",
        answers={200: wire.Import},
    ),
    Operation(
        name="listImportRows",
        method="GET",
        path=f"{ONE}/rows",
        handler=list_import_rows,
        summary="Rows of an import in order, with what became of each",
        params=(Param("outcome", summary="Only these outcomes, with commas between them"), *LIST),
        answers={200: List[wire.ImportRow]},
    ),
    Operation(
        name="getImportErrors",
        method="GET",
        path=f"{ONE}/errors",
        handler=get_import_errors,
        summary="Rows that are held or rejected as they came, with _row, _outcome and _error; 10,000 at most",
        params=(Param("after", "integer", 0, minimum=0, summary="Only rows behind this number"),),
        answers={200: None},
    ),
    Operation(
        name="watchImport",
        method="GET",
        path=f"{ONE}/events",
        handler=watch_import,
        summary="How far an import is as it goes on, as server-sent events; the last one is `end`",
        headers={"Last-Event-ID": "Of the event that was seen last: only what is new is told"},
        answers={200: None, 204: None},
    ),
    Operation(
        name="commitImport",
        method="POST",
        path=f"{ONE}/commit",
        handler=commit_import,
        summary="Write a rehearsed file into the ledger, in the background",
        scope=Scope.WRITE,
        params=(
            Param(
                "confirm_removals", "integer", minimum=0, summary="The number of removals, where it must be confirmed"
            ),
        ),
        answers={202: wire.Import},
    ),
    Operation(
        name="undoImport",
        method="POST",
        path=f"{ONE}/undo",
        handler=undo_import,
        summary="Take back what an import wrote, in the background",
        scope=Scope.WRITE,
        answers={202: wire.Import},
    ),
    Operation(
        name="mapOutsideLearning",
        method="POST",
        path=f"{ONE}/map",
        handler=map_outside,
        summary="Say which item outside learning stands for; its completions count from their own days",
        scope=Scope.WRITE,
        body=wire.MapOutside,
        answers={200: wire.Mapped},
    ),
)
