"""What a gradient costs relative to its value as calls and loops nest deeper: one JSON line each.

python benchmarks/nesting.py

Calls: 2^depth calls of a leaf, because each function calls the previous one twice. Loops: about a million
iterations in all. Milliseconds are minima of a few runs; compare the ratios.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from rosesim import Real, fn, scan, sin, value_and_grad

LEAVES: dict[str, Callable[[Any], Any]] = {
    "sin(x) 0.9 + 0.1 x^2": lambda x: sin(x) * 0.9 + 0.1 * x * x,
    "x / (1 + x^2)": lambda x: x / (1.0 + x * x),
}


def calls(leaf: Callable[[Any], Any], depth: int) -> Any:
    """Functions nested `depth` deep."""

    def above(g: Any) -> Any:
        return fn(lambda x: g(g(x) * 0.99))

    f: Any = fn(leaf)
    for _ in range(depth):
        f = above(f)
    return f


def loops(leaf: Callable[[Any], Any], depth: int) -> Any:
    """Loops nested `depth` deep."""
    n = round(1e6 ** (1 / depth))

    def body(x: Any, d: int) -> Any:
        return leaf(x) if d == 0 else scan(lambda c, i: body(c, d - 1) * 0.99, x, n)

    return fn(lambda x: body(x, depth))


def fastest(program: Any) -> float:
    """Milliseconds of the fastest of a few runs, after a first one."""
    program(0.3)
    found: list[float] = []
    for _ in range(5):
        start = time.perf_counter()
        program(0.3)
        found.append(1e3 * (time.perf_counter() - start))
    return min(found)


def main() -> None:
    """Measure all."""
    for name, leaf in LEAVES.items():
        for what, make, depths in (("calls", calls, (4, 8, 12, 16, 20)), ("loops", loops, (1, 2, 3, 4))):
            for depth in depths:
                f = make(leaf, depth)
                start = time.perf_counter()
                both = value_and_grad(f).compile(Real)
                compiled = time.perf_counter() - start
                value, gradient = fastest(f.compile(Real)), fastest(both)
                line = {
                    "leaf": name,
                    "nested": what,
                    "depth": depth,
                    "value_ms": value,
                    "value_and_grad_ms": gradient,
                }
                print(json.dumps({**line, "ratio": gradient / value, "compile_seconds": compiled}))


if __name__ == "__main__":
    main()
