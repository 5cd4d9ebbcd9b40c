"""Linked accounts. Source: the vendor's platform document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

_Text = Annotated[str, Meta(max_length=500)]


class StatusReason(Struct):
    """Why an account is not active."""

    code: str | None
    description: str | None
    timestamp: str


class LinkedAccount(Struct):
    """A linked account. `credentials` are never told."""

    id: str
    provider: str
    provider_name: str | None
    status: str
    status_reasons: list[StatusReason] | None
    origin_owner_id: str
    origin_owner_name: str
    origin_username: str | None
    credentials: dict[str, Any] | None
    setup_information: dict[str, Any] | None
    label: str | None
    created_at: str
    updated_at: str
    type: str | None
    shared: bool | None


class LinkedAccountMeta(Struct):
    """What can be done with an account: `models` has the operations of each resource."""

    provider: str
    category: str
    models: dict[str, Any]


class PatchAccount(Struct):
    """PatchAccountExternalDto: what is null or left out stays as it is."""

    provider: _Text | None = None
    origin_owner_id: _Text | None = None
    origin_owner_name: _Text | None = None
    origin_username: _Text | None = None
    credentials: dict[str, Any] | None = None
    setup_information: dict[str, Any] | None = None
    secrets: dict[str, Any] | None = None
    authentication_config_key: _Text | None = None
    environment: _Text | None = None
    label: str | dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    type: Literal["production", "test"] | None = None
    integration_id: _Text | None = None


class ProxyRequest(Struct):
    """A request to be handed on to the system behind an account."""

    url: str | None = None
    method: str | None = None
    path: str | None = None
    headers: dict[str, Any] | None = None
    body: Any = None
