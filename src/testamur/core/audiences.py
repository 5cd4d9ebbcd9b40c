"""Audiences: sets of people, and who belonged to them when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from testamur.core.ids import Id


class AudienceCategory(Enum):
    """A structure holds audiences; an audience holds people."""

    STRUCTURE = "structure"
    AUDIENCE = "audience"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAudience:
    """An audience to be added. `parent` is the structure it stands in."""

    name: str
    category: AudienceCategory = AudienceCategory.AUDIENCE
    reference: str | None = None
    parent: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """An audience as stored."""

    id: Id
    name: str
    category: AudienceCategory
    reference: str | None
    parent: Id | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
