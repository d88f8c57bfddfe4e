"""`scan` and `while_loop`: loops that carry a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.control.branches import cond
from rosesim.ad.language.control.given import to_function, to_limit, to_size
from rosesim.ad.language.control.loops import with_zero, write_loop
from rosesim.ad.language.values.boolean import Bool, to_bool
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import VecValue, of_atoms, to_atoms
from rosesim.ad.program.builder import integer
from rosesim.ad.program.ir import Atom
from rosesim.ad.support.errors import TraceError, TypeMismatch
from rosesim.ad.support.locate import here

if TYPE_CHECKING:
    from rosesim.ad.language.control.given import BoolLike, Unclear, Upto
    from rosesim.ad.language.values.index import Number


A = TypeVar("A")
B = TypeVar("B")


@overload
def scan(f: Callable[[A, Index], Unclear], init: A, n: int, *, upto: Upto = None) -> Any: ...
@overload
def scan(f: Callable[[Any, Index], Any], init: tuple[Any, ...] | list[Any], n: int, *, upto: Upto = None) -> Any: ...
@overload
def scan(
    f: Callable[[Real, Index], tuple[Number, B]], init: Real | float, n: int, *, upto: Upto = None
) -> tuple[Real, B]: ...
@overload
def scan(f: Callable[[Real, Index], Number], init: Real | float, n: int, *, upto: Upto = None) -> Real: ...
@overload
def scan(f: Callable[[A, Index], tuple[A, B]], init: A, n: int, *, upto: Upto = None) -> tuple[A, B]: ...
@overload
def scan(f: Callable[[A, Index], A], init: A, n: int, *, upto: Upto = None) -> A: ...
@overload
def scan(f: Callable[[Any, Index], Any], init: Any, n: int, *, upto: Upto = None) -> Any: ...
def scan(f: Callable[[Any, Index], Any], init: Any, n: int, *, upto: Upto = None) -> Any:
    """The loop carry = f(carry, i) for i = 0 .. n - 1, starting with `init`. Gives the last carry.

    If f returns a pair (carry, output), the result is the pair of the last carry and the vector of outputs. `upto`,
    an Index[n + 1], ends the loop earlier; outputs from there on are zero. It compiles to one loop.

    >>> from rosesim import fn, scan, Real
    >>> @fn
    ... def compound(x: Real, rate: Real):
    ...     return scan(lambda c, i: (c * (1.0 + rate), c), x, 3)
    >>> compound(8.0, 0.5)
    (27.0, array([ 8., 12., 18.]))
    """
    to_function(f, "scan(f, init, n) for f", ", as in scan(lambda carry, i: carry * x[i], init, n)")
    n = to_size(n, "scan")
    t = typeof(init)
    output: list[T.Type] = []

    def body(i: Any, state: list[Atom]) -> tuple[list[Atom], list[Atom]]:
        result = f(of_atoms(t, state), i)
        carry, out = _carry_and_output(result, t)
        if out is _NOTHING:
            return to_atoms(carry, t), []
        output.append(typeof(out) if upto is None else with_zero(typeof(out)))
        return to_atoms(carry, t), to_atoms(out, output[0])

    finals, stacked, _ = write_loop(n, to_atoms(init, t), body, to_limit(upto, n))
    last = of_atoms(t, finals)
    return (last, _stacked(n, output[0], stacked)) if output else last


_NOTHING = object()


def _carry_and_output(result: Any, t: T.Type) -> tuple[Any, Any]:
    """Distinguish a carry of type t from a pair (carry, output). No type equals a pair that begins with itself."""
    found = typeof(result)
    if _fits(found, t):
        return result, _NOTHING
    if isinstance(found, T.StructType) and found.kind is tuple and len(found.types) == 2 and _fits(found.types[0], t):
        return result
    raise TypeMismatch(f"scan's function gave {found} where the carry is {t}; expected {t} or ({t}, output)", here())


def _fits(found: T.Type, t: T.Type) -> bool:
    match found, t:
        case (T.IntType(), T.IntType()):
            return t.lo <= found.lo and found.hi <= t.hi
        case (T.RealType(), T.IntType()):
            return False
        case (T.VecType(), T.VecType()):
            return found.n == t.n and _fits(found.elem, t.elem)
        case (T.StructType(), T.StructType()):
            pairs = zip(found.types, t.types, strict=False)
            return found.kind is t.kind and found.names == t.names and all(_fits(a, b) for a, b in pairs)
        case (T.IntType(), T.RealType()):
            return True
        case _:
            return found == t


def _stacked(n: int, t: T.Type, leaves: list[Atom]) -> Any:
    return VecValue(T.VecType(n, t), leaves=tuple(leaves))


@overload
def while_loop(
    test: Callable[[Real], BoolLike],
    body: Callable[[Real], Number],
    init: Real | float,
    limit: int,
    *,
    on_limit: Literal["raise", "stop"] = "raise",
) -> Real: ...
@overload
def while_loop(
    test: Callable[[Any], BoolLike],
    body: Callable[[Any], Any],
    init: tuple[Any, ...] | list[Any],
    limit: int,
    *,
    on_limit: Literal["raise", "stop"] = "raise",
) -> Any: ...
@overload
def while_loop(
    test: Callable[[A], BoolLike],
    body: Callable[[A], A],
    init: A,
    limit: int,
    *,
    on_limit: Literal["raise", "stop"] = "raise",
) -> A: ...
@overload
def while_loop(
    test: Callable[[Any], BoolLike],
    body: Callable[[Any], Any],
    init: Any,
    limit: int,
    *,
    on_limit: Literal["raise", "stop"] = "raise",
) -> Any: ...
def while_loop(
    test: Callable[[Any], BoolLike],
    body: Callable[[Any], Any],
    init: Any,
    limit: int,
    *,
    on_limit: Literal["raise", "stop"] = "raise",
) -> Any:
    """carry = body(carry) while test(carry), at most `limit` times.

    If the test is still true after `limit` iterations, the program stops with this line. With `on_limit="stop"` the
    result is then the carry as it is.

    The derivative is that of the iterations that ran. If the loop solves an equation to a tolerance, take `root`,
    `fixed_point`, `minimize` or `linear_solve`, which have the derivative of the solution.

    >>> from rosesim import fn, while_loop, Real
    >>> @fn
    ... def root(a: Real) -> Real:
    ...     return while_loop(lambda x: abs(x * x - a) > 1e-12, lambda x: 0.5 * (x + a / x), a, limit=100)
    >>> round(root(2.0), 12)
    1.414213562373
    """
    to_function(test, "while_loop(test, body, init, limit) for test", " of the carry")
    to_function(body, "while_loop(test, body, init, limit) for body", " of the carry")
    n = to_size(limit, "while_loop")
    if on_limit not in ("raise", "stop"):
        raise TraceError(f"on_limit={on_limit!r} was found; expected 'raise' or 'stop'", here())
    t = typeof(init)

    def once(_: Any, state: list[Atom]) -> tuple[list[Atom], list[Atom]]:
        return to_atoms(body(of_atoms(t, state)), t), []

    def write_test(state: list[Atom]) -> Atom:
        return to_bool(test(of_atoms(t, state)))

    finals, _, count = write_loop(n, to_atoms(init, t), once, test=write_test)
    if on_limit == "raise":
        assert count is not None
        reached = Bool.of(trace.op("ieq", count, integer(n)))
        unfinished = cond(reached, lambda: test(of_atoms(t, finals)), lambda: False)
        bad = trace.frame().resolve(to_bool(unfinished))
        trace.building().guard(
            bad,
            f"while_loop reached its limit of {n} iterations without stopping; expected its test to become "
            'false: raise the limit, or accept what there is then by on_limit="stop"',
        )
    return of_atoms(t, finals)
