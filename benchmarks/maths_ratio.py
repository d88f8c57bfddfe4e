"""How fast are the mathematics functions against the C library's? Nanoseconds per number, interleaved, medians.

Three ways: over an array of 4096 with LLVM's vectoriser (`loop`); the same without vectors (`scalar`); and each
applied to the previous result (`chain`), which gives the latency. `python benchmarks/maths_ratio.py [NAME ...]`
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from typing import Any

import numpy as np

from rosesim.codegen.llvm import engine, maths
from rosesim.codegen.llvm.tables import RARELY
from rosesim.codegen.targets import host

N, RUNS = 4096, 41
RANGES = {"asin": (-0.99, 0.99), "acos": (-0.99, 0.99), "log": (0.01, 50), "log1p": (-0.9, 20), "pow": (0.01, 5)}
SCALAR = '!8 = distinct !{!8, !9}\n!9 = !{!"llvm.loop.vectorize.enable", i1 false}'


def build(name: str, kind: str, how: str, ours: bool) -> Any:
    """A machine function of three arrays: z = f(x, y), in one of the three ways."""
    n, bits = maths.arity(name), 64 if kind == "double" else 32
    args = ["%a", "%yv"][:n]
    function = maths.call_name(name, kind) if ours else f"@{name}{'f' if bits == 32 else ''}"
    given = ", ".join(f"{kind} {a}" for a in args)
    note = "" if how == "loop" else ", !llvm.loop !8"
    chained = (
        f"%c0 = fmul {kind} %c, 0.0009765625\n%a = fadd {kind} %c0, %xv"
        if how == "chain"
        else f"%a = fadd {kind} %xv, 0.0"
    )
    text = f"""define void @all(ptr noalias %x, ptr noalias %y, ptr noalias %z) {{
entry:
br label %next
next:
%i = phi i64 [ 0, %entry ], [ %j, %next ]
%c = phi {kind} [ 0.0, %entry ], [ %r, %next ]
%xp = getelementptr {kind}, ptr %x, i64 %i
%xv = load {kind}, ptr %xp
%yp = getelementptr {kind}, ptr %y, i64 %i
%yv = load {kind}, ptr %yp
{chained}
%r = call {kind} {function}({given})
%zp = getelementptr {kind}, ptr %z, i64 %i
store {kind} %r, ptr %zp
%j = add nuw nsw i64 %i, 1
%done = icmp eq i64 %j, {N}
br i1 %done, label %end, label %next{note}
end:
ret void
}}"""
    if how != "chain":
        text = text.replace(f"%c = phi {kind} [ 0.0, %entry ], [ %r, %next ]\n", "")
    if ours:
        here = host()
        own = maths.definitions(text, contract=True, fma=here.fma, vector_bytes=here.vector_bytes)
        text = "\n".join([text, *own])
    else:
        text += f"\ndeclare {kind} {function}({', '.join([kind] * n)}) nounwind willreturn memory(none)"
    code = engine.target_code("\n".join([text, RARELY, SCALAR]), host(), "loops")
    loaded = engine.load([code], "all", {})
    return loaded, ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3)(loaded.address)


def main() -> None:
    """Print JSON: for each kind, function and way our time, the C library's, and the ratio."""
    rng = np.random.default_rng(0)
    result: dict[str, dict[str, dict[str, list[float]]]] = {}
    for kind in ("double", "float"):
        for name in sys.argv[1:] or [*maths.ONE, *maths.TWO]:
            dtype = np.float64 if kind == "double" else np.float32
            low, high = RANGES.get(name, (-4, 4))
            x, y = rng.uniform(low, high, N).astype(dtype), rng.uniform(-3, 3, N).astype(dtype)
            z = np.empty(N, dtype)
            ways = result.setdefault(kind, {}).setdefault(name, {})
            for how in ("loop", "scalar", "chain"):
                pair = [build(name, kind, how, ours) for ours in (True, False)]
                times: list[list[float]] = []
                for _ in range(RUNS):
                    row: list[float] = []
                    for _, f in pair:
                        start = time.perf_counter()
                        f(x.ctypes.data, y.ctypes.data, z.ctypes.data)
                        row.append((time.perf_counter() - start) / N * 1e9)
                    times.append(row)
                ours, library = np.median(times, axis=0)
                ways[how] = [round(float(v), 2) for v in (ours, library, ours / library)]
    print(json.dumps(result))


if __name__ == "__main__":
    main()
