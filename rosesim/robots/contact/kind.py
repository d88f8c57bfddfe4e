"""Constraints of one kind at a state: which are active, how they move and push; a robot at that state.

A constraint has few coordinates, and is linear in acceleration: J a. One loop goes over the active ones of a kind, so
a program is as large as its kinds, not as their members.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from rosesim.ad.language.control.accumulate import accumulate
from rosesim.ad.language.control.loops import for_each
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.real import Real
from rosesim.robots import dynamics
from rosesim.robots.algebra import Number, add, dot, is_zero, mul, total, vector
from rosesim.robots.contact.pairs import Touch
from rosesim.robots.contact.shapes import Shape
from rosesim.robots.contact.tables import integers
from rosesim.robots.contact.weights import Weights
from rosesim.robots.dynamics import Motion, Sparse
from rosesim.robots.elimination import Pattern, places
from rosesim.robots.kinematics import Frames
from rosesim.robots.mechanism import Mechanism


@dataclass
class At:
    """A robot at (q, v), while a program is traced."""

    m: Mechanism
    f: Frames
    q: Sequence[Number]
    v: Sequence[Number]
    velocity: list[Motion]
    weights: Weights
    timestep: Number
    touches: Sequence[Touch] = ()
    shapes: dict[int, Shape] = field(default_factory=dict)


class Moves:
    """A velocity or an acceleration: of the degrees of freedom, and of the bodies by them."""

    def __init__(self, at: At, by: Sequence[Number], bodies: Sequence[Motion] | None = None) -> None:
        self.dofs = vector([*by, 0.0])
        """The last one is that of a place that is empty."""
        self.bodies = dynamics.velocities(at.m, at.f, by) if bodies is None else bodies


class Pushes:
    """Forces on bodies and on degrees of freedom, to which loops add."""

    def __init__(self, at: At) -> None:
        self._at, self._count = at, len(at.m.robot.bodies)
        self._written: set[int] = set()

    def on_body(self, acc: Any, bodies: Sequence[int], member: Any, force: Motion) -> None:
        """Adds to the body of a member of a loop."""
        for k, x in enumerate((*force[0], *force[1])):
            if not is_zero(x):
                self._add(acc, [6 * body + k for body in bodies], member, x)

    def on_dof(self, acc: Any, dofs: Sequence[int], member: Any, force: Number) -> None:
        """Adds to the degree of freedom of a member of a loop."""
        if not is_zero(force):
            self._add(acc, [6 * self._count + d for d in dofs], member, force)

    def _add(self, acc: Any, places: Sequence[int], member: Any, x: Number) -> None:
        self._written.update(places)
        acc.at[place_of(places, member)].add(Real(x))

    def total(self, fill: Any) -> list[Number]:
        """Jᵀ f of what `fill` adds to the accumulator that it is given."""
        m, start = self._at.m, 6 * self._count
        size = start + m.nv + 1
        made = accumulate(Vec[Real, size], fill)
        flat = [made[k] if k in self._written else 0.0 for k in range(size)]
        found = flat[start : start + m.nv]
        force: list[Motion] = [
            ((flat[k], flat[k + 1], flat[k + 2]), (flat[k + 3], flat[k + 4], flat[k + 5])) for k in range(0, start, 6)
        ]
        for body in reversed(m.moving):
            for i in m.dofs_of(body):
                found[i] = add(found[i], dynamics.power(self._at.f.motion[i], force[body]))
            parent = m.parent(body)
            force[parent] = dynamics.both(force[parent], force[body])
        return found


class Member(Protocol):
    """One constraint, inside a loop over those of its kind."""

    def along(self, moves: Any) -> list[Number]:
        """J x, by what the kind's `reading` of x gave."""
        ...

    def push(self, acc: Any, pushes: Pushes, force: Sequence[Number]) -> None:
        """Adds Jᵀ f."""
        ...

    def rows(self, motions: Any) -> list[list[Number]]:
        """J: for each coordinate the numbers of the kind's degrees of freedom, from its `motions`."""
        ...


class Kind(Protocol):
    """Constraints of one kind."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    @property
    def upto(self) -> Any:
        """How many are active, or None: all are."""
        ...

    @property
    def dofs(self) -> list[list[int]]:
        """The degrees of freedom that move each, or at empty places their count, which is none."""
        ...

    def index(self, c: Any) -> Any:
        """Which one the c-th active one is."""
        ...

    def member(self, c: Any) -> Member:
        """The c-th active one."""
        ...

    def reading(self, moves: Moves) -> Any:
        """What its members read of a velocity or acceleration, written before a loop."""
        ...

    def motions(self) -> Any:
        """What its members read for J, written before a loop."""
        ...


def place_of(places: Sequence[int], member: Any) -> Any:
    """One of several places, by the member of a loop."""
    return places[0] if len(set(places)) == 1 else integers(places)[member]


def each(kind: Kind, do: Any) -> None:
    """The loop over the active ones of a kind."""
    for_each(kind.size, do, upto=kind.upto)


def entries(kind: Kind, met: Pattern) -> dict[tuple[int, int], list[int]]:
    """Where a loop adds to a matrix: for two of a kind's degrees of freedom the place of each member."""
    at = {place: k for k, place in enumerate(places(met))}
    count = len(kind.dofs[0])
    found: dict[tuple[int, int], list[int]] = {}
    for i in range(count):
        for j in range(i + 1):
            found[i, j] = [at.get((max(d[i], d[j]), min(d[i], d[j])), len(at)) for d in kind.dofs]
    return found


def congruence(rows: list[list[Number]], second: dict[tuple[int, int], Number]) -> Sparse:
    """Jᵀ W J, lower triangle."""
    n, count = len(rows), len(rows[0])
    found: Sparse = {}
    for i in range(count):
        left = [total(mul(second.get((max(p, k), min(p, k)), 0.0), rows[p][i]) for p in range(n)) for k in range(n)]
        for j in range(i + 1):
            value = dot(left, [row[j] for row in rows])
            if not is_zero(value):
                found[i, j] = value
    return found
