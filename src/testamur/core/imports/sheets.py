"""What the columns of a file of the directory mean, and its rows by them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.imports import audiences, items, people
from testamur.core.imports.batches import refused
from testamur.core.imports.cells import Field, Read, Reading, as_json, text
from testamur.core.imports.columns import CUSTOM, IGNORED, Columns, Options, plain
from testamur.core.imports.directories import Of
from testamur.core.people import ATTRIBUTES_MAX, IDENTIFIER_LENGTH_MAX

_ATTRIBUTE_LENGTH_MAX = 10_000
_ATTRIBUTE_NAME_MAX = 100
_UNKNOWN = "unknown"
_IDENTIFIER = text(IDENTIFIER_LENGTH_MAX)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What files of one kind can say.

    Args:
        noun: what identifiers name, in the meaning of a column: `person:ref`.
        needs: meanings of which a file must have one, by the name under which their lack is told.
        keeps_others: whether a column nobody knows is an attribute; otherwise it refuses the file.
    """

    fields: Mapping[str, Field]
    check: Callable[[Mapping[str, Any]], None]
    needs: tuple[str, ...]
    noun: str = ""
    identifiers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    identifier: Read = _IDENTIFIER
    keeps_others: bool = False

    def meanings(self) -> dict[str, str]:
        """Meaning by a column's name as it is compared."""
        found = {plain(name): of for of, one in self.fields.items() for name in (of, *one.names)}
        for kind, names in self.identifiers.items():
            found |= {plain(name): f"{self.noun}:{kind}" for name in (kind, *names)}
        return found


SHAPES: Mapping[Of, _Shape] = {
    Of.PEOPLE: _Shape(people.FIELDS, people.check, ("person:",), "person", people.IDENTIFIERS, keeps_others=True),
    Of.ITEMS: _Shape(
        items.FIELDS, items.check, ("learning:",), "learning", items.IDENTIFIERS, identifier=items.identifier
    ),
    Of.AUDIENCES: _Shape(audiences.AUDIENCE_FIELDS, audiences.check_audience, ("ref",)),
    Of.MEMBERSHIPS: _Shape(
        audiences.MEMBERSHIP_FIELDS,
        audiences.check_membership,
        ("audience", "person"),
        "person",
        people.IDENTIFIERS,
    ),
}
_MEANINGS = {of: shape.meanings() for of, shape in SHAPES.items()}


@dataclass(slots=True)
class Telling:
    """What a row says of a person, an item, an audience or a membership.

    Args:
        number: from 1, without the header.
        raw: the row as it came, as JSON text.
        told: by field, as JSON values; identifiers by kind. What is not there stays as it is, None empties.
        faults: why it is rejected.
    """

    number: int
    raw: str
    told: dict[str, Any] = field(default_factory=dict)
    faults: list[FieldFault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What each column of one file means.

    Args:
        fields, identifiers, others: place of each column, with its field, its kind, or the name it is kept under.
        unknown: of columns that rows name and nobody knows; a file with a header is refused for them.
        meanings: by column, for people to look at.
    """

    shape: _Shape
    fields: Sequence[tuple[int, str]]
    identifiers: Sequence[tuple[int, str]]
    others: Sequence[tuple[int, str]]
    unknown: Sequence[tuple[int, str]]
    meanings: Mapping[str, str]

    @classmethod
    def resolve(cls, header: Sequence[str], options: Options, *, is_whole: bool = True) -> Sheet:
        """Raises FileRefused for columns that are unknown or stand twice, and for the lack of one that every row needs.

        Args:
            is_whole: as `Columns.resolve` takes it.
        """
        shape, known = SHAPES[options.of], _MEANINGS[options.of]
        declared = Columns.checked(header, options, is_whole=is_whole)
        meanings: dict[str, str] = {}
        seen: dict[str, str] = {}
        for name in header:
            meaning = declared.get(plain(name)) or (IGNORED if name.strip().startswith("_") else known.get(plain(name)))
            if meaning is None and shape.keeps_others:
                meaning = CUSTOM
            noun, _, kind = (meaning or "").partition(":")
            is_known = meaning == IGNORED or meaning in shape.fields or (bool(kind) and noun == shape.noun)
            if meaning is None or not (is_known or (meaning == CUSTOM and shape.keeps_others)):
                if is_whole or plain(name) in declared:
                    raise refused(name, "unknown", f"is none of {', '.join(cls.names(options.of))}")
                meaning = _UNKNOWN
            if meaning not in (CUSTOM, IGNORED, _UNKNOWN):
                if meaning in seen:
                    raise refused(name, "duplicate", f"means {meaning}, as {seen[meaning]!r} does; map one of the two")
                seen[meaning] = name
            meanings[name] = meaning
        if is_whole and not any(meaning.startswith(shape.needs[-1]) for meaning in seen):
            raise refused(shape.needs[-1].rstrip(":"), "missing", "the file has no column with this meaning")
        if is_whole and shape.needs[0] != shape.needs[-1] and shape.needs[0] not in seen:
            raise refused(shape.needs[0], "missing", "the file has no column with this meaning")
        placed = list(enumerate(meanings.items()))
        return cls(
            shape,
            [(place, meaning) for place, (_, meaning) in placed if meaning in shape.fields],
            [(place, meaning.partition(":")[2]) for place, (_, meaning) in placed if ":" in meaning],
            [(place, name) for place, (name, meaning) in placed if meaning == CUSTOM],
            [(place, name) for place, (name, meaning) in placed if meaning == _UNKNOWN],
            meanings,
        )

    @staticmethod
    def names(of: Of) -> list[str]:
        """The columns a file of this kind can have, without their other names."""
        shape = SHAPES[of]
        return [*shape.identifiers, *shape.fields]

    def read(self, row: Telling, cells: Sequence[Any], reading: Reading, nulls: frozenset[int] = frozenset()) -> None:
        """Read the cells into the row. Each thing wrong becomes a fault of it.

        Args:
            nulls: places whose cell is null and not merely absent.
        Raises: AmbiguousDate naming the column, which refuses the file.
        """
        told = row.told
        if self.shape.identifiers:
            told["identifiers"] = {}
        for place, kind in self.identifiers:
            self._take(row, told["identifiers"], kind, self.shape.identifier, cells[place], reading)
        for place, name in self.fields:
            known = self.shape.fields[name]
            if place in nulls:
                if not known.clears:
                    row.faults.append(FieldFault(name, "missing", "may not be empty"))
                told[name] = None
            else:
                self._take(row, told, name, known.read, cells[place], reading)
        row.faults.extend(
            FieldFault(name, "unknown", "is no column of such a file")
            for place, name in self.unknown
            if cells[place] is not None or place in nulls
        )
        if self.others:
            told["attributes"] = self._others(row, cells, nulls)
        if not row.faults:
            try:
                self.shape.check(told)
            except InvalidInput as error:
                row.faults.extend(error.faults)

    @staticmethod
    def _take(row: Telling, into: dict[str, Any], name: str, read: Read, cell: Any, reading: Reading) -> None:
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            return
        try:
            value = read(name, cell, reading)
        except InvalidInput as error:
            row.faults.extend(error.faults)
            return
        if value != "" and value != []:
            into[name] = value

    def _others(self, row: Telling, cells: Sequence[Any], nulls: frozenset[int]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for place, name in self.others:
            cell = cells[place]
            if len(name) > _ATTRIBUTE_NAME_MAX:
                row.faults.append(FieldFault(name, "range", f"has a name of over {_ATTRIBUTE_NAME_MAX} characters"))
            elif place in nulls:
                found[name] = None
            elif cell is not None and cell != "":
                try:
                    value = as_json(name, cell, _ATTRIBUTE_LENGTH_MAX)
                    if not isinstance(value, str) and len(json.dumps(value, default=str)) > _ATTRIBUTE_LENGTH_MAX:
                        raise InvalidInput(FieldFault(name, "range", f"is over {_ATTRIBUTE_LENGTH_MAX} characters"))
                    if value != "":
                        found[name] = value
                except InvalidInput as error:
                    row.faults.extend(error.faults)
        if sum(value is not None for value in found.values()) > ATTRIBUTES_MAX:
            row.faults.append(FieldFault("attributes", "range", f"a person has {ATTRIBUTES_MAX} at most"))
        return found
