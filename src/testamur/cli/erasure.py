"""`testamur erase`, `testamur retention` and `testamur hold`: what goes, what is kept, and by what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from testamur import serving
from testamur.cli.common import Data, DatabaseUrl, Json, OnlyTenant, caller_of, settings_of, tenant_of, with_ledger
from testamur.cli.output import explained, show, table
from testamur.core.callers import Caller
from testamur.core.errors import NotFound
from testamur.core.ids import Id, parse, to_hex24
from testamur.core.people import Reference
from testamur.core.retention import Basis, Erasure, Hold, Keeps, Kept, Level, NewRule, Rehearsal, Rule
from testamur.ledger import Ledger

T = TypeVar("T")

retention = typer.Typer(
    help="For how long completions are kept, and erasing what is kept no more.", no_args_is_help=True
)
hold = typer.Typer(help="Legal holds: nothing of whom or what is held is erased.", no_args_is_help=True)

_CLIENT = "Operators"
_LISTED_MAX = 1_000_000
Person = Annotated[str, typer.Argument(help="A person: reference, e-mail address or id.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept for good.")]
Rehearse = Annotated[bool, typer.Option("--rehearse", help="Only say what would go and what is kept.")]
All = Annotated[bool, typer.Option("--all", help="Those that ended too.")]


class Erases(Enum):
    """What goes by itself once the time is over."""

    DETAIL = "detail"
    ALL = "all"


def erase(
    person: Person,
    level: Annotated[Level, typer.Option("--level", help="How much of her.")],
    reason: Reason = "",
    rehearse: Rehearse = False,
    tenant: OnlyTenant = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Erase as much of a person as nothing keeps, and say what is kept, by what and until when.

    **detail**: scores, durations, answers, notes, evidence. **identity**: names and identifiers; a pseudonym stands for
    them and facts stay. **all**: the facts too; counts are left. It cannot be undone.
    """

    async def work(ledger: Ledger, caller: Caller) -> Erasure | Rehearsal:
        if rehearse:
            return await ledger.erasures.plan(caller.tenant, _person(person), level)
        return await ledger.erasures.erase(caller, _person(person), level, reason)

    with explained():
        found = _on(data, database_url, tenant, work)
        document: dict[str, Any] = {
            "person": to_hex24(found.person),
            "level": found.level.value,
            "rehearsed": rehearse,
            "erased": dict(found.erased),
            "kept": [_kept(one) for one in found.kept],
        }
        if isinstance(found, Erasure):
            document |= {"id": to_hex24(found.id), "completed_at": found.completed_at, "tombstone": found.tombstone}
        counted = ", ".join(
            f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(found.erased.items()) if count
        )
        title = f"{'Would be erased' if rehearse else 'Erased'}: {counted or 'nothing'}. Kept"
        show(
            document, json, table(title, ["level", "because", "id", "kind", "item", "until", "count"], document["kept"])
        )


@retention.command("list")
def list_rules(
    all: All = False,
    tenant: OnlyTenant = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """List the rules."""

    async def work(ledger: Ledger, caller: Caller) -> list[dict[str, Any]]:
        return [_rule(one) for one in await ledger.retention.rules(caller.tenant, with_closed=all, count=_LISTED_MAX)]

    with explained():
        rows = _on(data, database_url, tenant, work)
        columns = ["id", "item", "category", "basis", "years", "days", "adds_recurrence", "keeps", "erases", "reason"]
        show({"rules": rows}, json, table("Retention rules", [*columns, *(["closed_at"] if all else [])], rows))


@retention.command("set")
def set_rule(
    basis: Annotated[Basis, typer.Option("--from", help="From when on the time is counted.")],
    reason: Reason,
    years: Annotated[int, typer.Option(help="Years that completions are kept.")] = 0,
    days: Annotated[int, typer.Option(help="Days, behind the years.")] = 0,
    item: Annotated[str | None, typer.Option(help="Only of this learning object: reference or id.")] = None,
    category: Annotated[str | None, typer.Option(help="Only of this category, by its name.")] = None,
    recurrence: Annotated[
        bool, typer.Option("--recurrence", help="The days for which completing gives credit come first.")
    ] = False,
    keeps: Annotated[Keeps, typer.Option(help="How much is kept.")] = Keeps.FACTS,
    erases: Annotated[Erases | None, typer.Option(help="What `retention run` erases once the time is over.")] = None,
    tenant: OnlyTenant = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Set for how long completions are kept, in place of the rule for the same item, category or everything else."""
    new = NewRule(
        basis=basis,
        reason=reason,
        years=years,
        days=days,
        item=None if item is None else Reference(item, ("ref", "iri"), "item", "--item"),
        category=category,
        adds_recurrence=recurrence,
        keeps=keeps,
        erases=Level(erases.value) if erases else None,
    )

    async def work(ledger: Ledger, caller: Caller) -> dict[str, Any]:
        return _rule(await ledger.retention.set(caller, new))

    with explained():
        row = _on(data, database_url, tenant, work)
        show(row, json, f"Set; the rule's id is {row['id']}.")


@retention.command("close")
def close_rule(
    rule: Annotated[str, typer.Argument(help="The rule's id.")],
    reason: Reason,
    tenant: OnlyTenant = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Let a rule hold no more."""

    async def work(ledger: Ledger, caller: Caller) -> dict[str, Any]:
        return _rule(await ledger.retention.end(caller, _id(rule, "retention"), reason))

    with explained():
        show(_on(data, database_url, tenant, work), json, "Closed.")


@retention.command("run")
def run_(
    rehearse: Rehearse = False,
    limit: Annotated[int | None, typer.Option(min=1, help="People at most.", show_default="all")] = None,
    tenant: OnlyTenant = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Erase what is kept no more: what was held back of erasures, and what rules say is to go by itself.

    Each person is a transaction; what is stopped goes on with the next run.
    """

    async def work(ledger: Ledger, caller: Caller) -> list[dict[str, Any]]:
        return [
            {"person": to_hex24(one.person), "level": one.level.value, **one.erased}
            async for one in ledger.erasures.run(caller, rehearse=rehearse, count=limit)
        ]

    with explained():
        rows = _on(data, database_url, tenant, work)
        columns = ["person", "level", "detail_of", "facts", "identity"]
        title = "Would be erased" if rehearse else "Erased"
        show({"rehearsed": rehearse, "erased": rows}, json, table(title, columns, rows))


@hold.command("place")
def place(
    reason: Reason,
    person: Annotated[str | None, typer.Option(help="A person: reference, e-mail address or id.")] = None,
    item: Annotated[str | None, typer.Option(help="A learning object: reference or id.")] = None,
    tenant: OnlyTenant = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Keep everything of a person, or of anybody's learning of an item, until the hold is lifted."""

    async def work(ledger: Ledger, caller: Caller) -> dict[str, Any]:
        whom = None if person is None else _person(person)
        what = None if item is None else Reference(item, ("ref", "iri"), "item", "--item")
        return _hold(await ledger.retention.place(caller, reason, person=whom, item=what))

    with explained():
        row = _on(data, database_url, tenant, work)
        show(row, json, f"Placed; the hold's id is {row['id']}.")


@hold.command("lift")
def lift(
    hold: Annotated[str, typer.Argument(help="The hold's id.")],
    reason: Reason,
    tenant: OnlyTenant = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """End a hold. What it kept from an erasure goes with the next `testamur retention run`."""

    async def work(ledger: Ledger, caller: Caller) -> dict[str, Any]:
        return _hold(await ledger.retention.lift(caller, _id(hold, "hold"), reason))

    with explained():
        show(_on(data, database_url, tenant, work), json, "Lifted.")


@hold.command("list")
def list_holds(
    all: All = False,
    tenant: OnlyTenant = "",
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """List the holds."""

    async def work(ledger: Ledger, caller: Caller) -> list[dict[str, Any]]:
        return [_hold(one) for one in await ledger.retention.holds(caller.tenant, with_lifted=all, count=_LISTED_MAX)]

    with explained():
        rows = _on(data, database_url, tenant, work)
        columns = ["id", "person", "item", "reason", "placed_at", *(["lifted_at"] if all else [])]
        show({"holds": rows}, json, table("Legal holds", columns, rows))


def _on(data: Path | None, database_url: str | None, tenant: str, work: Callable[[Ledger, Caller], Awaitable[T]]) -> T:
    """Run `work` on a tenant's ledger as its operators."""

    async def run(ledger: Ledger) -> T:
        return await work(ledger, await caller_of(ledger, (await tenant_of(ledger, tenant)).id, _CLIENT))

    with serving.database(settings_of(data, database_url)) as urls:
        return with_ledger(urls, run)


def _person(text: str) -> Reference:
    return Reference(text, ("ref", "email"), "person", "PERSON")


def _id(text: str, noun: str) -> Id:
    found = parse(text, noun)
    if found is None:
        raise NotFound(f"No {noun} {text!r} in this tenant")
    return found


def _hex(id: Id | None) -> str | None:
    return None if id is None else to_hex24(id)


def _kept(one: Kept) -> dict[str, Any]:
    return {
        "level": one.level.value,
        "because": one.because.value,
        "id": _hex(one.id),
        "kind": one.noun.value if one.noun else None,
        "item": _hex(one.item),
        "until": one.until,
        "count": one.count,
    }


def _rule(one: Rule) -> dict[str, Any]:
    return {
        "id": to_hex24(one.id),
        "item": _hex(one.item),
        "category": one.category_name,
        "basis": one.basis.value,
        "years": one.years,
        "days": one.days,
        "adds_recurrence": one.adds_recurrence,
        "keeps": one.keeps.value,
        "erases": one.erases.value if one.erases else None,
        "reason": one.reason,
        "opened_at": one.opened_at,
        "closed_at": one.closed_at,
        "closed_because": one.closed_because,
    }


def _hold(one: Hold) -> dict[str, Any]:
    return {
        "id": to_hex24(one.id),
        "person": _hex(one.person),
        "item": _hex(one.item),
        "reason": one.reason,
        "placed_at": one.placed_at,
        "lifted_at": one.lifted_at,
        "lifted_because": one.lifted_because,
    }
