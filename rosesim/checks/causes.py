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

AGO = 4
"""A slope jumps if most of its change is still there in a bracket that is 2^4 times narrower."""
LEAST = 1e-3
"""Brackets whose effects add up to less than this part of what is missed are not bisected further."""
MORE = 20
"""Further bisections that tell decisions apart which flip near to each other."""
OFTEN, LESS = 2, 10.0
"""Of decisions that flip together those are not blamed that flip elsewhere at least so often, and do less than the
jump by this factor there."""
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


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work the search for causes may be."""

    lines: int
    """The number of steps that are examined."""
    pieces: int
    """Pieces into which a step is cut first: an even number, since its middle is where the gradient was taken.
    Decisions that flip and flip back within one piece are not seen."""
    branches: int
    """Brackets that are bisected at each level, those with the largest effects. If more flip, the others are judged
    by what is left of these."""
    levels: int
    """The number of bisections. What is smooth over the step has next to nothing of its effect in what is left."""
    isolated: int
    """The number of jumps that are bisected further where several decisions flip so near to each other."""


WHOLE = Effort(16, 8, 4, 12, 2)
"""At most 97 points of each of 16 lines; a few dozen where few decisions flip."""
LITTLE = Effort(1, 4, 1, 6, 1)
"""At most 31 points, for programs with long runs."""


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
    bends: tuple[float, ...] = ()
    """Those of the brackets from which it was cut, the widest first."""

    def halves(self, middle: Node) -> tuple[_Bracket, _Bracket]:
        bends = (*self.bends, self.bend)
        return _Bracket(self.one, middle, bends), _Bracket(middle, self.other, bends)

    @property
    def kinks(self) -> bool:
        """Whether the slope jumps: if it bends all along, a narrower bracket has the less of it."""
        return abs(self.bend) > 0.5 * abs(self.bends[-min(AGO, len(self.bends))]) if self.bends else True

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
    """What happens at a flip: the value and the slope jump by so much. `able` has the decisions that flip there and
    can do it, in the order of the run."""

    at: float
    able: tuple[Flip, ...]
    value: float
    slope: float

    @property
    def place(self) -> Place:
        """The decision that is blamed: the first, since it may make the others flip."""
        return _place(self.able[0])

    @property
    def size(self) -> float:
        """The most that it can contribute."""
        return _size(self.at, self.value, self.slope)


class _Alone:
    """What decisions did where they flipped alone, or where next to nothing happened: often, and at most."""

    def __init__(self) -> None:
        self._often: Counter[Place] = Counter()
        self._most: defaultdict[Place, float] = defaultdict(float)

    def saw(self, flips: Sequence[Flip], size: float) -> None:
        for place in map(_place, flips):
            self._often[place] += 1
            self._most[place] = max(self._most[place], size)

    def able(self, jump: Jump) -> Jump:
        """The jump without the decisions that never did as much elsewhere."""
        may = [f for f in jump.able if self._often[_place(f)] < OFTEN or self._most[_place(f)] * LESS > jump.size]
        return jump._replace(able=tuple(may)) if may else jump


class _Seen(NamedTuple):
    """A line of which the jumps are known, and what the gradient at its middle misses."""

    missed: float
    jumps: list[Jump]

    def shares(self) -> dict[Place | None, float]:
        """The share of each decision; they add up to 1."""
        effects: dict[Place | None, float] = {**_effects(self.jumps)}
        effects[None] = self.missed - sum(effects.values())
        return {place: float(e / self.missed) for place, e in netted(effects).items()}


def causes(lines: Sequence[Line], weights: Sequence[float], effort: Effort = WHOLE) -> tuple[Cause, ...]:
    """The causes of what the gradient at the middle of each line misses, the largest first. Their shares are weighted
    means over the lines; a decision's step is in the middle of those seen. Lines with a point without a number, and
    those of which nothing is missed, are left out."""
    alone = _Alone()
    seen = [(s, w) for line, w in zip(lines, weights, strict=True) if (s := _seen(line, alone, effort)) is not None]
    seen = [(_Seen(s.missed, list(map(alone.able, s.jumps))), w) for s, w in seen]
    whole = sum(w for _, w in seen)
    total: defaultdict[Place | None, float] = defaultdict(float)
    jumps: defaultdict[Place | None, list[Jump]] = defaultdict(list)
    for s, weight in seen:
        for place, share in s.shares().items():
            total[place] += weight * share / whole
        for jump in s.jumps:
            jumps[jump.place].append(jump)
    found = [_cause(None if place is None else jumps[place], share) for place, share in total.items()]
    return tuple(sorted(found, key=lambda c: -c.share))


def _cause(jumps: Sequence[Jump] | None, share: float) -> Cause:
    """The cause of these jumps (None: of the rest, which bends)."""
    if jumps is None:
        return Cause(None, share)
    middle = sorted(jumps, key=lambda j: j.able[0].step or 0)[len(jumps) // 2]
    always = set.intersection(*(set(map(_place, j.able)) for j in jumps))
    flip, *others = middle.able
    return Cause(flip, share, tuple(
        f for f in others if f.step == flip.step and f.where != flip.where and _place(f) in always
    ))  # fmt: skip


def _seen(line: Line, alone: _Alone, effort: Effort) -> _Seen | None:
    nodes = line.nodes([float(at) for at in np.linspace(-1.0, 1.0, effort.pieces + 1)])
    whole = [n for n in nodes if n is not None and np.isfinite([n.value, n.slope]).all()]
    if len(whole) < len(nodes):
        return None
    missed = whole[-1].value - whole[0].value - 2.0 * whole[effort.pieces // 2].slope
    if missed == 0.0 or not np.isfinite(missed):
        return None
    brackets = list(map(_Bracket, whole, whole[1:]))
    return _Seen(missed, _jumps(line, alone, brackets, effort, effort.levels, LEAST * abs(missed)))


def netted(effects: Mapping[Any, float]) -> dict[Any, float]:
    """Effects of which those that cancel are left out: only those with the sign of the sum, scaled to that sum.

    >>> netted({"falls": 3.0, "stops": -2.0, "turns": 1.0})
    {'falls': 1.5, 'turns': 0.5}
    """
    total = sum(effects.values())
    alike = {k: e for k, e in effects.items() if e * total > 0.0}
    whole = sum(alike.values())
    return {k: e / whole * total for k, e in alike.items()}


def because(found: Sequence[Cause], lines: int) -> str:
    """The causes in words, as they were found along so many lines: those with a share that is worth a name."""
    if not found:
        return "the value jumps or bends within the step"
    if found[0].flip is None and found[0].share > 1.0 - NAMED:
        return "no decision makes it: the value bends within the step"
    named = [f"{100 * c.share:.0f} % comes from {c}" for c in found if c.share >= NAMED]
    return (
        f"of what it misses in {lines} of them, " + ", ".join(named)
        if named
        else "many decisions flip, none of which makes much of it"
    )


def _jumps(
    line: Line, alone: _Alone, brackets: Sequence[_Bracket], effort: Effort, levels: int, least: float
) -> list[Jump]:
    """The jumps in these brackets, found in such as are 2^levels times narrower; none if all together have at most
    the effect `least`."""
    flipping = sorted((b for b in brackets if b.one.key != b.other.key), key=lambda b: -b.size)
    whole = sum(b.size for b in flipping)
    chosen = flipping[: effort.branches] if whole > least else []
    others = flipping[len(chosen) :]
    for b in others if levels or not chosen else ():
        if b.size <= least:
            alone.saw(line.flips(b.one, b.other), b.size)
    if not chosen:
        return []
    if levels == 0:
        return [_resolved(line, alone, b, k < effort.isolated) for k, b in enumerate(flipping)]
    halves: list[_Bracket] = []
    for b, middle in zip(chosen, line.nodes([b.middle for b in chosen]), strict=True):
        if middle is not None:
            halves += b.halves(middle)
    part = sum(b.size for b in chosen) / whole
    found = _jumps(line, alone, halves, effort, levels - 1, least * part)
    return found + _like(line, others, found, chosen)


def _resolved(line: Line, alone: _Alone, b: _Bracket, isolate: bool) -> Jump:
    """The jump in a narrow bracket, with the decisions that flip there and can do it. `isolate` goes on until only
    those are left in it that flip at the very same point."""
    flips = line.flips(b.one, b.other)
    least = 0.5 * b.size
    for _ in range(MORE if isolate else 0):
        (middle,) = line.nodes([b.middle])
        if len(flips) == 1 or middle is None:
            break
        half = max((h for h in b.halves(middle) if h.one.key != h.other.key), key=lambda h: h.size)
        if half.size < least:
            break  # several jumps, each small
        b, flips = half, line.flips(half.one, half.other)
    jumping = [f for f in flips if f.what not in CONTINUOUS]
    able = jumping if jumping and abs(b.jump) > b.width * abs(b.bend) else flips
    if len(flips) == 1:
        alone.saw(flips, b.size)
    return Jump(b.middle, tuple(able), b.jump, b.bend if b.kinks else 0.0)


def _like(line: Line, brackets: Sequence[_Bracket], found: Sequence[Jump], chosen: Sequence[_Bracket]) -> list[Jump]:
    """Estimated jumps in brackets that were not bisected: the part that was `found` in those that were."""
    value = _part(sum(abs(j.value) for j in found), sum(abs(b.jump) for b in chosen))
    slope = _part(sum(abs(j.slope) for j in found), sum(abs(b.bend) for b in chosen))
    weight: defaultdict[Place, float] = defaultdict(float)
    for j in found:
        weight[j.place] += j.size
    added: list[Jump] = []
    for b in brackets if found else ():
        flips = line.flips(b.one, b.other)
        known = [weight[_place(f)] for f in flips]
        whole = sum(known)
        for f, w in zip(flips, known, strict=True):
            if part := w / whole if whole else 1.0 / len(flips):
                added.append(Jump(b.middle, (f,), part * value * b.jump, part * slope * b.bend))
    return added


def _part(of: float, whole: float) -> float:
    return min(1.0, of / whole) if whole else 0.0


def _place(flip: Flip) -> Place:
    return flip.what, flip.where


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
