"""Which form of an answer a client asks for (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence


def preferred(header: str | None, offered: Sequence[str]) -> str:
    """The media type of `offered` that the header Accept asks for most, of equals the one it names first.

    The first of `offered` where nothing is asked for, and where nothing of it is offered.
    """
    asked: list[tuple[float, str]] = []
    for part in (header or "").split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        asked.append((_quality(parameters), kind))
    # Sorted by quality alone: what is equal stays in the order in which it was written.
    for quality, kind in sorted(asked, key=lambda one: -one[0]):
        found = next((media_type for media_type in offered if _is_meant(kind, media_type)), None)
        if quality > 0 and found is not None:
            return found
    return offered[0]


def _is_meant(kind: str, media_type: str) -> bool:
    return kind in (media_type, "*/*", media_type.partition("/")[0] + "/*")


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
