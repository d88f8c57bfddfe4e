"""What a trace read of the world: globals, closure cells, defaults, attributes of modules and classes.

A trace is good as long as each of these is the same object (arrays, lists and dicts: has the same
content). Read off the code of the traced function and, through them, of the plain Python functions it
names; what the standard library and installed packages hold is taken to stay.
"""

from __future__ import annotations

import dis
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

_FIXED = sys.stdlib_module_names | {"rosesim", "numpy", "scipy", "llvmlite", "pygame", "imageio"}
_MISSING = object()

Look = Callable[[], Any]


class World:
    """The things read, each with how to read it again and what it was."""

    __slots__ = ("_reads", "_seen")

    def __init__(self) -> None:
        self._reads: list[tuple[Look, Any, bool]] = []
        self._seen: set[Any] = set()

    def read(self, key: Any, look: Look) -> Any:
        """Note one thing."""
        value = look()
        if key not in self._seen:
            self._seen.add(key)
            plain = not isinstance(value, np.ndarray | list | dict)
            self._reads.append((look, value if plain else _copy(value), plain))
        return value

    def join(self, other: World) -> None:
        """Note all that a callee's trace read."""
        for key in other._seen - self._seen:
            self._seen.add(key)
        known = {id(r[0]) for r in self._reads}
        self._reads.extend(r for r in other._reads if id(r[0]) not in known)

    def unchanged(self) -> bool:
        """Whether all of it is as it was."""
        for look, was, plain in self._reads:
            now = look()
            if now is was:
                continue
            if plain and not (type(now) is type(was) and isinstance(now, int | float | str) and now == was):
                return False
            if not plain and not _same(now, was):
                return False
        return True

    def note_function(self, python: Callable[..., Any]) -> None:
        """Note what a Python function's code names, and what the plain functions among it name."""
        stack: list[Any] = [python]
        while stack:
            f = stack.pop()
            f = getattr(f, "__func__", f)  # a bound method's function
            if not isinstance(f, types.FunctionType) or ("function", id(f)) in self._seen:
                continue
            self._seen.add(("function", id(f)))
            stack.extend(v for v in self._named(f) if isinstance(v, types.FunctionType) and not _is_fixed(v))

    def _named(self, f: types.FunctionType) -> Iterator[Any]:
        yield from self._cells(f)
        if f.__defaults__:
            yield from self.read(("defaults", id(f)), lambda: f.__defaults__) or ()
        if f.__kwdefaults__:
            yield from (self.read(("kwdefaults", id(f)), lambda: f.__kwdefaults__) or {}).values()
        space = f.__globals__
        for name, attribute in _global_reads(f.__code__):
            if name not in space:
                continue
            value = self.read(("global", id(space), name), lambda n=name: space.get(n, _MISSING))
            yield value
            if attribute is not None and isinstance(value, types.ModuleType | type) and not _is_fixed(value):
                if attribute in vars(value):
                    look = lambda v=value, a=attribute: getattr(v, a, _MISSING)
                    yield self.read(("attribute", id(value), attribute), look)

    def _cells(self, f: types.FunctionType) -> Iterator[Any]:
        for cell in f.__closure__ or ():
            yield self.read(("cell", id(cell)), lambda c=cell: _content(c))


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet assigned
        return _MISSING


def _global_reads(code: types.CodeType) -> Iterator[tuple[str, str | None]]:
    """The globals that a code object and those inside it read, each with the attribute taken of it."""
    last: str | None = None
    for ins in dis.get_instructions(code):
        if ins.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            last = str(ins.argval)
            yield last, None
        elif ins.opname in ("LOAD_ATTR", "LOAD_METHOD") and last is not None:
            yield last, str(ins.argval)
            last = None
        elif ins.opname not in ("CACHE", "PRECALL"):
            last = None
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _global_reads(const)


def _is_fixed(v: Any) -> bool:
    name = v.__name__ if isinstance(v, types.ModuleType) else getattr(v, "__module__", None) or ""
    return name.partition(".")[0] in _FIXED


def _copy(v: Any) -> Any:
    return v.copy()


def _same(now: Any, was: Any) -> bool:
    if type(now) is not type(was):
        return False
    if isinstance(now, np.ndarray):
        if now.dtype != was.dtype or now.shape != was.shape:
            return False
        return now.tobytes() == was.tobytes() if now.dtype.kind != "O" else False
    if isinstance(now, dict):
        return now.keys() == was.keys() and all(_alike(now[k], was[k]) for k in now)
    return len(now) == len(was) and all(map(_alike, now, was))


def _alike(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and isinstance(a, int | float | str) and a == b)
