"""Where people stand, how many, why, and what an edit would change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from urllib.parse import urlencode
from uuid import UUID

from testamur.core.assignments import PERIOD_MAX_DAYS
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.moments import When
from testamur.core.standing import KNOWN_LINES_MAX, Listed, Place, Standing, StandingFilter
from testamur.dialects.api.operations import assignments, people
from testamur.dialects.api.operations.shared import LIST, after, after_id, cursor, listed, optional
from testamur.dialects.api.translate import assignment, audience, item, person
from testamur.dialects.api.translate import assignments as of_assignments
from testamur.dialects.api.translate import standings as translate
from testamur.dialects.api.translate.standings import day
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import assignments as wire_of_assignments
from testamur.dialects.api.wire import standings as wire
from testamur.http.accept import preferred
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import instant, json_reply

PATH = "/v1/standings"
OF_PERSON = f"{people.ONE}/standings"
ONE = f"{OF_PERSON}/{{assignment}}"

ON = Param("on", summary="The day asked about, today in the deadline zone when absent")
AS_KNOWN = (ON, Param("known_at", "moment", summary="As it was known at this moment, and of its day unless `on` says"))
MANY_KNOWN = Param(
    "known_at", "moment", summary=f"As it was known at this moment; refused for more than {KNOWN_LINES_MAX} lines"
)
FILTERS = (
    Param("assignment", summary="Only under it"),
    Param("audience", summary="Only people who are its members on the day"),
    Param("manager", summary="Only people who stand under her, at any height"),
    Param("item", summary="Only under assignments that completing it satisfies"),
)
_NEAR = (Listed.DUE_SOON, Listed.EXPIRING)


async def list_standings_of_person(call: Call) -> Reply:
    place = after_id(call)
    found = await call.ledger.standings.of_person(
        call.caller.tenant, people.of(call), on=day(call.params["on"], "on"), known_at=_known_at(call)
    )
    rest = [one for one in found if place is None or one.assignment > place][: call.params["limit"] + 1]
    records = await _records(call, rest)
    return listed(call, rest, lambda one: translate.standing(one, records), lambda one: [one.assignment])


async def get_standing(call: Call) -> Reply:
    found = await _standing(call)
    return json_reply(200, translate.with_obligations(found, await _records(call, [found])))


async def explain_standing(call: Call) -> Reply:
    found = await _standing(call)
    return json_reply(200, translate.explanation(found, await _records(call, [found])))


async def list_standings(call: Call) -> Reply:
    kind = Listed(call.params["list"])
    within: int | None = call.params["within_days"]
    if within is not None and kind not in _NEAR:
        raise InvalidInput(FieldFault("within_days", "unknown", "belongs to due_soon and expiring alone"))
    place = after(call, date | None, UUID, UUID)
    page = await call.ledger.standings.page(
        call.caller.tenant,
        kind,
        of=await _filter(call),
        on=day(call.params["on"], "on"),
        known_at=_known_at(call),
        within_days=within,
        after=Place(place[0], Id(place[1]), Id(place[2])) if place else None,
        count=call.params["limit"],
    )
    more = page.next
    next = None
    if more is not None:
        next = cursor(call, [more.on and more.on.isoformat(), more.assignment, more.person])
    if _wants_csv(call):
        whom = await call.ledger.people.many(call.caller.tenant, [line.person for line in page.lines])
        return Reply(200, translate.as_csv(page.lines, whom), _link(call, next), media_type=b"text/csv; charset=utf-8")
    records = await _records(call, page.lines)
    body = wire.StandingList(
        day=page.day.isoformat(),
        zone=page.zone,
        computed_at=instant(page.computed_at) or "",
        known_at=instant(page.known_at),
        data=[translate.standing(line, records) for line in page.lines],
        next=next,
    )
    return json_reply(200, body, *_link(call, next))


async def count_standings(call: Call) -> Reply:
    of, on, place = await _filter(call), day(call.params["on"], "on"), after_id(call)
    tenant, standings = call.caller.tenant, call.ledger.standings
    known_at = _known_at(call)
    each = await standings.counts(tenant, of=of, on=on, known_at=known_at)
    total = await standings.summed(tenant, each, on=on, known_at=known_at)
    limit: int = call.params["limit"]
    rest = [(one.assignment, one) for one in each if one.assignment and (place is None or one.assignment > place)]
    body = wire.CountsList(
        day=total.day.isoformat(),
        zone=total.zone,
        computed_at=instant(total.computed_at) or "",
        known_at=instant(total.known_at),
        total=translate.counts(total),
        data=[translate.counts(one) for _, one in rest[:limit]],
        next=cursor(call, [rest[limit - 1][0]]) if len(rest) > limit else None,
    )
    return json_reply(200, body)


async def count_on_time(call: Call) -> Reply:
    from_on, to_on = day(call.params["from"], "from"), day(call.params["to"], "to")
    assert from_on is not None
    assert to_on is not None
    if to_on < from_on:
        raise InvalidInput(FieldFault("to", "order", "lies before the first day"))
    found = await call.ledger.standings.on_time(
        call.caller.tenant, from_on, to_on, of=await _filter(call), known_at=_known_at(call)
    )
    return json_reply(200, translate.on_time(found))


async def list_tasks(call: Call) -> Reply:
    tasks = await call.ledger.standings.tasks(call.caller.tenant)
    return json_reply(200, List([translate.task(task) for task in tasks], None))


async def preview_change(call: Call) -> Reply:
    edit = of_assignments.edit(call.body)
    found = await call.ledger.standings.preview(call.caller.tenant, assignments.of(call), edit)
    return json_reply(200, translate.preview(found))


async def preview_new(call: Call) -> Reply:
    new = of_assignments.new_assignment(call.body)
    return json_reply(200, translate.preview(await call.ledger.standings.preview_new(call.caller.tenant, new)))


async def _standing(call: Call) -> Standing:
    return await call.ledger.standings.get(
        call.caller.tenant,
        people.of(call),
        assignments.of(call),
        on=day(call.params["on"], "on"),
        known_at=_known_at(call),
    )


async def _records(call: Call, standings: Sequence[Standing]) -> translate.RecordsOf:
    facts: set[Id] = set()
    for one in standings:
        facts |= translate.facts_of(one)
    return await call.ledger.records.of_facts(call.caller.tenant, facts)


async def _filter(call: Call) -> StandingFilter:
    """Raises AssignmentNotFound, AudienceNotFound, PersonNotFound, ItemNotFound naming the parameter."""
    tenant, ledger = call.caller.tenant, call.ledger
    under, within = optional(assignment, call, "assignment"), optional(audience, call, "audience")
    boss, about = optional(person, call, "manager"), optional(item, call, "item")
    return StandingFilter(
        assignment=(await ledger.assignments.get(tenant, under)).id if under else None,
        audience=(await ledger.audiences.get(tenant, within)).id if within else None,
        manager=(await ledger.people.get(tenant, boss)).id if boss else None,
        item=(await ledger.items.get(tenant, about)).id if about else None,
    )


def _known_at(call: Call) -> datetime | None:
    when: When | None = call.params["known_at"]
    if when is None:
        return None
    if not translate.FIRST_DAY <= when.at.astimezone(UTC).date() <= translate.LAST_DAY:
        raise InvalidInput(
            FieldFault("known_at", "range", f"must be from {translate.FIRST_DAY} to {translate.LAST_DAY}")
        )
    return when.at


def _wants_csv(call: Call) -> bool:
    return preferred(call.header("accept"), ("application/json", "text/csv")) == "text/csv"


def _link(call: Call, next: str | None) -> list[tuple[bytes, bytes]]:
    """What a CSV file has no place for: where the next part is (RFC 8288)."""
    headers = [(b"vary", b"accept")]
    if next is not None:
        query = [(name, value) for name, value in call.query if name != "cursor"]
        address = f"{call.base_url}{PATH}?{urlencode([*query, ('cursor', next)])}"
        headers.append((b"link", f'<{address}>; rel="next"'.encode()))
    return headers


OPERATIONS = (
    Operation(
        name="listStandingsOfPerson",
        method="GET",
        path=OF_PERSON,
        handler=list_standings_of_person,
        summary="Where a person stands with every assignment she ever came under, in order of assignment",
        params=(*AS_KNOWN, *LIST),
        answers={200: List[wire.Standing]},
    ),
    Operation(
        name="getStanding",
        method="GET",
        path=ONE,
        handler=get_standing,
        summary="Where a person stands with an assignment, with every obligation",
        params=AS_KNOWN,
        answers={200: wire.StandingWithObligations},
    ),
    Operation(
        name="explainStanding",
        method="GET",
        path=f"{ONE}/explanation",
        handler=explain_standing,
        summary="Why a person stands where she stands: each rule, what it was applied to, and a sentence",
        params=AS_KNOWN,
        answers={200: wire.Explanation},
    ),
    Operation(
        name="listStandings",
        method="GET",
        path=PATH,
        handler=list_standings,
        summary="People who are due soon, overdue, expired, expiring or exempt; as CSV when Accept is text/csv",
        params=(
            Param("list", choices=tuple(kind.value for kind in Listed), is_required=True),
            Param(
                "within_days",
                "integer",
                minimum=0,
                maximum=PERIOD_MAX_DAYS,
                summary="For due_soon and expiring: not further away than this",
            ),
            *FILTERS,
            ON,
            MANY_KNOWN,
            *LIST,
        ),
        answers={200: wire.StandingList},
        media_types=("text/csv",),
    ),
    Operation(
        name="countStandings",
        method="GET",
        path=f"{PATH}/counts",
        handler=count_standings,
        summary="How many stand how, for each assignment and in sum",
        params=(*FILTERS, ON, MANY_KNOWN, *LIST),
        answers={200: wire.CountsList},
    ),
    Operation(
        name="countOnTime",
        method="GET",
        path=f"{PATH}/on-time",
        handler=count_on_time,
        summary="Obligations due in a span of days, and those satisfied on time",
        params=(
            Param("from", is_required=True, summary="The first day"),
            Param("to", is_required=True, summary="The last day, included"),
            *FILTERS,
            MANY_KNOWN,
        ),
        answers={200: wire.OnTime},
    ),
    Operation(
        name="listStandingTasks",
        method="GET",
        path=f"{PATH}/tasks",
        handler=list_tasks,
        summary="What is worked out in the background, and what was within the last day; the oldest thousand",
        answers={200: List[wire.Task]},
    ),
    Operation(
        name="previewAssignmentChange",
        method="POST",
        path=f"{assignments.ONE}/previews",
        handler=preview_change,
        summary="Who would stand otherwise, how and when, if the assignment were changed now; nothing is written",
        body=wire_of_assignments.ChangeAssignment,
        answers={200: wire.Preview},
    ),
    Operation(
        name="previewAssignment",
        method="POST",
        path="/v1/previews",
        handler=preview_new,
        summary="What a new assignment would ask, and of whom; nothing is written",
        body=wire_of_assignments.CreateAssignment,
        answers={200: wire.Preview},
    ),
)
