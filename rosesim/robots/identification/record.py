"""A recorded motion, and how it lies on the time steps of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.robots.model import Model
from rosesim.robots.sensors import SIZES, checked

Array = NDArray[np.float64]
MOST_STEPS = 10_000_000
"""Between the first time and the last: a row is kept for each, whether it was measured or not."""
NEAR = 1e-3
"""Times may miss a time step by this part of it: printed times are rounded."""


@dataclass(frozen=True)
class Record:
    """A recorded motion. A row is a time; NaN is a number that was not measured.

    `q` (n, nq) are positions as the model has them. `v` (n, nv) are velocities and `sensors` (n, ...) what the file's
    sensors read, if they were measured. `ctrl` (n, nu) are the controls that act from each time to the next; its last
    row may be left out unless sensors are measured. `times` (n,) are in s, multiples of the model's time step after
    the first; without them each row is one step after the row before. `start` (q, v) are position and velocity at the
    first time, if they are known exactly; without them they are found with the parameters. `activation` (na,) are the
    activations at the first time, of a robot whose actuators have some: they are known, and not sought.
    """

    q: Any
    ctrl: Any = None
    v: Any = None
    sensors: Any = None
    times: Any = None
    start: tuple[Any, Any] | None = None
    activation: Any = None


@dataclass(frozen=True)
class Laid:
    """A record with a row for each time step of the model."""

    measured: dict[str, Array]
    """What was measured, by kind: "q", "v", "sensors"; a number where there is none."""
    masks: dict[str, NDArray[np.bool_]]
    """What of it is in the record. Of "q" it has the shape (rows, nv): differences of positions are tangents."""
    ctrl: Array
    q0: Array
    v0: Array
    """Position and velocity at the first row: known, or as measured."""
    is_start_known: bool
    activation: Array

    @property
    def numbers(self) -> int:
        """How many numbers were measured."""
        return sum(int(m.sum()) for m in self.masks.values())


def laid(record: Record, model: Model) -> Laid:
    """A record on a model's time steps."""
    nsensor = sum(SIZES[s.kind] for s in checked(model.description)) if record.sensors is not None else 0
    q = _rows(record.q, "q", None, model.nq)
    n = len(q)
    if n < 2:
        raise ValueError(f"the record has {n} row; expected two or more times")
    kinds = {"q": q}
    for kind, values, width in (("v", record.v, model.nv), ("sensors", record.sensors, nsensor)):
        if values is not None:
            kinds[kind] = _rows(values, kind, n, width)
    steps = _steps(record.times, n, model.timestep)
    rows = int(steps[-1]) + 1
    measured: dict[str, Array] = {}
    masks: dict[str, NDArray[np.bool_]] = {}
    for kind, values in kinds.items():
        whole = np.full((rows, values.shape[1]), np.nan)
        whole[steps] = values
        masks[kind] = np.isfinite(whole) if kind != "q" else _tangent(model, np.isfinite(whole))
        measured[kind] = np.where(np.isfinite(whole), whole, model.start if kind == "q" else 0.0)
    if record.start is not None:
        for kind in masks.keys() & {"q", "v"}:
            masks[kind][0] = False  # the difference there is that of the measurement alone
    q0, v0 = _start(record, model, q, kinds.get("v"), steps)
    return Laid(
        measured, masks, _controls(record, model, steps), q0, v0, record.start is not None, _activation(record, model)
    )


def _start(record: Record, model: Model, q: Array, v: Array | None, steps: NDArray[np.int64]) -> tuple[Array, Array]:
    """Position and velocity at the first time, where the search for them begins if they are not known."""
    if record.start is not None:
        q0, v0 = (np.asarray(x, dtype=np.float64) for x in record.start)
        if q0.shape != (model.nq,) or v0.shape != (model.nv,) or not np.isfinite([*q0, *v0]).all():
            raise ValueError(
                f"the record's start has the shapes {q0.shape} and {v0.shape}; expected ({model.nq},) "
                f"and ({model.nv},), finite numbers"
            )
        return q0, v0
    if np.isfinite(q[0]).all():
        if v is not None and np.isfinite(v[0]).all():
            return q[0], v[0]
        if np.isfinite(q[1]).all():
            return q[0], np.asarray(model.difference(q[1], q[0])) / (model.timestep * steps[1])
    raise ValueError(
        "the record's first two positions are not all measured; expected them, or start=(q, v) that is known"
    )


def _activation(record: Record, model: Model) -> Array:
    """Activations at the first time."""
    found = np.asarray([] if record.activation is None else record.activation, dtype=np.float64)
    if found.shape != (model.na,) or not np.isfinite(found).all():
        what = "no activation" if record.activation is None else f"an activation of the shape {found.shape}"
        names = ", ".join(map(repr, model.names["activation"]))
        of = f", at the first time, of the actuators {names}" if model.na else ": no actuator has one"
        raise ValueError(f"the record has {what}; expected ({model.na},) finite numbers{of}")
    return found


def _rows(values: Any, kind: str, n: int | None, width: int) -> Array:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 2 or found.shape[1] != width or n not in (None, len(found)):
        wanted = f"({'times' if n is None else n}, {width})"
        raise ValueError(f"the record's {kind} has the shape {found.shape}; expected {wanted}")
    if np.isinf(found).any():
        raise ValueError(f"the record's {kind} holds an infinity; expected numbers, NaN where nothing was measured")
    return found


def _steps(times: Any, n: int, h: float) -> NDArray[np.int64]:
    """The number of each row's time step."""
    if times is None:
        return np.arange(n)
    t = np.asarray(times, dtype=np.float64)
    if t.shape != (n,) or not np.isfinite(t).all():
        raise ValueError(f"the record's times have the shape {t.shape}; expected ({n},), finite numbers in s")
    exact = (t - t[0]) / h
    if (span := float(np.abs(exact).max())) >= MOST_STEPS:
        raise ValueError(
            f"the record's times span {span:.3g} time steps of {h:g} s; expected fewer than {MOST_STEPS:,}: are they "
            "in s?"
        )
    steps = np.rint(exact).astype(np.int64)
    if (np.diff(steps) <= 0).any():
        raise ValueError(f"the record's times do not grow by the time step, {h:g} s, or more; expected that they do")
    if (off := np.abs(exact - steps)).max() > NEAR:
        k = int(off.argmax())
        raise ValueError(
            f"the record's time {t[k]:g} s is {exact[k]:.3f} steps of {h:g} s after its first; expected a whole "
            "number: interpolate the record, or give the model a time step that divides its times"
        )
    return steps


def _controls(record: Record, model: Model, steps: NDArray[np.int64]) -> Array:
    """The control of each time step: that of the last recorded time at or before it."""
    n = len(steps)
    if record.ctrl is None:
        if model.nu:
            raise ValueError(f"the record has no ctrl; expected ({n}, {model.nu}) controls: the robot has motors")
        return np.zeros((int(steps[-1]) + 1, 0))
    found = np.asarray(record.ctrl, dtype=np.float64)
    fewest = n if record.sensors is not None else n - 1
    if found.ndim != 2 or not fewest <= len(found) <= n or found.shape[1] != model.nu:
        raise ValueError(f"the record's ctrl has the shape {found.shape}; expected ({n}, {model.nu})")
    if not np.isfinite(found).all():
        raise ValueError("the record's ctrl holds NaN or an infinity; expected the controls that acted")
    held = np.searchsorted(steps, np.arange(steps[-1] + 1), side="right") - 1
    return found[np.minimum(held, len(found) - 1)]


def _tangent(model: Model, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which components of a difference of positions are known; of a quaternion all or none."""
    parts: list[NDArray[np.bool_]] = []
    k = 0
    for joint in model.description.joints:
        places = 3 if joint.kind == "free" else 0 if joint.kind == "ball" else 1
        parts.append(known[:, k : k + places])
        k += places
        if joint.kind in ("free", "ball"):
            parts.append(np.repeat(known[:, k : k + 4].all(axis=1, keepdims=True), 3, axis=1))
            k += 4
    return np.concatenate(parts, axis=1) if parts else known
