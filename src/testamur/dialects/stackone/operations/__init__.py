"""The operations of the StackOne Unified LMS API."""

from __future__ import annotations

from testamur.dialects.stackone import wire
from testamur.dialects.stackone.errors import answer_error
from testamur.dialects.stackone.operations import completions
from testamur.dialects.stackone.operations.accounts import identify
from testamur.dialects.stackone.operations.shared import NAME
from testamur.http.operations import Dialect

OPERATIONS = (*completions.OPERATIONS,)

DIALECT = Dialect(
    name=NAME,
    title="StackOne Unified LMS API",
    operations=OPERATIONS,
    identify=identify,
    answer_error=answer_error,
    error=wire.Error,
    security={"basic": {"type": "http", "scheme": "basic", "description": "API key as user name, no password"}},
)
