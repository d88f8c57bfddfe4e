"""Slopes of one number along a ladder: differences, Richardson extrapolation, and bounds of their error."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rosesim.checks.causes import Cause
from rosesim.checks.ladder import Ladder, Rung
from rosesim.checks.programs import Run, Vector

ROUNDING = 4 * float(np.finfo(np.float64).eps)
"""Relative error of a value, which limits a difference of two, where the noise has not been measured."""
BOTTOM = 1e-322
"""The least rounding: that of the smallest numbers, whatever is added to them."""
AROUND = 1e-3
"""Slopes around the point come from steps of at least this: a steeper slope nearer to it is a jump or a pole."""
SAME = 0.05
"""Bends at successive steps that differ by less are one kink: the bend of a smooth curve shrinks with the step."""
SMALL = 10.0
"""A value below this many times its rounding is nothing but rounding."""
STEEP = 1e3
"""Within one scale a value that is rounding does not grow by more than this factor."""
BEND_NOISE = 0.02
"""A bend counts only if rounding contributes at most this part of it."""
CONTRADICTS = 3.0
"""Two slopes contradict each other if they differ by more than this many times their errors."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A derivative by differences, and its doubt: the difference of two rungs, with rounding."""

    slope: float
    doubt: float
    shortest: float = 0.0
    """The shortest step that it was computed from."""


NOTHING = Estimate(math.nan, math.inf)


class Slopes:
    """The differences of c . value; `rounding` is how far noise moves that value, where it was measured."""

    def __init__(self, ladder: Ladder, c: Vector, rounding: float = 0.0):
        self.ladder, self._c = ladder, c
        self._rounding = rounding
        self._central: dict[bool, list[Estimate]] = {}

    # ----------------------------------------------------------------------------- differences

    def _gain(self, run: Run) -> float:
        return float(self._c @ (run.value - self.ladder.here.value))

    def _blur(self, r: Rung) -> float:
        """The rounding that a difference of two values of a rung may contain."""
        ends = [self.ladder.here, *(run for run in (r.left, r.right) if run is not None)]
        size = max(float(np.abs(self._c * run.value).sum()) for run in ends)
        return max(ROUNDING * size, self._rounding, BOTTOM)

    def estimates(self, smooth: bool = False) -> list[Estimate]:
        """All estimates by central differences; with `smooth`, only those of the steps without a flip."""
        if smooth not in self._central:
            rungs = self._smooth() if smooth else self.ladder.rungs
            found = [
                (r.h, self._across(r), self._blur(r) / r.h)
                for r in rungs
                if r.left is not None and r.right is not None
            ]
            self._central[smooth] = _estimates(found, order=2)
        return self._central[smooth]

    def central(self, smooth: bool = False) -> Estimate:
        """The derivative by central differences, from the steps that agree best."""
        return _best(self.estimates(smooth))

    def side(self, side: int) -> Estimate:
        """The derivative on one side (-1 or 1) by differences with the point itself, from the steps that agree
        best."""
        found = [(r.h, slope, self._blur(r) / r.h) for r, slope in self._side(side)]
        return _best(_estimates(found, order=1))

    def _side(self, side: int) -> list[tuple[Rung, float]]:
        found: list[tuple[Rung, float]] = []
        for r in self.ladder.rungs:
            run, h = (r.left, -r.left_h) if side < 0 else (r.right, r.right_h)
            if run is not None:
                found.append((r, self._gain(run) / h))
        return found

    # ------------------------------------------------------------------------------- judgements

    def support(self, slope: float, tolerance: float) -> Estimate | None:
        """The estimate by two successive differences that is nearest to a slope; None where none is near enough."""
        near = [e for e in self.estimates() if e.doubt <= tolerance and abs(e.slope - slope) <= tolerance]
        return min(near, key=lambda e: abs(e.slope - slope), default=None)

    def contradicted(self, found: Estimate) -> bool:
        """Whether shorter steps contradict an estimate by more than rounding: then it was not yet the limit."""
        rungs = [r for r in self._smooth() if r.h < found.shortest]
        for one, two in itertools.pairwise(rungs):
            slope = _extrapolated(self._across(one), self._across(two), (one.h / two.h) ** 2)
            if abs(slope - found.slope) > CONTRADICTS * (found.doubt + self._blur(two) / two.h):
                return True
        return False

    def _smooth(self) -> list[Rung]:
        """The shortest steps, up to the first that flips."""
        whole = [r for r in self.ladder.rungs if r.left is not None and r.right is not None]
        return list(itertools.takewhile(lambda r: not r.flips, reversed(whole)))[::-1]

    def _across(self, r: Rung) -> float:
        assert r.left is not None and r.right is not None
        return float(self._c @ (r.right.value - r.left.value)) / (r.left_h + r.right_h)

    def reach(self, slope: float, tolerance: float) -> float:
        """The longest step up to which every central difference is within a tolerance of a slope; 0 where none is."""
        longest = 0.0
        for r in reversed(self.ladder.rungs):
            if r.left is None or r.right is None:
                break
            off = abs(self._across(r) - slope)
            if off > tolerance + self._blur(r) / r.h:
                break
            longest = r.h
        return longest

    def steepest(self) -> float:
        """The largest slope from the point to any end of a step, less the part that rounding may have added."""
        found = [
            max(0.0, abs(slope) - self._blur(r) / r.h)
            for side in (-1, 1)
            for r, slope in self._side(side)
            if AROUND <= r.h <= 1.0
        ]
        return max(found, default=0.0)

    def bends(self, least: float) -> bool:
        """Whether the slopes to both sides stay apart, by more than `least`, however short the step: a kink."""
        found: list[float] = []
        for (r, left), (q, right) in zip(reversed(self._side(-1)), reversed(self._side(1)), strict=False):
            if r is not q:
                return False
            bend = right - left
            if 2.0 * self._blur(r) / r.h <= BEND_NOISE * abs(bend):
                found.append(bend)
                if len(found) == 3:
                    break
        if len(found) < 3:
            return False
        return max(found) - min(found) <= SAME * abs(found[0]) and abs(found[0]) > least

    def jump(self) -> float | None:
        """The jump of c . value at the point; None where the two sides meet, or where decisions flip next to it."""
        if not (self.ladder.side_is_smooth(-1, 2) and self.ladder.side_is_smooth(1, 2)):
            return None
        last = [(r, r.left, r.right) for r in self.ladder.rungs[-3:] if r.left is not None and r.right is not None]
        if len(last) < 3:
            return None
        across = [self._gain(right) - self._gain(left) for _, left, right in last]
        alone = [0.5 * (self._gain(right) + self._gain(left)) for _, left, right in last]
        # At the tip of a cone both sides are far from the point and near each other: that is no jump.
        far = max(abs(self._gain(run)) for run in last[-1][1:])
        for gaps in (across, alone):
            # A step a hundred times shorter leaves a hundredth of a slope, and all of a jump.
            large = abs(gaps[2]) > max(1e3 * self._blur(last[-1][0]), 0.5 * far)
            if large and all(
                abs(g - gaps[2]) <= bound * abs(gaps[2]) for g, bound in zip(gaps, (0.5, SAME), strict=False)
            ):
                return gaps[2]
        return None

    def causes(self, least: float) -> tuple[Cause, ...]:
        """The causes of what c . value does over the shortest step, at least `least`, at which a decision flips."""
        return self.ladder.causes(self._c, least)

    def is_rounding(self, slope: float) -> bool:
        """Whether c . value is itself nothing but measured rounding, like the residual of an exact fit. A steep slope
        beside it means that it is a pole instead."""
        size = float(np.abs(self._c * self.ladder.here.value).sum())
        return abs(slope) <= STEEP * size <= STEEP * SMALL * self._rounding

    def changes(self) -> bool:
        """Whether c . value differs from its value at the point anywhere on the ladder."""
        return any(
            abs(self._gain(run)) > self._blur(r)
            for r in self.ladder.rungs
            for run in (r.left, r.right)
            if run is not None
        )


def _estimates(found: Sequence[tuple[float, float, float]], order: int) -> list[Estimate]:
    """From (step, slope, noise) in falling order: each slope that the next one confirms, extrapolated ones
    included."""
    extrapolated = [(k, _extrapolated(a, b, (h / k) ** order), noise)
                    for (h, a, _), (k, b, noise) in itertools.pairwise(found)]  # fmt: skip
    return [
        Estimate(b + 0.0, abs(a - b) + noise, h)  # no -0
        for row in (found, extrapolated)
        for (_, a, _), (h, b, noise) in itertools.pairwise(row)
    ]


def _extrapolated(a: float, b: float, ratio: float) -> float:
    """The limit of two slopes; the error of the second is smaller by the factor `ratio`."""
    return b + (b - a) / (ratio - 1)


def _best(found: Sequence[Estimate]) -> Estimate:
    return min((e for e in found if not math.isnan(e.doubt)), key=lambda e: e.doubt, default=NOTHING)
