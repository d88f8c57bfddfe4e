"""A call that does not fit its function is refused alike by every transform: our error, the signature, the line."""

# The mistakes are made on purpose, and an editor would see some of them.
# pyright: reportCallIssue=false, reportArgumentType=false
from __future__ import annotations

import builtins
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mistakes import refuses

from rosesim import (
    ArgumentError,
    Dual,
    Real,
    RosesimError,
    Tan,
    TraceError,
    TypeMismatch,
    Vec,
    check_grads,
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
from rosesim.checks.grads import along_gradient


def rolled(x: Real, y: Real = 1.0, /, z: Real = 2.0, *, k: Real, q: Real = 3.0) -> Real:
    return scan(lambda c, i: c * z, x * y * k * q, 3)


SHOWN = "(x: Real, y: Real = 1.0, /, z: Real = 2.0, *, k: Real, q: Real = 3.0)"

WRONG: dict[str, tuple[tuple[Any, ...], dict[str, Any], str]] = {
    "nothing": ((), {}, "missing required arguments: 'x', 'k'"),
    "one missing": ((1.0,), {}, "missing a required argument: 'k'"),
    "too many": ((1.0, 2.0, 3.0, 4.0), {"k": 1.0}, "too many positional arguments"),
    "a name that is none": ((1.0,), {"k": 1.0, "w": 1.0}, "got an unexpected keyword argument 'w'"),
    "one given twice": ((1.0, 2.0, 3.0), {"k": 1.0, "z": 1.0}, "got two values for argument 'z'"),
    "a position by name": ((1.0,), {"k": 1.0, "y": 1.0}, "'y' is taken by position only"),
}


def compiled(*args: Any, **kwargs: Any) -> Any:
    """A program of x and k, given something else."""
    return fn(rolled).compile(1.0, k=1.0)(*args, **kwargs)


def called_while_traced(*args: Any, **kwargs: Any) -> Any:
    return fn(lambda: fn(rolled)(*args, **kwargs))()


def tangents_too(*args: Any, **kwargs: Any) -> Any:
    return jvp(rolled)(*args, *args, **kwargs)


USES: dict[str, Callable[..., Any]] = {
    "a call": fn(rolled),
    "a call while traced": called_while_traced,
    "compile": fn(rolled).compile,
    "a program": compiled,
    "grad": grad(rolled),
    "value_and_grad": value_and_grad(rolled),
    "vjp": vjp(rolled),
    "jvp": tangents_too,
    "jacobian": jacobian(rolled),
    "hessian": hessian(rolled),
    "vmap": vmap(rolled),
    "grad of grad": grad(grad(rolled, wrt=0), wrt=0),
    "a gradient's": grad(rolled).compile,
    "step_norms": step_norms(rolled),
    "check_grads": functools.partial(check_grads, rolled),
    "along_gradient": functools.partial(along_gradient, rolled),
    "a partial": fn(functools.partial(rolled)),
}


BOTH = [(u, w) for u in USES for w in WRONG if (u, w) not in {("compile", "nothing"), ("a gradient's", "nothing")}]


@pytest.mark.parametrize(("use", "wrong"), BOTH)  # compile without examples goes by annotations
def test_a_wrong_call(use: str, wrong: str) -> None:
    args, kwargs, said = WRONG[wrong]
    f = USES[use]
    with pytest.raises(RosesimError) as caught:
        f(*args, **kwargs)
    e = caught.value
    assert type(e) is (ArgumentError if use == "a program" else TypeMismatch)
    assert SHOWN in str(e)
    assert said in str(e) or use == "a program"
    assert isinstance(e, TypeError)  # as Python's own
    mine = {"a call while traced": called_while_traced, "a program": compiled, "jvp": tangents_too}
    code = mine[use].__code__ if use in mine else test_a_wrong_call.__code__
    file, _, line = str(e.where).rpartition(":")
    assert file == __file__
    assert code.co_firstlineno < int(line) <= max(n for *_, n in code.co_lines() if n is not None)


def test_a_count_that_no_parameter_takes_is_refused_at_the_line() -> None:
    f = fn(lambda x, y: x * y)
    run = lambda: grad(f)(1.0)  # here
    refuses(TypeMismatch, run, "grad(<lambda>): missing a required argument: 'y'; expected grad(<lambda>)(x, y)")


def test_tangents_that_are_missing() -> None:
    f = fn(lambda x, y: x * y)
    run = lambda: jvp(f)(1.0, 2.0)  # here
    said = "expected jvp(<lambda>)(arguments, as many tangents), the arguments those of <lambda>(x, y)"
    refuses(TypeMismatch, run, "missing a required argument: 'y'", said)


def test_an_odd_count_for_jvp() -> None:
    run = lambda: jvp(lambda x: x)(1.0)  # here
    refuses(TypeMismatch, run, "called with 1 arguments by position, which is odd", "as many tangents as arguments")


def test_a_tangent_of_what_is_not_given_by_keyword() -> None:
    run = lambda: jvp(lambda x, *, k=1.0: x * k)(1.0, 1.0, tangents={"k": 1.0})  # here
    refuses(TypeMismatch, run, "got a tangent for 'k', which is not given by keyword")


@pytest.mark.parametrize(("wrt", "name"), [(1, "y"), ("q", "q"), (-1, "z"), (["k", "q"], "q"), ("z", "z")])
@pytest.mark.parametrize("transform", [grad, value_and_grad, vjp, jacobian, hessian])
def test_wrt_of_a_default_that_is_left_out(transform: Any, wrt: Any, name: str) -> None:
    run = lambda: transform(rolled, wrt=wrt)(1.0, k=1.0)  # here
    refuses(TypeMismatch, run, f"this call leaves {name} to its default; expected a call that gives it", SHOWN)


def test_check_grads_of_a_default_that_is_left_out() -> None:
    run = lambda: check_grads(rolled, 1.0, k=1.0, wrt="q")  # here
    refuses(TypeMismatch, run, "wrt='q' was found, and this call leaves q to its default")


def test_vmap_over_a_default_that_is_left_out() -> None:
    run = lambda: vmap(rolled, over="q")(1.0, k=1.0)  # here
    refuses(TypeMismatch, run, "over='q' was found, and this call leaves q to its default")


@pytest.mark.parametrize("wrt", ["w", 3, -4, True, 1.5, None.__class__, ["k", "w"]])
def test_wrt_of_no_parameter(wrt: Any) -> None:
    run = lambda: grad(rolled, wrt=wrt)(1.0, 2.0, 3.0, k=1.0)  # here
    refuses(TypeMismatch, run, "was found; rolled takes x, y, z, k", SHOWN)


def test_a_program_given_what_it_was_not_compiled_for() -> None:
    program = fn(rolled).compile(1.0, k=1.0)
    assert program(1.0, k=2.0) == 8.0 * 2.0 * 3.0
    run = lambda: program(1.0, k=1.0, q=1.0)  # here
    refuses(ArgumentError, run, "x, k, q was given; expected x, k, as it was compiled for", SHOWN)


def test_compiling_what_takes_any_number_of_arguments() -> None:
    @fn  # here
    def f(*xs: Real) -> Real:
        return xs[0]

    refuses(TypeMismatch, f.compile, "an example of each argument", "f(*xs: Real)")
    assert f.compile(Real, Real)(1.0, 2.0) == 1.0


def test_a_name_that_is_an_option_too() -> None:
    f = fn(lambda x, *, seed=1.0, math=1.0: x * seed * math)
    run = lambda: [f.compile(Real, math=2.0)]  # here
    refuses(TypeMismatch, run, "math= is an option of compile, and <lambda> has a parameter of this name")
    with pytest.raises(TypeMismatch, match="seed= is an option of check_grads"):
        check_grads(f, 1.0, seed=2.0)
    with pytest.raises(TypeMismatch, match="output= is an option of along_gradient"):
        along_gradient(lambda x, *, output=1.0: x * output, 1.0, output=2.0)


def test_keyword_parameters_without_names_are_refused() -> None:
    def f(x: Real, **more: Real) -> Real:  # here
        return x

    refuses(TraceError, lambda: fn(f)(1.0), "f(**more) was found; expected named parameters")


def test_a_function_without_a_signature() -> None:
    run = lambda: fn(builtins.max)(1.0, 2.0)  # here
    refuses(TraceError, run, "max has no signature that Python can read; expected one: wrap it")


def test_an_annotation_that_is_no_type_matters_when_its_argument_is_given() -> None:
    @fn  # here
    def f(x: Real, mode: str = "a") -> Real:
        return x

    assert f(1.0) == 1.0
    refuses(TypeMismatch, lambda: f(1.0, "b"), "f, mode: the annotation <class 'str'> is not a type of rosesim")


def test_a_default_of_another_type_than_its_annotation() -> None:
    @fn
    def f(x: Real, k: Real = "a") -> Real:  # pyright: ignore
        return x * k

    with pytest.raises(TypeMismatch, match="str"):
        f(1.0)


def test_a_long_default_does_not_fill_the_message() -> None:
    @fn
    def f(x: Real, table: Vec[Real, 100] = np.zeros(100)) -> Real:  # noqa: B008
        return x

    run = lambda: f()  # here
    refuses(TypeMismatch, run, "expected f(x: Real, table: Vec[Real, 100] = array([0.")
    with pytest.raises(TypeMismatch) as e:
        f()
    assert len(str(e.value).partition("expected")[2]) < 100


def test_a_rule_that_does_not_take_the_arguments() -> None:
    @fn
    def f(x: Real, *, k: Real = 1.0) -> Real:
        return x * k

    @f.defjvp  # here
    def _(x: Dual) -> Dual:
        return x

    assert grad(f)(2.0) == 1.0
    refuses(
        TypeMismatch, lambda: grad(f)(2.0, k=1.0), "the rule given to f.defjvp takes", "f(x: Real, *, k: Real = 1.0)"
    )


def test_a_reverse_rule_that_does_not_take_the_arguments() -> None:
    @opaque
    def f(x: Real, k: Real) -> Real:
        return x * k

    @f.defvjp  # here
    def _(x: Real, ct: Tan) -> Tan:
        return ct

    refuses(TypeMismatch, lambda: grad(f)(2.0, 1.0), "the rule given to f.defvjp takes", "f(x: Real, k: Real)")
