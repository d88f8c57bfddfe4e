"""By what an input is measured: the steps of a check are fractions of its own scale, so no unit enters.

The scale of a number is its magnitude. A zero has the typical magnitude of the numbers beside it in its array. An
input that is nothing but zeros has none of its own: 1 is assumed, and where differences do not settle the function
is asked (`searched`). A user who knows better gives the scale.
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
"""Of a user: one scale for all inputs, or a mapping with one each by name (of a leaf, or of what it is a part of)."""

LEAST = 1e-280
"""A smaller magnitude counts as zero: a step would be a denormal number, or none."""
FAR = 36
"""A scale is searched from 1e-36 to 1e36."""
BENT = 0.02
"""A change of the exponent of the derivative over a decade that says: here the function becomes another. Small, for a
step that passes the place where a sine bends may meet the same slope further out."""


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
    wanted = given_scales(programs.inputs, given)
    for name, part in programs.inputs.items():
        if name in wanted:
            each[part] = wanted[name]
            continue
        size = np.abs(programs.x[part])
        nonzero = size[(size > LEAST) & np.isfinite(size)]
        if len(nonzero) == 0:
            assumed.add(name)
        else:
            each[part] = np.where((size > LEAST) & np.isfinite(size), size, np.median(nonzero))
    return Scales(each, frozenset(assumed))


def given_scales(inputs: Collection[str], given: Given) -> dict[str, float]:
    """The scales that a user gives, by the names of inputs; TypeMismatch where they are none or name none."""
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
    """How far along a direction the derivative of c . value follows the same power of the step; None where it
    does everywhere, as that of a polynomial of one term.

    Asked is the derivative, not the value: it does not drown in rounding, however short the step.
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
    last = known[-1][0]  # where it is no number any more
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
    """The digits of the derivative so far along the direction."""
    found = programs.forward_beside(programs.x + 10.0**log * direction, direction)
    slope = math.nan if found is None else abs(float(c @ found))
    return math.log10(slope) if 1e-290 < slope < math.inf else None


def _power(one: Sequence[float], two: Sequence[float]) -> float:
    return (two[1] - one[1]) / (two[0] - one[0])
