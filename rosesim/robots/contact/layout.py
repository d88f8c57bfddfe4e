"""How a contact moves with its two bodies, and pushes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rosesim.robots import dynamics
from rosesim.robots.algebra import V3, ZERO, Number, cross, dot, minus, mul, plus, scaled
from rosesim.robots.contact.shapes import Frame
from rosesim.robots.dynamics import Motion

SIGNS = (-1.0, 1.0)
"""A coordinate is the second body's motion less the first's."""


@dataclass(frozen=True)
class Layout:
    """Where a contact is, seen from the reference point of the second body's tree."""

    point: V3
    frame: Frame
    shift: V3
    """From the second body's reference point to the first's."""
    dims: int

    def point_of(self, side: int) -> V3:
        """The contact point from the reference point of a side's tree."""
        return self.point if side else minus(self.point, self.shift)

    def directions(self) -> list[tuple[V3, bool]]:
        """The direction of each coordinate, and whether it is a turn."""
        return [(self.frame[k % 3], k >= 3) for k in range(self.dims)]

    def relative(self, motions: Sequence[Motion]) -> list[Number]:
        """The second body's motion at the contact less the first's, by coordinates."""
        turn, move = ZERO, ZERO
        for side, (w, v) in enumerate(motions):
            turn = plus(turn, scaled(SIGNS[side], w))
            move = plus(move, scaled(SIGNS[side], plus(v, cross(w, self.point_of(side)))))
        return [dot(axis, turn if turns else move) for axis, turns in self.directions()]

    def wrench(self, force: Sequence[Number], side: int) -> Motion:
        """What a force along the coordinates is for a side's body: a moment and a force."""
        moment, push = ZERO, ZERO
        for (axis, turns), x in zip(self.directions(), force, strict=True):
            if turns:
                moment = plus(moment, scaled(x, axis))
            else:
                push = plus(push, scaled(x, axis))
        whole = plus(moment, cross(self.point_of(side), push))
        return scaled(SIGNS[side], whole), scaled(SIGNS[side], push)

    def row(self, coordinate: int, side: int, motion: Motion) -> Number:
        """How a coordinate moves with a degree of freedom of a side, given as the motion of its bodies."""
        axis, turns = self.directions()[coordinate]
        along = (axis, ZERO) if turns else (cross(self.point_of(side), axis), axis)
        return mul(SIGNS[side], dynamics.power(motion, along))
