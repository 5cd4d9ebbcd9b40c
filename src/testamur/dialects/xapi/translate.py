"""A completion as a statement. Pure functions."""

from __future__ import annotations

from msgspec import UNSET

from testamur.core.ids import Id, to_hex24, to_uuid
from testamur.core.items import ItemKind
from testamur.core.records import Record
from testamur.dialects.xapi import wire
from testamur.http.replies import instant

COMPLETED = wire.Verb("http://adlnet.gov/expapi/verbs/completed", {"en": "completed"})
_TYPES = {
    ItemKind.COURSE.value: "http://adlnet.gov/expapi/activities/course",
    ItemKind.COLLECTION.value: "http://id.tincanapi.com/activitytype/learning-path",
    ItemKind.CONTENT.value: "http://adlnet.gov/expapi/activities/lesson",
    ItemKind.OUTSIDE.value: "http://adlnet.gov/expapi/activities/course",
}


def statement(record: Record, base_url: str, reporter: Id, version: str) -> wire.Statement:
    """The statement that tells a record's fact.

    Args:
        record: with a completion time, a person and an item.
        base_url: names the accounts and, where an item has no IRI of its own, the activities.
        reporter: the client that told us first: the statement's authority.
        version: version of the specification the reader speaks.
    """
    assert record.completed is not None
    assert record.person is not None
    assert record.item is not None
    result = wire.Result(completion=True)
    if record.passed is not None:
        result.success = record.passed
    if record.score_percent is not None:
        percent = float(record.score_percent)
        result.score = wire.Score(scaled=round(percent / 100, 6), raw=percent, min=0, max=100)
    if record.time_spent is not None:
        result.duration = record.time_spent
    extensions: dict[str, object] = {}
    if record.is_prior:
        extensions[f"{base_url}/extensions/prior-learning"] = True
    if record.expires_at is not None:
        extensions[f"{base_url}/extensions/expires-at"] = instant(record.expires_at)
    return wire.Statement(
        id=to_uuid(record.fact),
        actor=_agent(f"{base_url}/people", to_hex24(record.person), record.person_name),
        verb=COMPLETED,
        object=wire.Activity(
            object_type="Activity",
            id=record.item_iri or f"{base_url}/items/{to_uuid(record.item)}",
            definition=wire.Definition(
                type=_TYPES[record.item_kind or ItemKind.CONTENT.value],
                name={"und": record.title} if record.title else UNSET,
            ),
        ),
        result=result,
        timestamp=instant(record.completed.at) or "",
        stored=instant(record.recorded_at) or "",
        authority=_agent(f"{base_url}/clients", to_hex24(reporter), None),
        version=version,
        context=wire.Context(extensions) if extensions else UNSET,
    )


def _agent(home_page: str, name: str, display: str | None) -> wire.Agent:
    return wire.Agent("Agent", wire.Account(home_page, name), display or UNSET)
