"""What every operation of our own API does alike: keys, scopes, bodies, problems."""

from __future__ import annotations

import httpx
import pytest

from testamur.dialects.api.operations import OPERATIONS
from testamur.http.operations import Operation
from tests import plain
from tests.dialects.api.problems import problem
from tests.hub import Hub

TUS = {"tus-resumable": "1.0.0"}
"""What operations on uploads ask for before anything else."""
PREVIEWS = {"previewAssignmentChange", "previewAssignment"}
"""They have a body and write nothing."""
ASKS = {"GET", "HEAD", "OPTIONS"}
WRITES = [operation for operation in OPERATIONS if operation.method not in ASKS and operation.name not in PREVIEWS]
ANSWERED = [operation for operation in OPERATIONS if operation.method != "HEAD"]
BODIES = [operation for operation in OPERATIONS if operation.body is not None]


def at(operation: Operation) -> str:
    places = {"person": "ref:00123", "item": "ref:FIRE-101", "audience": "ref:site-staff", "number": "1"}
    return operation.path.format(
        assignment="x",
        record="x",
        exemption="x",
        extension="x",
        session="x",
        invitation="x",
        webhook="x",
        upload="x",
        erasure="x",
        retention="x",
        hold="x",
        **{"import": "x"},
        **places,
    )


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer nonsense", "Basic dXNlcjpwYXNz"])
def test_bad_credentials_are_401(hub: Hub, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    answer = plain.get(f"{hub.server.url}/api/v1/people", headers=headers)
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="Testamur"'


@pytest.mark.parametrize("operation", WRITES, ids=lambda operation: operation.name)
def test_a_key_that_may_only_read_changes_nothing(hub: Hub, operation: Operation) -> None:
    body: dict[str, object] | None = {} if operation.body else None
    answer = hub.client("api", hub.reader).request(operation.method, at(operation), json=body, headers=TUS)
    problem(answer, 403, "forbidden")


@pytest.mark.parametrize("operation", BODIES, ids=lambda operation: operation.name)
def test_a_body_that_is_none_is_refused(hub: Hub, operation: Operation) -> None:
    def send(content: bytes, media_type: str = "application/json") -> httpx.Response:
        headers = {"content-type": media_type}
        return hub.client("api").request(operation.method, at(operation), content=content, headers=headers)

    for content in (b"{", b"nonsense", b"\xff"):
        problem(send(content), 400, "malformed_body")
    problem(send(b"{}", "text/plain"), 415, "unsupported_media_type")
    problem(send(b"x" * (1024 * 1024 + 1)), 413, "body_too_large")
    for content, pointer in ((b"[]", ""), (b'{"surprise": 1}', "/surprise")):
        told = problem(send(content), 422, "invalid")
        assert pointer in [fault["pointer"] for fault in told["errors"]]


@pytest.mark.parametrize("operation", ANSWERED, ids=lambda operation: operation.name)
def test_an_unknown_parameter_is_422_and_named(hub: Hub, operation: Operation) -> None:
    body: dict[str, object] = {
        **dict.fromkeys(
            ("person", "audience", "item", "assignment", "outside", "title", "name", "given_name", "reason"), "x"
        ),
        **dict.fromkeys(("from_on", "due_on", "completed_at"), "2025-01-01"),
        "email": "x@example.com",
        "submitter": "x",
        "events": ["record.created"],
        "url": "https://x.example",
        "started_at": "2025-01-01T09:00:00Z",
        "key": "x",
        "basis": "completion",
        "level": "detail",
        "because": "x",
    }
    required = {"list": "overdue", "from": "2025-01-01", "to": "2025-01-01", "check": "x"}
    params = {param.name: required[param.name] for param in operation.params if param.is_required}
    known = {name: value for name, value in body.items() if name in getattr(operation.body, "__struct_fields__", ())}
    answer = hub.client("api").request(
        operation.method,
        at(operation),
        params={**params, "surprise": "1"},
        json=known if operation.body else None,
        headers=TUS,
    )
    told = problem(answer, 422, "invalid")
    assert told["errors"] == [{"parameter": "surprise", "code": "unknown", "detail": "is not a parameter here"}]


def test_a_problem_is_told_whole(hub: Hub) -> None:
    client = hub.client("api")
    assert client.get("/v1/people/ref:nobody").json() == {
        "type": "urn:testamur:problem:person_not_found",
        "title": "No such person in this tenant.",
        "status": 404,
        "detail": "No person 'nobody' in this tenant",
        "instance": "/v1/people/ref:nobody",
        "errors": [{"parameter": "person", "code": "person_not_found", "detail": "No person 'nobody' in this tenant"}],
    }
    problem(client.get("/v1/nothing"), 404, "route_not_found")
    answer = client.put("/v1/people", json={})
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"
