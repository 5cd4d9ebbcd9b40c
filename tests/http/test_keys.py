"""The header Idempotency-Key, as every operation that takes it treats it. Our own API stands for all dialects."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from testamur.core.callers import ALL_SCOPES, Caller
from testamur.core.errors import DatabaseUnavailable, KeyReused
from testamur.core.ids import new_id, to_ulid
from testamur.core.moments import When, format_instant
from testamur.core.people import Identifier, NewPerson, Reference
from testamur.core.records import NewRecord, Report
from testamur.dialects import ALL
from testamur.http.operations import Dialect
from testamur.ledger import Ledger
from testamur.ledger.idempotency import KeptAnswer, KeyedCall
from testamur.storage.database import Database, DatabaseUrls
from tests.dialects.api.problems import problem
from tests.hub import Hub, moment
from tests.storage.databases import connected
from tests.waiting import PATIENCE_SECONDS

PEOPLE = "/v1/people"


def create(client: httpx.Client, key: str, **body: object) -> httpx.Response:
    return client.post(PEOPLE, json=body, headers={"idempotency-key": key})


def people(hub: Hub) -> int:
    return len(hub.client("api").get(PEOPLE).json()["data"])


def test_the_first_answer_is_given_again_whole(hub: Hub) -> None:
    client, before = hub.client("api"), people(hub)
    first = create(client, "k", given_name="Grace", ref="1906")
    again = create(client, "k", given_name="Grace", ref="1906")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for header in ("location", "etag", "content-type"):
        assert again.headers[header] == first.headers[header]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert people(hub) == before + 1


def test_the_first_answer_is_given_again_also_when_the_world_moved_on(hub: Hub) -> None:
    client = hub.client("api")
    first = create(client, "k", given_name="Grace")
    client.delete(f"{PEOPLE}/{first.json()['id']}")
    assert create(client, "k", given_name="Grace").content == first.content


def test_the_order_of_members_is_all_the_same(hub: Hub) -> None:
    client = hub.client("api")
    first = create(client, "k", given_name="Grace", family_name="Hopper")
    assert create(client, "k", family_name="Hopper", given_name="Grace").content == first.content


def test_another_body_under_the_same_key_is_409_and_writes_nothing(hub: Hub) -> None:
    client = hub.client("api")
    create(client, "k", given_name="Grace")
    before = people(hub)
    problem(create(client, "k", given_name="Ada"), 409, "key_reused")
    assert people(hub) == before


def test_another_address_under_the_same_key_is_409(hub: Hub) -> None:
    client = hub.client("api")
    headers = {"idempotency-key": "k"}
    assert client.post(f"{PEOPLE}/ref:00123/suspend", json={}, headers=headers).status_code == 200
    problem(client.post(f"{PEOPLE}/ref:00124/suspend", json={}, headers=headers), 409, "key_reused")


def test_each_operation_has_keys_of_its_own(hub: Hub) -> None:
    client = hub.client("api")
    assert create(client, "k", given_name="Grace").status_code == 201
    answer = client.post("/v1/audiences", json={"name": "York"}, headers={"idempotency-key": "k"})
    assert (answer.status_code, answer.json()["name"]) == (201, "York")


def test_a_key_opens_nobody_elses_answer(hub: Hub, other_hub: Hub) -> None:
    """Of another tenant or of another client: each is somebody new."""
    second = hub.do(hub.ledger.clients.create(hub.tenant.id, "second"))
    clients = [hub.client("api"), hub.client("api", second), other_hub.client("api")]
    ids = {create(client, "k", given_name="Grace").json()["id"] for client in clients}
    assert len(ids) == 3


def test_a_key_does_not_outlive_the_right_to_write(hub: Hub) -> None:
    create(hub.client("api"), "k", given_name="Grace")
    problem(create(hub.client("api", hub.reader), "k", given_name="Grace"), 403, "forbidden")
    hub.do(hub.ledger.clients.revoke(hub.tenant.id, hub.key.key))
    problem(create(hub.client("api"), "k", given_name="Grace"), 401, "unauthenticated")


def test_many_calls_at_once_with_one_key_write_once(hub: Hub) -> None:
    client, before = hub.client("api"), people(hub)

    def told(_: int) -> bytes:
        answer = create(client, "rush", given_name="Grace")
        assert answer.status_code == 201, answer.text
        return answer.content

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(told, range(24)))) == 1
    assert people(hub) == before + 1


def test_a_call_that_was_refused_has_not_used_its_key(hub: Hub) -> None:
    client = hub.client("api")
    problem(create(client, "k", given_name="Grace", ref="00123"), 409, "identifier_taken")
    assert create(client, "k", given_name="Grace", ref="1906").status_code == 201
    problem(create(client, "k", given_name="Grace", surprise=1), 422, "invalid")
    problem(create(client, "k", given_name="Grace", ref="00123"), 409, "key_reused")


def test_a_record_under_a_key_is_recorded_as_any_other(hub: Hub) -> None:
    """Alone in its transaction instead of with others, but with the same entries, reports and repeats."""
    client, at = hub.client("api"), format_instant(moment())
    body = {"person": "ref:00123", "item": "ref:FIRE-101", "completed_at": at}
    kept = client.post("/v1/records", json=body, headers={"idempotency-key": "k"})
    plain = client.post("/v1/records", json=body)
    assert (kept.status_code, plain.status_code) == (201, 200)
    assert kept.json() == plain.json()
    assert client.post("/v1/records", json=body, headers={"idempotency-key": "k"}).content == kept.content
    missing = {**body, "person": "ref:nobody"}
    problem(client.post("/v1/records", json=missing, headers={"idempotency-key": "k2"}), 422, "person_not_found")


@pytest.mark.parametrize("key", ["", "x" * 256, "\xe9", "tab\there"])
def test_a_key_that_cannot_be_kept_is_400_and_writes_nothing(hub: Hub, key: str) -> None:
    before = people(hub)
    headers = [(b"idempotency-key", key.encode("latin-1"))]
    answer = hub.client("api").post(PEOPLE, json={"given_name": "Grace"}, headers=headers)
    assert "Idempotency-Key" in problem(answer, 400, "bad_request")["detail"]
    assert people(hub) == before


def test_the_longest_key_is_kept(hub: Hub) -> None:
    client = hub.client("api")
    first = create(client, "x" * 255, given_name="Grace")
    assert create(client, "x" * 255, given_name="Grace").content == first.content


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
def test_the_document_names_the_header(hub: Hub, dialect: Dialect) -> None:
    document = hub.client(dialect.name).get("/openapi.json").json()
    for operation in dialect.operations:
        described = document["paths"][operation.path][operation.method.lower()]
        headers = {param["name"] for param in described["parameters"] if param["in"] == "header"}
        assert ("Idempotency-Key" in headers) == operation.idempotent_by_key
        assert ("If-Match" in headers) == bool(operation.conditional_on)


# In the ledger -----------------------------------------------------------------------------------------------------


def answer(text: str = "done") -> KeptAnswer:
    return KeptAnswer(201, [("location", "/x")], "text/plain", text.encode())


def keyed(content: bytes = b"f", operation: str = "tests.do") -> KeyedCall:
    return KeyedCall(operation, "k", content * 32)


def test_a_key_is_forgotten_after_a_day(hub: Hub) -> None:
    def at(hours: int, text: str) -> tuple[str, bool]:
        ledger = Ledger.on(hub.ledger.database, lambda: datetime.now(UTC) + timedelta(hours=hours))

        async def do() -> KeptAnswer:
            return answer(text)

        kept, is_repeated = hub.do(ledger.idempotency.once(hub.caller, keyed(), do))
        return (kept.body or b"").decode(), is_repeated

    assert at(0, "first") == ("first", False)
    assert at(23, "second") == ("first", True)
    assert at(25, "third") == ("third", False)
    assert at(48, "fourth") == ("third", True)


def test_what_is_too_old_is_pruned_of_every_tenant_and_nothing_else(
    urls: DatabaseUrls, hub: Hub, other_hub: Hub
) -> None:
    async def do() -> KeptAnswer:
        return answer()

    old = Ledger.on(hub.ledger.database, lambda: datetime.now(UTC) - timedelta(hours=25))
    for each in (hub, other_hub):
        hub.do(old.idempotency.once(each.caller, keyed(operation="tests.old"), do))
        hub.do(each.ledger.idempotency.once(each.caller, keyed(operation="tests.new"), do))
    assert hub.do(hub.ledger.idempotency.prune()) >= 2

    async def left() -> set[tuple[str, str]]:
        async with connected(urls.owner) as connection:
            rows = await connection.fetch(
                "SELECT tenant::text, operation FROM idempotency_key WHERE tenant = ANY ($1)",
                [hub.tenant.id, other_hub.tenant.id],
            )
            return {(row["tenant"], row["operation"]) for row in rows}

    assert asyncio.run(left()) == {(str(each.tenant.id), "tests.new") for each in (hub, other_hub)}


def test_a_crash_leaves_the_write_and_its_key_or_neither(urls: DatabaseUrls, hub: Hub) -> None:
    """The database loses the connection after the write and before the commit, as when this process is killed."""
    database = hub.ledger.database
    new = NewPerson(identifiers=(Identifier("ref", "crash"),))

    async def write() -> KeptAnswer:
        (id,) = await hub.ledger.people.add(hub.caller, [new])
        return answer(to_ulid(id, "person"))

    async def write_and_die() -> KeptAnswer:
        kept = await write()
        joined = database.joined(hub.tenant.id)
        assert joined is not None
        pid = await joined._connection.fetchval("SELECT pg_backend_pid()")
        async with connected(urls.owner) as other:
            await other.execute("SELECT pg_terminate_backend($1)", pid)
        return kept

    entries = hub.do(hub.ledger.tenants.find(hub.tenant.slug)).entries
    with pytest.raises(DatabaseUnavailable):
        hub.do(hub.ledger.idempotency.once(hub.caller, keyed(), write_and_die))
    assert hub.do(hub.ledger.tenants.find(hub.tenant.slug)).entries == entries
    first, is_repeated = hub.do(hub.ledger.idempotency.once(hub.caller, keyed(), write))
    assert not is_repeated
    assert hub.do(hub.ledger.idempotency.once(hub.caller, keyed(), write)) == (first, True)
    with pytest.raises(KeyReused):
        hub.do(hub.ledger.idempotency.once(hub.caller, keyed(b"g"), write))


def test_people_behind_sessions_of_one_client_have_keys_of_their_own(hub: Hub) -> None:
    def ask(person: object, text: str) -> bytes | None:
        caller = Caller(hub.tenant.id, hub.key.client, ALL_SCOPES, person=person)  # type: ignore[arg-type]

        async def do() -> KeptAnswer:
            return answer(text)

        return hub.do(hub.ledger.idempotency.once(caller, keyed(), do))[0].body

    assert ask(hub.person, "hers") == b"hers"
    assert ask(hub.other_person, "his") == b"his"
    assert ask(None, "the client's") == b"the client's"
    assert ask(hub.person, "again") == b"hers"


def test_a_verb_that_fails_within_a_whole_leaves_the_rest_of_it(hub: Hub) -> None:
    """Each write within is a part of its own: what its caller survives does not spoil what is around it."""
    taken = NewPerson(identifiers=(Identifier("ref", "00123"),))
    new = NewPerson(identifiers=(Identifier("ref", "after"),))

    async def both() -> None:
        async with hub.ledger.together(hub.tenant.id):
            with pytest.raises(Exception, match="names a person"):
                await hub.ledger.people.add(hub.caller, [taken])
            await hub.ledger.people.add(hub.caller, [new])
            found = await hub.ledger.people.get(hub.tenant.id, Reference("after", ("ref",)))
            assert found.id is not None

    hub.do(both())
    assert hub.do(hub.ledger.people.get(hub.tenant.id, Reference("after", ("ref",))))


def test_a_whole_that_fails_leaves_nothing_and_others_see_nothing_of_it(hub: Hub) -> None:
    new = NewRecord(
        source="tests",
        person=Reference("00123", ("ref",)),
        item=Reference("FIRE-101", ("ref",), "item"),
        completed=When.instant(moment()),
    )

    async def fail() -> None:
        async with hub.ledger.together(hub.tenant.id):
            told = Report("tests", hub.key.client, "POST", "/", json.dumps({}))
            recorded = await hub.ledger.records.record(hub.tenant.id, new, told)
            assert (await hub.ledger.records.get(hub.tenant.id, recorded.record)).id == recorded.record
            # Another task is not part of it.
            seen = await asyncio.create_task(hub.ledger.records.page(hub.tenant.id, count=10))
            assert seen == []
            raise RuntimeError(str(new_id()))

    with pytest.raises(RuntimeError):
        hub.do(fail())
    assert hub.do(hub.ledger.records.page(hub.tenant.id, count=10)) == []


def test_one_tenants_crowd_leaves_connections_to_others(urls: DatabaseUrls, hub: Hub, other_hub: Hub) -> None:
    async def test() -> None:
        database = Database(urls, connections_max=2)
        await database.open()
        ledger = Ledger.on(database)
        first_is_in, may_go_on = asyncio.Event(), asyncio.Event()

        async def wait() -> None:
            async with ledger.together(hub.tenant.id):
                first_is_in.set()
                await may_go_on.wait()

        crowd = [asyncio.create_task(wait()) for _ in range(5)]
        try:
            await first_is_in.wait()
            await asyncio.sleep(0.1)  # the others have come as far as they get
            found = await asyncio.wait_for(ledger.people.page(other_hub.tenant.id, count=10), PATIENCE_SECONDS)
            assert len(found) == 2
        finally:
            may_go_on.set()
            await asyncio.gather(*crowd)
            await database.close()

    asyncio.run(test())


def test_a_whole_within_a_whole_is_part_of_it(hub: Hub) -> None:
    async def nested() -> None:
        async with hub.ledger.together(hub.tenant.id), hub.ledger.together(hub.tenant.id):
            await hub.ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("ref", "nested"),))])
        assert await hub.ledger.people.get(hub.tenant.id, Reference("nested", ("ref",)))

    hub.do(nested())
