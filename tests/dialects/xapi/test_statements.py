"""Reading statements: xAPI 1.0.3, part three, section 2.1.3."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from testamur.core.ids import Id, new_id, parse, to_hex24
from testamur.core.moments import format_instant
from tests import plain
from tests.hub import Hub, moment


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("xapi")


def imported(hub: Hub, at: datetime) -> None:
    answer = hub.client("rise").post(
        f"/courses/{to_hex24(hub.item)}/users/{to_hex24(hub.person)}/completions",
        json={"completedAt": format_instant(at), "startedAt": format_instant(at - timedelta(hours=2))},
    )
    assert answer.status_code == 202


def posted(hub: Hub, at: datetime) -> Id:
    answer = hub.client("thrive").post(
        "/rest/v1/learning/completions",
        json={"userId": to_hex24(hub.person), "contentId": to_hex24(hub.item), "completedAt": format_instant(at)},
    )
    id = parse(answer.json()["statementId"])
    assert id is not None
    return id


def check(statement: dict[str, Any]) -> None:
    """The specification's own rules for a statement, as far as ours go."""

    def no_null(value: Any) -> None:
        assert value is not None
        for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            no_null(member)

    no_null(statement)
    assert set(statement) <= {
        "id", "actor", "verb", "object", "result", "context", "timestamp", "stored", "authority", "version",
    }  # fmt: skip
    assert str(UUID(statement["id"])) == statement["id"]
    for agent in (statement["actor"], statement["authority"]):
        assert agent["objectType"] == "Agent"
        assert set(agent["account"]) == {"homePage", "name"}
        assert re.match(r"https?://", agent["account"]["homePage"])
    assert re.match(r"https?://", statement["verb"]["id"])
    assert re.match(r"[a-z]+:", statement["object"]["id"])
    for name in ("timestamp", "stored"):
        assert datetime.fromisoformat(statement[name]).tzinfo is not None
    score = statement["result"].get("score")
    if score:
        assert -1 <= score["scaled"] <= 1
        assert score["min"] <= score["raw"] <= score["max"]


def test_a_completion_is_a_valid_statement(hub: Hub, client: httpx.Client) -> None:
    at = moment()
    id = posted(hub, at)
    answer = client.get("/statements", params={"statementId": str(id)})
    assert answer.status_code == 200
    statement = answer.json()
    check(statement)
    base = str(client.base_url).rstrip("/")
    assert statement["actor"] == {
        "objectType": "Agent",
        "name": "Ada Okafor",
        "account": {"homePage": f"{base}/people", "name": to_hex24(hub.person)},
    }
    assert statement["verb"]["id"] == "http://adlnet.gov/expapi/verbs/completed"
    assert statement["object"]["id"] == "https://example.com/fire-101"
    assert statement["object"]["definition"]["name"] == {"und": "Fire safety"}
    assert statement["result"] == {"completion": True}
    assert statement["timestamp"] == format_instant(at)
    assert statement["authority"]["account"]["name"] == to_hex24(hub.key.client)
    stored = datetime.fromisoformat(statement["stored"])
    assert parsedate_to_datetime(answer.headers["last-modified"]) == stored.replace(microsecond=0)
    assert answer.headers["x-experience-api-version"] == "1.0.3"
    assert datetime.fromisoformat(answer.headers["x-experience-api-consistent-through"]) >= stored


def test_a_verdict_and_a_score_come_along(hub: Hub, client: httpx.Client) -> None:
    at = moment()
    imported(hub, at)
    (record,) = hub.do(hub.ledger.records.page(hub.tenant.id, count=9))
    statement = client.get("/statements", params={"statementId": str(record.fact)}).json()
    check(statement)
    assert statement["result"]["success"] is True
    assert statement["result"]["score"] == {"scaled": 1.0, "raw": 100.0, "min": 0.0, "max": 100.0}


def test_a_corrected_statement_reads_as_voided_and_the_new_one_under_its_own_id(hub: Hub, client: httpx.Client) -> None:
    first, second = moment(), moment()
    imported(hub, first)
    (old,) = hub.do(hub.ledger.records.page(hub.tenant.id, count=9))
    imported(hub, second)
    (new,) = hub.do(hub.ledger.records.page(hub.tenant.id, count=9))
    assert (new.id, new.fact != old.fact) == (old.id, True)

    def status(**params: str) -> int:
        return client.get("/statements", params=params).status_code

    assert status(statementId=str(old.fact)) == 404
    assert status(voidedStatementId=str(new.fact)) == 404
    told = client.get("/statements", params={"voidedStatementId": str(old.fact)}).json()
    assert (told["id"], told["timestamp"]) == (str(old.fact), format_instant(first))
    assert client.get("/statements", params={"statementId": str(new.fact)}).json()["timestamp"] == format_instant(
        second
    )
    hub.do(hub.ledger.records.void(hub.caller, new.id))
    assert status(statementId=str(new.fact)) == 404
    assert status(voidedStatementId=str(new.fact)) == 200


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"statementId": "x"},
        {"statementId": "0192f3c45b6a123111e26af0"},
        {"StatementId": str(new_id())},
        {"statementId": str(new_id()), "voidedStatementId": str(new_id())},
        {"statementId": str(new_id()), "agent": "{}"},
        {"statementId": str(new_id()), "format": "short"},
        {"statementId": str(new_id()), "attachments": "yes"},
    ],
)
def test_bad_parameters_are_400(client: httpx.Client, params: dict[str, str]) -> None:
    answer = client.get("/statements", params=params)
    assert answer.status_code == 400, answer.text
    assert answer.json()["message"]


def test_unknown_and_other_tenants_statements_are_404(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    assert client.get("/statements", params={"statementId": str(new_id())}).status_code == 404
    id = posted(other_hub, moment())
    assert client.get("/statements", params={"statementId": str(id)}).status_code == 404


@pytest.mark.parametrize(
    ("version", "status", "answered"),
    [
        ("1.0", 200, "1.0.3"),
        ("1.0.1", 200, "1.0.3"),
        ("2.0", 200, "2.0.0"),
        ("2.0.0", 200, "2.0.0"),
        ("", 400, "1.0.3"),
        ("0.95", 400, "1.0.3"),
        ("1.1.0", 400, "1.0.3"),
        ("3.0.0", 400, "1.0.3"),
    ],
)
def test_versions(hub: Hub, client: httpx.Client, version: str, status: int, answered: str) -> None:
    id = posted(hub, moment())
    answer = client.get("/statements", params={"statementId": str(id)}, headers={"x-experience-api-version": version})
    assert (answer.status_code, answer.headers["x-experience-api-version"]) == (status, answered)


def test_head_is_get_without_the_body(hub: Hub, client: httpx.Client) -> None:
    params = {"statementId": str(posted(hub, moment()))}
    head, get = client.head("/statements", params=params), client.get("/statements/", params=params)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))


@pytest.mark.parametrize("authorization", [None, "Basic !", "Basic dXNlcjp4", "Bearer x"])
def test_bad_credentials_are_401_with_the_version(hub: Hub, authorization: str | None) -> None:
    headers = {"x-experience-api-version": "2.0.0"} | ({"authorization": authorization} if authorization else {})
    answer = plain.get(f"{hub.server.url}/xapi/statements", params={"statementId": str(new_id())}, headers=headers)
    assert (answer.status_code, answer.headers["x-experience-api-version"]) == (401, "2.0.0")


def test_a_key_needs_its_own_client_id(hub: Hub) -> None:
    auth = (to_hex24(hub.reader.client), hub.key.secret)
    headers = {"x-experience-api-version": "1.0.3"}
    assert plain.get(f"{hub.server.url}/xapi/statements", auth=auth, headers=headers).status_code == 401


def test_about_and_preflight_ask_for_nothing(hub: Hub) -> None:
    answer = plain.get(f"{hub.server.url}/xapi/about")
    assert answer.json() == {"version": ["1.0.3", "2.0.0"], "extensions": {}}
    assert answer.headers["x-experience-api-version"] == "1.0.3"
    preflight = plain.request(
        "OPTIONS", f"{hub.server.url}/xapi/statements", headers={"origin": "https://course.example"}
    )
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "X-Experience-API-Version" in preflight.headers["access-control-allow-headers"]
    assert plain.put(f"{hub.server.url}/xapi/statements").status_code == 405


def test_a_statement_is_stored_now(hub: Hub, client: httpx.Client) -> None:
    statement = client.get("/statements", params={"statementId": str(posted(hub, moment()))}).json()
    assert abs(datetime.now(UTC) - datetime.fromisoformat(statement["stored"])) < timedelta(minutes=1)
