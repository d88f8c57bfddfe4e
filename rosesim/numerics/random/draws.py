"""Random numbers of a key: element j depends on the key and on j alone, whatever the shape.

So the first elements of a longer draw are those of a shorter one, and two draws of one key have the same numbers: use
a key once, and `split` or `fold_in` for more. Parameters may be vectors: they are broadcast to the shape, and give it
where it is ().
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.given import to_size
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.mathematics import log
from rosesim.ad.language.values.broadcast import common_shape, part_of, shape_of
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.refused import kind
from rosesim.ad.language.values.scalar import try_integer
from rosesim.ad.language.values.vector import as_vec
from rosesim.ad.program.ir import IntT
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_integer, is_tuple
from rosesim.numerics.random.keys import ANNOTATE, DRAWS, Key, block, to_key
from rosesim.numerics.random.normal import upper_quantile
from rosesim.numerics.random.threefry import WORD

Shape = int | tuple[int, ...]


def bits(key: Key, shape: Shape = ()) -> Index:
    """Integers of 32 random bits, each an Index[2**32].

    >>> from rosesim import fn, random
    >>> @fn
    ... def word(key: random.Key):
    ...     return random.bits(key)
    >>> hex(word(random.key(0)))  # the published answer for key 0 and counter 0
    '0x6b200159'
    """
    return drawn(key, shape, "bits", lambda a, b: a)


def uniform(key: Key, shape: Shape = (), low: Any = 0.0, high: Any = 1.0) -> Real:
    """Uniform numbers in [low, high), of 53 random bits: low + (high - low) u, where u = k / 2^53. The derivative by
    low and high is that of this formula.

    In single precision u is rounded to nearest, and 1 to the number below it. For other bounds than 0 and 1, rounding
    may give `high` itself.

    >>> from rosesim import fn, grad, random, Real
    >>> @fn
    ... def f(high: Real, key: random.Key) -> Real:
    ...     return random.uniform(key, (), 0.0, high)
    >>> f(2.0, random.key(0)) == 2.0 * grad(f, wrt=0)(2.0, random.key(0))
    True
    """
    if _is_one(low, 0.0) and _is_one(high, 1.0):
        return drawn(key, shape, "uniform", unit)
    return drawn_with((low, high), key, shape, "uniform", lambda a, b, p: p[0] + (p[1] - p[0]) * unit(a, b))


def normal(key: Key, shape: Shape = (), loc: Any = 0.0, scale: Any = 1.0) -> Real:
    """Normal numbers, loc + scale z: z is the quantile of a uniform number of 63 bits (Wichura's AS 241), up to 9.1
    standard deviations. The derivative by loc is 1, by scale z.

    >>> from rosesim import fn, grad, random, Real
    >>> @fn
    ... def f(loc: Real, scale: Real, key: random.Key) -> Real:
    ...     return random.normal(key, (), loc, scale)
    >>> by_loc, by_scale = grad(f, wrt=(0, 1))(1.0, 2.0, random.key(0))
    >>> by_loc, f(0.0, 1.0, random.key(0)) == by_scale
    (1.0, True)
    """
    if _is_one(loc, 0.0) and _is_one(scale, 1.0):
        return drawn(key, shape, "normal", standard_normal)
    return drawn_with((loc, scale), key, shape, "normal", lambda a, b, p: p[0] + p[1] * standard_normal(a, b))


def exponential(key: Key, shape: Shape = (), scale: Any = 1.0) -> Real:
    """Exponential numbers with mean `scale`, up to 43 times that: -scale log(p), p uniform in (0, 1] with 62 bits.
    The derivative by the scale is that of this formula.

    >>> from rosesim import fn, random, vec, Real
    >>> @fn
    ... def lifetimes(mean: Real, key: random.Key):
    ...     return random.exponential(key, 3, mean)
    >>> len(lifetimes(2.0, random.key(0)))
    3
    """

    # Both words without their lowest bit, because 31 bits become a float in vectors.
    def waited(a: Any, b: Any, parameters: Any) -> Any:
        return -parameters[0] * log(_probability(a >> 1, b >> 1, 2.0**-31))

    return drawn_with((scale,), key, shape, "exponential", waited)


def integers(key: Key, shape: Shape, low: Any, high: Any) -> Index:
    """Integers in low .. high - 1; the bounds are Python's integers or traced ones, at most n = 2^32 apart.

    Each is low + floor(n x / 2^64) of 64 random bits x up to n = 2^29, and low + x mod n of 61 bits above. No integer
    is likelier than another by more than a share of n / 2^61.

    >>> from rosesim import fn, random
    >>> @fn
    ... def dice(key: random.Key):
    ...     return random.integers(key, 1000, 1, 7)
    >>> sorted({int(n) for n in dice(random.key(0))})
    [1, 2, 3, 4, 5, 6]
    """
    a, b = try_integer(low), try_integer(high)
    if a is None or b is None:
        found = kind(low if a is None else high)
        hint = ANNOTATE.format("n") if found == "Real" else ""
        raise TypeMismatch(f"{found} was found in integers for a bound; expected an integer{hint}", here())
    n = high - low
    least, most = _bounds(n)
    if least < 1 or most > WORD:
        raise TypeMismatch(
            f"integers of a range that may hold {least if least < 1 else most} of them were asked for; expected one "
            "known to hold 1 to 2**32: integers(key, shape, low, high) gives low .. high - 1",
            here(),
        )
    return drawn(key, shape, "integers", lambda a, b: low + below(a, b, n))


# -------------------------------------------------------------------------------- of one block


def unit(a: Index, b: Index) -> Real:
    """A uniform number in [0, 1) of two words: 24 bits, which single precision holds, and 29 that it rounds."""
    coarse = Real(a >> 8) * 2.0**-24
    u = coarse + Real((a & 255) << 21 | b >> 11) * 2.0**-53
    return select(u < 1.0, u, coarse)  # in single precision it may have been rounded to 1


def standard_normal(a: Index, b: Index) -> Real:
    """A normal number of two words: the highest bit is its sign, the others are the probability of exceeding it."""
    z = upper_quantile(_probability(a & (2**31 - 1), b >> 1, 2.0**-32))
    return select(a >= 2**31, -z, z)


def _probability(a: Index, b: Index, unit: float) -> Real:
    """(a + (b + 1/2) / 2^31) unit, of two words of 31 bits: never zero, and near zero with all its digits."""
    return Real(a) * unit + (Real(b) * (unit * 2.0**-31) + unit * 2.0**-32)


def below(a: Index, b: Index, n: Any) -> Index:
    """An integer in 0 .. n - 1 of two words. Its type has this bound for every n up to 2^29."""
    if _bounds(n)[1] <= 2**29:
        return a * n + (b * n >> 32) >> 32
    return (a << 29 | b >> 3) % n


def _bounds(n: Any) -> tuple[int, int]:
    if is_integer(n):
        return int(n), int(n)
    s = n.atom.ty.scalar
    assert isinstance(s, IntT)
    return s.lo, s.hi


def _is_one(x: Any, of: float) -> bool:
    return isinstance(x, int | float) and x == of


def drawn(key: Key, shape: Shape, what: str, of: Callable[[Any, Any], Any]) -> Any:
    """The array of this shape, whose element number j, row by row, is made of the key's block j."""
    return drawn_with((), key, shape, what, lambda a, b, _: of(a, b))


def drawn_with(
    parameters: tuple[Any, ...], key: Key, shape: Shape, what: str, of: Callable[[Any, Any, Any], Any]
) -> Any:
    """As `drawn`, and element j is also made of what stands at its place in the parameters. These are broadcast to
    the shape, or give it where it is ()."""
    to_key(key, what)
    values = [v if (x := as_vec(v)) is None else x for v in parameters]
    sizes = [to_size(n, what) for n in (shape if is_tuple(shape) else (shape,))]
    if is_tuple(shape) and not sizes:
        sizes = list(common_shape(what, values))
    for v in values:
        own = shape_of(v)
        if len(own) > len(sizes) or any(n not in (1, m) for n, m in zip(own[::-1], sizes[::-1], strict=False)):
            raise TypeMismatch(
                f"a parameter of shape {own} was found in {what} of shape {tuple(sizes)}; expected one that is "
                "broadcast to the shape, each element with a draw of its own; shape () takes that of the parameters",
                here(),
            )

    def part(at: Any, axis: int, values: list[Any]) -> Any:
        if axis == len(sizes):
            a, b = block(key, at, DRAWS)
            return of(Index[WORD](a), Index[WORD](b), values)
        n, left = sizes[axis], len(sizes) - axis
        return vec(n, lambda i: part(at * n + i, axis + 1, [part_of(v, n, left, i) for v in values]))

    return part(0, 0, values)
