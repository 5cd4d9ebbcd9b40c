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
        self._literal: dict[str, _Node] = {}
        for operation in operations:
            node, names, path = self._root, list[str](), ""
            for segment in operation.path.strip("/").split("/"):
                path += f"/{segment}"
                if segment.startswith("{"):
                    names.append(segment[1:-1])
                    node.parameter = node.parameter or _Node()
                    node = node.parameter
                else:
                    node = node.literal.setdefault(segment, _Node())
                    if not names:
                        self._literal[path] = node
            assert operation.method not in node.operations, f"{operation.method} {operation.path} stands twice"
            node.operations[operation.method] = (operation, tuple(names))

    def match(self, method: str, raw_path: str) -> tuple[Operation, dict[str, str]]:
        """The operation and its decoded path parameters. HEAD is answered by what answers GET.

        Raises: RouteNotFound, MethodNotAllowed.
        """
        node, values = self._known(raw_path)
        if node is None:
            node = self._find(self._root, raw_path.strip("/").split("/"), 0, values)
        if node is None:
            raise RouteNotFound
        found = node.operations.get(method)
        if found is None and method == "HEAD":
            found = node.operations.get("GET")
        if found is None:
            raise MethodNotAllowed(tuple(sorted(node.operations)))
        operation, names = found
        return operation, dict(zip(names, values, strict=True))

    def _known(self, raw_path: str) -> tuple[_Node | None, list[str]]:
        """What `_find` would find, at once: paths of nothing but literals, or with a parameter at their end alone."""
        node = self._literal.get(raw_path)
        if node is not None and node.operations:
            return node, []
        before, _, value = raw_path.rpartition("/")
        node = self._literal.get(before)
        node = None if node is None else node.parameter
        if node is None or not node.operations or not value or "%" in value or "\0" in value:
            return None, []
        return node, [value]

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
