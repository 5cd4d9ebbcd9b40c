"""Files of people, items, audiences and memberships: rehearsed, committed, and held to what they may take away."""

from __future__ import annotations

import asyncio
import gzip
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from testamur.core.assignments import NewAssignment
from testamur.core.audiences import AudienceCategory, NewAudience
from testamur.core.errors import Conflict, InvalidInput
from testamur.core.ids import Id, to_ulid
from testamur.core.imports import Batch, BatchState, FileRefused, Of, Outcome, RemovalsUnconfirmed, options_of
from testamur.core.people import Identifier, NewPerson, Person, PersonChange, PersonStatus, Reference
from testamur.ledger import import_directory
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub
from tests.ledger.imports import commit, imported, outcomes, records, rehearse, rows
from tests.ledger.tellings import kept

ADA = Reference("00123", ("ref",), "person", "person")


def people(hub: Hub, text: str, **options: Any) -> Batch:
    return rehearse(hub, text, of=Of.PEOPLE, **options)


def person(hub: Hub, value: str, kind: str = "ref") -> Person:
    return hub.do(hub.ledger.people.get(hub.tenant.id, Reference(value, (kind,), "person", "person")))


def reasons(hub: Hub, batch: Batch) -> list[tuple[int, str, str]]:
    return [(row.number, fault.field, fault.code) for row in rows(hub, batch) for fault in row.faults]


def manager(found: Person) -> Id | None:
    return found.employment.manager if found.employment else None


def test_people_come_in_any_order_with_their_managers(hub: Hub) -> None:
    text = (
        "employee_id,first_name,last_name,email,job title,manager,department,time_zone,hire_date,status\n"
        "E3,Cy,Third,cy@example.com,Clerk,E2,Sales,Europe/Paris,2024-02-01,active\n"
        "E2,Bo,Second,bo@example.com,Head,E1,Sales,,,\n"
        "E1,Al,First,al@example.com,Chief,,,,,\n"
        "00123,Ada,Okafor-Smith,ada@example.com,,E3,Safety,,,\n"
        "00124,,,,,,,,,\n"
    )
    batch = people(hub, text)
    assert outcomes(batch) == {"created": 3, "changed": 1, "unchanged": 1}
    assert (batch.of, batch.columns["department"], batch.columns["employee_id"]) == (Of.PEOPLE, "custom", "person:ref")
    assert person(hub, "00123").family_name == "Okafor"
    done = commit(hub, batch)
    assert outcomes(done) == outcomes(batch)
    third, ada = person(hub, "E3"), person(hub, "00123")
    assert manager(third) == person(hub, "E2").id
    assert manager(person(hub, "E2")) == person(hub, "E1").id
    assert (manager(ada), ada.family_name, ada.attributes) == (third.id, "Okafor-Smith", {"department": "Safety"})
    assert (third.zone, third.starts_at and third.starts_at.isoformat()) == (
        "Europe/Paris",
        "2024-02-01T00:00:00+00:00",
    )
    assert outcomes(people(hub, text)) == {"unchanged": 5}
    assert [row.person for row in rows(hub, done, Outcome.CREATED)] == [
        person(hub, ref).id for ref in ("E3", "E2", "E1")
    ]
    assert person(hub, "E1").status(hub.ledger.now()) is PersonStatus.ACTIVE


def test_rows_say_what_is_wrong_with_them_and_the_others_are_taken(hub: Hub) -> None:
    text = (
        "employee_id,email,given_name,time_zone,hire_date,leaving_date,manager_email,active\n"
        "P1,p1@example.com,Good,,,,,\n"
        ",,Nameless,,,,,\n"
        "P2,,Zone,Mars/Olympus,,,,\n"
        "P3,,Order,,2024-02-01,2024-01-01,,\n"
        "P4,,Boss,,,,nobody@example.com,\n"
        "P5,,Word,,,,,perhaps\n"
        "P1,,Twice,,,,,\n"
        "P6,p1@example.com,Twice,,,,,\n"
        "00123,zoe@example.com,Two,,,,,\n"
        "P7,ada@example.com,Renumbered,,,,,\n"
        "P8,,Date,,31/12/2024,,,\n"
        f"{'x' * 501},,Long,,,,,\n"
        "P9,,Cells\n"
    )
    batch = people(hub, text)
    assert outcomes(batch) == {"created": 1, "rejected": 12}
    assert batch.repeated == 2
    assert reasons(hub, batch) == [
        (2, "person", "missing"),
        (3, "zone", "format"),
        (4, "ends_on", "order"),
        (5, "manager", "not_found"),
        (6, "active", "type"),
        (7, "ref", "duplicate"),
        (8, "email", "duplicate"),
        (9, "person", "duplicate"),
        (10, "ref", "duplicate"),
        (11, "starts_on", "format"),
        (12, "ref", "range"),
        (13, "", "format"),
    ]
    assert outcomes(commit(hub, batch)) == outcomes(batch)
    assert person(hub, "P1").given_name == "Good"
    assert person(hub, "00123").given_name == "Ada"


def test_identifiers_keep_their_zeros_and_an_address_its_person(hub: Hub) -> None:
    hub.do(hub.ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("email", "cy@example.com"),))]))
    text = "employee_id,email,username,thrive\n123,,,\n00123,NEW@example.com,ada,T1\n007,CY@example.com,,\n"
    batch = imported(hub, text, of=Of.PEOPLE)
    assert outcomes(batch) == {"created": 1, "changed": 2}
    ada = person(hub, "00123")
    assert ada.id == hub.person
    assert ada.identifiers == {
        "ref": ("00123",),
        "email": ("new@example.com",),
        "username": ("ada",),
        "thrive": ("t1",),
    }
    assert person(hub, "123").id != hub.person
    assert person(hub, "007").email == "cy@example.com"
    assert outcomes(people(hub, text)) == {"unchanged": 3}


def test_a_declared_kind_decides_who_is_meant(hub: Hub) -> None:
    text = "employee_id,email\nNEW-1,ada@example.com\n"
    assert outcomes(people(hub, text)) == {"rejected": 1}
    assert outcomes(imported(hub, text, of=Of.PEOPLE, person_kinds=("email",))) == {"changed": 1}
    assert person(hub, "NEW-1").id == hub.person


def test_null_empties_and_an_empty_cell_leaves(hub: Hub) -> None:
    imported(hub, "employee_id,phone,zone,manager,team\n00123,1,Europe/Paris,00124,Red\n", of=Of.PEOPLE)
    assert outcomes(people(hub, "employee_id,phone,zone,manager,team\n00123,,,,\n")) == {"unchanged": 1}
    text = '{"employee_id":"00123","phone":null,"manager":null,"team":null}\n{"employee_id":"00124","role":null}\n'
    batch = imported(hub, text, of=Of.PEOPLE)
    assert (outcomes(batch), reasons(hub, batch)) == ({"changed": 1, "rejected": 1}, [(2, "role", "missing")])
    ada = person(hub, "00123")
    assert (ada.phone, ada.zone, ada.employment, ada.attributes) == (None, "Europe/Paris", None, {})


def test_nobody_stands_above_herself_by_way_of_the_file_or_of_others(hub: Hub) -> None:
    imported(hub, "employee_id,manager\nA,00124\nB,00123\n", of=Of.PEOPLE)
    text = "employee_id,manager\nC,D\nD,E\nE,C\nF,C\nG,G\n00124,B\n00123,A\n"
    batch = people(hub, text)
    assert [(row, code) for row, _, code in reasons(hub, batch)] == [
        (1, "order"),
        (2, "order"),
        (3, "order"),
        (5, "range"),
        (6, "order"),
        (7, "order"),
    ]
    assert outcomes(commit(hub, batch)) == {"created": 1, "rejected": 6}


def test_a_chain_of_managers_has_an_end(hub: Hub) -> None:
    deepest = import_directory.DEPTH_MAX + 2
    text = "employee_id,manager\n" + "".join(f"N{n},N{n + 1}\n" for n in range(deepest - 1)) + f"N{deepest - 1},\n"
    batch = people(hub, text)
    assert (outcomes(batch), reasons(hub, batch)) == (
        {"created": deepest - 1, "rejected": 1},
        [(1, "manager", "range")],
    )
    assert outcomes(commit(hub, batch)) == outcomes(batch)


def test_an_organisation_is_turned_round_by_slices_of_one_row(hub: Hub) -> None:
    first = "employee_id,manager\nA,\nB,A\nC,B\nD,C\n"
    imported(hub, first, of=Of.PEOPLE)
    batch = people(hub, "employee_id,manager\nA,B\nB,C\nC,D\n" + '"D",00123\n')
    hub.do(hub.ledger.imports.begin(hub.caller, batch.id, BatchState.COMMITTED))
    while hub.do(hub.ledger.imports.work(hub.tenant.id, batch.id, 1)):
        pass
    done = hub.do(hub.ledger.imports.get(hub.tenant.id, batch.id))
    assert (done.state, outcomes(done)) == (BatchState.COMMITTED, {"changed": 4})
    assert [manager(person(hub, ref)) for ref in "ABC"] == [person(hub, ref).id for ref in "BCD"]
    assert manager(person(hub, "D")) == hub.person


def test_a_manager_nobody_knows_is_awaited_by_her_reference(hub: Hub) -> None:
    imported(hub, "employee_id,manager\nA,LATER\n", of=Of.PEOPLE)
    assert manager(person(hub, "A")) is None
    imported(hub, "employee_id\nLATER\n", of=Of.PEOPLE)
    assert manager(person(hub, "A")) == person(hub, "LATER").id


# Leaving and coming back -----------------------------------------------------------------------------------------


def test_who_left_is_suspended_since_then_and_may_come_back(hub: Hub) -> None:
    gone = datetime.now(UTC).date() - timedelta(days=10)
    text = f"employee_id,leaving_date,active\n00123,{gone},\n00124,,no\n"
    batch = imported(hub, text, of=Of.PEOPLE)
    assert outcomes(batch) == {"deactivated": 2}
    ada = person(hub, "00123")
    assert (ada.is_active, ada.status(hub.ledger.now())) == (False, PersonStatus.INACTIVE)
    # The last day of work is still one.
    assert ada.ends_at is not None
    assert ada.ends_at.date() == gone + timedelta(days=1)
    absences = hub.do(hub.ledger.people.absences(hub.tenant.id, [ada.id]))
    assert absences[ada.id][0].began_at == ada.ends_at
    assert outcomes(imported(hub, text, of=Of.PEOPLE)) == {"unchanged": 2}
    assert outcomes(imported(hub, "employee_id,active\n00123,yes\n00124,yes\n", of=Of.PEOPLE)) == {"changed": 2}
    ada = person(hub, "00123")
    assert (ada.is_active, ada.ends_at) == (True, None)


def test_who_leaves_later_is_here_until_then(hub: Hub) -> None:
    day = datetime.now(UTC).date() + timedelta(days=30)
    assert outcomes(imported(hub, f"employee_id,leaving_date,active\n00123,{day},yes\n", of=Of.PEOPLE)) == {
        "changed": 1
    }
    ada = person(hub, "00123")
    assert (ada.is_active, ada.ends_at and ada.ends_at.date()) == (True, day + timedelta(days=1))


# The guard -------------------------------------------------------------------------------------------------------


def staffed(hub: Hub, count: int = 30) -> None:
    people = [NewPerson(identifiers=(Identifier("ref", f"S{number:03}"),)) for number in range(count)]
    hub.do(hub.ledger.people.add(hub.caller, people))


def staff(numbers: range) -> str:
    return "employee_id\n00123\n00124\n" + "".join(f"S{number:03}\n" for number in numbers)


def test_a_handful_and_a_small_share_go_unasked(hub: Hub) -> None:
    staffed(hub)
    batch = people(hub, staff(range(5, 30)), whole=True)
    assert batch.removals is not None
    assert (batch.removals.absent, batch.removals.present, batch.removals.share_percent) == (5, 32, 15.7)
    done = commit(hub, batch)
    assert (done.removed, outcomes(done)) == (5, {"unchanged": 27})
    assert [person(hub, f"S{number:03}").is_active for number in (4, 5)] == [False, True]
    assert person(hub, "S004").identifiers == {"ref": ("S004",)}


def test_more_than_a_share_goes_only_when_its_number_is_confirmed(hub: Hub, urls: DatabaseUrls) -> None:
    staffed(hub)
    batch = people(hub, staff(range(6, 30)), whole=True)
    before = kept(urls, hub, "ledger_entry", "number")
    for wrong in (None, 5, 7):
        with pytest.raises(RemovalsUnconfirmed) as caught:
            hub.do(hub.ledger.imports.commit(hub.caller, batch.id, removals=wrong))
        assert (caught.value.removals and caught.value.removals.number, caught.value.percent_max) == (6, 10)
    assert kept(urls, hub, "ledger_entry", "number") == before
    done = hub.do(hub.ledger.imports.commit(hub.caller, batch.id, removals=6))
    assert (done.state, done.removed) == (BatchState.COMMITTED, 6)
    assert kept(urls, hub, "import_name", "1") == kept(urls, hub, "import_absent", "1") == []
    told = [entry for entry in kept(urls, hub, "ledger_entry", "number") if entry["kind"] == "person.suspended"]
    assert len(told) == 6
    assert all(f'"batch": "{batch.id}"' in entry["data"] for entry in told)


def test_a_number_that_changed_since_the_rehearsal_is_refused_again(hub: Hub) -> None:
    staffed(hub)
    batch = people(hub, staff(range(6, 30)), whole=True)
    hub.do(hub.ledger.people.suspend(hub.caller, Reference("S000", ("ref",), "person", "person"), None))
    with pytest.raises(RemovalsUnconfirmed, match=r"5 of 31 .* and 6 when the file was rehearsed"):
        hub.do(hub.ledger.imports.commit(hub.caller, batch.id, removals=6))
    assert hub.do(hub.ledger.imports.commit(hub.caller, batch.id, removals=5)).removed == 5


def test_rows_that_deactivate_count_as_what_goes(hub: Hub) -> None:
    staffed(hub)
    text = "employee_id,active\n" + "".join(f"S{number:03},no\n" for number in range(6))
    batch = people(hub, text)
    assert (batch.removals and batch.removals.number, outcomes(batch)) == (6, {"deactivated": 6})
    with pytest.raises(RemovalsUnconfirmed):
        commit(hub, batch)
    assert outcomes(hub.do(hub.ledger.imports.commit(hub.caller, batch.id, removals=6))) == {"deactivated": 6}


def test_who_is_misspelt_is_not_absent_and_who_cannot_be_told_stops_the_absent(hub: Hub) -> None:
    batch = people(hub, "employee_id,time_zone\n00123,Nowhere\n00124,\n", whole=True)
    assert (batch.removals and batch.removals.absent, outcomes(batch)) == (0, {"unchanged": 1, "rejected": 1})
    batch = people(hub, "employee_id,time_zone\n,Europe/Paris\n00124,\n", whole=True)
    assert batch.removals is not None
    assert (batch.removals.absent, batch.removals.unnamed) == (1, 1)
    with pytest.raises(RemovalsUnconfirmed, match="1 rows name nobody"):
        commit(hub, batch)


def test_who_was_absent_is_here_again_and_who_was_suspended_by_hand_is_not(hub: Hub) -> None:
    staffed(hub, 3)
    hub.do(hub.ledger.people.suspend(hub.caller, Reference("S000", ("ref",), "person", "person"), None))
    commit(hub, people(hub, staff(range(2)), whole=True))
    assert not person(hub, "S002").is_active
    assert outcomes(imported(hub, staff(range(3)), of=Of.PEOPLE)) == {"unchanged": 5}
    assert outcomes(imported(hub, staff(range(3)), of=Of.PEOPLE, whole=True)) == {"unchanged": 4, "changed": 1}
    assert [person(hub, f"S{number:03}").is_active for number in range(3)] == [False, True, True]


def test_whoever_comes_between_confirmation_and_commit_does_not_go(hub: Hub) -> None:
    staffed(hub, 4)
    batch = people(hub, staff(range(2)), whole=True)
    hub.do(hub.ledger.imports.begin(hub.caller, batch.id, BatchState.COMMITTED))
    hub.do(hub.ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("ref", "LATE"),))]))
    assert commit(hub, batch).removed == 2
    assert person(hub, "LATE").is_active


def test_another_tenants_people_are_neither_found_nor_absent(hub: Hub, other_hub: Hub) -> None:
    id = to_ulid(other_hub.person, "person")
    batch = people(hub, f"id,given_name\n{id},Mine\n{to_ulid(hub.person, 'person').upper()},Adah\n", whole=True)
    assert (outcomes(batch), reasons(hub, batch)) == ({"changed": 1, "rejected": 1}, [(1, "id", "not_found")])
    assert batch.removals is not None
    assert batch.removals.absent == 1
    commit(hub, people(hub, f"id,given_name\n{to_ulid(hub.person, 'person')},Adah\n", whole=True))
    assert person(hub, "00123").given_name == "Adah"
    found = other_hub.do(other_hub.ledger.people.many(other_hub.tenant.id, [other_hub.person]))
    assert (found[other_hub.person].given_name, found[other_hub.person].is_active) == ("Ada", True)


def test_the_whole_cannot_be_said_of_completions_and_audiences() -> None:
    for of in ("completions", "audiences"):
        with pytest.raises(InvalidInput):
            options_of({"of": of, "whole": True})
    with pytest.raises(InvalidInput):
        options_of({"of": "nonsense"})


# What follows from people ------------------------------------------------------------------------------------------


def test_new_people_settle_the_completions_that_waited_for_them(hub: Hub) -> None:
    waiting = "".join(f"N{number},FIRE-101,2023-05-04\n" for number in range(40))
    history = imported(hub, f"employee_id,learning,completed_on\n{waiting}")
    assert outcomes(history) == {"held": 40}
    imported(hub, "employee_id\n" + "".join(f"N{number}\n" for number in range(40)), of=Of.PEOPLE)
    assert outcomes(hub.do(hub.ledger.imports.get(hub.tenant.id, history.id))) == {"created": 40}
    assert len(records(hub, "N7")) == 1


def test_a_commit_that_stops_goes_on_and_concurrent_ones_do_not_mix(hub: Hub, urls: DatabaseUrls) -> None:
    one = people(hub, "employee_id,given_name\n" + "".join(f"X{n},One\n" for n in range(300)))
    two = people(hub, "employee_id,family_name\n" + "".join(f"X{n},Two\n" for n in range(299, -1, -1)))
    for batch in (one, two):
        hub.do(hub.ledger.imports.begin(hub.caller, batch.id, BatchState.COMMITTED))
    for _ in range(3):
        for batch in (one, two):
            hub.do(hub.ledger.imports.work(hub.tenant.id, batch.id, 17))

    async def both() -> None:
        await asyncio.gather(*(hub.ledger.imports.commit(hub.caller, batch.id) for batch in (one, two)))

    hub.do(both())
    done = [hub.do(hub.ledger.imports.get(hub.tenant.id, batch.id)) for batch in (one, two)]
    assert [batch.state for batch in done] == [BatchState.COMMITTED] * 2
    assert sum(outcomes(batch).get("created", 0) for batch in done) == 300
    assert sum(outcomes(batch).get("changed", 0) for batch in done) == 300
    assert {(found.given_name, found.family_name) for found in (person(hub, f"X{n}") for n in (0, 150, 299))} == {
        ("One", "Two")
    }
    numbers = [entry["number"] for entry in kept(urls, hub, "ledger_entry", "number")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_changed_since_the_rehearsal_spoils_its_own_row_alone(hub: Hub) -> None:
    batch = people(hub, "employee_id,email,manager\nA,a@example.com,\nB,b@example.com,A\nC,c@example.com,00123\n")
    taken = NewPerson(identifiers=(Identifier("email", "a@example.com"), Identifier("ref", "OTHER")))
    hub.do(hub.ledger.people.add(hub.caller, [taken]))
    done = commit(hub, batch)
    assert outcomes(done) == {"created": 2, "rejected": 1}
    assert reasons(hub, done) == [(1, "ref", "duplicate")]
    employment = person(hub, "B").employment
    assert employment is not None
    assert (employment.manager, employment.manager_ref) == (None, "A")


def test_somebody_else_closing_a_circle_meanwhile_spoils_one_row(hub: Hub) -> None:
    batch = people(hub, "employee_id,given_name,manager\n00123,Adah,00124\nNEW,New,\n")
    change = PersonChange(manager=Reference("00123", ("ref",), "person", "manager"))
    hub.do(hub.ledger.people.change(hub.caller, Reference("00124", ("ref",), "person", "person"), change))
    done = commit(hub, batch)
    assert outcomes(done) == {"created": 1, "rejected": 1}
    assert person(hub, "00123").given_name == "Ada"


def test_an_import_of_the_directory_is_not_taken_back(hub: Hub) -> None:
    batch = imported(hub, "employee_id\nA\n", of=Of.PEOPLE)
    with pytest.raises(Conflict, match="is not taken back"):
        hub.do(hub.ledger.imports.undo(hub.caller, batch.id))


def test_all_or_nothing_holds_of_the_directory_too(hub: Hub) -> None:
    batch = people(hub, "employee_id,time_zone\nA,\nB,Nowhere\n", all_or_nothing=True)
    with pytest.raises(Conflict, match="All or nothing"):
        commit(hub, batch)


@pytest.mark.parametrize(
    ("of", "text", "reason"),
    [
        (Of.PEOPLE, "given_name\nAda\n", "no column"),
        (Of.PEOPLE, "employee_id,ref\nA,B\n", "map one"),
        (Of.PEOPLE, "employee_id,hire_date\nA,03/04/2024\n", "two different days"),
        (Of.ITEMS, "title\nFire\n", "no column"),
        (Of.ITEMS, "ref,titel\nA,Fire\n", "titel"),
        (Of.AUDIENCES, "name\nSales\n", "no column"),
        (Of.MEMBERSHIPS, "audience\nsite-staff\n", "no column"),
        (Of.MEMBERSHIPS, "employee_id\n00123\n", "no column"),
        (Of.MEMBERSHIPS, "employee_id,audience,colour\n00123,site-staff,red\n", "colour"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_and_leaves_nothing(
    hub: Hub, urls: DatabaseUrls, of: Of, text: str, reason: str
) -> None:
    with pytest.raises(FileRefused, match=reason):
        rehearse(hub, text, of=of)
    assert [kept(urls, hub, table, "1") for table in ("import_batch", "import_row", "import_name")] == [[], [], []]


def test_columns_are_mapped_to_what_they_mean(hub: Hub) -> None:
    text = "Nr;Vorname;Chef;Farbe;Egal\nM1;Mia;00123;rot;x\n"
    columns = {"Nr": "person:ref", "Vorname": "given_name", "Chef": "manager", "Farbe": "custom", "Egal": "ignored"}
    imported(hub, text, of=Of.PEOPLE, columns=columns)
    found = person(hub, "M1")
    assert (found.given_name, manager(found), found.attributes) == ("Mia", hub.person, {"Farbe": "rot"})
    with pytest.raises(FileRefused, match="Vorname"):
        people(hub, text, columns={"Vorname": "learning"})


def test_every_format_is_taken_packed_or_not(hub: Hub) -> None:
    book = openpyxl.Workbook()
    for row in (["employee_id", "hire_date", "level"], ["X1", date(2024, 2, 1), 3], [1234, None, 4.0]):
        book.active.append(row)
    sheet = io.BytesIO()
    book.save(sheet)
    table = pa.table({"employee_id": ["Q1"], "hire_date": [date(2024, 2, 1)], "score": [Decimal("1.5")]})
    columns = io.BytesIO()
    pq.write_table(table, columns)
    lines = gzip.compress(b'{"employee_id":"Z1","hire_date":"2024-02-01"}\n')
    for data, count in ((sheet.getvalue(), 2), (columns.getvalue(), 1), (lines, 1)):
        batch = rehearse(hub, data, of=Of.PEOPLE)
        assert (outcomes(batch), reasons(hub, batch)) == ({"created": count}, [])
        commit(hub, batch)
    assert {person(hub, ref).starts_at for ref in ("X1", "Q1", "Z1")} == {datetime(2024, 2, 1, tzinfo=UTC)}
    assert (person(hub, "1234").attributes, person(hub, "Q1").attributes) == ({"level": 4.0}, {"score": "1.5"})


# Items -----------------------------------------------------------------------------------------------------------


def items(hub: Hub, text: str, **options: Any) -> Batch:
    return rehearse(hub, text, of=Of.ITEMS, **options)


def test_items_are_added_changed_and_retired_for_being_absent(hub: Hub) -> None:
    text = (
        "course_number,name,type,duration,tags,status\n"
        "NEW-1,New,content,45,Safety|Fire,\n"
        "FIRE-101,Fire safety,course,,,\n"
        "DRAFT-1,Not yet,content,,,draft\n"
        "BAD,Bad,song,,,\n"
        "NEW-1,Twice,content,,,\n"
    )
    batch = items(hub, text, whole=True)
    assert outcomes(batch) == {"created": 2, "unchanged": 1, "rejected": 2}
    assert batch.removals is not None
    assert (batch.removals.absent, batch.removals.present) == (2, 3)
    done = commit(hub, batch)
    assert outcomes(done) == outcomes(batch)
    known = hub.do(hub.ledger.items.many(hub.tenant.id, [hub.item, hub.third_party, hub.draft]))
    assert [known[id].retired_at is None for id in (hub.item, hub.third_party, hub.draft)] == [True, False, False]
    (new,) = [row.item for row in rows(hub, done, Outcome.CREATED)][:1]
    assert new is not None
    item = hub.do(hub.ledger.items.many(hub.tenant.id, [new]))[new]
    assert (item.title, item.duration, item.tags, item.version) == ("New", "PT45M", ("Fire", "Safety"), 1)
    again = items(hub, "course_number,status\nNEW-1,retired\n")
    assert outcomes(again) == {"deactivated": 1}


# Audiences and who belongs to them -----------------------------------------------------------------------------------


def audience(hub: Hub, reference: str) -> Any:
    return hub.do(hub.ledger.audiences.get(hub.tenant.id, Reference(reference, (), "audience", "audience")))


def test_structures_may_stand_behind_what_stands_in_them(hub: Hub) -> None:
    text = (
        "ref,name,category,parent\nteam,Team,audience,site\nsite,Site,structure,land\nland,Land,structure,\n"
        "site-staff,Site staff,,site\nlost,Lost,audience,nowhere\nin-team,In team,audience,team\n"
        "round-1,Round,structure,round-2\nround-2,Round,structure,round-1\nnameless,,,\n"
    )
    batch = rehearse(hub, text, of=Of.AUDIENCES)
    assert outcomes(batch) == {"created": 3, "changed": 1, "rejected": 5}
    assert [(row, field) for row, field, _ in reasons(hub, batch)] == [
        (5, "parent"),
        (6, "parent"),
        (7, "parent"),
        (8, "parent"),
        (9, "name"),
    ]
    assert outcomes(commit(hub, batch)) == outcomes(batch)
    assert audience(hub, "team").parent == audience(hub, "site-staff").parent == audience(hub, "site").id
    assert audience(hub, "site").parent == audience(hub, "land").id
    assert audience(hub, "land").category is AudienceCategory.STRUCTURE
    assert outcomes(rehearse(hub, text, of=Of.AUDIENCES)) == {"unchanged": 4, "rejected": 5}


def test_audiences_that_people_change_here_are_left_alone(hub: Hub) -> None:
    new = NewAudience(name="Ours", reference="ours", is_api_controlled=False)
    hub.do(hub.ledger.audiences.add(hub.caller, new))
    assert outcomes(rehearse(hub, "ref,name\nours,Theirs\n", of=Of.AUDIENCES)) == {"rejected": 1}
    assert outcomes(rehearse(hub, "employee_id,audience\n00123,ours\n", of=Of.MEMBERSHIPS)) == {"rejected": 1}


def spans(hub: Hub, reference: str = "site-staff") -> list[tuple[str | None, str, str | None]]:
    of = Reference(reference, (), "audience", "audience")
    found = hub.do(hub.ledger.memberships.page(hub.tenant.id, of, with_ended=True, count=100))
    told = [(one.reference, str(one.joined_on), str(one.left_on) if one.left_on else None) for one in found]
    return sorted(told, key=str)


def test_memberships_open_end_and_are_told_of_the_past(hub: Hub) -> None:
    ((_, since, _),) = spans(hub)
    today = datetime.now(UTC).date().isoformat()
    text = (
        "employee_id,audience,from,until\n"
        f"00124,site-staff,2024-01-01,\n"
        f"00123,Site staff,2020-01-01,{today}\n"
        "999,site-staff,,\n"
        "00123,nowhere,,\n"
        "00124,site-staff,2010-01-01,2011-01-01\n"
        "00123,site-staff,2030-01-01,2031-01-01\n"
        "00123,site-staff,2011-01-01,2010-01-01\n"
    )
    batch = rehearse(hub, text, of=Of.MEMBERSHIPS)
    assert outcomes(batch) == {"created": 1, "deactivated": 1, "held": 1, "rejected": 4}
    done = commit(hub, batch)
    assert outcomes(done) == outcomes(batch)
    assert spans(hub) == [("00123", since, max(since, today)), ("00124", "2024-01-01", None)]
    past = "employee_id,audience,from,until\n00123,site-staff,2010-01-01,2011-01-01\n00124,site-staff,2024-01-01,\n"
    assert outcomes(imported(hub, past, of=Of.MEMBERSHIPS)) == {"created": 1, "unchanged": 1}
    assert outcomes(imported(hub, past, of=Of.MEMBERSHIPS)) == {"unchanged": 2}
    assert ("00123", "2010-01-01", "2011-01-01") in spans(hub)


def test_a_membership_waits_for_its_person(hub: Hub) -> None:
    batch = imported(hub, "employee_id,audience,from\n999,site-staff,2024-05-01\n", of=Of.MEMBERSHIPS)
    assert outcomes(batch) == {"held": 1}
    imported(hub, "employee_id\n999\n", of=Of.PEOPLE)
    done = hub.do(hub.ledger.imports.get(hub.tenant.id, batch.id))
    assert outcomes(done) == {"created": 1}
    assert ("999", "2024-05-01", None) in spans(hub)
    hub.do(hub.ledger.imports.commit(hub.caller, batch.id))


def test_members_absent_from_the_whole_leave_the_audiences_it_names(hub: Hub, urls: DatabaseUrls) -> None:
    staffed(hub, 20)
    others = hub.do(hub.ledger.audiences.add(hub.caller, NewAudience(name="Others", reference="others")))
    everyone = "".join(f"S{number:03},site-staff\nS{number:03},others\n" for number in range(20))
    imported(hub, "employee_id,audience\n" + everyone, of=Of.MEMBERSHIPS)
    assignment = NewAssignment(
        audience=Reference("site-staff", (), "audience"), primary=Reference("FIRE-101", ("ref",), "item", "item")
    )
    hub.do(hub.ledger.assignments.add(hub.caller, assignment))
    hub.do(hub.ledger.standings.settle(hub.tenant.id))
    few = "employee_id,audience\n" + "".join(f"S{number:03},site-staff\n" for number in range(10))
    batch = rehearse(hub, few, of=Of.MEMBERSHIPS, whole=True)
    assert batch.removals is not None
    assert (batch.removals.absent, batch.removals.present) == (11, 21)
    with pytest.raises(RemovalsUnconfirmed):
        commit(hub, batch)
    hub.do(hub.ledger.imports.commit(hub.caller, batch.id, removals=11))
    assert sum(left is None for _, _, left in spans(hub)) == 10
    assert sum(left is None for _, _, left in spans(hub, "others")) == 20
    assert others == audience(hub, "others").id
    hub.do(hub.ledger.standings.settle(hub.tenant.id))
    assert hub.do(hub.ledger.standings.rebuild(hub.tenant.id)).differences == 0


# In great numbers --------------------------------------------------------------------------------------------------


def messy(count: int) -> tuple[str, dict[str, int]]:
    """A file of people with known defects, and what must become of them."""
    lines: list[list[str]] = []
    expected = {"created": 0, "rejected": 0}
    for number in range(count):
        boss = f"{max(number // 8, 1) - 1:06}" if number >= 8 else ""
        row = [f"{number:06}", f" p{number}@Example.com ", f"Given {number}", "Family", boss, "2020-01-31", "", "Sales"]
        outcome = "created"
        match number % 50:
            case 13:
                row[5], outcome = "2020-02-31", "rejected"
            case 17:
                row[0], row[1], outcome = "", "", "rejected"
            case 23:
                row[0], outcome = lines[-1][0], "rejected"
            case 29:
                row[1], outcome = lines[-1][1].upper(), "rejected"
            case 31:
                row[6], outcome = "soon", "rejected"
            case 37:
                row, outcome = [*row, "one too many"], "rejected"
            case 41:
                row[4], outcome = row[0], "rejected"
            case 43:
                row[2] = "=1+1"
        lines.append(row)
        expected[outcome] += 1
    header = "Employee ID,E-Mail,First Name,Last Name,Manager,Hire Date,Active,Department\n"
    return header + "".join(",".join(row) + "\n" for row in lines), expected


def test_a_messy_file_comes_out_as_it_was_made(hub: Hub, urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_directory, "_ROWS_AT_ONCE", 700)
    monkeypatch.setattr(import_directory, "_PLANNED_AT_ONCE", 130)
    text, expected = messy(2_000)
    assert expected == {"created": 1_720, "rejected": 280}
    batch = people(hub, text)
    assert outcomes(batch) == expected
    assert outcomes(commit(hub, batch)) == expected
    assert len(kept(urls, hub, "person", "id")) == 2 + expected["created"]
    numbers = [entry["number"] for entry in kept(urls, hub, "ledger_entry", "number")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert manager(person(hub, "000100")) == person(hub, "000011").id
    assert person(hub, "000043").given_name == "=1+1"
    assert outcomes(people(hub, text)) == {"unchanged": 1_720, "rejected": 280}
