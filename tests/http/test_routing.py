"""Finding operations: raw paths, encoded slashes, slashes at the end."""

from __future__ import annotations

import pytest

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
    ],
)
def test_a_path_finds_its_operation(method: str, path: str, name: str, parameters: dict[str, str]) -> None:
    found, values = ROUTER.match(method, path)
    assert (found.name, values) == (name, parameters)


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/users/1/tags", "/users//tags/x", "/users/%ff", "/users/%00", "//users/1/x"]
)
def test_what_is_not_there_is_not_found(path: str) -> None:
    with pytest.raises(RouteNotFound):
        ROUTER.match("GET", path)


def test_another_method_names_those_that_are_offered() -> None:
    with pytest.raises(MethodNotAllowed) as raised:
        ROUTER.match("PATCH", "/users")
    assert raised.value.allowed == ("GET", "POST")
