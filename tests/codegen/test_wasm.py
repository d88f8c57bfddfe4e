"""WebAssembly modules: they give machine code's bits and messages, share what is equal, and refuse what cannot go."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest
from maths_kit import places

import rosesim
from fuzz.oracle import same_bits
from fuzz.wasm_run import Instance, leaves
from rosesim import Bool, Index, Real, Vec, const, fn, opaque, scan, select, value_and_grad, vec
from rosesim.ad.language.function import Fn
from rosesim.ad.support.errors import ProgramError, TooLarge, TypeMismatch
from rosesim.codegen import compile_func
from rosesim.codegen.llvm import engine, maths
from rosesim.codegen.planned import Options
from rosesim.codegen.wasm import link
from rosesim.codegen.wasm.module import Root, module_of
from rosesim.web import wasm

ONE, TWO = sorted(maths.ONE), sorted(maths.TWO)
EDGES = [
    *(0.0, 5e-324, 1e-310, 2.2250738585072014e-308, 1e-8, 2.0**-27, 0.5, 1 - 2**-53, 1.0, 1 + 2**-52, 2.0, 3.0),
    *(math.pi / 4, math.pi / 2, math.pi, 22.0, 708.5, 709.78, 709.79, 745.1, 745.2, 2.0**20, 2.0**20 + 1),
    *(2.0**52 + 1, 2.0**53 + 2, 1e22, 6381956970095103 * 2.0**797, 2.0**1000, 1.7976931348623157e308, math.inf),
]
SPECIAL = [*EDGES, *(-x for x in EDGES), math.nan]


def traced(f: Fn[..., Any], options: Options) -> tuple[Callable[..., Any], Instance]:
    """A function in machine code and in wasmtime: both take and give flat numbers and arrays."""
    program = f.traced(f.signature().required())
    root = Root(program.func, list(zip("abcdefgh", program.params, strict=False)), program.result)
    native = compile_func(program.func, math=options.math, precision=options.precision)
    return native, Instance(module_of({"f": root}, options))


def assert_same(native: Callable[..., Any], instance: Instance, *args: Any) -> list[Any]:
    """Both have the same bits, which are given."""
    want, found = native(*args), instance.run("f", *args)
    assert len(want) == len(found)
    for k, (x, y) in enumerate(zip(want, found, strict=True)):
        assert same_bits(x, y), (k, args, x, y)
    return found


# ----------------------------------------------------------------------------- mathematics functions


@fn
def one_point(x: Real, y: Real):
    """Every mathematics function, of one number."""
    return *(getattr(rosesim, n)(x) for n in ONE), *(getattr(rosesim, n)(x, y) for n in TWO), rosesim.fmod(x, y)


@cache
def points() -> tuple[np.ndarray, np.ndarray]:
    """The places of every function, and every pair of edges."""
    rng = np.random.default_rng(7)
    some = [places(n, 48, rng) for n in [*ONE, *TWO]]
    x, y = (np.concatenate([s[k] for s in some]) for k in (0, 1))
    special = np.array(SPECIAL)
    return np.concatenate([x, np.repeat(special, special.size)]), np.concatenate([y, np.tile(special, special.size)])


def of_c(name: str, *args: float) -> float:
    """The C library's value, to one unit in the last place; NaN where Python raises instead."""
    try:
        return getattr(math, name)(*args)
    except (ValueError, OverflowError):
        return math.nan


def test_mathematics_functions_have_machine_codes_bits_everywhere() -> None:
    xs, ys = points()
    assert xs.size > 8000

    @fn
    def all_points(x: Vec[Real, xs.size], y: Vec[Real, xs.size]):  # pyright: ignore[reportInvalidTypeForm]
        """Loops, which the vectoriser gives two lanes here and four in machine code."""
        one = (vec(xs.size, lambda i, n=n: getattr(rosesim, n)(x[i])) for n in ONE)
        two = (vec(xs.size, lambda i, n=n: getattr(rosesim, n)(x[i], y[i])) for n in TWO)
        return *one, *two

    found = assert_same(*traced(all_points, Options("strict")), xs, ys)
    for name, values in zip([*ONE, *TWO], found, strict=True):  # an independent source, so that both cannot be wrong
        want = np.array([of_c(name, *args) for args in zip(*(xs, ys)[: maths.arity(name)], strict=True)])
        inside = np.isfinite(want)
        assert inside.mean() > 0.1
        with np.errstate(all="ignore"):
            off = np.flatnonzero(inside & ~(np.abs(values - want) <= 3 * np.spacing(np.abs(want))))
        _, first = np.unique(xs[off], return_index=True)
        assert first.size <= 2, (name, xs[off])
        for k in off[first]:  # cos(6381956970095103 * 2**797) of some C libraries has 50 bits only
            with mpmath.workprec(1400):
                true = float(getattr(mpmath, name)(mpmath.mpf(xs[k])))
            assert abs(values[k] - true) <= 2 * np.spacing(abs(true)), (name, xs[k])


def test_mathematics_functions_of_one_number_have_machine_codes_bits_on_edges() -> None:
    native, instance = traced(one_point, Options("strict"))
    for k, x in enumerate(SPECIAL):
        for y in (SPECIAL[(7 * k + 3) % len(SPECIAL)], 2.5, -3.0, x):
            assert_same(native, instance, x, y)


# ------------------------------------------------------------------------- integers and small reals

TOPS = (2, 256, 257, 65536, 65537, 2**32, 2**32 + 1, 2**40)
"""Numbers of values: u8, u16, u32 and u64 to their ends."""


@fn
def integers(
    a: Vec[Index[256], 6],
    b: Vec[Index[65536], 6],
    c: Vec[Index[2**32], 6],
    d: Vec[Index[2**40], 6],
    p: Vec[Bool, 6],
    x: Vec[Real, 6],
):
    """Conversions between all widths and to reals and back, arithmetic, bits, and comparisons."""

    def at(i: Any) -> Any:
        made = [a[i] + b[i], a[i] - d[i], a[i] * b[i], c[i] // 7, d[i] % 1000, (a[i] - 128) // 3, (a[i] - 128) % 5]
        made += [b[i] & 0x0FF0, c[i] | 1, c[i] ^ 0xFFFF, a[i] << 9, d[i] >> 5]
        reals = [Real(v) for v in (a[i], b[i], c[i], d[i], a[i] - d[i])]
        back = [kind(x[i]) for n in TOPS for kind in (Index[n].clamp, Index[n].wrap)]
        narrowed = [kind(d[i]) for n in TOPS for kind in (Index[n].clamp, Index[n].wrap)]
        tests = [a[i] < b[i], c[i] <= d[i], a[i] == b[i], p[i] & (x[i] > 0), select(p[i], Real(a[i]), x[i]) > 1]
        return *made, *reals, *back, *narrowed, *tests, select(p[i], c[i], a[i])

    return vec(6, at)


def test_integers_of_all_widths_have_machine_codes_values() -> None:
    native, instance = traced(integers, Options("strict"))
    scalars = {leaf["scalar"] for leaf in leaves(instance.description["programs"]["f"]["result"])}
    assert scalars == {"u8", "u16", "u32", "u64", "i64", "f64", "bool"}
    rng = np.random.default_rng(3)
    reals = [0.0, -0.0, 0.9, -0.5, 1.5, 255.5, 256.0, -1e9, 2.0**32, 2.0**63, -(2.0**63), 1e19, 1e300, math.inf,
             -math.inf, math.nan, 65535.99, 2.0**40 - 0.5]  # fmt: skip
    for k in range(0, len(reals), 6):
        ints = [rng.choice([0, 1, n // 2, n - 2, n - 1], 6) for n in (256, 65536, 2**32, 2**40)]
        kinds = (np.uint8, np.uint16, np.uint32, np.uint64)
        given = [np.ascontiguousarray(v, t) for v, t in zip(ints, kinds, strict=True)]
        assert_same(native, instance, *given, rng.random(6) < 0.5, np.array(reals[k : k + 6]))


def test_single_precision_has_machine_codes_bits() -> None:
    @fn
    def f(a: Vec[Real, 40], b: Real):
        def at(i: Any) -> Any:
            return *(getattr(rosesim, n)(a[i]) for n in ONE), rosesim.pow(a[i], b), a[i] / b, Index[9].clamp(a[i])

        return vec(40, at), scan(lambda c, i: c * b + a[i] * a[i], 0.0, 40)

    native, instance = traced(f, Options("strict", "f32"))
    program = instance.description["programs"]["f"]
    assert program["parameters"]["a"]["scalar"] == "f32"
    edges = [0.0, -0.0, 1e-45, 1e-38, 0.5, 1.0, -1.0, 88.7, 88.8, -104.0, 1e22, 3e38, math.inf, -math.inf, math.nan]
    given = np.array([*edges, *np.random.default_rng(5).normal(0, 9, 40 - len(edges))], np.float32)
    for b in (0.5, -3.0, 1.1):
        assert_same(native, instance, given, b)


# ------------------------------------------------------------------------------------------- guards


@fn
def guarded(a: Real, b: Index[5], p: Bool):
    i = Index[3].check(a)
    j = Index[4].check(b)
    n = rosesim.while_loop(lambda s: s < 10.0, lambda s: s + a, 0.0, 8)
    return n + Real(i) + Real(j), i, j - 2, p & (a > 1.0), select(p, i, Index[3](2))


def test_a_guard_stops_with_machine_codes_message() -> None:
    native, instance = traced(guarded, Options("strict"))
    for p in (False, True):
        assert_same(native, instance, 2.0, 3, p)
    said = set[str]()
    for args in ((3.0, 0, True), (math.nan, 0, True), (2.0, 4, True), (0.5, 1, True)):
        with pytest.raises(ProgramError) as want:
            native(*args)
        with pytest.raises(ProgramError) as found:
            instance.run("f", *args)
        assert str(want.value) == f"{want.value.where}: {found.value}"
        said.add(str(found.value))
    assert len(said) == 3
    assert_same(native, instance, 2.0, 3, True)  # a program that stopped runs again


# ------------------------------------------------------------------------- what a module has once


@fn
def long_sum(x: Vec[Real, 30], s: Real) -> Real:
    return rosesim.sum(30, lambda i: rosesim.sin(x[i] * s) ** 3 * rosesim.exp(x[i]))


@fn
def other(x: Vec[Real, 31], s: Real) -> Real:
    return x[0] * s


def test_equal_functions_and_tables_are_there_once() -> None:
    @fn
    def large(x: Vec[Real, 30], s: Real) -> Real:
        """Too large to be inlined into each entry."""
        for k in range(12):
            s = s * rosesim.sin(x[k] * s) + rosesim.sum(30, lambda i, s=s, k=k: rosesim.tan(x[i] + k * s))
        return s + const(np.arange(500.0))[Index[500].check(s)]

    one, three = (wasm(dict.fromkeys(names, large)) for names in ("f", "fgh"))
    assert len(one.code) > 16_000 and len(three.description["failures"]) == 1
    assert len(three.code) < len(one.code) + 900  # two entries and descriptions


def test_parameters_of_one_name_and_type_are_one_place() -> None:
    module = wasm({"f": long_sum, "g": value_and_grad(long_sum, wrt=0), "other": other}, math="strict")
    f, g, h = (module.description["programs"][n] for n in ("f", "g", "other"))
    assert f["parameters"] == g["parameters"]
    assert f["parameters"]["s"] == h["parameters"]["s"]
    assert f["parameters"]["x"]["at"] != h["parameters"]["x"]["at"]
    every = [*leaves(f["result"]), *leaves(g["result"]), *leaves(h["result"])]
    every += [*f["parameters"].values(), h["parameters"]["x"]]
    spans = sorted((p["at"], p["at"] + 8 * math.prod(p["shape"])) for p in every)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans)), spans
    instance = Instance(module)
    x = np.linspace(0, 1, 30)
    value, slope = instance.run("g", x, 2.0)
    instance.run("other", np.full(31, 9.0), 2.0)
    assert instance.run("f", x, 2.0) == [value]
    assert value == pytest.approx(np.sum(np.sin(2 * x) ** 3 * np.exp(x)), rel=1e-14)
    direction = np.cos(3 * x)
    ends = [instance.run("f", x + h * direction, 2.0)[0] for h in (1e-6, -1e-6)]
    assert slope @ direction == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-8)


# ---------------------------------------------------------------------------------------- addresses


def test_a_workspace_leaves_captured_arrays_alone() -> None:
    """Kept states of a scan are in the workspace, which lies before the captured arrays."""
    table = np.random.default_rng(4).normal(size=300)

    @fn
    def f(x: Vec[Real, 300]) -> Real:
        def step(s: Any, i: Any) -> Any:
            return vec(300, lambda j: rosesim.sin(s[j]) * const(table)[j])

        return rosesim.sum(300, lambda j: scan(step, x, 20)[j] * const(table)[j])

    native, instance = traced(value_and_grad(f, wrt=0), Options("strict"))
    for _ in range(2):  # the second run finds what the first one has overwritten
        assert_same(native, instance, np.linspace(-1.0, 1.0, 300))


def test_tables_above_two_gib_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """There an address is negative as a constant."""

    @fn
    def f(i: Index[3000], x: Real):
        return const(np.arange(3000.0) ** 2)[i], rosesim.sin(x)

    native, low = traced(f, Options("strict"))
    assert assert_same(native, low, 2999, 1e300)[0] == 2999.0**2
    plain, far = link.link, 2**31

    def high(*args: Any, base: int, memory: int, **more: Any) -> bytes:
        return plain(*args, base=base + far, memory=memory + far, **more)

    monkeypatch.setattr(link, "link", high)
    assert_same(*traced(f, Options("strict")), 2999, 1e300)


# ----------------------------------------------------------------------------------------- refusals


@opaque
def looked_up(x: Real) -> Real:
    return float(x)  # pyright: ignore[reportReturnType]


def test_an_opaque_function_is_refused_with_its_line() -> None:
    @fn
    def f(x: Real) -> Real:
        return looked_up(x) + 1.0

    with pytest.raises(TypeMismatch, match=r"test_wasm\.py:\d+: looked_up is opaque: .* wasm32 does not have"):
        wasm({"f": f})


def test_a_debug_program_is_refused() -> None:
    with pytest.raises(ValueError, match="a debug program reports numbers, which wasm32 cannot take"):
        traced(one_point, Options("strict", debug=True))


def test_too_much_memory_is_refused_whatever_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    @fn
    def gives(x: Real) -> Vec[Real, 200_000]:
        return vec(200_000, lambda i: x * i)

    table = np.random.default_rng(0).normal(size=40_000)

    @fn
    def holds(i: Index[40_000]) -> Real:
        return const(table)[i]

    with pytest.raises(TooLarge, match=r"captured arrays take 0\.305 MiB"):
        wasm({"f": holds}, memory=2**18)
    assert wasm({"f": holds}, memory=2**19).memory_bytes <= 2**19
    monkeypatch.setattr(engine, "target_code", None)  # what the plan shows is refused before LLVM runs
    with pytest.raises(TooLarge, match=r"the module takes 1\.62 MiB, more than the 1 MiB allowed"):
        wasm({"f": gives}, memory=2**20)
