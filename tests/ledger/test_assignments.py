"""Assignments and their versions, and what is worked out from them on a real database with a clock of the test's."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from testamur.core.assignments import VERSIONS_MAX, Assignment, AssignmentEdit, NewAssignment
from testamur.core.audiences import NewAudience
from testamur.core.enrolments import Enrolment
from testamur.core.errors import AssignmentNotFound, Conflict, NotFound
from testamur.core.ids import Id, to_hex24
from testamur.core.people import Identifier, NewPerson, Reference
from testamur.core.records import SameKey, SourceKey
from testamur.core.vocabularies import EnrolmentStatus
from testamur.ledger import Ledger
from testamur.ledger.enrolments import EnrolmentFilter
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub
from tests.ledger.tellings import completion, kept, report
from tests.storage.databases import as_app


class Story:
    """An audience of its own in the hub's tenant, and a clock that the test sets."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.now = datetime(2026, 1, 10, 9, tzinfo=UTC)
        self.ledger = Ledger.on(hub.ledger.database, lambda: self.now)
        self.audience = hub.do(self.ledger.audiences.add(hub.caller, NewAudience(name="Story", reference="story")))

    def on(self, day: str) -> Story:
        self.now = datetime.fromisoformat(day).replace(tzinfo=UTC)
        return self

    def people(self, count: int) -> list[Id]:
        new = [NewPerson(identifiers=(Identifier("ref", f"s{n}"),)) for n in range(count)]
        people = self.hub.do(self.ledger.people.add(self.hub.caller, new))
        self.join(people)
        return people

    def join(self, people: list[Id]) -> None:
        self.hub.do(self.ledger.memberships.join(self.hub.caller, self.audience, people, self.now.date()))

    def assign(self, **settings: Any) -> Assignment:
        audience = Reference(to_hex24(self.audience), (), "audience")
        new = NewAssignment(audience=audience, primary=Reference("FIRE-101", ("ref",), "item"), **settings)
        return self.hub.do(self.ledger.assignments.add(self.hub.caller, new))

    def edit(self, assignment: Assignment, **settings: Any) -> Assignment:
        return self.hub.do(
            self.ledger.assignments.edit(self.hub.caller, named(assignment.id), AssignmentEdit(**settings))
        )

    def delete(self, assignment: Assignment) -> Assignment:
        return self.hub.do(self.ledger.assignments.delete(self.hub.caller, named(assignment.id), None))

    def complete(self, person: Id, on: str) -> Id:
        new = completion(datetime.fromisoformat(on).replace(tzinfo=UTC), person=person)
        return self.hub.do(self.ledger.records.record(self.hub.tenant.id, new, report(self.hub))).record

    def enrolments(self, assignment: Assignment, *, count: int = 100, skip: int = 0, **wanted: Any) -> list[Enrolment]:
        chosen = EnrolmentFilter(**wanted)
        return self.hub.do(
            self.ledger.enrolments.list(self.hub.tenant.id, named(assignment.id), wanted=chosen, count=count, skip=skip)
        )


@pytest.fixture
def story(hub: Hub) -> Story:
    return Story(hub)


def named(id: Id) -> Reference:
    return Reference(to_hex24(id), (), "assignment", "assignmentId")


def words(found: list[Enrolment]) -> list[str]:
    return [enrolment.status.value for enrolment in found]


def test_every_version_stays_with_the_day_from_which_it_acts(urls: DatabaseUrls, hub: Hub, story: Story) -> None:
    made = story.on("2026-06-30T23:30").assign(recurrence_days=0)
    story.on("2026-07-05").edit(made, completion_period_days=10)
    story.edit(made, recurrence_days=None)
    gone = story.on("2026-08-01").delete(made)
    assert (gone.deleted_at, gone.updated_at, gone.created_at) == (story.now, story.now, made.created_at)
    seen = hub.do(story.ledger.assignments.versions(hub.tenant.id, named(made.id)))
    assert [(v.number, v.effective_on, v.completion_period_days, v.recurrence_days, v.is_deleted) for v in seen] == [
        (1, date(2026, 7, 1), 30, 0, False),
        (2, date(2026, 7, 5), 10, 0, False),
        (3, date(2026, 7, 5), 10, None, False),
        (4, date(2026, 8, 1), 10, None, True),
    ], "half past eleven in UTC is the next day in London"
    assert [v.acts_at for v in seen] == [v.recorded_at for v in seen]
    entries = [row for row in kept(urls, hub, "ledger_entry") if row["subject"] == made.id]
    assert [row["kind"] for row in entries] == [
        "assignment.added", "assignment.edited", "assignment.edited", "assignment.deleted",
    ]  # fmt: skip
    assert {row["client"] for row in entries} == {hub.key.client}
    assert '"recurrence_days": null' in str(entries[2]["data"])


def test_a_version_cannot_be_changed_or_removed(urls: DatabaseUrls, hub: Hub, story: Story) -> None:
    story.assign()

    async def within() -> None:
        for statement in (
            "UPDATE assignment_version SET completion_period_days = 1",
            "DELETE FROM assignment_version",
            "TRUNCATE assignment_version",
        ):
            async with as_app(urls) as connection:
                await connection.execute("BEGIN")
                await connection.execute("SELECT set_config('testamur.tenant', $1, true)", str(hub.tenant.id))
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)

    asyncio.run(within())


def test_edits_at_once_are_versions_in_a_row(hub: Hub, story: Story) -> None:
    made = story.assign()

    async def within() -> None:
        edits = [AssignmentEdit(completion_period_days=days) for days in range(100, 110)]
        await asyncio.gather(*(story.ledger.assignments.edit(hub.caller, named(made.id), edit) for edit in edits))

    hub.do(within())
    seen = hub.do(story.ledger.assignments.versions(hub.tenant.id, named(made.id)))
    assert [version.number for version in seen] == list(range(1, 12))
    assert {version.completion_period_days for version in seen} == {30, *range(100, 110)}


def test_a_clock_that_steps_back_does_not_put_versions_out_of_order(hub: Hub, story: Story) -> None:
    made = story.on("2026-03-02").assign()
    edited = story.on("2026-03-01").edit(made, completion_period_days=5)
    assert edited.updated_at == made.updated_at


def test_versions_have_a_limit_and_deleting_goes_beyond_it(hub: Hub, story: Story) -> None:
    made = story.assign()
    for days in range(100, 99 + VERSIONS_MAX):
        story.edit(made, completion_period_days=days)
    with pytest.raises(Conflict, match=str(VERSIONS_MAX)):
        story.edit(made, completion_period_days=5)
    assert story.edit(made).completion_period_days == 98 + VERSIONS_MAX, "what changes nothing is no version"
    assert story.delete(made).deleted_at is not None


def test_what_is_unknown_or_deleted_is_not_edited(hub: Hub, other_hub: Hub, story: Story) -> None:
    made = story.assign()
    story.delete(made)
    with pytest.raises(Conflict):
        story.edit(made, completion_period_days=5)
    with pytest.raises(AssignmentNotFound):
        hub.do(hub.ledger.assignments.edit(other_hub.caller, named(made.id), AssignmentEdit()))
    with pytest.raises(AssignmentNotFound):
        hub.do(hub.ledger.enrolments.list(other_hub.tenant.id, named(made.id), count=1))


def test_a_year_of_an_assignment(hub: Hub, story: Story) -> None:
    """Three people: one in time, one never, one who leaves and is back much later."""
    early, _, away = story.people(3)
    made = story.assign(recurrence_days=180)
    assert words(story.enrolments(made)) == ["open", "open", "open"]
    first = story.complete(early, "2026-01-09T10:00")
    story.on("2026-01-20").hub.do(story.ledger.memberships.leave(hub.caller, story.audience, away, date(2026, 1, 20)))
    assert words(story.enrolments(made)) == ["scheduled", "open", "archived"]
    assert words(story.on("2026-02-10").enrolments(made)) == ["scheduled", "overdue", "archived"]
    assert words(story.on("2026-07-09").enrolments(made)) == ["open", "overdue", "archived"]
    story.join([away])
    seen = story.enrolments(made)
    assert words(seen) == ["open", "overdue", "open"]
    assert [enrolment.due_on for enrolment in seen] == [date(2026, 8, 7), date(2026, 2, 9), date(2026, 8, 8)]
    assert seen[0].history[0].completion == first
    hub.do(story.ledger.records.void(hub.caller, first))
    assert words(story.on("2026-07-10").enrolments(made)) == ["overdue", "overdue", "open"]
    story.delete(made)
    assert words(story.enrolments(made)) == ["archived"] * 3
    assert words(story.enrolments(made, status=EnrolmentStatus.OPEN)) == []


def test_ids_outlive_leaving_and_find_their_enrolment(hub: Hub, story: Story) -> None:
    (person,) = story.people(1)
    made, other = story.assign(), story.assign()
    (before,) = story.enrolments(made)
    hub.do(story.ledger.memberships.leave(hub.caller, story.audience, person, date(2026, 3, 1)))
    story.on("2026-05-01").join([person])
    (after,) = story.enrolments(made)
    assert before.id == after.id != story.enrolments(other)[0].id
    assert hub.do(story.ledger.enrolments.get(hub.tenant.id, named(made.id), named(after.id))) == after
    with pytest.raises(NotFound):
        hub.do(story.ledger.enrolments.get(hub.tenant.id, named(other.id), named(after.id)))


def test_pages_and_filters_agree_with_the_whole(hub: Hub, story: Story) -> None:
    people = story.people(1205)
    made = story.assign()
    story.on("2026-01-12")
    for person in people[::100]:
        story.complete(person, "2026-01-11T10:00")
    whole: list[Enrolment] = []
    for skip in range(0, 1300, 100):
        whole += story.enrolments(made, skip=skip)
    assert [enrolment.person for enrolment in whole] == sorted(people)
    complete = [enrolment for enrolment in whole if enrolment.status is EnrolmentStatus.COMPLETE]
    assert len(complete) == 13
    assert story.enrolments(made, status=EnrolmentStatus.COMPLETE) == complete
    assert story.enrolments(made, status=EnrolmentStatus.COMPLETE, count=5, skip=10) == complete[10:]
    assert story.enrolments(made, status=EnrolmentStatus.COMPLETE, skip=13) == []


def test_who_comes_again_is_given_what_changed_since(hub: Hub, story: Story) -> None:
    people = sorted(story.people(20))
    made = story.assign()
    first = story.now
    story.on("2026-01-12")
    for person in people[::10]:
        story.complete(person, "2026-01-11T10:00")
    changed = [one for one in story.enrolments(made) if one.person in people[::10]]
    assert {one.updated_at for one in changed} == {story.now}
    assert story.enrolments(made, updated_from=story.now) == changed
    assert len(story.enrolments(made, updated_from=first)) == 20
    assert len(story.enrolments(made, updated_from=first, updated_before=story.now)) == 18
    assert story.enrolments(made, updated_from=first, updated_before=story.now, skip=18) == []
    fell_due = datetime(2026, 2, 10, tzinfo=UTC)
    late = story.on("2026-02-11").enrolments(made, updated_from=fell_due, status=EnrolmentStatus.OVERDUE)
    assert (len(late), {one.updated_at for one in late}) == (18, {fell_due}), "days pass without a write"


def test_a_correction_that_makes_it_somebody_elses_takes_it_back(hub: Hub, story: Story) -> None:
    one, other = story.people(2)
    made = story.assign()
    key = SourceKey("story", "k1", same_key=SameKey.REPLACE)
    for hour, person in ((12, one), (13, other)):
        new = completion(datetime(2026, 1, 10, hour, tzinfo=UTC), person=person, key=key)
        hub.do(story.on("2026-01-11").ledger.records.record(hub.tenant.id, new, report(hub)))
    seen = story.on("2026-01-12").enrolments(made)
    assert words(seen) == ["open", "complete"]
    assert seen[0].history[-1].before is EnrolmentStatus.COMPLETE
