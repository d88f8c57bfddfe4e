"""What a soft constraint wants and how strongly: MuJoCo's impedance, reference and cost of a constraint's rows.

The acceleration of a robot minimises (a - a₀)ᵀ M (a - a₀) / 2 + Σ s(J a - r) over a (E. Todorov, ICRA 2014). Here
are the rows' D and r, and s with its first and second derivative.
"""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.ad.language.mathematics import minimum, sqrt
from rosesim.ad.language.mathematics import pow as power
from rosesim.robots.algebra import Number, add, choose, dot, mul, neg, sub
from rosesim.robots.contact.shapes import most

LEAST, MOST = 0.0001, 0.9999
"""Bounds of the impedance."""


def impedance(solimp: Sequence[float], past: Number) -> Number:
    """How hard a constraint is, between 0 and 1, `past` its margin (m or rad)."""
    low, high = (min(max(x, LEAST), MOST) for x in solimp[:2])
    width, mid, exponent = max(solimp[2], 1e-15), min(max(solimp[3], LEAST), MOST), max(solimp[4], 1.0)
    if low == high or solimp[2] <= 1e-15:
        return 0.5 * (low + high)
    x = minimum(abs(past) / width, 1.0)
    if exponent == 1.0:
        y = x
    else:
        rising = mul(1.0 / mid ** (exponent - 1.0), _to_the(x, exponent))
        falling = sub(1.0, mul(1.0 / (1.0 - mid) ** (exponent - 1.0), _to_the(sub(1.0, x), exponent)))
        y = choose(x <= mid, rising, falling)
    return add(low, mul(high - low, y))


def _to_the(x: Number, exponent: float) -> Number:
    """x to a power; of a whole one the product, which has a derivative at 0."""
    if exponent == int(exponent) and exponent <= 8.0:
        found = x
        for _ in range(int(exponent) - 1):
            found = found * x
        return found
    positive = x > 0.0
    return choose(positive, power(choose(positive, x, 1.0), exponent), 0.0)


def stiffness(solref: Sequence[float], solimp: Sequence[float], timestep: Number) -> tuple[Number, Number]:
    """K (1/s²) and B (1/s) of the reference acceleration."""
    high = min(max(solimp[1], LEAST), MOST)
    if solref[0] <= 0.0:
        return -solref[0] / (high * high), -solref[1] / high
    constant, ratio = solref
    shortest = mul(2.0, timestep)  # a spring that is quicker than two steps would oscillate
    if isinstance(shortest, float):
        constant = max(constant, shortest)
    else:
        constant = choose(shortest > constant, shortest, constant)
    k = 1.0 / (high * high * constant * constant * ratio * ratio)
    return k, 2.0 / (high * constant)


def regulariser(hardness: Number, approximate: Number) -> Number:
    """R of a row, from the impedance and the approximate inverse inertia along it."""
    return mul(most(approximate, 1e-15), (1.0 - hardness) / hardness)


Cost = tuple[list[Number], dict[tuple[int, int], Number]]
"""The force -∂s and the second derivative of s (lower triangle) by the coordinates of a constraint."""


def one_sided(x: Number, d: Number) -> Cost:
    """s = D min(x, 0)² / 2."""
    pressed = x < 0.0
    return [choose(pressed, neg(mul(d, x)), 0.0)], {(0, 0): choose(pressed, d, 0.0)}


def two_sided(x: Number, d: Number) -> Cost:
    """s = D x² / 2."""
    return [neg(mul(d, x))], {(0, 0): d}


def huber(x: Number, d: Number, most: Number) -> Cost:
    """The force -D x within ± most."""
    force = neg(mul(d, x))
    over, under = force > most, force < -most
    return [choose(over, most, choose(under, -most, force))], {(0, 0): choose(over | under, 0.0, d)}


def pyramid(x: Sequence[Number], d: Number, friction: Sequence[Number], idle: int) -> Cost:
    """Rows x₀ ± μ xₖ, each one-sided. `idle` tangents never move: their rows are x₀, twice each."""
    force: list[Number] = [0.0] * len(x)
    second: dict[tuple[int, int], Number] = {}

    def put(i: int, j: int, value: Number) -> None:
        second[i, j] = add(second.get((i, j), 0.0), value)

    rows = [(k, s) for k in range(1, len(x)) for s in (1.0, -1.0)]
    for k, sign in rows:
        mu = sign * friction[k - 1]
        row = add(x[0], mul(mu, x[k]))
        pressed = row < 0.0
        push = choose(pressed, neg(mul(d, row)), 0.0)
        hard = choose(pressed, d, 0.0)
        force[0], force[k] = add(force[0], push), add(force[k], mul(mu, push))
        put(0, 0, hard)
        put(k, 0, mul(mu, hard))
        put(k, k, mul(mu * mu, hard))
    if idle:
        push, hard = one_sided(x[0], mul(2.0 * idle, d))
        force[0] = add(force[0], push[0])
        put(0, 0, hard[0, 0])
    return force, second


def cone(x: Sequence[Number], d: Sequence[Number], friction: Sequence[Number], mu: Number) -> Cost:
    """The elliptic cone: nothing where it parts, each row alone where it sticks, the distance squared between."""
    n = len(x)
    if n == 1:
        return one_sided(x[0], d[0])
    u = [mul(mu, x[0]), *(mul(f, y) for f, y in zip(friction, x[1:], strict=False))]
    square = dot(u[1:], u[1:])
    slides = square > 1e-30
    t = choose(slides, sqrt(choose(slides, square, 1.0)), 0.0)
    free, stuck = u[0] >= mu * t, mu * u[0] + t <= 0.0
    inverse = 1.0 / choose(slides, t, 1.0)
    unit = [mul(y, inverse) for y in u[1:]]
    between = mul(1.0 / (mu * mu * (1.0 + mu * mu)), d[0])
    e = sub(u[0], mul(mu, t))
    scale = [mu, *friction[: n - 1]]
    slope = [mul(between, e), *(mul(mul(-mu, mul(between, e)), y) for y in unit)]

    def pick(deep: Number, middle: Number) -> Number:
        return choose(free, 0.0, choose(stuck, deep, middle))

    force = [pick(neg(mul(d[k], x[k])), neg(mul(scale[k], slope[k]))) for k in range(n)]
    second: dict[tuple[int, int], Number] = {}
    bend = mul(mul(-mu, mul(between, e)), inverse)
    for i in range(n):
        for j in range(i + 1):
            if j == 0:
                middle = between if i == 0 else mul(-mu, mul(between, unit[i - 1]))
            else:
                along = mul(unit[i - 1], unit[j - 1])
                middle = add(mul(mul(mu * mu, between), along), mul(bend, sub(1.0 if i == j else 0.0, along)))
            second[i, j] = pick(d[i] if i == j else 0.0, mul(scale[i] * scale[j], middle))
    return force, second
