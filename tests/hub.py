"""A running server, and tenants on it, as tests see them."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import httpx
import uvicorn

from testamur.app import Application
from testamur.config import Settings
from testamur.core.audiences import NewAudience
from testamur.core.callers import ALL_SCOPES, Caller, Scope
from testamur.core.ids import Id, to_hex24, to_opaque, to_ulid
from testamur.core.items import ItemKind, NewItem
from testamur.core.people import Identifier, NewPerson
from testamur.http.protocol import HttpProtocol
from testamur.ledger import Ledger
from testamur.ledger.clients import NewKey
from testamur.ledger.tenants import Tenant
from testamur.logs import configure
from testamur.storage.database import DatabaseUrls
from tests import plain

T = TypeVar("T")


class Server:
    """The application behind uvicorn in a thread of its own."""

    def __init__(self, url: str, application: Application, loop: asyncio.AbstractEventLoop) -> None:
        self.url = url
        self.application = application
        self._loop = loop

    @property
    def ledger(self) -> Ledger:
        return self.application.ledger

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run one of the ledger's verbs inside the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    @contextmanager
    def new_hub(self, zone: str = "Europe/London") -> Iterator[Hub]:
        hub = Hub.create(self, zone)
        try:
            yield hub
        finally:
            for client in hub.clients:
                client.close()

    @classmethod
    @contextmanager
    def start(cls, urls: DatabaseUrls, **settings: Any) -> Iterator[Server]:
        configure("json", "error")
        application = Application(Settings(**settings), urls)
        config = uvicorn.Config(
            application,
            host="127.0.0.1",
            port=0,
            log_config=None,
            access_log=False,
            lifespan="on",
            http=HttpProtocol,
        )
        server = uvicorn.Server(config)
        loops: list[asyncio.AbstractEventLoop] = []

        async def serve() -> None:
            loops.append(asyncio.get_running_loop())
            await server.serve()

        thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
        thread.start()
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start")
            thread.join(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield cls(f"http://127.0.0.1:{port}", application, loops[0])
        finally:
            server.should_exit = True
            thread.join(30)


@dataclass
class Hub:
    """One tenant with what most tests need.

    `person` and `other_person` have the identifiers `ref` and `email`; `item` is a published course of the tenant's
    own with a required quiz, `third_party` a published third-party course, `draft` an unpublished one; `audience`
    has `person` as a member.
    """

    server: Server
    tenant: Tenant
    key: NewKey
    reader: NewKey
    caller: Caller
    account: Id
    person: Id
    other_person: Id
    item: Id
    third_party: Id
    draft: Id
    audience: Id
    clients: list[httpx.Client] = field(default_factory=list)

    @classmethod
    def create(cls, server: Server, zone: str) -> Hub:
        ledger, do = server.ledger, server.do
        tenant = do(ledger.tenants.create(f"t{secrets.token_hex(6)}", "Test tenant", zone))
        key = do(ledger.clients.create(tenant.id, "tests", application=None))
        reader = do(ledger.clients.create(tenant.id, "reader", scopes=frozenset({Scope.READ})))
        caller = Caller(tenant=tenant.id, client=key.client, scopes=ALL_SCOPES)
        (account,) = do(ledger.tenants.accounts(tenant.id))
        person, other_person = do(
            ledger.people.add(
                caller,
                [
                    NewPerson(
                        given_name="Ada",
                        family_name="Okafor",
                        identifiers=(Identifier("ref", "00123"), Identifier("email", "Ada@example.com")),
                    ),
                    NewPerson(
                        given_name="Zoë",
                        family_name="Ćirić",
                        identifiers=(Identifier("ref", "00124"), Identifier("email", "zoe@example.com")),
                    ),
                ],
            )
        )
        item, third_party, draft = do(
            ledger.items.add(
                caller,
                [
                    NewItem(
                        title="Fire safety",
                        kind=ItemKind.COURSE,
                        format="rise",
                        provider="Testamur Academy",
                        is_authored=True,
                        requires_quiz=True,
                        identifiers=(Identifier("ref", "FIRE-101"), Identifier("iri", "https://example.com/fire-101")),
                    ),
                    NewItem(
                        title="Manual handling",
                        kind=ItemKind.CONTENT,
                        format="scorm",
                        requires_quiz=True,
                        identifiers=(Identifier("ref", "LIFT/1 ä"),),
                    ),
                    NewItem(title="Draft", kind=ItemKind.COURSE, is_published=False),
                ],
            )
        )
        audience = do(ledger.audiences.add(caller, NewAudience(name="Site staff", reference="site-staff")))
        do(ledger.memberships.join(caller, audience, [person], date(2025, 1, 10)))
        return cls(
            server, tenant, key, reader, caller, account.id, person, other_person, item, third_party, draft, audience
        )

    @property
    def ledger(self) -> Ledger:
        return self.server.ledger

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.server.do(work)

    def client(self, dialect: str, key: NewKey | None = None) -> httpx.Client:
        """An HTTP client with this tenant's credentials for a dialect; paths are relative to its prefix."""
        key = key or self.key
        headers: dict[str, str] = {}
        auth: tuple[str, str] | None = None
        base = f"{self.server.url}/{dialect}"
        if dialect == "thrive":
            auth = (self.tenant.slug, key.secret)
        elif dialect == "stackone":
            auth = (key.secret, "")
            headers["x-account-id"] = to_opaque(self.account)
        elif dialect in ("rise", "api"):
            headers["authorization"] = f"Bearer {key.secret}"
        elif dialect == "cpod":
            answer = plain.post(
                f"{base}/api/v1/auth/token",
                json={
                    "grant_type": "client_credentials",
                    "client_id": to_ulid(key.client, "client"),
                    "client_secret": key.secret,
                },
            )
            headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        elif dialect == "xapi":
            auth = (to_hex24(key.client), key.secret)
            headers["x-experience-api-version"] = "1.0.3"
        client = plain.Client(base_url=base, auth=auth, headers=headers)
        self.clients.append(client)
        return client


_minutes = itertools.count()


def moment() -> datetime:
    """A moment in the past that no other test uses."""
    return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=next(_minutes))
