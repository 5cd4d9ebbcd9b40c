"""The change feed."""

from __future__ import annotations

from urllib.parse import urlencode

from testamur.core.callers import Scope
from testamur.core.errors import LimitReached
from testamur.dialects.api.translate import feed as translate
from testamur.dialects.api.wire import feed as wire
from testamur.http.errors import RateLimited
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply

PATH = "/v1/feed"
WAIT_SECONDS_MAX = 30


async def read_feed(call: Call) -> Reply:
    tenant, feed = call.caller.tenant, call.ledger.feed
    after: int = call.params["after"]
    limit: int = call.params["limit"]
    part = await feed.part(tenant, after, limit)
    if not part.entries and call.params["wait"]:
        try:
            came = await feed.wait(tenant, after, call.params["wait"], call.leaving)
        except LimitReached as error:
            refused = RateLimited(error.message)
            refused.retry_after_seconds = 1
            raise refused from error
        if came:
            part = await feed.part(tenant, after, limit)
    shows = Scope.WEBHOOKS in call.caller.scopes
    next = part.entries[-1].number if part.entries else after
    body = wire.Feed(
        data=[translate.entry(entry, call.base_url, shows_webhooks=shows) for entry in part.entries],
        next=next,
        last=part.last,
    )
    kept = [(name, value) for name, value in call.query if name != "after"]
    address = f"{call.base_url}{PATH}?{urlencode([('after', next), *kept])}"
    return json_reply(200, body, (b"link", f'<{address}>; rel="next"'.encode()), (b"cache-control", b"no-store"))


OPERATIONS = (
    Operation(
        name="readFeed",
        method="GET",
        path=PATH,
        handler=read_feed,
        summary="Every change of this tenant in the order of commits, without gaps; with `wait` as it happens",
        params=(
            Param("after", "integer", 0, minimum=0, summary="`next` of the part before; changes behind this number"),
            Param("limit", "integer", 100, minimum=1, maximum=1000),
            Param(
                "wait",
                "integer",
                0,
                minimum=0,
                maximum=WAIT_SECONDS_MAX,
                summary="Seconds to wait for a change when there is none",
            ),
        ),
        answers={200: wire.Feed},
    ),
)
