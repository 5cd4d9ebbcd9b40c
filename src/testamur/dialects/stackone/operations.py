"""The operations of the StackOne Unified LMS API."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from msgspec import UNSET

from testamur.core.callers import Scope
from testamur.core.errors import (
    AccountNotFound,
    AccountSuspended,
    CompletionNotFound,
    FieldFault,
    InvalidInput,
    Unauthenticated,
)
from testamur.core.ids import Id, parse, to_hex24, to_opaque
from testamur.core.moments import format_instant, parse_when
from testamur.core.people import Reference
from testamur.core.records import Report, Shown, check_times
from testamur.dialects.stackone import translate, wire
from testamur.dialects.stackone.errors import answer_error
from testamur.http.credentials import Basic, authorization
from testamur.http.cursors import decode_cursor, encode_cursor
from testamur.http.errors import Unimplemented
from testamur.http.operations import Call, Dialect, Operation, Param, Reply
from testamur.http.replies import json_reply
from testamur.ledger.clients import Credential
from testamur.ledger.tenants import NATIVE_PROVIDER, Account

NAME = "stackone"
DOCS = "https://docs.stackone.com/lms/api-reference"
PAGE_DEFAULT, PAGE_MAX = 25, 100


async def get_completion(call: Call) -> Reply:
    return await _one(call, call.path["id"], None)


async def get_user_completion(call: Call) -> Reply:
    person = await call.ledger.people.get(call.caller.tenant, translate.user(call.path["id"]))
    return await _one(call, call.path["subResourceId"], person.id)


async def list_completions(call: Call) -> Reply:
    return await _page(call, None)


async def list_user_completions(call: Call) -> Reply:
    return await _page(call, translate.user(call.path["id"]))


async def create_user_completion(call: Call) -> Reply:
    new = translate.new_record(call.path["id"], call.body, call.now)
    check_times(new, call.now, completed_field="completed_at", started_field="")
    report = Report(NAME, call.caller.client, call.method, call.route, call.raw)
    recorded = await call.ledger.records.record(call.caller.tenant, new, report)
    return json_reply(
        201,
        wire.CreateResult(
            201,
            "Record created successfully.",
            format_instant(call.now),
            wire.Created(to_opaque(recorded.record), to_hex24(recorded.record)),
        ),
    )


async def _one(call: Call, text: str, person: Id | None) -> Reply:
    id = parse(text, "record")
    if id is None:
        raise CompletionNotFound
    shown = await call.ledger.records.show(call.caller.tenant, id, translate.COMPLETION)
    if not shown.is_completion or person not in (None, shown.person):
        raise CompletionNotFound
    return json_reply(200, wire.CompletionResult(_spelled(call, [shown])[0], await _raw(call, [shown])))


async def _page(call: Call, person: Reference | None) -> Reply:
    tenant, params = call.caller.tenant, call.params
    updated_after = _updated_after(call)
    count: int = params["page_size"]
    bound_to = f"completions {call.path.get('id', '')} {updated_after}"
    after = 0
    if params["next"]:
        (after,) = decode_cursor(params["next"], bound_to, int)
    elif params["page"] > 1:
        # The deprecated page number: walk there once, then go on by cursor.
        skipped = await call.ledger.records.page(
            tenant, count=(params["page"] - 1) * count, person=person, updated_after=updated_after
        )
        after = skipped[-1].entry if len(skipped) == (params["page"] - 1) * count else _BEHIND_ALL
    found = await call.ledger.records.show_page(
        tenant, translate.COMPLETION, after=after, count=count + 1, person=person, updated_after=updated_after
    )
    shown, more = found[:count], len(found) > count
    return json_reply(
        200,
        wire.CompletionsPaginated(
            next=encode_cursor([shown[-1].entry], bound_to) if more else None,
            data=_spelled(call, shown),
            raw=await _raw(call, shown),
        ),
    )


_BEHIND_ALL = 2**62


def _spelled(call: Call, shown: list[Shown]) -> list[Any]:
    fields = translate.fields_of(call.params["fields"])
    return [translate.completion(one, fields) for one in shown]


async def _raw(call: Call, records: list[Shown]) -> Any:
    if not _is_true(call.params["raw"]):
        return UNSET
    told = await call.ledger.records.tellings(call.caller.tenant, [record.id for record in records])
    return [entry for record in records for entry in translate.raw(told[record.id], call.base_url)]


def _updated_after(call: Call) -> datetime | None:
    """`filter[updated_after]`, else the bare name that some of the vendor's clients flatten it to."""
    text = call.params["filter[updated_after]"] or call.params["updated_after"]
    if not text:
        return None
    try:
        return parse_when(text).at
    except ValueError as error:
        raise InvalidInput(FieldFault("filter[updated_after]", "format", str(error))) from error


def _is_true(text: str | None) -> bool:
    return text is not None and text.lower() in ("true", "1")


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

_GET = (
    Param("raw", summary="true adds the requests behind the record"),
    Param("fields", summary="Comma-separated names; empty for all"),
)
_LIST = (
    *_GET,
    Param("filter[updated_after]", summary="Only what changed after this instant"),
    Param("updated_after", summary="Deprecated twin of filter[updated_after]"),
    Param("page", "integer", 1, minimum=1, maximum=100, clamp=True, summary="Deprecated; use next"),
    Param("page_size", "integer", PAGE_DEFAULT, minimum=1, maximum=PAGE_MAX, clamp=True),
    Param("next", summary="Cursor of the page before"),
)

OPERATIONS = (
    Operation(
        name="lms_list_completions",
        method="GET",
        path="/unified/lms/completions",
        handler=list_completions,
        summary="Completions, in the order in which they were recorded",
        params=_LIST,
        answers={200: wire.CompletionsPaginated},
        source=f"{DOCS}/completions/list-completions",
    ),
    Operation(
        name="lms_get_completion",
        method="GET",
        path="/unified/lms/completions/{id}",
        handler=get_completion,
        summary="One completion",
        params=_GET,
        answers={200: wire.CompletionResult},
        source=f"{DOCS}/completions/get-completion",
    ),
    Operation(
        name="lms_list_user_completions",
        method="GET",
        path="/unified/lms/users/{id}/completions",
        handler=list_user_completions,
        summary="Completions of one user",
        params=_LIST,
        answers={200: wire.CompletionsPaginated},
    ),
    Operation(
        name="lms_create_user_completion",
        method="POST",
        path="/unified/lms/users/{id}/completions",
        handler=create_user_completion,
        summary="Record that a user completed a learning object",
        scope=Scope.WRITE,
        body=wire.CreateCompletion,
        answers={201: wire.CreateResult},
    ),
    Operation(
        name="lms_get_user_completion",
        method="GET",
        path="/unified/lms/users/{id}/completions/{subResourceId}",
        handler=get_user_completion,
        summary="One completion of one user",
        params=_GET,
        answers={200: wire.CompletionResult},
    ),
)

DIALECT = Dialect(
    name=NAME,
    title="StackOne Unified LMS API",
    operations=OPERATIONS,
    identify=identify,
    answer_error=answer_error,
    error=wire.Error,
    security={"basic": {"type": "http", "scheme": "basic", "description": "API key as user name, no password"}},
)
