"""Transcripts: as JSON, as CSV, and as a page to read and to print."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from html import escape
from typing import Any

import msgspec

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import to_ulid
from testamur.core.transcripts import Checked, Code, Heading, Line, told
from testamur.dialects.api.translate import cell, id_of
from testamur.dialects.api.wire import transcripts as wire
from testamur.http.replies import instant
from testamur.ledger.transcripts import Transcript

CSV_COLUMNS = (*wire.TranscriptLine.__struct_fields__, "person", "produced_at", "check")
_JSON = msgspec.json.Encoder()


def code(text: str) -> Code:
    """A check value as it was printed. Raises InvalidInput."""
    try:
        return Code.read(text)
    except ValueError as error:
        raise InvalidInput(FieldFault("check", "format", str(error))) from error


def checked(found: Checked) -> wire.TranscriptCheck:
    because = None if found.stands else "changed" if found.ended else "unknown"
    return wire.TranscriptCheck(
        stands=found.stands,
        because=because,  # type: ignore[arg-type]  # one of the two
        person=to_ulid(found.person, "person"),
        produced_at=instant(found.produced_at) or "",
        count=found.records,
        ended=[
            wire.EndedFact(
                record=to_ulid(one.record, "record"),
                revision=one.revision,
                ended_at=instant(one.at) or "",
                ended_as=one.how,  # type: ignore[arg-type]  # the table's constraint has these words
            )
            for one in found.ended
        ],
    )


async def as_json(transcript: Transcript) -> AsyncIterator[bytes]:
    """As one `wire.Transcript`, whose list of records comes last and in slices."""
    empty = _JSON.encode(_whole(transcript.heading))
    yield empty.removesuffix(b"]}")
    before = b""
    async for lines in transcript.lines():
        yield before + b",".join(_JSON.encode(_line(line)) for line in lines)
        before = b","
    yield b"]}"


async def as_csv(transcript: Transcript) -> AsyncIterator[bytes]:
    """With a header, as RFC 4180 has it, in UTF-8. Every row says whose it is, of when, and how it is checked."""
    heading = transcript.heading
    about = [to_ulid(heading.person.id, "person"), instant(heading.produced_at), heading.check]
    yield _rows([CSV_COLUMNS])
    async for lines in transcript.lines():
        shown = (_line(line) for line in lines)
        yield _rows([[*(getattr(one, name) for name in one.__struct_fields__), *about] for one in shown])


async def as_html(transcript: Transcript) -> AsyncIterator[bytes]:
    """As one page without anything from elsewhere, light or dark on a screen and plain on paper."""
    heading = transcript.heading
    person = heading.person
    name = " ".join(part for part in (person.given_name, person.family_name) if part) or "Somebody who was forgotten"
    about = [
        ("Person", person.ref),
        ("Id", to_ulid(person.id, "person")),
        ("Produced on", f"{heading.produced_on} ({instant(heading.produced_at)}, days of {heading.zone})"),
        ("Records", f"{heading.records}, of which completed {heading.completions}"),
        ("Check value", heading.check),
    ]
    shown = "".join(f"<dt>{label}</dt><dd>{_bdi(value)}</dd>" for label, value in about if value)
    titles = "".join(f"<th scope=col>{title}</th>" for title, _ in _CELLS)
    yield (
        f'<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width">'
        f"<title>Transcript of {escape(name)}</title><style>{_STYLE}</style></head><body>"
        f"<header><p>{_bdi(heading.tenant_name)}</p><h1>Transcript of {_bdi(name)}</h1><dl>{shown}</dl></header>"
        f"<table><thead><tr>{titles}</tr></thead><tbody>\n"
    ).encode()
    async for lines in transcript.lines():
        yield "".join(_row(line) for line in lines).encode()
    yield (
        f"</tbody></table><footer><p>What was withdrawn or corrected is left out. Whether this page is still true is"
        f" answered to its check value, {_bdi(heading.check)}.</p></footer></body></html>\n"
    ).encode()


FORMATS = {
    "application/json": as_json,
    "text/csv": as_csv,
    "text/html": as_html,
}


def _whole(heading: Heading) -> wire.Transcript:
    return wire.Transcript(
        organisation=heading.tenant_name,
        person=wire.TranscriptPerson(
            id=to_ulid(heading.person.id, "person"),
            ref=heading.person.ref,
            given_name=heading.person.given_name,
            family_name=heading.person.family_name,
        ),
        produced_on=heading.produced_on.isoformat(),
        produced_at=instant(heading.produced_at) or "",
        zone=heading.zone,
        entry=heading.entry,
        count=heading.records,
        completions=heading.completions,
        check=heading.check,
        records=[],
    )


def _line(line: Line) -> wire.TranscriptLine:
    return wire.TranscriptLine(
        record=to_ulid(line.record, "record"),
        revision=line.revision,
        item=id_of(line.item, "item"),
        item_ref=line.item_ref,
        item_version=line.item_version,
        title=line.title,
        provider=line.provider,
        is_outside=line.is_outside,
        completed_at=told(line.completed),
        started_at=instant(line.started_at),
        expires_at=instant(line.expires_at),
        passed=line.passed,
        score_percent=None if line.score_percent is None else float(line.score_percent),
        score_text=line.score_text,
        time_spent=line.time_spent,
        certificate=line.certificate,
        is_prior=line.is_prior,
        source=line.source,
        key=line.source_id,
        recorded_at=instant(line.recorded_at) or "",
    )


def _rows(rows: Sequence[Sequence[Any]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows([cell(value) for value in row] for row in rows)
    return file.getvalue().encode()


def _row(line: Line) -> str:
    return f"<tr>{''.join(f'<td>{show(line)}</td>' for _, show in _CELLS)}</tr>\n"


def _bdi(text: str | None) -> str:
    """Text of others, which must not turn what stands around it."""
    return "" if not text else f"<bdi>{escape(text)}</bdi>"


def _moment(at: datetime | None) -> str:
    return (instant(at) or "").replace("T", " ").removesuffix(".000Z").removesuffix("Z") + " UTC" if at else ""


def _completed(line: Line) -> str:
    if line.completed is None:
        return "not completed"
    shown = told(line.completed) or ""
    return shown if len(shown) == len("2026-01-15") else _moment(line.completed.at)


def _what(line: Line) -> str:
    under = [line.item_ref, line.provider, "outside of the catalogue" if line.is_outside else None]
    under.append("prior learning" if line.is_prior else None)
    small = " \u00b7 ".join(_bdi(part) for part in under if part)
    return f"{_bdi(line.title)}<small>{small}</small>"


def _result(line: Line) -> str:
    word = {True: "passed", False: "failed", None: ""}[line.passed]
    score = line.score_text or ("" if line.score_percent is None else f"{line.score_percent.normalize():f} %")
    return " \u00b7 ".join(_bdi(part) for part in (word, score) if part)


def _certificate(line: Line) -> str:
    value = line.certificate
    if value and value.startswith(("https://", "http://")):
        return f'<a href="{escape(value)}" rel="noreferrer">{_bdi(value)}</a>'
    return _bdi(value)


_CELLS: Sequence[tuple[str, Callable[[Line], str]]] = (
    ("Completed", _completed),
    ("What was learnt", _what),
    ("Result", _result),
    ("Valid until", lambda line: _moment(line.expires_at)),
    ("Certificate", _certificate),
    ("Source", lambda line: _bdi(line.source)),
)
_STYLE = """
:root{color-scheme:light dark;--line:#0003;--quiet:#555}
@media(prefers-color-scheme:dark){:root{--line:#fff3;--quiet:#aaa}}
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
h1{font-size:1.5rem;margin:.2rem 0 1rem}header p{color:var(--quiet);margin:0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0 0 1.5rem}
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th,td{text-align:start;vertical-align:top;padding:.35rem .6rem .35rem 0;border-bottom:1px solid var(--line)}
td{overflow-wrap:anywhere}td:first-child{white-space:nowrap}
th{color:var(--quiet);font-weight:600}small{display:block;color:var(--quiet)}footer{color:var(--quiet)}
@page{size:A4;margin:18mm 14mm}
@media print{:root{color-scheme:light;--line:#0003;--quiet:#444}body{font-size:9.5pt;margin:0;max-width:none;padding:0}
thead{display:table-header-group}tr{break-inside:avoid}a{color:inherit;text-decoration:none}}
"""
