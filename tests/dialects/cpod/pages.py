"""What the tests of cPod's pages share."""

from __future__ import annotations

from typing import Any

import httpx

from testamur.core.callers import ALL_SCOPES, Caller
from testamur.core.ids import Id
from tests import plain
from tests.hub import Hub

RECORDS = "/api/v1/performance/learning-records"
TOKEN = "/api/v1/auth/token"

SERVER_MANAGED = {
    "id": "lrn_01HXEXAMPLE",
    "tenant_id": "tenant-of-mine",
    "app_id": "app-of-mine",
    "created_at": "1999-01-01T00:00:00Z",
    "updated_at": "1999-01-01T00:00:00Z",
    "created_by": "per_01HXEXAMPLE",
    "updated_by": None,
    "is_deleted": True,
    "deleted_at": "1999-01-01T00:00:00Z",
    "deleted_by": "per_01HXEXAMPLE",
    "schema_version": 7,
}
"""Members that the vendor's own sample sends although the server sets them."""


def app_client(hub: Hub, application: str) -> httpx.Client:
    """A client whose token belongs to an application."""
    key = hub.do(hub.ledger.clients.create(hub.tenant.id, application, application=application))
    return hub.client("cpod", key)


def session(hub: Hub, person: Id, *roles: str, application: str | None = None) -> httpx.Client:
    """The session of a person."""

    async def issued() -> str:
        key = await hub.ledger.clients.create(hub.tenant.id, "portal", application=application)
        credential = await hub.ledger.clients.by_secret(key.secret)
        return await hub.ledger.clients.issue_token(
            credential, credential.caller.scopes, "cpod", person=person, roles=roles
        )

    headers = {"authorization": f"Bearer {hub.do(issued())}"}
    client = plain.Client(base_url=f"{hub.server.url}/cpod", headers=headers)
    hub.clients.append(client)
    return client


def add(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    """Create a record and return it as answered."""
    answer = client.post(RECORDS, json=fields)
    assert answer.status_code == 201, answer.text
    record: dict[str, Any] = answer.json()
    return record


def listed(client: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    """The first page of a list; `completed_at__gte` stands for `completed_at[gte]`."""
    answer = client.get(RECORDS, params={_spell(name): value for name, value in params.items()})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def titles(client: httpx.Client, **params: Any) -> list[str]:
    return [record["title"] for record in listed(client, **params)]


def walk(client: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    """All pages of a list, one after the other."""
    found: list[dict[str, Any]] = []
    asked = {_spell(name): value for name, value in params.items()}
    while True:
        page = client.get(RECORDS, params=asked).json()
        found += page["items"]
        if page["nextCursor"] is None:
            return found
        asked["cursor"] = page["nextCursor"]


def is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that the answer is an RFC 9457 problem as the vendor's SDK reads it, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code", "message", "details"} <= set(problem)
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, "about:blank")
    assert problem["message"] == problem["detail"] != ""
    assert isinstance(problem["details"], list)
    return problem


def caller(hub: Hub) -> Caller:
    return Caller(tenant=hub.tenant.id, client=hub.key.client, scopes=ALL_SCOPES, person=hub.other_person)


def _spell(name: str) -> str:
    field, _, bound = name.partition("__")
    return f"{field}[{bound}]" if bound else name
