"""Distance, point and normal of two shapes. MuJoCo's contacts, in its order.

A contact is (signed distance, point halfway between the surfaces, unit normal from the first geom to the second).
What it takes to find the distance is computed always, the rest where the shapes touch: `Place.rest` is called inside
a branch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rosesim.ad.language.mathematics import clamp, sqrt
from rosesim.robots.algebra import (
    M3,
    V3,
    Number,
    add,
    choose,
    column,
    cross,
    dot,
    known,
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

Frame = tuple[V3, V3, V3]
"""The normal and two tangents."""


@dataclass(frozen=True)
class Shape:
    """A geom where it is: all numbers may be traced."""

    kind: str
    size: Sequence[Number]
    place: V3
    rotation: M3

    @property
    def axis(self) -> V3:
        """The z axis: a plane's normal, a capsule's direction."""
        return column(self.rotation, 2)


@dataclass(frozen=True)
class Place:
    """One contact of a pair."""

    distance: Number
    rest: Callable[[], tuple[V3, Frame]]
    """The point and the frame."""


Finder = Callable[[Shape, Shape, Number], list[Place]]
"""The contacts of two shapes, nearer than a margin."""


def contacts(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """All contacts that a pair may have."""
    return FINDERS[a.kind, b.kind](a, b, margin)


def frame(normal: V3, hint: V3 | None = None) -> Frame:
    """The normal and its tangents: the first is the hint, or a world axis, made orthogonal."""
    if hint is None:
        flat = (normal[1] > -0.5) & (normal[1] < 0.5)
        hint = (0.0, choose(flat, 1.0, 0.0), choose(flat, 0.0, 1.0))
    along = dot(normal, hint)
    first = minus(hint, scaled(along, normal))
    square = dot(first, first)
    if not (known(square) and square == 1.0):
        some = square > 1e-30  # of a hint along the normal nothing is left: x then
        inverse = over(1.0, root(choose(some, square, 1.0)))
        first = tuple(choose(some, mul(x, inverse), e) for x, e in zip(first, (1.0, 0.0, 0.0), strict=True))
    return normal, first, cross(normal, first)  # pyright: ignore[reportReturnType] -- three numbers each


def _round(centre_a: V3, radius_a: Number, centre_b: V3, radius_b: Number) -> Place:
    """Two spheres. Where the centres meet there is no normal: it is x, and its derivative 0."""
    d = minus(centre_b, centre_a)
    square = dot(d, d)
    apart = square > 1e-30
    length = choose(apart, sqrt(choose(apart, square, 1.0)), 0.0)
    gap = sub(length, add(radius_a, radius_b))

    def rest() -> tuple[V3, Frame]:
        inverse = 1.0 / choose(apart, length, 1.0)
        normal = tuple(
            choose(apart, mul(x, inverse), fallback) for x, fallback in zip(d, (1.0, 0.0, 0.0), strict=True)
        )
        reach = add(radius_a, mul(0.5, gap))
        return plus(centre_a, scaled(reach, normal)), frame(normal)  # pyright: ignore[reportArgumentType]

    return Place(gap, rest)


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


def sphere_sphere(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """One contact."""
    return [_round(a.place, a.size[0], b.place, b.size[0])]


def sphere_capsule(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The sphere and the nearest sphere of the capsule."""
    along = clamp(dot(b.axis, minus(a.place, b.place)), mul(-1.0, b.size[1]), b.size[1])
    return [_round(a.place, a.size[0], plus(b.place, scaled(along, b.axis)), b.size[0])]


def capsule_capsule(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The nearest spheres of both; two contacts where they are parallel."""
    d = minus(a.place, b.place)
    u, w = a.axis, b.axis
    cosine = dot(u, w)
    p, r = dot(u, d), dot(w, d)
    determinant = sub(1.0, mul(cosine, cosine))
    parallel = determinant < 1e-15
    safe = choose(parallel, 1.0, determinant)
    la, lb = a.size[1], b.size[1]
    # Nearest points of the lines; where one is beyond its end, the end, and the other's nearest point to it.
    x = (mul(cosine, r) - p) / safe
    y = (r - mul(cosine, p)) / safe
    x1 = clamp(x, mul(-1.0, la), la)
    y1 = clamp(add(r, mul(cosine, x1)), mul(-1.0, lb), lb)
    x1 = clamp(sub(mul(cosine, y1), p), mul(-1.0, la), la)
    y2 = clamp(y, mul(-1.0, lb), lb)
    x2 = clamp(sub(mul(cosine, y2), p), mul(-1.0, la), la)
    y2 = clamp(add(r, mul(cosine, x2)), mul(-1.0, lb), lb)

    def square(x: Number, y: Number) -> Number:
        gap = plus(d, minus(scaled(x, u), scaled(y, w)))
        return dot(gap, gap)

    nearer = square(x1, y1) <= square(x2, y2)
    x, y = choose(nearer, x1, x2), choose(nearer, y1, y2)
    # Parallel: the two ends of the overlap.
    sign = choose(cosine < 0.0, -1.0, 1.0)
    middle = mul(-1.0, p)  # of b's centre, along a
    high = _least(la, add(middle, lb))
    low = _most(mul(-1.0, la), sub(middle, lb))
    overlap = parallel & (low < high)
    x = choose(parallel, choose(overlap, high, clamp(middle, mul(-1.0, la), la)), x)
    y = choose(parallel, clamp(mul(sign, sub(x, middle)), mul(-1.0, lb), lb), y)
    first = _round(plus(a.place, scaled(x, u)), a.size[0], plus(b.place, scaled(y, w)), b.size[0])
    y_low = clamp(mul(sign, sub(low, middle)), mul(-1.0, lb), lb)
    second = _round(plus(a.place, scaled(low, u)), a.size[0], plus(b.place, scaled(y_low, w)), b.size[0])
    listed = choose(overlap, second.distance, add(margin, 1.0))
    return [first, Place(listed, second.rest)]


def _least(a: Number, b: Number) -> Number:
    return min(a, b) if known(a, b) else choose(a < b, a, b)


def _most(a: Number, b: Number) -> Number:
    return max(a, b) if known(a, b) else choose(a > b, a, b)


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


FINDERS: dict[tuple[str, str], Finder] = {
    ("plane", "sphere"): plane_sphere,
    ("plane", "capsule"): plane_capsule,
    ("plane", "box"): plane_box,
    ("plane", "ellipsoid"): plane_ellipsoid,
    ("plane", "cylinder"): plane_cylinder,
    ("sphere", "sphere"): sphere_sphere,
    ("sphere", "capsule"): sphere_capsule,
    ("capsule", "capsule"): capsule_capsule,
    ("sphere", "box"): sphere_box,
}
"""The pairs that can be computed."""
