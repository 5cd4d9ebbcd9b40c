"""Conditional requests (RFC 9110, section 13): ETag, If-None-Match and If-Match, for every dialect.

What has an ETag is answered 304 to who knows it already. A write that names the operation which reads what it changes
is refused with PreconditionFailed when that is not what its sender has seen. The comparison is part of the transaction
that writes, so of two writers who saw the same state one is refused.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from testamur.core.errors import NotFound, PreconditionFailed
from testamur.http.decode import read_params
from testamur.http.operations import Call, Operation, Reply

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def is_conditional(call: Call) -> bool:
    """Whether this write depends on the present state of what it changes."""
    return call.header("if-match") is not None or call.header("if-none-match") is not None


def unless_known(call: Call, reply: Reply) -> Reply:
    """The answer of a read, or 304 when the header If-None-Match has its ETag."""
    header = call.header("if-none-match")
    if header is None or reply.status != 200:
        return reply
    tag = etag(reply)
    if tag is None or not _names(header, tag, weakly=True):
        return reply
    return Reply(304, None, reply.headers)


async def check(call: Call, read: Operation) -> None:
    """Refuse a write of something that its sender has not seen as it is.

    Args:
        read: the operation that reads what the call changes, with the same path parameters.
    Raises: PreconditionFailed; NotFound when there is nothing to change, unless nothing is what the sender expects.
    """
    params = read_params(call.query, read.params, refuse_unknown=False)
    try:
        tag = etag(await read.handler(replace(call, operation=read, method=read.method, params=params, body=None)))
    except NotFound:
        if call.header("if-match") is not None:
            raise
        return
    match, none_match = call.header("if-match"), call.header("if-none-match")
    if match is not None and (tag is None or not _names(match, tag, weakly=False)):
        raise PreconditionFailed
    if none_match is not None and (tag is None or _names(none_match, tag, weakly=True)):
        raise PreconditionFailed


def etag(reply: Reply) -> str | None:
    """The ETag of an answer, with its quotes."""
    return next((value.decode("latin-1") for name, value in reply.headers if name == b"etag"), None)


def _names(header: str, tag: str, *, weakly: bool) -> bool:
    """Whether a list of tags has this one; a weak tag stands for a state only where that is enough."""
    if header.strip() == "*":
        return True
    return any((weakly or not weak) and f'"{opaque}"' == tag for weak, opaque in _TAG.findall(header))
