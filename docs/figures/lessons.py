"""The figures of docs/lessons.md, drawn from our scenes.

    python docs/figures/lessons.py [FOLDER]

Writes impact.png, unseen.png, linear.png, kink.png and growth.png; that of friction is box_friction.py's.
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


def unseen(folder: Path) -> None:
    """How deep the feet of the walking boxes lie in the ground, with and without a penalty."""
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
    """Memory of a gradient against steps: the wave keeps nothing, smoke keeps every step."""
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
    """The derivative of where a pushed point ends, against steps, for four dampings."""
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
    for figure in (impact, unseen, linear, kink, growth):
        begun = time.perf_counter()
        figure(folder)
        print(f"{figure.__name__}.png in {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
