"""Transcripts of the linked accounts, and of what stands behind them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.ids import new_id, to_hex24, to_opaque, to_uuid
from testamur.core.people import Reference
from testamur.ledger.tenants import Account, AccountChange
from tests import plain
from tests.hub import Hub
from tests.waiting import eventually

USERS = "/unified/lms/users"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    """Without the account header: calls about accounts need none."""
    client = hub.client("stackone")
    del client.headers["x-account-id"]
    return client


def linked(hub: Hub, provider: str = "elsewhere", name: str = "Elsewhere") -> Account:
    return hub.do(hub.ledger.tenants.add_account(hub.caller, provider, name))


def change(hub: Hub, account: Account, **values: Any) -> None:
    reference = Reference(str(account.id), (), "tenant")
    hub.do(hub.ledger.tenants.change_account(hub.caller, reference, AccountChange(**values)))


def native(hub: Hub) -> dict[str, Any]:
    return {
        "id": to_opaque(hub.account),
        "provider": "testamur",
        "provider_name": "Testamur",
        "status": "active",
        "status_reasons": None,
        "origin_owner_id": hub.tenant.slug,
        "origin_owner_name": "Test tenant",
        "origin_username": None,
        "credentials": None,
        "setup_information": None,
        "label": None,
        "type": "production",
        "shared": False,
    }


def test_accounts_are_a_bare_array(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    answer = client.get("/accounts")
    assert answer.status_code == 200
    (account,) = answer.json()
    assert account.pop("created_at") == account.pop("updated_at")
    assert account == native(hub)


def test_an_account_is_found_by_every_spelling(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    for text in (to_opaque(hub.account), to_hex24(hub.account).upper(), to_uuid(hub.account)):
        assert client.get(f"/accounts/{text}").json()["id"] == to_opaque(hub.account)
    for text in ("nobody", to_opaque(new_id()), to_opaque(other_hub.account)):
        for method in ("GET", "PATCH", "DELETE"):
            answer = client.request(method, f"/accounts/{text}", json={} if method == "PATCH" else None)
            assert (answer.status_code, set(answer.json())) == (404, {"statusCode", "message", "timestamp"})
        assert client.get(f"/accounts/{text}/meta").status_code == 404


def test_accounts_are_filtered_and_paged(hub: Hub, client: httpx.Client) -> None:
    accounts = [linked(hub, f"system-{n}") for n in range(3)]
    change(hub, accounts[0], status="suspended", status_reason="unpaid", owner_id="acme")
    mine, first, second, third = [to_opaque(hub.account), *(to_opaque(account.id) for account in accounts)]

    def found(query: str) -> list[str]:
        answer = client.get(f"/accounts?{query}")
        assert answer.status_code == 200, answer.text
        return [account["id"] for account in answer.json()]

    assert found("") == [mine, first, second, third]
    assert found("page=2&page_size=3") == [third]
    assert found("page=9") == []
    assert found("page=0&page_size=0") == [mine]
    assert found("status=suspended&status=error") == [first]
    assert found("status=active&provider=testamur") == [mine]
    assert found("providers=system-1&providers=system-2") == [second, third]
    assert found("origin_owner_id=acme") == [first]
    assert found(f"origin_owner_ids={hub.tenant.slug}&page_size=1") == [mine]
    assert found(f"account_ids={third}&account_ids={to_hex24(accounts[0].id)}&account_ids=nobody") == [first, third]
    assert found("account_ids=nobody") == []
    assert client.get("/accounts?page=two").status_code == 400


def test_the_meta_names_what_can_be_done(hub: Hub, client: httpx.Client) -> None:
    meta = client.get(f"/accounts/{to_opaque(hub.account)}/meta").json()
    assert set(meta) == {"provider", "category", "models"}
    assert (meta["provider"], meta["category"]) == ("testamur", "lms")
    assert meta["models"]["users"] == ["lms_list_users", "lms_get_user"]
    assert "lms_delete_user_completion" in meta["models"]["completions"]
    unknown = client.get(f"/accounts/{to_opaque(linked(hub).id)}/meta").json()
    assert unknown == {"provider": "elsewhere", "category": "lms", "models": {}}


def test_an_account_is_changed_member_by_member(hub: Hub, client: httpx.Client) -> None:
    url = f"/accounts/{to_opaque(hub.account)}"
    body = {
        "provider": "testamur",
        "origin_owner_id": "acme-7",
        "origin_owner_name": "Acme",
        "origin_username": "ada",
        "setup_information": {"region": "eu"},
        "label": "Main",
        "type": "test",
        "metadata": {"a": 1},
        "environment": None,
        "nonsense": 1,
    }
    answer = client.patch(url, json=body)
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert {name: changed[name] for name in body if name in changed} == {
        name: value for name, value in body.items() if name in changed
    }
    assert client.get(url).json() == changed
    assert client.patch(url, json={}).json() == changed, "nothing was said, nothing is changed"
    relabelled = client.patch(url, json={"label": {"text": "Other"}}).json()
    assert (relabelled["label"], relabelled["origin_username"]) == ('{"text":"Other"}', "ada")
    entries, _ = hub.do(hub.ledger.webhooks.waiting(hub.tenant.id, 0, ["account.changed"], 10))
    assert [entry.subject for entry in entries] == [hub.account] * 2
    assert {entry.client for entry in entries} == {hub.key.client}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"provider": "other"}, 409, "provider"),
        ({"origin_owner_id": 7}, 422, "origin_owner_id"),
        ({"origin_owner_id": "x" * 501}, 422, "origin_owner_id"),
        ({"origin_owner_name": "a\u0000b"}, 422, "origin_owner_name"),
        ({"type": "staging"}, 422, "type"),
        ({"credentials": {"password": "x"}}, 422, "credentials"),
        ({"secrets": {"password": "x"}}, 422, "secrets"),
        ({"setup_information": []}, 422, "setup_information"),
        ({"metadata": {"x": "y" * 70_000}}, 422, "metadata"),
    ],
)
def test_a_bad_member_is_named(hub: Hub, client: httpx.Client, body: dict[str, Any], status: int, field: str) -> None:
    url = f"/accounts/{to_opaque(hub.account)}"
    before = client.get(url).json()
    answer = client.patch(url, json=body)
    assert (answer.status_code, answer.json()["statusCode"]) == (status, status)
    assert field in answer.json()["message"]
    assert client.get(url).json() == before


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_object_is_refused(hub: Hub, client: httpx.Client, content: bytes) -> None:
    url = f"/accounts/{to_opaque(hub.account)}"
    answer = client.patch(url, content=content, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert client.patch(url, content=b"{}", headers={"content-type": "text/plain"}).status_code == 415


def test_a_removed_account_is_not_found_any_more(hub: Hub, client: httpx.Client) -> None:
    account = to_opaque(linked(hub).id)
    answer = client.delete(f"/accounts/{account}")
    assert (answer.status_code, answer.json()["id"]) == (200, account)
    assert client.get(f"/accounts/{account}").status_code == 404
    assert client.delete(f"/accounts/{account}").status_code == 404
    assert client.get(USERS, headers={"x-account-id": account}).status_code == 404
    assert [one["id"] for one in client.get("/accounts").json()] == [to_opaque(hub.account)]


def test_the_tenants_own_ledger_cannot_be_unlinked(hub: Hub, client: httpx.Client) -> None:
    assert client.delete(f"/accounts/{to_opaque(hub.account)}").status_code == 409
    assert client.get(USERS, headers={"x-account-id": to_opaque(hub.account)}).status_code == 200


def test_a_read_only_key_changes_no_account(hub: Hub) -> None:
    reader = hub.client("stackone", hub.reader)
    url = f"/accounts/{to_opaque(linked(hub).id)}"
    assert reader.get(url).status_code == 200
    assert reader.patch(url, json={"label": "x"}).status_code == 403
    assert reader.delete(url).status_code == 403


def test_an_account_of_an_unknown_kind_is_501_and_a_suspended_one_412(hub: Hub, client: httpx.Client) -> None:
    account = linked(hub)
    headers = {"x-account-id": to_opaque(account.id)}
    assert client.get(USERS, headers=headers).status_code == 501
    change(hub, account, status="suspended", status_reason="unpaid")
    (reason,) = client.get(f"/accounts/{to_opaque(account.id)}").json()["status_reasons"]
    assert (reason["code"], reason["description"]) == ("suspended", "unpaid")
    eventually(lambda: client.get(USERS, headers=headers).status_code == 412)


def test_what_needs_an_upstream_system_is_501(hub: Hub, client: httpx.Client) -> None:
    for answer in (client.get("/connectors/meta"), client.get("/connectors/meta/workday?include=x")):
        assert (answer.status_code, set(answer.json())) == (501, {"statusCode", "message", "timestamp"})
    assert client.post("/unified/proxy", json={}).status_code == 400, "the account header is required here"
    headers = {"x-account-id": to_opaque(hub.account)}
    assert client.post("/unified/proxy", json={"path": "/x"}, headers=headers).status_code == 501


def test_accounts_need_a_key(hub: Hub) -> None:
    answer = plain.get(f"{hub.server.url}/stackone/accounts")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Basic realm="Testamur"')
