"""NDJSON: one JSON object a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from testamur.core.errors import FieldFault
from testamur.files.tables import LINE_MAX_BYTES, RawRow, unreadable

COLUMNS_MAX = 500
_MEMBER = re.compile(rb'"\s*:')
_BOM = b"\xef\xbb\xbf"


class Ndjson:
    """A file of JSON objects. Its header grows as rows bring new names."""

    is_named = True

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.header: list[str] = []

    def rows(self) -> Iterator[RawRow]:
        decode: Any = msgspec.json.Decoder(dict[str, Any]).decode
        find = _MEMBER.findall
        header, known, number, line_number = self.header, set(self.header), 0, 0
        while line := self._stream.readline(LINE_MAX_BYTES + 1):
            line_number += 1
            if len(line) > LINE_MAX_BYTES:
                raise unreadable(f"line {line_number} is longer than {LINE_MAX_BYTES} bytes", code="range")
            if line_number == 1:
                line = line.removeprefix(_BOM)
            line = line.strip()
            if not line:
                continue
            number += 1
            try:
                raw = line.decode()
            except UnicodeDecodeError as error:
                message = f"line {line_number} is not valid UTF-8: {error.reason} (rule I18)"
                raise unreadable(message) from error
            try:
                members = decode(line)
            except (msgspec.DecodeError, RecursionError) as error:
                yield RawRow(number, raw.replace("\0", "\\u0000"), None, FieldFault("", "format", f"{error}"))
                continue
            fault = None
            # Every member has a colon, and counting those is the faster look.
            if line.count(b":") != len(members) and len(find(line)) != len(members):
                fault = _fault(raw)
            if "\\u0000" in raw and fault is None and _has_nul(members):
                fault = FieldFault("", "format", "holds U+0000")
            if fault is None and list(members) == header:
                yield RawRow(number, raw, list(members.values()))
                continue
            if not members.keys() <= known and fault is None:
                if len(known | members.keys()) > COLUMNS_MAX:
                    raise unreadable(f"the file has more than {COLUMNS_MAX} columns", code="range")
                header += [name for name in members if name not in known]
                known.update(members)
            yield RawRow(number, raw, None if fault else list(map(members.get, header)), fault)


def _fault(raw: str) -> FieldFault | None:
    """A name that stands twice, of which a decoder would keep the last without a word."""
    twice: list[str] = []

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice.extend(name for name in found if names.count(name) > 1)
        return found

    json.loads(raw, object_pairs_hook=check)
    return FieldFault(twice[0], "duplicate", "stands twice") if twice else None


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in name or _has_nul(one) for name, one in value.items())
    return isinstance(value, list) and any(_has_nul(one) for one in value)
