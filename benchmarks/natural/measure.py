"""Agreement first, then times in turns: what is done with each natural program."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.c_limits import FLAGS
from benchmarks.natural.program import Program
from rosesim import memory_budget, value_and_grad
from rosesim.codegen.pipeline import without

AGREEMENT = 1e-9
"""Of a value to C's and NumPy's: -ffast-math reorders sums, and hundreds of steps amplify the roundings."""
TURN = 0.02
"""Seconds of a turn, about: a program that is faster runs several times in it."""
LONGEST = 20.0
"""Seconds after which a program gets no further round."""
FEWEST = 3
"""Rounds that every program gets."""

Run = Callable[[], Any]


def built(program: Program, folder: Path) -> Callable[[], float]:
    """The program's C, compiled, as a call on its arguments."""
    source, library = folder / "program.c", folder / "program.so"
    source.write_text("#include <math.h>\n#include <stdlib.h>\n#include <string.h>\n" + program.c)
    macros = [f"-D{name.upper()}={value}" for name, value in program.sizes.items()]
    subprocess.run(["gcc", *FLAGS, *macros, str(source), "-o", str(library), "-lm"], check=True)
    run = ctypes.CDLL(str(library)).run
    run.restype = ctypes.c_double
    given = [np.asarray(a) for a in (*program.args, *program.beside)]
    held = [np.ascontiguousarray(a, np.int32 if a.dtype.kind in "iu" else np.float64) for a in given]
    pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in held]
    return lambda: run(*pointers[: len(held)])


def compiled(program: Program, left_out: Sequence[str] = ()) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The value, and the value and gradient, without some passes, on one thread as the other tools."""
    budget = contextlib.nullcontext() if program.budget is None else memory_budget(program.budget)
    with without(*left_out), budget:
        both = value_and_grad(program.loss, wrt=program.wrt).compile(*program.args, threads=1)
        return program.loss.compile(*program.args, threads=1), both


def flat(parts: Iterable[Any]) -> Any:
    """All numbers of a gradient as one vector."""
    return np.concatenate([np.ravel(np.asarray(part, float)) for part in parts])


def slope_error(program: Program, value: Callable[..., Any], gradient: Any) -> float:
    """The gradient along one random direction against differences of fourth order.

    Relative to the slope, or to what a random direction sees of such a gradient, where this one sees less.
    """
    rng = np.random.default_rng(7)
    scale = {k: np.sqrt(np.mean(np.square(program.args[k]))) or 1.0 for k in program.wrt}
    along = {k: scale[k] * rng.normal(size=np.shape(program.args[k])) for k in program.wrt}

    def at(distance: float) -> float:
        moved = (a + distance * along[k] if k in along else a for k, a in enumerate(program.args))
        return float(value(*moved))

    h = program.step
    difference = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h)
    direction = flat(along.values())
    seen = np.sqrt(np.sum(np.square(gradient * direction)))
    return abs(float(gradient @ direction) - difference) / max(abs(difference), float(seen), 1e-300)


def disagreements(program: Program, value: Any, both: Any, others: dict[str, Run]) -> list[str]:
    """What differs by too much, in words; nothing if the program may be measured."""
    loss, (found, parts) = float(value(*program.args)), both(*program.args)
    gradient = flat(parts)
    errors = {name: abs(float(run()) / loss - 1.0) for name, run in others.items()}
    errors["value beside the gradient"] = abs(float(found) / loss - 1.0)
    wrong = [f"{name} differs by {error:.1e}" for name, error in errors.items() if not error <= AGREEMENT]
    error = slope_error(program, value, gradient)
    if not error <= program.tolerance:
        wrong.append(f"gradient differs from differences by {error:.1e}")
    if not np.any(gradient):
        wrong.append("gradient is zero")
    return wrong


def others(program: Program, folder: Path) -> dict[str, Run]:
    """The values in other languages, by tool."""
    made: dict[str, Run] = {"C": built(program, folder)}
    if program.numpy is not None:
        by_numpy = program.numpy
        made["NumPy"] = lambda: by_numpy(*program.args)
    return made


def by_jax(program: Program) -> dict[str, Run]:
    """JAX's value and gradient, where it is installed."""
    if program.jax is None or importlib.util.find_spec("jax") is None:
        return {}
    jax: Any = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    loss, args = program.jax(jax), tuple(map(jax.numpy.asarray, program.args))
    value, both = jax.jit(loss), jax.jit(jax.value_and_grad(loss, argnums=program.wrt))
    return {
        "JAX": lambda: jax.block_until_ready(value(*args)),
        "JAX, gradient": lambda: jax.block_until_ready(both(*args)),
    }


def in_turns(runs: dict[str, Run], rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds of processor time of each: the least, and quartiles of the turns."""
    counts: dict[str, int] = {}
    for name, run in runs.items():
        run()
        begun = time.process_time()
        run()
        counts[name] = max(1, int(TURN / max(time.process_time() - begun, 1e-7)))
    times: dict[str, list[float]] = {name: [] for name in runs}
    end = time.perf_counter() + LONGEST
    for round_ in range(rounds):
        if round_ >= FEWEST and time.perf_counter() > end:
            break
        for name, run in runs.items():
            begun = time.process_time()
            for _ in range(counts[name]):
                run()
            times[name].append(1e3 * (time.process_time() - begun) / counts[name])
    return {name: _spread(t) for name, t in times.items()}


def _spread(times: list[float]) -> dict[str, float]:
    least, low, median, high = (round(float(v), 6) for v in np.percentile(times, [0, 25, 50, 75]))
    return {"least": least, "low": low, "median": median, "high": high, "runs": len(times)}


def measured(name: str, program: Program, rounds: int, left_out: Sequence[str]) -> list[dict[str, Any]]:
    """The records of one program, one a tool; a single one with the reason if something differs."""
    with tempfile.TemporaryDirectory() as folder:
        value, both = compiled(program)
        beside = others(program, Path(folder))
        jax = by_jax(program)
        checked = beside | {tool: run for tool, run in jax.items() if tool == "JAX"}
        wrong = disagreements(program, value, both, checked)
        if jax:
            gradient, theirs = flat(both(*program.args)[1]), flat(jax["JAX, gradient"]()[1])
            error = np.abs(gradient - theirs).max() / np.abs(theirs).max()
            wrong += [f"gradient differs from JAX's by {error:.1e}"] * bool(error > program.tolerance)
        if wrong:
            return [{"program": name, "tool": "rosesim", "failed": "; ".join(wrong)}]
        runs = {"rosesim": lambda: value(*program.args), "rosesim, gradient": lambda: both(*program.args)}
        if left_out:
            less, less_both = compiled(program, left_out)
            words = " without " + ", ".join(left_out)
            runs |= {
                "rosesim" + words: lambda: less(*program.args),
                "rosesim, gradient" + words: lambda: less_both(*program.args),
            }
        times = in_turns(runs | beside | jax, rounds)
    return [{"program": name, "tool": tool, "ms": spread} for tool, spread in times.items()]
