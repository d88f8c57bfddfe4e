"""What causes the change that a gradient misses: the decisions that flip within a step, each with its share.

Along a step from p - d to p + d, f(p + d) - f(p - d) - 2 g . d is the sum over all pieces of what the value changes
there beyond the slope at p. Of that a decision has made its jumps of the value, and, on the way from p, its jumps of
the slope, as far as the slope in the piece is still changed in that direction. The rest is a bend that no single
decision makes. So a decision is blamed for what happens where it flips, not for being the first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.ad.instrument.decisions import Flip
from rosesim.checks.flips import WHOLE, Alone, Effort, Jump, Line, Piece, Place, pieces, place_of

NAMED = 0.2
"""A decision with a smaller share is not named: it is not what a user should change first."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A decision, or None for the bend that no decision makes, and its share of what the gradient misses."""

    flip: Flip | None
    share: float
    together: tuple[Flip, ...] = ()
    """Decisions on other lines that always flip where this one does, in the same step: the share is that of all."""

    def __str__(self) -> str:
        if self.flip is None:
            return "a bend that no single decision makes"
        also = self.together
        if not also:
            return f"{self.flip}"
        more = f"{also[0].words} in {also[0].where}" if len(also) == 1 else f"{len(also)} more"
        return f"{self.flip} with {more}"

    def record(self) -> dict[str, Any]:
        """The cause as JSON's types."""
        if self.flip is None:
            return {"what": "bend", "where": None, "step": None, "share": self.share, "together": []}
        together = [{"what": f.words, "where": _line(f)} for f in self.together]
        return {
            "what": self.flip.words,
            "where": _line(self.flip),
            "step": self.flip.step,
            "share": self.share,
            "together": together,
        }


def causes(lines: Sequence[Line], weights: Sequence[float], effort: Effort = WHOLE) -> tuple[Cause, ...]:
    """The causes of what the gradient at the middle of each line misses, the largest first. Their shares are weighted
    means over the lines; a decision's step is in the middle of those seen. Lines with a point without a number, and
    those of which nothing is missed, are left out."""
    alone = Alone()
    seen = [(pieces(line, alone, effort), w) for line, w in zip(lines, weights, strict=True)]
    seen = [(_narrowed(p, alone), w) for p, w in seen if p is not None and missed(p) != 0.0]
    whole = sum(w for _, w in seen)
    total: defaultdict[Place | None, float] = defaultdict(float)
    jumps: defaultdict[Place | None, list[Jump]] = defaultdict(list)
    for line, weight in seen:
        for place, share in shares(line).items():
            total[place] += weight * share / whole
        for jump in (j for p in line for j in p.jumps):
            jumps[jump.place].append(jump)
    found = [_cause(None if place is None else jumps[place], share) for place, share in total.items()]
    return tuple(sorted(found, key=lambda c: -c.share))


def _cause(jumps: Sequence[Jump] | None, share: float) -> Cause:
    """The cause of these jumps (None: of the rest, which bends)."""
    if jumps is None:
        return Cause(None, share)
    middle = sorted(jumps, key=lambda j: j.able[0].step or 0)[len(jumps) // 2]
    always = set.intersection(*(set(map(place_of, j.able)) for j in jumps))
    flip, *others = middle.able
    return Cause(flip, share, tuple(
        f for f in others if f.step == flip.step and f.where != flip.where and place_of(f) in always
    ))  # fmt: skip


def _narrowed(line: Sequence[Piece], alone: Alone) -> list[Piece]:
    return [Piece(p.bracket, tuple(map(alone.narrowed, p.jumps))) for p in line]


def missed(line: Sequence[Piece]) -> float:
    """What the slope in the middle of a line misses of the change from its beginning to its end."""
    slope = next(p.bracket.one.slope for p in line if p.bracket.one.at == 0.0)
    return line[-1].bracket.other.value - line[0].bracket.one.value - 2.0 * slope


def shares(line: Sequence[Piece]) -> dict[Place | None, float]:
    """The share of each decision in what is missed along a line (None: of the bend); they add up to 1."""
    slope = next(p.bracket.one.slope for p in line if p.bracket.one.at == 0.0)
    effects: defaultdict[Place | None, float] = defaultdict(float)
    right = [p for p in line if p.bracket.one.at >= 0.0]
    left = [p for p in reversed(line) if p.bracket.one.at < 0.0]
    for side, outward in ((1.0, right), (-1.0, left)):
        slopes: defaultdict[Place, float] = defaultdict(float)
        for b, jumps in outward:
            for j in jumps:
                effects[j.place] += j.value
                slopes[j.place] += 0.5 * side * j.slope
            rest = b.other.value - b.one.value - b.width * slope - sum(j.value for j in jumps)
            net = {place: b.width * s for place, s in netted(slopes).items()}
            made = sum(net.values())
            part = min(1.0, rest / made) if rest * made > 0.0 else 0.0
            for place, effect in net.items():
                effects[place] += part * effect
            effects[None] += rest - part * made
            for j in jumps:
                slopes[j.place] += 0.5 * side * j.slope
    whole = missed(line)
    return {place: float(e / whole) for place, e in netted(effects).items()}


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
        return "no single decision makes it: the value bends within the step"
    named = [f"{100 * c.share:.0f} % comes from {c}" for c in found if c.share >= NAMED]
    if not named:
        return "many decisions flip, none of which makes much of it"
    return f"of what it misses in {lines} of them, " + ", ".join(named)


def _line(flip: Flip) -> str | None:
    return None if flip.where is None else str(flip.where)
