"""Continuing professional development."""

from __future__ import annotations

from testamur.core.errors import NotFound
from testamur.core.ids import Id, parse
from testamur.core.moments import When
from testamur.dialects.thrive import wire as shared
from testamur.dialects.thrive.operations.shared import PAGE, paged
from testamur.dialects.thrive.translate import cpd as translate
from testamur.dialects.thrive.translate.activities import first_moment, moment_behind
from testamur.dialects.thrive.wire import cpd as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply


async def list_categories(call: Call) -> Reply:
    since: When | None = call.params["updatedSince"]
    count, skip = _place(call)
    found = await call.ledger.cpd.categories(
        call.caller.tenant, updated_since=since.at if since else None, count=count, skip=skip
    )
    return json_reply(200, paged(call, found.total, [translate.category(one) for one in found.results]))


async def get_category(call: Call) -> Reply:
    stored = await call.ledger.cpd.category(call.caller.tenant, _id(call, "categoryId"))
    return json_reply(200, translate.category(stored))


async def list_entries(call: Call) -> Reply:
    count, skip = _place(call)
    found = await call.ledger.cpd.entries(
        call.caller.tenant,
        done_from=first_moment(call.params["entryDateFrom"], "entryDateFrom"),
        done_before=moment_behind(call.params["entryDateTo"], "entryDateTo"),
        count=count,
        skip=skip,
    )
    return json_reply(200, paged(call, found.total, [translate.entry(one) for one in found.results]))


async def get_entry(call: Call) -> Reply:
    stored = await call.ledger.cpd.entry(call.caller.tenant, _id(call, "logEntryId"))
    return json_reply(200, translate.entry(stored))


async def list_requirements(call: Call) -> Reply:
    since: When | None = call.params["updatedSince"]
    count, skip = _place(call)
    found = await call.ledger.cpd.requirements(
        call.caller.tenant, updated_since=since.at if since else None, count=count, skip=skip
    )
    return json_reply(200, paged(call, found.total, [translate.requirement(one) for one in found.results]))


async def get_requirement(call: Call) -> Reply:
    stored = await call.ledger.cpd.requirement(call.caller.tenant, _id(call, "audienceRequirementId"))
    return json_reply(200, translate.requirement(stored))


async def list_user_summaries(call: Call) -> Reply:
    done_from = first_moment(call.params["entryDateFrom"], "entryDateFrom")
    done_before = moment_behind(call.params["entryDateTo"], "entryDateTo")
    assert done_from is not None  # both are required parameters
    assert done_before is not None
    count, skip = _place(call)
    found = await call.ledger.cpd.minutes(
        call.caller.tenant,
        done_from=done_from,
        done_before=done_before,
        people=translate.users(call.params["userIds"], "userIds"),
        count=count,
        skip=skip,
    )
    return json_reply(200, paged(call, found.total, [translate.summary(one) for one in found.results]))


def _place(call: Call) -> tuple[int, int]:
    """How many rows to give and how many to skip."""
    count: int = call.params["perPage"]
    return count, (call.params["page"] - 1) * count


def _id(call: Call, name: str) -> Id:
    id = parse(call.path[name])
    if id is None:
        raise NotFound(f"{call.path[name]!r} is no id", field=name)
    return id


_PER_PAGE = Param("perPage", "integer", 100, minimum=1, maximum=1000)
_SINCE = Param("updatedSince", "moment", days=True, summary="Added or changed then or later")
_BOUND = "Date, or date and time in UTC with a blank or a T; inclusive"

OPERATIONS = (
    Operation(
        name="listCpdCategories",
        method="GET",
        path="/rest/v1/cpdCategories",
        handler=list_categories,
        summary="CPD categories, a page at a time",
        params=(_SINCE, PAGE, _PER_PAGE),
        answers={200: shared.Page[wire.Category]},
    ),
    Operation(
        name="getCpdCategory",
        method="GET",
        path="/rest/v1/cpdCategories/{categoryId}",
        handler=get_category,
        summary="One CPD category",
        answers={200: wire.Category},
    ),
    Operation(
        name="listCpdEntries",
        method="GET",
        path="/rest/v1/cpdEntries",
        handler=list_entries,
        summary="CPD log entries, a page at a time",
        params=(Param("entryDateFrom", summary=_BOUND), Param("entryDateTo", summary=_BOUND), PAGE, _PER_PAGE),
        answers={200: shared.Page[wire.Entry]},
    ),
    Operation(
        name="getCpdEntry",
        method="GET",
        path="/rest/v1/cpdEntries/{logEntryId}",
        handler=get_entry,
        summary="One CPD log entry",
        answers={200: wire.Entry},
    ),
    Operation(
        name="listCpdRequirementSummaries",
        method="GET",
        path="/rest/v1/cpdRequirementSummaries",
        handler=list_requirements,
        summary="Minutes asked of audiences, a page at a time",
        params=(_SINCE, PAGE, _PER_PAGE),
        answers={200: shared.Page[wire.Requirement]},
    ),
    Operation(
        name="getCpdRequirementSummary",
        method="GET",
        path="/rest/v1/cpdRequirementSummaries/{audienceRequirementId}",
        handler=get_requirement,
        summary="Minutes asked of one audience",
        answers={200: wire.Requirement},
    ),
    Operation(
        name="listCpdUserLogSummaries",
        method="GET",
        path="/rest/v1/cpdUserLogSummaries",
        handler=list_user_summaries,
        summary="Minutes that users logged in a period, a page at a time",
        params=(
            Param("entryDateFrom", is_required=True, summary=_BOUND),
            Param("entryDateTo", is_required=True, summary=_BOUND),
            Param("userIds", summary="Comma list of user ids; each is shown, also without minutes"),
            PAGE,
            _PER_PAGE,
        ),
        answers={200: shared.Page[wire.UserSummary]},
    ),
)
