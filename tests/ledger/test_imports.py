"""Historic import, rule by rule: section 17 of the compliance rules, I1 to I20."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from testamur.core.assignments import NewAssignment
from testamur.core.callers import Caller
from testamur.core.compliance import CreditState, SatisfiedBy, Status
from testamur.core.errors import Conflict, InvalidInput, ItemNotFound
from testamur.core.ids import Id, to_hex24, to_ulid
from testamur.core.imports import Batch, BatchNotFound, BatchState, FileRefused, NotRehearsed, Of, Options, Outcome
from testamur.core.moments import Precision, When
from testamur.core.people import Identifier, NewPerson, PersonChange, Reference
from testamur.core.standing import Standing
from testamur.ledger import import_settling
from testamur.ledger.imports import Imports
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub
from tests.ledger.imports import commit, days_ago, gapless, imported, outcomes, records, rehearse, rows, undo
from tests.ledger.tellings import completion, kept, tell

HEAD = "employee_id,learning,completed_on\n"
ADA = Reference("00123", ("ref",), "person", "person")
FIRE = Reference("FIRE-101", ("ref",), "item", "item")


def assign(hub: Hub, **settings: Any) -> Reference:
    new = NewAssignment(audience=Reference("site-staff", (), "audience"), primary=FIRE, **settings)
    return Reference(to_hex24(hub.do(hub.ledger.assignments.add(hub.caller, new)).id), (), "assignment")


def standing(hub: Hub, assignment: Reference) -> Standing:
    hub.do(hub.ledger.standings.settle(hub.tenant.id))
    return hub.do(hub.ledger.standings.get(hub.tenant.id, ADA, assignment))


def is_true(hub: Hub) -> bool:
    """Whether every stored line is what the facts say."""
    found = hub.do(hub.ledger.standings.rebuild(hub.tenant.id))
    return found.lines > 0 and found.differences == 0


def reasons(hub: Hub, batch: Batch) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for row in rows(hub, batch) for fault in row.faults]


# The rules ------------------------------------------------------------------------------------------------------


def test_i1_a_rehearsal_says_everything_and_changes_nothing(hub: Hub, urls: DatabaseUrls) -> None:
    assignment = assign(hub, recurrence_days=365)
    hub.do(hub.ledger.standings.settle(hub.tenant.id))
    tables = ("fact", "report", "source_key", "item", "standing", "obligation", "standing_task", "import_held")
    before = {table: kept(urls, hub, table, "1") for table in tables}
    batch = rehearse(hub, f"{HEAD}00123,FIRE-101,{days_ago(100)}\n999,FIRE-101,2023-05-04\n00124,FIRE-101,2099-01-01\n")
    assert outcomes(batch) == {"created": 1, "held": 1, "rejected": 1}
    assert batch.effect is not None
    assert batch.effect.statuses == {(Status.NOT_STARTED, Status.COMPLETED): 1}
    assert (batch.effect.lines, batch.effect.examined) == (1, 1)
    assert {table: kept(urls, hub, table, "1") for table in tables} == before
    assert standing(hub, assignment).step.status is Status.NOT_STARTED  # type: ignore[union-attr]
    commit(hub, batch)
    assert standing(hub, assignment).step.status is Status.COMPLETED  # type: ignore[union-attr]
    assert is_true(hub)


def test_i1_a_file_that_changes_while_it_is_read_is_refused_and_leaves_nothing(hub: Hub, urls: DatabaseUrls) -> None:
    class Changing(io.BytesIO):
        def seek(self, place: int, whence: int = 0) -> int:
            self.seeks = getattr(self, "seeks", 0) + 1
            if self.seeks == 5:  # behind the reading, before the file is looked through again
                self.getbuffer()[-3:-2] = b"9"
            return super().seek(place, whence)

    file = Changing(f"{HEAD}00123,FIRE-101,2023-05-04\n".encode())
    with pytest.raises(FileRefused, match="changed while"):
        hub.do(hub.ledger.imports.rehearse(hub.caller, file, name="f", options=Options()))
    assert kept(urls, hub, "import_batch", "1") == kept(urls, hub, "import_row", "1") == []


def test_i2_an_ambiguous_date_refuses_the_file_and_names_the_row(hub: Hub, urls: DatabaseUrls) -> None:
    text = f"{HEAD}00123,FIRE-101,2023-05-04\n00123,FIRE-101,03/04/2024\n"
    with pytest.raises(FileRefused, match="row 2, completed_on: '03/04/2024'"):
        rehearse(hub, text)
    assert kept(urls, hub, "import_batch", "1") == kept(urls, hub, "import_row", "1") == []
    assert outcomes(rehearse(hub, text.replace("2023-05-04", "31/02/2024"), date_form="DD/MM/YYYY")) == {
        "created": 1,
        "rejected": 1,
    }


def test_i3_a_bare_date_stays_a_day_and_an_instant_keeps_its_moment(hub: Hub) -> None:
    imported(
        hub, f"{HEAD}00123,FIRE-101,2023-05-04\n00123,FIRE-101,2023-06-04T23:30:00Z\n00123,FIRE-101,2023-06-04T10:00\n"
    )
    assert [record.completed for record in records(hub)] == [
        When.day(date(2023, 5, 4)),
        When(datetime(2023, 6, 4, 23, 30, tzinfo=UTC)),
    ]


def test_i4_impossible_times_are_errors_of_their_row(hub: Hub) -> None:
    batch = rehearse(
        hub,
        "employee_id,learning,completed_on,started_on\n"
        f"00123,FIRE-101,{days_ago(-2)},\n00123,FIRE-101,1969-12-31,\n00123,FIRE-101,2023-05-04,2023-05-05\n",
    )
    assert outcomes(batch) == {"rejected": 3}
    assert reasons(hub, batch) == [("completed_on", "future"), ("completed_on", "range"), ("started_on", "order")]


def test_i5_people_match_by_the_declared_kind_first_then_by_the_others(hub: Hub) -> None:
    hub.do(hub.ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("username", "00123"),))]))
    batch = rehearse(
        hub,
        "person,person_by,learning,completed_on\n"
        "00123,employee_id,FIRE-101,2023-01-01\n"
        "ADA@Example.COM,email,FIRE-101,2023-01-02\n"
        "ada@example.com,employee_id,FIRE-101,2023-01-03\n"
        "00123,,FIRE-101,2023-01-04\n"
        f"{to_ulid(hub.person, 'person')},,FIRE-101,2023-01-05\n",
    )
    found = rows(hub, batch)
    assert [row.person for row in found] == [hub.person, hub.person, hub.person, None, hub.person]
    assert found[3].outcome is Outcome.REJECTED
    assert to_ulid(hub.person, "person") in found[3].faults[0].message
    named = rehearse(hub, "employee_id,email,learning,completed_on\n00123,zoe@example.com,FIRE-101,2023-01-01\n")
    (row,) = rows(hub, named)
    assert row.outcome is Outcome.REJECTED
    assert all(to_ulid(id, "person") in row.faults[0].message for id in (hub.person, hub.other_person))


def test_i6_a_row_of_nobody_is_held_until_somebody_comes(hub: Hub, urls: DatabaseUrls) -> None:
    batch = imported(
        hub,
        f"{HEAD}777,FIRE-101,2023-05-04\n777,FIRE-101,2023-05-04\n777,FIRE-101,2023-05-05\n778,FIRE-101,2023-05-04\n",
    )
    assert outcomes(batch) == {"held": 4}
    assert len(hub.do(hub.ledger.imports.held(hub.tenant.id, count=10))) == 4
    hub.do(hub.ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("ref", "777"),))]))
    assert [record.completed for record in records(hub, "777")] == [
        When.day(date(2023, 5, 4)),
        When.day(date(2023, 5, 5)),
    ]
    again = hub.do(hub.ledger.imports.get(hub.tenant.id, batch.id))
    assert outcomes(again) == {"created": 2, "already_present": 1, "held": 1}
    ((_, _, header, held),) = hub.do(hub.ledger.imports.held(hub.tenant.id, count=10))
    assert (header, held.cells) == (("employee_id", "learning", "completed_on"), ["778", "FIRE-101", "2023-05-04"])
    # An identifier that somebody gets later counts as well.
    hub.do(hub.ledger.people.change(hub.caller, Reference("00124", ("ref",)), PersonChange(ref="778")))
    assert len(records(hub, "778")) == 1
    assert kept(urls, hub, "import_held", "1") == []
    gapless(urls, hub)


def test_i6_a_person_who_came_between_rehearsal_and_commit_is_found(hub: Hub) -> None:
    batch = rehearse(hub, f"{HEAD}777,FIRE-101,2023-05-04\n")
    hub.do(hub.ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("ref", "777"),))]))
    assert records(hub, "777") == []
    assert outcomes(commit(hub, batch)) == {"created": 1}
    assert len(records(hub, "777")) == 1


def test_i6_more_rows_than_a_transaction_should_take_follow_in_the_background(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = imported(hub, HEAD + "".join(f"777,FIRE-101,2023-05-{day:02}\n" for day in range(1, 21)))
    monkeypatch.setattr(import_settling, "RELEASED_AT_ONCE_MAX", 7)
    hub.do(hub.ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("ref", "777"),))]))
    while hub.do(hub.ledger.imports.work(hub.tenant.id, batch.id)):
        pass
    assert len(records(hub, "777")) == 20


def test_i7_unknown_learning_is_kept_as_outside_and_counts_once_it_is_mapped(hub: Hub) -> None:
    assignment = assign(hub)
    batch = imported(
        hub,
        "employee_id,course_number,course_name,vendor,completed_on\n"
        f"00123,OLD-101,Fire drill,Firm,{days_ago(50)}\n"
        "00124,old-102,Fire drill,,2023-05-04\n"
        "00123,OLD-103,,,2023-05-04\n",
    )
    assert outcomes(batch) == {"created": 2, "rejected": 1}
    (record,) = records(hub)
    assert (record.item_kind, record.title, record.provider) == ("outside", "Fire drill", "Firm")
    assert standing(hub, assignment).step.status is Status.NOT_STARTED  # type: ignore[union-attr]
    old = Reference("OLD-101", ("ref",), "item", "learning")
    assert hub.do(hub.ledger.imports.map(hub.caller, old, FIRE)) == 1
    assert hub.do(hub.ledger.imports.map(hub.caller, old, FIRE)) == 0
    (mapped,) = records(hub)
    assert (mapped.id, mapped.item, mapped.revision) == (record.id, hub.item, 2)
    assert standing(hub, assignment).step.status is Status.COMPLETED  # type: ignore[union-attr]
    assert is_true(hub)
    # Rows that come later mean the same by that key.
    again = imported(
        hub, f"employee_id,course_number,completed_on\n00124,OLD-101,2022-01-01\n00123,OLD-101,{days_ago(50)}\n"
    )
    assert outcomes(again) == {"created": 1, "already_present": 1}
    assert undo(hub, batch).state is BatchState.UNDONE
    assert records(hub) == []


def test_i7_what_is_mapped_must_be_outside_and_what_it_is_mapped_to_must_not(hub: Hub, other_hub: Hub) -> None:
    head = "employee_id,title,provider,completed_on\n"
    imported(hub, f"{head}00123,Fire safety,,2023-05-04\n00123,Pilates,,2023-05-05\n00123,Yoga,,2023-05-06\n")
    fire, pilates, _ = records(hub)
    assert (fire.item, pilates.item_kind) == (hub.item, "outside")
    yoga = Reference("yoga", ("title",), "item", "learning")
    with pytest.raises(InvalidInput, match="item: is outside learning itself"):
        hub.do(hub.ledger.imports.map(hub.caller, yoga, Reference(str(pilates.item), (), "item", "item")))
    with pytest.raises(InvalidInput, match="learning: is no outside learning"):
        hub.do(hub.ledger.imports.map(hub.caller, Reference(str(hub.item), (), "item", "learning"), FIRE))
    with pytest.raises(ItemNotFound):
        hub.do(hub.ledger.imports.map(other_hub.caller, yoga, FIRE))
    assert hub.do(hub.ledger.imports.map(hub.caller, yoga, FIRE)) == 1


def test_i8_every_row_has_one_outcome_and_they_add_up(hub: Hub) -> None:
    at = datetime(2023, 5, 4, 10, tzinfo=UTC)
    tell(hub, completion(at, source="rise"))
    tell(hub, completion(datetime(2023, 6, 4, 10, tzinfo=UTC), source="rise"))
    head = "employee_id,learning,completed_on,source,source_id,score\n"
    imported(hub, f"{head}00123,FIRE-101,2022-01-01,lms,7,50\n")
    batch = rehearse(
        hub,
        f"{head}00124,FIRE-101,2023-05-04,lms,1,\n"  # created
        "00123,FIRE-101,2023-05-04,lms,,\n"  # probable_duplicate
        "00123,FIRE-101,2023-06-04T10:00:00Z,lms,,\n"  # already_present
        "00123,FIRE-101,2022-01-01,lms,7,60\n"  # superseded
        "nobody,FIRE-101,2023-05-04,lms,2,\n"  # held
        "00123,FIRE-101,soon,lms,3,\n",  # rejected
    )
    once = dict.fromkeys(Of.COMPLETIONS.outcomes, 1)
    assert batch.outcomes == once
    assert [row.outcome.value for row in rows(hub, batch)] == [
        "created",
        "probable_duplicate",
        "already_present",
        "superseded",
        "held",
        "rejected",
    ]
    assert commit(hub, batch).outcomes == once
    assert len(records(hub)) == 4


def test_i9_the_same_file_twice_adds_nothing(hub: Hub, urls: DatabaseUrls) -> None:
    text = f"{HEAD}00123,FIRE-101,2023-05-04\n00124,FIRE-101,2023-05-04T10:00:00Z\n"
    keyed = (
        "employee_id,learning,completed_on,source,source_id\n"
        "00123,FIRE-101,2021-05-04,lms,1\n"
        "00123,FIRE-101,2021-05-04,lms,2\n"
    )
    imported(hub, text)
    assert outcomes(imported(hub, keyed)) == {"created": 2}
    facts = kept(urls, hub, "fact")
    for again in (text, keyed):
        batch = imported(hub, again)
        assert outcomes(batch) == {"already_present": 2}
        assert all(row.record is not None for row in rows(hub, batch))
    assert kept(urls, hub, "fact") == facts
    assert {report["repeats"] for report in kept(urls, hub, "report")} == {2}


def test_i9_a_source_that_says_something_else_of_its_record_supersedes_it_and_no_other(
    hub: Hub, urls: DatabaseUrls
) -> None:
    head = "employee_id,learning,completed_on,source,source_id,score\n"
    imported(hub, f"{head}00123,FIRE-101,2023-05-04,lms,1,50\n00123,FIRE-101,2023-05-05,other,1,50\n")
    first = records(hub)
    batch = imported(hub, f"{head}00123,FIRE-101,2023-05-04,lms,1,60\n")
    assert outcomes(batch) == {"superseded": 1}
    after = records(hub)
    assert [(record.id, record.revision, record.score_percent) for record in after] == [
        (first[0].id, 2, Decimal(60)),
        (first[1].id, 1, Decimal(50)),
    ]
    assert undo(hub, batch).state is BatchState.UNDONE
    assert [(record.revision, record.score_percent) for record in records(hub)] == [(3, Decimal(50)), (1, Decimal(50))]
    assert outcomes(imported(hub, f"{head}00123,FIRE-101,2023-05-04,lms,1,60\n")) == {"superseded": 1}
    gapless(urls, hub)


def test_i9_one_file_that_gives_one_id_to_two_things_has_the_second_refused(hub: Hub) -> None:
    head = "employee_id,learning,completed_on,source,source_id\n"
    batch = rehearse(
        hub,
        f"{head}00123,FIRE-101,2023-05-04,lms,1\n00123,FIRE-101,2023-06-04,lms,1\n00123,FIRE-101,2023-05-04,lms,1\n",
    )
    assert outcomes(batch) == {"created": 1, "rejected": 1, "already_present": 1}
    assert ("source_id", "duplicate") in reasons(hub, batch)


def test_i10_every_past_completion_is_kept(hub: Hub) -> None:
    imported(hub, HEAD + "".join(f"00123,FIRE-101,{year}-03-01\n" for year in range(2010, 2025)))
    assert len(records(hub)) == 15


def test_i11_one_bad_row_stops_nothing_unless_all_or_nothing_was_asked_for(hub: Hub) -> None:
    text = f"{HEAD}00123,FIRE-101,2023-05-04\n00123,FIRE-101,soon\n"
    batch = rehearse(hub, text, all_or_nothing=True)
    with pytest.raises(Conflict, match="1 rows are held or rejected"):
        commit(hub, batch)
    assert records(hub) == []
    assert outcomes(imported(hub, text)) == {"created": 1, "rejected": 1}
    assert outcomes(imported(hub, f"{HEAD}00124,FIRE-101,2023-05-04\n", all_or_nothing=True)) == {"created": 1}


def test_i12_an_import_can_be_taken_back_whole_but_for_what_was_written_over(hub: Hub, urls: DatabaseUrls) -> None:
    assignment = assign(hub)
    mine = tell(hub, completion(When.day(date(2020, 1, 1))))
    text = (
        f"{HEAD}00123,FIRE-101,2020-01-01\n"
        f"00123,FIRE-101,{days_ago(9)}\n"
        "00123,FIRE-101,2021-01-01\n"
        "777,FIRE-101,2021-01-01\n"
    )
    batch = imported(hub, text.replace("learning", "learning,source", 1).replace("FIRE-101,", "FIRE-101,tests,"))
    assert outcomes(batch) == {"created": 2, "already_present": 1, "held": 1}
    assert standing(hub, assignment).step.status is Status.COMPLETED  # type: ignore[union-attr]
    voided = next(record.id for record in records(hub) if record.completed == When.day(date(2021, 1, 1)))
    hub.do(hub.ledger.records.void(hub.caller, voided))
    undone = undo(hub, batch)
    assert (undone.state, undone.done) == (BatchState.UNDONE, 4)
    assert [record.id for record in records(hub)] == [mine.record]
    assert undo(hub, batch).undone_at == undone.undone_at
    hub.do(hub.ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("ref", "777"),))]))
    assert records(hub, "777") == []
    with pytest.raises(NotRehearsed):
        commit(hub, batch)
    assert is_true(hub)
    gapless(urls, hub)


def test_i12_import_undo_import_is_as_good_as_importing_once(hub: Hub) -> None:
    assignment = assign(hub, recurrence_days=365)
    text = (
        "employee_id,learning,completed_on,source_id\n"
        f"00123,FIRE-101,{days_ago(400)},1\n"
        f"00123,FIRE-101,{days_ago(20)},\n"
    )
    undo(hub, imported(hub, text))
    assert outcomes(imported(hub, text)) == {"created": 2}
    step = standing(hub, assignment).step
    assert step is not None
    assert (step.status, step.credit_ends_on) == (Status.COMPLETED, days_ago(20) + timedelta(days=365))
    assert is_true(hub)


def test_i13_an_imported_completion_is_prior_learning_that_names_batch_and_importer(hub: Hub) -> None:
    assignment = assign(hub)
    importer = Caller(tenant=hub.tenant.id, client=hub.key.client, scopes=hub.caller.scopes, person=hub.other_person)
    file = io.BytesIO(f"{HEAD}00123,FIRE-101,{days_ago(3)}\n".encode())
    batch = hub.do(hub.ledger.imports.rehearse(importer, file, name="f.csv", options=Options()))
    hub.do(hub.ledger.imports.commit(importer, batch.id))
    (record,) = records(hub)
    assert (record.is_prior, record.created_by) == (True, hub.other_person)
    assert record.extra == {"how": "import", "batch": str(batch.id), "row": 1}
    (told,) = hub.do(hub.ledger.records.tellings(hub.tenant.id, [record.id]))[record.id]
    assert (told.report.dialect, told.report.client) == ("import", hub.key.client)
    assert told.report.body == f'["00123","FIRE-101","{days_ago(3)}"]'
    step = standing(hub, assignment).step
    assert step is not None
    assert (step.status, step.satisfied_how) == (Status.COMPLETED, SatisfiedBy.PRIOR)


def test_i14_an_imported_due_day_is_remembered_and_makes_no_obligation(hub: Hub, urls: DatabaseUrls) -> None:
    assignment = assign(hub)
    imported(hub, "employee_id,learning,completed_on,due_on\n00123,LIFT/1 ä,2021-01-01,2020-01-01\n")
    (record,) = records(hub)
    assert record.extra["due_on"] == "2020-01-01"
    assert {row["opens_on"] for row in kept(urls, hub, "obligation")} == {hub.ledger.now().date()}
    assert standing(hub, assignment).step.status is Status.NOT_STARTED  # type: ignore[union-attr]


def test_i16_standings_are_worked_out_once_after_the_file(hub: Hub, urls: DatabaseUrls) -> None:
    assignment = assign(hub)
    hub.do(hub.ledger.standings.settle(hub.tenant.id))
    before = {task["id"] for task in kept(urls, hub, "standing_task")}
    batch = rehearse(hub, HEAD + "".join(f"00123,FIRE-101,{days_ago(days)}\n" for days in range(1, 601)))
    hub.do(hub.ledger.imports.begin(hub.caller, batch.id, BatchState.COMMITTED))
    while hub.do(hub.ledger.imports.work(hub.tenant.id, batch.id, 100)):
        pass
    (task,) = (task for task in kept(urls, hub, "standing_task") if task["id"] not in before)
    assert (task["total"], task["people"]) == (1, [hub.person])
    assert standing(hub, assignment).step.status is Status.COMPLETED  # type: ignore[union-attr]
    assert is_true(hub)


def test_i17_what_has_to_be_mended_comes_back_as_it_was_sent(hub: Hub) -> None:
    batch = rehearse(hub, f"{HEAD}00123,FIRE-101,soon\n00123,FIRE-101,2023-05-04\n999,FIRE-101,2023-05-04\n")

    async def errors() -> list[Any]:
        return [
            (row.number, row.outcome.value, row.cells)
            async for row in hub.ledger.imports.errors(hub.tenant.id, batch.id)
        ]

    assert hub.do(errors()) == [
        (1, "rejected", ["00123", "FIRE-101", "soon"]),
        (3, "held", ["999", "FIRE-101", "2023-05-04"]),
    ]


def test_i18_delimiter_and_encoding_are_recognised_or_declared(hub: Hub) -> None:
    text = "employee_id;learning;completed_on\r\n00123;LIFT/1 ä;2023-05-04\r\n"
    assert outcomes(rehearse(hub, "\ufeff" + text)) == {"created": 1}
    assert outcomes(rehearse(hub, text.encode("latin-1"), encoding="latin-1")) == {"created": 1}
    with pytest.raises(InvalidInput, match="is not valid utf-8"):
        rehearse(hub, text.encode("latin-1"))


def test_i19_a_formula_is_text(hub: Hub) -> None:
    batch = imported(hub, "employee_id,learning,completed_on,note\n00123,FIRE-101,2023-05-04,=1+1\n")
    assert outcomes(batch) == {"created": 1}
    assert records(hub)[0].extra["note"] == "=1+1"


def test_i20_rows_of_one_day_within_a_file_are_reported(hub: Hub) -> None:
    batch = rehearse(
        hub,
        "employee_id,learning,completed_on,source\n"
        "00123,FIRE-101,2023-05-04T10:00Z,lms\n"
        "00123,FIRE-101,2023-05-04T10:00Z,lms\n"  # the same
        "00123,FIRE-101,2023-05-04T14:00Z,lms\n"  # another time of that day
        "00123,FIRE-101,2023-05-04,lms\n"  # a bare day of the same source
        "00123,FIRE-101,2023-05-04,other\n"  # another source
        "00124,FIRE-101,2023-05-04,lms\n",
    )
    expected = ["created", "already_present", "created", "already_present", "probable_duplicate", "created"]
    assert [row.outcome.value for row in rows(hub, batch)] == expected
    assert batch.repeated == 4
    assert [len(row.faults) for row in rows(hub, batch)] == [0, 1, 1, 1, 1, 0]
    assert outcomes(commit(hub, batch)) == {"created": 3, "already_present": 2, "probable_duplicate": 1}
    assert [row.outcome.value for row in rows(hub, batch)] == expected


# The examples ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "outcome", "options"),
    [
        (f"{HEAD}00123,FIRE-101,2023-05-04\n", "created", {}),
        ("email,learning,completed_on\nADA@EXAMPLE.COM,FIRE-101,2023-05-04\n", "created", {}),
        (f"{HEAD}123,FIRE-101,2023-05-04\n", "held", {}),
        ("employee_id,learning,title,completed_on\n00123,OLD-101,Old fire,2023-05-04\n", "created", {}),
        (f"{HEAD}00123,FIRE-101,31/02/2024\n", "rejected", {}),
        (f"{HEAD}00123,FIRE-101,31/02/2024\n", "rejected", {"date_form": "DD/MM/YYYY"}),
        ("employee_id,learning,completed_on,result\n00123,FIRE-101,2023-05-04,Failed\n", "created", {}),
    ],
)
def test_the_examples_of_the_rules_come_out_as_written(
    hub: Hub, text: str, outcome: str, options: dict[str, Any]
) -> None:
    assert outcomes(imported(hub, text, **options)) == {outcome: 1}
    repeated = {"created": "already_present"}.get(outcome, outcome)
    assert outcomes(imported(hub, text, **options)) == {repeated: 1}


def test_an_example_of_a_lapsed_credit_is_renewal_due_and_never_overdue_in_the_past(hub: Hub) -> None:
    imported(hub, f"{HEAD}00123,FIRE-101,2021-01-01\n")
    assignment = assign(hub, recurrence_days=365)
    step = standing(hub, assignment).step
    assert step is not None
    assert step.status is Status.RENEWAL_DUE
    assert step.credit is CreditState.LAPSED
    assert step.due_on == hub.ledger.now().date() + timedelta(days=30)


def test_an_example_of_a_fail_gives_no_credit(hub: Hub) -> None:
    assignment = assign(hub)
    imported(hub, f"employee_id,learning,completed_on,result\n00123,FIRE-101,{days_ago(1)},Failed\n")
    step = standing(hub, assignment).step
    assert step is not None
    assert (step.status, step.credit) == (Status.NOT_STARTED, CreditState.NEVER)


def test_an_example_of_two_rows_gives_credit_from_the_later(hub: Hub) -> None:
    assignment = assign(hub, recurrence_days=3650)
    for text in (f"{HEAD}00123,FIRE-101,2022-03-01\n00123,FIRE-101,2023-03-01\n",):
        assert outcomes(imported(hub, text)) == {"created": 2}
    step = standing(hub, assignment).step
    assert step is not None
    assert (step.credit, step.credit_ends_on) == (CreditState.VALID, date(2023, 3, 1) + timedelta(days=3650))


# What may go wrong ----------------------------------------------------------------------------------------------


def test_another_tenant_sees_and_moves_nothing(hub: Hub, other_hub: Hub) -> None:
    batch = rehearse(hub, f"{HEAD}00123,FIRE-101,2023-05-04\n")
    for work in (
        hub.ledger.imports.get(other_hub.tenant.id, batch.id),
        hub.ledger.imports.commit(other_hub.caller, batch.id),
        hub.ledger.imports.undo(other_hub.caller, batch.id),
        hub.ledger.imports.rows(other_hub.tenant.id, batch.id, count=10),
    ):
        with pytest.raises(BatchNotFound):
            hub.do(work)
    assert hub.do(hub.ledger.imports.list(other_hub.tenant.id, after=None, count=10)) == []


def test_rows_that_mapping_gives_one_moment_after_the_rehearsal_are_both_kept(hub: Hub) -> None:
    """What a file says twice was worked out while they were two learning objects."""
    head, day = "employee_id,learning,title,completed_on\n", "2023-05-04T10:00Z"
    imported(hub, f"{head}00123,A-1,Ladders,2020-01-01\n00123,B-2,Ladders again,2020-01-02\n")
    batch = rehearse(hub, f"{head}00123,A-1,Ladders,{day}\n00123,B-2,Ladders again,{day}\n00124,A-1,Ladders,{day}\n")
    for key in ("A-1", "B-2"):
        hub.do(hub.ledger.imports.map(hub.caller, Reference(key, ("ref",), "item", "outside"), FIRE))
    assert outcomes(commit(hub, batch)) == {"created": 3}
    assert [record.item for record in records(hub)] == [hub.item] * 4


def test_two_ids_that_a_source_gives_one_moment_are_two_whatever_is_known_since(hub: Hub) -> None:
    """Rule I9. Nothing was written since the rehearsal, which saw the first."""
    head, moment = "employee_id,learning,completed_on,source,source_id\n", "2023-05-04T10:00Z"
    imported(hub, f"{head}00123,FIRE-101,{moment},old,1\n")
    assert outcomes(imported(hub, f"{head}00123,FIRE-101,{moment},old,2\n")) == {"created": 1}
    assert len(records(hub)) == 2


def test_a_file_that_nobody_reads_any_more_is_forgotten(hub: Hub, urls: DatabaseUrls) -> None:
    async def leave() -> None:
        async with hub.ledger.database.write(hub.tenant.id) as tx:
            await tx.run(
                "import_start",
                id=hub.item,
                of=Of.COMPLETIONS.value,
                client=hub.key.client,
                person=None,
                name="left",
                format="",
                bytes=0,
                digest="",
                options={},
                upload=None,
                now=datetime(2020, 1, 1, tzinfo=UTC),
            )

    hub.do(leave())
    rehearse(hub, f"{HEAD}00123,FIRE-101,2023-05-04\n")
    assert [row["name"] for row in kept(urls, hub, "import_batch", "1")] == ["history.csv"]


def test_a_day_of_another_source_is_a_probable_duplicate_in_the_tenants_zone(hub: Hub) -> None:
    """Rule C4: 23:30 UTC in July is the next day in London."""
    tell(hub, completion(datetime(2023, 7, 4, 23, 30, tzinfo=UTC), source="rise"))
    batch = rehearse(hub, f"{HEAD}00123,FIRE-101,2023-07-05\n00123,FIRE-101,2023-07-04\n")
    assert [row.outcome.value for row in rows(hub, batch)] == ["probable_duplicate", "created"]
    assert records(hub)[0].completed is not None
    assert records(hub)[0].completed.precision is Precision.INSTANT  # type: ignore[union-attr]


def test_nobody_else_can_work_on_a_batch_by_guessing(hub: Hub) -> None:
    with pytest.raises(BatchNotFound):
        hub.do(Imports(hub.ledger.database, hub.ledger.now).work(hub.tenant.id, Id(hub.item)))
