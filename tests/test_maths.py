"""Mathematics functions of our own: within 2 ulp over the whole range, and seen through by LLVM."""

import math
from typing import Any, Literal

import mpmath
import numpy as np
import pytest

from rosesim import Real, Vec, fn, tanh, vec
from rosesim.codegen import compile_func
from rosesim.codegen.maths import INLINED_CALLS, OWN

LENGTH = 1000
ULPS = 2.0  # what the language promises of its mathematics functions


@fn
def all_tanh(x: Vec[Real, LENGTH]) -> Vec[Real, LENGTH]:
    return vec(LENGTH, lambda i: tanh(x[i]))


EXACT = {"tanh": (all_tanh, mpmath.tanh)}


def places() -> np.ndarray:
    """Arguments of every size and sign, dense where the formula changes and around its whole multiples of log 2."""
    rng = np.random.default_rng(0)
    edges = np.concatenate([k * math.log(2) / 4 + rng.normal(size=40) * 1e-3 for k in range(1, 40)])
    sizes = 10.0 ** rng.uniform(-320, 308, 1000)
    found = np.concatenate([edges, sizes, 10.0 ** rng.uniform(-9, 1.4, 6000), rng.uniform(0, 23, 1440)])
    return np.concatenate([found, -found]).reshape(-1, LENGTH)


@pytest.mark.parametrize("math_", ["fast", "strict"])
@pytest.mark.parametrize("name", sorted(OWN))
def test_a_function_of_our_own_is_within_two_ulp(name: str, math_: Literal["fast", "strict"]):
    f, exact = EXACT[name]
    program = f.compile(math=math_)
    worst = 0.0
    with mpmath.workprec(120):
        for row in places():
            for x, y in zip(row, program(row), strict=True):
                true: Any = exact(mpmath.mpf(float(x)))  # mpmath's numbers may be complex to a type checker
                worst = max(worst, float(abs(y - true) / float(np.spacing(abs(float(true))))))
    assert 0.5 < worst <= ULPS


def test_tanh_of_what_is_not_an_ordinary_number():
    program = all_tanh.compile()
    given = np.resize([0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1.8e308], LENGTH)
    found = program(given)[:8]
    assert found[4] != found[4]
    wanted = [0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 1.0]
    assert [math.copysign(1, v) for v in (*found[:4], *found[5:])] == [math.copysign(1, v) for v in wanted]
    assert np.delete(found, 4).tolist() == wanted


def test_a_loop_over_our_functions_is_vectorised():
    text = compile_func(all_tanh.compile().traced.func).llvm
    assert " x double> " in text and "fdiv contract <" in text
    assert "@tanh" not in text and "call double @rosesim.tanh" not in text


def test_many_calls_stay_calls():
    @fn
    def chain(x: Real) -> Real:
        for _ in range(INLINED_CALLS + 1):
            x = tanh(x) + 0.1
        return x

    program = chain.compile()
    assert compile_func(program.traced.func).llvm.count("call") > INLINED_CALLS
    wanted = 0.3
    for _ in range(INLINED_CALLS + 1):
        wanted = math.tanh(wanted) + 0.1
    assert program(0.3) == pytest.approx(wanted, rel=1e-13)
