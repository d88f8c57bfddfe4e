"""One step of time: Euler, implicit in damping, and Runge and Kutta's of fourth order, as MuJoCo defines them.

q ⊕ d moves a configuration along a tangent: sums for hinges, slides and positions, an exponential for quaternions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rosesim.ad.language.values.vector import as_vec
from rosesim.numerics.rotations import exp
from rosesim.robots.algebra import Number, add, mul, normalised, quat_mul, scaled, sub
from rosesim.robots.forces import turn_between
from rosesim.robots.mechanism import Mechanism


def moved(m: Mechanism, q: Sequence[Number], d: Sequence[Number]) -> list[Number]:
    """q ⊕ d."""
    found: list[Number] = []
    for k, joint in enumerate(m.robot.joints):
        at, dof = m.qpos[k], m.dof[k]
        if joint.nv == 1:
            found.append(add(q[at], d[dof]))
            continue
        if joint.kind == "free":
            found += [add(q[at + i], d[dof + i]) for i in range(3)]
            at, dof = at + 3, dof + 3
        turn = exp(as_vec([d[dof], d[dof + 1], d[dof + 2]]))
        found += quat_mul(normalised(q[at : at + 4]), (turn[0], turn[1], turn[2], turn[3]))
    return found


def difference(m: Mechanism, q1: Sequence[Number], q0: Sequence[Number]) -> list[Number]:
    """q1 ⊖ q0, the d with q0 ⊕ d = q1."""
    found: list[Number] = []
    for k, joint in enumerate(m.robot.joints):
        at = m.qpos[k]
        if joint.nv == 1:
            found.append(sub(q1[at], q0[at]))
            continue
        if joint.kind == "free":
            found += [sub(q1[at + i], q0[at + i]) for i in range(3)]
            at += 3
        found += turn_between(normalised(q0[at : at + 4]), q1[at : at + 4])
    return found


Numbers = Sequence[Number]
Acceleration = Callable[[Numbers, Numbers, Numbers], list[Number]]
"""Of positions, velocities and activations."""


def runge_kutta(
    m: Mechanism,
    q: Numbers,
    v: Numbers,
    w: Numbers,
    h: Number,
    acceleration: Acceleration,
    rates: Callable[[Numbers], list[Number]],
) -> tuple[list[Number], list[Number], list[Number]]:
    """The classical step of fourth order on (q, v) and activations w, whose `rates` are given: q, v, and the mean
    slope of w."""
    speeds, changes, slopes = [list(v)], [acceleration(q, v, w)], [rates(w)]
    for c in (0.5, 0.5, 1.0):
        place = moved(m, q, scaled(mul(c, h), speeds[-1]))
        speed = [add(a, mul(mul(c, h), b)) for a, b in zip(v, changes[-1], strict=True)]
        active = [add(a, mul(mul(c, h), b)) for a, b in zip(w, slopes[-1], strict=True)]
        speeds.append(speed)
        changes.append(acceleration(place, speed, active))
        slopes.append(rates(active))

    def mean(stages: list[list[Number]]) -> list[Number]:
        weights = (1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0)
        found: list[Number] = [0.0] * len(stages[0])
        for part, stage in zip(weights, stages, strict=True):
            found = [add(a, mul(part, b)) for a, b in zip(found, stage, strict=True)]
        return found

    end = moved(m, q, scaled(h, mean(speeds)))
    return end, [add(a, mul(h, b)) for a, b in zip(v, mean(changes), strict=True)], mean(slopes)
