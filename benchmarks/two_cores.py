"""What the second core is worth within one run: programs as first written, on one thread and on all, by the clock.

    python benchmarks/two_cores.py [--seconds 6] [PROGRAM ...]

The programs are those of natural/ that work on many things at once, at sizes that take milliseconds. One thread and
all take turns, and the least time counts: any other program that runs meanwhile takes one of the cores. Results must
be the same to the bit. Prints a JSON object for each value and gradient.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.natural import lbm, lennard_jones, mlp, nbody, policy
from benchmarks.natural.program import Program
from rosesim import value_and_grad
from rosesim.ad.support.machine import cores

PROGRAMS: dict[str, Callable[[], Program]] = {
    "nbody": lambda: nbody.program(n=1000, steps=10),
    "lennard_jones": lambda: lennard_jones.program(side=10, near=80, steps=50),
    "lbm": lambda: lbm.program(n=256, steps=50),
    "mlp": lambda: mlp.program(batch=256, width=256, by_sample=0),
    "mlp_by_sample": lambda: mlp.program(batch=256, width=256, by_sample=1),
    "policy": lambda: policy.program(starts=4096, hidden=16, steps=100),
}


def bits(result: Any) -> bytes:
    """All numbers of a result."""
    if isinstance(result, tuple):
        return b"".join(map(bits, result))
    return np.asarray(result).tobytes()


def least(runs: dict[int, Any], args: tuple[Any, ...], seconds: float) -> dict[int, float]:
    """The least milliseconds of each, taking turns for so long."""
    found = dict.fromkeys(runs, float("inf"))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for threads, run in runs.items():
            begun = time.perf_counter()
            run(*args)
            found[threads] = min(found[threads], 1e3 * (time.perf_counter() - begun))
    return found


def main() -> None:
    """Measure the programs that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", choices=[[], *PROGRAMS], metavar="PROGRAM")
    parser.add_argument("--seconds", type=float, default=6.0, help="for each value and gradient (default 6)")
    given = parser.parse_args()
    for name in given.programs or PROGRAMS:
        it = PROGRAMS[name]()
        for what, f in (("value", it.loss), ("gradient", value_and_grad(it.loss, wrt=it.wrt))):
            made = {threads: f.compile(*it.args, threads=threads) for threads in (1, cores())}
            if len({bits(run(*it.args)) for run in made.values()}) > 1:
                raise SystemExit(f"{name}: the {what} on {cores()} threads is not that on one")
            ms = least(made, it.args, given.seconds)
            ratio = ms[1] / ms[cores()]
            print(json.dumps({"program": name, "what": what, "ms": ms, "one_over_all": round(ratio, 2)}), flush=True)


if __name__ == "__main__":
    main()
