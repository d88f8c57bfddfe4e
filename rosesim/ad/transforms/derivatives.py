"""Derivatives as functions of functions. Each takes and gives functions of the language, to any order."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.compiled import Program
from rosesim.ad.language.control.loops import batch
from rosesim.ad.language.function import Fn, fn, is_fn
from rosesim.ad.language.signature import Names, Row, Wrt
from rosesim.ad.language.tracing import call_traced
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import of_atoms, to_atoms
from rosesim.ad.program.ir import Atom, TanT
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.reverse import Reversed, gradients_of
from rosesim.ad.transforms.signatures import WithTangents
from rosesim.ad.transforms.tangents import (
    Forwarded,
    columns,
    count_stacked,
    elements,
    gradient_type,
    has_tangent,
    is_real,
    refuse_tangents,
    stacked_atoms,
    tangent_type,
)

A = TypeVar("A")
R = TypeVar("R")


def as_fn(f: Callable[..., Any]) -> Fn[..., Any]:
    """f as a function of the language."""
    return f if is_fn(f) else fn(f)


def vjp(f: Callable[..., R], *, wrt: Wrt = None) -> Callable[..., tuple[R, Callable[[Any], Any]]]:
    """The function that gives f's value and its pullback. The pullback takes a cotangent, in the shape of the value,
    and gives the cotangent of the argument. Several arguments give a tuple; `wrt` chooses some, by position or
    name. A pullback keeps what it needs: it can be called later, more than once, and from any thread. It takes
    several cotangents at once, stacked along a new first axis, and gives as many gradients.

    >>> from rosesim import fn, vjp, Real
    >>> @fn
    ... def product(x: Real, y: Real) -> Real:
    ...     return x * y
    >>> value, pullback = vjp(product)(3.0, 4.0)
    >>> value, pullback(1.0), pullback(2.0)
    (12.0, (4.0, 3.0), (8.0, 6.0))
    >>> pullback([1.0, 2.0])
    (array([4., 8.]), array([3., 6.]))
    """
    g = as_fn(f)

    def value_and_pullback(*args: Any, **kwargs: Any) -> tuple[Any, Callable[[Any], Any]]:
        signature = g.signature().renamed(f"vjp({g.name})")
        row, keywords = signature.bind(args, kwargs)
        positions, one = signature.chosen(wrt, len(row), keywords)
        types = g.types_of(row, keywords)
        traced = g.traced(types)
        refuse_tangents(g, traced)
        rev = Reversed.of(traced, positions)
        if trace.current() is None:
            return _run_vjp(g, rev, row, keywords, positions, one)
        trace.frame().dependencies.join(traced.dependencies)
        atoms = [a for v, t in zip(row, types, strict=True) for a in to_atoms(v, t)]
        value, tape = rev.forward([*atoms, *traced.captured])
        return value, lambda ct: _pulled(rev, tape, ct, positions, one)

    return value_and_pullback


def _pulled(rev: Reversed, tape: list[Atom], ct: Any, positions: tuple[int, ...], one: bool) -> Any:
    """The gradients of a cotangent, or of each of several that are stacked."""
    t = gradient_type(rev.traced.result)
    count = count_stacked([ct], [t], "cotangents")
    if count is None:
        return gradients_of(rev, rev.backward(tape, to_atoms(ct, t)), positions, one)
    given = to_atoms(ct, T.VecType(count, t))
    made = batch(count, lambda i: gradients_of(rev, rev.backward(tape, elements(given, i)), positions, one))
    return made if one else tuple(columns(made))


def _run_vjp(g: Fn[..., Any], rev: Reversed, row: Row, keywords: Names, positions: tuple[int, ...], one: bool) -> Any:
    traced = rev.traced
    types = traced.params
    key = ("run vjp", positions, one)
    if key not in traced.func.memo:
        held = T.tuple_type(*(T.of_flat(v.ty) for v in (rev.pair.tape if rev.pair else ())))

        def forward_pass(*args: Any, **kwargs: Any) -> Any:
            atoms = [a for v, t in zip((*args, *kwargs.values()), types, strict=True) for a in to_atoms(v, t)]
            value, tape = rev.forward(atoms)
            return value, of_atoms(held, tape)

        def reverse_pass(tape: Any, ct: Any) -> Any:
            return _pulled(rev, to_atoms(tape, held), ct, positions, one)

        forward_pass.__name__, reverse_pass.__name__ = g.name, f"pullback of {g.name}"
        forward: Fn[..., Any] = Fn(forward_pass)
        forward.take_signature(g.signature())
        expected = gradient_type(traced.result)
        reverse: Fn[..., Any] = Fn(reverse_pass)

        @functools.lru_cache(maxsize=_COUNTS)
        def of_count(count: int | None) -> Program:
            return Program(reverse, (held, expected if count is None else T.VecType(count, expected)))

        traced.func.memo[key] = Program(forward, types), of_count
    first, of_count = traced.func.memo[key]
    of_count(None)  # compiled here, not when the pullback is first called, maybe by another thread
    value, tape = first.run(row)

    def pullback(ct: Any) -> Any:
        return of_count(count_stacked([ct], [gradient_type(traced.result)], "cotangents"))(tape, ct)

    return value, pullback


_COUNTS = 8
"""Programs for so many numbers of stacked cotangents are kept: more would hold memory for calls of the past."""


def value_and_grad(f: Callable[..., R], *, wrt: Wrt = None) -> Fn[..., tuple[R, Any]]:
    """The function that gives f's value (a Real) and its gradient, in the shape of the argument.

    Several arguments give a tuple of gradients; `wrt` chooses some, by positions or names. A default that the call
    leaves out is a constant. Parts of an argument that are not real (Index, Bool) have the gradient None.

    >>> from rosesim import fn, value_and_grad, Real, Vec, sum
    >>> @fn
    ... def energy(x: Vec[Real, 3]) -> Real:
    ...     return sum(3, lambda i: x[i] ** 2)
    >>> value_and_grad(energy)([1.0, 2.0, 3.0])
    (14.0, array([2., 4., 6.]))
    """
    g = as_fn(f)

    def derived(*args: Any, **kwargs: Any) -> Any:
        value, pullback = vjp(g, wrt=wrt)(*args, **kwargs)
        if typeof(value) != T.REAL:
            raise TypeMismatch(
                f"the gradient of {g.name}, which gives {typeof(value)}, was asked for; expected a function "
                "that gives a Real: jacobian and vjp take others",
                g.where,
            )
        return value, pullback(1.0)

    return like(g, derived, "value_and_grad", functools.partial(value_and_grad, wrt=wrt))


def grad(f: Callable[..., Any], *, wrt: Wrt = None) -> Fn[..., Any]:
    """The function that gives f's gradient: see `value_and_grad`.

    >>> from rosesim import fn, grad, Real
    >>> @fn
    ... def f(x: Real, y: Real) -> Real:
    ...     return x**2 * y
    >>> grad(f)(3.0, 5.0), grad(f, wrt="y")(3.0, 5.0), grad(grad(f, wrt=0), wrt=0)(3.0, 5.0)
    ((30.0, 9.0), 9.0, 10.0)
    """
    both = value_and_grad(f, wrt=wrt)
    return like(as_fn(f), lambda *args, **kwargs: both(*args, **kwargs)[1], "grad", functools.partial(grad, wrt=wrt))


def like(
    g: Fn[..., Any], python: Callable[..., Any], what: str, again: Callable[[Fn[..., Any]], Fn[..., Any]]
) -> Fn[..., Any]:
    """A function with the parameters of g. `again` makes the same transform of another function, such as a method. A
    transform that can be pickled has one that can be: a partial of the transform itself, not a lambda."""
    python.__name__ = f"{what}({g.name})"
    made: Fn[..., Any] = Fn(python)
    made.take_signature(g.signature())
    made.transforms(g, again)
    return made


def jvp(f: Callable[..., R]) -> Fn[..., tuple[R, Any]]:
    """The function of f's arguments, followed by as many tangents (None for zero), that gives value and tangent. The
    tangents of arguments by keyword are passed by name in `tangents`; those left out are zero. Several tangents at
    once are stacked along a new first axis, as many for each argument; so are those of the value then.

    >>> from rosesim import fn, jvp, Real
    >>> @fn
    ... def f(x: Real, y: Real) -> Real:
    ...     return x * y
    >>> jvp(f)(3.0, 4.0, 1.0, 0.0), jvp(f)(3.0, 4.0, None, 1.0)
    ((12.0, 4.0), (12.0, 3.0))
    >>> jvp(f)(3.0, 1.0, y=4.0, tangents={"y": 2.0})
    (12.0, 10.0)
    >>> jvp(f)(3.0, 4.0, [1.0, 0.0], [0.0, 1.0])  # two at once
    (12.0, array([4., 3.]))

    Within a rule for `defjvp` the tangents may be the rule's own, `Tan`s; the tangent of the result is then one too.
    """
    g = as_fn(f)

    def derived(*args: Any, **kwargs: Any) -> Any:
        primals, keywords, tangents = signature.halves((*args, *kwargs.values()), tuple(kwargs))
        types = g.types_of(primals, keywords)
        traced = g.traced(types)
        refuse_tangents(g, traced)
        trace.frame().dependencies.join(traced.dependencies)
        atoms = [a for v, t in zip(primals, types, strict=True) for a in to_atoms(v, t)]
        linear = any(has_tangent(dv) for dv in tangents)  # in a rule: the tangents are the rule's own
        expected = [tangent_type(t, linear) for t in types]
        count = count_stacked(tangents, expected, "tangents")
        given = stacked_atoms(tangents, expected, count)
        active = [
            part is not None and is_real(ty) for t, part in zip(types, given, strict=True) for ty in T.flatten(t)
        ]
        pushed = Forwarded.of(traced, active, linear)
        flat = [a for part in given if part is not None for a in part]
        if count is None:
            return pushed(atoms, flat)
        value = call_traced(traced.func, [*atoms, *traced.captured], traced.result)
        return value, batch(count, lambda i: pushed(atoms, elements(flat, i))[1])

    derived.__name__ = f"jvp({g.name})"
    signature = WithTangents(g.signature(), derived.__name__, derived)
    made: Fn[..., Any] = Fn(derived, signature=signature)
    made.transforms(g, jvp)
    return made


def stop_gradient(x: A) -> A:
    """x itself. Every derivative treats it as a constant.

    >>> from rosesim import fn, grad, stop_gradient, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return x * stop_gradient(x)
    >>> grad(f)(3.0)
    3.0
    """
    t = typeof(x)
    f = trace.frame()
    atoms = [f.resolve(a) for a in to_atoms(x, t)]
    if any(isinstance(a.ty.scalar, TanT) for a in atoms):
        raise TypeMismatch(
            f"stop_gradient of {'a tangent' if t == T.TAN else t} was found; expected no tangent in it: the "
            "tangent of a constant is Tan(0.0)",
            here(),
        )
    return of_atoms(t, [trace.emit(lambda b, a=a: b.stop(a)) for a in atoms])


__all__ = ["as_fn", "grad", "gradient_type", "jvp", "like", "stop_gradient", "value_and_grad", "vjp"]
