"""Linked accounts: which one a call is about and whose it is, and the accounts themselves."""

from __future__ import annotations

import time
from collections.abc import Iterable

from testamur.core.callers import Scope
from testamur.core.errors import AccountNotFound, AccountSuspended, FieldFault, InvalidInput, Unauthenticated
from testamur.core.ids import Id, parse
from testamur.core.people import Reference
from testamur.dialects.stackone.translate import accounts as translate
from testamur.dialects.stackone.wire import accounts as wire
from testamur.http.credentials import Basic, authorization
from testamur.http.errors import Unimplemented
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply
from testamur.ledger.clients import Credential
from testamur.ledger.tenants import NATIVE_PROVIDER, Account, AccountFilter

_PAGE_DEFAULT, _PAGE_MAX = 25, 100
_UNIFIED = "/unified/"


async def identify(call: Call) -> Credential:
    """The API key as user name, then the account header where a call is about what stands behind an account.

    Raises: Unauthenticated, then what is wrong of the account.
    """
    given = authorization(call)
    if not isinstance(given, Basic) or not given.user:
        raise Unauthenticated("The API key belongs into the user name of Basic credentials")
    credential = await call.ledger.clients.by_secret(given.user)
    if not call.operation.path.startswith(_UNIFIED):
        return credential
    named = call.header("x-account-id")
    if not named:
        raise InvalidInput(FieldFault("x-account-id", "missing", "the header is required"))
    account = await _ACCOUNTS.get(call, credential.caller.tenant, named)
    if account.status != "active":
        raise AccountSuspended(f"The linked account is {account.status}")
    if account.provider != NATIVE_PROVIDER:
        raise Unimplemented(f"Nothing is connected to accounts of {account.provider!r} yet")
    return credential


async def list_accounts(call: Call) -> Reply:
    params = call.params
    owners = [*_all(call, "origin_owner_ids"), *_all(call, "origin_owner_id")]
    providers = [*_all(call, "providers"), *_all(call, "provider")]
    named = _all(call, "account_ids")
    wanted = AccountFilter(
        # What is no id names no account, and the list is empty.
        ids=[id for text in named if (id := parse(text, "tenant"))] if named else None,
        providers=providers or None,
        statuses=_all(call, "status") or None,
        owners=owners or None,
    )
    found = await call.ledger.tenants.accounts(
        call.caller.tenant, wanted, count=params["page_size"], skip=(params["page"] - 1) * params["page_size"]
    )
    return json_reply(200, [translate.linked_account(account) for account in found])


async def get_account(call: Call) -> Reply:
    return json_reply(200, translate.linked_account(await _named(call)))


async def update_account(call: Call) -> Reply:
    change = translate.account_change(call.body)
    account = await call.ledger.tenants.change_account(call.caller, translate.account_named(call.path["id"]), change)
    return json_reply(200, translate.linked_account(account))


async def delete_account(call: Call) -> Reply:
    account = await call.ledger.tenants.remove_account(call.caller, translate.account_named(call.path["id"]))
    _ACCOUNTS.forget(call.caller.tenant)
    return json_reply(200, translate.linked_account(account))


async def not_implemented(call: Call) -> Reply:
    raise Unimplemented("There is no upstream system here")


def operations(unified: Iterable[Operation]) -> tuple[Operation, ...]:
    """The operations on accounts; `unified` are those that an account of the tenant's own ledger answers."""
    models: dict[str, list[str]] = {}
    for operation in unified:
        resource = [part for part in operation.path.split("/") if not part.startswith("{") and part != "batch"][-1]
        models.setdefault(resource, []).append(operation.name)

    async def get_account_meta(call: Call) -> Reply:
        account = await _named(call)
        offered = models if account.provider == NATIVE_PROVIDER else {}
        return json_reply(200, wire.LinkedAccountMeta(account.provider, translate.CATEGORY, dict(offered)))

    return (
        *_OPERATIONS,
        Operation(
            name="stackone_get_account_meta_info",
            method="GET",
            path="/accounts/{id}/meta",
            handler=get_account_meta,
            summary="What can be done with an account",
            answers={200: wire.LinkedAccountMeta},
        ),
    )


async def _named(call: Call) -> Account:
    return await call.ledger.tenants.account(call.caller.tenant, translate.account_named(call.path["id"]))


def _all(call: Call, name: str) -> list[str]:
    """All values of a parameter that may be repeated."""
    return [value for given, value in call.query if given == name and value]


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

    def forget(self, tenant: Id) -> None:
        """Look a tenant's accounts up anew: this worker changed one."""
        self._kept = {key: kept for key, kept in self._kept.items() if key[0] != tenant}


_ACCOUNTS = _Accounts()

_OPERATIONS = (
    Operation(
        name="stackone_list_linked_accounts",
        method="GET",
        path="/accounts",
        handler=list_accounts,
        summary="Linked accounts, in the order in which they were made",
        params=(
            Param("page", "integer", 1, minimum=1, maximum=1_000_000, clamp=True),
            Param("page_size", "integer", _PAGE_DEFAULT, minimum=1, maximum=_PAGE_MAX, clamp=True),
            Param("provider", summary="Deprecated; use providers"),
            Param("providers", summary="May be repeated, as the three below"),
            Param("origin_owner_id"),
            Param("origin_owner_ids"),
            Param("account_ids"),
            Param("status"),
        ),
        answers={200: list[wire.LinkedAccount]},
    ),
    Operation(
        name="stackone_get_account",
        method="GET",
        path="/accounts/{id}",
        handler=get_account,
        summary="One linked account",
        answers={200: wire.LinkedAccount},
    ),
    Operation(
        name="stackone_update_account",
        method="PATCH",
        path="/accounts/{id}",
        handler=update_account,
        summary="Change what is said of a linked account",
        scope=Scope.WRITE,
        body=wire.PatchAccount,
        answers={200: wire.LinkedAccount},
    ),
    Operation(
        name="stackone_delete_account",
        method="DELETE",
        path="/accounts/{id}",
        handler=delete_account,
        summary="Unlink an account; never the one of the tenant's own ledger",
        scope=Scope.WRITE,
        answers={200: wire.LinkedAccount},
    ),
    Operation(
        name="stackone_list_connectors_meta",
        method="GET",
        path="/connectors/meta",
        handler=not_implemented,
        summary="Systems to link accounts with: there is no such list here",
        answers={},
        errors=frozenset({501}),
    ),
    Operation(
        name="stackone_get_connector_meta",
        method="GET",
        path="/connectors/meta/{provider}",
        handler=not_implemented,
        summary="One system to link accounts with: there is no such list here",
        answers={},
        errors=frozenset({501}),
    ),
    Operation(
        name="stackone_proxy_request",
        method="POST",
        path="/unified/proxy",
        handler=not_implemented,
        summary="A request handed on to the system behind an account: there is none here",
        scope=Scope.WRITE,
        body=wire.ProxyRequest,
        answers={},
        errors=frozenset({501}),
    ),
)
