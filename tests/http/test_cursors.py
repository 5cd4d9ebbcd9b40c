"""Cursors come back as they went, and nothing else is one."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testamur.core.ids import new_id
from testamur.http.cursors import decode_cursor, encode_cursor
from testamur.http.errors import InvalidCursor

_VALUES = st.lists(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1),
        st.text(st.characters(exclude_characters="\0", codec="utf-8")),
    )
)


@given(_VALUES, st.text())
def test_values_come_back(values: list[Any], bound_to: str) -> None:
    bound_to = bound_to.encode("utf-8", "replace").decode()
    assert decode_cursor(encode_cursor(values, bound_to), bound_to) == values


def test_values_come_back_with_their_types() -> None:
    id, at = new_id(), datetime(2021, 1, 1, 9, 0, 0, 1000, tzinfo=UTC)
    text = encode_cursor([id, at, 5, None], "list")
    assert decode_cursor(text, "list", UUID, datetime, int, str | None) == [id, at, 5, None]
    assert decode_cursor(text, "list") == [str(id), "2021-01-01T09:00:00.001000Z", 5, None]


def test_a_cursor_fits_into_a_url_as_it_is() -> None:
    text = encode_cursor(["ÿ>?~" * 9], "list")
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_cursor_of_another_list_is_refused() -> None:
    text = encode_cursor([1], "users")
    for other in ("", "user", "users ", "users\0", "learners"):
        with pytest.raises(InvalidCursor):
            decode_cursor(text, other)


def test_values_of_other_types_are_refused() -> None:
    text = encode_cursor(["x", 1], "list")
    for types in ((int, int), (str,), (str, int, int), (UUID, int)):
        with pytest.raises(InvalidCursor):
            decode_cursor(text, "list", *types)


@pytest.mark.parametrize("text", ["", "x", "=", "é", "\0", "A" * 7, "A" * 100, "A" * 10_000, "2", "null", " ", "[1]"])
def test_what_was_not_made_here_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(text, "list")


def test_a_mangled_cursor_is_refused() -> None:
    text = encode_cursor(["0192f3c45b6a123111e26af0", 12], "list")
    mangled = [text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :] for place in range(len(text))]
    for other in [*mangled, text[:-1], text + "A", text + "=", text + "\n", text.swapcase()]:
        with pytest.raises(InvalidCursor):
            decode_cursor(other, "list")


@pytest.mark.parametrize("value", [10**19, -(10**19), 1.5, [1], {"a": 1}, "a\0b"])
def test_values_the_database_cannot_take_are_refused_even_with_a_right_checksum(value: Any) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(encode_cursor([value], "list"), "list")


def test_another_spelling_of_the_same_values_is_refused() -> None:
    text = encode_cursor([1], "list")
    packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    spaced = base64.urlsafe_b64encode(packed.replace(b"[1]", b"[ 1]")).rstrip(b"=").decode()
    with pytest.raises(InvalidCursor):
        decode_cursor(spaced, "list")
