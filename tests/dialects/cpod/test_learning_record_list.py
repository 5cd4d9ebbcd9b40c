"""Transcripts of the vendor's pages "LearningRecord" (list) and "EDM overview" (envelope, paging, deleted rows)."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from itertools import pairwise
from typing import Any

import httpx
import pytest

from testamur.core.ids import new_id, parse, to_ulid, to_uuid
from testamur.core.records import NewRecord, Report
from tests.dialects.cpod.pages import RECORDS, add, app_client, caller, is_problem, listed, titles, walk
from tests.hub import Hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("cpod")


def fill(hub: Hub, count: int) -> None:
    """Many records at once, as ten thousand callers would bring them."""

    async def record() -> None:
        await asyncio.gather(
            *(
                hub.ledger.records.record(
                    hub.tenant.id,
                    NewRecord(
                        source="edm",
                        is_loose=True,
                        is_repeatable=True,
                        score_percent=Decimal(number % 7) if number % 3 else None,
                        extra={"title": f"Course {number % 11}", "provider": None},
                    ),
                    Report("cpod", hub.key.client, "POST", RECORDS, str(number)),
                )
                for number in range(count)
            )
        )

    hub.do(record())


def test_an_empty_list_is_the_bare_envelope(client: httpx.Client) -> None:
    answer = client.get(RECORDS)
    assert (answer.status_code, answer.json()) == (200, {"items": [], "nextCursor": None, "total": 0})


def test_the_newest_come_first_fifty_at_a_time(hub: Hub, client: httpx.Client) -> None:
    fill(hub, 51)
    newest = add(client, title="Newest")
    first = client.get(RECORDS).json()
    assert (len(first["items"]), first["total"]) == (50, 52)
    assert first["items"][0] == newest
    second = client.get(RECORDS, params={"cursor": first["nextCursor"]}).json()
    assert (len(second["items"]), second["nextCursor"], second["total"]) == (2, None, 52)
    moments = [record["created_at"] for record in first["items"] + second["items"]]
    assert moments == sorted(moments, reverse=True)


def test_a_full_last_page_has_no_next(hub: Hub, client: httpx.Client) -> None:
    fill(hub, 4)
    page = client.get(RECORDS, params={"limit": 2}).json()
    assert client.get(RECORDS, params={"limit": 2, "cursor": page["nextCursor"]}).json()["nextCursor"] is None
    assert client.get(RECORDS, params={"pageSize": 4}).json()["nextCursor"] is None


def test_the_count_can_be_left_out(hub: Hub, client: httpx.Client) -> None:
    fill(hub, 3)
    page = client.get(RECORDS, params={"total": "false", "limit": 1}).json()
    assert (len(page["items"]), page["total"]) == (1, None)


@pytest.mark.parametrize("sort", [None, "created_at", "-score", "title,-created_at"])
def test_a_walk_under_inserts_misses_nothing_and_repeats_nothing(
    hub: Hub, client: httpx.Client, sort: str | None
) -> None:
    fill(hub, 1_201)
    before = {record["id"] for record in walk(client, limit=500)}
    assert len(before) == 1_201
    params: dict[str, Any] = {"limit": 500} | ({"sort": sort} if sort else {})
    seen: list[str] = []
    pages = 0
    while True:
        page = client.get(RECORDS, params=params).json()
        seen += [record["id"] for record in page["items"]]
        pages += 1
        fill(hub, 10)
        if page["nextCursor"] is None:
            break
        params["cursor"] = page["nextCursor"]
    assert pages >= 3
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


SAMPLES: list[dict[str, Any]] = [
    {"title": "b", "provider": "AWS", "score": 50, "completed_at": "2025-01-03T00:00:00Z", "passed": True},
    {"title": "a", "provider": "AWS", "score": 100, "expires_at": "2026-01-01"},
    {"title": "ab", "provider": None, "score": 9.5, "completed_at": "2025-01-01T00:00:00Z", "passed": False},
    {"title": "Ä", "provider": "aws", "score": None, "completed_at": "2025-01-02T00:00:00Z"},
    {"title": None, "provider": "Coursera", "score": 9.25, "completed_at": "1969-12-31T23:59:59.999Z"},
    {"title": "B", "provider": "AWS", "score": 50},
]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("created_at", "b a ab Ä - B"),
        ("-created_at", "B - Ä ab a b"),
        ("createdAt", "b a ab Ä - B"),
        ("updated_at", "b a ab Ä - B"),
        ("-updated_at", "B - Ä ab a b"),
        ("id", "b a ab Ä - B"),
        ("-id", "B - Ä ab a b"),
        ("title", "B a ab b Ä -"),
        ("-title", "Ä b ab a B -"),
        ("score", "- ab b B a Ä"),
        ("-score", "a B b ab - Ä"),
        ("-score,id", "a b B ab - Ä"),
        ("completed_at", "- ab Ä b a B"),
        ("-completed_at", "b Ä ab - B a"),
        ("expires_at", "a b ab Ä - B"),
        ("provider,title", "B a b - Ä ab"),
        ("-provider,-score", "Ä - a B b ab"),
        ("provider,-completed_at,title", "b B a - Ä ab"),
        ("score,-title", "- ab b B a Ä"),
        ("id,title", "b a ab Ä - B"),
    ],
)
def test_records_are_sorted_with_nulls_last_and_paged_alike(client: httpx.Client, sort: str, order: str) -> None:
    for sample in SAMPLES:
        add(client, **sample)
    expected = [None if title == "-" else title for title in order.split()]
    assert titles(client, sort=sort) == expected
    assert [record["title"] for record in walk(client, sort=sort, limit=1)] == expected
    assert [record["title"] for record in walk(client, sort=sort, limit=4)] == expected


def test_what_sorts_alike_is_told_apart_by_id(client: httpx.Client) -> None:
    ids = [add(client, title="same")["id"] for _ in range(5)]
    assert [record["id"] for record in walk(client, sort="title", limit=2)] == ids
    assert [record["id"] for record in walk(client, sort="-title", limit=2)] == ids[::-1]


def test_long_titles_are_sorted_by_their_beginning(client: httpx.Client) -> None:
    long = ["🎓" * 999 + end for end in "ab"]
    for title in (long[1], long[0], "🎓"):
        add(client, title=title, provider="é" * 1_000)
    found = [record["title"] for record in walk(client, sort="title,provider", limit=1)]
    assert found == ["🎓", long[1], long[0]]


@pytest.mark.parametrize(
    ("params", "order"),
    [
        ({"title": "a"}, "a"),
        ({"title": "A"}, ""),
        ({"title": "a,b"}, "a b"),
        ({"title": ["a", "ab,null"]}, "- ab a"),
        ({"title": ""}, ""),
        ({"title": "null"}, "-"),
        ({"provider": "AWS"}, "B a b"),
        ({"provider": "null"}, "ab"),
        ({"passed": "true"}, "b"),
        ({"passed": "false,true"}, "ab b"),
        ({"passed": "null"}, "B - Ä a"),
        ({"score[gte]": "50"}, "B a b"),
        ({"score[gt]": "50"}, "a"),
        ({"score[lt]": "9.5"}, "-"),
        ({"score[lte]": "9.5"}, "- ab"),
        ({"score[gte]": "9.3", "score[lt]": "100"}, "B ab b"),
        ({"completed_at[gte]": "2025-01-02T00:00:00Z"}, "Ä b"),
        ({"completedAt[gt]": "2025-01-02T00:00:00Z"}, "b"),
        ({"completed_at[lte]": "2025-01-02T00:00:00Z"}, "- Ä ab"),
        ({"completed_at[lt]": "2025-01-02T01:00:00+01:00"}, "- ab"),
        ({"completed_at[gt]": "2025-01-01", "completed_at[lte]": "2025-01-02"}, "Ä"),
        ({"completed_at[gte]": "2025-01-02", "completed_at[gt]": "2025-01-01"}, "Ä b"),
        ({"completed_at[lte]": "9999-12-31"}, "- Ä ab b"),
        ({"expires_at[lt]": "2026-01-02"}, "a"),
        ({"created_at[gte]": "2020-01-01"}, "B - Ä ab a b"),
        ({"updated_at[lt]": "2020-01-01"}, ""),
        ({"source": "edm", "source_type": "api"}, "B - Ä ab a b"),
        ({"source": "thrive"}, ""),
        ({"sourceType": "backend,null"}, ""),
        ({"app_id": "null"}, "B - Ä ab a b"),
        ({"created_by": "null"}, "B - Ä ab a b"),
        ({"created_by": "per_01ARZ3NDEKTSV4RRFFQ69G5FAV"}, ""),
        ({"person_id": "null"}, "B - Ä ab a b"),
        ({"linked_cohort_id": "null"}, "B - Ä ab a b"),
        ({"id": "null"}, ""),
        ({"q": "AB"}, "ab"),
        ({"search": "ours"}, "-"),
        ({"q": "ws"}, "B Ä a b"),
        ({"q": "%"}, ""),
        ({"q": ""}, "B - Ä ab a b"),
        ({"provider": "AWS", "passed": "null", "score[gt]": "50"}, "a"),
    ],
)
def test_filters_narrow_the_list_and_its_count(client: httpx.Client, params: dict[str, Any], order: str) -> None:
    for sample in SAMPLES:
        add(client, **sample)
    page = client.get(RECORDS, params=params).json()
    assert [record["title"] or "-" for record in page["items"]] == order.split()
    assert page["total"] == len(order.split())


def test_filters_by_reference_take_every_spelling(hub: Hub, client: httpx.Client) -> None:
    assessment = new_id()
    mine = add(client, person_id=to_ulid(hub.person, "person"), linked_assessment_id=to_uuid(assessment))
    other = add(client, person_id=to_uuid(hub.other_person), certification_ref="cert,1")
    assert listed(client, person_id=to_uuid(hub.person)) == [mine]
    assert listed(client, personId=f"{to_uuid(hub.person).upper()},{to_ulid(hub.other_person, 'person')}") == [
        other,
        mine,
    ]
    assert listed(client, linked_assessment_id=f"asm-{to_uuid(assessment)}") == [mine]
    assert listed(client, linkedAssessmentId=f"null,{to_ulid(assessment, 'assessment').lower()}") == [other, mine]
    assert listed(client, certification_ref="cert\\,1") == [other]
    assert listed(client, certification_ref="cert,1") == []
    assert listed(client, id=f"{mine['id']},{other['id'][4:].lower()}") == [other, mine]
    assert listed(client, q="CERT,1") == [other]


def test_the_moments_shown_find_their_records(client: httpx.Client) -> None:
    """What is kept to the microsecond is shown to the millisecond, and compared by what is shown."""
    record = add(client)
    shown = record["created_at"]
    assert listed(client, created_at__gte=shown, created_at__lte=shown) == [record]
    assert listed(client, updated_at__gte=shown, updated_at__lte=shown) == [record]
    assert listed(client, created_at__gt=shown) == listed(client, created_at__lt=shown) == []


def test_deleted_records_are_listed_only_when_asked_for(hub: Hub, client: httpx.Client) -> None:
    kept, gone = add(client, title="kept"), add(client, title="gone", person_id=to_uuid(hub.person))
    record = parse(gone["id"], "record")
    assert record is not None
    hub.do(hub.ledger.records.void(caller(hub), record))
    page = client.get(RECORDS).json()
    assert (page["items"], page["total"]) == ([kept], 1)
    for name in ("include_deleted", "includeDeleted"):
        page = client.get(RECORDS, params={name: "true"}).json()
        assert ([each["title"] for each in page["items"]], page["total"]) == (["gone", "kept"], 2)
    (found,) = listed(client, include_deleted="true", person_id=to_uuid(hub.person))
    assert (found["is_deleted"], found["deleted_at"]) == (True, found["updated_at"])
    assert listed(client, person_id=to_uuid(hub.person)) == []


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"pageSize": "x"}, "pageSize"),
        ({"limit": ""}, "limit"),
        ({"page": "2"}, "page"),
        ({"perso_id": "x"}, "perso_id"),
        ({"person_id": "x"}, "person_id"),
        ({"person_id": ""}, "person_id"),
        ({"person_id": "rec_01ARZ3NDEKTSV4RRFFQ69G5FAV"}, "person_id"),
        ({"id": "per_01ARZ3NDEKTSV4RRFFQ69G5FAV"}, "id"),
        ({"linked_cohort_id": "8ZZZZZZZZZZZZZZZZZZZZZZZZZ"}, "linked_cohort_id"),
        ({"created_by": "someone"}, "created_by"),
        ({"passed": "yes"}, "passed"),
        ({"passed": ""}, "passed"),
        ({"include_deleted": "maybe"}, "include_deleted"),
        ({"total": "1"}, "total"),
        ({"sort": "nothing"}, "sort"),
        ({"sort": "title,title"}, "sort"),
        ({"sort": "title,,id"}, "sort"),
        ({"sort": "--title"}, "sort"),
        ({"score[gte]": "NaN"}, "score[gte]"),
        ({"score[gte]": "1e9"}, "score[gte]"),
        ({"score[lt]": ""}, "score[lt]"),
        ({"score": "50"}, "score"),
        ({"completed_at": "2025-01-01"}, "completed_at"),
        ({"completed_at[gte]": "2021-02-30"}, "completed_at[gte]"),
        ({"completed_at[gte]": "2021-02-03T00:00:00"}, "completed_at[gte]"),
        ({"completed_at[ne]": "2021-02-03"}, "completed_at[ne]"),
        ({"title[gte]": "a"}, "title[gte]"),
        ({"id": ",".join(["01ARZ3NDEKTSV4RRFFQ69G5FAV"[:-2] + f"{n:02}" for n in range(100)] * 6)}, None),
        ({"title": ",".join(map(str, range(501)))}, "title"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(client: httpx.Client, params: dict[str, str], field: str | None) -> None:
    answer = client.get(RECORDS, params=params)
    problem = is_problem(answer, 400, "invalid_query")
    if field is not None:
        assert field in [detail["field"] for detail in problem["details"]]


def test_a_query_string_that_is_no_text_is_refused(client: httpx.Client) -> None:
    is_problem(client.get(f"{RECORDS}?q=%00"), 400, "invalid_query")
    is_problem(client.get(f"{RECORDS}?q=%ff"), 400, "invalid_query")


def test_a_cursor_belongs_to_one_list(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    for title in "abc":
        add(client, title=title)
    params: dict[str, Any] = {"limit": 1, "sort": "title", "provider": "null"}
    cursor = client.get(RECORDS, params=params).json()["nextCursor"]
    assert titles(client, **params | {"limit": 2, "total": "false", "cursor": cursor}) == ["b", "c"]
    for changed in ({"sort": "-title"}, {"provider": "AWS"}, {"include_deleted": "true"}, {"cursor": cursor[:-2]}):
        answer = client.get(RECORDS, params=params | {"cursor": cursor} | changed)
        is_problem(answer, 400, "invalid_cursor")
    for bad in ("x", "null", "AAAA", cursor * 9, "é"):
        is_problem(client.get(RECORDS, params=params | {"cursor": bad}), 400, "invalid_cursor")
    for stranger in (other_hub.client("cpod"), app_client(hub, "one")):
        is_problem(stranger.get(RECORDS, params=params | {"cursor": cursor}), 400, "invalid_cursor")


def test_a_cursor_does_not_depend_on_how_the_values_were_strung_together(client: httpx.Client) -> None:
    for title in "ab":
        add(client, title=title)
    cursor = client.get(RECORDS, params={"limit": 1, "title": "a,b"}).json()["nextCursor"]
    assert titles(client, limit=1, title=["b", "a"], cursor=cursor) == ["a"]


def test_records_of_one_moment_keep_the_order_of_their_ids(hub: Hub, client: httpx.Client) -> None:
    fill(hub, 30)
    ids = [record["id"] for record in walk(client, limit=7)]
    assert all(earlier > later for earlier, later in pairwise(ids))
    assert [record["id"] for record in walk(client, limit=7, sort="created_at")] == ids[::-1]


def test_the_day_of_an_expiry_is_within_its_range(client: httpx.Client) -> None:
    add(client, title="a", expires_at="2026-01-01")
    add(client, title="b", expires_at="2026-01-02T00:00:00Z")
    assert titles(client, expires_at__lte="2026-01-01") == ["a"]
    assert titles(client, expires_at__gt="2026-01-01") == ["b"]
