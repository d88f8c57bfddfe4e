"""Actuators with a state of their own: an activation w stands between the control u and the force.

dw/dt is u for an integrator and (u - w)/τ for a filter. A step of time adds h dw/dt; `filterexact` takes the exact
answer to a control that stays, with τ (1 - exp(-h/τ)) in the place of h. The force is that of w before the step, or
after it for an actuator that acts early. Ranges clip w at the step's end, not within it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rosesim.ad.language import mathematics
from rosesim.ad.language.mathematics import clamp
from rosesim.robots.algebra import Number, add, known, mul, neg, over, sub
from rosesim.robots.description import Actuator, Description
from rosesim.robots.forces import within_range
from rosesim.robots.mechanism import Mechanism
from rosesim.robots.parameters import title


def active(robot: Description) -> list[int]:
    """The actuators that have an activation, in the order of activations."""
    return [k for k, a in enumerate(robot.actuators) if a.dynamics != "none"]


def rates(m: Mechanism, u: Sequence[Number], w: Sequence[Number]) -> list[Number]:
    """dw/dt under controls."""
    found: list[Number] = []
    for x, k in zip(w, active(m.robot), strict=True):
        told = within_range(m, k, u[k])
        if m.robot.actuators[k].dynamics == "integrator":
            found.append(told)
        else:
            found.append(over(sub(told, x), _time_constant(m, k)))
    return found


def advanced(m: Mechanism, w: Sequence[Number], slopes: Sequence[Number], h: Number) -> list[Number]:
    """w a step later, by its slopes."""
    if "actuation" in m.robot.options.disabled:
        return list(w)
    found: list[Number] = []
    for x, slope, k in zip(w, slopes, active(m.robot), strict=True):
        a = m.robot.actuators[k]
        after = add(x, mul(_span(m, k, a, h), slope))
        found.append(after if a.activation_range is None else clamp(after, *a.activation_range))
    return found


def inputs(m: Mechanism, u: Sequence[Number], w: Sequence[Number], h: Number) -> list[Number]:
    """What each actuator's force is computed from: its control, or its activation."""
    found = list(u)
    later = advanced(m, w, rates(m, u, w), h)
    for x, y, k in zip(w, later, active(m.robot), strict=True):
        found[k] = y if m.robot.actuators[k].acts_early else x
    return found


def _span(m: Mechanism, k: int, a: Actuator, h: Number) -> Number:
    """The time by which a slope counts in a step of h."""
    if a.dynamics != "filterexact":
        return h
    constant = _time_constant(m, k)
    part = neg(over(h, constant))
    return mul(neg(constant), math.expm1(part) if known(part) else mathematics.expm1(part))


def _time_constant(m: Mechanism, k: int) -> Number:
    a = m.robot.actuators[k]
    return m.given.number(f"{title('actuator', a.name, k)} timeconst", a.time_constant)
