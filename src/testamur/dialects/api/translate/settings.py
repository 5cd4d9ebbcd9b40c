"""The tenant's settings."""

from __future__ import annotations

from msgspec import UNSET

from testamur.core.compliance import REENTRY_DEFAULT_DAYS
from testamur.core.tenants import SettingsChange, TenantSettings
from testamur.dialects.api.wire import settings as wire
from testamur.http.replies import instant


def settings(stored: TenantSettings) -> wire.Settings:
    return wire.Settings(
        reentry_days=stored.reentry_days,
        self_granting=stored.self_granting,
        updated_at=instant(stored.updated_at) or "",
    )


def change(body: wire.ChangeSettings) -> SettingsChange:
    days, granting = body.reentry_days, body.self_granting
    return SettingsChange(
        reentry_days=None if days is UNSET else REENTRY_DEFAULT_DAYS if days is None else days,
        self_granting=None if granting is UNSET else bool(granting),
    )
