"""All that a function may read while it is traced: what can be reached from it, over what its code names.

From the function's globals, closure cells and defaults, and the object that it is a method of, on through
containers of every kind, attributes, classes, modules and the functions that may run. Of an object's attributes
those count whose name is in some code that may run (a dataclass's fields always); all of them, where code asks for
attributes by names that it makes up (`getattr`, `vars`), and where code of the standard library reads them.
Methods that Python calls without their name (`__call__`, `__add__`, `__enter__`, `__getattr__`) may always run.

Each thing that can change is looked at for itself, not for what is in it: the looks taken together are a look at
everything, at any depth, and a thing that holds itself is no special case.

What cannot be looked at is said to be so in `unwatched`.
"""

from __future__ import annotations

import builtins
import functools
import importlib.util
import itertools
import sys
import types
from collections.abc import Callable, Sequence
from enum import EnumMeta
from typing import Any

import numpy as np

from rosesim.ad import kinds
from rosesim.ad.kinds import MISSING
from rosesim.ad.uses import Uses, uses

Look = Callable[[], Sequence[Any]]

_BY_MADE_UP_NAMES = {"__dict__", "__getattribute__", "getmembers", "getattr_static"}
_BY_ANY_WAY = {
    "import_module", "currentframe", "_getframe", "__globals__", "__closure__", "__subclasses__", "get_objects",
    "get_referents", "get_referrers", "f_locals", "f_globals", "__builtins__",
}  # fmt: skip
_BY_PATH = {"read_text", "read_bytes", "open", "exists", "stat", "iterdir", "glob", "is_file", "is_dir"}


class Reach:
    """What can be reached from some functions, each thing with how to look at it again."""

    def __init__(self, functions: Sequence[Any], *, calls: bool = False, live: bool = False):
        self.looks: list[Look] = []
        """Each gives objects, the same ones as long as nothing has changed."""
        self.contents: list[Callable[[], bool]] = []
        """Each says whether the numbers of an array are as they were."""
        self.handed: dict[int, np.ndarray[Any, Any]] = {}
        """Arrays that are only handed to `const`, by identity."""
        self.unwatched = ""
        """The first thing that was met that may change unseen."""
        self._calls = calls
        self._live = live
        self._seen: dict[int, Any] = {}
        self._stack: list[Any] = list(functions)
        self._roots = {id(f) for f in functions} | {id(getattr(f, "__func__", f)) for f in functions}
        self._names: set[str] = set()
        self._handed_names: set[str] = set()
        self._whole = False
        self._functions: list[types.FunctionType] = []
        self._cells: dict[int, Any] = {}
        self._spaces: dict[int, tuple[dict[str, Any], set[str]]] = {}
        self._holders: list[_Holder] = []
        self._reads_paths = False
        self._explore()

    def _explore(self) -> None:
        known = -1, False
        while known != (len(self._names), self._whole):
            known = len(self._names), self._whole
            while self._stack:
                self._visit(self._stack.pop())
            for holder in self._holders:
                self._stack += holder.more(self._names, self._handed_names, self._whole)
                for array in holder.handed:
                    self._hand(array)
                holder.handed.clear()
            if self._stack:
                known = -1, False
        if self._reads_paths and not self._names.isdisjoint(_BY_PATH):
            self._cannot_watch("a file")
        if self._functions:
            self.looks.append(functools.partial(_of_functions, tuple(self._functions)))
        if self._cells:
            self.looks.append(functools.partial(_of_cells, tuple(self._cells.values())))
        self.looks += (
            functools.partial(_of_space, space.get, tuple(names)) for space, names in self._spaces.values()
        )
        self.looks += (holder.look() for holder in self._holders)

    def _visit(self, v: Any) -> None:
        if type(v) in kinds.LEAVES or isinstance(v, np.generic) or id(v) in self._seen:
            return
        self._seen[id(v)] = v
        if isinstance(v, types.FunctionType):
            self._function(v)
        elif isinstance(v, type):
            self._class(v)
        elif isinstance(v, types.ModuleType):
            self._holders.append(_Holder(v, "fixed module" if kinds.is_fixed(v) else "module"))
        else:
            self._object(v)

    # ------------------------------------------------------------------------------- code

    def _function(self, f: types.FunctionType) -> None:
        self._functions.append(f)
        self._stack += f.__defaults__ or ()
        self._stack += (f.__kwdefaults__ or {}).values()
        if f.__dict__:
            self._holders.append(_Holder(f, "function"))
        cells = dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True))
        if kinds.is_fixed(f) and id(f) not in self._roots:
            for cell in cells.values():  # what it was made to wrap is the user's
                self._cell(cell)
            return
        used = uses(f.__code__)
        as_meant = all(_is_taker(f, name) for name in used.takers)
        self._names |= used.attributes | used.words
        if as_meant:
            self._handed_names |= used.handed_attributes
        else:
            self._names |= used.handed_attributes
        named = used.globals | used.attributes
        self._whole |= not named.isdisjoint(_BY_MADE_UP_NAMES)
        for name in sorted(named & _BY_ANY_WAY):
            self._cannot_watch(f"what {f.__name__} reads by {name}")
        for name, cell in cells.items():
            if not (as_meant and name in used.handed and self._need_not_read(_content(cell), name in used.counted)):
                self._cell(cell)
        for name in used.globals | (used.handed - cells.keys()):
            self._global(f.__globals__, name, used, as_meant)
        for name, level in used.imports:
            self._import(f, name, level)
        for path in used.paths:
            if path[0] in cells:
                self._path(_content(cells[path[0]]), path[1:])
            else:
                self._path(f.__globals__.get(path[0], MISSING), path[1:])

    def _cell(self, cell: Any) -> None:
        self._cells[id(cell)] = cell
        self._stack.append(_content(cell))

    def _global(self, space: dict[str, Any], name: str, used: Uses, as_meant: bool) -> None:
        value = space.get(name, MISSING)
        if as_meant and name in used.handed and self._need_not_read(value, name in used.counted):
            if name in used.counted:
                return
        elif value is MISSING:
            own = builtins.__dict__.get(name, MISSING)
            if getattr(own, "__module__", None) != "builtins":
                self._watch(builtins.__dict__, name)
            self._stack.append(own)
        else:
            self._stack.append(value)
        self._watch(space, name)

    def _watch(self, space: dict[str, Any], name: str) -> None:
        self._spaces.setdefault(id(space), (space, set()))[1].add(name)

    def _need_not_read(self, value: Any, counted: bool) -> bool:
        """Whether a variable that is only handed over or counted stands for something of which that is true."""
        if counted:
            return type(value) in kinds.COUNTERS
        return self._hand(value)

    def _hand(self, array: Any) -> bool:
        """Whether it is an array that a program can read where it lies."""
        if not self._live or not kinds.may_live(array):
            self._stack.append(array)
            return False
        if id(array) not in self.handed:
            self.handed[id(array)] = array
            self.contents.append(kinds.same_place(array))
        return True

    def _import(self, f: types.FunctionType, name: str, level: int) -> None:
        """A module that the code imports: it may be replaced, or not be imported yet."""
        try:
            full = (
                importlib.util.resolve_name("." * level + name, f.__globals__.get("__package__")) if level else name
            )
        except ImportError:
            return
        parts = full.split(".")
        for k in range(len(parts)):
            inner = ".".join(parts[: k + 1])
            if parts[0] != "rosesim":
                self._watch(sys.modules, inner)
                self._stack.append(sys.modules.get(inner, MISSING))

    def _path(self, v: Any, names: tuple[str, ...]) -> None:
        """Data, and functions of hidden state, that the code finds in an installed module."""
        while isinstance(v, types.ModuleType) and kinds.is_fixed(v):
            if not names:
                return
            value, space = v.__dict__.get(names[0], MISSING), v.__dict__
            if value is MISSING:
                return
            if kinds.reads_outside(v, names[0], value):
                self._cannot_watch(f"{v.__name__}.{names[0]}")
            if not isinstance(value, types.FunctionType | type | types.ModuleType | types.BuiltinFunctionType):
                self._watch(space, names[0])
            if not isinstance(value, types.FunctionType | types.ModuleType):
                self._stack.append(value)
            v, names = value, names[1:]
        if names and isinstance(v, type) and kinds.reads_outside(v, names[0], None):
            self._cannot_watch(f"{v.__name__}.{names[0]}")

    # ------------------------------------------------------------------------------- objects

    def _class(self, c: type) -> None:
        if kinds.is_fixed(c):
            return
        self._stack += c.__mro__[1:]
        self._stack.append(type(c))
        if isinstance(c, EnumMeta):
            self._stack.append(c._member_map_)
        self._holders.append(_Holder(c, "class"))

    def _object(self, v: Any) -> None:
        kind = type(v)
        if kind.__module__ in ("typing", "logging"):  # annotations; and what only takes
            return
        if kinds.is_ours(kind):
            if self._calls and kind.__module__ == "rosesim.ad.function":
                self._stack.append(getattr(v, "python", None))
            return
        native = kinds.native(kind)
        parts = kinds.PARTS.get(native)
        if parts is None:
            self._cannot_watch(f"a {kind.__module__}.{kind.__qualname__}")
            return
        if native is types.BuiltinFunctionType:
            self._whole |= v in kinds.NAMING
            if not kinds.is_pure(v):
                self._cannot_watch(f"{v.__module__}.{v.__name__}")
        if kind.__module__.partition(".")[0] == "pathlib":
            self._reads_paths = True
        look = parts(self, v)
        if look is not None:
            self.looks.append(look)
            self._stack += look()
        if kind is not native or native in kinds.BARE:
            self._stack.append(kind)
            self._holders.append(_Holder(v, "object"))

    def _cannot_watch(self, what: str) -> None:
        self.unwatched = self.unwatched or what

    # ----------------------------------------------------------- called by the table of kinds

    def immutable(self, parts: Sequence[Any]) -> None:
        """Look into what cannot itself be changed."""
        self._stack += parts

    def numbers(self, same: Callable[[], bool]) -> None:
        """Note how to tell whether numbers are as they were."""
        self.contents.append(same)

    def named(self, names: Sequence[str]) -> None:
        """Note names that an object reads attributes by."""
        self._names.update(names)


class _Holder:
    """Something with attributes, of which those are looked at that are named."""

    def __init__(self, v: Any, kind: str):
        self.v = v
        self.kind = kind
        self.names: set[str] = set()
        self.given: set[str] = set()
        self.handed: list[Any] = []
        self.slots = kinds.slots(type(v)) if kind == "object" else {}
        self.whole = kind == "object" and kinds.is_read_by_others(type(v))
        self.fields: set[str] = kinds.fields(type(v)) if kind == "object" else set()

    def space(self) -> Any:
        """The dict of its attributes."""
        return self.v.__dict__ if self.kind != "object" else kinds.attributes(self.v)

    def more(self, names: set[str], handed: set[str], whole: bool) -> list[Any]:
        """What it holds under names that are new."""
        if self.kind == "fixed module":  # see Reach._path
            return []
        space = self.space()
        known = space.keys() | self.slots.keys()
        if self.kind == "class":
            also = {n for n, x in space.items() if kinds.is_implied(n, x, self.v)}
            wanted = also | {n for n in known if not n.startswith("__")} if whole else also | known & names
            given = known & handed
        else:
            wanted = known if whole or self.whole else known & names
            given = known & (handed | self.fields)  # a struct's arrays are handed over too
        found: list[Any] = []
        for n in (wanted | given) - self.names:
            value = self.read(n)
            if n in wanted or not kinds.may_live(value):
                found.append(value)
                self.names.add(n)
            elif n not in self.given:
                self.handed.append(value)
                self.given.add(n)
        return found

    def read(self, name: str) -> Any:
        """An attribute, without running code of its class."""
        value = self.space().get(name, MISSING)
        return _slot(self.slots[name], self.v) if value is MISSING and name in self.slots else value

    def look(self) -> Look:
        """The look at it, once all names are known."""
        looked = self.names | self.given
        names = tuple(n for n in looked if n not in self.slots)
        slots = tuple(s for n, s in self.slots.items() if n in looked)
        v = self.v
        if self.kind == "object":
            return functools.partial(_of_object, v, names, slots)
        if self.kind == "class":
            return functools.partial(_of_class, v, names)
        if self.kind == "function":
            return lambda: [*map(v.__dict__.get, names, itertools.repeat(MISSING)), *v.__dict__]
        return lambda: [*map(v.__dict__.get, names, itertools.repeat(MISSING))]


def _of_functions(fs: tuple[types.FunctionType, ...]) -> Sequence[Any]:
    return [x for f in fs for x in (f.__code__, f.__defaults__, *(f.__kwdefaults__ or {}).values())]


def _of_cells(cells: tuple[types.CellType, ...]) -> Sequence[Any]:
    try:
        return [c.cell_contents for c in cells]
    except ValueError:  # one of them is not yet assigned
        return [_content(c) for c in cells]


def _of_space(get: Callable[..., Any], names: tuple[str, ...]) -> Sequence[Any]:
    return [*map(get, names, itertools.repeat(MISSING))]


def _of_object(v: Any, names: tuple[str, ...], slots: tuple[Any, ...]) -> Sequence[Any]:
    d = kinds.attributes(v)
    # All keys: an attribute set on the object hides its class's.
    out = [type(v), *d, *map(d.get, names, itertools.repeat(MISSING))]
    if slots:
        out += [_slot(s, v) for s in slots]
    return out


def _of_class(c: type, names: tuple[str, ...]) -> Sequence[Any]:
    d = c.__dict__
    return [c.__mro__, *d, *map(d.get, names, itertools.repeat(MISSING))]


def _slot(descriptor: Any, v: Any) -> Any:
    try:
        return descriptor.__get__(v)
    except AttributeError:  # not yet assigned
        return MISSING


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet assigned
        return MISSING


def _is_taker(f: types.FunctionType, name: str) -> bool:
    """Whether a global is `const`, `len`, `next` or a module that has our `const`."""
    from rosesim.ad.vector import const  # it needs what stands above this file

    value = f.__globals__.get(name, builtins.__dict__.get(name))
    if isinstance(value, types.ModuleType):
        return value.__dict__.get("const") is const
    return value is const or value is len or value is next
