"""Operators of constants: computed while a program is built, with the bits that machine code computes."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from ir_kit import func
from maths_kit import places

from rosesim.ad.program import folding
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import REAL, Lit
from rosesim.ad.program.ops import OPS
from rosesim.codegen import compile_func
from rosesim.codegen.llvm import maths

NAMES = sorted(maths.WORST)
SPECIAL = (0.0, -0.0, 5e-324, 1e-310, 0.5, 1.0, -1.0, 709.79, 1e22, 2.0**1000, math.inf, -math.inf, math.nan)


def bits(x: float) -> str:
    return "nan" if math.isnan(x) else float(x).hex()


def arguments(name: str) -> list[tuple[float, ...]]:
    x, y = places(name, 12, np.random.default_rng(11))
    few = [(float(a), float(b)) for a, b in zip(x, y, strict=True)]
    few += [(a, b) for a in SPECIAL for b in (SPECIAL if maths.arity(name) == 2 else (0.0,))]
    return [pair[: maths.arity(name)] for pair in few]


def test_a_constant_has_the_bits_that_the_program_would_compute() -> None:
    """Among them are many for which NumPy gives others, so that this would fail with NumPy's."""
    others = 0
    for name in NAMES:
        run = compile_func(func([REAL] * maths.arity(name), lambda b, *xs, name=name: b.op(name, *xs)), math="strict")
        for given in arguments(name):
            (want,) = run(*given)
            assert bits(folding.value(name, given)) == bits(want), (name, given)
            with np.errstate(all="ignore"):
                others += bits(OPS[name].value(*map(np.float64, given))) != bits(want)
    assert others > 20


def test_the_builder_computes_an_operator_of_constants() -> None:
    for name, x in (("sin", 1e22), ("exp", 0.1), ("tanh", 0.3), ("log1p", -0.25)):
        held = Builder().op(name, Lit(x, REAL))
        assert isinstance(held, Lit) and bits(held.value) == bits(folding.value(name, [x]))


def test_without_a_compiler_a_constant_has_numpys_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "_machine", lambda _: None)
    given = np.float64(0.3)
    assert folding.value("exp", [given]) == np.exp(given)


def test_arithmetic_of_constants_needs_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(name: str) -> None:
        raise AssertionError(f"machine code of {name} was asked for")

    monkeypatch.setattr(folding, "_machine", asked)
    for name in ("add", "mul", "div", "minimum", "floor", "sqrt"):
        assert OPS[name].work < folding.LONG
        folding.value(name, [2.0, 3.0][: len(OPS[name].kinds)])
    assert all(OPS[name].work >= folding.LONG for name in NAMES)


def test_a_constant_that_has_no_value_gives_no_warning() -> None:
    cases = {"log": (-1.0,), "exp": (1e3,), "div": (1.0, 0.0), "sub": (math.inf, math.inf)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = [folding.value(name, list(map(np.float64, given))) for name, given in cases.items()]
    assert list(map(bits, found)) == ["nan", "inf", "inf", "nan"]
