"""Where the vendor's pages contradict each other or leave something open: the sides that an operator can take."""

from __future__ import annotations

from dataclasses import dataclass

ENVELOPES = ("items", "data")
ID_FORMS = ("prefixed", "uuid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How this installation speaks cPod.

    Args:
        envelope: what the rows of a list stand under: `items`, or `data` with `hasMore`.
        ids: how ids are printed: `prefixed` ULIDs, or as a `uuid`.
        changes: whether records can be patched, deleted and restored, which the vendor's page does not list.
        own_records_only: whether a session of somebody who is no manager and no administrator is shown only the records
            about her and those that she made.
        strict: whether a record needs a person and a title.
    """

    envelope: str = "items"
    ids: str = "prefixed"
    changes: bool = False
    own_records_only: bool = False
    strict: bool = False

    def __post_init__(self) -> None:
        if self.envelope not in ENVELOPES:
            raise ValueError(f"an envelope is one of {', '.join(ENVELOPES)}, not {self.envelope!r}")
        if self.ids not in ID_FORMS:
            raise ValueError(f"ids are one of {', '.join(ID_FORMS)}, not {self.ids!r}")
