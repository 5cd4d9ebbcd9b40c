"""The operations of the Thrive public API."""

from __future__ import annotations

from testamur.dialects.thrive import wire
from testamur.dialects.thrive.errors import answer_error
from testamur.dialects.thrive.notices import NOTICES
from testamur.dialects.thrive.operations import (
    activities,
    assignments,
    audience_managers,
    audience_members,
    audiences,
    completions,
    contents,
    cpd,
    enrolments,
    events,
    skills,
    tokens,
    users,
)
from testamur.dialects.thrive.operations.shared import NAME
from testamur.dialects.thrive.operations.tokens import identify
from testamur.http.operations import Dialect

OPERATIONS = (
    *activities.OPERATIONS,
    *audiences.OPERATIONS,
    *audience_members.OPERATIONS,
    *audience_managers.OPERATIONS,
    *completions.OPERATIONS,
    *cpd.OPERATIONS,
    *contents.OPERATIONS,
    *assignments.OPERATIONS,
    *enrolments.OPERATIONS,
    *skills.OPERATIONS,
    *tokens.OPERATIONS,
    *users.OPERATIONS,
    *events.OPERATIONS,
)

DIALECT = Dialect(
    name=NAME,
    title="Thrive Learning public API",
    operations=OPERATIONS,
    identify=identify,
    answer_error=answer_error,
    error=wire.Error,
    notices=NOTICES,
    security={
        "basic": {"type": "http", "scheme": "basic", "description": "Tenant id and API key"},
        "bearer": {"type": "http", "scheme": "bearer", "description": "Token of /oauth2/token/{tenantId}"},
    },
)
