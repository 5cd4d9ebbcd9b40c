"""The operations of the Rise API."""

from __future__ import annotations

from testamur.dialects.rise import wire
from testamur.dialects.rise.errors import answer_error
from testamur.dialects.rise.notices import NOTICES
from testamur.dialects.rise.operations import (
    completions,
    courses,
    enrolments,
    groups,
    invitations,
    learning_paths,
    members,
    reporters,
    reports,
    users,
    webhooks,
)
from testamur.dialects.rise.operations.keys import identify, name_version
from testamur.dialects.rise.operations.shared import NAME
from testamur.http.operations import Dialect

OPERATIONS = (
    *completions.OPERATIONS,
    *courses.OPERATIONS,
    *learning_paths.OPERATIONS,
    *enrolments.OPERATIONS,
    *users.OPERATIONS,
    *groups.OPERATIONS,
    *members.OPERATIONS,
    *reporters.OPERATIONS,
    *invitations.OPERATIONS,
    *reports.OPERATIONS,
    *webhooks.OPERATIONS,
)

DIALECT = Dialect(
    name=NAME,
    title="Rise and Reach 360 API",
    operations=OPERATIONS,
    identify=identify,
    answer_error=answer_error,
    after=name_version,
    notices=NOTICES,
    error=wire.Errors,
    security={"bearer": {"type": "http", "scheme": "bearer", "description": "API key"}},
)
