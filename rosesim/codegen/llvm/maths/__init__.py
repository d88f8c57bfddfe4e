"""Our own mathematics functions, for one number and for a number in each lane.

A call into the C library stops the vectoriser, gives other bits on another machine, and knows no lanes. Here each
function is written once, as a body of operations of some kind (`values`), and is made for each kind that a program
calls: the function's name is `call_name("sin", "<4 x double>")`. Each lane has the bits of the scalar function. Error
terms rely on rounding as written, so nothing is reordered in any mode. Contraction into fused multiply-adds only
makes other terms more exact; it is allowed if the program allows it.

A function of floats is computed in double with shorter polynomials, and rounded once.

Short functions without branches are inlined, so that loops around them vectorise. The others stay calls; the
attribute `vector-function-abi-variant` tells LLVM's vectoriser which function takes four doubles (or eight floats) at
once. The polynomials are our own: benchmarks/maths_coefficients.py. A comparison with the C library:
benchmarks/maths_ratio.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rosesim.codegen.llvm.maths.error_function import erf
from rosesim.codegen.llvm.maths.exponential import cosh, exp, expm1, sinh, tanh
from rosesim.codegen.llvm.maths.inverse import acos, asin, atan, atan2
from rosesim.codegen.llvm.maths.logarithm import log, log1p
from rosesim.codegen.llvm.maths.powers import hypot, power
from rosesim.codegen.llvm.maths.trigonometric import FAR, TWO_OVER_PI, cos, far, sin, tan
from rosesim.codegen.llvm.maths.values import Doubles, Kind, Writer

INLINED_CALLS = 256
"""A program with more calls than this keeps them as calls: LLVM's time grows faster than a function's size."""

ONE: dict[str, Callable[[Writer, Doubles], Doubles]] = {
    "sin": sin,
    "cos": cos,
    "tan": tan,
    "asin": asin,
    "acos": acos,
    "atan": atan,
    "sinh": sinh,
    "cosh": cosh,
    "tanh": tanh,
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "erf": erf,
}
"""Functions of one number."""
TWO: dict[str, Callable[[Writer, Doubles, Doubles], Doubles]] = {"pow": power, "atan2": atan2, "hypot": hypot}
"""Functions of two."""

WORST: dict[str, float] = {
    **{"sin": 0.8, "cos": 0.8, "tan": 1.3, "asin": 1.6, "acos": 1.1, "atan": 1.1, "atan2": 1.3},
    **{"sinh": 0.9, "cosh": 0.9, "tanh": 1.8, "exp": 0.9, "expm1": 1.2, "log": 0.8, "log1p": 1.3},
    **{"pow": 0.8, "hypot": 1.2, "erf": 1.4},
}
"""The worst error of each function for doubles, in units in the last place: the largest found against mpmath in about
20,000 places over the whole range, with and without contraction, rounded up. For floats it is 0.51."""
_INLINED = ("exp", "tanh", "log", "hypot")
"""Functions that are inlined: a call costs more than a tenth of each. Longer functions gain nothing by it."""
_LOOP = " = phi "
"""A module's text contains this if it has loops."""
_PURE = "nounwind willreturn memory(none)"


def call_name(name: str, kind: str) -> str:
    """The name of a function of some kind in LLVM's text.

    >>> call_name("sin", "double"), call_name("pow", "<8 x float>")
    ('@rosesim.sin.f64', '@rosesim.pow.v8f32')
    """
    return f"@rosesim.{name}.{Kind.of(kind).suffix}"


def definitions(text: str, *, contract: bool, fma: bool = False, vector_bytes: int = 32) -> list[str]:
    """The definitions of the mathematics functions that a module's text calls, and of what those need.

    `contract` allows fused multiply-adds. `fma` says that one is a single instruction; pairs are then computed with
    it, to the same bits. `vector_bytes` is the width of LLVM's vectoriser. If it is 0 there are no vectors, and the
    vectoriser gets no variants of functions.
    """
    calls: dict[tuple[str, Kind], int] = {}
    for name, lanes, width in re.findall(r"call [^@\n]*@rosesim\.(\w+)\.(?:v(\d+))?f(64|32)\(", text):
        key = name, Kind("double" if width == "64" else "float", int(lanes or 0))
        calls[key] = calls.get(key, 0) + 1
    attributes: dict[tuple[str, Kind], str] = {}
    variants: list[str] = []
    for (name, kind), number in calls.items():
        if name in _INLINED and number <= INLINED_CALLS:
            attributes[name, kind] = "alwaysinline"
            continue
        attributes[name, kind] = "noinline"
        if not kind.lanes and vector_bytes and _LOOP in text:
            many = Kind(kind.base, vector_bytes // (8 if kind.base == "double" else 4))
            scalar, vector = (call_name(name, k.text) for k in (kind, many))
            shape = f"_ZGV_LLVM_N{many.lanes}{'v' * arity(name)}_{scalar[1:]}({vector[1:]})"
            attributes[name, kind] += f' "vector-function-abi-variant"="{shape}"'
            attributes.setdefault((name, many), "noinline")
            variants.append(f"ptr {vector}")
    found = [_function(name, kind, how, contract, fma) for (name, kind), how in attributes.items()]
    if variants:
        # Without this, LLVM would drop the variants, which nothing calls, before its vectoriser looks for them.
        kept = f"[{len(variants)} x ptr] [{', '.join(variants)}]"
        found.append(f'@llvm.compiler.used = appending global {kept}, section "llvm.metadata"')
    if any(name in ("sin", "cos", "tan") for name, _ in calls):
        w = Writer(Kind("double", 0), contract=False, fma=fma, short=False)
        # LLVM took 35 ms of every compilation to optimise it, and it came out hardly faster. No bit of it changes:
        # nothing in it may be fused or reordered.
        head = f"define internal {{ double, double, i64 }} {FAR}(double %x) {_PURE} noinline optnone cold {{"
        found += [f"{FAR}.bits = internal constant i1280 {TWO_OVER_PI}", "\n".join([head, "entry:", *far(w), "}"])]
    return found


def arity(name: str) -> int:
    """The number of arguments of a function."""
    return 1 if name in ONE else 2


def _function(name: str, kind: Kind, attributes: str, contract: bool, fma: bool) -> str:
    short = kind.base == "float"
    w = Writer(kind.wide, contract=contract, fma=fma, short=short)
    names = ["%x", "%y"][: arity(name)]
    wide = [w.code.let(f"fpext {kind.text} {n} to {kind.wide.text}") if short else n for n in names]
    args = [Doubles(w, n) for n in wide]
    result = ONE[name](w, args[0]).name if name in ONE else TWO[name](w, args[0], args[1]).name
    if short:
        result = w.code.let(f"fptrunc {kind.wide.text} {result} to {kind.text}")
    w.code.put(f"ret {kind.text} {result}")
    params = ", ".join(f"{kind.text} {n}" for n in names)
    head = f"define internal {kind.text} {call_name(name, kind.text)}({params}) {_PURE} {attributes} {{"
    return "\n".join([head, "entry:", *w.code.lines, "}"])
