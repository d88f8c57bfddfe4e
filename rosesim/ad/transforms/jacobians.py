"""Jacobians and Hessians, and a Hessian times a vector: many directions of the first derivative."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.control.loops import batch, vec
from rosesim.ad.language.function import Fn
from rosesim.ad.language.signature import Names, Row, Wrt
from rosesim.ad.language.tracing import Traced
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import of_atoms, real_zero, to_atoms
from rosesim.ad.program.cost import func_work
from rosesim.ad.program.ir import Atom, Ty
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.derivatives import as_fn, grad, jvp, like, vjp
from rosesim.ad.transforms.reverse import Reversed
from rosesim.ad.transforms.tangents import Forwarded, gradient_type, is_real, refuse_tangents

Mode = Literal["forward", "reverse"] | None
"""How a Jacobian is computed: by columns, by rows, or by whichever are fewer."""


def jacobian(f: Callable[..., Any], *, wrt: Wrt = None, mode: Mode = None) -> Fn[..., Any]:
    """The function that gives, in the shape of f's value, the gradient of each number in it.

    Forward mode computes it by columns, a direction for each number of the arguments; reverse mode by rows, one for
    each number of the value. Where `mode` is None, rosesim takes reverse mode unless there are more rows than columns
    and the columns are estimated to cost less. Directions run in the lanes of the processor, four at once.

    >>> from rosesim import fn, jacobian, Real, Vec
    >>> @fn
    ... def polar(p: Vec[Real, 2]):
    ...     return [p[0] * p[1], p[0] + p[1]]
    >>> jacobian(polar)([2.0, 3.0])
    array([[3., 2.],
           [1., 1.]])
    >>> jacobian(polar, mode="reverse")([2.0, 3.0])
    array([[3., 2.],
           [1., 1.]])
    """
    g = as_fn(f)
    if mode not in (None, "forward", "reverse"):
        raise TypeMismatch(f"mode={mode!r} was found; expected 'forward', 'reverse' or None (the cheaper)", here())

    def derived(*args: Any, **kwargs: Any) -> Any:
        signature = g.signature().renamed(f"jacobian({g.name})")
        row, keywords = signature.bind(args, kwargs)
        positions, one = signature.chosen(wrt, len(row), keywords)
        types = g.types_of(row, keywords)
        traced = g.traced(types)
        columns = sum(math.prod(ty.shape) for p in set(positions) for ty in T.flatten(gradient_type(types[p])))
        rows = sum(math.prod(ty.shape) for ty in T.flatten(gradient_type(traced.result)))
        if (
            columns
            and rows
            and (mode == "forward" or mode is None and _is_forward_cheaper(traced, positions, columns, rows))
        ):
            return _by_columns(g, row, keywords, positions, one)
        return _by_rows(*vjp(g, wrt=wrt)(*args, **kwargs))

    return like(g, derived, "jacobian", functools.partial(jacobian, wrt=wrt, mode=mode))


_CLEARLY = 8
"""With so many times more rows than columns nothing is estimated: a row costs an eighth of a column only where nearly
all work is that of the value, which reverse mode does once and forward mode with each group of columns."""


def _is_forward_cheaper(traced: Traced, positions: Sequence[int], columns: int, rows: int) -> bool:
    """Whether all columns cost less than all rows, which share a forward pass."""
    if rows <= columns or columns * _CLEARLY <= rows:
        return rows > columns
    reverse = Reversed.of(traced, positions)
    if reverse.pair is None:
        return False
    active = [k in positions and is_real(ty) for k, t in enumerate(traced.params) for ty in T.flatten(t)]
    by_columns = math.ceil(columns / _AT_ONCE) * func_work(Forwarded.of(traced, active).func)
    by_rows = func_work(reverse.pair.fwd) + math.ceil(rows / _AT_ONCE) * func_work(reverse.pair.bwd)
    return _BIAS * by_columns < by_rows


_AT_ONCE = 4
"""Directions in lanes, on most machines."""
_BIAS = 2
"""What the columns of a group share, the value, is not in lanes, which the estimate does not know: measured, six
columns of 200 steps with sines took 1.9 times as long as twelve rows of the same estimate."""


def _by_rows(value: Any, pullback: Callable[[Any], Any]) -> Any:
    """The Jacobian by reverse mode: the pullback of a one at each place of the value."""

    def rows(part: T.Type, place: Callable[[Any], Any]) -> Any:
        match part:
            case T.RealType():
                return pullback(place(Real(1.0)))
            case T.VecType(n, elem):
                return batch(n, lambda i: rows(elem, lambda c: place(real_zero(part).at[i].set(c))))
            case T.StructType():
                zero = real_zero(part)
                fields, build = part.parts(zero), part.build
                return build(
                    [
                        rows(p, lambda c, k=k: place(build([*fields[:k], c, *fields[k + 1 :]])))
                        for k, p in enumerate(part.types)
                    ]
                )
            case _:
                return None

    return rows(gradient_type(typeof(value)), lambda c: c)


def _by_columns(g: Fn[..., Any], row: Row, keywords: Names, positions: Sequence[int], one: bool) -> Any:
    """The Jacobian by forward mode: the tangent of the value along each number of the arguments, in one batch, and
    then its transpose."""
    types = g.types_of(row, keywords)
    traced = g.traced(types)
    refuse_tangents(g, traced)
    trace.frame().dependencies.join(traced.dependencies)
    atoms = [a for v, t in zip(row, types, strict=True) for a in to_atoms(v, t)]
    active = [k in positions and is_real(ty) for k, t in enumerate(types) for ty in T.flatten(t)]
    pushed = Forwarded.of(traced, active)
    leaves = [ty for ty, on in zip((ty for t in types for ty in T.flatten(t)), active, strict=True) if on]
    starts = [sum(math.prod(ty.shape) for ty in leaves[:k]) for k in range(len(leaves))]
    count = sum(math.prod(ty.shape) for ty in leaves)
    result = gradient_type(traced.result)
    flat_result = T.tuple_type(*map(T.of_flat, T.flatten(result)))

    def column(number: Any) -> Any:
        basis = [_ones_at(ty, start, number) for ty, start in zip(leaves, starts, strict=True)]
        return of_atoms(flat_result, to_atoms(pushed(atoms, basis)[1], result))

    stacked = batch(count, column).leaves()
    places: dict[int, list[int]] = {}  # of each argument, its leaves
    k = 0
    for p, t in enumerate(types):
        if p in positions:
            size = len(T.flatten(gradient_type(t)))
            places[p], k = list(range(k, k + size)), k + size
    parts = [gradient_type(types[p]) for p in positions]
    each = parts[0] if one else T.tuple_type(*parts)
    chosen = [k for p in positions for k in places[p]]
    turned = [_transposed(a, ty, leaves[k], starts[k])
              for a, ty in zip(stacked, T.flatten(result), strict=True) for k in chosen]  # fmt: skip
    return of_atoms(T.swap_scalars(result, T.RealType, each), turned)


def _ones_at(ty: Ty, start: int, number: Any) -> Atom:
    """An array of zeros, with a one where the number of an element, counted from `start`, is the given one."""

    def filled(shape: tuple[int, ...], place: Any) -> Any:
        if not shape:
            return Real(number == place)
        return vec(shape[0], lambda i: filled(shape[1:], place + i * math.prod(shape[1:])))

    if 0 in ty.shape:
        return trace.emit(lambda b: b.zeros(ty))
    return to_atoms(filled(ty.shape, start), T.of_flat(ty))[0]


def _transposed(stacked: Atom, result: Ty, leaf: Ty, start: int) -> Atom:
    """From tangents of a result along all numbers of the arguments: its derivative by one of their arrays."""
    shape = (*result.shape, *leaf.shape)
    ty = Ty(result.scalar, shape)
    if 0 in shape:
        return trace.emit(lambda b: b.zeros(ty))
    source = of_atoms(T.of_flat(stacked.ty), [stacked])

    def filled(left: tuple[int, ...], place: tuple[Any, ...]) -> Any:
        if left:
            return vec(left[0], lambda i: filled(left[1:], (*place, i)))
        number: Any = start
        for i, n in zip(place[len(result.shape) :], range(len(leaf.shape)), strict=True):
            number = number + i * math.prod(leaf.shape[n + 1 :])
        return source[(number, *place[: len(result.shape)])]

    return to_atoms(filled(shape, ()), T.of_flat(ty))[0]


def hessian(f: Callable[..., Any], *, wrt: Wrt = None, mode: Mode = None) -> Fn[..., Any]:
    """The function that gives the second derivatives of f, which gives a Real: the jacobian of its gradient, by
    reverse mode unless `mode` says otherwise: the gradient has as many numbers as the arguments, and rows share what
    the gradient computes. `hvp` gives its product with a vector for the price of a gradient.

    >>> from rosesim import fn, hessian, Real
    >>> @fn
    ... def f(x: Real, y: Real) -> Real:
    ...     return x**2 * y
    >>> hessian(f)(3.0, 5.0)
    ((10.0, 6.0), (6.0, 0.0))
    """
    made = jacobian(grad(f, wrt=wrt), wrt=wrt, mode=mode)
    return like(as_fn(f), made.python, "hessian", functools.partial(hessian, wrt=wrt, mode=mode))


def hvp(f: Callable[..., Any], *, wrt: Wrt = None) -> Fn[..., Any]:
    """The function of f's arguments, followed by as many tangents as `jvp(f)` takes, that gives the Hessian of f
    (which gives a Real) times them: how f's gradient changes along them. It costs a few gradients, whatever the
    size: the forward derivative of the reverse (Pearlmutter, Fast exact multiplication by the Hessian, 1994).

    `wrt` chooses the arguments whose gradient it is. Several directions at once are stacked, as for `jvp`.

    >>> from rosesim import fn, hvp, Real, Vec
    >>> @fn
    ... def f(x: Vec[Real, 2]) -> Real:
    ...     return x[0] ** 2 * x[1]
    >>> hvp(f)([3.0, 5.0], [1.0, 0.0])
    array([10.,  6.])
    >>> hvp(f)([3.0, 5.0], [[1.0, 0.0], [0.0, 1.0]])
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    along = jvp(grad(f, wrt=wrt))
    name = f"hvp({as_fn(f).name})"

    def derived(*args: Any, **kwargs: Any) -> Any:
        return along(*args, **kwargs)[1]

    derived.__name__ = name
    made: Fn[..., Any] = Fn(derived, signature=along.signature().renamed(name, derived))
    made.transforms(as_fn(f), functools.partial(hvp, wrt=wrt))
    return made


__all__ = ["Mode", "hessian", "hvp", "jacobian"]
