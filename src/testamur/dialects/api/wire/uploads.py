"""Uploads."""

from __future__ import annotations

from msgspec import Struct, field

from testamur.dialects.api.wire import Moment


class Upload(Struct, kw_only=True):
    """A file that comes in parts.

    Args:
        offset: bytes that have come.
        metadata: as its sender told it, null for a name without a value.
        import_: the import that its last byte began, where the metadata asked for it.
        expires_at: when it is forgotten; later once more of it came.
    """

    id: str
    length: int
    offset: int
    metadata: dict[str, str | None]
    import_: str | None = field(name="import")
    created_at: Moment
    expires_at: Moment
    completed_at: Moment | None
