"""Functions that compute a x y, each in one way of taking x and y; a is 3 where it is left out."""

# The functions are called in all the ways that Python allows, of which an editor knows only some.
# pyright: reportCallIssue=false, reportArgumentType=false, reportFunctionMemberAccess=false
# ruff: noqa: B006, B008 -- defaults that Python can change are among what is tested
from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rosesim import (
    Dual,
    Real,
    Tan,
    Vec,
    fn,
    opaque,
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
