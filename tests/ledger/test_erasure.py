"""Erasure in levels, and what it leaves (rules G5, G7 and G8)."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import date
from typing import Any

import asyncpg
import pytest

from testamur.core.errors import InvalidInput, NotFound, PersonNotFound
from testamur.core.ids import Id, new_id, to_ulid, to_uuid
from testamur.core.imports import Of, Options, Outcome, RowShown
from testamur.core.moments import When
from testamur.core.people import Identifier, NewPerson, PersonChange, Reference
from testamur.core.records import NewRecord, Report
from testamur.core.retention import Erasure, Level, Pseudonym
from testamur.core.transcripts import Code
from testamur.dialects.api.translate.dossiers import as_json
from testamur.dialects.rise import notices as rise
from testamur.ledger.exports import Exported, Form
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub, moment
from tests.ledger.erasing import ADA, FIRE, SAYINGS, ZOE, by_id, everything, fill, places_of, record
from tests.storage.databases import as_app, connected

RISE = rise.NOTICES.kinds(rise.NOTICES.events)


def erase(hub: Hub, level: Level, reason: str = "She asked for it", reference: Reference = ADA) -> Erasure:
    return hub.do(hub.ledger.erasures.erase(hub.caller, reference, level, reason))


def answers(hub: Hub) -> dict[str, Any]:
    """What totals and other people's answers are, as it is told."""
    ledger, do, tenant = hub.ledger, hub.do, hub.tenant.id
    zoe = [one.step for one in do(ledger.standings.of_person(tenant, ZOE))]
    assert zoe
    do(ledger.standings.settle(tenant))
    days = (date(2020, 1, 1), None, date(2099, 6, 1))
    counted = [one for day in days for one in do(ledger.standings.counts(tenant, on=day))]
    return {
        "zoe": zoe,
        "counts": [(one.assignment, one.day, one.statuses, one.current) for one in counted],
        "completions": do(ledger.records.count(tenant)),
        "people": do(ledger.people.numbered_page(tenant, count=100))[0],
        "zoe_records": [(one.id, one.score_percent) for one in do(ledger.records.page(tenant, count=100, person=ZOE))],
    }


async def _dossier(hub: Hub, reference: Reference) -> dict[str, Any]:
    async with hub.ledger.dossiers.open(hub.caller, reference) as dossier:
        told: dict[str, Any] = json.loads(b"".join([part async for part in as_json(dossier)]))
    return told


async def _check_value(hub: Hub, reference: Reference) -> str:
    async with hub.ledger.transcripts.open(hub.tenant.id, reference) as transcript:
        return transcript.heading.check


def entries(hub: Hub) -> list[Any]:
    part = hub.do(hub.ledger.feed.part(hub.tenant.id, 0, 10_000))
    assert [one.number for one in part.entries] == list(range(1, part.last + 1)), "numbers have no gaps"
    return list(part.entries)


def test_g5_after_identity_no_column_says_who_she_was(urls: DatabaseUrls, hub: Hub) -> None:
    fill(hub)
    assert len(places_of(urls, hub, *SAYINGS)) > 25, "there was something to be found"
    done = erase(hub, Level.IDENTITY, "Ada Okafor, 00123, wrote from ada@example.com")
    assert done.kept == []
    assert done.completed_at is not None
    assert places_of(urls, hub, *SAYINGS) == set()
    alias = Pseudonym.of(hub.person).ref
    assert done.reason == f"{alias}, {alias}, wrote from {alias}"
    assert {"person_identifier.value", "fact.score_text", "person.attributes"} <= places_of(urls, hub, alias)


def test_g5_after_all_no_row_is_about_her_but_tombstone_and_entries(urls: DatabaseUrls, hub: Hub) -> None:
    fill(hub)
    done = erase(hub, Level.ALL)
    assert done.kept == []
    assert places_of(urls, hub, *SAYINGS) == set()
    assert places_of(urls, hub, str(hub.person)) == {
        "person.id", "erasure.person", "ledger_entry.subject", "ledger_entry.data", "employment.manager",
    }  # fmt: skip
    assert done.tombstone is not None
    assert done.tombstone["memberships"] == 2
    assert sum(one["count"] for one in done.tombstone["completions"]) == 5
    assert len({one["assignment"] for one in done.tombstone["standings"]}) == 2
    assert done.erased["facts"] == 7
    assert done.erased["sessions"] == done.erased["development"] == 1


def test_g5_detail_takes_results_and_words_and_leaves_who_and_what(urls: DatabaseUrls, hub: Hub) -> None:
    fill(hub)
    before = hub.do(hub.ledger.records.page(hub.tenant.id, count=100, person=ADA))
    assert erase(hub, Level.DETAIL).kept == []
    after = hub.do(hub.ledger.records.page(hub.tenant.id, count=100, person=ADA))
    assert [(one.id, one.item, one.completed, one.passed, one.source_id) for one in after] == [
        (one.id, one.item, one.completed, one.passed, one.source_id) for one in before
    ]
    for one in after:
        assert (one.score_percent, one.score_text, one.time_spent, one.certificate) == (None, None, None, None)
        assert "note" not in one.extra
    assert "how" in after[0].extra
    told = hub.do(hub.ledger.records.tellings(hub.tenant.id, [one.id for one in after]))
    assert {telling.report.body for tellings in told.values() for telling in tellings} == {""}
    person = hub.do(hub.ledger.people.get(hub.tenant.id, ADA))
    assert (person.name, person.email, person.phone) == ("Ada Okafor", "ada@example.com", "0044 7700 900123")
    (session,) = hub.do(hub.ledger.sessions.page(hub.tenant.id, person=ADA, count=10))
    assert (session.duration.total_seconds(), session.quiz and session.quiz.score_percent) == (0, None)
    assert {"exemption.reason", "report.body"}.isdisjoint(
        place
        for place, values in everything(urls, hub.tenant.id).items()
        if any("Asked for by Ada" in v for v in values)
    )


def test_g8_totals_and_others_answers_are_the_same_after_identity(hub: Hub) -> None:
    fill(hub)
    before, known = answers(hub), entries(hub)
    erase(hub, Level.IDENTITY)
    assert answers(hub) == before
    assert hub.do(hub.ledger.standings.rebuild(hub.tenant.id)).differences == 0
    after = entries(hub)
    assert [(one.number, one.kind, one.subject) for one in after[: len(known)]] == [
        (one.number, one.kind, one.subject) for one in known
    ]
    assert [one.kind for one in after[len(known) :]] == ["invitation.withdrawn", "person.erased"]
    marked = [one for one in after if (one.data or {}).get("erased") == "identity"]
    assert {"person.added", "person.changed", "exemption.granted", "attempt.recorded"} <= {one.kind for one in marked}


def test_g8_another_persons_answers_are_the_same_after_all(hub: Hub) -> None:
    fill(hub)
    before = answers(hub)
    erase(hub, Level.ALL)
    after = answers(hub)
    assert (after["zoe"], after["zoe_records"], after["people"]) == (
        before["zoe"],
        before["zoe_records"],
        before["people"],
    )
    assert hub.do(hub.ledger.standings.rebuild(hub.tenant.id)).differences == 0


def test_a_rehearsal_says_the_same_and_writes_nothing(urls: DatabaseUrls, hub: Hub) -> None:
    fill(hub)
    before = everything(urls, hub.tenant.id)
    for level in Level:
        said = hub.do(hub.ledger.erasures.plan(hub.tenant.id, ADA, level))
        assert everything(urls, hub.tenant.id) == before
    done = erase(hub, Level.ALL)
    assert dict(done.erased) == dict(said.erased)
    assert [*done.kept] == [*said.kept] == []


def test_nobody_is_found_by_what_was_erased_and_everybody_by_her_id(hub: Hub) -> None:
    fill(hub)
    erase(hub, Level.IDENTITY)
    for kind, value in (("ref", "00123"), ("email", "ada@example.com"), ("email", "ada.old@example.com")):
        with pytest.raises(PersonNotFound):
            hub.do(hub.ledger.people.get(hub.tenant.id, Reference(value, (kind,), "person", "person")))
    person = hub.do(hub.ledger.people.get(hub.tenant.id, by_id(hub.person)))
    pseudonym = Pseudonym.of(hub.person)
    assert (person.given_name, person.family_name, person.ref, person.email) == (
        pseudonym.given_name,
        pseudonym.family_name,
        pseudonym.ref,
        None,
    )
    assert (person.phone, person.attributes, person.language, person.zone) == (None, {}, None, None)
    assert person.is_active, "she still counts where she counted"


@pytest.mark.parametrize("level", [Level.IDENTITY, Level.ALL])
def test_every_dialect_and_document_shows_the_pseudonym(hub: Hub, level: Level) -> None:
    filled = fill(hub)
    erase(hub, level)
    told = [json.dumps(hub.do(_dossier(hub, by_id(hub.person))), ensure_ascii=False)]
    for dialect, path in (
        ("api", f"/v1/people/{hub.person}"),
        ("api", f"/v1/people/{hub.person}/transcript"),
        ("api", "/v1/records?limit=1000"),
        ("api", "/v1/feed?limit=1000"),
        ("thrive", "/rest/v1/users?perPage=100"),
        ("thrive", "/rest/v1/learning/completions?perPage=100"),
        ("stackone", "/unified/lms/users"),
        ("stackone", "/unified/lms/completions?include=raw"),
        ("rise", "/users"),
        ("cpod", "/api/v1/performance/learning-records"),
        ("xapi", f"/statements?statementId={to_uuid(filled['first'])}"),
    ):
        with hub.client(dialect) as client:
            answer = client.get(path)
        is_gone = dialect == "xapi" and level is Level.ALL
        assert answer.status_code == (404 if is_gone else 200), (path, answer.text)
        told.append(answer.text)
    for form in Form:
        told += [part.data.decode() for part in hub.do(_slices(hub, form))]
    for text in told:
        for saying in SAYINGS:
            assert saying.lower() not in text.lower()


async def _slices(hub: Hub, form: Form) -> list[Any]:
    last = await hub.ledger.exports.last(hub.tenant.id, 0)
    given = hub.ledger.exports.slices(hub.tenant.id, Exported.FACTS, form, after=0, until=last, count=1000)
    return [slice async for slice in given]


def test_a_transcript_given_out_before_holds_after_identity_and_fails_after_detail(hub: Hub) -> None:
    """Names are no part of what it proves, and scores are."""
    record(hub, score_text="35 / 40", certificate="C-1", extra={"note": "by Ada Okafor"})
    check = Code.read(hub.do(_check_value(hub, ADA)))
    erase(hub, Level.IDENTITY)
    assert hub.do(hub.ledger.transcripts.check(hub.tenant.id, check)).stands
    erase(hub, Level.DETAIL, reference=by_id(hub.person))
    assert not hub.do(hub.ledger.transcripts.check(hub.tenant.id, check)).stands


def test_another_tenant_is_untouched_and_reaches_nothing(urls: DatabaseUrls, hub: Hub, other_hub: Hub) -> None:
    fill(hub)
    fill(other_hub)
    before = everything(urls, other_hub.tenant.id)
    done = erase(hub, Level.ALL)
    assert everything(urls, other_hub.tenant.id) == before
    with pytest.raises(PersonNotFound):
        erase(other_hub, Level.ALL, reference=by_id(hub.person))
    with pytest.raises(NotFound):
        other_hub.do(other_hub.ledger.erasures.get(other_hub.tenant.id, done.id))


def test_asked_again_there_is_nothing_left(urls: DatabaseUrls, hub: Hub) -> None:
    fill(hub)
    for level in (Level.DETAIL, Level.IDENTITY, Level.ALL, Level.ALL, Level.DETAIL):
        done = erase(hub, level, reference=by_id(hub.person))
        assert done.completed_at is not None
    assert (done.erased["facts"], done.erased["reports"]) == (0, 0)
    assert places_of(urls, hub, *SAYINGS) == set()


def test_it_needs_a_reason_and_somebody(hub: Hub) -> None:
    with pytest.raises(InvalidInput) as refused:
        erase(hub, Level.ALL, " ")
    assert refused.value.field == "reason"
    with pytest.raises(PersonNotFound) as unknown:
        erase(hub, Level.ALL, reference=Reference("nobody", ("ref",), "person", "person"))
    assert unknown.value.field == "person"


def test_somebody_deleted_before_loses_the_words_that_were_left(urls: DatabaseUrls, hub: Hub) -> None:
    record(hub, extra={"note": "nothing"}, score_text=None, certificate=None)
    hub.do(hub.ledger.people.delete(hub.caller, ADA))
    erase(hub, Level.IDENTITY, reference=by_id(hub.person))
    person = hub.do(hub.ledger.people.get(hub.tenant.id, by_id(hub.person)))
    assert (person.name, person.identifiers) == ("", {})
    assert "report.body" not in places_of(urls, hub, "Okafor")


def test_what_was_hers_and_is_somebody_elses_now_stays_with_her(hub: Hub) -> None:
    hub.do(hub.ledger.people.change(hub.caller, ADA, PersonChange(email="new@example.com")))
    hub.do(hub.ledger.people.change(hub.caller, ZOE, PersonChange(email="ada@example.com")))
    erase(hub, Level.IDENTITY)
    zoe = hub.do(hub.ledger.people.get(hub.tenant.id, Reference("ada@example.com", ("email",))))
    assert (zoe.id, zoe.email) == (hub.other_person, "ada@example.com")


def test_a_name_is_found_in_others_words_however_json_spells_it(hub: Hub) -> None:
    """A client may write every letter beyond ASCII by its number."""
    new = NewRecord(source="tests", person=ADA, item=FIRE, completed=When.instant(moment()))
    said = json.dumps({"assessor": "Zoë Ćirić", "by": "zoe@example.com", "ref": "00124", "count": 124})
    report = Report("tests", hub.key.client, "POST", "/", said)
    made = hub.do(hub.ledger.records.record(hub.tenant.id, new, report)).record
    erase(hub, Level.IDENTITY, reference=ZOE)
    (telling,) = hub.do(hub.ledger.records.tellings(hub.tenant.id, [made]))[made]
    alias = Pseudonym.of(hub.other_person).ref
    assert json.loads(telling.report.body) == {"assessor": alias, "by": alias, "ref": alias, "count": 124}


def test_somebody_who_has_the_pseudonym_stands_in_nobodys_way(hub: Hub) -> None:
    new = NewPerson(given_name="X", identifiers=(Identifier("ref", Pseudonym.of(hub.person).ref),))
    hub.do(hub.ledger.people.add(hub.caller, [new]))
    assert erase(hub, Level.IDENTITY).completed_at is not None
    assert hub.do(hub.ledger.people.get(hub.tenant.id, by_id(hub.person))).identifiers == {}


@pytest.mark.parametrize(
    "value", ['",":', 'a"b\\c@x', "(.*)", "x_1%", "İstanbul-ß", "9", "}'; DROP", "a|b|c", "[[:alnum:]]", "\\Z\\m"]
)
def test_hostile_identifiers_are_taken_by_their_letters(hub: Hub, value: str) -> None:
    """Whatever an identifier looks like to a pattern or a document, nothing of others breaks."""
    new = NewPerson(given_name="A", family_name="B", identifiers=(Identifier("ref", value),))
    (person,) = hub.do(hub.ledger.people.add(hub.caller, [new]))
    mine = record(hub, person=by_id(person), extra={"note": value, "title": f"for {value}"}, score_text=value)
    said = {"list": [value, 9, 99.5, True, None], "text": f"x {value} y"}
    others = record(hub, person=ZOE, extra=said)
    erase(hub, Level.IDENTITY, reference=by_id(person))
    assert hub.do(hub.ledger.records.get(hub.tenant.id, mine)).score_text == Pseudonym.of(person).ref
    extra = hub.do(hub.ledger.records.get(hub.tenant.id, others)).extra
    assert extra["list"][1:] == [9, 99.5, True, None]
    assert hub.do(hub.ledger.records.tellings(hub.tenant.id, [others]))[others]


def test_a_record_told_meanwhile_is_hers_or_nobodys_and_never_half(urls: DatabaseUrls, hub: Hub) -> None:
    """Tellings and the erasure at the same time: whoever comes later finds her gone."""

    async def tell(number: int) -> Id | None:
        new = NewRecord(
            source="tests",
            person=Reference("ada@example.com", ("email",), "person", "person"),
            item=FIRE,
            completed=When.instant(moment()),
            extra={"note": f"Okafor {number}"},
        )
        report = Report("tests", hub.key.client, "POST", "/ada@example.com", "{}")
        try:
            return (await hub.ledger.records.record(hub.tenant.id, new, report)).record
        except PersonNotFound:
            return None

    async def all_at_once() -> list[Id | None]:
        tellings = [asyncio.create_task(tell(number)) for number in range(60)]
        await asyncio.sleep(0)
        await hub.ledger.erasures.erase(hub.caller, ADA, Level.IDENTITY, "meanwhile")
        return await asyncio.gather(*tellings, *(tell(number) for number in range(5)))

    told = hub.do(all_at_once())
    assert told[-5:] == [None] * 5
    assert places_of(urls, hub, "Okafor", "ada@example.com") == set()


def test_a_repeated_call_is_done_once_and_tells_nothing_of_her_any_more(hub: Hub) -> None:
    body = {"person": "email:ada@example.com", "item": "ref:FIRE-101", "completed_at": "2022-02-02T10:00:00Z"}
    others = body | {"person": "ref:00124"}
    with hub.client("api") as client:
        for key, said in (("hers", body), ("others", others)):
            assert client.post("/v1/records", json=said, headers={"idempotency-key": key}).status_code == 201
        erase(hub, Level.IDENTITY)
        again = client.post("/v1/records", json=body, headers={"idempotency-key": "hers"})
        assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (201, b"", "true")
        other = client.post("/v1/records", json=others, headers={"idempotency-key": "others"})
        assert other.json()["person"] == to_ulid(hub.other_person, "person")
    assert hub.do(hub.ledger.records.count(hub.tenant.id)) == 2


def test_events_and_activities_of_somebody_erased_are_none(hub: Hub) -> None:
    """What stands behind in the line of a webhook is read after she is gone."""
    fill(hub)
    before = hub.do(hub.ledger.activities.page(hub.tenant.id, count=100)).total
    erase(hub, Level.ALL)
    built = hub.do(rise.build(hub.ledger, hub.tenant.id, [one for one in entries(hub) if one.kind in RISE]))
    assert all(notice.type != "user.created" or notice.content["user"].given_name != "Ada" for notice in built)
    page = hub.do(hub.ledger.activities.page(hub.tenant.id, count=100))
    assert hub.person not in {one.person for one in page.activities}
    assert 0 < page.total == len(page.activities) < before


# Imports ----------------------------------------------------------------------------------------------------------


def rehearse(hub: Hub, text: str) -> Any:
    return hub.do(hub.ledger.imports.rehearse(hub.caller, io.BytesIO(text.encode()), name="x.csv", options=Options()))


def rows_of(hub: Hub, batch: Id) -> list[RowShown]:
    return list(hub.do(hub.ledger.imports.rows(hub.tenant.id, batch, count=100)))


async def store_row(urls: DatabaseUrls, batch: Id, person: Id, number: int) -> None:
    """Put a person into a row of a file, past everything that looks at it."""
    async with connected(urls.owner) as connection:
        await connection.execute(
            "UPDATE import_row SET person = $2, outcome = 'created', raw = 'Okafor', faults = NULL"
            " WHERE batch = $1 AND number = $3",
            batch,
            person,
            number,
        )


FILE = "employee_id,learning,completed_on\n00123,FIRE-101,2021-05-04\n00124,FIRE-101,2021-05-04\n"


def test_a_row_that_names_somebody_erased_is_held_and_says_so(hub: Hub) -> None:
    erase(hub, Level.ALL)
    batch = rehearse(hub, FILE)
    row = rows_of(hub, batch.id)[0]
    assert row.outcome is Outcome.HELD
    assert [(one.field, one.code) for one in row.faults] == [("person", "erased")]
    hub.do(hub.ledger.imports.commit(hub.caller, batch.id))
    assert hub.do(hub.ledger.records.count(hub.tenant.id)) == 1


def test_somebody_added_anew_does_not_get_what_was_held(hub: Hub) -> None:
    """Whoever comes back begins anew; the file may be sent again for her, on purpose."""
    erase(hub, Level.IDENTITY)
    hub.do(hub.ledger.imports.commit(hub.caller, rehearse(hub, FILE).id))
    new = NewPerson(given_name="Ada", family_name="Okafor", identifiers=(Identifier("ref", "00123"),))
    (again,) = hub.do(hub.ledger.people.add(hub.caller, [new]))
    assert again != hub.person
    assert hub.do(hub.ledger.records.page(hub.tenant.id, count=10, person=by_id(again))) == []
    added = next(one for one in entries(hub) if one.subject == again and one.kind == "person.added")
    assert added.data["was_erased"] is True
    assert rows_of(hub, rehearse(hub, FILE).id)[0].outcome is Outcome.CREATED


def test_a_file_rehearsed_before_brings_nothing_of_her_after(hub: Hub) -> None:
    batch = rehearse(hub, FILE)
    erase(hub, Level.IDENTITY)
    row = rows_of(hub, batch.id)[0]
    assert (row.outcome, [one.code for one in row.faults]) == (Outcome.REJECTED, ["erased"])
    outcomes = hub.do(hub.ledger.imports.get(hub.tenant.id, batch.id)).outcomes
    assert {one: count for one, count in outcomes.items() if count} == {Outcome.CREATED: 1, Outcome.REJECTED: 1}
    hub.do(hub.ledger.imports.commit(hub.caller, batch.id))
    assert hub.do(hub.ledger.records.page(hub.tenant.id, count=10, person=by_id(hub.person))) == []


def test_a_row_that_was_matched_before_and_stored_after_does_not_come(urls: DatabaseUrls, hub: Hub) -> None:
    """As if its file had been read while she was erased."""
    batch = rehearse(hub, FILE)
    erase(hub, Level.IDENTITY)

    numbers = [row.number for row in rows_of(hub, batch.id)]
    assert len(numbers) == 2
    asyncio.run(store_row(urls, batch.id, hub.person, numbers[0]))
    hub.do(hub.ledger.imports.commit(hub.caller, batch.id))
    assert hub.do(hub.ledger.records.page(hub.tenant.id, count=10, person=by_id(hub.person))) == []
    assert places_of(urls, hub, "Okafor") == set()


def test_an_import_with_her_can_still_be_undone(hub: Hub) -> None:
    batch = rehearse(hub, FILE)
    hub.do(hub.ledger.imports.commit(hub.caller, batch.id))
    erase(hub, Level.IDENTITY)
    hub.do(hub.ledger.imports.undo(hub.caller, batch.id))
    assert hub.do(hub.ledger.records.count(hub.tenant.id)) == 0


# What the database itself refuses ---------------------------------------------------------------------------------

ERASING = [
    "SELECT erase_detail($1, '{}', '{}', '{}', '{}', true)",
    "SELECT erase_answers($1, 'x')",
    "SELECT erase_imported($1, '{}', '{}')",
    "SELECT erase_facts($1, '{}', '{}')",
    "SELECT erase_person($1, now())",
    "SELECT erase_mentions($1, '{}', '{}', '{}', '{}', '{}', 'x', 'x')",
    "SELECT erase_identity($1, '{}', '{}', '{}', '{}', 'x', 'x', 'x', 'x', 'x', now())",
]


@pytest.mark.parametrize("statement", ERASING)
def test_nothing_is_erased_without_an_erasure_that_is_open(
    urls: DatabaseUrls, hub: Hub, other_hub: Hub, statement: str
) -> None:
    """Of nobody, of another tenant's, of one that is done, and while a hold lasts."""
    done = erase(hub, Level.IDENTITY)
    hub.do(hub.ledger.retention.place(hub.caller, "A court asks", person=ZOE, item=None))
    held = erase(hub, Level.ALL, reference=ZOE)
    assert held.completed_at is None

    async def test() -> None:
        async with as_app(urls) as connection:
            for tenant, asked in (
                (hub.tenant.id, new_id()),
                (hub.tenant.id, done.id),
                (hub.tenant.id, held.id),
                (other_hub.tenant.id, held.id),
            ):
                await connection.execute("BEGIN")
                await connection.execute("SELECT set_config('testamur.tenant', $1::text, true)", str(tenant))
                with pytest.raises(asyncpg.NoDataFoundError):
                    await connection.execute(statement, asked)
                await connection.execute("ROLLBACK")

    asyncio.run(test())


PEOPLE = (
    "employee_id,email,given_name,family_name,title,manager\n"
    "00123,ada@example.com,Ada,Okafor,Welder to Okafor,\n"
    "00125,cy@example.com,Cy,Lee,Fitter,00123\n"
)


def test_a_file_of_people_says_no_more_who_she_was_and_does_not_bring_her_back(urls: DatabaseUrls, hub: Hub) -> None:
    told = Options(of=Of.PEOPLE)

    def send() -> Any:
        file = io.BytesIO(PEOPLE.encode())
        return hub.do(hub.ledger.imports.rehearse(hub.caller, file, name="people.csv", options=told))

    hub.do(hub.ledger.imports.commit(hub.caller, send().id))
    waiting = send()
    erase(hub, Level.IDENTITY)
    assert places_of(urls, hub, *SAYINGS) == set()
    hub.do(hub.ledger.imports.commit(hub.caller, waiting.id))
    again = send()
    row = rows_of(hub, again.id)[0]
    assert (row.outcome, [one.code for one in row.faults]) == (Outcome.REJECTED, ["erased"])
    hub.do(hub.ledger.imports.commit(hub.caller, again.id))
    with pytest.raises(PersonNotFound):
        hub.do(hub.ledger.people.get(hub.tenant.id, ADA))
