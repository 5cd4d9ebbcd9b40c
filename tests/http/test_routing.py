"""Finding operations: raw paths, encoded slashes, slashes at the end."""

from __future__ import annotations

from copy import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testamur.http.errors import MethodNotAllowed, RouteNotFound
from testamur.http.operations import Call, Operation, Reply
from testamur.http.routing import Router


async def handler(call: Call) -> Reply:
    return Reply(204)


def operation(method: str, path: str) -> Operation:
    return Operation(
        name=f"{method} {path}", method=method, path=path, handler=handler, summary="", answers={204: None}
    )


ROUTER = Router(
    [
        operation("GET", "/users"),
        operation("POST", "/users"),
        operation("GET", "/users/{id}"),
        operation("GET", "/users/me"),
        operation("GET", "/users/ref/{ref}"),
        operation("DELETE", "/users/{id}/tags/{tag}"),
        operation("GET", "/tags/{tag}/users"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "name", "parameters"),
    [
        ("GET", "/users", "GET /users", {}),
        ("GET", "/users/", "GET /users", {}),
        ("HEAD", "/users", "GET /users", {}),
        ("POST", "/users/", "POST /users", {}),
        ("GET", "/users/me", "GET /users/me", {}),
        ("GET", "/users/mine", "GET /users/{id}", {"id": "mine"}),
        ("GET", "/users/a%2Fb", "GET /users/{id}", {"id": "a/b"}),
        ("GET", "/users/ref/ann%40example.com%20x/", "GET /users/ref/{ref}", {"ref": "ann@example.com x"}),
        ("GET", "/users/ref", "GET /users/{id}", {"id": "ref"}),
        ("DELETE", "/users/1/tags/%C3%A4", "DELETE /users/{id}/tags/{tag}", {"id": "1", "tag": "ä"}),
        ("DELETE", "/users/{id}/tags/x", "DELETE /users/{id}/tags/{tag}", {"id": "{id}", "tag": "x"}),
    ],
)
def test_a_path_finds_its_operation(method: str, path: str, name: str, parameters: dict[str, str]) -> None:
    found, values = ROUTER.match(method, path)
    assert (found.name, values) == (name, parameters)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/users/1/tags",
        "/users//tags/x",
        "/users/%ff",
        "/users/%00",
        "/users/\0",
        "//users/1/x",
        "/tags/1",
    ],
)
def test_what_is_not_there_is_not_found(path: str) -> None:
    with pytest.raises(RouteNotFound):
        ROUTER.match("GET", path)


def test_another_method_names_those_that_are_offered() -> None:
    with pytest.raises(MethodNotAllowed) as raised:
        ROUTER.match("PATCH", "/users")
    assert raised.value.allowed == ("GET", "POST")


def found(router: Router, method: str, path: str) -> object:
    try:
        operation, values = router.match(method, path)
    except (RouteNotFound, MethodNotAllowed) as error:
        return type(error)
    return operation.name, values


SEGMENTS = st.sampled_from(["users", "me", "ref", "tags", "1", "", "%2F", "%00", "\0"])


@given(method=st.sampled_from(["GET", "POST", "DELETE"]), segments=st.lists(SEGMENTS, max_size=6))
def test_what_is_found_at_once_is_what_the_way_through_the_tree_finds(method: str, segments: list[str]) -> None:
    through_the_tree = copy(ROUTER)
    through_the_tree._literal = {}
    path = "/".join(["", *segments])
    assert found(ROUTER, method, path) == found(through_the_tree, method, path)
