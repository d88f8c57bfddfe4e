"""`vec`, `for_each` and `fold`: a loop of the program, and the vector of its outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.control.given import to_function_of_index, to_limit, to_size
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import VecValue, of_atoms, to_atoms
from rosesim.ad.program.ir import Atom, IntT, Loop, Ty, Var, index_ty
from rosesim.ad.program.pack import pack, unpack, unpacked_types

if TYPE_CHECKING:
    from rosesim.ad.language.control.given import Upto
    from rosesim.ad.language.custom import Dual
    from rosesim.ad.language.values.annotations import Struct
    from rosesim.ad.language.values.scalar import Scalar


S = TypeVar("S", bound="Scalar | Struct | Dual")


def with_zero(t: T.Type) -> T.Type:
    """The type of elements, widened so that 0 fits: a loop that ends early leaves some of them zero."""
    match t:
        case T.IntType(lo, hi):
            return T.IntType(min(lo, 0), max(hi, 0))
        case T.VecType(n, elem):
            return T.VecType(n, with_zero(elem))
        case T.StructType(kind_, names, parts):
            return T.StructType(kind_, names, tuple(map(with_zero, parts)))
        case _:
            return t


def write_loop(
    n: int,
    inits: Sequence[Atom],
    body: Callable[[Any, list[Atom]], tuple[Sequence[Atom], Sequence[Atom]]],
    upto: Atom | None = None,
    test: Callable[[list[Atom]], Atom] | None = None,
    *,
    batch: bool = False,
) -> tuple[list[Atom], list[Atom], Atom | None]:
    """Write a loop. Gives the final carries, the stacked outputs and, if there is a test, the number of
    iterations."""
    f = trace.frame()
    b = trace.building()
    tys = [a.ty for a in inits]
    starts = unpack(b, [f.resolve(a) for a in inits])
    f.own(starts)
    flat = unpacked_types(tys)
    counter = Var(index_ty(n), "i")
    carries = tuple(Var(t) for t in flat)
    outputs: list[Ty] = []

    def inside() -> list[Atom]:
        state = pack(f.builder, tys, carries)
        f.own(state)
        nexts, outs = body(Index.of(counter), state)
        outputs.extend(a.ty for a in outs)
        done = unpack(f.builder, [f.resolve(a) for a in nexts]) + [f.resolve(a) for a in outs]
        f.own(done)
        return done

    def write_test() -> list[Atom]:
        state = pack(f.builder, tys, carries)
        f.own(state)
        assert test is not None
        return [f.resolve(test(state))]

    block = trace.nested((counter, *carries), inside)
    check = None
    if test is not None:
        seen = trace.opened((counter, *carries))
        with trace.within(seen):
            check = seen.block(write_test())
    limit = None if upto is None else f.resolve(upto)
    expr = Loop(
        n=n, index=counter, inits=tuple(starts), carries=carries, body=block, upto=limit, test=check, batch=batch
    )
    count = () if test is None else (Ty(IntT(0, n)),)
    outs = b.let(expr, *flat, *(Ty(t.scalar, (n, *t.shape)) for t in outputs), *count)
    finals = pack(b, tys, outs[: len(flat)])
    stacked: list[Atom] = list(outs[len(flat) : len(flat) + len(outputs)])
    f.own((*outs, *finals))
    last: Atom | None = outs[-1] if count else None
    return finals, stacked, last


@overload
def vec(n: int, f: Callable[[Index], S], *, upto: Upto = None) -> S: ...
@overload
def vec(n: int, f: Callable[[Index], float], *, upto: Upto = None) -> Real: ...
@overload
def vec(n: int, f: Callable[[Index], Any], *, upto: Upto = None) -> Any: ...
def vec(n: int, f: Callable[[Index], Any], *, upto: Upto = None) -> Any:
    """The vector of f(0), ..., f(n - 1). With `upto`, an Index[n + 1], elements from there on are zero.

    >>> from rosesim import fn, vec, Real
    >>> @fn
    ... def powers(x: Real):
    ...     return vec(3, lambda i: x * i)
    >>> powers(2.0)
    array([0., 2., 4.])
    """
    to_function_of_index(f, "vec")
    return _mapped(to_size(n, "vec"), f, upto)


def batch(n: int, f: Callable[[Index], Any]) -> Any:
    """`vec(n, f)` whose elements are independent runs: see `vmap`."""
    return _mapped(n, f, batch=True)


def _mapped(n: int, f: Callable[[Index], Any], upto: Upto = None, *, batch: bool = False) -> Any:
    element: list[T.Type] = []

    def body(i: Any, _: list[Atom]) -> tuple[list[Atom], list[Atom]]:
        value = f(i)
        t = typeof(value) if upto is None else with_zero(typeof(value))
        element.append(t)
        return [], to_atoms(value, t)

    _, leaves, _ = write_loop(n, (), body, to_limit(upto, n), batch=batch)
    return VecValue(T.VecType(n, element[0]), leaves=tuple(leaves))


def for_each(n: int, f: Callable[[Index], object], *, upto: Upto = None) -> None:
    """Run f(0), ..., f(n - 1), each of which may add to accumulators (see `accumulate`).

    >>> from rosesim import fn, accumulate, for_each, Real, Vec
    >>> @fn
    ... def doubled(x: Vec[Real, 3]):
    ...     return accumulate(Vec[Real, 3], lambda acc: for_each(3, lambda i: acc.at[i].add(2.0 * x[i])))
    >>> doubled([1.0, 2.0, 3.0])
    array([2., 4., 6.])
    """
    to_function_of_index(f, "for_each")
    n = to_size(n, "for_each")

    def body(i: Any, _: list[Atom]) -> tuple[list[Atom], list[Atom]]:
        f(i)
        return [], []

    write_loop(n, (), body, to_limit(upto, n))


def fold(n: int, init: Any, f: Callable[[Any, Index], Any], upto: Any = None) -> Any:
    """carry = f(carry, i) for i below n."""
    t = typeof(init)

    def body(i: Any, state: list[Atom]) -> tuple[list[Atom], list[Atom]]:
        return to_atoms(f(of_atoms(t, state), i), t), []

    finals, _, _ = write_loop(n, to_atoms(init, t), body, to_limit(upto, n))
    return of_atoms(t, finals)
