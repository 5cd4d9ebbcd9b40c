"""Dossiers: /v1/people/{person}/dossier."""

from __future__ import annotations

from testamur.dialects.api.operations import people
from testamur.dialects.api.operations.shared import written
from testamur.dialects.api.translate import dossiers as translate
from testamur.dialects.api.wire import dossiers as wire
from testamur.http.operations import Call, Operation, Reply


async def get_dossier(call: Call) -> Reply:
    return await written(call, call.ledger.dossiers.open(call.caller, people.of(call)), translate.FORMATS)


OPERATIONS = (
    Operation(
        name="getDossier",
        method="GET",
        path=f"{people.ONE}/dossier",
        handler=get_dossier,
        summary="Everything that is known about a person, as JSON or a page, by the header Accept; it leaves an entry",
        answers={200: wire.Dossier},
        media_types=("text/html",),
    ),
)
