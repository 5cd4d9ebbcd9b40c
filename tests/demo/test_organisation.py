"""The generator: whatever the seed and the day, the organisation could be real, and the samples are in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testamur.core.audiences import AudienceCategory
from testamur.core.items import ItemKind, NewItem
from testamur.core.moments import Precision, is_duration
from testamur.core.people import NewPerson, normalise
from testamur.demo.catalogue import FIRE_SAFETY, OUTSIDE, items
from testamur.demo.history import SOURCES, WINDOW_DAYS, Completion
from testamur.demo.names import romanise
from testamur.demo.organisation import Organisation, Size, generate
from testamur.demo.staff import ADA
from testamur.demo.structure import ALL_STAFF

TODAY = date(2026, 3, 2)
LONDON = ZoneInfo("Europe/London")

any_organisation = st.builds(
    lambda seed, today: (today, generate(today=today, seed=seed)),
    st.integers(0, 10**6),
    st.dates(date(2024, 1, 1), date(2032, 12, 31)) | st.just(date(2028, 2, 29)),
)
many = settings(max_examples=15)


@pytest.fixture(scope="module")
def small() -> Organisation:
    return generate(today=TODAY)


@pytest.fixture(scope="module")
def medium() -> Organisation:
    return generate(Size.MEDIUM, today=TODAY)


def test_a_seed_and_a_day_give_the_same_organisation_again(small: Organisation) -> None:
    assert generate(today=TODAY, seed=1) == small


def test_another_seed_gives_other_people(small: Organisation) -> None:
    assert generate(today=TODAY, seed=2).people[1:] != small.people[1:]


@pytest.mark.parametrize("size", [Size.SMALL, Size.MEDIUM])
def test_an_organisation_has_the_size_asked_for(size: Size) -> None:
    organisation = generate(size, today=TODAY)
    assert (len(organisation.people), len(organisation.items)) == (size.people, size.items)
    assert 18 <= len(organisation.completions) / size.people <= 23


def test_the_library_is_large_enough_for_the_largest_organisation() -> None:
    titles = [item.title for item in items(Random(1), Size.LARGE.items)]
    assert len(set(titles)) == len(titles) == Size.LARGE.items


@many
@given(any_organisation)
def test_nothing_happens_on_the_day_itself_or_later(made: tuple[date, Organisation]) -> None:
    today, organisation = made
    for completion in organisation.completions:
        assert completion.completed.local_day(LONDON) < today
        assert completion.started_at is None or completion.started_at <= completion.completed.at
    assert all(span.joined_on < today for span in organisation.spans)
    assert all(span.left_on is None or span.left_on <= today for span in organisation.spans)


@many
@given(any_organisation)
def test_an_identifier_names_one_person_or_item(made: tuple[date, Organisation]) -> None:
    _, organisation = made
    for things in (organisation.people, organisation.items):
        named = Counter((i.kind, normalise(i.kind, i.value)) for thing in things for i in thing.identifiers)
        assert max(named.values()) == 1


@many
@given(any_organisation)
def test_a_title_names_one_item(made: tuple[date, Organisation]) -> None:
    """A learning record of cPod's names its course by title alone."""
    _, organisation = made
    titles = [item.title.lower() for item in organisation.items] + [outside.title.lower() for outside in OUTSIDE]
    assert len(set(titles)) == len(titles)


@many
@given(any_organisation)
def test_memberships_of_one_person_in_one_audience_follow_each_other(made: tuple[date, Organisation]) -> None:
    _, organisation = made
    spans = defaultdict(list)
    for span in organisation.spans:
        spans[span.group, span.person].append(span)
    for found in spans.values():
        assert all(span.left_on is None or span.joined_on < span.left_on for span in found)
        for earlier, later in pairwise(sorted(found, key=lambda span: span.joined_on)):
            assert earlier.left_on is not None
            assert earlier.left_on < later.joined_on


@many
@given(any_organisation)
def test_the_samples_are_there(made: tuple[date, Organisation]) -> None:
    _, organisation = made
    ada = next(person for person in organisation.people if _ref(person) == ADA)
    assert (ada.given_name, ada.family_name, ada.is_active) == ("Ada", "Okafor", True)
    assert {identifier.kind for identifier in ada.identifiers} == {"ref", "email", "username", "account"}

    fire_safety = next(item for item in organisation.items if _ref(item) == FIRE_SAFETY)
    assert fire_safety.kind is ItemKind.COURSE
    assert fire_safety.is_published
    assert fire_safety.is_authored
    assert fire_safety.requires_quiz
    assert {identifier.kind for identifier in fire_safety.identifiers} == {"ref", "iri"}

    (rule,) = (rule for rule in organisation.rules if rule.primary == FIRE_SAFETY)
    assert rule.group == ALL_STAFF
    assert any(span.group == ALL_STAFF and span.person == ADA and not span.left_on for span in organisation.spans)

    hers = {completion.item for completion in organisation.completions if completion.person == ADA}
    assert hers
    assert not hers & {FIRE_SAFETY, *rule.alternatives}


@many
@given(any_organisation)
def test_a_source_tells_of_a_person_item_and_day_once(made: tuple[date, Organisation]) -> None:
    """Otherwise a bare day and an instant of it would be one record (rule C1), and a fail could swallow a pass."""
    _, organisation = made
    told = Counter(
        (c.person, c.item, c.source, c.completed.local_day(LONDON))
        for c in organisation.completions
        if isinstance(c.item, str)
    )
    assert max(told.values()) == 1


def test_everything_named_exists(medium: Organisation) -> None:
    people = {_ref(person) for person in medium.people}
    published = {_ref(item) for item in medium.items if item.is_published}
    audiences = {group.reference for group in medium.groups if group.category is AudienceCategory.AUDIENCE}
    assert {span.person for span in medium.spans} <= people
    assert {span.group for span in medium.spans} <= audiences
    for rule in medium.rules:
        assert rule.group in audiences
        assert {rule.primary, *rule.alternatives} <= published
    assert {completion.person for completion in medium.completions} <= people
    assert {c.item for c in medium.completions if isinstance(c.item, str)} <= published
    assert {c.item for c in medium.completions if not isinstance(c.item, str)} <= set(OUTSIDE)


def test_a_structure_stands_before_what_it_holds(small: Organisation) -> None:
    structures: set[str] = set()
    for group in small.groups:
        assert group.parent is None or group.parent in structures
        if group.category is AudienceCategory.STRUCTURE:
            structures.add(group.reference)


def test_the_catalogue_is_varied(small: Organisation) -> None:
    assert {item.kind for item in small.items} == {ItemKind.CONTENT, ItemKind.COURSE, ItemKind.COLLECTION}
    assert {"scorm", "video", "elearning", "quiz", "event", "article"} <= {item.format for item in small.items}
    assert any(item.requires_quiz and not item.is_authored for item in small.items)
    assert 3 <= sum(not item.is_published for item in small.items) <= 10
    assert all(item.duration and is_duration(item.duration) for item in small.items)


def test_people_come_from_many_places(medium: Organisation) -> None:
    scripts = {name.isascii() for person in medium.people for name in (person.given_name, person.family_name)}
    assert scripts == {True, False}
    assert len({person.language for person in medium.people}) > 10
    assert {"manager", "learner", "admin"} <= {person.role for person in medium.people}
    assert 0.03 < sum(not person.is_active for person in medium.people) / len(medium.people) < 0.15
    assert all(len(_ref(person)) == 6 and _ref(person).startswith("0") for person in medium.people)


def test_addresses_are_ascii(medium: Organisation) -> None:
    addresses = [i.value for person in medium.people for i in person.identifiers if i.kind == "email"]
    assert all(address.isascii() and address.endswith(".example") for address in addresses)


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("Łukasz", "lukasz"),
        ("Ṣóyínká", "soyinka"),
        ("van 't Hof", "vanthof"),
        ("Hans-Jürgen", "hans-jurgen"),
        ("Işıl", "isil"),
    ],
)
def test_names_are_romanised(name: str, spelled: str) -> None:
    assert romanise(name) == spelled


def test_learning_happens_mostly_in_working_hours(medium: Organisation) -> None:
    instants = [c.completed for c in medium.completions if c.completed.precision is Precision.INSTANT]
    weekend = sum(when.at.weekday() >= 5 for when in instants) / len(instants)
    assert 0.01 < weekend < 0.12
    daytime = sum(7 <= when.at.astimezone(LONDON).hour < 19 for when in instants) / len(instants)
    assert daytime > 0.75


def test_a_yearly_course_comes_around_its_year(medium: Organisation) -> None:
    gaps = [
        (later - earlier).days
        for days in _passed_on(medium, "FIRE-101").values()
        for earlier, later in pairwise(sorted(days))
    ]
    assert len(gaps) > 1_000
    assert sum(320 <= gap <= 370 for gap in gaps) / len(gaps) > 0.75


def test_every_source_and_every_kind_of_telling_occurs(small: Organisation) -> None:
    told = small.completions
    assert {completion.source for completion in told} == set(SOURCES)
    assert all(completion.source in ("stackone", "edm") for completion in told if completion.passed is False)
    for kind in (
        [c for c in told if c.passed is False],
        [c for c in told if c.completed.precision is Precision.DAY],
        [c for c in told if c.is_prior],
        [c for c in told if c.expires_at and c.certificate],
        [c for c in told if not isinstance(c.item, str)],
    ):
        assert 10 < len(kind) < len(told) / 5
    assert {c.is_prior for c in told if c.completed.at.date() < TODAY - timedelta(days=WINDOW_DAYS)} == {True}


def test_scores_are_percentages(small: Organisation) -> None:
    scores = {completion.score_percent for completion in small.completions} - {None}
    assert scores
    assert all(score is not None and 0 <= score <= 100 for score in scores)


def _ref(thing: NewPerson | NewItem) -> str:
    return next(identifier.value for identifier in thing.identifiers if identifier.kind == "ref")


def _passed_on(organisation: Organisation, ref: str) -> dict[str, set[date]]:
    """The days on which each person completed an item, what two sources tell counted once."""
    days: dict[str, set[date]] = defaultdict(set)
    completion: Completion
    for completion in organisation.completions:
        if completion.item == ref and completion.passed is not False:
            days[completion.person].add(completion.completed.local_day(LONDON))
    return days
