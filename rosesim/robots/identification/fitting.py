"""A record and what is sought of it, for a search of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.language.constants import const
from rosesim.robots.identification.record import Laid, Record, laid
from rosesim.robots.identification.unknowns import Unknown, traced, unknowns
from rosesim.robots.model import Model

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fitting:
    """A record on the time steps of a model, and the parameters that are sought, for a search of one's own:
    `identify` without its search. The names that are wanted are as `identify` takes them.

    The search's coordinates z, one for each sought number, are 0 where it begins: of a parameter that cannot be
    negative the logarithm of its factor, of another the change over its magnitude.

    Raises ValueError where `identify` does.

    >>> from rosesim import robots
    >>> from rosesim.robots.description import Body, Description, Geom, Joint
    >>> pivot = Joint("pivot", "hinge", 1, axis=(0.0, 1.0, 0.0), damping=0.5)
    >>> rod = Geom("rod", "capsule", 1, (0.02, 0.5), (0.0, 0.0, -0.5))
    >>> pendulum = robots.Model(Description("pendulum", (Body("world", 0), Body("rod", 0)), (pivot,), (rod,)))
    >>> fitting = robots.Fitting(pendulum, robots.Record([[1.0], [0.99], [0.97]]), {"joint pivot damping": 0.2})
    >>> fitting.steps, fitting.positions.tolist(), fitting.values([1.0])
    (2, [[1.0], [0.99], [0.97]], {'joint pivot damping': 0.5436563656918091})
    """

    model: Model
    record: Record
    wanted: str | Iterable[str] | Mapping[str, Any]

    @cached_property
    def _rows(self) -> Laid:
        return laid(self.record, self.model)

    @cached_property
    def _unknowns(self) -> list[Unknown]:
        return unknowns(self.model.parameters(), self.wanted)

    @property
    def size(self) -> int:
        """How many numbers are sought."""
        return len(self._unknowns)

    @property
    def steps(self) -> int:
        """How many time steps there are from the first row to the last."""
        return len(self._rows.ctrl) - 1

    @property
    def start(self) -> tuple[Array, Array]:
        """Position and velocity in the first row: known, or as measured."""
        return self._rows.q0, self._rows.v0

    @property
    def activation(self) -> Array:
        """Activations in the first row, (na,)."""
        return self._rows.activation

    @property
    def controls(self) -> Array:
        """What acts from each time step to the next, (steps + 1, nu)."""
        return self._rows.ctrl

    @property
    def positions(self) -> Array:
        """The measured positions at each time step, (steps + 1, nq); the file's where nothing was measured."""
        return self._rows.measured["q"]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which components of the difference between computed and measured positions there are, (steps + 1, nv)."""
        return self._rows.masks["q"]

    @cached_property
    def shown(self) -> Array:
        """The positions at each time step, (steps + 1, nq): between measured ones on the straight line."""
        record = self.record
        q = np.asarray(record.q, dtype=np.float64)
        h = self.model.timestep
        times = h * np.arange(len(q)) if record.times is None else np.asarray(record.times, dtype=np.float64)
        now, there = h * np.arange(self.steps + 1), np.isfinite(q)
        columns = [np.interp(now, times[k] - times[0], c[k]) for c, k in zip(q.T, there.T, strict=True) if k.any()]
        if len(columns) < q.shape[1]:
            raise ValueError("a position of the record was never measured; expected each of them in some row")
        return np.stack(columns, axis=1)

    def values(self, z: Any) -> dict[str, float]:
        """The sought numbers by name at the coordinates z, components in brackets."""
        return {u.label: u.at(float(x)) for u, x in zip(self._unknowns, z, strict=True)}

    def parameters(self, z: Any) -> dict[str, Any]:
        """The same while a program is traced, as a model's functions take them: `parameters=`."""
        begin = const(np.array([u.begin for u in self._unknowns]))
        scale = const(np.array([u.scale for u in self._unknowns]))
        return traced(self._unknowns, self.model.parameters(), z, begin, scale)
