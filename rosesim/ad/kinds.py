"""What kinds of Python objects there are to a trace: which cannot change, and where the others keep what can.

A table of the classes that are written in C, since their content lies in no `__dict__`: for each, how to look at it.
A class that is not in the table may hide anything, and is said to be unwatched.
"""

from __future__ import annotations

import array
import collections
import contextvars
import datetime
import decimal
import functools
import gc
import inspect
import itertools
import operator
import re
import sys
import threading
import types
import typing
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from rosesim.ad.ir import INLINE_DATA
from rosesim.ad.looks import MISSING, Again

NO_ATTRIBUTES: dict[str, Any] = {}

_INSTALLED = {"rosesim", "numpy", "scipy", "llvmlite", "pygame", "imageio"}
_FIXED = (sys.stdlib_module_names | _INSTALLED) - {"__main__"}
"""What the standard library and these packages hold, in code, is taken to stay."""

PLAIN = (str, int, float, type(None), tuple, frozenset, dict, types.GetSetDescriptorType, types.MemberDescriptorType)
"""What a class holds under names with underscores besides methods."""

_NOT_IMPLIED = {
    "__init_subclass__", "__class_getitem__", "__set_name__", "__reduce__", "__reduce_ex__", "__getstate__",
    "__setstate__", "__getnewargs__", "__del__", "__sizeof__", "__dir__", "__subclasshook__", "__prepare__",
    "__annotate__", "__annotate_func__", "__repr__", "__replace__",
}  # fmt: skip
_BY_DATACLASS = {"__eq__", "__hash__", "__lt__", "__le__", "__gt__", "__ge__", "__setattr__", "__delattr__"}


def is_implied(name: str, value: Any, owner: type) -> bool:
    """Whether Python may call a method of a class without its name, and it does more than a dataclass's own."""
    if not (name.startswith("__") and name.endswith("__")) or name in _NOT_IMPLIED or isinstance(value, PLAIN):
        return False
    if name in _BY_DATACLASS and "__dataclass_fields__" in owner.__dict__ and callable(value):
        code = getattr(inspect.unwrap(value), "__code__", None)
        return code is None or code.co_filename != "<string>"
    return True


LEAVES = {
    int, float, complex, str, bytes, bool, type(None), type(...), type(NotImplemented), range, types.CodeType,
    re.Pattern, types.GenericAlias, types.UnionType, typing.TypeVar, type(threading.Lock()), type(threading.RLock()),
    np.ufunc, types.MethodDescriptorType, types.WrapperDescriptorType, types.MemberDescriptorType,
    types.GetSetDescriptorType, types.ClassMethodDescriptorType, types.MethodWrapperType, object,
    datetime.datetime, datetime.date, datetime.time, datetime.timedelta, datetime.timezone, decimal.Decimal,
}  # fmt: skip
"""Classes of what cannot change, or holds nothing."""

COUNTERS = {
    int,
    float,
    list,
    set,
    dict,
    collections.deque,
    collections.Counter,
    collections.defaultdict,
    itertools.count,
}
"""What a trace may count in without reading it."""


def is_fixed(v: Any) -> bool:
    """Whether a function, class or module is of the standard library or of rosesim and what it stands on."""
    if isinstance(v, types.ModuleType):
        name = v.__name__
    elif isinstance(v, types.FunctionType):
        name = v.__globals__.get("__name__")  # not `__module__`, which wrappers take from what they wrap
    else:
        name = getattr(v, "__module__", None)
    return isinstance(name, str) and name.partition(".")[0] in _FIXED


def is_ours(kind: type) -> bool:
    """Whether its instances are the language's own: traced values, types, functions."""
    module = getattr(kind, "__module__", "")
    return isinstance(module, str) and module.startswith(("rosesim.ad", "rosesim.codegen"))


@functools.lru_cache(maxsize=4096)
def native(kind: type) -> type:
    """The nearest class, itself or a base, that is written in C."""
    return next(c for c in kind.__mro__ if c is object or _is_in_c(c))


def _is_in_c(c: type) -> bool:
    slots = types.MethodDescriptorType, types.WrapperDescriptorType, types.GetSetDescriptorType
    own = (v for n, v in c.__dict__.items() if n not in ("__dict__", "__weakref__"))
    return any(isinstance(v, slots) and v.__objclass__ is c for v in own)


@functools.lru_cache(maxsize=4096)
def slots(kind: type) -> dict[str, Any]:
    """The attributes that its instances keep outside of a dict."""
    found: dict[str, Any] = {}
    for c in kind.__mro__:
        if not _is_in_c(c):
            own = {n: v for n, v in c.__dict__.items() if isinstance(v, types.MemberDescriptorType)}
            found = {**own, **found}
    return found


@functools.lru_cache(maxsize=4096)
def is_read_by_others(kind: type) -> bool:
    """Whether code of the standard library reads its instances' attributes, under names of its own."""
    return any(is_fixed(c) and not _is_in_c(c) and not _is_bare(c) for c in kind.__mro__)


def _is_bare(c: type) -> bool:
    return c is object or c.__module__ in ("typing", "abc", "collections.abc") or c.__module__.startswith("rosesim.")


def fields(kind: type) -> set[str]:
    """The fields of a dataclass: a program may take it as a struct."""
    return set(getattr(kind, "__dataclass_fields__", ()))


def attributes(v: Any) -> dict[str, Any]:
    """The dict of an object's own attributes, whatever its class says; an empty one where it has none."""
    try:
        return object.__getattribute__(v, "__dict__")
    except AttributeError:
        return NO_ATTRIBUTES


def class_and_dict(v: Any) -> Sequence[Any]:
    """An object's class and the dict of its attributes, whatever its class says of them."""
    return type(v), attributes(v)


@functools.lru_cache(maxsize=4096)
def has_plain_attributes(kind: type) -> bool:
    """Whether `v.__class__` and `v.__dict__` are what they are called, for instances."""
    return not any(
        "__getattribute__" in c.__dict__
        or "__class__" in c.__dict__
        or isinstance(c.__dict__.get("__dict__"), property)
        for c in kind.__mro__
        if c is not object and not _is_in_c(c)
    )


# ------------------------------------------------------------------------------------- arrays


def may_live(v: Any) -> bool:
    """Whether a program can read an array where it lies: then its numbers need no watching where it is handed over.

    Short arrays are program text; whole numbers are indices, whose bounds are known when the program is made.
    """
    if type(v) is not np.ndarray or v.dtype != np.float64 or v.size <= INLINE_DATA:
        return False
    return v.dtype.isnative and v.flags.c_contiguous and v.flags.aligned


def same_place(a: np.ndarray[Any, Any]) -> Callable[[], bool]:
    """Tells whether an array still lies where it lay, in the same form."""
    place, shape, strides, dtype = a.__array_interface__["data"][0], a.shape, a.strides, a.dtype

    def same() -> bool:
        where = a.__array_interface__["data"][0]
        return where == place and a.shape == shape and a.strides == strides and a.dtype is dtype

    return same


def _same_numbers(a: np.ndarray[Any, Any]) -> Callable[[], bool]:
    dtype, shape, was = a.dtype, a.shape, np.array(a, order="C", subok=False, copy=True)
    small = was.nbytes <= 4096
    bits = was.tobytes() if small else was.reshape(-1).view(np.uint8)

    def same() -> bool:
        if a.dtype != dtype or a.shape != shape:
            return False
        if small:
            return a.tobytes() == bits
        return bool(np.array_equal(np.ascontiguousarray(a).reshape(-1).view(np.uint8), bits))

    return same


def _array(reach: Any, a: np.ndarray[Any, Any]) -> None:
    if a.dtype.hasobject:
        if a.dtype.kind == "O":
            reach.get(lambda x: (x.shape,), a)
            reach.go_through(a, Again(lambda x: np.ndarray.ravel(x).tolist(), a))
        else:
            reach.hidden("an array of records that hold objects")
        return
    owner: Any = a
    while type(owner) is np.ndarray:
        owner = owner.base
    if type(owner) is not bytes:  # which nobody can write to
        reach.numbers(a, _same_numbers(a))


def _buffer(reach: Any, v: Any) -> None:
    was = memoryview(v).tobytes()

    def same() -> bool:
        try:
            return memoryview(v).tobytes() == was
        except ValueError:  # released
            return False

    reach.numbers(v, same)


# -------------------------------------------------------------------------------- the other kinds

Parts = Callable[[Any, Any], None]


def _nothing(reach: Any, v: Any) -> None:
    pass


def _find(parts: Callable[[Any], Iterable[Any]]) -> Parts:
    """What is held for good."""
    return lambda reach, v: reach.find(parts(v))


def _get(parts: Callable[[Any], Sequence[Any]]) -> Parts:
    """What is held in a number of places that does not change."""
    return lambda reach, v: reach.get(parts, v)


def _go_through(parts: Callable[[Any], Iterable[Any]]) -> Parts:
    """What is held in any number."""
    return lambda reach, v: reach.go_through(v, Again(parts, v))


def _list(reach: Any, v: Any) -> None:
    reach.go_through(v, v if type(v) is list else Again(list.__iter__, v))


def _dict(reach: Any, v: Any) -> None:
    reach.go_through(v, dict.keys(v), "keys of a dict")
    reach.go_through(v, dict.values(v))


def _ordered(reach: Any, v: Any) -> None:
    reach.go_through(v, collections.OrderedDict.keys(v), "keys of a dict")  # in an order of its own
    reach.go_through(v, dict.values(v))


def _default(reach: Any, v: Any) -> None:
    reach.get(lambda x: (x.default_factory,), v)
    _dict(reach, v)


def _getter(reach: Any, v: Any) -> None:
    """attrgetter, itemgetter, methodcaller: the names that it asks by."""
    parts = v.__reduce__()[1]
    reach.named([word for p in parts if isinstance(p, str) for word in p.split(".")])
    reach.find([p for p in parts if not isinstance(p, str)])


def _cached(reach: Any, v: Any) -> None:
    """What `functools.cache` keeps; what a bounded one keeps is hidden."""
    if v.cache_parameters()["maxsize"] is not None:
        reach.hidden(f"the cache of {v.__name__}, functools.lru_cache of a bounded size")
    reach.find([v.__wrapped__, *(x for x in gc.get_referents(v) if isinstance(x, dict))])


PARTS: dict[type, Parts] = {
    object: _nothing,
    int: _nothing, float: _nothing, complex: _nothing, str: _nothing, bytes: _nothing, np.dtype: _nothing,
    types.SimpleNamespace: _nothing, threading.local: _nothing, slice: _find(lambda v: (v.start, v.stop, v.step)),
    list: _list, dict: _dict, collections.OrderedDict: _ordered, collections.defaultdict: _default,
    set: _go_through(set.__iter__), collections.deque: _go_through(collections.deque.__iter__),
    tuple: _find(tuple.__iter__), frozenset: _find(frozenset.__iter__),
    np.ndarray: _array, bytearray: _buffer, array.array: _buffer, memoryview: _buffer,
    types.MethodType: _find(lambda v: (v.__func__, v.__self__)),
    types.BuiltinFunctionType: _find(lambda v: () if isinstance(v.__self__, types.ModuleType) else (v.__self__,)),
    functools.partial: _get(lambda v: (v.func, v.args, v.keywords)),
    property: _find(lambda v: (v.fget, v.fset)),
    staticmethod: _find(lambda v: (v.__func__,)), classmethod: _find(lambda v: (v.__func__,)),
    types.CellType: _get(lambda v: (_cell(v),)),
    types.MappingProxyType: _find(gc.get_referents),
    type({}.keys()): _find(gc.get_referents), type({}.values()): _find(gc.get_referents),
    type({}.items()): _find(gc.get_referents),
    weakref.ReferenceType: _get(lambda v: (v(),)),
    contextvars.ContextVar: _get(lambda v: (v.get(MISSING),)),
    operator.attrgetter: _getter, operator.itemgetter: _getter, operator.methodcaller: _getter,
    functools._lru_cache_wrapper: _cached,  # pyright: ignore[reportPrivateUsage] -- the class has no other name
    BaseException: _get(lambda v: (v.args,)),
}  # fmt: skip
"""By class written in C: how to look at what its instances hold, apart from attributes."""

BARE = {object, types.SimpleNamespace, threading.local, functools.partial, BaseException}
"""Those of them whose own instances have attributes."""


def _cell(v: types.CellType) -> Any:
    try:
        return v.cell_contents
    except ValueError:
        return MISSING


# ------------------------------------------------------------------ functions of hidden state

_PURE = {
    "builtins", "math", "cmath", "_operator", "operator", "itertools", "_functools", "functools", "_collections",
    "collections", "_struct", "_bisect", "_heapq", "_statistics", "_json", "binascii", "zlib", "_decimal", "_abc",
    "unicodedata", "_string", "_sre", "_typing", "fractions", "_thread", "_weakref", "numpy", "scipy", "_contextvars",
}  # fmt: skip
"""Modules whose functions written in C give what their arguments say."""

_OUTSIDE = {
    "load", "loadtxt", "genfromtxt", "fromfile", "memmap", "open", "read_text", "read_bytes", "exists", "stat",
    "getenv", "getcwd", "now", "today", "utcnow", "cwd", "home", "uuid1", "uuid4", "urlopen", "run", "check_output",
    "import_module", "currentframe", "token_bytes", "iterdir", "glob", "listdir",
}  # fmt: skip
"""Functions of installed modules and classes that read what lies outside of Python's objects."""
_READING = {"numpy", "datetime", "pathlib", "os", "io", "uuid", "urllib", "subprocess", "importlib", "inspect",
            "secrets", "pickle", "json", "tempfile", "shutil", "glob", "time", "codecs", "gzip"}  # fmt: skip


NAMING = {getattr, hasattr, vars, dir}
"""Functions that read attributes by names that are made up."""
ANYTHING = {eval, exec, globals, input, compile, __import__}
"""Functions that may read anything."""


def is_pure(f: Any) -> bool:
    """Whether a function written in C gives what its arguments and the object that it is of say."""
    owner = f.__self__
    if f in ANYTHING:
        return False
    if owner is not None and not isinstance(owner, types.ModuleType):
        return True  # the object is looked at
    name = f.__module__ or getattr(owner, "__name__", "")
    if name.startswith("numpy.random"):
        return False
    return name.partition(".")[0] in _PURE


def reads_outside(holder: Any, name: str, value: Any) -> bool:
    """Whether an attribute of an installed module or class reads files, clocks or the environment."""
    module = holder.__name__ if isinstance(holder, types.ModuleType) else holder.__module__
    return name in _OUTSIDE and module.partition(".")[0] in _READING
