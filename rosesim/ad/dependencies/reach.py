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

import abc
import builtins
import functools
import importlib.util
import operator
import sys
import types
from collections.abc import Callable, Iterable, Sequence
from enum import EnumMeta
from typing import Any

import numpy as np

from rosesim.ad.dependencies import kinds, parts
from rosesim.ad.dependencies.looks import MISSING, Getter, Looks
from rosesim.ad.dependencies.uses import Uses, uses
from rosesim.ad.support.typeguards import class_of

_BY_MADE_UP_NAMES = {"format", "format_map", "__dict__", "__getattribute__", "getmembers", "getattr_static"}
_BY_ANY_WAY = {
    "import_module", "currentframe", "_getframe", "__globals__", "__closure__", "__subclasses__", "get_objects",
    "get_referents", "get_referrers", "f_locals", "f_globals", "__builtins__",
}  # fmt: skip
TAKERS: list[Any] = []
"""The functions of the language that take an array as it lies: its `const`, which enters itself here."""

_MOST = 100_000
"""Objects that are looked at before each call; to trace again costs less than to look at more."""
_BY_PATH = {"read_text", "read_bytes", "open", "exists", "stat", "iterdir", "glob", "is_file", "is_dir"}


class Reach:
    """What can be reached from some functions, each thing with how to look at it again."""

    def __init__(self, functions: Sequence[Any], *, calls: bool = False, live: bool = False):
        self.looks = Looks()
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
        self._holders: list[_Holder] = []
        self._reads_paths = False
        self._passed_on: set[int] = set()
        """Modules, by identity, that the code has under names that are not known."""
        self._libraries: list[tuple[types.ModuleType, set[str]]] = []
        """Such modules that are installed, with the names that were looked up in each."""
        self._explore()

    def _explore(self) -> None:
        known = -1, False
        while known != (len(self._names), self._whole):
            known = len(self._names), self._whole
            while self._stack:
                self._visit(self._stack.pop())
            for holder in self._holders:
                if id(holder.v) in self._passed_on:
                    holder.ask(self._names | self._handed_names)
                self._stack += holder.more(self._names, self._handed_names, self._whole)
                for array in holder.handed:
                    self._hand(array)
                holder.handed.clear()
            for library, asked in self._libraries:
                new = (self._names & library.__dict__.keys()) - asked
                asked |= new
                for name in new:
                    self._path(library, (name,))
            if self._stack:
                known = -1, False  # and once more
        if self._reads_paths and not self._names.isdisjoint(_BY_PATH):
            self._cannot_watch("a file")

    def _visit(self, v: Any) -> None:
        kind = class_of(v)  # not `isinstance`, which an object may answer with code of its own
        if kind in kinds.LEAVES or (issubclass(kind, np.generic) and kind is not np.void) or id(v) in self._seen:
            return
        if len(self._seen) >= _MOST:
            self._cannot_watch(f"more than {_MOST} objects")
            return
        self._seen[id(v)] = v
        if v is sys.modules:  # whatever has been imported
            self._cannot_watch("sys.modules")
            return
        if kind is types.FunctionType:
            self._function(v)
        elif issubclass(kind, type):
            self._class(v)
        elif issubclass(kind, types.ModuleType):
            if kinds.is_fixed(v):
                self._libraries.append((v, set()))
            else:
                self._holders.append(_Holder(v, "module", self.looks))
        else:
            self._object(v)

    # ------------------------------------------------------------------------------- code

    def _function(self, f: types.FunctionType) -> None:
        self.looks.get("function", _of_function, f)
        self._stack += f.__defaults__ or ()
        if f.__kwdefaults__:
            self._stack.append(f.__kwdefaults__)
        if f.__dict__:
            self._holders.append(_Holder(f, "function", self.looks))
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
            if not (as_meant and name in used.handed and self._need_not_read(_content(cell), name, used)):
                self._cell(cell)
        for name in used.globals | (used.handed - cells.keys()):
            self._global(f, name, used, as_meant)
        for name, level in used.imports:
            self._import(f, name, level)
        for path in used.paths:
            if path[0] in cells:
                self._path(_content(cells[path[0]]), path[1:])
            else:
                self._path(f.__globals__.get(path[0], MISSING), path[1:])

    def _cell(self, cell: Any) -> None:
        content = _content(cell)
        self.looks.get("cell", _content_twice if content is MISSING else _of_cell, cell)
        if not (issubclass(class_of(content), types.ModuleType) and kinds.is_fixed(content)):  # see `_path`
            self._stack.append(content)

    def _global(self, f: types.FunctionType, name: str, used: Uses, as_meant: bool) -> None:
        space, given = f.__globals__, f.__builtins__
        value = space.get(name, MISSING)
        if as_meant and name in used.handed and self._need_not_read(value, name, used):
            if name in used.counted:
                return
        elif value is MISSING:
            own = given.get(name, MISSING)
            if getattr(own, "__module__", None) != "builtins":
                self.looks.name(given, name)
            self._stack.append(own)
        elif not (issubclass(class_of(value), types.ModuleType) and kinds.is_fixed(value)):  # see `_path`
            self._stack.append(value)
        self.looks.name(space, name)

    def _need_not_read(self, value: Any, name: str, used: Uses) -> bool:
        """Whether a variable that is only handed over or counted stands for something of which that is true."""
        if name in used.counted:
            return type(value) in kinds.COUNTERS
        if name not in used.opened:
            return self._hand(value)
        kind = class_of(value)
        if not self._live or kind not in (dict, list, tuple):
            self._stack.append(value)
            return False
        if kind is dict:
            self.looks.go_through("keys of a dict", value, value.keys())
        things = value.values() if kind is dict else value
        self.looks.go_through("things", value, things)
        for thing in things:
            self._hand(thing)
        return True

    def _hand(self, array: Any) -> bool:
        """Whether it is an array that a program can read where it lies; it is read, if not."""
        if not self._live or not parts.may_live(array):
            self._stack.append(array)
            return False
        if id(array) not in self.handed:
            self.handed[id(array)] = array
            self.looks.contents[id(array)] = parts.same_place(array)
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
                self.looks.name(sys.modules, inner)
                self._pass_on(sys.modules.get(inner, MISSING))

    def _pass_on(self, v: Any) -> None:
        self._passed_on.add(id(v))
        self._stack.append(v)

    def _path(self, v: Any, names: tuple[str, ...]) -> None:
        """What the code asks of a module: names that it may get later, and of installed ones all but their code."""
        while issubclass(class_of(v), types.ModuleType) and not kinds.is_fixed(v) and names and names[0] != "()":
            self.looks.name(v.__dict__, names[0])
            v, names = v.__dict__.get(names[0], MISSING), names[1:]
        if issubclass(class_of(v), types.ModuleType) and (not names or not kinds.is_fixed(v)):
            self._pass_on(v)
            return
        while issubclass(class_of(v), types.ModuleType) and kinds.is_fixed(v):
            if kinds.module_of(v).partition(".")[0] == "rosesim":
                return
            if not names:
                self._pass_on(v)
                return
            value, space = v.__dict__.get(names[0], MISSING), v.__dict__
            if value is MISSING:
                return
            if (v.__name__, names[0]) == ("numpy.random", "default_rng") and names[1:] != ("()",):
                return  # what a generator draws that is made here follows from its seed
            if kinds.reads_outside(v, names[0]):
                self._cannot_watch(f"{v.__name__}.{names[0]}")
            kind = class_of(value)
            if not issubclass(kind, (types.FunctionType, type, types.ModuleType, types.BuiltinFunctionType)):
                self.looks.name(space, names[0])
            if not issubclass(kind, (types.FunctionType, types.ModuleType)):
                self._stack.append(value)
            v, names = value, names[1:]
        if names and issubclass(class_of(v), type) and kinds.reads_outside(v, names[0]):
            self._cannot_watch(f"{v.__name__}.{names[0]}")

    # ------------------------------------------------------------------------------- objects

    def _class(self, c: type) -> None:
        if kinds.is_fixed(c):
            return
        self._stack += c.__mro__[1:]
        self._stack.append(type(c))
        if isinstance(c, EnumMeta):
            self._stack.append(c._member_map_)
        if isinstance(c, abc.ABCMeta):
            self.looks.get("registered", _registered, c)
        self._holders.append(_Holder(c, "class", self.looks))

    def _object(self, v: Any) -> None:
        kind = class_of(v)
        if kinds.module_of(kind) in ("typing", "logging"):  # annotations; and what only takes
            return
        if kinds.is_ours(kind):
            if self._calls and kinds.module_of(kind) == "rosesim.ad.language.function":
                self._stack.append(getattr(v, "python", None))
            return
        native = BaseException if issubclass(kind, BaseException) else kinds.native(kind)
        look_at = parts.PARTS.get(native)
        if look_at is None:
            self._cannot_watch(f"a {kinds.module_of(kind)}.{kind.__qualname__}")
            return
        if native is types.BuiltinFunctionType:
            self._whole |= v in kinds.NAMING
            if not kinds.is_pure(v):
                self._cannot_watch(f"{kinds.module_of(v)}.{v.__name__}")
        if kinds.module_of(kind).partition(".")[0] == "pathlib":
            self._reads_paths = True
        look_at(self, v)
        if kind is not native or native in parts.BARE:
            self._stack.append(kind)
            self._holders.append(_Holder(v, "object", self.looks))

    def _cannot_watch(self, what: str) -> None:
        self.unwatched = self.unwatched or what

    # ----------------------------------------------------------- called by the table of kinds

    def find(self, parts: Iterable[Any]) -> None:
        """Go on to what a thing holds that cannot itself be changed."""
        self._stack += parts

    def get(self, getter: Getter, v: Any) -> None:
        """Look at parts of a thing, always as many, and go on to them."""
        self.looks.get("parts", getter, v)
        self._stack += getter(v)

    def go_through(self, v: Any, things: Iterable[Any], key: str = "things") -> None:
        """Look at all that a thing holds, and go on to it."""
        self.looks.go_through(key, v, things)
        self._stack += things

    def numbers(self, v: Any, same: Callable[[], bool]) -> None:
        """Note how to tell whether numbers are as they were."""
        self.looks.contents[id(v)] = same

    def named(self, names: Iterable[str]) -> None:
        """Note names that an object reads attributes by."""
        self._names.update(names)

    def hidden(self, what: str) -> None:
        """Note something that may change unseen."""
        self._cannot_watch(what)


class _Holder:
    """Something with attributes, of which those are looked at that are named."""

    def __init__(self, v: Any, kind: str, looks: Looks):
        self.v = v
        self.kind = kind
        self.looks = looks
        self.names: set[str] = set()
        self.given: set[str] = set()
        self.handed: list[Any] = []
        self.slots: dict[str, Any] = {}
        self.space: Any = v.__dict__ if kind != "object" else kinds.attributes(v)
        self.whole = False
        self.fields: set[str] = set()
        if kind == "object":
            c = class_of(v)
            self.slots, self.whole, self.fields = kinds.slots(c), kinds.is_read_by_others(c), kinds.fields(c)
            plain = kinds.has_plain_attributes(c)
            looks.get("class", _CLASS_AND_DICT if plain and self.space is not _NOTHING else kinds.class_and_dict, v)
        elif kind == "class":
            looks.get("bases", _BASES, v)
        if (kind != "module" or "__getattr__" in self.space) and self.space is not _NOTHING:
            # All keys: an attribute that is set later may hide another.
            looks.go_through("keys", v, self.space.keys())

    def more(self, names: set[str], handed: set[str], whole: bool) -> list[Any]:
        """What it holds under names that are new."""
        known = self.space.keys() | self.slots.keys()
        if self.kind == "class":
            also = {n for n, x in self.space.items() if kinds.is_implied(n, x, self.v)}
            named = also | {n for n in known if not n.startswith("__")} if whole else also | known & names
            given = known & handed
        else:
            named = known if whole or self.whole else known & (names | {"__getattr__"})
            if whole and self.kind == "module":
                self.looks.go_through("keys", self.v, self.space.keys())
            given = known & (handed | self.fields)  # a struct's arrays are handed over too
        found: list[Any] = []
        for n in (named | given) - self.names:
            value = self.read(n)
            if n in named or not parts.may_live(value):
                self._look(n)
                found.append(value)
                self.names.add(n)
            elif n not in self.given:
                self._look(n)
                self.handed.append(value)
                self.given.add(n)
        return found

    def ask(self, names: set[str]) -> None:
        """Look whether it has got attributes that it has not."""
        for n in names - self.space.keys():
            self.looks.name(self.space, n)

    def read(self, name: str) -> Any:
        """An attribute, without running code of its class."""
        value = self.space.get(name, MISSING)
        return _slot(self.slots[name], self.v) if value is MISSING and name in self.slots else value

    def _look(self, name: str) -> None:
        if name in self.slots:
            self.looks.get(f"slot {name}", functools.partial(_slot_alone, self.slots[name]), self.v)
        else:
            self.looks.name(self.space, name, self.v if self.kind == "class" else None)


_NOTHING = kinds.NO_ATTRIBUTES
_BASES: Getter = operator.attrgetter("__mro__", "__class__")
_CLASS_AND_DICT: Getter = operator.attrgetter("__class__", "__dict__")
_of_function: Getter = operator.attrgetter("__code__", "__defaults__", "__kwdefaults__")
_of_cell: Getter = operator.attrgetter("cell_contents", "cell_contents")


def _registered(_: Any) -> Sequence[Any]:
    """A number that is another one when a class has been registered as a subclass."""
    return (abc.get_cache_token(),)


def _content_twice(cell: types.CellType) -> Sequence[Any]:
    return (_content(cell),) * 2


def _slot(descriptor: Any, v: Any) -> Any:
    try:
        return descriptor.__get__(v)
    except AttributeError:  # not yet assigned
        return MISSING


def _slot_alone(descriptor: Any, v: Any) -> Sequence[Any]:
    return (_slot(descriptor, v),)


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet assigned
        return MISSING


def _is_taker(f: types.FunctionType, name: str) -> bool:
    """Whether a global is `const`, `len`, `next` or a module that has our `const`."""
    value = f.__globals__.get(name, builtins.__dict__.get(name))
    if isinstance(value, types.ModuleType):
        value = value.__dict__.get("const")
        return any(value is taker for taker in TAKERS)
    return any(value is taker for taker in (*TAKERS, len, next))
