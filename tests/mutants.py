"""Mutants of the compliance engine: `python -m tests.mutants [--sample N] [--lines A-B] [--jobs N] [module ...]`.

One small change at a time is made to the engine's source, in memory, and the examples and the tests of its rules run
against it. A mutant that no test notices survives and is printed: a test is missing, or the change means nothing. Not
part of the suite: it takes minutes. With `--sample`, at most so many mutants of a module, evenly spread over it;
with `--lines`, only those of some lines.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import testamur

PACKAGE = "testamur.core.compliance"
FOLDER = Path(testamur.__file__).parent / "core" / "compliance"
MODULES = ("days", "settings", "facts", "presence", "credit", "lines", "timeline", "standing", "transitions", "why")
RULES = Path(__file__).parent / "core" / "compliance"
# The invariants take too long for each mutant.
TESTS = [str(path) for path in sorted(RULES.glob("test_*.py")) if path.name != "test_invariants.py"]
TIMEOUT_SECONDS = 10

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


_GUARDS = {"slots", "frozen", "strict", "kw_only"}  # arguments that only refuse what is never done


def mutations(node: ast.AST) -> Iterator[Callable[[Any], None]]:
    """Ways to change a node in place, each as a function of a copy of it."""
    match node:
        case ast.Compare(ops=ops):
            for place, operator in enumerate(ops):
                if type(operator) in _COMPARISONS:
                    yield partial(_compare_otherwise, place, _COMPARISONS[type(operator)])
        case ast.Constant(value=bool() as value):
            yield lambda it: setattr(it, "value", not value)
        case ast.Constant(value=int() as value):
            yield lambda it: setattr(it, "value", value + 1)
        case ast.BinOp(op=ast.Add() | ast.Sub() as operator):
            new = ast.Sub if isinstance(operator, ast.Add) else ast.Add
            yield lambda it: setattr(it, "op", new())
        case ast.BoolOp(op=operator):
            other = ast.Or if isinstance(operator, ast.And) else ast.And
            yield lambda it: setattr(it, "op", other())
        case ast.Call(func=ast.Name(id="min" | "max" as name)):
            yield lambda it: setattr(it.func, "id", "max" if name == "min" else "min")
        case ast.If() | ast.IfExp():
            yield lambda it: setattr(it, "test", ast.Constant(False))
            if isinstance(node, ast.If):
                yield lambda it: setattr(it, "test", ast.Constant(True))


def _compare_otherwise(place: int, operator: type[ast.cmpop], it: ast.Compare) -> None:
    it.ops[place] = operator()


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change to a module: which way of changing its node at `place`, in the order of `ast.walk`."""

    module: str
    line: int
    place: int
    kind: int

    def planted(self) -> tuple[str, ast.Module]:
        """What was changed, in words, and the module with it."""
        source = _source(self.module)
        changed = ast.parse(source)
        target = next(islice(ast.walk(changed), self.place, None))
        before = ast.unparse(target).splitlines()[0]
        list(mutations(target))[self.kind](target)
        after = ast.unparse(target).splitlines()[0]
        said = f"{self.module}.py:{self.line}  {before}  ->  {after}    | {source.splitlines()[self.line - 1].strip()}"
        return said, ast.fix_missing_locations(changed)


def mutants(module: str) -> list[Mutant]:
    """Every mutant of a module. They are planted one at a time: a tree each would take gigabytes."""
    tree = ast.parse(_source(module))
    guards = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.keyword) and one.arg in _GUARDS}
    return [
        Mutant(module, getattr(node, "lineno", 0), place, kind)
        for place, node in enumerate(ast.walk(tree))
        if id(node) not in guards
        for kind, _ in enumerate(mutations(node))
    ]


def _source(module: str) -> str:
    return (FOLDER / f"{module}.py").read_text()


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a tree instead of from its file."""

    def __init__(self, module: str, tree: ast.Module) -> None:
        self.name, self.tree = f"{PACKAGE}.{module}", tree

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.tree, f"<mutant of {self.name}>", "exec"), module.__dict__)


def survives(mutant: Mutant | None) -> bool:
    """Whether all tests pass with the mutant, or with the engine as it is; in a process of its own."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    code = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(TIMEOUT_SECONDS)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        if mutant is not None:
            sys.meta_path.insert(0, _Mutated(mutant.module, mutant.planted()[1]))
        plain = [
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
            "-p",
            "no:xdist",
            "--noconftest",
            "-c",
            os.devnull,
        ]
        code = int(pytest.main([*plain, *TESTS]))
    finally:
        os._exit(1 if code else 0)


def sampled(each: list[Mutant], most: int | None) -> list[Mutant]:
    """At most so many of them, evenly spread and the same every time."""
    if most is None or len(each) <= most:
        return each
    return [each[place * len(each) // most] for place in range(most)]


def _lines(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("modules", nargs="*", default=MODULES, metavar="module")
    parser.add_argument("--sample", type=int, help="at most so many mutants of each module")
    parser.add_argument("--lines", type=_lines, help="only mutants of these lines, as in 40-72")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many run at a time")
    chosen = parser.parse_args(arguments)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # a child starts in a moment without plugins
    if not survives(None):
        print("The tests fail without any mutant.")  # noqa: T201
        return 1
    total = killed = 0
    with ThreadPoolExecutor(chosen.jobs) as pool:
        for module in chosen.modules:
            every = [one for one in mutants(module) if chosen.lines is None or one.line in chosen.lines]
            each = sampled(every, chosen.sample)
            alive = 0
            for mutant, lives in zip(each, pool.map(survives, each), strict=True):
                if lives:
                    alive += 1
                    print(f"    {mutant.planted()[0]}", flush=True)  # noqa: T201
            total += len(each)
            killed += len(each) - alive
            of_all = f", a sample of {len(every)}" if len(each) < len(every) else ""
            print(f"{module}: {len(each) - alive}/{len(each)}{of_all}", flush=True)  # noqa: T201
    print(f"killed {killed} of {total}, {killed / max(total, 1):.1%}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
