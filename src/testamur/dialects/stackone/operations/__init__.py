"""The operations of the StackOne Unified LMS API."""

from __future__ import annotations

from testamur.dialects.stackone import wire
from testamur.dialects.stackone.errors import answer_error
from testamur.dialects.stackone.operations import (
    accounts,
    assignments,
    batches,
    categories,
    collections,
    completions,
    content,
    courses,
    skills,
    users,
)
from testamur.dialects.stackone.operations.shared import NAME
from testamur.http.operations import Dialect

UNIFIED = (
    *assignments.OPERATIONS,
    *batches.OPERATIONS,
    *categories.OPERATIONS,
    *collections.OPERATIONS,
    *completions.OPERATIONS,
    *content.OPERATIONS,
    *courses.OPERATIONS,
    *skills.OPERATIONS,
    *users.OPERATIONS,
)
"""What the account of the tenant's own ledger answers."""

OPERATIONS = (*UNIFIED, *accounts.operations(UNIFIED))

DIALECT = Dialect(
    name=NAME,
    title="StackOne Unified LMS API",
    operations=OPERATIONS,
    identify=accounts.identify,
    answer_error=answer_error,
    error=wire.Error,
    security={"basic": {"type": "http", "scheme": "basic", "description": "API key as user name, no password"}},
)
