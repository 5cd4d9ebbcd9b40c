"""Asking for an import of an upload: it is read in the background, by whichever worker comes first."""

from __future__ import annotations

from datetime import datetime

from testamur.core.ids import Id, new_id
from testamur.core.imports import Of
from testamur.core.uploads import Rehearsal
from testamur.ledger.entries import Change, append
from testamur.storage.transactions import WriteTx


async def request_import(
    tx: WriteTx, client: Id, person: Id | None, upload: Id, length: int, told: Rehearsal, now: datetime
) -> Id:
    """Begin a batch that is read from a whole upload. The tenant's counter is locked."""
    id = new_id()
    await tx.run(
        "import_start",
        id=id,
        of=Of(told.options.get("of", Of.COMPLETIONS)).value,
        client=client,
        person=person,
        name=told.name[:255],
        format=told.format or "",
        bytes=length,
        digest="",
        options=dict(told.options),
        upload=upload,
        now=now,
    )
    data = {"name": told.name[:255], "upload": str(upload)}
    await append(tx, client, [Change("import.requested", id, data)], now)
    return id
