"""A dossier as one JSON document."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from testamur.core.moments import format_instant
from testamur.ledger.dossiers import SECTIONS, Dossier


async def as_json(dossier: Dossier) -> AsyncIterator[bytes]:
    """The person, then each section as a list of its rows. Ids are UUIDs, a spelling that all APIs take."""
    yield (
        f'{{"produced_at":{json.dumps(format_instant(dossier.produced_at))},"entry":{dossier.entry},\n'
        f'"person":{dossier.about}'
    ).encode()
    for section in SECTIONS:
        yield f",\n{json.dumps(section)}:[".encode()
        before = "\n"
        async for rows in dossier.rows(section):
            yield (before + ",\n".join(rows)).encode()
            before = ",\n"
        yield b"]"
    yield b"}\n"
