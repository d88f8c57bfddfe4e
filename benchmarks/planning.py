"""Plans by iLQR and by descent: the same costs from the same controls, in turns, in one process.

    python benchmarks/planning.py                # needs ../shared/robots and Gymnasium's robots
    python benchmarks/planning.py cartpole --budget 20

Each robot's table has iLQR (and DDP where its second derivatives are cheap), and Adam, projected onto the motors'
ranges, at its best of four rates. Adam may take `--budget` times as long as iLQR took. Times are of the processor.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rosesim import Real, concatenate, fn, robots, scan, stack, sum, value_and_grad
from rosesim.numerics.control.expansion import cost_of

SHARED = Path(__file__).parents[2] / "shared" / "robots" / "models"
RATES = (0.3, 0.1, 0.03, 0.01)
Method = Literal["ilqr", "ddp"]
NEAR = 1.01
"""Adam has arrived where its cost is within a hundredth of iLQR's."""


@dataclass(frozen=True)
class Task:
    """What a robot is to do."""

    file: Callable[[], Path]
    running: Callable[..., Any]
    final: Callable[..., Any]
    horizon: int
    contact: str = "none"
    start: tuple[Any, Any] | None = None
    methods: tuple[Method, ...] = ("ilqr",)
    limit: int = 200


def gymnasium(name: str) -> Callable[[], Path]:
    """One of Gymnasium's robots."""

    def file() -> Path:
        found = importlib.util.find_spec("gymnasium")
        if found is None or found.origin is None:
            raise SystemExit("this robot needs Gymnasium: pip install gymnasium")
        return Path(found.origin).parent / "envs" / "mujoco" / "assets" / name

    return file


def upright(q: Any, v: Any) -> Any:
    """Cart in the middle, pole up (the file draws it up; the start hangs at pi)."""
    return concatenate([30.0 * (q - np.array([0.0, 2.0 * np.pi])), 3.0 * v])


def stretched(q: Any, v: Any) -> Any:
    """Both links up, as the file draws them, after a turn; the start hangs at pi."""
    return concatenate([30.0 * (q - np.array([2.0 * np.pi, 0.0])), 3.0 * v])


def run_of(height: float) -> Callable[..., Any]:
    """Three metres a second, at the height and the angle of the start."""

    def running(q: Any, v: Any, u: Any, t: Any) -> Any:
        return concatenate([0.1 * u, stack([0.3 * (v[0] - 3.0), 0.3 * (q[1] - height), 0.3 * q[2]])])

    return running


def nothing(q: Any, v: Any) -> Any:
    """No cost at the end."""
    return Real(0.0)


TASKS = {
    "cartpole": Task(
        lambda: SHARED / "cartpole.xml", lambda q, v, u, t: 0.03 * u, upright, 300,
        start=(np.array([0.0, np.pi]), np.zeros(2)), methods=("ilqr", "ddp"),
    ),
    "acrobot": Task(
        lambda: SHARED / "acrobot.xml", lambda q, v, u, t: 0.03 * u, stretched, 1000,
        start=(np.array([np.pi, 0.0]), np.zeros(2)), methods=("ilqr", "ddp"), limit=400,
    ),
    "hopper, soft": Task(gymnasium("hopper.xml"), run_of(1.25), nothing, 200, "soft"),
    "half_cheetah, soft": Task(gymnasium("half_cheetah.xml"), run_of(0.0), nothing, 100, "soft"),
    "half_cheetah, compliant": Task(gymnasium("half_cheetah.xml"), run_of(0.0), nothing, 100, "compliant"),
}  # fmt: skip


def descent(model: robots.Model, task: Task, u0: Any, seconds: float, rate: float) -> tuple[list[float], list[float]]:
    """Adam's times and costs."""
    q0, v0 = task.start or (model.start, np.zeros(model.nv))

    @fn
    def total(u: Any) -> Any:
        def step(state: Any, t: Any) -> Any:
            q, v = state
            cost = cost_of(task.running(q, v, u[t], t), "the cost")
            return model.step(q, v, u[t], contact=task.contact), cost

        (q, v), costs = scan(step, (q0, v0), len(u0))
        return sum(costs) + cost_of(task.final(q, v), "the cost")

    both = value_and_grad(total)
    low, high = model.control_range.T
    u, m, s = u0.copy(), np.zeros_like(u0), np.zeros_like(u0)
    both(u)
    times: list[float] = []
    costs: list[float] = []
    begin, k = time.process_time(), 0
    while not times or times[-1] < seconds:
        cost, g = both(u)
        times.append(time.process_time() - begin)
        costs.append(float(cost))
        k += 1
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
        u = np.clip(u - rate * (m / (1.0 - 0.9**k)) / (np.sqrt(s / (1.0 - 0.999**k)) + 1e-8), low, high)
    return times, costs


def compare(name: str, task: Task, budget: float) -> None:
    """A task's rows."""
    model = robots.load(task.file())
    u0 = 0.1 * np.random.default_rng(0).normal(size=(task.horizon, model.nu))

    def planned(method: Method) -> tuple[robots.Plan, float]:
        begin = time.process_time()
        found = robots.plan(
            model, task.running, task.final, controls=u0, start=task.start, contact=task.contact, method=method,
            limit=task.limit,
        )  # fmt: skip
        return found, time.process_time() - begin

    spent, least = 0.0, np.inf
    for method in task.methods:
        _, first = planned(method)
        found, spent_by = planned(method)
        spent, least = max(spent, spent_by), min(least, found.cost)
        print(
            f"| {name} | {method} | {found.found.costs[0]:.4g} | {found.cost:.5g} | {found.found.iterations} | "
            f"{spent_by:.2f} | {first - spent_by:.1f} | {found.found.reason} |",
            flush=True,
        )
    runs = [(rate, *descent(model, task, u0, budget * spent, rate)) for rate in RATES]
    rate, times, costs = min(runs, key=lambda r: np.min(r[2]))
    soon = min(np.min(np.array(c)[np.array(t) <= spent]) for _, t, c in runs)
    there = next((f"after {t:.2f} s" for t, c in zip(times, costs, strict=True) if c <= NEAR * least), "never")
    print(
        f"| {name} | adam, {rate} | {costs[0]:.4g} | {np.min(costs):.5g} | {len(costs)} | {times[-1]:.2f} | | "
        f"{soon:.5g} in the time of the slower row above; within 1 % of its least: {there} |",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("robots", nargs="*", default=[])
    parser.add_argument("--budget", type=float, default=10.0, help="times iLQR's time for Adam")
    given = parser.parse_args()
    print("| robot, contact | by | first cost | cost | iterations | s | compile s | |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for name, task in TASKS.items():
        if not given.robots or any(name.startswith(r) for r in given.robots):
            compare(name, task, given.budget)


if __name__ == "__main__":
    main()
