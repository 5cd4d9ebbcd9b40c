"""Webhooks of imported facts carry the batch, so that a receiver can leave history alone (rule I15)."""

from __future__ import annotations

from testamur.core.ids import to_hex24
from testamur.core.imports import Of
from testamur.core.moments import format_instant
from testamur.core.people import Identifier, NewPerson
from tests.delivery.deliveries import delivering, settled
from tests.delivery.receiver import receiving
from tests.delivery.test_deliverer import hook
from tests.hub import Hub, moment
from tests.ledger.imports import imported


def test_i15_an_imported_completion_is_told_with_a_mark_and_others_without(hub: Hub) -> None:
    with receiving() as receiver, delivering(hub):
        webhook = hook(hub, receiver, "content.completed")
        batch = imported(hub, "employee_id,learning,completed_on\n00123,FIRE-101,2023-05-04\n")
        with hub.client("thrive") as client:
            told = {"userId": to_hex24(hub.person), "contentId": to_hex24(hub.item)}
            client.post("/rest/v1/learning/completions", json={**told, "completedAt": format_instant(moment())})
        settled(hub, webhook, 2)
        marks = [one.headers.get("x-testamur-import") for one in receiver.received]
    assert marks == [str(batch.id), None]


def test_i15_imported_people_are_told_with_a_mark_too(hub: Hub) -> None:
    with receiving() as receiver, delivering(hub):
        webhook = hook(hub, receiver, "user.created")
        batch = imported(hub, "employee_id,email\nE1,e1@example.com\n", of=Of.PEOPLE)
        hub.do(hub.ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("ref", "E2"),))]))
        settled(hub, webhook, 2)
        marks = [one.headers.get("x-testamur-import") for one in receiver.received]
    assert marks == [str(batch.id), None]
