"""What annotations say holds everywhere: open lengths keep their elements' type, and a dataclass's fields theirs,
in calls, in `compile`, in transforms and while tracing."""

# Some calls are mistakes on purpose, and NumPy arrays are given where an editor knows a struct of numbers.
# pyright: reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false, reportAssignmentType=false
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
from mistakes import refuses

from rosesim import (
    ArgumentError,
    Bool,
    Fn,
    Index,
    Null,
    Real,
    Struct,
    TypeMismatch,
    Vec,
    check_grads,
    fn,
    grad,
    jacobian,
    jvp,
    scan,
    select,
    sum,
    value_and_grad,
    vec,
    vjp,
    vmap,
)


@dataclass(frozen=True)
class Body(Struct):
    place: Vec[Real, 2]
    gear: Index[4]
    on: Bool


@dataclass(frozen=True)
class Net(Struct):
    ends: Vec[Index[5], ...]
    points: Vec[Vec[Real, 2], ...]
    fixed: Vec[Bool, ...]


class Named(NamedTuple):
    gear: Index[4]
    weight: float


BODY = Body(np.array([1.0, 2.0]), 3, True)
NET = Net(np.array([0, 4, 2]), np.arange(10.0).reshape(5, 2), np.array([True, False, True]))
BODY_TYPE = "Body(place: Vec[Real, 2], gear: Index[4], on: Bool)"


def types(f: Any, *args: Any) -> list[str]:
    """The types with which a call traces f, which are those with which `compile` of the same arguments does."""
    g: Fn[..., Any] = f if isinstance(f, Fn) else fn(f)
    traced = g.compile(*args).traced.params
    g(*args)
    assert tuple(traced) in {tuple(t) for t in g._programs}  # pyright: ignore[reportPrivateUsage]
    return [str(t) for t in traced]


# ---------------------------------------------------------------------------------------- open lengths


@fn
def gathered(x: Vec[Real, 5], ends: Vec[Index[5], ...]) -> Real:
    return sum(len(ends), lambda k: x[ends[k]])


def test_a_vector_of_indices_of_any_length_indexes() -> None:
    x = np.array([1.0, 10.0, 100.0, 1000.0, 10000.0])
    assert gathered(x, [0, 4]) == 10001.0
    assert gathered(x, np.array([1, 1, 3], dtype=np.uint8)) == 1020.0
    assert gathered(x, (2,)) == 100.0
    assert gathered(x, []) == 0.0
    rows = fn(_rows)
    assert rows([]) == rows(np.zeros((0, 2))) == 0.0
    assert rows(((1.0, 2.0), (3.0, 4.0))) == 2.0
    assert np.array_equal(grad(gathered, wrt="x")(x, [1, 1, 3]), [0, 2, 0, 1, 0])
    assert types(gathered, x, [0, 4]) == ["Vec[Real, 5]", "Vec[Index[5], 2]"]
    assert vmap(gathered, over="ends")(x, [[0, 1], [2, 3]]).tolist() == [11.0, 1100.0]


def _rows(v: Vec[Vec[Real, 2], ...]) -> Real:
    return Real(len(v))


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ([5], "argument ends: found an array of shape (1,) and dtype int64 with values from 5 to 5"),
        ([1.0], "argument ends: found an array of shape (1,) and dtype float64"),
        ([[1]], "argument ends: found an array of shape (1, 1)"),
        (3, "argument ends: Real was found; expected Vec[Index[5], ...]"),
        (None, "argument ends: Null was found; expected Vec[Index[5], ...]"),
        ({"a": 1}, "argument ends: {a: Real} was found; expected Vec[Index[5], ...]"),
    ],
)
def test_what_is_no_vector_of_indices_is_refused_by_name(ends: Any, said: str) -> None:
    refuses(ArgumentError, lambda: gathered(np.ones(5), ends), said)  # here


def test_elements_of_every_type_keep_it() -> None:
    @fn
    def f(net: Net, m: Vec[Vec[Real, ...], ...], bodies: Vec[Body, ...], nets: Vec[Net, ...]):
        some = vec(len(net.ends), lambda k: select(net.fixed[k], net.points[net.ends[k], 1], 0.0))
        return some, m[0], vec(len(bodies), lambda k: bodies[k].place[1]), nets[0].points[nets[1].ends[0]]

    args = (NET, np.ones((2, 3)), [BODY, BODY, BODY], [NET, NET])
    net = "Net(ends: Vec[Index[5], 3], points: Vec[Vec[Real, 2], 5], fixed: Vec[Bool, 3])"
    assert types(f, *args) == [net, "Vec[Vec[Real, 3], 2]", f"Vec[{BODY_TYPE}, 3]", f"Vec[{net}, 2]"]
    some, row, places, point = f(*args)
    assert some.tolist() == [1.0, 0.0, 5.0]
    assert (row.tolist(), places.tolist(), point.tolist()) == ([1, 1, 1], [2, 2, 2], [0, 1])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fixed": [1.0, 0.0]}, "argument net.fixed: found an array of shape (2,) and dtype float64"),
        ({"points": [1.0, 2.0]}, "expected an array of shape (2, 2) of real numbers"),
        ({"points": np.ones((5, 3))}, "argument net.points: found an array of shape (5, 3)"),
        ({"points": np.ones((5, 2, 1))}, "argument net.points: found an array of shape (5, 2, 1)"),
        ({"ends": 2}, "argument net.ends: Real was found; expected Vec[Index[5], ...]"),
        ({"ends": np.array([0.5])}, "argument net.ends: found an array of shape (1,) and dtype float64"),
    ],
)
@pytest.mark.parametrize("annotated", [True, False])
def test_fields_of_open_length_refuse_other_elements(change: Any, said: str, annotated: bool) -> None:
    @fn
    def by_annotation(net: Net) -> Real:
        return net.points[0, 0]

    f = by_annotation if annotated else fn(lambda net: net.points[0, 0])
    wrong = Net(**{"ends": NET.ends, "points": NET.points, "fixed": NET.fixed, **change})
    refuses(ArgumentError, lambda: f(wrong), said)  # here


def test_a_result_of_open_length_keeps_its_elements_type() -> None:
    @fn
    def ends(x: Real) -> Vec[Index[4], ...]:
        return [Index[4].clamp(x), 1, 2]  # pyright: ignore[reportReturnType]

    assert ends(3.2).tolist() == [3, 1, 2]
    assert ends(3.2).dtype == np.uint8

    @fn  # here
    def booleans(x: Real) -> Vec[Bool, ...]:
        return [x]  # pyright: ignore[reportReturnType]

    refuses(
        TypeMismatch, lambda: booleans(1.0), "in the result of booleans: Real was found where a Bool was expected"
    )


def test_a_call_while_tracing_knows_the_same() -> None:
    @fn
    def inner(net: Net, x: Vec[Real, 5]) -> Real:
        return gathered(x, net.ends)

    @fn
    def outer(x: Vec[Real, 5], i: Index[3]) -> Real:
        return inner(Net([i, 4], [[x[0], 1.0]], [True]), x)

    assert outer(np.arange(5.0), 2) == 6.0

    @fn
    def wrong(x: Vec[Real, 5]) -> Real:
        return gathered(x, x)  # here

    refuses(TypeMismatch, lambda: wrong(np.ones(5)), "in a call of gathered: Vec[Real, 5] was found where Vec[Index")


def test_a_number_for_a_vector_is_refused_while_tracing() -> None:
    @fn
    def scalar(x: Vec[Real, 5]) -> Real:
        return gathered(x, x[0])  # here

    refuses(TypeMismatch, lambda: scalar(np.ones(5)), "argument ends: Real was found; expected Vec[Index[5], ...]")


# ---------------------------------------------------------------------------------------- dataclasses


def test_a_dataclass_without_an_annotation_is_read_by_its_fields() -> None:
    at = lambda x, b: x[b.gear] + select(b.on, b.place[0], 0.0)
    x = np.array([1.0, 2.0, 3.0, 4.0])
    assert fn(at)(x, BODY) == 5.0
    assert types(at, x, BODY)[1] == BODY_TYPE
    assert types(lambda pair: pair[0].place[0], (BODY, 1.0)) == [f"({BODY_TYPE}, Real)"]
    assert types(lambda named: named["b"].place[0], {"b": BODY}) == [f"{{b: {BODY_TYPE}}}"]
    assert types(lambda many: many[0].place[0], [BODY, BODY]) == [f"Vec[{BODY_TYPE}, 2]"]
    assert types(lambda named: named.weight, Named(1, 2.0)) == ["Named(gear: Index[4], weight: Real)"]
    assert types(lambda net: net.points[0], NET)[0].startswith("Net(ends: Vec[Index[5], 3], points: Vec[Vec[Real, 2]")


def test_a_struct_of_arrays_without_an_annotation_is_a_vector_of_structs() -> None:
    many = Body(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([0, 1, 2]), np.array([True, False, True]))
    total = lambda b: sum(3, lambda k: select(b[k].on, b[k].place[1], 0.0))
    assert fn(total)(many) == 8.0
    assert types(total, many) == [f"Vec[{BODY_TYPE}, 3]"]
    assert grad(fn(total))(many).place.tolist() == [[0, 1], [0, 0], [0, 1]]
    assert vmap(lambda b: select(b.on, b.place[1], 0.0))(many).tolist() == [2.0, 0.0, 6.0]
    two = Net(np.zeros((2, 3), int), np.ones((2, 5, 2)), np.zeros((2, 3), bool))
    assert vmap(lambda net: net.points[net.ends[0]])(two).tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (Body(np.arange(5.0), 3, True), "argument b.place: found an array of shape (5,)"),
        (Body(np.ones(2), 3.0, True), "argument b.gear: found float 3.0, expected an integer from 0 to 3"),
        (Body(np.ones(2), 4, True), "argument b.gear: found int 4"),
        (Body(np.ones(2), True, True), "argument b.gear: found bool True"),
        (Body(np.ones(2), 3, 1.0), "argument b.on: found float 1.0, expected True or False"),
        (Body(np.ones(2), 3, 1), "argument b.on: found int 1"),
        (Body("here", 3, True), "argument b.place"),
    ],
)
def test_a_field_that_is_not_what_is_annotated_is_refused(body: Any, said: str) -> None:
    refuses(ArgumentError, lambda: fn(lambda b: b.place[0])(body), said)  # here
    with pytest.raises(ArgumentError, match="argument b"):
        fn(lambda b: b.place[0]).compile(body)(body)
    with pytest.raises(ArgumentError):
        value_and_grad(lambda b: b.place[0])(body)


def test_every_transform_reads_a_dataclass_alike() -> None:
    f = fn(lambda b, x: x[b.gear] * b.place[1])
    x = np.array([1.0, 2.0, 3.0, 4.0])
    by_body, by_x = grad(f)(BODY, x)
    assert (by_body.place.tolist(), by_body.gear, by_body.on, by_x.tolist()) == ([0, 4], None, None, [0, 0, 0, 2])
    assert jvp(f)(BODY, x, Body(np.array([0.0, 1.0]), None, None), np.zeros(4)) == (8.0, 4.0)
    assert vjp(f, wrt=0)(BODY, x)[1](2.0).place.tolist() == [0, 8]
    assert check_grads(f, BODY, x).passed
    # a gradient is a struct of the same class, with None where there is nothing to tune
    assert fn(lambda b, g: b.place - 0.5 * g.place)(BODY, by_body).tolist() == [1.0, 0.0]


def test_plain_fields_of_a_dataclass_made_while_tracing_are_what_is_annotated() -> None:
    @fn
    def turned(x: Real):
        def step(b: Body, t: Any) -> Body:
            return Body(b.place * x, Index[4].wrap(b.gear + 1), ~b.on)

        return scan(step, Body([1.0, 2.0], 3, True), 3)

    last = turned(2.0)
    assert (last.place.tolist(), last.gear, last.on) == ([8.0, 16.0], 2, False)


def test_a_subclass_keeps_its_own_fields() -> None:
    @dataclass(frozen=True)
    class Heavy(Body):
        mass: Real = 2.0

    @dataclass(frozen=True)
    class World:
        body: Body
        more: Any

    world = World(Heavy(np.ones(2), 1, True), np.arange(3))
    assert fn(lambda w: w.body.mass * w.more[2])(world) == 4.0


def test_an_annotation_that_is_not_to_be_found_is_named() -> None:
    size = 4

    @dataclass(frozen=True)
    class Local:
        gear: Index[size]

    refuses(TypeMismatch, lambda: fn(lambda p: p.gear)(Local(2)), "p.gear: an annotation that names 'size'")  # here

    @fn
    def annotated(p: Local, x: Vec[Real, 4]) -> Real:
        return x[p.gear]

    assert annotated(Local(2), np.arange(4.0)) == 2.0


# ---------------------------------------------------------------------------------------- compile


def test_compile_takes_types_wherever_it_takes_examples() -> None:
    first = fn(lambda p: p[0])
    assert first.compile((Real, Index[3]))((1.5, 2)) == 1.5
    assert first.compile(tuple[Real, Bool])((1.5, True)) == 1.5
    assert fn(lambda p: p["x"]).compile({"x": Real})({"x": 2.0}) == 2.0
    assert fn(lambda x, y: x).compile(Real, Null)(1.0, None) == 1.0
    assert fn(lambda x, y: x).compile(float, None)(1.0, None) == 1.0
    assert fn(lambda b: b.place[0]).compile(Body)(BODY) == 1.0
    assert gathered.compile(Vec[Real, 5], Vec[Index[5], 2])(np.arange(5.0), [1, 4]) == 5.0
    assert gathered.compile(np.ones(5), [0, 0])(np.arange(5.0), [1, 4]) == 5.0


def test_compile_refuses_what_a_call_would() -> None:
    like = Vec[Real, 5]
    refuses(TypeMismatch, lambda: gathered.compile(like, Vec[Real, 2]), "argument ends: Vec[Real, 2] was")  # here
    with pytest.raises(TypeMismatch, match=r"argument x: Vec\[Real, 3\] was found; expected Vec\[Real, 5\]"):
        gathered.compile(Vec[Real, 3], Vec[Index[5], 2])
    with pytest.raises(ArgumentError, match=r"argument ends: Real was found; expected Vec\[Index\[5\], \.\.\.\]"):
        gathered.compile(np.ones(5), 1.0)
    with pytest.raises(TypeMismatch, match="length is left open"):
        gathered.compile(np.ones(5), Vec[Index[5], ...])


def test_transforms_of_transforms_have_the_types_of_what_they_transform() -> None:
    @fn
    def f(x: Real) -> Real:
        return 3.0 * x * x

    mapped = vmap(f)
    assert [v.tolist() for v in jvp(mapped)([2.0, 3.0], [1.0, 0.0])] == [[12.0, 27.0], [12.0, 0.0]]
    assert jacobian(mapped)([1.0, 2.0]).tolist() == [[6.0, 0.0], [0.0, 12.0]]
    assert vmap(mapped)([[1.0, 2.0], [3.0, 0.0]]).tolist() == [[3.0, 12.0], [27.0, 0.0]]
    assert vmap(grad(f))([1.0, 2.0]).tolist() == [6.0, 12.0]
    assert jvp(jvp(f))(2.0, 1.0, 1.0, 0.0) == ((12.0, 12.0), (12.0, 6.0))
    assert vmap(jvp(f))([1.0], [1.0])[1].tolist() == [6.0]
    assert vmap(vmap(gathered, over=0), over=1)(np.ones((2, 5)), [[0], [1], [2]]).shape == (3, 2)
    with pytest.raises(ArgumentError, match=r"argument x: Real was found; expected Vec\[Real, \.\.\.\]"):
        mapped(1.0)
