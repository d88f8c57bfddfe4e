"""Over what distance is a gradient of use? Its sign and size against the change over steps that a descent takes.

An exact derivative may be that of a piece far shorter than any step. So points are sampled around x, one for each
comparison, within SCATTER of the scale of the inputs: a descent walks about in that ball, and the gradient at x
itself describes one piece only. At a point p with gradient g, f(p + d) - f(p - d) is compared with 2 g . d, for d
along the gradient (every second point) or along a random direction. The difference is central so that curvature
cancels: for a parabola, near its minimum too, the two are equal.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rosesim.checks.causes import Cause, because, causes
from rosesim.checks.flips import LITTLE, WHOLE, Line

Vector = NDArray[np.float64]

STEPS = (1e-3, 1e-2, 1e-1)
"""Lengths of steps, in units of the scale: from a careful learning rate to a bold one."""
SCATTER = 0.1
"""The largest distance of the points from x, in the same units: ten steps of the middle length."""
DIRECTIONS = 256
"""Comparisons for each step. The standard deviation of a share of 59 % is then 3 %, of 99 % it is 0.6 %."""
FEWEST = 8
"""Fewest comparisons, however long a run takes."""
WORK = 20_000_000_000
"""Additions that all comparisons may take, one to four seconds; a longer program gets fewer of them."""
EXAMINED = 16
"""One in so many directions is examined for causes, but at least one, of those that went the other way or were missed
the most."""
MANY = 64
"""Where there are fewer comparisons, because a run takes long, the search for causes has to be short too."""
NUMBERS = 2**22
"""Most numbers in all points together, 32 MiB; a dozen arrays of that size are needed."""
GRADIENT = 4
"""A gradient takes about as long as this many values."""
REPORTED, WRONG_WAYS = 0.9, 3
"""A share below this is reported if at least this many directions went the other way. If one direction in a hundred
goes wrong by chance, three of eight do so in 5e-5 of all checks."""
EXPLAINED = 0.5
"""A part below this is reported as well, if the gradient misses at least `WRONG_WAYS` directions by more than half of
their change: then what the steps do is more the doing of what the gradient does not see."""
SLIGHT = 1e-2
"""Directions of which less than this part of the most is missed are not examined for causes."""
REALISTIC = 1e-2
"""Longer steps are not reported for a part that is small while the sign is right: over a tenth of their scale most
functions bend, and a descent with such steps knows it."""
ROUNDINGS = 4
"""A change counts as zero if it is within this many of the roundings found around the point."""
NOISY = 16
"""Points at which rounding is measured."""
TINY = 1e-9
"""The step over which rounding is measured, in units of the scale."""
EPS = float(np.finfo(np.float64).eps)


class Field(Protocol):
    """A function of vectors and its claimed gradient."""

    def values(self, points: Vector) -> Vector:
        """The value at each row of `points`; NaN where there is none."""
        ...

    def gradients(self, points: Vector) -> Vector:
        """The gradient at each row of `points`, one row each."""
        ...


@dataclass(frozen=True, slots=True)
class AtStep:
    """What the gradient predicts over steps of one length. Shares are from 0 to 1, NaN where nothing changed."""

    step: float
    """In units of the scale of the inputs."""
    same_sign: float
    """The share of the directions in which the gradient has the sign of the change."""
    explained: float
    """How much of the change it explains: 1 - sum |change - predicted|^2 / sum |change|^2, at least 0."""
    along_gradient: float
    """`same_sign` of only those directions that run along the gradient: half of all."""
    directions: int
    """The number of directions that were compared."""
    flat: int
    """Further directions, left out because nothing changed and no change was predicted."""
    left_out: int
    """Further directions, left out because both were within rounding, or because an end had no value."""
    missed: int = 0
    """The number of directions of which the gradient misses more than half of the change."""

    @property
    def turns(self) -> bool:
        """Whether the sign of the gradient is too often not that of the change."""
        return self.same_sign < REPORTED and round((1 - self.same_sign) * self.directions) >= WRONG_WAYS

    @property
    def falls_short(self) -> bool:
        """Whether the gradient explains too little of the change over a step of a realistic length."""
        return self.step <= REALISTIC and self.explained < EXPLAINED and self.missed >= WRONG_WAYS


@dataclass(frozen=True, slots=True)
class OverDistance:
    """What the gradient of an output by all inputs together predicts over steps of several lengths."""

    at: tuple[AtStep, ...]
    why: str = ""
    """Why: the causes of what it misses, in words."""
    output: str = "value"
    causes: tuple[Cause, ...] = ()
    """The causes of what it misses over the step that `limit` has, the largest first."""

    @property
    def short(self) -> AtStep | None:
        """The shortest step over which the sign of the gradient is too often not that of the change."""
        return next((a for a in self.at if a.turns), None)

    @property
    def limit(self) -> AtStep | None:
        """The shortest step over which the gradient is of little use: by its sign, or by what it explains."""
        return next((a for a in self.at if a.turns or a.falls_short), None)

    @property
    def text(self) -> str:
        """What the user should know, as a clause; "" where the gradient is of use over all steps."""
        found = self.limit
        if found is None:
            return ""
        over, part = f"over {_power(found.step)}", f"it explains {_percent(found.explained)} % of the change"
        sign = f"its sign is that of the change in {_percent(found.same_sign)} % of {found.directions} directions"
        shorter = [a for a in self.at if a.step < found.step and a.directions]
        still = f", over {_power(shorter[-1].step)} {_percent(shorter[-1].explained)} %" if shorter else ""
        if found.turns:
            return f"{over} {sign}, and {part}{still} ({self.why})"
        return f"{over} {part}{still}, though {sign} ({self.why})"

    def __str__(self) -> str:
        found = [a for a in self.at if a.directions]
        if not found:
            return f"over steps of up to {_power(self.at[-1].step)} of the scale nothing changes"
        rows = ([_power(a.step), _percent(a.same_sign), _percent(a.explained)] for a in found)
        steps, same, explained = (", ".join(column) for column in zip(*rows, strict=True))
        return (
            f"over steps of {steps} of the scale the gradient's sign is that of the change in {same} % of "
            f"{min(a.directions for a in found)} directions, and it explains {explained} % of the change"
        )

    def record(self) -> list[dict[str, Any]]:
        """The comparisons as JSON's types."""
        return [dataclasses.asdict(a) for a in self.at]

    def limit_record(self) -> dict[str, Any] | None:
        """The limit as JSON's types, with the sentence and the causes; None where there is none."""
        if self.limit is None:
            return None
        return {"step": self.limit.step, "text": self.text, "causes": [c.record() for c in self.causes]}


def scale_of(part: Vector) -> float:
    """The typical magnitude of an input's numbers, the root of the mean of their squares; 1 where all are zero.

    >>> scale_of(np.array([3.0, -4.0, 0.0, 0.0])), scale_of(np.zeros(3))
    (2.5, 1.0)
    """
    largest = float(np.abs(part).max(initial=0.0))
    if largest == 0.0 or not math.isfinite(largest):
        return 1.0
    return largest * float(np.sqrt(np.mean((part / largest) ** 2)))


def scales(x: Vector, parts: Sequence[slice]) -> Vector:
    """For each number of x the scale of the input that it belongs to.

    >>> scales(np.array([2.0, 2.0, 1e-9]), [slice(0, 2), slice(2, 3)])
    array([2.e+00, 2.e+00, 1.e-09])
    """
    found = np.ones(len(x))
    for part in parts:
        found[part] = scale_of(x[part])
    return found


def directions_for(work: int, size: int) -> int:
    """The number of comparisons for a program with `size` inputs that takes `work` additions for a value."""
    each = max(1, work) * (GRADIENT + 2 * len(STEPS))
    return max(FEWEST, min(DIRECTIONS, WORK // each, NUMBERS // max(1, size)))


def over_distance(
    field: Field,
    x: Vector,
    scale: Vector,
    rng: np.random.Generator,
    *,
    count: int = DIRECTIONS,
    line: Callable[[Vector, Vector], Line] | None = None,
    output: str = "value",
) -> OverDistance:
    """Compare a gradient with the change over steps of several lengths, in units of `scale`, around x.

    There are `count` comparisons for each length. `line`, where it is given, returns the program from p - d to p + d,
    which is examined for the causes of what the gradient misses.
    """
    n = len(x)
    inside = _unit(rng.normal(size=(count, n))) * rng.uniform(size=(count, 1)) ** (1 / n)
    long = math.sqrt(n) * scale  # the mean number moves by a step of the scale, not the sum of all
    points = x + SCATTER * long * inside
    gradients = field.gradients(points)
    along = np.arange(count) % 2 == 0
    steepest = np.where(np.isfinite(gradients), gradients, 0.0) * scale
    along &= (steepest != 0).any(axis=1)
    directions = np.where(along[:, None], _unit(steepest), _unit(rng.normal(size=(count, n)))) * long
    noise = _noise(field, points, directions)
    found: list[AtStep] = []
    why: tuple[Cause, ...] = ()
    words = ""
    for step in STEPS:
        d = step * directions
        ends = field.values(np.concatenate([points - d, points + d]))
        change = ends[count:] - ends[:count]
        with np.errstate(all="ignore"):
            predicted = 2 * np.sum(gradients * d, axis=1)
        known = np.isfinite(change) & np.isfinite(predicted)
        silent = known & (np.abs(change) <= noise) & (np.abs(predicted) <= noise)
        flat = silent & (predicted == 0) & (change == 0)
        seen = known & ~silent
        same = np.sign(change) == np.sign(predicted)
        with np.errstate(all="ignore"):
            off = np.abs(change - predicted)
        a = AtStep(
            step,
            _share(same[seen]),
            _explained(change[seen], predicted[seen]),
            _share(same[seen & along]),
            int(seen.sum()),
            int(flat.sum()),
            int(count - seen.sum() - flat.sum()),
            int((off > 0.5 * np.abs(change))[seen].sum()),
        )
        found.append(a)
        if not words and (a.turns or a.falls_short):
            lines: list[Line] = []
            if line is not None:
                # A wrong sign is one, however much is missed. What is explained is a matter of squares.
                off = np.where(seen & np.isfinite(off), off, 0.0)
                off = off / (off.max(initial=0.0) or 1.0)  # the square of 1e200 would overflow
                lost = np.where(seen & ~same, 1.0, 0.0) if a.turns else off**2
                effort = WHOLE if count > MANY else LITTLE
                most = np.argsort(-lost, kind="stable")[: max(1, count // EXAMINED)]
                most = most[lost[most] > SLIGHT * lost.max(initial=0.0)]
                lines = [line(points[k], d[k]) for k in most]
                why = causes(lines, [float(w) for w in lost[most]], effort)
            words = because(why, len(lines))
    return OverDistance(tuple(found), words, output, why)


def _noise(field: Field, points: Vector, directions: Vector) -> float:
    """The rounding in a difference, measured over a step a million times shorter than the shortest.

    It is the median of some points: one of them tells nothing if it lies at a jump or where there is no value.
    """
    some, d = points[:NOISY], TINY * directions[:NOISY]
    left, right = field.values(np.concatenate([some - d, some + d])).reshape(2, -1)
    with np.errstate(all="ignore"):
        off = np.abs(right - left) + EPS * np.abs(left)
    known = np.isfinite(off)
    return ROUNDINGS * float(np.median(off[known])) if known.any() else 0.0


def _unit(rows: Vector) -> Vector:
    """The rows scaled to length 1; rows of zeros stay."""
    largest = np.abs(rows).max(axis=1, keepdims=True)
    rows = rows / np.where(largest > 0, largest, 1.0)  # the squares of 1e-200 would underflow
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1.0)


def _share(of: NDArray[np.bool_]) -> float:
    return float(of.mean()) if of.size else math.nan


def _explained(change: Vector, predicted: Vector) -> float:
    largest = float(np.abs(change).max(initial=0.0))
    if largest == 0.0:
        return 0.0 if change.size else math.nan
    with np.errstate(over="ignore"):
        off = float(np.sum((change / largest - predicted / largest) ** 2))
    return max(0.0, 1.0 - off / float(np.sum((change / largest) ** 2)))


def _power(step: float) -> str:
    """1e-2 rather than 1e-02."""
    digits, _, exponent = f"{step:.0e}".partition("e")
    return f"{digits}e{int(exponent)}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if math.isfinite(share) else "?"
