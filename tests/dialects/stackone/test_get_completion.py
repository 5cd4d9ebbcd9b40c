"""Transcripts of the vendor's page "Get Completion", the lists around it, and "Create User Completion"."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from testamur.core.ids import new_id, parse, to_hex24, to_opaque, to_ulid, to_uuid
from testamur.core.moments import format_instant
from testamur.dialects.stackone.wire import completions as wire
from tests import plain
from tests.hub import Hub, moment

LIST = "/unified/lms/completions"

SEED_FIELDS = [
    "id", "remote_id", "unified_custom_fields", "external_reference", "result", "completed_at", "created_at",
    "updated_at", "learning_object_type", "learning_object_id", "remote_learning_object_id",
    "learning_object_external_reference", "user_id", "remote_user_id", "external_id", "content_external_reference",
    "remote_external_id", "content_id", "remote_content_id", "course_id", "remote_course_id",
]  # fmt: skip
LATER_FIELDS = ["time_spent", "certificate_url", "score"]


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("stackone")


def of_user(hub: Hub) -> str:
    return f"/unified/lms/users/{to_opaque(hub.person)}/completions"


def create(hub: Hub, client: httpx.Client, **body: Any) -> httpx.Response:
    whole = {"learning_object_external_reference": "FIRE-101", "completed_at": format_instant(moment())}
    sent = {name: value for name, value in (whole | body).items() if value is not ...}
    return client.post(of_user(hub), json=sent)


def test_a_completion_has_every_field_of_every_edition(hub: Hub, client: httpx.Client) -> None:
    at = moment()
    made = create(
        hub,
        client,
        completed_at=format_instant(at),
        result={"value": "Pass"},
        time_spent="PT1H30M",
        score={"percentage": 87, "raw_value": "87 / 100"},
        unified_custom_fields={"my_project_custom_field_1": "REF-1236"},
        passthrough={"anything": [1, 2]},
    )
    assert made.status_code == 201
    result = made.json()
    assert set(result) == {"statusCode", "message", "timestamp", "data"}
    id, remote_id = result["data"]["id"], result["data"]["remote_id"]
    data = client.get(f"{LIST}/{id}").json()["data"]
    assert list(data) == SEED_FIELDS + LATER_FIELDS == list(wire.Completion.__struct_fields__)
    assert msgspec.to_builtins(msgspec.convert(data, wire.Completion)) == data, "as the document describes it"
    assert data.pop("created_at") == data.pop("updated_at")
    assert data == {
        "id": id,
        "remote_id": remote_id,
        "unified_custom_fields": {"my_project_custom_field_1": "REF-1236"},
        "external_reference": None,
        "result": {"value": "Pass", "source_value": "Pass"},
        "completed_at": format_instant(at),
        "learning_object_type": {"value": "course", "source_value": "course"},
        "learning_object_id": to_opaque(hub.item),
        "remote_learning_object_id": to_hex24(hub.item),
        "learning_object_external_reference": "FIRE-101",
        "user_id": to_opaque(hub.person),
        "remote_user_id": to_hex24(hub.person),
        "external_id": None,
        "content_external_reference": None,
        "remote_external_id": remote_id,
        "content_id": None,
        "remote_content_id": None,
        "course_id": to_opaque(hub.item),
        "remote_course_id": to_hex24(hub.item),
        "time_spent": "PT1H30M",
        "certificate_url": None,
        "score": {"percentage": 87.0, "raw_value": "87 / 100"},
    }


def test_every_spelling_of_an_id_finds_it(hub: Hub, client: httpx.Client) -> None:
    id = parse(create(hub, client).json()["data"]["id"])
    assert id is not None
    whole = client.get(f"{LIST}/{to_opaque(id)}").json()
    for text in (to_opaque(id).upper(), to_hex24(id), to_hex24(id).upper(), to_uuid(id), to_ulid(id, "record")):
        assert client.get(f"{LIST}/{text}").json() == whole
    for user in (to_hex24(hub.person), "00123", to_opaque(hub.person).upper()):
        assert client.get(f"/unified/lms/users/{user}/completions/{to_opaque(id)}").json() == whole


def test_a_repeated_create_is_201_with_the_same_ids(hub: Hub, client: httpx.Client) -> None:
    at = format_instant(moment())
    first, again = create(hub, client, completed_at=at), create(hub, client, completed_at=at)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["data"] == again.json()["data"]


@pytest.mark.parametrize("field", ["learning_object_id", "content_external_reference", "content_id"])
def test_any_of_the_four_references_names_the_learning_object(hub: Hub, client: httpx.Client, field: str) -> None:
    value = "LIFT/1 ä" if "reference" in field else to_opaque(hub.third_party)
    made = create(hub, client, learning_object_external_reference=..., **{field: value})
    data = client.get(f"{LIST}/{made.json()['data']['id']}").json()["data"]
    assert data["learning_object_type"] == {"value": "content", "source_value": "content"}
    assert (data["content_external_reference"], data["content_id"]) == ("LIFT/1 ä", to_opaque(hub.third_party))
    assert data["course_id"] is None


def test_fields_choose_members(hub: Hub, client: httpx.Client) -> None:
    id = create(hub, client).json()["data"]["id"]
    assert set(client.get(f"{LIST}/{id}", params={"fields": "id, completed_at,nonsense"}).json()["data"]) == {
        "id",
        "completed_at",
    }
    for fields in ("", "nonsense"):
        assert len(client.get(f"{LIST}/{id}", params={"fields": fields}).json()["data"]) == 24
    (row,) = client.get(LIST, params={"fields": "result"}).json()["data"]
    assert row == {"result": None}


def test_raw_is_what_was_told(hub: Hub, client: httpx.Client) -> None:
    sent = {"learning_object_external_reference": "FIRE-101", "completed_at": format_instant(moment())}
    id = client.post(of_user(hub), json=sent).json()["data"]["id"]
    assert "raw" not in client.get(f"{LIST}/{id}").json()
    for spelling in ("true", "True"):
        (entry,) = client.get(f"{LIST}/{id}", params={"raw": spelling}).json()["raw"]
        assert entry == {
            "method": "POST",
            "url": f"{hub.server.url}/stackone{of_user(hub)}",
            "body": sent,
            "response": None,
        }
    assert len(client.get(LIST, params={"raw": "true"}).json()["raw"]) == 1


def test_flattened_and_odd_query_names_are_ignored(hub: Hub, client: httpx.Client) -> None:
    create(hub, client)
    for query in ("?a=b&c=d,1", "?proxy[filter[eq][age]]=25", "?filter=updated_after", "?raw=&fields="):
        assert len(client.get(LIST + query).json()["data"]) == 1


def test_lists_walk_by_cursor_to_a_null(hub: Hub, client: httpx.Client) -> None:
    ids = [create(hub, client).json()["data"]["id"] for _ in range(7)]
    seen: list[str] = []
    params: dict[str, str] = {"page_size": "3"}
    for _ in range(3):
        page = client.get(LIST, params=params).json()
        seen += [row["id"] for row in page["data"]]
        params["next"] = page["next"]
    assert (seen, page["next"]) == (ids, None)
    assert [row["id"] for row in client.get(LIST, params={"page_size": "3", "page": "3"}).json()["data"]] == ids[6:]
    assert client.get(LIST, params={"page_size": "3", "page": "4"}).json() == {"next": None, "data": []}
    assert len(client.get(LIST, params={"page_size": "100000"}).json()["data"]) == 7
    assert len(client.get(LIST, params={"page_size": "0"}).json()["data"]) == 1


def test_updated_after_comes_in_two_spellings(hub: Hub, client: httpx.Client) -> None:
    create(hub, client)
    past, future = "2020-01-01T00:00:00Z", format_instant(datetime.now(UTC) + timedelta(hours=1))
    for name in ("filter[updated_after]", "filter%5Bupdated_after%5D", "updated_after"):
        assert len(client.get(f"{LIST}?{name}={past}").json()["data"]) == 1
        assert client.get(f"{LIST}?{name}={future}").json()["data"] == []
        assert client.get(f"{LIST}?{name}=yesterday").status_code == 400
    assert client.get(f"{LIST}?filter[updated_after]={past}&updated_after={future}").json()["data"] != []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"learning_object_external_reference": ...}, "learning_object_external_reference"),
        ({"learning_object_external_reference": 5}, "learning_object_external_reference"),
        ({"learning_object_external_reference": "x" * 501}, "learning_object_external_reference"),
        ({"learning_object_external_reference": "a\u0000b"}, "learning_object_external_reference"),
        ({"completed_at": "2021-02-30T00:00:00Z"}, "completed_at"),
        ({"completed_at": "2021-01-01T00:00:00"}, "completed_at"),
        ({"completed_at": "2999-01-01T00:00:00Z"}, "completed_at"),
        ({"completed_at": 5}, "completed_at"),
        ({"result": "Pass"}, "result"),
        ({"result": {"value": "Maybe"}}, "result.value"),
        ({"time_spent": "90 minutes"}, "time_spent"),
        ({"score": {"percentage": 101}}, "score.percentage"),
        ({"score": {"percentage": "87"}}, "score.percentage"),
        ({"unified_custom_fields": []}, "unified_custom_fields"),
        ({"passthrough": {"x": "y" * 70_000}}, "passthrough"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_written(
    hub: Hub, client: httpx.Client, body: dict[str, Any], field: str
) -> None:
    answer = create(hub, client, **body)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["statusCode"] == answer.status_code
    assert field in answer.json()["message"]
    assert client.get(LIST).json()["data"] == []


def test_unknown_users_and_learning_objects_are_404(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    assert create(hub, client, learning_object_external_reference="NOPE").status_code == 404
    body = {"learning_object_external_reference": "FIRE-101"}
    for user in ("nobody", to_opaque(other_hub.person)):
        assert client.post(f"/unified/lms/users/{user}/completions", json=body).status_code == 404
        assert client.get(f"/unified/lms/users/{user}/completions").status_code == 404
    answer = client.get(f"{LIST}/{to_opaque(new_id())}")
    assert (answer.status_code, set(answer.json())) == (404, {"statusCode", "message", "timestamp"})


def test_a_completion_of_somebody_else_is_not_theirs(hub: Hub, client: httpx.Client) -> None:
    id = create(hub, client).json()["data"]["id"]
    assert client.get(f"/unified/lms/users/{to_opaque(hub.other_person)}/completions/{id}").status_code == 404


def test_a_missing_date_is_the_moment_of_receipt_and_a_bare_date_stays_a_day(hub: Hub, client: httpx.Client) -> None:
    """Rule D7."""
    made = create(hub, client, completed_at=...)
    data = client.get(f"{LIST}/{made.json()['data']['id']}").json()["data"]
    assert abs(datetime.now(UTC) - datetime.fromisoformat(data["completed_at"])) < timedelta(minutes=1)
    made = create(hub, client, completed_at="2021-06-01")
    data = client.get(f"{LIST}/{made.json()['data']['id']}").json()["data"]
    assert data["completed_at"] == "2021-06-01T00:00:00.000Z"


def test_a_fail_is_kept_and_told(hub: Hub, client: httpx.Client) -> None:
    """Rule F2."""
    made = create(hub, client, result={"value": "Fail", "source_value": None})
    data = client.get(f"{LIST}/{made.json()['data']['id']}").json()["data"]
    assert data["result"] == {"value": "Fail", "source_value": "Fail"}


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 400), (b"{", 400), (b"\xff", 400), (b"[]", 422), (b'{"score": null, "score": null}', 422)],
)
def test_a_body_that_is_no_such_object_is_refused(hub: Hub, client: httpx.Client, content: bytes, status: int) -> None:
    """400 for what is no JSON, 422 for what is well-formed and does not fit."""
    answer = client.post(of_user(hub), content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert set(answer.json()) == {"statusCode", "message", "timestamp"}


def test_the_key_is_checked_before_the_account(hub: Hub, other_hub: Hub) -> None:
    url = f"{hub.server.url}/stackone{LIST}"
    key = (hub.key.secret, "")
    assert plain.get(url, auth=("wrong", "")).status_code == 401
    assert plain.get(url).status_code == 401
    assert plain.get(url, auth=key).status_code == 400
    for account in ("nobody", to_opaque(new_id()), to_opaque(other_hub.account)):
        assert plain.get(url, auth=key, headers={"x-account-id": account}).status_code == 404
    bare = base64.b64encode(hub.key.secret.encode()).decode()
    headers = {"authorization": f"Basic {bare}", "X-Account-Id": to_hex24(hub.account)}
    assert plain.get(url, headers=headers).status_code == 200


def test_a_read_only_key_may_not_write(hub: Hub) -> None:
    reader = hub.client("stackone", hub.reader)
    answer = create(hub, reader)
    assert (answer.status_code, answer.json()["statusCode"]) == (403, 403)
    assert reader.get(LIST).status_code == 200


def test_an_altered_cursor_is_400(hub: Hub, client: httpx.Client) -> None:
    for _ in range(2):
        create(hub, client)
    cursor = client.get(LIST, params={"page_size": "1"}).json()["next"]
    assert client.get(LIST, params={"next": cursor + "x"}).status_code == 400
    assert client.get(of_user(hub), params={"next": cursor}).status_code == 400
    assert client.get(LIST, params={"next": "eyJhIjoxfQ"}).status_code == 400


def test_deleting_a_completion_voids_it(hub: Hub, client: httpx.Client) -> None:
    """It is gone from every list and still known to the ledger (rule C6)."""
    data = create(hub, client).json()["data"]
    other = to_opaque(hub.other_person)
    assert client.delete(f"/unified/lms/users/{other}/completions/{data['id']}").status_code == 404
    answer = client.delete(f"{of_user(hub)}/{data['remote_id']}")
    assert answer.status_code == 200
    result = answer.json()
    assert set(result) == {"statusCode", "message", "timestamp"}
    assert (result["statusCode"], result["message"]) == (204, "Record deleted successfully.")
    assert client.get(f"{LIST}/{data['id']}").status_code == 404
    assert client.get(LIST).json()["data"] == client.get(of_user(hub)).json()["data"] == []
    assert client.delete(f"{of_user(hub)}/{data['id']}").status_code == 404
    id = parse(data["id"])
    assert id is not None
    assert hub.do(hub.ledger.records.get(hub.tenant.id, id, voided=True)).voided_at is not None
    entries, _ = hub.do(hub.ledger.webhooks.waiting(hub.tenant.id, 0, ["record.voided"], 10))
    assert [(entry.subject, entry.client) for entry in entries] == [(id, hub.key.client)]


def test_only_what_is_there_and_ones_own_can_be_deleted(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    theirs = create(other_hub, other_hub.client("stackone")).json()["data"]["id"]
    mine = create(hub, client).json()["data"]["id"]
    for id in ("nothing", to_opaque(new_id()), theirs, "a%2Fb", "a%00b"):
        assert client.delete(f"{of_user(hub)}/{id}").status_code == 404
    assert client.delete(f"/unified/lms/users/nobody/completions/{mine}").status_code == 404
    assert hub.client("stackone", hub.reader).delete(f"{of_user(hub)}/{mine}").status_code == 403
    assert client.get(f"{LIST}/{mine}").status_code == 200
    assert other_hub.client("stackone").get(f"{LIST}/{theirs}").status_code == 200
