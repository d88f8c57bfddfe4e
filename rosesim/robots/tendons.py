"""Tendons: their length, and its slope by each degree of freedom.

A fixed tendon is a sum of joints. One through space runs straight from site to site, over pulleys that divide it; of
two sites only what moves one and not the other counts, for what moves both turns the strand and does not stretch it.
"""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.ad.language.mathematics import clamp
from rosesim.robots.algebra import (
    V3,
    Number,
    add,
    choose,
    cross,
    dot,
    known,
    minus,
    mul,
    over,
    plus,
    root,
    scaled,
    sub,
    total,
)
from rosesim.robots.description import Strand
from rosesim.robots.kinematics import Frames, frames, point
from rosesim.robots.mechanism import Mechanism
from rosesim.robots.parameters import Parameters

Row = list[tuple[int, Number]]
"""Degrees of freedom, and the slope by each."""
NEAR = 1e-30
"""The square of a strand's length (m²) below which it has no direction."""


def moving(m: Mechanism, k: int) -> list[int]:
    """The degrees of freedom that change a tendon's length."""
    tendon = m.robot.tendons[k]
    found = [m.dof[j] for j, _ in tendon.joints]
    for strand in tendon.strands:
        first, second = (_above(m, site) for site in (strand.first, strand.second))
        found += [d for d in (*first, *second) if (d in first) != (d in second)]
    return list(dict.fromkeys(found))


def row(m: Mechanism, k: int, q: Sequence[Number]) -> Row:
    """The slope of a tendon's length by each degree of freedom."""
    tendon = m.robot.tendons[k]
    if not tendon.strands:
        return [(m.dof[j], c) for j, c in tendon.joints]
    f = frames(m, q)
    found: dict[int, Number] = {}
    for strand in tendon.strands:
        ends = [(_above(m, site), _place(m, f, site)) for site in (strand.first, strand.second)]
        _, along = _across(m, f, strand)
        pull = scaled(strand.part, along)
        for sign, (own, at), (others, _) in ((-1.0, *ends), (1.0, *ends[::-1])):
            for d in own:
                if d not in others:
                    angular, linear = f.motion[d]
                    slope = mul(sign, dot(pull, plus(linear, cross(angular, at))))
                    found[d] = add(found.get(d, 0.0), slope)
    return list(found.items())


def length(m: Mechanism, k: int, q: Sequence[Number]) -> Number:
    """A tendon's length."""
    tendon = m.robot.tendons[k]
    if not tendon.strands:
        return total(mul(c, q[m.qpos[j]]) for j, c in tendon.joints)
    f = frames(m, q)
    return total(mul(strand.part, _across(m, f, strand)[0]) for strand in tendon.strands)


def rest(m: Mechanism, k: int) -> tuple[float, float]:
    """The least and greatest length without force: the file's, or that where the springs of joints rest."""
    tendon = m.robot.tendons[k]
    if tendon.springlength is not None:
        return tendon.springlength[0], tendon.springlength[-1]
    own = Mechanism(m.robot, Parameters({}, {}))
    q: list[float] = []
    for joint in m.robot.joints:
        body = m.robot.bodies[joint.body]
        alone = [joint.springref] if joint.nv == 1 else [1.0, 0.0, 0.0, 0.0]
        q += [*body.pos, *body.quat] if joint.kind == "free" else alone
    found = float(length(own, k, q))
    return found, found


def stretch(m: Mechanism, k: int, q: Sequence[Number]) -> Number:
    """How far a tendon is from where its spring rests."""
    least, most = rest(m, k)
    now = length(m, k, q)
    return sub(now, clamp(now, least, most) if least < most else least)


def _above(m: Mechanism, site: int) -> list[int]:
    return m.above(m.robot.sites[site].body)


def _place(m: Mechanism, f: Frames, site: int) -> V3:
    """A site, from the reference point of its tree."""
    s = m.robot.sites[site]
    return point(m, f, s.body, (s.pos[0], s.pos[1], s.pos[2]))


def _across(m: Mechanism, f: Frames, strand: Strand) -> tuple[Number, V3]:
    """The distance between a strand's ends, and the direction from the first to the second."""
    first, second = (m.carrier(m.robot.sites[site].body) for site in (strand.first, strand.second))
    apart = minus(_place(m, f, strand.second), _place(m, f, strand.first))
    if f.origin[first] is not f.origin[second]:
        apart = plus(apart, minus(f.origin[second], f.origin[first]))
    square = dot(apart, apart)
    there = bool(square > NEAR) if known(square) else square > NEAR
    distance = choose(there, root(choose(there, square, 1.0)), 0.0)
    safe = choose(there, distance, 1.0)
    x, y, z = (over(a, safe) for a in apart)
    return distance, (choose(there, x, 1.0), choose(there, y, 0.0), choose(there, z, 0.0))
