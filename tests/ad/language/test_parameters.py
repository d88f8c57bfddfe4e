"""Parameters as Python has them: every kind of parameter, in a call, in every transform and in every check.

Each function of `parameters_kit` computes a x y, a being 3 where it is left out. So all values and derivatives are
known in closed form.
"""

# The functions are called in all the ways that Python allows, of which an editor knows only some.
# pyright: reportCallIssue=false, reportArgumentType=false, reportFunctionMemberAccess=false
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from parameters_kit import (
    A,
    Scaled,
    X,
    Y,
    all_by_name,
    by_name,
    by_position,
    configured,
    decorated,
    default_between,
    giving_a,
    in_python,
    of_a_list,
    of_a_struct,
    of_an_array,
    of_an_unannotated_array,
    of_an_unannotated_struct,
    partial,
    plain,
    rest,
    ruled,
    ruled_by_position,
    spread,
    spread_first,
    unannotated,
)

from rosesim import (
    Real,
    check_grads,
    fn,
    grad,
    hessian,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
    vmap,
)

pytestmark = pytest.mark.usefixtures("unoptimised")

WAYS: dict[str, tuple[Any, tuple[float, ...], dict[str, float]]] = {
    "by position": (plain, (X, Y), {}),
    "by name": (plain, (X,), {"y": Y}),
    "all by name, in another order": (plain, (), {"y": Y, "x": X}),
    "without annotations": (unannotated, (X, Y), {}),
    "a lambda": (lambda x, y, a=A: a * x * y, (X, Y), {}),
    "positional-only": (by_position, (X, Y), {}),
    "keyword-only": (by_name, (X,), {"y": Y}),
    "keyword-only alone": (all_by_name, (), {"y": Y, "x": X}),
    "*args": (rest, (X, Y), {}),
    "a default between": (default_between, (X,), {"y": Y}),
    "defaults that are no values": (configured, (X, Y), {}),
    "an array": (of_an_array, (X, Y), {}),
    "an array without annotation": (of_an_unannotated_array, (X, Y), {}),
    "a list": (of_a_list, (X, Y), {}),
    "a struct": (of_a_struct, (X, Y), {}),
    "a struct without annotation": (of_an_unannotated_struct, (X, Y), {}),
    "a method": (Scaled(A).method, (X, Y), {}),
    "a method by name": (Scaled(A).method, (X,), {"y": Y}),
    "a class method": (Scaled.on_class, (X, Y), {}),
    "a static method": (Scaled(A).static, (X, Y), {}),
    "a bound method of Python": (Scaled(A).python, (X,), {"y": Y}),
    "a class method of Python": (Scaled.python_on_class, (X, Y), {}),
    "an object that is called": (Scaled(A), (X, Y), {}),
    "decorated": (decorated(by_name), (X,), {"y": Y}),
    "decorated by one that gives an argument": (giving_a(plain), (X, Y), {}),
    "decorated, of the language": (decorated(fn(by_name)), (X,), {"y": Y}),
    "opaque": (in_python, (X, Y), {}),
    "with a rule": (ruled, (X,), {"y": Y}),
    "with a rule without the default": (ruled_by_position, (X, Y), {}),
    "a partial by position, of an array": (partial(spread_first, np.ones(3)), (X, Y), {}),
    "a partial by name, of an array": (partial(spread, weights=np.ones(3)), (X, Y), {}),
    "a partial by name of the first": (partial(plain, a=1.0), (X, Y), {}),
    "a partial of a partial": (partial(partial(spread_first, np.ones(3)), x=4.0), (), {"x": X, "y": Y}),
    "a partial of a method": (partial(Scaled(1.0).method), (X, Y), {}),
    "a partial of a method, by name": (partial(Scaled(1.0).python, y=4.0), (X,), {"y": Y}),
    "a partial of a function of the language": (partial(fn(spread_first), np.ones(3)), (X,), {"y": Y}),
    "a partial of a gradient's function": (partial(fn(by_name), a=3.0), (X,), {"y": Y}),
}


FACTOR = {"a partial by name of the first": 1.0, "a partial of a method": 1.0, "a partial of a method, by name": 1.0}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> tuple[Any, tuple[float, ...], dict[str, float], float]:
    """A function that gives a x y, a call of it with x and y, and a."""
    f, args, kwargs = WAYS[request.param]
    return f, args, kwargs, FACTOR.get(request.param, A)


Way = tuple[Any, tuple[float, ...], dict[str, float], float]


def test_a_call(way: Way) -> None:
    f, args, kwargs, a = way
    f = fn(f)
    assert f(*args, **kwargs) == pytest.approx(a * X * Y, rel=1e-15)
    inside = fn(lambda s: f(*(s * v for v in args), **{k: s * v for k, v in kwargs.items()}))
    assert inside(2.0) == pytest.approx(4 * a * X * Y, rel=1e-15)
    assert grad(inside)(2.0) == pytest.approx(4 * a * X * Y, rel=1e-15)


def test_a_gradient_has_a_part_for_each_argument_that_is_given(way: Way) -> None:
    f, args, kwargs, a = way
    expected = pytest.approx((a * Y, a * X), rel=1e-15)
    assert grad(f)(*args, **kwargs) == expected
    value, gradient = value_and_grad(f)(*args, **kwargs)
    assert value == pytest.approx(a * X * Y, rel=1e-15)
    assert gradient == expected
    assert jacobian(f)(*args, **kwargs) == expected
    value, pullback = vjp(f)(*args, **kwargs)
    assert (value, pullback(1.0)) == (pytest.approx(a * X * Y, rel=1e-15), expected)
    inside = fn(lambda s: grad(f)(*(s * v for v in args), **{k: s * v for k, v in kwargs.items()}))
    assert inside(1.0) == expected


def test_second_derivatives(way: Way) -> None:
    f, args, kwargs, a = way
    assert np.array(hessian(f)(*args, **kwargs)) == pytest.approx(np.array([[0.0, a], [a, 0.0]]), abs=1e-12)
    assert grad(fn(grad(f, wrt=first(args))), wrt=second(args))(*args, **kwargs) == pytest.approx(a, rel=1e-15)


def first(args: tuple[float, ...]) -> Any:
    """How x is named: by its place where it has one."""
    return 0 if args else "x"


def second(args: tuple[float, ...]) -> Any:
    return 1 if len(args) > 1 else "y"


def test_wrt_means_a_place_or_a_name(way: Way) -> None:
    f, args, kwargs, a = way
    assert grad(f, wrt=first(args))(*args, **kwargs) == pytest.approx(a * Y, rel=1e-15)
    assert grad(f, wrt=[second(args)])(*args, **kwargs) == pytest.approx((a * X,), rel=1e-15)


def test_a_tangent(way: Way) -> None:
    f, args, kwargs, a = way
    tangents = {"x": 0.1, "y": 0.2}
    of_args = [tangents[n] for n in ("x", "y")[: len(args)]]
    of_kwargs = {n: tangents[n] for n in kwargs}
    value, tangent = jvp(f)(*args, *of_args, **kwargs, tangents=of_kwargs)
    assert value == pytest.approx(a * X * Y, rel=1e-15)
    assert tangent == pytest.approx(a * (0.1 * Y + 0.2 * X), rel=1e-14)
    zero = jvp(f)(*args, *(None for _ in args), **kwargs)[1]
    assert zero == 0.0


def test_a_batch(way: Way) -> None:
    f, args, kwargs, a = way
    scales = np.array([1.0, 2.0, 3.0])
    many = vmap(f)(*(scales * v for v in args), **{k: scales * v for k, v in kwargs.items()})
    np.testing.assert_allclose(many, a * X * Y * scales**2, rtol=1e-15)
    one = args[1:] if args else ()
    others = {k: v for k, v in kwargs.items() if args or k != "x"}
    x = {} if args else {"x": scales * X}
    mapped = vmap(f, over=first(args))(*((scales * X,) if args else ()), *one, **x, **others)
    np.testing.assert_allclose(mapped, a * X * Y * scales, rtol=1e-15)
    gradients = vmap(grad(f))(*(scales * v for v in args), **{k: scales * v for k, v in kwargs.items()})
    np.testing.assert_allclose(np.array(gradients), np.outer([a * Y, a * X], scales), rtol=1e-15)


def test_a_program(way: Way) -> None:
    f, args, kwargs, a = way
    for like in ((args, kwargs), ([Real] * len(args), dict.fromkeys(kwargs, Real))):
        program = fn(f).compile(*like[0], **like[1])
        assert program(*args, **kwargs) == pytest.approx(a * X * Y, rel=1e-15)
        gradient = grad(f).compile(*like[0], **like[1])
        assert gradient(*args, **kwargs) == pytest.approx((a * Y, a * X), rel=1e-15)


def test_a_check(way: Way) -> None:
    f, args, kwargs, _ = way
    report = check_grads(f, *args, **kwargs)
    assert report.passed
    assert len(report.verdicts) == 2
    assert check_grads(f, *args, wrt=second(args), **kwargs).passed


def test_a_check_of_second_derivatives_by_name() -> None:
    assert check_grads(by_name, X, y=Y, order=2).passed
    assert check_grads(by_name, X, y=Y, a=1.0, order=2, wrt=["a", "y"]).passed
