"""`cond`, which runs one side, and `select`, which computes both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.control.given import to_function
from rosesim.ad.language.values.boolean import Bool, to_bool
from rosesim.ad.language.values.broadcast import elementwise, shape_of
from rosesim.ad.language.values.chains import chained
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.structures import typeof, unify
from rosesim.ad.language.values.vector import SHORT, VecValue, as_vec, of_atoms, to_atoms
from rosesim.ad.language.values.vector_operators import is_vector
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import Block, Lit
from rosesim.ad.program.pack import pack, unpack, unpacked_types
from rosesim.ad.support.locate import here

if TYPE_CHECKING:
    from rosesim.ad.language.control.given import BoolLike, Unclear
    from rosesim.ad.language.values.scalar import Many


A = TypeVar("A")


@overload
def cond(p: BoolLike, then: Callable[[], Unclear], orelse: Callable[[], Any]) -> Any: ...
@overload
def cond(p: BoolLike, then: Callable[[], float], orelse: Callable[[], float]) -> Real: ...
@overload
def cond(p: BoolLike, then: Callable[[], list[Any]], orelse: Callable[[], Any]) -> Any: ...
@overload
def cond(p: BoolLike, then: Callable[[], Any], orelse: Callable[[], list[Any]]) -> Any: ...
@overload
def cond(p: BoolLike, then: Callable[[], A | float], orelse: Callable[[], A | float]) -> A: ...
def cond(p: BoolLike, then: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
    """A branch: then() if p is true, otherwise orelse(). Only one of them runs.

    >>> from rosesim import fn, cond, Real, sqrt
    >>> @fn
    ... def safe_root(x: Real) -> Real:
    ...     return cond(x > 0.0, lambda: sqrt(x), lambda: 0.0)
    >>> safe_root(9.0), safe_root(-1.0)
    (3.0, 0.0)
    """
    return branch(p, then, orelse)


def branch(p: BoolLike, then: Callable[[], Any], orelse: Callable[[], Any], names: Sequence[str] = ()) -> Any:
    """`cond` in a loop, whose decision has a name for each iteration, by which checks of gradients call it: "whether
    foot touches ground"."""
    for side in (then, orelse):
        to_function(side, "cond(p, then, orelse) for a side", ": cond(p, lambda: a, lambda: b), or select(p, a, b)")
    condition = to_bool(p)
    if isinstance(condition, Lit):
        return then() if condition.value else orelse()
    f = trace.frame()
    b = trace.building()
    sides: list[tuple[Builder, Any]] = []
    for g in (then, orelse):
        block = trace.opened()
        with trace.within(block):
            sides.append((block, trace.deeper(g)))
    t = unify(typeof(sides[0][1]), typeof(sides[1][1]), "the two sides of cond")
    tys = T.flatten(t)
    chosen: list[Block] = []
    for side, value in sides:
        with trace.within(side):
            atoms = [f.resolve(a) for a in to_atoms(value, t)]
            chosen.append(side.block(unpack(side, atoms)))
    b.where = line = here()
    if names and line is not None:
        b.where = replace(line, names=tuple(names))
    outs = b.cond(f.resolve(condition), chosen[0], chosen[1], unpacked_types(tys))
    b.where = line
    f.own(outs)
    joined = pack(b, tys, outs)
    f.own(joined)
    return of_atoms(t, joined)


@overload
def select(p: BoolLike | Many, a: Unclear, b: Any) -> Any: ...
@overload
def select(p: BoolLike | Many, a: float, b: float) -> Real: ...
@overload
def select(p: BoolLike | Many, a: list[Any], b: Any) -> Any: ...
@overload
def select(p: BoolLike | Many, a: Any, b: list[Any]) -> Any: ...
@overload
def select(p: BoolLike | Many, a: A | float, b: A | float) -> A: ...
def select(p: BoolLike | Many, a: Any, b: Any) -> Any:
    """a if p is true, otherwise b, for numbers, vectors and structs. Both are computed. `where` is the same.

    A vector of booleans chooses element by element; all three broadcast. The derivative is that of the chosen side.
    An infinite or NaN derivative of the other side does not enter it.

    >>> from rosesim import fn, grad, select, sqrt, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return select(x > 0.0, sqrt(x), 0.0)
    >>> f(4.0), grad(f)(0.0)
    (2.0, 0.0)
    >>> fn(lambda x: select(x > 0.0, sqrt(x), 0.0))([4.0, -1.0, 0.0])
    array([2., 0., 0.])
    """
    if is_vector(p):
        return elementwise("select", select, p, a, b)
    condition = to_bool(p)
    one, other = typeof(a), typeof(b)
    if shape_of(one) != shape_of(other):
        return elementwise("select", partial(select, p), a, b)
    t = unify(one, other, "the two sides of select")
    return _select(Bool.of(condition), a, b, t)


def _select(p: Bool, a: Any, b: Any, t: T.Type) -> Any:
    match t:
        case T.NullType():
            return None
        case T.VecType(n, elem):
            x, y = as_vec(a), as_vec(b)
            assert x is not None
            assert y is not None
            if n > SHORT:
                return chained(shape_of(t), (x, y), (p,), lambda i: _select(p, x[i], y[i], elem))
            return VecValue(t, items=[_select(p, x[i], y[i], elem) for i in range(n)])
        case T.StructType():
            sides = zip(t.parts(a), t.parts(b), t.types, strict=True)
            return t.build([_select(p, x, y, part) for x, y, part in sides])
        case _:
            (x,), (y,) = to_atoms(a, t), to_atoms(b, t)
            return of_atoms(t, [trace.op("select", p.atom, x, y)])
