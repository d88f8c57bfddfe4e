"""Contacts of a sphere, the first shape, with a solid: always one."""

from __future__ import annotations

from rosesim.ad.language.mathematics import clamp, maximum, sqrt
from rosesim.robots.algebra import V3, Number, add, choose, dot, mat_vec, minus, mul, plus, scaled, sub
from rosesim.robots.contact.nearest import from_ellipsoid
from rosesim.robots.contact.shapes import Frame, Place, Shape, between_spheres, frame, seen_from


def sphere_sphere(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """Along the line of the centres."""
    return [between_spheres(a.place, a.size[0], b.place, b.size[0])]


def sphere_capsule(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The sphere and the nearest sphere of the capsule."""
    along = clamp(dot(b.axis, minus(a.place, b.place)), mul(-1.0, b.size[1]), b.size[1])
    return [between_spheres(a.place, a.size[0], plus(b.place, scaled(along, b.axis)), b.size[0])]


def sphere_box(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The nearest point of the box; inside it, the nearest face."""
    local = seen_from(b, a.place)
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


def sphere_ellipsoid(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The nearest point of the ellipsoid."""
    distance, outwards = from_ellipsoid(b.size, seen_from(b, a.place))
    gap = sub(distance, a.size[0])

    def rest() -> tuple[V3, Frame]:
        normal = scaled(-1.0, mat_vec(b.rotation, outwards))
        return plus(a.place, scaled(add(a.size[0], mul(0.5, gap)), normal)), frame(normal)

    return [Place(gap, rest)]


def sphere_cylinder(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The nearest point of the cylinder; inside it, of its side or its nearer end."""
    radius, half = b.size[0], b.size[1]
    d = minus(a.place, b.place)
    along = dot(b.axis, d)
    across = minus(d, scaled(along, b.axis))
    square = dot(across, across)
    off = square > 1e-30  # on the axis there is no direction to the side: it is x, as between spheres
    width = choose(off, sqrt(choose(off, square, 1.0)), 0.0)
    end, side = sub(abs(along), half), sub(width, radius)
    beyond, out = maximum(end, 0.0), maximum(side, 0.0)
    outside = (beyond > 0.0) & (out > 0.0)  # of a rim
    corner = choose(outside, sqrt(choose(outside, add(mul(beyond, beyond), mul(out, out)), 1.0)), 0.0)
    flat = end > side
    distance = choose(outside, corner, choose(flat, end, side))
    gap = sub(distance, a.size[0])

    def rest() -> tuple[V3, Frame]:
        inverse = 1.0 / choose(outside, corner, 1.0)
        up = choose(outside, mul(beyond, inverse), choose(flat, 1.0, 0.0))
        aside = choose(outside, mul(out, inverse), choose(flat, 0.0, 1.0))
        by_width = 1.0 / choose(off, width, 1.0)
        sideways = tuple(choose(off, mul(x, by_width), e) for x, e in zip(across, (-1.0, 0.0, 0.0), strict=True))
        outwards = plus(scaled(mul(choose(along < 0.0, -1.0, 1.0), up), b.axis), scaled(aside, sideways))
        normal = scaled(-1.0, outwards)
        return plus(a.place, scaled(add(a.size[0], mul(0.5, gap)), normal)), frame(normal)

    return [Place(gap, rest)]
