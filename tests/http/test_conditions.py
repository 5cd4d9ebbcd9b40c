"""If-Match and If-None-Match, as every operation that takes them treats them. Our own API stands for all dialects."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.dialects.api.problems import problem
from tests.hub import Hub

ADA = "/v1/people/ref:00123"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def tag(client: httpx.Client, at: str = ADA) -> str:
    return client.get(at).headers["etag"]


def test_what_is_known_already_is_304_without_a_body(client: httpx.Client) -> None:
    known = tag(client)
    for sent in (known, f'"other", W/{known}', "*", f"{known},"):
        answer = client.get(ADA, headers={"if-none-match": sent})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", known)
    for sent in ('"other"', known.strip('"'), ""):
        assert client.get(ADA, headers={"if-none-match": sent}).status_code == 200
    problem(client.get("/v1/people/ref:nobody", headers={"if-none-match": "*"}), 404, "person_not_found")


def test_a_change_of_what_was_seen_is_made(client: httpx.Client) -> None:
    known = tag(client)
    assert client.patch(ADA, json={"role": "a"}, headers={"if-match": f'"x", {known}'}).status_code == 200
    assert client.patch(ADA, json={"role": "b"}, headers={"if-match": "*"}).status_code == 200


@pytest.mark.parametrize("sent", ['"0"', "", "nonsense", 'W/"0"', '"'])
def test_a_change_of_what_was_not_seen_is_412_and_changes_nothing(client: httpx.Client, sent: str) -> None:
    before = client.get(ADA).json()
    problem(client.patch(ADA, json={"role": "a"}, headers={"if-match": sent}), 412, "precondition_failed")
    assert client.get(ADA).json() == before


def test_a_weak_tag_is_no_ground_for_a_change(client: httpx.Client) -> None:
    answer = client.patch(ADA, json={"role": "a"}, headers={"if-match": f"W/{tag(client)}"})
    problem(answer, 412, "precondition_failed")


def test_of_two_who_saw_the_same_one_is_refused(client: httpx.Client) -> None:
    known = tag(client)

    def change(role: str) -> int:
        return client.patch(ADA, json={"role": role}, headers={"if-match": known}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(change, "abcdefgh")) == [200] + [412] * 7


def test_calls_that_say_what_to_do_and_deletions_are_conditional_too(client: httpx.Client) -> None:
    known = tag(client)
    assert client.post(f"{ADA}/suspend", json={}, headers={"if-match": known}).status_code == 200
    problem(client.post(f"{ADA}/reinstate", headers={"if-match": known}), 412, "precondition_failed")
    problem(client.delete(ADA, headers={"if-match": known}), 412, "precondition_failed")
    assert client.delete(ADA, headers={"if-match": tag(client)}).status_code == 204


def test_something_can_be_put_only_where_nothing_is(client: httpx.Client) -> None:
    body, headers = {"title": "Ladders", "kind": "course"}, {"if-none-match": "*"}
    assert client.put("/v1/items/ref:LADDERS", json=body, headers=headers).status_code == 201
    problem(client.put("/v1/items/ref:LADDERS", json=body, headers=headers), 412, "precondition_failed")


def test_a_condition_on_what_is_not_there_is_404(client: httpx.Client) -> None:
    answer = client.patch("/v1/people/ref:nobody", json={}, headers={"if-match": '"x"'})
    problem(answer, 404, "person_not_found")


def test_a_repeat_by_key_does_not_ask_for_the_condition_again(client: httpx.Client) -> None:
    """The first answer changed what the condition is about."""
    headers = {"if-match": tag(client), "idempotency-key": "k"}
    first = client.post(f"{ADA}/suspend", json={}, headers=headers)
    again = client.post(f"{ADA}/suspend", json={}, headers=headers)
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)


def test_a_key_whose_condition_failed_is_free(client: httpx.Client) -> None:
    headers = {"idempotency-key": "k"}
    problem(client.post(f"{ADA}/suspend", json={}, headers={**headers, "if-match": '"0"'}), 412, "precondition_failed")
    assert client.post(f"{ADA}/suspend", json={}, headers={**headers, "if-match": tag(client)}).status_code == 200
