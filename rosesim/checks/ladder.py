"""Differences over a ladder of step lengths, with Richardson's extrapolation."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rosesim.ad.decisions import Flip, first_flip
from rosesim.checks.programs import Programs, Run, Vector

STEPS = 10.0 ** -np.arange(1.0, 9.0)
"""Step lengths, relative to the largest number among the inputs where that is above 1.

Long ones cross from one pattern of decisions to another, short ones drown in rounding.
"""
ROUNDING = 4 * float(np.finfo(np.float64).eps)
"""Of a value, relative: what a difference of two cannot see."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A derivative by differences, and how far it may be off: two rungs differ by so much, rounding included."""

    slope: float
    doubt: float


@dataclass(frozen=True, slots=True)
class Rung:
    """The runs at both ends of a step: `h` the length, None where the program gives no number there."""

    h: float
    left: Run | None
    right: Run | None
    flip: Flip | None


class Ladder:
    """The runs at x and on both sides of it along a direction."""

    def __init__(self, programs: Programs, x: Vector, here: Run, direction: Vector):
        self.here = here
        self.unit = max(1.0, float(np.abs(x).max(initial=0.0)))
        self.rungs: list[Rung] = []
        steps = STEPS * self.unit
        ends = programs.run_each([x + side * h * direction for h in steps for side in (-1.0, 1.0)])
        for h, left, right in zip(steps, ends[::2], ends[1::2], strict=True):
            flip = None
            if left is not None and right is not None and left.key != right.key:
                flip = first_flip(programs.recorded, left.table, right.table)
            self.rungs.append(Rung(float(h), _light(left), _light(right), flip))

    @property
    def flips(self) -> Flip | None:
        """The first decision that differs at the shortest step at which any does."""
        return next((r.flip for r in reversed(self.rungs) if r.flip is not None), None)

    @property
    def kink_here(self) -> bool:
        """Whether a decision differs between the two ends of the shortest step."""
        return self.rungs[-1].flip is not None

    @property
    def missing(self) -> str | None:
        """The side on which the shortest step meets no number."""
        last = self.rungs[-1]
        return "left" if last.left is None else "right" if last.right is None else None

    def reach(self, c: Vector, slope: float, tolerance: float) -> float:
        """The longest step up to which every central difference is within a tolerance of a slope; 0 where none is."""
        longest = 0.0
        for r in reversed(self.rungs):
            if r.left is None or r.right is None:
                break
            off = abs(float(c @ (r.right.value - r.left.value)) / (2 * r.h) - slope)
            if off > tolerance + self._noise(c, r.h):
                break
            longest = r.h
        return longest

    def central(self, c: Vector, smooth: bool = False) -> Estimate:
        """The derivative of c . value by central differences; `smooth`: of the steps without a flip alone."""
        rungs = list(self.rungs)
        if smooth:  # the shortest ones, up to the first that flips
            rungs = list(itertools.takewhile(lambda r: r.flip is None, reversed(rungs)))[::-1]
        found = [
            (r.h, float(c @ (r.right.value - r.left.value)) / (2 * r.h), self._noise(c, r.h))
            for r in rungs
            if r.left is not None and r.right is not None
        ]
        return _agreed(found, order=2)

    def side(self, c: Vector, side: int) -> Estimate:
        """The derivative on one side (-1 or 1) by differences with the point itself."""
        found: list[tuple[float, float, float]] = []
        for r in self.rungs:
            run = r.left if side < 0 else r.right
            if run is not None:
                slope = float(c @ (run.value - self.here.value)) / (side * r.h)
                found.append((r.h, slope, self._noise(c, r.h)))
        return _agreed(found, order=1)

    def side_is_smooth(self, side: int, rungs: int = 4) -> bool:
        """Whether the shortest steps to one side all decide alike."""
        runs = [r.left if side < 0 else r.right for r in self.rungs[-rungs:]]
        return None not in runs and len({r.key for r in runs if r is not None}) == 1

    def jump(self, c: Vector) -> float | None:
        """What c . value jumps by at the point, or None where the two sides meet, or are none for all the flips."""
        if not (self.side_is_smooth(-1, 2) and self.side_is_smooth(1, 2)):
            return None
        gaps = [
            float(c @ (r.right.value - r.left.value))
            for r in (self.rungs[-3], self.rungs[-1])
            if r.left is not None and r.right is not None
        ]
        if len(gaps) < 2:
            return None
        # A hundred times shorter a step leaves a hundredth of a slope, and all of a jump.
        large = abs(gaps[1]) > 1e3 * self._noise(c, 1.0)
        return gaps[1] if large and abs(gaps[1]) > 0.5 * abs(gaps[0]) else None

    def changes(self, c: Vector) -> bool:
        """Whether c . value differs anywhere on the ladder from what it is at the point."""
        runs = [run for r in self.rungs for run in (r.left, r.right) if run is not None]
        return any(abs(float(c @ (run.value - self.here.value))) > self._noise(c, 1.0) for run in runs)

    def _noise(self, c: Vector, h: float) -> float:
        return ROUNDING * float(np.abs(c * self.here.value).sum()) / h


def _light(run: Run | None) -> Run | None:
    """The run without its table, of which the key is kept."""
    if run is not None:
        run.table = run.table[:0]
    return run


def _agreed(found: Sequence[tuple[float, float, float]], order: int) -> Estimate:
    """Of (step, slope, noise) the slope where successive estimates agree best, extrapolated ones included."""
    best = Estimate(float("nan"), float("inf"))
    extrapolated: list[tuple[float, float, float]] = []
    for (h, a, _), (k, b, noise) in itertools.pairwise(found):
        ratio = (h / k) ** order  # the error falls by so much; of central differences only even powers are there
        extrapolated.append((k, b + (b - a) / (ratio - 1), noise))
    for row in (found, extrapolated):
        for (_, a, _), (_, b, noise) in itertools.pairwise(row):
            doubt = abs(a - b) + noise
            if doubt < best.doubt:
                best = Estimate(b + 0.0, doubt)  # no -0
    return best
