"""Each operator in machine code: its bits are the interpreter's, or within two units in the last place."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from compiled_kit import agree
from ir_kit import TRUE, ZERO, Body, at, between, func, integer, tan
from loop_kit import loop

from rosesim import Index, Real, Vec, fn, vec, vmap
from rosesim.ad.program import interp
from rosesim.ad.program.ir import BOOL, REAL, TAN, Get, IntT, Ty, Var, index_ty
from rosesim.ad.program.ops import OPS
from rosesim.codegen import compile_func
from rosesim.codegen.llvm import maths
from rosesim.codegen.llvm.lower_ops import LOWERING

pytestmark = pytest.mark.usefixtures("calls_stay_calls")


def test_every_operator_has_a_lowering_and_no_other() -> None:
    assert set(LOWERING) == set(OPS)


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e300, -1e300, 5e-324, math.inf, -math.inf, math.nan]


OF_REALS = [n for n, op in OPS.items() if set(op.kinds) == {"r"}]
MATHS = [n for n in OF_REALS if n in maths.WORST or n == "unit"]
EXACT = [n for n in OF_REALS if n not in MATHS]
"""What is no mathematics function has one right result."""


@pytest.mark.parametrize("name", EXACT)
def test_arithmetic_equals_the_interpreter_to_the_bit(name: str) -> None:
    op = OPS[name]
    f = func([REAL] * len(op.kinds), lambda b, *xs: b.op(name, *xs, ty=BOOL if op.result == "b" else REAL))
    compiled = compile_func(f, math="strict")
    for x in SPECIAL:
        for y in SPECIAL if len(op.kinds) == 2 else [0.0]:
            args = (x, y)[: len(op.kinds)]
            (got,), (want,) = compiled(*args), interp.run(f, args)
            if isinstance(want, np.floating):
                same = (math.isnan(got) and math.isnan(want)) or got.hex() == float(want).hex()
                assert same, (name, args, got, want)
            else:
                assert got is want, (name, args)


@pytest.mark.parametrize("name", MATHS)
def test_mathematics_functions_agree_within_two_ulp(name: str) -> None:
    f = func([REAL] * len(OPS[name].kinds), lambda b, *xs: b.op(name, *xs))
    compiled = compile_func(f, math="strict")
    rng = np.random.default_rng(1)
    for x in [*SPECIAL, *rng.uniform(-3, 3, 40)]:
        for y in [*SPECIAL, 0.7] if len(OPS[name].kinds) == 2 else [0.0]:
            args = (x, y)[: len(OPS[name].kinds)]
            if name == "pow" and args == (-math.inf, 0.5):
                continue  # IEEE 754 says infinity, NumPy takes the square root: NaN
            (got,), (want,) = compiled(*args), interp.run(f, args)
            np.testing.assert_array_max_ulp(np.float64(got), np.float64(want), 2)  # type: ignore[arg-type]


@pytest.mark.parametrize("math_mode", ["fast", "strict"])
@pytest.mark.parametrize("n", [1, 2, 7, 128, 1000, 2**24, 2**25, 2**31, 2**40])
def test_conversions_to_an_index_are_total(n: int, math_mode: Any) -> None:
    for name in ("floor_clamp", "floor_wrap"):
        f = func([REAL], lambda b, x, name=name: b.op(name, x, integer(n), ty=index_ty(n)))
        compiled = compile_func(f, math=math_mode)
        for x in [*SPECIAL, 6.999, 7.0, -7.0, -0.3, 2.0**52, 2.0**53 + 2, -(2.0**62), 2.0**63, 1e19, -1e308, n - 0.5]:
            assert compiled(x) == interp.run(f, (x,)), (name, n, x)


@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_places_on_a_grid_of_a_power_of_two_wrap_in_any_number_of_cells(precision: Any) -> None:
    """Alone, in a loop that vectors run, and in lanes; and moved by one, where no loop counts the place."""
    n = 64
    around = Index[n].wrap
    after = lambda x: around(around(x) + 1)

    @fn
    def cells(x: Vec[Real, 20]) -> Vec[Real, 20]:
        return vec(20, lambda i: 0.0 + after(x[i]) + 100.0 * around(x[i]) + 10000.0 * around(around(x[i]) - 1))

    largest = 3e38 if precision == "f32" else 1e308
    numbers = [0.0, -0.0, 0.5, -0.5, 63.9, 64.0, -64.0, -65.5, 2.0**24 + 2, -(2.0**24) - 2, 2.0**31, -(2.0**31),
               2.0**62, 2.0**63, -(2.0**63), 1e19, largest, -largest, 1e-40, 6400.0]  # fmt: skip
    x = np.array(numbers, np.float32 if precision == "f32" else np.float64)
    place = np.array([math.floor(v) % n for v in x.tolist()])
    wanted = (place + 1) % n + 100.0 * place + 10000.0 * ((place - 1) % n)
    np.testing.assert_array_equal(cells.compile(x, precision=precision)(x), wanted)
    rows = np.stack([np.roll(x, k) for k in range(9)])
    in_lanes = vmap(cells).compile(rows, precision=precision)(rows)
    np.testing.assert_array_equal(in_lanes, np.stack([np.roll(wanted, k) for k in range(9)]))


def test_remainders_of_places_that_an_array_says_are_low_bits_and_those_of_a_loop_stay_a_choice() -> None:
    def write(b: Body, places: Var) -> Any:
        def cell(b: Body, i: Var) -> Any:
            moved = lambda j: b.op(
                "int_wrap", b.op("iadd", j, integer(1), ty=between(1, 8)), integer(8), ty=index_ty(8)
            )
            return [moved(i), moved(b.let(Get(places, (i,)), index_ty(8)))]

        return loop(b, 8, cell)

    f = func([Ty(IntT(0, 7), (8,))], write)
    text = compile_func(f, optimise=False).llvm
    assert text.count("and i64") == 1 and text.count("icmp sge i64") == 1
    agree(f, np.array([7, 0, 3, 3, 6, 7, 1, 2]))


def test_whole_numbers_divide_towards_minus_infinity() -> None:
    ty = between(-50, 50)
    f = func(
        [ty, between(-7, -1), between(1, 7)],
        lambda b, i, j, k: [
            b.op("idiv", i, j, ty=between(-50, 50)),
            b.op("idiv", i, k, ty=between(-50, 50)),
            b.op("imod", i, k, ty=between(0, 6)),
            b.op("int_wrap", i, k, ty=between(0, 6)),
            b.op("int_clamp", i, k, ty=between(0, 6)),
            b.op("imul", i, k, ty=between(-350, 350)),
            b.op("isub", i, k, ty=between(-57, 49)),
            b.op("iadd", i, j, ty=between(-57, 49)),
            b.op("cast", i, ty=between(-100, 100)),
            b.op("real", i),
            b.op("ilt", i, k, ty=BOOL),
            b.op("ile", i, k, ty=BOOL),
            b.op("ieq", i, k, ty=BOOL),
        ],
    )
    compiled = compile_func(f)
    for i in range(-50, 51, 7):
        for j in (-7, -2, -1):
            for k in (1, 3, 7):
                assert compiled(i, j, k) == interp.run(f, (i, j, k))


def test_bits_of_integers() -> None:
    ty, far = between(-50, 50), between(-(2**61), 2**61)
    f = func(
        [ty, between(-7, 70), between(0, 5), between(0, 2**40), between(0, 0)],
        lambda b, i, j, k, n, zero: [
            *(b.op(name, i, j, ty=between(-128, 127)) for name in ("iand", "ior", "ixor")),
            b.op("ishl", i, k, ty=between(-1600, 1600)),
            b.op("ishr", i, k, ty=ty),
            b.op("ishr", i, n, ty=ty),  # shifts beyond the 64 bits of a register
            b.op("ishl", zero, n, ty=index_ty(1)),
            b.op("ishl", i, integer(50), ty=far),
        ],
    )
    compiled = compile_func(f)
    for i in range(-50, 51, 7):
        for j, k, n in ((-7, 0, 0), (-1, 1, 3), (0, 2, 63), (5, 3, 64), (70, 5, 2**40)):
            assert compiled(i, j, k, n, 0) == interp.run(f, (i, j, k, n, 0))


def test_logic() -> None:
    f = func(
        [BOOL, BOOL, REAL],
        lambda b, p, q, x: [
            *(b.op(n, p, q, ty=BOOL) for n in ("and", "or", "xor")),
            b.op("not", p, ty=BOOL),
            b.op("select", p, x, ZERO),
            b.op("select", p, q, TRUE, ty=BOOL),
            b.op("select", p, at(1, 3), at(2, 3), ty=index_ty(3)),
        ],
    )
    for p in (True, False):
        for q in (True, False):
            agree(f, p, q, 2.5)


def test_a_tangent_is_a_float() -> None:
    agree(func([TAN, REAL], lambda b, t, x: b.op("mul", t, x, ty=TAN)), 1.5, 3.0)
    agree(func([REAL], lambda b, x: [tan(-0.5), x]), 1.0)
