"""Contacts of a capsule, the first shape, with a capsule."""

from __future__ import annotations

from rosesim.ad.language.mathematics import clamp
from rosesim.robots.algebra import Number, add, choose, dot, minus, mul, plus, scaled, sub
from rosesim.robots.contact.shapes import Place, Shape, between_spheres, least, most


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
