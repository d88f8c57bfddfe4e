"""Mathematics functions of our own: within 2 ulp over the whole range, the same bits in lanes, vectorised by LLVM."""

import math
import re
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from maths_kit import machine, places, whole_blocks

import rosesim
from rosesim import Real, Vec, fn, stack, vec
from rosesim.ad.program.ops import OPS
from rosesim.codegen import compile_func
from rosesim.codegen.llvm import maths

NAMES = sorted([*maths.ONE, *maths.TWO])
LENGTH = 1000
ULPS = 2.0  # what the language promises of its mathematics functions
FLOAT_ULPS = 0.51  # computed in double and rounded once
ENDS = [
    0.0,
    1.0,
    0.5,
    2.0,
    3.0,
    math.inf,
    5e-324,
    1e-310,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    1.2e308,
    1e22,
    1e300,
    709.78,
    709.79,
    745.1,
    745.2,
    710.47,
    710.48,
    708.5,
    2.0**52 + 1,
    2.0**53 + 2,
    1 - 2**-53,
    1 + 2**-52,
    88.7,
    88.8,
    103.9,
    104.0,
    1e-45,
    1.2e-38,
    3.4e38,
    2.0**24 - 1,
    2.0**20,
    2.0**20 + 1,
]
SPECIAL = np.array([*ENDS, *(-v for v in ENDS), math.nan])


def exact(name: str, x: float, y: float) -> Any:
    """The true value, or None where it is no real number: mpmath's numbers may be complex to a type checker."""
    args = (mpmath.mpf(x), mpmath.mpf(y))[: maths.arity(name)]
    far = name in ("sin", "cos", "tan") and abs(x) > 1e9
    with mpmath.workprec(1400 if far else 200):
        try:
            value: Any = getattr(mpmath, {"pow": "power"}.get(name, name))(*args)
        except (ValueError, ZeroDivisionError):
            return None
    return value if isinstance(value, mpmath.mpf) and mpmath.isfinite(value) else None


def ulps(found: float, true: Any, digits: int, least: int) -> float:
    """The error in units of the true value's last place."""
    exponent = max(int(mpmath.floor(mpmath.log(abs(true), 2))), least) if true else least
    top = mpmath.mpf(2) ** (128 if digits == 24 else 1024)
    if math.isinf(found) and abs(true) > top * (1 - mpmath.mpf(2) ** (-digits - 1)):
        return 0.0
    return float(abs(found - true) / mpmath.mpf(2) ** (exponent - digits + 1)) if math.isfinite(found) else math.inf


def worst(name: str, dtype: type[Any], digits: int, least: int, runs: list[Callable[..., Any]]) -> list[float]:
    x, y = (v.astype(dtype) for v in places(name, 160, np.random.default_rng(0)))
    inside = np.isfinite(x) & np.isfinite(y) & (x != 0) & (y != 0)
    found = [run(x, y) for run in runs]
    errors = [0.0] * len(runs)
    for k in np.flatnonzero(inside):
        true = exact(name, float(x[k]), float(y[k]))
        if true is not None:
            errors = [max(e, ulps(float(f[k]), true, digits, least)) for e, f in zip(errors, found, strict=True)]
    return errors


def by_numpy(name: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """NumPy's value, what the language means, in double.

    Of arrays: of two scalars np.power takes x**0.5 for the square root, which differs at -0 and -infinity.
    """
    value: Callable[..., Any] = np.vectorize(math.erf, [np.float64]) if name == "erf" else OPS[name].value
    with np.errstate(all="ignore"):
        return value(*(v.astype(np.float64) for v in (x, y)[: maths.arity(name)]))


def test_no_function_of_the_language_is_the_c_librarys():
    from rosesim.codegen.llvm.lower_ops import LOWERING

    assert set(NAMES) <= set(OPS) and set(OPS) == set(LOWERING)


@pytest.mark.parametrize("name", NAMES)
def test_a_function_is_within_two_ulp(name: str):
    runs = [machine(name, "double"), machine(name, "double", contract=True, fma=True)]
    errors = worst(name, np.float64, 53, -1022, runs)
    assert maths.WORST[name] <= ULPS
    # Not below 0.45: even the nearest double is half a unit away somewhere, if enough places are asked.
    assert all(0.45 < e <= maths.WORST[name] for e in errors), errors


@pytest.mark.parametrize("name", NAMES)
def test_a_function_of_floats_is_rounded_once(name: str):
    with np.errstate(over="ignore"):
        errors = worst(name, np.float32, 24, -126, [machine(name, "float")])
    assert 0.49 < errors[0] <= FLOAT_ULPS


@pytest.mark.parametrize("kind", ["double", "float", "<4 x double>", "<8 x float>"])
@pytest.mark.parametrize("name", NAMES)
def test_zeros_infinities_and_the_ends_are_as_numpy_has_them(name: str, kind: str):
    dtype: type[Any] = np.float32 if "float" in kind else np.float64
    x, y = (v.ravel() for v in np.meshgrid(SPECIAL, SPECIAL)) if name in maths.TWO else (SPECIAL, SPECIAL)
    with np.errstate(over="ignore"):
        x, y = (whole_blocks(v.astype(dtype)) for v in (x, y))
        wanted = by_numpy(name, x, y).astype(dtype)
    for mode in ({"contract": False, "fma": False}, {"contract": True, "fma": True}):
        found = machine(name, kind, **mode)(x, y)
        signs = (np.signbit(found) == np.signbit(wanted)) | np.isnan(wanted)
        with np.errstate(all="ignore"):
            near = np.abs(found - wanted) <= ULPS * np.spacing(np.abs(wanted))
        alike = (found == wanted) | (np.isnan(found) & np.isnan(wanted)) | (np.isfinite(found) & near)
        assert [(a, b) for a, b, ok in zip(x, y, signs & alike, strict=True) if not ok] == []


@pytest.mark.parametrize("name", NAMES)
def test_lanes_have_the_bits_of_the_scalar_function(name: str):
    x, y = places(name, 400, np.random.default_rng(1))
    with np.errstate(over="ignore"):
        for base, lanes, bits in (("double", (2, 4, 8), np.int64), ("float", (4, 8), np.int32)):
            scalar = machine(name, base)(x, y).view(bits)
            for n in lanes:
                for fma in (False, True):
                    found = machine(name, f"<{n} x {base}>", fma=fma)(x, y).view(bits)
                    assert np.array_equal(found, scalar), (n, fma)


@pytest.mark.parametrize("name", NAMES)
def test_a_loop_over_a_function_is_vectorised(name: str):
    op = getattr(rosesim, name)

    @fn
    def every(x: Vec[Real, LENGTH], y: Vec[Real, LENGTH]) -> Vec[Real, LENGTH]:
        return vec(LENGTH, lambda i: op(x[i]) if name in maths.ONE else op(x[i], y[i]))

    program = every.compile()
    text = compile_func(program.traced.func).llvm
    assert " x double> " in text
    assert not re.search(rf"call .*{maths.call_name(name, 'double')}\(", text)
    x, y = places(name, 200, np.random.default_rng(2))
    x, y = np.resize(x, LENGTH), np.resize(y, LENGTH)
    strict = every.compile(math="strict")
    assert np.array_equal(
        strict(x, y), machine(name, "double")(whole_blocks(x), whole_blocks(y))[:LENGTH], equal_nan=True
    )
    np.testing.assert_allclose(program(x, y), strict(x, y), rtol=2 * ULPS * 2.0**-52, atol=2 * ULPS * 2.0**-1074)


def test_many_calls_stay_calls():
    @fn
    def chain(x: Real) -> Real:
        for _ in range(maths.INLINED_CALLS + 1):
            x = rosesim.tanh(x) + 0.1
        return x

    program = chain.compile()
    assert compile_func(program.traced.func).llvm.count("call") > maths.INLINED_CALLS
    wanted = 0.3
    for _ in range(maths.INLINED_CALLS + 1):
        wanted = math.tanh(wanted) + 0.1
    assert program(0.3) == pytest.approx(wanted, rel=1e-13)


def test_a_batch_of_runs_has_the_functions_of_its_lanes():
    @fn
    def run(x: Real) -> Real:
        step = lambda s, t: rosesim.sin(3 * s + rosesim.atan2(s, x)) * rosesim.pow(rosesim.exp(s), 0.3)
        return rosesim.scan(step, x, 20)

    x = np.linspace(-2, 2, 64)
    for grad_or_not in (run, rosesim.grad(run)):
        batch = rosesim.vmap(grad_or_not).compile(x, math="strict")
        alone = grad_or_not.compile(0.0, math="strict")
        found = np.asarray(batch(x))
        assert np.isfinite(found).all()
        assert np.array_equal(found, [alone(float(v)) for v in x])
        text = batch.compiled.llvm
        assert re.search(r"call .*<\d x double> @rosesim.sin.v\df64\(", text)
        assert not re.search(r"call .*double @rosesim.sin.f64\(", text)


@pytest.mark.parametrize("name", maths.WORST)
def test_functions_of_constants_have_the_same_bits(name: str) -> None:
    """They are computed when a program is built."""
    xs = [0.1, 0.3, 0.57, 0.9, 1.0]
    rest = [1.7] * (len(OPS[name].kinds) - 1)
    of = getattr(rosesim, name)
    run = fn(lambda x: of(x, *rest)).compile(Real, math="strict")
    held = fn(lambda: stack([of(Real(v), *rest) for v in xs])).compile(math="strict")
    assert held().tolist() == [run(v) for v in xs]
