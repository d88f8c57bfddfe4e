"""Contacts of a capsule, the first shape, with a solid: spheres on its axis, where it is nearest.

Where the axis itself enters an ellipsoid or cylinder, the contact is of the sphere halfway through.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rosesim.ad.language.control.branches import cond
from rosesim.ad.language.mathematics import clamp
from rosesim.robots.algebra import (
    V3,
    Number,
    add,
    choose,
    dot,
    mat_vec,
    minus,
    mul,
    neg,
    plus,
    scaled,
    sub,
    total,
    transposed,
)
from rosesim.robots.contact.nearest import along_cylinder, along_ellipsoid
from rosesim.robots.contact.shapes import (
    Finder,
    Place,
    Shape,
    along_segments,
    between_spheres,
    least,
    most,
    seen_from,
)
from rosesim.robots.contact.spheres import sphere_box, sphere_cylinder, sphere_ellipsoid

ROUNDING = 1e-10
"""Of a unit direction, what counts as none: a capsule that lies along a face of a box must not hang on rounding."""
FLAT = 1e-12
"""In m: a slope of half a squared distance that is rounding, where a capsule lies along a box."""


def capsule_capsule(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The nearest spheres of both; two contacts where they are parallel."""
    d = minus(a.place, b.place)
    u, w = a.axis, b.axis
    la, lb = a.size[1], b.size[1]
    x, y, parallel = along_segments(d, u, w, la, lb)
    # Parallel: the two ends of the overlap.
    sign = choose(dot(u, w) < 0.0, -1.0, 1.0)
    middle = neg(dot(u, d))  # of b's centre, along a
    high = least(la, add(middle, lb))
    low = most(mul(-1.0, la), sub(middle, lb))
    overlap = parallel & (low < high)
    x = choose(parallel, choose(overlap, high, clamp(middle, mul(-1.0, la), la)), x)
    y = choose(parallel, clamp(mul(sign, sub(x, middle)), mul(-1.0, lb), lb), y)
    first = between_spheres(plus(a.place, scaled(x, u)), a.size[0], plus(b.place, scaled(y, w)), b.size[0])
    y_low = clamp(mul(sign, sub(low, middle)), mul(-1.0, lb), lb)
    second = between_spheres(plus(a.place, scaled(low, u)), a.size[0], plus(b.place, scaled(y_low, w)), b.size[0])
    listed = choose(overlap, second.distance, add(margin, 1.0))
    return [first, Place(listed, second.rest)]


def capsule_ellipsoid(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The nearest sphere of the capsule."""
    return _nearest(a, b, margin, along_ellipsoid, sphere_ellipsoid, most(most(b.size[0], b.size[1]), b.size[2]))


def capsule_cylinder(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The nearest sphere of the capsule."""
    return _nearest(a, b, margin, along_cylinder, sphere_cylinder, add(b.size[0], b.size[1]))


def _nearest(
    a: Shape,
    b: Shape,
    margin: Number,
    along: Callable[[Sequence[Number], V3, V3, Number], Number],
    finder: Finder,
    reach: Number,
) -> list[Place]:
    """The contact of one sphere. `reach` bounds how far the second shape reaches from its centre."""
    radius, half = a.size[0], a.size[1]
    centre = seen_from(b, a.place)
    way = mat_vec(transposed(b.rotation), a.axis)
    whole = total((radius, half, reach, margin))
    near = dot(centre, centre) < mul(whole, whole)
    t = cond(near, lambda: along(b.size, centre, way, half), lambda: 0.0)
    return finder(_sphere(a, t), b, margin)


def _sphere(a: Shape, t: Number) -> Shape:
    """The sphere of a capsule at a place on its axis."""
    return Shape("sphere", a.size[:1], plus(a.place, scaled(t, a.axis)), a.rotation)


def capsule_box(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The nearest sphere, and one more as far along the capsule as the face under both goes."""
    centre = seen_from(b, a.place)
    way = mat_vec(transposed(b.rotation), a.axis)
    half = a.size[1]
    first = _least_slope(centre, way, b.size, half)
    offset, found = _second(plus(centre, scaled(first, way)), way, b.size, first, half)
    second = sphere_box(_sphere(a, add(first, offset)), b, margin)[0]
    listed = choose(found, second.distance, add(margin, 1.0))
    return [*sphere_box(_sphere(a, first), b, margin), Place(listed, second.rest)]


def _least_slope(p: V3, u: V3, size: Sequence[Number], half: Number) -> Number:
    """The first t within ± half at which p + t u is nearest to a box.

    The slope of half the squared distance is a line between the places where a coordinate passes a face. Where it
    has one sign all along, such a place is beyond the end that is nearest, and counts as that end.
    """

    def slope(t: Number) -> Number:
        terms: list[Number] = []
        for x, y, s in zip(p, u, size, strict=True):
            at = add(x, mul(t, y))
            terms.append(mul(y, sub(at, clamp(at, neg(s), s))))
        found = total(terms)
        return choose(abs(found) < FLAT, 0.0, found)

    ends = [neg(half), half]
    passes: list[Number] = []
    for x, y, s in zip(p, u, size, strict=True):
        moves = abs(y) > ROUNDING
        passes += [clamp(sub(e, x) / choose(moves, y, 1.0), *ends) for e in (neg(s), s)]
    low, high = ends
    low_slope, high_slope = slope(low), slope(high)
    for t in passes:
        here = slope(t)
        below, above = (here < 0.0) & (t > low), (here >= 0.0) & (t < high)
        low, low_slope = choose(below, t, low), choose(below, here, low_slope)
        high, high_slope = choose(above, t, high), choose(above, here, high_slope)
    rise = sub(high_slope, low_slope)
    rises = rise > 0.0
    between = sub(low, mul(sub(high, low), low_slope / choose(rises, rise, 1.0)))
    return choose(rises, between, low)


def _second(p: V3, u: V3, size: Sequence[Number], first: Number, half: Number) -> tuple[Number, Any]:
    """How far from the nearest point of the axis, p, the other one is, and whether there is one.

    It lies where the axis leaves the box's face again. Off an edge or a corner, that is on the side to which the axis
    is over a face: the coordinates that come back to the box are the longer part of its direction, and one does not
    come back; if all do, the capsule points at the box. Over a face, along an edge, or inside, it is on the longer
    side.
    """
    count: Number = total(choose(abs(x) > s, 1.0, 0.0) for x, s in zip(p, size, strict=True))
    sides = [_side(sign, p, u, size, first, half) for sign in (-1.0, 1.0)]
    (room_back, back, behind), (room_on, on, ahead) = sides
    lone = count < 1.5
    longer = lone | (abs(on - back) < ROUNDING)
    forwards = choose(longer, room_on - room_back, on - back) > 0.0
    over = choose(forwards, ahead, behind) > 0.0
    return choose(forwards, room_on, neg(room_back)), lone | over


def _side(
    sign: float, p: V3, u: V3, size: Sequence[Number], first: Number, half: Number
) -> tuple[Number, Number, Number]:
    """To one side along a capsule: how far its axis stays over the box, how much of the square of its direction comes
    back to the box, and how many coordinates are outside and do not."""
    room: Number = sub(half, mul(sign, first))
    back: Number = 0.0
    stay: Number = 0.0
    for x, y, s in zip(p, u, size, strict=True):
        way = mul(sign, y)
        outside = abs(x) > s
        inwards = choose(x < 0.0, way, neg(way)) > ROUNDING
        leaves = choose(outside, choose(inwards, 1.0, 0.0), 1.0) > 0.5
        speed = abs(way)
        moves = speed > ROUNDING
        at = clamp(x, neg(s), s)
        span = sub(s, choose(way < 0.0, neg(at), at)) / choose(moves, speed, 1.0)
        room = choose(leaves & moves & (span < room), span, room)
        back = add(back, choose(outside & inwards, mul(y, y), 0.0))
        stay = add(stay, choose(leaves, 0.0, 1.0))
    return room, back, stay
