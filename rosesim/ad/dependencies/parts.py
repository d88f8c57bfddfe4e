"""How to look into objects whose class is written in C. Their content lies in no `__dict__`.

A class that is missing from the table may hide anything, so its instances count as unwatched.
"""

from __future__ import annotations

import array
import collections
import contextvars
import functools
import gc
import operator
import threading
import types
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from rosesim.ad.dependencies.looks import MISSING, Repeatable
from rosesim.ad.program.ir import INLINE_DATA


def is_readable_in_place(v: Any) -> bool:
    """Whether a program can read an array in place. Then its numbers need not be compared where it is handed over.

    Short arrays are program text. Integers are indices, whose bounds must be known when the program is made.
    """
    if type(v) is not np.ndarray or v.dtype != np.float64 or v.size <= INLINE_DATA:
        return False
    return v.dtype.isnative and v.flags.c_contiguous and v.flags.aligned


def same_place(a: np.ndarray[Any, Any]) -> Callable[[], bool]:
    """Gives a function that says whether an array still lies at the same place, in the same form."""
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
            reach.go_through(a, Repeatable(lambda x: [*x.shape, *np.ndarray.ravel(x).tolist()], a))
        else:
            reach.hidden("an array of records that hold objects")
        return
    owner: Any = a
    while type(owner) is np.ndarray:
        owner = owner.base
    if type(owner) is not bytes:  # which cannot be written to
        reach.numbers(a, _same_numbers(a))


def _record(reach: Any, v: Any) -> None:
    """One record of an array of records. It can be written to."""
    if v.dtype.hasobject:
        reach.hidden("a record that holds objects")
    was = v.tobytes()
    reach.numbers(v, lambda: v.tobytes() == was)


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

# The builtin classes themselves: a subclass may override what is used of them here.
_LIST: Any = list
_DICT: Any = dict
_SET: Any = set
_TUPLE: Any = tuple
_FROZENSET: Any = frozenset
_DEQUE: Any = collections.deque
_ORDERED: Any = collections.OrderedDict
_SOME: dict[str, str] = {}
_FACTORY: Any = operator.attrgetter("default_factory", "default_factory")


def _nothing(reach: Any, v: Any) -> None:
    pass


def _find(parts: Callable[[Any], Iterable[Any]]) -> Parts:
    """For parts that never change."""
    return lambda reach, v: reach.find(parts(v))


def _get(parts: Callable[[Any], Sequence[Any]]) -> Parts:
    """For parts that may be replaced, but whose number does not change."""
    return lambda reach, v: reach.get(parts, v)


def _go_through(parts: Callable[[Any], Iterable[Any]]) -> Parts:
    """For any number of parts, which may be replaced."""
    return lambda reach, v: reach.go_through(v, Repeatable(parts, v))


def _list(reach: Any, v: Any) -> None:
    reach.go_through(v, v if type(v) is list else Repeatable(_LIST.__iter__, v))


def _dict(reach: Any, v: Any) -> None:
    reach.go_through(v, _DICT.keys(v), "keys of a dict")
    reach.go_through(v, _DICT.values(v))


def _ordered(reach: Any, v: Any) -> None:
    reach.go_through(v, _ORDERED.keys(v), "keys of a dict")  # its order is not that of the dict below it
    reach.go_through(v, _DICT.values(v))


def _default(reach: Any, v: Any) -> None:
    reach.get(_FACTORY, v)
    _dict(reach, v)


def _getter(reach: Any, v: Any) -> None:
    """attrgetter, itemgetter, methodcaller: note the names that they read."""
    parts = v.__reduce__()[1]
    reach.named([word for p in parts if isinstance(p, str) for word in p.split(".")])
    reach.find([p for p in parts if not isinstance(p, str)])


def _cached(reach: Any, v: Any) -> None:
    """The entries of `functools.lru_cache` and `cache`. The first trace fills them; the second looks at them."""
    reach.go_through(v, Repeatable(gc.get_referents, v))


PARTS: dict[type, Parts] = {
    object: _nothing,
    int: _nothing, float: _nothing, complex: _nothing, str: _nothing, bytes: _nothing, np.dtype: _nothing,
    types.SimpleNamespace: _nothing, threading.local: _nothing, slice: _find(lambda v: (v.start, v.stop, v.step)),
    list: _list, dict: _dict, collections.OrderedDict: _ordered, collections.defaultdict: _default,
    set: _go_through(_SET.__iter__), collections.deque: _go_through(_DEQUE.__iter__),
    tuple: _find(_TUPLE.__iter__), frozenset: _find(_FROZENSET.__iter__),
    np.void: _record, np.ndarray: _array, bytearray: _buffer, array.array: _buffer, memoryview: _buffer,
    types.MethodType: _find(lambda v: (v.__func__, v.__self__)),
    types.MethodWrapperType: _find(lambda v: (v.__self__,)),
    types.BuiltinFunctionType: _find(lambda v: () if isinstance(v.__self__, types.ModuleType) else (v.__self__,)),
    functools.partial: _get(lambda v: (v.func, v.args, v.keywords)),
    property: _find(lambda v: (v.fget, v.fset)),
    staticmethod: _find(lambda v: (v.__func__,)), classmethod: _find(lambda v: (v.__func__,)),
    types.CellType: _get(lambda v: (_cell(v),)),
    types.MappingProxyType: _find(gc.get_referents),
    **dict.fromkeys(map(type, (_SOME.keys(), _SOME.values(), _SOME.items())), _find(gc.get_referents)),
    weakref.ReferenceType: _get(lambda v: (v(),)),
    contextvars.ContextVar: _get(lambda v: (v.get(MISSING),)),
    operator.attrgetter: _getter, operator.itemgetter: _getter, operator.methodcaller: _getter,
    functools._lru_cache_wrapper: _cached,  # pyright: ignore[reportPrivateUsage] -- the class has no other name
    BaseException: _get(lambda v: (v.args,)),
}  # fmt: skip
"""For each class written in C: how to look at what its instances hold, apart from attributes."""

BARE = {object, types.SimpleNamespace, threading.local, functools.partial, BaseException}
"""Those of these classes whose direct instances have attributes."""


def _cell(v: types.CellType) -> Any:
    try:
        return v.cell_contents
    except ValueError:
        return MISSING
