"""Nearest points that no closed form gives: of an ellipsoid, and along the axis of a capsule.

Each is the zero of a function of one number. It is searched for until it stands still, and its derivative is that of
the equation, of any order: nothing of the search is differentiated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.control.scan import while_loop
from rosesim.ad.language.custom import dual, primal, tangent
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.mathematics import clamp, maximum, minimum, sqrt
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.real import Real
from rosesim.ad.transforms.derivatives import jvp
from rosesim.robots.algebra import V3, Number, dot, three, total, vector

LIMIT = 60
"""Steps of a search: as many as halvings leave of an interval no more than rounding."""
NUDGE = 1e-15
"""Of a half axis, by which points are moved: one inside, in a plane of symmetry, has two nearest points."""


def _widths(size: Any, mu: Number) -> list[Number]:
    """s² + λ, with μ = λ + the least s²: near the middle of an ellipsoid λ alone would lose all digits."""
    least = minimum(minimum(size[0], size[1]), size[2])
    return [(s - least) * (s + least) + mu for s in three(size)]


def _normal(size: Any, p: Any, mu: Number) -> list[Number]:
    """p / (s² + λ), which is x / s²."""
    return [(x + NUDGE * s) / d for x, s, d in zip(three(p), three(size), _widths(size, mu), strict=True)]


@fn
def _excess(size: Vec[Real, 3], p: Vec[Real, 3], mu: Real) -> Real:
    """Σ (x / s)² - 1 of the point x that belongs to a multiplier."""
    y = [s * w for s, w in zip(three(size), _normal(size, p, mu), strict=True)]
    return dot(y, y) - 1.0


@fn
def multiplier(size: Vec[Real, 3], p: Vec[Real, 3]) -> Real:
    """μ of the point x = s² p / (s² + λ) of an ellipsoid with half axes s that is nearest to p.

    Newton's method on 1 / √Σ (x / s)² - 1, which is concave, from where one term of the sum is 1: it comes from
    below.
    """
    offsets = _widths(size, 0.0)
    starts = [s * abs(x + NUDGE * s) - d for x, s, d in zip(three(p), three(size), offsets, strict=True)]

    def step(state: Any) -> Any:
        mu = state[0]
        y = [s * w for s, w in zip(three(size), _normal(size, p, mu), strict=True)]
        square = dot(y, y)
        slope = total(x * x / d for x, d in zip(y, _widths(size, mu), strict=True))
        new = mu + square * (sqrt(square) - 1.0) / slope
        return new, select(abs(new - mu) <= 1e-15 * mu, 1.0, 0.0)

    begin = (maximum(maximum(starts[0], starts[1]), starts[2]), Real(0.0))
    return while_loop(lambda state: state[1] == 0.0, step, begin, limit=LIMIT, on_limit="stop")[0]


@multiplier.defjvp
def _(size: Any, p: Any) -> Any:
    s, x = primal(size), primal(p)
    mu = multiplier(s, x)
    w = _normal(s, x, mu)
    slope = -2.0 * total((a * b) ** 2 / d for a, b, d in zip(three(s), w, _widths(s, mu), strict=True))
    return dual(mu, (-1.0 / slope) * jvp(_excess)(s, x, mu, tangent(size), tangent(p), None)[1])


def from_ellipsoid(size: Sequence[Number], p: V3) -> tuple[Number, V3]:
    """The signed distance of a point from an ellipsoid at the origin, and the unit normal outwards where it is
    nearest."""
    s, at = vector(size), vector(p)
    mu = multiplier(s, at)
    w = _normal(s, at, mu)
    length = sqrt(dot(w, w))
    least = minimum(minimum(s[0], s[1]), s[2])
    return (mu - least * least) * length, three([x / length for x in w])


@fn
def _ellipsoid_slope(size: Vec[Real, 3], p: Vec[Real, 3], u: Vec[Real, 3], t: Real):
    """The slope along u of the distance of p + t u from an ellipsoid, and its slope."""
    s, way = three(size), three(u)
    at = vector([x + t * y for x, y in zip(three(p), way, strict=True)])
    mu = multiplier(size, at)
    w, widths = _normal(size, at, mu), _widths(size, mu)
    rows = list(zip(s, way, w, widths, strict=True))
    grows = total(a * a * b * y / d for a, y, b, d in rows) / total((a * b) ** 2 / d for a, _, b, d in rows)
    change = [(y - b * grows) / d for _, y, b, d in rows]
    square, along = dot(w, w), dot(w, way)
    length = sqrt(square)
    return along / length, (dot(change, way) - along * dot(w, change) / square) / length


@fn
def _cylinder_slope(size: Vec[Real, 2], p: Vec[Real, 3], u: Vec[Real, 3], t: Real):
    """The same of a cylinder with radius and half length; 0 inside."""
    x, y, z = (a + t * b for a, b in zip(three(p), three(u), strict=True))
    square, way = x * x + y * y, u[0] * u[0] + u[1] * u[1]
    off = square > 1e-30
    radius = select(off, sqrt(select(off, square, 1.0)), 0.0)
    inverse = select(off, 1.0 / select(off, radius, 1.0), 0.0)
    opens = (x * u[0] + y * u[1]) * inverse
    bends = (way - opens * opens) * inverse
    past = select(z < 0.0, -u[2], u[2])
    beyond, out = maximum(abs(z) - size[1], 0.0), maximum(radius - size[0], 0.0)
    reach = beyond * beyond + out * out
    outside = reach > 0.0
    length = sqrt(select(outside, reach, 1.0))
    slope = (beyond * past + out * opens) / length
    turns = select(beyond > 0.0, past * past, 0.0) + select(out > 0.0, opens * opens, 0.0) + out * bends
    return select(outside, slope, 0.0), select(outside, (turns - slope * slope) / length, 0.0)


def _search(slope: Fn[..., Any], dims: int) -> Fn[..., Any]:
    """The function (size, p, u, half) -> t within ± half at which p + t u is nearest to a shape at the origin.

    `slope` gives the slope along u of the distance, which is convex, and its slope. Where many points are as near, it
    is the first that is found from the one that is nearest to the origin.
    """

    @fn
    def nearest(size: Vec[Real, dims], p: Vec[Real, 3], u: Vec[Real, 3], half: Real) -> Real:
        def step(state: Any) -> Any:
            t, low, high, _ = state
            value, bend = slope(size, p, u, t)
            low, high = select(value < 0.0, t, low), select(value > 0.0, t, high)
            curved = bend > 0.0
            newton = select(curved, t - value / select(curved, bend, 1.0), select(value > 0.0, -half, half))
            newton = clamp(newton, -half, half)
            halved = clamp(0.5 * (low + high), -half, half)
            new = select((newton > low) & (newton < high), newton, halved)
            zero = abs(value) <= 1e-15  # no slope is more than 1
            still = abs(new - t) <= 1e-16 * half
            return select(zero, t, new), low, high, select(zero | still, 1.0, 0.0)

        middle = clamp(-dot(three(p), three(u)), -half, half)
        begin = (middle, -2.0 * half, 2.0 * half, Real(0.0))  # no end has been looked at
        return while_loop(lambda state: state[3] == 0.0, step, begin, limit=LIMIT, on_limit="stop")[0]

    @nearest.defjvp
    def _(size: Any, p: Any, u: Any, half: Any) -> Any:
        s, at, way, most = primal(size), primal(p), primal(u), primal(half)
        t = nearest(s, at, way, most)
        _, bend = slope(s, at, way, t)
        change = jvp(slope)(s, at, way, t, tangent(size), tangent(p), tangent(u), None)[1][0]
        inside = (abs(t) < most) & (bend > 1e-12)  # where nothing bends, many points are as near
        by_slope = select(inside, -1.0 / select(inside, bend, 1.0), 0.0)
        by_half = select(t >= most, 1.0, select(t <= -most, -1.0, 0.0))
        return dual(t, by_slope * change + by_half * tangent(half))

    return nearest


_beside_ellipsoid, _beside_cylinder = _search(_ellipsoid_slope, 3), _search(_cylinder_slope, 2)


def along_ellipsoid(size: Sequence[Number], p: V3, u: V3, half: Number) -> Number:
    """t within ± half at which p + t u is nearest to an ellipsoid at the origin; inside, the chord's middle."""
    s = three([1.0 / Real(x) for x in size])
    start, way = [x * y for x, y in zip(s, p, strict=True)], [x * y for x, y in zip(s, u, strict=True)]
    ends = _round_chord(start, way)
    return _along(_beside_ellipsoid, ends, size, p, u, half)


def along_cylinder(size: Sequence[Number], p: V3, u: V3, half: Number) -> Number:
    """t within ± half at which p + t u is nearest to a cylinder (radius, half length); inside, the chord's middle."""
    radius, height = Real(size[0]), Real(size[1])
    low, high = _round_chord([p[0] / radius, p[1] / radius], [u[0] / radius, u[1] / radius])
    crosses = abs(Real(u[2])) > 1e-15
    way = select(crosses, u[2], 1.0)
    a, b = (-height - p[2]) / way, (height - p[2]) / way
    between = abs(Real(p[2])) < height
    low = maximum(low, select(crosses, minimum(a, b), select(between, -half, half)))
    high = minimum(high, select(crosses, maximum(a, b), select(between, half, -half)))
    return _along(_beside_cylinder, (low, high), size[:2], p, u, half)


def _round_chord(p: Sequence[Number], u: Sequence[Number]) -> tuple[Number, Number]:
    """The ends of the chord of p + t u in the unit sphere or circle; the first is larger where there is none."""
    square = dot(u, u)
    moves = square > 1e-30
    a = select(moves, square, 1.0)
    b, c = dot(p, u), dot(p, p) - 1.0
    under = b * b - a * c
    meets = under > 1e-30
    reach = sqrt(select(meets, under, 1.0)) / a
    low, high = -b / a - reach, -b / a + reach
    most = select(c < 0.0, 1e9, -1e9)  # of a line that does not move: all of it, or nothing
    return select(moves, select(meets, low, 1.0), -most), select(moves, select(meets, high, -1.0), most)


def _along(
    search: Fn[..., Any], ends: tuple[Number, Number], size: Sequence[Number], p: V3, u: V3, half: Number
) -> Number:
    low, high = maximum(ends[0], -half), minimum(ends[1], half)
    return cond(
        low < high, lambda: 0.5 * (low + high), lambda: search(vector(size), vector(p), vector(u), Real(half))
    )
