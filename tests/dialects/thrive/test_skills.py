"""Transcripts of PATCH /users/{userId}/skills and GET /skills/levels."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from testamur.core.errors import InvalidInput
from testamur.core.ids import to_hex24
from testamur.core.people import Reference
from testamur.core.skills import LEVEL_MAX, PersonTags, SkillLevel, SkillSetting, TagNamed
from testamur.ledger.skills import LEVELS_MAX
from tests.hub import Hub
from tests.ledger.tellings import kept

LEVELS = "/rest/v1/skills/levels"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    hub.do(hub.ledger.skills.add(hub.caller, ["Welding", "Excel"]))
    return hub.client("thrive")


def of(hub: Hub) -> str:
    return f"/rest/v1/users/{to_hex24(hub.person)}/skills"


def update(*skills: Any, **changed: Any) -> dict[str, Any]:
    whole = {"op": "update", "path": "skills", "value": list(skills)} | changed
    return {name: value for name, value in whole.items() if value is not ...}


def held(hub: Hub) -> dict[str, tuple[int | None, int | None]]:
    tags = hub.do(hub.ledger.skills.of_people(hub.tenant.id, [hub.person]))[hub.person]
    return {skill.name: (skill.level, skill.target) for skill in tags.skills}


def test_levels_and_targets_are_set(hub: Hub, client: httpx.Client) -> None:
    answer = client.patch(
        of(hub),
        json=update({"tagName": "welding", "level": 1024, "targetLevel": 2048}, {"tagName": "Excel", "targetLevel": 0}),
    )
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": 200, "message": "2 skill(s) updated successfully for the learner."},
    )
    assert held(hub) == {"Welding": (1024, 2048), "Excel": (None, 0)}


def test_what_is_not_said_stays_and_minus_one_takes_away(hub: Hub, client: httpx.Client) -> None:
    client.patch(of(hub), json=update({"tagName": "Welding", "level": 1024, "targetLevel": 2048}))
    client.patch(of(hub), json=update({"tagName": "Welding", "targetLevel": 4096}))
    assert held(hub) == {"Welding": (1024, 4096)}
    client.patch(of(hub), json=update({"tagName": "Welding", "level": -1}))
    assert held(hub) == {"Welding": (None, 4096)}
    client.patch(of(hub), json=update({"tagName": "Welding", "targetLevel": -1}))
    assert held(hub) == {}
    client.patch(of(hub), json=update({"tagName": "Welding"}))
    assert held(hub) == {}


def test_every_level_that_was_stays_on_record(urls: Any, hub: Hub, client: httpx.Client) -> None:
    for level in (0, 1024, 1024, 2048, -1):
        client.patch(of(hub), json=update({"tagName": "Welding", "level": level}))
    spans = kept(urls, hub, "person_skill", "tied_at")
    assert [(span["level"], span["untied_at"] is None) for span in spans] == [(0, False), (1024, False), (2048, False)]
    assert [span["untied_at"] for span in spans[:-1]] == [span["tied_at"] for span in spans[1:]]
    entries = [row for row in kept(urls, hub, "ledger_entry", "number") if row["kind"] == "skill.set"]
    assert len(entries) == 4, "what changes nothing writes nothing"


def test_updates_at_the_same_time_all_count(urls: Any, hub: Hub, client: httpx.Client) -> None:
    async def race() -> None:
        person = Reference(str(hub.person))
        settings = [SkillSetting(TagNamed("Welding"), level=level) for level in range(10)]
        await asyncio.gather(*[hub.ledger.skills.set(hub.caller, person, [setting]) for setting in settings])

    hub.do(race())
    spans = kept(urls, hub, "person_skill", "tied_at")
    assert sorted(span["level"] for span in spans) == list(range(10))
    assert sum(span["untied_at"] is None for span in spans) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (update(), "value"),
        (update(value=...), "value"),
        (update({"tagName": "Welding", "level": 1}, op="add"), "op"),
        (update({"tagName": "Welding", "level": 1}, path="tags"), "path"),
        (update({"level": 1}), "tagName"),
        (update({"tagName": ""}), "tagName"),
        (update({"tagName": 1}), "tagName"),
        (update({"tagName": "Wel\0ding"}), "tagName"),
        (update({"tagName": "Welding", "level": -2}), "level"),
        (update({"tagName": "Welding", "level": 1.5}), "level"),
        (update({"tagName": "Welding", "level": "1"}), "level"),
        (update({"tagName": "Welding", "level": None}), "level"),
        (update({"tagName": "Welding", "level": 2**31}), "level"),
        (update({"tagName": "Welding", "targetLevel": -2}), "targetLevel"),
        (update(*[{"tagName": "Welding"}] * 101), "value"),
        (update({"tagName": "Welding", "level": 1}, {"tagName": "WELDING", "level": 2}), "value[1].tagName"),
    ],
)
def test_a_bad_body_is_422_and_named(hub: Hub, client: httpx.Client, body: Any, field: str) -> None:
    answer = client.patch(of(hub), json=body)
    assert answer.status_code == 422, answer.text
    assert field in answer.json()["message"]
    assert held(hub) == {}


def test_what_is_no_json_is_refused(hub: Hub, client: httpx.Client) -> None:
    json = {"content-type": "application/json"}
    assert client.patch(of(hub), content=b'{"op"', headers=json).status_code == 422
    assert client.patch(of(hub), content=b"op=update").status_code == 415


def test_one_unknown_skill_refuses_all_and_is_named(hub: Hub, client: httpx.Client) -> None:
    answer = client.patch(of(hub), json=update({"tagName": "Welding", "level": 1}, {"tagName": "Alchemy", "level": 1}))
    assert answer.status_code == 404
    assert "value[1].tagName" in answer.json()["message"]
    assert held(hub) == {}


def test_an_unknown_learner_is_404(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    body = update({"tagName": "Welding", "level": 1})
    for user in ("f" * 24, "nobody", "a%2Fb", to_hex24(other_hub.person)):
        answer = client.patch(f"/rest/v1/users/{user}/skills", json=body)
        assert answer.status_code == 404
        assert "userId" in answer.json()["message"]
    assert client.patch(of(hub).replace(to_hex24(hub.person), to_hex24(hub.person).upper()), json=body).is_success


def test_a_read_only_key_may_look_and_not_touch(hub: Hub, client: httpx.Client) -> None:
    with hub.client("thrive", hub.reader) as reader:
        assert reader.patch(of(hub), json=update({"tagName": "Welding", "level": 1})).status_code == 403
        assert reader.get(LEVELS).status_code == 200


def test_levels_are_a_bare_array_from_the_lowest_up(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    assert client.get(LEVELS).json() == []
    levels = [SkillLevel(2048, "Expert"), SkillLevel(1024, "Novice", is_enabled=False)]
    assert hub.do(hub.ledger.skills.put_levels(hub.caller, levels)) == 2
    assert hub.do(hub.ledger.skills.put_levels(hub.caller, levels)) == 0
    answer = client.get(LEVELS)
    assert (answer.status_code, answer.json()) == (
        200,
        [
            {"name": "Novice", "isEnabled": False, "value": 1024},
            {"name": "Expert", "isEnabled": True, "value": 2048},
        ],
    )
    hub.do(hub.ledger.skills.put_levels(hub.caller, [SkillLevel(1024, "Beginner")]))
    assert client.get(LEVELS).json()[0] == {"name": "Beginner", "isEnabled": True, "value": 1024}
    with other_hub.client("thrive") as stranger:
        assert stranger.get(LEVELS).json() == []


@pytest.mark.parametrize(
    "levels",
    [
        [SkillLevel(-1, "None")],
        [SkillLevel(LEVEL_MAX + 1, "Too much")],
        [SkillLevel(1, "")],
        [SkillLevel(1, "x" * 256)],
        [SkillLevel(1, "One"), SkillLevel(1, "Two")],
        [SkillLevel(value, "Many") for value in range(LEVELS_MAX + 1)],
    ],
)
def test_a_level_that_cannot_be_is_refused(hub: Hub, levels: list[SkillLevel]) -> None:
    with pytest.raises(InvalidInput):
        hub.do(hub.ledger.skills.put_levels(hub.caller, levels))
    assert hub.do(hub.ledger.skills.levels(hub.tenant.id)) == []


def test_people_without_tags_have_none(hub: Hub) -> None:
    tags = hub.do(hub.ledger.skills.of_people(hub.tenant.id, [hub.person, hub.other_person]))
    assert tags == {hub.person: PersonTags(), hub.other_person: PersonTags()}
