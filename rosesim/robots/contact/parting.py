"""The direction along which two convex shapes are farthest apart, or least deep in each other.

The gap of two shapes A and B along a unit vector n from A to B is g(n) = min n · (b - a). Where they are apart, its
largest value is their distance, and n is found by GJK (E. Gilbert, D. Johnson, S. Keerthi, IEEE J. Robotics and
Automation 4, 1988): the point of all differences b - a that is nearest to the origin. Where they overlap, g has
several largest values, all negative. Then the same search, from a point outside, makes steps of an ascent: the
direction to the differences from -τ n, with τ > -g(n), is the n' of the largest g(n') + τ n · n', so that g(n') is no
less than g(n).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rosesim.ad.language.arrays import stack
from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.control.scan import scan, while_loop
from rosesim.ad.language.mathematics import clamp, sqrt
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.robots.algebra import V3, Number, cross, dot, minus, plus, scaled, three, transposed, vector
from rosesim.robots.contact.shapes import Shape
from rosesim.robots.contact.supports import mark, point

NEAREST_STEPS = 80
"""Of one search for the nearest point. Polyhedra take about ten; surfaces that are round gain a digit in one to
four."""
ASCENTS = 30
CLOSE = 1e-14
"""Of the square of a distance: what a search may still gain."""
STILL = 1e-6
"""Of a direction: an ascent that moves by less has ended. Equations take it from there."""

Entry = tuple[Number, ...]
"""A difference b - a and the marks of both: nine numbers."""
Search = Callable[[V3], Entry]


def _difference(a: Shape, b: Shape, n: V3) -> Entry:
    """The b - a that is least along n."""
    back = scaled(-1.0, n)
    of_a, of_b = mark(a, n), mark(b, back)
    return (*minus(point(b, back, of_b), point(a, n, of_a)), *of_a, *of_b)


def gap(a: Shape, b: Shape, n: V3) -> Number:
    """g(n), of the cores."""
    return dot(n, _place(_difference(a, b, n)))


def _place(entry: Sequence[Number]) -> V3:
    return entry[0], entry[1], entry[2]


def parting(a: Shape, b: Shape) -> tuple[V3, list[V3], list[V3]]:
    """n, and the marks of up to three points of either shape that the nearest ones are between."""
    offset = minus(b.place, a.place)
    square = dot(offset, offset)
    some = square > 1e-24
    way: V3 = tuple(  # pyright: ignore[reportAssignmentType] -- three numbers
        select(some, x / sqrt(select(some, square, 1.0)), e) for x, e in zip(offset, (0.0, 0.0, 1.0), strict=True)
    )

    def found(n: V3) -> Entry:
        return _difference(a, b, n)

    first = _nearest(found, (0.0, 0.0, 0.0), way, True)
    apart = first[0] > 0.5
    flat = cond(apart, lambda: tuple(first), lambda: tuple(_deepest(a, b, found, way)))
    n = (flat[1], flat[2], flat[3])
    return n, *_marks(flat[4:])


def _marks(flat: Sequence[Number]) -> tuple[list[V3], list[V3]]:
    entries = [flat[9 * k : 9 * k + 9] for k in range(3)]
    return [(e[3], e[4], e[5]) for e in entries], [(e[6], e[7], e[8]) for e in entries]


def _deepest(a: Shape, b: Shape, found: Search, way: V3) -> list[Number]:
    """The ascent, from the best of the directions that the shapes themselves have."""
    own, other = transposed(a.rotation), transposed(b.rotation)
    ways = [way, *own, *other, *(_unit(cross(u, w), way) for u in own for w in other)]
    table = stack([vector(w) for w in ways])

    def try_one(state: Any, i: Any) -> Any:
        sign = select(i < len(ways), 1.0, -1.0)
        k = Index[len(ways)].wrap(i)
        n = scaled(sign, (table[k, 0], table[k, 1], table[k, 2]))
        gap = _gap(found, n)
        more = gap > state[0]
        return select(more, gap, state[0]), *(select(more, x, y) for x, y in zip(n, state[1:], strict=True))

    depth, *best = scan(try_one, (Real(-1e300), *[Real(x) for x in way]), 2 * len(ways))
    size = sqrt(dot(*[minus(a.place, b.place)] * 2)) - depth  # of the order of the smaller shape
    starts = stack([vector(best), vector(way)])

    def climb(state: Any, i: Any) -> Any:
        flat = _ascent(found, (starts[i, 0], starts[i, 1], starts[i, 2]), 1e-3 * size)
        gap = _gap(found, three(flat[1:]))
        more = gap > state[0]
        return select(more, gap, state[0]), *(select(more, x, y) for x, y in zip(flat, state[1:], strict=True))

    return list(scan(climb, (Real(-1e300), *[Real(0.0)] * 31), 2))[1:]


def _ascent(found: Search, start: V3, out: Number) -> list[Number]:
    """Where g has a largest value, from a direction; `out` is how far outside the point of a search is."""

    def step(state: Any) -> Any:
        n = three(state[1:])
        flat = _nearest(found, scaled(_gap(found, n) - out, n), n, False)
        change = minus(three(flat[1:]), n)
        return select(dot(change, change) < STILL * STILL, 1.0, 0.0), *flat[1:]

    state = (Real(0.0), *[Real(x) for x in start], *[Real(0.0)] * 27)
    return list(while_loop(lambda s: s[0] < 0.5, step, state, limit=ASCENTS, on_limit="stop"))


def _unit(v: V3, otherwise: V3) -> V3:
    square = dot(v, v)
    some = square > 1e-12
    by = 1.0 / sqrt(select(some, square, 1.0))
    return tuple(select(some, by * x, y) for x, y in zip(v, otherwise, strict=True))  # pyright: ignore


def _gap(found: Search, n: V3) -> Number:
    return dot(n, _place(found(n)))


def _nearest(found: Search, start: V3, way: V3, may_hold: bool) -> list[Number]:
    """Of all differences the nearest to a point: whether the point is outside, the direction there, and three entries
    that it is between. `may_hold`: the point may be inside."""
    entry = found(way)

    def step(state: Any) -> Any:
        v, old = three(state[1:4]), [tuple(state[4 + 9 * k : 13 + 9 * k]) for k in range(3)]
        square = dot(v, v)
        new = found(scaled(1.0 / sqrt(square), v))
        seen = [minus(_place(e), start) for e in (*old, new)]
        gains = square - dot(v, seen[3]) > CLOSE * square
        sets = ((3, 0, 1), (3, 1, 2), (3, 2, 0))
        best: Any = None
        weights: Any = None
        at: Any = None
        for corners in sets:
            w, p = _closest(*[seen[k] for k in corners])
            full = [(w[corners.index(k)] if k in corners else Real(0.0)) for k in range(4)]
            far = dot(p, p)
            if best is None:
                best, weights, at = far, full, p
            else:
                nearer = far < best
                best = select(nearer, far, best)
                weights = [select(nearer, x, y) for x, y in zip(full, weights, strict=True)]  # pyright: ignore
                at = tuple(select(nearer, x, y) for x, y in zip(p, at, strict=True))  # pyright: ignore
        inside = (_holds(seen) | (best < 1e-26)) if may_hold else best < 1e-30
        gains = gains & ((best < square) | inside)
        entries = [*old, new]
        kept = _kept(entries, weights)
        whole = [select(gains, x, y) for e, o in zip(kept, old, strict=True) for x, y in zip(e, o, strict=True)]
        status = select(gains, select(inside, 2.0, 0.0), 1.0)
        return (status, *[select(gains & ~inside, x, y) for x, y in zip(at, v, strict=True)], *whole)  # pyright: ignore

    begin = minus(_place(entry), start)
    nothing = dot(begin, begin) < 1e-26
    state = (select(nothing, 2.0, 0.0), *(select(nothing, w, x) for w, x in zip(way, begin, strict=True)), *entry * 3)
    end = while_loop(lambda s: s[0] < 0.5, step, tuple(Real(x) for x in state), limit=NEAREST_STEPS, on_limit="stop")
    v = three(end[1:4])
    length = sqrt(dot(v, v))
    return [select(end[0] > 1.5, 0.0, 1.0), *(x / length for x in v), *end[4:]]


def _closest(a: V3, b: V3, c: V3) -> tuple[list[Number], V3]:
    """The point of a triangle nearest to the origin, and its weights; the triangle may be flat."""
    corners = (a, b, c)
    normal = cross(minus(b, a), minus(c, a))
    area = dot(normal, normal)
    ab, ac = minus(b, a), minus(c, a)
    fat = area > 1e-20 * dot(ab, ab) * dot(ac, ac)
    safe = select(fat, area, 1.0)
    inner = [dot(normal, cross(corners[k - 2], corners[k - 1])) / safe for k in range(3)]
    within = fat & (inner[0] > 0.0) & (inner[1] > 0.0) & (inner[2] > 0.0)
    best: Any = None
    weights: Any = None
    for k in range(3):
        p, q = corners[k], corners[k - 2]
        way = minus(q, p)
        long = dot(way, way)
        t = clamp(-dot(p, way) / select(long > 0.0, long, 1.0), 0.0, 1.0)
        at = plus(p, scaled(t, way))
        far = dot(at, at)
        mine: list[Number] = [Real(0.0)] * 3
        mine[k], mine[k - 2] = 1.0 - t, t
        if best is None:
            best, weights = far, mine
        else:
            nearer = far < best
            best = select(nearer, far, best)
            weights = [select(nearer, x, y) for x, y in zip(mine, weights, strict=True)]  # pyright: ignore
    chosen = [select(within, x, y) for x, y in zip(inner, weights, strict=True)]  # pyright: ignore
    height = dot(normal, a) / safe
    above = scaled(height, normal)
    mixed = plus(plus(scaled(chosen[0], a), scaled(chosen[1], b)), scaled(chosen[2], c))
    return chosen, tuple(select(within, x, y) for x, y in zip(above, mixed, strict=True))  # pyright: ignore


def _holds(p: Sequence[V3]) -> Any:
    """Whether a tetrahedron holds the origin."""
    found: Any = True
    for k in range(4):
        a, b, c, d = (p[(k + i) % 4] for i in range(4))
        normal = cross(minus(b, a), minus(c, a))
        own, other = -dot(normal, a), dot(normal, minus(d, a))
        same = own * other > 0.0
        found = same if found is True else found & same
    return found


def _kept(entries: Sequence[Entry], weights: Any) -> list[Entry]:
    """Three of four entries: those with a weight, and again one of those for what has none."""
    spare = entries[3]
    heaviest = weights[3]
    for e, w in zip(entries[:3], weights[:3], strict=True):
        more = w > heaviest
        heaviest = select(more, w, heaviest)
        spare = tuple(select(more, x, y) for x, y in zip(e, spare, strict=True))
    # The last takes the place of the first that has no weight.
    result: list[Entry] = []
    last = weights[3] > 0.0
    for e, w in zip(entries[:3], weights[:3], strict=True):
        has = w > 0.0
        takes = ~has & last
        result.append(
            tuple(select(has, x, select(takes, y, z)) for x, y, z in zip(e, entries[3], spare, strict=True))
        )
        last = last & has
    return result
