"""Mathematics functions of our own, for one number and for one in each lane.

A call into the C library stops the vectoriser, gives other bits on another machine, and knows no lanes. Here each
function is written once, as a body of operations of a kind (`values`), and made for whichever kinds a program
calls: its name is `call_name("sin", "<4 x double>")`. Each lane has the bits of the scalar function. Error terms
rely on rounding as written, so nothing is reordered, whatever the program's mode; contraction into fused
multiply-adds only makes other terms more exact, and is allowed where the program allows it.

A function of floats is computed in double with shorter polynomials, and rounded once.

Short functions without branches are inlined where they are called, so that loops around them vectorise. The others
stay calls, and LLVM's vectoriser is told which function takes four numbers (or eight floats) at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rosesim.codegen.maths.error_function import erf
from rosesim.codegen.maths.exponential import cosh, exp, expm1, sinh, tanh
from rosesim.codegen.maths.inverse import acos, asin, atan, atan2
from rosesim.codegen.maths.logarithm import log, log1p
from rosesim.codegen.maths.power import hypot, power
from rosesim.codegen.maths.trigonometric import FAR, TWO_OVER_PI, cos, far, sin, tan
from rosesim.codegen.maths.values import Kind, Real, Writer

INLINED_CALLS = 256
"""A program with more calls than this keeps them as calls: LLVM's time grows faster than a function's size."""

ONE: dict[str, Callable[[Writer, Real], Real]] = {
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
TWO: dict[str, Callable[[Writer, Real, Real], Real]] = {"pow": power, "atan2": atan2, "hypot": hypot}
"""Functions of two."""

_INLINED = ("exp", "tanh", "log", "hypot")
_PURE = "nounwind willreturn memory(none)"
_LANES = {"double": 4, "float": 8}
"""How many numbers the function takes that the vectoriser may call."""


def call_name(name: str, kind: str) -> str:
    """The function of a kind as LLVM's text calls it.

    >>> call_name("sin", "double"), call_name("pow", "<8 x float>")
    ('@rosesim.sin.f64', '@rosesim.pow.v8f32')
    """
    return f"@rosesim.{name}.{Kind.of(kind).suffix}"


def definitions(text: str, *, contract: bool, fma: bool = False) -> list[str]:
    """The definitions of those functions that a module's text calls, and of what they need.

    `contract` allows fused multiply-adds; `fma` says that one is an instruction, so that pairs may be made by it,
    which gives the same bits as without.
    """
    calls: dict[tuple[str, Kind], int] = {}
    for name, lanes, width in re.findall(r"call [^@\n]*@rosesim\.(\w+)\.(?:v(\d+))?f(64|32)\(", text):
        key = name, Kind("double" if width == "64" else "float", int(lanes or 0))
        calls[key] = calls.get(key, 0) + 1
    found: list[str] = []
    variants: list[str] = []
    for (name, kind), number in list(calls.items()):
        inline = name in _INLINED and number <= INLINED_CALLS
        attributes = "alwaysinline" if inline else "noinline"
        if not inline and not kind.lanes:
            many = Kind(kind.base, _LANES[kind.base])
            scalar, vector = call_name(name, kind.text)[1:], call_name(name, many.text)[1:]
            shape = "v" * _arity(name)
            attributes += f' "vector-function-abi-variant"="_ZGV_LLVM_N{many.lanes}{shape}_{scalar}({vector})"'
            variants.append(f"ptr @{vector}")
            if (name, many) not in calls:
                found.append(_function(name, many, "noinline", contract, fma))
        found.append(_function(name, kind, attributes, contract, fma))
    if variants:
        # LLVM would drop what nothing calls before its vectoriser looks.
        kept = f"[{len(variants)} x ptr] [{', '.join(variants)}]"
        found.append(f'@llvm.compiler.used = appending global {kept}, section "llvm.metadata"')
    if any(name in ("sin", "cos", "tan") for name, _ in calls):
        w = Writer(Kind("double", 0), contract=False, fma=fma, short=False)
        head = f"define internal {{ double, double, i64 }} {FAR}(double %x) {_PURE} noinline cold {{"
        found += [f"{FAR}.bits = internal constant i1280 {TWO_OVER_PI}", "\n".join([head, "entry:", *far(w), "}"])]
    return found


def _arity(name: str) -> int:
    return 1 if name in ONE else 2


def _function(name: str, kind: Kind, attributes: str, contract: bool, fma: bool) -> str:
    short = kind.base == "float"
    w = Writer(kind.wide, contract=contract, fma=fma, short=short)
    names = ["%x", "%y"][: _arity(name)]
    wide = [w.code.let(f"fpext {kind.text} {n} to {kind.wide.text}") if short else n for n in names]
    args = [Real(w, n) for n in wide]
    result = ONE[name](w, args[0]).name if name in ONE else TWO[name](w, args[0], args[1]).name
    if short:
        result = w.code.let(f"fptrunc {kind.wide.text} {result} to {kind.text}")
    w.code.put(f"ret {kind.text} {result}")
    params = ", ".join(f"{kind.text} {n}" for n in names)
    head = f"define internal {kind.text} {call_name(name, kind.text)}({params}) {_PURE} {attributes} {{"
    return "\n".join([head, "entry:", *w.code.lines, "}"])
