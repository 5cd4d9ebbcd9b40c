"""Linked accounts, both ways."""

from __future__ import annotations

from typing import Any

import msgspec

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import to_opaque
from testamur.core.moments import format_instant
from testamur.core.people import Reference
from testamur.dialects.stackone.wire import accounts as wire
from testamur.ledger.tenants import NATIVE_PROVIDER, Account, AccountChange

CATEGORY = "lms"

_DETAILS = (
    "origin_username",
    "setup_information",
    "authentication_config_key",
    "environment",
    "metadata",
    "type",
    "integration_id",
)
_DETAILS_MAX_BYTES = 64 * 1024


def account_named(text: str, field: str = "id") -> Reference:
    """An account, by its id in any spelling."""
    return Reference(text, (), "tenant", field)


def linked_account(account: Account) -> wire.LinkedAccount:
    details = account.details
    reasons = None
    if account.status != "active":
        at = account.status_at or account.updated_at
        reasons = [wire.StatusReason(account.status, account.status_reason, format_instant(at))]
    return wire.LinkedAccount(
        id=to_opaque(account.id),
        provider=account.provider,
        provider_name="Testamur" if account.provider == NATIVE_PROVIDER else account.name,
        status=account.status,
        status_reasons=reasons,
        origin_owner_id=account.owner_id,
        origin_owner_name=account.owner_name,
        origin_username=details.get("origin_username"),
        credentials=None,
        setup_information=details.get("setup_information"),
        label=details.get("label"),
        created_at=format_instant(account.created_at),
        updated_at=format_instant(account.updated_at),
        type=details.get("type", "production"),
        shared=False,
    )


def account_change(body: wire.PatchAccount) -> AccountChange:
    """What is to be different. Raises: InvalidInput naming the field, also for credentials: nothing here uses any."""
    for name in ("credentials", "secrets"):
        if getattr(body, name):
            raise InvalidInput(FieldFault(name, "range", "are not kept: nothing is connected that would use them"))
    details: dict[str, Any] = {name: value for name in _DETAILS if (value := getattr(body, name)) is not None}
    if body.label:
        # An object in the vendor's document, a string in the answer.
        details["label"] = body.label if isinstance(body.label, str) else msgspec.json.encode(body.label).decode()
    if len(msgspec.json.encode(details)) > _DETAILS_MAX_BYTES:
        longest = max(details, key=lambda name: len(msgspec.json.encode(details[name])))
        raise InvalidInput(FieldFault(longest, "range", f"takes {_DETAILS_MAX_BYTES} bytes at most"))
    return AccountChange(
        provider=body.provider,
        owner_id=body.origin_owner_id or None,
        owner_name=body.origin_owner_name or None,
        details=details,
    )
