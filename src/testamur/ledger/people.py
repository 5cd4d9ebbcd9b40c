"""People: adding and finding them, changing them, suspending them, and forgetting who they were."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from testamur.core.callers import Caller
from testamur.core.errors import (
    AudienceNotFound,
    Conflict,
    IdentifierTaken,
    KeyReused,
    PersonNotFound,
)
from testamur.core.ids import FIRST_ID, LAST_ID, Id, new_id
from testamur.core.people import (
    Absence,
    Changed,
    Deleted,
    Identifier,
    Joined,
    NewPerson,
    News,
    Person,
    PersonChange,
    PersonStatus,
    Reference,
    Suspended,
    Told,
    normalise,
)
from testamur.core.retention import Level
from testamur.ledger.employments import (
    arrive,
    change_employments,
    check_circle,
    get_absences,
    open_employments,
    open_suspensions,
    reinstate,
    resolve_jobs,
    resolve_manager,
    suspend,
)
from testamur.ledger.entries import Change, append
from testamur.ledger.erased import erased_among
from testamur.ledger.everyone import join_everyone
from testamur.ledger.import_settling import release_held
from testamur.ledger.keeping import about_person
from testamur.ledger.people_plan import COLUMNS, UNEMPLOYED, Job, PlannedChange, plan_change
from testamur.ledger.people_rows import find_person, get_people, person_of
from testamur.ledger.standing_lines import restand_people
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx, WriteTx

AUDIENCES_MAX = 1_000
"""Audiences shown with one person."""
_EVER = datetime(1, 1, 1, tzinfo=UTC)


class People:
    """Verbs on people. A person of another tenant is simply not found, nor does a change find one who was deleted."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, caller: Caller, new: Sequence[NewPerson]) -> list[Id]:
        """Add people, all or none, and return their ids in order.

        Managers are found among those of the tenant and among `new`; who is neither is awaited.

        Raises: IdentifierTaken when an identifier names somebody already, or occurs twice in `new`; InvalidInput when
            somebody would stand above herself.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            return await add_people(tx, caller, new, now)

    async def get(self, tenant: Id, reference: Reference) -> Person:
        """The person that `reference` names. Raises PersonNotFound naming the reference's field."""
        async with self._database.read(tenant) as tx:
            id = await find_person(tx, reference)
            found = await get_people(tx, [id] if id else [])
        if not found:
            raise PersonNotFound(f"No person {reference.value!r} in this tenant", field=reference.field)
        return found[0]

    async def many(self, tenant: Id, ids: Sequence[Id]) -> dict[Id, Person]:
        """Those of these people who are known."""
        async with self._database.read(tenant) as tx:
            return {person.id: person for person in await get_people(tx, list(set(ids)))}

    async def page(
        self,
        tenant: Id,
        *,
        named: Reference | None = None,
        active: bool | None = None,
        audience: Reference | None = None,
        updated_after: datetime | None = None,
        with_deleted: bool = False,
        after: Id | None = None,
        count: int,
    ) -> Sequence[Person]:
        """Up to `count` people in order of id, from behind `after`.

        Args:
            named: nobody but the one it names.
            active: whether their status is ACTIVE, or anything else.
            audience: only its members.
        Raises: AudienceNotFound naming the reference's field.
        """
        async with self._database.read(tenant) as tx:
            only = await find_person(tx, named) if named else None
            if named and only is None:
                return []
            bounds: dict[str, Any] = {
                "first": only or FIRST_ID,
                "last": only or LAST_ID,
                "after": after or FIRST_ID,
                "active": active,
                "updated_after": updated_after,
                "with_deleted": with_deleted,
                "count": count,
                "now": self._clock(),
            }
            if audience is None:
                rows = await tx.rows("people_keyset", **bounds)
            else:
                of = await tx.value("audience_resolve", reference=audience.value, id=audience.id)
                if of is None:
                    raise AudienceNotFound(f"No audience {audience.value!r} in this tenant", field=audience.field)
                rows = await tx.rows("people_keyset_of_audience", audience=of, **bounds)
            return sorted(await get_people(tx, [row["id"] for row in rows]), key=lambda person: person.id)

    async def numbered_page(
        self,
        tenant: Id,
        *,
        statuses: Collection[PersonStatus] | None = None,
        updated_since: datetime | None = None,
        count: int,
        skip: int = 0,
    ) -> tuple[int, Sequence[Person]]:
        """How many people there are, and a page of them in the order in which they were added.

        The deleted stay in their places, so pages are the same whatever happens between two of them, and without a
        filter the last one costs what the first does. A filter looks at everybody up to the end of its page.
        """
        async with self._database.read(tenant) as tx:
            if statuses is None and updated_since is None:
                total: int = await tx.value("people_count")
                rows = await tx.rows("people_placed", count=count, skip=skip)
            else:
                filters: dict[str, Any] = {
                    "statuses": [status.value for status in (PersonStatus if statuses is None else statuses)],
                    "updated_since": updated_since or _EVER,
                    "now": self._clock(),
                }
                total = await tx.value("people_filtered_count", **filters)
                rows = await tx.rows("people_filtered", count=count, skip=skip, **filters)
        return total, [person_of(row) for row in rows]

    async def audiences_of(self, tenant: Id, people: Sequence[Id]) -> Mapping[Id, Sequence[Id]]:
        """The audiences each of these people is a member of, the first AUDIENCES_MAX, for a whole page in one call."""
        found: dict[Id, list[Id]] = {person: [] for person in people}
        async with self._database.read(tenant) as tx:
            for row in await tx.rows("people_audiences", people=list(people), most=AUDIENCES_MAX):
                found[row["person"]].append(row["audience"])
        return found

    async def absences(self, tenant: Id, people: Sequence[Id]) -> Mapping[Id, Sequence[Absence]]:
        """When these people were suspended and since when they are deleted, in order, with both clocks."""
        async with self._database.read(tenant) as tx:
            return await get_absences(tx, people)

    async def change(
        self,
        caller: Caller,
        reference: Reference,
        change: PersonChange,
    ) -> Person:
        """Change a person and return her as she is then. What changes nothing leaves no trace.

        Raises: PersonNotFound; IdentifierTaken naming the kind; InvalidInput when she would stand above herself, for an
            employment that ends before it starts, and when she could not sign in.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            person = await _present(tx, reference)
            await _change(tx, caller, person, reference, change, now)
            return (await get_people(tx, [person.id]))[0]

    async def suspend(self, caller: Caller, reference: Reference, ends_at: datetime | None) -> Person:
        """Make a person inactive from now on, or since the employment ended if that is past; what she did stays.

        Whoever is suspended already stays so from the moment she was.

        Args:
            ends_at: new end of the employment; None leaves it as it is.

        Raises: PersonNotFound; InvalidInput for an end before the start.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            person = await _present(tx, reference)
            await suspend(tx, caller, person, ends_at, now)
            return (await get_people(tx, [person.id]))[0]

    async def reinstate(self, caller: Caller, reference: Reference) -> Person:
        """End a suspension now, and an employment's end that is past with it. Raises PersonNotFound."""
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            person = await _present(tx, reference)
            await reinstate(tx, caller, person, now)
            return (await get_people(tx, [person.id]))[0]

    async def delete(self, caller: Caller, reference: Reference) -> Id:
        """Forget who a person was and keep what she did, by her id. Her identifiers are free for others.

        She leaves her audiences today, manages and reports on none any more, and her interests, skills and favourites
        end; invitations to her are withdrawn and forgotten. Returns her id.
        Raises: PersonNotFound; Conflict while a rule or a legal hold keeps who she is.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            person = (await _present(tx, reference)).id
            await _delete(tx, caller, person, now)
        return person

    async def take(self, caller: Caller, told: Told, news: News) -> bool:
        """Do what an event says, once. Returns whether it was done now; told again it changes nothing.

        Who comes back is not held to the day on which she left.

        Raises: KeyReused when another event had this id; otherwise as `add`, `change`, `suspend` and `delete`, and then
            the event may be told again.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            row = await tx.row("event_find", source=told.source, id=told.id)
            if row is not None:
                if row["fingerprint"] != told.fingerprint:
                    raise KeyReused("An event with this id said something else", field="id")
                return False
            await tx.run("event_take", source=told.source, id=told.id, fingerprint=told.fingerprint, now=now)
            match news:
                case Joined():
                    await _join(tx, caller, news, now)
                case Changed():
                    await _change(tx, caller, await _present(tx, news.person), news.person, news.change, now)
                case Suspended():
                    await suspend(tx, caller, await _present(tx, news.person), news.ends_at, now)
                case Deleted():
                    await _delete(tx, caller, (await _present(tx, news.person)).id, now)
        return True


async def _present(tx: Tx, reference: Reference) -> Person:
    id = await find_person(tx, reference)
    found = await get_people(tx, [id] if id else [])
    if not found or found[0].deleted_at is not None:
        raise PersonNotFound(f"No person {reference.value!r} in this tenant", field=reference.field)
    return found[0]


async def add_people(
    tx: WriteTx,
    caller: Caller,
    new: Sequence[NewPerson],
    now: datetime,
    *,
    ids: Sequence[Id] | None = None,
    jobs: Sequence[Job] | None = None,
) -> list[Id]:
    """Add people with the errors of `People.add`. The writer must be alone.

    Args:
        ids: theirs; some may be managers of others in `jobs`.
        jobs: what each is employed as, instead of what `new` says of titles and managers.
    """
    ids = [new_id() for _ in new] if ids is None else list(ids)
    identifiers = [identifier for person in new for identifier in person.identifiers]
    await _check_free(tx, identifiers)
    erased = await erased_among(tx, identifiers)
    await tx.run(
        "people_add",
        ids=ids,
        given_names=[person.given_name for person in new],
        family_names=[person.family_name for person in new],
        phones=[person.phone for person in new],
        roles=[person.role for person in new],
        languages=[person.language for person in new],
        zones=[person.zone for person in new],
        actives=[person.is_active for person in new],
        attributes=[dict(person.attributes) for person in new],
        logins=[person.login.value for person in new],
        single_sign_ons=[person.single_sign_on for person in new],
        domains=[person.domain for person in new],
        starts_at=[person.starts_at for person in new],
        ends_at=[person.ends_at for person in new],
        now=now,
    )
    named = [(id, identifier) for id, person in zip(ids, new, strict=True) for identifier in person.identifiers]
    await _name(tx, named, now)
    if jobs is None:
        employed = [(id, p.title, p.manager) for id, p in zip(ids, new, strict=True) if p.title or p.manager]
        opened = await resolve_jobs(tx, employed)
    else:
        opened = [(id, job) for id, job in zip(ids, jobs, strict=True) if job != UNEMPLOYED]
    await open_employments(tx, opened, now)
    await open_suspensions(tx, [(id, now) for id, person in zip(ids, new, strict=True) if not person.is_active], now)
    changes = [
        Change(
            "person.added",
            id,
            {
                "given_name": person.given_name,
                "family_name": person.family_name,
                "identifiers": [[identifier.kind, identifier.value] for identifier in person.identifiers],
                # She is somebody new: what was erased does not come back. Whoever added her may not have known.
                **({"was_erased": True} if not erased.isdisjoint(person.identifiers) else {}),
            },
        )
        for id, person in zip(ids, new, strict=True)
    ]
    changes += await arrive(tx, named, now)
    field = next((person.manager.field for person in new if person.manager), "")
    await check_circle(tx, [id for id, _ in opened], field)
    await append(tx, caller.client, changes, now)
    await join_everyone(tx, caller, ids, now)
    return ids


async def _change(
    tx: WriteTx, caller: Caller, person: Person, reference: Reference, change: PersonChange, now: datetime
) -> None:
    manager = await resolve_manager(tx, change.manager) if isinstance(change.manager, Reference) else (None, None)
    planned = plan_change(person, change, addressed=reference, manager=manager)
    if planned.said:
        await change_people(tx, caller, [planned], now)


async def change_people(tx: WriteTx, caller: Caller, planned: Sequence[PlannedChange], now: datetime) -> None:
    """Write changes of different people, all or none.

    Raises: IdentifierTaken naming the kind; InvalidInput naming the field when somebody would stand above herself.
    """
    named = [(one.person.id, new) for one in planned for _, new in one.renamed if new is not None]
    former = [(one.person.id, old) for one in planned for old, _ in one.renamed if old is not None]
    await _check_free(tx, [new for _, new in named])
    if former:
        await tx.run(
            "person_identifiers_drop",
            kinds=[old.kind for _, old in former],
            values=[old.value for _, old in former],
            people=[person for person, _ in former],
        )
    if named:
        await _name(tx, named, now)
    await change_employments(tx, [(one.person.id, one.job) for one in planned if one.job is not None], now)
    after = [{**one.after, "login": one.after["login"].value} for one in planned]
    columns = {name: [row[name] for row in after] for name in (*COLUMNS, "attributes")}
    await tx.run("people_change", ids=[one.person.id for one in planned], now=now, **columns)
    arrived = await arrive(tx, named, now)
    field = next((one.field for one in planned if one.field), "ref")
    await check_circle(tx, [one.person.id for one in planned], field)
    changes = [Change("person.changed", one.person.id, one.said) for one in planned]
    await append(tx, caller.client, [*changes, *arrived], now)


async def _join(tx: WriteTx, caller: Caller, news: Joined, now: datetime) -> None:
    first = news.new.identifiers[0]
    reference = Reference(first.value, (first.kind,), "person", first.kind, may_be_id=False)
    if await find_person(tx, reference) is None:
        await add_people(tx, caller, [news.new], now)
        return
    # Her old end would lie before her new start.
    await reinstate(tx, caller, await _present(tx, reference), now)
    await _change(tx, caller, await _present(tx, reference), reference, news.change, now)


async def _delete(tx: WriteTx, caller: Caller, person: Id, now: datetime) -> None:
    about = await about_person(tx, person, now)
    if kept := about.keeping.plan(Level.IDENTITY, about.owned).kept:
        until = f"until {kept[0].until}" if kept[0].until else "for now"
        raise Conflict(f"Who she is must be kept {until}, by a {kept[0].because.value} (rule G6)")
    memberships = await tx.rows("person_memberships_close", person=person, now=now)
    managing = await tx.rows("person_managing_close", person=person, now=now)
    reporting = await tx.rows("person_reporting_close", person=person, now=now)
    favorites = await tx.rows("person_favorites_close", person=person, now=now)
    invitations = await tx.rows("person_invitations_withdraw", person=person, now=now)
    await tx.run("person_invitations_empty", person=person)
    interests = await tx.rows("person_interests_close", person=person, now=now)
    skills = await tx.rows("person_skills_close", person=person, now=now)
    await tx.run("tags_touch", ids=list({row["tag"] for row in (*interests, *skills)}), now=now)
    await change_employments(tx, [(person, UNEMPLOYED)], now)
    await tx.run("person_identifiers_remove", person=person)
    await tx.run("person_empty", id=person, now=now)
    await tx.run("person_forget", id=person)
    gone = {"level": None, "target": None}
    changes = [
        *(_left(person, row) for row in memberships),
        *(Change("manager.closed", person, {"audience": str(row["audience"])}) for row in managing),
        *(Change("reporter.closed", person, {"audience": str(row["audience"])}) for row in reporting),
        *(Change("favorite.closed", person, {"item": str(row["item"])}) for row in favorites),
        *(Change("invitation.withdrawn", row["id"]) for row in invitations),
        *(Change("interest.closed", person, {"tag": row["tag"], "name": row["name"]}) for row in interests),
        *(Change("skill.set", person, {"tag": row["tag"], "name": row["name"], **gone}) for row in skills),
        Change("person.deleted", person),
    ]
    await append(tx, caller.client, changes, now)
    await restand_people(tx, [person], now)


async def _check_free(tx: WriteTx, identifiers: Sequence[Identifier]) -> None:
    named = [(identifier.kind, normalise(identifier.kind, identifier.value)) for identifier in identifiers]
    rows = await tx.rows(
        "person_identifiers_named", kinds=[kind for kind, _ in named], values=[value for _, value in named]
    )
    if rows:
        raise IdentifierTaken("This identifier already names a person", field=rows[0]["kind"])


async def _name(tx: WriteTx, named: Sequence[tuple[Id, Identifier]], now: datetime) -> None:
    await tx.run(
        "person_identifiers_add",
        kinds=[identifier.kind for _, identifier in named],
        values=[normalise(identifier.kind, identifier.value) for _, identifier in named],
        people=[person for person, _ in named],
    )
    await release_held(tx, [identifier for _, identifier in named], now)


def _left(person: Id, row: Row) -> Change:
    data = {
        "audience": str(row["audience"]),
        "joined_on": row["joined_on"].isoformat(),
        "left_on": row["left_on"].isoformat(),
    }
    return Change("membership.closed", person, data)
