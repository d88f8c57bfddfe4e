"""The values and gradients of a check's programs around their point, for the verdict over a distance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rosesim.ad.instrument.decisions import Flip, first_flips
from rosesim.ad.language.compiled import Program
from rosesim.checks.causes import Node
from rosesim.checks.distance import OverDistance, directions_for, over_distance, scales
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


class AlongLine:
    """c . value from p - d to p + d, with its slope and decisions, for the causes of a change."""

    def __init__(self, programs: Programs, cotangent: Vector, p: Vector, d: Vector):
        self._programs, self._cotangent, self._p, self._d = programs, cotangent, p, d

    def nodes(self, at: Sequence[float]) -> list[Node | None]:
        """The program at these places, on all cores where a run is long; None where it has no number."""
        return in_parallel(self._programs, self._node, at)

    def flips(self, one: Node, other: Node) -> list[Flip]:
        """For each decision that differs between two nodes its first flip, in the order of the run."""
        return first_flips(self._programs.recorded, one.table, other.table)

    def _node(self, at: float) -> Node | None:
        x = self._p + at * self._d
        run, slope = self._programs.run_beside(x), self._programs.forward_beside(x, self._d)
        if run is None or slope is None:
            return None
        return Node(at, float(self._cotangent @ run.value), float(self._cotangent @ slope), run.key, run.table)


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
