"""Pictures of bodies in space by rays: one for each pixel, and four for those at which something ends.

The program takes many rays at a time and is the same for every picture, so it is compiled once on a machine.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.language.compiled import Program
from rosesim.ad.language.function import fn
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.transforms.batches import vmap
from rosesim.view.space.cells import MOST
from rosesim.view.space.clouds import NUMBERS, SEEN, SHADE, Cloud, Lists
from rosesim.view.space.light import AROUND, Around, colour
from rosesim.view.space.shapes import KINDS, WIDTH

RAYS = 16384
"""Rays of a call: enough for all cores, and a strip of a picture need not be much longer than it is."""
ROOM = 32
"""Bodies of a kind for which a program has room; there are programs with room for 8 and 64 times as many."""
CONTRAST = 10
"""Neighbours whose brightness differs by more than this, of 255, are seen as an edge."""
SAMPLES = ((0.125, 0.375), (-0.375, 0.125), (-0.125, -0.375), (0.375, -0.125))
"""Places within a pixel at an edge, all at different heights and widths: so steep and flat edges have five shades."""


@functools.cache
def _program(room: int, many: int) -> Program:
    """The program with room for so many bodies of each kind: of places of rays, tables, counts and `light.AROUND`.

    Where there is room for `many` entries of spheres, it takes `clouds.Lists`, too.
    """

    @fn
    def ray(u: Any, v: Any, a: Any, b: Any, c: Any, d: Any, counts: Any, around: Any) -> Any:
        return colour(u, v, [a, b, c, d], counts, Around(around))

    @fn
    def ray_among_spheres(
        u: Any, v: Any, a: Any, b: Any, c: Any, d: Any, counts: Any, around: Any,
        seen: Any, tiles: Any, shade: Any, across: Any, numbers: Any,
    ) -> Any:  # fmt: skip
        return colour(u, v, [a, b, c, d], counts, Around(around), Cloud(seen, tiles, shade, across, numbers))

    rays, table, first = Vec[Real, RAYS], Vec[Vec[Real, WIDTH], room], Vec[Real, MOST + 2]
    types = [rays, rays, *[table] * len(KINDS), Vec[Index[room + 1], len(KINDS)], Vec[Real, sum(AROUND.values())]]
    if many:
        types += [Vec[Vec[Real, SEEN], many], first, Vec[Vec[Real, SHADE], many], first, Vec[Real, NUMBERS]]
    return vmap(ray_among_spheres if many else ray, over=(0, 1)).compile(*types, precision="f32")


def cast(
    size: tuple[int, int], tables: list[NDArray[np.float32]], around: NDArray[np.float32], cloud: Lists | None = None
) -> NDArray[np.uint8]:
    """The picture of bodies, of shape (height, width, 3); `tables` has rows of `WIDTH` numbers for each kind."""
    wide, high = size
    u = np.arange(wide, dtype=np.float32) - np.float32((wide - 1) / 2)
    v = np.float32((high - 1) / 2) - np.arange(high, dtype=np.float32)
    us, vs = np.broadcast_to(u, (high, wide)).ravel(), np.repeat(v, wide)
    rays = _rays(tables, around, cloud)
    pixels = rays(us, vs).reshape(high, wide, 3)
    places = np.flatnonzero(_edges(pixels))
    if len(places):
        more = np.array(SAMPLES, dtype=np.float32)
        fine = rays((us[places, None] + more[:, 0]).ravel(), (vs[places, None] + more[:, 1]).ravel())
        pixels.reshape(-1, 3)[places] = fine.reshape(len(places), len(SAMPLES), 3).mean(axis=1)
    return np.rint(pixels).astype(np.uint8)


def _rays(tables: list[NDArray[np.float32]], around: NDArray[np.float32], cloud: Lists | None) -> Any:
    """A function from the places of rays to their colours."""
    counts = np.array([len(t) for t in tables])
    room = ROOM
    while room < counts.max(initial=0):
        room *= 8
    lists = [] if cloud is None else cloud.padded()
    program = _program(room, len(lists[0]) if lists else 0)
    padded = [np.concatenate([t, np.zeros((room - len(t), WIDTH), np.float32)]) for t in tables]

    def rays(u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
        found = np.empty((-(-len(u) // RAYS) * RAYS, 3), np.float32)
        for k in range(0, len(u), RAYS):
            a, b = u[k : k + RAYS], v[k : k + RAYS]
            if len(a) < RAYS:
                a, b = np.resize(a, RAYS), np.resize(b, RAYS)
            for c, channel in enumerate(program(a, b, *padded, counts, around, *lists)):
                found[k : k + RAYS, c] = channel
        return found[: len(u)]

    return rays


def _edges(pixels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The pixels that differ much from a neighbour."""
    grey = pixels @ np.array([0.3, 0.5, 0.2], np.float32)
    found = np.zeros(grey.shape, np.bool_)
    down, right = np.abs(np.diff(grey, axis=0)) > CONTRAST, np.abs(np.diff(grey, axis=1)) > CONTRAST
    found[:-1] |= down
    found[1:] |= down
    found[:, :-1] |= right
    found[:, 1:] |= right
    return found
