"""Links between items are spans: what was stays on record."""

from __future__ import annotations

from testamur.core.ids import Id
from testamur.core.items import ItemKind, ItemPut, ItemTelling, PutOutcome
from testamur.core.people import Identifier, Reference
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub
from tests.ledger.tellings import kept


def put(hub: Hub, *members: Id) -> ItemPut:
    told = ItemTelling(
        identifiers=(Identifier("ref", "PATH"),),
        defaults={"title": "Path"},
        kind=ItemKind.COLLECTION,
        members=tuple(Reference(str(member), (), "item") for member in members),
    )
    (answer,) = hub.do(hub.ledger.items.put(hub.caller, [told]))
    return answer


def test_links_that_stay_go_on_and_the_others_end(hub: Hub, urls: DatabaseUrls) -> None:
    assert put(hub, hub.item, hub.third_party).outcome is PutOutcome.ADDED
    assert put(hub, hub.item, hub.third_party).outcome is PutOutcome.UNCHANGED
    assert put(hub, hub.item, hub.draft).outcome is PutOutcome.UPDATED
    rows = kept(urls, hub, "item_link", "linked_at, place")
    assert [(row["child"], row["place"], row["unlinked_at"] is None) for row in rows] == [
        (hub.item, 1, True),
        (hub.third_party, 2, False),
        (hub.draft, 2, True),
    ]
    linked = [row for row in kept(urls, hub, "ledger_entry", "number") if row["kind"] == "item.linked"]
    assert len(linked) == 2


def test_nothing_consists_of_itself_or_of_the_unknown(hub: Hub, other_hub: Hub) -> None:
    own = put(hub, hub.item).item
    assert own is not None
    for wrong, code in ((own, "order"), (other_hub.item, "not_found")):
        fault = put(hub, wrong).fault
        assert fault is not None
        assert fault.code == code
