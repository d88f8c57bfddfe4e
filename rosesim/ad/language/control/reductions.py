"""Many values become one: sum, min, max, any, all, argmin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.given import to_function_of_index, to_limit, to_size
from rosesim.ad.language.control.loops import fold
from rosesim.ad.language.values.boolean import Bool, to_bool
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.scalar import to_real
from rosesim.ad.language.values.structures import added, typeof
from rosesim.ad.language.values.vector import lift, of_atoms, to_atoms
from rosesim.ad.program.builder import integer, real
from rosesim.ad.program.ir import BOOL, Lit, Loop, Var, index_ty
from rosesim.ad.program.pack import pack, unpack, unpacked_types
from rosesim.ad.support.errors import TraceError
from rosesim.ad.support.locate import here

if TYPE_CHECKING:
    from rosesim.ad.language.control.given import BoolLike, Upto
    from rosesim.ad.language.custom import Dual
    from rosesim.ad.language.values.annotations import Struct
    from rosesim.ad.language.values.index import Number
    from rosesim.ad.language.values.tangent import Tan


A = TypeVar("A")
N = TypeVar("N", bound="Real | Tan | Struct | Dual")


@overload
def sum(n: int, f: Callable[[Index], N], *, upto: Upto = None) -> N: ...
@overload
def sum(n: int, f: Callable[[Index], float | Index], *, upto: Upto = None) -> Real: ...
@overload
def sum(n: int, f: Callable[[Index], list[Any]], *, upto: Upto = None) -> Any: ...
@overload
def sum(n: int, f: Callable[[Index], A], *, upto: Upto = None) -> A: ...
def sum(n: int, f: Callable[[Index], Any], *, upto: Upto = None) -> Any:
    """f(0) + ... + f(n - 1), of numbers or vectors. It is 0 if n is 0.

    >>> from rosesim import fn, sum, Real
    >>> @fn
    ... def triangular(x: Real) -> Real:
    ...     return sum(4, lambda i: x * i)
    >>> triangular(2.0)
    12.0
    """
    to_function_of_index(f, "sum")
    n = to_size(n, "sum")
    limit = to_limit(upto, n)
    f_ = trace.frame()
    counter = Var(index_ty(n), "i")
    inner = trace.opened((counter,))
    with trace.within(inner):
        value = f(Index.of(counter))
        value = Real(value) if isinstance(value, Index) else value
        t = T.swap_scalars(typeof(value), T.IntType, T.REAL)
        tys = T.flatten(t)
        carries = tuple(Var(p) for p in unpacked_types(tys))
        f_.home.update(dict.fromkeys(carries, inner))
        so_far = pack(inner, tys, carries)
        f_.own(so_far)
        grown = [f_.resolve(a) for a in to_atoms(added(of_atoms(t, so_far), lift(value, t)), t)]
        block = inner.block(unpack(inner, grown))
    b = trace.building()
    inits = tuple(b.zeros(c.ty) for c in carries)
    outs = b.let(
        Loop(n=n, index=counter, inits=inits, carries=carries, body=block, upto=limit and f_.resolve(limit)),
        *(c.ty for c in carries),
    )
    f_.own((*inits, *outs))
    joined = pack(b, tys, outs)
    f_.own(joined)
    return of_atoms(t, joined)


def _extreme(n: int, f: Callable[[Index], Any], name: str, start: float, upto: Any) -> Real:
    to_function_of_index(f, name[:3])
    n = _nonempty(n, name[:3], upto)
    carry = Real.of(real(start))
    return fold(n, carry, lambda m, i: Real.of(trace.op(name, m.atom, to_real(f(i)))), upto)


def _nonempty(n: Any, name: str, upto: Any) -> int:
    n = to_size(n, name)
    if n == 0:
        raise TraceError(f"{name} over nothing was found; expected at least one element", here())
    if upto is not None:
        limit = to_limit(upto, n)
        assert limit is not None
        bad = trace.op("ieq", limit, integer(0))
        trace.building().guard(trace.frame().resolve(bad), f"{name} over nothing; expected upto to be at least 1")
    return n


def min(n: int, f: Callable[[Index], Number], *, upto: Upto = None) -> Real:
    """The least of f(0), ..., f(n - 1); NaN if one is NaN. Its derivative is that of the first least one.

    >>> from rosesim import fn, min, Real, Vec
    >>> @fn
    ... def least(x: Vec[Real, 3]) -> Real:
    ...     return min(3, lambda i: x[i])
    >>> least([3.0, 1.0, 2.0])
    1.0
    """
    return _extreme(n, f, "minimum", float("inf"), upto)


def max(n: int, f: Callable[[Index], Number], *, upto: Upto = None) -> Real:
    """The greatest of f(0), ..., f(n - 1); NaN if one is NaN. Its derivative is that of the first greatest one.

    >>> from rosesim import fn, max, Real, Vec
    >>> @fn
    ... def greatest(x: Vec[Real, 3]) -> Real:
    ...     return max(3, lambda i: x[i])
    >>> greatest([3.0, 1.0, 2.0])
    3.0
    """
    return _extreme(n, f, "maximum", float("-inf"), upto)


def any(n: int, f: Callable[[Index], BoolLike], *, upto: Upto = None) -> Bool:
    """Whether at least one of f(0), ..., f(n - 1) is true.

    >>> from rosesim import fn, any, Bool, Real, Vec
    >>> @fn
    ... def below(x: Vec[Real, 3]) -> Bool:
    ...     return any(3, lambda i: x[i] < 0.0)
    >>> below([1.0, -1.0, 2.0])
    True
    """
    start = Bool.of(Lit(False, BOOL))
    return fold(
        to_size(to_function_of_index(f, "any") and n, "any"), start, lambda p, i: p | Bool.of(to_bool(f(i))), upto
    )


def all(n: int, f: Callable[[Index], BoolLike], *, upto: Upto = None) -> Bool:
    """Whether all of f(0), ..., f(n - 1) are true.

    >>> from rosesim import fn, all, Bool, Real, Vec
    >>> @fn
    ... def positive(x: Vec[Real, 3]) -> Bool:
    ...     return all(3, lambda i: x[i] > 0.0)
    >>> positive([1.0, -1.0, 2.0])
    False
    """
    start = Bool.of(Lit(True, BOOL))
    return fold(
        to_size(to_function_of_index(f, "all") and n, "all"), start, lambda p, i: p & Bool.of(to_bool(f(i))), upto
    )


def argmin(n: int, f: Callable[[Index], Number], *, upto: Upto = None) -> Index:
    """The first i below n with the least f(i); NaN is never the least.

    >>> from rosesim import fn, argmin, Index, Real, Vec
    >>> @fn
    ... def nearest(x: Vec[Real, 3], to: Real) -> Index[3]:
    ...     return argmin(3, lambda i: abs(x[i] - to))
    >>> nearest([1.0, 4.0, 9.0], 5.0)
    1
    """
    to_function_of_index(f, "argmin")
    n = _nonempty(n, "argmin", upto)
    start = (Real.of(real(float("inf"))), Index.of(Lit(0, index_ty(n))))

    def better(best: Any, i: Index) -> Any:
        value = Real.of(to_real(f(i)))
        return select(value < best[0], (value, i), best)

    return fold(n, start, better, upto)[1]
