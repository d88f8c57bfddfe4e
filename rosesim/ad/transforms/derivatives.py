"""Derivatives as functions of functions. Each takes and gives functions of the language, to any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.compiled import Program
from rosesim.ad.language.control.loops import batch, vec
from rosesim.ad.language.function import Fn, fn, is_fn
from rosesim.ad.language.signature import Names, Row, Wrt, as_call
from rosesim.ad.language.tracing import Traced, call_traced
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import VecValue, of_atoms, real_zero, to_atoms
from rosesim.ad.program.ir import Atom, FloatT, TanT, Ty
from rosesim.ad.support.budget import of_each_run
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.signatures import Mapped, WithTangents, length

if TYPE_CHECKING:
    from rosesim.ad.derive.reverse.pair import Pair

# The transformations are imported where they are used: a program without derivatives need not load them.

A = TypeVar("A")
R = TypeVar("R")


def _as_fn(f: Callable[..., Any]) -> Fn[..., Any]:
    return f if is_fn(f) else fn(f)


def _refuse_tangents(g: Fn[..., Any], traced: Traced) -> None:
    """Raise if a function has a tangent among its parameters, or captures one."""
    if any(isinstance(p.ty.scalar, TanT) for p in traced.func.params):
        raise TypeMismatch(
            f"a derivative of {g.name}, which takes or captures a tangent, was asked for; expected a function of "
            "Reals: a function that is linear in a tangent is its own derivative",
            here(),
        )


def _is_real(ty: Ty) -> bool:
    return isinstance(ty.scalar, FloatT)


def gradient_type(t: T.Type) -> T.Type:
    """The type of a gradient: the value's type, with Null in place of parts without a Real."""
    return T.only(t, T.RealType)


def _tangent_type(t: T.Type, linear: bool) -> T.Type:
    """The type of a tangent: that of a gradient, with Tan in place of Real if it is one of a rule's own."""
    return T.swap_scalars(gradient_type(t), T.RealType, T.TAN) if linear else gradient_type(t)


def _has_tangent(v: Any) -> bool:
    return v is not None and any(isinstance(ty.scalar, TanT) for ty in T.flatten(typeof(v)))


@dataclass(frozen=True, slots=True)
class Reversed:
    """The reverse of a traced function with respect to some of its arguments."""

    traced: Traced
    pair: Pair | None
    active: tuple[bool, ...]
    out: tuple[bool, ...]
    cts: tuple[Ty, ...]

    @staticmethod
    def of(traced: Traced, positions: Sequence[int]) -> Reversed:
        """Differentiate and transpose."""
        from rosesim.ad.derive.forward import jvp_func
        from rosesim.ad.derive.reverse.transpose import transpose
        from rosesim.ad.passes.share_functions import shared

        active: list[bool] = []
        for k, t in enumerate(traced.params):
            active += [k in positions] * len(T.flatten(t))
        active += [False] * len(traced.captured)
        mask = tuple(a and _is_real(p.ty) for a, p in zip(active, traced.func.params, strict=True))
        made, out = jvp_func(shared(traced.func), mask)
        if not any(out):
            return Reversed(traced, None, mask, out, ())
        pair = transpose(made)
        cts = tuple(p.ty for p, a in zip(traced.func.params, mask, strict=True) if a)
        return Reversed(traced, pair, mask, out, cts)

    def forward(self, atoms: Sequence[Atom]) -> tuple[Any, list[Atom]]:
        """Write the forward pass: the value, and what the reverse pass reads."""
        t = self.traced
        if self.pair is None:
            return call_traced(t.func, atoms, t.result), []
        f = trace.frame()
        args = [f.resolve(a) for a in atoms]
        outs = trace.building().call(self.pair.fwd, args)
        f.own(outs)
        count = len(t.func.results)
        return of_atoms(t.result, outs[:count]), self.pair.tape_of(args, outs)

    def backward(self, tape: Sequence[Atom], ct: Any) -> list[Atom | None]:
        """Write the reverse pass: the cotangent of each flat parameter that is active."""
        t = self.traced
        from rosesim.ad.derive.reverse.pair import call_back

        given = to_atoms(ct, gradient_type(t.result))
        active_cts = [a for a, on in zip(given, (o for o, ty in zip(self.out, t.func.results, strict=True)
                                             if _is_real(ty)), strict=True) if on]  # fmt: skip
        f = trace.frame()
        b = trace.building()
        if self.pair is None:
            values: list[Atom] = []
        else:
            args = [f.resolve(a) for a in (*tape, *active_cts)]
            values = call_back(b, self.pair, args, self.cts)
            f.own(values)
        zeros = [b.zeros(p.ty) for p, a in zip(t.func.params, self.active, strict=True) if a]
        f.own(zeros)
        rest = iter(values if self.pair is not None else zeros)
        return [next(rest) if a else None for a in self.active]


def _gradients(rev: Reversed, flat: list[Atom | None], positions: Sequence[int], one: bool) -> Any:
    """Flat cotangents as gradients in the shape of the arguments."""
    per_argument: list[list[Atom]] = []
    k = 0
    for t in rev.traced.params:
        leaves = T.flatten(t)
        per_argument.append([a for a in flat[k : k + len(leaves)] if a is not None])
        k += len(leaves)
    parts = [of_atoms(gradient_type(rev.traced.params[p]), per_argument[p]) for p in positions]
    return parts[0] if one else tuple(parts)


def vjp(f: Callable[..., R], *, wrt: Wrt = None) -> Callable[..., tuple[R, Callable[[Any], Any]]]:
    """The function that gives f's value and its pullback. The pullback takes a cotangent, in the shape of the value,
    and gives the cotangent of the argument. Several arguments give a tuple; `wrt` chooses some, by position or
    name. A pullback keeps what it needs: it can be called later, more than once, and from any thread.

    >>> from rosesim import fn, vjp, Real
    >>> @fn
    ... def product(x: Real, y: Real) -> Real:
    ...     return x * y
    >>> value, pullback = vjp(product)(3.0, 4.0)
    >>> value, pullback(1.0), pullback(2.0)
    (12.0, (4.0, 3.0), (8.0, 6.0))
    """
    g = _as_fn(f)

    def value_and_pullback(*args: Any, **kwargs: Any) -> tuple[Any, Callable[[Any], Any]]:
        signature = g.signature().renamed(f"vjp({g.name})")
        row, keywords = signature.bind(args, kwargs)
        positions, one = signature.chosen(wrt, len(row), keywords)
        types = g.types_of(row, keywords)
        traced = g.traced(types)
        _refuse_tangents(g, traced)
        rev = Reversed.of(traced, positions)
        if trace.current() is None:
            return _run_vjp(g, rev, row, keywords, positions, one)
        trace.frame().dependencies.join(traced.dependencies)
        atoms = [a for v, t in zip(row, types, strict=True) for a in to_atoms(v, t)]
        value, tape = rev.forward([*atoms, *traced.captured])
        return value, lambda ct: _gradients(rev, rev.backward(tape, ct), positions, one)

    return value_and_pullback


def _run_vjp(g: Fn[..., Any], rev: Reversed, row: Row, keywords: Names, positions: tuple[int, ...], one: bool) -> Any:
    traced = rev.traced
    types = traced.params
    key = ("run vjp", positions)
    if key not in traced.func.memo:
        held = T.tuple_type(*(T.of_flat(v.ty) for v in (rev.pair.tape if rev.pair else ())))

        def forward_pass(*args: Any, **kwargs: Any) -> Any:
            atoms = [a for v, t in zip((*args, *kwargs.values()), types, strict=True) for a in to_atoms(v, t)]
            value, tape = rev.forward(atoms)
            return value, of_atoms(held, tape)

        def reverse_pass(tape: Any, ct: Any) -> Any:
            return _gradients(rev, rev.backward(to_atoms(tape, held), ct), positions, one)

        forward_pass.__name__, reverse_pass.__name__ = g.name, f"pullback of {g.name}"
        forward: Fn[..., Any] = Fn(forward_pass)
        forward.take_signature(g.signature())
        traced.func.memo[key] = (
            Program(forward, types),
            Program(Fn(reverse_pass), (held, gradient_type(traced.result))),
        )
    first, second = traced.func.memo[key]
    value, tape = first.run(row)

    def pullback(ct: Any) -> Any:
        return second(tape, ct)

    return value, pullback


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
    g = _as_fn(f)

    def derived(*args: Any, **kwargs: Any) -> Any:
        value, pullback = vjp(g, wrt=wrt)(*args, **kwargs)
        if typeof(value) != T.REAL:
            raise TypeMismatch(
                f"the gradient of {g.name}, which gives {typeof(value)}, was asked for; expected a function "
                "that gives a Real: jacobian and vjp take others",
                g.where,
            )
        return value, pullback(1.0)

    return _like(g, derived, "value_and_grad", lambda h: value_and_grad(h, wrt=wrt))


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
    return _like(_as_fn(f), lambda *args, **kwargs: both(*args, **kwargs)[1], "grad", lambda h: grad(h, wrt=wrt))


def _like(
    g: Fn[..., Any], python: Callable[..., Any], what: str, again: Callable[[Fn[..., Any]], Fn[..., Any]]
) -> Fn[..., Any]:
    """A function with the parameters of g. `again` makes the same transform of another function, such as a method."""
    python.__name__ = f"{what}({g.name})"
    made: Fn[..., Any] = Fn(python)
    made.take_signature(g.signature())
    made.transforms(g, again)
    return made


def jvp(f: Callable[..., R]) -> Fn[..., tuple[R, Any]]:
    """The function of f's arguments, followed by as many tangents (None for zero), that gives value and tangent. The
    tangents of arguments by keyword are passed by name in `tangents`; those left out are zero.

    >>> from rosesim import fn, jvp, Real
    >>> @fn
    ... def f(x: Real, y: Real) -> Real:
    ...     return x * y
    >>> jvp(f)(3.0, 4.0, 1.0, 0.0), jvp(f)(3.0, 4.0, None, 1.0)
    ((12.0, 4.0), (12.0, 3.0))
    >>> jvp(f)(3.0, 1.0, y=4.0, tangents={"y": 2.0})
    (12.0, 10.0)

    Within a rule for `defjvp` the tangents may be the rule's own, `Tan`s; the tangent of the result is then one too.
    """
    g = _as_fn(f)

    def derived(*args: Any, **kwargs: Any) -> Any:
        from rosesim.ad.derive.forward import jvp_func, tangent
        from rosesim.ad.passes.share_functions import shared
        from rosesim.ad.program.rewrite import tangents_as_reals

        primals, keywords, tangents = signature.halves((*args, *kwargs.values()), tuple(kwargs))
        types = g.types_of(primals, keywords)
        traced = g.traced(types)
        _refuse_tangents(g, traced)
        fr = trace.frame()
        fr.dependencies.join(traced.dependencies)
        atoms = [a for v, t in zip(primals, types, strict=True) for a in to_atoms(v, t)]
        active: list[bool] = []
        tans: list[Atom] = []
        linear = any(_has_tangent(dv) for dv in tangents)  # in a rule: the tangents are the rule's own
        for dv, t in zip(tangents, types, strict=True):
            leaves = T.flatten(t)
            on = dv is not None
            active += [on and _is_real(ty) for ty in leaves]
            tans += to_atoms(dv, _tangent_type(t, linear)) if on else []
        mask = (*active, *(False for _ in traced.captured))
        made, out = jvp_func(shared(traced.func), mask)
        b = trace.building()
        called = made if linear else tangents_as_reals(made)
        outs = b.call(called, [fr.resolve(a) for a in (*atoms, *traced.captured, *tans)])
        fr.own(outs)
        count = len(traced.func.results)
        value = of_atoms(traced.result, outs[:count])
        rest = iter(outs[count:])
        floats = [(ty, o) for ty, o in zip(traced.func.results, out, strict=True) if _is_real(ty)]
        flat = [next(rest) if o else b.zeros(tangent(ty) if linear else ty) for ty, o in floats]
        fr.own(flat)
        return value, of_atoms(_tangent_type(traced.result, linear), flat)

    derived.__name__ = f"jvp({g.name})"
    signature = WithTangents(g.signature(), derived.__name__, derived)
    made: Fn[..., Any] = Fn(derived, signature=signature)
    made.transforms(g, jvp)
    return made


def jacobian(f: Callable[..., Any], *, wrt: Wrt = None) -> Fn[..., Any]:
    """The function that gives, in the shape of f's value, the gradient of each number in it.

    >>> from rosesim import fn, jacobian, Real, Vec
    >>> @fn
    ... def polar(p: Vec[Real, 2]):
    ...     return [p[0] * p[1], p[0] + p[1]]
    >>> jacobian(polar)([2.0, 3.0])
    array([[3., 2.],
           [1., 1.]])
    """
    g = _as_fn(f)

    def derived(*args: Any, **kwargs: Any) -> Any:
        value, pullback = vjp(g, wrt=wrt)(*args, **kwargs)
        t = gradient_type(typeof(value))

        def rows(part: T.Type, place: Callable[[Any], Any]) -> Any:
            match part:
                case T.RealType():
                    return pullback(place(Real(1.0)))
                case T.VecType(n, elem):
                    return vec(n, lambda i: rows(elem, lambda c: place(real_zero(part).at[i].set(c))))
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

        return rows(t, lambda c: c)

    return _like(g, derived, "jacobian", lambda h: jacobian(h, wrt=wrt))


def hessian(f: Callable[..., Any], *, wrt: Wrt = None) -> Fn[..., Any]:
    """The function that gives the second derivatives of f, which gives a Real.

    >>> from rosesim import fn, hessian, Real
    >>> @fn
    ... def f(x: Real, y: Real) -> Real:
    ...     return x**2 * y
    >>> hessian(f)(3.0, 5.0)
    ((10.0, 6.0), (6.0, 0.0))
    """
    made = jacobian(grad(f, wrt=wrt), wrt=wrt)
    return _like(_as_fn(f), made.python, "hessian", lambda h: hessian(h, wrt=wrt))


def vmap(f: Callable[..., R], *, over: Wrt = None) -> Fn[..., R]:
    """The function that applies f to each element of its arguments, or of those that `over` names. It gives a vector
    of the results.

    >>> from rosesim import fn, vmap, Real
    >>> @fn
    ... def f(x: Real, y: Real) -> Real:
    ...     return x * y
    >>> vmap(f)([1.0, 2.0], [3.0, 4.0]), vmap(f, over=0)([1.0, 2.0], 10.0)
    (array([3., 8.]), array([10., 20.]))
    """
    g = _as_fn(f)

    name = f"vmap({g.name})"

    def derived(*args: Any, **kwargs: Any) -> Any:
        row, keywords = (*args, *kwargs.values()), tuple(kwargs)
        positions = signature.mapped(len(row), keywords)
        sizes = {length(typeof(row[p])) for p in positions}
        if len(sizes) != 1 or None in sizes:
            found = ", ".join(str(typeof(row[p])) for p in positions)
            raise TypeMismatch(f"{name} over {found or 'nothing'} was found; expected vectors of one length",
                               here())  # fmt: skip
        (n,) = sizes
        assert n is not None

        def one(i: Any) -> Any:
            args, kwargs = as_call([_element(a, i) if k in positions else a for k, a in enumerate(row)], keywords)
            return g(*args, **kwargs)

        with of_each_run(n):
            return batch(n, one)

    derived.__name__ = name
    signature = Mapped(g.signature(), name, derived, over)
    made: Fn[..., Any] = Fn(derived, signature=signature)
    made.transforms(g, lambda h: vmap(h, over=over))
    return made


def _element(v: Any, i: Any) -> Any:
    if isinstance(v, VecValue):
        return v[i]
    t = typeof(v)
    assert isinstance(t, T.StructType)
    return t.build([_element(p, i) for p in t.parts(v)])


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


__all__ = ["grad", "hessian", "jacobian", "jvp", "stop_gradient", "value_and_grad", "vjp", "vmap"]
