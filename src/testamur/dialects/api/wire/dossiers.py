"""Dossiers: everything that is known about a person."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, defstruct

from testamur.dialects.api.wire import Moment
from testamur.ledger.dossiers import SECTIONS


class _Heading(Struct, kw_only=True):
    """Everything that is known about a person, each section as a list of its rows as they are kept; ids are UUIDs.

    Args:
        entry: the ledger's last entry when it was made.
        person: herself.
    """

    produced_at: Moment
    entry: int
    person: dict[str, Any]


Dossier = defstruct(
    "Dossier",
    [(section, list[dict[str, Any]]) for section in SECTIONS],
    bases=(_Heading,),
    kw_only=True,
    module=__name__,
    namespace={"__doc__": _Heading.__doc__},
)
