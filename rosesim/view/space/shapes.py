"""Rays and shapes in closed form: where a ray meets a shape, how closely it passes one, what a shape hides.

A shape lies at the origin of its own frame, its axis along z; rays are given in that frame. The page's shader
(`rosesim/web/page/space.js`) has the same formulas.

A *body* is a row of numbers: its centre, the three axes of its frame, its sizes, the radius of the ball around it,
its colour.

| kind | sizes |
| --- | --- |
| capsule, and sphere with h = 0 | radius, 0, half length h of its segment |
| cylinder | radius, 0, half length |
| box | half lengths along its axes |
| ellipsoid | half lengths along its axes |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.mathematics import maximum, minimum, sqrt
from rosesim.ad.language.values.real import Real

Triple = tuple[Any, Any, Any]
"""A vector of three traced numbers. As a tuple it stays in registers, whatever is done with it."""

FAR = 1e9
"""Where a ray ends that meets nothing: beyond any scene, and its square is finite in single precision."""
TINY = 1e-6
"""The least magnitude of what is divided by: a direction parallel to a face turns by less than can be seen."""

CENTRE, AXES, SIZE, BALL, COLOUR = 0, 3, 12, 15, 16
WIDTH = 19
"""Where the parts of a body's row begin, and how long it is."""


def dot3(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """The scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def along(a: Sequence[Any], t: Any, b: Sequence[Any]) -> Triple:
    """a + t b."""
    return a[0] + t * b[0], a[1] + t * b[1], a[2] + t * b[2]


def minus(a: Sequence[Any], b: Sequence[Any]) -> Triple:
    """a - b."""
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def clamped(v: Any, low: Any, high: Any) -> Any:
    """v between two bounds."""
    return minimum(maximum(v, low), high)


def unit(a: Sequence[Any]) -> Triple:
    """The vector of length 1 in this direction."""
    short = 1.0 / sqrt(maximum(dot3(a, a), TINY * TINY))
    return a[0] * short, a[1] * short, a[2] * short


def smooth(v: Any) -> Any:
    """The cubic step from 0 at 0 to 1 at 1."""
    s = clamped(v, 0.0, 1.0)
    return s * s * (3.0 - 2.0 * s)


def _apart(v: Any) -> Any:
    """v, no closer to zero than can be divided by."""
    return select(abs(v) < TINY, TINY, v)


@dataclass(frozen=True)
class Shape:
    """A kind of shape, as functions of a ray's origin o and unit direction d, and of its sizes, in its own frame."""

    meet: Callable[[Triple, Triple, Triple], Any]
    """How far along the ray its surface is; FAR where the ray misses it or begins inside."""
    normal: Callable[[Triple, Triple], Triple]
    """The direction outward, of any length, at a point of the surface."""
    pass_by: Callable[[Triple, Triple, Triple], tuple[Any, Any]]
    """Where the ray comes closest, and how far the surface is from there; negative if the ray goes through it."""
    nearest: Callable[[Triple, Triple], tuple[Triple, Any]]
    """The ball inside that is nearest to a point: from the point to its centre, and its radius."""


# ------------------------------------------------------------------------------------------- capsules and spheres


def _meet_capsule(o: Triple, d: Triple, size: Triple) -> Any:
    r, _, h = size
    a = maximum(d[0] * d[0] + d[1] * d[1], TINY * TINY)
    b = o[0] * d[0] + o[1] * d[1]
    # The distance from the axis, not a difference of large squares: single precision would show rings.
    u, v = o[0] - b / a * d[0], o[1] - b / a * d[1]
    wide = r * r - u * u - v * v
    t = (-b - sqrt(maximum(wide * a, 0.0))) / a
    z = o[2] + t * d[2]
    on_side = (wide > 0.0) & (abs(z) <= h) & (t > 0.0)
    # Otherwise the first of the two balls at the ends that it meets; the side's nearest end tells which.
    end = select(select(wide > 0.0, z, o[2] - b / a * d[2]) < 0.0, -h, h)
    at_ball = meet_ball(minus(o, (0.0, 0.0, end)), d, r)
    return select(on_side, t, at_ball)


def meet_ball(o: Triple, d: Triple, r: Any) -> Any:
    """How far along a ray a ball of radius r around the origin is; FAR where it misses it or begins inside."""
    b = dot3(o, d)
    off = along(o, -b, d)
    wide = r * r - dot3(off, off)
    t = -b - sqrt(maximum(wide, 0.0))
    return select((wide > 0.0) & (t > 0.0), t, FAR)


def _capsule_normal(p: Triple, size: Triple) -> Triple:
    return p[0], p[1], p[2] - clamped(p[2], -size[2], size[2])


def _pass_capsule(o: Triple, d: Triple, size: Triple) -> tuple[Any, Any]:
    r, _, h = size
    od = dot3(o, d)
    # The point of the segment that is closest to the line, then the line's point that is closest to it.
    s = clamped((o[2] - od * d[2]) / maximum(1.0 - d[2] * d[2], TINY), -h, h)
    t = maximum(s * d[2] - od, 0.0)
    off = along((o[0], o[1], o[2] - s), t, d)
    return t, sqrt(dot3(off, off)) - r


def _nearest_in_capsule(p: Triple, size: Triple) -> tuple[Triple, Any]:
    return (-p[0], -p[1], clamped(p[2], -size[2], size[2]) - p[2]), size[0]


# -------------------------------------------------------------------------------------------------------- cylinders


def _meet_cylinder(o: Triple, d: Triple, size: Triple) -> Any:
    r, _, h = size
    a = maximum(d[0] * d[0] + d[1] * d[1], TINY * TINY)
    b = o[0] * d[0] + o[1] * d[1]
    u, v = o[0] - b / a * d[0], o[1] - b / a * d[1]
    wide = r * r - u * u - v * v
    half = sqrt(maximum(wide * a, 0.0)) / a
    z = _apart(d[2])
    m, k = -o[2] / z, h / abs(z)
    enter, leave = maximum(-b / a - half, m - k), minimum(-b / a + half, m + k)
    return select((wide > 0.0) & (enter < leave) & (enter > 0.0), enter, FAR)


def _cylinder_normal(p: Triple, size: Triple) -> Triple:
    on_side = (p[0] * p[0] + p[1] * p[1]) * size[2] * size[2] > p[2] * p[2] * size[0] * size[0]
    zero = Real(0.0)
    return select(on_side, p[0], zero), select(on_side, p[1], zero), select(on_side, zero, p[2])


def _pass_cylinder(o: Triple, d: Triple, size: Triple) -> tuple[Any, Any]:
    r, _, h = size
    a = maximum(d[0] * d[0] + d[1] * d[1], TINY * TINY)
    z = _apart(d[2])
    m, k = -o[2] / z, h / abs(z)
    # Between its two planes only the distance from the axis counts.
    t = maximum(clamped(-(o[0] * d[0] + o[1] * d[1]) / a, m - k, m + k), 0.0)
    x, y, _ = along(o, t, d)
    return t, select(m + k > 0.0, sqrt(x * x + y * y) - r, FAR)


def _nearest_in_cylinder(p: Triple, size: Triple) -> tuple[Triple, Any]:
    r, _, h = size
    ball = minimum(r, h)
    out = sqrt(p[0] * p[0] + p[1] * p[1])
    keep = minimum(1.0, (r - ball) / maximum(out, TINY))
    z = clamped(p[2], ball - h, h - ball)
    return (p[0] * keep - p[0], p[1] * keep - p[1], z - p[2]), ball


# ------------------------------------------------------------------------------------------------------------ boxes


def _slabs(o: Triple, d: Triple, size: Triple) -> tuple[list[Any], list[Any], list[Any]]:
    """When the ray enters and leaves the space between each pair of faces, and how fast it crosses it."""
    d = _apart(d[0]), _apart(d[1]), _apart(d[2])
    middle = [-a / b for a, b in zip(o, d, strict=True)]
    half = [a / abs(b) for a, b in zip(size, d, strict=True)]
    return (
        [m - k for m, k in zip(middle, half, strict=True)],
        [m + k for m, k in zip(middle, half, strict=True)],
        [b * b for b in d],
    )


def _meet_box(o: Triple, d: Triple, size: Triple) -> Any:
    enters, leaves, _ = _slabs(o, d, size)
    enter = maximum(maximum(enters[0], enters[1]), enters[2])
    leave = minimum(minimum(leaves[0], leaves[1]), leaves[2])
    return select((enter < leave) & (enter > 0.0), enter, FAR)


def _box_normal(p: Triple, size: Triple) -> Triple:
    x, y, z = (a / maximum(b, TINY) for a, b in zip(p, size, strict=True))
    on_x = (abs(x) >= abs(y)) & (abs(x) >= abs(z))
    on_z = abs(z) > abs(y)
    zero = Real(0.0)
    return (
        select(on_x, x, zero),
        select(on_x, zero, select(on_z, zero, y)),
        select(on_x, zero, select(on_z, z, zero)),
    )


def _pass_box(o: Triple, d: Triple, size: Triple) -> tuple[Any, Any]:
    enters, leaves, speeds = _slabs(o, d, size)
    enter, fast = enters[0], speeds[0]
    leave, slow = leaves[0], speeds[0]
    for k in (1, 2):
        later, sooner = enters[k] > enter, leaves[k] < leave
        enter, fast = select(later, enters[k], enter), select(later, speeds[k], fast)
        leave, slow = select(sooner, leaves[k], leave), select(sooner, speeds[k], slow)
    # It passes the edge between the faces that it would enter last and leave first: the closest point to that edge.
    t = (enter * fast + leave * slow) / (fast + slow)
    gap = (enter - leave) * sqrt(fast * slow / (fast + slow))
    return maximum(t, 0.0), select(t > 0.0, gap, FAR)


def _nearest_in_box(p: Triple, size: Triple) -> tuple[Triple, Any]:
    ball = minimum(minimum(size[0], size[1]), size[2])
    x, y, z = (clamped(a, ball - s, s - ball) - a for a, s in zip(p, size, strict=True))
    return (x, y, z), ball


# ------------------------------------------------------------------------------------------------------- ellipsoids


def _scaled(v: Triple, size: Triple) -> Triple:
    return v[0] / size[0], v[1] / size[1], v[2] / size[2]


def _meet_ellipsoid(o: Triple, d: Triple, size: Triple) -> Any:
    p, q = _scaled(o, size), _scaled(d, size)
    a, b = dot3(q, q), dot3(p, q)
    off = along(p, -b / a, q)
    wide = 1.0 - dot3(off, off)
    t = (-b - sqrt(maximum(wide * a, 0.0))) / a
    return select((wide > 0.0) & (t > 0.0), t, FAR)


def _ellipsoid_normal(p: Triple, size: Triple) -> Triple:
    return _scaled(_scaled(p, size), size)


def _pass_ellipsoid(o: Triple, d: Triple, size: Triple) -> tuple[Any, Any]:
    p, q = _scaled(o, size), _scaled(d, size)
    t = maximum(-dot3(p, q) / dot3(q, q), 0.0)
    off, at = along(p, t, q), along(o, t, d)
    far = sqrt(maximum(dot3(off, off), TINY))
    return t, sqrt(dot3(at, at)) * (1.0 - 1.0 / far)


def _nearest_in_ellipsoid(p: Triple, size: Triple) -> tuple[Triple, Any]:
    q = _scaled(p, size)
    return (-p[0], -p[1], -p[2]), sqrt(dot3(p, p) / maximum(dot3(q, q), TINY))


KINDS: dict[str, Shape] = {
    "capsule": Shape(_meet_capsule, _capsule_normal, _pass_capsule, _nearest_in_capsule),
    "cylinder": Shape(_meet_cylinder, _cylinder_normal, _pass_cylinder, _nearest_in_cylinder),
    "box": Shape(_meet_box, _box_normal, _pass_box, _nearest_in_box),
    "ellipsoid": Shape(_meet_ellipsoid, _ellipsoid_normal, _pass_ellipsoid, _nearest_in_ellipsoid),
}
"""The shapes, in the order of a renderer's tables."""
