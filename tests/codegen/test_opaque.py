"""Functions of Python's, called from machine code: their values, their exceptions, and who calls whom."""

from __future__ import annotations

import gc
import traceback
import weakref
from typing import Any

import numpy as np
import pytest
from compiled_kit import agree, loop_over, put
from ir_kit import Body, at, between, func, reals

from rosesim.ad.program.ir import (
    BOOL,
    REAL,
    Call,
    Fill,
    Func,
    Get,
    IntT,
    Opaque,
    Ty,
    Var,
    index_ty,
)
from rosesim.ad.support.errors import ProgramError
from rosesim.codegen import compile_func

pytestmark = pytest.mark.usefixtures("calls_stay_calls")


class Unlucky(Exception):
    pass


def test_an_exception_of_an_opaque_function_comes_out_unchanged() -> None:
    unlucky = Unlucky("seven")

    def user(x: float) -> tuple[float]:
        if x == 7.0:
            raise unlucky
        return (x + 1.0,)

    g = Func("user", (Var(REAL, "x"),), Opaque(user, (REAL,)))
    f = func([REAL], lambda b, x: loop_over(b, 10, [x], lambda b, i, c: b.let(Call(g, (c,)), REAL)))
    compiled = compile_func(f)
    assert compiled(100.0) == (110.0,)
    with pytest.raises(Unlucky) as caught:
        compiled(0.0)
    assert caught.value is unlucky
    assert "user" in {frame.name for frame in traceback.extract_tb(caught.value.__traceback__)}
    assert compiled(8.0) == (18.0,)


def test_an_opaque_function_of_every_kind_of_value() -> None:
    seen: list[Any] = []

    def user(x: float, p: bool, i: int, a: Any, k: Any) -> tuple[Any, ...]:
        seen[:] = [type(v) for v in (x, p, i, a, k)]
        a += x  # its own copy
        return a * 2, int(k[i]), not p, float(a.sum()), k

    params = [REAL, BOOL, index_ty(3), reals(3), Ty(IntT(0, 9), (3,))]
    results = (reals(3), between(0, 9), BOOL, REAL, params[-1])
    g = Func("user", tuple(map(Var, params)), Opaque(user, results))
    f = func(params, lambda b, *args: [*b.let(Call(g, args), *results), args[3]])
    agree(f, 2.0, True, 1, np.arange(3.0), np.array([4, 5, 6]))
    assert seen == [float, bool, int, np.ndarray, np.ndarray]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((1.0,), "returned 1 values, expected 2"),
        ((np.zeros(3), 1), r"shape \(3,\), expected \(2,\)"),
        ((np.zeros(2), 3), "returned 3, expected integers from 0 to 2"),
        ((np.zeros(2), 1.0), "returned 1.0, expected integers"),
        ((np.zeros(2, complex), 1), "expected real numbers"),
    ],
)
def test_an_opaque_function_that_breaks_its_promise(answer: Any, message: str) -> None:
    tys = (reals(2), index_ty(3))
    g = Func("user", (), Opaque(lambda: answer, tys))
    compiled = compile_func(func([], lambda b: b.let(Call(g, ()), *tys)))
    with pytest.raises(ProgramError, match=message):
        compiled()


def test_an_opaque_function_may_call_the_compiled_program_that_calls_it() -> None:
    compiled: Any = None

    def user(x: float) -> tuple[float]:
        if x <= 0.0:
            raise Unlucky
        try:
            return (x + compiled(x - 1.0)[0],)
        except Unlucky:
            return (x,)

    g = Func("user", (Var(REAL),), Opaque(user, (REAL,)))

    def write(b: Body, x: Var) -> Any:
        big = b.let(Fill(x), reals(1000))  # in the workspace: each call under way needs its own
        y = b.let(Call(g, (x,)), REAL)
        made = put(b, big, at(0, 1000), y)
        last = b.let(Get(made, (at(999, 1000),)), REAL)
        return [y, b.op("sub", last, x), made]

    compiled = compile_func(func([REAL], write))
    assert compiled.workspace_bytes >= 0
    assert compiled(5.0)[:2] == (15.0, 0.0)


def test_machine_code_and_callbacks_die_with_the_compiled_program() -> None:
    class User:
        def __call__(self, x: float) -> tuple[float]:
            return (x,)

    user = User()
    gone = weakref.ref(user)
    g = Func("user", (Var(REAL),), Opaque(user, (REAL,)))
    compiled = compile_func(func([REAL], lambda b, x, g=g: b.let(Call(g, (x,)), REAL)))
    assert compiled(2.0) == (2.0,)
    del user, g, compiled
    gc.collect()
    assert gone() is None
