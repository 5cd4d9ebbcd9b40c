"""Every answer of every operation, checked against the vendor's own model of it.

`lms-fields.json` holds the operations with their paths and answers, and the models with the names, types, nullability
and enumerations of all their members: the union of all editions of the vendor's documents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from testamur.core.ids import to_opaque
from testamur.core.moments import format_instant
from testamur.dialects.stackone.operations import OPERATIONS as _ALL
from tests import plain
from tests.hub import Hub, moment

OPERATIONS = tuple(operation for operation in _ALL if not operation.name.startswith("testamur_"))
"""Ours apart: the vendor has no model of them."""
FACTS: dict[str, Any] = json.loads(Path(__file__).with_name("lms-fields.json").read_text("utf-8"))
LMS = "/unified/lms"
UNIMPLEMENTED = {"stackone_list_connectors_meta", "stackone_get_connector_meta", "stackone_proxy_request"}
"""They hand on to an upstream system, of which there is none."""

CONTENT: dict[str, Any] = {
    "external_reference": "conform/1 ä",
    "title": "Ladders",
    "description": "Up and down",
    "additional_data": [{"id": "level", "value": "basic"}, {"id": "tools", "value": ["rope", "hook"]}],
    "languages": [{"value": "en_GB"}, {"value": "unmapped_value", "source_value": "tlh"}],
    "content_url": "https://example.com/ladders",
    "mobile_launch_content_url": "https://example.com/m/ladders",
    "content_type": {"value": "video"},
    "cover_url": "https://example.com/ladders.png",
    "active": True,
    "duration": "P3Y6M4DT12H30M5S",
    "order": 2,
    "short_description": "Ladders",
    "localizations": [{"title": "Leitern", "description": "Auf", "language": {"value": "de_DE"}, "tags": ["hoch"]}],
    "tags": ["tall"],
    "categories": [
        {"id": "c-1", "name": "Safety", "hierarchy": {"value": "primary"}, "language": {"value": "en_GB"}},
        {"id": "c-2", "name": "Heights", "level": {"value": "secondary"}},
    ],
    "skills": [
        {"id": "s-1", "name": "Climbing", "hierarchy": {"value": "primary"}, "language": {"value": "en_GB"}},
        {"id": "s-2", "name": "Balance", "level": {"value": "tertiary"}},
    ],
    "authors": [{"id": "a-1", "name": "Ada"}],
    "unified_custom_fields": {"my_project_custom_field_1": "REF-1236"},
    "passthrough": {"anything": [1]},
}
COURSE: dict[str, Any] = {
    "external_reference": "conform/course",
    "title": "Working at height",
    "description": "All of it",
    "languages": [{"value": "en_GB"}],
    "cover_url": "https://example.com/course.png",
    "url": "https://example.com/course",
    "active": "true",
    "duration": "PT1H30M45S",
    "categories": CONTENT["categories"],
    "skills": CONTENT["skills"],
    "authors": CONTENT["authors"],
    "content": [{"external_reference": "conform/inner", "title": "Inside", "content_url": "https://example.com/in"}],
    "unified_custom_fields": {"a": 1},
}
COLLECTION: dict[str, Any] = {
    "external_reference": "conform/collection",
    "title": "Everything high",
    "description": "Collected",
    "learning_object_ids": [],
}


class World:
    """A tenant in which there is one of everything, made by the vendor's own calls where there are any."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.client = hub.client("stackone")
        self.user = f"{LMS}/users/{to_opaque(hub.person)}"

    def sent(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """The answer, also of a GET with everything that can be asked for."""
        params = {"raw": "true", "proxy[a]": "1"} if method == "GET" and path.startswith(LMS) else None
        return self.client.request(method, path, json=body, params=params)

    def id_of(self, answer: httpx.Response) -> str:
        assert answer.status_code == 201, answer.text
        id: str = answer.json()["data"]["id"]
        return id

    def first(self, path: str) -> str:
        """The id of the first of a list, when something was written that puts something there."""
        self.put_all()
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        rows = answer.json()["data"]
        assert rows, f"{path} has nothing in it"
        id: str = rows[0]["id"]
        return id

    def put_all(self) -> None:
        for path, body in (("content", CONTENT), ("courses", COURSE)):
            self.id_of(self.client.put(f"{LMS}/{path}", json=body))

    def assign(self) -> httpx.Response:
        return self.sent(
            "POST",
            f"{self.user}/assignments",
            {
                "learning_object_external_reference": "FIRE-101",
                "external_reference": "A-1",
                "progress": 40.5,
                "due_date": format_instant(datetime.now(UTC) + timedelta(days=9)),
                "assigned_at": "2021-07-21T14:00:00.000Z",
                "status": {"value": "in_progress"},
            },
        )

    def complete(self) -> httpx.Response:
        return self.sent(
            "POST",
            f"{self.user}/completions",
            {
                "learning_object_external_reference": "FIRE-101",
                "completed_at": format_instant(moment()),
                "result": {"value": "Pass"},
                "time_spent": "PT1H30M",
                "score": {"percentage": 87, "raw_value": "87 / 100"},
                "unified_custom_fields": {"a": "b"},
            },
        )

    def linked(self) -> str:
        return to_opaque(self.hub.do(self.hub.ledger.tenants.add_account(self.hub.caller, "elsewhere", "E")).id)

    def listed(self, path: str, *make: Callable[[], Any]) -> httpx.Response:
        for each in make:
            each()
        answer = self.sent("GET", path)
        assert answer.json()["data"], f"{path} has nothing in it"
        return answer


Example = Callable[[World], httpx.Response]

EXAMPLES: dict[str, Example] = {
    "lms_list_users": lambda w: w.listed(f"{LMS}/users"),
    "lms_get_user": lambda w: w.sent("GET", w.user),
    "lms_list_assignments": lambda w: w.listed(f"{LMS}/assignments", w.assign, w.complete),
    "lms_get_assignment": lambda w: w.sent("GET", f"{LMS}/assignments/{w.id_of(w.assign())}"),
    "lms_list_user_assignments": lambda w: w.listed(f"{w.user}/assignments", w.assign),
    "lms_create_user_assignment": lambda w: w.assign(),
    "lms_get_user_assignment": lambda w: w.sent("GET", f"{w.user}/assignments/{w.id_of(w.assign())}"),
    "lms_list_completions": lambda w: w.listed(f"{LMS}/completions", w.complete),
    "lms_get_completion": lambda w: w.sent("GET", f"{LMS}/completions/{w.id_of(w.complete())}"),
    "lms_list_user_completions": lambda w: w.listed(f"{w.user}/completions", w.complete),
    "lms_create_user_completion": lambda w: w.complete(),
    "lms_get_user_completion": lambda w: w.sent("GET", f"{w.user}/completions/{w.id_of(w.complete())}"),
    "lms_delete_user_completion": lambda w: w.sent("DELETE", f"{w.user}/completions/{w.id_of(w.complete())}"),
    "lms_list_content": lambda w: w.listed(f"{LMS}/content", w.put_all),
    "lms_get_content": lambda w: w.sent("GET", f"{LMS}/content/{w.first(f'{LMS}/content')}"),
    "lms_upsert_content": lambda w: w.sent("PUT", f"{LMS}/content", CONTENT),
    "lms_batch_upsert_content": lambda w: w.sent("POST", f"{LMS}/content/batch", {"items": [CONTENT]}),
    "lms_update_content": lambda w: w.sent(
        "PATCH", f"{LMS}/content/{w.id_of(w.sent('PUT', f'{LMS}/content', CONTENT))}", CONTENT | {"title": "Steps"}
    ),
    "lms_list_courses": lambda w: w.listed(f"{LMS}/courses", w.put_all),
    "lms_get_course": lambda w: w.sent("GET", f"{LMS}/courses/{w.id_of(w.sent('PUT', f'{LMS}/courses', COURSE))}"),
    "lms_upsert_course": lambda w: w.sent("PUT", f"{LMS}/courses", COURSE),
    "lms_batch_upsert_course": lambda w: w.sent("POST", f"{LMS}/courses/batch", {"items": [COURSE]}),
    "lms_create_collection": lambda w: w.sent("POST", f"{LMS}/collections", COLLECTION),
    "lms_update_collection": lambda w: w.sent(
        "PATCH",
        f"{LMS}/collections/{w.id_of(w.sent('POST', f'{LMS}/collections', COLLECTION))}",
        COLLECTION | {"title": "Everything"},
    ),
    "lms_list_categories": lambda w: w.listed(f"{LMS}/categories", w.put_all),
    "lms_get_category": lambda w: w.sent("GET", f"{LMS}/categories/{w.first(f'{LMS}/categories')}"),
    "lms_list_skills": lambda w: w.listed(f"{LMS}/skills", w.put_all),
    "lms_get_skill": lambda w: w.sent("GET", f"{LMS}/skills/{w.first(f'{LMS}/skills')}"),
    "stackone_list_linked_accounts": lambda w: w.sent("GET", "/accounts"),
    "stackone_get_account": lambda w: w.sent("GET", f"/accounts/{w.linked()}"),
    "stackone_update_account": lambda w: w.sent("PATCH", f"/accounts/{w.linked()}", {"label": "L", "type": "test"}),
    "stackone_delete_account": lambda w: w.sent("DELETE", f"/accounts/{w.linked()}"),
    "stackone_get_account_meta_info": lambda w: w.sent("GET", f"/accounts/{to_opaque(w.hub.account)}/meta"),
    "stackone_list_connectors_meta": lambda w: w.sent("GET", "/connectors/meta"),
    "stackone_get_connector_meta": lambda w: w.sent("GET", "/connectors/meta/workday"),
    "stackone_proxy_request": lambda w: w.sent("POST", "/unified/proxy", {"path": "/x"}),
}

_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
}
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def faults(value: Any, fact: dict[str, Any], where: str) -> Iterator[str]:
    """What of a value is not as its model says."""
    if value is None:
        if not fact.get("nullable"):
            yield f"{where} is null"
        return
    types = fact.get("type", "object")
    types = [types] if isinstance(types, str) else types
    if not any(_TYPES[type](value) for type in types):
        yield f"{where} is {value!r}, not {types}"
        return
    if isinstance(value, str) and value not in fact.get("enum", [value]):
        yield f"{where} says {value!r}"
    if isinstance(value, str) and fact.get("format") == "date-time" and not _DATE_TIME.fullmatch(value):
        yield f"{where} is no moment with milliseconds and Z: {value!r}"
    if isinstance(value, list) and "items" in fact:
        for place, each in enumerate(value):
            yield from faults(each, fact["items"], f"{where}[{place}]")
    if isinstance(value, dict) and "model" in fact:
        model = FACTS["models"][fact["model"]]
        yield from (f"{where}.{name} is unknown" for name in value.keys() - model.keys())
        for name, member in model.items():
            if name in value:
                yield from faults(value[name], member, f"{where}.{name}")
            elif member.get("required"):
                yield f"{where}.{name} is missing"


def faults_of(operation: str, answer: httpx.Response) -> list[str]:
    answers = FACTS["operations"][operation]["answers"]
    fact = answers.get(str(answer.status_code))
    if fact is None:
        return [f"{answer.status_code} is not declared: {answer.text}"]
    if answer.headers["content-type"] != "application/json":
        return [f"the content type is {answer.headers['content-type']}"]
    whole = {"type": "array", "items": {"type": "object", **fact}} if fact.get("type") == "array" else fact
    if fact.get("type") == "array":
        whole["items"] = {"type": "object", "model": fact["model"]}
    return list(faults(answer.json(), whole, "$"))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_answer_is_as_its_model_says(hub: Hub, operation: Any) -> None:
    assert operation.name in EXAMPLES, "an operation without an example"
    fact = FACTS["operations"][operation.name]
    assert (operation.method, operation.path) == (fact["method"], fact["path"])
    answer = EXAMPLES[operation.name](World(hub))
    wanted = {501} if operation.name in UNIMPLEMENTED else set(operation.answers)
    assert answer.status_code in wanted, answer.text
    assert faults_of(operation.name, answer) == []


def test_every_operation_of_every_edition_is_offered() -> None:
    assert {operation.name for operation in OPERATIONS} == set(FACTS["operations"]) == set(EXAMPLES)


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if "fields" in FACTS["operations"][one.name]], ids=lambda one: one.name
)
def test_every_selectable_field_is_taken_alone(hub: Hub, operation: Any) -> None:
    """The vendor offers some names that its own models do not have; those select nothing and so choose nothing."""
    names = FACTS["operations"][operation.name]["fields"]
    world = World(hub)
    path = httpx.URL(str(EXAMPLES[operation.name](world).request.url)).raw_path.decode().partition("?")[0]
    model = FACTS["models"][FACTS["operations"][operation.name]["answers"]["200"]["model"]]["data"]
    known = FACTS["models"][model.get("model") or model["items"]["model"]]
    whole = world.client.get(path.removeprefix("/stackone")).json()["data"]
    for name in names:
        data = world.client.get(path.removeprefix("/stackone"), params={"fields": name}).json()["data"]
        for row in data if isinstance(data, list) else [data]:
            one = whole[0] if isinstance(whole, list) else whole
            assert set(row) == ({name} if name in known and name in one else set(one)), name


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_error_is_the_envelope(hub: Hub, operation: Any) -> None:
    path = re.sub(r"{\w+}", "nothing", operation.path)
    headers = {"x-account-id": to_opaque(hub.account)}
    url = f"{hub.server.url}/stackone{path}"
    answers = [plain.request(operation.method, url, headers=headers)]
    key, reader = (hub.key.secret, ""), (hub.reader.secret, "")
    if "{" in operation.path and operation.body is None:
        answers.append(plain.request(operation.method, url, auth=key, headers=headers))
    if operation.body is not None:
        malformed = {**headers, "content-type": "application/json"}
        answers.append(plain.request(operation.method, url, auth=key, content=b"{", headers=malformed))
        answers.append(plain.request(operation.method, url, auth=reader, json={}, headers=headers))
    if path.startswith("/unified/"):
        answers.append(plain.request(operation.method, url, auth=key, headers={"x-account-id": "none"}))
    for answer in answers:
        assert answer.status_code >= 400
        assert faults_of(operation.name, answer) == []
        assert answer.json()["statusCode"] == answer.status_code
    assert answers[0].status_code == 401
