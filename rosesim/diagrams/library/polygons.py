"""Polygons of any form, by their convex parts: distances to each other and to ellipses, and what they contain.

The parts are those of `partition`, cut where the points start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rosesim.diagrams.library.partition import parts
from rosesim.diagrams.scalars import Number, choose, div, less, maximum, minimum, neg, sqrt
from rosesim.diagrams.vectors import Point, dot, greatest, least, left_of, mean, minus, normalised


@dataclass(frozen=True, slots=True)
class Side:
    """A side of a convex part: outside is where normal · p > offset."""

    normal: Point
    offset: Number


def outward_sides(part: Sequence[Point]) -> list[Side]:
    """The sides of a convex part; its mean is inside, whatever its orientation has become."""
    middle = mean(part)
    found: list[Side] = []
    for k, corner in enumerate(part):
        x, y = normalised(left_of(minus(part[k - 1], corner)))
        outward = less(dot(minus(middle, corner), (x, y)), 0.0)
        normal = choose(outward, x, neg(x)), choose(outward, y, neg(y))
        found.append(Side(normal, dot(normal, corner)))
    return found


def polygon_distance(first: Sequence[Point], second: Sequence[Point]) -> Number:
    """Over convex parts of the first, the greatest of the least distances to those of the second, as Penrose does.

    Two parts overlap if no side of one separates the origin from their Minkowski difference.
    """
    ours = [(part, outward_sides(part)) for part in parts(first)]
    negated = [(neg(x), neg(y)) for x, y in second]
    theirs = [(part, outward_sides(part)) for part in parts(negated)]
    return greatest(
        [
            least([maximum(_separation(sides, b), _separation(b_sides, part)) for b, b_sides in theirs])
            for part, sides in ours
        ]
    )


def _separation(sides: Sequence[Side], corners: Sequence[Point]) -> Number:
    """The greatest distance by which a side keeps corners, which are negated, away."""
    return greatest([neg(s.offset + greatest([dot(s.normal, q) for q in corners])) for s in sides])


def ellipse_distance(corners: Sequence[Point], center: Point, rx: Number, ry: Number) -> Number:
    """An implicit function of a polygon and an ellipse: negative where they overlap, but no distance.

    With outward normal (p, q) and offset d of a side, A = ry/rx, B = rx/ry, C = rx ry:
    t = (B p² + A q²) / (4 A B (x p + y q + C − d)), u = √(t/(1 + t)).
    """
    a, b, c = div(ry, rx), div(rx, ry), rx * ry
    return least([greatest([_to_side(s, center, a, b, c) for s in outward_sides(part)]) for part in parts(corners)])


def _to_side(side: Side, center: Point, a: Number, b: Number, c: Number) -> Number:
    (x, y), (p, q) = center, side.normal
    t = div(b * p * p + a * q * q, 4 * a * b * (x * p + y * q + c - side.offset))
    u = sqrt(div(t, 1 + t))

    def at(scale: Number) -> Number:
        k = div(scale, 2 * (scale - 1))
        return p * (x + div(k * p, a)) + q * (y + div(k * q, b)) - side.offset

    tangent = minimum(at(1 + u), at(1 - u))
    return minimum(tangent, maximum(neg(c), p * x + q * y - side.offset))


@dataclass(frozen=True, slots=True)
class Inside:
    """Measures how far points are outside of a polygon; the parts are cut once for all of them."""

    sides: tuple[Side, ...]

    @staticmethod
    def of(corners: Sequence[Point]) -> Inside:
        """All sides of all convex parts: Penrose asks a point to lie in all parts."""
        return Inside(tuple(s for part in parts(corners) for s in outward_sides(part)))

    def __call__(self, p: Point, padding: Number) -> Number:
        """The greatest of padding + normal · p − offset."""
        return greatest([neg(s.offset - dot(s.normal, p)) + padding for s in self.sides])
