"""Uploads by the tus protocol 1.0.0, https://tus.io/protocols/resumable-upload: decision 0027."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from testamur.core.callers import Scope
from testamur.core.ids import Id
from testamur.core.uploads import ALGORITHMS, Checksum, Upload
from testamur.dialects.api.operations.imports import FILE_OPTIONS
from testamur.dialects.api.operations.shared import LIST, after_id, listed
from testamur.dialects.api.translate import uploads as translate
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import uploads as wire
from testamur.http.decode import read_params
from testamur.http.errors import BodyTooLarge, MethodNotAllowed, RequestError, UnsupportedUploadVersion
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import empty_reply, json_reply

PATH = "/v1/uploads"
ONE = f"{PATH}/{{upload}}"
VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "expiration", "checksum", "termination")
MEDIA_TYPE = "application/offset+octet-stream"
_REHEARSE = Param("rehearse", "boolean", default=True)
"""In the metadata: begin an import with the last byte. The rest of the metadata says what its parameters would."""
_NO_STORE = (b"cache-control", b"no-store")


async def offer_uploads(call: Call) -> Reply:
    return empty_reply(
        204,
        (b"tus-version", VERSION.encode()),
        (b"tus-max-size", str(call.ledger.uploads.limits.file_bytes).encode()),
        (b"tus-extension", ",".join(EXTENSIONS).encode()),
        (b"tus-checksum-algorithm", ",".join(ALGORITHMS).encode()),
    )


async def create_upload(call: Call) -> Reply:
    length = translate.number(call.header("upload-length"), "Upload-Length")
    if length > call.ledger.uploads.limits.file_bytes:
        raise BodyTooLarge(f"An upload has at most {call.ledger.uploads.limits.file_bytes} bytes")
    checksum = translate.checksum(call.header("upload-checksum"))
    header = call.header("upload-metadata") or ""
    told = translate.metadata(header)
    rehearsal = None
    if _REHEARSE.name in told:
        texts = translate.texts(told)
        params = read_params(list(texts.items()), (_REHEARSE, *FILE_OPTIONS), refuse_unknown=False)
        if params[_REHEARSE.name]:
            rehearsal = translate.rehearsal(params, texts.get("filename"), texts.get("filetype"))
    upload = await call.ledger.uploads.create(call.caller, length, metadata=header, rehearsal=rehearsal)
    if call.body is not None:
        _refuse_more(call, length)
        upload = await _append(call, upload.id, 0, checksum)
    location = f"{call.base_url}{PATH}/{translate.upload(upload).id}".encode()
    return empty_reply(201, (b"location", location), *translate.headers(upload))


async def append_upload(call: Call) -> Reply:
    id = translate.id(call.path["upload"])
    offset = translate.number(call.header("upload-offset"), "Upload-Offset")
    checksum = translate.checksum(call.header("upload-checksum"))
    found = await call.ledger.uploads.get(call.caller.tenant, id)
    if found.received == offset:
        _refuse_more(call, found.length - offset)
    upload = await _append(call, id, offset, checksum)
    return empty_reply(204, *translate.headers(upload))


async def head_upload(call: Call) -> Reply:
    upload = await call.ledger.uploads.get(call.caller.tenant, translate.id(call.path["upload"]))
    headers = [*translate.headers(upload), (b"upload-length", str(upload.length).encode()), _NO_STORE]
    if upload.metadata:
        headers.append((b"upload-metadata", upload.metadata.encode("latin-1")))
    return empty_reply(200, *headers)


async def get_upload(call: Call) -> Reply:
    upload = await call.ledger.uploads.get(call.caller.tenant, translate.id(call.path["upload"]))
    return json_reply(200, translate.upload(upload), _NO_STORE)


async def list_uploads(call: Call) -> Reply:
    uploads = await call.ledger.uploads.list(call.caller.tenant, after=after_id(call), count=call.params["limit"] + 1)
    return listed(call, uploads, translate.upload, lambda upload: [upload.id])


async def remove_upload(call: Call) -> Reply:
    await call.ledger.uploads.remove(call.caller, translate.id(call.path["upload"]))
    return empty_reply(204)


async def override_upload(call: Call) -> Reply:
    """For clients whose way here lets no PATCH and no DELETE through."""
    method = (call.header("x-http-method-override") or "").upper()
    if method == "PATCH" and call.body is not None:
        return await append_upload(call)
    if method == "DELETE":
        return await remove_upload(call)
    raise MethodNotAllowed(("DELETE", "GET", "HEAD", "PATCH"))


def check_version(call: Call) -> None:
    """Refuse what does not speak the protocol where it must. Raises UnsupportedUploadVersion."""
    if call.operation.name in _TUS and call.header("tus-resumable") != VERSION:
        raise UnsupportedUploadVersion(f"The header Tus-Resumable must be {VERSION}")


def say_version(call: Call | None, headers: Mapping[bytes, bytes], reply: Reply) -> None:
    """Add what every answer of the protocol carries."""
    if call is None or call.operation.name not in _TUS:
        return
    reply.headers.append((b"tus-resumable", VERSION.encode()))
    if reply.status == 412:
        reply.headers.append((b"tus-version", VERSION.encode()))


def _refuse_more(call: Call, left: int) -> None:
    length = call.header("content-length")
    if length is not None and length.isdigit() and int(length) > left:
        raise BodyTooLarge(f"{max(left, 0)} bytes are left of the upload")


async def _append(call: Call, id: Id, offset: int, checksum: Checksum | None) -> Upload:
    leaving = asyncio.Event()
    if call.leaving is not None:
        call.leaving(leaving)
    upload = await call.ledger.uploads.append(call.caller, id, offset, call.body, checksum=checksum, leaving=leaving)
    if call.body.is_broken:
        # Nobody hears it, but the log should say so.
        raise RequestError("The client went away; what came is kept")
    return upload


_VERSION_HEADER = {"Tus-Resumable": "1.0.0"}
_CHECKSUM = {"Upload-Checksum": "Of the bytes that come: sha1, sha256 or sha512, a blank, and the digest in base64"}
_OFFSET = {"Upload-Offset": "Where the bytes belong that come: how many have come before"}

OPERATIONS = (
    Operation(
        name="offerUploads",
        method="OPTIONS",
        path=PATH,
        handler=offer_uploads,
        summary="What is spoken here: tus 1.0.0, with its extensions and the largest file",
        scope=None,
        answers={204: None},
    ),
    Operation(
        name="createUpload",
        method="POST",
        path=PATH,
        handler=create_upload,
        summary="Make room for a file of Upload-Length bytes; what comes with it are its first ones",
        scope=Scope.WRITE,
        streams=(MEDIA_TYPE,),
        body_optional=True,
        headers={
            **_VERSION_HEADER,
            "Upload-Length": "Bytes of the whole file",
            "Upload-Metadata": "Names with values in base64: filename, filetype, rehearse and what an import is told",
            **_CHECKSUM,
        },
        answers={201: None},
    ),
    Operation(
        name="listUploads",
        method="GET",
        path=PATH,
        handler=list_uploads,
        summary="Uploads that are not forgotten, the newest first",
        params=LIST,
        answers={200: List[wire.Upload]},
    ),
    Operation(
        name="offerUpload",
        method="OPTIONS",
        path=ONE,
        handler=offer_uploads,
        summary="As of all uploads",
        scope=None,
        answers={204: None},
    ),
    Operation(
        name="headUpload",
        method="HEAD",
        path=ONE,
        handler=head_upload,
        summary="Where an upload is to be gone on with: Upload-Offset",
        headers=_VERSION_HEADER,
        answers={200: None},
    ),
    Operation(
        name="getUpload",
        method="GET",
        path=ONE,
        handler=get_upload,
        summary="One upload, and the import that it began",
        answers={200: wire.Upload},
    ),
    Operation(
        name="appendUpload",
        method="PATCH",
        path=ONE,
        handler=append_upload,
        summary="Send bytes from Upload-Offset on; what came of them is kept when the connection breaks",
        scope=Scope.WRITE,
        streams=(MEDIA_TYPE,),
        headers={**_VERSION_HEADER, **_OFFSET, **_CHECKSUM},
        answers={204: None},
    ),
    Operation(
        name="overrideUpload",
        method="POST",
        path=ONE,
        handler=override_upload,
        summary="PATCH or DELETE, as X-HTTP-Method-Override says",
        scope=Scope.WRITE,
        streams=(MEDIA_TYPE,),
        body_optional=True,
        headers={**_VERSION_HEADER, "X-HTTP-Method-Override": "PATCH or DELETE", **_OFFSET, **_CHECKSUM},
        answers={204: None},
    ),
    Operation(
        name="removeUpload",
        method="DELETE",
        path=ONE,
        handler=remove_upload,
        summary="Forget an upload",
        scope=Scope.WRITE,
        headers=_VERSION_HEADER,
        answers={204: None},
    ),
)
_TUS = frozenset({"createUpload", "headUpload", "appendUpload", "overrideUpload", "removeUpload"})
