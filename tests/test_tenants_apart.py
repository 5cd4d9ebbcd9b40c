"""Every operation of every dialect, tried by a stranger."""

from __future__ import annotations

import io
from datetime import date

import pytest

from testamur.core.assignments import NewAssignment
from testamur.core.cpd import NewCpdEntry
from testamur.core.decisions import NewExemption, NewExtension
from testamur.core.ids import Id, to_hex24, to_opaque, to_ulid, to_uuid
from testamur.core.imports import Options
from testamur.core.invitations import NewInvitation
from testamur.core.items import ItemKind, NewItem
from testamur.core.moments import When, format_instant
from testamur.core.people import Identifier, NewPerson, Reference
from testamur.core.retention import Basis, Level, NewRule
from testamur.core.sessions import NewSession
from testamur.core.webhooks import NewWebhook
from testamur.dialects import ALL
from testamur.http.operations import Operation
from testamur.ledger.cpd import LoggedCpd
from testamur.ledger.enrolling import Offer
from tests.hub import Hub, moment

OPERATIONS = [(dialect.name, operation) for dialect in ALL for operation in dialect.operations if operation.scope]


def continuing(hub: Hub) -> tuple[Id, Id, Id]:
    """A category, an entry and a requirement of continuing professional development."""
    new = NewCpdEntry(
        person=Reference("00123", ("ref",)),
        category="Safety",
        activity_type="course",
        activity_name="Ladders",
        done=When.instant(moment()),
        duration_minutes=30,
    )
    (logged,) = hub.do(hub.ledger.cpd.log(hub.caller, [new]))
    assert isinstance(logged, LoggedCpd)
    entry = hub.do(hub.ledger.cpd.entry(hub.tenant.id, logged.id))
    return entry.category.id, entry.id, hub.do(hub.ledger.cpd.require(hub.caller, Reference("site-staff"), 60))


def decided(hub: Hub) -> tuple[Id, Id]:
    """An exemption and an extension."""
    person, item = Reference(to_hex24(hub.person), (), "person"), Reference(to_hex24(hub.third_party), (), "item")
    new = NewAssignment(audience=Reference("site-staff", (), "audience"), primary=item)
    of = Reference(to_hex24(hub.do(hub.ledger.assignments.add(hub.caller, new)).id), (), "assignment")
    extension = hub.do(
        hub.ledger.decisions.extend(
            hub.caller, NewExtension(person=person, assignment=of, due_on=date(2099, 1, 1), reason="Away")
        )
    )
    exemption = hub.do(
        hub.ledger.decisions.exempt(hub.caller, NewExemption(person=person, from_on=date(2099, 1, 1), reason="Away"))
    )
    return exemption.id, extension.id


def tried(hub: Hub) -> tuple[Id, Id]:
    """A session, and a learning path in which everybody of the audience is enrolled."""
    person, item = Reference(to_hex24(hub.person), (), "person"), Reference(to_hex24(hub.item), (), "item")
    new = NewSession(person=person, item=item, started_at=moment(), key="theirs")
    (path,) = hub.do(hub.ledger.items.add(hub.caller, [NewItem(title="Induction", kind=ItemKind.COLLECTION)]))
    offer = Offer(Reference(to_hex24(path), (), "item"), is_collection=True)
    hub.do(hub.ledger.enrolling.enrol_audience(hub.caller, offer, Reference("site-staff", (), "audience")))
    return hub.do(hub.ledger.sessions.record(hub.caller, new)).session.id, path


def rehearsed(hub: Hub) -> Id:
    """An import."""
    file = io.BytesIO(b"employee_id,learning,completed_on\n00123,FIRE-101,2023-05-04\n")
    return hub.do(hub.ledger.imports.rehearse(hub.caller, file, name="history.csv", options=Options())).id


def kept(hub: Hub) -> dict[str, str]:
    """A retention rule, a legal hold, and an erasure that they keep something from."""
    ledger, person = hub.ledger, Reference(to_hex24(hub.person), (), "person")
    rule = hub.do(ledger.retention.set(hub.caller, NewRule(basis=Basis.LEAVING, years=6, reason="The law")))
    hold = hub.do(ledger.retention.place(hub.caller, "A court asks", person=person, item=None))
    asked = hub.do(ledger.erasures.erase(hub.caller, person, Level.ALL, "She asked for it"))
    return {
        "retention": to_ulid(rule.id, "retention"),
        "hold": to_ulid(hold.id, "hold"),
        "erasure": to_ulid(asked.id, "erasure"),
    }


@pytest.mark.parametrize(("dialect", "operation"), OPERATIONS, ids=lambda value: getattr(value, "name", value))
def test_a_stranger_reaches_nothing(hub: Hub, other_hub: Hub, dialect: str, operation: Operation) -> None:
    """Whatever an id names in one tenant, another tenant's credentials get no success and no trace of it."""
    with hub.client("thrive") as client:
        statement = client.post(
            "/rest/v1/learning/completions",
            json={
                "userId": to_hex24(hub.person),
                "contentId": to_hex24(hub.item),
                "completedAt": format_instant(moment()),
            },
        ).json()["statementId"]
        assignment = client.post(
            "/rest/v1/assignments", json={"audienceId": to_hex24(hub.audience), "contentId": to_hex24(hub.item)}
        ).json()["id"]
    (record,) = hub.do(hub.ledger.records.page(hub.tenant.id, count=10))
    hub.do(hub.ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("ref", "theirs"),))]))
    hub.do(hub.ledger.skills.add(hub.caller, ["Ladders"]))
    (tag,) = hub.do(hub.ledger.skills.page(hub.tenant.id, updated_since=None, count=1, skip=0))[1]
    category, entry, requirement = continuing(hub)
    exemption, extension = decided(hub)
    invited = hub.do(hub.ledger.invitations.invite(hub.caller, NewInvitation(email="asked@example.com"))).id
    webhooks = {
        words: hub.do(
            hub.ledger.webhooks.add(
                hub.tenant.id, NewWebhook(dialect=words, name="x", url="https://example.com/", events=("user.created",))
            )
        ).id
        for words in ("api", "rise")
    }
    session, induction = tried(hub)
    named = {
        "audienceId": to_hex24(hub.audience),
        "userRef": "00123",
        "ref": "theirs",
        "enrolmentId": to_hex24(hub.person),
        "tagId": to_hex24(tag.id),
        "categoryId": to_hex24(category),
        "logEntryId": to_hex24(entry),
        "audienceRequirementId": to_hex24(requirement),
        "userId": to_hex24(hub.person),
        "courseId": to_hex24(hub.item),
        "groupId": to_hex24(hub.audience),
        "invitationId": to_hex24(invited),
        "assignmentId": assignment,
        "person": to_ulid(hub.person, "person"),
        "item": to_ulid(hub.item, "item"),
        "audience": to_ulid(hub.audience, "audience"),
        "assignment": assignment,
        "record": to_ulid(record.id, "record"),
        "invitation": to_ulid(invited, "invitation"),
        "exemption": to_ulid(exemption, "exemption"),
        "extension": to_ulid(extension, "extension"),
        "webhook": to_ulid(webhooks["api"], "webhook"),
        "webhookId": to_hex24(webhooks["rise"]),
        "session": to_ulid(session, "session"),
        "learningPathId": to_hex24(induction),
        "number": "1",
        "import": to_ulid(rehearsed(hub), "import"),
        **kept(hub),
        "upload": to_ulid(hub.do(hub.ledger.uploads.create(hub.caller, 10)).id, "upload"),
        "subResourceId": to_opaque(record.id),
        "id": statement,
        "provider": "testamur",
    }
    if "/contents/{id}" in operation.path:
        named["id"] = to_hex24(hub.item)
    if "/activity/{id}" in operation.path:
        (activity,) = hub.do(hub.ledger.activities.page(hub.tenant.id, count=1)).activities
        named["id"] = to_hex24(activity.id)
    if "/user/{id}" in operation.path:
        named["id"] = to_hex24(hub.person)
    if "/users/{id}" in operation.path:
        named["id"] = to_opaque(hub.person)
    if "/accounts/{id}" in operation.path:
        named["id"] = to_opaque(hub.account)
    if dialect == "stackone" and "/assignments/{" in operation.path:
        pair = assignment + to_hex24(hub.person)
        named["subResourceId" if "/users/" in operation.path else "id"] = pair
    if dialect == "cpod":
        named["id"] = to_ulid(record.id, "record")
    path = operation.path.format(**named)
    params = {"statementId": to_uuid(record.id)} if operation.path.endswith("/statements") else {}
    with other_hub.client(dialect) as stranger:
        answer = stranger.request(operation.method, path, params=params, json=None if operation.body is None else {})
    if 501 in operation.errors:
        assert answer.status_code in (400, 501), answer.text
    elif "{" in operation.path or params:
        assert 400 <= answer.status_code < 500, answer.text
    spellings = [
        spell
        for id in (
            hub.person,
            hub.item,
            hub.audience,
            record.id,
            exemption,
            extension,
            invited,
            session,
            induction,
            *webhooks.values(),
        )
        for spell in (to_hex24(id), to_opaque(id), to_uuid(id), to_ulid(id, "record")[4:])
    ]
    body = answer.text.replace(path, "")
    if answer.status_code < 400:
        assert not [spelling for spelling in spellings if spelling in body]
    assert hub.tenant.slug not in body


@pytest.mark.parametrize("dialect", [dialect.name for dialect in ALL])
def test_a_key_for_one_dialect_opens_no_other(hub: Hub, dialect: str) -> None:
    key = hub.do(hub.ledger.clients.create(hub.tenant.id, "elsewhere", dialect="somewhere-else"))
    paths = {
        "thrive": "/rest/v1/assignments",
        "stackone": "/unified/lms/completions",
        "rise": "/users",
        "api": "/v1/people",
        "xapi": f"/statements?statementId={to_uuid(hub.person)}",
    }
    if dialect == "cpod":
        with pytest.raises(KeyError):
            hub.client(dialect, key)
    else:
        with hub.client(dialect, key) as client:
            assert client.get(paths[dialect]).status_code == 401
