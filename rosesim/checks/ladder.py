"""The runs at both ends of steps of many lengths along one direction, with the decisions that differ between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rosesim.ad.instrument.decisions import COUNT, Flip, first_flip, first_flips
from rosesim.checks.causes import Cause, causes
from rosesim.checks.flips import LITTLE, WHOLE
from rosesim.checks.line import AlongLine
from rosesim.checks.programs import LONG, Programs, Run, Vector

STEPS = 10.0 ** -np.arange(1.0, 9.0)
"""Step lengths, in the input's own scale.

Long ones cross from one pattern of decisions to another, short ones drown in rounding.
"""
INWARD = 10.0 ** -np.arange(9.0, 14.0)
"""Shorter step lengths, for a function that oscillates within a millionth of its input."""


@dataclass(frozen=True, slots=True)
class Rung:
    """The runs at both ends of a step of length `h`, None where the program gives no number there."""

    h: float
    left_h: float
    right_h: float
    """The distances of the ends after rounding: with h = 1e-8 the last eight digits are lost in x + h."""
    left: Run | None
    right: Run | None
    flips: tuple[Flip, ...] = ()
    """For each decision that differs between the two ends its first flip, in the order of the run."""

    @property
    def count(self) -> Flip | None:
        """A `while_loop` that ran a different number of times at the two ends."""
        return next((f for f in self.flips if f.what == COUNT), None)


class Ladder:
    """The runs at x and on both sides of it along a direction, given in scales of x."""

    def __init__(self, programs: Programs, here: Run, direction: Vector, scales: Vector):
        self.programs, self.here = programs, here
        self.direction, self.vector = direction, direction * scales
        self.length = float(np.linalg.norm(self.vector))
        """The length of a step of 1, in the input's own unit."""
        self._on = np.flatnonzero(direction)
        self._scales = scales[self._on]
        self.rungs: list[Rung] = []
        self.alone: Flip | None = None
        """The decision that is made differently at the point than on both sides."""
        self.lengthen(STEPS)

    def lengthen(self, steps: Sequence[float] | Vector) -> None:
        """Add steps of more lengths."""
        x = self.programs.x
        steps = [h for h in steps if all(h != r.h for r in self.rungs)]
        ends = [(x - h * self.vector, x + h * self.vector) for h in steps]
        runs = self.programs.run_each([end for pair in ends for end in pair])
        shortest = min((r.h for r in self.rungs), default=np.inf)
        for h, (left_end, right_end), left, right in zip(steps, ends, runs[::2], runs[1::2], strict=True):
            lengths = self._length(x, left_end), self._length(right_end, x)
            if min(lengths) <= 0.0:
                continue  # rounding left no step
            flips: list[Flip] = []
            if left is not None and right is not None and left.key != right.key:
                flips = first_flips(self.programs.recorded, left.table, right.table)
            if h < shortest:
                shortest = h
                self.alone = self._alone(left, right)
            self.rungs.append(Rung(float(h), *lengths, _light(left), _light(right), tuple(flips)))
        self.rungs.sort(key=lambda r: -r.h)

    def _length(self, a: Vector, b: Vector) -> float:
        return float(((a[self._on] - b[self._on]) / self._scales) @ self.direction[self._on])

    def _alone(self, left: Run | None, right: Run | None) -> Flip | None:
        if left is None or right is None or self.here.key in (left.key, right.key):
            return None
        return first_flip(self.programs.recorded, self.here.table, right.table)

    @property
    def flips(self) -> tuple[Flip, ...]:
        """The decisions that differ at the shortest step at which any does."""
        return next((r.flips for r in reversed(self.rungs) if r.flips), ())

    @property
    def count(self) -> tuple[float, Flip] | None:
        """The shortest step at which a `while_loop` runs a different number of times on one side, and that loop."""
        return next(((r.h, r.count) for r in reversed(self.rungs) if r.count is not None), None)

    @property
    def kink_here(self) -> bool:
        """Whether a decision differs between the two ends of the shortest step."""
        return bool(self.rungs) and bool(self.rungs[-1].flips)

    @property
    def missing(self) -> str | None:
        """The side on which the shortest step finds no number."""
        if not self.rungs:
            return None
        last = self.rungs[-1]
        return "left" if last.left is None else "right" if last.right is None else None

    def causes(self, c: Vector, least: float) -> tuple[Cause, ...]:
        """The causes of what c . value does and its slope does not say, over the shortest step, but at least `least`,
        at which a decision flips.

        The middle of the line is a third of the step to the right: at the point itself, where a kink may be, the
        slope is neither side's.
        """
        h = max(least, min((r.h for r in self.rungs if r.flips), default=0.0))
        places = tuple((f.what, f.where) for f in self.flips)
        known = self.programs.known_causes
        key = c.tobytes(), h, self._on.tobytes(), places  # the other directions of an input need not look again
        if key not in known:
            line = AlongLine(self.programs, c, self.programs.x + h / 3.0 * self.vector, h * self.vector)
            known[key] = causes([line], [1.0], WHOLE if self.programs.work < LONG else LITTLE)
        return known[key]

    def side_is_smooth(self, side: int, rungs: int = 4) -> bool:
        """Whether the shortest steps to one side all make the same decisions."""
        runs = [r.left if side < 0 else r.right for r in self.rungs[-rungs:]]
        return None not in runs and len({r.key for r in runs if r is not None}) == 1

    def tip(self) -> Flip | None:
        """The root, angle or power that is at its singular point here and not beside the point."""
        ends = [self.programs.x + side * self.rungs[-1].h * self.vector for side in (1, -1)] if self.rungs else []
        return next((f for end in ends if (f := self.programs.tip(end)) is not None), None)


def _light(run: Run | None) -> Run | None:
    """The run without its table; its key stays."""
    if run is not None:
        run.table = run.table[:0]
    return run
