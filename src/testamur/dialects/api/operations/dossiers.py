"""Dossiers: /v1/people/{person}/dossier."""

from __future__ import annotations

from testamur.dialects.api.operations import people
from testamur.dialects.api.operations.shared import PAGE_POLICY
from testamur.dialects.api.translate import dossiers as translate
from testamur.dialects.api.wire import dossiers as wire
from testamur.http.accept import preferred
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import File


async def get_dossier(call: Call) -> Reply:
    media_type = preferred(call.header("accept"), tuple(translate.FORMATS))
    file = File()
    try:
        async with call.ledger.dossiers.open(call.caller, people.of(call)) as dossier:
            async for part in translate.FORMATS[media_type](dossier):
                file.write(part)
    except BaseException:
        file.close()
        raise
    headers = [(b"vary", b"accept"), (b"cache-control", b"no-store")]
    if media_type == "text/html":
        headers.append((b"content-security-policy", PAGE_POLICY))
        return Reply(200, headers=headers, media_type=b"text/html; charset=utf-8", parts=file)
    return Reply(200, headers=headers, parts=file)


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
