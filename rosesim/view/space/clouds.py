"""Many spheres: a ray meets those of its tile of the picture, and light those of the ray's cell across the light.

A tile's list begins with what is nearest to the eye, a cell's with what is nearest to the light, so most rays end
early: of 1,600 particles in a heap, three are tested for a pixel. What a ray sees and the shadow that it finds are
those of as many single spheres, but for two things, which are said in `SOFTEST` and in the docstring of `Cloud.lit`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.scan import while_loop
from rosesim.ad.language.mathematics import floor, maximum, minimum, sqrt
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.view.space.cells import MOST, cells
from rosesim.view.space.light import BEGINS, PENUMBRA
from rosesim.view.space.shapes import FAR, TINY, Triple, along, dot3, meet_ball, minus, smooth

SOFTEST = 2.0
"""How wide half of a penumbra may be, in radii of its sphere. So a shadow is as narrow as its sphere, however far it
falls: without a bound, dust would darken all around, and each ray would ask for all of it."""
DARK = 0.004
"""Light below this, of 1, is none: a display has 255 steps."""
TILE = 8.0
"""Side of a tile of the picture, in pixels."""
CELL = 2.0
"""Side of a cell across the light, in radii: in smaller ones the same spheres are listed more often."""
SEEN, SHADE = 8, 5
"""Numbers of a sphere in the list of a tile (centre, radius, colour, distance of its nearest point from the eye) and
in that of a cell (centre, radius, how far towards the light it reaches)."""
ROOM = 8192
"""Entries of all lists for which a program has room; there are programs with room for 8 and 64 times as many."""

TIGHT = 1e-3
"""A sphere whose nearest point is closer to the plane of the eye than this part of its radius may be in any tile."""

_GRID = 5
NUMBERS = 2 * _GRID + 6
"""Numbers about a cloud: those of its tiles, those of its cells, and the two directions across the light."""


@dataclass(frozen=True, slots=True)
class Lists:
    """What a program is given about spheres; see `Cloud`."""

    seen: NDArray[np.float32]
    tiles: NDArray[np.float32]
    shade: NDArray[np.float32]
    across: NDArray[np.float32]
    numbers: NDArray[np.float32]

    def padded(self) -> list[NDArray[np.float32]]:
        """The arrays, the lists as long as a program has room for: the lengths of both say which program."""
        room = ROOM
        while room < max(len(self.seen), len(self.shade)):
            room *= 8
        seen, shade = (np.zeros((room, rows.shape[1]), np.float32) for rows in (self.seen, self.shade))
        seen[: len(self.seen)], shade[: len(self.shade)] = self.seen, self.shade
        return [seen, self.tiles, shade, self.across, self.numbers]


def lists(
    spheres: NDArray[np.float64],
    eye: NDArray[np.float64],
    frame: NDArray[np.float64],
    pixel: float,
    size: tuple[int, int],
    light: NDArray[np.float64],
    low: float,
    floor: float | None,
) -> Lists:
    """The lists of spheres, rows of `SEEN` - 1 numbers.

    `frame` has the directions to the right, up and forward, `pixel` is the tangent of a pixel's angle. `low` is how
    far towards the light bodies begin, `floor` the ground's height.
    """
    centres, radii = spheres[:, :3], spheres[:, 3]
    near = np.linalg.norm(centres - eye, axis=1) - radii
    spheres, near = spheres[order := np.argsort(near)], near[order]
    wide, high = size
    begin, end = _outlines((spheres[:, :3] - eye) @ frame.T, spheres[:, 3:4], pixel)
    tiles = cells(begin, end, (-wide / 2, -high / 2, wide / 2, high / 2), TILE)
    seen = np.column_stack([spheres, near]).astype(np.float32).take(tiles.which, axis=0)

    # A shadow is the wider the further it falls: at most to the lowest body, or to the ground.
    up = centres @ light
    far = up - min(float((up - radii).min()), low)
    if floor is not None and light[2] > 0.0:
        far = np.maximum(far, (centres[:, 2] + (1.0 + SOFTEST) * radii - floor) / light[2])
    reach = radii + np.minimum(PENUMBRA * far, SOFTEST * radii)
    order = np.argsort(-(up + radii))
    first = np.cross(light, np.eye(3)[np.argmin(np.abs(light))])
    first /= max(float(np.linalg.norm(first)), TINY)
    across = np.array([first, np.cross(light, first)], np.float64)
    middle = (centres @ across.T)[order]
    begin, end = middle - reach[order, None], middle + reach[order, None]
    box = (*begin.min(axis=0).tolist(), *end.max(axis=0).tolist())
    found = cells(begin, end, box, CELL * float(radii.mean()))
    shade = np.column_stack([centres, radii, up + radii])[order].astype(np.float32).take(found.which, axis=0)
    numbers = [*tiles.numbers(), *found.numbers(), *across.ravel()]
    arrays = seen, tiles.first, shade, found.first, numbers
    return Lists(*(np.asarray(a, np.float32) for a in arrays))


def _outlines(
    at: NDArray[np.float64], r: NDArray[np.float64], pixel: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The boxes, in pixels, of the spheres' outlines: between the tangents of their circles, seen along each axis."""
    depth = at[:, 2:]
    before = depth > r * (1.0 + TIGHT)
    span = np.where(before, (depth - r) * (depth + r), 1.0)
    half = r * np.sqrt(np.maximum(at[:, :2] ** 2 + span, 0.0))
    begin, end = (np.where(before, (at[:, :2] * depth + s * half) / span / pixel, s * math.inf) for s in (-1.0, 1.0))
    behind = depth < -r
    return np.where(behind, math.inf, begin), np.where(behind, -math.inf, end)


class Cloud:
    """The spheres as a program has them."""

    def __init__(self, seen: Any, tiles: Any, shade: Any, across: Any, numbers: Any):
        self.seen, self.tiles, self.shade, self.across = seen, tiles, shade, across
        self.at = [numbers[k] for k in range(NUMBERS)]

    def first(self, eye: Triple, d: Triple, u: Any, v: Any, before: Any) -> tuple[Any, Triple, Triple]:
        """How far along a ray through a place of the picture the first sphere is, its normal and its colour there.

        FAR if none is nearer than `before`.
        """
        begin, end = _listed(u, v, self.at[:_GRID], self.tiles, len(self.seen))
        room = Index[len(self.seen)]

        def goes_on(found: tuple[Any, Any, Any]) -> Any:
            k, t, _ = found
            return (k < end) & (self.seen[room.clamp(k), 7] < t)

        def step(found: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
            k, t, best = found
            i = room.clamp(k)
            met = meet_ball(minus(eye, _three(self.seen, i)), d, self.seen[i, 3])
            return Index[len(self.seen) + 1].clamp(k + 1), minimum(met, t), select(met < t, i, best)

        none = room.clamp(begin)
        _, t, best = while_loop(goes_on, step, (begin, before, none), limit=len(self.seen), on_limit="stop")
        normal = minus(along(eye, t, d), _three(self.seen, best))
        colour = self.seen[best, 4], self.seen[best, 5], self.seen[best, 6]
        return select(t < before, t, FAR), normal, colour

    def lit(self, p: Triple, sun: Any, light: Triple) -> Any:
        """How much of the light a point sees past the spheres, from 0 to 1. They hide none of the sky: among
        thousands that would take longer than all the rest."""
        a, b = dot3(p, self.at[2 * _GRID : 2 * _GRID + 3]), dot3(p, self.at[2 * _GRID + 3 :])
        begin, end = _listed(a, b, self.at[_GRID : 2 * _GRID], self.across, len(self.shade))
        room, high = Index[len(self.shade)], dot3(p, light)

        def goes_on(found: tuple[Any, Any]) -> Any:
            k, lit = found
            return (k < end) & (lit > DARK) & (self.shade[room.clamp(k), 4] > high)

        def step(found: tuple[Any, Any]) -> tuple[Any, Any]:
            k, lit = found
            i = room.clamp(k)
            o, r = minus(p, _three(self.shade, i)), self.shade[i, 3]
            t = maximum(-dot3(o, light), 0.0)
            off = along(o, t, light)
            gap = sqrt(maximum(dot3(off, off), TINY * TINY)) - r
            soft = minimum(PENUMBRA * maximum(t, 1e-5), SOFTEST * r)
            seen = 1.0 - smooth(t / (BEGINS * r)) * (1.0 - smooth(0.5 + 0.5 * gap / soft))
            return Index[len(self.shade) + 1].clamp(k + 1), lit * seen

        start = select(sun > 0.0, begin, end)
        return while_loop(goes_on, step, (start, Real(1.0)), limit=len(self.shade), on_limit="stop")[1]


def _three(table: Any, i: Any) -> Triple:
    return table[i, 0], table[i, 1], table[i, 2]


def _listed(a: Any, b: Any, grid: list[Any], first: Any, room: int) -> tuple[Any, Any]:
    """Where the list of a point's cell begins and ends."""
    low, bottom, size, columns, rows = grid
    x, y = floor((a - low) / size), floor((b - bottom) / size)
    inside = (x >= 0.0) & (x < columns) & (y >= 0.0) & (y < rows)
    cell = Index[MOST + 1].clamp(select(inside, y * columns + x, float(MOST)))
    return Index[room + 1].clamp(first[cell]), Index[room + 1].clamp(first[cell + 1])
