"""Measure and write down: everything that the pictures show.

    python benchmarks/record.py [steps batch robot compile family size backends ...] [--quick]

Needs `pip install -r benchmarks/peers.txt`, gcc, and for the package rose Node with NODE_MODULES naming the folder
that `npm install rose@0.4.10` made. A tool that is not there, or whose gradient is not ours, is written down as such
with the reason and has no time. The tools take turns (turns.py), each held to one core. Each part goes into
data/PART.json with quartiles and what the machine is; pictures.py draws from these files alone. `--quick` does few
rounds and small sizes, to see whether all of it works, and writes into a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from turns import Tool, machine, take_turns

DATA = Path(__file__).parent / "data"
LONGEST = 4_000.0
"""Milliseconds: a tool of which one run is expected to take longer at the next size is left out there."""

# Name, file in peers/, and what it is told besides the task's sizes.
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
ALL = [OURS, DENSE, C_BRANCH, C_DENSE, JAX, CASADI, CASADI_C, TORCH, TORCH_COMPILED, TAICHI, WARP, ROSE]


def tool(named: tuple[str, str, dict[str, Any]], task: str, **sizes: Any) -> Tool:
    name, module, more = named
    return Tool(name, module, task, {**sizes, **more})


def steps(quick: bool) -> list[dict[str, Any]]:
    """Billiards: value and gradient against steps, all tools."""
    found: list[dict[str, Any]] = []
    left = list(ALL)
    sizes = [256, 512] if quick else [256, 512, 1024, 2048, 4096, 8192, 16384]
    for n in sizes:
        records = take_turns([tool(t, "billiards", steps=n) for t in left], 2 if quick else 7)
        found += records
        for t, r in zip(list(left), records, strict=True):
            if "failed" in r or 2 * r["ms"]["median"] > LONGEST:
                left.remove(t)
    return found


PARTS: dict[str, Callable[[bool], list[dict[str, Any]]]] = {"steps": steps}


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
        failed = [f"{m['tool']}: {m['failed']}" for m in measured if "failed" in m]
        print(
            f"{part}: {len(measured)} measurements in {time.perf_counter() - begun:.0f} s, {file}",
            *failed,
            sep="\n  ",
        )


if __name__ == "__main__":
    main()
