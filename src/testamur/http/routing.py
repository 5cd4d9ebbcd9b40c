"""Finding the operation for a path.

Paths are matched on the raw bytes and decoded one segment at a time, because ids may hold an encoded slash. A slash
at the end is taken for none: a redirect would lose the body of a POST.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from testamur.http.errors import MethodNotAllowed, RouteNotFound
from testamur.http.operations import Operation


@dataclass(slots=True)
class _Node:
    literal: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    operations: dict[str, tuple[Operation, tuple[str, ...]]] = field(default_factory=dict)


class Router:
    """All operations of a dialect, as a tree of path segments. A literal segment wins over a parameter."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        for operation in operations:
            node, names = self._root, []
            for segment in operation.path.strip("/").split("/"):
                if segment.startswith("{"):
                    names.append(segment[1:-1])
                    node.parameter = node.parameter or _Node()
                    node = node.parameter
                else:
                    node = node.literal.setdefault(segment, _Node())
            assert operation.method not in node.operations, f"{operation.method} {operation.path} stands twice"
            node.operations[operation.method] = (operation, tuple(names))

    def match(self, method: str, raw_path: str) -> tuple[Operation, dict[str, str]]:
        """The operation and its decoded path parameters. HEAD is answered by what answers GET.

        Raises: RouteNotFound, MethodNotAllowed.
        """
        segments = raw_path.strip("/").split("/")
        values: list[str] = []
        node = self._find(self._root, segments, 0, values)
        if node is None:
            raise RouteNotFound
        found = node.operations.get(method)
        if found is None and method == "HEAD":
            found = node.operations.get("GET")
        if found is None:
            raise MethodNotAllowed(tuple(sorted(node.operations)))
        operation, names = found
        return operation, dict(zip(names, values, strict=True))

    def _find(self, node: _Node, segments: list[str], place: int, values: list[str]) -> _Node | None:
        # Most of the way there is nothing to choose.
        while place < len(segments) and node.parameter is None:
            literal = node.literal.get(segments[place])
            if literal is None:
                return None
            node, place = literal, place + 1
        if place == len(segments):
            return node if node.operations else None
        segment = segments[place]
        literal = node.literal.get(segment)
        if literal is not None:
            found = self._find(literal, segments, place + 1, values)
            if found is not None:
                return found
        if node.parameter is not None and segment:
            value = segment
            if "%" in segment:
                try:
                    value = unquote(segment, errors="strict")
                except UnicodeDecodeError:
                    return None
            if "\0" in value:
                return None
            values.append(value)
            found = self._find(node.parameter, segments, place + 1, values)
            if found is not None:
                return found
            values.pop()
        return None
