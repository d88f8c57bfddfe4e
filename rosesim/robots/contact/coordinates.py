"""Limits, dry friction and equalities of joints and tendons: constraints of one coordinate each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.values.boolean import Bool
from rosesim.robots import forces, tendons
from rosesim.robots.algebra import Number, add, choose, dot, is_zero, known, mul, neg, over, root, sub, total, vector
from rosesim.robots.contact.kind import At, Moves, Pushes, place_of
from rosesim.robots.contact.tables import Table, listed
from rosesim.robots.description import JointEquality, Soft, TendonEquality

Row = list[tuple[int, Number]]
"""J of one coordinate: degrees of freedom and their numbers."""


@dataclass(frozen=True)
class Coordinate:
    """One that is constrained: how far it is from where the constraint begins, and J."""

    gap: Number
    row: Row
    inverse: float
    """The inverse inertia along it."""
    soft: Soft
    margin: float = 0.0
    most: Number = 0.0
    """Of dry friction, the largest force."""
    far: Number | None = None
    """What says how hard it is, if that is not the gap: the distance of all rows of an equality."""
    drift: Number = 0.0
    """Its acceleration while the robot's own is zero, if that counts."""
    name: str = ""
    """What it is a limit of."""


class Coordinates:
    """Constraints of one coordinate each that have as many degrees of freedom."""

    dims = 1

    def __init__(self, at: At, found: Sequence[Coordinate], *, always: bool, most_apart: float | None = None) -> None:
        """They are active `always`, or where the gap is below their margin, or below `most_apart`."""
        self.size, self.first = len(found), found[0]
        members = range(self.size)
        self.dofs = [[d for d, _ in c.row] for c in found]
        self._rows = Table([[x for _, x in c.row] for c in found], members)
        speeds = [total(mul(x, at.v[d]) for d, x in c.row) for c in found]
        numbers = [
            [c.gap, s, c.inverse, c.most, sub(c.gap, c.margin) if c.far is None else c.far, c.drift]
            for c, s in zip(found, speeds, strict=True)
        ]
        self._numbers = Table(numbers, members)
        apart = self.first.margin if most_apart is None else most_apart
        self._order: Any = None
        self.upto: Any = None
        if not always:
            gaps = vector([c.gap for c in found])
            names = [f"whether {c.name or 'a joint without a name'} is at its limit" for c in found]
            self._order, self.upto = listed(self.size, lambda i: gaps[i] < apart, names)

    def index(self, c: Any) -> Any:
        """Which one the c-th active one is."""
        return c if self._order is None else self._order[c]

    def member(self, c: Any) -> OfOne:
        """The c-th active one."""
        i = self.index(c)
        return OfOne(self, i, self._rows.at(i), *self._numbers.at(i))

    def reading(self, moves: Moves) -> Any:
        """The degrees of freedom."""
        return moves.dofs

    def motions(self) -> None:
        """J is there."""

    def places(self, k: int) -> list[int]:
        """The k-th degree of freedom of each."""
        return [d[k] for d in self.dofs]


@dataclass(frozen=True)
class OfOne:
    """A constrained coordinate, inside a loop."""

    kind: Coordinates
    index: Any
    row: list[Number]
    gap: Number
    speed: Number
    inverse: Number
    most: Number
    far: Number
    drift: Number

    def along(self, moves: Any) -> list[Number]:
        """J x."""
        return [total(mul(x, moves[place_of(self.kind.places(k), self.index)]) for k, x in enumerate(self.row))]

    def push(self, acc: Any, pushes: Pushes, force: Sequence[Number]) -> None:
        """Adds Jᵀ f."""
        for k, x in enumerate(self.row):
            pushes.on_dof(acc, self.kind.places(k), self.index, mul(x, force[0]))

    def rows(self, motions: None) -> list[list[Number]]:
        """J."""
        return [self.row]


def alike(found: Sequence[Coordinate]) -> list[list[Coordinate]]:
    """Coordinates by what decides while tracing."""
    groups: dict[Any, list[Coordinate]] = {}
    for c in found:
        key = (len(c.row), c.soft, c.margin, tuple(known(x) for _, x in c.row), known(c.most))
        groups.setdefault(key, []).append(c)
    return list(groups.values())


def joint_limits(at: At) -> list[Coordinate]:
    """Of hinges and slides, each side by itself."""
    found: list[Coordinate] = []
    for k, joint in enumerate(at.m.robot.joints):
        if joint.range is None or joint.nv != 1:
            continue
        d, q = at.m.dof[k], at.q[at.m.qpos[k]]
        for sign, end in ((1.0, joint.range[0]), (-1.0, joint.range[1])):
            gap = mul(sign, sub(q, end))
            found.append(
                Coordinate(gap, [(d, sign)], at.weights.dof[d], joint.soft_limit, joint.margin, name=joint.name)
            )
    return found


def limits(at: At) -> list[Coordinate]:
    """Of joints and tendons; of a ball, of its angle."""
    found = joint_limits(at)
    joints = at.m.robot.joints
    found += [
        _ball_limit(at, k) for k, joint in enumerate(joints) if joint.kind == "ball" and joint.range is not None
    ]
    for k, tendon in enumerate(at.m.robot.tendons):
        if tendon.range is not None:
            length, row = tendons.length(at.m, k, at.q), tendons.row(at.m, k, at.q)
            for sign, end in ((1.0, tendon.range[0]), (-1.0, tendon.range[1])):
                signed: Row = [(d, mul(sign, c)) for d, c in row]
                gap, inverse = mul(sign, sub(length, end)), at.weights.tendon[k]
                found.append(Coordinate(gap, signed, inverse, tendon.soft_limit, tendon.margin, name=tendon.name))
    return found


def _ball_limit(at: At, k: int) -> Coordinate:
    """The angle of a ball joint: it turns about the rotation vector."""
    joint, d, q = at.m.robot.joints[k], at.m.dof[k], at.m.qpos[k]
    assert joint.range is not None
    turn = forces.turn_between((1.0, 0.0, 0.0, 0.0), at.q[q : q + 4])
    square = dot(turn, turn)
    turned: Bool = square > 1e-30  # at rest it has no axis, and is as far from its limit as it can be
    angle = choose(turned, root(choose(turned, square, 1.0)), 0.0)
    row: Row = [(d + i, neg(over(x, choose(turned, angle, 1.0)))) for i, x in enumerate(turn)]
    gap = sub(joint.range[1], angle)
    return Coordinate(gap, row, at.weights.dof[d], joint.soft_limit, joint.margin, name=joint.name)


def frictions(at: At) -> list[Coordinate]:
    """Dry friction of joints and tendons."""
    found: list[Coordinate] = []
    for k, joint in enumerate(at.m.robot.joints):
        most = at.m.joint_number(k, "frictionloss")
        if is_zero(most):
            continue
        for d in range(at.m.dof[k], at.m.dof[k] + joint.nv):
            found.append(Coordinate(0.0, [(d, 1.0)], at.weights.dof[d], joint.soft_friction, most=most))
    for k, tendon in enumerate(at.m.robot.tendons):
        if tendon.frictionloss:
            row = tendons.row(at.m, k, at.q)
            soft, most = tendon.soft_friction, tendon.frictionloss
            found.append(Coordinate(0.0, row, at.weights.tendon[k], soft, most=most))
    return found


def equalities(at: At) -> list[Coordinate]:
    """Joints and tendons that follow others."""
    return [_equality(at, e) for e in at.m.robot.equalities]


def _follower(at: At, e: JointEquality | TendonEquality, k: int) -> tuple[Number, Row, float]:
    """How far a joint or tendon of an equality is from its start, its row, and the inverse inertia along it."""
    joints = at.m.robot.joints
    if isinstance(e, JointEquality):
        return sub(at.q[at.m.qpos[k]], joints[k].ref), [(at.m.dof[k], 1.0)], at.weights.dof[at.m.dof[k]]
    moved = sub(tendons.length(at.m, k, at.q), at.weights.length[k])
    return moved, tendons.row(at.m, k, at.q), at.weights.tendon[k]


def _equality(at: At, e: JointEquality | TendonEquality) -> Coordinate:
    """A joint or tendon that follows another by a polynomial."""
    moved, row, inverse = _follower(at, e, e.first)
    gap = sub(moved, e.polynomial[0])
    if e.second is not None:
        x, other, more = _follower(at, e, e.second)
        value, slope, power = 0.0, 0.0, 1.0
        for n, c in enumerate(e.polynomial[1:], 1):
            slope = add(slope, mul(n * c, power))
            power = mul(power, x)
            value = add(value, mul(c, power))
        gap = sub(gap, value)
        row = [*row, *((d, neg(mul(slope, c))) for d, c in other)]
        inverse += more
    return Coordinate(gap, _together(row), inverse, e.soft)


def _together(row: Row) -> Row:
    """A row that has each degree of freedom once."""
    found: dict[int, Number] = {}
    for d, c in row:
        found[d] = add(found.get(d, 0.0), c)
    return list(found.items())
