"""A value along its own gradient: what descent would see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rosesim.checks.programs import Programs, Vector

SCALES = (1e-1, 1e-3, 1e-5, 1e-7)
"""Half widths, in units of the largest number of the inputs: every second step length of the ladder. A function that
looks jagged at one scale may look smooth at another."""
POINTS = 61
"""Points of a curve. The middle one is the point itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Along:
    """The value at a point and along its gradient there, and the slope that the gradient predicts.

    `steps` and `values` have a row for each scale: the distance along the unit gradient, and the value there (NaN
    where there is none).
    """

    name: str
    value: float
    slope: float
    steps: Vector
    values: Vector


def along(programs: Programs, output: str = "value", name: str | None = None) -> Along:
    """The value of an output (of an array: its sum) along its gradient; along (1, ..., 1) where that is zero."""
    c = np.zeros(sum(s.stop - s.start for s in programs.outputs.values()))
    c[programs.outputs[output]] = 1.0
    x = programs.x
    value, gradient = programs.reverse(x, c)
    if np.isfinite(gradient).all() and gradient.any():
        direction = gradient / np.linalg.norm(gradient)
    else:
        direction = np.ones(len(x)) / np.sqrt(len(x))
    unit = float(np.abs(x).max(initial=0.0)) or 1.0
    steps = np.outer(SCALES, np.linspace(-1.0, 1.0, POINTS)) * unit
    values = np.empty(steps.shape)
    for k, row in enumerate(steps):
        runs = programs.run_each([x + t * direction for t in row])
        values[k] = [np.nan if run is None else c @ run.value for run in runs]
    return Along(name or programs.f.name, float(c @ value), float(gradient @ direction), steps, values)
