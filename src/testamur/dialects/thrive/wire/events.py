"""User events that come in. Source: the vendor's page on inbound webhooks."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from testamur.dialects.thrive.wire import Moment, Text
from testamur.dialects.thrive.wire.users import Ref, UserFields


class EventUser(UserFields, rename="camel", kw_only=True):
    """Whom an event is about: `ref`, and what is told of her. Members of other systems' making are passed over."""

    ref: Ref


class EventContent(Struct):
    """What an event is about."""

    user: EventUser


class UserEvent(Struct, rename="camel"):
    """Body of POST /webhooks. The same `id` is the same event, however often it comes."""

    id: Text
    event_type: Literal["user_joined", "user_updated", "user_suspended", "user_deleted"]
    content: EventContent
    timestamp: Moment | int | UnsetType | None = UNSET


class EventTaken(Struct):
    """The answer to an event, also to one that was taken before."""

    success: bool
