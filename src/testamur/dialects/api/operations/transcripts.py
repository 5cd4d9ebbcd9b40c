"""Transcripts."""

from __future__ import annotations

from testamur.dialects.api.operations import people
from testamur.dialects.api.operations.shared import written
from testamur.dialects.api.translate import transcripts as translate
from testamur.dialects.api.wire import transcripts as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply


async def get_transcript(call: Call) -> Reply:
    return await written(call, call.ledger.transcripts.open(call.caller.tenant, people.of(call)), translate.FORMATS)


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
