"""What people marked as their favourites."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.core.errors import ItemNotFound
from testamur.core.people import Reference
from testamur.dialects.api.operations.people import ONE, of
from testamur.dialects.api.operations.shared import LIST, after_id, listed
from testamur.dialects.api.translate import favorites as translate
from testamur.dialects.api.translate import item as by_name
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import favorites as wire
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import empty_reply, json_reply

PATH = f"{ONE}/favorites"


async def list_favorites(call: Call) -> Reply:
    person = (await call.ledger.people.get(call.caller.tenant, of(call))).id
    found = await call.ledger.favorites.list(
        call.caller.tenant, person, after=after_id(call), count=call.params["limit"] + 1
    )
    return listed(call, found, translate.favorite, lambda favorite: [favorite.item.id])


async def mark_favorite(call: Call) -> Reply:
    favorite, is_new = await call.ledger.favorites.mark(call.caller, of(call), _item(call))
    return json_reply(201 if is_new else 200, translate.favorite(favorite))


async def unmark_favorite(call: Call) -> Reply:
    item = _item(call)
    if not await call.ledger.favorites.unmark(call.caller, of(call), item):
        raise ItemNotFound(f"The item {item.value!r} is no favourite of hers", field=item.field)
    return empty_reply(204)


def _item(call: Call) -> Reference:
    return by_name(call.path["item"], "item")


OPERATIONS = (
    Operation(
        name="listFavorites",
        method="GET",
        path=PATH,
        handler=list_favorites,
        summary="Items that a person marked, in order of id; none that is retired",
        params=LIST,
        answers={200: List[wire.Favorite]},
    ),
    Operation(
        name="markFavorite",
        method="PUT",
        path=f"{PATH}/{{item}}",
        handler=mark_favorite,
        summary="Mark an item as a favourite; one that is marked stays so since then",
        scope=Scope.WRITE,
        answers={200: wire.Favorite, 201: wire.Favorite},
    ),
    Operation(
        name="unmarkFavorite",
        method="DELETE",
        path=f"{PATH}/{{item}}",
        handler=unmark_favorite,
        summary="Let an item be no favourite any more",
        scope=Scope.WRITE,
        answers={204: None},
    ),
)
