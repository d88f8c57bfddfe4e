"""A program's text: what a person sees of each construct."""

from __future__ import annotations

import pytest
from ir_kit import ONE, TRUE, ZERO, Body, at, between, block, func, integer, real, reals, ref, tan, tans
from numpy import arange

from rosesim.ad.program import ir
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import BOOL, REAL, TAN, Func, Loop, Op, Ty, Var, index_ty
from rosesim.ad.program.show import show, type_text


def text(f: Func) -> str:
    check(f)
    return show(f)


def line(f: Func) -> str:
    """The last let of a function."""
    return text(f).splitlines()[-2].strip()


@pytest.mark.parametrize(
    ("ty", "expected"),
    [
        (REAL, "Real"), (TAN, "Tan"), (BOOL, "Bool"), (Ty(ir.FloatT(32)), "Real32"), (Ty(ir.TanT(32)), "Tan32"),
        (index_ty(5), "Index[5]"), (index_ty(0), "Index[0]"), (between(-1, 4), "Int[-1..4]"),
        (between(2, 4), "Int[2..4]"), (reals(11, 2), "11x2 Real"), (ref(reals(11)), "&11 Real"), (ref(REAL), "&Real"),
        (Ty(ir.IntT(0, 4), (0,)), "0 Index[5]"),
    ],
)  # fmt: skip
def test_types(ty: Ty, expected: str):
    assert type_text(ty) == expected


def test_a_function_with_a_loop():
    i, s = Var(index_ty(3), "i"), Var(REAL, "s")

    def write(b: Body, v: Var):
        def step(c: Body):
            x = c.let(ir.Get(v, (i,)), REAL)
            return c.op("add", s, c.op("mul", x, x))

        return b.op("sqrt", b.let(Loop(n=3, index=i, inits=(ZERO,), carries=(s,), body=block(step)), REAL))

    f = func([reals(3)], write, "norm")
    assert text(f) == (
        "fn norm(a: 3 Real) -> Real\n"
        "  %1: Real = loop i: Index[3] from s: Real = 0.0\n"
        "    %2: Real = a[i]\n"
        "    %3: Real = %2 * %2\n"
        "    %4: Real = s + %3\n"
        "    -> %4\n"
        "  %5: Real = sqrt(%1)\n"
        "  -> %5"
    )


@pytest.mark.parametrize(
    ("name", "tys", "out", "expected"),
    [
        ("add", [REAL, REAL], REAL, "a + b"), ("neg", [REAL], REAL, "-a"), ("not", [BOOL], BOOL, "not a"),
        ("select", [BOOL, REAL, REAL], REAL, "b if a else c"), ("and", [BOOL, BOOL], BOOL, "a and b"),
        ("le", [REAL, REAL], BOOL, "a <= b"), ("ieq", [index_ty(2), index_ty(2)], BOOL, "a == b"),
        ("iadd", [index_ty(2), index_ty(2)], index_ty(3), "a + b"), ("pow", [REAL, REAL], REAL, "pow(a, b)"),
        ("idiv", [index_ty(9), between(2, 2)], index_ty(5), "a // b"), ("atan2", [REAL, REAL], REAL, "atan2(a, b)"),
    ],
)  # fmt: skip
def test_operators(name: str, tys: list[Ty], out: Ty, expected: str):
    assert line(func(tys, lambda b, *a: b.op(name, *a, ty=out))).endswith(f"= {expected}")


def test_literals_show_what_they_are():
    f = func([], lambda b: (real(0.1), TRUE, integer(-3), tan(0.0), real(float("inf")), real(-0.0)))
    assert text(f).splitlines()[-1] == "  -> 0.1, True, -3, 0.0t, inf, -0.0"


def test_constructs_on_arrays():
    x = reals(2, 3)
    i = index_ty(2)
    assert line(func([x, i], lambda b, x, i: b.let(ir.Get(x, (i, at(2, 3))), REAL))) == "%1: Real = a[b, 2]"
    put = func([x, i, REAL], lambda b, x, i, v: b.let(ir.Put(x, (i, i), v), x.ty))
    assert line(put) == "%1: 2x3 Real = a with [b, b] = c"
    assert line(func([REAL], lambda b, x: b.let(ir.Stack((x, ONE)), reals(2)))) == "%1: 2 Real = [a, 1.0]"
    assert line(func([], lambda b: b.let(ir.Fill(tan(0.0)), tans(2)))) == "%1: 2 Tan = fill(0.0t)"
    assert line(func([REAL], lambda b, x: b.let(ir.Stop(x), REAL))) == "%1: Real = stop_gradient(a)"


def test_a_large_constant_shows_its_first_elements():
    small = func([], lambda b: b.let(ir.Data(arange(2.0)), reals(2)))
    large = func([], lambda b: b.let(ir.Data(arange(1e6).reshape(1000, 1000)), reals(1000, 1000)))
    assert line(small) == "%1: 2 Real = data(0.0, 1.0)"
    assert line(large) == "%1: 1000x1000 Real = data(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, ...)"


def test_loops_show_how_they_run():
    i, s = Var(index_ty(9), "i"), Var(REAL, "s")
    bare = func(
        [index_ty(10)],
        lambda b, k: b.let(
            Loop(n=9, index=i, inits=(), carries=(), body=block(lambda c: ONE), upto=k, reverse=True), reals(9)
        ),
    )
    assert text(bare).splitlines()[1:3] == [
        "  %1: 9 Real = loop i: Index[9] upto a reverse",
        "    -> 1.0",
    ]

    def write(b: Body, x: Var):
        test = block(lambda c: c.op("gt", s, ONE, ty=BOOL))
        return b.let(
            Loop(n=9, index=i, inits=(x,), carries=(s,), body=block(lambda c: c.op("exp", s)), test=test),
            REAL,
            index_ty(10),
        )

    assert text(func([REAL], write)) == (
        "fn f(a: Real) -> (Real, Index[10])\n"
        "  %1: Real, %2: Index[10] = loop i: Index[9] from s: Real = a\n"
        "    while\n"
        "      %3: Bool = s > 1.0\n"
        "      -> %3\n"
        "    do\n"
        "      %4: Real = exp(s)\n"
        "      -> %4\n"
        "  -> %1, %2"
    )


def test_branches_and_guards():
    def write(b: Body, p: Var, x: Var):
        b.let(ir.Guard(p, 'no "balls"\nleft'))
        return b.let(ir.Cond(p, block(lambda c: c.op("neg", x)), block(lambda c: x)), REAL)

    assert text(func([BOOL, REAL], write)) == (
        "fn f(a: Bool, b: Real) -> Real\n"
        '  guard a: "no \\"balls\\"\\nleft"\n'
        "  %1: Real = cond a\n"
        "    then\n"
        "      %2: Real = -b\n"
        "      -> %2\n"
        "    else\n"
        "      -> b\n"
        "  -> %1"
    )


def test_accumulators_and_calls():
    adder = func([ref(REAL)], lambda b, r: [b.let(ir.Add(r, (), ONE))][1:], "adder")
    r, q = Var(ref(reals(2)), "r"), Var(ref(BOOL), "q")

    def write(b: Body, x: Var):
        def inside(c: Body):
            c.let(ir.Add(r, (at(1, 2),), ONE))
            c.let(ir.Add(q, (), TRUE))
            c.let(ir.Call(adder, (c.let(ir.SubRef(r, (at(0, 2),)), ref(REAL)),)))
            return ONE

        return b.let(ir.Accum((x, TRUE), (r, q), block(inside)), REAL, reals(2), BOOL)

    assert text(func([reals(2)], write)) == (
        "fn adder(a: &Real) -> ()\n"
        "  a += 1.0\n"
        "  ->\n"
        "\n"
        "fn f(a: 2 Real) -> (Real, 2 Real, Bool)\n"
        "  %1: Real, %2: 2 Real, %3: Bool = accum r: &2 Real = a, q: &Bool = True\n"
        "    r[1] += 1.0\n"
        "    q |= True\n"
        "    %4: &Real = &r[0]\n"
        "    adder(%4)\n"
        "    -> 1.0\n"
        "  -> %1, %2, %3"
    )


def test_functions_and_variables_of_one_name_are_told_apart():
    inner = func([REAL], lambda b, x: x, "step")
    x, y, z = Var(REAL, "x"), Var(REAL, "x"), Var(REAL, "x.2")
    body = block(lambda b: [b.lets.append(ir.Let((y,), ir.Call(inner, (x,)))), y][1:])
    outer = Func("step", (x, z), body, ir.Where("pool.py", 3))
    assert text(outer) == (
        "fn step(a: Real) -> Real\n"
        "  -> a\n"
        "\n"
        "fn step.2(x: Real, x.2: Real) -> Real  # pool.py:3\n"
        "  x.3: Real = step(x)\n"
        "  -> x.3"
    )


def test_without_deep_the_function_alone():
    inner = func([REAL], lambda b, x: x, "inner")
    outer = func([REAL], lambda b, x: b.let(ir.Call(inner, (x,)), REAL), "outer")
    assert show(outer, deep=False) == "fn outer(a: Real) -> Real\n  %1: Real = inner(a)\n  -> %1"


def test_an_opaque_function_shows_its_type():
    box = Func("table", (Var(reals(3), "key"),), ir.Opaque(lambda x: (x[0],), (REAL,)))
    assert text(box) == "opaque fn table(key: 3 Real) -> Real"


def test_the_text_is_the_same_each_time():
    f = func([REAL], lambda b, x: b.op("mul", b.op("sin", x), b.op("cos", x)))
    assert show(f) == show(f)


def test_blocks_nested_beyond_the_recursion_limit_show():
    here = block(lambda b: ONE)
    for _ in range(300):
        here = block(lambda b, inner=here: b.let(ir.Cond(TRUE, inner, block(lambda c: ZERO)), REAL))
    assert len(show(Func("f", (), here)).splitlines()) > 300


def test_an_ill_formed_let_shows_too():
    stray = Var(REAL)
    wrong = func([], lambda b: [b.let(Op("add", (stray,))), b.let(ir.Stack(()), REAL)][2:])
    assert show(wrong) == "fn f() -> ()\n  add(%1)\n  %2: Real = []\n  ->"
