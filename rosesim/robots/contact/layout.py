"""How a contact's numbers lie, and how it moves and pushes its two bodies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rosesim.robots import dynamics
from rosesim.robots.algebra import V3, ZERO, Number, cross, dot, is_zero, minus, mul, plus, scaled
from rosesim.robots.dynamics import Motion
from rosesim.robots.kinematics import Frames
from rosesim.robots.mechanism import Mechanism


@dataclass
class Layout:
    """How a contact's numbers lie in its data: point (3), frame (9), reference (dims), D."""

    bodies: list[int]
    shift: V3
    dims: int
    fixed: list[float | None] = field(default_factory=list)

    def point(self, data: list[Number], side: int) -> V3:
        """The contact point from the reference point of a side's tree."""
        p: V3 = (data[0], data[1], data[2])
        return p if side else minus(p, self.shift)

    def directions(self, data: list[Number]) -> list[tuple[V3, bool]]:
        """The direction of each coordinate, and whether it is a turn."""
        axes: list[V3] = [(data[3 + 3 * k], data[4 + 3 * k], data[5 + 3 * k]) for k in range(3)]
        return [(axes[k % 3], k >= 3) for k in range(self.dims)]

    def relative(self, data: list[Number], motions: list[Motion]) -> list[Number]:
        """The second body's motion at the contact less the first's, by coordinates."""
        turn, move = ZERO, ZERO
        for side, body in enumerate(self.bodies):
            w, v = motions[body]
            sign = 1.0 if side else -1.0
            turn = plus(turn, scaled(sign, w))
            move = plus(move, scaled(sign, plus(v, cross(w, self.point(data, side)))))
        return [dot(axis, turn if turns else move) for axis, turns in self.directions(data)]

    def moving(self, velocity: list[Motion]) -> list[int]:
        """The coordinates that can move: those of a planar robot across its plane cannot."""
        data: list[Number] = [1.0 if x is None else x for x in self.fixed]
        data = [_Something() if self.fixed[k] is None else x for k, x in enumerate(data)]
        some = [_anything(m) for m in velocity]
        values = self.relative(data, some)
        return [k for k, x in enumerate(values) if k == 0 or not is_zero(x)]

    def push(self, data: list[Number], force: list[Number], dofs: list[Number], bodies: list[Motion]) -> None:
        """Adds a contact's force to the forces on its bodies."""
        moment, push = ZERO, ZERO
        for (axis, turns), x in zip(self.directions(data), force, strict=True):
            if turns:
                moment = plus(moment, scaled(x, axis))
            else:
                push = plus(push, scaled(x, axis))
        for side, body in enumerate(self.bodies):
            if body:
                whole = plus(moment, cross(self.point(data, side), push))
                sign = 1.0 if side else -1.0
                bodies[body] = dynamics.both(bodies[body], (scaled(sign, whole), scaled(sign, push)))

    def rows(self, m: Mechanism, f: Frames, data: list[Number]) -> list[list[tuple[int, Number]]]:
        """J. What moves both bodies alike is left out."""
        chains = [m.above(body) if body else [] for body in self.bodies]
        shared = set(chains[0]) & set(chains[1])
        found: list[list[tuple[int, Number]]] = []
        for axis, turns in self.directions(data):
            row: list[tuple[int, Number]] = []
            for side in (0, 1):
                wrench = (axis, ZERO) if turns else (cross(self.point(data, side), axis), axis)
                for d in chains[side]:
                    if d not in shared:
                        c = mul(1.0 if side else -1.0, dynamics.power(f.motion[d], wrench))
                        if not is_zero(c):
                            row.append((d, c))
            found.append(row)
        return found


class _Something:
    """A number that is not known: what it gives is not known, unless it meets a zero."""

    def _same(self, other: Any = None) -> _Something:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = _same


def _anything(motion: Motion) -> Motion:
    """A motion with the same zeros."""
    w, v = (tuple(0.0 if is_zero(x) else _Something() for x in part) for part in motion)
    return w, v  # pyright: ignore[reportReturnType] -- three numbers each
