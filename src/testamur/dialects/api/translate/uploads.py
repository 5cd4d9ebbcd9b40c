"""Uploads, by the tus protocol 1.0.0 and as JSON."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from testamur.core.ids import Id, parse, to_ulid
from testamur.core.uploads import Checksum, Rehearsal, Upload, UploadNotFound
from testamur.dialects.api.translate import id_of, imports
from testamur.dialects.api.wire import uploads as wire
from testamur.files import MEDIA_TYPES
from testamur.http.errors import RequestError
from testamur.http.replies import instant
from testamur.ledger.uploads import METADATA_LENGTH_MAX

_DIGITS_MAX = 18


def id(text: str, field: str = "upload") -> Id:
    """An upload's id in any spelling. Raises UploadNotFound."""
    found = parse(text, "upload")
    if found is None:
        raise UploadNotFound(f"No upload {text!r} in this tenant", field=field)
    return found


def number(text: str | None, header: str) -> int:
    """A header that is a number of bytes. Raises RequestError."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise RequestError(f"{header} must be a whole number, 0 or more", field=header)
    return int(text)


def checksum(text: str | None) -> Checksum | None:
    """The header Upload-Checksum. Raises RequestError."""
    try:
        return None if text is None else Checksum.read(text)
    except ValueError as error:
        raise RequestError(f"Upload-Checksum {error}", field="Upload-Checksum") from error


def metadata(text: str | None) -> dict[str, bytes | None]:
    """The header Upload-Metadata: names, each with a value in base64 or none. Raises RequestError."""
    found: dict[str, bytes | None] = {}
    if text is None or not text.strip():
        return found
    if len(text) > METADATA_LENGTH_MAX:
        raise _unreadable(f"has more than {METADATA_LENGTH_MAX} characters")
    for pair in text.split(","):
        name, _, encoded = pair.strip().partition(" ")
        if not name or not name.isascii() or not name.isprintable():
            raise _unreadable("must be names in ASCII with values in base64, with commas between them")
        if name in found:
            raise _unreadable(f"has {name!r} twice")
        try:
            found[name] = base64.b64decode(encoded.strip(), validate=True) if encoded.strip() else None
        except binascii.Error as error:
            raise _unreadable(f"has a value of {name!r} that is not base64") from error
    return found


def texts(told: Mapping[str, bytes | None]) -> dict[str, str]:
    """Metadata that must be text. Raises RequestError."""
    found = {}
    for name, value in told.items():
        try:
            found[name] = (value or b"").decode()
        except UnicodeDecodeError as error:
            raise _unreadable(f"has a value of {name!r} that is not UTF-8") from error
        if "\0" in found[name]:
            raise _unreadable(f"has a value of {name!r} that contains U+0000")
    return found


def rehearsal(params: Mapping[str, Any], filename: str | None, media_type: str | None) -> Rehearsal:
    """What an import of an upload is told. Raises InvalidInput.

    Args:
        params: those of an import.
        filename, media_type: as the upload's metadata says; a media type that is none of ours says nothing.
    """
    format = MEDIA_TYPES.get((media_type or "").partition(";")[0].strip().lower())
    options = asdict(imports.options(params))
    return Rehearsal(name=params["name"] or filename or imports.UNNAMED, format=format, options=options)


def told(stored: Upload, params: Mapping[str, Any]) -> Rehearsal:
    """As `rehearsal`, of an upload that is there."""
    known = metadata(stored.metadata)
    named = {name: (known.get(name) or b"").decode(errors="replace") for name in ("filename", "filetype")}
    return rehearsal(params, named["filename"].replace("\0", "") or None, named["filetype"])


def upload(stored: Upload) -> wire.Upload:
    told = metadata(stored.metadata)
    return wire.Upload(
        id=to_ulid(stored.id, "upload"),
        length=stored.length,
        offset=stored.received,
        metadata={name: None if value is None else value.decode(errors="replace") for name, value in told.items()},
        import_=id_of(stored.import_, "import"),
        created_at=instant(stored.created_at) or "",
        expires_at=instant(stored.expires_at) or "",
        completed_at=instant(stored.completed_at),
    )


def headers(stored: Upload) -> list[tuple[bytes, bytes]]:
    """How far an upload is and when it is forgotten, as the protocol says it."""
    return [(b"upload-offset", str(stored.received).encode()), (b"upload-expires", _date(stored.expires_at))]


def _date(at: datetime) -> bytes:
    """As HTTP writes moments, to the second that has not passed."""
    return format_datetime(at.replace(microsecond=0), usegmt=True).encode()


def _unreadable(because: str) -> RequestError:
    return RequestError(f"Upload-Metadata {because}", field="Upload-Metadata")
