"""The figures of docs/lessons.md, drawn from our scenes.

    python docs/figures/lessons.py [FOLDER]

Writes impact.png, touch.png (and prints its percentages), unseen.png, linear.png, kink.png and growth.png;
box_friction.py draws the one on friction.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from plot import Plot, write

from rosesim.scenes import compiled, configure, find_scene, rollout

FOLDER = Path(__file__).parents[1] / "pictures"
Array = NDArray[np.float64]


def along(name: str, settings: list[str], values: Array) -> tuple[Array, Array]:
    """Losses and derivatives of a scene with one tuned number, at these values of it."""
    scene, inputs = configure(find_scene(name), settings)
    program = compiled(scene)
    found = [program.value_and_grad(program.flat.unflatten(np.array([v])), inputs) for v in values]
    return np.array([loss for loss, _ in found]), np.array([program.flat.flatten(g)[0] for _, g in found])


def impact(folder: Path) -> None:
    """The bouncing ball with and without the moment of contact."""
    delta = np.linspace(0.0005, 0.0505, 801)
    plots: list[Plot] = []
    for which, title in (("yes", "Turned at the moment of contact"), ("no", "Turned a step later")):
        loss, slope = along("bounce", [f"time_of_impact={which}"], delta)
        plot = Plot(title, "start, higher by", "end", up=(0.45, 0.52))
        plot.curve(delta, loss, "first", style="line" if which == "yes" else "dots", width=1.6)
        plot.label((0.002, 0.457), f"derivative {np.median(slope):+.0f} everywhere")
        plots.append(plot)
    write(folder / "impact.png", plots)


def touch(folder: Path) -> None:
    """Billiards with the published and the exact contact: the loss, and how often its gradient has the right sign."""
    saw = Plot("Loss against where the cue ball starts, 4 rows", "y", "loss")
    worth = Plot("The gradient has the sign of the change", "rows of balls", "% of cases", up=(50.0, 115.0))
    rows, steps = [1, 2, 3, 4], [700, 900, 1000, 1024]
    for contact, role in (("published", "second"), ("exact", "first")):
        y = np.linspace(0.4932, 0.4948, 401)
        loss = [shot_loss(contact)(np.array([0.1, v, 0.3, 0.0])) for v in y]
        saw.curve(y, loss, role, name=contact)
        percent = [
            100 * agreement([f"layers={n}", f"steps={m}", f"contact={contact}"])
            for n, m in zip(rows, steps, strict=True)
        ]
        print(f"{contact}:", ", ".join(f"{p:.1f} % ({n} rows)" for p, n in zip(percent, rows, strict=True)))
        worth.curve(rows, percent, role, name=contact)
    write(folder / "touch.png", [saw, worth])


def shot_loss(contact: str) -> Any:
    """The loss of billiards by its four numbers."""
    scene, inputs = configure(find_scene("billiards"), [f"contact={contact}"])
    program = compiled(scene)
    return lambda z: program.value(program.flat.unflatten(z), inputs)


def agreement(settings: list[str], shots: int = 200, step: float = 0.01) -> float:
    """The part of 200 shots near the first one, and of their four numbers, whose slope has the sign of the change.

    The change is that over plus and minus `step`; changes of less than 1e-3 of it, and slopes of 0, are left out.
    """
    scene, inputs = configure(find_scene("billiards"), settings)
    program, rng = compiled(scene), np.random.default_rng(1)
    flat = program.flat
    base = flat.flatten(scene.params(np.random.default_rng(0)))
    same: list[bool] = []
    for _ in range(shots):
        x = base * (1 + 0.1 * rng.normal(size=base.size))
        slopes = flat.flatten(program.value_and_grad(flat.unflatten(x), inputs)[1])
        for d, slope in zip(step * np.eye(base.size), slopes, strict=True):
            ends = [program.value(flat.unflatten(x + s * d), inputs) for s in (1, -1)]
            change = (ends[0] - ends[1]) / (2 * step)
            if abs(change) > 1e-3 and slope:
                same.append((change > 0) == (slope > 0))
    return float(np.mean(same))


def unseen(folder: Path) -> None:
    """The depth of the walking boxes' feet in the ground, with and without a penalty."""
    plot = Plot("How deep robot A stands in the ground", "step", "millimetres")
    for p, role in (("0", "second"), ("1e4", "first")):
        scene, inputs = configure(find_scene("rigid_body"), [f"p={p}", "robot=A"])
        path: Any = rollout(scene, scene.params(np.random.default_rng(0)), inputs)
        plot.curve(*depth(scene, path), role, name=f"p = {p}")
    write(folder / "unseen.png", [plot])


def depth(scene: Any, path: Any) -> tuple[Array, Array]:
    """Steps, and millimetres of the lowest corner below the ground there."""
    place, angle = np.asarray(path.stacked.position), np.asarray(path.stacked.angle)
    a, b = np.array([box[2:4] for box in scene.robot.boxes]).T
    below = np.abs(np.sin(angle)) * a + np.abs(np.cos(angle)) * b
    lowest = (place[..., 1] - below).min(axis=1)
    steps = np.arange(0, len(lowest), 10)
    return steps, 1000 * np.maximum(scene.ground - lowest[steps], 0.0)


def linear(folder: Path) -> None:
    """Memory of a gradient against steps: the wave stores nothing, smoke stores every step."""
    plot = Plot("Memory of a gradient, 64 x 64 cells", "steps", "megabytes")
    steps = [16, 32, 64, 128, 256]
    for name, role, settings in (("smoke", "second", []), ("wave", "first", [])):
        sizes: list[float] = []
        for n in steps:
            scene, _ = configure(find_scene(name), [f"steps={n}", "n=64", *settings])
            sizes.append(compiled(scene).value_and_grad.compiled.workspace_bytes / 1e6)
        plot.curve(steps, sizes, role, name=name)
    write(folder / "linear.png", [plot])


def kink(folder: Path) -> None:
    """The loss of smoke along a constant wind through still air: the slope differs from side to side."""
    scene, inputs = configure(find_scene("smoke"), ["n=32", "steps=10"])
    program = compiled(scene)
    like = scene.params(np.random.default_rng(0))
    direction = np.random.default_rng(1).normal(size=(32, 32, 2))
    direction /= np.linalg.norm(direction)
    wind = np.linspace(-0.3, 0.3, 201)
    loss = np.array([program.value(replace(like, wind=w * direction), inputs) for w in wind])
    slope = np.array(
        [
            float((program.value_and_grad(replace(like, wind=w * direction), inputs)[1].wind * direction).sum())
            for w in wind
        ]
    )
    value = Plot("Loss along a wind, from still air", "strength", "loss")
    value.curve(wind, loss, "first")
    by = Plot("Its derivative", "strength", "by strength")
    by.curve(np.where(wind < -1e-9, wind, np.nan), slope, "second", name="left")
    by.curve(np.where(wind > 1e-9, wind, np.nan), slope, "third", name="right")
    write(folder / "kink.png", [value, by])


def growth(folder: Path) -> None:
    """The derivative of a pushed point's final position, against steps, for four dampings."""
    plot = Plot("A derivative grows with the steps", "steps", "dx / da")
    steps = np.array([10, 20, 50, 100, 200, 500, 1000, 2000])
    for alpha, role in ((0, "first"), (1, "second"), (3, "third"), (10, "fourth")):
        slopes = [along("growth", [f"steps={n}", f"alpha={alpha}"], np.ones(1))[1][0] for n in steps]
        plot.curve(steps, slopes, role, name=f"damping {alpha}")
    write(folder / "growth.png", [plot])


def main() -> None:
    """Draw all of them."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for figure in (impact, touch, unseen, linear, kink, growth):
        begun = time.perf_counter()
        figure(folder)
        print(f"{figure.__name__}.png in {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
