"""Where along a line decisions flip, and what the value and the slope do there: by bisection.

A bracket is bisected while its ends differ in a decision, the largest effects first, down to a width at which what is
smooth has next to nothing of its effect left in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

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
    """How much work the search along a line may be."""

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


WHOLE = Effort(8, 4, 12, 2)
"""At most 97 points; a few dozen where few decisions flip."""
LITTLE = Effort(4, 1, 6, 1)
"""At most 31 points, for programs with long runs."""


class Line(Protocol):
    """A program along a line from p - d (at -1) to p + d (at 1)."""

    def nodes(self, at: Sequence[float]) -> list[Node | None]:
        """The program at these places; None where it has no number."""
        ...

    def flips(self, one: Node, other: Node) -> list[Flip]:
        """For each decision that differs between two nodes its first flip, in the order of the run."""
        ...


def _size(at: float, value: float, slope: float) -> float:
    """The most that a jump can contribute."""
    return abs(value) + abs(slope) * (1.0 - abs(at))


class Bracket(NamedTuple):
    """A piece of a line, with the program at both ends."""

    one: Node
    other: Node
    bends: tuple[float, ...] = ()
    """Those of the brackets from which it was cut, the widest first."""

    def halves(self, middle: Node) -> tuple[Bracket, Bracket]:
        """The two brackets that meet at a node."""
        bends = (*self.bends, self.bend)
        return Bracket(self.one, middle, bends), Bracket(middle, self.other, bends)

    @property
    def kinks(self) -> bool:
        """Whether the slope jumps: if it bends all along, a narrower bracket has the less of it."""
        return abs(self.bend) > 0.5 * abs(self.bends[-min(AGO, len(self.bends))]) if self.bends else True

    @property
    def flips(self) -> bool:
        """Whether a decision differs between its ends."""
        return self.one.key != self.other.key

    @property
    def middle(self) -> float:
        """The place in its middle."""
        return 0.5 * (self.one.at + self.other.at)

    @property
    def width(self) -> float:
        """Its width; the line's is 2."""
        return self.other.at - self.one.at

    @property
    def jump(self) -> float:
        """The change of the value that the slopes at the ends do not give."""
        return self.other.value - self.one.value - 0.5 * self.width * (self.one.slope + self.other.slope)

    @property
    def bend(self) -> float:
        """The change of the slope."""
        return self.other.slope - self.one.slope

    @property
    def size(self) -> float:
        """The most that what happens here can contribute."""
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
        return place_of(self.able[0])

    @property
    def size(self) -> float:
        """The most that it can contribute."""
        return _size(self.at, self.value, self.slope)


class Piece(NamedTuple):
    """A bracket that is not bisected further, and what happens in it."""

    bracket: Bracket
    jumps: tuple[Jump, ...] = ()


class Alone:
    """What decisions did where they flipped alone, or where next to nothing happened: often, and at most."""

    def __init__(self) -> None:
        self._often: Counter[Place] = Counter()
        self._most: defaultdict[Place, float] = defaultdict(float)

    def saw(self, flips: Sequence[Flip], size: float) -> None:
        """Note that these flipped, and what happened."""
        for place in map(place_of, flips):
            self._often[place] += 1
            self._most[place] = max(self._most[place], size)

    def narrowed(self, jump: Jump) -> Jump:
        """The jump without the decisions that never did as much elsewhere."""
        may = [f for f in jump.able if self._often[place_of(f)] < OFTEN or self._most[place_of(f)] * LESS > jump.size]
        return jump._replace(able=tuple(may)) if may else jump


def pieces(line: Line, alone: Alone, effort: Effort) -> list[Piece] | None:
    """A whole line in pieces, from -1 to 1; None if it has a point without a number."""
    nodes = line.nodes([float(at) for at in np.linspace(-1.0, 1.0, effort.pieces + 1)])
    whole = [n for n in nodes if n is not None and np.isfinite([n.value, n.slope]).all()]
    if len(whole) < len(nodes):
        return None
    missed = whole[-1].value - whole[0].value - 2.0 * whole[effort.pieces // 2].slope
    found = _bisected(line, alone, list(map(Bracket, whole, whole[1:])), effort, effort.levels, LEAST * abs(missed))
    return sorted(found, key=lambda p: p.bracket.one.at)


def place_of(flip: Flip) -> Place:
    """The decision that a flip is of."""
    return flip.what, flip.where


def _bisected(
    line: Line, alone: Alone, brackets: Sequence[Bracket], effort: Effort, levels: int, least: float
) -> list[Piece]:
    """These brackets in pieces, those with jumps 2^levels times narrower; no jumps if all together have at most the
    effect `least`."""
    still = [Piece(b) for b in brackets if not b.flips]
    flipping = sorted((b for b in brackets if b.flips), key=lambda b: -b.size)
    whole = sum(b.size for b in flipping)
    chosen = flipping[: effort.branches] if whole > least else []
    if chosen and levels == 0:
        return still + [_resolved(line, alone, b, k < effort.isolated) for k, b in enumerate(flipping)]
    others = flipping[len(chosen) :]
    slight = chosen[-1].size / LESS if chosen else least
    for b in others:
        if b.size <= slight:
            alone.saw(line.flips(b.one, b.other), b.size)
    if not chosen:
        return still + [Piece(b) for b in others]
    halves: list[Bracket] = []
    for b, middle in zip(chosen, line.nodes([b.middle for b in chosen]), strict=True):
        if middle is None:
            still.append(Piece(b))
        else:
            halves += b.halves(middle)
    part = sum(b.size for b in chosen) / whole
    found = _bisected(line, alone, halves, effort, levels - 1, least * part)
    return still + found + _like(line, others, [alone.narrowed(j) for p in found for j in p.jumps], chosen)


def _resolved(line: Line, alone: Alone, b: Bracket, isolate: bool) -> Piece:
    """A narrow bracket with its jump, and the decisions that flip there and can do it. `isolate` goes on until only
    those are left that flip at the very same point."""
    whole, flips, least = b, line.flips(b.one, b.other), 0.5 * b.size
    for _ in range(MORE if isolate else 0):
        if len(flips) == 1:
            break
        (middle,) = line.nodes([b.middle])
        if middle is None:
            break
        small, half = sorted(b.halves(middle), key=lambda h: h.size if h.flips else -1.0)
        if small.flips and small.size * LESS < half.size:
            alone.saw(line.flips(small.one, small.other), small.size)
        if half.size <= least:
            break  # several jumps, each small
        b, flips = half, line.flips(half.one, half.other)
    jumping = [f for f in flips if f.what not in CONTINUOUS]
    able = jumping if jumping and abs(b.jump) > b.width * abs(b.bend) else flips
    if len(flips) == 1:
        alone.saw(flips, b.size)
    return Piece(whole, (Jump(b.middle, tuple(able), whole.jump, whole.bend if whole.kinks else 0.0),))


def _like(line: Line, brackets: Sequence[Bracket], found: Sequence[Jump], chosen: Sequence[Bracket]) -> list[Piece]:
    """Brackets that were not bisected, with estimated jumps: the part that was `found` in those that were chosen."""
    value = _part(sum(abs(j.value) for j in found), sum(abs(b.jump) for b in chosen))
    slope = _part(sum(abs(j.slope) for j in found), sum(abs(b.bend) for b in chosen))
    weight: defaultdict[Place, float] = defaultdict(float)
    for j in found:
        weight[j.place] += j.size
    added: list[Piece] = []
    for b in brackets:
        flips = line.flips(b.one, b.other) if found else []
        known = [weight[place_of(f)] for f in flips]
        whole = sum(known)
        parts = [w / whole if whole else 1.0 / len(flips) for w in known]
        jumps = [
            Jump(b.middle, (f,), w * value * b.jump, w * slope * b.bend) for f, w in zip(flips, parts, strict=True)
        ]
        added.append(Piece(b, tuple(j for j in jumps if j.size)))
    return added


def _part(of: float, whole: float) -> float:
    return min(1.0, of / whole) if whole else 0.0
