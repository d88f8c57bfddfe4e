"""Contacts of a plane, the first shape, with each solid."""

from __future__ import annotations

from collections.abc import Callable

from rosesim.robots.algebra import (
    V3,
    Number,
    add,
    choose,
    column,
    cross,
    dot,
    mat_vec,
    minus,
    mul,
    over,
    plus,
    root,
    scaled,
    sub,
    total,
    transposed,
)
from rosesim.robots.contact.shapes import Frame, Place, Shape, frame


def _on_plane(a: Shape, centre: V3, radius: Number, hint: V3 | None = None) -> Place:
    """A sphere on a plane."""
    normal = a.axis
    gap = sub(dot(normal, minus(centre, a.place)), radius)

    def rest() -> tuple[V3, Frame]:
        reach = add(radius, mul(0.5, gap))
        return minus(centre, scaled(reach, normal)), frame(normal, hint)

    return Place(gap, rest)


def plane_sphere(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """One contact."""
    return [_on_plane(a, b.place, b.size[0])]


def _ends(b: Shape) -> tuple[V3, V3]:
    half = scaled(b.size[1], b.axis)
    return plus(b.place, half), minus(b.place, half)


def plane_capsule(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The two end spheres. The first tangent is the capsule's axis."""
    return [_on_plane(a, end, b.size[0], b.axis) for end in _ends(b)]


def plane_box(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """Four corners: of each two that are opposite, the one that is deeper."""
    normal = a.axis
    centre = dot(normal, minus(b.place, a.place))
    reach = [mul(b.size[k], dot(normal, column(b.rotation, k))) for k in range(3)]

    def corner(signs: tuple[float, float, float]) -> Place:
        along = total(mul(s, r) for s, r in zip(signs, reach, strict=True))
        lower = along <= 0.0
        gap = add(centre, choose(lower, along, mul(-1.0, along)))

        def rest() -> tuple[V3, Frame]:
            offset = mat_vec(b.rotation, tuple(mul(s, x) for s, x in zip(signs, b.size, strict=True)))
            side = choose(lower, 1.0, -1.0)
            return minus(plus(b.place, scaled(side, offset)), scaled(mul(0.5, gap), normal)), frame(normal)

        return Place(gap, rest)

    return [corner((x, y, -1.0)) for y in (-1.0, 1.0) for x in (-1.0, 1.0)]


def plane_ellipsoid(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The lowest point."""
    normal = a.axis
    local = mat_vec(transposed(b.rotation), normal)
    stretched = tuple(mul(s, x) for s, x in zip(b.size, local, strict=True))
    length = root(dot(stretched, stretched))
    lowest = tuple(over(mul(mul(-1.0, s), x), length) for s, x in zip(b.size, stretched, strict=True))
    point = plus(b.place, mat_vec(b.rotation, lowest))
    gap = dot(normal, minus(point, a.place))
    return [Place(gap, lambda: (minus(point, scaled(mul(0.5, gap), normal)), frame(normal)))]


def plane_cylinder(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The lowest point of each rim, and two more of the lower rim, a third of a turn to either side."""
    normal, radius, half = a.axis, b.size[0], b.size[1]
    flip = choose(dot(normal, b.axis) > 0.0, -1.0, 1.0)
    axis = scaled(flip, b.axis)  # towards the plane
    down = dot(normal, axis)
    centre = dot(normal, minus(b.place, a.place))
    lowest = minus(scaled(down, axis), normal)  # across the axis, downhill
    square = dot(lowest, lowest)
    tilted = square > 1e-30  # upright, every point of the rim is as low: the cylinder's own x then
    inverse = over(1.0, root(choose(tilted, square, 1.0)))
    side = column(b.rotation, 0)
    rim = tuple(
        choose(tilted, mul(mul(radius, inverse), x), mul(radius, y)) for x, y in zip(lowest, side, strict=True)
    )
    fall = dot(normal, rim)
    end = scaled(half, axis)
    fall_end = mul(half, down)
    first = total((centre, fall_end, fall))
    touching = first < margin  # no other point counts where the lowest does not

    def place(gap: Number, offset: Callable[[], V3]) -> Place:
        def rest() -> tuple[V3, Frame]:
            point = plus(b.place, offset())
            return minus(point, scaled(mul(0.5, gap), normal)), frame(normal)

        return Place(gap, rest)

    def beside(sign: float) -> V3:
        across = cross(rim, axis)
        return plus(plus(end, scaled(-0.5, rim)), scaled(sign * 0.75**0.5, across))

    second = choose(touching, total((centre, mul(-1.0, fall_end), fall)), add(margin, 1.0))
    third = choose(touching, total((centre, fall_end, mul(-0.5, fall))), add(margin, 1.0))
    return [
        place(first, lambda: plus(rim, end)),
        place(second, lambda: minus(rim, end)),
        place(third, lambda: beside(1.0)),
        place(third, lambda: beside(-1.0)),
    ]
