"""Loading: the whole organisation arrives through the verbs, and the samples are what they claim to be."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from testamur.core.audiences import AudienceCategory
from testamur.core.errors import IdentifierTaken, InvalidInput
from testamur.core.ids import Id, parse
from testamur.core.moments import Precision, When
from testamur.core.people import Reference
from testamur.core.records import NewRecord, Record, Report
from testamur.demo.access import credentials, loader, open_demo, samples
from testamur.demo.load import APPLICATION, Loaded, body, load
from testamur.demo.organisation import Organisation, generate
from testamur.demo.staff import ADA
from testamur.demo.structure import ALL_STAFF
from testamur.ledger import Ledger
from testamur.ledger.clients import Credential
from testamur.ledger.tenants import Tenant
from testamur.storage.database import Database, DatabaseUrls

T = TypeVar("T")


@dataclass(frozen=True)
class Demo:
    """A tenant with the small organisation in it."""

    urls: DatabaseUrls
    tenant: Tenant
    organisation: Organisation
    loaded: Loaded
    progress: dict[str, list[tuple[int, int]]]

    def do(self, verb: Callable[[Ledger], Coroutine[Any, Any, T]]) -> T:
        return run(self.urls, verb)

    def person(self, ref: str) -> Reference:
        return Reference(ref, ("ref",), "person")


def run(urls: DatabaseUrls, verb: Callable[[Ledger], Coroutine[Any, Any, T]]) -> T:
    """Do something with a ledger of its own, in a loop of its own."""

    async def within() -> T:
        database = Database(urls)
        await database.open()
        try:
            return await verb(Ledger.on(database))
        finally:
            await database.close()

    return asyncio.run(within())


@pytest.fixture(scope="module")
def demo(urls: DatabaseUrls) -> Demo:
    organisation = generate(today=datetime.now(UTC).date())
    progress: dict[str, list[tuple[int, int]]] = defaultdict(list)

    async def fill(ledger: Ledger) -> tuple[Tenant, Loaded]:
        tenant = await open_demo(ledger, slug=f"demo-{secrets.token_hex(4)}")
        caller = await loader(ledger, tenant)
        return tenant, await load(
            ledger,
            caller,
            organisation,
            progress=lambda stage, done, total: progress[stage].append((done, total)),
        )

    tenant, loaded = run(urls, fill)
    return Demo(urls, tenant, organisation, loaded, progress)


def test_everything_arrives(demo: Demo) -> None:
    organisation, loaded = demo.organisation, demo.loaded
    assert (loaded.people, loaded.items, loaded.audiences, loaded.memberships, loaded.assignments) == (
        len(organisation.people),
        len(organisation.items),
        len(organisation.groups),
        len(organisation.spans),
        len(organisation.rules),
    )
    assert len(demo.do(lambda ledger: ledger.people.page(demo.tenant.id, count=1_000))) == loaded.people
    assert len(demo.do(lambda ledger: ledger.assignments.list(demo.tenant.id, count=100))) == loaded.assignments
    assert len(_all_records(demo)) == loaded.records


def test_what_is_told_twice_to_the_millisecond_is_one_record(demo: Demo) -> None:
    told = {(c.person, c.item, c.completed) for c in demo.organisation.completions}
    assert len(told) == demo.loaded.records < demo.loaded.completions


def test_progress_runs_to_the_end_of_each_stage(demo: Demo) -> None:
    assert list(demo.progress) == [
        "items",
        "people",
        "audiences",
        "memberships",
        "assignments",
        "completions",
    ]
    for calls in demo.progress.values():
        assert calls == sorted(calls)
        assert calls[-1][0] == calls[-1][1]


def test_the_evidence_of_a_record_is_the_row_it_came_from(demo: Demo) -> None:
    record = _all_records(demo)[-1]
    told = demo.do(lambda ledger: ledger.records.tellings(demo.tenant.id, [record.id]))
    report = told[record.id][0].report
    assert (report.dialect, report.method, report.path) == ("demo", "IMPORT", "demo")
    assert report.body in {body(completion) for completion in demo.organisation.completions}
    assert json.loads(report.body)["person"] == record.person_ref


def test_records_carry_what_their_source_knows(demo: Demo) -> None:
    records = _all_records(demo)
    rise = [r for r in records if r.source == "rise" and r.passed]
    assert {r.score_percent for r in rise} == {Decimal(100)}, "a quiz that Rise reports is passed in full"
    assert {r.application for r in records if r.source == "edm"} == {APPLICATION}
    assert {r.application for r in records if r.source != "edm"} == {None}
    assert any(r.item_kind == "outside" for r in records)
    assert any(r.completed and r.completed.precision is Precision.DAY for r in records)


def test_loading_twice_is_refused_before_anything_is_written(demo: Demo) -> None:
    async def again(ledger: Ledger) -> None:
        await load(ledger, await loader(ledger, demo.tenant), demo.organisation, progress=lambda *_: None)

    with pytest.raises(IdentifierTaken):
        demo.do(again)
    assert len(_all_records(demo)) == demo.loaded.records


def test_an_organisation_of_a_later_day_is_refused(urls: DatabaseUrls) -> None:
    later = generate(today=datetime.now(UTC).date() + timedelta(days=60))

    async def early(ledger: Ledger) -> None:
        tenant = await open_demo(ledger, slug=f"demo-{secrets.token_hex(4)}")
        await load(ledger, await loader(ledger, tenant), later, progress=lambda *_: None)

    with pytest.raises(InvalidInput, match="24 hours in the future"):
        run(urls, early)


def test_a_demo_that_is_there_is_opened_again(demo: Demo) -> None:
    again = demo.do(lambda ledger: open_demo(ledger, slug=demo.tenant.slug, name="Other"))
    assert (again.id, again.name) == (demo.tenant.id, "Larkspur Logistics")


def test_every_credential_opens_its_dialect(demo: Demo) -> None:
    given = demo.do(lambda ledger: credentials(ledger, demo.tenant))
    assert {dialect: set(members) for dialect, members in given.items()} == {
        "thrive": {"username", "password", "client_id", "client_secret"},
        "stackone": {"api_key", "account_id"},
        "rise": {"api_key"},
        "cpod": {"client_id", "client_secret"},
        "xapi": {"username", "password"},
        "api": {"api_key"},
    }
    secret = {
        "thrive": "password",
        "stackone": "api_key",
        "rise": "api_key",
        "cpod": "client_secret",
        "xapi": "password",
        "api": "api_key",
    }
    client = {"thrive": "client_id", "cpod": "client_id", "xapi": "username"}

    async def holders(ledger: Ledger) -> dict[str, Credential]:
        return {dialect: await ledger.clients.by_secret(given[dialect][member]) for dialect, member in secret.items()}

    for dialect, held in demo.do(holders).items():
        assert (held.dialect, held.caller.tenant) == (dialect, demo.tenant.id)
        assert held.caller.application == (APPLICATION if dialect == "cpod" else None)
        if dialect in client:
            assert parse(given[dialect][client[dialect]], "client") == held.caller.client
    assert given["thrive"]["username"] == demo.tenant.slug
    (account,) = demo.do(lambda ledger: ledger.tenants.accounts(demo.tenant.id))
    assert parse(given["stackone"]["account_id"]) == account.id


def test_a_sample_is_one_thing_in_every_spelling(demo: Demo) -> None:
    found = demo.do(lambda ledger: samples(ledger, demo.tenant))
    assert json.loads(json.dumps(found)) == found
    assert list(found) == ["person", "item", "audience"]
    assert all(set(spelled) == {"thrive", "rise", "stackone", "cpod", "xapi", "api"} for spelled in found.values())
    person, item, audience = found["person"], found["item"], found["audience"]
    assert _ids(person, "thrive", "rise", "stackone") == {parse(person["cpod"], "person")}
    assert len(_ids(item, "thrive", "rise", "stackone")) == 1
    assert _ids(audience, "thrive", "rise", "stackone", "xapi") == {parse(audience["cpod"], "audience")}
    assert person["xapi"]["account"]["name"]
    assert [found[noun]["api"][:4] for noun in found] == ["per_", "itm_", "aud_"]
    assert _ids(person, "api", "rise") == _ids(person, "rise")
    assert item["cpod"] == "Fire safety"
    assert item["xapi"].startswith("https://")


def test_the_sample_person_can_complete_the_sample_item(demo: Demo) -> None:
    """What the printed `curl` lines do first: the answer must be a new record, not a repeat."""
    found = demo.do(lambda ledger: samples(ledger, demo.tenant))
    account = found["person"]["xapi"]["account"]
    new = NewRecord(
        source="xapi",
        person=Reference(f"{account['homePage']} {account['name']}", ("account",), "person"),
        item=Reference(found["item"]["xapi"], ("iri",), "item"),
        completed=When.day(date(2025, 5, 1)),
        needs_published=True,
    )

    async def attempt(ledger: Ledger) -> tuple[bool, list[Record]]:
        caller = await loader(ledger, demo.tenant)
        item = Reference(found["item"]["thrive"], (), "item")
        before = await ledger.records.numbered_page(demo.tenant.id, count=10, person=demo.person(ADA), item=item)
        recorded = await ledger.records.record(demo.tenant.id, new, Report("demo", caller.client, "POST", "test", "{}"))
        await ledger.records.void(caller, recorded.record)  # leaves the demo as it was
        return recorded.is_new, before

    assert demo.do(attempt) == (True, [])


def test_the_sample_audience_has_an_assignment(demo: Demo) -> None:
    found = demo.do(lambda ledger: samples(ledger, demo.tenant))
    reference = Reference(found["audience"]["thrive"], (), "audience")
    audience = demo.do(lambda ledger: ledger.audiences.get(demo.tenant.id, reference))
    assert (audience.reference, audience.category) == (ALL_STAFF, AudienceCategory.AUDIENCE)
    assigned = demo.do(lambda ledger: ledger.assignments.list(demo.tenant.id, audience=reference, count=100))
    assert parse(found["item"]["thrive"]) in {assignment.primary for assignment in assigned}


def _ids(spelled: dict[str, Any], *dialects: str) -> set[Id | None]:
    return {parse(spelled[dialect]) for dialect in dialects}


def _all_records(demo: Demo) -> list[Record]:
    async def read(ledger: Ledger) -> list[Record]:
        found: list[Record] = []
        while page := await ledger.records.page(demo.tenant.id, after=found[-1].entry if found else 0, count=1_000):
            found += page
        return found

    return demo.do(read)
