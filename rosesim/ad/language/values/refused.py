"""What every traced value refuses of Python and NumPy, and how errors name a value."""

from __future__ import annotations

import dis
import sys
import types
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from rosesim.ad.support.errors import MissingAttribute, TraceError
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_array, is_boolean

BOOL_HINT = "; a Bool becomes a number by Real(p)"

_UFUNCS = {
    "add": "__add__", "subtract": "__sub__", "multiply": "__mul__", "divide": "__truediv__", "power": "__pow__",
    "less": "__lt__", "less_equal": "__le__", "greater": "__gt__", "greater_equal": "__ge__",
    "equal": "__eq__", "not_equal": "__ne__", "matmul": "__matmul__", "floor_divide": "__floordiv__",
    "remainder": "__mod__", "logical_and": "__and__", "bitwise_and": "__and__", "bitwise_or": "__or__",
    "bitwise_xor": "__xor__",
}  # fmt: skip
VECTOR_FIRST = (
    "make it a vector first, const(array)[i] of numbers or stack(values)[i] of traced ones, or loop with vec, sum "
    "or scan"
)
formatter: ContextVar[Callable[[Any, str], str] | None] = ContextVar("rosesim_formatter", default=None)
"""What a traced value is in a text: while a picture is traced, a mark where its number will stand. Else refused."""
_MIRRORED = {"__lt__": "__gt__", "__le__": "__ge__", "__gt__": "__lt__", "__ge__": "__le__"}


class Value:
    """Anything traced. The methods here are those by which Python and NumPy ask for a value; they refuse."""

    __slots__ = ()
    _takes_scalars: ClassVar[bool] = True
    """Whether its own operators decide what it makes with a scalar; otherwise the scalar's operators decide."""

    def _refuse(self, did: str, instead: str) -> NoReturn:
        raise TraceError(f"{did} a traced {kind(self)} was found, whose value is known only when the program "
                         f"runs; {instead}", here())  # fmt: skip

    def __bool__(self) -> bool:
        if _is_calling(sys._getframe(1)):  # pyright: ignore[reportPrivateUsage] -- as in support/locate.py
            self._refuse(
                "a function of Python that decides (max, min, sorted, any, all, bool) on",
                "use rosesim's max, min, sort, any and all, which compute",
            )
        self._refuse(
            "Python's `if`, `while`, `and`, `or`, `not`, `assert` or a chained comparison on",
            "write cond(p, then, orelse) or select(p, a, b) to choose, while_loop to repeat, `&`, `|`, `~` to "
            "combine booleans",
        )

    def __float__(self) -> float:
        self._refuse("float() or a function of `math` on", "keep it a Real and use rosesim's functions (sqrt, ...)")

    def __round__(self, digits: Any = None) -> float:
        self._refuse("round() on", "write floor(x + 0.5)")

    def __complex__(self) -> complex:
        self._refuse("complex() on", "compute with the two parts as Reals")

    def __int__(self) -> int:
        self._refuse("int() on", "write Index[n].clamp(x), Index[n].wrap(x) or Index[n].check(x)")

    def __index__(self) -> int:
        self._refuse(
            "a Python sequence, a NumPy array or range() indexed by",
            VECTOR_FIRST,
        )

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        self._refuse(
            "a NumPy function on",
            "use rosesim's functions (of random numbers: rosesim.random) and Python's operators",
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        name = _UFUNCS.get(ufunc.__name__)
        if method != "__call__" or name is None or len(inputs) != 2 or kwargs:
            self._refuse(f"NumPy's {ufunc.__name__} on", f"use rosesim.{ufunc.__name__} or Python's operators")
        left, right = inputs
        if isinstance(left, Value):
            return getattr(left, name)(right)
        if name in _MIRRORED:
            return getattr(right, _MIRRORED[name])(left)
        if name in ("__eq__", "__ne__"):
            return getattr(right, name)(left)
        return getattr(right, name.replace("__", "__r", 1))(left)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> NoReturn:
        self._refuse(f"NumPy's {func.__name__} on", "use rosesim's functions (sum, min, max, norm, dot, ...)")

    def __hash__(self) -> int:
        return id(self)

    def _kind(self) -> str:
        """How an error message names this."""
        return type(self).__name__

    def _number_hint(self) -> str:
        """What to write if this stands where a number is expected, as a clause of an error message."""
        return ""

    if not TYPE_CHECKING:  # with it, an editor would accept every misspelt attribute

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("__"):
                raise AttributeError(name)  # Python and NumPy read these to find out what an object can do
            raise MissingAttribute(
                f"the attribute {name!r} of a traced {kind(self)} was found, which has none of that name; expected "
                "elements x[i], new vectors x.at[i].set(v), len(x) and rosesim's functions (sum, norm, "
                "transpose, ...)",
                here(),
            )

    def __setattr__(self, name: str, value: object) -> None:
        self._refuse(f"setting the attribute {name!r} of", "build a new value instead")

    def __setitem__(self, i: object, v: object) -> None:
        self._refuse("assigning to an element of", "write x = x.at[i].set(v), which gives a new vector")

    def __delitem__(self, i: object) -> None:
        self._refuse("deleting an element of", "build the shorter vector: x[1:], or vec(n, lambda i: ...)")

    def __format__(self, spec: str) -> str:
        shown = formatter.get()
        if shown is not None:
            return shown(self, spec)
        if spec:
            self._refuse(
                "formatting the number in", "print it by an @opaque function, which runs when the program does"
            )
        return repr(self)


def _is_calling(frame: types.FrameType) -> bool:
    """Whether a call is what Python executes there: a built-in function has no frame of its own. `if` is none."""
    return any("CALL" in step.opname for step in dis.get_instructions(frame.f_code) if step.offset == frame.f_lasti)


def is_traced(v: object) -> bool:
    """Whether it is a traced value."""
    return isinstance(v, Value)


def kind(v: object) -> str:
    """How an error message names a value."""
    if isinstance(v, Value):
        return v._kind()  # pyright: ignore[reportPrivateUsage] -- same concept, same file
    return f"{type(v).__name__} {v!r}" if isinstance(v, int | float | str | bool) else type(v).__name__


def number_hint(v: object) -> str:
    """What to write if v stands where a number is expected, as a clause of an error message."""
    if isinstance(v, Value):
        return v._number_hint()  # pyright: ignore[reportPrivateUsage] -- same concept, same file
    if isinstance(v, tuple):
        return "; a vector is written as a list, such as [0.0, -9.8]"
    return BOOL_HINT if is_boolean(v) or (is_array(v) and v.shape == () and v.dtype == bool) else ""
