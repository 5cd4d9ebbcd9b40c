"""The ten checks that the reference of learning records ends with, under their own names."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from testamur.core.ids import parse, to_ulid, to_uuid
from tests.dialects.cpod.pages import (
    RECORDS,
    SERVER_MANAGED,
    TOKEN,
    add,
    app_client,
    caller,
    is_problem,
    listed,
    session,
)
from tests.hub import Hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("cpod")


def test_1_create_with_the_vendors_sample_shape_and_server_values_win(hub: Hub, client: httpx.Client) -> None:
    answer = client.post(RECORDS, json={**SERVER_MANAGED, "title": "Cloud Practitioner", "provider": "AWS"})
    assert answer.status_code == 201
    record = answer.json()
    assert (record["title"], record["provider"]) == ("Cloud Practitioner", "AWS")
    for field, sent in SERVER_MANAGED.items():
        if sent is not None:
            assert record.get(field) != sent, field
    assert (record["tenant_id"], record["is_deleted"], record["schema_version"]) == (str(hub.tenant.id), False, 1)
    assert record["created_at"] == record["updated_at"] > "2020"


def test_2_create_with_one_unknown_field_is_400_and_create_of_nothing_is_201(client: httpx.Client) -> None:
    problem = is_problem(client.post(RECORDS, json={"title": "x", "titel": "y"}), 400, "validation_error")
    assert [detail["field"] for detail in problem["details"]] == ["/titel"]
    assert listed(client) == []
    assert client.post(RECORDS, json={}).status_code == 201


def test_3_two_tenants_and_two_applications_never_cross(hub: Hub, other_hub: Hub) -> None:
    clients = [app_client(of, name) for of in (hub, other_hub) for name in ("one", "two")]
    records = [add(each, title=str(place)) for place, each in enumerate(clients)]
    for place, each in enumerate(clients):
        page = each.get(RECORDS).json()
        assert (page["items"], page["total"]) == ([records[place]], 1)
        for other, record in enumerate(records):
            answer = each.get(f"{RECORDS}/{record['id']}")
            if other == place:
                assert answer.json() == record
            else:
                is_problem(answer, 404, "not_found")
        ids = ",".join(record["id"] for record in records)
        assert each.get(RECORDS, params={"id": ids}).json()["total"] == 1


def test_4_a_record_of_a_person_has_no_app_id_and_one_of_an_application_has(hub: Hub) -> None:
    human, machine = session(hub, hub.person), app_client(hub, "payroll")
    of_human, of_machine = add(human), add(machine)
    assert "app_id" not in of_human
    assert of_human["created_by"] == of_human["updated_by"] == to_ulid(hub.person, "person")
    assert (of_machine["app_id"], of_machine["created_by"]) == ("payroll", None)


def test_5_the_same_record_by_all_six_spellings(client: httpx.Client) -> None:
    record = add(client, title="One")
    id = parse(record["id"], "record")
    assert id is not None
    printed, uuid = to_ulid(id, "record"), to_uuid(id)
    spellings = [printed, printed.lower(), printed.replace("_", "-"), printed[4:], uuid, f"rec_{uuid}"]
    assert len(set(spellings)) == 6
    for spelled in spellings:
        assert client.get(f"{RECORDS}/{spelled}").json() == record
        assert listed(client, id=spelled) == [record]


def test_6_a_walk_of_1201_records_while_others_come_has_no_gap_and_no_repeat(hub: Hub, client: httpx.Client) -> None:
    ids = {id for part in in_parts(client, 1_201) for id in part}
    assert len(ids) == 1_201
    stop = threading.Event()

    def insert() -> None:
        with hub.client("cpod") as other:
            while not stop.is_set():
                add(other, title="later")

    inserting = threading.Thread(target=insert)
    inserting.start()
    try:
        seen: list[str] = []
        params = {"limit": "500"}
        while True:
            page = client.get(RECORDS, params=params).json()
            seen += [record["id"] for record in page["items"]]
            if page["nextCursor"] is None:
                break
            params["cursor"] = page["nextCursor"]
    finally:
        stop.set()
        inserting.join()
    assert len(seen) == len(set(seen))
    assert ids <= set(seen)


def in_parts(client: httpx.Client, count: int) -> list[list[str]]:
    """Create records, several at once."""

    def create(part: range) -> list[str]:
        return [add(client, title=str(number))["id"] for number in part]

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(create, [range(place, count, 8) for place in range(8)]))


@pytest.mark.parametrize(
    ("score", "is_fine"),
    [("-0.01", False), ("100.01", False), ("NaN", False), ('"90"', False), ("0", True), ("100", True), ("null", True)],
)
def test_7_scores_at_their_edges(client: httpx.Client, score: str, is_fine: bool) -> None:
    answer = client.post(RECORDS, content=f'{{"score": {score}}}', headers={"content-type": "application/json"})
    assert answer.status_code == (201 if is_fine else 400)
    if not is_fine:
        is_problem(answer, 400, "bad_request" if score == "NaN" else "validation_error")
        assert listed(client) == []


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_8_a_change_in_faithful_mode_is_405_with_allow(client: httpx.Client, method: str) -> None:
    record = add(client)
    answer = client.request(method, f"{RECORDS}/{record['id']}", json={"title": "x"})
    is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD"
    answer = client.request(method, RECORDS, json={})
    is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"
    is_problem(client.post(f"{RECORDS}/{record['id']}/restore"), 404, "not_found")
    assert client.get(f"{RECORDS}/{record['id']}").json() == record


def test_9_deleted_rows_are_listed_and_counted_only_when_asked_for(hub: Hub, client: httpx.Client) -> None:
    kept, gone = add(client, title="kept"), add(client, title="gone")
    id = parse(gone["id"], "record")
    assert id is not None
    hub.do(hub.ledger.records.void(caller(hub), id))
    page = client.get(RECORDS).json()
    assert (page["items"], page["total"]) == ([kept], 1)
    both = client.get(RECORDS, params={"include_deleted": "true"}).json()
    assert [record["is_deleted"] for record in both["items"]] == [True, False]
    assert both["total"] == 2


FAILURES: dict[int, Callable[[httpx.Client], httpx.Response]] = {
    400: lambda client: client.get(RECORDS, params={"surprise": 1}),
    401: lambda client: client.get(RECORDS, headers={"authorization": "Bearer x"}),
    404: lambda client: client.get("/nothing"),
    405: lambda client: client.put(RECORDS),
    409: lambda client: [
        client.post(RECORDS, json={"title": title}, headers={"idempotency-key": "k"}) for title in "ab"
    ][-1],
    413: lambda client: client.post(RECORDS, content=b" " * 1_048_577, headers={"content-type": "application/json"}),
    415: lambda client: client.post(RECORDS, content=b"{}", headers={"content-type": "text/plain"}),
}


@pytest.mark.parametrize("status", FAILURES)
def test_10_every_error_is_a_problem_with_a_message(client: httpx.Client, status: int) -> None:
    answer = FAILURES[status](client)
    is_problem(answer, status, answer.json()["code"])


def test_10_a_right_that_is_missing_and_a_refused_token_are_problems_too(hub: Hub, client: httpx.Client) -> None:
    is_problem(hub.client("cpod", hub.reader).post(RECORDS, json={}), 403, "forbidden")
    for body in ({}, {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}):
        answer = client.post(TOKEN, json=body, headers={"authorization": ""})
        is_problem(answer, answer.status_code, answer.json()["code"])
