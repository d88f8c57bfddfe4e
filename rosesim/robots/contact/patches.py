"""Where flat sides of two convex shapes lie on each other: up to four contacts, corners of what both have in common.

A flat side is a face of a box or mesh, an end of a cylinder, for which an octagon stands, or the line along which a
cylinder or capsule lies. The face that the contact's direction is normal to is the plane of all; the other side is
seen from it. Each edge of either side is cut by the lines of the other one, and gives the corner where its rest
begins. Four corners count: one, the farthest from it, and the farthest to either side of the line through both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.arrays import stack
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.mathematics import maximum, minimum
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.robots.algebra import (
    V3,
    ZERO,
    Number,
    column,
    cross,
    dot,
    either,
    mat_vec,
    minus,
    plus,
    scaled,
    transposed,
    unit,
    vector,
)
from rosesim.robots.contact.hulls import CORNERS
from rosesim.robots.contact.shapes import Shape
from rosesim.robots.contact.supports import radius

PLACES = 4
"""Contacts of two shapes that have flat sides."""
FLAT = ("capsule", "cylinder", "box", "mesh")
"""Shapes with a flat side."""
LEAST = 1e-30
"""Of the square of a vector's length: below, it has no direction."""
TILT = 0.04
"""The sine up to which sides lie on each other, 2.3 degrees. Where shapes touch but little, all corners but the
lowest are apart there already, and nothing jumps. (MuJoCo's limit is between 4 and 8 degrees.)"""
LINE = 4.0
"""What lines are behind faces by, when the side is chosen that is the plane."""
ASLANT = 0.4
"""In rad: the side to which the first corner is farthest, from the first edge of the face. Of the corners of a
rectangle it is then one."""
SAME = 1e-3
"""Of a face's size: corners nearer to each other are one."""
ALONG = 1e-10
"""The sine of lines that count as parallel, and, of a size, what is on a line: rounding must add no corners."""
FAR = 1e6
"""In m: the distance of a contact that is not there."""


@dataclass(frozen=True)
class _Side:
    """A flat side: its outward normal and its corners, counter-clockwise."""

    normal: V3
    corners: list[V3]
    rank: Number
    """The square of the sine by which it is off a direction; of a line, LINE more."""


def has_patch(a: Shape, b: Shape) -> bool:
    """Whether flat sides of two shapes can lie on each other: not two lines."""
    return {a.kind, b.kind} <= set(FLAT) and {a.kind, b.kind} != {"capsule"}


def patch(a: Shape, b: Shape, n: V3) -> tuple[Any, list[Number], list[V3], V3]:
    """Whether flat sides lie on each other along n, and of up to four contacts distances, points and the normal."""
    back = scaled(-1.0, n)
    hints = [_hint(s) for s in (a, b)]
    sides = [_side(s, way, hints[1 - k]) for k, (s, way) in enumerate(((a, n), (b, back)))]
    by_a = sides[0].rank <= sides[1].rank
    own, other = (
        [either(by_a, x, y) for x, y in zip(sides[k].corners, sides[1 - k].corners, strict=True)] for k in (0, 1)
    )
    normal = either(by_a, sides[0].normal, sides[1].normal)
    met_normal = either(by_a, sides[1].normal, sides[0].normal)
    rank, met_rank = (select(by_a, sides[k].rank, sides[1 - k].rank) for k in (0, 1))
    is_line = met_rank >= LINE
    lies = (rank < TILT * TILT) & (select(is_line, met_rank - LINE, met_rank) < TILT * TILT)
    x = unit(minus(own[1], own[0]), LEAST)
    axes = (x, cross(normal, x), normal)
    middle = own[0]
    flat = [vector(mat_vec(axes, minus(c, middle))) for c in own]
    met = [vector(mat_vec(axes, minus(c, middle))) for c in other]
    tilted = mat_vec(axes, met_normal)
    places, some = common(stack(flat), stack(met), tilted, is_line)
    inset = select(by_a, Real(radius(b)), Real(radius(a)))
    gaps: list[Number] = []
    points: list[V3] = []
    for k in range(PLACES):
        gap = places[k, 2] - inset
        gaps.append(select(places[k, 3] > 0.5, gap, FAR))
        at = (places[k, 0], places[k, 1], 0.5 * gap)
        points.append(plus(middle, mat_vec(transposed(axes), at)))
    return lies & some, gaps, points, either(by_a, normal, scaled(-1.0, normal))


def _hint(shape: Shape) -> V3:
    """Where the first corner of an octagon looks that lies on a shape."""
    return column(shape.rotation, 0)


def _side(shape: Shape, n: V3, hint: V3) -> _Side:
    """The side of a shape that looks most along n."""
    match shape.kind:
        case "box":
            return _face_of_box(shape, n)
        case "mesh":
            return _face_of_mesh(shape, n)
        case "capsule":
            return _line(shape, ZERO, n)
        case _:
            return _of_cylinder(shape, n, hint)


def _tilt(normal: V3, n: V3) -> Number:
    """The square of the sine between two unit vectors; more than 1 where they look apart."""
    off = cross(normal, n)
    return select(dot(normal, n) > 0.0, dot(off, off), 2.0)


def _line(shape: Shape, aside: V3, n: V3) -> _Side:
    """The line along a capsule or a cylinder."""
    axis = shape.axis
    half = scaled(shape.size[1], axis)
    middle = plus(shape.place, aside)
    start, end = minus(middle, half), plus(middle, half)
    along = dot(axis, n)
    return _Side(n, [start, end] + [start] * (CORNERS - 2), LINE + along * along)


def _of_cylinder(shape: Shape, n: V3, hint: V3) -> _Side:
    """An end, as an octagon, or the line along the side."""
    axis, size = shape.axis, shape.size
    along = dot(axis, n)
    across = unit(minus(n, scaled(along, axis)), LEAST)
    line = _line(shape, scaled(size[0], across), n)
    up = scaled(select(along < 0.0, -1.0, 1.0), axis)
    first = unit(minus(hint, scaled(dot(hint, axis), axis)), LEAST)
    second = cross(up, first)
    middle = plus(shape.place, scaled(size[1], up))
    corners: list[V3] = []
    for k in range(CORNERS):
        angle = math.pi * (2 * k + 1) / CORNERS
        way = plus(scaled(math.cos(angle), first), scaled(math.sin(angle), second))
        corners.append(plus(middle, scaled(size[0], way)))
    lies = along * along < 0.5
    chosen = [either(lies, x, y) for x, y in zip(line.corners, corners, strict=True)]
    return _Side(either(lies, n, up), chosen, select(lies, line.rank, _tilt(up, n)))


def _face_of_box(shape: Shape, n: V3) -> _Side:
    local = mat_vec(transposed(shape.rotation), n)
    x, y, z = (abs(c) for c in local)
    is_x = (x >= y) & (x >= z)
    is_y = ~is_x & (y >= z)
    axes = transposed(shape.rotation)

    def pick(first: Any, second: Any, third: Any) -> Any:
        return either(is_x, first, either(is_y, second, third))

    halves = [scaled(s, axis) for s, axis in zip(shape.size, axes, strict=False)]
    axis, half, u, w = (
        pick(*of) for of in (axes, halves, (halves[1], halves[2], halves[0]), (halves[2], halves[0], halves[1]))
    )
    sign = select(dot(axis, n) < 0.0, -1.0, 1.0)
    up, u = scaled(sign, axis), scaled(sign, u)
    middle = plus(shape.place, scaled(sign, half))
    corners = [
        plus(middle, plus(scaled(s, u), scaled(t, w)))
        for s, t in ((1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0))
    ]
    return _Side(up, [*corners, *[corners[0]] * (CORNERS - 4)], _tilt(up, n))


def _face_of_mesh(shape: Shape, n: V3) -> _Side:
    tables = shape.hulls
    assert tables is not None
    local = mat_vec(transposed(shape.rotation), n)
    index = tables.facing(shape.size, local)
    normal = mat_vec(shape.rotation, tables.normal(index))
    corners = [
        plus(shape.place, mat_vec(shape.rotation, tables.vertex(tables.corner(index, k)))) for k in range(CORNERS)
    ]
    return _Side(normal, corners, _tilt(normal, n))


def common(own: Any, other: Any, tilted: V3, is_line: Any) -> tuple[Any, Any]:
    """(x, y, height of the other side, whether it is there) of four corners, and whether there is any.

    The first side is in the plane, counter-clockwise, the other one clockwise, with its normal.
    """
    count = CORNERS
    looks = select(abs(tilted[2]) > 1e-6, tilted[2], -1.0)

    def corner(i: Any) -> Any:
        of_own = i < count
        k = Index[count].wrap(i)
        after = Index[count].wrap(k + 1)
        p, q = ([select(of_own, own[j, d], other[j, d]) for d in range(3)] for j in (k, after))
        way = [b - a for a, b in zip(p, q, strict=True)]
        long = way[0] * way[0] + way[1] * way[1]
        turn = select(of_own, -1.0, 1.0)  # of the side that cuts

        def cut(state: Any, j: Any) -> Any:
            low, high = state
            nxt = Index[count].wrap(j + 1)
            a, b = ([select(of_own, other[m, d], own[m, d]) for d in range(2)] for m in (j, nxt))
            e = (turn * (b[0] - a[0]), turn * (b[1] - a[1]))
            size = e[0] * e[0] + e[1] * e[1]
            start = e[0] * (p[1] - a[1]) - e[1] * (p[0] - a[0])
            slope = e[0] * way[1] - e[1] * way[0]
            parallel = slope * slope <= ALONG * ALONG * size * long
            on = ALONG * (size + long)
            inside = (start > select(of_own | is_line, -on, on)) | (size == 0.0)
            t = -start / select(parallel, 1.0, slope)
            begins, ends = ~parallel & (slope > 0.0), ~parallel & (slope < 0.0)
            low = select(begins, maximum(low, t), select(parallel & ~inside, 2.0, low))
            return low, select(ends, minimum(high, t), high)

        low, high = scan(cut, (Real(0.0), Real(1.0)), count)
        there = (low < high) & (long > 0.0) & ~(is_line & of_own)
        t = select(there, select(of_own, low, high), 0.0)  # clockwise, where the edge ends
        x, y = p[0] + t * way[0], p[1] + t * way[1]
        plane = other[0, 2] - (tilted[0] * (x - other[0, 0]) + tilted[1] * (y - other[0, 1])) / looks
        height = select(of_own, plane, p[2] + t * way[2])
        return stack([x, y, height, select(there, 1.0, 0.0)])

    found = vec(2 * count, corner)
    across = [own[2, d] - own[0, d] for d in range(2)]
    size = across[0] * across[0] + across[1] * across[1]
    chosen: list[Any] = []
    rows: list[Any] = []
    for k in range(PLACES):

        def step(state: Any, i: Any, k: int = k) -> Any:
            x, y, _, there = (found[i, d] for d in range(4))
            counts = there > 0.5
            offs = [(x - found[j, 0], y - found[j, 1]) for j in chosen]
            for off in offs:
                counts = counts & (off[0] * off[0] + off[1] * off[1] > SAME * SAME * size)
            far = _merit(k, (x, y), offs, [(found[j, 0], found[j, 1]) for j in chosen])
            more = counts & (far > state[0])
            return select(more, far, state[0]), select(more, i, state[1])

        far, i = scan(step, (Real(-FAR), Index[2 * count](0)), 2 * count)
        chosen.append(i)
        rows.append(stack([*(found[i, d] for d in range(3)), select(far > -FAR, 1.0, 0.0)]))
    return stack(rows), rows[0][3] > 0.5


def _merit(k: int, at: Sequence[Number], offs: Sequence[Any], chosen: Sequence[Any]) -> Number:
    """By what the next corner is chosen: how far it is to a side, from the first, and from the line of both."""
    if k == 0:
        return math.cos(ASLANT) * at[0] + math.sin(ASLANT) * at[1]
    if k == 1:
        return offs[0][0] * offs[0][0] + offs[0][1] * offs[0][1]
    line = (chosen[1][0] - chosen[0][0], chosen[1][1] - chosen[0][1])
    left = line[0] * offs[0][1] - line[1] * offs[0][0]
    return left if k == 2 else -left
