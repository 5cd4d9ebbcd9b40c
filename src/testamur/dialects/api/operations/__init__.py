"""The operations of our own API."""

from __future__ import annotations

from testamur.dialects.api import wire
from testamur.dialects.api.errors import MEDIA_TYPE, answer_error
from testamur.dialects.api.notices import NOTICES
from testamur.dialects.api.operations import (
    assignments,
    audiences,
    decisions,
    dossiers,
    erasures,
    exports,
    favorites,
    feed,
    imports,
    invitations,
    items,
    members,
    people,
    records,
    retention,
    sessions,
    settings,
    standings,
    transcripts,
    uploads,
    webhooks,
)
from testamur.dialects.api.operations.shared import NAME, identify
from testamur.http.operations import Dialect

OPERATIONS = (
    *people.OPERATIONS,
    *favorites.OPERATIONS,
    *invitations.OPERATIONS,
    *items.OPERATIONS,
    *audiences.OPERATIONS,
    *members.OPERATIONS,
    *assignments.OPERATIONS,
    *records.OPERATIONS,
    *sessions.OPERATIONS,
    *standings.OPERATIONS,
    *transcripts.OPERATIONS,
    *dossiers.OPERATIONS,
    *decisions.OPERATIONS,
    *erasures.OPERATIONS,
    *retention.OPERATIONS,
    *settings.OPERATIONS,
    *feed.OPERATIONS,
    *exports.OPERATIONS,
    *webhooks.OPERATIONS,
    *imports.OPERATIONS,
    *uploads.OPERATIONS,
)

DIALECT = Dialect(
    name=NAME,
    title="Testamur's own API",
    operations=OPERATIONS,
    identify=identify,
    before=uploads.check_version,
    after=uploads.say_version,
    answer_error=answer_error,
    error=wire.Problem,
    error_media_type=MEDIA_TYPE,
    refuses_unknown_params=True,
    notices=NOTICES,
    security={"bearer": {"type": "http", "scheme": "bearer", "description": "API key"}},
)
