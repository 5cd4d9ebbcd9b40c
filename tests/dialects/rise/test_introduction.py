"""Transcripts of the vendor's page "Introduction to Reach 360 API": keys, versions, errors.

https://access.articulate.com/support
"""

from __future__ import annotations

import httpx
import msgspec
import pytest

from testamur.core import errors as core
from testamur.core.errors import FieldFault, InvalidInput, TestamurError
from testamur.core.ids import to_hex24
from testamur.dialects.rise.errors import answer_error
from testamur.http import errors as http
from tests import plain
from tests.dialects.rise.pages import DATES, codes, completions
from tests.hub import Hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("rise")


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer nonsense",
        "Bearer tst_" + "A" * 43,
        "Bearer " + "A" * 20_000,
        "Basic dXNlcjpwYXNz",
        "Digest x",
        "{secret}",
    ],
)
def test_bad_credentials_are_401(hub: Hub, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization.format(secret=hub.key.secret)}
    for method, path in (("GET", "/users"), ("POST", completions(hub.item, hub.person))):
        answer = plain.request(method, f"{hub.server.url}/rise{path}", headers=headers)
        assert (answer.status_code, codes(answer)) == (401, ["unauthorized"])
        assert answer.headers["www-authenticate"] == 'Bearer realm="Testamur"'


def test_the_word_bearer_is_taken_in_any_letter_case(hub: Hub) -> None:
    answer = plain.get(f"{hub.server.url}/rise/users", headers={"authorization": f"bearer  {hub.key.secret}"})
    assert answer.status_code == 200


def test_a_key_opens_its_own_tenant_only(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    with hub.client("rise", other_hub.key) as stranger:
        assert codes(stranger.get(f"/users/{to_hex24(hub.person)}")) == ["user_not_found"]
        assert stranger.get(f"/users/{to_hex24(other_hub.person)}").status_code == 200


def test_a_key_of_another_dialect_is_401(hub: Hub) -> None:
    key = hub.do(hub.ledger.clients.create(hub.tenant.id, "thrive only", dialect="thrive"))
    with hub.client("rise", key) as client:
        answer = client.get("/users")
    assert (answer.status_code, codes(answer)) == (401, ["unauthorized"])


def test_a_revoked_key_stops_working_at_once(hub: Hub) -> None:
    key = hub.do(hub.ledger.clients.create(hub.tenant.id, "for a day", dialect="rise"))
    with hub.client("rise", key) as client:
        assert client.get("/users").status_code == 200
        hub.do(hub.ledger.clients.revoke(hub.tenant.id, key.key))
        assert client.get("/users").status_code == 401


def test_a_key_that_is_revoked_between_two_pages_gets_no_second_one(hub: Hub) -> None:
    key = hub.do(hub.ledger.clients.create(hub.tenant.id, "for a page", dialect="rise"))
    with hub.client("rise", key) as client:
        following = client.get("/users", params={"limit": 1}).json()["nextUrl"]
        hub.do(hub.ledger.clients.revoke(hub.tenant.id, key.key))
        answer = client.get(following)
    assert (answer.status_code, codes(answer)) == (401, ["unauthorized"])
    with hub.client("rise") as other:
        assert other.get(following).status_code == 200, "the place belongs to the list, not to the key"


VERSIONS = ["2020-07-16", "2023-04-04", "2023-05-04"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("header", ["Rise-API-Version", "API-Version"])
def test_every_known_version_is_taken_under_either_name_and_named_again(
    hub: Hub, client: httpx.Client, header: str, version: str
) -> None:
    for answer in (
        client.get("/users", headers={header: version}),
        client.post(completions(hub.item, hub.person), json=DATES, headers={header: version}),
    ):
        assert answer.is_success
        assert answer.headers[header] == version
        assert len([name for name in answer.headers if name.endswith("api-version")]) == 1


def test_without_a_version_each_brands_first_one_is_named(client: httpx.Client) -> None:
    headers = client.get("/users").headers
    assert (headers["rise-api-version"], headers["api-version"]) == ("2020-07-16", "2023-04-04")


def test_both_headers_are_named_when_both_are_sent(client: httpx.Client) -> None:
    sent = {"Rise-API-Version": "2020-07-16", "API-Version": "2023-05-04"}
    headers = client.get("/users", headers=sent).headers
    assert {name: headers[name] for name in sent} == sent


@pytest.mark.parametrize("version", ["2019-01-01", "2023-05-05", "1", "latest", ""])
@pytest.mark.parametrize("header", ["Rise-API-Version", "API-Version"])
def test_an_unknown_version_is_400(client: httpx.Client, header: str, version: str) -> None:
    answer = client.get("/users", headers={header: version})
    assert (answer.status_code, codes(answer)) == (400, ["invalid_api_version"])
    assert "api-version" not in answer.headers
    assert "rise-api-version" not in answer.headers


def test_one_unknown_version_beside_a_known_one_is_400(client: httpx.Client) -> None:
    answer = client.get("/users", headers={"Rise-API-Version": "2020-07-16", "API-Version": "2020-07-17"})
    assert (answer.status_code, codes(answer)) == (400, ["invalid_api_version"])


def test_the_key_is_checked_before_the_version_and_the_version_before_all_else(hub: Hub, client: httpx.Client) -> None:
    wrong = {"API-Version": "1999-01-01"}
    path = completions("nothing", "nobody")
    answer = plain.post(f"{hub.server.url}/rise{path}", json={}, headers=wrong)
    assert codes(answer) == ["unauthorized"]
    assert codes(client.post(path, json={}, headers=wrong)) == ["invalid_api_version"]
    assert codes(client.post(path, content=b"{", headers=wrong)) == ["invalid_api_version"]
    assert codes(client.get("/users?limit=0", headers=wrong)) == ["invalid_api_version"]


def test_errors_name_no_version(client: httpx.Client) -> None:
    answer = client.get("/users/nobody", headers={"API-Version": "2023-05-04"})
    assert answer.status_code == 404
    assert "api-version" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/nothing", "/users/a/b/c", "/v1/users", "/courses//users"])
def test_an_unknown_route_is_404(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, codes(answer)) == (404, ["not_found"])


def test_a_method_that_is_not_offered_is_405_with_allow(hub: Hub, client: httpx.Client) -> None:
    answer = client.put("/users")
    assert (answer.status_code, codes(answer)) == (405, ["method_not_allowed"])
    assert answer.headers["allow"] == "GET"
    answer = client.get(completions(hub.item, hub.person))
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_head_is_answered_like_get_without_a_body(client: httpx.Client) -> None:
    answer = client.head("/users")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (core.PersonNotFound, 404, "user_not_found"),
        (core.ItemNotFound, 404, "course_not_found"),
        (core.AudienceNotFound, 404, "group_not_found"),
        (core.CompletionNotFound, 404, "not_found"),
        (core.ItemNotPublished, 409, "course_not_published"),
        (core.IdentifierTaken, 409, "conflict"),
        (core.KeyReused, 409, "conflict"),
        (core.Unauthenticated, 401, "unauthorized"),
        (core.Forbidden, 403, "forbidden"),
        (core.AccountSuspended, 403, "forbidden"),
        (core.Overloaded, 503, "unavailable"),
        (core.DatabaseUnavailable, 503, "unavailable"),
        (http.MalformedBody, 400, "invalid_request"),
        (http.BodyTooLarge, 413, "invalid_request"),
        (http.UnsupportedMediaType, 415, "invalid_request"),
        (http.UnsupportedVersion, 400, "invalid_api_version"),
        (http.InvalidCursor, 400, "invalid_request"),
        (http.RouteNotFound, 404, "not_found"),
        (http.Unimplemented, 501, "not_implemented"),
        (http.RateLimited, 429, "rate_limited"),
        (core.PreconditionFailed, 409, "conflict"),
        (http.InternalError, 500, "internal_error"),
    ],
)
def test_every_error_has_the_vendors_code(error: type[TestamurError], status: int, code: str) -> None:
    reply = answer_error(error("A sentence."), None)
    assert reply.status == status
    assert reply.body is not None
    assert msgspec.json.decode(reply.body) == {"errors": [{"code": code, "message": "A sentence."}]}
    assert (b"retry-after" in dict(reply.headers)) == (status in (429, 503))


def test_several_faults_are_several_errors() -> None:
    reply = answer_error(
        InvalidInput([FieldFault("a", "missing", "is required"), FieldFault("", "type", "is odd")]), None
    )
    assert reply.body is not None
    assert [error["message"] for error in msgspec.json.decode(reply.body)["errors"]] == ["a: is required", "is odd"]
