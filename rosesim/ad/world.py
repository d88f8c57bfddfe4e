"""What a trace read of the world: globals, closure cells, defaults, attributes of objects, classes and modules.

A trace is good as long as each of these is the same object (arrays, lists, tuples and dicts: has the same
content). Read off the code of the traced function and, through them, of the plain Python functions and
methods it names; what the standard library and installed packages hold is taken to stay.
"""

from __future__ import annotations

import dis
import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from rosesim.ad.narrow import class_of

_FIXED = sys.stdlib_module_names | {"rosesim", "numpy", "scipy", "llvmlite", "pygame", "imageio"}
_MISSING = object()
_NESTED = 4
"""How deep containers in containers are compared by content; deeper ones by identity (they may hold themselves)."""
_SHORT = 100
"""The objects in a container of at most so many are looked into."""

Look = Callable[[], Any]


class World:
    """The things read, each with how to read it again and what it was."""

    __slots__ = ("_all", "_joined", "_own")

    def __init__(self) -> None:
        self._own: dict[Any, tuple[Look, Any]] = {}
        self._joined: dict[World, None] = {}
        self._all: list[tuple[Look, Any]] | None = None

    def read(self, key: Any, look: Look) -> Any:
        """Note one thing."""
        value = look()
        if key not in self._own:
            self._own[key] = look, _copy(value)
        return value

    def join(self, other: World) -> None:
        """Note all that a callee's trace read."""
        self._joined[other] = None

    def unchanged(self) -> bool:
        """Whether all of it is as it was. Asked when the trace has ended."""
        if self._all is None:
            self._all = list(self._gathered().values())
        return all(_same(look(), was) for look, was in self._all)

    def _gathered(self) -> dict[Any, tuple[Look, Any]]:
        found: dict[Any, tuple[Look, Any]] = {}
        worlds: dict[World, None] = {self: None}
        stack = [self]
        while stack:
            w = stack.pop()
            found.update((k, r) for k, r in w._own.items() if k not in found)
            new = [x for x in w._joined if x not in worlds]
            worlds.update(dict.fromkeys(new))
            stack += new
        return found

    def note_function(self, python: Callable[..., Any], *, calls: bool = False) -> None:
        """Note what a Python function's code names, and what the plain functions among it name.

        Functions of the language that it calls note for themselves what they read, when the trace reaches
        them; `calls` looks into them now, for code that is traced later (a derivative's rule).
        """
        stack: list[Any] = [python]
        seen: set[tuple[int, int]] = set()
        while stack:
            f = stack.pop()
            owner = getattr(f, "__self__", None)
            f = getattr(f, "__func__", f)
            if not isinstance(f, types.FunctionType) or (id(f), id(owner)) in seen:
                continue
            seen.add((id(f), id(owner)))
            found: list[Any] = [*self._named(f), owner]
            names = _attribute_names(f.__code__)
            opened: set[int] = set()
            while found:
                v = found.pop()
                if isinstance(v, types.FunctionType | types.MethodType):
                    if not _is_fixed(v):
                        stack.append(v)
                elif calls and type(v).__module__ == "rosesim.ad.function":
                    stack.append(getattr(v, "python", None))
                elif (kind := class_of(v)) in (list, tuple, dict) and len(v) <= _SHORT:
                    found.extend(v.values() if kind is dict else v)
                elif not _is_fixed(v if isinstance(v, type | types.ModuleType) else type(v)) and id(v) not in opened:
                    opened.add(id(v))
                    found.extend(self._attributes(v, names))

    def _named(self, f: types.FunctionType) -> Iterator[Any]:
        for cell in f.__closure__ or ():
            yield self.read(("cell", id(cell)), lambda c=cell: _content(c))
        if f.__defaults__:
            yield from self.read(("defaults", id(f)), lambda: f.__defaults__) or ()
        if f.__kwdefaults__:
            yield from (self.read(("kwdefaults", id(f)), lambda: f.__kwdefaults__) or {}).values()
        space = f.__globals__
        for name in _global_names(f.__code__):
            if name in space:
                yield self.read(("global", id(space), name), lambda n=name: space.get(n, _MISSING))

    def _attributes(self, v: Any, names: set[str]) -> Iterator[Any]:
        """Those attributes of a user's object, class or module that the code may read; its methods, bound."""
        own = getattr(v, "__dict__", {})
        for name in names:
            static = own.get(name, _MISSING) if isinstance(v, types.ModuleType) else _static(v, name)
            if static is _MISSING:
                continue
            if name in own or isinstance(static, types.MemberDescriptorType):
                yield self.read(("attribute", id(v), name), lambda n=name: getattr(v, n, _MISSING))
                continue
            # Of its class: not asked for by getattr, which would run the code of properties.
            yield self.read(("static", id(v), name), lambda n=name: _static(v, n))
            code = static.fget if isinstance(static, property) else getattr(static, "__func__", static)
            if isinstance(code, types.FunctionType):
                yield types.MethodType(code, v)


def _static(v: Any, name: str) -> Any:
    """An attribute without running any code of its class."""
    return inspect.getattr_static(v, name, _MISSING)


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet assigned
        return _MISSING


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and those inside it."""
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _codes(const)


@functools.lru_cache(maxsize=4096)  # functions that a factory makes share their code
def _global_names(code: types.CodeType) -> set[str]:
    reads = ("LOAD_GLOBAL", "LOAD_NAME")
    return {str(i.argval) for c in _codes(code) for i in dis.get_instructions(c) if i.opname in reads}


@functools.lru_cache(maxsize=4096)
def _attribute_names(code: types.CodeType) -> set[str]:
    """The names that may be attributes: all that the code holds besides its variables."""
    return {name for c in _codes(code) for name in c.co_names}


def _is_fixed(v: Any) -> bool:
    name = v.__name__ if isinstance(v, types.ModuleType) else getattr(v, "__module__", None) or ""
    return name.partition(".")[0] in _FIXED


def _copy(v: Any, depth: int = 0) -> Any:
    """What a value is compared with later: a copy of a container's content, the value itself else."""
    kind = class_of(v)
    if kind is np.ndarray:
        return v.copy()
    if depth < _NESTED:
        if kind in (list, tuple):
            return [_copy(x, depth + 1) for x in v]
        if kind is dict:
            return {k: _copy(x, depth + 1) for k, x in v.items()}
    return v


def _same(now: Any, was: Any, depth: int = 0) -> bool:
    kind = class_of(now)
    before = class_of(was)
    if kind is np.ndarray:
        return before is np.ndarray and _same_bits(now, was)
    if depth < _NESTED:
        if kind in (list, tuple):
            fits = before is list and len(now) == len(was)
            return fits and all(_same(x, y, depth + 1) for x, y in zip(now, was, strict=True))
        if kind is dict:
            fits = before is dict and now.keys() == was.keys()
            return fits and all(_same(now[k], was[k], depth + 1) for k in now)
    return now is was or (kind is before and isinstance(now, int | float | str) and _equal(now, was))


def _equal(now: Any, was: Any) -> bool:
    return now == was and (now != 0 or str(now) == str(was))  # 0.0 and -0.0 are two numbers


def _same_bits(now: np.ndarray[Any, Any], was: np.ndarray[Any, Any]) -> bool:
    if now.dtype != was.dtype or now.shape != was.shape:
        return False
    return now.dtype.kind != "O" and np.ascontiguousarray(now).tobytes() == was.tobytes()
