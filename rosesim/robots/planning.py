"""`plan`: controls that make a robot's motion cheap, and the policy that holds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.language.arrays import concatenate
from rosesim.numerics import control
from rosesim.robots.model import Contact, Model
from rosesim.robots.planned import Plan

Array = NDArray[np.float64]
MOST_PROBLEMS = 16
"""Pairs of costs that a model remembers with their machine code: the last ones."""


def plan(
    model: Model,
    running: Callable[..., Any],
    final: Callable[..., Any],
    *,
    horizon: int | None = None,
    controls: Any = None,
    start: tuple[Any, ...] | None = None,
    motion: tuple[Any, ...] | None = None,
    contact: Contact = "soft",
    integrator: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    args: tuple[Any, ...] = (),
    method: Literal["ilqr", "ddp"] = "ilqr",
    tolerance: float = 1e-10,
    limit: int = 200,
) -> Plan:
    """Controls that minimise the sum of running(q, v, u, t, *args) over the steps, plus final(q, v, *args).

    Each cost is a Real, or a vector of residuals r that costs r·r/2. The search begins with `controls` (T, nu), or
    with zeros for `horizon` steps, and with the motion under them, or with `motion`, a guess (q, v) of T + 1 rows
    each that need not be possible. `start` is (q, v): where the file draws the robot, at rest, with activations of 0,
    unless given. Where actuators have activations, both have those as a third part. Controls stay within the motors'
    ranges. `contact`, `integrator`, `parameters` are those of `Model.step`; `method`, `tolerance`, `limit` and how it
    ends those of `control.Problem.solve`.

    Calls with the same model, cost functions, contact and number of steps compile once; a function that is written
    anew, such as a lambda in the call, is another one.

    Raises ValueError for a robot without motors, and for shapes that do not fit.

    >>> from rosesim import concatenate, robots
    >>> from rosesim.robots.description import Actuator, Body, Description, Geom, Joint
    >>> bodies = Body("world", 0), Body("rod", 0)
    >>> joints = (Joint("pivot", "hinge", 1, axis=(0.0, 1.0, 0.0)),)
    >>> rod = Geom("rod", "capsule", 1, (0.02, 0.5), (0.0, 0.0, -0.5))
    >>> motor = Actuator("motor", 0, ctrl_range=(-8.0, 8.0))
    >>> pendulum = robots.Model(Description("pendulum", bodies, joints, (rod,), actuators=(motor,)))
    >>> plan = robots.plan(
    ...     pendulum,
    ...     lambda q, v, u, t: 0.1 * u,
    ...     lambda q, v: concatenate([30.0 * (q - np.pi), 3.0 * v]),
    ...     horizon=600,
    ... )
    >>> plan.converged, plan.q[-1].round(2), plan.gains.shape
    (True, array([3.11]), (600, 1, 2))
    """
    if not model.nu:
        raise ValueError(f"the robot {model.description.name!r} has no motors; expected some to be controlled")
    if (horizon is None) == (controls is None):
        raise ValueError(
            "plan takes horizon=, a number of steps, or controls=, a guess of (T, nu); expected one of them"
        )
    u = np.zeros((_steps(horizon), model.nu)) if controls is None else np.asarray(controls, dtype=np.float64)
    if u.ndim != 2 or u.shape[1] != model.nu:
        raise ValueError(f"controls have the shape {u.shape}; expected (T, {model.nu}), a row for each step")
    resting = model.start, np.zeros(model.nv), np.zeros(model.na)
    x0 = _joined(model, start or resting[: 3 if model.na else 2], (), "start")
    states = None if motion is None else _joined(model, motion, (len(u) + 1,), "motion")
    key = running, final, contact, integrator
    if key not in model.problems:
        while len(model.problems) >= MOST_PROBLEMS:  # costs that are written anew for each call are never met again
            model.problems.pop(next(iter(model.problems)))
        model.problems[key] = _problem(model, *key)
    found = model.problems[key].solve(
        x0, u, states=states, args=(dict(parameters or {}), *args), method=method, tolerance=tolerance, limit=limit
    )
    return Plan(found, model.nq, float((parameters or {}).get("timestep", model.timestep)), model.na)


def _problem(
    model: Model, running: Callable[..., Any], final: Callable[..., Any], contact: Contact, integrator: str | None
) -> control.Problem:
    """States are q, then v, then activations."""
    nq, nv, na = model.nq, model.nv, model.na
    end = nq + nv

    def step(x: Any, u: Any, parameters: Any, *_: Any) -> Any:
        how: dict[str, Any] = {"activation": x[end:]} if na else {}
        return concatenate(
            model.step(x[:nq], x[nq:end], u, contact=contact, integrator=integrator, parameters=parameters, **how)
        )

    def moved(x: Any, d: Any) -> Any:
        return concatenate([model.moved(x[:nq], d[:nv]), x[nq:] + d[nv:]])

    def difference(a: Any, b: Any) -> Any:
        return concatenate([model.difference(a[:nq], b[:nq]), a[nq:] - b[nq:]])

    def running_of(x: Any, u: Any, t: Any, parameters: Any, *args: Any) -> Any:
        return running(x[:nq], x[nq:end], u, t, *args)

    def final_of(x: Any, parameters: Any, *args: Any) -> Any:
        return final(x[:nq], x[nq:end], *args)

    low, high = model.control_range.T
    space = control.Space(2 * nv + na, moved, difference)
    return control.Problem(step, running_of, final_of, low=low, high=high, space=space)


def _steps(horizon: Any) -> int:
    if not isinstance(horizon, int) or horizon < 1:
        raise ValueError(f"horizon={horizon!r} was found; expected a number of steps, as 100")
    return horizon


def _joined(model: Model, parts: Any, rows: tuple[int, ...], what: str) -> Array:
    """Positions, velocities and, where there are any, activations side by side."""
    given = [np.asarray(x, dtype=np.float64) for x in parts]
    shapes = [(*rows, n) for n in (model.nq, model.nv, *([model.na] if model.na else []))]
    if [x.shape for x in given] != shapes:
        states = ": positions, velocities, activations" if model.na else ""
        raise ValueError(f"{what} has the shapes {_and([x.shape for x in given])}; expected {_and(shapes)}{states}")
    return np.concatenate(given, axis=-1)


def _and(shapes: list[tuple[int, ...]]) -> str:
    *first, last = map(str, shapes)
    return f"{', '.join(first)} and {last}" if first else last
