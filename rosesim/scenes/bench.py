"""How fast a scene is on this machine: milliseconds, compile seconds, memory."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from rosesim.codegen.llvm import cache
from rosesim.scenes.base import Scene
from rosesim.scenes.compiled import Compiled
from rosesim.scenes.tree import map_leaves

RUNS = 9
"""Timings of which the median is taken."""
MOST_SECONDS = 10.0
"""Longest time for the timings of one program. A slow one is timed less often: its fluctuations average out within a
run."""
LEAST_SECONDS = 0.01
"""Each timing repeats the call until it lasts at least this long, because clocks are coarse."""
SPREAD = 0.02
"""A batch's params differ by this much, so that its runs do not all take the same branches."""


def bench(scene: Scene[Any, Any, Any], inputs: Any = None, batch: int = 1, *, params: Any = None) -> dict[str, Any]:
    """Medians for one run (a batch's time divided by its size), newly compiled, and the memory peak so far.

    They are taken at `params`, or where tuning begins. Compile time includes tracing, differentiating and making
    machine code; if cached, the code comes from disk.
    The dict is what the command `bench --json` prints: scene, batch, value_ms, value_and_grad_ms, compile_seconds,
    cached_compile_seconds, peak_rss_mb.
    """
    program = Compiled(scene)  # not the shared one: its compilation may have happened long ago
    given = scene.inputs() if inputs is None else inputs
    rng = np.random.default_rng(0)
    params = scene.params(rng) if params is None else params
    if batch > 1:
        params = map_leaves(lambda name, a: _spread(a, batch, rng, name in program.flat.slices), params)
    with cache.anew():
        both, compile_seconds = _compiled(program, batch)
    _, cached_seconds = _compiled(Compiled(scene), batch)
    value = program.value if batch == 1 else program.batch(batch, gradient=False)
    return {
        "scene": scene.name,
        "batch": batch,
        "value_ms": _milliseconds(lambda: value(params, given)) / batch,
        "value_and_grad_ms": _milliseconds(lambda: both(params, given)) / batch,
        "compile_seconds": compile_seconds,
        "cached_compile_seconds": cached_seconds if cache.store() else None,
        "peak_rss_mb": _peak_rss_mb(),
    }


def _spread(leaf: Any, batch: int, rng: np.random.Generator, is_tuned: bool) -> Any:
    many = np.stack([np.asarray(leaf)] * batch)
    return many + SPREAD * rng.uniform(-1, 1, many.shape) if is_tuned else many


def _compiled(program: Compiled[Any, Any, Any], batch: int) -> tuple[Callable[..., Any], float]:
    """The program of value and gradient, and the seconds that making it took."""
    begun = time.perf_counter()
    both = program.value_and_grad if batch == 1 else program.batch(batch, gradient=True)
    return both, time.perf_counter() - begun


def _milliseconds(run: Callable[[], object]) -> float:
    run()
    begun = time.perf_counter()
    run()
    first = max(time.perf_counter() - begun, 1e-9)
    repeats = max(1, round(LEAST_SECONDS / first))
    runs = max(1, min(RUNS, int(MOST_SECONDS / first)))

    def once() -> float:
        begun = time.perf_counter()
        for _ in range(repeats):
            run()
        return (time.perf_counter() - begun) / repeats

    return 1e3 * statistics.median(once() for _ in range(runs))


def _peak_rss_mb() -> float | None:
    try:
        import resource
    except ImportError:  # not available on Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
