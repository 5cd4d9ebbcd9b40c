"""Ids: 96 bits with four lossless spellings.

An id is 48 bits of Unix time in milliseconds followed by 48 bits that only grow within one millisecond of one
process, so ids sort by creation. It is stored as a UUIDv7 (RFC 9562) whose 26 spare random bits are zero, which
leaves room for the 24 hex digits that some vendors' clients insist on. docs/decisions/0005 gives the reasons.

| spelling | length | example | spoken by |
| --- | --- | --- | --- |
| `uuid` | 36 | `0192f3c4-5b6a-7123-8456-789abc000000` | xAPI |
| `hex24` | 24 | `0192f3c45b6a123111e26af0` | Thrive, Rise |
| `ulid` | 26 after a prefix | `rec_01JBSW8PVA4WHRMHNRHAY00000` | cPod |
| `opaque` | 24 | `ghrjzkswmnpsjjjkkkyjtmsz` | StackOne |
"""

from __future__ import annotations

import os
import re
import threading
import time
from typing import Any, NewType
from uuid import UUID, SafeUUID

Id = NewType("Id", UUID)
"""A Testamur id in its stored form."""

PREFIXES = {
    "person": "per",
    "item": "itm",
    "audience": "aud",
    "invitation": "inv",
    "record": "rec",
    "assignment": "asg",
    "exemption": "exm",
    "extension": "ext",
    "task": "tsk",
    "session": "ses",
    "import": "imp",
    "upload": "upl",
    "cohort": "coh",
    "assessment": "asm",
    "client": "cli",
    "webhook": "whk",
    "erasure": "era",
    "retention": "ret",
    "hold": "hld",
    "tenant": "ten",
}
"""The ULID spelling's prefix for each noun. `per`, `rec` and `asm` are cPod's own; the rest follow their manner."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CROCKFORD_VALUE = {c: i for i, c in enumerate(_CROCKFORD)} | {"I": 1, "L": 1, "O": 0}
_CROCKFORD_VALUE |= {c.lower(): v for c, v in _CROCKFORD_VALUE.items()}

# Two characters at a time: a page of a hundred rows spells several hundred ids.
_PAIRS = [high + low for high in _CROCKFORD for low in _CROCKFORD]
_SHIFTS = range(120, -1, -10)

# The opaque spelling writes hex digits in letters that are no hex digits, so neither can be taken for the other. SQL
# spells both as cheaply (the function hex24 and translate).
_OPAQUE = str.maketrans("0123456789abcdef", "ghjkmnpqrstvwxyz")
_HEX_OF_OPAQUE = bytes.maketrans(b"ghjkmnpqrstvwxyzGHJKMNPQRSTVWXYZ", b"0123456789abcdef0123456789abcdef")

_RANDOM_BITS = 48
_RANDOM_MAX = (1 << _RANDOM_BITS) - 1
_SPARE_BITS = 26
_SPARE_MASK = (1 << _SPARE_BITS) - 1
_LOW_BITS = 36
_LOW_MASK = (1 << _LOW_BITS) - 1

_HEX24 = re.compile(r"[0-9a-fA-F]{24}\Z")
_OPAQUE_24 = re.compile(r"[ghjkmnp-tv-zGHJKMNP-TV-Z]{24}\Z")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\Z")
_PREFIX = re.compile(r"([A-Za-z]{1,12})[_-](?=[0-9A-Za-z])")


FIRST_ID, LAST_ID = Id(UUID(int=0)), Id(UUID(int=(1 << 128) - 1))
"""Before and behind every id."""


class IdFactory:
    """Makes ids that only grow, also within one millisecond and when the clock steps back.

    One factory per process: two processes rely on 48 bits of randomness a millisecond.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_millisecond = 0
        self._last_random = 0

    def new(self) -> Id:
        """A new id, greater than every id this factory made before."""
        return self.several(1)[0]

    def several(self, count: int) -> list[Id]:
        """As many new ids, each greater than the one before."""
        now = time.time_ns() // 1_000_000
        with self._lock:
            if now > self._last_millisecond:
                self._last_millisecond = now
                # The top bit stays clear, so that there is room to count up within the millisecond.
                first = int.from_bytes(os.urandom(6), "big") >> 1
            else:
                first = self._last_random + 1
                if first + count - 1 > _RANDOM_MAX:
                    self._last_millisecond += 1
                    first = 0
            self._last_random = first + count - 1
            millisecond = self._last_millisecond
        high = millisecond << 80 | 7 << 76 | 2 << 62
        return [
            _made(high | random >> _LOW_BITS << 64 | (random & _LOW_MASK) << _SPARE_BITS)
            for random in range(first, first + count)
        ]


def _made(bits: int) -> Id:
    """What `UUID(int=bits)` is: its constructor checks what is known here, for most of its time."""
    made: Any = _new(UUID)
    _set_bits(made, bits)
    _set_safety(made, _UNKNOWN_SAFETY)
    return made  # type: ignore[no-any-return]


# A UUID lets nobody set its two slots; the slots themselves do.
_new = object.__new__
_set_bits, _set_safety = vars(UUID)["int"].__set__, vars(UUID)["is_safe"].__set__
_UNKNOWN_SAFETY = SafeUUID.unknown
_ids = IdFactory()
new_id, new_ids = _ids.new, _ids.several


def from_parts(millisecond: int, random: int) -> Id:
    """Build an id from `millisecond` (Unix time, 48 bits) and `random` (48 bits)."""
    return _expanded((millisecond & 0xFFFF_FFFF_FFFF) << _RANDOM_BITS | random)


def is_own(value: UUID) -> bool:
    """Whether `value` has the form of an id made here. Foreign UUIDs, such as a vendor's UUIDv4, have not."""
    bits = value.int
    return (bits >> 76) & 0xF == 7 and (bits >> 62) & 3 == 2 and bits & _SPARE_MASK == 0


def to_uuid(id: UUID) -> str:
    """Canonical lower-case UUID, 36 characters."""
    return str(id)


def to_hex24(id: UUID) -> str:
    """24 lower-case hex digits. Lossless for own ids only."""
    return f"{_compact(id):024x}"


def to_ulid(id: UUID, noun: str) -> str:
    """`<prefix>_` and 26 Crockford characters over all 128 bits, so any UUID survives. `noun` is a key of PREFIXES."""
    number = id.int
    return f"{PREFIXES[noun]}_{''.join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])}"


def to_opaque(id: UUID) -> str:
    """24 lower-case letters, none of them a hex digit. Lossless for own ids only."""
    return to_hex24(id).translate(_OPAQUE)


def parse(text: str, noun: str | None = None) -> Id | None:
    """Read any of the four spellings, in any letter case, or None when `text` is none of them.

    Also accepted: `-` for `_` after the prefix, a UUID behind a prefix, and the Crockford look-alikes I, L and O.

    Args:
        noun: when given, a prefix that belongs to another noun makes the text unreadable (rule 5 of the cPod
            reference: a wrong prefix is not that noun's id).
    """
    if len(text) > 64:
        return None
    if _OPAQUE_24.match(text):
        return _expanded(int(text.encode().translate(_HEX_OF_OPAQUE), 16))
    if _HEX24.match(text):
        return _expanded(int(text, 16))
    if _UUID.match(text):
        return Id(UUID(text))
    prefix = _PREFIX.match(text)
    if prefix:
        if noun is not None and prefix.group(1).lower() != PREFIXES[noun]:
            return None
        text = text[prefix.end() :]
        if _UUID.match(text):
            return Id(UUID(text))
    if len(text) == 26:
        number = _decode(text)
        return Id(UUID(int=number)) if number is not None and number < 1 << 128 else None
    return None


def _compact(id: UUID) -> int:
    """The 96 bits that carry information: time, then randomness, without version, variant and spare bits."""
    bits = id.int
    return (bits >> 80) << 48 | ((bits >> 64) & 0xFFF) << _LOW_BITS | (bits >> _SPARE_BITS) & _LOW_MASK


def _expanded(bits: int) -> Id:
    """The id of what `_compact` gives."""
    return _made(
        bits >> _RANDOM_BITS << 80
        | 7 << 76
        | (bits >> _LOW_BITS & 0xFFF) << 64
        | 2 << 62
        | (bits & _LOW_MASK) << _SPARE_BITS
    )


def _decode(text: str) -> int | None:
    number = 0
    for character in text:
        value = _CROCKFORD_VALUE.get(character)
        if value is None:
            return None
        number = number << 5 | value
    return number
