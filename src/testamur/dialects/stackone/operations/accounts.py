"""Linked accounts: which one a call is about, and whose it is."""

from __future__ import annotations

import time

from testamur.core.errors import AccountNotFound, AccountSuspended, FieldFault, InvalidInput, Unauthenticated
from testamur.core.ids import Id
from testamur.core.people import Reference
from testamur.http.credentials import Basic, authorization
from testamur.http.errors import Unimplemented
from testamur.http.operations import Call
from testamur.ledger.clients import Credential
from testamur.ledger.tenants import NATIVE_PROVIDER, Account


async def identify(call: Call) -> Credential:
    """The API key as user name, then the account header. Raises Unauthenticated, then what is wrong of the account."""
    given = authorization(call)
    if not isinstance(given, Basic) or not given.user:
        raise Unauthenticated("The API key belongs into the user name of Basic credentials")
    credential = await call.ledger.clients.by_secret(given.user)
    named = call.header("x-account-id")
    if not named:
        raise InvalidInput(FieldFault("x-account-id", "missing", "the header is required"))
    account = await _ACCOUNTS.get(call, credential.caller.tenant, named)
    if account.status != "active":
        raise AccountSuspended(f"The linked account is {account.status}")
    if account.provider != NATIVE_PROVIDER:
        raise Unimplemented(f"Nothing is connected to accounts of {account.provider!r} yet")
    return credential


class _Accounts:
    """Accounts looked up lately. Every call names one, and they hardly ever change."""

    _SECONDS = 2.0
    _KEPT_MAX = 10_000

    def __init__(self) -> None:
        self._kept: dict[tuple[Id, str], tuple[float, Account]] = {}

    async def get(self, call: Call, tenant: Id, named: str) -> Account:
        kept = self._kept.get((tenant, named))
        now = time.monotonic()
        if kept is not None and kept[0] > now:
            return kept[1]
        try:
            account = await call.ledger.tenants.account(tenant, Reference(named, (), "tenant", "x-account-id"))
        except AccountNotFound:
            self._kept.pop((tenant, named), None)
            raise
        if len(self._kept) >= self._KEPT_MAX:
            self._kept.clear()
        self._kept[tenant, named] = (now + self._SECONDS, account)
        return account


_ACCOUNTS = _Accounts()
