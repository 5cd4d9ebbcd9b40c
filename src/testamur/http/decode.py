"""Reading requests: JSON, forms and query parameters into checked values, with errors that name the field."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.moments import parse_when
from testamur.http.errors import MalformedBody
from testamur.http.operations import Param

_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<where>[^`]*)`)?$", re.DOTALL)
_FIELD_IN_MESSAGE = re.compile(r"(?:missing required field|contains unknown field) `([^`]*)`")


def decode(data: bytes, type: Any) -> Any:
    """The JSON text `data` as a value of `type`.

    Raises: MalformedBody when it is not JSON; InvalidInput naming the field for a wrong type, a missing or unknown
        member, a member that occurs twice, and text that holds U+0000, which no database column can keep.
    """
    try:
        value = _decoder(type).decode(data)
        # A second reading, because msgspec lets the last of two equal members win without a word.
        if not _is_plainly_distinct(data):
            _STRICT.decode(data.decode())
    except msgspec.ValidationError as error:
        raise InvalidInput(fault_of(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise MalformedBody(f"The body is not well-formed JSON: {error}") from error
    except RecursionError as error:
        raise MalformedBody("The body is nested too deeply") from error
    if b"\\u0000" in data:
        _refuse_nul(json.loads(data), "")
    return value


def convert(value: Any, type: Any) -> Any:
    """Plain values, such as a decoded form, as a value of `type`. Raises InvalidInput."""
    try:
        return msgspec.convert(value, type)
    except msgspec.ValidationError as error:
        raise InvalidInput(fault_of(error)) from error


def form(data: bytes) -> dict[str, str]:
    """A form-encoded body; of a repeated field the last. Raises MalformedBody."""
    try:
        return dict(parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=100))
    except (UnicodeDecodeError, ValueError) as error:
        raise MalformedBody("The body is not a well-formed form") from error


def query_of(text: bytes) -> list[tuple[str, str]]:
    """The query string as pairs, in order. Raises InvalidInput for what is no UTF-8 or holds U+0000."""
    if not text:
        return []
    try:
        pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True, errors="strict", max_num_fields=1000)
    except (UnicodeDecodeError, ValueError) as error:
        raise InvalidInput(FieldFault("", "format", "the query string is not well-formed UTF-8")) from error
    for name, value in pairs:
        if "\0" in value or "\0" in name:
            raise InvalidInput(FieldFault(name.replace("\0", ""), "format", "may not contain U+0000"))
    return pairs


def read_params(query: Sequence[tuple[str, str]], declared: Sequence[Param], *, refuse_unknown: bool) -> dict[str, Any]:
    """The declared parameters by name. Of a repeated parameter the last counts.

    Raises: InvalidInput with one fault for each parameter that is wrong, or unknown where that is refused.
    """
    by_name = {name: param for param in declared for name in (param.name, *param.aliases)} if query else {}
    values: dict[str, Any] = {param.name: param.default for param in declared}
    faults: list[FieldFault] = []
    misread: list[Param] = []
    for name, text in query:
        param = by_name.get(name)
        if param is None:
            if refuse_unknown:
                faults.append(FieldFault(name, "unknown", "is not a parameter here"))
            continue
        if text == "":
            continue
        try:
            values[param.name] = _read(param, text)
        except ValueError as error:
            faults.append(FieldFault(name, "format", str(error)))
            misread.append(param)
    faults += [
        FieldFault(param.name, "missing", "is required")
        for param in declared
        if param.is_required and values[param.name] is None and param not in misread
    ]
    if faults:
        raise InvalidInput(faults)
    return values


def fault_of(error: msgspec.ValidationError) -> FieldFault:
    """What msgspec found, with the field spelled as the caller spells it: `items[2].title`."""
    match = _AT.match(str(error))
    assert match is not None
    what, where = match["what"], (match["where"] or "").removeprefix("$").removeprefix(".")
    named = _FIELD_IN_MESSAGE.search(what)
    if named:
        where = f"{where}.{named[1]}" if where else named[1]
        if "unknown" in what:
            return FieldFault(where, "unknown", "is not a field here")
        return FieldFault(where, "missing", "is required")
    code = "type" if "got `" in what else "range" if "Expected" in what else "format"
    return FieldFault(where.replace("...", "*"), code, what[:1].lower() + what[1:])


@cache
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type)


def _read(param: Param, text: str) -> Any:
    if param.kind == "integer":
        if not re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
            raise ValueError("must be a whole number")
        number = int(text)
        low, high = param.minimum, param.maximum
        if low is not None and number < low:
            if not param.clamp:
                raise ValueError(f"must be {low} or more")
            number = low
        if high is not None and number > high:
            if not param.clamp:
                raise ValueError(f"must be {high} or less")
            number = high
        return number
    if param.kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise ValueError("must be true or false")
        return text.lower() == "true"
    if param.kind == "moment":
        return parse_when(text, days=param.days)
    if param.choices and text not in param.choices:
        raise ValueError(f"must be one of {', '.join(param.choices)}")
    return text


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > 1 and len({name for name, _ in pairs}) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise InvalidInput(FieldFault(name, "duplicate", "occurs twice"))
            seen.add(name)


_STRICT = json.JSONDecoder(object_pairs_hook=_refuse_duplicates)


def _is_plainly_distinct(data: bytes) -> bool:
    """Whether no two strings of a JSON text are the same, names or values: then no member occurs twice.

    Only of a short one in visible ASCII without escapes is that quickly said.
    """
    if len(data) > _SHORT_BYTES or data.translate(None, _VISIBLE):
        return False
    strings = data.split(b'"')[1::2]
    return len(set(strings)) == len(strings)


_SHORT_BYTES = 2_048
_VISIBLE = bytes(range(0x20, 0x7F)).replace(b"\\", b"")


def _refuse_nul(value: Any, where: str) -> None:
    if isinstance(value, str) and "\0" in value:
        raise InvalidInput(FieldFault(where, "format", "may not contain U+0000"))
    if isinstance(value, dict):
        for name, member in value.items():
            _refuse_nul(name, where)
            _refuse_nul(member, f"{where}.{name}" if where else name)
    if isinstance(value, list):
        for place, member in enumerate(value):
            _refuse_nul(member, f"{where}[{place}]")
