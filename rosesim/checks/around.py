"""The values and gradients of a check's programs around their point, for the verdict over a distance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rosesim.ad.language.compiled import Program
from rosesim.checks.distance import OverDistance, directions_for, over_distance, scales
from rosesim.checks.line import AlongLine
from rosesim.checks.programs import Programs, Vector, in_parallel
from rosesim.checks.scale import Given, given_scales


class Around:
    """The values and gradients of c . value, point by point, on all cores where a run is long."""

    def __init__(self, programs: Programs, value: Any, cotangent: Vector):
        self._programs, self._value, self._cotangent = programs, value, cotangent

    def values(self, points: Vector) -> Vector:
        """The value at each row of `points`; NaN where the program stops or returns no number."""
        return np.array(self._each(self._value_at, points))

    def gradients(self, points: Vector) -> Vector:
        """The gradient at each row of `points`, one row each; NaN where the program stops."""
        return np.array(self._each(self._gradient_at, points))

    def line(self, p: Vector, d: Vector) -> AlongLine:
        """The program from p - d to p + d."""
        return AlongLine(self._programs, self._cotangent, p, d)

    def _value_at(self, x: Vector) -> float:
        numbers = self._programs.vector(self._value.call(*self._programs.arguments(x)))
        with np.errstate(all="ignore"):
            return float(self._cotangent @ numbers)

    def _gradient_at(self, x: Vector) -> Vector:
        return self._programs.reverse(x, self._cotangent)[1]

    def _each(self, of: Callable[[Vector], Any], points: Vector) -> list[Any]:
        def tried(x: Vector) -> Any:
            try:
                return of(x)
            except MemoryError:
                raise
            except Exception:  # an opaque function may raise anything: beside the point that counts as no number
                return np.nan if of == self._value_at else np.full(len(x), np.nan)

        return in_parallel(self._programs, tried, points)


def all_over_distance(
    programs: Programs, cotangents: Mapping[str, Vector], rng: np.random.Generator, given: Given = None
) -> tuple[OverDistance, ...]:
    """For each output (weighted by its cotangent): over what distance its gradient is of use.

    `given` is the user's scale of the inputs, for those whose typical magnitude is not their scale.
    """
    if not len(programs.x):
        return ()
    value = Program(programs.f, programs.types).compiled
    scale = scales(programs.x, list(programs.inputs.values()))
    for name, size in given_scales(programs.inputs, given).items():
        scale[programs.inputs[name]] = size
    count = directions_for(programs.work * len(cotangents), len(programs.x))
    found: list[OverDistance] = []
    for output, c in cotangents.items():
        around = Around(programs, value, c)
        found.append(over_distance(around, programs.x, scale, rng, count=count, line=around.line, output=output))
    return tuple(found)
