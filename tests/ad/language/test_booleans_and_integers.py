"""A boolean is no number unless it is converted, integers keep Python's arithmetic, and what cannot be had is
refused in our words: at the user's line, what was found, what was expected, what to write."""

# The mistakes are made on purpose, and an editor would see some of them.
# pyright: reportReturnType=false, reportCallIssue=false, reportArgumentType=false, reportOperatorIssue=false
# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportUnusedExpression=false
from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from mistakes import refuses
from support import interpreted

from rosesim import (
    ArgumentError,
    Bool,
    Index,
    ProgramError,
    Real,
    RosesimError,
    Struct,
    Tan,
    TraceError,
    TypeMismatch,
    Vec,
    cond,
    const,
    fn,
    for_each,
    grad,
    norm,
    opaque,
    scan,
    select,
    sqrt,
    stack,
    sum,
    vec,
    vjp,
    while_loop,
)
from rosesim import max as greatest
from rosesim import min as least

# ------------------------------------------------------------------------------------------- booleans


@dataclass
class Pair(Struct):
    a: Real
    b: Vec[Real, 2]


@fn
def scaled(x: Real, v: Vec[Real, 2], p: Pair, i: Index[3]) -> Real:
    return x * v[0] + p.a * i


RIGHT = (1.0, [1.0, 2.0], Pair(1.0, np.ones(2)), 1)


@pytest.mark.parametrize(
    ("place", "wrong", "said"),
    [
        (0, True, "argument x: found bool True, expected a real number; a boolean is no number: float(p)"),
        (0, np.True_, "expected a real number; a boolean is no number"),
        (0, np.array(True), "expected a real number; a boolean is no number"),
        (1, np.array([True, False]), "argument v: found an array of shape (2,) and dtype bool"),
        (1, [True, False], "argument v: found an array of shape (2,) and dtype bool"),
        (1, [True, 2.0], "argument v: found an array of shape (2,) and dtype float64 with a boolean in it"),
        (1, (1.0, np.False_), "with a boolean in it"),
        (2, Pair(True, np.ones(2)), "argument p.a: found bool True"),
        (2, Pair(1.0, [1.0, False]), "argument p.b: found an array of shape (2,) and dtype float64 with a boolean"),
        (3, True, "argument i: found bool True, expected an integer from 0 to 2"),
    ],
)
def test_a_truth_is_no_number_of_an_argument(place: int, wrong: Any, said: str) -> None:
    args = (*RIGHT[:place], wrong, *RIGHT[place + 1 :])
    refuses(ArgumentError, lambda: scaled(*args), said)  # here
    for run in (scaled.compile(), grad(scaled), scaled.compile(precision="f32")):
        with pytest.raises(ArgumentError):
            run(*args)


def test_a_truth_is_no_number_in_a_list_of_structs() -> None:
    f = fn(lambda pairs: pairs[1].a)
    annotated = fn(_second)
    assert f([Pair(1.0, np.ones(2)), Pair(2, np.ones(2))]) == 2.0
    for g in (f, annotated):
        with pytest.raises(ArgumentError, match="with a boolean in it"):
            g([Pair(1.0, np.ones(2)), Pair(True, np.ones(2))])
        with pytest.raises(ArgumentError):
            g([Pair(1.0, np.ones(2)), Pair(2.0, np.array([True, False]))])


def _second(pairs: Vec[Pair, 2]) -> Real:
    return pairs[1].a


def test_lists_of_structs_of_unequal_lengths_are_refused_in_our_words() -> None:
    with pytest.raises(ArgumentError, match=r"expected an array of shape \(2, 2\)"):
        fn(_second)([Pair(1.0, np.ones(2)), Pair(1.0, np.ones(3))])


@pytest.mark.parametrize(
    "use",
    [
        lambda x, p: x + True,
        lambda x, p: False - x,
        lambda x, p: x * np.True_,
        lambda x, p: x / np.array(True),
        lambda x, p: x**True,
        lambda x, p: x < True,
        lambda x, p: x + p,
        lambda x, p: p + 1.0,
        lambda x, p: 2.0 * p,
        lambda x, p: p - p,
        lambda x, p: -p,
        lambda x, p: abs(p),
        lambda x, p: p**2,
        lambda x, p: p % 2,
        lambda x, p: p < 1.0,
        lambda x, p: p <= 1,
        lambda x, p: Index[3](1) + True,
        lambda x, p: Index[3](1) < p,
        lambda x, p: sqrt(True),
        lambda x, p: sqrt(p),
        lambda x, p: select(p, True, 1.0) + 0.0,
        lambda x, p: stack([x, True]),
        lambda x, p: norm([True, 1.0]),
        lambda x, p: sum(3, lambda i: p),
        lambda x, p: scaled(True, [x, x], Pair(x, [x, x]), 1),
        lambda x, p: scaled(x, np.array([True, True]), Pair(x, [x, x]), 1),
        lambda x, p: vec(3, lambda i: x) * True,
        lambda x, p: vec(3, lambda i: x).at[0].set(True),
        lambda x, p: vec(3, lambda i: x).at[0].add(p),
        lambda x, p: Index[3].clamp(True),
        lambda x, p: Index[3](True),
        lambda x, p: Bool(1),
        lambda x, p: const([True, 2.0]),
        lambda x, p: Bool(x),
        lambda x, p: Tan(False),
    ],
)
def test_a_truth_is_no_number_while_tracing(use: Any) -> None:
    @fn
    def f(x: Real):
        use(x, x > 0.0)
        return x

    with pytest.raises(TypeMismatch) as caught:
        f(1.0)
    assert str(caught.value.where).startswith(__file__)


def test_a_truth_becomes_a_number_where_that_is_said() -> None:
    @fn
    def f(x: Real):
        return Real(x > 0.0) + Real(True) + 10.0 * Real(np.False_), Bool(True), Bool(x > 2.0) & Bool(np.True_)

    assert f(1.0) == (2.0, True, False)


def test_an_opaque_function_gives_no_truth_for_a_number() -> None:
    @opaque
    def probe(x: Real) -> Real:
        return x > 0.0

    with pytest.raises(ProgramError, match="returned True, expected real numbers"):
        probe(1.0)


# ------------------------------------------------------------------------------------- integers


def test_whole_numbers_divide_and_have_absolute_values_as_in_python() -> None:
    @fn
    def f(i: Index[5], j: Index[4]):
        return 7 // (i + 1), 7 % (i + 1), -7 // (j + 2), -7 % (j + 2), abs(i - j), abs(j - 9), abs(i)

    for i, j in itertools.product(range(5), range(4)):
        wanted = (7 // (i + 1), 7 % (i + 1), -7 // (j + 2), -7 % (j + 2), abs(i - j), abs(j - 9), i)
        assert f(i, j) == wanted == interpreted(f, i, j)

    @fn
    def distance(x: Vec[Real, 5], i: Index[5], j: Index[4]) -> Real:
        return x[abs(i - j)]  # known to be in 0 .. 4

    assert distance(np.arange(5.0), 0, 3) == 3.0
    assert fn(lambda x: x + sum(4, lambda i: i**2) - sum(3, lambda i: +i))(0.0) == 14.0 - 3.0


def test_whole_numbers_have_the_bits_that_they_have_in_python() -> None:
    def bits(i: Any, j: Any):
        n = i - 2  # also negative
        return n & j, 6 & n, n | j, 9 | i, n ^ j, 5 ^ i, ~n, n << j, 3 << i, n >> j, 1000 >> i

    f = fn(bits)
    program = f.compile(Index[5], Index[4])
    for i, j in itertools.product(range(5), range(4)):
        assert program(i, j) == bits(i, j)


def test_an_index_is_made_of_a_whole_number_that_fits() -> None:
    @fn
    def f(x: Vec[Real, 3], i: Index[2]) -> Real:
        return x[Index[3](1)] + 10.0 * x[Index[3](i + 1)] + 100.0 * x[Index[3](np.int64(0))]

    assert f([1.0, 2.0, 3.0], 1) == 132.0
    # a carry of a constant index may take every index
    turn = fn(lambda x: scan(lambda i, t: Index[3].wrap(i + 1), Index[3](2), 5))
    assert turn(1.0) == 1


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (
            lambda i, x: 7 // i,
            "divided by Index[3] was found; expected a divisor known to be 1 or more, such as i + 1",
        ),
        (lambda i, x: 7 % i, "divided by Index[3] was found"),
        (lambda i, x: i // 0, "divided by int 0"),
        (lambda i, x: i // x, "divided by Real"),
        (lambda i, x: 7.5 // (i + 1), "float 7.5 // Int[1..3] was found; expected integers"),
        (lambda i, x: 1 << (i - 1), "an integer shifted by Int[-1..1] was found; expected a shift known to be 0 or"),
        (lambda i, x: i & x, "Index[3] & Real was found; expected integers"),
        (lambda i, x: 1.0 << i, "float 1.0 << Index[3] was found; expected integers"),
        (lambda i, x: Index[3](3), "Index[3](int 3) was found; expected an integer known to be in 0 .. 2"),
        (lambda i, x: Index[3](-1), "Index[3].clamp(x)"),
        (lambda i, x: Index[3](i + 1), "Index[3](Int[1..3]) was found"),
        (lambda i, x: Index[3](x), "Index[3](Real) was found"),
        (lambda i, x: Index[3](1.0), "Index[3](float 1.0) was found"),
        (lambda i, x: Index[0](0), "a value of Index[0], which has none, was asked for"),
        (lambda i, x: Index(1), "Index without a size was found"),
        (lambda i, x: x + 10**400, "an integer of 401 digits was found where a Real was expected"),
        (lambda i, x: 10**5000 * x, "an integer of thousands of digits was found"),
        (lambda i, x: Real(-(10**400)), "less than 1.8e308"),
        (lambda i, x: x > 10**400, "an integer of 401 digits"),
        (lambda i, x: stack([x, 10**400]), "an integer of 401 digits"),
        (lambda i, x: i + 2**70, "an integer beyond 2**70 was found; integers here stay below 2**62"),
        (lambda i, x: i < 2**70, "beyond 2**70"),
        (lambda i, x: Index[2**70], "Index of 2**70 or more was found"),
        (lambda i, x: Index[3].clamp(2**70), "beyond 2**70"),
        (lambda i, x: const(np.array([2**63], np.uint64)), "Index of 2**63 or more"),
    ],
)
def test_whole_numbers_that_cannot_be_are_refused(use: Any, said: str) -> None:
    @fn
    def f(i: Index[3], x: Real):
        use(i, x)
        return x

    with pytest.raises(TypeMismatch) as caught:
        f(1, 1.0)
    assert str(caught.value.where).startswith(__file__)
    assert said in str(caught.value)


@pytest.mark.parametrize("wrong", [10**400, -(10**400), [1.0, 10**400]])
def test_an_argument_beyond_double_is_refused(wrong: Any) -> None:
    with pytest.raises(ArgumentError, match="argument"):
        fn(lambda x: x).compile(Vec[Real, 2] if isinstance(wrong, list) else Real)(wrong)


# ------------------------------------------------------------------------------------------- vectors


def test_stack_makes_a_vector_that_a_traced_index_takes_from() -> None:
    @fn
    def f(x: Real, i: Index[3]):
        powers = stack([x, x**2, x**3])
        pairs = stack(((x, 1.0), (2.0 * x, 0.0), (x, x)))
        rows = stack([[x, 1.0], stack([x, x]), np.ones(2)])
        return powers[i], pairs[i][1], rows[i, ::-1], stack([i, i + 1])[0], stack(powers)[1]

    power, second, row, same, square = f(3.0, 1)
    assert (power, second, row.tolist(), same, square) == (9.0, 0.0, [3.0, 3.0], 1, 9.0)
    assert grad(lambda x, i: stack([x, x**2, x**3])[i], wrt=0).compile(Real, Index[3])(2.0, 2) == 12.0


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda x, v, i, p: [x, x][i], "stack(values)[i] of traced ones"),
        (lambda x, v, i, p: (x, x)[i], "stack(values)[i] of traced ones"),
        (lambda x, v, i, p: const([x, x]), "const of traced values was found; expected numbers: stack([a, b])"),
        (lambda x, v, i, p: stack([]), "stack of nothing was found; expected a list of values"),
        (lambda x, v, i, p: stack(x), "stack of Real was found"),
        (lambda x, v, i, p: stack([x, v]), "different types, Real and Vec[Real, 3]"),
        (
            lambda x, v, i, p: [x, x] - v,
            "whose shapes are (2,) and (3,); expected vectors of equal length, or of length 1",
        ),
        (
            lambda x, v, i, p: v * (v > 0.0),
            "Real * Bool was found; expected a number; a Bool becomes a number by Real(p)",
        ),
        (
            lambda x, v, i, p: cond(p, x, 2.0),
            "Real was found in cond(p, then, orelse) for a side; expected a function",
        ),
        (lambda x, v, i, p: cond(p, lambda: x, v), "cond(p, lambda: a, lambda: b), or select(p, a, b)"),
        (lambda x, v, i, p: cond(True, 1.0, 2.0), "float 1.0 was found in cond(p, then, orelse)"),
        (lambda x, v, i, p: vec(3, x), "Real was found in vec(n, f) for f; expected a function of an Index"),
        (lambda x, v, i, p: sum(3, v), "as in sum(n, lambda i: x[i])"),
        (lambda x, v, i, p: least(x), "NoneType was found in min(n, f) for f; expected a function of an Index"),
        (lambda x, v, i, p: greatest(3, v), "maximum(x, y) is element by element, max(x) over the elements"),
        (lambda x, v, i, p: greatest([x, 1.0], key=abs), "max with key= was found"),
        (lambda x, v, i, p: for_each(3, v), "found in for_each(n, f) for f"),
        (lambda x, v, i, p: scan(v, x, 3), "found in scan(f, init, n) for f; expected a function, as in scan("),
        (lambda x, v, i, p: while_loop(p, lambda c: c, x, limit=3), "for test; expected a function of the carry"),
        (
            lambda x, v, i, p: _three(vec(2, lambda k: (x, x))),
            "a vector unpacks into its elements, also one of tuples",
        ),
        (lambda x, v, i, p: _two(scan(lambda c, t: (c, (c, c)), x, 5)[1]), "too many values to unpack (expected 2)"),
    ],
)
def test_what_no_vector_takes_is_refused_with_what_to_write(use: Any, said: str) -> None:
    @fn
    def f(x: Real, v: Vec[Real, 3], i: Index[2]):
        use(x, v, i, x > 0.0)
        return x

    with pytest.raises(TraceError) as caught:
        f(1.0, [1.0, 2.0, 3.0], 1)
    assert str(caught.value.where).startswith(__file__)
    assert said in str(caught.value)


def _two(v: Any) -> None:
    _a, _b = v


def _three(v: Any) -> None:
    _a, _b, _c = v


def test_advice_is_not_itself_refused() -> None:
    @fn
    def empty(x: Vec[Real, 0], i: Index[3]) -> Real:
        return x[i]  # here

    refuses(TypeMismatch, lambda: empty(np.zeros(0), 1), "Vec[Real, 0] was indexed; expected a vector with elements")


def test_only_an_index_is_said_to_clamp() -> None:
    @fn
    def bounded(i: Index[3]):
        return scan(lambda c, t: c - 2, i - 1, 3)  # here

    with pytest.raises(RosesimError) as caught:
        bounded(1)
    assert "Int[-1..1].clamp" not in str(caught.value)


# ----------------------------------------------------------------------------------- single precision


def test_an_argument_that_single_precision_would_make_infinite_is_refused() -> None:
    f = fn(lambda x: x * 1.0).compile(Real, precision="f32")
    g = fn(lambda v: sum(3, lambda i: v[i])).compile(Vec[Real, 3], precision="f32")
    both = fn(lambda x, v, i: x * v[i]).compile(Real, Vec[Real, 3], Index[3], precision="f32")
    most = float(np.finfo(np.float32).max)
    half = (2.0 - 2.0**-24) * 2.0**127  # rounds to infinity, to even
    below = np.nextafter(half, 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for wrong in (1e39, -1e39, half, 10**40):
            for run in (lambda x: f(x), lambda x: g([0.0, x, 1.0]), lambda x: both(x, np.ones(3), 1)):
                with pytest.raises(ArgumentError, match="which single precision would make infinite"):
                    run(float(wrong))
        with pytest.raises(
            ArgumentError, match=r"argument x: found int .* which single precision would make infinite"
        ):
            f(10**40)
        assert f(most) == f(below) == most
        assert g([most, 0.0, 0.0]) == g(np.array([0.0, below, 0.0])) == most
        assert f(float("inf")) == float("inf") and np.isnan(f(float("nan")))
        assert g([float("inf"), 1.0, 2.0]) == float("inf") and np.isnan(g([float("nan"), most, 0.0]))


def test_a_pullback_in_our_words() -> None:
    _, pullback = vjp(lambda v: v[0])([1.0, 2.0])
    with pytest.raises(ArgumentError):
        pullback(True)
