"""The pictures of bodies in space.

    python docs/figures/space.py             # docs/pictures/space.png and robots.png, apps/robot/robot.gif

The robots of the picture are Gymnasium's, from its files.
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import numpy as np

from rosesim import robots
from rosesim.scenes import Camera, Canvas, configure, find_scene
from rosesim.train import train
from rosesim.view import Box, attempts, movie, render, write_gif, write_png
from rosesim.view.theme import colours

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
COLOURS = colours(
    {
        "blue": "#3f74c8", "slate": "#4a6f9c", "orange": "#e07b2e", "gold": "#e3b23c", "red": "#c9473b",
        "sea": "#3b8c88", "sage": "#8aa583", "ivory": "#efe9dc",
    }
)  # fmt: skip


def about(angle: float, axis: tuple[float, float, float] = (0.0, 0.0, 1.0)) -> list[float]:
    """The quaternion of a turn around an axis."""
    return [math.cos(angle / 2), *(math.sin(angle / 2) * a for a in axis)]


def bodies(canvas: Canvas) -> None:
    """One of every kind, and a few more."""
    space = canvas.space(Camera((1.6, -5.2, 2.3), (0.05, 0.0, 0.42), 26.0))
    space.ground(0.0, cell=0.5)
    space.sphere((-1.15, 0.1, 0.42), 0.42, "blue")
    space.sphere((-0.47, -0.62, 0.15), 0.15, "ivory")
    space.box((0.95, -0.15, 0.3), (0.3, 0.3, 0.3), "red", turn=about(0.5))
    space.box((0.92, -0.12, 0.72), (0.12, 0.12, 0.12), "ivory", turn=about(0.1))
    space.cylinder((0.12, 0.75, 0.0), (0.12, 0.75, 0.72), 0.3, "gold")
    space.cylinder((-0.05, -0.05, 0.0), (-0.05, -0.05, 0.1), 0.26, "sage")
    space.capsule((0.22, -0.85, 0.1), (0.78, -1.0, 0.1), 0.1, "orange")
    space.capsule((1.55, 0.55, 0.08), (1.3, 0.9, 0.95), 0.08, "slate")
    space.ellipsoid((-0.05, -0.05, 0.26), (0.22, 0.15, 0.16), "sea", turn=about(0.6))


def standing(name: str, at: tuple[float, float], yaw: float, **angles: float) -> tuple[Any, np.ndarray]:
    """A robot with its lowest shape on the ground, and joints at these angles."""
    spec = importlib.util.find_spec("gymnasium")
    assert spec is not None and spec.origin is not None
    model = robots.load(Path(spec.origin).parent / "envs" / "mujoco" / "assets" / f"{name}.xml")
    d, q = model.description, model.start.copy()
    where = 0
    for joint in d.joints:
        if joint.name in angles:
            q[where] = angles[joint.name]
        where += {"free": 7, "ball": 4}.get(joint.kind, 1)
    places, turns = model.geom_positions(q)
    low = np.inf
    for k, geom in enumerate(d.geoms):
        if geom.kind in ("sphere", "capsule"):
            half = geom.size[1] if geom.kind == "capsule" else 0.0
            _, x, y, _ = turns[k]
            low = min(low, places[k][2] - abs(half * (1 - 2 * (x * x + y * y))) - geom.size[0])
    if d.joints[0].kind == "free":
        q[:3] = *at, q[2] - low
        q[3:7] = about(yaw)
    else:
        q[0], q[1] = at[0], q[1] - low
    return model, q


def machines(canvas: Canvas) -> None:
    """Three robots on one floor."""
    space = canvas.space(Camera((1.9, -6.4, 2.1), (0.15, 0.0, 0.66), 25.0))
    space.ground(0.0, cell=0.5)
    bent = {f"ankle_{k}": s * 0.9 for k, s in ((1, 1), (2, -1), (3, -1), (4, 1))}
    for name, at, yaw, role, angles in (
        ("humanoid", (0.05, 0.75), -0.9, "slate", {}),
        ("ant", (1.6, 0.2), 0.4, "orange", bent),
        ("half_cheetah", (-1.25, 0.0), 0.0, "gold", {"bthigh": -0.3, "fthigh": 0.3}),
    ):
        model, q = standing(name, at, yaw, **angles)
        model.draw(space, q, role)


def gait(file: Path) -> None:
    """The robot of apps/robot learns to run: three iterations of a training."""
    scene, inputs = configure(find_scene("robot"), ["contact=compliant", "steps=200", "learning_rate=0.003"])
    run = train(scene, inputs=inputs, iterations=46, seed=0)  # its best: later it falls
    shown = [(i, params) for i, params in run.until_best if i in (0, 16, 46)]
    frames, seconds = movie(scene, inputs, attempts(scene, inputs, shown, losses=run.curve), run.curve)
    write_gif(file, frames, seconds)


def main() -> None:
    """Draw all."""
    for name, size, draw in (("space", (960, 560), bodies), ("robots", (960, 560), machines)):
        canvas = Canvas((0.0, 0.0, *size))
        draw(canvas)
        write_png(PICTURES / f"{name}.png", render(size, [(canvas, Box(0, 0, *size))], COLOURS))
    gait(ROOT / "apps" / "robot" / "robot.gif")


if __name__ == "__main__":
    main()
