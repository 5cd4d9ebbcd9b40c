"""Transcripts of GET /contents and GET /contents/{id}."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from testamur.core.ids import Id, to_hex24
from testamur.core.items import ItemKind, ItemState, ItemTelling, NewItem, Outside
from testamur.core.people import Identifier
from testamur.dialects.thrive.translate.contents import TYPES
from tests.hub import Hub, moment
from tests.ledger.tellings import completion, tell

PATH = "/rest/v1/contents"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("thrive")


def add(hub: Hub, **new: Any) -> Id:
    (id,) = hub.do(hub.ledger.items.add(hub.caller, [NewItem(**{"title": "Something", **new})]))
    return id


def put(hub: Hub, ref: str, **told: Any) -> None:
    telling = ItemTelling(identifiers=(Identifier("ref", ref),), **told)
    (answer,) = hub.do(hub.ledger.items.put(hub.caller, [telling]))
    assert answer.fault is None


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [content["id"] for content in answer.json()["results"]]


def test_a_content_shows_everything_that_is_known_of_it(hub: Hub, client: httpx.Client) -> None:
    id = add(
        hub,
        title="Wiring a plug",
        kind=ItemKind.CONTENT,
        format="video",
        description="<p>Live, neutral, earth</p>",
        duration="PT1H30M",
        is_official=True,
        author=hub.person,
        tags=("Electrics", "At home"),
        skills=("Wiring",),
        identifiers=(Identifier("ref", "PLUG-1"),),
    )
    answer = client.get(f"{PATH}/{to_hex24(id)}")
    assert answer.status_code == 200
    content = answer.json()
    created = content.pop("createdAt")
    by = {"type": "client", "value": to_hex24(hub.key.client)}
    assert content == {
        "id": to_hex24(id),
        "title": "Wiring a plug",
        "description": "<p>Live, neutral, earth</p>",
        "tags": ["At home", "Electrics", "Wiring"],
        "type": "video",
        "author": to_hex24(hub.person),
        "isOfficial": True,
        "duration": {"value": 90.0, "unit": "minutes"},
        "contentHistory": [
            {"action": "created", "timestamp": created, "performedBy": by},
            {"action": "published", "timestamp": created, "performedBy": by},
        ],
        "updatedAt": created,
    }
    assert created[-5] == "."
    assert created.endswith("Z")


def test_a_content_of_which_little_is_known_has_null_for_the_rest(hub: Hub, client: httpx.Client) -> None:
    content = client.get(f"{PATH}/{to_hex24(hub.third_party)}").json()
    assert (content["type"], content["author"], content["duration"]) == ("scorm", None, None)
    assert (content["description"], content["tags"], content["isOfficial"]) == ("", [], False)


def test_the_list_has_the_vendors_envelope_and_leaves_drafts_out(hub: Hub, client: httpx.Client) -> None:
    answer = client.get(PATH)
    assert answer.json()["pagination"] == {"totalResults": 2, "totalPages": 1, "page": 1, "perPage": 20}
    assert ids(answer) == [to_hex24(hub.item), to_hex24(hub.third_party)]
    assert answer.json()["results"][1] == client.get(f"{PATH}/{to_hex24(hub.third_party)}").json()


def test_pages_neither_skip_nor_repeat_and_end_empty(hub: Hub, client: httpx.Client) -> None:
    for _ in range(5):
        add(hub)
    pages = [client.get(PATH, params={"page": page, "perPage": 3}) for page in (1, 2, 3, 4)]
    assert [len(ids(page)) for page in pages] == [3, 3, 1, 0]
    assert len({id for page in pages for id in ids(page)}) == 7
    assert pages[3].json()["pagination"] == {"totalResults": 7, "totalPages": 3, "page": 4, "perPage": 3}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("perPage", "0"),
        ("perPage", "1001"),
        ("perPage", "x"),
        ("page", "0"),
        ("page", "-1"),
        ("page", "1.5"),
        ("updatedSince", "yesterday"),
        ("updatedSince", "2024-01-01T00:00:00"),
        ("types", "video,film"),
        ("omitTypes", "film"),
        ("types", "vi\0deo"),
    ],
)
def test_a_bad_parameter_is_422_and_named(client: httpx.Client, name: str, value: str) -> None:
    answer = client.get(PATH, params={name: value})
    assert answer.status_code == 422, answer.text
    assert name in answer.json()["message"]


def test_types_choose_and_win_over_omit_types(hub: Hub, client: httpx.Client) -> None:
    video, path = to_hex24(add(hub, format="Video")), to_hex24(add(hub, kind=ItemKind.COLLECTION))
    course, scorm = to_hex24(hub.item), to_hex24(hub.third_party)
    assert ids(client.get(PATH, params={"types": "video"})) == [video]
    assert ids(client.get(PATH, params={"types": "video, pathway"})) == [video, path]
    assert ids(client.get(PATH, params={"types": "elearning"})) == [course], "the format rise is elearning"
    assert ids(client.get(PATH, params={"omitTypes": "video,elearning"})) == [scorm, path]
    both = client.get(PATH, params={"types": "video", "omitTypes": "video"})
    assert (ids(both), both.json()["pagination"]["totalResults"]) == ([video], 1)
    assert client.get(PATH, params={"omitTypes": ",".join(TYPES)}).json()["results"] == []


def test_every_type_is_found_by_its_own_name(hub: Hub, client: httpx.Client) -> None:
    for type in TYPES:
        id = to_hex24(add(hub, format=type))
        assert client.get(f"{PATH}/{id}").json()["type"] == type
        assert id in ids(client.get(PATH, params={"types": type, "perPage": 1000}))


def test_an_unknown_format_goes_by_its_kind(hub: Hub, client: httpx.Client) -> None:
    id = to_hex24(add(hub, format="hologram", kind=ItemKind.COURSE))
    assert client.get(f"{PATH}/{id}").json()["type"] == "elearning"
    assert id in ids(client.get(PATH, params={"types": "elearning"}))


def test_updated_since_keeps_what_changed_at_that_moment_or_later(hub: Hub, client: httpx.Client) -> None:
    put(hub, "FIRE-101", fields={"title": "Fire safety, new"})
    changed = client.get(f"{PATH}/{to_hex24(hub.item)}").json()
    assert [event["action"] for event in changed["contentHistory"]] == ["created", "published", "updated"]
    since = client.get(PATH, params={"updatedSince": changed["updatedAt"]})
    assert ids(since) == [to_hex24(hub.item)]
    assert since.json()["pagination"]["totalResults"] == 1
    assert client.get(PATH, params={"updatedSince": "2999-01-01"}).json() == {
        "pagination": {"totalResults": 0, "totalPages": 0, "page": 1, "perPage": 20},
        "results": [],
    }


def test_the_history_tells_of_versions_and_of_the_archive(hub: Hub, client: httpx.Client) -> None:
    put(hub, "FIRE-101", version=2, retraining_from=date(2025, 9, 1))
    put(hub, "FIRE-101", state=ItemState.RETIRED)
    put(hub, "FIRE-101", state=ItemState.PUBLISHED)
    put(hub, "FIRE-101", state=ItemState.RETIRED)
    content = client.get(f"{PATH}/{to_hex24(hub.item)}").json()
    actions = [event["action"] for event in content["contentHistory"]]
    assert actions == ["created", "published", "published", "archived", "restored", "archived"]
    assert content["id"] in ids(client.get(PATH)), "completions of it stay, so it stays readable"


@pytest.mark.parametrize(
    ("duration", "shown"),
    [
        ("PT90S", {"value": 1.5, "unit": "minutes"}),
        ("P1DT2H", {"value": 1560.0, "unit": "minutes"}),
        ("P1W", {"value": 10080.0, "unit": "minutes"}),
        ("P1M", {"value": None, "unit": "minutes"}),
        ("a while", None),
    ],
)
def test_a_duration_is_given_in_minutes(hub: Hub, client: httpx.Client, duration: str, shown: Any) -> None:
    assert client.get(f"{PATH}/{to_hex24(add(hub, duration=duration))}").json()["duration"] == shown


def test_a_long_title_is_cut_to_what_the_vendor_allows(hub: Hub, client: httpx.Client) -> None:
    id = to_hex24(add(hub, title="ž" * 400, description="d" * 70_000))
    content = client.get(f"{PATH}/{id}").json()
    assert (len(content["title"]), len(content["description"])) == (255, 65_536)


def test_every_spelling_of_an_id_is_found_and_ids_that_came_along_first(hub: Hub, client: httpx.Client) -> None:
    migrated = add(hub, identifiers=(Identifier("thrive", "5e4f3d2c1b0a998877665544"),))
    assert client.get(f"{PATH}/5E4F3D2C1B0A998877665544").json()["id"] == to_hex24(migrated)
    assert client.get(f"{PATH}/{to_hex24(hub.item).upper()}").json()["id"] == to_hex24(hub.item)


@pytest.mark.parametrize("id", ["f" * 24, "x", "a%2Fb", "%20", "%00", "FIRE-101", "f" * 5000])
def test_an_unknown_id_is_404(client: httpx.Client, id: str) -> None:
    answer = client.get(f"{PATH}/{id}")
    assert answer.status_code == 404
    assert answer.json()["error"] == "Not Found"


def test_a_draft_is_no_content_yet(hub: Hub, client: httpx.Client) -> None:
    assert client.get(f"{PATH}/{to_hex24(hub.draft)}").status_code == 404


def test_learning_outside_is_readable_because_completions_name_it(hub: Hub, client: httpx.Client) -> None:
    tell(hub, completion(moment(), item=Outside("Bookkeeping", "Evening school")))
    (named,) = client.get("/rest/v1/learning/completions").json()
    content = client.get(f"{PATH}/{named['contentId']}").json()
    assert (content["title"], content["type"]) == ("Bookkeeping", "mixed")
    assert content["contentHistory"][0]["performedBy"] == {"type": "system", "value": "testamur"}
    assert content["id"] in ids(client.get(PATH))


def test_another_tenants_contents_are_not_there(hub: Hub, other_hub: Hub) -> None:
    with other_hub.client("thrive") as stranger:
        assert stranger.get(f"{PATH}/{to_hex24(hub.item)}").status_code == 404
        assert to_hex24(hub.item) not in ids(stranger.get(PATH))


def test_a_get_may_say_that_it_has_a_json_body(hub: Hub, client: httpx.Client) -> None:
    answer = client.get(PATH, headers={"content-type": "application/json", "accept": "application/json"})
    assert answer.status_code == 200
    with hub.client("thrive", hub.reader) as reader:
        assert reader.get(PATH).status_code == 200
