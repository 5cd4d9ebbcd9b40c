"""Webhooks and what they are told. Source: the vendor's pages "Webhooks API" and "Webhook Events"."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from testamur.core.webhooks import SECRET_LENGTH_MAX, URL_LENGTH_MAX
from testamur.dialects.rise.wire.courses import Course

_Url = Annotated[str, Meta(max_length=URL_LENGTH_MAX)]


class CreateWebhook(Struct, rename="camel"):
    """Body of POST /webhooks. Without `api_version` events have that of this call."""

    target_url: _Url
    events: Annotated[list[str], Meta(min_length=1, max_length=20)]
    shared_secret: Annotated[str, Meta(min_length=1, max_length=SECRET_LENGTH_MAX)] | None = None
    api_version: str | None = None


class Webhook(Struct, rename="camel"):
    """A webhook. Its secret is told by the call that creates it and never again."""

    id: str
    target_url: str
    events: list[str]
    api_version: str
    url: str


class CreatedWebhook(Webhook, rename="camel", kw_only=True):
    """A webhook just made."""

    shared_secret: str | None


class Webhooks(Struct, rename="camel"):
    """A page of webhooks."""

    webhooks: list[Webhook]
    next_url: str | None


class Quiz(Struct, rename="camel", omit_defaults=True):
    """How the quiz of a completed course went; without anything when it has none."""

    passed: bool | None = None
    score: int | None = None


class CompletedCourse(Course, rename="camel", kw_only=True):
    """A course as `course.completed` shows it."""

    quiz: Quiz


class Event(Struct, rename="camel"):
    """The body of a delivery. `id` is the same whenever and to whomever the event is told."""

    id: str
    created_at: str
    type: str
    webhook_id: str
    api_version: str
    data: dict[str, Any]
