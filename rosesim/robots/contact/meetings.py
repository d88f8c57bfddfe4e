"""Pairs of geoms whose shapes are alike: where they are nearest, found in one loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rosesim.ad.language.arrays import concatenate, stack
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.values.real import Real
from rosesim.robots.algebra import (
    V3,
    ZERO,
    Number,
    Quat,
    known,
    mat_mul,
    mat_vec,
    minus,
    plus,
    quat_matrix,
)
from rosesim.robots.contact import geometry
from rosesim.robots.contact.hulls import hulls
from rosesim.robots.contact.kind import At
from rosesim.robots.contact.pairs import Touch
from rosesim.robots.contact.tables import Table, guarded, integers
from rosesim.robots.mechanism import Mechanism
from rosesim.robots.parameters import title

NUMBERS = 12
"""Of a contact besides its distance: point, normal and two tangents."""


def table_of(things: dict[int, Sequence[Number]], members: Sequence[int]) -> Table:
    """A table of things by their number in the file."""
    keys = sorted(things)
    return Table([things[k] for k in keys], [keys.index(t) for t in members])


def carriers(m: Mechanism, touch: Touch) -> list[int]:
    """The two bodies of a contact, or the world."""
    return [m.carrier(m.robot.geoms[g].body) for g in (touch.first, touch.second)]


def same_tree(m: Mechanism, first: int, second: int) -> bool:
    """Whether two bodies move, and hang on the same root."""
    return bool(first and second and tree(m, first) == tree(m, second))


def tree(m: Mechanism, body: int) -> int:
    """The root of a moving body's tree."""
    while m.parent(body):
        body = m.parent(body)
    return body


def _touching(m: Mechanism, touch: Touch) -> str:
    """What decides a contact, by the names of the shapes."""
    first, second = (m.robot.geoms[i].name or f"geom #{i}" for i in (touch.first, touch.second))
    return f"whether {second} touches {first}"


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


class Shift:
    """From the reference point of the second body's tree to that of the first's, by pairs."""

    def __init__(self, at: At, bodies: Sequence[Sequence[int]]) -> None:
        """`bodies`: of each side those of all pairs."""
        self._one = same_tree(at.m, bodies[0][0], bodies[1][0])
        self._origins = [table_of({b: at.f.origin[b] for b in side}, side) for side in bodies]

    def at(self, p: Any) -> V3:
        """Of pair p."""
        if self._one:
            return ZERO
        first, second = ((x, y, z) for x, y, z in (table.at(p) for table in self._origins))
        return minus(first, second)


class Meetings:
    """Pairs of geoms that one loop goes over, and the contacts that each may have."""

    def __init__(self, at: At, touches: Sequence[Touch], apart: float) -> None:
        """`apart`: where points and frames count, in m."""
        m = at.m
        self._at, self.touches, self.apart = at, touches, apart
        geoms = [[t.first for t in touches], [t.second for t in touches]]
        self._shapes = [table_of({g: flat_shape(shape(at, g)) for g in side}, side) for side in geoms]
        self._shift = Shift(at, list(zip(*(carriers(m, t) for t in touches), strict=True)))
        self.names = [_touching(m, t) for t in touches]
        """What decides each."""
        self.numbers: list[Number | None] = []
        """Those of a contact that are known and the same for all, None the others."""
        self._made = vec(len(touches), self._pair)
        self.each = self._count_each
        """How many contacts a pair may have."""
        self.size = len(touches) * self.each

    def _pair(self, p: Any) -> Any:
        """The contacts of a pair: distances, and where one is near, point and frame of each."""
        touch = self.touches[0]
        likes = [shape(self._at, g) for g in (touch.first, touch.second)]
        a, b = (_shape_of(like, table.at(p)) for like, table in zip(likes, self._shapes, strict=True))
        a = replace(a, place=plus(a.place, self._shift.at(p)))
        places = geometry.contacts(a, b, touch.margin)
        near: Any = False
        for place in places:
            close = place.distance < self.apart
            near = close if near is False else near | close

        def rest() -> list[Number]:
            found = [place.rest() for place in places]
            return [x for point, frame in found for x in (*point, *frame[0], *frame[1], *frame[2])]

        flat = guarded(near, rest, self.names)
        self._count_each = count = len(places)
        columns = [flat[k::NUMBERS] for k in range(NUMBERS)]
        same = [known(*c) and len(set(c)) == 1 for c in columns]
        self.numbers = [c[0] if alike else None for c, alike in zip(columns, same, strict=True)]
        given = [[place.distance for place in places]]
        given += [c for c, alike in zip(columns, same, strict=True) if not alike]
        return tuple(Real(c[0]) if count == 1 else stack([Real(x) for x in c]) for c in given)

    def made(self, i: Any) -> list[Number]:
        """Of contact i the distance, and the numbers that are not known."""
        return [self._of(x, i) for x in self._made[self.pair(i)]]

    def distance(self, i: Any) -> Number:
        """Of contact i."""
        return self._of(self._made[self.pair(i)][0], i)

    def pair(self, i: Any) -> Any:
        """The pair that contact i is of."""
        return i if self.each == 1 else i // self.each

    def _of(self, x: Any, i: Any) -> Number:
        return x if self.each == 1 else x[i % self.each]


class Places:
    """The contacts of some loops, one after the other."""

    def __init__(self, meetings: Sequence[Meetings]) -> None:
        """Those numbers of a contact that are known are the same in all."""
        self._one = meetings[0] if len(meetings) == 1 else None
        self._numbers = meetings[0].numbers
        starts = np.cumsum([0, *(len(one.touches) for one in meetings)])
        self.pairs = [
            int(start) + i // one.each for start, one in zip(starts, meetings, strict=False) for i in range(one.size)
        ]
        """The pair of each contact."""
        if self._one is None:
            parts = [vec(one.size, lambda i, one=one: tuple(Real(x) for x in one.made(i))) for one in meetings]
            count = 1 + self._numbers.count(None)
            self._columns = [
                concatenate([vec(len(x), lambda i, x=x, k=k: x[i][k]) for x in parts]) for k in range(count)
            ]
            self._pairs = integers(self.pairs)

    def distance(self, i: Any) -> Number:
        """Of contact i."""
        return self._columns[0][i] if self._one is None else self._one.distance(i)

    def pair(self, i: Any) -> Any:
        """The pair that contact i is of."""
        return self._pairs[i] if self._one is None else self._one.pair(i)

    def at(self, i: Any) -> tuple[Number, list[Number]]:
        """Of contact i the distance, and point and frame."""
        made = [x[i] for x in self._columns] if self._one is None else self._one.made(i)
        rest = iter(made[1:])
        return made[0], [next(rest) if x is None else x for x in self._numbers]
