"""Constraints of one row: limits, dry friction and equalities of joints and tendons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.robots import forces
from rosesim.robots.algebra import Number, add, dot, is_zero, mul, neg, over, root, sub, total
from rosesim.robots.contact import rows
from rosesim.robots.contact.constraint import At, Constraint, guarded, push_row
from rosesim.robots.description import Soft
from rosesim.robots.dynamics import Motion


def by_row(
    active: Any,
    compute: Callable[[], list[Number]],
    row: Callable[[list[Number]], list[tuple[int, Number]]],
    cost: Callable[[Number, Number], rows.Cost],
    name: str = "",
) -> Constraint:
    """A constraint of one row; its data begin with the reference and D."""
    data = guarded(active, compute, name)

    def push(data: list[Number], force: list[Number], dofs: list[Number], bodies: list[Motion]) -> None:
        push_row(row(data), force[0], dofs)

    return Constraint(
        active,
        data,
        lambda data, a, motions: [total(mul(c, a[d]) for d, c in row(data))],
        lambda data: [data[0]],
        lambda data, x: cost(x[0], data[1]),
        push,
        lambda data: [row(data)],
    )


def _speed(at: At, row: list[tuple[int, Number]]) -> Number:
    """J v of one row."""
    return total(mul(c, at.v[d]) for d, c in row)


def _reference(at: At, soft: Soft, r: Number, past: Number, speed: Number, inverse: float) -> list[Number]:
    """The reference acceleration and D of a row. `past` is r less the margin."""
    k, b = rows.stiffness(soft.solref, soft.solimp, at.timestep)
    hardness = rows.impedance(soft.solimp, past)
    reference = neg(add(mul(b, speed), mul(k, mul(hardness, past))))
    return [reference, over(1.0, rows.regulariser(hardness, inverse))]


def limits(at: At) -> list[Constraint]:
    """Of joints and tendons, each side by itself; of a ball, of its angle."""
    found: list[Constraint] = []
    for k, joint in enumerate(at.m.robot.joints):
        if joint.range is None or joint.kind == "free":
            continue
        if joint.kind == "ball":
            found.append(_ball_limit(at, k))
            continue
        d, q = at.m.dof[k], at.q[at.m.qpos[k]]
        for sign, end in ((1.0, joint.range[0]), (-1.0, joint.range[1])):
            gap = mul(sign, sub(q, end))
            found.append(_limit(at, gap, [(d, sign)], joint, at.weights.dof[d]))
    for k, tendon in enumerate(at.m.robot.tendons):
        if tendon.range is not None:
            length, row = forces.tendon_length(at.m, k, at.q), forces.tendon_row(at.m, k)
            for sign, end in ((1.0, tendon.range[0]), (-1.0, tendon.range[1])):
                signed: list[tuple[int, Number]] = [(d, sign * c) for d, c in row]
                found.append(_limit(at, mul(sign, sub(length, end)), signed, tendon, at.weights.tendon[k]))
    return found


def _limit(at: At, gap: Number, row: list[tuple[int, Number]], of: Any, inverse: float) -> Constraint:
    """A limit of a joint or tendon, active within its margin."""

    def compute() -> list[Number]:
        speed = _speed(at, row)
        return _reference(at, of.soft_limit, gap, sub(gap, of.margin), speed, inverse)

    return by_row(gap < of.margin, compute, lambda data: row, rows.one_sided, _limited(of))


def _limited(of: Any) -> str:
    """What decides a limit, by the name of the joint or tendon."""
    return f"whether {of.name or 'a joint without a name'} is at its limit"


def _ball_limit(at: At, k: int) -> Constraint:
    """The angle of a ball joint: it turns about the rotation vector."""
    joint, d, q = at.m.robot.joints[k], at.m.dof[k], at.m.qpos[k]
    assert joint.range is not None
    turn = forces.turn_between((1.0, 0.0, 0.0, 0.0), at.q[q : q + 4])
    square = dot(turn, turn)
    least = max(joint.range[1] - joint.margin, 0.0)
    active = square > least * least

    def compute() -> list[Number]:
        angle = root(square)
        axis = [neg(over(x, angle)) for x in turn]
        speed = total(mul(c, at.v[d + i]) for i, c in enumerate(axis))
        gap = sub(joint.range[1], angle)  # pyright: ignore[reportOptionalSubscript] -- it has a range
        past = sub(gap, joint.margin)
        return [*_reference(at, joint.soft_limit, gap, past, speed, at.weights.dof[d]), *axis]

    return by_row(
        active, compute, lambda data: [(d + i, data[2 + i]) for i in range(3)], rows.one_sided, _limited(joint)
    )


def frictions(at: At) -> list[Constraint]:
    """Dry friction of joints and tendons."""
    found: list[Constraint] = []
    for k, joint in enumerate(at.m.robot.joints):
        most = at.m.joint_number(k, "frictionloss")
        if is_zero(most):
            continue
        for d in range(at.m.dof[k], at.m.dof[k] + joint.nv):
            found.append(_friction(at, [(d, 1.0)], joint, most, at.weights.dof[d]))
    for k, tendon in enumerate(at.m.robot.tendons):
        if tendon.frictionloss:
            row: list[tuple[int, Number]] = [*forces.tendon_row(at.m, k)]
            found.append(_friction(at, row, tendon, tendon.frictionloss, at.weights.tendon[k]))
    return found


def _friction(at: At, row: list[tuple[int, Number]], of: Any, most: Number, inverse: float) -> Constraint:
    speed = _speed(at, row)
    _, b = rows.stiffness(of.soft_friction.solref, of.soft_friction.solimp, at.timestep)
    hardness = rows.impedance(of.soft_friction.solimp, 0.0)
    data = [neg(mul(b, speed)), over(1.0, rows.regulariser(hardness, inverse))]
    return by_row(True, lambda: data, lambda _: row, lambda x, d: rows.huber(x, d, most))


def equalities(at: At) -> list[Constraint]:
    """Joints that follow others."""
    return [_equality(at, k) for k in range(len(at.m.robot.equalities))]


def _equality(at: At, k: int) -> Constraint:
    """A joint that follows another by a polynomial."""
    e = at.m.robot.equalities[k]
    joints = at.m.robot.joints
    first = at.m.dof[e.first]
    gap = sub(at.q[at.m.qpos[e.first]], add(joints[e.first].ref, e.polynomial[0]))
    row: list[tuple[int, Number]] = [(first, 1.0)]
    inverse = at.weights.dof[first]
    if e.second is not None:
        x = sub(at.q[at.m.qpos[e.second]], joints[e.second].ref)
        value, slope, power = 0.0, 0.0, 1.0
        for n, c in enumerate(e.polynomial[1:], 1):
            slope = add(slope, mul(n * c, power))
            power = mul(power, x)
            value = add(value, mul(c, power))
        gap = sub(gap, value)
        row.append((at.m.dof[e.second], neg(slope)))
        inverse += at.weights.dof[at.m.dof[e.second]]
    data = _reference(at, e.soft, gap, gap, _speed(at, row), inverse)
    return by_row(True, lambda: data, lambda _: row, rows.two_sided)
