"""Loops, reductions, branches and accumulation, as a programmer writes them."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.values.boolean import Bool, to_bool
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.refused import Value, kind
from rosesim.ad.language.values.scalar import to_real
from rosesim.ad.language.values.structures import added, typeof, unify
from rosesim.ad.language.values.vector import SHORT, VecValue, as_vec, lift, of_atoms, to_atoms
from rosesim.ad.program.builder import Builder, real, whole
from rosesim.ad.program.ir import BOOL, REAL, Accum, Atom, Block, IntT, Lit, Loop, Ty, Var, index_ty
from rosesim.ad.program.pack import explode, implode, packed
from rosesim.ad.support.errors import TraceError, TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_whole

A = TypeVar("A")
B = TypeVar("B")
S = TypeVar("S", bound="Scalar | Struct | Dual")
N = TypeVar("N", bound="Real | Tan | Struct | Dual")

if TYPE_CHECKING:
    from rosesim.ad.language.custom import Dual
    from rosesim.ad.language.values.annotations import Struct
    from rosesim.ad.language.values.index import Number
    from rosesim.ad.language.values.scalar import Scalar
    from rosesim.ad.language.values.tangent import Tan

    Truth = Bool | bool
    Upto = Index | int | None

    class Unclear:
        """Nothing is one of these but what a type checker knows nothing of."""

# The overloads tell editors what becomes of plain numbers. They give up (Any) where a list stands for a
# vector and where a function's result is unknown: there the first overload that fits would be a guess.


MOST = 2**52
"""Elements of a loop or a vector: a Real still tells them apart, and no computer is done with as many."""


def to_size(n: Any, what: str) -> int:
    """How many elements `what` goes over, or an error with the line."""
    if isinstance(n, Value):
        raise TraceError(
            f"{what} over a traced number of elements was found; expected a Python whole number, known while "
            "tracing: give the largest number and end earlier by upto=k",
            here(),
        )
    if not is_whole(n) or n < 0:
        raise TypeMismatch(f"{what} over {kind(n)} elements was found; expected a whole number >= 0", here())
    if n > MOST:
        raise TypeMismatch(
            f"{what} over 2^{int(n).bit_length() - 1} or more elements was found; expected at most 2^52", here()
        )
    return int(n)


def to_function(f: Any, call: str, instead: str = "") -> Any:
    """f, which a construct calls, or an error with the line."""
    if not callable(f):
        raise TypeMismatch(f"{kind(f)} was found in {call}; expected a function{instead}", here())
    return f


def to_function_of_index(f: Any, name: str) -> Any:
    """f, which `name` calls with each index."""
    other = {"min": "; minimum(x, y) is of two numbers", "max": "; maximum(x, y) is of two numbers"}.get(name, "")
    return to_function(f, f"{name}(n, f) for f", f" of an Index, as in {name}(n, lambda i: x[i]){other}")


def to_limit(upto: Any, n: int) -> Atom | None:
    """The number of elements after which a loop over n ends: `upto`, where it is given."""
    if upto is None:
        return None
    if isinstance(upto, Index | int) and not isinstance(upto, bool):
        return to_atoms(upto, T.index(n + 1))[0]
    raise TypeMismatch(f"upto={kind(upto)} was found; expected an Index[{n + 1}]", here())


def with_zero(t: T.Type) -> T.Type:
    """The type of elements of which some may be left at zero because the loop ended early."""
    match t:
        case T.IntType(lo, hi):
            return T.IntType(builtins.min(lo, 0), builtins.max(hi, 0))
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
    """Write a loop: final carries, stacked outputs and, with a test, the count of iterations."""
    f = trace.frame()
    b = trace.building()
    tys = [a.ty for a in inits]
    starts = explode(b, [f.resolve(a) for a in inits])
    f.own(starts)
    flat = packed(tys)
    counter = Var(index_ty(n), "i")
    carries = tuple(Var(t) for t in flat)
    outputs: list[Ty] = []

    def inside() -> list[Atom]:
        state = implode(f.builder, tys, carries)
        f.own(state)
        nexts, outs = body(Index.of(counter), state)
        outputs.extend(a.ty for a in outs)
        done = explode(f.builder, [f.resolve(a) for a in nexts]) + [f.resolve(a) for a in outs]
        f.own(done)
        return done

    def asked() -> list[Atom]:
        state = implode(f.builder, tys, carries)
        f.own(state)
        assert test is not None
        return [f.resolve(test(state))]

    block = trace.nested((counter, *carries), inside)
    check = None
    if test is not None:
        seen = trace.opened((counter, *carries))
        with trace.within(seen):
            check = seen.block(asked())
    limit = None if upto is None else f.resolve(upto)
    expr = Loop(
        n=n, index=counter, inits=tuple(starts), carries=carries, body=block, upto=limit, test=check, batch=batch
    )
    count = () if test is None else (Ty(IntT(0, n)),)
    outs = b.let(expr, *flat, *(Ty(t.scalar, (n, *t.shape)) for t in outputs), *count)
    finals = implode(b, tys, outs[: len(flat)])
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
    """The vector of f(0), ..., f(n - 1); with `upto`, an Index[n + 1], zeros from there on.

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
    """`vec(n, f)` whose elements are runs of their own: see `vmap`."""
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
    """Run f(0), ..., f(n - 1) for what they add to accumulators (see `accumulate`).

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


@overload
def sum(n: int, f: Callable[[Index], N], *, upto: Upto = None) -> N: ...
@overload
def sum(n: int, f: Callable[[Index], float | Index], *, upto: Upto = None) -> Real: ...
@overload
def sum(n: int, f: Callable[[Index], list[Any]], *, upto: Upto = None) -> Any: ...
@overload
def sum(n: int, f: Callable[[Index], A], *, upto: Upto = None) -> A: ...
def sum(n: int, f: Callable[[Index], Any], *, upto: Upto = None) -> Any:
    """f(0) + ... + f(n - 1), of numbers or vectors; 0 where there is nothing to add.

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
        carries = tuple(Var(p) for p in packed(tys))
        f_.home.update(dict.fromkeys(carries, inner))
        so_far = implode(inner, tys, carries)
        f_.own(so_far)
        grown = [f_.resolve(a) for a in to_atoms(added(of_atoms(t, so_far), lift(value, t)), t)]
        block = inner.block(explode(inner, grown))
    b = trace.building()
    inits = tuple(b.zeros(c.ty) for c in carries)
    outs = b.let(
        Loop(n=n, index=counter, inits=inits, carries=carries, body=block, upto=limit and f_.resolve(limit)),
        *(c.ty for c in carries),
    )
    f_.own((*inits, *outs))
    joined = implode(b, tys, outs)
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
        bad = trace.op("ieq", limit, whole(0))
        trace.building().guard(trace.frame().resolve(bad), f"{name} over nothing; expected upto to be at least 1")
    return n


def min(n: int, f: Callable[[Index], Number], *, upto: Upto = None) -> Real:
    """The least of f(0), ..., f(n - 1); NaN where one is NaN. Its derivative is that of the first least.

    >>> from rosesim import fn, min, Real, Vec
    >>> @fn
    ... def least(x: Vec[Real, 3]) -> Real:
    ...     return min(3, lambda i: x[i])
    >>> least([3.0, 1.0, 2.0])
    1.0
    """
    return _extreme(n, f, "minimum", float("inf"), upto)


def max(n: int, f: Callable[[Index], Number], *, upto: Upto = None) -> Real:
    """The greatest of f(0), ..., f(n - 1); NaN where one is NaN. Its derivative is that of the first greatest.

    >>> from rosesim import fn, max, Real, Vec
    >>> @fn
    ... def greatest(x: Vec[Real, 3]) -> Real:
    ...     return max(3, lambda i: x[i])
    >>> greatest([3.0, 1.0, 2.0])
    3.0
    """
    return _extreme(n, f, "maximum", float("-inf"), upto)


def any(n: int, f: Callable[[Index], Truth], *, upto: Upto = None) -> Bool:
    """Whether some of f(0), ..., f(n - 1) is true.

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


def all(n: int, f: Callable[[Index], Truth], *, upto: Upto = None) -> Bool:
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
    """The loop: carry = f(carry, i) for i = 0 .. n - 1, from `init`; gives the last carry.

    Where f returns a pair (carry, output), gives the pair of the last carry and the vector of outputs.
    `upto`, an Index[n + 1], ends it earlier; outputs from there on are zero. It compiles to one loop.

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
    """Tell a carry of type t from a pair of one and an output: no type equals a pair that begins with itself."""
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
            return found.kind is t.kind and found.names == t.names and builtins.all(_fits(a, b) for a, b in pairs)
        case (T.IntType(), T.RealType()):
            return True
        case _:
            return found == t


def _stacked(n: int, t: T.Type, leaves: list[Atom]) -> Any:
    return VecValue(T.VecType(n, t), leaves=tuple(leaves))


@overload
def while_loop(
    test: Callable[[Real], Truth],
    body: Callable[[Real], Number],
    init: Real | float,
    limit: int,
    *,
    on_limit: Literal["raise", "stop"] = "raise",
) -> Real: ...
@overload
def while_loop(
    test: Callable[[Any], Truth],
    body: Callable[[Any], Any],
    init: tuple[Any, ...] | list[Any],
    limit: int,
    *,
    on_limit: Literal["raise", "stop"] = "raise",
) -> Any: ...
@overload
def while_loop(
    test: Callable[[A], Truth],
    body: Callable[[A], A],
    init: A,
    limit: int,
    *,
    on_limit: Literal["raise", "stop"] = "raise",
) -> A: ...
@overload
def while_loop(
    test: Callable[[Any], Truth],
    body: Callable[[Any], Any],
    init: Any,
    limit: int,
    *,
    on_limit: Literal["raise", "stop"] = "raise",
) -> Any: ...
def while_loop(
    test: Callable[[Any], Truth],
    body: Callable[[Any], Any],
    init: Any,
    limit: int,
    *,
    on_limit: Literal["raise", "stop"] = "raise",
) -> Any:
    """carry = body(carry) while test(carry), at most `limit` times.

    Reaching `limit` with the test still true stops the program with this line; `on_limit="stop"` gives
    the carry as it is then instead.

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

    def asked(state: list[Atom]) -> Atom:
        return to_bool(test(of_atoms(t, state)))

    finals, _, count = write_loop(n, to_atoms(init, t), once, test=asked)
    if on_limit == "raise":
        assert count is not None
        reached = Bool.of(trace.op("ieq", count, whole(n)))
        unfinished = cond(reached, lambda: test(of_atoms(t, finals)), lambda: False)
        bad = trace.frame().resolve(to_bool(unfinished))
        trace.building().guard(
            bad,
            f"while_loop reached its limit of {n} iterations without stopping; expected its test to become "
            'false: raise the limit, or accept what there is then by on_limit="stop"',
        )
    return of_atoms(t, finals)


@overload
def cond(p: Truth, then: Callable[[], Unclear], orelse: Callable[[], Any]) -> Any: ...
@overload
def cond(p: Truth, then: Callable[[], float], orelse: Callable[[], float]) -> Real: ...
@overload
def cond(p: Truth, then: Callable[[], list[Any]], orelse: Callable[[], Any]) -> Any: ...
@overload
def cond(p: Truth, then: Callable[[], Any], orelse: Callable[[], list[Any]]) -> Any: ...
@overload
def cond(p: Truth, then: Callable[[], A | float], orelse: Callable[[], A | float]) -> A: ...
def cond(p: Truth, then: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
    """A real branch: then() where p is true, else orelse(); only one of them runs.

    >>> from rosesim import fn, cond, Real, sqrt
    >>> @fn
    ... def safe_root(x: Real) -> Real:
    ...     return cond(x > 0.0, lambda: sqrt(x), lambda: 0.0)
    >>> safe_root(9.0), safe_root(-1.0)
    (3.0, 0.0)
    """
    for side in (then, orelse):
        to_function(side, "cond(p, then, orelse) for a side", ": cond(p, lambda: a, lambda: b), or select(p, a, b)")
    truth = to_bool(p)
    if isinstance(truth, Lit):
        return then() if truth.value else orelse()
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
            chosen.append(side.block(explode(side, atoms)))
    b.where = here()
    outs = b.cond(f.resolve(truth), chosen[0], chosen[1], packed(tys))
    f.own(outs)
    joined = implode(b, tys, outs)
    f.own(joined)
    return of_atoms(t, joined)


@overload
def select(p: Truth, a: Unclear, b: Any) -> Any: ...
@overload
def select(p: Truth, a: float, b: float) -> Real: ...
@overload
def select(p: Truth, a: list[Any], b: Any) -> Any: ...
@overload
def select(p: Truth, a: Any, b: list[Any]) -> Any: ...
@overload
def select(p: Truth, a: A | float, b: A | float) -> A: ...
def select(p: Truth, a: Any, b: Any) -> Any:
    """a where p is true, else b, for numbers, vectors and structs; both are computed.

    The derivative is that of the side chosen: an infinite or NaN derivative of the other never comes through.

    >>> from rosesim import fn, grad, select, sqrt, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return select(x > 0.0, sqrt(x), 0.0)
    >>> f(4.0), grad(f)(0.0)
    (2.0, 0.0)
    """
    truth = to_bool(p)
    t = unify(typeof(a), typeof(b), "the two sides of select")
    return _select(Bool.of(truth), a, b, t)


def _select(p: Bool, a: Any, b: Any, t: T.Type) -> Any:
    match t:
        case T.NullType():
            return None
        case T.VecType(n, elem):
            x, y = as_vec(a), as_vec(b)
            assert x is not None
            assert y is not None
            if n <= SHORT:
                items = [_select(p, x[i], y[i], elem) for i in range(n)]
                return VecValue(t, items=items)
            return vec(n, lambda i: _select(p, x[i], y[i], elem))
        case T.StructType():
            sides = zip(t.parts(a), t.parts(b), t.types, strict=True)
            return t.build([_select(p, x, y, part) for x, y, part in sides])
        case _:
            (x,), (y,) = to_atoms(a, t), to_atoms(b, t)
            return of_atoms(t, [trace.op("select", p.atom, x, y)])


class Accumulator(Value):
    """What `accumulate` hands to its function: a vector that can be added to and not read."""

    __slots__ = ("_places", "_refs", "type")

    def __init__(self, t: T.Type, refs: tuple[Var, ...], places: tuple[Any, ...] = ()):
        object.__setattr__(self, "type", t)
        object.__setattr__(self, "_refs", refs)
        object.__setattr__(self, "_places", places)

    @property
    def at(self) -> Accumulator:
        """`acc.at[i].add(v)` adds v to element i; `acc.at[i, j]`, `acc.at[:, 0]` and so on as for `x.at`."""
        return self

    def __getitem__(self, i: Any) -> Accumulator:
        return Accumulator(self.type, self._refs, (*self._places, i))

    def add(self, v: Any) -> None:
        """Add v here."""
        from rosesim.ad.language.indexing import accumulated  # written with the loops of this file

        def emit(path: list[Atom], values: list[Atom]) -> None:
            f = trace.frame()
            places = [f.resolve(a) for a in path]
            b = trace.building()
            for ref, a in zip(self._refs, values, strict=True):
                target = f.resolve(ref)
                assert isinstance(target, Var)
                b.add(target, places, f.resolve(a))

        accumulated(self.type, self._places, v, emit)


def accumulate(t: Any, f: Callable[[Accumulator], Any]) -> Any:
    """A value of type `t` (Real, or vectors and structs of it) that f fills by adding, from zero.

    `f(acc)` calls `acc.at[i].add(v)`, at computed places, in loops (`for_each`), branches and functions.
    Gives what has been added up; where f returns something, the pair of it and that.

    >>> from rosesim import fn, accumulate, for_each, Index, Real, Vec
    >>> @fn
    ... def histogram(x: Vec[Real, 5]):
    ...     def fill(acc):
    ...         for_each(5, lambda i: acc.at[Index[3].clamp(x[i])].add(1.0))
    ...     return accumulate(Vec[Real, 3], fill)
    >>> histogram([0.5, 1.5, 1.7, 2.2, 9.0])
    array([1., 2., 2.])
    """
    full = T.from_annotation(t)
    tys = T.flatten(full)
    if builtins.any(ty.scalar not in (REAL.scalar, BOOL.scalar) for ty in tys):
        raise TypeMismatch(f"accumulate over {full} was found; expected a type made of Real (or Bool: or)", here())
    fr = trace.frame()
    refs = tuple(Var(Ty(ty.scalar, ty.shape, ref=True), "acc") for ty in tys)
    result: list[T.Type] = []

    def inside() -> list[Atom]:
        value = f(Accumulator(full, refs))
        result.append(typeof(value))
        return to_atoms(value, result[0])

    b = trace.building()
    inits = tuple(b.zeros(ty) for ty in tys)
    fr.own(inits)
    block = trace.nested(refs, inside)
    b.where = here()
    outs = b.let(Accum(inits, refs, block), *(a.ty for a in block.results), *tys)
    fr.own(outs)
    m = len(block.results)
    total = of_atoms(full, outs[m:])
    return total if result[0] == T.NULL else (total, of_atoms(result[0], outs[:m]))
