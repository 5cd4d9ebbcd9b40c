"""Users. Source: the model LmsUser of all editions."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from testamur.dialects.stackone.wire import RawRequest


class LmsUser(Struct):
    """A user as read, of which `fields` may choose some members."""

    id: str | None = None
    remote_id: str | None = None
    unified_custom_fields: dict[str, Any] | None = None
    external_reference: str | None = None
    name: str | None = None
    email: str | None = None
    phone_number: str | None = None
    active: bool | None = None
    created_at: str | None = None
    updated_at: str | None = None


class UserResult(Struct):
    """One user."""

    data: LmsUser
    raw: list[RawRequest] | UnsetType = UNSET


class UsersPaginated(Struct):
    """A page of users; `next` is null on the last."""

    next: str | None
    data: list[LmsUser]
    raw: list[RawRequest] | UnsetType = UNSET
