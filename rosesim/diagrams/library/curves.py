"""Functions of curves: lists of points, open or closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rosesim.diagrams import scalars
from rosesim.diagrams.kinds import BOOLEAN, NUMBER, POINTS, ROWS
from rosesim.diagrams.library.items import function
from rosesim.diagrams.library.vectors import angle_between
from rosesim.diagrams.scalars import Number, div, exp, log, total
from rosesim.diagrams.values import Rows
from rosesim.diagrams.vectors import (
    Numbers,
    cross,
    distance,
    dot,
    left_of,
    length,
    minus,
    normalised,
    over,
    plus,
    times,
)

Curve = Sequence[Numbers]

SMALL = 2.0**-52
"""Keeps the logarithm of t-SNE's energy finite."""


def neighbours(points: Curve, closed: bool, count: int) -> list[list[Numbers]]:
    """Each point with the count − 1 next ones; around the end if closed."""
    n = len(points)
    starts = n if closed else n - count + 1
    return [[points[(i + k) % n] for k in range(count)] for i in range(starts)]


def edge_lengths(points: Curve, closed: bool) -> list[Number]:
    """The distances of neighbours."""
    return [distance(p, q) for p, q in neighbours(points, closed, 2)]


def spread_of_edges(points: Curve, closed: bool) -> Number:
    """The sum over edges of (length − mean length)²."""
    lengths = edge_lengths(points, closed)
    middle = div(total(lengths), float(len(lengths)))
    return total((a - middle) * (a - middle) for a in lengths)


def turning(p: Numbers, q: Numbers, r: Numbers) -> Number:
    """The angle from q − p to r − q; signed in the plane."""
    u, v = minus(q, p), minus(r, q)
    return scalars.atan2(cross(u, v), dot(u, v)) if len(p) == 2 else angle_between(u, v)


def _at_points(points: Curve, closed: bool, of: Callable[[Numbers, Numbers, Numbers], Numbers]) -> list[Numbers]:
    """`of` the point before, the point and the point after; the ends of an open curve copy their neighbours."""
    if len(points) < 3:
        raise ValueError(f"the curve has {len(points)} points; expected at least 3")
    inner = [of(*triple) for triple in neighbours(points, closed, 3)]
    return [inner[-1], *inner[:-1]] if closed else [inner[0], *inner, inner[-1]]


def _tangents(points: Curve, closed: bool) -> list[Numbers]:
    around = _at_points(points, closed, lambda p, _, r: normalised(minus(r, p)))
    if not closed:
        around[0] = normalised(minus(points[1], points[0]))
        around[-1] = normalised(minus(points[-1], points[-2]))
    return around


def _principal_normals(points: Curve, closed: bool) -> list[Numbers]:
    return _at_points(_tangents(points, closed), closed, lambda s, _, t: normalised(minus(t, s)))


def _normals(points: Curve, closed: bool) -> list[Numbers]:
    if len(points[0]) == 2:
        return [left_of(t) for t in _tangents(points, closed)]
    return _principal_normals(points, closed)


def _curvature(p: Numbers, q: Numbers, r: Numbers) -> Numbers:
    """By finite differences; a tuple of one number."""
    turn = length(minus(normalised(minus(r, q)), normalised(minus(q, p))))
    step = length(minus(over(plus(q, r), 2.0), over(plus(p, q), 2.0)))
    return (div(scalars.sign(turning(p, q, r)) * turn, step),)


@function(points=ROWS, closed=BOOLEAN)
def perimeter(points: Rows, closed: bool) -> Number:
    """The sum of the distances of neighbours; of the last and the first too, if closed."""
    return total(edge_lengths(points.rows, closed))


@function(points=POINTS, closed=BOOLEAN)
def signedArea(points: Rows, closed: bool) -> Number:
    """½ Σ (p_x q_y − p_y q_x) over neighbours p, q: positive where the curve goes counter-clockwise."""
    return 0.5 * total(cross(p, q) for p, q in neighbours(points.rows, closed, 2))


@function(points=ROWS, closed=BOOLEAN)
def elasticEnergy(points: Rows, closed: bool) -> Number:
    """Σ (2 sin(a/2))² ½ |p − q| |q − r| over three neighbours p, q, r, with a the angle at q."""
    found: list[Number] = []
    for p, q, r in neighbours(points.rows, closed, 3):
        bend = 2 * scalars.sin(turning(p, q, r) / 2)
        found.append(bend * bend * (0.5 * distance(p, q) * distance(q, r)))
    return total(found)


@function(points=ROWS, closed=BOOLEAN, magnitude=NUMBER)
def offsetCurve(points: Rows, closed: bool, magnitude: Number) -> Rows:
    """p_i + magnitude n_i, n_i the normals: to the left in the plane, otherwise the principal ones."""
    normals = _normals(points.rows, closed)
    return Rows(tuple(plus(p, times(magnitude, n)) for p, n in zip(points.rows, normals, strict=True)), "points")


@function(points=ROWS, closed=BOOLEAN)
def evoluteCurve(points: Rows, closed: bool) -> Rows:
    """p_i + m_i / κ_i: the centres of curvature, κ the curvature and m the principal normals."""
    curvatures = _at_points(points.rows, closed, _curvature)
    normals = _principal_normals(points.rows, closed)
    return Rows(
        tuple(plus(p, times(div(1.0, k), m)) for p, (k,), m in zip(points.rows, curvatures, normals, strict=True)),
        "points",
    )


@function(points=ROWS, projected=ROWS)
def tsneEnergy(points: Rows, projected: Rows) -> Number:
    """Σ P_ij ln((P_ij + e)/(Q_ij + e)), e = 2⁻⁵²: how badly projected points have the points' neighbourhoods.

    P_ij = exp(−|x_i − x_j|/2) and Q_ij = 1/(1 + |y_i − y_j|) for i ≠ j, each divided by its sum (distances are not
    squared, unlike in van der Maaten and Hinton 2008).
    """
    if len(points.rows) != len(projected.rows):
        raise ValueError(f"{len(points.rows)} points but {len(projected.rows)} projected ones; expected as many")
    pairs = [(i, j) for j in range(len(points.rows)) for i in range(j)]
    p = [exp(-distance(points.rows[i], points.rows[j]) / 2) for i, j in pairs]
    q = [div(1.0, 1 + distance(projected.rows[i], projected.rows[j])) for i, j in pairs]
    # Both are symmetric: each pair stands for two.
    p_sum, q_sum = 2 * total(p), 2 * total(q)
    p, q = [div(a, p_sum) for a in p], [div(a, q_sum) for a in q]
    return 2 * total(a * log(div(a + SMALL, b + SMALL)) for a, b in zip(p, q, strict=True))
