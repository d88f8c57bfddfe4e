"""Single precision: the same program with reals of 32 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rosesim import Index, Real, TypeMismatch, Vec, const, fn, grad, opaque, scan, vmap
from rosesim.scenes import compiled, configure, find_scene
from tests.codegen.test_lanes import N, branching, calling, contacts, ending, nested, placing, runs_alone, waiting

EPS = float(np.finfo(np.float32).eps)


@pytest.mark.parametrize("f", [branching, contacts, nested, ending, waiting, placing, calling], ids=lambda f: f.name)
def test_single_precision_is_double_precision_rounded(f: Any) -> None:
    x = np.random.default_rng(3).normal(size=N).astype(np.float32).astype(np.float64)
    for g in (f, grad(f)):
        double, single = g.compile(x)(x), g.compile(x, precision="f32")(x)
        # Some dozens of roundings, of numbers up to about 10.
        np.testing.assert_allclose(single, double, rtol=100 * EPS, atol=300 * EPS)
        assert np.asarray(single).dtype == np.float32 or isinstance(single, float)


def test_both_kinds_of_arrays_go_in_and_single_ones_come_out() -> None:
    @fn
    def f(x: Vec[Real, 3], k: Index[3]):
        return x.at[k].add(x[0] / 3.0), k, x[k]

    x = np.array([1.0, 2.0, 3.0])
    program = f.compile(precision="f32")
    for given in (x, x.astype(np.float32)):
        v, k, one = program(given, 1)
        assert v.dtype == np.float32 and k == 1 and one == 2.0
        np.testing.assert_array_equal(v, np.array([1, np.float32(2) + np.float32(1) / np.float32(3), 3], np.float32))


def test_a_constant_that_single_precision_cannot_hold_is_refused() -> None:
    @fn
    def small(x: Real) -> Real:
        return x * 1e-60

    @fn
    def large(x: Real) -> Real:
        return x * 1e60

    for f in (small, large):
        assert f.compile()(1.0) in (1e-60, 1e60)
        with pytest.raises(TypeMismatch, match=r"test_precision.py:\d+: the constant 1e[-+]60 .*single precision"):
            f.compile(precision="f32")

    @fn
    def table(x: Real, i: Index[80]) -> Real:
        return x * const(np.logspace(-60, 0, 80))[i]

    with pytest.raises(TypeMismatch, match="the constant 1e-60"):
        table.compile(precision="f32")


def test_a_function_of_python_works_in_single_precision() -> None:
    @opaque
    def half(x: float, v: Vec[Real, 2]) -> float:
        return x / 2 + float(v[1])

    @fn
    def f(x: Real, v: Vec[Real, 2]) -> Real:
        return half(x, v) + 1.0

    assert f.compile(precision="f32")(3.0, np.array([0.0, 0.25])) == 2.75


def test_lanes_of_single_precision_give_what_runs_give_alone() -> None:
    x = np.random.default_rng(5).normal(size=(19, N))
    for f in (branching, contacts, ending, waiting):
        how: dict[str, Any] = {"math": "strict", "precision": "f32"}
        np.testing.assert_array_equal(vmap(grad(f)).compile(x, **how)(x), runs_alone(grad(f), x, **how))


def test_single_precision_rounds_after_each_operation() -> None:
    @fn
    def f(x: Real) -> Real:
        return scan(lambda c, i: c + x, x, 1000)

    total = x = np.float32(0.1)
    for _ in range(1000):
        total = np.float32(total + x)
    assert f.compile(math="strict", precision="f32")(0.1) == total


def test_a_scene_in_single_precision() -> None:
    scene, inputs = configure(find_scene("mass_spring"), ["steps=50"])
    params = scene.params(np.random.default_rng(0))
    made = compiled(scene)
    single = made.loss.compile(params, inputs, precision="f32")(params, inputs)
    assert single == pytest.approx(made.value(params, inputs), rel=1e-4)


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 'f64' or 'f32'"):
        branching.compile(precision="f16")
