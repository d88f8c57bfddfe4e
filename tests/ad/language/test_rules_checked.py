"""A derivative given by the programmer is checked once: a wrong one is refused at its line, in every mode alike."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rosesim import (
    Dual,
    Index,
    Real,
    Tan,
    TypeMismatch,
    Vec,
    cond,
    fn,
    grad,
    jvp,
    opaque,
    scan,
    select,
    sqrt,
    stop_gradient,
    sum,
    vec,
    vjp,
    vmap,
    while_loop,
)
from rosesim.ad.derive.reverse.transpose import transpose
from rosesim.ad.program.ir import TAN, Block, Func, Let, Stop, Var
from rosesim.ad.support.errors import CheckError

MODES: dict[str, Callable[[Any], Any]] = {
    "jvp": lambda f: jvp(f)(2.0, 1.0),
    "grad": lambda f: grad(f)(2.0),
    "vjp": lambda f: vjp(f)(2.0),
    "grad of grad": lambda f: grad(grad(f))(2.0),
    "jvp in a vmap": lambda f: jvp(vmap(f))([2.0, 3.0], [1.0, 0.0]),
    "grad of a scan of it": lambda f: grad(lambda x: scan(lambda c, i: f(c), x, 3))(2.0),
    "jvp of a branch with it": lambda f: jvp(lambda x: cond(x > 0.0, lambda: f(x), lambda: x))(2.0, 1.0),
}


def ruled(which: str, rule: Callable[..., Any]) -> Any:
    """A function of x whose derivative is `rule(tangent, x)`, given as a forward or as a reverse rule."""

    @fn
    def tripled(x: Real) -> Real:
        return 3.0 * x

    if which == "defjvp":
        tripled.defjvp(lambda d: Dual(3.0 * d.re, rule(d.du, d.re)))
    else:
        tripled.defvjp(lambda x, ct: rule(ct, x))
    return tripled


@opaque
def of_a_tangent(t: Tan) -> Tan:
    return t


@opaque
def to_a_tangent(x: Real) -> Tan:
    return x  # pyright: ignore[reportReturnType] -- what is refused


@opaque
def of_a_real(x: Real) -> Real:
    return x


@fn
def doubled(t: Tan) -> Tan:
    return 2.0 * t


@fn
def with_a_rule(t: Tan, x: Real) -> Tan:
    return x * t


@with_a_rule.defjvp
def _(t: Tan, x: Dual) -> Tan:
    return 3.0 * t


LINEAR = "a tangent takes linear operations only"

WRONG: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "stopped": (lambda t, x: stop_gradient(t), "stop_gradient of a tangent was found"),
    "stopped in a call": (lambda t, x: fn(lambda t: stop_gradient(t))(t), "stop_gradient of a tangent"),
    "stopped in a scan": (lambda t, x: scan(lambda c, i: stop_gradient(c), t, 3), "stop_gradient of a tangent"),
    "stopped in a branch": (lambda t, x: cond(x > 0, lambda: stop_gradient(t), lambda: t), "stop_gradient of a tan"),
    "stopped in a vector": (lambda t, x: stop_gradient(vec(2, lambda i: t))[0], r"stop_gradient of Vec\[Tan, 2\]"),
    "stopped with a number": (lambda t, x: stop_gradient((t, x))[0], r"stop_gradient of \(Tan, Real\)"),
    "by an opaque function of tangents": (lambda t, x: of_a_tangent(t), "of_a_tangent takes or gives a tangent"),
    "by an opaque function of its own": (lambda t, x: to_a_tangent(x), "to_a_tangent takes or gives a tangent"),
    "by an opaque function of reals": (lambda t, x: of_a_real(t), "Tan was found where Real was expected"),
    "by a function with a rule": (lambda t, x: with_a_rule(t, x), "with_a_rule.defjvp was given a rule, and with_a"),
    "squared": (lambda t, x: t * t, LINEAR),
    "to a power": (lambda t, x: t**2, LINEAR),
    "its absolute value": (lambda t, x: abs(t), LINEAR),
    "chosen by itself": (lambda t, x: select(t > 0.0, t, -t), LINEAR),
    "looped by itself": (lambda t, x: while_loop(lambda c: c < 3.0, lambda c: c + c, t, limit=5), LINEAR),
    "as a number": (lambda t, x: Real(t), LINEAR),
    "as an index": (lambda t, x: Index[3].clamp(t) * t, LINEAR),
    "divided by": (lambda t, x: x / t, LINEAR),
    "plus a constant": (lambda t, x: t + 1.0, LINEAR),
    "plus the argument": (lambda t, x: t + x, LINEAR),
    "squared in a sum": (lambda t, x: sum(3, lambda i: t * t), LINEAR),
    "the argument": (lambda t, x: x, r"the rule given to tripled.def\w+ gave .*Real"),
    "a number": (
        lambda t, x: 0.0,
        r"the rule given to tripled.def\w+ gave .*Real.*a tangent that is zero is Tan\(0.0\)",
    ),
    "nothing": (lambda t, x: None, r"the rule given to tripled.def\w+ gave .*Null"),
    "two tangents": (lambda t, x: [t, t], r"the rule given to tripled.def\w+ gave .*Vec\[Tan, 2\]"),
    "a tangent of a number": (lambda t, x: Tan(x), r"Tan\(Real\) was found; expected Tan\(0.0\)"),
    "a branch with a number": (lambda t, x: cond(x > 0, lambda: t, lambda: 1.0), "different types, Tan and Real"),
    "set to a number": (lambda t, x: vec(2, lambda i: t).at[0].set(1.0)[0], "Real was found where Tan was expected"),
    "as the point of a derivative": (lambda t, x: jvp(doubled)(t, t)[0], "doubled, which takes or captures a tan"),
    "captured by a derivative": (lambda t, x: vjp(lambda u: u * t)(x)[0], "<lambda>, which takes or captures a tan"),
    "past the language": (
        lambda t, x: Tan.of((Real.of(t.atom) * Real.of(t.atom)).atom),
        "not linear in its tangents",
    ),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("which", ["defjvp", "defvjp"])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_refused_in_every_mode_in_the_same_words(name: str, which: str, mode: str) -> None:
    rule, words = WRONG[name]
    with pytest.raises(TypeMismatch, match=words) as error:
        MODES[mode](ruled(which, rule))
    file = inspect.getsourcefile(ruled)
    assert error.value.where is not None and error.value.where.startswith(f"{file}:")


@pytest.mark.parametrize("mode", MODES)
def test_a_rule_may_be_zero_and_may_ignore_its_tangent(mode: str) -> None:
    """No tangent ends in silence here: that the derivative is zero is what the rule says."""
    rule: Any
    for rule in (lambda t, x: Tan(0.0), lambda t, x: t * 0.0, lambda t, x: select(x > 0.0, Tan(0.0), t)):
        MODES[mode](ruled("defjvp", rule))
        MODES[mode](ruled("defvjp", rule))
        for which in ("defjvp", "defvjp"):
            assert jvp(ruled(which, rule))(2.0, 1.0) == (6.0, 0.0)
            assert grad(ruled(which, rule))(2.0) == 0.0


def test_the_line_of_a_rule_is_where_it_stands_and_not_where_the_function_does() -> None:
    @fn
    def f(x: Real) -> Real:
        return 3.0 * x

    @f.defjvp
    def rule(x: Dual) -> Any:
        return x.re

    line = inspect.getsourcelines(rule)[1]
    with pytest.raises(TypeMismatch, match="gave Real") as error:
        grad(f)(2.0)
    assert error.value.where is not None and error.value.where.endswith(f":{line}")


@pytest.mark.parametrize("mode", ["jvp", "grad"])
def test_a_rule_of_another_number_of_parameters_is_refused(mode: str) -> None:
    for rule in (lambda: 1.0, lambda x, y: x):
        f = ruled("defjvp", doubled)
        f.defjvp(rule)
        with pytest.raises(TypeMismatch, match=r"takes .*\(.*\); expected the arguments of .*\(x: Real\)$"):
            MODES[mode](f)
    for rule in (lambda x: x, lambda x, y, ct: ct):
        f = ruled("defjvp", doubled)
        f.custom.clear()
        f.defvjp(rule)
        with pytest.raises(
            TypeMismatch,
            match=r"takes .*\(.*\); expected the arguments of .*\(x: Real\) and, after those by position, the cot",
        ):
            MODES[mode](f)


@pytest.mark.parametrize("which", ["defjvp", "defvjp"])
def test_a_function_that_captures_traced_values_has_no_rule_of_its_own(which: str) -> None:
    """The rule could not say how the function depends on them."""

    @fn
    def outer(y: Real) -> Real:
        @fn
        def inner(x: Real) -> Real:
            return x * y

        inner.defjvp(lambda x: Dual(2.0 * x.re, 5.0 * x.du)) if which == "defjvp" else inner.defvjp(
            lambda x, ct: 5.0 * ct
        )
        return inner(y * y)

    assert outer(2.0) == 8.0
    for mode in ("jvp", "grad"):
        with pytest.raises(TypeMismatch, match="inner uses traced values of the function around it"):
            MODES[mode](outer)


def test_a_rule_that_uses_a_tangent_of_another_rule_is_refused() -> None:
    f, g = ruled("defjvp", doubled), ruled("defjvp", doubled)

    @f.defjvp
    def _(x: Dual) -> Dual:
        g.defjvp(lambda y: Dual(y.re, y.du + x.du))
        return Dual(g(x.re), jvp(g)(x.re, 1.0)[1] * x.du)

    for mode in ("jvp", "grad"):
        with pytest.raises(TypeMismatch, match="uses traced values of another function"):
            MODES[mode](f)


def test_a_rule_is_checked_once_for_all_that_is_made_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from rosesim.ad.program import check

    checked: list[str] = []
    run = check._Checker.run
    monkeypatch.setattr(check._Checker, "run", lambda self: (checked.append(self._func.name), run(self)))
    f = ruled("defjvp", lambda t, x: helped(t, x))

    @fn
    def helped(t: Tan, x: Real) -> Tan:
        return t * x

    for mode in ("jvp", "grad", "grad of grad"):
        MODES[mode](f)
    assert checked.count("helped") == 1


def test_the_reverse_of_what_is_linear_and_has_none_is_an_error_and_no_zero() -> None:
    """Nothing that a user writes comes here: a transformation that made such a program has a defect."""
    t, out = Var(TAN, "t"), Var(TAN)
    made = Func("stopped", (t,), Block((Let((out,), Stop(t)),), (out,)))
    with pytest.raises(CheckError, match="is linear but has no reverse"):
        transpose(made)


def test_a_tangent_of_a_function_without_tangents_is_zero() -> None:
    """A call that takes no tangent and gives one can give but zero; nothing is lost in its reverse."""

    @fn
    def nothing(x: Real) -> Tan:
        return Tan(0.0)

    for which in ("defjvp", "defvjp"):
        f = ruled(which, lambda t, x: t * x + nothing(x))
        assert jvp(f)(2.0, 1.0) == (6.0, 2.0)
        assert grad(f)(2.0) == 2.0


def test_a_rule_over_vectors_is_refused_with_the_shape_that_it_must_have() -> None:
    @fn
    def f(v: Vec[Real, 3]) -> Vec[Real, 2]:
        return [v[0], v[1]]  # pyright: ignore[reportReturnType] -- a list is a vector

    f.defvjp(lambda v, ct: ct)
    with pytest.raises(TypeMismatch, match=r"gave Vec\[Tan, 2\]; expected Vec\[Tan, 3\]"):
        vjp(f)([1.0, 2.0, 3.0])


@pytest.mark.parametrize("n", [1, 3, 40])
def test_forward_mode_of_a_reverse_rule_passes_on_what_the_chosen_side_of_a_select_says(n: int) -> None:
    """The rule is 7 ct where x > 0, else 0, in numbers, short vectors and long ones: so is the forward mode."""

    def of(rule: Callable[[Any, Any], Any]) -> Any:
        @fn
        def f(x: Vec[Real, n]) -> Vec[Real, n]:
            return vec(n, lambda i: x[i] * x[i])

        f.defvjp(lambda x, ct: vec(n, lambda i: rule(x[i], ct[i])))
        return f

    x = np.linspace(-1.0, 2.0, n) if n > 1 else np.array([-1.0])
    dx = np.linspace(1.0, 2.0, n)
    expected = np.where(x > 0.0, 7.0 * dx, 0.0)
    for rule in (
        lambda x, ct: select(x > 0.0, 7.0 * ct, Tan(0.0)),
        lambda x, ct: select(x > 0.0, 7.0 * ct, select(x > 0.0, ct * sqrt(-9.0 - abs(x)), Tan(0.0))),
        lambda x, ct: 7.0 * select(x > 0.0, ct, Tan(0.0)),
        lambda x, ct: cond(x > 0.0, lambda: 7.0 * ct, lambda: Tan(0.0)),
    ):
        f = of(rule)
        np.testing.assert_array_equal(vjp(f)(x)[1](dx), expected)
        np.testing.assert_array_equal(jvp(f)(x, dx)[1], expected)


def test_forward_mode_of_a_reverse_rule_that_selects_a_whole_vector() -> None:
    @fn
    def f(x: Vec[Real, 30], p: Real) -> Real:
        return p

    f.defvjp(
        lambda x, p, ct: (vec(30, lambda i: select(p > 0.0, ct * x[i], Tan(0.0))), select(p > 0.0, Tan(0.0), ct))
    )
    x, dx = np.arange(30.0), np.linspace(0.0, 1.0, 30)
    for p, expected in ((1.0, x @ dx), (-1.0, 5.0)):
        assert jvp(f)(x, p, dx, 5.0)[1] == pytest.approx(expected, rel=1e-14)
        gx, gp = grad(f)(x, p)
        assert gx @ dx + 5.0 * gp == pytest.approx(expected, rel=1e-14)


def test_a_tangent_or_gradient_that_a_rule_says_nothing_of_is_zero_and_the_others_keep_their_place() -> None:
    @fn
    def f(x: Real) -> tuple[Real, Real]:
        return x, 2.0 * x

    f.defvjp(lambda x, ct: 5.0 * ct[1])  # nothing of the first result
    assert jvp(f)(3.0, 1.0)[1] == (0.0, 5.0)
    assert vjp(f)(3.0)[1]((7.0, 1.0)) == 5.0

    def forward_mode_of_grad(x: Any, y: Any, z: Any) -> Any:
        return x * z

    assert grad(forward_mode_of_grad)(2.0, 3.0, 4.0) == (4.0, 0.0, 2.0)
