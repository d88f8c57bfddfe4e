"""Contacts of a sphere, the first shape, with a sphere, a capsule and a box."""

from __future__ import annotations

from rosesim.ad.language.mathematics import clamp, sqrt
from rosesim.robots.algebra import V3, Number, add, choose, dot, mat_vec, minus, mul, plus, scaled, sub, transposed
from rosesim.robots.contact.shapes import Frame, Place, Shape, between_spheres, frame


def sphere_sphere(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """One contact."""
    return [between_spheres(a.place, a.size[0], b.place, b.size[0])]


def sphere_capsule(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The sphere and the nearest sphere of the capsule."""
    along = clamp(dot(b.axis, minus(a.place, b.place)), mul(-1.0, b.size[1]), b.size[1])
    return [between_spheres(a.place, a.size[0], plus(b.place, scaled(along, b.axis)), b.size[0])]


def sphere_box(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The nearest point of the box; inside it, the nearest face."""
    local = mat_vec(transposed(b.rotation), minus(a.place, b.place))
    inner = tuple(clamp(x, mul(-1.0, s), s) for x, s in zip(local, b.size, strict=True))
    off = minus(inner, local)
    square = dot(off, off)
    outside = square > 1e-24
    length = choose(outside, sqrt(choose(outside, square, 1.0)), 0.0)
    depths = [sub(s, abs(x)) for x, s in zip(local, b.size, strict=True)]
    least = choose(depths[0] <= depths[1], depths[0], depths[1])
    least = choose(least <= depths[2], least, depths[2])
    gap = choose(outside, sub(length, a.size[0]), sub(mul(-1.0, least), a.size[0]))

    def rest() -> tuple[V3, Frame]:
        inverse = 1.0 / choose(outside, length, 1.0)
        face, taken = [], None
        for x, depth in zip(local, depths, strict=True):
            here = depth <= least
            mine = here if taken is None else here & ~taken
            taken = here if taken is None else taken | here
            face.append(choose(mine, choose(x >= 0.0, -1.0, 1.0), 0.0))
        normal_local = tuple(choose(outside, mul(o, inverse), n) for o, n in zip(off, face, strict=True))
        normal = mat_vec(b.rotation, normal_local)
        reach = add(a.size[0], mul(0.5, gap))
        return plus(a.place, scaled(reach, normal)), frame(normal)

    return [Place(gap, rest)]
