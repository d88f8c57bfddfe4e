"""Contacts of a plane with a mesh: vertices that are far from each other, the lowest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.transforms.derivatives import stop_gradient
from rosesim.robots.algebra import (
    V3,
    Number,
    choose,
    cross,
    dot,
    mat_vec,
    minus,
    mul,
    plus,
    scaled,
    sub,
    transposed,
    vector,
)
from rosesim.robots.contact.hulls import Hulls
from rosesim.robots.contact.shapes import Frame, Place, Shape, frame

TIE = 1e-9
"""In m: vertices as low as that are the same to rounding. The first of them counts, so that a mesh at rest does not
change its contacts from step to step."""
LEAST = 1e-6
"""Of a mesh's size: what counts as apart."""
FAR = 1e6
"""In m: the distance of a contact that is not there."""


def plane_mesh(a: Shape, b: Shape, margin: Number) -> list[Place]:
    """The lowest vertex; of those nearer than the margin the one farthest from it, and the farthest to either side of
    the line through both."""
    assert b.hulls is not None
    normal, tables = a.axis, b.hulls
    local: V3 = mat_vec(transposed(b.rotation), normal)
    height = dot(normal, minus(b.place, a.place))
    lowest = tables.function("lowest", lambda: _lowest(tables))
    found = cond(
        sub(height, b.size[4]) < margin,
        lambda: stop_gradient(lowest(vector(b.size), vector(local), Real(sub(margin, height)))),
        lambda: vector([0.0] * 16),
    )

    def place(k: int) -> Place:
        vertex: V3 = (found[3 * k], found[3 * k + 1], found[3 * k + 2])
        gap = choose(found[12 + k] > 0.5, height + dot(local, vertex), FAR)

        def rest() -> tuple[V3, Frame]:
            point = plus(b.place, mat_vec(b.rotation, vertex))
            return minus(point, scaled(mul(0.5, gap), normal)), frame(normal)

        return Place(gap, rest)

    return [place(k) for k in range(4)]


def _lowest(tables: Hulls) -> Fn[..., Any]:
    """The function that finds up to four vertices, and says which there are."""
    count = len(tables.vertices)

    @fn
    def lowest(size: Vec[Real, 5], normal: Vec[Real, 3], room: Real) -> Any:
        up, which = (normal[0], normal[1], normal[2]), [size[k] for k in range(5)]

        def best(score: Callable[[V3], Number], least: Number, start: Any) -> tuple[Any, Any, V3]:
            def step(state: Any, i: Any) -> Any:
                x = score(tables.vertex(i))
                more = x > state[0]
                return select(more, x + TIE, state[0]), select(more, i, state[1])

            found, i = tables.each_vertex(which, step, (Real(least), start))
            return found > least, i, tables.vertex(i)

        far = LEAST * size[4]
        some, i, first = best(lambda v: -dot(up, v), -1e300, Index[count](0))

        def near(v: V3) -> Any:
            return dot(up, v) < room

        def across(v: V3) -> V3:
            return cross(up, minus(v, first))

        is_second, i, second = best(lambda v: select(near(v), dot(across(v), across(v)), 0.0), far * far, i)
        line = across(second)
        is_left, _, left = best(lambda v: select(near(v), dot(line, minus(v, first)), 0.0), far * far, i)
        is_right, _, right = best(lambda v: select(near(v), -dot(line, minus(v, first)), 0.0), far * far, i)
        corners = [x for v in (first, second, left, right) for x in v]
        there = [some, is_second, is_second & is_left, is_second & is_right]
        return vector([*corners, *(select(p, 1.0, 0.0) for p in there)])

    return lowest
