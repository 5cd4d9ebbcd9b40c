"""Erasures, retention rules and legal holds."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.ids import to_hex24, to_ulid, to_uuid
from tests.dialects.api.problems import problem
from tests.hub import Hub

ADA = "/v1/people/ref:00123/erasures"
ERASURES, RULES, HOLDS = "/v1/erasures", "/v1/retention-rules", "/v1/legal-holds"
RUNS = "/v1/retention/runs"
NOTHING = "00000000000000000000000000"
COUNTED = {
    "detail_of": 0,
    "records": 0,
    "facts": 0,
    "sessions": 0,
    "development": 0,
    "reports": 0,
    "identity": 0,
    "entries": 0,
    "imported_rows": 0,
    "mentions": 0,
}


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def complete(client: httpx.Client, **body: Any) -> str:
    said = {"person": "ref:00123", "item": "ref:FIRE-101", "completed_at": "2024-05-04", "score_percent": 80}
    answer = client.post("/v1/records", json=said | body)
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


def made(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json={"reason": "The law says so", **body})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    at = answer.headers["location"]
    assert client.get(at).json() == told
    return told


def ran(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post(RUNS, json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _place(kept: dict[str, Any]) -> tuple[str, str]:
    return kept["because"], kept["level"]


def test_an_erasure_says_what_went_and_is_read_again(hub: Hub, client: httpx.Client) -> None:
    complete(client)
    told = made(client, ADA, level="identity")
    assert told["id"].startswith("era_")
    assert told == {
        "id": told["id"],
        "person": to_ulid(hub.person, "person"),
        "level": "identity",
        "reason": "The law says so",
        "asked_by": to_ulid(hub.key.client, "client"),
        "asked_by_person": None,
        "asked_at": told["asked_at"],
        "tried_at": told["asked_at"],
        "completed_at": told["asked_at"],
        "erased": COUNTED | {"identity": 1, "entries": 2},
        "kept": [],
        "tombstone": None,
    }
    person = client.get(f"/v1/people/{told['person']}").json()
    assert (person["given_name"], person["ref"]) == ("Erased", f"erased-{to_hex24(hub.person)}")
    problem(client.get("/v1/people/ref:00123"), 404, "person_not_found")
    assert client.get(ERASURES).json() == {"data": [told], "next": None}
    assert client.get(f"/v1/people/{told['person']}/erasures").json()["data"] == [told]
    assert client.get(ERASURES, params={"open": "true"}).json()["data"] == []


def test_a_rehearsal_answers_200_and_changes_nothing(hub: Hub, client: httpx.Client) -> None:
    complete(client)
    answer = client.post(ADA, json={"level": "all", "reason": "To see", "rehearse": True})
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "person": to_ulid(hub.person, "person"),
            "level": "all",
            "erased": COUNTED | {"records": 1, "facts": 1, "reports": 1, "identity": 1, "entries": 2},
            "kept": [],
        },
    )
    assert client.get(ERASURES).json()["data"] == []
    assert client.get("/v1/people/ref:00123").status_code == 200


def test_g5_the_answer_names_what_is_kept_by_what_until_when(hub: Hub, client: httpx.Client) -> None:
    complete(client)
    rule = made(client, RULES, basis="completion", years=100, item="ref:FIRE-101")
    hold = made(client, HOLDS, item="ref:LIFT/1 ä")
    complete(client, item="ref:LIFT/1 ä")
    told = made(client, ADA, level="all")
    kept = {"kind": "record", "count": 1}
    fire, lift = to_ulid(hub.item, "item"), to_ulid(hub.third_party, "item")
    of_rule = kept | {"because": "rule", "id": rule["id"], "item": fire, "until": "2124-05-04", "level": "all"}
    of_hold = kept | {"because": "hold", "id": hold["id"], "item": lift, "until": None}
    wanted = [of_rule, *(of_hold | {"level": level} for level in ("detail", "identity", "all"))]
    assert sorted(told["kept"], key=_place) == sorted(wanted, key=_place)
    assert (told["completed_at"], told["tombstone"], told["erased"]["detail_of"]) == (None, None, 1)
    assert client.get(ERASURES, params={"open": "true"}).json()["data"] == [told]


def test_a_rule_holds_until_another_or_nobody_wants_it(hub: Hub, client: httpx.Client) -> None:
    said = {"basis": "leaving", "years": 6, "days": 30, "adds_recurrence": True, "keeps": "identity", "erases": "all"}
    first = made(client, RULES, item="ref:FIRE-101", **said)
    assert first["id"].startswith("ret_")
    assert first == said | {
        "id": first["id"],
        "item": to_ulid(hub.item, "item"),
        "category": None,
        "reason": "The law says so",
        "set_by": to_ulid(hub.key.client, "client"),
        "set_by_person": None,
        "opened_at": first["opened_at"],
        "closed_at": None,
        "closed_by": None,
        "closed_because": None,
    }
    second = made(client, RULES, item="ref:FIRE-101", basis="completion")
    assert (second["years"], second["days"], second["keeps"], second["erases"]) == (0, 0, "facts", None)
    assert client.get(RULES).json() == {"data": [second], "next": None}
    page = client.get(RULES, params={"include_closed": "true", "limit": 1}).json()
    assert [one["id"] for one in page["data"]] == [first["id"]]
    rest = client.get(RULES, params={"include_closed": "true", "limit": 1, "cursor": page["next"]}).json()
    assert (rest["data"], rest["next"]) == ([second], None)
    closed = client.post(f"{RULES}/{second['id']}/close", json={"reason": "No law any more"})
    assert closed.status_code == 200
    assert closed.json() == second | {
        "closed_at": closed.json()["closed_at"],
        "closed_by": to_ulid(hub.key.client, "client"),
        "closed_because": "No law any more",
    }
    problem(client.post(f"{RULES}/{second['id']}/close", json={"reason": "Again"}), 409, "conflict")


def test_a_hold_lasts_until_it_is_lifted(hub: Hub, client: httpx.Client) -> None:
    placed = made(client, HOLDS, person="ref:00123")
    assert placed == {
        "id": placed["id"],
        "person": to_ulid(hub.person, "person"),
        "item": None,
        "reason": "The law says so",
        "placed_by": to_ulid(hub.key.client, "client"),
        "placed_by_person": None,
        "placed_at": placed["placed_at"],
        "lifted_at": None,
        "lifted_by": None,
        "lifted_because": None,
    }
    told = made(client, ADA, level="detail")
    assert told["kept"] == [
        {
            "level": "detail",
            "because": "hold",
            "id": placed["id"],
            "kind": None,
            "item": None,
            "until": None,
            "count": 1,
        }
    ]
    problem(client.delete("/v1/people/ref:00123"), 409, "conflict")
    with hub.client("rise") as rise:
        assert rise.delete(f"/users/{to_hex24(hub.person)}").status_code == 409
    assert client.get(HOLDS, params={"person": "ref:00123"}).json()["data"] == [placed]
    assert client.get(HOLDS, params={"item": "ref:FIRE-101"}).json()["data"] == []
    lifted = client.post(f"{HOLDS}/{placed['id']}/lift", json={"reason": "Settled"})
    assert (lifted.status_code, lifted.json()["lifted_because"]) == (200, "Settled")
    assert client.get(HOLDS).json()["data"] == []
    assert client.get(HOLDS, params={"include_lifted": "true"}).json()["data"] == [lifted.json()]
    problem(client.post(f"{HOLDS}/{placed['id']}/lift", json={"reason": "Again"}), 409, "conflict")


def test_a_run_erases_what_rules_end_and_says_of_whom(hub: Hub, client: httpx.Client) -> None:
    record = complete(client)
    made(client, RULES, basis="completion", erases="detail")
    ended = {
        "person": to_ulid(hub.person, "person"),
        "level": "detail",
        "erased": COUNTED | {"detail_of": 1, "reports": 1},
    }
    assert ran(client, rehearse=True) == {"rehearsed": True, "erased": [ended], "next": None}
    assert client.get(f"/v1/records/{record}").json()["score_percent"] == 80
    assert ran(client) == {"rehearsed": False, "erased": [ended], "next": None}
    assert client.get(f"/v1/records/{record}").json()["score_percent"] is None
    (stored,) = client.get(ERASURES).json()["data"]
    assert (stored["erased"], stored["asked_by"]) == (ended["erased"], to_ulid(hub.key.client, "client"))
    assert ran(client) == {"rehearsed": False, "erased": [], "next": None}


def test_a_run_goes_on_where_the_one_before_stopped(hub: Hub, client: httpx.Client) -> None:
    complete(client)
    complete(client, person="ref:00124")
    made(client, RULES, basis="completion", erases="detail")
    people = [to_ulid(hub.person, "person"), to_ulid(hub.other_person, "person")]
    for rehearse in (True, False):
        first = ran(client, rehearse=rehearse, limit=1)
        rest = ran(client, rehearse=rehearse, limit=1, cursor=first["next"])
        assert [one["person"] for one in first["erased"] + rest["erased"]] == people
        assert (first["next"] is None, rest["next"]) == (False, None)


def test_a_run_goes_on_without_a_cursor_too(client: httpx.Client) -> None:
    complete(client)
    complete(client, person="ref:00124")
    made(client, RULES, basis="completion", erases="detail")
    first, second = ran(client, limit=1), ran(client, limit=1)
    assert len({one["person"] for one in first["erased"] + second["erased"]}) == 2
    assert second["next"] is None


def test_a_run_is_of_one_tenant(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    stranger = other_hub.client("api")
    complete(client)
    complete(client, person="ref:00124")
    theirs = complete(stranger)
    for one in (client, stranger):
        made(one, RULES, basis="completion", erases="detail")
    told = ran(client, limit=1)
    problem(stranger.post(RUNS, json={"cursor": told["next"]}), 422, "invalid_cursor")
    ran(client)
    assert stranger.get(f"/v1/records/{theirs}").json()["score_percent"] == 80
    assert [one["person"] for one in ran(stranger)["erased"]] == [to_ulid(other_hub.person, "person")]


def test_everything_is_in_the_feed_without_words(hub: Hub, client: httpx.Client) -> None:
    before = client.get("/v1/feed", params={"limit": 1}).json()["last"]
    rule, hold = made(client, RULES, basis="completion", years=6), made(client, HOLDS, person="ref:00123")
    client.post(f"{HOLDS}/{hold['id']}/lift", json={"reason": "Settled"})
    client.post(f"{RULES}/{rule['id']}/close", json={"reason": "Over"})
    told = made(client, ADA, level="all")
    entries = client.get("/v1/feed", params={"after": before}).json()["data"]
    assert [one["kind"] for one in entries] == [
        "retention.set",
        "hold.placed",
        "hold.lifted",
        "retention.closed",
        "person.erased",
    ]
    for entry, id in zip(entries, (rule["id"], hold["id"], hold["id"], rule["id"], told["person"]), strict=True):
        assert entry["subject"]["id"] == id
    assert client.get(entries[0]["subject"]["url"]).status_code == 200
    assert entries[-1]["data"]["erased"] == told["erased"]


def test_a_repeated_call_erases_once(client: httpx.Client) -> None:
    headers = {"idempotency-key": "e-1"}
    first = client.post(ADA, json={"level": "detail", "reason": "x"}, headers=headers)
    second = client.post(ADA, json={"level": "detail", "reason": "x"}, headers=headers)
    assert (first.status_code, second.status_code, second.json()) == (201, 201, first.json())
    assert second.headers["idempotent-replayed"] == "true"
    assert len(client.get(ERASURES).json()["data"]) == 1


def test_with_a_key_the_person_is_gone_and_the_answer_is_told_again(hub: Hub, client: httpx.Client) -> None:
    path, headers = f"/v1/people/{to_hex24(hub.person).upper()}/erasures", {"idempotency-key": "e-2"}
    first = client.post(path, json={"level": "all", "reason": "x"}, headers=headers)
    assert first.status_code == 201, first.text
    assert client.post(path, json={"level": "all", "reason": "x"}, headers=headers).json() == first.json()


@pytest.mark.parametrize(
    ("path", "body", "pointer", "code"),
    [
        (ADA, {"level": "some", "reason": "x"}, "/level", None),
        (ADA, {"level": "all"}, "/reason", "missing"),
        (ADA, {"level": "all", "reason": ""}, "/reason", None),
        (ADA, {"level": "all", "reason": "  "}, "/reason", "missing"),
        (ADA, {"level": "all", "reason": "a\0b"}, "/reason", "format"),
        (ADA, {"level": "all", "reason": "x" * 4001}, "/reason", None),
        (ADA, {"level": "all", "reason": "x", "rehearse": "yes"}, "/rehearse", "type"),
        (ADA, {"level": "all", "reason": "x", "more": 1}, "/more", "unknown"),
        (RULES, {"basis": "birth", "reason": "x"}, "/basis", None),
        (RULES, {"basis": "leaving", "years": -1, "reason": "x"}, "/years", None),
        (RULES, {"basis": "leaving", "years": 201, "reason": "x"}, "/years", None),
        (RULES, {"basis": "leaving", "days": 10**30, "reason": "x"}, "/days", None),
        (RULES, {"basis": "leaving", "erases": "identity", "reason": "x"}, "/erases", None),
        (RULES, {"basis": "leaving", "item": "ref:nothing", "reason": "x"}, "/item", "item_not_found"),
        (RULES, {"basis": "leaving", "category": "Nothing", "reason": "x"}, "/category", "not_found"),
        (RULES, {"basis": "leaving", "item": "ref:FIRE-101", "category": "x", "reason": "x"}, "/category", "range"),
        (HOLDS, {"reason": "x"}, "/person", "range"),
        (RUNS, {"rehearse": "yes"}, "/rehearse", "type"),
        (RUNS, {"rehearse": None}, "/rehearse", "type"),
        (RUNS, {"limit": 0}, "/limit", None),
        (RUNS, {"limit": 101}, "/limit", None),
        (RUNS, {"limit": 10**30}, "/limit", None),
        (RUNS, {"limit": "10"}, "/limit", "type"),
        (RUNS, {"limit": 1.5}, "/limit", None),
        (RUNS, {"cursor": "x"}, "/cursor", "invalid_cursor"),
        (RUNS, {"cursor": "a\0b"}, "/cursor", None),
        (RUNS, {"cursor": 1}, "/cursor", "type"),
        (RUNS, {"cursor": "x" * 5000}, "/cursor", None),
        (RUNS, {"more": 1}, "/more", "unknown"),
        (HOLDS, {"reason": "x", "person": "ref:nobody"}, "/person", "person_not_found"),
        (HOLDS, {"reason": "x", "person": "ref:00123", "item": "ref:FIRE-101"}, "/person", "range"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(
    client: httpx.Client, path: str, body: dict[str, Any], pointer: str, code: str | None
) -> None:
    faults = problem(client.post(path, json=body), 422)["errors"]
    assert pointer in [fault["pointer"] for fault in faults]
    assert code is None or code in [fault["code"] for fault in faults]


@pytest.mark.parametrize("path", [ADA, RULES, HOLDS, RUNS])
def test_what_is_no_json_is_no_request(client: httpx.Client, path: str) -> None:
    headers = {"content-type": "application/json"}
    problem(client.post(path, content="{", headers=headers), 400)
    problem(client.post(path, content="[]", headers=headers), 422)
    problem(client.post(path, content="x", headers={"content-type": "text/plain"}), 415)


def test_a_reader_only_reads(hub: Hub, client: httpx.Client) -> None:
    hold = made(client, HOLDS, person="ref:00123")
    rule = made(client, RULES, basis="completion")
    reader = hub.client("api", hub.reader)
    for path in (ADA, RULES, HOLDS, f"{HOLDS}/{hold['id']}/lift", f"{RULES}/{rule['id']}/close"):
        problem(reader.post(path, json={"reason": "x", "level": "all", "rehearse": True}), 403, "forbidden")
    problem(reader.post(RUNS, json={"rehearse": True}), 403, "forbidden")
    for path in (ADA, ERASURES, RULES, HOLDS, f"{HOLDS}/{hold['id']}", f"{RULES}/{rule['id']}"):
        assert reader.get(path).status_code == 200


def test_another_tenants_are_not_found(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    hold, rule = made(client, HOLDS, person="ref:00123"), made(client, RULES, basis="completion")
    told = made(client, ADA, level="all")
    stranger = other_hub.client("api")
    for path in (f"{ERASURES}/{told['id']}", f"{HOLDS}/{hold['id']}", f"{RULES}/{rule['id']}"):
        problem(stranger.get(path), 404, "not_found")
    for path in (f"{HOLDS}/{hold['id']}/lift", f"{RULES}/{rule['id']}/close"):
        problem(stranger.post(path, json={"reason": "x"}), 404, "not_found")
    at = f"/v1/people/{to_ulid(hub.person, 'person')}/erasures"
    problem(stranger.post(at, json={"level": "all", "reason": "x"}), 404, "person_not_found")
    problem(stranger.get(at), 404, "person_not_found")
    for path in (ERASURES, HOLDS, RULES):
        assert stranger.get(path, params={}).json()["data"] == []
    problem(stranger.get(HOLDS, params={"person": to_uuid(hub.person)}), 422, "person_not_found")


@pytest.mark.parametrize("path", [ERASURES, HOLDS, RULES, ADA])
def test_pages_are_of_a_size_and_cursors_of_their_list(client: httpx.Client, path: str) -> None:
    for params in ({"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"cursor": "x"}, {"page": 2}):
        problem(client.get(path, params=params), 422)


@pytest.mark.parametrize("path", [f"{ERASURES}/era_{NOTHING}", f"{HOLDS}/x", f"{RULES}/{'f' * 24}"])
def test_what_is_not_there_is_not_found(client: httpx.Client, path: str) -> None:
    problem(client.get(path), 404, "not_found")


def test_ids_are_taken_in_any_spelling(client: httpx.Client) -> None:
    hold = made(client, HOLDS, person="ref:00123")
    for spelled in (hold["id"].upper(), hold["id"].lower()):
        assert client.get(f"{HOLDS}/{spelled}").json() == hold
