"""Over what distance is a gradient of use? Its sign and size against the change over steps that a descent takes.

An exact derivative may be that of a piece far shorter than any step. So points are drawn around x, one for each
comparison, within SCATTER of the scale of the inputs (a descent walks about in that ball, and the gradient at x
itself lies on one piece only). At a point p with gradient g, f(p + d) - f(p - d) is held against 2 g . d, for d
along the gradient (every second point) or along a random direction. The difference is central so that curvature
cancels: of a parabola, near its minimum too, the two are equal.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.instrument.decisions import Flip

Vector = NDArray[np.float64]

STEPS = (1e-3, 1e-2, 1e-1)
"""Lengths of steps, in units of the scale: from a careful learning rate to a bold one."""
SCATTER = 0.1
"""The points lie so far around x at most, in the same units: ten steps of the middle length."""
DIRECTIONS = 256
"""Comparisons for each step: of 59 % the standard deviation is 3 %, of 99 % 0.6 %."""
FEWEST = 8
"""Comparisons, however long a run takes."""
WORK = 20_000_000_000
"""Additions that all comparisons may take, one to four seconds; a longer program gets fewer of them."""
NUMBERS = 2**22
"""Of all points together, 32 MiB; a dozen arrays of that size are needed."""
GRADIENT = 4
"""Values that a gradient takes as long as, about."""
TOLD, WRONG_WAYS = 0.9, 3
"""A share below this is told, where at least so many directions went the other way: of eight, with one in a
hundred by chance, three do so in 5e-5 of all checks."""
BLAMED = 32
"""Directions that went the other way in which the decisions are looked at."""
ROUNDINGS = 4
"""Changes within so many of the roundings found around the point are not told from none."""
NOISY = 16
"""Points at which roundings are found."""
TINY = 1e-9
"""The step over which they are, in units of the scale."""
EPS = float(np.finfo(np.float64).eps)


class Field(Protocol):
    """A function of vectors and what is said to be its gradient."""

    def values(self, points: Vector) -> Vector:
        """At each row; NaN where there is none."""
        ...

    def gradients(self, points: Vector) -> Vector:
        """The same, a row each."""
        ...


@dataclass(frozen=True, slots=True)
class AtStep:
    """What the gradient tells over steps of one length: shares are from 0 to 1, NaN where nothing changed."""

    step: float
    """In units of the scale of the inputs."""
    same_sign: float
    """In how many of the directions the gradient has the sign of the change."""
    explained: float
    """How much of the change it explains: 1 - sum |change - predicted|^2 / sum |change|^2, at least 0."""
    along_gradient: float
    """`same_sign` of the directions along the gradient alone, which are half of them."""
    directions: int
    """How many were compared."""
    flat: int
    """How many beside these were left out because nothing changed and nothing was predicted to."""
    left_out: int
    """How many because both were within rounding, or there was no number at an end."""


@dataclass(frozen=True, slots=True)
class OverDistance:
    """What the gradient of an output by all inputs together tells over steps of several lengths."""

    at: tuple[AtStep, ...]
    why: str = ""
    """Why its sign is not that of the change: the decision that flips first, or that none does."""
    output: str = "value"

    @property
    def short(self) -> AtStep | None:
        """The shortest step over which the sign of the gradient is too often not that of the change."""
        for a in self.at:
            if a.same_sign < TOLD and round((1 - a.same_sign) * a.directions) >= WRONG_WAYS:
                return a
        return None

    @property
    def text(self) -> str:
        """What a person should know, as a clause; "" where the sign is that of the change."""
        found = self.short
        if found is None:
            return ""
        return (
            f"over {_power(found.step)} its sign is that of the change in {_percent(found.same_sign)} % of "
            f"{found.directions} directions, and it explains {_percent(found.explained)} % of the change ({self.why})"
        )

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
        """As JSON's types."""
        return [dataclasses.asdict(a) for a in self.at]


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
    """How many comparisons a program of so much work a value, of so many numbers, gets."""
    each = max(1, work) * (GRADIENT + 2 * len(STEPS))
    return max(FEWEST, min(DIRECTIONS, WORK // each, NUMBERS // max(1, size)))


def over_distance(
    field: Field,
    x: Vector,
    scale: Vector,
    rng: np.random.Generator,
    *,
    count: int = DIRECTIONS,
    flips: Callable[[Vector, Vector], Flip | None] | None = None,
    output: str = "value",
) -> OverDistance:
    """Hold a gradient against the change over steps of several lengths, in units of `scale`, around x.

    `count` comparisons are made for each length; `flips` says which decision of the program differs first between
    two points, where that is known.
    """
    n = len(x)
    inside = _unit(rng.normal(size=(count, n))) * rng.uniform(size=(count, 1)) ** (1 / n)
    long = math.sqrt(n) * scale  # a step of the scale in the mean of all numbers, not in their sum
    points = x + SCATTER * long * inside
    gradients = field.gradients(points)
    along = np.arange(count) % 2 == 0
    steepest = np.where(np.isfinite(gradients), gradients, 0.0) * scale
    along &= (steepest != 0).any(axis=1)
    directions = np.where(along[:, None], _unit(steepest), _unit(rng.normal(size=(count, n)))) * long
    noise = _noise(field, points, directions)
    found: list[AtStep] = []
    others: list[tuple[Vector, Vector]] = []
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
        found.append(
            AtStep(
                step,
                _share(same[seen]),
                _explained(change[seen], predicted[seen]),
                _share(same[seen & along]),
                int(seen.sum()),
                int(flat.sum()),
                int(count - seen.sum() - flat.sum()),
            )
        )
        result = OverDistance(tuple(found), output=output)
        if not others and result.short is not None:
            others = [(points[k] - d[k], points[k] + d[k]) for k in np.flatnonzero(seen & ~same)[:BLAMED]]
    return OverDistance(tuple(found), _blame(others, flips) if others else "", output)


def _blame(pairs: Sequence[tuple[Vector, Vector]], flips: Callable[[Vector, Vector], Flip | None] | None) -> str:
    """The decision that most often is the first to differ between the two ends of a step."""
    if flips is None:
        return "the value jumps or bends within the step"
    found = [f for f in (flips(a, b) for a, b in pairs) if f is not None]
    if not found:
        return "no decision flips: the value bends within the step"
    place, often = Counter((f.what, f.where) for f in found).most_common(1)[0]
    there = sorted((f for f in found if (f.what, f.where) == place), key=lambda f: f.step or 0)
    return f"of decisions that flip the first is, in {often} of {len(pairs)}, {there[len(there) // 2]}"


def _noise(field: Field, points: Vector, directions: Vector) -> float:
    """The rounding of a difference: what there is of one over a step a million times shorter than the shortest.

    The median of some points: across a jump, or where there is no number, one of them says nothing.
    """
    some, d = points[:NOISY], TINY * directions[:NOISY]
    left, right = field.values(np.concatenate([some - d, some + d])).reshape(2, -1)
    with np.errstate(all="ignore"):
        off = np.abs(right - left) + EPS * np.abs(left)
    known = np.isfinite(off)
    return ROUNDINGS * float(np.median(off[known])) if known.any() else 0.0


def _unit(rows: Vector) -> Vector:
    """Rows of length 1; those of zeros stay."""
    largest = np.abs(rows).max(axis=1, keepdims=True)
    rows = rows / np.where(largest > 0, largest, 1.0)  # squares of 1e-200 would vanish
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
