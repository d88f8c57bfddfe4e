"""Contacts of two boxes, by the axis that parts them best (S. Gottschalk, M. Lin, D. Manocha, SIGGRAPH 1996).

Of fifteen axes, the three normals of each box and the nine directions across an edge of each, one has the largest
gap between the boxes' shadows on it. If it is a normal, its face is met by the face of the other box that looks at
it, and contacts are the corners of where both overlap, seen along the normal. If it is across two edges, the one
contact is halfway between the points where they are nearest.

All is seen from the first box. One function of the language serves every pair of boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.function import fn
from rosesim.ad.language.mathematics import sqrt
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.real import Real
from rosesim.robots.algebra import (
    M3,
    ONE,
    V3,
    ZERO,
    Number,
    choose,
    cross,
    dot,
    mat_mul,
    minus,
    mul,
    plus,
    root,
    scaled,
    three,
    total,
    transposed,
    vector,
)
from rosesim.robots.contact.overlap import corners
from rosesim.robots.contact.shapes import Place, Shape, along_segments, seen_from, unpacked

PLACES = 8
"""Contacts that two boxes may have."""
FAR = 1e6
"""In m: the distance of a contact that is not there."""
ALIKE = 1e-6
"""The sine of edges that count as parallel: a direction across both would be rounding."""
NEAR_NORMAL, GAIN = 0.99, 0.05
"""MuJoCo's preference of faces, as its results show it: a direction across edges whose cosine to the best normal is
larger must part the boxes better than the normal does, by this share of the normal's gap."""


def box_box(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """Up to eight corners where faces meet, or one contact of edges."""
    offset = seen_from(a, b.place)
    turn = mat_mul(transposed(a.rotation), b.rotation)
    reach = total((root(dot(a.size, a.size)), root(dot(b.size, b.size)), margin))
    numbers = cond(
        dot(offset, offset) < mul(reach, reach),
        lambda: touching(vector(a.size), vector(b.size), vector(offset), vector([x for row in turn for x in row])),
        lambda: _numbers([], [], ZERO),
    )
    return unpacked(numbers, PLACES, a)


def _numbers(distances: Sequence[Number], points: Sequence[V3], normal: V3) -> Any:
    """Contacts as one vector: distances, points, the normal; those that are missing are far."""
    missing = PLACES - len(distances)
    flat = [x for point in points for x in point]
    return vector([*distances, *[FAR] * missing, *flat, *[0.0] * (3 * missing), *normal])


@dataclass(frozen=True)
class _Box:
    """A box in the frame of the first one: half lengths, centre, and the directions of its axes."""

    size: V3
    centre: V3
    axes: M3

    def half_shadow(self, on: V3) -> Number:
        """Half the length of its shadow on a unit vector."""
        return total(mul(h, abs(dot(axis, on))) for h, axis in zip(self.size, self.axes, strict=True))


@fn
def touching(size_a: Vec[Real, 3], size_b: Vec[Real, 3], offset: Vec[Real, 3], turn: Vec[Real, 9]) -> Any:
    """The contacts in the frame of the first box, in which the other one is at an offset and turned."""
    axes = transposed([three(turn, start) for start in (0, 3, 6)])
    own, other = _Box(three(size_a), ZERO, ONE), _Box(three(size_b), three(offset), axes)
    gap, face = _largest([_gap(own, other, axis) for axis in (*own.axes, *other.axes)])
    normal = _pick(face, [*own.axes, *other.axes])
    edge_gap, edge = _best_edge(own, other)
    i = select(edge < 2.5, 0.0, select(edge < 5.5, 1.0, 2.0))
    j = edge - 3.0 * i
    across = _across(_pick(i, own.axes), _pick(j, other.axes))[0]
    is_flat = abs(dot(across, normal)) > NEAR_NORMAL
    by_edges = edge_gap > select(is_flat, gap + GAIN * abs(gap), gap)
    return cond(by_edges, lambda: _edges(own, other, i, j, across), lambda: _faces(own, other, face, normal))


def _pick(index: Number, choices: Sequence[Any]) -> Any:
    """One of several numbers, or vectors, by a traced index."""
    if isinstance(choices[0], tuple):
        return tuple(_pick(index, part) for part in zip(*choices, strict=True))
    found = choices[0]
    for k, x in enumerate(choices[1:], 1):
        found = choose(index == float(k), x, found)
    return found


def _largest(values: Sequence[Number]) -> tuple[Number, Number]:
    """The first that is largest, and its index."""
    found, index = values[0], 0.0
    for k, x in enumerate(values[1:], 1):
        more = x > found
        found, index = select(more, x, found), select(more, float(k), index)
    return found, index


def _sign(x: Number) -> Number:
    return select(x < 0.0, -1.0, 1.0)


def _gap(own: _Box, other: _Box, on: V3) -> Number:
    """Between the boxes' shadows on a unit vector; negative where they overlap."""
    return abs(dot(on, other.centre)) - own.half_shadow(on) - other.half_shadow(on)


def _best_edge(own: _Box, other: _Box) -> tuple[Number, Number]:
    """The largest gap along a direction across edges i and j, and 3 i + j."""
    gaps: list[Number] = []
    for u in own.axes:
        for w in other.axes:
            across, crosses = _across(u, w)
            gaps.append(select(crosses, _gap(own, other, across), -FAR))
    return _largest(gaps)


def _across(u: V3, w: V3) -> tuple[V3, Any]:
    """The unit vector across two others, and whether there is one."""
    both = cross(u, w)
    square = dot(both, both)
    crosses = square > ALIKE * ALIKE
    return scaled(1.0 / sqrt(select(crosses, square, 1.0)), both), crosses


def _edges(own: _Box, other: _Box, i: Number, j: Number, across: V3) -> Any:
    """The contact of the edges along two axes that look at each other."""
    u, w = _pick(i, own.axes), _pick(j, other.axes)
    normal = scaled(_sign(dot(across, other.centre)), across)
    a, b = _middle_of_edge(own, i, normal), _middle_of_edge(other, j, scaled(-1.0, normal))
    x, y, _ = along_segments(minus(a, b), u, w, _pick(i, own.size), _pick(j, other.size))
    point = scaled(0.5, plus(plus(a, scaled(x, u)), plus(b, scaled(y, w))))
    return _numbers([_gap(own, other, normal)], [point], normal)


def _middle_of_edge(box: _Box, index: Number, towards: V3) -> V3:
    """The middle of the edge along an axis that is farthest in a direction across it."""
    found = box.centre
    for k, (half, axis) in enumerate(zip(box.size, box.axes, strict=True)):
        side = _sign(dot(axis, towards)) * half
        found = plus(found, scaled(select(index == float(k), 0.0, side), axis))
    return found


def _faces(own: _Box, other: _Box, face: Number, axis: V3) -> Any:
    """The contacts of a face with the face of the other box that looks at it."""
    first = face < 2.5
    index = select(first, face, face - 3.0)

    def either(a: Any, b: Any) -> Any:
        return tuple(either(x, y) if isinstance(x, tuple) else select(first, x, y) for x, y in zip(a, b, strict=True))

    sizes, axes = either(own.size, other.size), either(own.axes, other.axes)
    met_sizes, met_axes = either(other.size, own.size), either(other.axes, own.axes)
    centre, met_centre = either(own.centre, other.centre), either(other.centre, own.centre)
    outwards = scaled(_sign(dot(axis, minus(met_centre, centre))), axis)
    half, x, y = (_pick(index, _from(sizes, k)) for k in range(3)), *(_pick(index, _from(axes, k)) for k in (1, 2))
    height, *halves = half
    cosines = [dot(met, outwards) for met in met_axes]
    met = _largest([abs(c) for c in cosines])[1]
    looks = scaled(-_sign(_pick(met, cosines)) * _pick(met, met_sizes), _pick(met, met_axes))
    middle = plus(centre, scaled(height, outwards))
    sides = [scaled(_pick(met, _from(met_sizes, k)), _pick(met, _from(met_axes, k))) for k in (1, 2)]
    seen = [[dot(v, e) for e in (x, y, outwards)] for v in (minus(plus(met_centre, looks), middle), *sides)]
    (cx, cy, above), one, two = seen
    turns = one[0] * two[1] - one[1] * two[0]
    slopes = ((one[2] * two[1] - two[2] * one[1]) / turns, (two[2] * one[0] - one[2] * two[0]) / turns)
    distances: list[Number] = []
    points: list[V3] = []
    for px, py, there in corners(halves, (cx, cy), (one[:2], two[:2])):
        gap = above + slopes[0] * (px - cx) + slopes[1] * (py - cy)
        distances.append(select(there, gap, FAR))
        points.append(plus(plus(middle, scaled(px, x)), plus(scaled(py, y), scaled(0.5 * gap, outwards))))
    return _numbers(distances, points, scaled(select(first, 1.0, -1.0), outwards))


def _from(three: Sequence[Any], start: int) -> list[Any]:
    """Three things in a circle, from one of them on."""
    return [three[(start + k) % 3] for k in range(3)]
