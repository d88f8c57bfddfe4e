"""Parameters as Python has them: every kind of parameter, in a call, in every transform and in every check.

Each function below computes a x y in one way of taking x and y, a being 3 where it is left out. So all values and
derivatives are known in closed form.
"""

# The functions are called in all the ways that Python allows, of which an editor knows only some.
# pyright: reportCallIssue=false, reportArgumentType=false, reportFunctionMemberAccess=false
# ruff: noqa: B006, B008 -- defaults that Python can change are among what is tested
from __future__ import annotations

import dataclasses
import functools
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rosesim import (
    Dual,
    Real,
    Tan,
    Vec,
    check_grads,
    copysign,
    fn,
    grad,
    hessian,
    jacobian,
    jvp,
    opaque,
    scan,
    step_norms,
    value_and_grad,
    vjp,
    vmap,
)
from rosesim import sum as total

A = 3.0
X, Y = 2.0, 5.0


def plain(x: Real, y: Real, a: Real = A) -> Real:
    return a * x * y


def unannotated(x, y, a=A):
    return a * x * y


def by_position(x: Real, y: Real, a: Real = A, /) -> Real:
    return a * x * y


def by_name(x: Real, *, y: Real, a: Real = A) -> Real:
    return a * x * y


def all_by_name(*, a: Real = A, x: Real, y: Real) -> Real:
    return a * x * y


def rest(x: Real, *more: Real, a: Real = A) -> Real:
    product = a * x
    for y in more:
        product = product * y
    return product


def default_between(x: Real, a: Real = A, y: Real = 7.0) -> Real:
    return a * x * y


def configured(x: Real, y: Real, mode: str = "three", times: int = 3, hook: Any = None) -> Real:
    assert mode == "three"
    assert hook is None
    value = Real(0.0)
    for _ in range(times):
        value = value + x * y
    return value


def of_an_array(x: Real, y: Real, a: Vec[Real, 3] = np.ones(3)) -> Real:
    return x * y * total(3, lambda i: a[i])


def of_an_unannotated_array(x, y, a=np.ones(3)):
    return x * y * total(3, lambda i: a[i])


def of_a_list(x, y, a=[0.5, 1.0]):
    return x * y * total(2, lambda i: (2.0 * a)[i])  # twice a list would be a longer one


@dataclass(frozen=True)
class Factors:
    one: Real
    more: Vec[Real, 2]


def of_a_struct(x: Real, y: Real, a: Factors = Factors(1.0, np.array([2.0, 1.0]))) -> Real:
    return x * y * a.one * total(2, lambda i: a.more[i])


def of_an_unannotated_struct(x, y, a=Factors(1.0, np.array([2.0, 1.0]))):
    return x * y * a.one * total(2, lambda i: a.more[i])


@dataclass(frozen=True)
class Scaled:
    a: float

    @fn
    def method(self, x: Real, y: Real) -> Real:
        return self.a * x * y

    @fn
    @classmethod
    def on_class(cls, x: Real, y: Real) -> Real:
        return A * x * y

    @fn
    @staticmethod
    def static(x: Real, y: Real) -> Real:
        return A * x * y

    def python(self, x: Real, *, y: Real) -> Real:
        return self.a * x * y

    @classmethod
    def python_on_class(cls, x: Real, y: Real) -> Real:
        return A * x * y

    def __call__(self, x: Real, y: Real, *, b: Real = 1.0) -> Real:
        return self.a * b * x * y


def decorated(f: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return f(*args, **kwargs)

    return wrapper


def giving_a(f: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator that hands over an argument: the wrapper takes one less than the function it wraps."""

    @functools.wraps(f)
    def wrapper(x, y):
        return f(x, y, A)

    return wrapper


@opaque
def in_python(x: float, y: float, a: float = A) -> float:
    return a * x * y


@in_python.defjvp
def _(x: Dual, y: Dual, a: Dual) -> Dual:
    slope = a.re * (y.re * x.du + x.re * y.du) + x.re * y.re * a.du
    return Dual(in_python(x.re, y.re, a.re), slope)


@fn
def ruled(x: Real, *, y: Real, a: Real = A) -> Real:
    return a * x * y


@ruled.defvjp
def _(x: Real, ct: Tan, *, y: Real, a: Real) -> tuple[Tan, Tan, Tan]:
    return a * y * ct, a * x * ct, x * y * ct  # in the order of ruled: x, y, a


@fn
def ruled_by_position(x: Real, y: Real, a: Real = A) -> Real:
    return a * x * y


@ruled_by_position.defvjp
def _(first: Real, second: Real, ct: Tan) -> tuple[Tan, Tan]:
    return A * second * ct, A * first * ct  # of calls that leave a out


def partial(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return functools.partial(f, *args, **kwargs)


def spread(x: Real, y: Real, weights: Vec[Real, 3]) -> Real:
    return x * y * total(3, lambda i: weights[i])


def spread_first(weights: Vec[Real, 3], x: Real, y: Real) -> Real:
    return x * y * total(3, lambda i: weights[i])


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


# ------------------------------------------------------------------------------------ what is given, what is left


def test_a_default_that_is_given_is_an_argument_like_any_other() -> None:
    for f in (plain, unannotated, by_position):
        assert grad(f)(X, Y, 4.0) == (4.0 * Y, 4.0 * X, X * Y)
    assert grad(by_name)(X, a=4.0, y=Y) == (4.0 * Y, 4.0 * X, X * Y)
    assert grad(all_by_name)(x=X, a=4.0, y=Y) == (X * Y, 4.0 * Y, 4.0 * X)  # in the order of the signature
    assert grad(in_python)(X, Y, 4.0) == (4.0 * Y, 4.0 * X, X * Y)
    assert grad(ruled)(X, a=4.0, y=Y) == (4.0 * Y, 4.0 * X, X * Y)
    assert jvp(ruled)(X, 0.0, a=4.0, y=Y, tangents={"a": 1.0}) == (4.0 * X * Y, X * Y)
    assert grad(partial(plain, a=1.0))(X, Y, a=4.0) == (4.0 * Y, 4.0 * X, X * Y)
    value, (_, _, d) = value_and_grad(of_an_array)(X, Y, [1.0, 2.0, 3.0])
    assert value == 6.0 * X * Y
    np.testing.assert_array_equal(d, [X * Y] * 3)


def test_one_argument_given_is_one_gradient_and_several_are_a_tuple() -> None:
    @fn
    def square(x: Real, *, k: Real = 2.0) -> Real:
        return k * x * x

    assert grad(square)(3.0) == 12.0
    assert grad(square)(3.0, k=4.0) == (24.0, 9.0)
    assert grad(square, wrt="k")(3.0, k=4.0) == 9.0


def test_a_place_means_the_same_parameter_whatever_is_left_out() -> None:
    assert grad(default_between, wrt=2)(X, y=Y) == A * X
    assert grad(default_between, wrt=-1)(X, y=Y) == A * X
    assert grad(default_between, wrt=-1)(X, 4.0, Y) == 4.0 * X
    assert grad(rest, wrt=-1)(X, Y, 4.0, a=1.0) == X * Y
    assert grad(rest, wrt="more[0]")(X, Y, 4.0, a=1.0) == X * 4.0


def test_a_call_with_a_default_left_out_is_not_taken_for_one_with_another_left_out() -> None:
    @fn
    def f(x: Real, a: Real = 10.0, b: Real = 100.0) -> Real:
        return x + a * 2.0 + b * 3.0

    assert [f(1.0), f(1.0, 5.0), f(1.0, b=5.0), f(1.0, a=5.0), f(1.0, 5.0, 6.0)] == [321, 311, 36, 311, 29]
    assert grad(f)(1.0, b=5.0) == (1.0, 3.0)
    assert grad(f)(1.0, a=5.0) == (1.0, 2.0)

    @fn
    def g(x: Real, *, a: Real = 10.0, b: Real = 100.0) -> Real:
        return x + a * 2.0 + b * 3.0

    assert [g(1.0, a=5.0), g(1.0, b=5.0), g(1.0)] == [311, 36, 321]
    assert (grad(g)(1.0, a=5.0), grad(g)(1.0, b=5.0)) == ((1.0, 2.0), (1.0, 3.0))


def test_a_default_decides_while_tracing_unless_it_is_annotated() -> None:
    @fn
    def power(x: Real, n=3, squared=False) -> Real:
        value = Real(1.0)
        for _ in range(n):
            value = value * x
        return value * value if squared else value

    assert (power(2.0), grad(power)(2.0), hessian(power)(2.0)) == (8.0, 12.0, 12.0)
    assert grad(partial(power, n=4, squared=True))(1.0) == 8.0


def test_a_default_that_changes_is_seen_by_every_transform() -> None:
    def f(x, *, k=2.0, c=[1.0]):
        return k * c[0] * x

    defaults: Any = f.__kwdefaults__

    g = fn(f)
    p = partial(f, k=np.array(2.0)[()])
    transforms = [
        lambda: g(1.0),
        lambda: grad(g)(1.0),
        lambda: vjp(g)(1.0)[1](1.0),
        lambda: jvp(g)(1.0, 1.0)[1],
        lambda: vmap(g)([1.0])[0],
        functools.partial(fn(p), 1.0),
        functools.partial(grad(p), 1.0),
    ]
    kept = [grad(g), jvp(g), vmap(g)]
    kept_values = lambda: (kept[0](1.0), kept[1](1.0, 1.0)[1], kept[2]([1.0])[0])
    assert [t() for t in transforms] == [2.0] * 7
    assert kept_values() == (2.0, 2.0, 2.0)
    defaults["c"][0] = 5.0
    assert [t() for t in transforms] == [10.0] * 7
    assert kept_values() == (10.0, 10.0, 10.0)
    defaults["k"] = p.keywords["k"] = 3.0
    assert [t() for t in transforms] == [15.0] * 7
    assert kept_values() == (15.0, 15.0, 15.0)


def test_a_default_traced_around_it_is_captured() -> None:
    @fn
    def f(x: Real) -> Real:
        inner = fn(lambda y, k=x: k * y)
        return inner(x) + grad(inner)(x)

    assert (f(3.0), grad(f)(3.0)) == (12.0, 7.0)


# --------------------------------------------------------------------------------------------------------- methods


@dataclass(frozen=True)
class Spring:
    k: float = dataclasses.field(compare=False)

    @fn
    def energy(self, x: Real, *, y: Real = 1.0) -> Real:
        return 0.5 * self.k * x * x * y

    force = grad(energy)
    both = value_and_grad(energy, wrt="x")
    stiffness = hessian(energy)
    along = jvp(energy)
    many = vmap(energy)

    @fn
    def ruled(self, x: Real) -> Real:
        return self.k * x

    @ruled.defjvp
    def _(self, x: Dual) -> Dual:
        return Dual(self.k * x.re, 100.0 * self.k * x.du)

    @opaque
    def root(self, x: float, scale: float = 1.0) -> float:
        return self.k * scale * math.sqrt(x)  # which no traced value can go through

    @root.defvjp
    def _(self, x: Real, scale: Real, ct: Tan) -> tuple[Tan, Tan]:
        return 7.0 * ct, 0.0 * ct


def test_transforms_of_methods_are_methods() -> None:
    spring = Spring(10.0)
    assert spring.force(2.0) == 20.0
    assert spring.force(2.0, y=3.0) == (60.0, 20.0)
    assert spring.both(2.0) == (20.0, 20.0)
    assert spring.stiffness(2.0) == 10.0
    assert spring.along(2.0, 1.0) == (20.0, 20.0)
    np.testing.assert_array_equal(spring.many([1.0, 2.0]), [5.0, 20.0])


def test_a_method_keeps_the_rules_and_the_opaque_mark_of_its_function() -> None:
    assert (Spring(10.0).ruled(2.0), grad(Spring(10.0).ruled)(2.0)) == (20.0, 1000.0)
    assert (Spring(10.0).root(4.0), grad(Spring(10.0).root)(4.0)) == (20.0, 7.0)
    assert grad(Spring(10.0).root)(4.0, 2.0) == (7.0, 0.0)


def test_objects_that_are_equal_and_not_the_same_have_methods_of_their_own() -> None:
    assert Spring(1.0) == Spring(2.0)  # k is not compared
    assert (Spring(1.0).energy(2.0), Spring(2.0).energy(2.0)) == (2.0, 4.0)

    @dataclass(frozen=True)
    class Signed:
        k: float

        @fn
        def f(self, x: Real) -> Real:
            return copysign(x, self.k)

    assert (Signed(0.0).f(2.0), Signed(-0.0).f(2.0)) == (2.0, -2.0)
    assert Signed(0.0).f is Signed(0.0).f  # the same: not traced again


# ------------------------------------------------------------------------------------------ the other ways to use it


def test_step_norms_of_every_kind() -> None:
    def f(x: Real, *, ratio: Real = 0.5, n: int = 4) -> Real:
        return scan(lambda c, i: ratio * c, x, n)

    np.testing.assert_array_equal(step_norms(f)(1.0).norms, [0.0625, 0.125, 0.25, 0.5])
    np.testing.assert_array_equal(step_norms(f)(1.0, ratio=2.0).norms, [16.0, 8.0, 4.0, 2.0])
    np.testing.assert_array_equal(step_norms(partial(f, n=2))(x=1.0).norms, [0.25, 0.5])


def test_a_program_takes_keywords() -> None:
    program = fn(plain).compile(Real, Real)
    assert program(X, Y) == program(X, y=Y) == program(y=Y, x=X) == A * X * Y
    assert fn(plain).compile()(X, Y) == A * X * Y  # all defaults are left out
    assert fn(by_name).compile()(X, y=Y) == A * X * Y
    assert jvp(by_name).compile(Real, Real, y=Real, tangents={"y": Real})(X, 1.0, y=Y, tangents={"y": 1.0}) == (
        A * X * Y,
        A * (X + Y),
    )
    assert vmap(by_name, over="y").compile(Real, y=Vec[Real, 2])(X, y=[1.0, 2.0]).tolist() == [A * X, 2 * A * X]


def test_an_argument_named_self_or_like_an_option() -> None:
    f = fn(lambda self, args, f: self * args * f)
    assert f(self=2.0, args=3.0, f=4.0) == 24.0
    assert grad(f)(2.0, args=3.0, f=4.0) == (12.0, 8.0, 6.0)
    assert check_grads(f, self=2.0, args=3.0, f=4.0).passed
    assert fn(lambda math: 2.0 * math).compile(Real)(math=3.0) == 6.0


def test_transforms_of_jvp_take_what_jvp_takes() -> None:
    cube = fn(lambda x, *, k=2.0: k * x**3)  # its derivatives: 3 k x^2, 6 k x by x
    assert jvp(jvp(cube))(2.0, 1.0, 1.0, 0.0, k=1.0) == ((8.0, 12.0), (12.0, 12.0))
    assert grad(lambda x: jvp(cube)(x, 1.0, k=1.0)[1])(2.0) == 12.0
    assert jvp(grad(cube))(2.0, 1.0, k=1.0) == ((12.0, 8.0), (12.0, 12.0))
    values, tangents = vmap(jvp(cube))([2.0, 1.0], [1.0, 1.0], k=[1.0, 1.0], tangents={"k": [0.0, 1.0]})
    assert (values.tolist(), tangents.tolist()) == ([8.0, 1.0], [12.0, 4.0])
    assert vmap(jvp(cube), over="x")([2.0, 1.0], 1.0, k=1.0)[1].tolist() == [12.0, 3.0]
    assert vmap(jvp(cube), over=1)(2.0, [1.0, 2.0], k=1.0)[1].tolist() == [12.0, 24.0]
    assert jacobian(jvp(cube), wrt="dx")(2.0, 1.0, k=1.0) == (0.0, 12.0)
    by_k = jacobian(jvp(cube))(2.0, 1.0, k=1.0, tangents={"k": 0.5})[1]
    assert by_k == (12.0 + 6.0, 12.0, 12.0, {"k": 8.0})  # of 3 k x^2 dx + x^3 dk by x, dx, k and dk
    assert check_grads(jvp(cube), 2.0, 1.0, k=1.0, tangents={"k": 0.5}).passed
    own = fn(lambda x, tangents=1.0: x * tangents)  # its own parameter of that name
    assert jvp(own)(2.0, 1.0, tangents=3.0) == (6.0, 3.0)


def test_a_batch_of_batches() -> None:
    @fn
    def product(x: Real, *, y: Real = 2.0) -> Real:
        return x * y

    rows = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    np.testing.assert_array_equal(vmap(vmap(product))(rows), 2.0 * np.array(rows))
    np.testing.assert_array_equal(vmap(vmap(product, over="x"))(rows, y=[3.0, 4.0]), [[3, 6, 9], [16, 20, 24]])


def test_an_array_of_whole_numbers_indexes() -> None:
    @fn
    def picked(x: Vec[Real, 3], order=np.array([2, 0, 1])) -> Real:
        return total(3, lambda i: x[order[i]] * (i + 1))

    assert picked([1.0, 10.0, 100.0]) == 100.0 + 2.0 + 30.0
    np.testing.assert_array_equal(grad(picked)([1.0, 10.0, 100.0]), [2.0, 3.0, 1.0])


def test_partials_of_transforms() -> None:
    assert fn(partial(grad(by_name), y=Y))(X) == (A * Y, A * X)
    assert partial(grad(by_name), y=Y)(X) == (A * Y, A * X)
    assert partial(jvp(plain), X, Y)(1.0, 0.0) == (A * X * Y, A * Y)


def test_what_python_sees_of_a_function_of_the_language() -> None:
    for f in (fn(by_name), grad(by_name), Scaled(A).method):
        names = [*inspect.signature(f).parameters]
        assert names == (["x", "y"] if f is Scaled(A).method else ["x", "y", "a"])
