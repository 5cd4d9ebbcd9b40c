"""Decisions: granting exemptions, extensions and equivalencies, and taking the first two back (section 11)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import msgspec

from testamur.core import compliance
from testamur.core.callers import Caller
from testamur.core.compliance import How
from testamur.core.decisions import (
    GrantedExemption,
    GrantedExtension,
    NewEquivalency,
    NewExemption,
    NewExtension,
    check_reason,
)
from testamur.core.errors import Conflict, FieldFault, Forbidden, InvalidInput, ItemNotFound, NotFound
from testamur.core.ids import Id, new_id
from testamur.core.moments import format_instant
from testamur.core.people import Reference
from testamur.core.records import NewRecord, Recorded, Report, check_times
from testamur.ledger.assignments import find_assignment
from testamur.ledger.entries import Change, append
from testamur.ledger.items import find_item
from testamur.ledger.people_rows import known_person
from testamur.ledger.records import Records
from testamur.ledger.standing_facts import About
from testamur.ledger.standing_lines import restand, restand_people
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx

SOURCE = "testamur"
"""The source of what people decide here."""


class Decisions:
    """Verbs on decisions. Nobody grants herself one unless the tenant's setting `self_granting` says so (rule X7)."""

    def __init__(self, database: Database, clock: Callable[[], datetime], records: Records) -> None:
        self._database = database
        self._clock = clock
        self._records = records

    async def exempt(self, caller: Caller, new: NewExemption) -> GrantedExemption:
        """Grant an exemption; it acts on its days, past ones too, from now on.

        Raises: PersonNotFound, AssignmentNotFound, ItemNotFound; InvalidInput for days in the wrong order, an
            assignment together with an item, or no reason; Forbidden when it is for oneself. Each names the field.
        """
        check_reason(new.reason, new.evidence)
        if new.until_on is not None and new.until_on < new.from_on:
            raise InvalidInput(FieldFault("until_on", "order", "lies before the first day"))
        if new.assignment is not None and new.item is not None:
            raise InvalidInput(FieldFault("item", "range", "may not be given together with an assignment"))
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            person = await _grantee(tx, caller, new.person)
            assignment = await find_assignment(tx, new.assignment) if new.assignment else None
            item = await _item(tx, new.item) if new.item else None
            id = new_id()
            said = {
                "person": person,
                "assignment": assignment,
                "item": item,
                "from_on": new.from_on,
                "until_on": new.until_on,
                "reason": new.reason,
                "evidence": new.evidence,
                "granted_by_person": caller.person,
            }
            await tx.run("exemption_add", id=id, granted_by=caller.client, now=now, **said)
            await append(tx, caller.client, [Change("exemption.granted", id, _spelled(said))], now)
            if assignment is not None:
                await restand(tx, [(assignment, person)], now)
            else:
                await restand_people(tx, [person], now, items=[item] if item else None)
            row = await tx.row("exemption_get", id=id)
        assert row is not None
        return _exemption(row)

    async def withdraw_exemption(self, caller: Caller, id: Id, because: str) -> GrantedExemption:
        """Take an exemption back from today on; the days before stay as they were (principle P5).

        Raises: NotFound; Conflict when it was taken back already; InvalidInput without a reason.
        """
        check_reason(because, None)
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            row = await tx.row("exemption_withdraw", id=id, withdrawn_by=caller.client, because=because, now=now)
            if row is None:
                raise await _gone(tx, "exemption_get", id)
            await append(tx, caller.client, [Change("exemption.withdrawn", id, {"reason": because})], now)
            if row["assignment"] is not None:
                await restand(tx, [(row["assignment"], row["person"])], now)
            else:
                await restand_people(tx, [row["person"]], now, items=[row["item"]] if row["item"] else None)
        return _exemption(row)

    async def extend(self, caller: Caller, new: NewExtension) -> GrantedExtension:
        """Give the obligation that is open now, or planned next, a later due day (rules X1 and X2).

        Raises: PersonNotFound, AssignmentNotFound; Conflict when nothing is open or planned; InvalidInput for a day
            before the present due day, or no reason; Forbidden when it is for oneself. Each names the field.
        """
        check_reason(new.reason, new.evidence)
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            person = await _grantee(tx, caller, new.person)
            assignment = await find_assignment(tx, new.assignment)
            about = await About.read(tx, assignment)
            facts = (await about.facts(tx, [person]))[person]
            today = about.day(now)
            step = compliance.standing_on(compliance.timeline(facts, horizon=date.min), today)
            if step is None or step.due_on is None:
                raise Conflict("Nothing is open or planned that could be extended", field=new.assignment.field)
            if new.due_on < step.due_on:
                raise InvalidInput(
                    FieldFault("due_on", "order", f"may not be before the present due day, {step.due_on}")
                )
            id = new_id()
            said = {
                "person": person,
                "assignment": assignment,
                "cycle": step.cycle,
                "due_on": new.due_on,
                "granted_on": today,
                "reason": new.reason,
                "evidence": new.evidence,
                "granted_by_person": caller.person,
            }
            await tx.run("extension_add", id=id, granted_by=caller.client, now=now, **said)
            await append(tx, caller.client, [Change("extension.granted", id, _spelled(said))], now)
            await restand(tx, [(assignment, person)], now)
            row = await tx.row("extension_get", id=id)
        assert row is not None
        return _extension(row)

    async def withdraw_extension(self, caller: Caller, id: Id, because: str) -> GrantedExtension:
        """Take an extension back from today on; the days before stay as they were (principle P5).

        Raises: NotFound; Conflict when it was taken back already; InvalidInput without a reason.
        """
        check_reason(because, None)
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            row = await tx.row("extension_withdraw", id=id, withdrawn_by=caller.client, because=because, now=now)
            if row is None:
                raise await _gone(tx, "extension_get", id)
            await append(tx, caller.client, [Change("extension.withdrawn", id, {"reason": because})], now)
            await restand(tx, [(row["assignment"], row["person"])], now)
        return _extension(row)

    async def judge_equal(self, caller: Caller, new: NewEquivalency) -> Recorded:
        """Record a completion that was granted because something else was judged equal (rule X6).

        It is voided as any other record. Raises: PersonNotFound, ItemNotFound; InvalidInput for a time that cannot be,
            or no reason; Forbidden when it is for oneself.
        """
        check_reason(new.reason, new.evidence)
        now = self._clock()
        async with self._database.read(caller.tenant) as tx:
            await _grantee(tx, caller, new.person)
        extra = {"how": How.EQUIVALENCY.value, "reason": new.reason}
        if new.evidence is not None:
            extra["evidence"] = new.evidence
        record = NewRecord(
            source=SOURCE,
            person=new.person,
            item=new.item,
            completed=new.completed,
            expires_at=new.expires_at,
            created_by=caller.person,
            extra=extra,
        )
        check_times(record, now, completed_field="completed_at", started_field="started_at")
        said = {
            **extra,
            "person": new.person.value,
            "item": new.item.value,
            "completed_at": format_instant(new.completed.at),
            "precision": new.completed.precision.value,
            "expires_at": new.expires_at and format_instant(new.expires_at),
            "granted_by_person": caller.person,
        }
        body = msgspec.json.encode(said, enc_hook=str).decode()
        return await self._records.record(
            caller.tenant, record, Report(SOURCE, caller.client, "DECISION", "equivalency", body)
        )

    async def exemption(self, tenant: Id, id: Id) -> GrantedExemption:
        """One exemption, a withdrawn one too. Raises NotFound."""
        async with self._database.read(tenant) as tx:
            row = await tx.row("exemption_get", id=id)
        if row is None:
            raise NotFound("No such decision in this tenant")
        return _exemption(row)

    async def extension(self, tenant: Id, id: Id) -> GrantedExtension:
        """One extension, a withdrawn one too. Raises NotFound."""
        async with self._database.read(tenant) as tx:
            row = await tx.row("extension_get", id=id)
        if row is None:
            raise NotFound("No such decision in this tenant")
        return _extension(row)

    async def exemptions(
        self, tenant: Id, *, person: Id | None = None, assignment: Id | None = None, after: Id | None = None, count: int
    ) -> list[GrantedExemption]:
        """Up to `count` exemptions in order of granting, from behind `after`, withdrawn ones too."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("exemptions_page", person=person, assignment=assignment, after=after, count=count)
        return [_exemption(row) for row in rows]

    async def extensions(
        self, tenant: Id, *, person: Id | None = None, assignment: Id | None = None, after: Id | None = None, count: int
    ) -> list[GrantedExtension]:
        """Up to `count` extensions in order of granting, from behind `after`, withdrawn ones too."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("extensions_page", person=person, assignment=assignment, after=after, count=count)
        return [_extension(row) for row in rows]


async def _grantee(tx: Tx, caller: Caller, reference: Reference) -> Id:
    """The person a decision is for. Raises PersonNotFound, Forbidden (rule X7)."""
    person = await known_person(tx, reference)
    if caller.person == person:
        row = await tx.row("tenant_settings_get")
        if row is None or not row["self_granting"]:
            raise Forbidden("Nobody may grant this to herself (rule X7)", field=reference.field)
    return person


async def _item(tx: Tx, reference: Reference) -> Id:
    item = await find_item(tx, reference)
    if item is None:
        raise ItemNotFound(f"No learning object {reference.value!r} in this tenant", field=reference.field)
    return item


async def _gone(tx: Tx, query: str, id: Id) -> NotFound | Conflict:
    if await tx.row(query, id=id) is None:
        return NotFound("No such decision in this tenant")
    return Conflict("This decision was taken back already")


def _spelled(said: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value if value is None or isinstance(value, int | str) else str(value) for name, value in said.items()
    }


def _granted(row: Row) -> dict[str, Any]:
    names = ("id", "person", "reason", "evidence", "granted_by", "granted_by_person", "granted_at")
    return {name: row[name] for name in (*names, "withdrawn_at", "withdrawn_by", "withdrawn_because")}


def _exemption(row: Row) -> GrantedExemption:
    return GrantedExemption(
        **_granted(row),
        assignment=row["assignment"],
        item=row["item"],
        from_on=row["from_on"],
        until_on=row["until_on"],
    )


def _extension(row: Row) -> GrantedExtension:
    return GrantedExtension(
        **_granted(row),
        assignment=row["assignment"],
        cycle=row["cycle"],
        due_on=row["due_on"],
        granted_on=row["granted_on"],
    )
