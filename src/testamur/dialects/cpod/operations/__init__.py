"""The operations of cPod's learning records."""

from __future__ import annotations

from functools import partial

from testamur.dialects.cpod import wire
from testamur.dialects.cpod.errors import answer_error
from testamur.dialects.cpod.manners import Manners
from testamur.dialects.cpod.operations import records, tokens
from testamur.dialects.cpod.operations.shared import NAME, identify
from testamur.http.operations import Dialect


def dialect(manners: Manners) -> Dialect:
    """cPod as this installation speaks it."""
    return Dialect(
        name=NAME,
        title="cPod learning records",
        operations=(*records.operations(manners), *tokens.OPERATIONS),
        identify=partial(identify, manners),
        answer_error=answer_error,
        error=wire.Problem,
        error_media_type="application/problem+json",
        security={
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "Token of /api/v1/auth/token, or of an issuer that the tenant believes",
            }
        },
    )


DIALECT = dialect(Manners())
