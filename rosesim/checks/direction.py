"""One direction of a check: the verdict by few runs where those suffice, and the further attempts where they do
not."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable

import numpy as np

from rosesim.ad.instrument.rounding import LEAST_PHASE
from rosesim.checks.growth import Growth, largest_growth
from rosesim.checks.judge import BESIDE, JVP_TOLERANCE, Derivatives, Finding, judge
from rosesim.checks.ladder import INWARD, Ladder
from rosesim.checks.programs import Programs, Run, Vector
from rosesim.checks.scale import searched
from rosesim.checks.slopes import Slopes

ULP = float(np.finfo(np.float64).eps)
NOISY_RUNS = 8
NOISE = 2 * ULP
"""The largest relative error of a noisy operator: four roundings."""
BOUND, BOUND_VALUE = 10.0, 2.0
"""Rounding may move a derivative by this many times as much as it does in the noisy runs. The factor of a value is
smaller: its error is compared with the difference of successive steps, which is a difference of two values."""
HARDLY_ANY = 1e-10
"""A gradient shorter than this part of the slopes around the point may be nothing but rounding."""
FARTHEST = 16
"""Steps go up to 1e16 times the scale: beyond that the point itself is lost in rounding."""


class Direction:
    """The runs along one direction of one input, and the verdict on each output's derivative along it.

    Most derivatives are judged by the ladder of eight steps. Where its verdict is neither right nor kinked, the
    ladder is made longer at both ends (and moved to the function's own scale, if the input has none). Then rounding
    is measured.
    """

    def __init__(self, programs: Programs, here: Run, unit: Vector, scales: Vector, assumed: bool):
        self.programs, self._here, self._unit = programs, here, unit
        self._assumed = assumed
        self._place(scales)

    def _place(self, scales: Vector) -> None:
        self.scales = scales
        self.ladder = Ladder(self.programs, self._here, self._unit, scales)
        self.tangent, self._table = self.programs.forward(self.programs.x, self.ladder.vector)

    @property
    def growth(self) -> Growth:
        """The growth of the tangents over the rollout."""
        return largest_growth(self.programs.growth, self._table)

    def finding(self, c: Vector, gradient: Vector, part: slice) -> Finding:
        """The verdict on the derivative of c . value, whose gradient is `gradient`."""
        found = self._judged(c, gradient, part)
        if found.kind == "right" and gradient[part].any() and self._hardly_any(c, gradient, part):
            # Is that the gradient, or only rounding where the gradient is zero?
            value, slope = self._noise(c)
            return self._judged(c, gradient, part, BOUND_VALUE * value, BOUND * slope)
        if self._assumed and found.kind != "exploding" and self._may_be_of_the_scale(found, c):
            found = self._by_its_own_scale(c, gradient, part) or found
        if found.kind in ("right", "kinked"):
            return found
        if found.error_jvp_vjp <= JVP_TOLERANCE and found.kind != "exploding":
            found = self._by_more_steps(c, gradient, part)
            if found.kind in ("right", "kinked"):
                return found
        if found.kind in ("wrong", "jagged") or (found.kind == "jumps" and not self._decides):
            value, slope = self._noise(c)
            found = self._judged(c, gradient, part, BOUND_VALUE * value, BOUND * slope)
        return found

    def _judged(self, c: Vector, gradient: Vector, part: slice, value: float = 0.0, slope: float = 0.0) -> Finding:
        v = self.ladder.vector
        slopes = Slopes(self.ladder, c, value)
        whole, own = self._norms(gradient, part)
        beside = self._beside(lambda x: self.programs.forward_beside(x, v), c)
        back = self._beside(lambda x: self.programs.reverse_beside(x, c), v)
        d = Derivatives(float(c @ self.tangent), float(gradient @ v), whole, own, beside, back, slope)
        return judge(slopes, d, self.growth)

    def _may_be_of_the_scale(self, found: Finding, c: Vector) -> bool:
        """Whether steps of another scale might change the verdict: a tip is round when seen from near, and what is
        flat for short steps may be a bowl."""
        if found.kind not in ("right", "kinked"):
            return True
        return not self.ladder.flips and (found.kind == "kinked" or not Slopes(self.ladder, c).changes())

    @property
    def _decides(self) -> bool:
        """Whether any decision is made differently within the steps."""
        return bool(self.ladder.flips) or self.ladder.alone is not None

    def _hardly_any(self, c: Vector, gradient: Vector, part: slice) -> bool:
        return self._norms(gradient, part)[1] < HARDLY_ANY * Slopes(self.ladder, c).steepest()

    def _norms(self, gradient: Vector, part: slice) -> tuple[float, float]:
        steps = gradient * self.scales
        return norm(steps), norm(steps[part])

    def _beside(self, slope: Callable[[Vector], Vector | None], other: Vector) -> Callable[[int], float]:
        """By side, a derivative BESIDE the point, times the other vector; NaN where the program stops."""

        def beside(side: int) -> float:
            found = slope(self.programs.x + side * BESIDE * self.ladder.vector)
            return float("nan") if found is None else float(found @ other)

        return beside

    # ----------------------------------------------------------------------------- further attempts

    def _by_its_own_scale(self, c: Vector, gradient: Vector, part: slice) -> Finding | None:
        """The verdict by steps in the scale that the function has along this direction; None where it has none."""
        self._assumed = False
        found = searched(self.programs, c, self.ladder.vector)
        if found is None:
            return None
        self._place(np.where(self._unit != 0.0, self.scales * found, self.scales))
        return self._judged(c, gradient, part)

    def _by_more_steps(self, c: Vector, gradient: Vector, part: slice) -> Finding:
        """The verdict with longer and shorter steps added."""
        slope = abs(float(gradient @ self.ladder.vector))
        size = float(np.abs(c * self._here.value).sum())
        if slope > 0.0 and size > slope:
            self.ladder.lengthen(10.0 ** np.arange(0.0, min(np.log10(size / slope), FARTHEST)))
        if not self.ladder.kink_here:
            self.ladder.lengthen(INWARD)
        return self._judged(c, gradient, part)

    def _noise(self, c: Vector) -> tuple[float, float]:
        """How far c . value and its derivative move when arguments and intermediates move by a rounding."""
        exact, runs = self._noisy
        if exact is None or not runs:
            return 0.0, 0.0
        # A decision may lie within rounding; its flip is not a rounding error. So only runs with equal decisions
        # count: those that decide as the program does or, at a point that decides alone, as most runs do.
        pattern, many = Counter(r[2] for r in runs).most_common(1)[0]
        pattern = exact[2] if sum(r[2] == exact[2] for r in runs) > 1 else pattern
        alike = [r for r in runs if r[2] == pattern]
        one, others = (exact, alike) if pattern == exact[2] else (alike[0], alike[1:]) if many > 1 else (exact, runs)
        moved = [np.abs([c @ (v - one[0]), c @ (t - one[1])]) for v, t, _ in others]
        value, slope = np.max(moved, axis=0)
        return float(value), float(slope)

    @functools.cached_property
    def _noisy(self) -> tuple[tuple[Vector, Vector, int] | None, list[tuple[Vector, Vector, int]]]:
        rng = np.random.default_rng(0)
        x, v = self.programs.x, self.ladder.vector
        exact = self.programs.disturbed(x, v, LEAST_PHASE, 0.0)
        found: list[tuple[Vector, Vector, int]] = []
        for _ in range(NOISY_RUNS):
            moved = x * (1.0 + 0.5 * ULP * rng.uniform(-1.0, 1.0, len(x)))
            run = self.programs.disturbed(moved, v, LEAST_PHASE * rng.uniform(1.0, 2.0), NOISE)
            if run is not None and np.isfinite(run[0]).all() and np.isfinite(run[1]).all():
                found.append(run)
        return exact, found

    # ------------------------------------------------------------------------- stop_gradient

    def unstopped(self, c: Vector, gradient: Vector, part: slice) -> Finding:
        """The verdict on the derivative without any `stop_gradient`, as differences see it."""
        v = self.ladder.vector
        beside = self._beside(lambda x: self.programs.unstopped_beside(x, v), c)
        slope = float(c @ self.programs.unstopped(self.programs.x, v))
        whole, own = (max(n, abs(slope)) for n in self._norms(gradient, part))
        return judge(Slopes(self.ladder, c), Derivatives(slope, slope, whole, own, beside, beside), Growth())


def norm(v: Vector) -> float:
    """The Euclidean norm, also where squares would overflow or underflow."""
    largest = float(np.abs(v).max(initial=0.0))
    return largest * float(np.linalg.norm(v / largest)) if 0.0 < largest < np.inf else largest


def directions(part: slice, size: int, rng: np.random.Generator, most: int, coordinates: int) -> list[Vector]:
    """At most `most` unit vectors within a part of x: along each number, or `coordinates` random ones."""
    length = part.stop - part.start
    few = length <= coordinates and length <= most
    inside = np.eye(length) if few else rng.normal(size=(min(coordinates, most), length))
    found = np.zeros((len(inside), size))
    found[:, part] = inside / np.linalg.norm(inside, axis=1, keepdims=True)
    return list(found)
