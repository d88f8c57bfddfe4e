"""A robot's shapes in a view of space (`rosesim.scenes.Canvas.space`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rosesim.robots.description import Description, Geom
from rosesim.robots.parameters import title

DRAWN = frozenset(("sphere", "capsule", "cylinder", "box", "ellipsoid"))
"""Shapes that a space has. A plane is no part of a robot, and a mesh only takes part in contact."""


def sized(description: Description, parameters: Mapping[str, Any] | None) -> list[Geom]:
    """The shapes, with the sizes that are given."""
    given = parameters or {}
    names = [f"{title('geom', g.name, k)} size" for k, g in enumerate(description.geoms)]
    return [
        replace(g, size=given[name]) if name in given else g for g, name in zip(description.geoms, names, strict=True)
    ]


def draw(
    geoms: Sequence[Geom],
    space: Any,
    places: Any,
    turns: Any,
    role: str | Callable[[Geom], str],
    moved: tuple[float, float, float],
) -> None:
    """Draw the shapes beside their places, with their quaternions."""
    for k, geom in enumerate(geoms):
        if geom.kind not in DRAWN:
            continue
        at = [places[k][i] + moved[i] for i in range(3)]
        turn, size = turns[k], geom.size
        of = role if isinstance(role, str) else role(geom)
        match geom.kind:
            case "sphere":
                space.sphere(at, size[0], of)
            case "box" | "ellipsoid":
                getattr(space, geom.kind)(at, size, of, turn=turn)
            case _:
                w, x, y, z = turn[0], turn[1], turn[2], turn[3]
                axis = 2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y)
                start, end = ([at[i] + s * size[1] * axis[i] for i in range(3)] for s in (-1.0, 1.0))
                getattr(space, geom.kind)(start, end, size[0], of)


def draw_from_the_side(
    geoms: Sequence[Geom],
    canvas: Any,
    places: Any,
    turns: Any,
    role: str | Callable[[Geom], str],
    middle: tuple[Any, Any],
    scale: float,
) -> None:
    """Each shape as a line or a disc in the plane of x and z."""
    for k, geom in enumerate(geoms):
        if geom.kind not in DRAWN:
            continue
        of = role if isinstance(role, str) else role(geom)
        at = [scale * (places[k][0] - middle[0]), scale * (places[k][2] - middle[1])]
        if geom.kind in ("capsule", "cylinder"):
            w, x, y, z = turns[k][0], turns[k][1], turns[k][2], turns[k][3]
            axis = 2.0 * (x * z + w * y), 1.0 - 2.0 * (x * x + y * y)
            ends = [[a + s * geom.size[1] * b for a, b in zip(at, axis, strict=True)] for s in (-scale, scale)]
            canvas.line(ends, of, width=2.0 * scale * geom.size[0])
        else:
            canvas.circle(at, scale * _mean(geom.size), of)


def _mean(x: Any) -> Any:
    """Of a shape's half axes."""
    total = x[0]
    for k in range(1, len(x)):
        total = total + x[k]
    return total / len(x)
