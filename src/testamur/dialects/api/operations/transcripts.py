"""Transcripts."""

from __future__ import annotations

from testamur.dialects.api.operations import people
from testamur.dialects.api.operations.shared import PAGE_POLICY
from testamur.dialects.api.translate import transcripts as translate
from testamur.dialects.api.wire import transcripts as wire
from testamur.http.accept import preferred
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import File, json_reply


async def get_transcript(call: Call) -> Reply:
    media_type = preferred(call.header("accept"), tuple(translate.FORMATS))
    file = File()
    try:
        async with call.ledger.transcripts.open(call.caller.tenant, people.of(call)) as transcript:
            async for part in translate.FORMATS[media_type](transcript):
                file.write(part)
    except BaseException:
        file.close()
        raise
    headers = [(b"vary", b"accept"), (b"cache-control", b"no-store")]
    if media_type == "text/html":
        headers.append((b"content-security-policy", PAGE_POLICY))
    suffix = "" if media_type == "application/json" else "; charset=utf-8"
    return Reply(200, headers=headers, media_type=f"{media_type}{suffix}".encode(), parts=file)


async def check_transcript(call: Call) -> Reply:
    found = await call.ledger.transcripts.check(call.caller.tenant, translate.code(call.params["check"]))
    return json_reply(200, translate.checked(found), (b"cache-control", b"no-store"))


OPERATIONS = (
    Operation(
        name="getTranscript",
        method="GET",
        path=f"{people.ONE}/transcript",
        handler=get_transcript,
        summary="All that stands of what a person has learnt, as JSON, CSV or a page to print, by the header Accept",
        answers={200: wire.Transcript},
        media_types=("text/csv", "text/html"),
    ),
    Operation(
        name="checkTranscript",
        method="GET",
        path="/v1/transcripts/check",
        handler=check_transcript,
        summary="Whether a transcript that was given out still says what the ledger says",
        params=(Param("check", is_required=True, summary="The check value that stands on it"),),
        answers={200: wire.TranscriptCheck},
    ),
)
