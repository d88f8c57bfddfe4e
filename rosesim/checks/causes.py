"""What causes the change that a gradient misses: the decisions that flip within a step, each with its share.

Along a step from p - d to p + d, f(p + d) - f(p - d) - 2 g . d is the sum of the value's jumps at the flips, of the
slope's jumps there, each times the way on which the new slope lasts, and of the rest, which no decision makes. The
flips are found by bisection, with the value, the slope and the decisions at each point. So a decision is blamed for
what happens where it flips, not for being the first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.instrument.decisions import CONTINUOUS, Flip
from rosesim.ad.program.ir import Where

GRID = 8
"""Pieces into which a step is cut first. Decisions that flip and flip back within one piece are not seen."""
LEVELS = 12
"""Bisections of a piece in which a decision flips. What is smooth and as wide as the step has then a part of
2^-12 / 4 of its effect left in the bracket, far below any share that is told."""
BRANCHES = 4
"""Brackets that are bisected at each level, those with the largest effects. If more flip, the others are judged by
what is left of these."""
LEAST = 1e-3
"""A bracket that contributes less than this part of what is missed is not bisected further."""
NAMED = 0.15
"""A decision with a smaller share is not named: it is not what a user should change first."""

Place = tuple[str, Where | None]
"""A decision: its word and its line."""
Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """The program at p + `at` d: the value, its derivative along d, and the table of decisions with its hash."""

    at: float
    value: float
    slope: float
    key: int
    table: Table


class Line(Protocol):
    """A program along a line from p - d (at -1) to p + d (at 1)."""

    def nodes(self, at: Sequence[float]) -> list[Node | None]:
        """The program at these places; None where it has no number."""
        ...

    def flips(self, one: Node, other: Node) -> list[Flip]:
        """For each decision that differs between two nodes its first flip, in the order of the run."""
        ...


@dataclass(frozen=True, slots=True)
class Cause:
    """A decision, or None for the bend that no decision makes, and its share of what the gradient misses."""

    flip: Flip | None
    share: float

    def record(self) -> dict[str, Any]:
        """The cause as JSON's types."""
        if self.flip is None:
            return {"what": "bend", "where": None, "step": None, "share": self.share}
        where = None if self.flip.where is None else str(self.flip.where)
        return {"what": self.flip.what, "where": where, "step": self.flip.step, "share": self.share}


class _Bracket(NamedTuple):
    one: Node
    other: Node

    @property
    def middle(self) -> float:
        return 0.5 * (self.one.at + self.other.at)

    @property
    def width(self) -> float:
        return self.other.at - self.one.at

    @property
    def jump(self) -> float:
        """The change of the value that the slopes at the ends do not give."""
        return self.other.value - self.one.value - 0.5 * self.width * (self.one.slope + self.other.slope)

    @property
    def bend(self) -> float:
        return self.other.slope - self.one.slope


class _Jump(NamedTuple):
    """What happens at a flip: the value and the slope jump by so much."""

    at: float
    flip: Flip
    value: float
    slope: float

    @property
    def place(self) -> Place:
        return self.flip.what, self.flip.where


def shares(line: Line, levels: int = LEVELS) -> tuple[dict[Place | None, float], list[Flip]] | None:
    """The share of each decision in what the gradient at the middle of a line misses (None: the rest, which bends),
    and the flips. Shares add up to 1. None if the line has a point without a number, or nothing is missed."""
    nodes = line.nodes([float(at) for at in np.linspace(-1.0, 1.0, GRID + 1)])
    whole = [n for n in nodes if n is not None and np.isfinite([n.value, n.slope]).all()]
    if len(whole) < len(nodes):
        return None
    missed = whole[-1].value - whole[0].value - 2.0 * whole[GRID // 2].slope
    if missed == 0.0 or not np.isfinite(missed):
        return None
    found = _bisected(line, list(map(_Bracket, whole, whole[1:])), levels, LEAST * abs(missed))
    effects: dict[Place | None, float] = {**_effects(found)}
    effects[None] = missed - sum(effects.values())
    return {place: e / missed for place, e in netted(effects).items()}, [j.flip for j in found]


def causes(lines: Sequence[Line], weights: Sequence[float], levels: int = LEVELS) -> tuple[Cause, ...]:
    """The causes of what is missed along several lines, the largest first. Their shares are weighted means; a
    decision's step is in the middle of those seen."""
    total: defaultdict[Place | None, float] = defaultdict(float)
    flips: defaultdict[Place | None, list[Flip]] = defaultdict(list)
    whole = 0.0
    for line, weight in zip(lines, weights, strict=True):
        if (seen := shares(line, levels)) is None:
            continue
        whole += weight
        for place, share in seen[0].items():
            total[place] += weight * share
        for flip in seen[1]:
            flips[flip.what, flip.where].append(flip)

    def middle(place: Place | None) -> Flip | None:
        there = sorted(flips[place], key=lambda f: f.step or 0)
        return there[len(there) // 2] if there else None

    found = [Cause(middle(place), t / whole) for place, t in total.items() if t > 0.0]
    return tuple(sorted(found, key=lambda c: -c.share))


def netted(effects: Mapping[Any, float]) -> dict[Any, float]:
    """Effects of which those that cancel are left out: only those with the sign of the sum, scaled to that sum.

    >>> netted({"falls": 3.0, "stops": -2.0, "turns": 1.0})
    {'falls': 1.5, 'turns': 0.5}
    """
    total = sum(effects.values())
    alike = {k: e for k, e in effects.items() if e * total > 0.0}
    whole = sum(alike.values())
    return {k: e / whole * total for k, e in alike.items()}


def because(found: Sequence[Cause]) -> str:
    """The causes in words: those with a share that is worth a name."""
    if not found:
        return "the value jumps or bends within the step"
    if found[0].flip is None and len(found) == 1:
        return "no decision flips: the value bends within the step"
    named = [c for c in found if c.share >= NAMED]
    told = [f"{100 * c.share:.0f} % comes from {c.flip or 'a bend that no decision makes'}" for c in named]
    return "of what it misses " + " and ".join(told)


def _bisected(line: Line, brackets: Sequence[_Bracket], levels: int, least: float) -> list[_Jump]:
    """The jumps within brackets, each in a bracket that is 2^levels times narrower."""
    flipping = [b for b in brackets if b.one.key != b.other.key and _size(b.middle, b.jump, b.bend) > least]
    if not flipping:
        return []
    if levels == 0:
        return [_resolved(line, b) for b in flipping]
    flipping.sort(key=lambda b: -_size(b.middle, b.jump, b.bend))
    chosen, others = flipping[:BRANCHES], flipping[BRANCHES:]
    halves: list[_Bracket] = []
    for b, middle in zip(chosen, line.nodes([b.middle for b in chosen]), strict=True):
        if middle is not None:
            halves += [_Bracket(b.one, middle), _Bracket(middle, b.other)]
    found = _bisected(line, halves, levels - 1, least)
    if others:
        found += _like(line, others, found, sum(_size(b.middle, b.jump, b.bend) for b in chosen))
    return found


def _size(at: float, value: float, slope: float) -> float:
    """The most that a jump can contribute."""
    return abs(value) + abs(slope) * (1.0 - abs(at))


def _resolved(line: Line, b: _Bracket) -> _Jump:
    """The jump in a narrow bracket: of the decisions that flip there the first that can do it."""
    flips = line.flips(b.one, b.other)
    jumping = [f for f in flips if f.what not in CONTINUOUS]
    able = jumping if jumping and abs(b.jump) > b.width * abs(b.bend) else flips
    return _Jump(b.middle, able[0], b.jump, b.bend)


def _like(line: Line, brackets: Sequence[_Bracket], found: Sequence[_Jump], before: float) -> list[_Jump]:
    """Estimated jumps in brackets that were not bisected: the part that is left of the others, by their decisions."""
    left = sum(_size(j.at, j.value, j.slope) for j in found)
    kept = min(1.0, left / before)
    weight: defaultdict[Place, float] = defaultdict(float)
    for j in found:
        weight[j.place] += _size(j.at, j.value, j.slope)
    added: list[_Jump] = []
    for b in brackets if kept else ():
        flips = line.flips(b.one, b.other)
        known = [weight[f.what, f.where] for f in flips]
        whole = sum(known)
        for f, w in zip(flips, known, strict=True):
            part = kept * (w / whole if whole else 1.0 / len(flips))
            if part:
                added.append(_Jump(b.middle, f, part * b.jump, part * b.bend))
    return added


def _effects(jumps: Sequence[_Jump]) -> dict[Place, float]:
    """What each decision contributes: its jumps of the value, and its slopes as long as others do not undo them."""
    effects: defaultdict[Place, float] = defaultdict(float)
    for j in jumps:
        effects[j.place] += j.value
    for side in (-1, 1):
        outward = sorted((j for j in jumps if j.at * side > 0.0), key=lambda j: abs(j.at))
        slopes: defaultdict[Place, float] = defaultdict(float)
        ends = [*(abs(j.at) for j in outward), 1.0][1:]
        for j, end in zip(outward, ends, strict=True):
            slopes[j.place] += side * j.slope
            for place, slope in netted(slopes).items():
                effects[place] += slope * (end - abs(j.at))
    return dict(effects)
