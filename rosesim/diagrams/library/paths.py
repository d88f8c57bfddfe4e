"""Path data: polygons, curves and arcs that are drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rosesim.diagrams import scalars
from rosesim.diagrams.kinds import NUMBER, PATH_TYPE, PATHS, POINTS, STRING, VECTOR2
from rosesim.diagrams.library.items import function
from rosesim.diagrams.library.numbers import constant
from rosesim.diagrams.scalars import Number, absolute, choose, less
from rosesim.diagrams.values import Path, Paths, Rows, Vector
from rosesim.diagrams.vectors import Numbers, distance, left_of, minus, normalised, over, plus, times

Command = tuple[str, Numbers]
CLOSE: Command = ("Z", ())
ORIGIN = Vector((0.0, 0.0))


def _path(commands: Sequence[Command], kind: str = "open") -> Path:
    return Path((*commands, CLOSE) if kind == "closed" else tuple(commands))


def _at_least(points: Rows, least: int) -> tuple[Numbers, ...]:
    if len(points.rows) < least:
        raise ValueError(f"there are {len(points.rows)} points; expected at least {least}")
    return points.rows


@function(type=PATH_TYPE, pts=POINTS)
def pathFromPoints(type: str, pts: Rows) -> Path:
    """M p₀, L p₁, L p₂, ...; Z if closed."""
    first, *rest = pts.rows
    return _path([("M", first), *(("L", p) for p in rest)], type)


@function(type=PATH_TYPE, pts=POINTS)
def quadraticCurveFromPoints(type: str, pts: Rows) -> Path:
    """M p₀, Q p₁ p₂, T p₃, T p₄, ...; Z if closed."""
    p0, p1, p2, *rest = _at_least(pts, 3)
    return _path([("M", p0), ("Q", p1 + p2), *(("T", p) for p in rest)], type)


@function(type=PATH_TYPE, pts=POINTS)
def cubicCurveFromPoints(type: str, pts: Rows) -> Path:
    """M p₀, C p₁ p₂ p₃, S p₄ p₅, S p₆ p₇, ...; Z if closed."""
    p0, p1, p2, p3, *rest = _at_least(pts, 4)
    smooth: list[Command] = [("S", a + b) for a, b in zip(rest[::2], rest[1::2], strict=False)]
    return _path([("M", p0), ("C", p1 + p2 + p3), *smooth], type)


@function(type=PATH_TYPE, p0=VECTOR2, p1=VECTOR2, p2=VECTOR2)
def interpolateQuadraticFromPoints(type: str, p0: Vector, p1: Vector, p2: Vector) -> Path:
    """M p₀, Q 2 p₁ − (p₀ + p₂)/2, p₂: passes through p₁; Z if closed."""
    control = minus(times(2.0, p1.items), over(plus(p0.items, p2.items), 2.0))
    return _path([("M", p0.items), ("Q", control + p2.items)], type)


@function(type=PATH_TYPE, points=POINTS, tension=NUMBER)
def interpolatingSpline(type: str, points: Rows, tension: Number = 0.25) -> Path:
    """Cubic spans through all points (Catmull and Rom 1974).

    Tangents T_i = tension (p_{i+1} − p_{i−1}), around the end if closed; at the ends of an open one
    tension (p₁ − p₀) and tension (p_{n−1} − p_{n−2}). M p₀, C p_i + T_i, p_j − T_j, p_j for each span; Z if closed.
    """
    p = _at_least(points, 2)
    n, closed = len(p), type == "closed"

    def place(i: int) -> Numbers:
        return p[i % n] if closed else p[max(0, min(i, n - 1))]

    tangents = [times(tension, minus(place(i + 1), place(i - 1))) for i in range(n)]
    spans = [(i, (i + 1) % n) for i in range(n if closed else n - 1)]
    commands: list[Command] = [("C", plus(p[i], tangents[i]) + minus(p[j], tangents[j]) + p[j]) for i, j in spans]
    return _path([("M", p[0]), *commands], type)


@function(start=VECTOR2, end=VECTOR2, curveHeight=NUMBER, padding=NUMBER)
def makePath(start: Vector, end: Vector, curveHeight: Number, padding: Number) -> Path:
    """A quadratic arch. u = normalise(start − end), c = end + |start − end|/2 u + curveHeight rot90(u).

    M start − padding u, Q c, end + padding u.
    """
    u = normalised(minus(start.items, end.items))
    half = distance(start.items, end.items) / 2
    control = plus(plus(end.items, times(half, u)), times(curveHeight, left_of(u)))
    first, last = minus(start.items, times(padding, u)), plus(end.items, times(padding, u))
    return _path([("M", first), ("Q", control + last)])


@function(type=PATH_TYPE, center=VECTOR2, r=NUMBER, theta0=NUMBER, theta1=NUMBER)
def circularArc(type: str, center: Vector, r: Number, theta0: Number, theta1: Number) -> Path:
    """M c + r (cos θ₀, sin θ₀), A (r, r, 0, |θ₁ − θ₀| > π, θ₀ > θ₁) to c + r (cos θ₁, sin θ₁); closed: L c, Z."""

    def at(angle: Number) -> Numbers:
        return plus(center.items, times(r, (scalars.cos(angle), scalars.sin(angle))))

    large = choose(less(math.pi, absolute(theta1 - theta0)), 1.0, 0.0)
    sweep = choose(less(theta1, theta0), 1.0, 0.0)
    arc: list[Command] = [("M", at(theta0)), ("A", (r, r, 0.0, large, sweep, *at(theta1)))]
    return _path([*arc, ("L", center.items)] if type == "closed" else arc, type)


@function(
    type=PATH_TYPE, start=VECTOR2, end=VECTOR2, radius=VECTOR2, rotation=NUMBER, largeArc=NUMBER, arcSweep=NUMBER
)
def arc(
    type: str, start: Vector, end: Vector, radius: Vector, rotation: Number, largeArc: Number, arcSweep: Number
) -> Path:
    """M start, A (radius, rotation, largeArc, arcSweep) to end; Z if closed."""
    data = (*radius.items, rotation, largeArc, arcSweep, *end.items)
    return _path([("M", start.items), ("A", data)], type)


@function(
    center=VECTOR2, start=VECTOR2, end=VECTOR2, radius=VECTOR2, rotation=NUMBER, largeArc=NUMBER, arcSweep=NUMBER
)
def wedge(
    center: Vector, start: Vector, end: Vector, radius: Vector, rotation: Number, largeArc: Number, arcSweep: Number
) -> Path:
    """M start, A (radius, rotation, largeArc, arcSweep) to end, L center, Z."""
    data = (*radius.items, rotation, largeArc, arcSweep, *end.items)
    return _path([("M", start.items), ("A", data), ("L", center.items)], "closed")


@function(paths=PATHS)
def joinPaths(paths: Paths) -> Path:
    """All commands of a list of path data, one after the other."""
    return Path(tuple(c for path in paths.items for c in path.commands))


@function("Penrose", center=VECTOR2, radius=NUMBER, holeSize=NUMBER, angle=NUMBER, nSides=NUMBER, chirality=STRING)
def impossible_polygon(
    center: Vector = ORIGIN,
    radius: Number = 50.0,
    holeSize: Number = 0.35,
    angle: Number = 0.0,
    nSides: Number = 5.0,
    chirality: str = "ccw",
) -> Path:
    """The impossible polygon, with a hole of `holeSize` times its radius; nSides is known.

    n = ⌊max(nSides, 3)⌋, R = radius, r = holeSize R, α = π (n − 2)/n, w = (R − r)/(4 cos(α/2)), s = 1 for "cw",
    otherwise −1; θ_k = angle + 2π k/n, a_k = center + r (s sin θ_k, cos θ_k), b_k likewise with R,
    u_i = normalise(a_{i+1} − a_i), c_i = a_i − w u_i, d_i = b_i − w u_{i−1}, indices modulo n.
    For each i (j = i + 1, k = i + 2): M d_i L b_i L d_j L c_k L a_k L c_j Z.
    """
    n = math.floor(max(constant(nSides, "nSides"), 3.0))
    inner = holeSize * radius
    width = (radius - inner) / (4 * math.cos(math.pi * (n - 2) / n / 2))
    side = 1.0 if chirality == "cw" else -1.0
    thetas = [angle + 2 * math.pi * k / n for k in range(n)]
    rays = [(side * scalars.sin(t), scalars.cos(t)) for t in thetas]
    a = [plus(center.items, times(inner, ray)) for ray in rays]
    b = [plus(center.items, times(radius, ray)) for ray in rays]
    u = [normalised(minus(a[(i + 1) % n], a[i])) for i in range(n)]
    c = [minus(a[i], times(width, u[i])) for i in range(n)]
    d = [minus(b[i], times(width, u[i - 1])) for i in range(n)]
    commands: list[Command] = []
    for i in range(n):
        j, k = (i + 1) % n, (i + 2) % n
        commands += [("M", d[i]), ("L", b[i]), ("L", d[j]), ("L", c[k]), ("L", a[k]), ("L", c[j]), CLOSE]
    return Path(tuple(commands))
