"""From a request to its answer: the steps every operation of every dialect goes through, in one place.

Route, version, credentials, scope, limits, body, parameters, idempotency key, condition, handler; then the answer, a
metric and one wide log line. No dialect can forget a step, because no dialect writes them.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from tempfile import TemporaryFile
from typing import IO, Any

import structlog

from testamur.core.errors import Forbidden, TestamurError, Unauthenticated
from testamur.core.ids import new_id, to_opaque
from testamur.http import conditions, decode, keys, openapi
from testamur.http.errors import BodyTooLarge, InternalError, RequestError, UnsupportedMediaType
from testamur.http.exchange import Receive, Scope, Send, respond
from testamur.http.incoming import Incoming
from testamur.http.limits import RateLimiter
from testamur.http.metrics import observe
from testamur.http.operations import Call, Dialect, Parts, Reply
from testamur.http.routing import Router
from testamur.ledger import Ledger
from testamur.logs import RequestLine, log_request

_NOTHING: Mapping[str, Any] = {}

log = structlog.get_logger("testamur.request")


class DialectService:
    """An ASGI app that answers one dialect.

    Args:
        public_url: the address clients reach the dialect's prefix at, or None to go by the Host header.
    """

    def __init__(self, dialect: Dialect, ledger: Ledger, limiter: RateLimiter, public_url: str | None = None) -> None:
        self.dialect = dialect
        self._ledger = ledger
        self._limiter = limiter
        self._public_url = public_url.rstrip("/") if public_url else None
        self._id, self._numbers = to_opaque(new_id()), itertools.count(1)
        self._router = Router((*dialect.operations, *openapi.operations(dialect)))
        named = {operation.name: operation for operation in dialect.operations}
        self._reads = {op.name: named[op.conditional_on] for op in dialect.operations if op.conditional_on}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        request_id = f"{self._id}.{next(self._numbers):x}"
        call: Call | None = None
        try:
            call = self._call(scope, headers, request_id)
            reply = await self._answer(call, scope, receive)
        except TestamurError as error:
            reply = self.dialect.answer_error(error, call)
        except Exception:
            log.exception("unexpected", request_id=request_id, dialect=self.dialect.name, path=scope["path"])
            reply = self.dialect.answer_error(InternalError(), call)
        if self.dialect.after is not None:
            self.dialect.after(call, headers, reply)
        if reply.parts is None:
            await self._send(scope, send, reply, request_id)
        else:
            await self._send_parts(scope, send, reply, reply.parts, request_id)
        self._record(call, scope, reply, request_id, time.perf_counter() - started)

    def _call(self, scope: Scope, headers: Mapping[bytes, bytes], request_id: str) -> Call:
        raw_path = scope["raw_path"].decode("latin-1").removeprefix(scope.get("root_path", ""))
        operation, path = self._router.match(scope["method"], raw_path)
        return Call(
            ledger=self._ledger,
            operation=operation,
            method=scope["method"],
            route=raw_path,
            headers=headers,
            path=path,
            query=decode.query_of(scope["query_string"]),
            base_url=self._base_url(scope, headers),
            request_id=request_id,
            now=self._ledger.now(),
            leaving=scope.get("extensions", _NOTHING).get("testamur.leaving"),
        )

    def _base_url(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        prefix = scope.get("root_path", "")
        if self._public_url is not None and prefix:
            return self._public_url
        host = headers.get(b"host", b"localhost").decode("latin-1")
        return f"{scope['scheme']}://{host}{prefix}"

    async def _answer(self, call: Call, scope: Scope, receive: Receive) -> Reply:
        operation, dialect = call.operation, self.dialect
        if dialect.before is not None:
            dialect.before(call)
        if operation.scope is not None:
            call.credential = await dialect.identify(call)
            if call.credential.dialect not in (None, dialect.name):
                raise Unauthenticated("These credentials belong to another dialect")
            if operation.scope not in call.caller.scopes:
                raise Forbidden(f"These credentials lack the scope {operation.scope.value!r}")
            self._limiter.take(call.caller.client)
        if operation.body is not None:
            await self._read_body(call, receive)
        if operation.params or dialect.refuses_unknown_params:
            call.params = decode.read_params(
                call.query, operation.params, refuse_unknown=dialect.refuses_unknown_params
            )
        offered = operation.files or operation.streams
        if not offered or not _has_body(call, offered):
            return await self._handle(call)
        if operation.streams:
            call.body = Incoming(receive)
            return await self._handle(call)
        with TemporaryFile() as file:
            await self._read_file(call, receive, file)
            return await self._handle(call)

    async def _handle(self, call: Call) -> Reply:
        operation = call.operation
        if operation.method == "GET":
            return conditions.unless_known(call, await operation.handler(call))
        if operation.idempotent_by_key and (key := keys.key_of(call)) is not None:
            return await keys.once(call, f"{self.dialect.name}.{operation.name}", key, lambda: self._write(call))
        return await self._write(call)

    async def _write(self, call: Call) -> Reply:
        read = self._reads.get(call.operation.name)
        if read is None or not conditions.is_conditional(call):
            return await call.operation.handler(call)
        async with call.ledger.together(call.caller.tenant):
            await conditions.check(call, read)
            return await call.operation.handler(call)

    async def _read_file(self, call: Call, receive: Receive, file: IO[bytes]) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestError("The body did not come to its end")
            size += file.write(message.get("body", b""))
            if size > call.operation.body_max_bytes:
                raise BodyTooLarge(f"The body has more than {call.operation.body_max_bytes} bytes")
            more = message.get("more_body", False)
        file.seek(0)
        call.body = file

    async def _read_body(self, call: Call, receive: Receive) -> None:
        operation = call.operation
        media_type = (call.header("content-type") or "").partition(";")[0].strip().lower()
        data = await read_body(receive, operation.body_max_bytes)
        if operation.body_optional and not (data.strip() if operation.body_of_any_type else data):
            return
        if operation.form and media_type == "application/x-www-form-urlencoded":
            call.body = decode.convert(decode.form(data), operation.body)
            return
        is_json = media_type in self.dialect.media_types or media_type.endswith("+json")
        if not is_json and not operation.body_of_any_type:
            raise UnsupportedMediaType
        call.body = decode.decode(data, operation.body)
        call.raw = data.decode()

    async def _send(self, scope: Scope, send: Send, reply: Reply, request_id: str) -> None:
        headers = [(b"x-request-id", request_id.encode()), *reply.headers]
        body = b"" if reply.body is None else reply.body
        if reply.body is not None:
            headers.append((b"content-type", reply.media_type))
        if reply.status not in (204, 304):
            headers.append((b"content-length", str(len(body)).encode()))
        await respond(send, reply.status, headers, b"" if scope["method"] == "HEAD" else body)

    async def _send_parts(self, scope: Scope, send: Send, reply: Reply, parts: Parts, request_id: str) -> None:
        headers = [(b"x-request-id", request_id.encode()), *reply.headers, (b"content-type", reply.media_type)]
        if parts.length is not None:
            headers.append((b"content-length", str(parts.length).encode()))
        is_gone = scope.get("extensions", _NOTHING).get("testamur.is_gone", lambda: False)
        try:
            await send({"type": "http.response.start", "status": reply.status, "headers": headers})
            if scope["method"] != "HEAD":
                # An error on the way breaks the connection, so nobody takes a part for the whole.
                async for part in parts:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                    if is_gone():
                        return
            await send({"type": "http.response.body", "body": b""})
        except Exception:
            log.exception("an answer broke off", request_id=request_id, dialect=self.dialect.name)
            raise
        finally:
            await parts.aclose()

    def _record(self, call: Call | None, scope: Scope, reply: Reply, request_id: str, seconds: float) -> None:
        operation = call.operation.name if call else "unknown"
        observe(self.dialect.name, operation, reply.status, seconds)
        caller = call.credential.caller if call and call.credential else None
        log_request(
            RequestLine(
                self.dialect.name,
                operation,
                scope["method"],
                reply.status,
                round(seconds * 1000, 2),
                None if caller is None else caller.tenant,
                None if caller is None else caller.client,
                request_id,
            )
        )


def _has_body(call: Call, offered: Sequence[str]) -> bool:
    """Whether there is a body, which must be of an offered media type. Raises UnsupportedMediaType."""
    given = call.header("content-type")
    is_sent = call.header("transfer-encoding") is not None or call.header("content-length") not in (None, "0")
    if call.operation.body_optional and given is None and not is_sent:
        return False
    if (given or "").partition(";")[0].strip().lower() not in offered:
        raise UnsupportedMediaType(f"The body must be one of {', '.join(offered)}")
    return True


async def read_body(receive: Receive, max_bytes: int) -> bytes:
    """The whole body.

    Raises: BodyTooLarge as soon as it is, without reading on; RequestError when the rest will not come.
    """
    parts, size, more = [], 0, True
    while more:
        if size > max_bytes:
            raise BodyTooLarge(f"The body has more than {max_bytes} bytes")
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestError("The body did not come to its end")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
    if size > max_bytes:
        raise BodyTooLarge(f"The body has more than {max_bytes} bytes")
    return b"".join(parts)
