"""What check_grads says where rounding is large, where there is none, and of rules that are a little wrong."""

import inspect
import math
from typing import Any

import numpy as np
import pytest
from rows import crossed

from rosesim import Dual, Fn, Real, Tan, Vec, check_grads, cos, dot, exp, fn, grad, scan, select, sin, while_loop
from rosesim.ad.instrument.rounding import LEAST_PHASE, noisy
from rosesim.ad.program.check import check
from rosesim.ad.program.show import show
from rosesim.checks.verdict import Verdict
from rosesim.codegen import compile_func

pytestmark = pytest.mark.usefixtures("unoptimised")


def only(f: Any, *args: Any, **kw: Any) -> Verdict:
    (verdict,) = check_grads(f, *args, **kw).verdicts
    return verdict


# ------------------------------------------------------------------------------- noisy programs


def test_noise_of_size_zero_changes_nothing_and_rounding_shows_as_much_as_it_is():
    """(1e8 + x) - 1e8 keeps 8 digits: a sum of 1e8 is rounded to 1.5e-8."""

    @fn
    def f(x: Real) -> Real:
        return scan(lambda c, t: sin(c) + x, x, 5) + ((1e8 + x) - 1e8)

    func = noisy(f.traced(f.types_of((1.0,))).func)
    check(func)
    run = compile_func(func, math="strict").call
    (exact,) = run(1.0, 1.3 * LEAST_PHASE, 0.0)
    assert exact == f(1.0)
    moved = [run(1.0, LEAST_PHASE * (1.0 + t), 2.0**-51)[0] - exact for t in np.linspace(0.0, 0.99, 40)]
    assert 1e-9 < np.std(moved) < 1e-7
    assert len(set(moved)) > 5


def test_a_function_with_a_rule_of_its_own_keeps_it():
    f = planted(1.0)
    func = noisy(f.traced(f.types_of((0.7,))).func)
    assert "call" in show(func, deep=False) or f.name in show(func, deep=False)
    # The rule says twice the cosine: with noise it still does.
    assert only(f, 0.7).kind == "wrong"


# ------------------------------------------------------------------------ optima and solvers


RNG = np.random.default_rng(3)
DESIGN = RNG.normal(size=(20, 3))
MEASURED = DESIGN @ [1.0, -2.0, 0.5] + 0.1 * RNG.normal(size=20)
BEST = np.linalg.lstsq(DESIGN, MEASURED, rcond=None)[0]


@fn
def misfit(w: Vec[Real, 3], x: Vec[Vec[Real, 3], 20], y: Vec[Real, 20]) -> Real:
    return scan(lambda total, i: total + (dot(x[i], w) - y[i]) ** 2, 0.0, 20)


def test_the_optimum_of_a_fit_is_stationary_up_to_rounding():
    verdict = only(misfit, BEST, DESIGN, MEASURED, wrt="w")
    assert verdict.passed
    assert verdict.text.startswith("zero because the point is stationary: the gradient here is rounding")
    assert verdict.noise > 1.0


@pytest.mark.parametrize("off", [1e-9, 1e-7, 1e-5, 1e-2])
def test_beside_an_optimum_the_gradient_is_right(off: float):
    assert only(misfit, BEST + off, DESIGN, MEASURED, wrt="w").kind == "right"


def test_a_residual_that_is_nothing_but_rounding_is_zero():
    """sqrt(a)**2 - a by Newton's iteration."""

    @fn
    def f(a: Real) -> Real:
        return (scan(lambda w, t: 0.5 * (w + a / w), a, 8) ** 2 - a) ** 2

    assert only(f, 2.0).kind == "zero because"


@pytest.mark.parametrize(("tolerance", "a"), crossed([1e-3, 1e-6, 1e-12, 3e-16], [2.0, 3.7e5, 1e-7], 1))
def test_a_gradient_through_newtons_iteration_is_right(tolerance: float, a: float):
    @fn
    def root(a: Real) -> Real:
        return while_loop(lambda x: abs(x * x - a) > tolerance * a, lambda x: 0.5 * (x + a / x), a, limit=99)

    assert only(root, a).kind == "right"


def test_a_gradient_through_conjugate_gradients_is_right():
    a = RNG.normal(size=(6, 6))
    a = a @ a.T + np.eye(6)

    @fn
    def solved(b: Vec[Real, 6], a: Vec[Vec[Real, 6], 6]) -> Real:
        def step(s: Any) -> Any:
            x, r, p = s
            q = a @ p
            s2 = dot(r, r)
            alpha = s2 / dot(p, q)
            new = r - alpha * q
            return x + alpha * p, new, new + (dot(new, new) / s2) * p

        x = while_loop(lambda s: dot(s[1], s[1]) > 1e-20, step, (0.0 * b, b, b), limit=50)[0]
        return dot(x, x)

    b = RNG.normal(size=6)
    inverse = np.linalg.inv(a)
    assert grad(solved, wrt="b")(b, a) == pytest.approx(2.0 * inverse.T @ inverse @ b, rel=1e-6)
    assert only(solved, b, a, wrt="b").kind == "right"


def test_what_rounding_has_eaten_is_not_called_wrong():
    """(1 - cos x) / x**2 at 1e-6 has lost all but four digits, and its slope all of them."""
    verdict = only(lambda x: (1.0 - cos(x)) / (x * x), 1e-6)
    assert verdict.kind == "jagged" and "rounding alone moves the gradient" in verdict.why


# ---------------------------------------------------------------------------- counts of loops


def test_a_loop_that_runs_another_number_of_times_beside_the_point_is_told():
    @fn
    def root(a: Real) -> Real:
        return while_loop(lambda x: abs(x * x - a) > 1e-6 * a, lambda x: 0.5 * (x + a / x), a, limit=99)

    lines, first = inspect.getsourcelines(root.python)
    at = first + next(k for k, text in enumerate(lines) if "while_loop" in text)
    verdict = only(root, 2.0)
    assert verdict.kind == "right"
    assert verdict.count == f"from steps of 1e-01 on the count of while_loop in {__file__}:{at} is another"
    assert verdict.count in str(verdict)


def test_a_count_within_a_rollout_comes_with_its_step():
    @fn
    def f(a: Real) -> Real:
        def step(x: Any, t: Any) -> Any:
            return while_loop(lambda y: y > 1.0, lambda y: 0.5 * y, x, limit=99) + 0.3 * a

        return scan(step, a, 5)

    assert ", at step 0 is another" in only(f, 2.1).count


def test_what_only_decides_how_often_a_loop_runs_has_no_derivative_and_is_told():
    """The time of landing by counting steps."""

    @fn
    def landing(y: Real) -> Real:
        return while_loop(lambda s: s[0] > 0.0, lambda s: (s[0] - 0.1, s[1] + 0.01), (y, 0.0), limit=99)[1]

    verdict = only(landing, 1.05, scale=1e-3)
    assert verdict.text.startswith("zero because it only decides how often a loop runs: the count of while_loop in ")


def test_bisection_gives_no_slope():
    """Of the root only the comparisons know: its gradient is zero, and differences say 1 / (2 sqrt 2)."""

    @fn
    def root(a: Real) -> Real:
        def halved(s: Any, t: Any) -> Any:
            middle = 0.5 * (s[0] + s[1])
            low = middle * middle < a
            return select(low, middle, s[0]), select(low, s[1], middle)

        return scan(halved, (0.0, 3.0), 60)[0]

    assert root(2.0) == pytest.approx(math.sqrt(2.0)) and grad(root)(2.0) == 0.0
    verdict = only(root, 2.0)
    assert verdict.kind == "jagged" and "most of all select in " in verdict.why


# ------------------------------------------------------------------------------ planted lies


def planted(off: float, reverse: bool = False) -> Fn[..., Any]:
    """A sine whose derivative is wrong by so much of it."""

    @fn
    def sine(x: Real) -> Real:
        return sin(x)

    if reverse:

        @sine.defvjp
        def _(x: Real, ct: Tan) -> Tan:
            return (1.0 + off) * cos(x) * ct
    else:

        @sine.defjvp
        def _(x: Dual) -> Dual:
            return Dual(sine(x.re), (1.0 + off) * cos(x.re) * x.du)

    return sine


def users(sine: Any) -> dict[str, tuple[Any, Any]]:
    """Programs that use it, and where: points at which nothing cancels."""
    return {
        "alone": (lambda x: sine(x), 0.7),
        "in a chain": (lambda x: exp(2.0 * sine(x)) + x, 0.7),
        "in a scan": (lambda x: scan(lambda c, t: c + 0.1 * sine(c), x, 20), 0.7),
        "in an oscillator": (
            lambda x: scan(lambda s, t: (s[0] + 0.01 * s[1], s[1] - 0.01 * sine(s[0])), (x, 0.0), 300)[0],
            0.7,
        ),
        "of many numbers": (
            lambda v: scan(lambda c, i: c + (i + 1.0) * sine(v[i]), 0.0, 12),
            np.linspace(0.1, 2, 12),
        ),
    }


@pytest.mark.parametrize(
    ("name", "wrong"), crossed(list(users(None)), [(1e-6, False), (1e-6, True), (-1e-4, False), (-1e-4, True)], 2)
)
def test_a_rule_that_is_a_little_wrong_is_found(name: str, wrong: tuple[float, bool]):
    """By how much, and in reverse or forward."""
    f, x = users(planted(*wrong))[name]
    verdict = only(f, x)
    assert verdict.kind == "wrong", verdict.text
    assert verdict.noise < 1e-10  # which was measured, and does not explain it


@pytest.mark.parametrize("name", list(users(None)))
def test_the_true_rule_passes_at_the_same_points(name: str):
    f, x = users(planted(0.0))[name]
    assert only(f, x).kind == "right"
