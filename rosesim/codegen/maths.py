"""Mathematics functions of our own, written so that the vectoriser sees through them.

A call into the C library stops it: a layer of a network is then computed one neuron after the other. A
function here has no branches and no tables; it is inlined where it is called. Its error terms rely on
rounding as written, so no operation of it may be reordered, whatever the program's mode; contraction into
fused multiply-adds only makes the terms more exact, and is allowed where the program allows it.
"""

from __future__ import annotations

import math

from rosesim.ad.ir import FloatT
from rosesim.codegen import layout
from rosesim.codegen.code import Code

INLINED_CALLS = 256
"""A program with more calls than this keeps them as calls: LLVM's time grows faster than a function's size."""

_LN2_HIGH = float.fromhex("0x1.62e4200000000p-1")
"""The logarithm of 2 in so few bits that its product with a small whole number is exact."""
_LN2_LOW = 4.7493250390316726e-07
"""The rest of the logarithm of 2."""
_LOG2_E = 1.4426950408889634
_ROUNDS = 1.5 * 2**52
"""Added to a number below 2**51, it leaves the nearest whole number in the low bits of the sum."""


def _tanh(contract: bool) -> list[str]:
    """tanh x = m / (m + 2), m = exp(2|x|) - 1; within 1.7 ulp.

    exp is 2^k exp(r), |r| <= log(2) / 2, by its series. m is the sum of 2^k - 1, 2^k r and the rest of
    the series, the rounding of the first sum given back; so is that of m + 2, where m is small.
    """
    c = Code(0)

    def let(instruction: str, *args: str | float) -> str:
        flags = "contract " if contract and instruction != "fcmp ogt" else ""
        return c.let(f"{instruction} {flags}double {', '.join(map(_text, args))}")

    def choose(p: str, a: str | float, b: str | float) -> str:
        return c.let(f"select i1 {p}, double {_text(a)}, double {_text(b)}")

    size = c.let("call double @llvm.fabs.f64(double %x)")
    double = let("fadd", size, size)
    y = choose(let("fcmp ogt", double, 44.0), 44.0, double)  # tanh is 1 from 19.1 on; a NaN stays
    shifted = let("fadd", let("fmul", y, _LOG2_E), _ROUNDS)
    k = let("fsub", shifted, _ROUNDS)
    high = let("fsub", y, let("fmul", k, _LN2_HIGH))
    low = let("fmul", k, _LN2_LOW)
    r = let("fsub", high, low)
    rest = let("fsub", let("fsub", high, r), low)
    series: str | float = 1 / math.factorial(13)
    for n in range(12, 1, -1):
        series = let("fadd", let("fmul", series, r), 1 / math.factorial(n))
    series = let("fadd", let("fmul", let("fmul", r, r), series), rest)
    bits = c.let(f"add i64 {c.let(f'bitcast double {shifted} to i64')}, 1023")
    power = c.let(f"bitcast i64 {c.let(f'shl i64 {bits}, 52')} to double")  # 2^k: the low bits hold k
    whole, part = let("fsub", power, 1.0), let("fmul", power, r)
    head = let("fadd", whole, part)
    lost = let("fsub", part, let("fsub", head, whole))
    m = let("fadd", head, let("fadd", lost, let("fmul", power, series)))
    d = let("fadd", m, 2.0)
    excess = let("fsub", m, let("fsub", d, 2.0))
    large = let("fcmp ogt", m, 4.0)
    q = let("fdiv", choose(large, -2.0, m), d)
    half = let("fsub", 0.5, let("fmul", 0.5, q))  # 1 / (m + 2), as long as m is small
    mended = let("fsub", q, let("fmul", q, let("fmul", excess, half)))
    t = choose(large, let("fadd", 1.0, q), mended)
    c.put(f"ret double {c.let(f'call double @llvm.copysign.f64(double {t}, double %x)')}")
    return c.lines


OWN = {"tanh": _tanh}
"""Functions of one double by name; for other types the C library's are used."""


def definitions(text: str, *, contract: bool) -> list[str]:
    """The definitions of those functions that a module's text calls."""
    found: list[str] = []
    for name, body in OWN.items():
        calls = text.count(f"@rosesim.{name}(")
        if calls:
            inline = "alwaysinline" if calls <= INLINED_CALLS else "noinline"
            head = f"define internal double @rosesim.{name}(double %x) nounwind willreturn memory(none) {inline} {{"
            found += ["\n".join([head, "entry:", *body(contract), "}"])]
    return found


def _text(v: str | float) -> str:
    return v if isinstance(v, str) else layout.real(v, FloatT())
