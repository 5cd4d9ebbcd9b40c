"""What the groups of operations share."""

from __future__ import annotations

from dataclasses import replace

from testamur.core.errors import Unauthenticated
from testamur.dialects.cpod.manners import Manners
from testamur.http.credentials import Bearer, authorization
from testamur.http.operations import Call
from testamur.ledger.clients import Credential

NAME = "cpod"
_SEES_ALL = frozenset({"manager", "admin"})
"""Roles whose sessions are shown everything also where others see what is their own."""


async def identify(manners: Manners, call: Call) -> Credential:
    """A token as Bearer: of the token endpoint, or of an issuer that its tenant believes. Raises Unauthenticated."""
    given = authorization(call)
    if not isinstance(given, Bearer):
        raise Unauthenticated("The Authorization header must be Bearer with an access token")
    credential = await call.ledger.clients.by_token(given.token, NAME)
    caller = credential.caller
    if not manners.own_records_only or caller.person is None or _SEES_ALL.intersection(credential.settings["roles"]):
        return credential
    return replace(credential, caller=replace(caller, sees_own_only=True))
