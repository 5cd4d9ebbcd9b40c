"""People as they are stored: whom a reference names, and what is known of her."""

from __future__ import annotations

from collections.abc import Sequence

from testamur.core.errors import PersonNotFound
from testamur.core.ids import Id
from testamur.core.people import Employment, Login, Person, Reference, normalise
from testamur.storage.transactions import Row, Tx


async def find_person(tx: Tx, reference: Reference) -> Id | None:
    """The id that `reference` names in this transaction's tenant, or None."""
    found: Id | None = await tx.value(
        "person_resolve",
        kinds=list(reference.kinds),
        values=[normalise(kind, reference.value) for kind in reference.kinds],
        id=reference.id,
    )
    return found


async def known_person(tx: Tx, reference: Reference) -> Id:
    """The person whom `reference` names, deleted or not. Raises PersonNotFound naming its field."""
    return _found(await find_person(tx, reference), reference)


async def present_person(tx: Tx, reference: Reference) -> Id:
    """The person whom `reference` names. Raises PersonNotFound naming its field, also when she was deleted."""
    return _found((await resolve_people(tx, [reference])).get(0), reference)


def _found(person: Id | None, reference: Reference) -> Id:
    if person is None:
        raise PersonNotFound(f"No person {reference.value!r} in this tenant", field=reference.field)
    return person


async def resolve_people(tx: Tx, people: Sequence[Reference], *, with_deleted: bool = False) -> dict[int, Id]:
    """The person each reference names, by its place in `people`. Who is not known has no place.

    Args:
        with_deleted: people who were deleted have one too.
    """
    named = [
        (place, rank, kind, normalise(kind, person.value))
        for place, person in enumerate(people)
        for rank, kind in enumerate(person.kinds)
    ]
    ids = [(place, person.id) for place, person in enumerate(people) if person.id is not None]
    rows = await tx.rows(
        "people_resolve",
        places=[place for place, _, _, _ in named],
        ranks=[rank for _, rank, _, _ in named],
        kinds=[kind for _, _, kind, _ in named],
        values=[value for _, _, _, value in named],
        id_places=[place for place, _ in ids],
        ids=[id for _, id in ids],
        with_deleted=with_deleted,
    )
    return {row["place"]: row["person"] for row in rows}


async def get_people(tx: Tx, ids: Sequence[Id]) -> list[Person]:
    """Those of these people that there are, the deleted too."""
    return [person_of(row) for row in await tx.rows("people_get", ids=list(ids))] if ids else []


def person_of(row: Row) -> Person:
    """From a row of `known_person`."""
    employment = None
    if row["employment"] is not None:
        employment = Employment(
            id=row["employment"],
            title=row["title"],
            manager=row["manager"],
            manager_name=row["manager_name"] or None,
            manager_ref=row["manager_ref"],
            opened_at=row["employed_at"],
        )
    return Person(
        id=row["id"],
        given_name=row["given_name"],
        family_name=row["family_name"],
        phone=row["phone"],
        role=row["role"],
        language=row["language"],
        zone=row["zone"],
        is_active=row["is_active"],
        identifiers={kind: tuple(values) for kind, values in row["identifiers"].items()},
        attributes=row["attributes"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
        login=Login(row["login"]),
        single_sign_on=row["single_sign_on"],
        domain=row["domain"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        employment=employment,
        tenant_zone=row["tenant_zone"],
    )
