"""What keeps something of a person from being erased: who she is, what she did, and the rules and holds on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from testamur.core.ids import Id, to_hex24, to_opaque, to_ulid, to_uuid
from testamur.core.people import Identifier, normalise
from testamur.core.retention import (
    RULES_MAX,
    Basis,
    Hold,
    Keeping,
    Keeps,
    Level,
    Names,
    Noun,
    Owned,
    Patterns,
    Pseudonym,
    Rule,
)
from testamur.storage.transactions import Row, Tx


@dataclass(frozen=True, slots=True)
class About:
    """A person, as far as it decides what is erased of her."""

    person: Id
    names: Names
    patterns: Patterns
    keeping: Keeping
    owned: Sequence[Owned]

    @property
    def values(self) -> list[str]:
        """Her identifiers as they are compared."""
        return sorted({one.value.strip().lower() for one in self.names.keys})


async def about_person(tx: Tx, person: Id, now: datetime) -> About:
    """A person of this tenant, what she did and what keeps it, as it is now."""
    row = await tx.row("erasure_person", person=person, now=now)
    assert row is not None
    names = _names(person, row, [one["data"] for one in await tx.rows("erasure_named_before", person=person)])
    # What was hers once may be somebody else's by now.
    named = {
        "kinds": [one.kind for one in names.keys],
        "values": [normalise(one.kind, one.value) for one in names.keys],
    }
    taken = {
        (one["kind"], one["value"])
        for one in await tx.rows("person_identifiers_named", **named)
        if one["person"] != person
    }
    names.keys = {one for one in names.keys if (one.kind, normalise(one.kind, one.value)) not in taken}
    patterns = names.patterns([to_uuid(person), to_hex24(person), to_opaque(person), to_ulid(person, "person")])
    about = About(person, names, patterns, Keeping((), (), None, date.min), ())
    zone = ZoneInfo(row["zone"])
    owned = [
        _owned(one) for one in await tx.rows("erasure_owned", person=person, zone=row["zone"], values=about.values)
    ]
    items = list({one.item for one in owned if one.item is not None})
    holds = [hold_of(one) for one in await tx.rows("legal_holds_touching", person=person, items=items)]
    left_on = row["left_at"].astimezone(zone).date() if row["left_at"] else None
    keeping = Keeping(await rules_of(tx), holds, left_on, now.astimezone(zone).date())
    return replace(about, keeping=keeping, owned=owned)


async def rules_of(tx: Tx, *, only_open: bool = True, after: Id | None = None, count: int = RULES_MAX) -> list[Rule]:
    """Rules in the order in which they were set."""
    rows = await tx.rows("retention_rules", only_open=only_open, after=after, count=count)
    return [rule_of(row) for row in rows]


def _names(person: Id, row: Row, before: Iterable[dict[str, Any]]) -> Names:
    """All by which she is or was known, without what stands for her already."""
    names = Names()
    names.add({"given_name": row["given_name"], "family_name": row["family_name"], "identifiers": row["identifiers"]})
    for said in before:
        names.add(said)
        # A changed name stood beside what was not changed.
        names.add({"given_name": row["given_name"], "family_name": row["family_name"]} | said)
    pseudonym = Pseudonym.of(person)
    names.names.discard(f"{pseudonym.given_name} {pseudonym.family_name}")
    names.keys.discard(Identifier("ref", pseudonym.ref))
    if row["phone"]:
        names.names.add(row["phone"])
    return names


def _owned(row: Row) -> Owned:
    return Owned(
        noun=Noun(row["noun"]),
        id=row["id"],
        day=row["day"],
        item=row["item"],
        categories=tuple(row["categories"] or ()),
        recurrence_days=row["recurrence_days"],
        is_asked=row["is_asked"],
        has_detail=row["has_detail"],
        facts=row["facts"],
        reports=row["reports"],
        is_completion=row["is_completion"],
    )


def hold_of(row: Row) -> Hold:
    """From a row of `legal_hold`."""
    return Hold(**{name: row[name] for name in Hold.__slots__})


def rule_of(row: Row) -> Rule:
    """From a row of `retention_rule` with the name of its category."""
    said = {name: row[name] for name in Rule.__slots__}
    said |= {"basis": Basis(row["basis"]), "keeps": Keeps(row["keeps"])}
    return Rule(**said | {"erases": Level(row["erases"]) if row["erases"] else None})
