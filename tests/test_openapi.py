"""Each dialect's OpenAPI document, checked against the running server by generated requests."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.schemas import BaseSchema

from testamur.dialects import ALL
from testamur.http.operations import Dialect, Operation
from tests import plain
from tests.hub import Hub, Server

CHECKED = [
    check
    for check in CHECKS.get_all()
    if check.__name__ in {"not_a_server_error", "content_type_conformance", "response_schema_conformance"}
]


@schemathesis.serializer("application/offset+octet-stream")
def as_bytes(_: Any, value: Any) -> bytes:
    """Bytes of an upload, as they were generated."""
    return value if isinstance(value, bytes) else bytes(getattr(value, "data", b""))


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
def test_the_document_names_every_operation(server: Server, dialect: Dialect) -> None:
    document = plain.get(f"{server.url}/{dialect.name}/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(operation.method, operation.path) for operation in dialect.operations}
    page = plain.get(f"{server.url}/{dialect.name}/docs")
    assert page.status_code == 200
    assert all(operation.path in page.text for operation in dialect.operations)


def test_the_document_says_what_comes_in_other_forms_too(server: Server) -> None:
    document = plain.get(f"{server.url}/api/openapi.json").json()
    found = {
        (operation["operationId"], media_type)
        for methods in document["paths"].values()
        for operation in methods.values()
        for media_type in operation["responses"].get("200", {}).get("content", {})
        if media_type != "application/json"
    }
    assert found == {
        ("listStandings", "text/csv"),
        ("getTranscript", "text/csv"),
        ("getTranscript", "text/html"),
        ("getDossier", "text/html"),
        ("exportFacts", "application/x-ndjson"),
        ("exportEndings", "application/x-ndjson"),
    }


@pytest.fixture(scope="module")
def schemas(server: Server) -> dict[str, BaseSchema]:
    """The documents of all dialects, by name."""
    found: dict[str, BaseSchema] = {}
    for dialect in ALL:
        url = f"{server.url}/{dialect.name}"
        found[dialect.name] = schemathesis.openapi.from_dict(plain.get(f"{url}/openapi.json").json())
        found[dialect.name].config.base_url = url
    return found


# What is not implemented, and said so, answers nothing else.
GENERATED = [
    (dialect.name, operation)
    for dialect in ALL
    for operation in dialect.operations
    if operation.path not in ("/openapi.json", "/docs") and 501 not in operation.errors
]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("dialect", "operation"), GENERATED, ids=lambda value: getattr(value, "name", value))
def test_generated_requests_never_break_the_document(
    hub: Hub, schemas: dict[str, BaseSchema], dialect: str, operation: Operation
) -> None:
    client = hub.client(dialect)
    headers = dict(client.headers)
    if client.auth is not None:
        request = next(client.auth.sync_auth_flow(client.build_request("GET", "/")))
        headers["authorization"] = request.headers["authorization"]

    @settings(
        max_examples=25,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(schemas[dialect][operation.path][operation.method].as_strategy())
    def tried(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKED)

    tried()
