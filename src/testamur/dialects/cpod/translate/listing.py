"""The query string of the list, as a search. Pure functions.

Names are taken in snake case and in camel case. Whatever is not understood is refused, so that a mistyped filter never
returns everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from testamur.core.callers import Caller
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.moments import Precision, When
from testamur.core.people import Reference
from testamur.dialects.cpod.translate import person, reference_id
from testamur.http.operations import Param
from testamur.ledger.record_search import PAGE_MAX, SORT_FIELDS, Amount, Sort, Span, Wanted

PAGE_DEFAULT = 50
VALUES_MAX = 500
"""Values that one filter takes: as many as a page has records."""

T = TypeVar("T")

_MOMENTS = ("created_at", "updated_at", "completed_at", "expires_at")
_BOUNDS = ("gte", "gt", "lte", "lt")
_TEXTS = ("provider", "title", "certification_ref", "source", "source_type", "app_id")
_IDS = {
    "id": "record",
    "person_id": "person",
    "created_by": "person",
    "linked_cohort_id": "cohort",
    "linked_assessment_id": "assessment",
}
_FILTERS = (*_TEXTS, *_IDS, "passed")


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def _param(name: str, kind: Any = "text", *aliases: str, **more: Any) -> Param:
    camel = _camel(name)
    return Param(name, kind, aliases=(*aliases, *([camel] if camel != name else [])), **more)


PARAMS = (
    _param("limit", "integer", "pageSize", "page_size", default=PAGE_DEFAULT, minimum=1, maximum=PAGE_MAX),
    _param("cursor", summary="nextCursor of the page before, with the same filters and sort"),
    _param("sort", summary=f"Comma list over {', '.join(SORT_FIELDS)}; `-` for descending; -created_at by default"),
    _param("include_deleted", "boolean", default=False),
    _param("total", "boolean", default=True, summary="false leaves the count out"),
    _param("q", "text", "search", summary="Part of title, provider or certification_ref, in any letter case"),
    *(_param(name, summary="A comma or a repeated parameter: any of; null: has none") for name in _FILTERS),
    *(_param(f"{name}[{bound}]", "moment", days=True) for name in _MOMENTS for bound in _BOUNDS),
    *(_param(f"score[{bound}]") for bound in _BOUNDS),
)
_NAMES = {name: param.name for param in PARAMS for name in (param.name, *param.aliases)}
_MAY_BE_EMPTY = frozenset({"q", *_TEXTS})


def wanted(query: Sequence[tuple[str, str]], params: Mapping[str, Any]) -> Wanted:
    """What the query string asks for.

    Args:
        query: every parameter as sent.
        params: the declared ones as read.
    Raises: InvalidInput naming every parameter that is unknown or cannot be read.
    """
    faults: list[FieldFault] = []
    given: dict[str, list[str]] = {}
    for sent, text in query:
        name = _NAMES.get(sent)
        if name is None:
            faults.append(FieldFault(sent, "unknown", "is not a parameter here"))
        elif text == "" and name not in _MAY_BE_EMPTY:
            faults.append(FieldFault(sent, "format", "may not be empty"))
        elif name in _FILTERS:
            given.setdefault(name, []).extend(_split(text))

    def any_of(name: str, read: Callable[[str], T]) -> tuple[T | None, ...] | None:
        texts = given.get(name)
        if texts is None:
            return None
        if len(texts) > VALUES_MAX:
            faults.append(FieldFault(name, "range", f"takes {VALUES_MAX} values at most"))
            return None
        try:
            # In order, so that a cursor does not depend on how the values were strung together.
            return tuple(None if text == "null" else read(_unescape(text)) for text in sorted(set(texts)))
        except ValueError as error:
            faults.append(FieldFault(name, "format", str(error)))
            return None

    def ids(name: str) -> tuple[Id | None, ...] | None:
        return any_of(name, lambda text: reference_id(text, _IDS[name]))

    def number(name: str) -> Decimal | None:
        text = params[name]
        if text is None:
            return None
        if not re.fullmatch(r"-?\d{1,9}(\.\d{1,20})?", text, re.ASCII):
            faults.append(FieldFault(name, "format", "must be a number, such as 87.5"))
            return None
        return Decimal(text)

    def person_of(text: str) -> Reference:
        reference_id(text, "person")
        return person(text, "person_id")

    asked = Wanted(
        ids=ids("id"),
        people=any_of("person_id", person_of),
        titles=any_of("title", str),
        providers=any_of("provider", str),
        passed=any_of("passed", _boolean),
        certificates=any_of("certification_ref", str),
        cohorts=ids("linked_cohort_id"),
        assessments=ids("linked_assessment_id"),
        sources=any_of("source", str),
        source_types=any_of("source_type", str),
        creators=ids("created_by"),
        applications=any_of("app_id", str),
        created=_span(params, "created_at"),
        updated=_span(params, "updated_at"),
        completed=_span(params, "completed_at"),
        expires=_span(params, "expires_at"),
        score=Amount(
            least=number("score[gte]"),
            above=number("score[gt]"),
            most=number("score[lte]"),
            below=number("score[lt]"),
        ),
        text=params["q"],
        voided=params["include_deleted"],
    )
    if faults:
        raise InvalidInput(faults)
    return asked


def sort(text: str | None) -> tuple[Sort, ...]:
    """The order that `text` names: `-completed_at,title`. Raises InvalidInput."""
    if text is None:
        return (Sort("created_at", descends=True),)
    named = {name: field for field in SORT_FIELDS for name in (field, _camel(field))}
    order: list[Sort] = []
    for word in text.split(","):
        field = named.get(word.strip().removeprefix("-"))
        if field is None:
            raise InvalidInput(FieldFault("sort", "format", f"{word!r} is none of {', '.join(SORT_FIELDS)}"))
        if field in (by.field for by in order):
            raise InvalidInput(FieldFault("sort", "duplicate", f"names {field} twice"))
        order.append(Sort(field, descends=word.strip().startswith("-")))
    return tuple(order)


def binding(caller: Caller, asked: Wanted, order: Sequence[Sort]) -> str:
    """What a cursor is bound to: whose list it is, its filters and its order. Not the size of a page."""
    own = caller.person if caller.sees_own_only else None
    return msgspec.json.encode([caller.tenant, caller.application, own, asked, order]).decode()


def _split(text: str) -> list[str]:
    """At commas; one that belongs to a value is written `\\,`."""
    return re.split(r"(?<!\\),", text)


def _unescape(text: str) -> str:
    return text.replace("\\,", ",")


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("must be true, false or null")
    return text.lower() == "true"


def _span(params: Mapping[str, Any], name: str) -> Span:
    """The four bounds as one half-open span. A bare day is the whole of it, a moment its whole millisecond."""
    starts = [_at(params[f"{name}[gte]"]), _behind(params[f"{name}[gt]"])]
    ends = [_behind(params[f"{name}[lte]"]), _at(params[f"{name}[lt]"])]
    return Span(
        max((start for start in starts if start), default=None), min((end for end in ends if end), default=None)
    )


def _at(bound: When | None) -> datetime | None:
    return bound.at if bound else None


def _behind(bound: When | None) -> datetime | None:
    if bound is None:
        return None
    try:
        return bound.at + (timedelta(days=1) if bound.precision is Precision.DAY else timedelta(milliseconds=1))
    except OverflowError:
        return datetime.max.replace(tzinfo=bound.at.tzinfo)
