"""Ids: four spellings of one number, and an order that is the order of creation."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testamur.core.ids import (
    PREFIXES,
    Id,
    IdFactory,
    from_parts,
    is_own,
    new_id,
    parse,
    to_hex24,
    to_opaque,
    to_ulid,
    to_uuid,
)

SPELLINGS: dict[str, Callable[[UUID], str]] = {
    "uuid": to_uuid,
    "hex24": to_hex24,
    "ulid": lambda value: to_ulid(value, "record"),
    "opaque": to_opaque,
}

own = st.builds(from_parts, st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1))
nouns = st.sampled_from(sorted(PREFIXES))

ULIDS = [
    ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01563e3a-b5d3-d676-4c61-efb99302bd5b"),
    ("01h2xcejqtf2nbrexx3vqjhp41", "0188bac7-4afa-78aa-bc3b-bd1eef28d881"),
    ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    ("00000000000000000000000000", "00000000-0000-0000-0000-000000000000"),
]
"""The ULID specification's example, the TypeID specification's example, and both ends of the range."""


@given(own)
def test_every_spelling_of_an_own_id_reads_back_as_that_id(id: Id) -> None:
    assert {name: parse(spell(id)) for name, spell in SPELLINGS.items()} == dict.fromkeys(SPELLINGS, id)


@given(own)
def test_an_own_id_is_a_uuidv7_with_its_spare_bits_zero(id: Id) -> None:
    assert (id.version, id.variant) == (7, "specified in RFC 4122")
    assert is_own(id)
    assert id.int & ((1 << 26) - 1) == 0


@given(own, own)
def test_different_ids_differ_in_every_spelling(one: Id, other: Id) -> None:
    for spell in SPELLINGS.values():
        assert (spell(one) == spell(other)) == (one == other)


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1))
def test_an_id_keeps_all_of_its_parts(millisecond: int, random: int) -> None:
    """No bit of the 96 is lost or mixed with another: the compact spellings are exactly time, then randomness."""
    assert to_hex24(from_parts(millisecond, random)) == f"{millisecond:012x}{random:012x}"


@given(own, nouns)
def test_the_lengths_are_fixed(id: Id, noun: str) -> None:
    prefix, _, rest = to_ulid(id, noun).partition("_")
    assert (len(to_uuid(id)), len(to_hex24(id)), len(rest), len(to_opaque(id))) == (36, 24, 26, 24)
    assert prefix == PREFIXES[noun]


@given(own, st.randoms(use_true_random=False))
def test_letter_case_never_matters(id: Id, random: object) -> None:
    for spell in SPELLINGS.values():
        text = spell(id)
        mixed = "".join(c.upper() if random.random() < 0.5 else c.lower() for c in text)  # type: ignore[attr-defined]
        assert parse(text.upper()) == parse(text.lower()) == parse(mixed) == id


@given(st.lists(own, min_size=2, max_size=20))
def test_every_spelling_sorts_as_the_ids_do(ids: list[Id]) -> None:
    for name, spell in SPELLINGS.items():
        assert sorted(ids) == sorted(ids, key=spell), name


def test_ids_are_made_in_ascending_order_in_every_spelling() -> None:
    made = [new_id() for _ in range(20_000)]
    assert len(set(made)) == len(made)
    for spell in SPELLINGS.values():
        spelled = [spell(id) for id in made]
        assert spelled == sorted(spelled)


def test_eight_threads_share_a_factory_without_making_an_id_twice() -> None:
    factory = IdFactory()
    made: list[list[Id]] = [[] for _ in range(8)]
    gate = threading.Barrier(8)

    def make(into: list[Id]) -> None:
        gate.wait()
        into.extend(factory.new() for _ in range(10_000))

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(into == sorted(into) for into in made), "each thread sees its own ids grow"
    assert len({id for into in made for id in into}) == 80_000


def test_ids_grow_while_the_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that is set back by an hour must not put new ids before old ones."""
    factory = IdFactory()
    monkeypatch.setattr("time.time_ns", lambda: 1_700_003_600_000_000_000)
    before = factory.new()
    monkeypatch.setattr("time.time_ns", lambda: 1_700_000_000_000_000_000)
    after = [factory.new() for _ in range(100)]
    monkeypatch.setattr("time.time_ns", lambda: 1_700_003_600_001_000_000)
    later = factory.new()
    assert [before, *after, later] == sorted({before, *after, later})


def test_a_used_up_millisecond_borrows_from_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 1_700_000_000_000_000_000)
    monkeypatch.setattr("os.urandom", lambda count: b"\xff" * count)
    factory = IdFactory()
    first = factory.new()
    factory._last_random = 2**48 - 2
    last, overflown = factory.new(), factory.new()
    assert first < last < overflown
    assert to_hex24(last) == f"{1_700_000_000_000:012x}" + "f" * 12
    assert to_hex24(overflown) == f"{1_700_000_000_001:012x}" + "0" * 12


@given(st.uuids(), nouns)
def test_a_foreign_uuid_survives_the_uuid_and_ulid_spellings(id: UUID, noun: str) -> None:
    """A statement id that a client chose is kept as it is: the ULID spelling covers all of the 128 bits."""
    assert parse(to_uuid(id)) == id
    assert parse(to_ulid(id, noun), noun) == id


@given(st.uuids(version=4))
def test_a_random_uuid_is_not_taken_for_an_own_id(id: UUID) -> None:
    assert not is_own(id)


@given(own, nouns, nouns)
def test_a_prefix_of_another_noun_makes_an_id_unreadable(id: Id, noun: str, other: str) -> None:
    text = to_ulid(id, other)
    assert parse(text, noun) == (id if noun == other else None)
    assert parse(f"{PREFIXES[other]}_{to_uuid(id)}", noun) == (id if noun == other else None)
    assert parse(text) == id, "without a noun any prefix will do"


@given(own, nouns)
def test_a_prefix_may_be_missing_or_joined_with_a_hyphen(id: Id, noun: str) -> None:
    prefix, _, rest = to_ulid(id, noun).partition("_")
    assert parse(rest, noun) == parse(f"{prefix}-{rest}", noun) == parse(f"{prefix.upper()}_{rest}", noun) == id


def test_a_prefix_needs_an_id_behind_it() -> None:
    assert parse("rec_") is None
    assert parse(f"rec__{to_opaque(new_id())}") is None
    assert parse(f"rec_{to_opaque(new_id())}") is None, "StackOne's spelling has no prefix"
    assert parse(f"rec_{to_hex24(new_id())}") is None, "nor have 24 hex digits"


@pytest.mark.parametrize(("ulid", "uuid"), ULIDS)
def test_ulids_of_the_specifications_read_as_their_uuids(ulid: str, uuid: str) -> None:
    assert parse(ulid) == UUID(uuid)
    assert parse(f"rec_{ulid}", "record") == UUID(uuid)
    assert to_ulid(UUID(uuid), "record") == f"rec_{ulid.upper()}"


@pytest.mark.parametrize(
    "text", ["8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "80000000000000000000000000"]
)
def test_a_ulid_above_128_bits_is_refused(text: str) -> None:
    """26 characters hold 130 bits. Cutting two off would make two texts name one thing."""
    assert parse(text) is None
    assert parse(f"rec_{text}", "record") is None


@given(own)
def test_an_opaque_id_shares_no_letter_with_hex_digits(id: Id) -> None:
    assert not set(to_opaque(id)) & set("0123456789abcdef")
    assert parse("g" * 24) == from_parts(0, 0)
    assert parse("z" * 24) == from_parts(2**48 - 1, 2**48 - 1)
    assert parse("g" * 12 + "0" * 12) is None, "one or the other"


@pytest.mark.parametrize(("alias", "meant"), [("I", "1"), ("i", "1"), ("L", "1"), ("l", "1"), ("O", "0"), ("o", "0")])
def test_letters_that_look_like_digits_are_read_as_those(alias: str, meant: str) -> None:
    """Crockford's aliases: what somebody typed from paper still finds its record."""
    assert parse(f"0{alias}ARZ3NDEKTSV4RRFFQ69G5FAV") == parse(f"0{meant}ARZ3NDEKTSV4RRFFQ69G5FAV") is not None


@pytest.mark.parametrize("letter", ["U", "u", "-", "_", " ", "\n", "\0", "é", "٣"])
def test_a_letter_outside_of_the_alphabet_is_refused(letter: str) -> None:
    assert parse(f"0{letter}ARZ3NDEKTSV4RRFFQ69G5FAV") is None
    assert parse(f"{letter}hrjzkswmnpsjjjkkkyjtmsz") is None
    assert parse(f"646767d825352012{letter}3349e09") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0192f3c45b6a71238456789abc000000",
        "{0192f3c4-5b6a-7123-8456-789abc000000}",
        "urn:uuid:0192f3c4-5b6a-7123-8456-789abc000000",
        "0192f3c4-5b6a-7123-8456-789abc000000\n",
        " 0192f3c4-5b6a-7123-8456-789abc000000",
        "646767d82535201223349e09\n",
        "646767d82535201223349e0",
        "646767d82535201223349e090",
        "٠١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦٧٨٩٠١٢٣",
        "rec_rec_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "rec_" * 16,
        "0" * 1_000_000,
    ],
)
def test_what_is_none_of_the_four_spellings_is_unreadable(text: str) -> None:
    """Forms that Python's own UUID parser would take are not ours: each id has four spellings, not nine."""
    assert parse(text) is None


@given(st.text(max_size=80) | st.text("0123456789abcdefABCDEFzZ_-{} \n\0", min_size=18, max_size=45))
def test_junk_is_unreadable_and_never_raises(text: str) -> None:
    for noun in (None, "record"):
        id = parse(text, noun)
        assert id is None or isinstance(id, UUID)


def test_ids_made_at_once_grow_as_those_made_alone_do() -> None:
    factory = IdFactory()
    ids = [factory.new(), *factory.several(1_000), factory.new(), *factory.several(0), *factory.several(2)]
    assert ids == sorted(set(ids))
    assert len(ids) == 1_004
    assert all(is_own(id) for id in ids)


def test_ids_made_at_once_go_on_in_the_next_millisecond_where_this_one_has_no_room() -> None:
    factory = IdFactory()
    far = 1 << 47  # the clock is behind the last id, as it is within one millisecond
    factory._last_millisecond, factory._last_random = far, (1 << 48) - 3
    last = from_parts(far, (1 << 48) - 3)
    assert factory.several(2) == [from_parts(far, (1 << 48) - 2), from_parts(far, (1 << 48) - 1)]
    ids = factory.several(3)
    assert ids == [from_parts(far + 1, random) for random in range(3)]
    assert last < ids[0]
