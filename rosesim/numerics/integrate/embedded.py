"""Methods that estimate the error of their step, and interpolate within it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rosesim.numerics.integrate import tableaux
from rosesim.numerics.integrate.field import Field
from rosesim.numerics.integrate.methods import stages
from rosesim.numerics.integrate.rosenbrock import rodas4
from rosesim.numerics.structure import Shape


class Step(NamedTuple):
    """What a step gives."""

    y: Any
    slope: Any
    """f there, if the method has it; what the next step begins with."""
    error: Any
    dense: list[Any]
    """The coefficients of `interpolated`."""


@dataclass(frozen=True)
class Embedded:
    """A method with an estimate of its error."""

    order: int
    """The error of a step grows with h to this power: one more than the order of what estimates it."""
    step: Callable[[Field, Any, Any, Any, Any], Step]
    """(field, t, y, f there, h) -> the step."""


def _dopri5(field: Field, t: Any, y: Any, slope: Any, h: Any) -> Step:
    s = field.shape
    ks = stages(tableaux.DOPRI5, field, t, y, h, slope)
    end = s.moved(y, h, list(zip(tableaux.DOPRI5.b, ks, strict=True)))
    error = s.moved(s.zero(), h, list(zip(tableaux.DOPRI5_ERROR, ks, strict=True)))
    change = s.minus(end, y)
    bend = s.moved(change, -h, [(1.0, slope)])
    last = s.moved(s.zero(), h, list(zip(tableaux.DOPRI5_DENSE, ks, strict=True)))
    dense = [y, change, s.negative(bend), s.moved(s.plus(change, 1.0, bend), -h, [(1.0, ks[-1])]), last]
    return Step(end, ks[-1], error, dense)


def _rodas4(field: Field, t: Any, y: Any, slope: Any, h: Any) -> Step:
    end, error, dense = rodas4(field, t, y, h)
    return Step(end, slope, error, dense)


METHODS = {"dopri5": Embedded(5, _dopri5), "rodas4": Embedded(4, _rodas4)}


def interpolated(shape: Shape, dense: Sequence[Any], x: Any) -> Any:
    """The state at a fraction x of a step: c0 + x (c1 + (1 - x) (c2 + x (c3 + (1 - x) c4)))."""
    parts = [shape.parts(c) for c in dense]
    found: list[Any] = []
    for row in zip(*parts, strict=True):
        value = row[-1]
        for k in range(len(row) - 2, -1, -1):
            value = row[k] + (x if k % 2 == 0 else 1.0 - x) * value
        found.append(value)
    return shape.whole(found)
