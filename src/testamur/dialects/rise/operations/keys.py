"""Keys and versions."""

from __future__ import annotations

from collections.abc import Mapping

from testamur.core.errors import Unauthenticated
from testamur.http.credentials import Bearer, authorization
from testamur.http.errors import UnsupportedVersion
from testamur.http.operations import Call, Reply
from testamur.ledger.clients import Credential

VERSIONS = frozenset({"2020-07-16", "2023-04-04", "2023-05-04"})
"""Every dated version either brand has announced. They differ in nothing that is served here."""

INITIAL_VERSIONS = {"rise-api-version": "2020-07-16", "api-version": "2023-04-04"}
"""Each brand's header, and the version it assumes when the header is absent."""


async def identify(call: Call) -> Credential:
    """A key as Bearer, then a version that is known. Raises Unauthenticated, UnsupportedVersion."""
    given = authorization(call)
    if not isinstance(given, Bearer):
        raise Unauthenticated("The Authorization header must be Bearer with an API key")
    credential = await call.ledger.clients.by_secret(given.token)
    for name in INITIAL_VERSIONS:
        version = call.header(name)
        if version is not None and version not in VERSIONS:
            raise UnsupportedVersion(f"Known versions: {', '.join(sorted(VERSIONS))}")
    return credential


def version_of(call: Call) -> str:
    """The version that a call is made with. Without either header that of the younger brand, which is the one sold."""
    given = (call.header(name) for name in INITIAL_VERSIONS)
    return next((version for version in given if version is not None), INITIAL_VERSIONS["api-version"])


def name_version(call: Call | None, headers: Mapping[bytes, bytes], reply: Reply) -> None:
    """Success names the version that was used, in the header the client sent.

    Without either header both brands' are sent: one call does not tell whose client it is.
    """
    if call is None or call.credential is None or reply.status >= 400:
        return
    sent = {name: version for name in INITIAL_VERSIONS if (version := call.header(name)) is not None}
    for name, version in (sent or INITIAL_VERSIONS).items():
        reply.headers.append((name.encode(), version.encode()))
