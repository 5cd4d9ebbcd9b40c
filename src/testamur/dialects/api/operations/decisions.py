"""Exemptions, extensions and equivalencies."""

from __future__ import annotations

from typing import Any

from testamur.core.callers import Scope
from testamur.core.decisions import GrantedExemption, GrantedExtension
from testamur.core.ids import Id, to_ulid
from testamur.dialects.api.operations import records
from testamur.dialects.api.operations.shared import LIST, after_id, listed, optional
from testamur.dialects.api.translate import assignment, person
from testamur.dialects.api.translate import decisions as translate
from testamur.dialects.api.translate import records as of_records
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import decisions as wire
from testamur.dialects.api.wire import records as wire_of_records
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply

EXEMPTIONS, EXTENSIONS = "/v1/exemptions", "/v1/extensions"

FILTERS = (
    Param("person", summary="Only hers"),
    Param("assignment", summary="Only of it"),
)


async def list_exemptions(call: Call) -> Reply:
    found = await call.ledger.decisions.exemptions(call.caller.tenant, **await _bounds(call))
    return listed(call, found, translate.exemption, lambda one: [one.id])


async def create_exemption(call: Call) -> Reply:
    granted = await call.ledger.decisions.exempt(call.caller, translate.new_exemption(call.body))
    return json_reply(201, translate.exemption(granted), _location(call, EXEMPTIONS, granted))


async def get_exemption(call: Call) -> Reply:
    found = await call.ledger.decisions.exemption(call.caller.tenant, _id(call, "exemption"))
    return json_reply(200, translate.exemption(found))


async def withdraw_exemption(call: Call) -> Reply:
    taken = await call.ledger.decisions.withdraw_exemption(call.caller, _id(call, "exemption"), call.body.reason)
    return json_reply(200, translate.exemption(taken))


async def list_extensions(call: Call) -> Reply:
    found = await call.ledger.decisions.extensions(call.caller.tenant, **await _bounds(call))
    return listed(call, found, translate.extension, lambda one: [one.id])


async def create_extension(call: Call) -> Reply:
    granted = await call.ledger.decisions.extend(call.caller, translate.new_extension(call.body))
    return json_reply(201, translate.extension(granted), _location(call, EXTENSIONS, granted))


async def get_extension(call: Call) -> Reply:
    found = await call.ledger.decisions.extension(call.caller.tenant, _id(call, "extension"))
    return json_reply(200, translate.extension(found))


async def withdraw_extension(call: Call) -> Reply:
    taken = await call.ledger.decisions.withdraw_extension(call.caller, _id(call, "extension"), call.body.reason)
    return json_reply(200, translate.extension(taken))


async def create_equivalency(call: Call) -> Reply:
    recorded = await call.ledger.decisions.judge_equal(call.caller, translate.new_equivalency(call.body))
    record = await call.ledger.records.get(call.caller.tenant, recorded.record, voided=True)
    location = f"{call.base_url}{records.PATH}/{to_ulid(record.id, 'record')}"
    status = 201 if recorded.is_new else 200
    return json_reply(status, of_records.record(record), (b"location", location.encode()))


def _id(call: Call, noun: str) -> Id:
    return translate.id(call.path[noun], noun)


async def _bounds(call: Call) -> dict[str, Any]:
    """Raises PersonNotFound, AssignmentNotFound naming the parameter."""
    tenant = call.caller.tenant
    whom, under = optional(person, call, "person"), optional(assignment, call, "assignment")
    return {
        "person": (await call.ledger.people.get(tenant, whom)).id if whom else None,
        "assignment": (await call.ledger.assignments.get(tenant, under)).id if under else None,
        "after": after_id(call),
        "count": call.params["limit"] + 1,
    }


def _location(call: Call, path: str, granted: GrantedExemption | GrantedExtension) -> tuple[bytes, bytes]:
    noun = "exemption" if isinstance(granted, GrantedExemption) else "extension"
    return b"location", f"{call.base_url}{path}/{to_ulid(granted.id, noun)}".encode()


OPERATIONS = (
    Operation(
        name="listExemptions",
        method="GET",
        path=EXEMPTIONS,
        handler=list_exemptions,
        summary="Exemptions in the order in which they were granted, withdrawn ones too",
        params=(*FILTERS, *LIST),
        answers={200: List[wire.Exemption]},
    ),
    Operation(
        name="createExemption",
        method="POST",
        path=EXEMPTIONS,
        handler=create_exemption,
        summary="Let somebody off; it acts on its days, past ones too, from now on",
        scope=Scope.WRITE,
        body=wire.CreateExemption,
        answers={201: wire.Exemption},
        idempotent_by_key=True,
    ),
    Operation(
        name="getExemption",
        method="GET",
        path=f"{EXEMPTIONS}/{{exemption}}",
        handler=get_exemption,
        summary="One exemption, a withdrawn one too",
        answers={200: wire.Exemption},
    ),
    Operation(
        name="withdrawExemption",
        method="POST",
        path=f"{EXEMPTIONS}/{{exemption}}/withdraw",
        handler=withdraw_exemption,
        summary="Take an exemption back from today on; the days before stay as they were",
        scope=Scope.WRITE,
        body=wire.Withdraw,
        answers={200: wire.Exemption},
        idempotent_by_key=True,
    ),
    Operation(
        name="listExtensions",
        method="GET",
        path=EXTENSIONS,
        handler=list_extensions,
        summary="Extensions in the order in which they were granted, withdrawn ones too",
        params=(*FILTERS, *LIST),
        answers={200: List[wire.Extension]},
    ),
    Operation(
        name="createExtension",
        method="POST",
        path=EXTENSIONS,
        handler=create_extension,
        summary="Set a later due day for what is open now, or planned next",
        scope=Scope.WRITE,
        body=wire.CreateExtension,
        answers={201: wire.Extension},
        idempotent_by_key=True,
    ),
    Operation(
        name="getExtension",
        method="GET",
        path=f"{EXTENSIONS}/{{extension}}",
        handler=get_extension,
        summary="One extension, a withdrawn one too",
        answers={200: wire.Extension},
    ),
    Operation(
        name="withdrawExtension",
        method="POST",
        path=f"{EXTENSIONS}/{{extension}}/withdraw",
        handler=withdraw_extension,
        summary="Take an extension back",
        scope=Scope.WRITE,
        body=wire.Withdraw,
        answers={200: wire.Extension},
        idempotent_by_key=True,
    ),
    Operation(
        name="createEquivalency",
        method="POST",
        path="/v1/equivalencies",
        handler=create_equivalency,
        summary="Record that something else was judged equal to completing an item; it is voided as any record",
        scope=Scope.WRITE,
        body=wire.CreateEquivalency,
        answers={200: wire_of_records.Record, 201: wire_of_records.Record},
        idempotent_by_key=True,
    ),
)
