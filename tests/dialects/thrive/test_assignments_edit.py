"""Transcripts of PATCH and DELETE /assignments/{assignmentId}."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.audiences import NewAudience
from testamur.core.ids import new_id, to_hex24
from testamur.core.people import Reference
from tests import plain
from tests.hub import Hub

PATH = "/rest/v1/assignments"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("thrive")


@pytest.fixture
def made(hub: Hub, client: httpx.Client) -> dict[str, Any]:
    sent = {"audienceId": to_hex24(hub.audience), "contentId": to_hex24(hub.item), "recurrence": 365}
    answer: dict[str, Any] = client.post(PATH, json=sent).json()
    return answer


def delete(client: httpx.Client, id: str, body: Any) -> httpx.Response:
    """As the observed client does it: a JSON body on a DELETE."""
    return client.request("DELETE", f"{PATH}/{id}", json=body)


def versions(hub: Hub, id: str) -> list[Any]:
    reference = Reference(id, (), "assignment", "assignmentId")
    return hub.do(hub.ledger.assignments.versions(hub.tenant.id, reference))


def test_what_is_sent_changes_and_what_is_absent_stays(hub: Hub, client: httpx.Client, made: dict[str, Any]) -> None:
    address = f"{PATH}/{made['id']}"
    sent = {"audienceId": made["audienceId"], "completionPeriod": 14}
    answer = client.patch(address, json=sent)
    assert answer.status_code == 200
    changed = answer.json()
    assert changed.pop("updatedAt") > made["updatedAt"]
    assert changed == {
        "id": made["id"],
        "audienceId": to_hex24(hub.audience),
        "primaryContentId": to_hex24(hub.item),
        "alternativeContentIds": [],
        "hideAlternativeContent": False,
        "completionPeriod": 14,
        "recurrence": 365,
        "isActive": True,
        "isDeleted": False,
        "createdAt": made["createdAt"],
        "deletedAt": None,
    }
    assert client.get(address).json() == answer.json()
    assert client.get(PATH).json() == [answer.json()]


def test_every_setting_can_be_changed_at_once_and_back(hub: Hub, client: httpx.Client, made: dict[str, Any]) -> None:
    sent = {
        "audienceId": made["audienceId"].upper(),
        "contentId": to_hex24(hub.third_party).upper(),
        "alternativeContentIds": [to_hex24(hub.item)],
        "hideAlternativeContent": True,
        "completionPeriod": 1,
        "recurrence": None,
    }
    changed = client.patch(f"{PATH}/{made['id']}", json=sent).json()
    assert changed["primaryContentId"] == to_hex24(hub.third_party)
    assert changed["alternativeContentIds"] == [to_hex24(hub.item)]
    assert (changed["hideAlternativeContent"], changed["completionPeriod"]) == (True, 1)
    assert changed["recurrence"] is None
    back = {
        "contentId": to_hex24(hub.item),
        "alternativeContentIds": [],
        "hideAlternativeContent": False,
        "completionPeriod": 30,
        "recurrence": 365,
    }
    again = client.patch(f"{PATH}/{made['id'].upper()}/", json=back).json()
    assert {**again, "updatedAt": made["updatedAt"]} == made
    assert [version.number for version in versions(hub, made["id"])] == [1, 2, 3]


def test_an_edit_keeps_every_version_and_one_that_changes_nothing_makes_none(
    hub: Hub, client: httpx.Client, made: dict[str, Any]
) -> None:
    address = f"{PATH}/{made['id']}"
    edited = client.patch(address, json={"completionPeriod": 60}).json()
    for same in ({"completionPeriod": 60}, {}, {"audienceId": made["audienceId"]}, {"recurrence": 365, "extra": 1}):
        assert client.patch(address, json=same).json() == edited
    first, second = versions(hub, made["id"])
    assert (first.completion_period_days, second.completion_period_days) == (30, 60)
    assert first.recorded_at < second.recorded_at
    assert second.acts_at == second.recorded_at
    assert client.get(PATH, params={"updatedSince": edited["updatedAt"]}).json() == [edited]


def test_zero_and_none_are_given_back_as_sent(client: httpx.Client, made: dict[str, Any]) -> None:
    for value in (0, None, 1):
        assert client.patch(f"{PATH}/{made['id']}", json={"recurrence": value}).json()["recurrence"] == value


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"audienceId": "f" * 24}, "audienceId"),
        ({"audienceId": "nobody"}, "audienceId"),
        ({"audienceId": None}, "audienceId"),
        ({"audienceId": 7}, "audienceId"),
        ({"audienceId": "site-staff\0"}, "audienceId"),
        ({"contentId": "f" * 24}, "contentId"),
        ({"contentId": "f" * 23}, "contentId"),
        ({"contentId": None}, "contentId"),
        ({"completionPeriod": 0}, "completionPeriod"),
        ({"completionPeriod": None}, "completionPeriod"),
        ({"completionPeriod": "30"}, "completionPeriod"),
        ({"completionPeriod": 10**30}, "completionPeriod"),
        ({"recurrence": -1}, "recurrence"),
        ({"recurrence": 1.5}, "recurrence"),
        ({"hideAlternativeContent": 1}, "hideAlternativeContent"),
        ({"alternativeContentIds": None}, "alternativeContentIds"),
        ({"alternativeContentIds": ["f" * 24]}, "alternativeContentIds[0]"),
        ({"alternativeContentIds": ["x"]}, "alternativeContentIds"),
    ],
)
def test_a_bad_field_is_422_named_and_changes_nothing(
    client: httpx.Client, made: dict[str, Any], sent: dict[str, Any], field: str
) -> None:
    answer = client.patch(f"{PATH}/{made['id']}", json={"completionPeriod": 5} | sent)
    assert (answer.status_code, answer.json()["error"]) == (422, "Unprocessable Content")
    assert field in answer.json()["message"]
    assert client.get(f"{PATH}/{made['id']}").json() == made


def test_the_primary_is_never_an_alternative(hub: Hub, client: httpx.Client, made: dict[str, Any]) -> None:
    address = f"{PATH}/{made['id']}"
    answer = client.patch(address, json={"alternativeContentIds": [to_hex24(hub.item)]})
    assert answer.status_code == 422
    assert "alternativeContentIds[0]" in answer.json()["message"]
    assert client.patch(address, json={"alternativeContentIds": [to_hex24(hub.third_party)]}).status_code == 200
    answer = client.patch(address, json={"contentId": to_hex24(hub.third_party)})
    assert answer.status_code == 422
    assert "contentId" in answer.json()["message"]


def test_another_audience_is_refused_and_its_reference_accepted(
    hub: Hub, client: httpx.Client, made: dict[str, Any]
) -> None:
    other = hub.do(hub.ledger.audiences.add(hub.caller, NewAudience(name="Others", reference="others")))
    for body in ({"audienceId": to_hex24(other)}, {"audienceId": "others"}):
        for answer in (client.patch(f"{PATH}/{made['id']}", json=body), delete(client, made["id"], body)):
            assert answer.status_code == 422
            assert "audienceId" in answer.json()["message"]
    assert client.get(f"{PATH}/{made['id']}").json() == made
    sent = {"audienceId": "site-staff", "completionPeriod": 3}
    assert client.patch(f"{PATH}/{made['id']}", json=sent).json()["completionPeriod"] == 3


def test_deleting_is_soft_and_may_be_repeated(hub: Hub, client: httpx.Client, made: dict[str, Any]) -> None:
    body = {"audienceId": made["audienceId"]}
    answer = delete(client, made["id"], body)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    gone = client.get(f"{PATH}/{made['id']}").json()
    assert (gone["isDeleted"], gone["isActive"]) == (True, False)
    assert gone["deletedAt"] == gone["updatedAt"] > made["updatedAt"]
    assert client.get(PATH).json() == [gone]
    again = delete(client, made["id"], body)
    assert (again.status_code, again.json()) == (200, {"success": True})
    assert client.get(f"{PATH}/{made['id']}").json() == gone
    assert [version.is_deleted for version in versions(hub, made["id"])] == [False, True]


def test_deleting_needs_no_body(client: httpx.Client, made: dict[str, Any]) -> None:
    """The id says enough; clients that leave the body out mean the same."""
    answer = client.delete(f"{PATH}/{made['id']}")
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert client.get(f"{PATH}/{made['id']}").json()["isDeleted"]


def test_a_deleted_assignment_cannot_be_edited(client: httpx.Client, made: dict[str, Any]) -> None:
    delete(client, made["id"], {"audienceId": made["audienceId"]})
    answer = client.patch(f"{PATH}/{made['id']}", json={"completionPeriod": 5})
    assert (answer.status_code, answer.json()["error"]) == (409, "Conflict")


@pytest.mark.parametrize("id", ["f" * 24, "nonsense", "%2F", "a%2Fb", "é"])
def test_an_unknown_assignment_is_404(hub: Hub, client: httpx.Client, id: str) -> None:
    for answer in (
        client.patch(f"{PATH}/{id}", json={}),
        delete(client, id, {"audienceId": to_hex24(hub.audience)}),
        client.get(f"{PATH}/{id}"),
    ):
        assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_another_tenants_assignment_and_content_are_not_found(
    hub: Hub, other_hub: Hub, client: httpx.Client, made: dict[str, Any]
) -> None:
    with other_hub.client("thrive") as stranger:
        assert stranger.patch(f"{PATH}/{made['id']}", json={"completionPeriod": 5}).status_code == 404
        assert delete(stranger, made["id"], {"audienceId": made["audienceId"]}).status_code == 404
    answer = client.patch(f"{PATH}/{made['id']}", json={"contentId": to_hex24(other_hub.item)})
    assert answer.status_code == 422
    answer = client.patch(f"{PATH}/{made['id']}", json={"audienceId": to_hex24(other_hub.audience)})
    assert answer.status_code == 422
    assert client.get(f"{PATH}/{made['id']}").json() == made


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_bodies_that_are_no_json_of_the_kind(client: httpx.Client, made: dict[str, Any], method: str) -> None:
    address = f"{PATH}/{made['id']}"
    json = {"content-type": "application/json"}
    contents = [b"{", b"[]", b'"x"', b'{"audienceId": "a", "audienceId": "b"}', b"\xff"]
    for content in contents if method == "DELETE" else [b"", *contents]:
        answer = client.request(method, address, content=content, headers=json)
        assert (answer.status_code, answer.json()["status"]) == (422, 422), content
    answer = client.request(method, address, content=b"{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 415
    assert client.get(address).json() == made


def test_deleting_needs_the_audience(client: httpx.Client, made: dict[str, Any]) -> None:
    for body in ({}, {"audienceId": None}, {"audienceId": ""}, {"audienceId": [made["audienceId"]]}):
        answer = delete(client, made["id"], body)
        assert answer.status_code == 422
        assert "audienceId" in answer.json()["message"]
    assert client.get(f"{PATH}/{made['id']}").json() == made


def test_a_reader_may_not_write_and_nobody_unknown_may_anything(
    hub: Hub, client: httpx.Client, made: dict[str, Any]
) -> None:
    with hub.client("thrive", hub.reader) as reader:
        assert reader.patch(f"{PATH}/{made['id']}", json={}).status_code == 403
        assert delete(reader, made["id"], {"audienceId": made["audienceId"]}).status_code == 403
        assert reader.get(f"{PATH}/{made['id']}").status_code == 200
    assert plain.request("PATCH", f"{hub.server.url}/thrive{PATH}/{made['id']}", json={}).status_code == 401


@pytest.mark.parametrize(
    "params",
    [{"page": 0}, {"perPage": 0}, {"perPage": 101}, {"limit": 0}, {"limit": 101}, {"page": "x"}, {"updatedSince": "x"}],
)
def test_the_list_refuses_what_is_out_of_range(client: httpx.Client, params: dict[str, Any]) -> None:
    answer = client.get(PATH, params=params)
    assert answer.status_code == 422
    assert next(iter(params)) in answer.json()["message"]


def test_the_list_by_audience_takes_an_id_in_any_letter_case(
    hub: Hub, other_hub: Hub, client: httpx.Client, made: dict[str, Any]
) -> None:
    assert client.get(PATH, params={"audienceId": made["audienceId"].upper()}).json() == [made]
    assert client.get(PATH, params={"audienceId": to_hex24(other_hub.audience)}).status_code == 404
    assert client.get(PATH, params={"audienceId": to_hex24(new_id())}).status_code == 404
