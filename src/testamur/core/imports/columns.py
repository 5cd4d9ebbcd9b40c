"""What a file's columns mean, and what its sender declares beside them."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any
from zoneinfo import ZoneInfo

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.imports.batches import refused
from testamur.core.imports.dates import DateForm
from testamur.core.imports.directories import Of
from testamur.core.people import check_zone

COLUMNS_MAX = 500
NAME_LENGTH_MAX = 255
EARLIEST_YEAR = 1970
_KINDS_MAX = 10
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", ",": ",", ";": ";", "\t": "\t"}

CUSTOM = "custom"
"""The meaning of a column that is kept with the fact as it is."""
IGNORED = "ignored"

FIELDS: Mapping[str, tuple[str, ...]] = {
    "person": (),
    "person_by": (),
    "learning": (),
    "learning_by": (),
    "completed_on": ("completed_at", "completiondate", "timecompleted", "completion_date", "completed"),
    "started_on": ("started_at", "timestarted"),
    "enrolled_on": ("timeenrolled",),
    "due_on": ("duedate",),
    "expires_on": ("valid_until", "timeuntil", "expiration"),
    "result": ("status", "outcome", "passed"),
    "score": ("grade", "points"),
    "score_max": (),
    "duration": (),
    "hours": (),
    "version": ("revision",),
    "title": ("course_name",),
    "provider": ("vendor",),
    "certificate_no": ("certificate",),
    "evidence_url": ("attachment",),
    "note": ("comments",),
    "source": (),
    "source_id": ("recordid", "import_id"),
}
"""What a column can mean, with the other names it is known by."""

PERSON_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "username": ("username",),
    "email": ("email",),
    "employee_id": ("ref",),
    "userid": ("ref", "username"),
    "user_ref": ("ref",),
    "external_reference": ("ref",),
    "client_user_identifier": ("ref",),
}
"""Columns that name a person, with the kinds of identifiers their values are looked up as."""

LEARNING_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "courseidnumber": ("ref",),
    "courseshortname": ("ref",),
    "courseid": ("ref",),
    "course_number": ("ref",),
    "content_id": ("thrive", "ref", "id"),
    "learning_object_external_reference": ("ref",),
}


def plain(name: str) -> str:
    """A column's name as it is compared: without regard to case, blanks, hyphens and underscores."""
    return "".join(name.split()).replace("-", "").replace("_", "").lower()


_FIELD_BY_NAME = {plain(name): of for of, others in FIELDS.items() for name in (of, *others)}
_PERSON_BY_NAME = {plain(name): kinds for name, kinds in PERSON_COLUMNS.items()}
_LEARNING_BY_NAME = {plain(name): kinds for name, kinds in LEARNING_COLUMNS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the sender of a file declares about it.

    Args:
        columns: meanings by column: a name of FIELDS, `person:KIND`, `learning:KIND`, `custom` or `ignored`.
        results: words of the file that mean `pass`, `fail` or `none`.
        date_form: see DateForm; None is ISO, not declared.
        zone: IANA zone of date-times that name none.
        earliest_year: a completion before it is an error (rule I4).
        source: where rows come from that do not say so themselves.
        person_kinds: kinds that a person's key is looked up as, in this order (rule I5).
        learning_kinds: the same of learning objects.
        sheet: of a workbook; the first one by default.
        all_or_nothing: a file with a row that is held or rejected cannot be committed.
        of: what the rows tell of.
        whole: there are no others than those of the file.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, str] = field(default_factory=dict)
    date_form: str | None = None
    zone: str | None = None
    earliest_year: int = EARLIEST_YEAR
    source: str = "import"
    person_kinds: Sequence[str] = ()
    learning_kinds: Sequence[str] = ()
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    all_or_nothing: bool = False
    of: Of = Of.COMPLETIONS
    whole: bool = False

    @property
    def dates(self) -> DateForm:
        return DateForm.declared(self.date_form, ZoneInfo(self.zone) if self.zone else None)


def options_of(told: Mapping[str, Any]) -> Options:
    """Options as a document, such as a mapping file. Raises InvalidInput naming the member."""
    known = {one.name for one in fields(Options)}
    faults = [FieldFault(name, "unknown", "is no option of an import") for name in told if name not in known]
    for name, value in told.items():
        if name in known and (fault := _fault(name, value)) is not None:
            faults.append(FieldFault(name, fault[0], fault[1]))
    if faults:
        raise InvalidInput(faults)
    given = {name: value for name, value in told.items() if value is not None}
    if "delimiter" in given:
        given["delimiter"] = _DELIMITERS[given["delimiter"]]
    given["of"] = Of(given.get("of", Of.COMPLETIONS))
    if given.get("whole") and not given["of"].can_be_whole:
        raise InvalidInput(FieldFault("whole", "range", f"cannot be said of {given['of'].value}"))
    return Options(**given)


def _fault(name: str, value: Any) -> tuple[str, str] | None:
    if value is None:
        return None
    match name:
        case "columns" | "results":
            if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in (*value, *value.values())):
                return "type", "must be an object of texts"
            words = ("pass", "fail", "none")
            bad = [one for one in value.values() if not (_is_meaning(one) if name == "columns" else one in words)]
            if bad:
                known = f"person:KIND, learning:KIND, {CUSTOM}, {IGNORED} or a field" if name == "columns" else words
                return "format", f"{bad[0]!r} must be {known}"
        case "person_kinds" | "learning_kinds":
            if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > _KINDS_MAX:
                return "type", f"must be a list of at most {_KINDS_MAX} kinds"
            if not all(isinstance(one, str) and 0 < len(one) <= NAME_LENGTH_MAX for one in value):
                return "type", "must be a list of texts"
        case "earliest_year":
            if not isinstance(value, int) or isinstance(value, bool) or not 1 < value < 9999:
                return "range", "must be a year"
        case "of":
            if value not in [one.value for one in Of]:
                return "format", f"must be one of {', '.join(one.value for one in Of)}"
        case "all_or_nothing" | "whole":
            if not isinstance(value, bool):
                return "type", "must be true or false"
        case _:
            return _text_fault(name, value)
    return None


def _text_fault(name: str, value: Any) -> tuple[str, str] | None:
    if not isinstance(value, str) or not 0 < len(value) <= NAME_LENGTH_MAX or "\0" in value:
        return "type", f"must be text of 1 to {NAME_LENGTH_MAX} characters"
    try:
        if name == "date_form":
            DateForm.declared(value)
        elif name == "zone":
            check_zone(value, name)
        elif name == "delimiter" and value not in _DELIMITERS:
            return "format", "must be comma, semicolon or tab"
        elif name == "encoding" and not codecs.lookup(value)._is_text_encoding:
            return "format", "is no encoding of text"
    except (ValueError, InvalidInput) as error:
        return "format", str(error)
    except LookupError:
        return "format", f"there is no encoding {value!r}"
    return None


def _is_meaning(meaning: str) -> bool:
    noun, colon, kind = meaning.partition(":")
    # Which fields there are depends on what the file is of; the columns say so when they are resolved.
    return meaning.isidentifier() if not colon else noun in ("person", "learning") and bool(kind)


@dataclass(frozen=True, slots=True)
class Columns:
    """What each column of one file means.

    Args:
        fields: field and place of each column that has one.
        people, learnings: place of each column with a key, with the kinds it is looked up as; whether the first kind
            was declared and so decides alone.
        custom: place and name of the columns that are kept as they are.
        meanings: by column, for people to look at.
    """

    fields: Mapping[str, int]
    people: Sequence[tuple[int, tuple[str, ...]]]
    learnings: Sequence[tuple[int, tuple[str, ...]]]
    custom: Sequence[tuple[int, str]]
    meanings: Mapping[str, str]

    @classmethod
    def resolve(cls, header: Sequence[str], options: Options, *, is_whole: bool = True) -> Columns:
        """Raises FileRefused for names that stand twice, and where a column that every row needs is missing.

        Args:
            is_whole: there are no more columns to come, as there are where each row names its own.
        """
        declared = cls.checked(header, options, is_whole=is_whole)
        for name, meaning in options.columns.items():
            if ":" not in meaning and meaning not in (*FIELDS, CUSTOM, IGNORED):
                raise refused(name, "unknown", f"{meaning!r} is no field of a completion")
        found: dict[str, int] = {}
        people: list[tuple[int, tuple[str, ...]]] = []
        learnings: list[tuple[int, tuple[str, ...]]] = []
        custom: list[tuple[int, str]] = []
        meanings: dict[str, str] = {}
        for place, name in enumerate(header):
            meaning = meanings[name] = declared.get(plain(name)) or _meaning(name)
            noun, _, kind = meaning.partition(":")
            if meaning == CUSTOM:
                custom.append((place, name))
            elif kind:
                (people if noun == "person" else learnings).append((place, tuple(kind.split("|"))))
            elif meaning != IGNORED:
                if meaning in found:
                    other = header[found[meaning]]
                    raise refused(name, "duplicate", f"means {meaning}, as {other!r} does; map one of the two")
                found[meaning] = place
        for missing, there in (
            ("person", "person" in found or people),
            ("learning", "learning" in found or learnings or "title" in found),
            ("completed_on", "completed_on" in found),
        ):
            if is_whole and not there:
                raise refused(missing, "missing", "the file has no column with this meaning, and every row needs it")
        return cls(found, people, learnings, custom, meanings)

    @classmethod
    def checked(cls, header: Sequence[str], options: Options, *, is_whole: bool) -> dict[str, str]:
        """The meanings that were declared, by names as they are compared. Raises FileRefused for bad names."""
        cls._check_names(header)
        there = {plain(one) for one in header}
        unknown = [name for name in options.columns if plain(name) not in there]
        if is_whole and unknown:
            raise refused(unknown[0], "missing", "is mapped, and the file has no such column")
        return {plain(name): meaning for name, meaning in options.columns.items()}

    @staticmethod
    def _check_names(header: Sequence[str]) -> None:
        if len(header) > COLUMNS_MAX:
            raise refused("", "range", f"the file has more than {COLUMNS_MAX} columns")
        seen: set[str] = set()
        for place, name in enumerate(header, 1):
            if not name.strip():
                raise refused("", "missing", f"column {place} has no name")
            if len(name) > NAME_LENGTH_MAX or "\0" in name:
                raise refused(name[:NAME_LENGTH_MAX].replace("\0", ""), "range", "is no name of a column")
            if name.strip().startswith("_"):
                continue
            if plain(name) in seen:
                raise refused(name, "duplicate", "stands twice")
            seen.add(plain(name))


def _meaning(name: str) -> str:
    # A corrected error file comes with columns of ours.
    if name.strip().startswith("_"):
        return IGNORED
    spelled = plain(name)
    if spelled in _PERSON_BY_NAME:
        return "person:" + "|".join(_PERSON_BY_NAME[spelled])
    if spelled in _LEARNING_BY_NAME:
        return "learning:" + "|".join(_LEARNING_BY_NAME[spelled])
    return _FIELD_BY_NAME.get(spelled, CUSTOM)


def person_kinds_of(by: str) -> tuple[str, ...]:
    """The kinds that a row's `person_by` means: the name of a column that names people, or a kind."""
    return _PERSON_BY_NAME.get(plain(by), (by.strip().lower(),))


def learning_kinds_of(by: str) -> tuple[str, ...]:
    """The same of `learning_by`."""
    return _LEARNING_BY_NAME.get(plain(by), (by.strip().lower(),))
