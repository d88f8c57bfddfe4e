"""Functions that are declared linear: they take a tangent, although their bodies are not made of linear operations.

The derivative of a solve is another solve. A rule has to run the solver on a tangent, and no solver is built of sums
and scalings alone: it divides by what it has found, compares it, ends when it is small. `linear` says that the result
depends linearly on an argument all the same, and what the transpose is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rosesim.ad.dependencies.watch import Dependencies
from rosesim.ad.language import types as T
from rosesim.ad.language.function import Fn, fn, is_fn
from rosesim.ad.language.signature import Names, OfValue, Signature, Types, keywords_of
from rosesim.ad.language.tracing import Traced
from rosesim.ad.language.values.refused import Value
from rosesim.ad.language.values.structures import fitted, typeof
from rosesim.ad.language.values.vector import real_zero
from rosesim.ad.program.ir import FloatT, Func, Linear, Opaque, TanT, Var
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_list, is_tuple
from rosesim.ad.transforms.derivatives import vjp


def linear(f: Callable[..., Any], *, transpose: Callable[..., Any] | None = None) -> Fn[..., Any]:
    """f, declared linear in those arguments for which it is given a tangent: a rule may call it with a `Tan`, or a
    vector or structure of them, and gets one. With Reals it is f itself.

    `transpose` takes the other arguments, then a cotangent in the shape of f's result, all as Reals, and gives the
    cotangent of each linear argument, as a tuple if there are several. Where it is left out, it is f's pullback at
    zero: right if f is linear in its arithmetic, wrong if f iterates to a tolerance. A solver with a symmetric
    matrix is its own transpose.

    rosesim cannot know whether f is linear: `check_grads` compares its forward and reverse derivatives.

    >>> from rosesim import Dual, Real, fn, grad, hessian, linear, while_loop
    >>> @fn
    ... def quotient(a: Real, b: Real) -> Real:  # x = b / a by iteration, for 0 < a < 2
    ...     return while_loop(lambda x: abs(b - a * x) > 1e-15 * abs(b), lambda x: x + (b - a * x), 0.0 * b, limit=99)
    >>> divide = linear(quotient, transpose=quotient)
    >>> @quotient.defjvp
    ... def _(a: Dual, b: Dual) -> Dual:
    ...     x = quotient(a.re, b.re)
    ...     return Dual(x, divide(a.re, b.du - x * a.du))
    >>> [round(g, 12) for g in grad(quotient)(0.5, 3.0)], round(hessian(quotient)(0.5, 3.0)[0][0], 12)
    ([-12.0, 2.0], 48.0)
    """
    return LinearFn(f if is_fn(f) else fn(f), None if transpose is None else _as_fn(transpose))


def _as_fn(f: Callable[..., Any]) -> Fn[..., Any]:
    return f if is_fn(f) else fn(f)


class LinearFn(Fn[..., Any]):
    """A function that is declared linear in the arguments for which it is given a tangent."""

    def __init__(self, real: Fn[..., Any], transpose: Fn[..., Any] | None):
        super().__init__(real.python, real._scope, real.is_opaque)
        self.custom = real.custom
        self.take_signature(_TakesTangents(real.signature()))
        self._real = real
        self._transpose = transpose

    def __reduce__(self) -> Any:
        return LinearFn, (self._real, self._transpose)

    def traced(self, types: Types, *, live: bool = False) -> Traced:
        """The program for parameters of these types, which may be tangents."""
        if not any(map(_has_tangent, types)):
            return self._real.traced(types, live=live)
        known = self._cache.get((types, live))
        if known is not None and known.dependencies.unchanged():
            return known
        self._cache[types, live] = made = self._declared(types, live)
        return made

    def _declared(self, types: Types, live: bool) -> Traced:
        f, t = self._real, self._transpose
        if keywords_of(types) or any(_has_tangent(t) and _has_other(t) for t in types):
            raise TypeMismatch(
                f"{f.name}, which is declared linear, was called with a tangent by keyword or beside other values in "
                "one argument; expected arguments by position, each of tangents alone or without any",
                here(),
            )
        whole = f.traced(tuple(map(_as_reals, types)), live=live)
        if whole.captured:
            raise TypeMismatch(
                f"{f.name} is declared linear and uses traced values of the function around it; expected no such "
                f"values: pass them to {f.name} as arguments",
                f.where,
            )
        if not all(isinstance(ty.scalar, FloatT) for ty in whole.func.results):
            raise TypeMismatch(f"{f.name} is declared linear and gives {whole.result}; expected only Reals", f.where)
        from rosesim.ad.program.interp import run  # only for who interprets a rule

        func = whole.func
        flat = [ty for t in types for ty in T.flatten(t)]
        params = tuple(Var(ty, p.name) for ty, p in zip(flat, func.params, strict=True))
        result = T.swap_scalars(whole.result, T.RealType, T.TAN)
        declared = Linear(func, lambda: self._transposed(types, whole))
        body = Opaque(lambda *given: run(func, given), T.flatten(result), declared)
        dependencies = Dependencies(live=live)
        dependencies.join(whole.dependencies)
        if t is not None:
            dependencies.note_function(t.python, calls=True)
        return Traced(Func(f.name, params, body, f.where), types, result, (), dependencies)

    def _transposed(self, types: Types, whole: Traced) -> Func:
        """The function of the other arguments and a cotangent that gives the cotangent of each linear argument."""
        f, given = self._real, self._transpose
        places = [k for k, t in enumerate(types) if _has_tangent(t)]
        others = [t for t in types if not _has_tangent(t)]
        expected = [_as_reals(types[k]) for k in places]

        def pullback(*row: Any) -> Any:
            rest = iter(row[:-1])
            point = [real_zero(_as_reals(t)) if _has_tangent(t) else next(rest) for t in types]
            return vjp(f, wrt=tuple(places) if len(places) > 1 else places[0])(*point)[1](row[-1])

        back = fn(pullback) if given is None else given
        traced = back.traced((*others, whole.result))
        wanted = expected[0] if len(expected) == 1 else T.tuple_type(*expected)
        if traced.result != wanted or traced.captured:
            found = "uses traced values of another function" if traced.captured else f"gave {traced.result}"
            raise TypeMismatch(
                f"the transpose of {f.name} {found}; expected {wanted}, from the arguments that are not linear and "
                f"then a cotangent, {whole.result}",
                back.where,
            )
        return traced.func


class _TakesTangents(Signature):
    """A function's signature, with tangents where its annotations say Real."""

    def __init__(self, inner: Signature):
        self.__dict__.update(inner.__dict__)

    def types_of(self, row: Sequence[Any], keywords: Names = (), of: OfValue = fitted) -> Types:
        """The parameter types for these arguments."""

        def or_tangent(declared: T.Declared | None, v: Any, what: str) -> T.Type:
            t = typeof(v) if isinstance(v, Value) or is_list(v) or is_tuple(v) else None
            if t is None or not _has_tangent(t):
                return of(declared, v, what)
            reals = _as_reals(t)
            if declared is not None and T.complete(declared, reals) != reals:
                raise TypeMismatch(f"{what}: {t} was found; expected {declared}, or tangents in its place", here())
            return t

        return super().types_of(row, keywords, or_tangent)


def _as_reals(t: T.Type) -> T.Type:
    return T.swap_scalars(t, T.TanType, T.REAL)


def _has_tangent(t: T.Type) -> bool:
    return any(isinstance(ty.scalar, TanT) for ty in T.flatten(t))


def _has_other(t: T.Type) -> bool:
    return not all(isinstance(ty.scalar, TanT) for ty in T.flatten(t))
