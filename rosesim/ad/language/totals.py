"""Many values become one: sum, prod, mean, min, max, any, all, argmin, argmax.

Each takes a vector, wholly or along axes; most also take `(n, f)`, which is a loop (`control/reductions`). Those that
have the name of one of Python's functions do what Python's does with what is neither, so that a file may import all
names of rosesim.
"""

from __future__ import annotations

import builtins
import functools
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from rosesim.ad.language import trace
from rosesim.ad.language.axes import by_rows, chosen_axes, element, given_vector, mapped, one_axis, reduced, vector_of
from rosesim.ad.language.control import reductions as loops
from rosesim.ad.language.control.loops import fold
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.broadcast import shape_of
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.refused import Value, kind
from rosesim.ad.language.values.scalar import is_number, to_real
from rosesim.ad.language.values.structures import added, is_traced
from rosesim.ad.language.values.vector import SHORT, VecValue
from rosesim.ad.language.values.vector_operators import is_vector
from rosesim.ad.program.builder import real
from rosesim.ad.program.ir import BOOL, Lit
from rosesim.ad.support.errors import TraceError, TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_integer, is_list, is_tuple

if TYPE_CHECKING:
    from rosesim.ad.language.axes import Axes
    from rosesim.ad.language.control.given import BoolLike, Upto
    from rosesim.ad.language.custom import Dual
    from rosesim.ad.language.values.annotations import Struct
    from rosesim.ad.language.values.index import Number
    from rosesim.ad.language.values.scalar import Many
    from rosesim.ad.language.values.tangent import Tan

    Numbers = Real | Index | Bool | VecValue | Many


A = TypeVar("A")
N = TypeVar("N", bound="Real | Tan | Struct | Dual")
V = TypeVar("V", bound="Tan | Struct | Dual")


@overload
def sum(n: int, f: Callable[[Index], N], *, upto: Upto = None) -> N: ...
@overload
def sum(n: int, f: Callable[[Index], float | Index], *, upto: Upto = None) -> Real: ...
@overload
def sum(n: int, f: Callable[[Index], list[Any]], *, upto: Upto = None) -> Any: ...
@overload
def sum(n: int, f: Callable[[Index], A], *, upto: Upto = None) -> A: ...
@overload
def sum(n: V, f: Axes = None, *, axis: Axes = None) -> V: ...
@overload
def sum(n: Numbers, f: Axes = None, *, axis: Axes = None) -> Real: ...
@overload
def sum(n: Iterable[Any], f: Any = 0, *, start: Any = 0) -> Any: ...
def sum(n: Any, f: Any = None, *, upto: Upto = None, axis: Axes = None, start: Any = None) -> Any:
    """f(0) + ... + f(n - 1), of numbers or vectors. It is 0 if n is 0.

    `sum(x)` adds all elements of a vector, also of one of vectors, and `sum(x, axis=0)` those along axes; booleans
    are counted. Of another sequence it is Python's `sum(values, start=0)`.

    >>> from rosesim import fn, sum, Real, Vec
    >>> @fn
    ... def triangular(x: Real) -> Real:
    ...     return sum(4, lambda i: x * i)
    >>> triangular(2.0)
    12.0
    >>> @fn
    ... def totals(m: Vec[Vec[Real, 2], 3]):
    ...     return sum(m), sum(m, axis=0)
    >>> totals([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    (21.0, array([ 9., 12.]))
    """
    if _is_loop(n, f):
        _refuse("sum(n, f)", axis=axis, start=start)
        return loops.sum(n, f, upto=upto)
    x = vector_of(n, axis)
    if x is None:
        _refuse("sum of a sequence", upto=upto)
        first = start if f is None else f
        return builtins.sum(n, 0 if first is None else first)
    axis = _axis_of("sum", x, f, axis, upto=upto, start=start)
    return _summed(x, set(chosen_axes(x, axis, "sum")), 0)


def _is_function(f: Any) -> bool:
    return callable(f) and not isinstance(f, Value)


def _is_loop(n: Any, f: Any) -> bool:
    """Whether (n, f) is meant: there is a function, or a number, which is no sequence."""
    return _is_function(f) or is_number(n) or (isinstance(n, Value) and not is_vector(n))


def _axis_of(name: str, x: VecValue, second: Any, axis: Any, **others: Any) -> Any:
    """The axes of a function of a vector, which may also stand after it, as in NumPy's sum(x, 0)."""
    if second is not None:
        if axis is not None or not _is_axis(second):
            found = kind(second) if axis is None else f"axis={axis!r} besides {second!r}"
            raise TypeMismatch(f"{found} was found in {name} of {x.type}; expected an axis: {_forms(name)}", here())
        axis = second
    _refuse(f"{name} of {x.type}", name, **others)
    return axis


def _is_axis(v: Any) -> bool:
    return is_integer(v) or ((is_tuple(v) or is_list(v)) and builtins.all(map(is_integer, v)))


def _refuse(where: str, name: str = "", **given: Any) -> None:
    """Raises TypeMismatch if one of these arguments is given, which the form of a function does not take."""
    found = [f"{k}=" if k.isidentifier() else k for k, v in given.items() if v is not None]
    if found:
        name = name or where.partition("(")[0].partition(" ")[0]
        raise TypeMismatch(f"{', '.join(found)} was found in {where}; expected {_forms(name)}", here())


def _forms(name: str) -> str:
    more = " or sum(x) + start" if name == "sum" else ""
    return f"{name}(x), {name}(x, axis=0), {name}(n, f), {name}(n, f, upto=k){more}"


def _summed(x: Any, chosen: set[int], k: int) -> Any:
    """x with these axes summed, of which it has those from k on. Rows are added to rows: memory is read in order."""
    if not isinstance(x, VecValue):
        return Real(x) if isinstance(x, Bool) else x
    if k not in chosen:
        return by_rows(x, lambda row: _summed(row, chosen, k + 1))
    n = len(x)

    def rest(i: Any) -> Any:
        return _summed(x[i], chosen, k + 1)

    return functools.reduce(added, map(rest, range(n))) if 0 < n <= SHORT else loops.sum(n, rest)


def prod(x: Any, axis: Axes = None) -> Real:
    """The product of all elements of a vector, also of one of vectors, or of those along axes. It is 1 of none.

    >>> from rosesim import fn, grad, prod
    >>> fn(prod)([2.0, 3.0, 4.0]), grad(prod)([2.0, 0.0, 4.0])
    (24.0, array([0., 8., 0.]))
    """
    return reduced(given_vector(x, "prod"), axis, "prod", _multiplied)


def _multiplied(n: int, f: Callable[[Any], Any]) -> Any:
    return fold(n, Real.of(real(1.0)), lambda c, i: c * f(i))


def mean(x: Any, axis: Axes = None) -> Real:
    """The mean of all elements of a vector, also of one of vectors, or of those along axes; of booleans, the part of
    them that is true.

    >>> from rosesim import fn, mean
    >>> fn(lambda m: (mean(m), mean(m, axis=1)))([[1.0, 2.0], [3.0, 6.0]])
    (3.0, array([1.5, 4.5]))
    """
    v = given_vector(x, "mean")
    chosen = chosen_axes(v, axis, "mean")
    count = math.prod(shape_of(v)[k] for k in chosen)
    if count == 0:
        raise TraceError("mean over nothing was found; expected at least one element", here())
    return _summed(v, set(chosen), 0) / float(count)


@overload
def min(n: int, f: Callable[[Index], Number], *, upto: Upto = None) -> Real: ...
@overload
def min(n: Numbers, *, axis: Axes = None) -> Real: ...
@overload
def min(n: Iterable[Any], *, key: Any = None, default: Any = None) -> Any: ...
@overload
def min(n: Number, f: Number, *more: Number) -> Any: ...
@overload
def min(n: Any, f: Any, *more: Any, key: Any = None) -> Any: ...
def min(n: Any, f: Any = None, *more: Any, upto: Upto = None, axis: Axes = None, **others: Any) -> Any:
    """The least of f(0), ..., f(n - 1); NaN if one is NaN. Its derivative is that of the first least one.

    `min(x)` is over all elements of a vector, `min(x, axis=0)` over those along axes. Of another sequence, or of
    several numbers, it is the least of them, as Python's.

    >>> from rosesim import fn, min, Real, Vec
    >>> @fn
    ... def least(x: Vec[Real, 3]):
    ...     return min(3, lambda i: x[i]), min(x), min(x[0], 2.0)
    >>> least([3.0, 1.0, 2.0])
    (1.0, 1.0, 2.0)
    """
    if _is_function(f):
        _refuse("min(n, f)", axis=axis, **{"a third argument": more or None}, **others)
        return loops.min(n, f, upto=upto)
    return _extreme("min", (n, *(() if f is None else (f,)), *more), axis, {"upto": upto, **others})


@overload
def max(n: int, f: Callable[[Index], Number], *, upto: Upto = None) -> Real: ...
@overload
def max(n: Numbers, *, axis: Axes = None) -> Real: ...
@overload
def max(n: Iterable[Any], *, key: Any = None, default: Any = None) -> Any: ...
@overload
def max(n: Number, f: Number, *more: Number) -> Any: ...
@overload
def max(n: Any, f: Any, *more: Any, key: Any = None) -> Any: ...
def max(n: Any, f: Any = None, *more: Any, upto: Upto = None, axis: Axes = None, **others: Any) -> Any:
    """The greatest of f(0), ..., f(n - 1); NaN if one is NaN. Its derivative is that of the first greatest one.

    `max(x)` is over all elements of a vector, `max(x, axis=0)` over those along axes. Of another sequence, or of
    several numbers, it is the greatest of them, as Python's.

    >>> from rosesim import fn, max, Real, Vec
    >>> @fn
    ... def greatest(x: Vec[Real, 3]):
    ...     return max(3, lambda i: x[i]), max(x), max(x[1], 2.0)
    >>> greatest([3.0, 1.0, 2.0])
    (3.0, 3.0, 2.0)
    """
    if _is_function(f):
        _refuse("max(n, f)", axis=axis, **{"a third argument": more or None}, **others)
        return loops.max(n, f, upto=upto)
    return _extreme("max", (n, *(() if f is None else (f,)), *more), axis, {"upto": upto, **others})


def _extreme(name: str, values: tuple[Any, ...], axis: Axes, others: dict[str, Any]) -> Any:
    """min or max of a vector, or of what Python's take: one sequence, or several values."""
    loop: Callable[..., Any]
    loop, two, pythons = {
        "min": (loops.min, "minimum", builtins.min),
        "max": (loops.max, "maximum", builtins.max),
    }[name]
    if others["upto"] is None:
        del others["upto"]
    x = vector_of(values[0], axis) if len(values) == 1 else None
    if x is None and len(values) == 2 and _is_axis(values[1]) and axis is None:
        x = vector_of(values[0])
        # max(x, 0) of a vector of numbers is more likely meant as maximum(x, 0)
        x, axis = (x, values[1]) if len(shape_of(x)) > 1 else (None, None)
    if x is not None:
        _refuse(f"{name} of {x.type}", **others)
        return reduced(x, axis, name, loop)
    if len(values) == 1 and _is_loop(values[0], None):
        return loop(values[0], None)  # which refuses it, with what to write
    items: list[Any] = list(values[0] if len(values) == 1 else values)
    if not is_traced(items):
        return pythons(items, **others)
    wrong = next((v for v in items if is_vector(v)), None)
    if wrong is not None or others:
        found = f"{name} with {', '.join(others)}=" if others else f"{kind(wrong)} among the values of {name}"
        raise TypeMismatch(
            f"{found} was found; expected numbers: {two}(x, y) is element by element, {name}(x) over the elements",
            here(),
        )
    atoms = functools.reduce(lambda a, b: trace.op(two, a, b), map(to_real, items))
    return Real.of(atoms)


@overload
def any(n: int, f: Callable[[Index], BoolLike], *, upto: Upto = None) -> Bool: ...
@overload
def any(n: Bool, f: Axes = None, *, axis: Axes = None) -> Bool: ...
@overload
def any(n: Iterable[object]) -> Any: ...
def any(n: Any, f: Any = None, *, upto: Upto = None, axis: Axes = None) -> Any:
    """Whether at least one of f(0), ..., f(n - 1) is true.

    `any(p)` is over all elements of a vector of booleans, `any(p, axis=0)` over those along axes. Of another sequence
    it is Python's; its elements may be traced.

    >>> from rosesim import fn, any, Real, Vec
    >>> @fn
    ... def below(x: Vec[Real, 3]):
    ...     return any(3, lambda i: x[i] < 0.0), any(x < -1.0)
    >>> below([1.0, -1.0, 2.0])
    (True, False)
    """
    if _is_loop(n, f):
        _refuse("any(n, f)", axis=axis)
        return loops.any(n, f, upto=upto)
    return _joined(loops.any, builtins.any, n, f, axis, upto)


@overload
def all(n: int, f: Callable[[Index], BoolLike], *, upto: Upto = None) -> Bool: ...
@overload
def all(n: Bool, f: Axes = None, *, axis: Axes = None) -> Bool: ...
@overload
def all(n: Iterable[object]) -> Any: ...
def all(n: Any, f: Any = None, *, upto: Upto = None, axis: Axes = None) -> Any:
    """Whether all of f(0), ..., f(n - 1) are true.

    `all(p)` is over all elements of a vector of booleans, `all(p, axis=0)` over those along axes. Of another sequence
    it is Python's; its elements may be traced.

    >>> from rosesim import fn, all, Real, Vec
    >>> @fn
    ... def positive(x: Vec[Real, 3]):
    ...     return all(3, lambda i: x[i] > 0.0), all(x > -2.0)
    >>> positive([1.0, -1.0, 2.0])
    (False, True)
    """
    if _is_loop(n, f):
        _refuse("all(n, f)", axis=axis)
        return loops.all(n, f, upto=upto)
    return _joined(loops.all, builtins.all, n, f, axis, upto)


def _joined(
    loop: Callable[..., Bool], pythons: Callable[..., bool], given: Any, f: Any, axis: Axes, upto: Any
) -> Any:
    name = loop.__name__
    x = vector_of(given, axis)
    if x is not None:
        return reduced(x, _axis_of(name, x, f, axis, upto=upto), name, loop)
    _refuse(f"{name} of a sequence", upto=upto, **{"a second argument": f})
    items = list(given)
    if not is_traced(items):
        return pythons(items)
    both = loop is loops.all
    return functools.reduce(lambda p, q: p & q if both else p | q, items, Bool.of(Lit(both, BOOL)))


@overload
def argmin(n: int, f: Callable[[Index], Number], *, upto: Upto = None) -> Index: ...
@overload
def argmin(n: Numbers, f: int | None = None, *, axis: int | None = None) -> Index: ...
def argmin(n: Any, f: Any = None, *, upto: Upto = None, axis: int | None = None) -> Any:
    """The first i below n with the least f(i); NaN is never the least.

    `argmin(x)` is the place of the least element of a vector, counted row by row in one of vectors, and
    `argmin(x, axis=0)` that along an axis.

    >>> from rosesim import fn, argmin, Real, Vec
    >>> @fn
    ... def nearest(x: Vec[Real, 3], to: Real):
    ...     return argmin(3, lambda i: abs(x[i] - to)), argmin(x)
    >>> nearest([1.0, 4.0, 9.0], 5.0)
    (1, 0)
    """
    return _place("argmin", loops.argmin, n, f, upto, axis)


@overload
def argmax(n: int, f: Callable[[Index], Number], *, upto: Upto = None) -> Index: ...
@overload
def argmax(n: Numbers, f: int | None = None, *, axis: int | None = None) -> Index: ...
def argmax(n: Any, f: Any = None, *, upto: Upto = None, axis: int | None = None) -> Any:
    """The first i below n with the greatest f(i); NaN is never the greatest.

    `argmax(x)` is the place of the greatest element of a vector, counted row by row in one of vectors, and
    `argmax(x, axis=0)` that along an axis. Of booleans it is the first that is true.

    >>> from rosesim import fn, argmax, Real, Vec
    >>> @fn
    ... def furthest(x: Vec[Real, 3], to: Real):
    ...     return argmax(3, lambda i: abs(x[i] - to)), argmax(x), argmax(x > 2.0)
    >>> furthest([1.0, 4.0, 9.0], 7.0)
    (0, 2, 1)
    """
    return _place("argmax", _greatest, n, f, upto, axis)


def _greatest(n: int, f: Callable[[Any], Any], *, upto: Upto = None) -> Index:
    return loops.argmin(n, (lambda i: -Real(f(i))) if _is_function(f) else f, upto=upto)


def _place(name: str, loop: Callable[..., Any], n: Any, f: Any, upto: Upto, axis: int | None) -> Any:
    """argmin or argmax."""
    if _is_loop(n, f):
        _refuse(f"{name}(n, f)", axis=axis)
        return loop(n, f, upto=upto)
    x = given_vector(n, name)
    axis = _axis_of(name, x, f, axis, upto=upto)
    shape = shape_of(x)
    over: Callable[[int, Callable[[Any], Any]], Any] = loop
    if axis is None:
        return over(math.prod(shape), lambda i: element(x, _places(i, shape)))
    k = one_axis(x, axis, name)
    kept = (*shape[:k], *shape[k + 1 :])
    return mapped(kept, [x], lambda *at: over(shape[k], lambda i: element(x, (*at[:k], i, *at[k:]))))


def _places(i: Any, shape: tuple[int, ...]) -> list[Any]:
    """The index of each axis at the i-th element, row by row."""
    places: list[Any] = []
    for n in reversed(shape[1:]):
        places.insert(0, i % n)
        i = i // n
    return [i, *places]
