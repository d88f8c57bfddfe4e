"""From the differences, derivatives and decisions along one direction to a verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rosesim.ad.instrument.decisions import CONTINUOUS, Flip
from rosesim.checks import words
from rosesim.checks.flips import Place
from rosesim.checks.growth import Growth
from rosesim.checks.slopes import CONTRADICTS, Slopes
from rosesim.checks.verdict import Kind

JVP_TOLERANCE = 1e-10
"""Forward and reverse mode do the same arithmetic in another order."""
FD_TOLERANCE = 1e-4
"""Differences through collisions lose half of their digits or more; a wrong derivative is off by much more."""
FINE = 1e-8
"""Where differences settle better than this, a gradient that is off by more is wrong. So a rule with an error of 1e-6
is found even if it contributes only a hundredth of the gradient. Without rounding, differences settle to 1e-11."""
SURE = 10.0
"""A gradient is wrong only if it is off by this many times the doubt of the differences."""
BLIND = 1e-6
"""Part of the steepest slope around the point. At an optimum the gradient is far smaller than all slopes around it;
where differences resolve less than this, they cannot tell such a gradient from another."""
BESIDE = 1e-6
"""Distance from a kink at which the derivative on one side is taken: among the step lengths, below most curvature."""
REACH = 1e-2
"""The reach of a gradient is the longest step up to which differences agree with it within this part of its norm."""
SEEN = 1e-4
"""The causes of a jagged value are looked for over steps of at least this length, so that rounding hides none."""
TIED = 1e-2
"""Of decisions that flip at one point the cause is found over steps of this length: some flip elsewhere too, without
any effect."""
UNSEEN = 1e5
"""Growth over a whole rollout that explains why differences settle nowhere, or why the two modes differ.

Of the fifteen scenes the largest is 5e4 (diffmpm_simple), the next 1e4 (electric), and differences confirm both.
A step h is off by about h times the growth: from 1e4 on the shortest, 1e-8, leaves no more than the tolerance.
"""
USELESS = 1.0 / float(np.finfo(np.float64).eps)
"""From this growth on, the last digit of an input moves the end by the order of 1: no step of a descent is short
enough, whatever the differences say."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict along one direction; an input has the worst of its directions'."""

    kind: Kind
    why: str
    error_jvp_vjp: float
    error_fd: float
    growth: Growth
    reach: float
    """The longest step up to which differences stay within REACH of the gradient."""
    noise: float = float("nan")
    """How far rounding may move the derivative, relative to the gradient's norm; NaN where it was not needed."""


@dataclass(frozen=True, slots=True)
class Derivatives:
    """The derivative of c . value along a direction in both modes, and the norms that errors are relative to."""

    forward: float
    reverse: float
    norm: float
    """Norm of the gradient by all inputs, each measured in its own scale."""
    part: float
    """Norm of this input's part: a part far shorter than the rest must be right too."""
    beside: Callable[[int], float]
    """By forward mode, BESIDE to the left (-1) or to the right (1) of the point."""
    reverse_beside: Callable[[int], float]
    """By reverse mode there."""
    noise: float = 0.0
    """How far rounding may move the derivative; 0 where that was not measured."""


def judge(slopes: Slopes, d: Derivatives, growth: Growth) -> Finding:
    """The verdict on the derivative of c . value along the ladder's direction."""
    return _Judge(slopes, d, growth).verdict()


class _Judge:
    def __init__(self, slopes: Slopes, d: Derivatives, growth: Growth):
        self.slopes, self.ladder, self.d, self.growth = slopes, slopes.ladder, d, growth
        self.best = slopes.central()
        self.steepest = slopes.steepest()
        self.bent = slopes.bends(FD_TOLERANCE * d.part)
        self.modes = over(d.forward - d.reverse, d.norm, d.noise / JVP_TOLERANCE)

    def finding(self, kind: Kind, why: str = "", error: float | None = None) -> Finding:
        d = self.d
        if error is None:
            error = self.off(self.best.slope, self.best.doubt)
        noise = over(d.noise, d.norm) if d.noise else float("nan")
        return Finding(kind, why, self.modes, error, self.growth, self.slopes.reach(d.reverse, REACH * d.part), noise)

    def off(self, slope: float, doubt: float) -> float:
        """The error of the gradient against differences. It is 1e-4 where it equals what they, or rounding, leave
        open."""
        open_ = SURE * doubt + self.d.noise
        seen = self.steepest > 0.0 and open_ <= BLIND * self.steepest * SURE
        return over(slope - self.d.reverse, self.d.norm, open_ / FD_TOLERANCE if seen else 0.0)

    def in_units(self, slope: float, digits: int = 6) -> str:
        """A slope in the user's own units."""
        return f"{slope / self.ladder.length:.{digits}g}"

    def verdict(self) -> Finding:
        d, growth = self.d, self.growth
        if not np.isfinite([d.forward, d.reverse]).all():
            return self.finding("not finite", words.not_finite())
        if not self.modes <= JVP_TOLERANCE:
            # Rounding grows as tangents do: beyond this growth it alone may make the two modes differ.
            if growth.whole >= UNSEEN:
                return self.finding("exploding", words.exploding(growth))
            if not self._modes_tie():
                return self.finding("wrong", f"reverse and forward mode differ by {self.modes:.1e}")
            return self._at_a_kink()
        if d.noise > REACH * max(d.part, self.steepest):
            if self.slopes.is_rounding(d.part) and not self.slopes.changes():
                return self.finding("right")  # both the value and its derivative are nothing but rounding
            if growth.whole >= UNSEEN or self.ladder.flips:
                return self._nowhere()
            return self.finding("jagged", words.rounding(over(d.noise, d.part)))
        if growth.whole >= USELESS:
            return self.finding("exploding", words.exploding(growth))
        if (missing := self.ladder.missing) is not None:
            return self.finding("not finite", words.missing(missing))
        if (jump := self.slopes.jump()) is not None:
            return self.finding("jumps", words.jumps(jump, self._what(jumps=True)))
        if self.ladder.kink_here or self.ladder.alone is not None or self.bent:
            return self._at_a_kink()
        return self._where_smooth()

    def _where_smooth(self) -> Finding:
        d, slopes = self.d, self.slopes
        smooth = slopes.central(smooth=True)
        off = abs(smooth.slope - d.reverse)
        # A gradient of zero cannot serve as the measure of the true slope.
        part = max(d.part, abs(smooth.slope)) if smooth.doubt < FD_TOLERANCE * abs(smooth.slope) else d.part
        tolerance = FD_TOLERANCE * part
        settled = smooth.doubt <= tolerance
        wrong = off > max(FINE * part, SURE * smooth.doubt) + d.noise
        if settled and wrong and not slopes.contradicted(smooth):
            why = words.smooth(over(off, part), self.in_units(d.reverse, 10), self.in_units(smooth.slope, 10))
            return self.finding("wrong", why, over(off, max(d.norm, part)))
        if settled and wrong and not d.noise:  # the contradiction may be rounding, which has to be measured first
            return self._nowhere()
        if settled and off <= tolerance:
            return self.finding("right", error=over(off, d.norm))
        if (support := slopes.support(d.reverse, FD_TOLERANCE * d.part + d.noise)) is not None:
            return self.finding("right", error=self.off(support.slope, support.doubt))
        return self.finding("right") if self._leaves_open() else self._nowhere()

    def _leaves_open(self) -> bool:
        """Whether differences do not contradict the gradient, where they cannot confirm it. Three cases: near an
        optimum they settle far below the slopes around it; a small part of the gradient is hidden beside a large one;
        and measured rounding hides the rest."""
        d, best = self.d, self.best
        if d.reverse == 0.0 and not self.slopes.changes():
            return True
        consistent = abs(best.slope - d.reverse) <= CONTRADICTS * best.doubt + d.noise
        if consistent and best.doubt <= max(BLIND * self.steepest, FD_TOLERANCE * d.norm):
            return True
        if d.noise == 0.0 or self.growth.whole >= UNSEEN:
            return False
        hidden = [e for e in self.slopes.estimates(smooth=True) if e.doubt <= REACH * d.part]
        return any(abs(e.slope - d.reverse) <= CONTRADICTS * e.doubt for e in hidden)

    def _modes_tie(self) -> bool:
        """Whether the two modes differ at the point alone, because each has taken another branch of a kink there.

        They are two programs, whose roundings differ: where both sides of a comparison are equal but for rounding,
        each mode may decide it its own way. Then both agree on either side, and what each gives at the point lies
        between.
        """
        d = self.d
        if not self.ladder.kink_here:
            return False
        beside = {side: d.beside(side) for side in (-1, 1)}
        norm = float(np.nanmax([d.norm, *map(abs, beside.values())]))
        if not all(over(v - d.reverse_beside(side), norm) <= JVP_TOLERANCE for side, v in beside.items()):
            return False
        open_ = FD_TOLERANCE * norm  # the branches bend between the point and where they are compared
        least, greatest = min(beside.values()) - open_, max(beside.values()) + open_
        return least <= d.forward <= greatest and least <= d.reverse <= greatest

    def _at_a_kink(self) -> Finding:
        """Where floor jumps, two bodies touch or a minimum ties, the function has a different slope on each side.

        The derivative at the point is by convention that of one branch, and no difference through the point can judge
        it. But each one-sided difference has to equal the derivative of the branch that is taken on that side. Where
        both sides agree there is no kink, and no excuse.
        """
        d = self.d
        sides = {side: self.slopes.side(side) for side in (-1, 1)}
        beside = {side: d.beside(side) for side in (-1, 1)}
        left, right = sides[-1].slope, sides[1].slope
        norm = float(np.nanmax([d.norm, abs(left), abs(right)]))
        errors = {side: over(sides[side].slope - beside[side], norm) for side in sides}
        if all(e <= FD_TOLERANCE for e in errors.values()):
            if abs(left - right) > FD_TOLERANCE * norm:
                tip = not self.ladder.kink_here and self.ladder.alone is None
                why = words.kinked(self.in_units(left, 3), self.in_units(right, 3), self._what(), not tip)
                return self.finding("kinked", why, max(errors.values()))
            off = over(left - d.reverse, norm)
            if off <= FD_TOLERANCE:
                return self.finding("right", error=off)
            why = words.at_the_point(off, self.in_units(d.reverse), self.in_units(left), self._what())
            return self.finding("wrong", why, off)
        if self.growth.whole >= UNSEEN:
            return self.finding("exploding", words.exploding(self.growth))
        for side, error in errors.items():
            settled = sides[side].doubt <= FD_TOLERANCE * norm
            if settled and error > FD_TOLERANCE and self.ladder.side_is_smooth(side):
                why = words.one_side(error, side, self.in_units(beside[side]), self.in_units(sides[side].slope))
                return self.finding("wrong", why, error)
        return self._nowhere() if self.ladder.kink_here or self.bent else self._where_smooth()

    def _nowhere(self) -> Finding:
        if self.growth.whole >= UNSEEN:
            return self.finding("exploding", words.exploding(self.growth))
        return self.finding("jagged", words.jagged(self.ladder.flips, self.slopes.causes(SEEN)))

    def _what(self, jumps: bool = False) -> Flip | None:
        """The decision that makes the kink or the jump: of several that flip here, that which does the most."""
        if not self.ladder.kink_here:
            return self.ladder.alone or self.ladder.tip()
        here = [f for f in self.ladder.flips if not jumps or f.what not in CONTINUOUS] or self.ladder.flips
        if len({f.where for f in here}) == 1:  # to tell apart what stands on one line is not worth the runs
            return here[0]
        found = [(c.flip.what, c.flip.where) for c in self.slopes.causes(TIED) if c.flip is not None]
        return min(here, key=lambda f: _rank(found, f))


def _rank(found: Sequence[Place], flip: Flip) -> int:
    """The place of a decision in a list."""
    place = flip.what, flip.where
    return found.index(place) if place in found else len(found)


def over(error: float, norm: float, floor: float = 0.0) -> float:
    """An error relative to the larger of a norm and the smallest size that can be judged; 0 of 0 is no error."""
    size = max(norm, floor)
    return 0.0 if error == 0.0 else abs(error) / size if size > 0.0 else float("inf")
