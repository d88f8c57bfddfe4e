"""Long programs compile in a time that grows with their length, and what LLVM breaks is made again without it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import ONE, Body, func

from rosesim.ad.program import interp
from rosesim.ad.program.ir import (
    REAL,
    Call,
    Func,
    Var,
)
from rosesim.codegen import compile_func
from rosesim.codegen.llvm import engine
from rosesim.codegen.targets import host

pytestmark = pytest.mark.usefixtures("calls_stay_calls")


def test_a_chain_of_three_thousand_functions_compiles() -> None:
    f = func([REAL], lambda b, x: b.op("add", x, ONE))
    for _ in range(3_000):
        g = f
        f = func([REAL], lambda b, x, g=g: b.op("add", b.let(Call(g, (x,)), REAL), ONE))
    compiled = compile_func(f)
    assert compiled(0.0) == (3_001.0,)


def test_twenty_functions_that_each_call_the_last_twice_compile_in_linear_time() -> None:
    f = func([REAL], lambda b, x: b.op("add", x, ONE))
    for _ in range(20):
        g = f

        def twice(b: Body, x: Var, g: Func = g) -> Any:
            return b.let(Call(g, (b.let(Call(g, (x,)), REAL),)), REAL)

        f = func([REAL], twice)
    compiled = compile_func(f)
    assert compiled(0.0) == (2.0**20,)


def test_a_long_straight_block_compiles() -> None:
    rng = np.random.default_rng(0)
    picks = rng.integers(0, 50, (6_000, 2))

    def write(b: Body, x: Var) -> Any:
        last = [x] * 50
        for i, j in picks:
            name = "add" if i % 2 else "mul"
            last = [*last[1:], b.op("sin", b.op(name, last[i], b.op("sub", last[j], ONE)))]
        return last[-1]

    f = func([REAL], write)
    compiled = compile_func(f)
    assert compiled(0.7)[0] == pytest.approx(float(interp.run(f, (0.7,))[0]), rel=1e-6)  # type: ignore[arg-type]


def test_a_module_that_the_straight_line_vectoriser_broke_is_made_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = engine._optimise

    class Broken:
        """A module that LLVM's verifier refuses, as that of a robot's gradient once was."""

        def __init__(self, module: Any):
            self.module = module

        def verify(self) -> None:
            raise RuntimeError("Instruction does not dominate all uses!")

    def optimise(module: Any, machine: Any, effort: Any) -> None:
        asked.append(effort)
        real(module.module if isinstance(module, Broken) else module, machine, effort)

    parsed = engine._parsed

    broken = {0}  # of the modules made of one text, by number

    def parsed_once(text: str, target: Any, effort: Any) -> Any:
        module, machine = parsed(text, target, effort)
        return (Broken(module) if len(asked) in broken else module), machine

    monkeypatch.setattr(engine, "_optimise", optimise)
    monkeypatch.setattr(engine, "_parsed", parsed_once)
    text = "define double @f(double %x) {\n  %y = fadd double %x, 1.0\n  ret double %y\n}\n"
    assert "fadd" in str(engine._module(text, host(), "all")) and asked == ["all", "loops"]
    asked.clear()
    broken |= {1, 2}
    with pytest.raises(RuntimeError, match="dominate"):  # without either it is nobody's known mistake
        engine._module(text, host(), "all")
    assert asked == ["all", "loops", "loops"]
