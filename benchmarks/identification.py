"""A robot's masses from its recorded motion: how far they are off, and how often their error bars hold the truth.

    python benchmarks/identification.py [FILE.xml] [--seconds 2] [--starts 20] [--trials 100] [--noise 0.001]

Without a file: arm7, where ../shared is found. The motors follow sine waves over three fifths of their range,
without contact. First without noise, from starts at which each mass is wrong by 30 %, up or down at random. Then with
noise on all positions, of records whose first position and velocity are known and of such where they are found, too.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rosesim import robots

Array = NDArray[np.float64]
WRONG = 0.3
LEVELS = 0.68, 0.95


def waves(model: robots.Model, steps: int) -> Array:
    """Controls (steps, nu)."""
    low, high = np.where(np.isfinite(model.control_range), model.control_range, [-1.0, 1.0]).T
    k = np.arange(model.nu)
    phase = 2.0 * np.pi * (0.5 + 0.3 * k) * model.timestep * np.arange(steps)[:, None] + k
    return 0.5 * (low + high) + 0.3 * (high - low) * np.sin(phase)


def motion(model: robots.Model, controls: Array) -> Array:
    """Positions (steps + 1, nq) from rest."""
    step = model.function("step", contact="none")
    q, v = model.start, np.zeros(model.nv)
    rows = [q]
    for u in controls:
        q, v = step(q, v, u)
        rows.append(q)
    return np.array(rows)


def wrong(truth: dict[str, float], rng: np.random.Generator) -> dict[str, float]:
    """Each mass too large or too small."""
    return {name: mass * (1.0 + WRONG * rng.choice([-1.0, 1.0])) for name, mass in truth.items()}


def probability(held: int, trials: int, rate: float) -> float:
    """Of a number of successes as far from the rate as this one or farther, if the rate is right."""
    p = [math.comb(trials, k) * rate**k * (1.0 - rate) ** (trials - k) for k in range(trials + 1)]
    return sum(x for x in p if x <= p[held] * (1.0 + 1e-9))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", default=Path(__file__).parents[2] / "shared/robots/models/arm7.xml")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--noise", type=float, default=1e-3, help="standard deviation, rad or m")
    parser.add_argument("--only", choices=("known", "found"), help="records whose start is known, or is found, alone")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # a doubt is counted below
    rng = np.random.default_rng(0)
    model = robots.load(asked.file)
    controls = waves(model, round(asked.seconds / model.timestep))
    recorded = motion(model, controls)
    truth = {k: v for k, v in model.parameters().items() if k.startswith("body ") and k.endswith(" mass")}
    rest = model.start, np.zeros(model.nv)

    worst, iterations, begun = 0.0, [], time.perf_counter()
    for _ in range(asked.starts):
        record = robots.Record(recorded, controls, start=rest)
        found = robots.identify(model, record, wrong(truth, rng), contact="none")
        worst = max(worst, *(abs(found.values[k] / m - 1.0) for k, m in truth.items()))
        iterations.append(found.iterations)
    print(
        f"{len(truth)} masses of {model.description.name}, {asked.seconds:g} s, {asked.starts} starts {WRONG:.0%} off"
    )
    if asked.starts:
        each = (time.perf_counter() - begun) / asked.starts
        print(f"  largest relative error {worst:.1e}; {np.median(iterations):g} iterations, {each:.2f} s each")

    for name, start in (("known", rest), ("found", None)):
        if asked.only not in (None, name):
            continue
        rng = (
            rng if start is not None else np.random.default_rng(1)
        )  # the same whether or not the others are measured
        held = dict.fromkeys(LEVELS, 0)
        inside = dict.fromkeys(truth, 0)
        told = 0
        for _ in range(asked.trials):
            noisy = recorded + asked.noise * rng.normal(size=recorded.shape)
            record = robots.Record(noisy, controls, start=start)
            found = robots.identify(model, record, wrong(truth, rng), contact="none")
            told += bool(found.doubts)
            for k, m in truth.items():
                inside[k] += found.intervals[k][0] <= m <= found.intervals[k][1]
            for level in LEVELS:
                held[level] += _holds(found, truth, level)
        print(f"  noise {asked.noise:g}, start {name}: of {asked.trials} trials, {told} told doubtful")
        for k, n in inside.items():
            print(f"    {k}: {n} of 95 % intervals hold the truth (p = {probability(n, asked.trials, 0.95):.2f})")
        for level, n in held.items():
            p = probability(n, asked.trials, level)
            print(f"    {n} of {level:.0%} regions of all masses hold it (p = {p:.2f})")


def _holds(found: robots.Identified, truth: dict[str, float], level: float) -> bool:
    """Whether the ellipsoid of the covariance holds all masses at once."""
    from scipy import special

    off = np.array([np.log(truth[k] / found.values[k]) / (found.errors[k] / found.values[k]) for k in truth])
    squared = float(off @ np.linalg.solve(found.correlation, off))
    return squared <= 2.0 * float(special.gammaincinv(0.5 * len(truth), level))


if __name__ == "__main__":
    main()
