"""Completions."""

from __future__ import annotations

from collections.abc import Sequence

from testamur.core.enrolments import Coverage
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import to_hex24
from testamur.core.moments import parse_when
from testamur.core.records import NewRecord, Record
from testamur.dialects.thrive.translate import SOURCE, content, user
from testamur.dialects.thrive.wire import completions as wire
from testamur.http.replies import instant


def new_record(body: wire.CreateCompletion) -> NewRecord:
    """Raises InvalidInput for a `completedAt` that is no instant with an offset."""
    try:
        completed = parse_when(body.completed_at, days=False)
    except ValueError as error:
        raise InvalidInput(FieldFault("completedAt", "format", str(error))) from error
    return NewRecord(
        source=SOURCE,
        person=user(body.user_id, "userId"),
        item=content(body.content_id, "contentId"),
        completed=completed,
    )


def completion(record: Record, covered: Coverage, skills: Sequence[str]) -> wire.Completion:
    """A record that is a completion of a known person and item, what assignments make of it, and its item's skills."""
    assert record.completed is not None
    assert record.person is not None
    assert record.item is not None
    # Credit ends with the completion's own expiry when that is earlier (rule V6).
    ends = [end for end in (record.expires_at, covered.credit_ends_at) if end is not None]
    return wire.Completion(
        id=to_hex24(record.id),
        user_id=to_hex24(record.person),
        content_id=to_hex24(record.item),
        content_version=record.item_version or 1,
        skills=list(skills),
        completion_type="default",
        had_due_date=covered.had_due_date,
        is_rpl=record.is_prior,
        completed_at=instant(record.completed.at) or "",
        active_until=instant(min(ends, default=None)),
    )
