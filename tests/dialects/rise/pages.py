"""What the tests of this dialect share: its paths, and reading its lists and errors."""

from __future__ import annotations

from typing import Any

import httpx

from testamur.core.ids import Id, to_hex24
from testamur.core.items import ItemKind, ItemTelling
from testamur.core.people import Identifier, Reference
from tests.hub import Hub

DATES = {"startedAt": "2021-01-01T09:00:00Z", "completedAt": "2021-01-01T10:30:00Z"}
JSON = {"content-type": "application/json"}


def completions(item: Id | str, person: Id | str) -> str:
    return f"/courses/{_text(item)}/users/{_text(person)}/completions"


def import_dates(hub: Hub, item: Id, person: Id | None = None, **changed: Any) -> httpx.Response:
    """Import a completion for `person`, or the hub's own; members set to `...` are left out."""
    body = {name: value for name, value in (DATES | changed).items() if value is not ...}
    with hub.client("rise") as client:
        return client.post(completions(item, person or hub.person), json=body)


def course_line(hub: Hub, item: Id, person: Id | None = None) -> dict[str, Any]:
    """The one line about `person` in the course's report."""
    with hub.client("rise") as client:
        learners = client.get(f"/reports/courses/{to_hex24(item)}").json()["learners"]
    (line,) = [line for line in learners if line["userId"] == to_hex24(person or hub.person)]
    assert isinstance(line, dict)
    return line


def learners(client: httpx.Client, item: Id) -> list[str]:
    """The ids in the course's report."""
    lines = client.get(f"/reports/courses/{to_hex24(item)}").json()["learners"]
    return [line["userId"] for line in lines]


def path_of(hub: Hub, *items: Id) -> Id:
    """The hub's learning path, made to consist of these items."""
    told = ItemTelling(
        identifiers=(Identifier("rise", "path-1"),),
        defaults={"title": "Induction", "description": "The first week"},
        kind=ItemKind.COLLECTION,
        members=tuple(Reference(str(item), (), "item") for item in items),
    )
    (put,) = hub.do(hub.ledger.items.put(hub.caller, [told]))
    assert put.item is not None
    return put.item


def codes(answer: httpx.Response) -> list[str]:
    """The codes of an error, after checking that it has the vendor's form."""
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"errors"}
    assert body["errors"]
    for error in body["errors"]:
        assert set(error) == {"code", "message"}
        assert error["message"]
    return [error["code"] for error in body["errors"]]


def _text(id: Id | str) -> str:
    return id if isinstance(id, str) else to_hex24(id)
