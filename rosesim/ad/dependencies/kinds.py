"""Kinds of objects, as a trace sees them: which cannot change, which are assumed not to, which hide their content.

`parts` knows how to look into the others.
"""

from __future__ import annotations

import collections
import datetime
import functools
import inspect
import itertools
import os
import re
import sys
import threading
import types
import typing
from collections.abc import Sequence
from typing import Any

import numpy as np

from rosesim.ad.support.typeguards import class_of

NO_ATTRIBUTES: dict[str, Any] = {}

_INSTALLED = {"rosesim", "numpy", "scipy", "llvmlite", "pygame", "imageio", "pytest", "_pytest"}
"""Code of these packages and of the standard library is assumed not to change. (A test's `assert`s read pytest.)"""
_STANDARD = os.path.dirname(os.__file__)
_LIBRARY = tuple(
    os.path.realpath(path) + os.sep
    for path in (_STANDARD, os.path.join(sys.exec_prefix, os.path.relpath(_STANDARD, sys.base_prefix)))
)
"""Where the standard library is, and where an environment has its part of it. `sysconfig` says the same, and takes
milliseconds to import."""

PLAIN = (str, int, float, type(None), tuple, frozenset, dict, types.GetSetDescriptorType, types.MemberDescriptorType)
"""What a class holds under names with underscores, besides methods."""

_NOT_IMPLIED = {"__del__", "__sizeof__", "__annotate__", "__annotate_func__"}
_BY_DATACLASS = {
    "__repr__",
    "__eq__",
    "__hash__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__setattr__",
    "__delattr__",
}


def is_implied(name: str, value: Any, owner: type) -> bool:
    """Whether Python may call this method of a class implicitly, and the method is not one that `dataclass` wrote."""
    if not (name.startswith("__") and name.endswith("__")) or name in _NOT_IMPLIED or isinstance(value, PLAIN):
        return False
    if name in _BY_DATACLASS and "__dataclass_fields__" in owner.__dict__ and callable(value):
        code = getattr(inspect.unwrap(value), "__code__", None)
        return code is None or code.co_filename != "<string>"
    return True


class _Tuple(typing.NamedTuple):
    x: int


_FIELD_OF_A_TUPLE = class_of(vars(_Tuple)["x"])

LEAVES: set[Any] = {
    int, float, complex, str, bytes, bool, type(None), type(...), type(NotImplemented), range, types.CodeType,
    re.Pattern, types.GenericAlias, types.UnionType, typing.TypeVar, type(threading.Lock()), type(threading.RLock()),
    np.ufunc, types.MethodDescriptorType, types.WrapperDescriptorType, types.MemberDescriptorType,
    types.GetSetDescriptorType, types.ClassMethodDescriptorType, object, _FIELD_OF_A_TUPLE,
    datetime.datetime, datetime.date, datetime.time, datetime.timedelta, datetime.timezone,
    *({type(np.sum)} - {types.FunctionType}),
}  # fmt: skip
"""Classes whose instances cannot change, or hold nothing; `is_leaf` knows one more."""


def is_leaf(kind: Any) -> bool:
    """Whether instances of a class cannot change, or hold nothing."""
    return kind in LEAVES or (kind.__module__ == "decimal" and kind.__name__ == "Decimal")


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
"""What a trace may count with, without reading the count."""


def module_of(v: Any) -> str:
    """The name of a module, or of the module that a class or function is of. Empty if there is none, or if C code has
    set something that is no name."""
    name = v.__name__ if issubclass(class_of(v), types.ModuleType) else getattr(v, "__module__", "")
    return name if isinstance(name, str) else ""


def is_fixed(v: Any) -> bool:
    """Whether a function, class or module belongs to the standard library, to rosesim or to a package it needs."""
    kind = class_of(v)
    if issubclass(kind, types.ModuleType):
        name = module_of(v)
    elif kind is types.FunctionType:
        name = v.__globals__.get("__name__")  # not `__module__`, which a wrapper copies from what it wraps
    else:
        name = getattr(v, "__module__", None)
    if not isinstance(name, str):
        return False
    root = name.partition(".")[0]
    if root in _INSTALLED:
        return True
    return root in sys.stdlib_module_names and root != "__main__" and _is_of_the_library(root)


def attribute_of_installed(module: types.ModuleType, name: str, otherwise: Any) -> Any:
    """An attribute of an installed module that code names. A module may make it when it is asked for, as NumPy does
    with `numpy.random`; it is asked now."""
    value = module.__dict__.get(name, otherwise)
    if value is otherwise and "__getattr__" in module.__dict__:
        try:
            return getattr(module, name)
        except AttributeError:
            pass  # it is for the code itself to fail
    return value


def _is_of_the_library(root: str) -> bool:
    """Whether a module named like one of the standard library's is that one: a `wave.py` may be the user's own."""
    file = getattr(sys.modules.get(root), "__file__", None)
    return file is None or _lies_in_library(file)


@functools.lru_cache(maxsize=4096)
def _lies_in_library(file: str) -> bool:
    place = os.path.realpath(file)
    return place.startswith(_LIBRARY) and "site-packages" not in place and "dist-packages" not in place


def is_ours(kind: type) -> bool:
    """Whether its instances are the language's own: traced values, types, functions."""
    return module_of(kind).startswith(("rosesim.ad", "rosesim.codegen"))


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
    """The attributes that instances keep in slots, outside of a dict."""
    found: dict[str, Any] = {}
    for c in kind.__mro__:
        if not _is_in_c(c):
            own = {n: v for n, v in c.__dict__.items() if isinstance(v, types.MemberDescriptorType)}
            found = {**own, **found}
    return found


@functools.lru_cache(maxsize=4096)
def is_read_by_others(kind: type) -> bool:
    """Whether code of the standard library reads attributes of instances, by names that we do not see."""
    return any(is_fixed(c) and not _is_in_c(c) and not _is_bare(c) for c in kind.__mro__)


def _is_bare(c: type) -> bool:
    module = module_of(c)
    return c is object or module in ("typing", "abc", "collections.abc") or module.partition(".")[0] == "rosesim"


def interchangeable(one: Any, other: Any) -> bool:
    """Whether a trace cannot tell two objects apart. Equal ones it may: 1, 1.0 and True; 0.0 and -0.0."""
    if one is other:
        return True
    kind = class_of(one)
    if kind is not class_of(other):
        return False
    if kind is tuple:
        return len(one) == len(other) and all(map(interchangeable, one, other))
    if is_leaf(kind):
        return repr(one) == repr(other)
    if native(kind) is not object or slots(kind):
        return False
    a, b = attributes(one), attributes(other)
    # Attributes that can be assigned may differ later.
    frozen = getattr(getattr(kind, "__dataclass_params__", None), "frozen", False)
    return bool(frozen) and a.keys() == b.keys() and all(interchangeable(a[k], b[k]) for k in a)


def fields(kind: type) -> set[str]:
    """The fields of a dataclass. A program may take all of them, as a struct."""
    return set(getattr(kind, "__dataclass_fields__", ()))


def attributes(v: Any) -> dict[str, Any]:
    """The dict of an object's own attributes, even if its class redefines `__dict__`; an empty one if it has none."""
    if issubclass(class_of(v), threading.local):
        return v.__dict__  # the dict of this thread
    try:
        return object.__getattribute__(v, "__dict__")
    except AttributeError:
        return NO_ATTRIBUTES


def class_and_dict(v: Any) -> Sequence[Any]:
    """An object's class and the dict of its attributes, even if its class redefines how they are read."""
    return class_of(v), attributes(v)


@functools.lru_cache(maxsize=4096)
def has_plain_attributes(kind: type) -> bool:
    """Whether `v.__class__` and `v.__dict__` of instances give the real class and dict."""
    return not any(
        "__getattribute__" in c.__dict__
        or "__class__" in c.__dict__
        or isinstance(c.__dict__.get("__dict__"), property)
        for c in kind.__mro__
        if c is not object and not _is_in_c(c)
    )


# ------------------------------------------------------------------ functions of hidden state

_PURE = {
    "builtins", "math", "cmath", "_operator", "operator", "itertools", "_functools", "functools", "_collections",
    "collections", "_struct", "_bisect", "_heapq", "_statistics", "_json", "binascii", "zlib", "_decimal", "_abc",
    "unicodedata", "_string", "_sre", "_typing", "fractions", "_thread", "_weakref", "numpy", "scipy", "_contextvars",
}  # fmt: skip
"""Modules whose functions written in C depend on their arguments alone."""

_OUTSIDE = {
    "load", "loadtxt", "genfromtxt", "fromfile", "memmap", "open", "read_text", "read_bytes", "exists", "stat",
    "getenv", "getcwd", "now", "today", "utcnow", "cwd", "home", "uuid1", "uuid4", "urlopen", "run", "check_output",
    "import_module", "currentframe", "token_bytes", "iterdir", "glob", "listdir",
}  # fmt: skip
"""Functions of installed modules and classes that read things outside of Python's objects."""
_READING = {"numpy", "datetime", "pathlib", "os", "io", "uuid", "urllib", "subprocess", "importlib", "inspect",
            "secrets", "pickle", "json", "tempfile", "shutil", "glob", "time", "codecs", "gzip"}  # fmt: skip


NAMING = {getattr, hasattr, vars, dir}
"""Functions that read attributes by computed names."""
ANYTHING = {eval, exec, globals, input, compile, __import__}
"""Functions that may read anything."""


def is_pure(f: Any) -> bool:
    """Whether a function written in C depends only on its arguments and on the object that it is a method of."""
    owner = f.__self__
    if f in ANYTHING:
        return False
    if owner is not None and not isinstance(owner, types.ModuleType):
        return True  # the object itself is looked at
    name = module_of(f) or ("" if owner is None else module_of(owner))
    if name.startswith("numpy.random"):
        return False
    return name.partition(".")[0] in _PURE


def reads_outside(holder: Any, name: str) -> bool:
    """Whether an attribute of an installed module or class reads files, clocks or the environment."""
    return name in _OUTSIDE and module_of(holder).partition(".")[0] in _READING
