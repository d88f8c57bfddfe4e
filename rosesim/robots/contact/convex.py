"""The contact of two convex shapes, where no closed form gives it.

A search finds the direction along which the shapes are farthest apart (parting.py), and what touches: marks of
vertices, edges, faces, rims, ends, smooth surfaces. With these, the direction is the zero of three equations.
Newton's method ends the search there, and the derivative is that of the equations, of any order: nothing of the
search is differentiated.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from rosesim.ad.language.arrays import stack
from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.control.scan import while_loop
from rosesim.ad.language.custom import dual, primal, tangent
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.mathematics import sqrt
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.real import Real
from rosesim.ad.transforms.derivatives import jvp
from rosesim.robots.algebra import (
    ONE,
    V3,
    ZERO,
    Number,
    cross,
    dot,
    either,
    mat_mul,
    mat_vec,
    minus,
    mul,
    plus,
    scaled,
    three,
    total,
    transposed,
    unit,
    vector,
)
from rosesim.robots.contact.hulls import Hulls
from rosesim.robots.contact.parting import gap, parting
from rosesim.robots.contact.patches import PLACES, has_patch, patch
from rosesim.robots.contact.shapes import Place, Shape, seen_from, unpacked
from rosesim.robots.contact.supports import ROUND, edge, mark, point, radius, reach

STEPS = 12
"""Of Newton's method, which begins near the zero."""
THIN, ALIKE = 1e-9, 1e-6
"""The sine of edges of one face, and of two shapes, that count as parallel: a direction across would be rounding."""
SINGULAR = 1e-7
"""Where the equations are more singular, as where two corners meet in a point, the direction's slope is rounding: it
counts as 0."""
UPRIGHT = 1e-7
"""The sine of a direction that counts as a cylinder's axis: a search ends at a flat end but for rounding."""
NEAR_UPRIGHT = 0.01
"""Against a round shape a search comes this near: then the axis it is, if the other shape is over the end there."""
LOSS = 1e-9
"""Of the shapes' size: what Newton's method may lose of the gap, else it went elsewhere and does not count."""
FAR = 1e6
"""In m: the distance of a contact that is not there."""

SIZES = {"sphere": 1, "capsule": 2, "ellipsoid": 3, "cylinder": 2, "box": 3, "mesh": 5}
"""How many numbers tell a shape from others of its kind."""

Kinds = tuple[str, str]


def convex(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """One contact, where the shapes are nearest or least deep, or up to four where flat sides lie on each other."""
    offset = seen_from(a, b.place)
    turn = mat_mul(transposed(a.rotation), b.rotation)
    whole = total((reach(a), reach(b), margin))
    kinds, tables = (a.kind, b.kind), a.hulls or b.hulls
    direction = _function(kinds, tables)
    own, other = (vector(list(s.size)[: SIZES[s.kind]]) for s in (a, b))

    count = PLACES if has_patch(a, b) else 1

    def near() -> Any:
        flat = [x for row in turn for x in row]
        found = direction(own, other, vector(offset), vector(flat))
        pair = _pair(kinds, tables, own, other, offset, flat)
        n, touch = three(found), _Touch(*pair, found[3:])
        gaps, points = [touch.gap(n)], [touch.middle(n)]
        if count > 1:
            lies, *corners, normal = patch(*pair, n)
            gaps = [select(lies, x, y) for x, y in zip(corners[0], [*gaps, *[FAR] * (count - 1)], strict=True)]
            points = [either(lies, x, y) for x, y in zip(corners[1], points * count, strict=True)]
            n = either(lies, normal, n)
        return vector([*gaps, *(x for at in points for x in at), *n])

    nothing = [*[FAR] * count, *[0.0] * (3 * count), 0.0, 0.0, 1.0]
    numbers = cond(dot(offset, offset) < mul(whole, whole), near, lambda: vector(nothing))
    return unpacked(numbers, count, a)


def _pair(kinds: Kinds, hulls: Hulls | None, own: Any, other: Any, offset: Any, turn: Any) -> tuple[Shape, Shape]:
    """Both shapes in the frame of the first."""
    rows = (three(turn), three(turn, 3), three(turn, 6))
    return (
        Shape(kinds[0], _numbers(own), ZERO, ONE, hulls),
        Shape(kinds[1], _numbers(other), three(offset), rows, hulls),
    )


def _numbers(x: Any) -> list[Number]:
    return [x[k] for k in range(len(x))]


class _Touch:
    """What of two shapes touches: three marks of each. They and a direction n give all else in closed form."""

    def __init__(self, a: Shape, b: Shape, marks: Any) -> None:
        self.a, self.b = a, b
        self._marks = [[three(marks, 9 * side + 3 * k) for k in range(3)] for side in range(2)]
        self.flat = [self._is_flat(side) for side in range(2)]
        self._choose()

    def _is_flat(self, side: int) -> Any:
        """Whether it is an end of a cylinder: its marks then go to two sides."""
        shape = (self.a, self.b)[side]
        return self._marks[side][1][0] > 0.5 if shape.kind == "cylinder" else False

    def _choose(self) -> None:
        """Up to two unit vectors across the direction, and of which shape they are: of a face, or edges."""
        pairs = [self._edges(side) for side in range(2)]
        faces = [_sine(*pair) for pair in pairs]
        edges = [_longer(*pair) for pair in pairs]
        crossed = _sine(*edges)
        has = [dot(e, e) > 0.5 for e in edges]
        by_a, by_b = faces[0] > THIN, faces[1] > THIN
        across = crossed > ALIKE
        # A face of the first, a face of the second, an edge of each, one edge, nothing.
        self.two = by_a | by_b | across
        self.one = has[0] | has[1]
        second_only = ~by_a & (by_b | ~has[0])
        self.first = either(second_only, either(by_b, pairs[1][0], edges[1]), either(by_a, pairs[0][0], edges[0]))
        self.second = either(by_a, pairs[0][1], either(by_b, pairs[1][1], edges[1]))
        self.first_of_b, self.second_of_b = second_only, ~by_a

    def _edges(self, side: int) -> tuple[V3, V3]:
        shape = (self.a, self.b)[side]
        start, *ends = self._marks[side]
        first, second = (unit(edge(shape, start, end)) for end in ends)
        return first, second

    def apart(self, n: V3) -> V3:
        """From the first shape's point to the second's: of what touches, any."""
        at = self.points(n)
        return minus(at[1], at[0])

    def points(self, n: V3) -> tuple[V3, V3]:
        """A point of either shape's core."""
        return (
            point(self.a, n, self._marks[0][0], self.flat[0]),
            point(self.b, scaled(-1.0, n), self._marks[1][0], self.flat[1]),
        )

    def equations(self, n: V3, near: V3) -> list[Number]:
        """Three numbers that are 0 at the direction; of two that hold of a smooth place `near` gives the tangents."""
        w = self.apart(n)
        hint = _least_axis(near)
        t1 = unit(cross(near, hint))
        t2 = cross(near, t1)
        along = dot(n, w)
        size = reach(self.a) + reach(self.b)
        smooth = [(dot(t, w) - dot(t, n) * along) / size for t in (t1, t2)]
        d1 = dot(self.first, n)
        first = select(self.two | self.one, d1, smooth[0])
        second = select(
            self.two, dot(self.second, n), select(self.one, dot(cross(n, self.first), w) / size, smooth[1])
        )
        return [first, second, 0.5 * (dot(n, n) - 1.0)]

    def gap(self, n: V3) -> Number:
        """The signed distance."""
        return dot(n, self.apart(n)) - radius(self.a) - radius(self.b)

    def middle(self, n: V3) -> V3:
        """The point halfway between the surfaces."""
        x, y = self.points(n)
        w = minus(y, x)
        r = minus(w, scaled(dot(n, w), n))
        c, d = self._shares(r)
        of_a = plus(
            scaled(select(self.first_of_b, 0.0, c), self.first), scaled(select(self.second_of_b, 0.0, d), self.second)
        )
        of_b = plus(
            scaled(select(self.first_of_b, c, 0.0), self.first), scaled(select(self.second_of_b, d, 0.0), self.second)
        )
        both = plus(plus(x, of_a), minus(y, of_b))
        return plus(scaled(0.5, both), scaled(0.5 * (radius(self.a) - radius(self.b)), n))

    def _shares(self, r: V3) -> tuple[Number, Number]:
        """How far r goes along both vectors."""
        cosine = dot(self.first, self.second)
        p, q = dot(self.first, r), dot(self.second, r)
        under = select(self.two, 1.0 - cosine * cosine, 1.0)
        one = select(self.one, p, 0.0)
        return select(self.two, (p - cosine * q) / under, one), select(self.two, (q - cosine * p) / under, 0.0)


def _sine(u: V3, w: V3) -> Number:
    both = cross(u, w)
    square = dot(both, both)
    some = square > 0.0
    return select(some, sqrt(select(some, square, 1.0)), 0.0)


def _longer(u: V3, w: V3) -> V3:
    """Of two unit vectors the first that is not 0."""
    return either(dot(u, u) > 0.5, u, w)


def _least_axis(n: V3) -> V3:
    """An axis that is far from along n."""
    x, y, z = (abs(c) for c in n)
    is_x = (x <= y) & (x <= z)
    is_y = ~is_x & (y <= z)
    return select(is_x, 1.0, 0.0), select(is_y, 1.0, 0.0), select(is_x | is_y, 0.0, 1.0)


def _function(kinds: Kinds, hulls: Hulls | None) -> Fn[..., Any]:
    """The function that finds n and the marks of two shapes, from their sizes, offset and turn."""
    return _plain(kinds) if hulls is None else hulls.function(kinds, lambda: _made(kinds, hulls))


@cache
def _plain(kinds: Kinds) -> Fn[..., Any]:
    return _made(kinds, None)


def _made(kinds: Kinds, hulls: Hulls | None) -> Fn[..., Any]:
    counts = [SIZES[kind] for kind in kinds]

    @fn
    def equations(
        own: Vec[Real, counts[0]],
        other: Vec[Real, counts[1]],
        offset: Vec[Real, 3],
        turn: Vec[Real, 9],
        marks: Vec[Real, 18],
        near: Vec[Real, 3],
        n: Vec[Real, 3],
    ) -> Any:
        touch = _Touch(*_pair(kinds, hulls, own, other, offset, turn), marks)
        return vector(touch.equations(three(n), three(near)))

    def slopes(at: Sequence[Any], marks: Any, n: Any) -> tuple[Any, list[V3]]:
        """The equations and, as rows, how they change with each number of n."""
        rows: list[V3] = []
        value: Any = None
        for k in range(3):
            way = vector([1.0 if i == k else 0.0 for i in range(3)])
            push: Any = jvp(equations)
            value, change = push(*at, marks, n, n, *[None] * 6, way)
            rows.append(three(change))
        return value, rows

    @fn
    def direction(
        own: Vec[Real, counts[0]], other: Vec[Real, counts[1]], offset: Vec[Real, 3], turn: Vec[Real, 9]
    ) -> Any:
        a, b = _pair(kinds, hulls, own, other, offset, turn)
        n, of_a, of_b = parting(a, b)
        of_a, of_b = _ends(a, b, n, of_a), _ends(b, a, scaled(-1.0, n), of_b)
        marks = vector([x for of in (of_a, of_b) for m in of for x in m])

        def step(state: Any) -> Any:
            at = state[0]
            value, rows = slopes((own, other, offset, turn), marks, at)
            change = _solved(rows, three(value))
            new = unit(minus(three(at), change))
            still = dot(change, change) < 1e-31
            return vector(new), select(still, 1.0, 0.0)

        end = while_loop(lambda s: s[1] < 0.5, step, (vector(n), Real(0.0)), limit=STEPS, on_limit="stop")[0]
        better = gap(a, b, three(end)) > gap(a, b, n) - LOSS * (reach(a) + reach(b))
        return vector([*either(better, three(end), n), *_numbers(marks)])

    @direction.defjvp
    def _(own: Any, other: Any, offset: Any, turn: Any) -> Any:
        at = [primal(x) for x in (own, other, offset, turn)]
        found = direction(*at)
        n, marks = vector(_numbers(found)[:3]), vector(_numbers(found)[3:])
        ways = [tangent(x) for x in (own, other, offset, turn)]
        push: Any = jvp(equations)
        change = push(*at, marks, n, n, *ways, None, None, None)[1]
        _, rows = slopes(at, marks, n)
        moved = _solved(rows, three(change))
        zero = 0.0 * change[0]
        return dual(found, stack([*[-1.0 * x for x in moved], *[zero] * 18]))

    return direction


def _solved(rows: list[V3], value: V3) -> V3:
    """x of the sum of rows times x = value; 0 where there is none."""
    a, b, c = rows
    ca = cross(b, c)
    whole = dot(a, ca)
    some = abs(whole) > SINGULAR
    by = select(some, 1.0 / select(some, whole, 1.0), 0.0)
    return by * dot(ca, value), by * dot(cross(c, a), value), by * dot(cross(a, b), value)


def _ends(a: Shape, b: Shape, n: V3, marks: list[V3]) -> list[V3]:
    """The marks of a cylinder whose end touches: two sides of that end. Of what else touches, as they are."""
    if a.kind != "cylinder":
        return marks
    local = mat_vec(transposed(a.rotation), n)
    sine2 = local[0] * local[0] + local[1] * local[1]
    side = select(local[2] < 0.0, -1.0, 1.0)
    back = scaled(-side, (a.rotation[0][2], a.rotation[1][2], a.rotation[2][2]))
    met = mat_vec(transposed(a.rotation), minus(point(b, back, mark(b, back)), a.place))
    within = met[0] * met[0] + met[1] * met[1] < a.size[0] * a.size[0]
    flat = sine2 < UPRIGHT * UPRIGHT
    if b.kind in ROUND:
        flat = flat | ((sine2 < NEAR_UPRIGHT * NEAR_UPRIGHT) & within)
    end: list[V3] = [(0.0, 0.0, side), (1.0, 0.0, side), (0.0, 1.0, side)]
    return [either(flat, x, y) for x, y in zip(end, marks, strict=True)]
