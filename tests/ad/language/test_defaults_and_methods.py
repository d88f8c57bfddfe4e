"""Defaults that are left out or given, methods, and what Python sees of a function of the language."""

# The functions are called in all the ways that Python allows, of which an editor knows only some.
# pyright: reportCallIssue=false, reportArgumentType=false, reportFunctionMemberAccess=false
# ruff: noqa: B006, B008 -- defaults that Python can change are among what is tested
from __future__ import annotations

import dataclasses
import functools
import inspect
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from parameters_kit import (
    A,
    Scaled,
    X,
    Y,
    all_by_name,
    by_name,
    by_position,
    default_between,
    in_python,
    of_an_array,
    partial,
    plain,
    rest,
    ruled,
    unannotated,
)

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
