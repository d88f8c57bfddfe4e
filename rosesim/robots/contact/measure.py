"""Contact forces as a sensor feels them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rosesim.robots.algebra import V3, Number, add, choose, mat_vec, minus, mul, plus, quat_matrix, transposed, turned
from rosesim.robots.contact.compliant import Compliant, touching
from rosesim.robots.contact.constraint import Constraint, guarded
from rosesim.robots.contact.constraints import constraints
from rosesim.robots.contact.layout import Layout
from rosesim.robots.description import Site
from rosesim.robots.dynamics import velocities
from rosesim.robots.kinematics import Frames
from rosesim.robots.mechanism import Mechanism


def normal_forces(
    moving: Any, m: Mechanism, f: Frames, q: Sequence[Number], v: Sequence[Number], a: Sequence[Number]
) -> Callable[[int], Number]:
    """The function that adds up the normal forces of contacts within a site, at an acceleration."""
    at = moving.at(m, f, q, v)
    found: list[tuple[Layout, list[Number], Number]] = []  # where, its numbers, the normal force
    if isinstance(moving.contact, Compliant):
        for t in touching(at, moving.contact):
            if t.layout is not None:
                found.append((t.layout, t.data, t.part(0)[0]))
    else:
        by_a = velocities(m, f, a)
        for c in constraints(at):
            if c.layout is not None:

                def normal(c: Constraint = c) -> list[Number]:
                    return c.cost(c.data, c.off(a, by_a))[0][:1]

                found.append((c.layout, c.data, guarded(c.active, normal)[0]))

    def within(index: int) -> Number:
        site = m.robot.sites[index]
        carrier = m.carrier(site.body)
        total: Number = 0.0
        for layout, data, normal in found:
            if carrier in layout.bodies:
                inside = _holds(m, f, site, layout.point(data, layout.bodies.index(carrier)))
                total = add(total, choose(inside, normal, 0.0))
        return total

    return within


def _holds(m: Mechanism, f: Frames, site: Site, point: V3) -> Any:
    """Whether a site's volume holds a point, given from the reference point of its tree."""
    carrier, weld = m.carrier(site.body), m.welds[site.body]
    pos: V3 = (site.pos[0], site.pos[1], site.pos[2])
    place = plus(f.place[carrier], mat_vec(f.rotation[carrier], plus(weld.pos, turned(weld.quat, pos))))  # pyright: ignore[reportArgumentType]
    local = mat_vec(transposed(f.rotation[carrier]), minus(point, place))
    local = mat_vec(transposed(weld.rotation), local)
    x, y, z = mat_vec(transposed(quat_matrix(site.quat)), local)  # pyright: ignore[reportArgumentType] -- four numbers
    a, b, c = (*site.size, *site.size[-1:] * 2)[:3]
    if site.kind == "box":
        return (abs(x) <= a) & (abs(y) <= b) & (abs(z) <= c)
    if site.kind == "cylinder":
        return (add(mul(x, x), mul(y, y)) <= a * a) & (abs(z) <= b)
    if site.kind == "capsule":
        over = choose(abs(z) > b, abs(z) - b, 0.0)
        return add(add(mul(x, x), mul(y, y)), mul(over, over)) <= a * a
    if site.kind == "sphere":
        b = c = a
    return add(add(mul(x, x) / (a * a), mul(y, y) / (b * b)), mul(z, z) / (c * c)) <= 1.0
