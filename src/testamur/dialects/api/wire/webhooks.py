"""Webhooks, their deliveries, and the events they are told."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from testamur.core.webhooks import NAME_LENGTH_MAX, URL_LENGTH_MAX
from testamur.dialects.api.wire import Moment

Url = Annotated[str, Meta(min_length=1, max_length=URL_LENGTH_MAX, extra_json_schema={"format": "uri"})]
Events = Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(min_length=1, max_length=100)]
Name = Annotated[str, Meta(max_length=NAME_LENGTH_MAX)]
Secret = Annotated[str, Meta(max_length=200, description="whsec_ and the base64 of 24 to 64 bytes")]
EntryNumber = Annotated[int, Meta(ge=1, le=2**53 - 1)]


class Replaying(Struct):
    """What is told again before anything new: from behind the one entry up to the other."""

    after: int
    until: int
    dead_only: bool


class Webhook(Struct, kw_only=True):
    """A webhook and how it fares.

    Args:
        dialect: in whose words it is told: `api` for those of this API.
        after: everything up to this entry was delivered, given up, or is of no interest to it.
        attempts: how often the event that waits was tried.
        next_attempt_at: when it is tried again, null when nothing waits for that.
        failing_since: when the first attempt after the last success failed.
        old_secret_until: until when the secret before signs too.
    """

    id: str
    dialect: str
    name: str
    url: str
    events: list[str]
    is_signed: bool
    old_secret_until: Moment | None
    disabled: bool
    disabled_at: Moment | None
    disabled_because: str | None
    after: int
    attempts: int
    next_attempt_at: Moment | None
    failing_since: Moment | None
    replaying: Replaying | None
    created_at: Moment


class WebhookWithSecret(Webhook, kw_only=True):
    """A webhook whose secret was just made; no other answer shows it."""

    secret: str


class CreateWebhook(Struct, kw_only=True, forbid_unknown_fields=True):
    """A webhook to be added. Without `secret` one is made."""

    url: Url
    events: Events
    name: Name = ""
    secret: Secret | None = None


class ChangeWebhook(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be different in a webhook. `disabled` false goes on where it stopped."""

    url: Url | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET


class RotateSecret(Struct, kw_only=True, forbid_unknown_fields=True):
    """A new secret. The old one signs too for so many hours, none at once."""

    overlap_hours: Annotated[int, Meta(ge=0, le=720)] = 24
    secret: Secret | None = None


class Replay(Struct, kw_only=True, forbid_unknown_fields=True):
    """A range to be told again.

    Args:
        from_entry: the first entry, or else `since`: what was recorded from this moment on.
        to_entry: the last one; without, or behind it, where the webhook stands.
        dead_only: only dead letters; alone, all of them.
    """

    from_entry: EntryNumber | None = None
    since: Moment | None = None
    to_entry: EntryNumber | None = None
    dead_only: bool = False


class Tested(Struct):
    """The event is on its way; how it ended stands in the deliveries of this entry."""

    entry: int
    event: str


class Delivery(Struct, kw_only=True):
    """How telling one event ended the last time.

    Args:
        outcome: `delivered`, or `dead` after the last attempt.
        attempts: all that were ever made.
        status: what the receiver answered, null without an answer.
    """

    entry: int
    event: str
    event_id: str
    outcome: Literal["delivered", "dead"]
    attempts: int
    status: int | None
    error: str | None
    last_at: Moment


class EventData(Struct, kw_only=True, omit_defaults=True):
    """What an event is about.

    Args:
        entry: number of the ledger's entry; numbers grow, and a gap is an event that was not asked for.
        id: what changed; of a membership it is the person, and `audience` says of what.
        url: where it can be read as it is now.
        client: who made the change, null for an operator or the hub itself.
    """

    entry: int
    id: str
    url: str
    client: str | None
    audience: str | UnsetType = UNSET


class Event(Struct, kw_only=True):
    """The body of a delivery, in the form of Standard Webhooks."""

    type: str
    timestamp: Moment
    data: EventData
