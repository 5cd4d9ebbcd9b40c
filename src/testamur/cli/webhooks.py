"""`testamur webhook`: for vendors whose API has no call for it, and for looking after all of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from testamur import serving
from testamur.cli.common import Data, DatabaseUrl, Json, TenantName, settings_of, with_ledger
from testamur.cli.output import explained, show, table
from testamur.core.errors import FieldFault, InvalidInput, WebhookNotFound
from testamur.core.ids import Id, parse, to_hex24
from testamur.core.webhooks import NewWebhook, Webhook
from testamur.dialects import ALL
from testamur.ledger import Ledger

app = typer.Typer(help="Tell other systems what is recorded.", no_args_is_help=True)

WebhookId = Annotated[str, typer.Argument(help="The webhook's id, as listed.")]
_NOTICES = {dialect.name: dialect.notices for dialect in ALL if dialect.notices is not None}


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where to post: http or https.")],
    tenant: TenantName,
    dialect: Annotated[str, typer.Option(help=f"In whose words: {', '.join(sorted(_NOTICES))}.")],
    event: Annotated[list[str] | None, typer.Option(help="An event's name; may be repeated. All by default.")] = None,
    name: Annotated[str, typer.Option(help="What it is for.")] = "webhook",
    base_url: Annotated[
        str | None,
        typer.Option(help="Address of the dialect for links in events; by default that of TESTAMUR_PUBLIC_URL."),
    ] = None,
    secret: Annotated[
        str | None, typer.Option(envvar="TESTAMUR_WEBHOOK_SECRET", help="What deliveries are signed with.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Add a webhook. It hears of what is recorded from now on."""
    settings = settings_of(data, database_url)
    with explained(), serving.database(settings) as urls:
        known = _NOTICES.get(dialect)
        if known is None:
            raise InvalidInput(FieldFault("--dialect", "format", f"there are no webhooks of {dialect!r}"))
        if unknown := sorted(set(event or ()) - known.events.keys()):
            names = ", ".join(sorted(known.events))
            raise InvalidInput(FieldFault("--event", "format", f"{unknown[0]!r} is none of {names}"))
        events = tuple(event or sorted(known.events))
        server = (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
        new = NewWebhook(
            dialect=dialect,
            name=name,
            url=url,
            events=events,
            secret=known.secret(secret),
            base_url=base_url.rstrip("/") if base_url else f"{server}/{dialect}",
        )

        async def make(ledger: Ledger) -> Webhook:
            return await ledger.webhooks.add((await ledger.tenants.find(tenant)).id, new)

        made = _row(with_ledger(urls, make))
        columns = ["id", "dialect", "name", "url", "events"]
        if new.secret != secret:
            made, columns = made | {"secret": new.secret}, [*columns, "secret"]
        show(made, json, table("Webhook", columns, [made]))


@app.command("list")
def list_(tenant: TenantName, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """List a tenant's webhooks, and how each fares."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:

        async def find(ledger: Ledger) -> list[dict[str, Any]]:
            return [_row(one) for one in await ledger.webhooks.list((await ledger.tenants.find(tenant)).id)]

        rows = with_ledger(urls, find)
        columns = ["id", "dialect", "name", "url", "events", "after", "attempts", "failing_since", "disabled_because"]
        show({"webhooks": rows}, json, table("Webhooks", columns, rows))


@app.command("remove")
def remove(
    webhook: WebhookId, tenant: TenantName, data: Data = None, database_url: DatabaseUrl = None, json: Json = False
) -> None:
    """Remove a webhook. How its deliveries ended stays readable for a month."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        id = _id(webhook)

        async def work(ledger: Ledger) -> None:
            await ledger.webhooks.remove((await ledger.tenants.find(tenant)).id, id)

        with_ledger(urls, work)
        show({"removed": to_hex24(id)}, json, "Removed.")


@app.command("resume")
def resume(
    webhook: WebhookId,
    tenant: TenantName,
    after: Annotated[
        int | None,
        typer.Option(min=0, help="Tell again what stands behind this entry; from where it stopped if absent."),
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Go on with a webhook that was disabled, or replay a range."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        id = _id(webhook)

        async def work(ledger: Ledger) -> None:
            await ledger.webhooks.resume((await ledger.tenants.find(tenant)).id, id, after=after)

        with_ledger(urls, work)
        show({"resumed": to_hex24(id), "after": after}, json, "Resumed.")


@app.command("deliveries")
def deliveries(
    webhook: WebhookId,
    tenant: TenantName,
    after: Annotated[int, typer.Option(min=0, help="Behind this entry.")] = 0,
    dead: Annotated[bool, typer.Option("--dead", help="Only what was given up.")] = False,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 100,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """List how telling a webhook ended, in the order of the ledger's entries."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        id = _id(webhook)

        async def find(ledger: Ledger) -> list[dict[str, Any]]:
            found = (await ledger.tenants.find(tenant)).id
            delivered = False if dead else None
            listed = await ledger.webhooks.deliveries(found, id, after=after, delivered=delivered, count=count)
            return [asdict(one) for one in listed]

        rows = with_ledger(urls, find)
        columns = ["entry", "type", "is_delivered", "attempts", "status", "error", "last_at"]
        show({"deliveries": rows}, json, table("Deliveries", columns, rows))


def _id(text: str) -> Id:
    id = parse(text)
    if id is None:
        raise WebhookNotFound(f"{text!r} is no webhook id")
    return id


def _row(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": to_hex24(webhook.id),
        "dialect": webhook.dialect,
        "name": webhook.name,
        "url": webhook.url,
        "events": " ".join(webhook.events),
        "is_signed": webhook.secret is not None,
        "created_at": webhook.created_at,
        "after": webhook.after,
        "replay": webhook.replay and f"{webhook.replay.after} to {webhook.replay.until}",
        "attempts": webhook.attempts,
        "attempt_at": webhook.attempt_at,
        "failing_since": webhook.failing_since,
        "disabled_at": webhook.disabled_at,
        "disabled_because": webhook.disabled_because,
    }
