"""Uploads: files that come in parts and may be resumed, until something is made of them."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from testamur.core.errors import Conflict, NotFound
from testamur.core.ids import Id

ALGORITHMS = ("sha1", "sha256", "sha512")
"""Of checksums that are compared."""


class UploadNotFound(NotFound):
    """No such upload in this tenant, or its time is over."""

    code = "upload_not_found"


class UploadElsewhere(Conflict):
    """The upload is not at this offset."""

    code = "upload_offset"


class UploadTakenOver(Conflict):
    """Another request writes to this upload by now."""

    code = "upload_taken_over"


class UploadOverrun(Conflict):
    """More came than the upload was said to have."""

    code = "upload_overrun"


class UploadUnfinished(Conflict):
    """Not all of this upload has come."""

    code = "upload_unfinished"


class UploadInUse(Conflict):
    """An import is reading this upload."""

    code = "upload_in_use"


class ChecksumMismatch(Conflict):
    """What came is not what was sent; it was not kept."""

    code = "checksum_mismatch"


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a part must come to."""

    algorithm: str
    digest: bytes

    @classmethod
    def read(cls, text: str) -> Checksum:
        """From an algorithm and a digest in base64. Raises ValueError."""
        algorithm, _, encoded = text.strip().partition(" ")
        if algorithm not in ALGORITHMS:
            raise ValueError(f"must begin with one of {', '.join(ALGORITHMS)}")
        try:
            digest = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ValueError("must end with a digest in base64") from error
        if len(digest) != hashlib.new(algorithm).digest_size:
            raise ValueError(f"has no digest of {algorithm}")
        return cls(algorithm, digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What an import of a file is told: its name, its format as its sender says, and what its columns mean."""

    name: str
    format: str | None
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload as stored.

    Args:
        length: bytes it will have; `received` of them came.
        metadata: as its sender spelled it.
        import_: the import that was begun with its last byte, where it was asked for.
        expires_at: when it is forgotten, whole or not.
    """

    id: Id
    client: Id
    length: int
    received: int
    metadata: str
    import_: Id | None
    created_at: datetime
    expires_at: datetime
    completed_at: datetime | None
