"""The command `testamur`."""

from __future__ import annotations

import asyncio
import json
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from testamur import __version__, serving
from testamur.cli import cpd, erasure, export, imports, sessions, standing, webhooks
from testamur.cli import doctor as checks
from testamur.cli import items as catalogue
from testamur.cli.common import Data, DatabaseUrl, Json, TenantName, caller_of, settings_of, with_ledger
from testamur.cli.output import Exit, console, explained, show, table
from testamur.cli.welcome import welcome
from testamur.config import Settings
from testamur.core.callers import ALL_SCOPES
from testamur.core.errors import ClientNotFound, Conflict, FieldFault, InvalidInput, NotFound, TenantNotFound
from testamur.core.ids import parse, to_hex24
from testamur.core.tenants import SettingsChange, TenantSettings
from testamur.demo import access, organisation
from testamur.demo.load import load as load_organisation
from testamur.dialects import ALL
from testamur.ledger import Ledger, utc_now
from testamur.ledger.clients import NewKey, scopes_of
from testamur.ledger.tenants import Tenant
from testamur.logs import configure
from testamur.storage.migrate import migrate as bring_up

T = TypeVar("T")

app = typer.Typer(
    name="testamur",
    help="One durable ledger of learning records, spoken to in the APIs that systems already speak.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
tenants = typer.Typer(help="Make and list tenants: organisations, each with a closed data set.", no_args_is_help=True)
keys = typer.Typer(help="Make, list and revoke the keys by which systems call.", no_args_is_help=True)
demo = typer.Typer(help="A believable organisation to try things on.", no_args_is_help=True)
app.add_typer(tenants, name="tenant")
app.add_typer(keys, name="key")
app.add_typer(demo, name="demo")
app.add_typer(cpd.app, name="cpd")
app.add_typer(catalogue.items, name="items")
app.add_typer(catalogue.skills, name="skills")
app.add_typer(webhooks.app, name="webhook")
app.add_typer(standing.app, name="standing")
app.add_typer(export.app, name="export")
app.add_typer(erasure.retention, name="retention")
app.add_typer(erasure.hold, name="hold")
app.add_typer(sessions.issuers, name="issuer")
app.add_typer(sessions.tokens, name="token")
app.command("import")(imports.import_)
app.command("erase")(erasure.erase)


def main() -> None:
    """The entry point of the command."""
    app()


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.", show_default="8700")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Worker processes.", show_default="1")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Make a demo tenant with data and print its credentials.")
    ] = False,
    ready_file: Annotated[
        Path | None, typer.Option(help="Once every dialect answers, write addresses and credentials there as JSON.")
    ] = None,
) -> None:
    """Serve every dialect, with the database beside it, until stopped.

    With `--demo` or `--ready-file` a demo tenant is made on the first start; its credentials are kept in the data
    folder and shown again on every start.
    """
    with explained():
        settings = settings_of(data, database_url, host=host, port=port, workers=workers)
        configure(settings.log_format, settings.log_level)
        listener = serving.bind(settings.host, settings.port)
        with serving.supervised_database(settings) as urls:
            asyncio.run(bring_up(urls))
            ready = None
            if demo or ready_file:
                ready = with_ledger(urls, lambda ledger: _demo_access(ledger, settings, serving.url_of(listener)))

            def when_ready() -> None:
                if ready is not None and ready_file is not None:
                    serving.write_atomically(ready_file, ready)
                console.print(welcome(serving.url_of(listener), ready if demo else None), soft_wrap=True)

            serving.run(settings, urls, listener, when_ready)


@app.command()
def migrate(data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Bring the database's schema up to this release."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        done = [f"{migration.number:04d} {migration.name}" for migration in asyncio.run(bring_up(urls))]
        show({"applied": done}, json, "\n".join(done) or "Nothing to do: the schema is up to date.")


@app.command()
def doctor(data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Check the database, versions, clock and disk, and say what to do. Exit code 3 when something needs doing."""
    with explained():
        findings = checks.examine(settings_of(data, database_url))
        show(
            {"healthy": all(finding.ok for finding in findings), "findings": [asdict(finding) for finding in findings]},
            json,
            checks.report(findings),
        )
        if not all(finding.ok for finding in findings):
            raise typer.Exit(Exit.UNHEALTHY)


@app.command()
def version(json: Json = False) -> None:
    """The version of Testamur and of what it runs on."""
    versions = {"testamur": __version__, "python": platform.python_version()}
    show(versions, json, f"Testamur {__version__} on Python {platform.python_version()}")


@tenants.command("create")
def tenant_create(
    slug: Annotated[
        str, typer.Argument(help="Short name, used as user name by some clients: letters, digits, _ and -.")
    ],
    name: Annotated[str | None, typer.Option(help="The organisation's name.", show_default="the slug")] = None,
    zone: Annotated[str, typer.Option(help="IANA zone in which deadlines are days.")] = "UTC",
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Make a tenant."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        asyncio.run(bring_up(urls))
        made = with_ledger(urls, lambda ledger: ledger.tenants.create(slug, name or slug, zone))
        show(_tenant(made), json, table("Tenant", ["slug", "id", "name", "zone"], [_tenant(made)]))


@tenants.command("list")
def tenant_list(data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """List the tenants."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        asyncio.run(bring_up(urls))
        rows = [_tenant(tenant) for tenant in with_ledger(urls, lambda ledger: ledger.tenants.list())]
        columns = ["slug", "id", "name", "zone", "entries", "created_at"]
        show({"tenants": rows}, json, table("Tenants", columns, rows))


@tenants.command("set")
def tenant_set(
    tenant: Annotated[str, typer.Argument(help="The tenant's slug or id.")],
    reentry_days: Annotated[
        int | None, typer.Option(help="Back within so many days the same line goes on (rule M2).")
    ] = None,
    self_granting: Annotated[
        bool | None,
        typer.Option("--self-granting/--no-self-granting", help="Whether people may grant themselves exceptions."),
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Decide what the compliance rules leave to a tenant, from now on; without options, show what it decided."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        asyncio.run(bring_up(urls))
        change = SettingsChange(reentry_days=reentry_days, self_granting=self_granting)

        async def decide(ledger: Ledger) -> TenantSettings:
            found = await ledger.tenants.find(tenant)
            if change == SettingsChange():
                return await ledger.tenants.settings(found.id)
            caller = await caller_of(ledger, found.id, "Operators")
            return await ledger.tenants.change_settings(caller, change)

        decided = asdict(with_ledger(urls, decide))
        show(decided, json, table("Settings", list(decided), [decided]))


@keys.command("create")
def key_create(
    tenant: TenantName,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "key",
    dialect: Annotated[str | None, typer.Option(help=f"Only for one of: {', '.join(d.name for d in ALL)}.")] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write or webhooks; may be repeated. All by default.")
    ] = None,
    application: Annotated[str | None, typer.Option(help="Application the client belongs to (cPod).")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Make a client with a key. The secret is shown this once and kept nowhere."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        if dialect is not None and dialect not in {known.name for known in ALL}:
            raise InvalidInput(FieldFault("--dialect", "format", f"there is no dialect {dialect!r}"))
        try:
            scopes = scopes_of(scope) if scope else ALL_SCOPES
        except ValueError as error:
            raise InvalidInput(FieldFault("--scope", "format", str(error))) from error

        async def create(ledger: Ledger) -> NewKey:
            found = await ledger.tenants.find(tenant)
            return await ledger.clients.create(found.id, name, dialect=dialect, scopes=scopes, application=application)

        made = with_ledger(urls, create)
        document = {"client_id": to_hex24(made.client), "key_id": to_hex24(made.key), "secret": made.secret}
        # Not in a table, which would fold what is to be copied.
        lines = "\n".join(f"{name.replace('_', ' '):<10}{value}" for name, value in document.items())
        show(document, json, f"{lines}\nKeep the secret: it is not shown again.")


@keys.command("list")
def key_list(tenant: TenantName, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """List a tenant's keys, revoked ones included."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:

        async def find(ledger: Ledger) -> list[dict[str, Any]]:
            found = await ledger.tenants.find(tenant)
            return [
                {
                    "key_id": to_hex24(key.key),
                    "client_id": to_hex24(key.client),
                    "name": key.name,
                    "dialect": key.dialect,
                    "application": key.application,
                    "scopes": " ".join(key.scopes),
                    "secret": f"…{key.hint}",
                    "created_at": key.created_at,
                    "revoked_at": key.revoked_at,
                }
                for key in await ledger.clients.list(found.id)
            ]

        rows = with_ledger(urls, find)
        columns = ["key_id", "client_id", "name", "dialect", "scopes", "secret", "revoked_at"]
        show({"keys": rows}, json, table("Keys", columns, rows))


@keys.command("revoke")
def key_revoke(
    key: Annotated[str, typer.Argument(help="The key's id, as listed.")],
    tenant: TenantName,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Revoke a key; it stops working at once, in every worker."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        id = parse(key)
        if id is None:
            raise ClientNotFound(f"{key!r} is no key id")

        async def revoke(ledger: Ledger) -> None:
            found = await ledger.tenants.find(tenant)
            await ledger.clients.revoke(found.id, id)

        with_ledger(urls, revoke)
        show({"revoked": to_hex24(id)}, json, "Revoked.")


@demo.command("load")
def demo_load(
    tenant: TenantName = "demo",
    size: Annotated[organisation.Size, typer.Option(help="How large an organisation.")] = organisation.Size.SMALL,
    seed: Annotated[int, typer.Option(help="The same seed makes the same organisation.")] = 1,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Load a demo organisation into a tenant, made when it does not exist, through the ledger's own verbs."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        asyncio.run(bring_up(urls))

        async def load(ledger: Ledger) -> Any:
            try:
                found = await ledger.tenants.find(tenant)
            except TenantNotFound:
                found = await access.open_demo(ledger, slug=tenant)
            return await _load(ledger, found, size, seed)

        loaded = with_ledger(urls, load)
        show(asdict(loaded), json, table("Loaded", list(asdict(loaded)), [asdict(loaded)]))


async def _demo_access(ledger: Ledger, settings: Settings, url: str) -> dict[str, Any]:
    """The ready document: made with the demo tenant on the first start, read from the data folder afterwards."""
    kept = settings.data / "demo.json"
    try:
        tenant = await ledger.tenants.find("demo")
    except TenantNotFound:
        tenant = await access.open_demo(ledger)
        await _load(ledger, tenant, organisation.Size.SMALL, seed=1)
    credentials = json.loads(kept.read_text()) if kept.exists() else None
    if credentials is None or credentials["tenant"] != str(tenant.id):
        credentials = {"tenant": str(tenant.id), "dialects": await access.credentials(ledger, tenant)}
        settings.data.mkdir(parents=True, exist_ok=True)
        serving.write_atomically(kept, credentials)
    dialects = {
        dialect.name: {"url": f"{url}/{dialect.name}", **credentials["dialects"][dialect.name]} for dialect in ALL
    }
    dialects["thrive"]["token_url"] = f"{url}/thrive/oauth2/token/{tenant.slug}"
    dialects["cpod"]["token_url"] = f"{url}/cpod/api/v1/auth/token"
    try:
        samples = await access.samples(ledger, tenant)
    except NotFound as error:
        raise Conflict(
            "The demo tenant was not loaded to its end. Start with another --data folder, or remove this one."
        ) from error
    return {
        "url": url,
        "tenant": {"id": str(tenant.id), "name": tenant.name},
        "dialects": dialects,
        "samples": samples,
    }


async def _load(ledger: Ledger, tenant: Tenant, size: organisation.Size, seed: int) -> Any:
    caller = await access.loader(ledger, tenant)
    made = organisation.generate(size, seed=seed, today=utc_now().date())
    with Progress(
        TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as bar:
        tasks: dict[str, Any] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done)

        return await load_organisation(ledger, caller, made, progress=progress)


def _tenant(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": to_hex24(tenant.id),
        "slug": tenant.slug,
        "name": tenant.name,
        "zone": tenant.zone,
        "entries": tenant.entries,
        "created_at": tenant.created_at,
    }
