"""Robots of boxes, springs and joints, from data: the published ones, and files of the same form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.kit import Links, index, numbers, read_json, records

OURS = Path(__file__).with_name("robots.json")
BOX = "[x, y, half width, half height, angle]"
SPRING = "[box, box, x, y on the first, x, y on the second, rest length or -1, stiffness, actuation]"
FORM = f'{{"boxes": [{BOX}, ...], "springs": [{SPRING}, ...], "head": box}}'
JOINT = -1.0
"""The rest length that marks a spring as a joint."""

Box = tuple[float, float, float, float, float]
Spring = tuple[int, int, float, float, float, float, float, float, float]


@dataclass(frozen=True)
class Robot:
    """Boxes pulled by springs and held by joints, as a setting: known while tracing."""

    name: str
    """The name of a published robot; empty for one from a file."""
    boxes: tuple[Box, ...]
    """Position of the centre, half width, half height, angle (radians): metres, at the start."""
    springs: tuple[Spring, ...]
    """Two boxes, a point on each in its own axes, rest length (-1: a joint), stiffness, actuation."""
    head: int
    """The box that is to reach the goal."""

    @classmethod
    def parse(cls, text: str) -> Robot:
        """A robot by its name (A, B, L), from the JSON file of that path, or from JSON text itself.

        The form is `{"boxes": [...], "springs": [...], "head": 0}`, rows as above. Raises a ValueError that
        names the invalid entry.

        >>> Robot.parse("L").name, len(Robot.parse("L").boxes), Robot.parse("L").head
        ('L', 7, 3)
        """
        if text in robots():
            return robots()[text]
        named = ", ".join(robots())
        data, what = read_json(text, f"a robot is one of {named} or a JSON file of boxes and springs")
        return _robot(data, what)

    def __str__(self) -> str:
        """The robot's name, or JSON, as `parse` reads it, so that a run does not depend on a file."""
        return self.name or json.dumps({"boxes": self.boxes, "springs": self.springs, "head": self.head})

    @property
    def start(self) -> NDArray[np.float64]:
        """Position and angle of each box, of shape (boxes, 3)."""
        return np.array(self.boxes)[:, [0, 1, 4]]

    @property
    def half(self) -> NDArray[np.float64]:
        """Half width and half height of each box, of shape (boxes, 2)."""
        return np.array(self.boxes)[:, 2:4]

    def kind(self, *, joints: bool) -> NDArray[np.int64]:
        """The indices of the joints, or of the springs that are not joints."""
        return np.flatnonzero([(s[6] == JOINT) == joints for s in self.springs])

    def links(self, which: NDArray[np.int64]) -> Links:
        """The points between which these springs act."""
        rows = np.array(self.springs, dtype=np.float64)[which]
        return Links(rows[:, :2].astype(np.int64), rows[:, 2:4], rows[:, 4:6])

    def of_springs(self, column: int) -> NDArray[np.float64]:
        """Rest lengths (6), stiffnesses (7) or actuations (8)."""
        return np.array([s[column] for s in self.springs], dtype=np.float64)


@cache
def robots() -> dict[str, Robot]:
    """The robots A and B and the walker L of DiffTaichi's example (Hu et al., ICLR 2020)."""
    found = json.loads(OURS.read_text(encoding="utf-8"))["robots"]
    return {name: _robot(data, f"robot {name}", name) for name, data in found.items()}


def _robot(data: Any, what: str, name: str = "") -> Robot:
    boxes, springs = (records(data, key, what, FORM) for key in ("boxes", "springs"))
    if not boxes or not springs:
        raise ValueError(f"{what} has {len(boxes)} boxes and {len(springs)} springs; expected at least one of each")
    made = tuple(_box(v, f"{what}: boxes[{k}]") for k, v in enumerate(boxes))
    pulls = tuple(_spring(v, len(made), f"{what}: springs[{k}]") for k, v in enumerate(springs))
    return Robot(name, made, pulls, index(data.get("head", 0), len(made), "box", f"{what}: head"))


def _box(v: Any, where: str) -> Box:
    x, y, a, b, angle = numbers(v, 5, BOX, where)
    if not (a > 0 and b > 0):
        raise ValueError(f"{where} has the half sides {a:g} and {b:g}; expected positive ones")
    return x, y, a, b, angle


def _spring(v: Any, boxes: int, where: str) -> Spring:
    p, q, px, py, qx, qy, rest, stiffness, actuation = numbers(v, 9, SPRING, where)
    i, j = (index(end, boxes, "box", where) for end in (p, q))
    if i == j:
        raise ValueError(f"{where} joins box {i} to itself; expected two different boxes")
    if rest != JOINT and rest <= 0:
        raise ValueError(f"{where} has the rest length {rest:g}; expected a positive one, or -1 for a joint")
    if stiffness < 0:
        raise ValueError(f"{where} has the stiffness {stiffness:g}; expected 0 or more")
    if not 0 <= actuation < 1:
        raise ValueError(f"{where} has the actuation {actuation:g}; expected 0 or more and less than 1")
    return i, j, px, py, qx, qy, rest, stiffness, actuation
