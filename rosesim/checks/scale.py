"""The scales of the inputs: the steps of a check are fractions of an input's own scale, so that no unit matters.

The scale of a number is its magnitude. A zero has the typical magnitude of the other numbers in its array. An input
that consists of zeros has no scale of its own: 1 is assumed, and where differences do not settle, the scale is found
from the function itself (`searched`). A user who knows better gives the scale.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rosesim.ad.support.errors import TypeMismatch, here
from rosesim.checks.programs import Programs, Vector

Given = float | Mapping[str, float] | None
"""A user's scales: one for all inputs, or a mapping by name (of a leaf, or of an input that it is a part of)."""

LEAST = 1e-280
"""A smaller magnitude counts as zero, because a step would be a denormal number or zero."""
FAR = 36
"""A scale is searched from 1e-36 to 1e36."""
BENT = 0.02
"""The exponent of the derivative changes by more than this over a decade: there the function changes its shape. The
bound is small because a step past the bend of a sine may meet the same slope further out."""


@dataclass(frozen=True, slots=True)
class Scales:
    """A scale for each number of x, and the inputs for which it is only assumed."""

    each: Vector
    assumed: frozenset[str]


def scales(programs: Programs, given: Given = None) -> Scales:
    """The scales of a program's inputs at its point.

    Raises TypeMismatch where a given scale is no positive number or names no input.
    """
    each = np.ones(len(programs.x))
    assumed: set[str] = set()
    stated = given_scales(programs.inputs, given)
    for name, part in programs.inputs.items():
        if name in stated:
            each[part] = stated[name]
            continue
        size = np.abs(programs.x[part])
        nonzero = size[(size > LEAST) & np.isfinite(size)]
        if len(nonzero) == 0:
            assumed.add(name)
        else:
            each[part] = np.where((size > LEAST) & np.isfinite(size), size, np.median(nonzero))
    return Scales(each, frozenset(assumed))


def given_scales(inputs: Collection[str], given: Given) -> dict[str, float]:
    """The scales that a user gives, by the names of inputs. TypeMismatch for one that is no scale or names no
    input."""
    if given is None:
        return {}
    named: dict[str, Any] = {}
    named.update(given if isinstance(given, Mapping) else dict.fromkeys(inputs, given))
    found: dict[str, float] = {}
    for name, s in named.items():
        number = isinstance(s, int | float | np.integer | np.floating) and not isinstance(s, bool)
        if not number or not 0.0 < s < math.inf:
            raise TypeMismatch(f"scale={s!r} was found for {name}; expected a positive number", here())
        parts = [n for n in inputs if n == name or n.startswith((f"{name}.", f"{name}["))]
        if not parts:
            known = ", ".join(inputs) or "none that has a derivative"
            raise TypeMismatch(f"scale= names {name}; the inputs are {known}", here())
        found.update(dict.fromkeys(parts, float(s)))
    return found


def searched(programs: Programs, c: Vector, direction: Vector) -> float | None:
    """The distance along a direction over which the derivative of c . value follows one power of the step; None where
    it does so everywhere, as for a polynomial of one term.

    The derivative is examined and not the value, because it does not drown in rounding, however short the step.
    """
    logs = np.arange(-FAR, FAR + 1.0, 3.0)
    sizes = [_size(programs, c, direction, k) for k in logs]
    known = [(k, s) for k, s in zip(logs, sizes, strict=True) if s is not None]
    if len(known) < 3:
        return None
    power = _power(known[0], known[1])
    for one, two in itertools.pairwise(known):
        if abs(_power(one, two) - power) > BENT:
            return 10.0 ** _refined(programs, c, direction, one, two[0], power)
    last = known[-1][0]  # beyond this it is no longer a number
    return 10.0**last if last < FAR else None


def _refined(
    programs: Programs, c: Vector, direction: Vector, good: tuple[float, float], bad: float, power: float
) -> float:
    for _ in range(3):
        middle = 0.5 * (good[0] + bad)
        s = _size(programs, c, direction, middle)
        if s is not None and abs(_power(good, (middle, s)) - power) <= BENT:
            good = middle, s
        else:
            bad = middle
    return good[0]


def _size(programs: Programs, c: Vector, direction: Vector, log: float) -> float | None:
    """The decimal exponent of the derivative at 10^log along the direction; None where it has none."""
    found = programs.forward_beside(programs.x + 10.0**log * direction, direction)
    slope = math.nan if found is None else abs(float(c @ found))
    return math.log10(slope) if 1e-290 < slope < math.inf else None


def _power(one: Sequence[float], two: Sequence[float]) -> float:
    return (two[1] - one[1]) / (two[0] - one[0])
