"""The one place that knows everyone, and wires them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from testamur import __version__
from testamur.config import BadSetting, Settings
from testamur.core.errors import Unavailable
from testamur.delivery.deliverer import Deliverer
from testamur.delivery.pace import Pace
from testamur.delivery.sender import Sender
from testamur.dialects import ALL
from testamur.dialects.cpod import operations as cpod
from testamur.dialects.cpod.manners import Manners
from testamur.http.exchange import Receive, Scope, Send
from testamur.http.index import index_page
from testamur.http.limits import RateLimiter
from testamur.http.metrics import exposition
from testamur.http.operations import Dialect
from testamur.http.service import DialectService
from testamur.jobs.pruning import Pruner
from testamur.jobs.turns import take_turns
from testamur.ledger import Ledger
from testamur.ledger.uploads import Limits
from testamur.memory import calm_garbage_collection
from testamur.storage.database import Database, DatabaseUrls


class Application:
    """The ASGI app: a dialect by its prefix or its host name, and a few pages of our own.

    Dialects are found before Starlette is asked, because its routing costs a third of a small request.
    """

    def __init__(self, settings: Settings, urls: DatabaseUrls) -> None:
        self.database = Database(urls, connections_max=settings.database_connections)
        self.ledger = Ledger.on(
            self.database,
            removals_percent_max=settings.import_removals_percent,
            uploads=Limits(settings.upload_max_bytes, settings.uploads_max_bytes),
        )
        limiter = RateLimiter(settings.rate_limit_per_minute)
        public = settings.public_url.rstrip("/") if settings.public_url else None
        served = _served(settings)
        self._requests = 0
        self._dialects = {
            f"/{dialect.name}": DialectService(dialect, self.ledger, limiter, public and f"{public}/{dialect.name}")
            for dialect in served
        }
        self._notices = {dialect.name: dialect.notices for dialect in served if dialect.notices is not None}
        self._delivers, self._to_private = settings.delivers_webhooks, settings.webhooks_to_private_addresses
        self._hosts = {host: _known(self._dialects, dialect) for host, dialect in settings.dialect_hosts.items()}
        self._pages = Starlette(
            routes=[
                Route("/", self._index),
                Route("/healthz", self._health),
                Route("/readyz", self._ready),
                Route("/metrics", self._metrics),
            ],
            lifespan=self._lifespan,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            service = self._hosts.get(_host(scope)) if self._hosts else None
            if service is None:
                prefix = "/" + scope["path"][1:].partition("/")[0]
                service = self._dialects.get(prefix)
                if service is not None:
                    scope["root_path"] = prefix
            if service is not None:
                self._requests += 1
                await service(scope, receive, send)
                return
        await self._pages(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self.database.open()
        calm_garbage_collection()
        sender = Sender(to_private_addresses=self._to_private)
        standings, imports = self.ledger.standings, self.ledger.imports
        tasks = [asyncio.create_task(self.ledger.clients.listen())]
        tasks.append(asyncio.create_task(take_turns("standing", standings.waiting, standings.work)))
        tasks.append(asyncio.create_task(Pruner(self.ledger.idempotency, self.ledger.uploads).run()))
        tasks.append(asyncio.create_task(take_turns("import", imports.waiting, imports.work)))
        tasks.append(asyncio.create_task(take_turns("rehearsal", imports.rehearsals_waiting, imports.rehearse_upload)))
        if self._delivers:
            pace = Pace(lambda: self._requests)
            tasks.append(asyncio.create_task(Deliverer(self.ledger, self._notices, sender, pace).run()))
        try:
            yield
        finally:
            await self.ledger.records.drain()
            await self.ledger.feed.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await sender.close()
            await self.database.close()

    async def _index(self, request: Request) -> Response:
        return HTMLResponse(index_page([service.dialect for service in self._dialects.values()], __version__))

    async def _health(self, _: Request) -> Response:
        """The process is alive; says nothing of the database."""
        return JSONResponse({"status": "ok", "version": __version__})

    async def _ready(self, _: Request) -> Response:
        """Whether requests can be answered now: 503 while the database is away."""
        try:
            async with asyncio.timeout(5):
                async with self.database.unbound() as connection:
                    await connection.fetchval("SELECT 1")
        except (Unavailable, TimeoutError):
            return JSONResponse({"status": "database unavailable"}, 503, headers={"Retry-After": "2"})
        return JSONResponse({"status": "ok"})

    async def _metrics(self, _: Request) -> Response:
        return Response(exposition(), media_type=CONTENT_TYPE_LATEST)


def _served(settings: Settings) -> list[Dialect]:
    """The dialects as this installation speaks them. Raises BadSetting."""
    try:
        manners = Manners(
            envelope=settings.cpod_envelope,
            ids=settings.cpod_ids,
            changes=settings.cpod_changes,
            own_records_only=settings.cpod_own_records_only,
            strict=settings.cpod_strict,
        )
    except ValueError as error:
        raise BadSetting(f"TESTAMUR_CPOD: {error}") from error
    return [cpod.dialect(manners) if dialect.name == "cpod" else dialect for dialect in ALL]


def _host(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"host":
            return str(value.decode("latin-1").rpartition(":")[0] or value.decode("latin-1")).lower()
    return ""


def _known(dialects: dict[str, DialectService], name: str) -> DialectService:
    try:
        return dialects[f"/{name}"]
    except KeyError as error:
        raise BadSetting(f"TESTAMUR_HOSTS names an unknown dialect: {name!r}") from error
