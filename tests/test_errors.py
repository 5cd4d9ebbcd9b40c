"""Every error the core or a request can raise has an answer in every dialect, in that dialect's own shape."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from testamur.core.errors import FieldFault, InvalidInput, TestamurError
from testamur.dialects import ALL
from testamur.http.errors import MethodNotAllowed
from testamur.http.operations import Dialect
from testamur.storage.migrate import MigrationRefused

OPERATORS_ONLY = {MigrationRefused}
"""Raised by commands, never by a request."""


def every_error() -> list[type[TestamurError]]:
    found = [TestamurError]
    for error in found:
        found += error.__subclasses__()
    return sorted(set(found) - OPERATORS_ONLY, key=lambda error: error.__name__)


def make(error: type[TestamurError]) -> TestamurError:
    if issubclass(error, InvalidInput):
        return error(FieldFault("completedAt", "format", "must be an ISO 8601 date-time"))
    if issubclass(error, MethodNotAllowed):
        return error(("GET", "POST"))
    return error(field="completedAt")


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.__name__)
def test_every_error_has_an_answer_in_every_dialect(dialect: Dialect, error: type[TestamurError]) -> None:
    reply = dialect.answer_error(make(error), None)
    assert reply.body is not None
    body: Any = msgspec.json.decode(reply.body, type=dialect.error)
    assert body
    assert 400 <= reply.status < 600
    expects_server_fault = error.__name__ in ("TestamurError", "InternalError")
    assert (reply.status == 500) == expects_server_fault
    if error.retry_after_seconds is not None:
        assert (b"retry-after", str(error.retry_after_seconds).encode()) in reply.headers


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
def test_an_error_names_the_field(dialect: Dialect) -> None:
    reply = dialect.answer_error(InvalidInput(FieldFault("completedAt", "format", "must be a date")), None)
    assert reply.body is not None
    assert b"completedAt" in reply.body
