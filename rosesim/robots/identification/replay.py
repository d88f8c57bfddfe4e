"""The motion of a model against a record: a program, and its Jacobian by what is sought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.transforms.jacobians import jacobian
from rosesim.robots.identification.record import Laid
from rosesim.robots.identification.unknowns import Unknown, traced
from rosesim.robots.model import Contact, Model

Array = NDArray[np.float64]
SAMPLES = 200
"""Rows whose positions are compared with the first ones to see how far a motion goes, by a call each."""


@dataclass(frozen=True)
class Replay:
    """A model that replays one record. Its coordinates are those of the unknowns, then of the start, if it is sought:
    a tangent (nv,) of the positions and the change (nv,) of the velocities."""

    model: Model
    unknowns: Sequence[Unknown]
    record: Laid
    weights: dict[str, Array]
    """One over the standard deviation of each channel, by kind."""
    contact: Contact = "soft"
    integrator: str | None = None

    @property
    def extra(self) -> int:
        """How many coordinates the start has."""
        return 0 if self.record.is_start_known else 2 * self.model.nv

    def start(self, z: Array) -> tuple[Array, Array]:
        """Position and velocity at the first row."""
        q0, v0 = self.record.q0, self.record.v0
        if not self.extra:
            return q0, v0
        first, middle = len(self.unknowns), len(self.unknowns) + self.model.nv
        return np.asarray(self.model.moved(q0, z[first:middle])), v0 + z[middle:]

    def differences(self, z: Array) -> dict[str, Array]:
        """Computed less recorded, by kind, at all time steps."""
        return dict(zip(self.record.measured, self._programs[0](z, *self._arguments), strict=True))

    def residuals(self, z: Array) -> Array:
        """What was measured, computed less recorded, over its standard deviation."""
        found = self.differences(z)
        return np.concatenate([(found[k] * self.weights[k])[m] for k, m in self.record.masks.items()])

    def jacobian(self, z: Array) -> Array:
        """The derivative of `residuals`."""
        found = dict(zip(self.record.measured, self._programs[1](z, *self._arguments), strict=True))
        return np.concatenate(
            [(np.asarray(found[k]) * self.weights[k][:, None])[m] for k, m in self.record.masks.items()]
        )

    def spread(self, kind: str) -> Array:
        """The recorded motion about its mean; positions with quaternions as tangents, of at most SAMPLES rows."""
        values, mask = self.record.measured[kind], self.record.masks[kind]
        if kind == "q" and self.model.nq != self.model.nv:
            rows = np.flatnonzero(mask.any(axis=1))
            rows = rows[:: max(len(rows) // SAMPLES, 1)]
            found = [self.model.difference(values[k], self.record.q0) for k in rows]
            values = np.reshape(found, (-1, self.model.nv))
            mask = mask[rows]
        known = np.where(mask, values, 0.0)
        return np.where(mask, known - known.sum(axis=0) / np.maximum(mask.sum(axis=0), 1), np.nan)

    @property
    def _arguments(self) -> tuple[Any, ...]:
        begin = np.array([u.begin for u in self.unknowns])
        scale = np.array([u.scale for u in self.unknowns])
        r = self.record
        return begin, scale, r.q0, r.v0, r.activation, r.ctrl, tuple(r.measured.values())

    @property
    def _programs(self) -> tuple[Fn[..., Any], Fn[..., Any]]:
        sought = tuple((u.name, u.index) for u in self.unknowns)
        key = sought, self.contact, self.integrator, tuple(self.record.measured), self.record.is_start_known
        made = self.model.replays
        if key not in made:
            f = self._made()
            made[key] = f, jacobian(f, wrt="z", mode="forward")
        return made[key]

    def _made(self) -> Fn[..., Any]:
        model, unknowns, kinds = self.model, self.unknowns, tuple(self.record.measured)
        contact, integrator, seeks_start = self.contact, self.integrator, not self.record.is_start_known
        known = model.parameters()

        @fn
        def replay(z: Any, begin: Any, scale: Any, q0: Any, v0: Any, w0: Any, ctrl: Any, measured: Any) -> Any:
            given = traced(unknowns, known, z, begin, scale)
            start = q0, v0, w0
            if seeks_start:
                first, middle = len(unknowns), len(unknowns) + model.nv
                start = model.moved(q0, z[first:middle]), v0 + z[middle:], w0

            def step(state: Any, t: Any) -> Any:
                q, v, w = state
                off: list[Any] = []
                for kind, numbers in zip(kinds, measured, strict=True):
                    if kind == "q":
                        off.append(model.difference(q, numbers[t]))
                    elif kind == "v":
                        off.append(v - numbers[t])
                    else:
                        read = model.sensors(q, v, ctrl[t], activation=w, contact=contact, parameters=given)
                        off.append(read - numbers[t])
                moved = model.step(
                    q, v, ctrl[t], activation=w, contact=contact, integrator=integrator, parameters=given
                )
                return moved, tuple(off)

            return scan(step, start, len(ctrl))[1]

        return replay
