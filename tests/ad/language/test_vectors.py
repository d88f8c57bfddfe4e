"""Vectors are numbers: operators and functions element by element, with NumPy's rule for shapes."""

# Lengths are variables, and a mistake is made on purpose.
# pyright: reportInvalidTypeForm=false, reportOperatorIssue=false
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from shown import program
from support import interpreted

import rosesim as rs
from rosesim import Bool, Index, Real, Vec, const, fn, grad, value_and_grad, vec
from rosesim.ad.program.ir import Loop, all_lets

N, ROWS = 7, 5
LONG, SHORT_ROWS, COLUMN = Vec[Real, N], Vec[Vec[Real, 3], N], Vec[Vec[Real, 1], N]
RNG = np.random.default_rng(1)
X, Y = RNG.uniform(0.1, 0.9, N), RNG.uniform(0.1, 0.9, N)
M, R, C = RNG.normal(size=(ROWS, N)), RNG.uniform(0.5, 2.0, (N, 3)), RNG.uniform(0.5, 2.0, (N, 1))
FIXED = RNG.normal(size=(ROWS, 1))

ARITHMETIC: dict[str, Any] = {
    "with a number": lambda xp, x, y, m, r, c: (x + 1.0, 1.0 - x, 2.0 * x, x / 2.0, 1.0 / x, x**2, 2.0**x, x % 0.3),
    "of two": lambda xp, x, y, m, r, c: (x + y, x - y, x * y, x / y, x**y, x % y, x // y, 3.0 // x),
    "of one": lambda xp, x, y, m, r, c: (-x, +x, abs(m), m // 0.25, 1.0 % x),
    "broadcast": lambda xp, x, y, m, r, c: (m + x, x - m, m * m[:, :1], r * c, x[:, None] / y, r / r[:, :1]),
    "with an array": lambda xp, x, y, m, r, c: (FIXED * m, m - FIXED, x + np.arange(N), [1.0, 2.0, 3.0] * r),
    "comparisons": lambda xp, x, y, m, r, c: (x > y, x <= 0.5, 0.2 * x < 0.1, x == x[::-1], m != m, r >= c, x > Y),
    "booleans": lambda xp, x, y, m, r, c: ((x > y) & (x < 0.7), (x > y) | (y > 0.5), (x > y) ^ True, ~(m > x)),
    "choice": lambda xp, x, y, m, r, c: (xp.where(x > y, x, y), xp.where(m > 0.0, x, 0.0), xp.where(r > c, c, 1.0)),
    "slices": lambda xp, x, y, m, r, c: (x[1:] - x[:-1], m[::2, ::-2], m[1:, 1:] * m[:-1, :-1], x[5:1:-2] + 1.0),
}  # fmt: skip


class Ours:
    """NumPy's names for ours."""

    where = staticmethod(rs.select)


def test_arithmetic_on_vectors_is_numpys() -> None:
    """All of it in one program, by machine code and by the interpreter."""

    def every(x: LONG, y: LONG, m: Vec[Vec[Real, N], ROWS], r: SHORT_ROWS, c: COLUMN):
        return {name: use(Ours, x, y, m, r, c) for name, use in ARITHMETIC.items()}

    got = fn(every).compile(math="strict", optimise=False)(X, Y, M, R, C)
    meant = interpreted(fn(every), X, Y, M, R, C)
    for name, use in ARITHMETIC.items():
        for k, (a, b, want) in enumerate(zip(got[name], meant[name], use(np, X, Y, M, R, C), strict=True)):
            np.testing.assert_array_equal(a, b, err_msg=f"{name} {k}")
            np.testing.assert_allclose(a, want, rtol=1e-13, err_msg=f"{name} {k}")
            assert (a.shape, a.dtype) == (want.shape, want.dtype), (name, k)


FUNCTIONS = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "pow": "power", "unit": "tanh",
}  # fmt: skip


def test_every_mathematics_function_takes_vectors() -> None:
    from scipy.special import erf

    names = [n for n in rs._MATHEMATICS if n not in ("clamp", "clip")]  # pyright: ignore[reportPrivateUsage] -- the groups of __all__
    two = {"atan2", "hypot", "minimum", "maximum", "copysign", "fmod", "pow"}

    @fn
    def each(x: LONG, r: SHORT_ROWS):
        ours = {n: getattr(rs, n) for n in names}
        return {n: (f(x, 0.5), f(x[:3], r)) if n in two else (f(x), f(r[:2] - 0.5)) for n, f in ours.items()}

    with np.errstate(invalid="ignore"):
        for n, (long, rows) in each.compile(optimise=False)(X, R).items():
            f = erf if n == "erf" else getattr(np, str(FUNCTIONS.get(n, n)))
            assert np.allclose(long, f(X, 0.5) if n in two else f(X), rtol=1e-14), n
            assert np.allclose(rows, f(X[:3], R) if n in two else f(R[:2] - 0.5), rtol=1e-14, equal_nan=True), n
    clamped = fn(lambda x: rs.clamp(x, x[::-1], 0.5))(X)
    np.testing.assert_array_equal(clamped, np.minimum(np.maximum(X, X[::-1]), 0.5))


def test_vectors_of_integers_and_booleans_take_the_operators_of_their_elements() -> None:
    @fn
    def f(i: Vec[Index[4], 5], j: Index[3], p: Bool, s: Real):
        whole = i + 1, i * i, i // 2, 7 // (i + 1), i % 3, i - j, j + i, i**2, abs(i - 2)
        real = s * i, j / (i + 1), s % (i + 1), s * np.array([1.0, 2.0]), np.array([1.0, 2.0]) - s, [1.0, 2.0] / s
        return (
            whole,
            real,
            (i > j, j < i, j >= i, j != i, s < i, p & (i > 1), ~(i == 1), j > [1, 3], j <= np.array([1.0, 3.0])),
            Index[2].clamp(s * i),
        )

    i, j = np.array([0, 1, 2, 3, 3]), 2
    whole, real, truths, clamped = f(i, j, True, 0.5)
    for got, want in zip(
        whole, (i + 1, i * i, i // 2, 7 // (i + 1), i % 3, i - j, j + i, i**2, abs(i - 2)), strict=True
    ):
        np.testing.assert_array_equal(got, want)
    for got, want in zip(
        real, (0.5 * i, j / (i + 1), 0.5 % (i + 1), [0.5, 1.0], [0.5, 1.5], [2.0, 4.0]), strict=True
    ):
        np.testing.assert_allclose(got, want, rtol=1e-15)
    for got, want in zip(
        truths, (i > j, j < i, j >= i, j != i, i > 0.5, i > 1, i != 1, [True, False], [False, True]), strict=True
    ):
        np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(clamped, [0, 0, 1, 1, 1])


def test_derivatives_of_vector_arithmetic_are_those_of_a_complex_step() -> None:
    def loss(x: LONG, y: LONG, m: Vec[Vec[Real, N], ROWS]) -> Real:
        a = rs.sin(x * y + 1.0) * rs.exp(-x) / (y**2 + 1.0)
        b = (m * a - x[::-1]) ** 3 / (1.0 + x * x)
        return rs.dot(a, a) + rs.sum(ROWS, lambda k: rs.sum(N, lambda i: b[k][i]))

    def by_numpy(x: Any, y: Any, m: Any) -> Any:
        a = np.sin(x * y + 1.0) * np.exp(-x) / (y**2 + 1.0)
        return (a * a).sum() + ((m * a - x[::-1]) ** 3 / (1.0 + x * x)).sum()

    value, slopes = value_and_grad(loss).compile(math="strict")(X, Y, M)
    assert math.isclose(value, by_numpy(X, Y, M), rel_tol=1e-13)
    for k, slope in enumerate(slopes):
        for at in np.ndindex(slope.shape):
            given = [a.astype(complex) for a in (X, Y, M)]
            given[k][at] += 1e-30j
            assert math.isclose(slope[at], by_numpy(*given).imag / 1e-30, rel_tol=1e-11, abs_tol=1e-13), (k, at)


def test_where_a_mask_chooses_the_other_sides_slope_does_not_enter() -> None:
    safe = grad(lambda x: rs.dot(rs.select(x > 0.0, rs.sqrt(x), 0.0), [1.0] * 6))
    np.testing.assert_allclose(safe(np.array([0.0, 4.0, -1.0, 1.0, 0.25, 0.0])), [0.0, 0.25, 0.0, 0.5, 1.0, 0.0])


# ------------------------------------------------------------------------------------------ one loop


def _loops(f: Any, *args: Any) -> int:
    return sum(isinstance(let.expr, Loop) for let in all_lets(program(f, *args).body))  # pyright: ignore[reportArgumentType] -- it has a body


def test_a_chain_of_operations_is_one_loop() -> None:
    """It is the program that one `vec` writes, and so are its derivatives, which are taken of it."""

    def chain(x: Any, y: Any) -> Any:
        return rs.sin(x * y + 1.0) * rs.exp(-x) / (y**2 + 1.0) - y

    def arithmetic(x: LONG, y: LONG):
        return chain(x, y)

    def one_loop(x: LONG, y: LONG):
        return vec(N, lambda i: chain(x[i], y[i]))

    assert _loops(arithmetic, X, Y) == _loops(one_loop, X, Y) == 1
    nested = lambda x, m: rs.sin(x * m + 1.0) * rs.exp(-x) / (m**2 + 1.0)
    assert _loops(nested, X, M) == 3  # exp(-x) is the same for all rows
    totals = [lambda x, y, f=f: rs.dot(f(x, y), y) for f in (arithmetic, one_loop)]
    assert _loops(grad(totals[0]), X, Y) == _loops(grad(totals[1]), X, Y)


def test_slices_and_choices_are_part_of_the_chain() -> None:
    assert _loops(lambda x: (x[1:] - x[:-1]) / (x[1:] + x[:-1]), X) == 1
    assert _loops(lambda x, y: rs.select(x > y, x, 2.0 * y) + x, X, Y) == 1


def test_a_loop_that_has_been_read_does_not_grow() -> None:
    """What is read between two operations is there when the second begins: a total, an element, another order."""

    def f(x: LONG, y: LONG):
        a = x * y
        scaled = a / rs.sum(N, lambda i: a[i])
        turned = scaled + scaled[::-1]
        return turned * scaled[2] + a, a - rs.dot(turned, a)

    a = X * Y
    scaled = a / a.sum()
    turned = scaled + scaled[::-1]
    got = fn(f).compile(math="strict")(X, Y)
    np.testing.assert_allclose(got[0], turned * scaled[2] + a, rtol=1e-14)
    np.testing.assert_allclose(got[1], a - turned @ a, rtol=1e-14)
    np.testing.assert_array_equal(got[0], interpreted(fn(f), X, Y)[0])


def test_a_chain_in_a_loop_over_steps_stays_in_it() -> None:
    def f(x: LONG, y: LONG):
        def step(s: Any, t: Any) -> Any:
            moved = s + 0.1 * y * s
            return rs.cond(moved[0] > 1.0, lambda: moved * 0.5 + y, lambda: moved / 2.0 - y * y)

        return rs.scan(step, x * 2.0, 4) + y

    want = X * 2.0
    for _ in range(4):
        moved = want + 0.1 * Y * want
        want = moved * 0.5 + Y if moved[0] > 1.0 else moved / 2.0 - Y * Y
    np.testing.assert_allclose(fn(f)(X, Y), want + Y, rtol=1e-14)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda x, m: x + m[0, :3], "Vec[Real, 7] + Vec[Real, 3] was found, whose shapes are (7,) and (3,)"),
        (lambda x, m: rs.maximum(m, x[:5]), "maximum of Vec[Vec[Real, 7], 5] and Vec[Real, 5] was found"),
        (lambda x, m: rs.select(x > 0.0, x[1:], 0.0), "whose shapes are (7,) and (6,)"),
        (lambda x, m: x * (x > 0.0), "Real * Bool was found; expected a number; a Bool becomes a number by Real(p)"),
    ],
)
def test_what_does_not_broadcast_is_refused_with_both_shapes(wrong: Any, said: str) -> None:
    with pytest.raises(rs.TypeMismatch) as caught:
        fn(wrong).compile(Vec[Real, N], Vec[Vec[Real, N], ROWS])
    assert said in str(caught.value), str(caught.value)
    assert str(caught.value.where).startswith(__file__)


# ---------------------------------------------------------------------------- tangents, structs, lists


def test_rules_are_written_in_vector_arithmetic() -> None:
    @fn
    def waves(v: LONG, k: Real) -> Real:
        return rs.sum(rs.sin(k * v))

    @waves.defjvp
    def _(v: Vec[rs.Dual, N], k: rs.Dual) -> rs.Dual:
        slope = rs.cos(k.re * v.re)
        return rs.Dual(rs.sum(rs.sin(k.re * v.re)), rs.sum(slope * (k.re * v.du + k.du * v.re)))

    slopes = grad(waves)(X, 2.0)
    np.testing.assert_allclose(slopes[0], 2.0 * np.cos(2.0 * X), rtol=1e-14)
    np.testing.assert_allclose(slopes[1], (X * np.cos(2.0 * X)).sum(), rtol=1e-14)

    @fn
    def bent(v: LONG) -> Real:
        return rs.sum(v)

    @bent.defjvp
    def _(v: Vec[rs.Dual, N]) -> rs.Dual:
        return rs.Dual(rs.sum(v.re), rs.sum(v.du * v.du))

    with pytest.raises(rs.TypeMismatch, match="the product of two tangents"):
        grad(bent)(X)


def test_structs_in_vectors_take_the_operators_of_their_class() -> None:
    @dataclass(frozen=True)
    class Complex(rs.Struct):
        re: Real
        im: Real

        def __mul__(self, o: Any) -> Complex:
            return Complex(self.re * o.re - self.im * o.im, self.re * o.im + self.im * o.re)

    @fn
    def products(a: Vec[Complex, N], b: Vec[Complex, N]):
        chosen = rs.where(a.re > 0.5, a * b, b)
        return chosen.re, chosen.im, rs.sum(a).im, a[::2].re * 2.0

    a, b = X + 1j * Y, Y - 1j * X
    re, im, total, part = products(Complex(a.real, a.imag), Complex(b.real, b.imag))
    want = np.where(a.real > 0.5, a * b, b)
    np.testing.assert_allclose(re + 1j * im, want, rtol=1e-14)
    assert math.isclose(total, Y.sum(), rel_tol=1e-14)
    np.testing.assert_array_equal(part, 2.0 * X[::2])


def test_a_chain_runs_in_lanes_and_to_the_second_order() -> None:
    f = lambda x, y: rs.sum(rs.where(x > 0.5, rs.exp(x * y), x / (1.0 + y)) ** 2)
    many = fn(lambda m, y: rs.vmap(rs.grad(f, wrt=0), over=(0,))(m, y)).compile(M, Y)(M, Y)
    alone = rs.grad(f, wrt=0)
    np.testing.assert_allclose(many, [alone(row, Y) for row in M], rtol=1e-13)
    second = rs.hessian(f, wrt=0)(X, Y)
    curved = np.where(X > 0.5, 4.0 * Y**2 * np.exp(2.0 * X * Y), 2.0 / (1.0 + Y) ** 2)
    np.testing.assert_allclose(second, np.diag(curved), rtol=1e-13)


def test_bits_of_integers_element_by_element():
    whole = np.array([1, 4, 6])

    @fn
    def f(i: Index[8]) -> Any:
        v = const(whole)
        return i & v, v | i, v ^ 3, v << (i & 3), v >> const(np.array([0, 1, 2])), i << v, ~v, 1 << v

    for got, expected in zip(
        f(5),
        (5 & whole, whole | 5, whole ^ 3, whole << 1, whole >> [0, 1, 2], 5 << whole, ~whole,
         1 << whole),
        strict=True,
    ):  # fmt: skip
        np.testing.assert_array_equal(got, expected)


def test_a_short_vector_made_into_an_array_by_an_inner_function_is_still_the_outer_ones():
    """Its elements become an array where it is first needed as one, here within g, whose tracing then ends."""

    @fn
    def f(p: Vec[Real, 2], x: Vec[Vec[Real, 2], 3]):
        pair, constant = 2.0 * p, rs.stack([1.0, 2.0])
        g = lambda y: y * rs.concatenate([[pair], y[:-1]]) + [constant] * 3
        return rs.jvp(g)(x, x)[1], g(x)

    p, x = np.array([0.5, 1.5]), RNG.normal(size=(3, 2))
    shifted = np.vstack([2.0 * p, x[:-1]])
    slope, value = f(p, x)
    np.testing.assert_allclose(value, x * shifted + [1.0, 2.0], rtol=1e-15)
    np.testing.assert_allclose(slope, x * shifted + x * np.vstack([0.0 * p, x[:-1]]), rtol=1e-14)
