"""Contacts of one kind: their coordinates and chains of joints are alike, of whatever shapes they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.robots.algebra import Number, is_zero, known, neg
from rosesim.robots.contact.kind import At, Moves, Pushes
from rosesim.robots.contact.layout import Layout
from rosesim.robots.contact.meetings import Meetings, Places, Shift, carriers, same_tree, shape, table_of
from rosesim.robots.contact.pairs import Touch, mixed_friction
from rosesim.robots.contact.shapes import most
from rosesim.robots.contact.tables import Table, listed
from rosesim.robots.dynamics import Motion
from rosesim.robots.kinematics import STILL
from rosesim.robots.mechanism import Mechanism
from rosesim.robots.parameters import title

SPREAD = 2
"""How many times more degrees of freedom the longest chain of a kind has than the shortest. Places that stay empty
cost little, and so all parts of a leg are of one kind."""


def kinds(at: At, most_apart: float | None = None, most_dims: int = 6) -> list[Contacts]:
    """All contacts that a robot may have, with up to `most_dims` coordinates.

    They are active where nearer than their margin, or than `most_apart` (m).
    """
    alike: dict[Any, list[Touch]] = {}
    for touch in at.touches:
        alike.setdefault(_likeness(at, touch), []).append(touch)
    found: list[Contacts] = []
    for touches in alike.values():
        for part in _by_length(at.m, touches):
            apart = part[0].margin if most_apart is None else most_apart
            found += [Contacts(at, joined, most_dims) for joined in _joined(_meetings(at, part, apart))]
    return found


def _meetings(at: At, touches: Sequence[Touch], apart: float) -> list[Meetings]:
    """A loop for all pairs whose shapes are alike.

    Of where shapes are, zeros do not count: a torso's capsule in the origin would have a loop of its own.
    """
    found: dict[Any, list[Touch]] = {}
    for touch in touches:
        shapes = [shape(at, i) for i in (touch.first, touch.second)]
        turned = tuple(is_zero(x) for s in shapes for row in s.rotation for x in row)
        found.setdefault((*(s.kind for s in shapes), turned), []).append(touch)
    return [Meetings(at, part, apart) for part in found.values()]


def _joined(meetings: Sequence[Meetings]) -> list[list[Meetings]]:
    """Loops whose contacts have the same known numbers: from there on they are of one kind."""
    found: dict[Any, list[Meetings]] = {}
    for one in meetings:
        found.setdefault(tuple(one.numbers), []).append(one)
    return list(found.values())


def _by_length(m: Mechanism, touches: Sequence[Touch]) -> list[list[Touch]]:
    """Contacts whose chains are about as long, in the order in which they were."""
    rest, found = list(touches), list[list[Touch]]()
    lengths = {t: sum(len(c) for c in _chains(m, carriers(m, t))) for t in touches}
    while rest:
        longest = max(lengths[t] for t in rest)
        found.append([t for t in rest if SPREAD * lengths[t] >= longest])
        rest = [t for t in rest if SPREAD * lengths[t] < longest]
    return found


def _likeness(at: At, touch: Touch) -> Any:
    """What contacts of one kind have in common: what decides while tracing, and how bodies move at all."""
    bodies = carriers(at.m, touch)
    return (
        *(bool(body) for body in bodies),
        same_tree(at.m, *bodies),
        tuple(is_zero(x) for body in bodies for part in at.velocity[body] for x in part),
        max(touch.condim, 1),
        touch.solref,
        touch.solimp,
        touch.margin,
        known(*_friction_of(at.m, touch)),
    )


def _chains(m: Mechanism, bodies: Sequence[int]) -> list[list[tuple[int, float]]]:
    """The degrees of freedom that move either side alone, and their signs.

    Within a tree both sides are seen from one point, so that all count to the second one, with signs.
    """
    chains = [set(m.above(body)) if body else set[int]() for body in bodies]
    first, second = (sorted(chains[side] - chains[1 - side]) for side in (0, 1))
    if same_tree(m, *bodies):
        return [[], sorted([*((d, -1.0) for d in first), *((d, 1.0) for d in second)])]
    return [[(d, 1.0) for d in first], [(d, 1.0) for d in second]]


class Contacts:
    """Contacts of one kind at a state: where they are, and which of them are active."""

    def __init__(self, at: At, meetings: Sequence[Meetings], most_dims: int) -> None:
        m = at.m
        self.touches = touches = [t for one in meetings for t in one.touches]
        self._at, self.touch = at, touches[0]
        self.dims = min(max(self.touch.condim, 1), most_dims)
        self.bodies = [list(side) for side in zip(*(carriers(m, t) for t in touches), strict=True)]
        self.moves = [bool(side[0]) for side in self.bodies]
        """Whether a side is not the world."""
        self._shift = Shift(at, self.bodies)
        frictions = [_friction_of(m, t) for t in touches]
        self._frictions = Table(frictions, range(len(touches)))
        weights = at.weights.translation
        inverse = [sum(weights[m.robot.geoms[g].body] for g in (t.first, t.second)) for t in touches]
        self._inverse = Table([[x] for x in inverse], range(len(touches)))
        self._places = Places(meetings)
        pairs = self._places.pairs
        self.size = len(pairs)
        chains = [_chains(m, pair) for pair in zip(*self.bodies, strict=True)]
        rooms = [max(len(chain[side]) for chain in chains) for side in (0, 1)]
        self._sides = [side for side in (0, 1) for _ in range(rooms[side])]
        filled = [[[*c[side], *[(m.nv, 1.0)] * (rooms[side] - len(c[side]))] for side in (0, 1)] for c in chains]
        self._chains = [[*first, *second] for first, second in filled]
        self.dofs = [[d for d, _ in self._chains[p]] for p in pairs]
        names = [x for one in meetings for x in one.names]
        apart = meetings[0].apart
        self._order, self.upto = listed(
            self.size, lambda i: self._places.distance(i) < apart, [names[p] for p in pairs]
        )

    def index(self, c: Any) -> Any:
        """Which contact the c-th active one is."""
        return self._order[c]

    def member(self, c: Any) -> Contact:
        """The c-th active contact."""
        i = self.index(c)
        p = self._places.pair(i)
        distance, x = self._places.at(i)
        frame = ((x[3], x[4], x[5]), (x[6], x[7], x[8]), (x[9], x[10], x[11]))
        layout = Layout((x[0], x[1], x[2]), frame, self._shift.at(p), self.dims)
        return Contact(self, p, layout, distance, tuple(self._frictions.at(p)), self._inverse.at(p)[0])

    def reading(self, moves: Moves) -> list[Table]:
        """The motions of either side's bodies."""
        return [table_of({b: [*moves.bodies[b][0], *moves.bodies[b][1]] for b in side}, side) for side in self.bodies]

    def motions(self) -> list[Table]:
        """How each degree of freedom of a chain moves its bodies."""
        of = [[*angular, *linear] for angular, linear in [*self._at.f.motion, STILL]]
        things = [*of, *([neg(x) for x in motion] for motion in of)]
        where = [[d if sign > 0.0 else len(of) + d for d, sign in chain] for chain in self._chains]
        return [Table(things, column) for column in zip(*where, strict=True)]

    def wrench_at(self, acc: Any, pushes: Pushes, p: Any, layout: Layout, force: Sequence[Number]) -> None:
        """Adds a contact's force to the forces on its bodies."""
        for side in (0, 1):
            if self.moves[side]:
                pushes.on_body(acc, self.bodies[side], p, layout.wrench(force, side))

    def rows_at(self, p: Any, layout: Layout, motions: list[Table]) -> list[list[Number]]:
        """J of a contact."""
        read = [_motion(table.at(p)) for table in motions]
        return [
            [layout.row(k, side, motion) for side, motion in zip(self._sides, read, strict=True)]
            for k in range(self.dims)
        ]


def _motion(x: Sequence[Number]) -> Motion:
    return (x[0], x[1], x[2]), (x[3], x[4], x[5])


@dataclass(frozen=True)
class Contact:
    """One contact, inside a loop."""

    kind: Contacts
    pair: Any
    layout: Layout
    distance: Number
    friction: tuple[Number, ...]
    inverse: Number
    """The inverse inertia that it feels."""

    def along(self, moves: list[Table]) -> list[Number]:
        """J x."""
        return self.layout.relative([_motion(table.at(self.pair)) for table in moves])

    def push(self, acc: Any, pushes: Pushes, force: Sequence[Number]) -> None:
        """Adds Jᵀ f."""
        self.kind.wrench_at(acc, pushes, self.pair, self.layout, force)

    def rows(self, motions: list[Table]) -> list[list[Number]]:
        """J."""
        return self.kind.rows_at(self.pair, self.layout, motions)


def _friction_of(m: Mechanism, touch: Touch) -> tuple[Number, ...]:
    """A pair's friction, by the parameters that are given, bounded from below as MuJoCo does."""
    own = [title("geom", m.robot.geoms[i].name, i) + " friction" for i in (touch.first, touch.second)]
    friction: tuple[Number, ...] = touch.friction
    if any(m.given.is_given(name) for name in own):
        a, b = (
            m.given.vector(name, m.robot.geoms[i].friction)
            for name, i in zip(own, (touch.first, touch.second), strict=True)
        )
        friction = mixed_friction(m.robot, touch, a, b)
    return tuple(most(x, 1e-5) for x in friction)
