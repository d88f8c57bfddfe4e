"""Indexing by several axes is NumPy's basic indexing: values, gradients and updates, held against NumPy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mistakes import refuses
from support import interpreted

from rosesim import (
    Bool,
    Index,
    Real,
    Struct,
    TraceError,
    TypeMismatch,
    Vec,
    accumulate,
    const,
    fn,
    grad,
    scan,
    sum,
    vec,
    vjp,
)
from rosesim.ad.language.compiled import Program
from rosesim.ad.language.function import Fn
from rosesim.ad.language.types import REAL, Type, VecType, index
from rosesim.ad.passes.inline import inlined
from rosesim.ad.program.show import show
from rosesim.ad.support.errors import MissingAttribute

pytestmark = pytest.mark.usefixtures("unoptimised")

EXAMPLES = 40
"""Each compiles three or four programs. 2,000 others were run once when this was written."""


@dataclass(frozen=True)
class Case:
    """An array, an index expression, and which of its integers are to be traced."""

    array: np.ndarray
    index: tuple[Any, ...]
    sizes: tuple[int, ...]
    """The lengths of the axes that the traced integers index, in order."""
    traced: tuple[bool, ...]

    def numbers(self) -> list[int]:
        """The traced integers, not negative, as arguments."""
        found = (p for p, on in zip(self.index, self.traced, strict=True) if on)
        return [p % n for p, n in zip(found, self.sizes, strict=True)]

    def with_traced(self, values: tuple[Any, ...]) -> Any:
        """The index expression with traced values in it."""
        rest = iter(values)
        parts = tuple(next(rest) if on else p for p, on in zip(self.index, self.traced, strict=True))
        return parts[0] if len(parts) == 1 else parts

    def types(self) -> tuple[Type, ...]:
        """The types of the array and of the traced integers."""
        return (vec_type(self.array.shape), *map(index, self.sizes))


def vec_type(shape: tuple[int, ...]) -> Type:
    """The type of an array of reals."""
    t: Type = REAL
    for n in reversed(shape):
        t = VecType(n, t)
    return t


def is_whole(p: Any) -> bool:
    """Whether an item of an index expression is an integer."""
    return p is not None and p is not Ellipsis and not isinstance(p, slice)


def axis_of(shape: tuple[int, ...], expression: tuple[Any, ...], k: int) -> int:
    """The axis that the k-th item of an index expression indexes."""
    used = [p for p in expression[:k] if p is not None and p is not Ellipsis]
    if Ellipsis in expression[:k]:
        return len(shape) - len([p for p in expression[k:] if p is not None])
    return len(used)


@st.composite
def cases(draw: Any) -> Case:
    """Arrays of one to three axes of length 0 to 7 (over and under what is unrolled), and any basic index."""
    shape = draw(st.lists(st.sampled_from([0, 1, 2, 3, 5, 7]), min_size=1, max_size=3).map(tuple))
    expression = draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=5))
    expression = expression if isinstance(expression, tuple) else (expression,)
    traced = tuple(is_whole(p) and draw(st.booleans()) for p in expression)
    sizes = tuple(shape[axis_of(shape, expression, k)] for k, on in enumerate(traced) if on)
    array = np.arange(1.0, math.prod(shape) + 1.0).reshape(shape)
    return Case(array, expression, sizes, traced)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(cases())
def test_reading_gives_what_numpy_gives_and_its_reverse_scatters(case: Case) -> None:
    f = fn(lambda x, *i: x[case.with_traced(i)])
    expected = case.array[case.index]
    value, pullback = vjp_of(f, case)
    assert np.shape(value) == expected.shape
    assert np.array_equal(value, expected)
    cotangent = np.cos(np.arange(expected.size)).reshape(expected.shape)
    scattered = np.zeros_like(case.array)
    scattered[case.index] = cotangent
    assert np.array_equal(pullback(cotangent if expected.shape else float(cotangent)), scattered)
    assert np.array_equal(interpreted(f, case.array, *case.numbers(), types=case.types()), expected)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(cases(), st.booleans(), st.data())
def test_updates_give_what_numpy_gives_and_their_reverse_gathers(case: Case, add: bool, data: Any) -> None:
    shape = case.array[case.index].shape
    shape = data.draw(hnp.broadcastable_shapes(shape, max_dims=len(shape), max_side=1) | st.just(shape))
    shape = np.broadcast_shapes(shape, shape)
    given_ = -np.arange(1.0, math.prod(shape) + 1.0).reshape(shape)

    def changed(x: Any, v: Any, *i: Any) -> Any:
        place = x.at[case.with_traced(i)]
        return place.add(v) if add else place.set(v)

    expected = case.array.copy()
    if add:
        expected[case.index] += given_
    else:
        expected[case.index] = given_
    types = (case.types()[0], vec_type(shape), *case.types()[1:])
    g = fn(changed)
    args = (case.array, given_ if shape else float(given_), *case.numbers())
    assert np.array_equal(Program(g, types)(*args), expected)
    assert np.array_equal(interpreted(g, *args, types=types), expected)

    cotangent = np.cos(np.arange(case.array.size)).reshape(case.array.shape)
    by_x, by_v = Program(fn(lambda *a: vjp(g, wrt=[0, 1])(*a)[1](const(cotangent))), types)(*args)
    wanted = cotangent.copy()
    if not add:
        wanted[case.index] = 0.0
    assert np.array_equal(by_x, wanted)
    assert by_v == pytest.approx(spread_back(cotangent[case.index], shape), rel=1e-14, abs=1e-14)


@settings(max_examples=EXAMPLES // 2, deadline=None, derandomize=True)
@given(cases())
def test_accumulators_take_the_same_places(case: Case) -> None:
    into = case.types()[0]
    given_ = np.ones(case.array[case.index].shape)

    def filled(v: Any, *i: Any) -> Any:
        def fill(acc: Any) -> None:
            acc.at[case.with_traced(i)].add(v)
            acc.at[case.with_traced(i)].add(2.0)

        return accumulate(into, fill)

    expected = np.zeros_like(case.array)
    expected[case.index] += given_
    expected[case.index] += 2.0
    types = (vec_type(given_.shape), *case.types()[1:])
    args = (given_ if given_.shape else float(given_), *case.numbers())
    assert np.array_equal(Program(fn(filled), types)(*args), expected)


def vjp_of(f: Fn[..., Any], case: Case) -> Any:
    """The value and the pullback by the array, for the types of the case."""
    wrapped = fn(lambda x, *i: vjp(f, wrt=0)(x, *i)[0])
    value = Program(wrapped, case.types())(case.array, *case.numbers())

    def pullback(ct: Any) -> Any:
        back = fn(lambda ct, x, *i: vjp(f, wrt=0)(x, *i)[1](ct))
        types = (vec_type(np.shape(ct)), *case.types())
        return Program(back, types)(ct, case.array, *case.numbers())

    return value, pullback


def spread_back(ct: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The cotangent of a value that NumPy has spread over the shape of ct."""
    extra = ct.ndim - len(shape)
    ct = ct.sum(axis=tuple(range(extra)))
    stretched = tuple(k for k, n in enumerate(shape) if n == 1 and ct.shape[k] != 1)
    return ct.sum(axis=stretched, keepdims=True)


# ------------------------------------------------------------------------------------------ by hand


A = np.arange(30.0).reshape(5, 6)


def test_a_column_is_the_column_and_not_the_row() -> None:
    @fn
    def column(x: Vec[Vec[Real, 6], 5], j: Index[6]):
        return x[:, 0], x[0:2, 1], x[:, j]

    for found, expected in zip(column(A, 4), (A[:, 0], A[0:2, 1], A[:, 4]), strict=True):
        assert np.array_equal(found, expected)
    assert np.array_equal(fn(lambda x: x[None, 0, :, None])(A), A[None, 0, :, None])
    assert np.array_equal(fn(lambda x: x[None, 0, -1, None])(A), A[None, 0, -1, None])

    @fn
    def first(x: Vec[Vec[Real, 6], 5]) -> Real:
        return sum(5, lambda i: x[:, 0][i] * (i + 1))

    expected = np.zeros((5, 6))
    expected[:, 0] = np.arange(1.0, 6.0)
    assert np.array_equal(grad(first)(A), expected)


def test_traced_indices_separated_by_a_slice_drop_their_axes_where_they_stand() -> None:
    # NumPy moves the axes of index *arrays* to the front here; a traced index is an integer
    x = np.arange(60.0).reshape(3, 4, 5)
    f = fn(lambda x, i, j: x[i, :, None, j])
    types = (vec_type(x.shape), index(3), index(5))
    assert np.array_equal(Program(f, types)(x, 2, 1), x[2, :, None, 1])


def test_indices_of_indices_select_from_what_was_selected() -> None:
    @fn
    def chained(x: Vec[Vec[Real, 6], 5]):
        return x.at[1:][0].set(-1.0), x.at[::2, 1:][-1, ::2].add(5.0), x.at[1][2].set(0.0)

    expected = [A.copy() for _ in range(3)]
    expected[0][1:][0] = -1.0
    expected[1][::2, 1:][-1, ::2] += 5.0
    expected[2][1][2] = 0.0
    for found, wanted in zip(chained(A), expected, strict=True):
        assert np.array_equal(found, wanted)

    @fn
    def added(v: Real):
        return accumulate(Vec[Vec[Real, 6], 5], lambda acc: acc.at[::2, 1:][-1, ::2].add(v))

    wanted = np.zeros((5, 6))
    wanted[::2, 1:][-1, ::2] += 5.0
    assert np.array_equal(added(5.0), wanted)


@dataclass(frozen=True)
class Dot(Struct):
    place: Vec[Real, 2]
    kind: Index[4]


def test_elements_of_any_type_are_selected_and_replaced() -> None:
    @fn
    def f(dots: Vec[Dot, 6], on: Vec[Vec[Bool, 3], 6], i: Index[3]):
        moved = dots.at[::5].set([dots[1], dots[2]])
        return dots[::-2], on[1:3, i], on.at[:, i].set(False), moved.at[0].add(Dot([1.0, 1.0], 0)).place[:2, 1]

    place = np.arange(12.0).reshape(6, 2)
    kind = np.array([0, 1, 2, 3, 2, 1])
    on = np.arange(18).reshape(6, 3) % 2 == 0
    one_for_all = fn(lambda dots: dots.at[1:,].set(dots[0]).at[-1].set(Dot([7.0, 8.0], 3)))(Dot(place, kind))
    assert one_for_all.place.tolist() == [[0.0, 1.0]] * 5 + [[7.0, 8.0]]
    assert one_for_all.kind.tolist() == [0] * 5 + [3]
    columns = fn(lambda dots: dots.at[::2].set(Dot(dots.place[1::2], dots.kind[1::2])))(Dot(place, kind))
    assert columns.place.tolist() == place[[1, 1, 3, 3, 5, 5]].tolist()
    assert columns.kind.tolist() == kind[[1, 1, 3, 3, 5, 5]].tolist()
    back, some, off, y = f(Dot(place, kind), on, 2)  # pyright: ignore -- columns
    assert np.array_equal(back.place, place[::-2]) and np.array_equal(back.kind, kind[::-2])
    assert np.array_equal(some, on[1:3, 2])
    expected = on.copy()
    expected[:, 2] = False
    assert np.array_equal(off, expected)
    assert np.array_equal(y, [place[1, 1] + 1.0, place[1, 1]])


def test_vectors_made_of_python_values_are_indexed_alike() -> None:
    @fn
    def f(x: Real):
        m = vec(1, lambda i: x)
        rows = const(A) if x is None else [[x, 2.0 * x, 3.0], [x * x, 0.0, 1.0]]
        made = fn(lambda r: (r[:, 1], r[::-1, ::2], r.at[:, 0].add([1.0, 2.0])))(rows)
        return m[None, :], made

    m, (column, turned, more) = f(3.0)
    rows = np.array([[3.0, 6.0, 3.0], [9.0, 0.0, 1.0]])
    assert np.array_equal(m, [[3.0]]) and np.array_equal(column, rows[:, 1])
    assert np.array_equal(turned, rows[::-1, ::2])
    assert np.array_equal(more, rows + np.array([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0]]))


def test_a_long_column_is_one_loop_and_an_update_of_it_works_in_place() -> None:
    n = 1000

    @fn
    def column(x: Vec[Vec[Real, 3], 1000], j: Index[3]):
        return x[::-2, j]

    text = show(inlined(column.compile().traced.func))
    assert len(text.splitlines()) < 12, text

    @fn
    def many(x: Vec[Vec[Real, 3], 1000], j: Index[3]):
        return scan(lambda y, t: y.at[::500, j].add(1.0), x, n)

    # a copy of the whole vector a step would need a second one in the workspace
    program = many.compile()
    assert program.compiled.workspace_bytes < 2 * 8 * 3 * n
    expected = np.zeros((n, 3))
    expected[::500, 1] = n
    assert np.array_equal(program(np.zeros((n, 3)), 1), expected)


# ------------------------------------------------------------------------------------------ refused


@pytest.mark.parametrize(
    ("kind", "use", "said"),
    [
        (TypeMismatch, lambda x, i, p: x[0, 1, 2], "3 indices were found; Vec[Vec[Real, 3], 2] takes at most 2"),
        (TypeMismatch, lambda x, i, p: x[..., 0, 0, 0], "3 indices were found"),
        (TraceError, lambda x, i, p: x[..., 0, ...], "two `...` was found"),
        (TraceError, lambda x, i, p: x[:, 3], "element 3 of Vec[Real, 3] was asked for; expected -3 .. 2"),
        (TraceError, lambda x, i, p: x[-3, :], "element -3 of Vec[Vec[Real, 3], 2]"),
        (TypeMismatch, lambda x, i, p: x[:, p], "Vec[Real, 3] indexed by Real was found; expected an Index[3]"),
        (TypeMismatch, lambda x, i, p: x[i, :], "may be 2 was found"),
        (TypeMismatch, lambda x, i, p: x[:, 0.5], "indexed by float 0.5 was found"),
        (TypeMismatch, lambda x, i, p: x["x"], "indexed by str 'x' was found"),
        (TypeMismatch, lambda x, i, p: x[True], "indexed by the boolean bool True was found"),
        (TypeMismatch, lambda x, i, p: x[:, np.True_], "indexed by the boolean"),
        (TypeMismatch, lambda x, i, p: x[p > 0.0], "indexed by the boolean Bool was found"),
        (TypeMismatch, lambda x, i, p: x[[0, 1]], "several indices at once"),
        (TypeMismatch, lambda x, i, p: x[:, (0, 1)], "several indices at once"),
        (TypeMismatch, lambda x, i, p: x[:, np.array([0, 1])], "vec(m, lambda k: x[indices[k]]) gathers"),
        (TypeMismatch, lambda x, i, p: x[[True, False]], "a boolean mask"),
        (TypeMismatch, lambda x, i, p: x[vec(2, lambda k: p > k)], "a boolean mask"),
        (TypeMismatch, lambda x, i, p: x[vec(2, lambda k: k)], "several indices at once"),
        (TraceError, lambda x, i, p: x[:, i:], "a slice of Vec[Real, 3] with traced bounds was found"),
        (TraceError, lambda x, i, p: x[0, : i + 1], "traced bounds"),
        (TypeMismatch, lambda x, i, p: x[0, :1.5], "with the bound float 1.5 was found"),
        (TypeMismatch, lambda x, i, p: x[0, True:], "with the bound bool True was found"),
        (TypeMismatch, lambda x, i, p: x[::0], "with step 0 was found"),
        (TypeMismatch, lambda x, i, p: x.at[0, 0, 0].set(1.0), "3 indices were found"),
        (TypeMismatch, lambda x, i, p: x.at[[0, 1]].set(1.0), "several indices at once"),
        (TypeMismatch, lambda x, i, p: x.at[True].add(1.0), "indexed by the boolean"),
        (TraceError, lambda x, i, p: x.at[i:].set(1.0), "traced bounds"),
        (
            TypeMismatch,
            lambda x, i, p: x.at[:, 0].set([1.0, 2.0, 3.0]),
            "Vec[Real, 3] was found; expected Vec[Real, 2]",
        ),
        (TypeMismatch, lambda x, i, p: x.at[:, 0].set([[1.0], [2.0]]), "Vec[Vec[Real, 1], 2] was found; expected"),
        (TypeMismatch, lambda x, i, p: x.at[:, 0].set(True), "a Bool becomes a number by Real(p)"),
        (TypeMismatch, lambda x, i, p: x.at.set(1.0), "x.at.set(v) was found; expected x.at[i].set(v)"),
        (MissingAttribute, lambda x, i, p: x.at[0].multiply(2.0), "expected x.at[i].set(v) or x.at[i].add(v)"),
        (TypeMismatch, lambda x, i, p: vec(0, lambda k: p)[i], "was indexed; expected a vector with elements"),
        (TraceError, lambda x, i, p: vec(0, lambda k: p)[0], "element 0 of Vec[Real, 0] was asked for; it has none"),
        (TypeMismatch, lambda x, i, p: vec(3, lambda k: (p, p))[0, 1], "whose parts are taken from the element"),
        (
            TypeMismatch,
            lambda x, i, p: vec(3, lambda k: Dot([p, p], 1))[0, 1],
            "whose fields are taken by name: x[i].place",
        ),
        (TypeMismatch, lambda x, i, p: vec(3, lambda k: p > k).at[0].add(p > 0.0), "add to elements of Bool"),
        (TypeMismatch, lambda x, i, p: accumulate(Vec[Real, 3], lambda acc: acc.at[0, 0].add(p)), "2 indices were"),
        (TypeMismatch, lambda x, i, p: accumulate(Vec[Real, 3], lambda acc: acc.at[[0]].add(p)), "several indices"),
        (TraceError, lambda x, i, p: accumulate(Vec[Real, 3], lambda acc: acc.at[i:].add(p)), "traced bounds"),
        (TypeMismatch, lambda x, i, p: accumulate(Real, lambda acc: acc.at[0].add(p)), "Real takes at most 0"),
    ],
)
def test_what_is_not_basic_indexing_is_refused_with_its_line(kind: Any, use: Any, said: str) -> None:
    @fn
    def f(x: Vec[Vec[Real, 3], 2], i: Index[3], p: Real):
        use(x, i, p)
        return p

    with pytest.raises(kind) as caught:
        f(np.zeros((2, 3)), 1, 1.0)
    assert caught.value.where is not None
    assert caught.value.where.startswith(f"{__file__}:")
    assert said in str(caught.value)


def test_the_line_of_a_wrong_index_is_named() -> None:
    @fn
    def f(x: Vec[Vec[Real, 3], 2]):
        return x[0:1, 0, 0]  # here

    refuses(TypeMismatch, lambda: f(np.zeros((2, 3))), "3 indices were found")
