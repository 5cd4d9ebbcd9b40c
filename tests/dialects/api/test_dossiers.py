"""Dossiers: /v1/people/{person}/dossier (rule G7)."""

from __future__ import annotations

import httpx
import pytest

from testamur.core.ids import to_ulid, to_uuid
from testamur.ledger.dossiers import SECTIONS
from tests.dialects.api.problems import problem
from tests.hub import Hub

ADA = "/v1/people/ref:00123/dossier"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def test_g7_everything_about_a_person_as_one_document(hub: Hub, client: httpx.Client) -> None:
    said = {"person": "ref:00123", "item": "ref:FIRE-101", "completed_at": "2024-05-04", "score_percent": 80}
    record = client.post("/v1/records", json=said).json()
    answer = client.get(ADA)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert (answer.headers["cache-control"], answer.headers["vary"]) == ("no-store", "accept")
    told = answer.json()
    assert set(told) == {"produced_at", "entry", "person", *SECTIONS}
    assert (told["person"]["id"], told["person"]["given_name"]) == (to_uuid(hub.person), "Ada")
    assert [to_ulid(hub.person, "person"), told["facts"][0]["score_percent"]] == [record["person"], 80]
    assert told["reports"][0]["body"]
    last = client.get("/v1/feed", params={"after": told["entry"] - 1}).json()["data"]
    assert [(one["kind"], one["subject"]["id"]) for one in last] == [("person.exported", to_ulid(hub.person, "person"))]


def test_g7_and_as_a_page_to_read_in_which_nothing_runs(client: httpx.Client) -> None:
    title = "<script>alert(1)</script>\u202e"
    client.post("/v1/records", json={"person": "ref:00123", "title": title, "completed_at": "2024-05-04"})
    answer = client.get(ADA, headers={"accept": "text/html"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.text.startswith("<!doctype html>")
    assert "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;\u202e</bdi>" in answer.text
    assert "<script" not in answer.text
    assert "<h2>Memberships</h2>" in answer.text
    assert "<h2>Sessions</h2>" not in answer.text, "what is empty is left out"
    assert answer.text.count("<section>") == answer.text.count("</section>")


def test_nobody_and_a_strangers_person_have_none(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    for path in (
        "/v1/people/ref:nobody/dossier",
        f"/v1/people/{to_uuid(other_hub.person)}/dossier",
        "/v1/people/x/dossier",
    ):
        problem(client.get(path), 404, "person_not_found")


def test_of_somebody_erased_there_is_what_was_left(hub: Hub, client: httpx.Client) -> None:
    client.post("/v1/people/ref:00123/erasures", json={"level": "identity", "reason": "She asked"})
    told = client.get(f"/v1/people/{to_uuid(hub.person)}/dossier").json()
    assert told["person"]["given_name"] == "Erased"
    assert [one["level"] for one in told["erasures"]] == ["identity"]
    assert "Okafor" not in client.get(f"/v1/people/{to_uuid(hub.person)}/dossier", headers={"accept": "text/html"}).text
