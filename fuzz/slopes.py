"""Derivatives against each other: reverse is the transpose of forward, and forward agrees with differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fuzz.meanings import Bad, Noise, Path
from fuzz.oracle import BOUND, MANY, NOISE, Disagreement, Flat, Judge, Stopped, interpreted, outcome, reals, same
from rosesim.ad.program.ir import Block, FloatT, Stop, all_lets, reachable

STEPS = (1e-4, 1e-5, 1e-6, 1e-3, 1e-7, 1e-8)
"""Step lengths of the differences; one of them has to agree."""
LARGE = 1e4
"""Beside larger arguments the shorter steps are lost in rounding."""
TINY = 1e-290
"""A smaller number has lost digits, or is about to."""
HUGE = 1e280
"""No sum of a program's length of numbers below this overflows."""
SMALL = 2.0**-64
"""Tangents and cotangents times this overflow in no sum of products, unless the sum is not finite at any scale."""


class Slopes:
    """The derivatives of one case at its arguments, which are (those of f, tangents, cotangents)."""

    def __init__(self, judge: Judge, meant: Flat):
        self.judge, self.count = judge, judge.count
        self.values, self.grads, self.tans = judge.case.sizes
        args = judge.args
        self.own = len(args) - self.tans - self.grads
        self.direction = reals(args[self.own : self.own + self.grads])
        self.cotangent = reals(args[self.own + self.grads :])
        self.meant = meant
        self.gradient, self.tangent = self._both(meant)

    def _both(self, results: Flat) -> tuple[np.ndarray, np.ndarray]:
        n = 2 * self.values
        return reals(results[n : n + self.grads]), reals(results[n + self.grads :])

    def judged(self) -> None:
        """Raise Disagreement where the derivatives disagree."""
        meant, count = self.meant, self.count
        first, again = meant[: self.values], meant[self.values : 2 * self.values]
        if not same(first, again):
            raise Disagreement(f"the value by reverse differs from that by forward: {first} {again}")
        with np.errstate(over="ignore", invalid="ignore"):
            terms = self.gradient * self.direction, self.tangent * self.cotangent
            reverse, forward = float(terms[0].sum()), float(terms[1].sum())
            size = float(sum(np.abs(t).sum() for t in terms))
        if not math.isfinite(size):
            finite = [np.isfinite(v).all() for v in (self.gradient, self.tangent)]
            which = (
                "in neither mode" if not any(finite) else "in one mode alone" if not all(finite) else "as a product"
            )
            count[f"derivative not finite, {which}: {self._why_not_finite()}"] += 1
            return
        count["reverse = transpose of forward"] += 1
        if abs(reverse - forward) > 1e-10 * size and not self.judge.wavers(NOISE):
            off = self._products_move()
            if abs(reverse - forward) > BOUND * off + TINY:
                raise Disagreement(f"reverse is not the transpose of forward: {reverse!r}, {forward!r}, {off:.1e}")
        self._differences(forward, float(np.abs(terms[1]).sum()))

    def _why_not_finite(self) -> str:
        """The rule of docs/language.md that permits a derivative that is not finite; raise where no rule does.

        Zero tangents and cotangents stay zero everywhere except at a slope that is infinite or NaN. So a run with
        only zeros shows whether there is such a slope.
        """
        if not all(np.isfinite(v).all() for v in (self.direction, self.cotangent)):
            return "a tangent or cotangent given is not"
        if all(np.isfinite(v).all() for v in (self.gradient, self.tangent)):
            return "both are, but not what they are multiplied by"
        zeros = [np.zeros_like(a) if np.ndim(a) else 0.0 for a in self.judge.args[self.own :]]
        bad = Bad()
        interpreted(self.judge.func, [*self.judge.args[: self.own], *zeros], bad.meanings())
        if bad.found:
            return "a value or a slope on the way is not"
        large = Noise(0, NOISE)
        interpreted(self.judge.func, self.judge.args, large.meanings())
        if large.extreme:
            return "a product of slopes is beyond the largest number"
        if max(np.abs(self.direction).max(initial=0.0), np.abs(self.cotangent).max(initial=0.0)) < HUGE:
            raise Disagreement("a derivative is not finite, though every slope is, and no product of them is large")
        # Accumulators have no operator whose result is examined. Derivatives are linear in tangents and cotangents.
        small = [a * SMALL for a in self.judge.args[self.own :]]
        less = interpreted(self.judge.func, [*self.judge.args[: self.own], *small])
        if not isinstance(less, Stopped) and all(np.isfinite(v).all() for v in self._both(less)):
            return "a sum of products is beyond the largest number"
        raise Disagreement("a derivative is not finite, though every slope is, and no product of them is large")

    def _products_move(self) -> float:
        """How far rounding moves the two products that have to be equal."""
        found: list[tuple[float, float]] = []
        for r in self.judge.noisy(NOISE, 24):
            assert not isinstance(r, Stopped)
            g, t = self._both(r)
            found.append((float((g * self.direction).sum()), float((t * self.cotangent).sum())))
        return float(np.ptp(np.array(found), axis=0).max())

    def _differences(self, forward: float, size: float) -> None:
        bodies = [f.body for f in reachable(self.judge.func) if isinstance(f.body, Block)]
        if any(isinstance(let.expr, Stop) for b in bodies for let in all_lets(b)):
            self.count["not differenced: stop_gradient"] += 1
            return
        if np.abs(reals(self.judge.args[: self.own])).max(initial=0.0) > LARGE:
            self.count["not differenced: steps vanish beside an argument"] += 1
            return
        if not 1e-140 < size < 1e140 and size != 0.0:
            self.count["not differenced: beyond what squares can hold"] += 1
            return
        scale = abs(self._value(0.0))
        if not math.isfinite(scale):
            self.count["not differenced: a value times its cotangent is beyond the largest number"] += 1
            return
        best = math.inf
        for h in STEPS:
            with np.errstate(over="ignore", invalid="ignore"):
                off = abs((self._value(h) - self._value(-h)) / (2 * h) - forward)
            best = min(best, off - 1e-14 * scale / h) if math.isfinite(off) else best
            if best <= 1e-5 * size + 1e-9 * scale + TINY:
                self.count["forward = differences"] += 1
                return
        self.count[self._why_not(forward, size, scale, best)] += 1

    def _why_not(self, forward: float, size: float, scale: float, best: float) -> str:
        """Why differences cannot determine the derivative; raise where they can."""
        if best == math.inf:
            return "not differenced: no value beside it is finite"
        paths = [self._path(self._moved(h)) for h in (0.0, 1e-8, -1e-8, 1e-6, -1e-6)]
        if any(p != paths[0] for p in paths):
            return "not differenced: a kink or a jump is near"
        if self.judge.wavers(NOISE) or scale > 1e8 * max(size, 1e-3):
            return "not differenced: rounding is too large"
        if self._is_lost(forward):
            return "not differenced: terms cancel to within rounding"
        for h in (1e-7, -1e-7):
            found = outcome(self.judge.plain, self._moved(h))
            if isinstance(found, Stopped) or abs(self._both(found)[1] @ self.cotangent - forward) > 1e-3 * size:
                return "not differenced: too steep"
        raise Disagreement(f"forward is {forward!r}, differences are off by {best:.3e} of {size:.3e}")

    def _is_lost(self, forward: float) -> bool:
        """Whether the terms of value and derivative cancel, and rounding is left: forces of pairs on each other."""
        h = max(STEPS)
        off = abs((self._value(h) - self._value(-h)) / (2 * h) - forward)
        runs = [r for r in self.judge.noisy(NOISE, MANY) if not isinstance(r, Stopped)]
        with np.errstate(over="ignore", invalid="ignore"):
            values = [float((reals(r[: self.values]) * self.cotangent).sum()) for r in runs]
            slopes = [float((self._both(r)[1] * self.cotangent).sum()) for r in runs]
        return off <= BOUND * (float(np.ptp(slopes)) + float(np.ptp(values)) / h)

    def _moved(self, h: float) -> list[Any]:
        """All arguments, with those of f moved along the direction."""
        args, own = self.judge.args, self.own
        directions = iter(args[own : own + self.grads])
        here: list[Any] = []
        for p, a in zip(self.judge.func.params[:own], args, strict=False):
            if isinstance(p.ty.scalar, FloatT):
                a = a + h * np.asarray(next(directions))
            here.append(a if p.ty.shape else getattr(a, "item", lambda a=a: a)())
        return [*here, *args[own:]]

    def _value(self, h: float) -> float:
        found = outcome(self.judge.plain, self._moved(h))
        if isinstance(found, Stopped):
            return math.nan
        with np.errstate(over="ignore", invalid="ignore"):
            return float((reals(found[: self.values]) * self.cotangent).sum())

    def _path(self, args: Sequence[Any]) -> list[str]:
        path = Path()
        interpreted(self.judge.func, args, path.meanings())
        return [repr(d) for d in path.decisions]
