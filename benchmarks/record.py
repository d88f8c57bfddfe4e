"""Measure and record everything that the pictures show.

    python benchmarks/record.py [steps batch robot compile family size backends] [--quick]

Needs `pip install -r benchmarks/peers.txt`, gcc, and for the package rose Node with NODE_MODULES naming the folder
that `npm install rose@0.4.10` made. A tool that is missing, or whose gradient differs from ours, is recorded with the
reason and without a time. The tools take turns (turns.py), each held to one core. Each part goes into
data/PART.json with quartiles and a description of the machine; pictures.py draws from these files alone. `--quick`
does few rounds and small sizes, to see whether all of it works, and writes into a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from turns import Tool, machine, measure, running, take_turns

DATA = Path(__file__).parent / "data"
LONGEST = 2_500.0
"""Milliseconds: a tool is left out at the next size if one run is expected to take longer there."""

# Name, file in peers/, and its arguments besides the task's sizes.
OURS = ("rosesim", "ours_peer", {})
DENSE = ("rosesim, every pair", "ours_peer", {"pairs": "dense"})
C_BRANCH = ("C, touching pairs", "c_limit", {"variant": "BRANCH"})
C_DENSE = ("C, every pair", "c_limit", {"variant": "DENSE"})
JAX = ("JAX", "jax_peer", {})
CASADI = ("CasADi", "casadi_peer", {})
CASADI_C = ("CasADi, C", "casadi_peer", {"how": "c"})
TORCH = ("PyTorch", "torch_peer", {})
TORCH_COMPILED = ("PyTorch, compiled", "torch_peer", {"how": "compiled"})
TAICHI = ("Taichi", "taichi_peer", {})
WARP = ("Warp", "warp_peer", {})
ROSE = ("Rose in Node", "rose_peer", {})
C_LANES = [(f"C, {name} lanes", "c_limit", {"lanes": n}) for name, n in (("four", 4), ("eight", 8))]
ALL = [OURS, DENSE, C_BRANCH, C_DENSE, JAX, CASADI, CASADI_C, TORCH, TORCH_COMPILED, TAICHI, WARP, ROSE]


def tool(named: tuple[str, str, dict[str, Any]], task: str, **sizes: Any) -> Tool:
    name, module, more = named
    return Tool(name, module, task, {**sizes, **more})


def remaining(tools: list[Any], records: list[dict[str, Any]], growth: float) -> list[Any]:
    """The tools that did not fail, and whose run will not take too long at a size larger by the factor `growth`."""
    rows = zip(tools, records, strict=True)
    return [t for t, r in rows if "failed" not in r and growth * r["ms"]["median"] <= LONGEST]


def steps(quick: bool) -> list[dict[str, Any]]:
    """Billiards: value and gradient against steps, all tools."""
    found: list[dict[str, Any]] = []
    left = list(ALL)
    for n in [256, 512] if quick else [256, 512, 1024, 2048, 4096, 8192, 16384]:
        records = take_turns([tool(t, "billiards", steps=n) for t in left], 2 if quick else 5)
        found += records
        left = remaining(left, records, 2)
    return found


def batch(quick: bool) -> list[dict[str, Any]]:
    """Billiards, 1024 steps: many shots at once."""
    found: list[dict[str, Any]] = []
    two_cores = ("rosesim, two cores", *OURS[1:])
    left = [OURS, *C_LANES, JAX, two_cores]
    for shots in [1, 16] if quick else [1, 4, 8, 16, 64, 256]:
        tools = [tool(t, "batch", steps=1024, shots=shots) for t in left]
        for t in tools:
            t.cores = 2 if t.name == two_cores[0] else 1
        records = take_turns(tools, 2 if quick else 5)
        found += records
        left = remaining(left, records, 4)
    return found


def robot(quick: bool) -> list[dict[str, Any]]:
    """Mass-spring, robot D: value and gradient by all weights."""
    tools = [OURS, ("C", "c_limit", {}), JAX, CASADI, TORCH]
    return take_turns([tool(t, "mass_spring", steps=100 if quick else 1364) for t in tools], 2 if quick else 7)


def compiling(quick: bool) -> list[dict[str, Any]]:
    """Billiards, 1024 steps: seconds from nothing to the first gradient, each start a new process."""
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as kept:
        cached = {"ROSESIM_CACHE_DIR": kept}
        tools = [(t, {}) for t in ALL] + [(("rosesim, from its cache", *OURS[1:]), cached)] * 2  # the first fills it
        for t, variables in tools:
            starts: list[dict[str, Any]] = []
            begun = time.perf_counter()
            while not starts or (len(starts) < (1 if quick else 5) and time.perf_counter() - begun < 20):
                with tempfile.TemporaryDirectory() as empty:
                    one = tool(t, "billiards", steps=1024)
                    one.variables = variables | {"TORCHINDUCTOR_CACHE_DIR": empty}
                    with running([one]):
                        one.turn(1)
                        one.turn(1)
                    one.times = one.times[-1:]
                    starts.append(one.record())
                if one.failure:
                    break
            found.append(starts[-1] | spread_of(starts))
    return [r for k, r in enumerate(found) if k != len(ALL)]


def spread_of(starts: list[dict[str, Any]]) -> dict[str, Any]:
    """Quartiles of the seconds of importing and compiling."""
    made: dict[str, Any] = {}
    for key in ("import_seconds", "compile_seconds"):
        values = [r[key] for r in starts if key in r]
        if values:
            low, median, high = (round(float(v), 4) for v in np.percentile(values, [25, 50, 75]))
            made[key] = {"low": low, "median": median, "high": high, "runs": len(values)}
    return made


def family(quick: bool) -> list[dict[str, Any]]:
    """Random small programs: ours, JAX and CasADi, each in one process that makes one after the other."""
    found: list[dict[str, Any]] = []
    tools = [tool(t, "family", seed=-1) for t in (OURS, JAX, CASADI)]
    with running(tools):
        for seed in range(3 if quick else 60):
            for t in tools:
                t.prepare(seed=seed)
            found += measure(tools, 2 if quick else 3)
            for t in tools:
                t.failure = t.failure if t.ended else ""  # go on after a program whose numbers differ
    return found


def size(quick: bool) -> list[dict[str, Any]]:
    """The same simulation with and without named functions, as the number of its unrolled steps grows."""
    found: list[dict[str, Any]] = []
    left = [("named functions", True), ("all inlined", False)]
    for n in [1, 2] if quick else [1, 2, 4, 8, 16, 32, 64]:
        records = take_turns([tool((s, "size_study", {"named": y}), "unrolled", steps=n) for s, y in left], 3)
        found += records
        for t, r in zip(list(left), records, strict=True):
            if "failed" in r or r["compile_seconds"] > 15:
                left.remove(t)
    return found


BACKENDS: dict[str, dict[str, Any]] = {
    "optimised": {},
    "in four lanes": {"runs": 64},
    "single precision, eight lanes": {"runs": 64, "precision": "f32"},
    "strict": {"math": "strict"},
    "unoptimised": {"optimise": False},
    "interpreter": {"interpreted": True},
}
"""The arguments of each: `Fn.compile`'s options, and the number of runs at once."""
SINGLE = 1e-2
"""Single precision may differ by this part of the largest number: a thousand steps amplify its roundings."""


def backends(quick: bool) -> list[dict[str, Any]]:
    """Ours in all the ways to run a program; the interpreter on few steps, because it is slow."""
    found: list[dict[str, Any]] = []
    tasks = [("billiards", 32, list(BACKENDS)), ("billiards", 1024, list(BACKENDS)[:-1])]
    tasks.append(("mass_spring", 1364, list(BACKENDS)[:-1]))
    for task, n, names in tasks[:1] if quick else tasks:
        tools = [tool((k, "ours_peer", BACKENDS[k]), task, steps=n) for k in names]
        for t in tools:
            t.runs = t.sizes.get("runs", 1)
            t.tolerance = SINGLE if "precision" in t.sizes else t.tolerance
        found += take_turns(tools, 2 if quick else 5 if n > 32 else 3)
    return found


PARTS: dict[str, Callable[[bool], list[dict[str, Any]]]] = {
    "steps": steps,
    "batch": batch,
    "robot": robot,
    "compile": compiling,
    "family": family,
    "size": size,
    "backends": backends,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", default=list(PARTS), metavar="part", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    unknown = [p for p in given.parts if p not in PARTS]
    if unknown:
        parser.error(f"{', '.join(unknown)}: the parts are {', '.join(PARTS)}")
    folder = Path(tempfile.mkdtemp()) if given.quick else DATA
    for part in given.parts:
        begun = time.perf_counter()
        measured = PARTS[part](given.quick)
        file = folder / f"{part}.json"
        text = ",\n".join("  " + json.dumps(m) for m in measured)
        file.write_text(f'{{"machine": {json.dumps(machine())},\n "measured": [\n{text}\n]}}\n')
        failed = sorted({f"{m['tool']}: {m['failed']}" for m in measured if "failed" in m})
        print(
            f"{part}: {len(measured)} measurements in {time.perf_counter() - begun:.0f} s, {file}",
            *failed,
            sep="\n  ",
        )


if __name__ == "__main__":
    main()
