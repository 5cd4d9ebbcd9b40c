"""Putting a catalogue into the ledger: what is added, changed, left alone and refused."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest

from testamur.core.errors import InvalidInput
from testamur.core.ids import Id, to_hex24
from testamur.core.items import Item, ItemKind, ItemPut, ItemState, ItemTelling, NewItem, PutOutcome
from testamur.core.people import Identifier, Reference
from testamur.ledger.items import PUT_MAX
from tests.hub import Hub
from tests.ledger.tellings import kept

ADDED, UPDATED, UNCHANGED, REFUSED = PutOutcome.ADDED, PutOutcome.UPDATED, PutOutcome.UNCHANGED, PutOutcome.REFUSED


def telling(ref: str | None = "NEW-1", title: str | None = "New", **told: Any) -> ItemTelling:
    identifiers = told.pop("identifiers", ())
    fields = ({} if title is None else {"title": title}) | told.pop("fields", {})
    named = () if ref is None else (Identifier("ref", ref),)
    return ItemTelling(identifiers=(*named, *identifiers), fields=fields, **told)


def put(hub: Hub, *told: ItemTelling, seen: set[Id] | None = None) -> list[ItemPut]:
    return hub.do(hub.ledger.items.put(hub.caller, told, seen=seen))


def one(hub: Hub, told: ItemTelling) -> PutOutcome:
    (answer,) = put(hub, told)
    return answer.outcome


def refused(hub: Hub, told: ItemTelling) -> str:
    (answer,) = put(hub, told)
    assert answer.outcome is REFUSED
    assert answer.fault is not None
    return f"{answer.fault.field}:{answer.fault.code}"


def item(hub: Hub, ref: str = "NEW-1", kind: str = "ref") -> Item:
    return hub.do(hub.ledger.items.get(hub.tenant.id, Reference(ref, (kind,), "item")))


def entries(urls: Any, hub: Hub) -> list[Any]:
    return kept(urls, hub, "ledger_entry", "number")


def versions(urls: Any, hub: Hub, id: Id) -> list[tuple[int, bool]]:
    rows = kept(urls, hub, "item_version", "number")
    return [(row["number"], row["published_at"] is not None) for row in rows if row["item"] == id]


WHOLE = telling(
    title="Wiring a plug",
    identifiers=(Identifier("iri", "https://example.com/plug"), Identifier("thrive", "5E4F3D2C1B0A998877665544")),
    fields={
        "kind": ItemKind.COURSE,
        "format": "video",
        "description": "Live, neutral, earth",
        "provider": "Acme",
        "language": "en",
        "url": "https://example.com/plug",
        "cover_url": "https://example.com/plug.png",
        "duration": "PT1H",
        "is_authored": True,
        "requires_quiz": True,
        "is_official": True,
        "attributes": {"topic": "electrics", "deep": [1, {"er": None}]},
    },
    author="ada@EXAMPLE.com",
    version=3,
    tags=("Electrics", "At home"),
    skills=("Wiring",),
)


def test_a_new_item_keeps_everything_that_is_told(urls: Any, hub: Hub) -> None:
    (answer,) = put(hub, WHOLE)
    stored = item(hub)
    assert (answer.outcome, answer.item) == (ADDED, stored.id)
    assert {name: getattr(stored, name) for name in WHOLE.fields} == dict(WHOLE.fields)
    assert (stored.author, stored.version, stored.draft) == (hub.person, 3, None)
    assert (stored.tags, stored.skills) == (("At home", "Electrics"), ("Wiring",))
    assert stored.identifiers == {
        "ref": ("NEW-1",),
        "iri": ("https://example.com/plug",),
        "thrive": ("5e4f3d2c1b0a998877665544",),
    }
    assert versions(urls, hub, stored.id) == [(3, True)]


def test_the_same_told_again_writes_nothing(urls: Any, hub: Hub) -> None:
    put(hub, WHOLE)
    before = {table: kept(urls, hub, table, "1, 2") for table in ("item", "item_tag", "ledger_entry", "tag")}
    assert one(hub, WHOLE) is UNCHANGED
    assert {table: kept(urls, hub, table, "1, 2") for table in before} == before


def test_an_item_that_exists_is_updated_and_what_is_not_told_stays(urls: Any, hub: Hub) -> None:
    put(hub, WHOLE)
    before, first = item(hub), len(entries(urls, hub))
    told = telling(title=None, fields={"provider": None, "duration": "PT2H"}, tags=("electrics", "Safety"))
    assert one(hub, told) is UPDATED
    after = item(hub)
    assert (after.provider, after.duration, after.tags) == (None, "PT2H", ("Electrics", "Safety"))
    assert (after.title, after.skills, after.author, after.version) == ("Wiring a plug", ("Wiring",), hub.person, 3)
    assert after.updated_at > before.updated_at
    assert after.created_at == before.created_at
    new = entries(urls, hub)[first:]
    assert [row["kind"] for row in new] == ["item.updated", "tag.added"]
    assert new[0]["client"] == hub.key.client
    assert "PT2H" in str(new[0]["data"])


@pytest.mark.parametrize("known_by", ["ref", "iri"])
def test_any_identifier_finds_the_item_and_the_others_are_added(hub: Hub, known_by: str) -> None:
    value = {"ref": "FIRE-101", "iri": "https://example.com/fire-101"}[known_by]
    told = ItemTelling(identifiers=(Identifier(known_by, value), Identifier("cpod", "OLD-9")))
    assert one(hub, told) is UPDATED
    assert item(hub, "old-9", "cpod").id == hub.item
    assert one(hub, told) is UNCHANGED


def test_a_person_named_as_author_may_be_known_by_reference_email_or_id(hub: Hub) -> None:
    for place, author in enumerate(("00124", "ZOE@example.com", to_hex24(hub.other_person))):
        put(hub, telling(f"BY-{place}", author=author))
        assert item(hub, f"BY-{place}").author == hub.other_person
    assert one(hub, telling("BY-0", author="")) is UPDATED
    assert item(hub, "BY-0").author is None


# What is refused --------------------------------------------------------------------------------------------------


def test_a_bad_telling_hinders_no_other(urls: Any, hub: Hub) -> None:
    answers = put(hub, telling("A"), telling("B", title=None), telling("C", author="nobody"), telling("D"))
    assert [answer.outcome for answer in answers] == [ADDED, REFUSED, REFUSED, ADDED]
    assert {item(hub, "A").title, item(hub, "D").title} == {"New"}
    assert len([row for row in entries(urls, hub) if row["kind"] == "item.added"]) == 3 + 2


def test_what_cannot_be_understood_is_refused_and_named(hub: Hub, other_hub: Hub) -> None:
    assert refused(hub, telling(None)) == ":missing"
    assert refused(hub, telling(title=None)) == "title:missing"
    assert refused(hub, telling(title="")) == "title:missing"
    assert refused(hub, telling(title="x" * 501)) == "title:range"
    assert refused(hub, telling("FIRE-101", fields={"title": None})) == "title:missing"
    assert refused(hub, telling("FIRE-101", fields={"kind": None})) == "kind:missing"
    assert refused(hub, telling(author=to_hex24(other_hub.person))) == "author:not_found"
    assert refused(hub, telling("FIRE-101", identifiers=(Identifier("ref", "LIFT/1 ä"),))) == ":duplicate"
    assert refused(hub, telling("  ")) == "ref:range"
    assert refused(hub, telling(version=0)) == "version:range"
    assert refused(hub, telling("FIRE-101", version=2**31)) == "version:range"
    assert refused(hub, telling(tags=("ok", " "))) == "tags[1]:range"
    assert refused(hub, telling(skills=("x" * 256,))) == "skills[0]:range"
    assert item(hub, "FIRE-101").title == "Fire safety"


def test_an_item_is_told_of_once_in_a_series(hub: Hub) -> None:
    seen: set[Id] = set()
    alias = ItemTelling(identifiers=(Identifier("iri", "https://example.com/fire-101"),), fields={"title": "Other"})
    answers = put(hub, telling("FIRE-101", "First"), alias, telling("X"), telling("X", "Other"), seen=seen)
    assert [answer.outcome for answer in answers] == [UPDATED, REFUSED, ADDED, REFUSED]
    assert put(hub, alias, seen=seen)[0].outcome is REFUSED
    assert item(hub, "FIRE-101").title == "First"
    assert put(hub, alias)[0].outcome is UPDATED, "another series may tell of it again"


def test_too_many_at_once_are_refused(hub: Hub) -> None:
    with pytest.raises(InvalidInput):
        put(hub, *[telling(f"N-{number}") for number in range(PUT_MAX + 1)])
    answers = put(hub, *[telling(f"N-{number}") for number in range(PUT_MAX)])
    assert {answer.outcome for answer in answers} == {ADDED}


# Versions ---------------------------------------------------------------------------------------------------------


def test_a_draft_is_published_when_the_catalogue_says_so(urls: Any, hub: Hub) -> None:
    put(hub, telling(state=ItemState.DRAFT))
    draft = item(hub)
    assert (draft.version, draft.draft) == (None, 1)
    assert one(hub, telling(state=ItemState.DRAFT)) is UNCHANGED
    assert one(hub, telling()) is UNCHANGED, "a catalogue that says nothing of the state publishes nothing"
    assert one(hub, telling(state=ItemState.PUBLISHED)) is UPDATED
    assert (item(hub).version, item(hub).draft) == (1, None)
    assert refused(hub, telling(state=ItemState.DRAFT)) == "state:order"


def test_a_higher_version_is_published_and_a_lower_one_refused(urls: Any, hub: Hub) -> None:
    day = date(2025, 9, 1)
    assert one(hub, telling("FIRE-101", None, version=2, retraining_from=day)) is UPDATED
    assert one(hub, telling("FIRE-101", None, version=2, retraining_from=day)) is UNCHANGED
    assert item(hub, "FIRE-101").version == 2
    assert refused(hub, telling("FIRE-101", None, version=1)) == "version:order"
    assert versions(urls, hub, hub.item) == [(1, True), (2, True)]
    rows = [row for row in kept(urls, hub, "item_version", "item, number") if row["item"] == hub.item]
    assert [row["retraining_from"] for row in rows] == [None, day]
    published = [row for row in entries(urls, hub) if row["kind"] == "item.published"]
    assert len(published) == 1
    assert "2025-09-01" in str(published[0]["data"])


def test_a_draft_of_the_next_version_waits_for_its_own_number(urls: Any, hub: Hub) -> None:
    assert one(hub, telling("FIRE-101", None, version=2, state=ItemState.DRAFT)) is UPDATED
    assert (item(hub, "FIRE-101").version, item(hub, "FIRE-101").draft) == (1, 2)
    assert one(hub, telling("FIRE-101", None, version=2, state=ItemState.DRAFT)) is UNCHANGED
    assert one(hub, telling("FIRE-101", None, state=ItemState.PUBLISHED)) is UNCHANGED
    assert one(hub, telling("FIRE-101", None, version=2, state=ItemState.PUBLISHED)) is UPDATED
    assert versions(urls, hub, hub.item) == [(1, True), (2, True)]


def test_an_item_is_retired_and_offered_again(hub: Hub) -> None:
    for state, retired in ((ItemState.RETIRED, True), (ItemState.PUBLISHED, False)):
        assert one(hub, telling("FIRE-101", None, state=state)) is UPDATED
        assert one(hub, telling("FIRE-101", None, state=state)) is UNCHANGED
        assert (item(hub, "FIRE-101").retired_at is not None) is retired
    put(hub, telling("GONE", state=ItemState.RETIRED))
    assert item(hub, "GONE").retired_at is not None


# Tags and skills --------------------------------------------------------------------------------------------------


def test_ties_that_end_stay_on_record(urls: Any, hub: Hub) -> None:
    for tags in (("A", "B"), ("B", "C"), ("A",), ()):
        put(hub, telling("FIRE-101", None, tags=tags))
    assert item(hub, "FIRE-101").tags == ()
    assert len(kept(urls, hub, "item_tag", "id")) == 4
    assert all(row["untied_at"] is not None for row in kept(urls, hub, "item_tag", "id"))


def test_names_of_tags_are_compared_without_case_and_blanks(urls: Any, hub: Hub) -> None:
    put(hub, telling("A", tags=("Health and  Safety",)), telling("B", skills=("HEALTH AND SAFETY",)))
    assert len(kept(urls, hub, "tag", "id")) == 1
    assert one(hub, telling("A", tags=("health and safety",))) is UNCHANGED


def test_the_skills_of_many_items_come_in_one_call(hub: Hub) -> None:
    put(hub, telling("FIRE-101", None, skills=("Fire", "Alarm"), tags=("Safety",)))
    skills = hub.do(hub.ledger.skills.of_items(hub.tenant.id, [hub.item, hub.third_party]))
    assert skills == {hub.item: ("Alarm", "Fire"), hub.third_party: ()}


def test_added_items_have_tags_too(hub: Hub) -> None:
    new = NewItem(title="Tagged", tags=("One",), skills=("Two",), identifiers=(Identifier("ref", "T"),))
    hub.do(hub.ledger.items.add(hub.caller, [new]))
    assert (item(hub, "T").tags, item(hub, "T").skills) == (("One",), ("Two",))


def test_the_same_catalogue_told_by_many_at_once_is_there_once(urls: Any, hub: Hub) -> None:
    async def race() -> list[list[ItemPut]]:
        told = [telling(f"R-{number}", tags=("Race",)) for number in range(20)]
        return await asyncio.gather(*[hub.ledger.items.put(hub.caller, told) for _ in range(8)])

    answers = hub.do(race())
    outcomes = [answer.outcome for each in answers for answer in each]
    assert (outcomes.count(ADDED), outcomes.count(UNCHANGED)) == (20, 140)
    assert len(kept(urls, hub, "item_tag", "id")) == 20
    assert len(kept(urls, hub, "tag", "id")) == 1


def test_two_tenants_may_use_the_same_identifiers(hub: Hub, other_hub: Hub) -> None:
    put(hub, telling("SAME", "Ours", tags=("Shared",)))
    put(other_hub, telling("SAME", "Theirs", tags=("Shared",)))
    assert (item(hub, "SAME").title, item(other_hub, "SAME").title) == ("Ours", "Theirs")
