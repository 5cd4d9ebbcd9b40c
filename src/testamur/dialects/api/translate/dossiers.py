"""Dossiers: as one JSON document, and as a page to read and to print (rule G7)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from html import escape
from typing import Any

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


async def as_html(dossier: Dossier) -> AsyncIterator[bytes]:
    """One page without anything from elsewhere: each thing as a list of what is known of it."""
    yield (
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>All about a person</title><style>{_STYLE}</style></head><body><header><h1>All that is known about a"
        f" person</h1><p>Produced at {format_instant(dossier.produced_at)}, as of entry {dossier.entry} of the ledger."
        f"</p></header><section><h2>Person</h2>{_article(dossier.about)}</section>\n"
    ).encode()
    for section in SECTIONS:
        is_first = True
        async for rows in dossier.rows(section):
            title = f"<section><h2>{escape(section.replace('_', ' ').capitalize())}</h2>" if is_first else ""
            yield (title + "".join(map(_article, rows))).encode()
            is_first = False
        yield b"" if is_first else b"</section>\n"
    yield b"</body></html>\n"


FORMATS = {"application/json": as_json, "text/html": as_html}


def _article(row: str) -> str:
    said: dict[str, Any] = json.loads(row)
    told = [(name.replace("_", " "), value) for name, value in said.items() if value not in (None, "", [], {})]
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{_value(value)}</dd>' for name, value in told)}</dl>"


def _value(value: Any) -> str:
    """Text of others, which must not turn what stands around it."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"<bdi>{escape(text)}</bdi>"


_STYLE = """
:root{color-scheme:light dark;--line:#0003;--quiet:#555}
@media(prefers-color-scheme:dark){:root{--line:#fff3;--quiet:#aaa}}
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}header p{color:var(--quiet)}
dl{display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.15rem 1rem;margin:0;padding:.6rem 0;
border-bottom:1px solid var(--line)}
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
@page{size:A4;margin:18mm 14mm}
@media print{:root{color-scheme:light;--line:#0003;--quiet:#444}body{font-size:9.5pt;margin:0;max-width:none;padding:0}
dl{break-inside:avoid}}
"""
