"""Reading JSON: a member that occurs twice is never overlooked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from testamur.core.errors import InvalidInput
from testamur.http.decode import decode
from testamur.http.errors import MalformedBody


def _spelled(members: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f'"{name}" : {value}' for name, value in members) + "}"


NAMES = st.sampled_from(["a", "b", "\\u0061", "é", "a b", ""])
VALUES = st.recursive(
    st.sampled_from(['"a"', '"x"', "1", "-2.5e3", "true", "null", '"\\"a\\":"', '"\u00e9"']),
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(lambda found: f"[{','.join(found)}]"),
        st.lists(st.tuples(NAMES, parts), max_size=3).map(_spelled),
    ),
    max_leaves=8,
)


def occurs_twice(text: str) -> bool:
    """What the standard library's parser finds, told of every object."""
    found: list[bool] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        found.append(len({name for name, _ in pairs}) < len(pairs))

    json.loads(text, object_pairs_hook=look)
    return any(found)


@given(VALUES)
@example('{"a": 1, "\\u0061": 2}')
@example('{"a": {"b": 1, "b": 2}}')
def test_a_member_that_occurs_twice_is_refused_wherever_it_stands(text: str) -> None:
    if occurs_twice(text):
        with pytest.raises(InvalidInput, match="occurs twice"):
            decode(text.encode(), Any)
    else:
        assert decode(text.encode(), Any) == json.loads(text)


@pytest.mark.parametrize("length", [1, 5_000])
def test_it_is_named(length: int) -> None:
    text = '{"given": "%s", "score": 1, "score": 2}' % ("x" * length)
    with pytest.raises(InvalidInput) as caught:
        decode(text.encode(), dict[str, Any])
    assert [(fault.field, fault.code) for fault in caught.value.faults] == [("score", "duplicate")]


@pytest.mark.parametrize("text", [b'{"a": "\x01"}', b'{"a": "\xff"}', b'{"a": "b", }', b'{"a" "b"}', b'{"a": 01}', b""])
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedBody):
        decode(text, Any)
