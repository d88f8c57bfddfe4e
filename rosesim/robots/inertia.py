"""Mass, centre and inertia: of shapes, of bodies, and of bodies that are welded together.

An inertia is (xx, yy, zz, xy, xz, yz). All of it is written for numbers that are constants or traced, so that masses
and lengths stay differentiable; principal axes are not needed, and their derivatives, undefined where two moments
agree, are not met.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from rosesim.robots.algebra import (
    M3,
    V3,
    ZERO,
    Number,
    add,
    is_zero,
    mat_mul,
    mat_vec,
    minus,
    mul,
    over,
    plus,
    quat_matrix,
    scaled,
    sub,
    total,
)

Moments = tuple[Number, Number, Number, Number, Number, Number]
NONE: Moments = (0.0,) * 6  # pyright: ignore[reportAssignmentType]


@dataclass(frozen=True)
class Lump:
    """A rigid piece: mass, centre of mass, inertia about that centre; in one frame."""

    mass: Number
    com: V3
    inertia: Moments

    def moved(self, rotation: M3, place: V3) -> Lump:
        """The same piece seen from a frame in which its own has this rotation and place."""
        return Lump(self.mass, plus(place, mat_vec(rotation, self.com)), turned_moments(rotation, self.inertia))


EMPTY = Lump(0.0, ZERO, NONE)


def turned_moments(r: M3, i: Moments) -> Moments:
    """R I Rᵀ."""
    full = matrix(i)
    half = mat_mul(r, full)
    pairs = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
    a, b, c, d, e, f = (total(mul(x, y) for x, y in zip(half[p], r[q], strict=True)) for p, q in pairs)
    return a, b, c, d, e, f


def matrix(i: Moments) -> M3:
    """The symmetric matrix of six moments."""
    xx, yy, zz, xy, xz, yz = i
    return ((xx, xy, xz), (xy, yy, yz), (xz, yz, zz))


def point_moments(m: Number, d: V3) -> Moments:
    """m (|d|² 1 - d dᵀ), the moments of a point mass at d."""
    x, y, z = d
    mx, my, mz = mul(m, x), mul(m, y), mul(m, z)
    xx, yy, zz = mul(mx, x), mul(my, y), mul(mz, z)
    return (
        add(yy, zz),
        add(xx, zz),
        add(xx, yy),
        mul(-1.0, mul(mx, y)),
        mul(-1.0, mul(mx, z)),
        mul(-1.0, mul(my, z)),
    )


def together(pieces: list[Lump]) -> Lump:
    """One piece of several in the same frame, by parallel axes."""
    pieces = [p for p in pieces if not all(is_zero(x) for x in (p.mass, *p.inertia))]
    if len(pieces) < 2:
        return pieces[0] if pieces else EMPTY
    mass = total(p.mass for p in pieces)
    moment = ZERO
    for p in pieces:
        moment = plus(moment, scaled(p.mass, p.com))
    com = (over(moment[0], mass), over(moment[1], mass), over(moment[2], mass))
    inertia = NONE
    for p in pieces:
        inertia = plus(inertia, plus(p.inertia, point_moments(p.mass, minus(p.com, com))))
    return Lump(mass, com, inertia)


def volume(kind: str, size: tuple[Number, ...]) -> Number:
    """In m³. A plane and a height field have none."""
    if kind == "sphere":
        return mul(4.0 / 3.0 * math.pi, mul(size[0], mul(size[0], size[0])))
    if kind in ("capsule", "cylinder"):
        r, h = size[0], size[1]
        length = mul(2.0, h) if kind == "cylinder" else add(mul(2.0, h), mul(4.0 / 3.0, r))
        return mul(math.pi, mul(mul(r, r), length))
    if kind in ("box", "ellipsoid"):
        return mul(8.0 if kind == "box" else 4.0 / 3.0 * math.pi, mul(size[0], mul(size[1], size[2])))
    return 0.0


def shape_moments(kind: str, size: tuple[Number, ...], mass: Number) -> Moments:
    """About the centre, in the geom's axes, with mass spread evenly."""

    def diagonal(x: Number, y: Number, z: Number) -> Moments:
        return (mul(mass, x), mul(mass, y), mul(mass, z), 0.0, 0.0, 0.0)

    if kind == "sphere":
        same = mul(0.4, mul(size[0], size[0]))
        return diagonal(same, same, same)
    if kind in ("box", "ellipsoid"):
        x, y, z = (mul(s, s) for s in size[:3])
        k = 1.0 / 3.0 if kind == "box" else 0.2
        return diagonal(mul(k, add(y, z)), mul(k, add(x, z)), mul(k, add(x, y)))
    r, h = size[0], size[1]
    rr, hh = mul(r, r), mul(h, h)
    across = add(mul(0.25, rr), mul(1.0 / 3.0, hh))
    if kind == "cylinder":
        return diagonal(across, across, mul(0.5, rr))
    # A capsule is a cylinder of length 2h and two half spheres; their shares of the mass are as their volumes.
    ball = over(mul(4.0 / 3.0, r), add(mul(2.0, h), mul(4.0 / 3.0, r)))
    tube = sub(1.0, ball)
    ends = total((mul(0.4, rr), hh, mul(0.75, mul(r, h))))
    across = add(mul(tube, across), mul(ball, ends))
    return diagonal(across, across, add(mul(tube, mul(0.5, rr)), mul(ball, mul(0.4, rr))))


def shape_lump(kind: str, size: tuple[Number, ...], mass: Number, pos: V3, quat: tuple[Number, ...]) -> Lump:
    """A geom in its body's frame."""
    r = quat_matrix(quat)  # pyright: ignore[reportArgumentType] -- four numbers
    return Lump(mass, pos, turned_moments(r, shape_moments(kind, size, mass)))


def with_mass(lump: Lump, mass: Number) -> Lump:
    """The same shape, its density scaled to this mass."""
    factor = over(mass, lump.mass)
    return replace(lump, mass=mass, inertia=scaled(factor, lump.inertia))
