"""What the tenant decides for itself."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from testamur.core.tenants import REENTRY_MAX_DAYS
from testamur.dialects.api.wire import Moment

ReentryDays = Annotated[int, Meta(ge=0, le=REENTRY_MAX_DAYS)]


class Settings(Struct, kw_only=True):
    """The tenant's settings.

    Args:
        reentry_days: whoever is back within this time goes on where she was (rule M2).
        self_granting: whether people may grant themselves extensions, exemptions and equivalencies (rule X7).
    """

    reentry_days: int
    self_granting: bool
    updated_at: Moment


class ChangeSettings(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be different from now on; null is the default again."""

    reentry_days: ReentryDays | UnsetType | None = UNSET
    self_granting: bool | UnsetType | None = UNSET
