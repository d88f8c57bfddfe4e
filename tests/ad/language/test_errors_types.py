"""Values of the wrong type, struct or length are refused at the user's line."""

# The mistakes are made on purpose, and an editor would see some of them.
# pyright: reportReturnType=false, reportCallIssue=false, reportArgumentType=false
# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false
from __future__ import annotations

import builtins
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from mistakes import refuses

from rosesim import (
    ArgumentError,
    Index,
    Real,
    TraceError,
    TypeMismatch,
    Vec,
    accumulate,
    axis_angle,
    cond,
    dot,
    fn,
    grad,
    scan,
    select,
    vec,
    vmap,
)
from rosesim import sum as total
from rosesim.ad.support.errors import MissingAttribute


@dataclass
class Ball:
    x: Vec[Real, 2]
    mass: Real


AB = {"a": Real, "b": Real}


# ----------------------------------------------------------------------------------------------- wrong type


def test_vectors_whose_shapes_do_not_broadcast() -> None:
    @fn
    def f(x: Vec[Vec[Real, 2], 3], y: Vec[Real, 3]):
        return x + y  # here

    refuses(
        TypeMismatch,
        lambda: f(np.zeros((3, 2)), [1.0, 2.0, 3.0]),
        "Vec[Vec[Real, 2], 3] + Vec[Real, 3] was found",
        "whose shapes are (3, 2) and (3,)",
        "expected vectors of equal length, or of length 1",
    )


@pytest.mark.parametrize(
    ("other", "found"),
    [("a", "str 'a'"), (None, "NoneType"), (1j, "complex"), ({}, "dict")],
)
def test_a_number_plus_something_else(other: Any, found: str) -> None:
    @fn
    def f(x: Real) -> Real:
        return x + other  # here

    refuses(TypeMismatch, lambda: f(1.0), f"Real + {found} was found", "expected a number")


def test_something_else_minus_a_number() -> None:
    @fn
    def f(x: Real) -> Real:
        return "a" - x  # pyright: ignore  # here

    refuses(TypeMismatch, lambda: f(1.0), "Real - str 'a' was found", "expected a number")


def test_a_truth_in_arithmetic() -> None:
    @fn
    def f(x: Real) -> Real:
        return x * (x > 0.0)  # pyright: ignore  # here

    refuses(TypeMismatch, lambda: f(1.0), "Real * Bool was found", "a Bool becomes a number by Real(p)")


def test_a_vector_where_a_number_is_taken() -> None:
    @fn
    def f(x: Vec[Real, 3]):
        return axis_angle(x, x)  # here

    refuses(TypeMismatch, lambda: f([1.0, 2.0, 3.0]), "Vec[Real, 3] was found where a Real was expected")


def test_a_number_where_a_condition_is_taken() -> None:
    @fn
    def f(x: Real) -> Real:
        return select(x, 1.0, 2.0)  # here

    refuses(TypeMismatch, lambda: f(1.0), "Real was found where a Bool was expected", "write a comparison")


def test_an_element_of_a_number() -> None:
    @fn
    def f(x: Real) -> Real:
        return x[0]  # here

    refuses(TypeMismatch, lambda: f(1.0), "'Real' object is not subscriptable: a traced value has no such operation")


def test_a_python_loop_over_a_number() -> None:
    @fn
    def f(x: Real) -> Real:
        return builtins.sum(v for v in x)  # here

    refuses(TypeMismatch, lambda: f(1.0), "'Real' object is not iterable: a traced value has no such operation")


def test_a_result_that_is_not_what_was_annotated() -> None:
    @fn  # here
    def f(x: Real) -> Vec[Real, 3]:
        return x

    refuses(TypeMismatch, lambda: f(1.0), "in the result of f", "Real was found where Vec[Real, 3] was expected")


def test_a_forgotten_return() -> None:
    @fn  # here
    def f(x: Real) -> Real:
        x + 1.0  # pyright: ignore

    refuses(TypeMismatch, lambda: f(1.0), "in the result of f", "NoneType was found", "is a `return` missing?")


def test_the_sides_of_a_branch_differ() -> None:
    @fn
    def f(x: Real) -> Any:
        return cond(x > 0.0, lambda: (x, x), lambda: x)  # here

    refuses(TypeMismatch, lambda: f(1.0), "the two sides of cond", "(Real, Real) and Real", "expected one type")


def test_a_loop_changes_the_type_of_its_carry() -> None:
    @fn
    def f(x: Real) -> Any:
        return scan(lambda c, i: [c, c], x, 3)  # here

    refuses(TypeMismatch, lambda: f(1.0), "gave Vec[Real, 2] where the carry is Real", "expected Real")


def test_an_argument_of_no_type_of_the_language() -> None:
    @fn
    def f(x):
        return x

    refuses(TypeMismatch, lambda: f("abc"), "Python's type str was found", "expected numbers")  # here


def test_an_annotation_of_no_type_of_the_language() -> None:
    @fn  # here
    def f(x: int) -> Real:
        return Real(x)

    refuses(TypeMismatch, lambda: f(1), "f, x: the annotation <class 'int'>", "expected Real, Bool")


def test_an_annotation_that_names_nothing() -> None:
    @fn  # here
    def f(x: Reall) -> Real:  # noqa: F821  # pyright: ignore
        return x

    refuses(TraceError, lambda: f(1.0), "names 'Reall', which is not known")


def test_a_complex_argument() -> None:
    @fn
    def f(x: Real) -> Real:
        return x

    refuses(ArgumentError, lambda: f(1j), "argument x: found complex 1j", "expected a real number")  # here


# -------------------------------------------------------------------------------------------------- structs


def test_a_dict_with_a_wrong_field_given_from_outside() -> None:
    @fn
    def f(p: AB) -> Real:
        return p["a"]

    run = lambda: f({"a": 1.0, "c": 2.0})  # here
    refuses(ArgumentError, run, "p: a dict with a, c was found", "expected {a: Real, b: Real}")


def test_a_dict_with_a_wrong_field_in_a_call() -> None:
    @fn
    def g(p: AB) -> Real:
        return p["a"]

    @fn
    def f(x: Real) -> Real:
        return g({"a": x, "c": x})  # here

    refuses(TypeMismatch, lambda: f(1.0), "in a call of g", "a dict with a, c was found", "expected a, b")


def test_a_field_of_a_wrong_type() -> None:
    @fn
    def g(ball: Ball) -> Real:
        return ball.mass

    @fn
    def f(x: Real) -> Real:
        return g(Ball(x=x, mass=x))  # here

    refuses(TypeMismatch, lambda: f(1.0), "in a call of g", "in the field 'x'", "Real was found where Vec[Real, 2]")


def test_another_class_than_was_annotated() -> None:
    @fn
    def f(ball: Ball) -> Real:
        return ball.mass

    run = lambda: f(([1.0, 2.0], 3.0))  # here
    refuses(ArgumentError, run, "ball: tuple was found", "expected Ball(x: Vec[Real, 2], mass: Real)")


def test_a_carry_that_loses_a_field() -> None:
    @fn
    def f(x: Real) -> Any:
        return scan(lambda c, i: {"a": c["a"]}, {"a": x, "b": x}, 3)  # here

    refuses(TypeMismatch, lambda: f(1.0), "gave {a: Real} where the carry is {a: Real, b: Real}")


# -------------------------------------------------------------------------------------------------- lengths


def test_an_argument_of_a_wrong_length() -> None:
    @fn
    def f(x: Vec[Real, 3]) -> Real:
        return x[0]

    run = lambda: f([1.0, 2.0])  # here
    refuses(ArgumentError, run, "argument x", "shape (2,)", "expected an array of shape (3,)")


def test_a_batch_is_told_of_vmap_and_another_shape_is_not() -> None:
    @fn
    def f(x: Vec[Real, 3], k: Real) -> Real:
        return k * x[0]

    run = lambda: f(np.ones((5, 3)), 1.0)  # here
    refuses(ArgumentError, run, "shape (5, 3)", "real numbers (dtype float64); vmap(f) takes a batch of them")
    with pytest.raises(ArgumentError, match=r"argument k: .* expected a real number; vmap\(f\) takes a batch"):
        f(np.ones(3), np.ones(5))
    for shape in ((3, 5), (5, 5, 3), (3, 1)):
        with pytest.raises(ArgumentError) as e:
            f(np.ones(shape), 1.0)
        assert "vmap" not in str(e.value)


def test_a_call_with_a_vector_of_a_wrong_length() -> None:
    @fn
    def g(x: Vec[Real, 3]) -> Real:
        return x[0]

    @fn
    def f(x: Vec[Real, 2]) -> Real:
        return g(x)  # here

    refuses(TypeMismatch, lambda: f([1.0, 2.0]), "in a call of g", "2 elements was found where Vec[Real, 3]")


def test_a_sum_of_vectors_of_two_lengths() -> None:
    @fn
    def f(x: Vec[Real, 2], y: Vec[Real, 3]) -> Any:
        return x + y  # here

    refuses(TypeMismatch, lambda: f([1.0, 2.0], [1.0, 2.0, 3.0]), "Vec[Real, 2] + Vec[Real, 3]", "equal length")


def test_a_length_known_only_when_running() -> None:
    @fn
    def f(x: Real, n: Index[5]) -> Real:
        return total(n, lambda i: x)  # here

    refuses(TraceError, lambda: f(1.0, 2), "sum over a traced number of elements", "end earlier by upto=k")


def test_lengths_that_vmap_cannot_pair() -> None:
    f = vmap(lambda x, y: x * y)
    run = lambda: f([1.0, 2.0], [1.0, 2.0, 3.0])  # here
    refuses(TypeMismatch, run, "over Vec[Real, 2], Vec[Real, 3] was found", "expected vectors of one length")


# ------------------------------------------------------------------------ fields of all structs


def test_a_field_of_a_vector_of_structs_is_the_vector_of_that_field():
    @fn
    def doubled(balls: Any):
        twice: Any = vec(3, lambda i: Ball(2.0 * balls[i].x, 2.0 * balls[i].mass))
        return twice.mass, twice.x, balls.mass

    balls = [Ball(np.array([1.0 * k, 5.0]), 3.0 + k) for k in range(3)]
    mass, x, before = doubled(balls)
    assert mass.tolist() == [6, 8, 10] and before.tolist() == [3, 4, 5]
    assert x.tolist() == [[0, 10], [2, 10], [4, 10]]
    by_mass = grad(lambda balls: dot(balls.mass, balls.mass))(balls)
    assert by_mass.mass.tolist() == [6, 8, 10] and not by_mass.x.any()


def test_a_field_that_no_struct_in_the_vector_has_is_refused():
    def weight(balls: Vec[Ball, 3]):
        return balls.weight  # here

    refuses(MissingAttribute, fn(weight).compile, "the attribute 'weight' of a traced Vec")


# ---------------------------------------------------------------------------- lengths left open


@dataclass(frozen=True)
class Weights:
    rows: Vec[Vec[Real, ...], ...]
    scale: Real


def test_a_parameter_of_open_length_takes_each_length_it_is_given():
    @fn
    def weighed(w: Weights, x: Vec[Real, ...]) -> Real:
        product = w.rows @ x
        return w.scale * total(len(product), lambda i: product[i])

    for m, n in ((2, 3), (6, 5)):
        rows, x = np.arange(1.0 * m * n).reshape(m, n), np.arange(1.0 * n)
        w: Any = Weights(rows, 2.0)  # pyright: ignore[reportArgumentType] -- NumPy
        assert weighed(w, x) == pytest.approx(2 * (rows @ x).sum(), rel=1e-14)
        by_w, by_x = grad(weighed)(w, x)
        assert by_x == pytest.approx(2 * rows.sum(axis=0), rel=1e-14)
        assert by_w.rows == pytest.approx(np.tile(2 * x, (m, 1)), rel=1e-14)


def test_an_open_length_is_refused_where_one_has_to_be_known():
    @fn
    def adds(x: Real):
        return accumulate(Vec[Real, ...], lambda acc: acc.at[0].add(x))

    with pytest.raises(TypeMismatch, match="length is left open was found; expected a length, as in Vec"):
        adds(1.0)
    with pytest.raises(TraceError, match="_open_total"):
        fn(_open_total).compile()


def _open_total(x: Vec[Real, ...]) -> Real:
    return x[0]
