"""Assignments: making, editing, deleting and finding them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from testamur.core.assignments import (
    VERSIONS_MAX,
    Assignment,
    AssignmentEdit,
    AssignmentVersion,
    Keep,
    NewAssignment,
    check_settings,
)
from testamur.core.callers import Caller
from testamur.core.compliance import Anchor, PriorCredit, Settings
from testamur.core.errors import (
    AssignmentNotFound,
    AudienceNotFound,
    Conflict,
    FieldFault,
    InvalidInput,
    ItemNotFound,
)
from testamur.core.ids import FIRST_ID, Id, new_id
from testamur.core.people import Reference, normalise
from testamur.ledger.audiences import find_audience
from testamur.ledger.entries import Change, append
from testamur.ledger.items import find_item
from testamur.ledger.standing_lines import restand_assignment
from testamur.ledger.standing_rows import calendar_pairs
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx, WriteTx


class Assignments:
    """Verbs on assignments."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, caller: Caller, new: NewAssignment) -> Assignment:
        """Make an assignment; it acts from now on.

        Raises: AudienceNotFound, ItemNotFound; InvalidInput when the primary item is among the alternatives, or one
            alternative occurs twice, and for settings outside of their limits. Each names the field.
        """
        now = self._clock()
        async with self._database.write(caller.tenant) as tx:
            id = new_id()
            settings = await make_assignment(tx, id, new, now)
            await append(tx, caller.client, [Change("assignment.added", id, settings)], now)
            await restand_assignment(tx, id, now)
            return _assignment(await _row(tx, id))

    async def edit(
        self,
        caller: Caller,
        reference: Reference,
        edit: AssignmentEdit,
    ) -> Assignment:
        """Give an assignment a new version, which acts from now on; what was before stays readable.

        An edit that changes nothing makes no version, so callers may retry freely.

        Raises: AssignmentNotFound; ItemNotFound; InvalidInput when the assignment is for another audience than
            `edit.audience`, or when primary and alternatives overlap; Conflict when it is deleted, or has VERSIONS_MAX
            versions. Each names the reference's field.
        """
        async with self._database.write(caller.tenant, alone=True) as tx:
            row = await _existing(tx, reference)
            await _check_audience(tx, row, edit.audience)
            if row["deleted_at"] is not None:
                raise Conflict("This assignment is deleted", field=reference.field)
            changed = await _changed(tx, row, edit)
            if not changed:
                return _assignment(row)
            return await _revise(tx, caller, self._clock(), row, "assignment.edited", changed)

    async def delete(self, caller: Caller, reference: Reference, audience: Reference | None) -> Assignment:
        """Delete an assignment: it asks nothing of anybody from now on and stays readable (rule E11).

        Deleting it again changes nothing.

        Raises: AssignmentNotFound; InvalidInput when the assignment is for another audience than `audience`.
        """
        async with self._database.write(caller.tenant, alone=True) as tx:
            row = await _existing(tx, reference)
            await _check_audience(tx, row, audience)
            if row["deleted_at"] is not None:
                return _assignment(row)
            return await _revise(tx, caller, self._clock(), row, "assignment.deleted", {})

    async def pause(self, caller: Caller, reference: Reference) -> Assignment:
        """Let an assignment rest: as if everybody had left, until it is resumed (rule E10).

        Pausing it again changes nothing. Raises: AssignmentNotFound; Conflict when it is deleted.
        """
        return await self._activate(caller, reference, is_active=False)

    async def resume(self, caller: Caller, reference: Reference) -> Assignment:
        """End a pause; who is back within the re-entry time goes on where she was (rule M2). Raises as `pause`."""
        return await self._activate(caller, reference, is_active=True)

    async def get(self, tenant: Id, reference: Reference) -> Assignment:
        """The assignment that `reference` names by its id. Raises AssignmentNotFound."""
        async with self._database.read(tenant) as tx:
            return _assignment(await _existing(tx, reference))

    async def versions(self, tenant: Id, reference: Reference) -> list[AssignmentVersion]:
        """All that the assignment ever said, oldest first. Raises AssignmentNotFound."""
        async with self._database.read(tenant) as tx:
            id = (await _existing(tx, reference))["id"]
            return (await find_versions(tx, [id]))[id]

    async def page(
        self,
        tenant: Id,
        *,
        audience: Reference | None = None,
        item: Reference | None = None,
        updated_after: datetime | None = None,
        with_deleted: bool = False,
        after: Id | None = None,
        count: int,
    ) -> Sequence[Assignment]:
        """Up to `count` assignments in order of id, from behind `after`.

        Args:
            item: only those that completing it satisfies.
        Raises: AudienceNotFound, ItemNotFound naming the reference's field.
        """
        async with self._database.read(tenant) as tx:
            of = await find_audience(tx, audience) if audience else None
            if audience and of is None:
                raise AudienceNotFound(f"No audience {audience.value!r} in this tenant", field=audience.field)
            rows = await tx.rows(
                "assignments_keyset",
                audience=of,
                item=await _item(tx, item) if item else None,
                updated_after=updated_after,
                with_deleted=with_deleted,
                after=after or FIRST_ID,
                count=count,
            )
        return [_assignment(row) for row in rows]

    async def list(
        self,
        tenant: Id,
        *,
        audience: Reference | None = None,
        updated_since: datetime | None = None,
        count: int,
        skip: int = 0,
    ) -> list[Assignment]:
        """A page of assignments in order of creation, deleted ones included.

        Raises: AudienceNotFound naming the reference's field.
        """
        async with self._database.read(tenant) as tx:
            of = await find_audience(tx, audience) if audience else None
            if audience and of is None:
                raise AudienceNotFound(f"No audience {audience.value!r} in this tenant", field=audience.field)
            rows = await tx.rows("assignments_page", audience=of, updated_since=updated_since, count=count, skip=skip)
        return [_assignment(row) for row in rows]

    async def _activate(self, caller: Caller, reference: Reference, *, is_active: bool) -> Assignment:
        async with self._database.write(caller.tenant, alone=True) as tx:
            row = await _existing(tx, reference)
            if row["deleted_at"] is not None:
                raise Conflict("This assignment is deleted", field=reference.field)
            if row["is_active"] == is_active:
                return _assignment(row)
            await _check_versions(tx, row["id"])
            kind = "assignment.resumed" if is_active else "assignment.paused"
            return await _revise(tx, caller, self._clock(), row, kind, {"is_active": is_active})


_UTC = ZoneInfo("UTC")
_SETTINGS = (
    "primary_item",
    "alternatives",
    "hide_alternatives",
    "completion_period_days",
    "recurrence_days",
    "renewal_window_days",
    "renewal_grace_days",
    "anchor",
    "calendar_days",
    "minimum_credit_days",
    "prior_credit",
    "has_notice_floor",
    "zone",
    "is_active",
)


async def new_settings(tx: Tx, new: NewAssignment, zone: ZoneInfo, now: datetime) -> Settings:
    """What an assignment made now would ask. Raises as making it does."""
    return _settings(await _new(tx, new), 1, zone, now)


async def edited_settings(tx: Tx, assignment: Id, edit: AssignmentEdit, zone: ZoneInfo, now: datetime) -> Settings:
    """What an assignment edited now would ask. Raises as the edit does."""
    row = await _row(tx, assignment)
    await _check_audience(tx, row, edit.audience)
    if row["deleted_at"] is not None:
        raise Conflict("This assignment is deleted")
    kept = {name: row[name] for name in (*_SETTINGS, "audience")}
    number = 1 + await tx.value("assignment_version_count", id=assignment)
    return _settings(kept | await _changed(tx, row, edit), number, zone, now)


async def make_assignment(
    tx: WriteTx, id: Id, new: NewAssignment, now: datetime, *, of_person: Id | None = None
) -> dict[str, Any]:
    """Write a new assignment and return its settings by column; the caller appends the entry.

    Args:
        of_person: whom it is made for by name.
    """
    settings = await _new(tx, new)
    await tx.run("assignment_make", id=id, of_person=of_person, now=now, **settings)
    return settings


async def end_assignment(tx: WriteTx, caller: Caller, id: Id, now: datetime) -> None:
    """Delete an assignment, unless it was deleted already. The writer must be alone."""
    row = await _row(tx, id)
    if row["deleted_at"] is None:
        await _revise(tx, caller, now, row, "assignment.deleted", {})


async def _new(tx: Tx, new: NewAssignment) -> dict[str, Any]:
    audience = await find_audience(tx, new.audience)
    if audience is None:
        raise AudienceNotFound(f"No audience {new.audience.value!r} in this tenant", field=new.audience.field)
    primary = await _item(tx, new.primary)
    settings = {
        "audience": audience,
        "primary_item": primary,
        "alternatives": await _alternatives(tx, new.alternatives, primary),
        "hide_alternatives": new.hide_alternatives,
        "completion_period_days": new.completion_period_days,
        "recurrence_days": new.recurrence_days,
        "renewal_window_days": new.renewal_window_days,
        "renewal_grace_days": new.renewal_grace_days,
        "anchor": new.anchor.value,
        "calendar_days": [month * 100 + day for month, day in new.calendar_days],
        "minimum_credit_days": new.minimum_credit_days,
        "prior_credit": new.prior_credit.value,
        "has_notice_floor": new.has_notice_floor,
        "zone": new.zone,
    }
    _check(settings)
    return settings


async def find_versions(tx: Tx, assignments: Sequence[Id]) -> dict[Id, list[AssignmentVersion]]:
    """All versions of these assignments, oldest first."""
    found: dict[Id, list[AssignmentVersion]] = {id: [] for id in assignments}
    for row in await tx.rows("assignment_versions", assignments=list(found)):
        found[row["assignment"]].append(
            AssignmentVersion(
                number=row["number"],
                effective_on=row["effective_on"],
                recorded_at=row["recorded_at"],
                acts_at=row["acts_at"],
                audience=row["audience"],
                primary=row["primary_item"],
                alternatives=tuple(row["alternatives"]),
                hide_alternatives=row["hide_alternatives"],
                completion_period_days=row["completion_period_days"],
                recurrence_days=row["recurrence_days"],
                is_active=row["is_active"],
                is_deleted=row["is_deleted"],
                applies_to_open=row["applies_to_open"],
                **_renewal(row),
            )
        )
    return found


async def find_assignment(tx: Tx, reference: Reference) -> Id:
    """The id of the assignment that `reference` names. Raises AssignmentNotFound naming the reference's field."""
    id: Id = (await _existing(tx, reference))["id"]
    return id


async def _revise(
    tx: WriteTx, caller: Caller, now: datetime, row: Row, kind: str, changed: dict[str, Any]
) -> Assignment:
    # Read with the tenant's counter locked, and never before the version it follows: versions are a sequence.
    now = max(now, row["updated_at"])
    settings = {name: row[name] for name in _SETTINGS} | {"applies_to_open": False} | changed
    deleted_at = now if kind == "assignment.deleted" else None
    number = await tx.value("assignment_revise", id=row["id"], deleted_at=deleted_at, now=now, **settings)
    await append(tx, caller.client, [Change(kind, row["id"], {"version": number, **changed})], now)
    await restand_assignment(tx, row["id"], now)
    return _assignment(await _row(tx, row["id"]))


async def _existing(tx: Tx, reference: Reference) -> Row:
    row = await tx.row("assignment_by_id", id=reference.id) if reference.id else None
    if row is None:
        raise AssignmentNotFound(f"No assignment {reference.value!r} in this tenant", field=reference.field)
    return row


async def _row(tx: Tx, id: Id) -> Row:
    row = await tx.row("assignment_by_id", id=id)
    assert row is not None
    return row


async def _check_audience(tx: Tx, row: Row, audience: Reference | None) -> None:
    # By id first: an audience that is deleted by now is no longer found.
    if audience is None or audience.id == row["audience"] or await find_audience(tx, audience) == row["audience"]:
        return
    raise InvalidInput(FieldFault(audience.field, "not_found", "is not the audience of this assignment"))


async def _changed(tx: Tx, row: Row, edit: AssignmentEdit) -> dict[str, Any]:
    """The settings that `edit` makes another."""
    primary = row["primary_item"] if edit.primary is None else await _item(tx, edit.primary)
    if edit.alternatives is not None:
        alternatives = await _alternatives(tx, edit.alternatives, primary)
    else:
        alternatives = list(row["alternatives"])
        if edit.primary is not None and primary in alternatives:
            raise InvalidInput(FieldFault(edit.primary.field, "duplicate", "is one of the alternatives"))
    wanted = {
        "primary_item": primary,
        "alternatives": alternatives,
        "hide_alternatives": edit.hide_alternatives,
        "completion_period_days": edit.completion_period_days,
        "renewal_window_days": edit.renewal_window_days,
        "anchor": edit.anchor and edit.anchor.value,
        "calendar_days": edit.calendar_days
        if edit.calendar_days is None
        else [month * 100 + day for month, day in edit.calendar_days],
        "prior_credit": edit.prior_credit and edit.prior_credit.value,
        "has_notice_floor": edit.has_notice_floor,
    }
    changed = {name: value for name, value in wanted.items() if value is not None and value != row[name]}
    for name in ("recurrence_days", "renewal_grace_days", "minimum_credit_days", "zone"):
        value = getattr(edit, name)
        if value is not Keep.KEEP and value != row[name]:
            changed[name] = value
    if changed:
        _check({name: row[name] for name in (*_SETTINGS, "audience")} | changed, tuple(changed))
        if edit.applies_to_open:
            changed["applies_to_open"] = True
        await _check_versions(tx, row["id"])
    return changed


def _check(settings: Mapping[str, Any], named: tuple[str, ...] = ()) -> None:
    """Raises InvalidInput for settings outside of their limits."""
    checked = _settings({**settings, "zone": None}, 1, _UTC, datetime.min.replace(tzinfo=_UTC))
    check_settings(checked, zone=settings["zone"], named=named)


def _settings(said: Mapping[str, Any], number: int, zone: ZoneInfo, now: datetime) -> Settings:
    """As the engine takes them; `zone` is the tenant's."""
    deadlines_in = ZoneInfo(said["zone"]) if said["zone"] else zone
    return Settings(
        number=number,
        since=now.astimezone(deadlines_in).date(),
        recorded_at=now,
        audience=said["audience"],
        primary=said["primary_item"],
        alternatives=tuple(said["alternatives"]),
        completion_period_days=said["completion_period_days"],
        recurrence_days=said["recurrence_days"],
        renewal_window_days=said["renewal_window_days"],
        renewal_grace_days=said["renewal_grace_days"],
        anchor=Anchor(said["anchor"]),
        calendar_days=calendar_pairs(said["calendar_days"]),
        minimum_credit_days=said["minimum_credit_days"],
        prior_credit=PriorCredit(said["prior_credit"]),
        notice_floor=said["has_notice_floor"],
        is_active=said.get("is_active", True),
        applies_to_open=said.get("applies_to_open", False),
        zone=deadlines_in,
    )


async def _check_versions(tx: Tx, assignment: Id) -> None:
    if await tx.value("assignment_version_count", id=assignment) >= VERSIONS_MAX:
        raise Conflict(f"An assignment has {VERSIONS_MAX} versions at most; make a new one instead")


async def _item(tx: Tx, reference: Reference) -> Id:
    item = await find_item(tx, reference)
    if item is None:
        raise ItemNotFound(f"No learning object {reference.value!r} in this tenant", field=reference.field)
    return item


async def _alternatives(tx: Tx, references: Sequence[Reference], primary: Id) -> list[Id]:
    spelled = [
        (place, rank, kind, normalise(kind, reference.value))
        for place, reference in enumerate(references)
        for rank, kind in enumerate(reference.kinds)
    ]
    ids = [(place, reference.id) for place, reference in enumerate(references) if reference.id]
    rows = await tx.rows(
        "assignment_items_resolve",
        places=[place for place, _, _, _ in spelled],
        ranks=[rank for _, rank, _, _ in spelled],
        kinds=[kind for _, _, kind, _ in spelled],
        values=[value for _, _, _, value in spelled],
        id_places=[place for place, _ in ids],
        ids=[id for _, id in ids],
    )
    found = {row["place"]: row["item"] for row in rows}
    alternatives: dict[Id, None] = {}
    for place, reference in enumerate(references):
        item = found.get(place)
        if item is None:
            raise ItemNotFound(f"No learning object {reference.value!r} in this tenant", field=reference.field)
        if item == primary:
            raise InvalidInput(FieldFault(reference.field, "duplicate", "may not contain the primary content"))
        if item in alternatives:
            raise InvalidInput(FieldFault(reference.field, "duplicate", "names the same content twice"))
        alternatives[item] = None
    return list(alternatives)


def _assignment(row: Row) -> Assignment:
    return Assignment(
        id=row["id"],
        audience=row["audience"],
        primary=row["primary_item"],
        alternatives=tuple(row["alternatives"]),
        hide_alternatives=row["hide_alternatives"],
        completion_period_days=row["completion_period_days"],
        recurrence_days=row["recurrence_days"],
        is_active=row["is_active"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
        **_renewal(row),
    )


def _renewal(row: Row) -> dict[str, Any]:
    return {
        "renewal_window_days": row["renewal_window_days"],
        "renewal_grace_days": row["renewal_grace_days"],
        "anchor": Anchor(row["anchor"]),
        "calendar_days": calendar_pairs(row["calendar_days"]),
        "minimum_credit_days": row["minimum_credit_days"],
        "prior_credit": PriorCredit(row["prior_credit"]),
        "has_notice_floor": row["has_notice_floor"],
        "zone": row["zone"],
    }
