"""Functions that make vectors, join, order and reduce them: NumPy's results, and derivatives from outside."""

# Lengths are variables, mistakes are made on purpose, and one function is called with NumPy and with rosesim.
# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportCallIssue=false
from __future__ import annotations

import ast
import builtins
from typing import Any

import numpy as np
import pytest
import scipy.special
from support import interpreted

import rosesim as rs
from rosesim import Real, Vec, fn, grad, hessian, vjp, vmap

pytestmark = pytest.mark.usefixtures("unoptimised")

RNG = np.random.default_rng(5)
M, T = RNG.normal(size=(5, 7)), RNG.normal(size=(2, 6, 3))
X = M[0].copy()
LINE, GRID, BLOCK = Vec[Real, 7], Vec[Vec[Real, 7], 5], Vec[Vec[Vec[Real, 3], 6], 2]


class ByNumPy:
    """What NumPy and SciPy call by other names."""

    logsumexp = staticmethod(scipy.special.logsumexp)
    full = staticmethod(np.full)

    @staticmethod
    def softmax(x: Any, axis: Any = -1) -> Any:
        return scipy.special.softmax(x, axis=axis)

    @staticmethod
    def argsort(x: Any, axis: int = -1) -> Any:
        return np.argsort(x, axis=axis, kind="stable")

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


SMOOTH: dict[str, Any] = {
    "sum": lambda xp, x, m, t: (xp.sum(x), xp.sum(m), xp.sum(m, axis=0), xp.sum(t, axis=(0, 2)), xp.sum(t, axis=-2)),
    "prod": lambda xp, x, m, t: (xp.prod(x), xp.prod(m, axis=0), xp.prod(t)),
    "mean": lambda xp, x, m, t: (xp.mean(x), xp.mean(m, axis=-1), xp.mean(t, axis=(1, 2))),
    "logsumexp": lambda xp, x, m, t: (xp.logsumexp(x), xp.logsumexp(m, axis=0), xp.logsumexp(t, axis=(0, 2))),
    "softmax": lambda xp, x, m, t: (xp.softmax(x), xp.softmax(m, axis=0), xp.softmax(t, axis=None)),
    "concatenate": lambda xp, x, m, t: (
        xp.concatenate([x, [1.0], x[:3]]), xp.concatenate([m, m[:2]]), xp.concatenate([t[:, :, :1], t], axis=-1),
        xp.concatenate([x[:1], x[2:4]]),
    ),
    "stack": lambda xp, x, m, t: (xp.stack([x, x * x], axis=1), xp.stack([m, m], axis=2), xp.stack([m, m], axis=-2)),
    "flip": lambda xp, x, m, t: (xp.flip(x), xp.flip(m), xp.flip(t, axis=(0, 2)), xp.flip(m, axis=-1)),
    "cumsum": lambda xp, x, m, t: (xp.cumsum(x), xp.cumsum(m, axis=0), xp.cumsum(t, axis=-1)),
    "extremes": lambda xp, x, m, t: (xp.max(x), xp.min(m, axis=0), xp.max(t, axis=(0, 1)), xp.min(t, axis=(1, 2))),
    "sort": lambda xp, x, m, t: (xp.sort(x), xp.sort(m, axis=0), xp.sort(t, axis=1)),
    "make": lambda xp, x, m, t: (
        x + xp.zeros(7), xp.full((2, 3), x[1]), xp.ones((6, 3)) * t, xp.arange(7) * x, xp.linspace(x[0], x[1], 9),
    ),
    "products": lambda xp, x, m, t: (x @ x, m @ x, m[:, :5] @ m, x[:5] @ m, t[0] @ t[1][:3]),
    "norm": lambda xp, x, m, t: (xp.linalg.norm(x), xp.linalg.norm(m)) if xp is not rs else (rs.norm(x), rs.norm(m)),
}  # fmt: skip
WHOLE: dict[str, Any] = {
    "places": lambda xp, x, m, t: (xp.argmin(x), xp.argmin(t), xp.argmin(t, axis=1)),
    "orders": lambda xp, x, m, t: (xp.argsort(m), xp.argsort(t, axis=0)),
    "any": lambda xp, x, m, t: (xp.any(x > 1.0), xp.any(t > 1.0, axis=(0, 2))),
    "all": lambda xp, x, m, t: (xp.all(m < 1.0, axis=0), xp.all(t < 9.0)),
    "counts": lambda xp, x, m, t: (xp.sum(x > 0.0), xp.mean(m > 0.0, axis=1), xp.cumsum(x > 0.0)),
    "ranges": lambda xp, x, m, t: (
        xp.arange(3), xp.arange(2, 17, 3), xp.arange(9, 0, -2), xp.arange(0.0, 1.0, 0.3), xp.linspace(0.0, 1.0, 1),
        xp.arange(5, 5),
    ),
}  # fmt: skip


def test_they_give_what_numpys_do() -> None:
    """All in one program, by machine code and by the interpreter."""
    uses = SMOOTH | WHOLE

    def every(x: LINE, m: GRID, t: BLOCK):
        return {name: use(rs, x, m, t) for name, use in uses.items()}

    got = fn(every).compile(math="strict", optimise=False)(X, M, T)
    meant = interpreted(fn(every), X, M, T)
    for name, use in uses.items():
        for k, (a, b, want) in enumerate(zip(got[name], meant[name], use(ByNumPy(), X, M, T), strict=True)):
            assert np.shape(a) == np.shape(want), (name, k)
            np.testing.assert_allclose(a, want, rtol=1e-13, atol=1e-15, err_msg=f"{name} {k}")
            np.testing.assert_allclose(a, b, rtol=1e-15, err_msg=f"{name} {k}")


def test_their_derivatives_are_those_of_differences() -> None:
    """The cotangents of all results at once, against central differences of NumPy's in random directions."""

    def every(x: LINE, m: GRID, t: BLOCK):
        return {name: use(rs, x, m, t) for name, use in SMOOTH.items()}

    shapes = {name: [np.shape(v) for v in use(ByNumPy(), X, M, T)] for name, use in SMOOTH.items()}
    weights = {name: tuple(RNG.normal(size=s) if s else RNG.normal() for s in each) for name, each in shapes.items()}
    pulled = fn(lambda x, m, t: vjp(every)(x, m, t)[1](weights))
    slopes = pulled.compile(X, M, T, math="strict", optimise=False)(X, M, T)

    def weighted(*args: Any) -> float:
        found = ((weights[n], use(ByNumPy(), *args)) for n, use in SMOOTH.items())
        return builtins.sum(float(np.sum(w * v)) for ws, vs in found for w, v in zip(ws, vs, strict=True))

    for _ in range(4):
        way = [RNG.normal(size=a.shape) for a in (X, M, T)]
        at = [weighted(*(a + h * 1e-5 * d for a, d in zip((X, M, T), way, strict=True))) for h in (-2, -1, 1, 2)]
        want = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / 12e-5
        found = builtins.sum(float(np.sum(s * d)) for s, d in zip(slopes, way, strict=True))
        assert np.isclose(found, want, rtol=1e-8), (found, want)


def test_sorting_is_stable_puts_nan_last_and_takes_any_length() -> None:
    for n in (1, 2, 3, 5, 16, 33):
        x = RNG.integers(0, 4, n).astype(float)
        x[n // 2] = np.nan if n > 4 else -np.inf
        order, values = fn(lambda x: (rs.argsort(x), rs.sort(x))).compile(x, optimise=False)(x)
        np.testing.assert_array_equal(order, np.argsort(x, kind="stable"))
        np.testing.assert_array_equal(values, np.sort(x))
    weights = np.array([1.0, 10.0, 100.0, 1000.0])
    slope = grad(lambda x: rs.sort(x) @ weights)(np.array([2.0, 1.0, 2.0, 0.0]))
    np.testing.assert_array_equal(slope, [100, 10, 1000, 1])


def test_softmax_and_logsumexp_hold_at_the_ends_of_the_range() -> None:
    lse = fn(lambda x: (rs.logsumexp(x), rs.softmax(x)))
    for x in ([1e308, 0.0], [-1e308, -1e308], [-np.inf, 0.0], [710.0, 710.0]):
        np.testing.assert_allclose(lse(x)[0], scipy.special.logsumexp(x))
        np.testing.assert_allclose(lse(x)[1], scipy.special.softmax(x))
    assert lse([-np.inf, -np.inf])[0] == -np.inf
    assert lse([np.inf, 0.0])[0] == np.inf
    p = scipy.special.softmax(X)
    np.testing.assert_allclose(hessian(lambda x: rs.logsumexp(x))(X), np.diag(p) - np.outer(p, p), atol=1e-15)


def test_they_run_under_vmap_in_scan_and_in_single_precision() -> None:
    def f(x: Any) -> Any:
        return rs.scan(lambda c, i: rs.sort(rs.softmax(c) + 0.1 * rs.cumsum(c)), x, 3)

    want = []
    for row in M:
        for _ in range(3):
            row = np.sort(scipy.special.softmax(row) + 0.1 * np.cumsum(row))
        want.append(row)
    np.testing.assert_allclose(fn(lambda m: vmap(f)(m))(M), want, rtol=1e-13)
    single = fn(lambda m: vmap(f)(m)).compile(M, precision="f32")(M)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, want, rtol=1e-5)


def test_an_axis_may_stand_after_the_vector_as_in_numpy() -> None:
    m = np.arange(6.0).reshape(2, 3)
    for name in ("sum", "min", "max", "prod", "mean", "argmin"):
        for axis in (0, 1, -1):
            got = fn(lambda x, name=name, axis=axis: getattr(rs, name)(x, axis))(m)
            assert np.array_equal(got, getattr(np, name)(m, axis)), (name, axis)
    truths = fn(lambda x: (rs.any(x > 3.0, 1), rs.all(x > 1.0, 0), rs.sum(x, (0, 1)), rs.logsumexp(x, 0)))(m)
    assert (truths[0].tolist(), truths[1].tolist(), truths[2]) == ([False, True], [False, False, True], 15.0)
    assert np.allclose(truths[3], scipy.special.logsumexp(m, 0))


def test_axes_may_be_none_at_all_or_a_list() -> None:
    m = np.arange(6.0).reshape(2, 3)
    for name in ("sum", "min", "max", "prod", "mean"):
        for axis in ((), (0, 1)):
            got = fn(lambda x, name=name, axis=axis: getattr(rs, name)(x, axis=list(axis)))(m)
            assert np.array_equal(got, getattr(np, name)(m, axis=axis)), (name, axis)
    assert np.allclose(fn(lambda x: rs.logsumexp(x, axis=()))(m), m)
    assert np.array_equal(fn(lambda x: rs.any(x > 2.0, axis=()))(m), m > 2.0)


@pytest.mark.parametrize("shape", [(3, 4), (40, 40)])
def test_places_diagonals_and_rolls_are_numpys(shape: tuple[int, int]) -> None:
    m = np.random.default_rng(3).normal(size=shape)

    def f(x: Any, np: Any) -> Any:
        places = np.argmax(x), np.argmax(x, axis=0), np.argmax(x, 1), np.argmax(x[0] > 0.5)
        diagonals = np.diag(x), np.diag(x[0]), np.trace(x), np.trace(x[:2])
        rolls = [np.roll(x, k, axis=a) for k in (-2, 0, 1, 9) for a in (0, 1)]
        rolls += [np.roll(np.stack([x, x + 1.0]), 1, axis=a) for a in (0, 1, 2)]
        return *places, *diagonals, *rolls, np.roll(x[0], 1), np.clip(x, -0.5, 0.5), np.isnan(x), np.isfinite(x[0, 0])

    for got, want in zip(fn(lambda x: f(x, rs))(m), f(m, np), strict=True):
        assert np.allclose(got, want)
    odd = np.array([1.0, np.inf, -np.inf, np.nan])
    nan, finite, top = fn(lambda x: (rs.isnan(x), rs.isfinite(x), rs.argmax(x[2:])))(odd)
    assert (nan.tolist(), finite.tolist()) == (np.isnan(odd).tolist(), np.isfinite(odd).tolist())
    assert top == 0
    assert np.array_equal(
        grad(lambda x: rs.trace(x) + rs.roll(x[0], 1)[0])(m)[0], np.eye(*shape)[0] + np.eye(shape[1])[-1]
    )


# --------------------------------------------------------------------------------- Python's own functions


def test_the_names_of_pythons_functions_do_what_pythons_do() -> None:
    """A file that imports all names of rosesim goes on as it was."""
    calls = [
        "sum([1, 2, 3])", "sum(range(4), 10)", "sum([[1], [2]], [])", "sum((x for x in (1.5, 2)), start=1)",
        "sum(np.ones((2, 3))).tolist()", "min(3, 1, 2)", "min([3, 1])", "min('abc')", "min([], default=7)",
        "min([1, -2], key=abs)", "max(1, 2)", "max([1, -2], key=abs)", "max('a', 'b')", "max({3: 1, 5: 0})",
        "any([0, 1])", "any(x > 1 for x in [0, 1])", "all([])", "all(iter([1, 0]))", "pow(2, 10)", "pow(2, -1)",
        "pow(3, 5, 7)", "pow(2.0, 0.5)",
    ]  # fmt: skip
    ours = {name: getattr(rs, name) for name in rs.__all__}
    for call in calls:
        assert ast.parse(call, mode="eval")
        got, want = eval(call, {**ours, "np": np}), eval(call, {"np": np})
        assert (type(got), got) == (type(want), want), call
    for wrong in ("sum(5)", "min()", "any(3)"):
        with pytest.raises(TypeError):
            eval(wrong, ours)


def test_python_sequences_of_traced_numbers_are_taken_too() -> None:
    @fn
    def f(x: Real, v: Vec[Real, 3]):
        totals = rs.sum([x, x, 1.0]), rs.sum(y * y for y in [x, x]), rs.sum([v, v, 2.0 * v])
        extremes = rs.min(x, 2.0, 0.5), rs.max([x, 1.0]), rs.max(3, 1), rs.min(v[k] for k in range(3))
        truths = rs.any([x > 2.0, x < 2.0]), rs.all(y > 1.0 for y in [x, x]), rs.all([True, True])
        return totals, extremes, truths, rs.pow(2, 3) * x, rs.sum(np.ones((2, 2))), rs.sum([1.0, 2.0], axis=0)

    totals, extremes, truths, power, by_array, by_axis = f(1.5, [1.0, 2.0, 0.25])
    assert (totals[0], totals[1], totals[2].tolist()) == (4.0, 4.5, [4.0, 8.0, 1.0])
    assert (extremes, truths) == ((0.5, 1.5, 3.0, 0.25), (True, True, True))
    assert (power, by_array, by_axis) == (12.0, 4.0, 3.0)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            lambda m: rs.sum(m, axis=2),
            "axis=2 was found in sum of Vec[Vec[Real, 7], 5]; expected an integer",
        ),
        (lambda m: rs.max(m, axis=(0, 0)), "axis=(0, 0) was found in max; expected each axis once"),
        (lambda m: rs.mean(m[0, 0]), "Real was found in mean; expected a vector"),
        (lambda m: rs.mean(m[:0]), "mean over nothing was found"),
        (lambda m: rs.concatenate([m, m[0]]), "the shapes (5, 7) and (7,) were found in concatenate along axis 0"),
        (lambda m: rs.concatenate(m[0, 0]), "concatenate of Real was found; expected a list of vectors"),
        (lambda m: rs.cumsum(m), "cumsum of Vec[Vec[Real, 7], 5] without an axis was found"),
        (lambda m: rs.zeros(m[0, 0]), "a vector over a traced number of elements was found"),
        (lambda m: rs.full(3, m), "was found in full; expected a number or a struct"),
        (lambda m: rs.arange(m[0, 0]), "arange with a traced bound was found"),
        (lambda m: rs.arange(1, 2, 0), "arange with step 0 was found"),
        (lambda m: m @ m, "Vec[Vec[Real, 7], 5] was found in @; expected a vector of 7"),
        (
            lambda m: rs.stack([m, m]) @ m[0],
            "Vec[Vec[Vec[Real, 7], 5], 2] was found in @; expected vectors or matrices: of a batch, vec(n, lambda",
        ),
        (lambda m: rs.matmul(m[0], np.ones((7, 7, 7))), "was found in @; expected vectors or matrices"),
        (lambda m: rs.transpose(rs.stack([m, m])), "was found in transpose; expected a matrix: of a batch, vec(n"),
        (lambda m: rs.transpose(m[0]), "Vec[Real, 7] was found in transpose; expected a matrix"),
        (lambda m: rs.dot(m, m), "Vec[Vec[Real, 7], 5] was found in dot; expected a vector of numbers"),
        (lambda m: rs.cross(m[:3], m[:3]), "was found in cross; expected a vector of numbers"),
        (lambda m: rs.outer(m, m[0]), "was found in outer; expected a vector of numbers"),
        (lambda m: rs.qmul(m[:4], m[:4]), "was found in qmul; expected a vector of 4 numbers"),
        (
            lambda m: rs.sum(m, start=1.0),
            "start= was found in sum of Vec[Vec[Real, 7], 5]; expected sum(x), sum(x, axis",
        ),
        (lambda m: rs.sum(m, m), "Vec[Vec[Real, 7], 5] was found in sum of Vec[Vec[Real, 7], 5]; expected an axis"),
        (lambda m: rs.sum(m, 0, axis=1), "axis=1 besides 0 was found in sum"),
        (lambda m: rs.sum(m, upto=2), "upto= was found in sum of Vec"),
        (lambda m: rs.sum(7, lambda i: m[0, i], axis=0), "axis= was found in sum(n, f)"),
        (lambda m: rs.max(7, lambda i: m[0, i], 1.0), "a third argument was found in max(n, f)"),
        (
            lambda m: rs.max(m, key=abs),
            "key= was found in max of Vec[Vec[Real, 7], 5]; expected max(x), max(x, axis=0)",
        ),
        (lambda m: rs.min(m, keepdims=True, initial=0.0), "keepdims=, initial= was found in min of Vec"),
        (lambda m: rs.max(m[0], 0), "among the values of max was found; expected numbers: maximum(x, y)"),
        (lambda m: rs.any([m[0, 0] > 0.0], 1), "a second argument was found in any of a sequence"),
        (lambda m: rs.argmin(m, (0, 1)), "axis=(0, 1) was found in argmin"),
        (lambda m: rs.pow(m, 3, 5), "pow(x, y, mod) of traced values was found; expected pow(x, y) % mod"),
        (lambda m: rs.logsumexp(m[:0]), "logsumexp over nothing was found"),
        (lambda m: rs.softmax(m[:, :0]), "softmax over nothing was found"),
        (lambda m: rs.sort(m > 0.0), "was found in sort; expected numbers: sort(Real(p))"),
        (lambda m: rs.argsort(m[0] > 0.0), "Vec[Bool, 7] was found in argsort; expected numbers: argsort(Real(p))"),
        (lambda m: rs.roll(m, 1), "roll of Vec[Vec[Real, 7], 5] without an axis was found"),
        (lambda m: rs.roll(m[0], m[0, 0]), "a shift of Real was found in roll; expected an integer"),
        (lambda m: rs.trace(m[0]), "Vec[Real, 7] was found in trace; expected a matrix"),
        (lambda m: rs.diag(rs.stack([m, m])), "was found in diag; expected a matrix: of a batch"),
        (lambda m: rs.min(m, 1.0), "among the values of min was found; expected numbers: minimum(x, y)"),
    ],
)
def test_what_they_cannot_take_is_refused_at_the_users_line(wrong: Any, said: str) -> None:
    with pytest.raises(rs.TraceError) as caught:
        fn(wrong).compile(GRID)
    assert said in str(caught.value), str(caught.value)
    assert str(caught.value.where).startswith(__file__)
