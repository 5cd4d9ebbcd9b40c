"""Transcripts of the vendor's page "Creates a completion record": POST /learning/completions, and reading back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from testamur.core.ids import parse, to_hex24
from testamur.core.items import NewItem
from testamur.core.moments import format_instant
from testamur.core.people import Identifier, NewPerson
from tests import plain
from tests.hub import Hub, moment

PATH = "/rest/v1/learning/completions"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("thrive")


def body(hub: Hub, **changed: Any) -> dict[str, Any]:
    whole = {
        "userId": to_hex24(hub.person),
        "contentId": to_hex24(hub.item),
        "completedAt": "2021-01-01T09:00:00Z",
    }
    return {name: value for name, value in (whole | changed).items() if value is not ...}


def test_a_new_completion_is_201_and_again_200_with_the_same_statement_id(hub: Hub, client: httpx.Client) -> None:
    first = client.post(PATH, json=body(hub))
    again = client.post(PATH, json=body(hub))
    assert (first.status_code, again.status_code) == (201, 200)
    assert set(first.json()) == {"statementId"}
    assert first.json() == again.json()
    assert len(first.json()["statementId"]) == 24


def test_the_same_instant_in_another_zone_is_the_same_completion(hub: Hub, client: httpx.Client) -> None:
    first = client.post(PATH, json=body(hub, completedAt="2021-01-01T09:00:00Z"))
    again = client.post(PATH, json=body(hub, completedAt="2021-01-01T10:00:00.000+01:00"))
    assert again.status_code == 200
    assert again.json() == first.json()


def test_another_millisecond_is_another_completion(hub: Hub, client: httpx.Client) -> None:
    first = client.post(PATH, json=body(hub, completedAt="2021-01-01T09:00:00.001Z"))
    second = client.post(PATH, json=body(hub, completedAt="2021-01-01T09:00:00.002Z"))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() != second.json()


def test_a_completion_reads_back_with_milliseconds_and_z(hub: Hub, client: httpx.Client) -> None:
    id = client.post(PATH, json=body(hub)).json()["statementId"]
    expected = {
        "id": id,
        "userId": to_hex24(hub.person),
        "contentId": to_hex24(hub.item),
        "contentVersion": 1,
        "skills": [],
        "completionType": "default",
        "hadDueDate": False,
        "isRPL": False,
        "completedAt": "2021-01-01T09:00:00.000Z",
        "activeUntil": None,
    }
    assert client.get(f"{PATH}/{id}").json() == expected
    assert client.get(f"{PATH}/{id.upper()}/").json() == expected
    assert client.get(PATH).json() == [expected]


def test_ids_from_thrive_keep_working(hub: Hub, client: httpx.Client) -> None:
    """What was migrated with its old id is addressed by it, in any letter case, before our own ids are tried."""
    ids = hub.do(
        hub.ledger.people.add(
            hub.caller, [NewPerson(given_name="Old", identifiers=(Identifier("thrive", "646767D82535201223349E09"),))]
        )
    )
    hub.do(
        hub.ledger.items.add(
            hub.caller, [NewItem(title="Old", identifiers=(Identifier("thrive", "646767ee9b667f9b87db851a"),))]
        )
    )
    answer = client.post(PATH, json=body(hub, userId="646767d82535201223349e09", contentId="646767EE9B667F9B87DB851A"))
    assert answer.status_code == 201
    (listed,) = client.get(PATH, params={"userId": "646767d82535201223349e09"}).json()
    assert listed["userId"] == to_hex24(ids[0])


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"userId": ...}, "userId"),
        ({"contentId": ...}, "contentId"),
        ({"completedAt": ...}, "completedAt"),
        ({"userId": 5}, "userId"),
        ({"userId": None}, "userId"),
        ({"userId": ""}, "userId"),
        ({"userId": "nobody"}, "userId"),
        ({"userId": "ffffffffffffffffffffffff"}, "userId"),
        ({"userId": "a\u0000b"}, "userId"),
        ({"contentId": "000000000000000000000000"}, "contentId"),
        ({"contentId": ["x"]}, "contentId"),
        ({"completedAt": "yesterday"}, "completedAt"),
        ({"completedAt": "2021-01-01"}, "completedAt"),
        ({"completedAt": "2021-01-01T09:00:00"}, "completedAt"),
        ({"completedAt": "2021-02-30T09:00:00Z"}, "completedAt"),
        ({"completedAt": "2021-01-01T25:00:00Z"}, "completedAt"),
        ({"completedAt": "0001-01-01T00:00:00+14:00"}, "completedAt"),
        ({"completedAt": "2999-01-01T00:00:00Z"}, "completedAt"),
        ({"completedAt": 1609491600}, "completedAt"),
    ],
)
def test_a_bad_field_is_422_and_named(hub: Hub, client: httpx.Client, changed: dict[str, Any], field: str) -> None:
    answer = client.post(PATH, json=body(hub, **changed))
    assert answer.status_code == 422, answer.text
    assert answer.json()["status"] == 422
    assert answer.json()["error"] == "Unprocessable Content"
    assert field in answer.json()["message"]
    assert client.get(PATH).json() == []


def test_a_completion_up_to_a_day_ahead_is_clock_skew(hub: Hub, client: httpx.Client) -> None:
    """Rule D6."""
    near = format_instant(datetime.now(UTC) + timedelta(hours=23))
    far = format_instant(datetime.now(UTC) + timedelta(hours=25))
    assert client.post(PATH, json=body(hub, completedAt=near)).status_code == 201
    refused = client.post(PATH, json=body(hub, completedAt=far))
    assert refused.status_code == 422
    assert "D6" in refused.json()["message"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"userId": "x", "userId": "y", "contentId": "z", "completedAt": "2021-01-01T09:00:00Z"}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_such_object_is_422(client: httpx.Client, content: bytes) -> None:
    answer = client.post(PATH, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert set(answer.json()) == {"status", "error", "message"}


def test_a_body_over_the_limit_is_413(client: httpx.Client) -> None:
    answer = client.post(PATH, content=b" " * (1024 * 1024 + 1), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (413, "Content Too Large")


def test_a_body_of_another_type_is_415(hub: Hub, client: httpx.Client) -> None:
    answer = client.post(PATH, data={"userId": "x"})
    assert (answer.status_code, answer.json()["error"]) == (415, "Unsupported Media Type")


def test_unknown_members_are_ignored(hub: Hub, client: httpx.Client) -> None:
    assert client.post(PATH, json=body(hub, score=100)).status_code == 201


def test_another_tenants_ids_are_unknown(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    assert client.post(PATH, json=body(hub, userId=to_hex24(other_hub.person))).status_code == 422
    assert client.post(PATH, json=body(hub, contentId=to_hex24(other_hub.item))).status_code == 422
    id = client.post(PATH, json=body(hub)).json()["statementId"]
    with other_hub.client("thrive") as stranger:
        answer = stranger.get(f"{PATH}/{id}")
        assert (answer.status_code, answer.json()["error"]) == (404, "Not Found")
        assert stranger.get(PATH).json() == []


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Basic", "Basic !!!", "Basic dXNlcg==", "Bearer nonsense", "Digest x", "Basic " + "A" * 20_000],
)
def test_bad_credentials_are_401(hub: Hub, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    answer = plain.post(f"{hub.server.url}/thrive{PATH}", json=body(hub), headers=headers)
    assert answer.status_code == 401
    assert answer.json()["status"] == 401
    assert answer.json()["error"] == "Unauthorized"
    assert "www-authenticate" in answer.headers


def test_a_key_of_one_tenant_does_not_open_another(hub: Hub, other_hub: Hub) -> None:
    for user in (other_hub.tenant.slug, to_hex24(other_hub.tenant.id), "nobody"):
        answer = plain.get(f"{hub.server.url}/thrive{PATH}", auth=(user, hub.key.secret))
        assert answer.status_code == 401


def test_the_tenant_id_is_a_user_name_in_every_spelling(hub: Hub) -> None:
    for user in (hub.tenant.slug, to_hex24(hub.tenant.id), to_hex24(hub.tenant.id).upper(), str(hub.tenant.id)):
        assert plain.get(f"{hub.server.url}/thrive{PATH}", auth=(user, hub.key.secret)).status_code == 200


def test_a_read_only_key_may_not_write(hub: Hub) -> None:
    with hub.client("thrive", hub.reader) as reader:
        answer = reader.post(PATH, json=body(hub))
        assert (answer.status_code, answer.json()["error"]) == (403, "Forbidden")
        assert reader.get(PATH).status_code == 200


def test_lists_filter_and_page(hub: Hub, client: httpx.Client) -> None:
    for day in range(1, 8):
        assert client.post(PATH, json=body(hub, completedAt=f"2021-01-0{day}T09:00:00Z")).status_code == 201
    client.post(PATH, json=body(hub, contentId=to_hex24(hub.third_party)))

    def days(**params: Any) -> list[str]:
        answer = client.get(PATH, params={"contentId": to_hex24(hub.item), **params})
        assert answer.status_code == 200, answer.text
        return [row["completedAt"][8:10] for row in answer.json()]

    assert days() == ["01", "02", "03", "04", "05", "06", "07"]
    assert days(perPage=3, page=3) == ["07"]
    assert days(perPage=7, page=2) == []
    assert days(completedDateRangeStart="2021-01-03", completedDateRangeEnd="2021-01-04") == ["03", "04"]
    assert days(completedDateRangeEnd="2021-01-02T09:00:00Z") == ["01", "02"]
    assert days(isRPL="true") == []
    assert days(unknown="x") == days()


@pytest.mark.parametrize("params", [{"page": "0"}, {"page": "x"}, {"perPage": "1001"}, {"isRPL": "maybe"}])
def test_bad_parameters_are_refused_by_name(client: httpx.Client, params: dict[str, str]) -> None:
    answer = client.get(PATH, params=params)
    assert answer.status_code == 422
    assert next(iter(params)) in answer.json()["message"]


def test_unknown_addresses_and_methods(client: httpx.Client) -> None:
    assert client.get("/rest/v1/nothing").json()["status"] == 404
    answer = client.put(PATH, json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_the_raw_telling_is_kept_as_evidence(hub: Hub, client: httpx.Client) -> None:
    sent = body(hub, completedAt=format_instant(moment()))
    id = parse(client.post(PATH, json=sent).json()["statementId"])
    client.post(PATH, json=sent)
    assert id is not None
    (telling,) = hub.do(hub.ledger.records.tellings(hub.tenant.id, [id]))[id]
    assert (telling.report.dialect, telling.repeats) == ("thrive", 2)
    assert httpx.Response(200, content=telling.report.body).json() == sent
