"""What many cores would do for a sweep and for one training step: the numbers from which docs/scaling.md computes.

    python benchmarks/scaling.py                 measures, and writes benchmarks/data/scaling.json
    python benchmarks/scaling.py --footprint     also the sizes of Dask and Ray: installs each (400 MB)
    python benchmarks/scaling.py --tables        the page's tables, from the numbers in the file

Seconds and bytes; of several timings the quickest, because other processes only ever add time. Needs
`pip install 'rosesim[cluster]'`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pickle
import platform
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rosesim.scenes import compiled, configure, find_scene
from rosesim.train import train
from rosesim.train.sweeps.journal import Journal
from rosesim.train.sweeps.record import make_record
from rosesim.train.sweeps.trial import NUMBERS, Outcome

DATA = Path(__file__).parent / "data" / "scaling.json"
SCENES = {"billiards": ["contact=published"], "mass_spring": ["robot=D"]}
CORES = (1, 10, 100, 1000)
TRIALS = 10_000
"""Trials of the sweep that the page computes."""


def quickest(run: Callable[[], object], times: int) -> float:
    def once() -> float:
        begun = time.perf_counter()
        run()
        return time.perf_counter() - begun

    return min(once() for _ in range(times))


def scene_numbers(name: str, settings: list[str]) -> dict[str, Any]:
    """One published training, one gradient, and the sizes of what is sent."""
    scene, inputs = configure(find_scene(name), settings)
    program = compiled(scene)
    params = scene.params(np.random.default_rng(0))
    both = program.value_and_grad
    both(params, inputs)
    with tempfile.TemporaryDirectory() as folder:
        numbered = iter(range(3))
        training = quickest(lambda: train(scene, inputs=inputs, out=Path(folder) / str(next(numbered))), 3)
    gradient = program.flat.flatten(both(params, inputs)[1])
    job = make_record(name, "seeds=0", settings, {}).job(
        Path("runs/sweep"), make_record(name, "seeds=0", settings, {}).trials[0]
    )
    outcome = Outcome(0, None, False, dict.fromkeys(NUMBERS, 0.1))
    return {
        "iterations": scene.published.iterations,
        "training_seconds": training,
        "gradient_seconds": quickest(lambda: both(params, inputs), 30),
        "params": program.flat.size,
        "params_bytes": len(pickle.dumps(gradient)),
        "pickle_params_seconds": quickest(lambda: pickle.loads(pickle.dumps(gradient)), 200),
        "job_bytes": len(pickle.dumps(job)),
        "outcome_bytes": len(pickle.dumps(outcome)),
    }


START = """
import time
begun = time.perf_counter()
import numpy as np
from rosesim.scenes import compiled, configure, find_scene
import rosesim.train.sweeps.trial
imported = time.perf_counter()
scene, inputs = configure(find_scene({name!r}), {settings!r})
compiled(scene).value_and_grad(scene.params(np.random.default_rng(0)), inputs)
print(imported - begun, time.perf_counter() - imported)
"""


def start_seconds(name: str, settings: list[str]) -> dict[str, float]:
    """The cost of a new process before its first gradient, with the program in the cache."""
    python: list[float] = []
    parts: list[list[float]] = []
    for _ in range(7):
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", START.format(name=name, settings=settings)],
            capture_output=True,
            text=True,
            check=True,
        )
        parts.append([float(x) for x in done.stdout.split()])
        python.append(time.perf_counter() - begun - sum(parts[-1]))
    imports, ready = map(min, zip(*parts, strict=True))
    return {"python": min(python), "imports": imports, "first_gradient_from_cache": ready}


def journal_seconds() -> float:
    """Time to write a line of the journal durably on this disk."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder), 1 << 20)
        numbers, count = dict[str, Any](dict.fromkeys(NUMBERS, 0.1)), iter(range(1 << 20))
        found = quickest(lambda: journal.add(Outcome(next(count), None, False, numbers), {"seed": 0}), 200)
        journal.close()
    return found


def echo(x: Any) -> Any:
    """A task that does nothing."""
    return x


def engine_numbers(size: int) -> dict[str, float]:
    """Dask on this machine: two workers, tasks that do nothing, with params and without."""
    from distributed import Client, LocalCluster

    x = np.random.default_rng(0).normal(size=size)
    how: dict[str, Any] = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
    begun = time.perf_counter()
    cluster: Any = LocalCluster(n_workers=2, **how)
    with cluster, Client(cluster) as client:
        client.submit(echo, 0).result()
        start = time.perf_counter() - begun
        empty = quickest(lambda: client.submit(echo, None, pure=False).result(), 200)
        loaded = quickest(lambda: client.submit(echo, x, pure=False).result(), 200)

        def many(sent: Any, count: int) -> float:
            return (
                quickest(lambda: client.gather([client.submit(echo, sent, pure=False) for _ in range(count)]), 5)
                / count
            )

        each, each_loaded = many(None, 1000), many(x, 200)
    return {
        "start_of_two_workers_seconds": start,
        "round_trip_seconds": empty,
        "round_trip_with_params_seconds": loaded,
        "each_of_many_tasks_seconds": each,
        "each_of_many_with_params_seconds": each_loaded,
    }


RAY = "import ray; ray.init(num_cpus=2, include_dashboard=False, logging_level='ERROR', log_to_driver=False)"
DASK = (
    "from distributed import Client, LocalCluster\n"
    "if __name__ == '__main__':\n"
    "    c = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None); k = Client(c)"
)
ENGINES = {
    "dask": ("distributed", "import distributed", f"{DASK}; k.submit(abs, 1).result()"),
    "ray": ("ray", "import ray", f"{RAY}; ray.get(ray.remote(lambda: 1).remote())"),
}


def footprint(package: str, importing: str, starting: str) -> dict[str, float]:
    """An engine in an environment of its own: the size that it adds, its import, its first task on two workers."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        before = _bytes(folder)
        subprocess.run([python, "-m", "pip", "install", "-q", "--no-compile", package], check=True)
        added = _bytes(folder) - before
        script = Path(folder) / "start.py"

        def seconds(text: str) -> float:
            script.write_text(text)
            return min(_seconds([str(python), str(script)]) for _ in range(3))

        seconds(importing)  # writes the compiled files
        bare = seconds("pass")
        return {
            "installed_bytes": added,
            "import_seconds": seconds(importing) - bare,
            "first_task_seconds": seconds(starting) - bare,
        }


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def _bytes(folder: str) -> int:
    return sum(f.lstat().st_size for f in Path(folder).rglob("*") if f.is_file())


def sweep_efficiency(n: int, trials: int, work: float, start: float, each: float) -> float:
    """The share of n cores' time that trains: whole rounds of trials, or as fast as trials are handed out."""
    wall = start + max(math.ceil(trials / n) * work, trials * each)
    return trials * work / (n * wall)


def step_efficiency(n: int, runs: int, gradient: float, star: float, hop: float, how: str) -> float:
    """The share of n cores' time that differentiates: `runs` gradients each, before params and gradients are sent."""
    if n == 1:
        return 1.0
    travel = n * star if how == "star" else 2 * math.ceil(math.log2(n)) * hop
    return runs * gradient / (runs * gradient + travel)


def tables(found: dict[str, Any]) -> str:
    """The two tables of the page."""
    engine = found["dask"]
    lines = [
        "| a sweep of 10,000 trials | " + " | ".join(f"{n:,} core{'s' * (n > 1)}" for n in CORES) + " |",
        "| --- " * 5 + "|",
    ]
    for name in SCENES:
        s, start = found["scenes"][name], sum(found["start"][name].values())
        each = engine["each_of_many_tasks_seconds"] + found["journal_line_seconds"]
        shares = [sweep_efficiency(n, TRIALS, s["training_seconds"], start, each) for n in CORES]
        lines.append(
            f"| {name}, {s['training_seconds']:.2f} s | " + " | ".join(f"{100 * e:.0f} %" for e in shares) + " |"
        )
    lines += [
        "",
        "| a step, gradients a core | " + " | ".join(f"{n:,} core{'s' * (n > 1)}" for n in CORES) + " |",
        "| --- " * 5 + "|",
    ]
    s = found["scenes"]["mass_spring"]
    star, hop = engine["each_of_many_with_params_seconds"], engine["round_trip_with_params_seconds"] / 2
    for how in ("star", "tree"):
        for runs in (1, 10, 100):
            shares = [step_efficiency(n, runs, s["gradient_seconds"], star, hop, how) for n in CORES]
            lines.append(f"| {how}, {runs} | " + " | ".join(f"{100 * e:.1f} %" for e in shares) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--footprint", action="store_true")
    parser.add_argument("--tables", action="store_true")
    asked = parser.parse_args()
    known = json.loads(DATA.read_text()) if DATA.exists() else {}
    if not asked.tables:
        scenes = {name: scene_numbers(name, settings) for name, settings in SCENES.items()}
        known |= {
            "machine": {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
            "scenes": scenes,
            "start": {name: start_seconds(name, settings) for name, settings in SCENES.items()},
            "journal_line_seconds": journal_seconds(),
            "dask": engine_numbers(scenes["mass_spring"]["params"]),
        }
        if asked.footprint:
            known["footprint"] = {name: footprint(*how) for name, how in ENGINES.items()}
        DATA.parent.mkdir(exist_ok=True)
        DATA.write_text(json.dumps(known, indent=1) + "\n")
        print(json.dumps(known, indent=1))
    print(tables(known))


if __name__ == "__main__":
    main()
