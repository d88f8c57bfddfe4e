"""Everything that a function may read while it is traced, as far as the names in its code lead.

The search begins at the function's globals, closure cells and defaults, and at the object that it is a method of. It
goes on through containers of every kind, attributes, classes, modules, and the functions that may run.

An attribute counts if its name is in code that may run; a dataclass's fields always count. All attributes count if
code reads them by computed names (`getattr`, `vars`), or if code of the standard library reads them. Methods that
Python calls implicitly (`__call__`, `__add__`, `__enter__`, `__getattr__`) may always run.

Each object that can change gets a look of its own, which does not descend into it. All looks together cover
everything at any depth, and an object that contains itself is no special case.

`unwatched` names what cannot be looked at.
"""

from __future__ import annotations

import abc
import builtins
import functools
import operator
import sys
import types
from collections.abc import Callable, Iterable, Sequence
from enum import EnumMeta
from typing import Any

import numpy as np

from rosesim.ad.dependencies import chance, kinds, parts
from rosesim.ad.dependencies.looks import MISSING, Getter, Looks
from rosesim.ad.dependencies.uses import Uses, uses
from rosesim.ad.support.typeguards import class_of

_BY_MADE_UP_NAMES = {"format", "format_map", "__dict__", "__getattribute__", "getmembers", "getattr_static"}
_BY_ANY_WAY = {
    "import_module", "currentframe", "_getframe", "__globals__", "__closure__", "__subclasses__", "get_objects",
    "get_referents", "get_referrers", "f_locals", "f_globals", "__builtins__",
}  # fmt: skip
TAKERS: list[Any] = []
"""The functions of the language that take an array without reading it: `const`, which registers itself here."""

_MOST_OBJECTS = 100_000
"""The most objects that are looked at before each call. Beyond that, tracing again costs less."""
_BY_PATH = {"read_text", "read_bytes", "open", "exists", "stat", "iterdir", "glob", "is_file", "is_dir"}


class Reach:
    """What can be reached from some functions, and for each thing how to look at it again."""

    def __init__(self, functions: Sequence[Any], *, calls: bool = False, live: bool = False):
        self.looks = Looks()
        self.handed: dict[int, np.ndarray[Any, Any]] = {}
        """Arrays that are only handed to `const`, by identity."""
        self.unwatched = ""
        """The first thing found that may change without our seeing it."""
        self.generators: list[Any] = []
        """Generators of random numbers."""
        self.functions: list[types.FunctionType] = []
        """The user's functions that may run."""
        self.by_chance = ""
        """The first clock, or generator without a seed, that may be read."""
        self._calls = calls
        self._live = live
        self._seen: dict[int, Any] = {}
        self._stack: list[Any] = list(functions)
        self._roots = {id(f) for f in functions} | {id(getattr(f, "__func__", f)) for f in functions}
        self._names: set[str] = set()
        self._handed_names: set[str] = set()
        self._every_name = False
        self._holders: list[_Holder] = []
        self._reads_paths = False
        self._passed_on: set[int] = set()
        """Modules, by identity, that the code uses in a way that hides which names it reads."""
        self._libraries: list[tuple[types.ModuleType, set[str]]] = []
        """Installed modules of which the same is true, with the names that were looked up in each."""
        self._explore()

    def _explore(self) -> None:
        known = -1, False
        while known != (len(self._names), self._every_name):
            known = len(self._names), self._every_name
            while self._stack:
                self._visit(self._stack.pop())
            for holder in self._holders:
                if id(holder.v) in self._passed_on:
                    holder.ask(self._names | self._handed_names)
                self._stack += holder.more(self._names, self._handed_names, self._every_name)
                for array in holder.handed:
                    self._hand(array)
                holder.handed.clear()
            for library, read in self._libraries:
                new = (self._names & library.__dict__.keys()) - read
                read |= new
                for name in new:
                    self._path(library, (name,))
            if self._stack:
                known = -1, False  # there is more to visit
        if self._reads_paths and not self._names.isdisjoint(_BY_PATH):
            self._cannot_watch("a file")

    def _visit(self, v: Any) -> None:
        kind = class_of(v)  # not `isinstance`: an object may answer that with code of its own
        if kinds.is_leaf(kind) or (issubclass(kind, np.generic) and kind is not np.void) or id(v) in self._seen:
            return
        if len(self._seen) >= _MOST_OBJECTS:
            self._cannot_watch(f"more than {_MOST_OBJECTS} objects")
            return
        self._seen[id(v)] = v
        if v is sys.modules:  # anything may have been imported
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
            for cell in cells.values():  # the function that it wraps may be the user's
                self._cell(cell)
            return
        self.functions.append(f)
        used = uses(f.__code__)
        as_meant = all(_is_taker(f, name) for name in used.takers)
        self._names |= used.attributes | used.words
        if as_meant:
            self._handed_names |= used.handed_attributes
        else:
            self._names |= used.handed_attributes
        named = used.globals | used.attributes
        self._every_name |= not named.isdisjoint(_BY_MADE_UP_NAMES)
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
        """Whether a variable that is only handed over or counted holds an object that is then not read."""
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
        """Note an array that a program can read in place. Anything else is visited, as something that is read."""
        if not self._live or not parts.is_readable_in_place(array):
            self._stack.append(array)
            return False
        if id(array) not in self.handed:
            self.handed[id(array)] = array
            self.looks.contents[id(array)] = parts.same_place(array)
        return True

    def _import(self, f: types.FunctionType, name: str, level: int) -> None:
        """Look at a module that the code imports. It may not be imported yet, and it may be replaced."""
        from importlib.util import resolve_name  # late: few programs import while they are traced

        try:
            full = resolve_name("." * level + name, f.__globals__.get("__package__")) if level else name
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
        """Look at what the code reads of a module: all names of a user's module, of installed ones all but code."""
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
            value, space = kinds.attribute_of_installed(v, names[0], MISSING), v.__dict__
            if value is MISSING:
                return
            if (v.__name__, names[0]) == ("numpy.random", "default_rng"):
                if names[1:] == ("()",):
                    self._cannot_watch("numpy.random.default_rng")
                return  # the numbers of a generator that is made here follow from its seed
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
        if kinds.module_of(kind) in ("typing", "logging"):  # annotations; and a logger, which is only written to
            return
        if kinds.is_ours(kind):
            if self._calls and kinds.module_of(kind) == "rosesim.ad.language.function":
                self._stack.append(getattr(v, "python", None))
            return
        if chance.is_generator(v):
            self.generators.append(v)
        native = BaseException if issubclass(kind, BaseException) else kinds.native(kind)
        look_at = parts.PARTS.get(native)
        if look_at is None:
            self._cannot_watch(f"a {kinds.module_of(kind)}.{kind.__qualname__}")
            return
        if native is types.BuiltinFunctionType:
            self._every_name |= v in kinds.NAMING
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
        if chance.is_of_chance(what):
            self.by_chance = self.by_chance or what

    # -------------------------------------------------------- called by the table in `parts`

    def find(self, parts: Iterable[Any]) -> None:
        """Visit parts that cannot be replaced."""
        self._stack += parts

    def get(self, getter: Getter, v: Any) -> None:
        """Look at parts whose number does not change, and visit them."""
        self.looks.get("parts", getter, v)
        self._stack += getter(v)

    def go_through(self, v: Any, things: Iterable[Any], key: str = "things") -> None:
        """Look at all parts, however many, and visit them."""
        self.looks.go_through(key, v, things)
        self._stack += things

    def numbers(self, v: Any, same: Callable[[], bool]) -> None:
        """Note a function that says whether numbers are unchanged."""
        self.looks.contents[id(v)] = same

    def named(self, names: Iterable[str]) -> None:
        """Note names by which an object reads attributes."""
        self._names.update(names)

    def hidden(self, what: str) -> None:
        """Note something that may change without our seeing it."""
        self._cannot_watch(what)


class _Holder:
    """Something with attributes. Those that the code names are looked at."""

    def __init__(self, v: Any, kind: str, looks: Looks):
        self.v = v
        self.kind = kind
        self.looks = looks
        self.names: set[str] = set()
        self.given: set[str] = set()
        self.handed: list[Any] = []
        self.slots: dict[str, Any] = {}
        self.space: Any = v.__dict__ if kind != "object" else kinds.attributes(v)
        self.every_name = False
        self.fields: set[str] = set()
        if kind == "object":
            c = class_of(v)
            self.slots, self.every_name, self.fields = kinds.slots(c), kinds.is_read_by_others(c), kinds.fields(c)
            plain = kinds.has_plain_attributes(c)
            looks.get("class", _CLASS_AND_DICT if plain and self.space is not _NOTHING else kinds.class_and_dict, v)
        elif kind == "class":
            looks.get("bases", _BASES, v)
        if (kind != "module" or "__getattr__" in self.space) and self.space is not _NOTHING:
            # A look at all keys: an attribute that is assigned later may hide one of the class.
            looks.go_through("keys", v, self.space.keys())

    def more(self, names: set[str], handed: set[str], every_name: bool) -> list[Any]:
        """The values of attributes whose names are new."""
        known = self.space.keys() | self.slots.keys()
        if self.kind == "class":
            also = {n for n, x in self.space.items() if kinds.is_implied(n, x, self.v)}
            named = also | {n for n in known if not n.startswith("__")} if every_name else also | known & names
            given = known & handed
        else:
            named = known if every_name or self.every_name else known & (names | {"__getattr__"})
            if every_name and self.kind == "module":
                self.looks.go_through("keys", self.v, self.space.keys())
            given = known & (handed | self.fields)  # the arrays of a struct are handed over too
        found: list[Any] = []
        for n in (named | given) - self.names:
            value = self.read(n)
            if n in named or not parts.is_readable_in_place(value):
                self._look(n)
                found.append(value)
                self.names.add(n)
            elif n not in self.given:
                self._look(n)
                self.handed.append(value)
                self.given.add(n)
        return found

    def ask(self, names: set[str]) -> None:
        """Look at names that it has no attribute for: one may be added."""
        for n in names - self.space.keys():
            self.looks.name(self.space, n)

    def read(self, name: str) -> Any:
        """The value of an attribute, read without running code of its class."""
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
    """A number that changes when a class is registered as a virtual subclass of any abstract class."""
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
    """Whether a global is `const`, `len`, `next`, or a module whose `const` is ours."""
    value = f.__globals__.get(name, builtins.__dict__.get(name))
    if isinstance(value, types.ModuleType):
        value = value.__dict__.get("const")
        return any(value is taker for taker in TAKERS)
    return any(value is taker for taker in (*TAKERS, len, next))
