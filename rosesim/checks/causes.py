"""What causes the change that a gradient misses: the decisions that flip within a step, each with its share.

Along a step from p - d to p + d, f(p + d) - f(p - d) - 2 g . d is the sum of the value's jumps at the flips, of the
slope's jumps there, each times the way on which the new slope lasts, and of the rest, which no decision makes. The
flips are found by bisection, with the value, the slope and the decisions at each point. So a decision is blamed for
what happens where it flips, not for being the first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
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
    together: tuple[Flip, ...] = ()
    """Decisions on other lines that always flip where this one does, in the same step: the share is that of all."""

    def __str__(self) -> str:
        if self.flip is None:
            return "a bend that no decision makes"
        also = self.together
        more = (
            ""
            if not also
            else f" with {also[0].what} in {also[0].where}"
            if len(also) == 1
            else f" with {len(also)} more"
        )
        return f"{self.flip}{more}"

    def record(self) -> dict[str, Any]:
        """The cause as JSON's types."""
        if self.flip is None:
            return {"what": "bend", "where": None, "step": None, "share": self.share, "together": []}
        together = [{"what": f.what, "where": _line(f)} for f in self.together]
        return {
            "what": self.flip.what,
            "where": _line(self.flip),
            "step": self.flip.step,
            "share": self.share,
            "together": together,
        }


def _size(at: float, value: float, slope: float) -> float:
    """The most that a jump can contribute."""
    return abs(value) + abs(slope) * (1.0 - abs(at))


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

    @property
    def size(self) -> float:
        return _size(self.middle, self.jump, self.bend)


class Jump(NamedTuple):
    """What happens at a flip: the value and the slope jump by so much."""

    at: float
    flip: Flip
    value: float
    slope: float
    together: tuple[Flip, ...] = ()

    @property
    def place(self) -> Place:
        """The decision that is blamed."""
        return self.flip.what, self.flip.where

    @property
    def size(self) -> float:
        """The most that it can contribute."""
        return _size(self.at, self.value, self.slope)


def shares(line: Line, levels: int = LEVELS) -> tuple[dict[Place | None, float], list[Jump]] | None:
    """The share of each decision in what the gradient at the middle of a line misses (None: the rest, which bends),
    and the jumps. Shares add up to 1. None if the line has a point without a number, or nothing is missed."""
    nodes = line.nodes([float(at) for at in np.linspace(-1.0, 1.0, GRID + 1)])
    whole = [n for n in nodes if n is not None and np.isfinite([n.value, n.slope]).all()]
    if len(whole) < len(nodes):
        return None
    missed = whole[-1].value - whole[0].value - 2.0 * whole[GRID // 2].slope
    if missed == 0.0 or not np.isfinite(missed):
        return None
    found = _Bisection(line, LEAST * abs(missed)).jumps(list(map(_Bracket, whole, whole[1:])), levels)
    effects: dict[Place | None, float] = {**_effects(found)}
    effects[None] = missed - sum(effects.values())
    return {place: e / missed for place, e in netted(effects).items()}, found


def causes(lines: Sequence[Line], weights: Sequence[float], levels: int = LEVELS) -> tuple[Cause, ...]:
    """The causes of what is missed along several lines, the largest first. Their shares are weighted means; a
    decision's step is in the middle of those seen."""
    total: defaultdict[Place | None, float] = defaultdict(float)
    jumps: defaultdict[Place | None, list[Jump]] = defaultdict(list)
    whole = 0.0
    for line, weight in zip(lines, weights, strict=True):
        if (seen := shares(line, levels)) is None:
            continue
        whole += weight
        for place, share in seen[0].items():
            total[place] += weight * share
        for jump in seen[1]:
            jumps[jump.place].append(jump)

    def cause(place: Place | None, share: float) -> Cause:
        if place is None:
            return Cause(None, share)
        there = sorted(jumps[place], key=lambda j: j.flip.step or 0)
        shared = set.intersection(*({(f.what, f.where) for f in j.together} for j in there))
        middle = there[len(there) // 2]
        return Cause(middle.flip, share, tuple(f for f in middle.together if (f.what, f.where) in shared))

    found = [cause(place, float(t / whole)) for place, t in total.items() if t > 0.0]
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
    if found[0].flip is None and found[0].share > 1.0 - NAMED:
        return "no decision makes it: the value bends within the step"
    named = [f"{100 * c.share:.0f} % comes from {c}" for c in found if c.share >= NAMED]
    return "of what it misses " + ", ".join(named) if named else "many decisions flip, none of which makes much of it"


class _Bisection:
    """The search for the jumps along one line; `least` is the effect that is looked for."""

    def __init__(self, line: Line, least: float):
        self._line, self._least = line, least
        self._idle: Counter[Place] = Counter()
        """How many brackets there are in which a decision flips and next to nothing happens."""

    def jumps(self, brackets: Sequence[_Bracket], levels: int) -> list[Jump]:
        """The jumps in these brackets, found in such as are 2^levels times narrower."""
        flipping: list[_Bracket] = []
        small: list[Jump] = []
        for b in brackets:
            if b.one.key == b.other.key:
                continue
            if b.size > self._least:
                flipping.append(b)
                continue
            flips = self._line.flips(b.one, b.other)
            self._idle.update((f.what, f.where) for f in flips)
            small.append(_resolved(b, flips, {}))  # next to nothing; of stairs without number each step is that
        if not flipping:
            return small
        if levels == 0:
            there = [self._line.flips(b.one, b.other) for b in flipping]
            busy = Counter((f.what, f.where) for flips in there for f in flips)
            return small + [_resolved(b, flips, self._idle - busy) for b, flips in zip(flipping, there, strict=True)]
        flipping.sort(key=lambda b: -b.size)
        chosen, others = flipping[:BRANCHES], flipping[BRANCHES:]
        halves: list[_Bracket] = []
        for b, middle in zip(chosen, self._line.nodes([b.middle for b in chosen]), strict=True):
            if middle is not None:
                halves += [_Bracket(b.one, middle), _Bracket(middle, b.other)]
        found = self.jumps(halves, levels - 1)
        return small + found + self._like(others, found, sum(b.size for b in chosen))

    def _like(self, brackets: Sequence[_Bracket], found: Sequence[Jump], before: float) -> list[Jump]:
        """Estimated jumps in brackets that were not bisected: the part that is left of others, by their decisions."""
        left = sum(j.size for j in found)
        kept = min(1.0, left / before)
        weight: defaultdict[Place, float] = defaultdict(float)
        for j in found:
            weight[j.place] += j.size
        added: list[Jump] = []
        for b in brackets if kept else ():
            flips = self._line.flips(b.one, b.other)
            known = [weight[f.what, f.where] for f in flips]
            whole = sum(known)
            for f, w in zip(flips, known, strict=True):
                part = kept * (w / whole if whole else 1.0 / len(flips))
                if part:
                    added.append(Jump(b.middle, f, part * b.jump, part * b.bend))
        return added


def _resolved(b: _Bracket, flips: Sequence[Flip], harmless: Mapping[Place, int]) -> Jump:
    """The jump in a narrow bracket. Of the decisions that flip there and can do it, without those that mostly flip
    without an effect, it is given to the first in the run, since that one may make the others flip."""
    jumping = [f for f in flips if f.what not in CONTINUOUS]
    able = jumping if jumping and abs(b.jump) > b.width * abs(b.bend) else flips
    able = [f for f in able if (f.what, f.where) not in harmless] or able
    others = (f for f in able if f.step == able[0].step and f.where != able[0].where)
    return Jump(b.middle, able[0], b.jump, b.bend, tuple(others))


def _effects(jumps: Sequence[Jump]) -> dict[Place, float]:
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


def _line(flip: Flip) -> str | None:
    return None if flip.where is None else str(flip.where)
