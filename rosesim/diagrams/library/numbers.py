"""Functions of numbers, and random ones."""

from __future__ import annotations

import math

from rosesim.diagrams import scalars
from rosesim.diagrams.kinds import NUMBER, VECTOR2
from rosesim.diagrams.library.items import Draw, function, random
from rosesim.diagrams.scalars import Number
from rosesim.diagrams.values import Vector
from rosesim.diagrams.vectors import clamp, summed, times


def constant(value: Number, name: str) -> float:
    """A number that must be known. Raises ValueError if it is not."""
    if not isinstance(value, float):
        raise ValueError(f"{name} depends on what the layout decides; expected a known number")
    return value


def whole(value: Number, name: str, least: int = 0) -> int:
    """A whole number that must be known. Raises ValueError if it is not or is less than `least`."""
    found = constant(value, name)
    if found != math.floor(found) or found < least:
        raise ValueError(f"{name} is {found:g}; expected a whole number of at least {least}")
    return int(found)


@function(x=NUMBER)
def sqrt(x: Number) -> Number:
    """The square root of x."""
    return scalars.sqrt(x)


@function(x=NUMBER)
def log(x: Number) -> Number:
    """The natural logarithm of x."""
    return scalars.log(x)


@function(x=NUMBER)
def exp(x: Number) -> Number:
    """e to the x."""
    return scalars.exp(x)


@function("max", x=NUMBER, y=NUMBER)
def maximum(x: Number, y: Number) -> Number:
    """x if x > y, otherwise y."""
    return scalars.maximum(x, y)


@function("min", x=NUMBER, y=NUMBER)
def minimum(x: Number, y: Number) -> Number:
    """x if x < y, otherwise y."""
    return scalars.minimum(x, y)


@function(x=NUMBER)
def sqr(x: Number) -> Number:
    """x²."""
    return x * x


@function("abs", x=NUMBER)
def absolute(x: Number) -> Number:
    """|x|."""
    return scalars.absolute(x)


@function(x=NUMBER)
def sin(x: Number) -> Number:
    """The sine of x radians."""
    return scalars.sin(x)


@function(x=NUMBER)
def cos(x: Number) -> Number:
    """The cosine of x radians."""
    return scalars.cos(x)


@function()
def MathPI() -> Number:
    """π."""
    return math.pi


@function(t=NUMBER)
def toRadians(t: Number) -> Number:
    """π t / 180: degrees as radians."""
    return math.pi / 180 * t


@function(t=NUMBER)
def toDegrees(t: Number) -> Number:
    """180 t / π: radians as degrees."""
    return 180 / math.pi * t


@function(x=NUMBER, y=NUMBER)
def atan2(x: Number, y: Number) -> Number:
    """The angle of the point (x, y), in (−π, π]. Note the order: x comes first."""
    return scalars.atan2(y, x)


@random("random", minVal=NUMBER, maxVal=NUMBER)
def uniform(draw: Draw, minVal: Number, maxVal: Number) -> Number:
    """A number that is drawn uniformly from [minVal, maxVal), both known, and never moves."""
    return draw("random", constant(minVal, "minVal"), constant(maxVal, "maxVal"))


@random()
def diskRandom(draw: Draw) -> Vector:
    """√u (cos 2πv, sin 2πv) of draws u, v in [0, 1): a point that is uniform in the unit disk."""
    u, v = draw("diskRandom", 0.0, 1.0), draw("diskRandom", 0.0, 1.0)
    angle = 2 * math.pi * v
    return Vector(times(scalars.sqrt(u), (scalars.cos(angle), scalars.sin(angle))))


@random()
def sphereRandom(draw: Draw) -> Vector:
    """(r cos 2πv, r sin 2πv, z) of draws u, v in [0, 1), z = 1 − 2u, r = √(1 − z²): uniform on the unit sphere."""
    u, v = draw("sphereRandom", 0.0, 1.0), draw("sphereRandom", 0.0, 1.0)
    z = 1 - 2 * u
    r = scalars.sqrt(clamp(1 - z * z, 0.0, 1.0))
    angle = 2 * math.pi * v
    return Vector((r * scalars.cos(angle), r * scalars.sin(angle), z))


@random(a=VECTOR2, b=VECTOR2, c=VECTOR2)
def triangleRandom(draw: Draw, a: Vector, b: Vector, c: Vector) -> Vector:
    """(1 − √u) a + √u (1 − v) b + √u v c of draws u, v in [0, 1): a point that is uniform in the triangle."""
    root, v = scalars.sqrt(draw("triangleRandom", 0.0, 1.0)), draw("triangleRandom", 0.0, 1.0)
    weights = (1 - root, root * (1 - v), root * v)
    return Vector(summed([times(w, p.items) for w, p in zip(weights, (a, b, c), strict=True)]))
