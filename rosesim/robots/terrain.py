"""Rough ground: round ridges across the way, half sunk into the ground, each of a height that may be given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from rosesim.robots.description import Geom
from rosesim.robots.model import Model

ACROSS = (math.sqrt(0.5), -math.sqrt(0.5), 0.0, 0.0)
"""The quaternion that lays a capsule along y."""


@dataclass(frozen=True)
class Ridges:
    """Ridges across the way along x: the first at x = `first`, then one every `spacing`, all in m.

    A ridge is a capsule along y, `width` long, whose axis is `depth` below the ground; its radius is `depth` and its
    height. So heights are parameters: other ones in each run, given to lanes, and differentiable.

    Raises ValueError for a count below 1, or a length that is not positive.

    >>> import pathlib, tempfile
    >>> from rosesim import robots
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "ball.xml"
    >>> _ = file.write_text('''<mujoco><worldbody><geom type="plane" size="9 9 1"/><body pos="1 0 0.3">
    ...   <joint type="slide" axis="0 0 1"/><geom size="0.1" mass="1"/></body></worldbody></mujoco>''')
    >>> ridges = robots.Ridges(3)
    >>> ball = ridges.under(robots.load(file))
    >>> q, v = ball.start, [0.0]
    >>> for _ in range(500):
    ...     q, v = ball.step(q, v, [], parameters=ridges.of([0.15, 0.0, 0.05]))
    >>> (0.3 + q).round(3)  # on the crest of the first
    array([0.25])
    """

    count: int
    first: float = 1.0
    spacing: float = 0.5
    depth: float = 0.3
    width: float = 4.0

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"Ridges({self.count}) was found; expected a count of 1 or more")
        for name in ("spacing", "depth", "width"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise ValueError(f"Ridges({name}={getattr(self, name)!r}) was found; expected a positive length in m")
        if not math.isfinite(self.first):
            raise ValueError(f"Ridges(first={self.first!r}) was found; expected a place in m")

    def under(self, model: Model) -> Model:
        """A model with these ridges in its ground, flush with it until heights are given.

        They touch what the ground touches, with its friction and softness. Raises ValueError where the world has no
        plane, a tilted one, or names of these already.
        """
        robot = model.description
        ground = next((g for g in robot.geoms if g.kind == "plane" and not g.body), None)
        if ground is None:
            raise ValueError(
                f'the robot {robot.name!r} has no ground for ridges; expected a <geom type="plane"> of the world'
            )
        if any(abs(x) > 1e-9 for x in ground.quat[1:3]):
            raise ValueError(f"the ground of the robot {robot.name!r} is tilted; expected a plane whose normal is z")
        if taken := {g.name for g in robot.geoms} & set(self._names):
            raise ValueError(
                f"the robot {robot.name!r} has a geom {min(taken)!r} already; expected one without ridges"
            )
        ridges = tuple(
            replace(
                ground,
                name=name,
                kind="capsule",
                size=(self.depth, 0.5 * self.width),
                pos=(self.first + k * self.spacing, 0.0, ground.pos[2] - self.depth),
                quat=ACROSS,
                has_inertia=False,
            )
            for k, name in enumerate(self._names)
        )
        return model.altered(replace(robot, geoms=(*robot.geoms, *ridges)))

    def of(self, heights: Any) -> dict[str, Any]:
        """The parameters for ridges of these heights, in m, one each: for `parameters=` of all functions."""
        sizes = [[self.depth + heights[k], 0.5 * self.width] for k in range(self.count)]
        return {f"geom {name} size": size for name, size in zip(self._names, sizes, strict=True)}

    def is_ridge(self, geom: Geom) -> bool:
        """Whether a shape is one of these, as where a picture chooses colours."""
        return geom.name in self._names

    @property
    def _names(self) -> Sequence[str]:
        return [f"ridge{k}" for k in range(self.count)]
