"""What a tenant decides for itself, where the compliance rules leave it a choice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from testamur.core.compliance import REENTRY_DEFAULT_DAYS
from testamur.core.errors import FieldFault, InvalidInput

REENTRY_MAX_DAYS = 36_500
SETTINGS_VERSIONS_MAX = 1_000
"""Versions of one tenant's settings: every line that is worked out goes through all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSettings:
    """The settings as they stand.

    Args:
        reentry_days: back within this time the same line goes on (rule M2).
        self_granting: whether people may grant themselves extensions, exemptions and equivalencies (rule X7).
        updated_at: when they were last changed; the tenant's beginning for what never was.
    """

    reentry_days: int = REENTRY_DEFAULT_DAYS
    self_granting: bool = False
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChange:
    """What of the settings is to be another; None leaves it alone."""

    reentry_days: int | None = None
    self_granting: bool | None = None

    def __post_init__(self) -> None:
        if self.reentry_days is not None and not 0 <= self.reentry_days <= REENTRY_MAX_DAYS:
            raise InvalidInput(FieldFault("reentry_days", "range", f"must be from 0 to {REENTRY_MAX_DAYS} days"))
