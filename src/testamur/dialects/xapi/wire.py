"""xAPI's own shapes. Absent members are left out, never null: the specification forbids null.

Source: xAPI 1.0.3, part two (data); IEEE 9274.1.1.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType


class Account(Struct, rename="camel"):
    """An account on a system: one of the four ways to name an agent."""

    home_page: str
    name: str


class Agent(Struct, rename="camel"):
    """Somebody, named by an account."""

    object_type: str
    account: Account
    name: str | UnsetType = UNSET


class Verb(Struct):
    """What happened."""

    id: str
    display: dict[str, str]


class Definition(Struct):
    """What an activity is."""

    type: str
    name: dict[str, str] | UnsetType = UNSET


class Activity(Struct, rename="camel"):
    """What it happened to."""

    object_type: str
    id: str
    definition: Definition


class Score(Struct):
    """`scaled` is -1 to 1."""

    scaled: float
    raw: float
    min: float
    max: float


class Result(Struct):
    """The outcome. `duration` is an ISO 8601 duration."""

    completion: bool
    success: bool | UnsetType = UNSET
    score: Score | UnsetType = UNSET
    duration: str | UnsetType = UNSET


class Context(Struct):
    """What surrounds it."""

    extensions: dict[str, Any]


class Statement(Struct):
    """A completion, told as a statement."""

    id: str
    actor: Agent
    verb: Verb
    object: Activity
    result: Result
    timestamp: str
    stored: str
    authority: Agent
    version: str
    context: Context | UnsetType = UNSET


class About(Struct):
    """Which versions are spoken."""

    version: list[str]
    extensions: dict[str, Any]


class Error(Struct, omit_defaults=True):
    """An error. The specification asks for an explanation and leaves its form open."""

    error: str
    message: str
    field: str | None = None
