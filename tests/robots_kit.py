"""What tests of robots share: reference files, models of other packages, and inertia by formulas of its own."""

import importlib.util
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rosesim.robots import Model, files, load
from rosesim.robots.description import Description, Geom

SHARED = Path(__file__).parents[2] / "shared" / "robots"
"""Beside the repository: robots as files, and what MuJoCo 3.17.0 makes of them."""

NAMES = (
    "acrobot", "arm7", "balltree", "cartpole", "chain20", "freebox", "pendulum", "planarhopper", "gymnasium_ant",
    "gymnasium_half_cheetah", "gymnasium_hopper", "gymnasium_humanoid", "gymnasium_swimmer", "gymnasium_walker2d",
)  # fmt: skip
"""The references of MJCF files."""


def package_folder(package: str, inside: str) -> Path:
    """A folder of an installed package, found without importing it; skips where it is not installed."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        pytest.skip(f"{package} is not installed, whose robots are read here")
    return Path(found.origin).parent / inside


def gymnasium_file(name: str) -> Path:
    """A robot of Gymnasium."""
    return package_folder("gymnasium", "envs/mujoco/assets") / name


def reference_file(name: str) -> dict[str, Any]:
    """One of the files beside the references of robots: contacts, closed forms."""
    return reference(name)


@cache
def reference(name: str) -> dict[str, Any]:
    """A reference file, whole; skips where it is not there."""
    file = SHARED / "reference" / f"{name}.json"
    if not file.exists():
        pytest.skip("the references of robots are not beside the repository")
    return json.loads(file.read_text(encoding="utf-8"))


def model_file(name: str) -> Path:
    """The robot that a reference is of."""
    model = reference(name)["model"].removeprefix("models/")
    package, _, file = model.rpartition(":")
    return gymnasium_file(file) if package else SHARED / "models" / file


def rotation(quat: Any) -> NDArray[np.float64]:
    """The rotation matrix of a quaternion, as turning the axes by q v q*."""
    w, v = quat[0], np.array(quat[1:])
    x = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + 2 * w * x + 2 * x @ x


def volume_and_moments(geom: Geom) -> tuple[float, NDArray[np.float64]]:
    """Volume of a primitive, and its moments about its centre with a mass of 1."""
    a, b, c = (*geom.size, 0.0, 0.0)[:3]
    if geom.kind == "sphere":
        return 4 / 3 * np.pi * a**3, np.full(3, 0.4 * a * a)
    if geom.kind == "box":
        return 8 * a * b * c, np.array([b * b + c * c, a * a + c * c, a * a + b * b]) / 3
    if geom.kind == "ellipsoid":
        return 4 / 3 * np.pi * a * b * c, np.array([b * b + c * c, a * a + c * c, a * a + b * b]) / 5
    cylinder, ball = 2 * np.pi * a * a * b, 4 / 3 * np.pi * a**3
    across = (3 * a * a + 4 * b * b) / 12
    if geom.kind == "cylinder":
        return cylinder, np.array([across, across, a * a / 2])
    assert geom.kind == "capsule"
    side = cylinder * across + ball * (0.4 * a * a + b * b + 0.75 * a * b)
    axial = cylinder * a * a / 2 + ball * 0.4 * a * a
    return cylinder + ball, np.array([side, side, axial]) / (cylinder + ball)


def body_inertia(robot: Description, body: int) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Mass, centre of mass and moments about it (3×3, the body's axes), without scaling to a total mass."""
    given = robot.bodies[body].inertial
    if given is not None:
        xx, yy, zz, xy, xz, yz = given.inertia
        return given.mass, np.array(given.com), np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    parts: list[tuple[float, NDArray[np.float64], NDArray[np.float64]]] = []
    for geom in robot.geoms:
        if geom.body == body and body and geom.has_inertia:
            volume, moments = volume_and_moments(geom)
            mass = geom.density * volume if geom.mass is None else geom.mass
            r = rotation(geom.quat)
            parts.append((mass, np.array(geom.pos), mass * r @ np.diag(moments) @ r.T))
    total = sum(p[0] for p in parts)
    if not total:
        return 0.0, np.zeros(3), np.zeros((3, 3))
    com = sum((m * c for m, c, _ in parts), np.zeros(3)) / total
    inertia = np.zeros((3, 3))
    for m, c, i in parts:
        d = c - com
        inertia += i + m * (d @ d * np.eye(3) - np.outer(d, d))
    return total, com, inertia


TRIED = NAMES if os.environ.get("ROSESIM_ALL_ROBOTS") else ("acrobot", "arm7", "freebox", "planarhopper")
"""Whose compiled functions the tests run: a few, or all."""


@cache
def model(name: str) -> Model:
    """The robot of a reference."""
    return load(model_file(name))


def off(found: Any, expected: Any) -> float:
    """The largest difference, relative to the largest entry."""
    a, b = np.asarray(found, float), np.asarray(expected, float)
    assert a.shape == b.shape
    return float(np.abs(a - b).max(initial=0.0) / max(np.abs(b).max(initial=0.0), 1e-3))


def controls(data: dict[str, Any], steps: int, nu: int, share: float = 1.0) -> NDArray[np.float64]:
    """The references' controls, (steps, nu)."""
    mid, amp = np.array(data["controls"]["mid"]), np.array(data["controls"]["amp"])
    j = np.arange(nu)
    waves = [mid + share * amp * np.sin(0.05 * (j + 1) * t + j) for t in range(steps)]
    return np.array(waves).reshape(steps, nu)


def mjcf(folder: Path, body: str, head: str = "", tail: str = "", ignore: tuple[str, ...] = ()) -> Description:
    """A robot of one text; `body` stands in the world, in line 4 where the rest is short."""
    file = folder / "robot.xml"
    file.write_text(f"<mujoco>\n{head}\n<worldbody>\n{body}\n</worldbody>\n{tail}\n</mujoco>", encoding="utf-8")
    return files.load(file, ignore)


ARM = '<body name="a"><joint name="j" range="-1 1"/><geom name="g" size="0.1"/><site name="s"/></body>'
