"""What the tenant decides for itself: /v1/settings."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.core.tenants import TenantSettings
from testamur.dialects.api.operations.shared import entity
from testamur.dialects.api.translate import settings as translate
from testamur.dialects.api.wire import settings as wire
from testamur.http.operations import Call, Operation, Reply

PATH = "/v1/settings"


async def get_settings(call: Call) -> Reply:
    return _reply(await call.ledger.tenants.settings(call.caller.tenant))


async def change_settings(call: Call) -> Reply:
    change = translate.change(call.body)
    return _reply(await call.ledger.tenants.change_settings(call.caller, change))


def _reply(settings: TenantSettings) -> Reply:
    return entity(200, translate.settings(settings), settings.updated_at)


OPERATIONS = (
    Operation(
        name="getSettings",
        method="GET",
        path=PATH,
        handler=get_settings,
        summary="What the tenant decides for itself",
        answers={200: wire.Settings},
    ),
    Operation(
        name="changeSettings",
        method="PATCH",
        path=PATH,
        handler=change_settings,
        summary="Decide otherwise from now on: what is absent stays, null is the default again",
        scope=Scope.WRITE,
        body=wire.ChangeSettings,
        answers={200: wire.Settings},
        conditional_on="getSettings",
    ),
)
