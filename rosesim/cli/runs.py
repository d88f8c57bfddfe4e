"""What is said of runs' folders: the numbers of one, for `info`, and of several side by side, for `compare`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosesim.cli.output import print_json
from rosesim.scenes.tree import leaves


@dataclass(frozen=True)
class Told:
    """The numbers of a run (of its best seed, where there are several)."""

    folder: Path
    scene: str
    optimizer: str
    learning_rate: float | None
    seed: int
    iterations: int
    """Updates that were made."""
    total: int
    """Updates that were planned."""
    curve: list[float]
    """The loss of each iteration; its running mean where inputs differ between iterations."""
    best_loss: float
    best_iteration: int
    seconds: float
    made: dict[str, Any]
    """The settings, the inputs and the rest of the plan, by name."""

    def record(self) -> dict[str, Any]:
        """The numbers by name, as JSON has them."""
        return {
            "run": str(self.folder), "scene": self.scene, "optimizer": self.optimizer,
            "learning_rate": self.learning_rate, "seed": self.seed, "iterations": self.iterations,
            "loss_first": self.curve[0], "loss_last": self.curve[-1], "best_loss": self.best_loss,
            "best_iteration": self.best_iteration, "seconds": self.seconds,
        }  # fmt: skip


def told(folder: Path) -> Told:
    """The numbers of a run's folder; SceneError where there are none yet."""
    from rosesim.train import read_best
    from rosesim.train.folder import read_curve
    from rosesim.train.metrics import read_rows
    from rosesim.train.run_files import METRICS
    from rosesim.train.settings import read_settings

    best = read_best(folder)
    found, rows = read_settings(best.folder), read_rows(best.folder / METRICS)
    rate = leaves(found.inputs).get("learning_rate") if found.plan.takes_rate else None
    return Told(
        folder, found.scene.name, found.plan.optimizer, None if rate is None else float(rate),
        found.plan.seed, len(rows) - 1, found.plan.iterations, read_curve(folder), best.loss, best.iteration,
        rows[-1].seconds, _made(found.record()),
    )  # fmt: skip


SHOWN = ("learning_rate", "optimizer", "seed", "seeds", "iterations")
"""What has a column in any case."""


def _made(record: dict[str, Any]) -> dict[str, Any]:
    every = {**record["settings"], **record["inputs"], **record["training"]}
    return {k: v for k, v in every.items() if k not in SHOWN}


def differences(runs: Sequence[Told]) -> dict[str, list[str]]:
    """What the runs were made from and differ in, by name: the text of each run's."""
    names = dict.fromkeys(name for t in runs for name in t.made)
    texts = {n: [_short(t.made[n]) if n in t.made else "-" for t in runs] for n in names}
    return {n: found for n, found in texts.items() if len(set(found)) > 1}


def describe_run(folder: Path, json: bool) -> None:
    """Print what a run was made from, and how it went."""
    from rosesim.train.settings import read_settings

    t, found = told(folder), read_settings(folder)
    record = found.record()
    if json:
        print_json(
            {**t.record(), "settings": record["settings"], "inputs": record["inputs"], "plan": record["training"]}
        )
        return
    given = " ".join(f"{k}={_short(v)}" for k, v in {**record["settings"], **record["inputs"]}.items())
    print(f"{folder}: a run of {t.scene}" + (f", {found.seeds} seeds" if found.seeds else ""))
    print(f"made from  {given}")
    print("trained    " + " ".join(f"{k}={v}" for k, v in record["training"].items()))
    print(
        f"went       loss {t.curve[0]:.4g} to {t.curve[-1]:.4g} in {t.iterations} of {t.total} iterations, "
        f"{t.seconds:.3g} s; best {t.best_loss:.4g} at iteration {t.best_iteration}"
    )
    if t.iterations < t.total:
        print(f"goes on    rosesim train --resume {folder}")


def _short(value: Any) -> str:
    text = str(value).replace(" ", "")
    return text if len(text) <= 40 else f"{text[:37]}..."


def table(runs: Sequence[Told]) -> list[str]:
    """The runs in rows, with a star at the best, and in the last columns what they differ in."""
    least = min(t.best_loss for t in runs)
    rows = [["", "run", "scene", "optimizer", "rate", "seed", "iterations", "first", "last", "best", "at", "seconds"]]
    for t in runs:
        numbers = [f"{v:.4g}" for v in (t.curve[0], t.curve[-1], t.best_loss)]
        rate = "-" if t.learning_rate is None else f"{t.learning_rate:g}"
        rows.append([
            "*" if t.best_loss == least else "", str(t.folder), t.scene, t.optimizer, rate, str(t.seed),
            str(t.iterations), *numbers, str(t.best_iteration), f"{t.seconds:.3g}",
        ])  # fmt: skip
    for name, texts in differences(runs).items():
        for row, text in zip(rows, [name, *texts], strict=True):
            row.append(text)
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(c.ljust(w) for c, w in zip(row, wide, strict=True)).rstrip() for row in rows]
