"""Which geoms may touch, and what holds for a pair: decided once, from the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rosesim.robots.algebra import Number
from rosesim.robots.contact.shapes import most
from rosesim.robots.description import KINDS_OF_GEOMS, Description, Geom, Pair
from rosesim.robots.mechanism import Mechanism

Five = tuple[Number, Number, Number, Number, Number]
"""Friction along the two tangents, torsional, rolling about both."""


@dataclass(frozen=True)
class Touch:
    """A pair of geoms that may touch: the first is the one whose kind stands first in MuJoCo's order."""

    first: int
    second: int
    condim: int
    friction: Five
    solref: tuple[float, ...]
    solimp: tuple[float, ...]
    margin: float
    given: Pair | None = None
    """The file's own pair, whose friction is not the geoms'."""


def touches(m: Mechanism) -> list[Touch]:
    """All pairs of a robot that may touch."""
    robot = m.robot
    if {"contact", "constraint"} & robot.options.disabled:
        return []
    explicit = {frozenset(p.geoms): p for p in robot.pairs}
    found: list[Touch] = []
    for i, j in candidates(m):
        if frozenset((i, j)) not in explicit:
            found.append(_combined(robot, i, j))
    for pair in robot.pairs:
        i, j = _ordered(robot, *pair.geoms)
        found.append(_given(robot, i, j, pair))
    return found


def candidates(m: Mechanism) -> Iterator[tuple[int, int]]:
    """Pairs of geoms that the masks and the tree allow, in order of kind."""
    robot = m.robot
    excluded = {frozenset(p) for p in robot.excluded}
    for i, a in enumerate(robot.geoms):
        for j in range(i + 1, len(robot.geoms)):
            b = robot.geoms[j]
            if not (a.contype & b.conaffinity or b.contype & a.conaffinity):
                continue
            if a.kind in ("plane", "hfield") and b.kind in ("plane", "hfield"):
                continue
            if frozenset((a.body, b.body)) in excluded or not _apart(m, a.body, b.body):
                continue
            yield _ordered(robot, i, j)


def _apart(m: Mechanism, a: int, b: int) -> bool:
    """Whether two bodies are neither one piece nor parent and child; a child of the world touches the world."""
    a, b = m.carrier(a), m.carrier(b)
    if a == b:
        return False
    if "filterparent" in m.robot.options.disabled or not a or not b:
        return True
    return m.parent(a) != b and m.parent(b) != a


def _ordered(robot: Description, i: int, j: int) -> tuple[int, int]:
    kinds = [KINDS_OF_GEOMS.index(robot.geoms[k].kind) for k in (i, j)]
    return (i, j) if kinds[0] <= kinds[1] else (j, i)


def _combined(robot: Description, i: int, j: int) -> Touch:
    a, b = robot.geoms[i], robot.geoms[j]
    margin = a.margin + b.margin
    if a.priority != b.priority:
        top = a if a.priority > b.priority else b
        return Touch(i, j, top.condim, _five(top.friction), top.solref, top.solimp, margin)
    share = _share(a, b)
    mixed = [
        tuple(share * x + (1.0 - share) * y for x, y in zip(p, q, strict=True))
        for p, q in ((a.solref, b.solref), (a.solimp, b.solimp))
    ]
    if a.solref[0] <= 0.0 or b.solref[0] <= 0.0:  # stiffness and damping: the smaller of each
        mixed[0] = tuple(min(x, y) for x, y in zip(a.solref, b.solref, strict=True))
    friction = tuple(max(x, y) for x, y in zip(a.friction, b.friction, strict=True))
    return Touch(i, j, max(a.condim, b.condim), _five(friction), mixed[0], mixed[1], margin)


def mixed_friction(robot: Description, touch: Touch, first: Sequence[Number], second: Sequence[Number]) -> Five:
    """The friction of a pair whose geoms have other frictions than in the file, which may be traced."""
    a, b = (robot.geoms[i].priority for i in (touch.first, touch.second))
    if a != b:
        mixed = _five(first if a > b else second)
    else:
        mixed = _five([most(x, y) for x, y in zip(first, second, strict=True)])
    return mixed if touch.given is None else _own_friction(touch.given, mixed)


def _share(a: Geom, b: Geom) -> float:
    """The weight of the first geom's solver parameters."""
    least = 1e-15
    if a.solmix >= least and b.solmix >= least:
        return a.solmix / (a.solmix + b.solmix)
    if a.solmix < least and b.solmix < least:
        return 0.5
    return 0.0 if a.solmix < least else 1.0


def _five(friction: Sequence[Number]) -> Five:
    slide, torsion, roll = friction[:3]
    return slide, slide, torsion, roll, roll


def _own_friction(pair: Pair, mixed: Five) -> Five:
    """What a pair of the file gives, and for the rest that of its geoms."""
    if pair.friction is None:
        return mixed
    return (*pair.friction, *mixed[len(pair.friction) :])[:5]  # pyright: ignore[reportReturnType] -- five numbers


def _given(robot: Description, i: int, j: int, pair: Pair) -> Touch:
    own = _combined(robot, i, j)
    return Touch(
        i,
        j,
        own.condim if pair.condim is None else pair.condim,
        _own_friction(pair, own.friction),
        own.solref if pair.solref is None else pair.solref,
        own.solimp if pair.solimp is None else pair.solimp,
        own.margin if pair.margin is None else pair.margin,
        pair,
    )
