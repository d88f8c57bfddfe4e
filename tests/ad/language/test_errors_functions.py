"""Mistakes in calls, opaque functions, derivative rules and derivatives are refused at the user's line."""

# The mistakes are made on purpose, and an editor would see some of them.
# pyright: reportReturnType=false, reportCallIssue=false, reportArgumentType=false
# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mistakes import refuses
from support import interpreted

from rosesim import (
    ArgumentError,
    Dual,
    ProgramError,
    Real,
    Tan,
    TraceError,
    TypeMismatch,
    Vec,
    fn,
    grad,
    jvp,
    maximum,
    opaque,
    select,
    sin,
    vec,
    vjp,
    vmap,
)
from rosesim import sum as total

# -------------------------------------------------------------------------------- annotations and arguments


def test_an_opaque_function_without_a_result_type() -> None:
    @opaque  # here
    def f(x: Real):
        return 1.0

    refuses(TypeMismatch, lambda: f(1.0), "the opaque function f has no annotation for its result", "-> Real")


def test_compiling_ahead_without_argument_types() -> None:
    @fn  # here
    def f(x):
        return x

    refuses(TypeMismatch, f.compile, "not all parameters are annotated", "an example of each argument")
    assert f.compile(1.0)(2.0) == 2.0


def test_a_keyword_that_is_not_a_parameter() -> None:
    @fn
    def f(x: Real, y: Real = 2.0) -> Real:  # pyright: ignore
        return x * y

    run = lambda: f(1.0, z=3.0)  # here
    refuses(TypeMismatch, run, "f: got an unexpected keyword argument 'z'", "expected f(x: Real, y: Real = 2.0)")
    assert f(y=3.0, x=2.0) == 6.0
    assert f(4.0) == 8.0


def test_too_many_and_too_few_arguments_in_a_call() -> None:
    @fn
    def g(x: Real) -> Real:
        return x

    @fn
    def f(*args: Real) -> Real:
        return g(*args)  # here

    refuses(TypeMismatch, lambda: f(1.0, 2.0), "g: too many positional arguments", "expected g(x: Real)")
    refuses(TypeMismatch, f, "g: missing a required argument: 'x'", "expected g(x: Real)")


# ----------------------------------------------------------------------------------------- opaque functions


class Boom(Exception):
    pass


@pytest.mark.parametrize("run", [lambda f, *a: f(*a), interpreted], ids=["compiled", "interpreted"])
def test_what_an_opaque_function_raises_reaches_the_caller(run: Any) -> None:
    raised = Boom("my own words")

    @opaque
    def probe(x: Real) -> Real:
        if x > 1.0:
            raise raised
        return x

    @fn
    def f(x: Vec[Real, 3]) -> Real:
        return total(3, lambda i: probe(x[i]) * 2.0)

    assert run(f, [0.5, 0.5, 1.0]) == 4.0
    for _ in range(3):
        with pytest.raises(Boom, match=r"^my own words$") as e:
            run(f, [0.0, 2.0, 0.0])
        assert e.value is raised
        assert any(t.name == "probe" for t in e.traceback)  # the user's own line is in the traceback
        assert run(f, [0.0, 1.0, 0.0]) == 2.0


def test_an_opaque_function_that_gives_something_else() -> None:
    @opaque  # here
    def f(x: Real) -> Real:
        return "a"  # pyright: ignore

    refuses(ProgramError, lambda: f(1.0), "f returned 'a'", "expected real numbers")


def test_an_opaque_function_that_gives_another_length() -> None:
    @opaque  # here
    def f(x: Real) -> Vec[Real, 3]:
        return [x, x]  # pyright: ignore

    refuses(ProgramError, lambda: f(1.0), "f returned an array of shape (2,)", "expected (3,)")


def test_the_derivative_of_an_opaque_function_without_a_rule() -> None:
    @opaque  # here
    def probe(x: Real) -> Real:
        return x

    @fn
    def f(x: Real) -> Real:
        return probe(x) * 2.0

    words = ("the derivative of the opaque function probe is needed, but it has none", "@probe.defjvp")
    for derivative in (grad(f), vjp(f), lambda x: jvp(f)(x, 1.0), grad(grad(f)), lambda x: vmap(grad(f))([x])):
        refuses(TraceError, lambda d=derivative: d(1.0), *words)


# ------------------------------------------------------------------------------------------------- tangents

CURVED: list[tuple[Any, str]] = [
    (lambda x: x.du * x.du, "the product of two tangents"),
    (lambda x: x.du + 1.0, "Tan + float 1.0"),
    (lambda x: 1.0 + x.du, "Tan + float 1.0"),
    (lambda x: x.re - x.du, "Tan - Real"),
    (lambda x: x.re / x.du, "a division by a tangent"),
    (lambda x: x.du**2, "a power, remainder or absolute value of a tangent"),
    (lambda x: abs(x.du), "a power, remainder or absolute value of a tangent"),
    (lambda x: select(x.du > 0.0, x.du, -x.du), "a comparison of a tangent"),
    (lambda x: sin(x.du), "Tan was found where a Real was expected"),
    (lambda x: maximum(x.du, 0.0), "Tan was found where a Real was expected"),
]


@pytest.mark.parametrize(("body", "said"), CURVED)
def test_a_tangent_used_nonlinearly(body: Any, said: str) -> None:
    @fn
    def f(x: Real) -> Real:
        return x

    @f.defjvp
    def _(x: Dual) -> Dual:
        return Dual(x.re, body(x))

    with pytest.raises(TypeMismatch) as e:
        grad(f)(1.0)
    assert e.value.where == f"{__file__}:{body.__code__.co_firstlineno}"
    assert said in str(e.value)
    assert "a tangent takes linear operations only" in str(e.value)


def test_a_cotangent_used_nonlinearly() -> None:
    @fn
    def f(x: Real) -> Real:
        return x

    @f.defvjp
    def _(x: Real, ct: Tan) -> Tan:
        return ct * ct  # pyright: ignore  # here

    refuses(TypeMismatch, lambda: grad(f)(1.0), "the product of two tangents", "linear operations only")


def test_a_rule_of_a_wrong_type() -> None:
    @fn
    def f(x: Real) -> Real:
        return x

    @f.defvjp  # here
    def _(x: Real, ct: Tan):
        return x

    refuses(TypeMismatch, lambda: grad(f)(1.0), "the rule given to f.defvjp gave Real", "expected Tan")


def test_a_second_rule_that_would_never_be_used() -> None:
    @fn
    def f(x: Real) -> Real:
        return x

    @f.defjvp
    def forward(x: Dual) -> Dual:
        return Dual(x.re, x.du)

    def reverse(x: Real, ct: Tan) -> Tan:  # here
        return ct

    refuses(TypeMismatch, lambda: f.defvjp(reverse), "f has one by defjvp", f"{__file__}:", "would never be used")
    f.defjvp(forward)  # the same kind again: the newer one counts


# ---------------------------------------------------------------------------------------------- derivatives


def doubled(x: Vec[Real, 3]) -> Any:
    return vec(3, lambda i: 2.0 * x[i])


@pytest.mark.parametrize("ct", [[1.0, 2.0], [[1.0, 2.0]], 1.0, np.ones(4), np.ones(3, complex)])
def test_a_cotangent_of_a_wrong_shape(ct: Any) -> None:
    _, pullback = vjp(fn(doubled))([1.0, 2.0, 3.0])
    run = lambda: pullback(ct)  # here
    refuses(ArgumentError, run, "argument ct: found", "expected an array of shape (3,) of real numbers")
    np.testing.assert_array_equal(pullback([1.0, 2.0, 3.0]), [2.0, 4.0, 6.0])


def test_a_cotangent_of_a_wrong_shape_inside_a_function() -> None:
    @fn
    def f(x: Vec[Real, 3]) -> Any:
        _, pullback = vjp(fn(doubled))(x)
        return pullback(1.0)  # here

    refuses(TypeMismatch, lambda: f([1.0, 2.0, 3.0]), "Real was found where Vec[Real, 3] was expected")


@pytest.mark.parametrize("wrt", ["z", 2, -3, ["x", "z"], 1.5, [1.5]])
def test_a_wrong_wrt(wrt: Any) -> None:
    @fn
    def f(x: Real, y: Real) -> Real:
        return x * y

    run = lambda: grad(f, wrt=wrt)(1.0, 2.0)  # here
    refuses(TypeMismatch, run, "wrt=", "was found", "f takes x, y")


def test_the_gradient_of_a_function_that_gives_a_vector() -> None:
    f = fn(doubled)
    with pytest.raises(
        TypeMismatch,
        match=r"the gradient of doubled.*gives Vec\[Real, 3\], was asked for; expected a function that gives a Real",
    ) as e:
        grad(f)([1.0, 2.0, 3.0])
    assert e.value.where == f"{__file__}:{doubled.__code__.co_firstlineno}"


def test_an_odd_number_of_arguments_for_jvp() -> None:
    f = fn(lambda x, y: x * y)
    run = lambda: jvp(f)(1.0, 2.0, 3.0)  # here
    refuses(TypeMismatch, run, "was called with 3 arguments", "as many tangents as arguments")
