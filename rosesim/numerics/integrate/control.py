"""The size of steps: so large that the estimated error is what the tolerances allow.

The controller is proportional and integral: Gustafsson, "Control theoretic techniques for stepsize selection in
explicit Runge-Kutta methods" (1991), with the constants of Hairer's `dopri5`. Sizes are numbers without a derivative.
"""

from __future__ import annotations

from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.mathematics import clamp, maximum, minimum, pow, sqrt
from rosesim.ad.language.values.real import Real
from rosesim.ad.transforms.derivatives import stop_gradient
from rosesim.numerics.integrate.field import Field

SAFETY = 0.9
SHRINK, GROW = 0.2, 10.0
"""A step is at least and at most so many times as long as the last one."""
MEMORY = 0.2
"""How much the last step's error counts, over the order."""
LEAST_ERROR = 1e-4
"""What counts as the last step's error at least, and at the start, as in `dopri5`."""


class Control:
    """What a step may err: atol + rtol * |y| in each number, in the root mean square over all."""

    def __init__(self, field: Field, order: int, rtol: Any, atol: Any):
        self.field, self.order, self.rtol, self.atol = field, order, rtol, atol

    def size(self, x: Any, y: Any, z: Any) -> Any:
        """The root mean square of x over what is allowed beside y and z. 1 is just allowed."""
        s = self.field.shape
        x, y, z = stop_gradient(x), stop_gradient(y), stop_gradient(z)
        over = s.whole([
            e / (self.atol + self.rtol * maximum(abs(a), abs(b)))
            for e, a, b in zip(s.parts(x), s.parts(y), s.parts(z), strict=True)
        ])  # fmt: skip
        return sqrt(s.dot(over, over) / s.size)

    def first(self, t: Any, y: Any, slope: Any, span: Any) -> Any:
        """The size of the first step towards t + span (Hairer, Nørsett and Wanner I, II.4)."""
        s = self.field.shape
        t, y, slope, span = stop_gradient(t), stop_gradient(y), stop_gradient(slope), stop_gradient(span)
        away, speed = self.size(y, y, y), self.size(slope, y, y)
        small = (away < 1e-5) | (speed < 1e-5)
        h = minimum(select(small, 1e-6, 0.01 * away / select(small, 1.0, speed)), abs(span))
        ahead = select(span < 0.0, -h, h)
        bend = self.size(s.minus(self.field(t + ahead, s.plus(y, ahead, slope)), slope), y, y) / h
        most = maximum(speed, bend)
        flat = most <= 1e-15
        fits = pow(0.01 / select(flat, 1.0, most), 1.0 / self.order)
        h = minimum(minimum(100.0 * h, select(flat, maximum(1e-6, 1e-3 * h), fits)), abs(span))
        return stop_gradient(select(span < 0.0, -h, h))

    def factor(self, error: Any, last: Any, rejected: Any) -> Any:
        """How much longer the next step is, after one with this error."""
        k = self.order
        error = select(error < 1e10, maximum(error, 1e-10), 1e10)  # infinite or NaN: as short as may be
        grown = SAFETY * pow(error, -(1.0 - 0.75 * MEMORY) / k) * pow(last, MEMORY / k)
        grown = minimum(grown, select(rejected, 1.0, GROW))
        again = SAFETY * pow(error, -1.0 / k)
        return clamp(select(error <= 1.0, grown, again), SHRINK, GROW)


def begun() -> Any:
    """The last step's error before there was one."""
    return Real(LEAST_ERROR)
