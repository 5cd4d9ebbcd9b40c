"""Learning records."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

_PRINTED_UUID = "[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}"
_SPELLED = (
    "^(([A-Za-z]{3}[_-])?([0-7][0-9A-TV-Za-tv-z]{25}|[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12})"
    "|[0-9A-Fa-f]{24}|[0-9A-TV-Za-tv-z]{20})$"
)

# The page types ids as `uuid` and describes them as prefixed ULIDs. Both are spellings of one value, so the published
# contract has patterns that admit both, and no format.
RecordId = Annotated[str, Meta(extra_json_schema={"pattern": f"^(rec_[0-7][0-9A-HJKMNP-TV-Z]{{25}}|{_PRINTED_UUID})$"})]
ReferenceId = Annotated[str, Meta(max_length=64, extra_json_schema={"pattern": _SPELLED})]
Moment = Annotated[str, Meta(max_length=64, extra_json_schema={"format": "date-time"})]
DayOrMoment = Annotated[str, Meta(max_length=64, description="A bare date means the end of that day in UTC")]
Score = Annotated[float, Meta(ge=0, le=100)]
Title = Annotated[str, Meta(max_length=1_000)]
Certificate = Annotated[str, Meta(max_length=2_000)]
Source = Annotated[str, Meta(min_length=1, max_length=100)]
SourceType = Literal["frontend", "backend", "server", "system", "api"]
ServerManaged = Annotated[
    Any, Meta(description="Set by the server; ignored here", extra_json_schema={"readOnly": True})
]


class CreateLearningRecord(Struct, forbid_unknown_fields=True):
    """Body of create. Nothing is required; null is as good as absent."""

    person_id: ReferenceId | None = None
    title: Title | None = None
    provider: Title | None = None
    completed_at: Moment | None = None
    expires_at: DayOrMoment | None = None
    score: Score | None = None
    passed: bool | None = None
    certification_ref: Certificate | None = None
    linked_cohort_id: ReferenceId | None = None
    linked_assessment_id: ReferenceId | None = None
    source: Source | None = None
    source_type: SourceType | None = None
    # The vendor's own sample sends these.
    id: ServerManaged = None
    tenant_id: ServerManaged = None
    app_id: ServerManaged = None
    created_at: ServerManaged = None
    updated_at: ServerManaged = None
    created_by: ServerManaged = None
    updated_by: ServerManaged = None
    is_deleted: ServerManaged = None
    deleted_at: ServerManaged = None
    deleted_by: ServerManaged = None
    schema_version: ServerManaged = None

    def __post_init__(self) -> None:
        # Bodies that differ in these alone ask for the same.
        for field in SERVER_MANAGED:
            setattr(self, field, None)


SERVER_MANAGED = CreateLearningRecord.__struct_fields__[CreateLearningRecord.__struct_fields__.index("id") :]
"""The fields the server sets."""


class LearningRecord(Struct, kw_only=True):
    """A learning record as read, in the order of the page. `app_id` is missing where there is no application."""

    id: RecordId
    tenant_id: str
    app_id: str | UnsetType = UNSET
    created_at: Moment
    updated_at: Moment
    created_by: ReferenceId | None
    updated_by: ReferenceId | None
    source: str
    source_type: SourceType
    is_deleted: bool
    deleted_at: Moment | None
    deleted_by: ReferenceId | None
    schema_version: int
    person_id: ReferenceId | None
    title: str | None
    provider: str | None
    completed_at: Moment | None
    expires_at: Moment | None
    score: Score | None
    passed: bool | None
    certification_ref: str | None
    linked_cohort_id: ReferenceId | None
    linked_assessment_id: ReferenceId | None


class ChangeLearningRecord(Struct, forbid_unknown_fields=True):
    """Body of patch (RFC 7396): what is absent stays, null clears."""

    person_id: ReferenceId | UnsetType | None = UNSET
    title: Title | UnsetType | None = UNSET
    provider: Title | UnsetType | None = UNSET
    completed_at: Moment | UnsetType | None = UNSET
    expires_at: DayOrMoment | UnsetType | None = UNSET
    score: Score | UnsetType | None = UNSET
    passed: bool | UnsetType | None = UNSET
    certification_ref: Certificate | UnsetType | None = UNSET
    linked_cohort_id: ReferenceId | UnsetType | None = UNSET
    linked_assessment_id: ReferenceId | UnsetType | None = UNSET
    source: Source | UnsetType | None = UNSET
    source_type: SourceType | UnsetType | None = UNSET
    # Whoever sends back what was read sends these too.
    id: ServerManaged = None
    tenant_id: ServerManaged = None
    app_id: ServerManaged = None
    created_at: ServerManaged = None
    updated_at: ServerManaged = None
    created_by: ServerManaged = None
    updated_by: ServerManaged = None
    is_deleted: ServerManaged = None
    deleted_at: ServerManaged = None
    deleted_by: ServerManaged = None
    schema_version: ServerManaged = None


class LearningRecords(Struct, rename={"next_cursor": "nextCursor"}):
    """A page. `next_cursor` is null exactly on the last one; `total` is null when it was not asked for."""

    items: list[LearningRecord]
    next_cursor: str | None
    total: int | None


class LearningRecordsAsData(Struct, rename={"next_cursor": "nextCursor", "has_more": "hasMore"}):
    """A page as the vendor's samples read it."""

    data: list[LearningRecord]
    next_cursor: str | None
    has_more: bool
    total: int | None
