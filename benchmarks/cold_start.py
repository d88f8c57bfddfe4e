"""How long a fresh Python takes until billiards' first gradient, compiled and from the cache: one JSON line each.

    python benchmarks/cold_start.py [--rounds 15]

Processes take turns; seconds are medians. `wall` is the waiting time, `cpu` the processor time, which other
programs on the machine disturb less. The first two lines are the times of Python and NumPy alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

GRADIENT = """
import numpy as np
from rosesim.scenes import compiled, configure, find_scene
scene, inputs = configure(find_scene("billiards"), ["contact=published"])
program = compiled(scene).value_and_grad
program(scene.params(np.random.default_rng(0)), inputs)
print(program.seconds)
"""
CODE = {
    "python": "pass",
    "import numpy": "import numpy",
    "import rosesim": "import rosesim",
    "first gradient, compiled": GRADIENT,
    "first gradient, from the cache": GRADIENT,
}


def run(name: str, cache: str) -> tuple[float, float, float]:
    """Wall and processor seconds of one process, and the seconds of compilation in it."""
    # With this variable Python could not keep its compiled files of our sources, and would recompile them each time.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-c", CODE[name]],
        env={**environment, "ROSESIM_CACHE_DIR": cache if "cache" in name else ""},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{name} failed")
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, float(said or 0.0)


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in CODE}
    with tempfile.TemporaryDirectory() as cache:
        run("first gradient, from the cache", cache)
        for _ in range(rounds):
            for name, times in found.items():
                times.append(run(name, cache))
    for name, times in found.items():
        wall, cpu, compiling = (round(statistics.median(t), 3) for t in zip(*times, strict=True))
        print(json.dumps({"what": name, "wall": wall, "cpu": cpu, "compile": compiling}))


if __name__ == "__main__":
    main()
