"""Where the vendor's pages, its simulator and its real clients contradict one another: the side we took."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.ids import to_hex24
from testamur.core.items import NewItem
from tests import plain
from tests.hub import Hub

NEW_USER = {"ref": "N-1", "firstName": "Nia", "lastName": "Lowe", "email": "nia.lowe@example.com"}


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("thrive")


def test_tokens_are_asked_for_and_refused_as_by_amazon_cognito(hub: Hub) -> None:
    """No page shows the request or the error; the words of the scopes and the hosts are Cognito's."""
    address = f"{hub.server.url}/thrive/oauth2/token/{hub.tenant.slug}"
    form = {"grant_type": "client_credentials", "client_id": to_hex24(hub.key.client), "client_secret": "wrong"}
    answer = plain.post(address, data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")
    answer = plain.post(address, data=form | {"client_secret": hub.key.secret})
    assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")


def test_what_makes_something_answers_201_and_what_changes_or_ends_it_200(hub: Hub, client: httpx.Client) -> None:
    """No page names the status; clients take any that says success."""
    body: dict[str, Any] = {"name": "Sites", "reference": "sites", "category": "structure"}
    assert client.post("/rest/v1/audiences", json=body).status_code == 201
    assert client.delete("/rest/v1/audiences/sites").status_code == 200
    assert client.post("/rest/v2/users", json=NEW_USER).status_code == 201
    assert client.delete("/rest/v2/users/ref/N-1").status_code == 200
    body = {"audienceId": to_hex24(hub.audience), "contentId": to_hex24(hub.item)}
    made = client.post("/rest/v1/assignments", json=body)
    assert made.status_code == 201
    path = f"/rest/v1/assignments/{made.json()['id']}"
    assert client.patch(path, json={"completionPeriod": 5}).status_code == 200
    assert client.request("DELETE", path, json={"audienceId": body["audienceId"]}).status_code == 200


def test_a_users_audiences_are_objects_as_a_live_tenant_sent_them(hub: Hub, client: httpx.Client) -> None:
    """The page shows plain ids; the largest known client declares what arrived."""
    user = client.get(f"/rest/v1/user/{to_hex24(hub.person)}").json()
    assert user["audiences"] == [{"id": to_hex24(hub.audience)}]


def test_agreed_terms_are_null_which_both_descriptions_allow(hub: Hub, client: httpx.Client) -> None:
    """One says boolean or null, the other text or null, and nobody agrees to terms here."""
    assert client.get(f"/rest/v1/user/{to_hex24(hub.person)}").json()["agreedTerms"] is None


def test_positions_have_a_title_and_activities_a_content_type_as_on_the_wire(hub: Hub, client: httpx.Client) -> None:
    """Both are missing from the pages."""
    made = client.post("/rest/v2/users", json=NEW_USER | {"jobTitle": "Fitter"}).json()
    (position,) = client.get(f"/rest/v1/user/{made['id']}").json()["positions"]
    assert position["title"] == "Fitter"
    completion = {"userId": made["id"], "contentId": to_hex24(hub.item), "completedAt": "2025-03-01T10:00:00Z"}
    client.post("/rest/v1/learning/completions", json=completion)
    activities = client.get("/rest/v1/activities").json()["results"]
    assert all("contentType" in activity for activity in activities)


def test_a_structure_with_children_is_not_deleted(client: httpx.Client) -> None:
    """One page lets the children go with it; the newer and more specific one wants none to be there."""
    client.post("/rest/v1/audiences", json={"name": "Sites", "reference": "sites", "category": "structure"})
    child = {"name": "Leeds", "reference": "leeds", "category": "audience", "parentId": "sites"}
    client.post("/rest/v1/audiences", json=child)
    assert client.delete("/rest/v1/audiences/sites").status_code == 409
    assert client.get("/rest/v1/audiences/leeds").status_code == 200


def test_a_page_of_assignments_has_a_hundred_at_most(client: httpx.Client) -> None:
    """The summary promises a thousand, the parameter allows a hundred."""
    assert client.get("/rest/v1/assignments", params={"perPage": 100}).status_code == 200
    assert client.get("/rest/v1/assignments", params={"perPage": 101}).status_code == 422


def test_tags_are_paged_and_a_client_that_asks_for_no_page_gets_the_first(hub: Hub, client: httpx.Client) -> None:
    """The older edition knows no parameters."""
    hub.do(hub.ledger.skills.add(hub.caller, ["Ladders", "Rescue"]))
    assert [tag["tag"] for tag in client.get("/rest/v1/tags").json()["results"]] == ["Ladders", "Rescue"]
    second = client.get("/rest/v1/tags", params={"perPage": 1, "page": 2}).json()
    assert [tag["tag"] for tag in second["results"]] == ["Rescue"]


def test_audiences_can_be_changed(client: httpx.Client) -> None:
    """One page still announces it."""
    client.post("/rest/v1/audiences", json={"name": "Sites", "reference": "sites", "category": "structure"})
    assert client.patch("/rest/v1/audiences/sites", json={"name": "Places"}).json()["name"] == "Places"


def test_a_contents_duration_is_an_object(hub: Hub, client: httpx.Client) -> None:
    """One client expects a number; the simulator, which is the vendor's, sends this."""
    (item,) = hub.do(hub.ledger.items.add(hub.caller, [NewItem(title="Ladders", duration="PT90M")]))
    answer = client.get(f"/rest/v1/contents/{to_hex24(item)}").json()
    assert answer["duration"] == {"value": 90, "unit": "minutes"}


def test_the_api_of_an_unrelated_host_is_not_served(client: httpx.Client) -> None:
    """One old client calls these; no page of the vendor knows them."""
    for path in ("/users", "/content", "/completions"):
        assert client.get(path, params={"page": 1, "limit": 10}).status_code == 404


def test_answers_name_no_rate_limit(client: httpx.Client) -> None:
    """None is published; 429 comes with Retry-After, should an operator set one."""
    answer = client.get("/rest/v1/contents")
    assert not [name for name in answer.headers if "ratelimit" in name.lower()]
