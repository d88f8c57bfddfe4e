"""A single mathematics function in machine code, for any kind, and where to test it."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable

import numpy as np

from rosesim.codegen.llvm import engine, maths
from rosesim.codegen.llvm.maths.values import Kind
from rosesim.codegen.llvm.tables import RARELY
from rosesim.codegen.targets import host

BLOCK = 64  # lengths are multiples of this, so that all lanes fill
Array = np.ndarray


def machine(name: str, kind: str, *, contract: bool = False, fma: bool = False) -> Callable[[Array, Array], Array]:
    """The function of two arrays (the second counts for functions of two numbers), number by number."""
    k = Kind.of(kind)
    size = 8 if k.base == "double" else 4
    lines = ["define void @all(ptr noalias %x, ptr noalias %y, ptr noalias %z, i64 %n) {", "entry:", "br label %next"]
    lines += ["next:", "%i = phi i64 [ 0, %entry ], [ %j, %next ]"]
    args: list[str] = []
    for v in ("x", "y")[: maths.arity(name)]:
        lines += [
            f"%{v}p = getelementptr {k.base}, ptr %{v}, i64 %i",
            f"%{v}v = load {kind}, ptr %{v}p, align {size}",
        ]
        args.append(f"{kind} %{v}v")
    lines += [f"%r = call {kind} {maths.call_name(name, kind)}({', '.join(args)})"]
    lines += [f"%zp = getelementptr {k.base}, ptr %z, i64 %i", f"store {kind} %r, ptr %zp, align {size}"]
    lines += [
        f"%j = add i64 %i, {max(k.lanes, 1)}",
        "%more = icmp ult i64 %j, %n",
        "br i1 %more, label %next, label %end",
    ]
    lines += ["end:", "ret void", "}"]
    text = "\n".join(lines)
    text = "\n".join([text, *maths.definitions(text, contract=contract, fma=fma), RARELY])
    # Without the loop vectoriser: the scalar function is what is called here.
    loaded = engine.load([engine.target_code(text, host(), "none")], "all", {})
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, ctypes.c_int64)(loaded.address)
    dtype = np.float64 if k.base == "double" else np.float32

    def run(x: Array, y: Array) -> Array:
        assert loaded.address  # the code lives as long as this function
        assert x.size == y.size and x.size % BLOCK == 0
        x, y = (np.ascontiguousarray(v, dtype) for v in (x, y))
        z = np.empty_like(x)
        function(x.ctypes.data, y.ctypes.data, z.ctypes.data, x.size)
        return z

    return run


def whole_blocks(x: Array) -> Array:
    """The same numbers, some again at the end, so that all lanes fill."""
    return np.resize(x, -(-x.size // BLOCK) * BLOCK)


def places(name: str, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Arguments of every size and sign, and dense ones where the formulas change or cancel."""
    sizes = 10.0 ** rng.uniform(-323, 308.2, n) * rng.choice([-1, 1], n)
    some = [sizes, rng.uniform(-1, 1, n), rng.uniform(-4, 4, n), 10.0 ** rng.uniform(-6, 1, n)]
    near_one = 10.0 ** rng.uniform(-16, -0.5, n)
    match name:
        case "pow":  # results of every size
            x = np.concatenate([rng.uniform(0.3, 3, n), np.abs(sizes), 1 + near_one, 1 - near_one])
            with np.errstate(divide="ignore"):
                y = rng.uniform(-745, 710, x.size) / np.log(x)
            few = rng.uniform(0, 5, n)
            x, y = np.concatenate([x, few]), np.concatenate([y, rng.uniform(-5, 5, n)])
            return whole_blocks(x), whole_blocks(y)
        case "atan2" | "hypot":
            x = np.concatenate([sizes, rng.uniform(-4, 4, n)])
            ratio = np.concatenate([10.0 ** rng.uniform(-3, 3, n), rng.uniform(0.2, 5, n)]) * rng.choice(
                [-1, 1], 2 * n
            )
            with np.errstate(over="ignore"):
                return whole_blocks(x), whole_blocks(x * ratio)
        case "sin" | "cos" | "tan":  # beside multiples of a quarter turn, and very far
            turn = rng.integers(1, 2**20, n) * (math.pi / 2) * (1 + rng.integers(-2, 3, n) * 2.0**-52)
            some += [turn, rng.uniform(-1e6, 1e6, n), 10.0 ** rng.uniform(5.5, 308, n)]
        case "exp" | "expm1" | "sinh" | "cosh":
            some += [rng.uniform(-746, 711, 2 * n)]
        case "asin" | "acos":
            some += [1 - near_one, near_one - 1]
        case "log" | "log1p":
            some += [1 + near_one, 1 - near_one, near_one - 1, 2.0 ** rng.uniform(-3, 3, n)]
        case _:
            pass
    x = whole_blocks(np.concatenate(some))
    return x, x
