"""Contacts of one kind: pairs of geoms whose shapes, coordinates and chains of joints are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from rosesim.ad.language.arrays import stack
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.values.real import Real
from rosesim.robots.algebra import (
    ZERO,
    Number,
    Quat,
    is_zero,
    known,
    mat_mul,
    mat_vec,
    minus,
    neg,
    plus,
    quat_matrix,
)
from rosesim.robots.contact import geometry
from rosesim.robots.contact.hulls import hulls
from rosesim.robots.contact.kind import At, Moves, Pushes
from rosesim.robots.contact.layout import Layout
from rosesim.robots.contact.pairs import Touch, mixed_friction
from rosesim.robots.contact.shapes import most
from rosesim.robots.contact.tables import Table, guarded, listed
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
    found: dict[Any, list[Touch]] = {}
    for touch in at.touches:
        found.setdefault(_likeness(at, touch), []).append(touch)
    parts = [part for touches in found.values() for part in _by_length(at.m, touches)]
    return [Contacts(at, touches, most_apart, most_dims) for touches in parts]


def _by_length(m: Mechanism, touches: Sequence[Touch]) -> list[list[Touch]]:
    """Contacts whose chains are about as long, in the order in which they were."""
    rest, found = list(touches), list[list[Touch]]()
    lengths = {t: sum(len(c) for c in _chains(m, _carriers(m, t))) for t in touches}
    while rest:
        longest = max(lengths[t] for t in rest)
        found.append([t for t in rest if SPREAD * lengths[t] >= longest])
        rest = [t for t in rest if SPREAD * lengths[t] < longest]
    return found


def _likeness(at: At, touch: Touch) -> Any:
    """What contacts of one kind have in common: what decides while tracing, and how bodies turn and move at all.

    Of where shapes are, zeros do not count: a torso's capsule in the origin would be of a kind of its own.
    """
    m = at.m
    sides = [m.robot.geoms[i] for i in (touch.first, touch.second)]
    bodies = _carriers(m, touch)
    numbers = [x for i in (touch.first, touch.second) for row in shape(at, i).rotation for x in row]
    numbers += [x for body in bodies for part in at.velocity[body] for x in part]
    return (
        *(g.kind for g in sides),
        *(bool(body) for body in bodies),
        _same_tree(m, *bodies),
        tuple(is_zero(x) for x in numbers),
        max(touch.condim, 1),
        touch.solref,
        touch.solimp,
        touch.margin,
        known(*_friction_of(m, touch)),
    )


def shape(at: At, index: int) -> geometry.Shape:
    """A geom where it is, from the reference point of its tree."""
    if index not in at.shapes:
        m, f, geom = at.m, at.f, at.m.robot.geoms[index]
        weld = m.welds[geom.body]
        rotation = mat_mul(f.rotation[weld.carrier], weld.rotation)
        local = plus(weld.pos, mat_vec(weld.rotation, geom.pos))
        size = m.given.vector(f"{title('geom', geom.name, index)} size", geom.size)
        quat: Quat = geom.quat  # pyright: ignore[reportAssignmentType] -- four numbers
        at.shapes[index] = geometry.Shape(
            geom.kind,
            size,
            plus(f.place[weld.carrier], mat_vec(f.rotation[weld.carrier], local)),
            mat_mul(rotation, quat_matrix(quat)),
        )
        if geom.mesh is not None:
            used = (m.robot.geoms[i].mesh for t in at.touches for i in (t.first, t.second))
            meshes = tuple(dict.fromkeys(mesh for mesh in used if mesh is not None))
            tables = hulls(meshes)
            at.shapes[index] = replace(at.shapes[index], size=tables.size(meshes.index(geom.mesh)), hulls=tables)
    return at.shapes[index]


def flat_shape(s: geometry.Shape) -> list[Number]:
    """Its numbers; the sizes last."""
    return [*s.place, *(x for row in s.rotation for x in row), *s.size]


def _shape_of(like: geometry.Shape, x: Sequence[Number]) -> geometry.Shape:
    rows = ((x[3], x[4], x[5]), (x[6], x[7], x[8]), (x[9], x[10], x[11]))
    return replace(like, size=x[12:], place=(x[0], x[1], x[2]), rotation=rows)


def _carriers(m: Mechanism, touch: Touch) -> list[int]:
    """The two bodies of a contact, or the world."""
    return [m.carrier(m.robot.geoms[g].body) for g in (touch.first, touch.second)]


def _chains(m: Mechanism, bodies: Sequence[int]) -> list[list[tuple[int, float]]]:
    """The degrees of freedom that move either side alone, and their signs.

    Within a tree both sides are seen from one point, so that all count to the second one, with signs.
    """
    chains = [set(m.above(body)) if body else set[int]() for body in bodies]
    first, second = (sorted(chains[side] - chains[1 - side]) for side in (0, 1))
    if _same_tree(m, *bodies):
        return [[], sorted([*((d, -1.0) for d in first), *((d, 1.0) for d in second)])]
    return [[(d, 1.0) for d in first], [(d, 1.0) for d in second]]


def _touching(m: Mechanism, touch: Touch) -> str:
    """What decides a contact, by the names of the shapes."""
    first, second = (m.robot.geoms[i].name or f"geom #{i}" for i in (touch.first, touch.second))
    return f"whether {second} touches {first}"


def _same_tree(m: Mechanism, first: int, second: int) -> bool:
    return bool(first and second and tree(m, first) == tree(m, second))


def tree(m: Mechanism, body: int) -> int:
    """The root of a moving body's tree."""
    while m.parent(body):
        body = m.parent(body)
    return body


class Contacts:
    """Contacts of one kind at a state: where they are, and which of them are active."""

    def __init__(self, at: At, touches: Sequence[Touch], most_apart: float | None, most_dims: int) -> None:
        m = at.m
        self._at, self.touches, self.touch = at, touches, touches[0]
        self.dims = min(max(self.touch.condim, 1), most_dims)
        geoms = [[t.first for t in touches], [t.second for t in touches]]
        self.bodies = [list(side) for side in zip(*(_carriers(m, t) for t in touches), strict=True)]
        self.moves = [bool(side[0]) for side in self.bodies]
        """Whether a side is not the world."""
        self._shapes = [_table({g: flat_shape(shape(at, g)) for g in side}, side) for side in geoms]
        self._origins = [_table({b: at.f.origin[b] for b in side}, side) for side in self.bodies]
        frictions = [_friction_of(m, t) for t in touches]
        self._frictions = Table(frictions, range(len(touches)))
        weights = at.weights.translation
        inverse = [sum(weights[m.robot.geoms[g].body] for g in (t.first, t.second)) for t in touches]
        self._inverse = Table([[x] for x in inverse], range(len(touches)))
        self._apart = self.touch.margin if most_apart is None else most_apart
        self._numbers: list[Number | None] = []
        self._names = [_touching(m, t) for t in touches]
        self._made = vec(len(touches), self._pair)
        self._each = self._count_each
        self.size = len(touches) * self._each
        chains = [_chains(m, pair) for pair in zip(*self.bodies, strict=True)]
        rooms = [max(len(chain[side]) for chain in chains) for side in (0, 1)]
        self._sides = [side for side in (0, 1) for _ in range(rooms[side])]
        filled = [[[*c[side], *[(m.nv, 1.0)] * (rooms[side] - len(c[side]))] for side in (0, 1)] for c in chains]
        self._chains = [[*first, *second] for first, second in filled]
        self.dofs = [[d for d, _ in chain] for chain in self._chains for _ in range(self._each)]
        self._order, self.upto = listed(
            self.size, lambda i: self._distance(i) < self._apart, [x for x in self._names for _ in range(self._each)]
        )

    def _shift(self, p: Any) -> Any:
        if _same_tree(self._at.m, self.bodies[0][0], self.bodies[1][0]):
            return ZERO
        first, second = (tuple(table.at(p)) for table in self._origins)
        return minus(first, second)

    def _pair(self, p: Any) -> Any:
        """The contacts of a pair: distances, and where one is near, point and frame of each."""
        likes = [shape(self._at, g) for g in (self.touch.first, self.touch.second)]
        a, b = (_shape_of(like, table.at(p)) for like, table in zip(likes, self._shapes, strict=True))
        a = replace(a, place=plus(a.place, self._shift(p)))
        places = geometry.contacts(a, b, self.touch.margin)
        near: Any = False
        for place in places:
            close = place.distance < self._apart
            near = close if near is False else near | close

        def rest() -> list[Number]:
            found = [place.rest() for place in places]
            return [x for point, frame in found for x in (*point, *frame[0], *frame[1], *frame[2])]

        flat = guarded(near, rest, self._names)
        self._count_each = count = len(places)
        columns = [flat[k::12] for k in range(12)]
        same = [known(*c) and len(set(c)) == 1 for c in columns]
        self._numbers = [c[0] if alike else None for c, alike in zip(columns, same, strict=True)]
        given = [[place.distance for place in places]]
        given += [c for c, alike in zip(columns, same, strict=True) if not alike]
        return tuple(Real(c[0]) if count == 1 else stack([Real(x) for x in c]) for c in given)

    def _number(self, x: Any, i: Any) -> Number:
        return x if self._each == 1 else x[i % self._each]

    def _distance(self, i: Any) -> Number:
        return self._number(self._made[self.pair(i)][0], i)

    def pair(self, i: Any) -> Any:
        """The pair of geoms that contact i is of."""
        return i if self._each == 1 else i // self._each

    def index(self, c: Any) -> Any:
        """Which contact the c-th active one is."""
        return self._order[c]

    def member(self, c: Any) -> Contact:
        """The c-th active contact."""
        i = self.index(c)
        p = self.pair(i)
        made = self._made[p]
        values = iter(self._number(x, i) for x in made[1:])
        x = [next(values) if k is None else k for k in self._numbers]
        frame = ((x[3], x[4], x[5]), (x[6], x[7], x[8]), (x[9], x[10], x[11]))
        layout = Layout((x[0], x[1], x[2]), frame, self._shift(p), self.dims)
        return Contact(
            self, p, layout, self._number(made[0], i), tuple(self._frictions.at(p)), self._inverse.at(p)[0]
        )

    def reading(self, moves: Moves) -> list[Table]:
        """The motions of either side's bodies."""
        return [_table({b: [*moves.bodies[b][0], *moves.bodies[b][1]] for b in side}, side) for side in self.bodies]

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


def _table(things: dict[int, Sequence[Number]], members: Sequence[int]) -> Table:
    """A table of things by their number in the file."""
    keys = sorted(things)
    return Table([things[k] for k in keys], [keys.index(t) for t in members])


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
