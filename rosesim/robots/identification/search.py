"""The search for the least squares: over beginnings of the record that grow, and then over all of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.support.errors import ProgramError
from rosesim.robots.identification.replay import Replay
from rosesim.robots.identification.unknowns import Unknown

Array = NDArray[np.float64]
XTOL, FTOL = 1e-11, 1e-14
"""A search has converged where a step moves the unknowns, or the sum of squares, by this part: errors of estimates
are thousands of times larger in any record with noise, and without noise a last step of Gauss and Newton squares
the part that is missing."""
ROUGH, MOST = 1e-3, 40
"""The same, and how many trials, for a beginning of the record, from which the search only goes on."""
FEWEST = 10
"""So many measured numbers for each unknown has the shortest beginning."""
PRIOR = 0.5
"""How far unknowns are expected from where the search begins, in its units (a factor of 1.6): while only a beginning
of the record counts, noise must not carry off what that beginning hardly tells. The whole record counts alone."""


@dataclass(frozen=True)
class Search:
    """All records at once. The coordinates are those of the unknowns, then of each start that is sought."""

    unknowns: list[Unknown]
    replays: list[Replay]

    @property
    def size(self) -> int:
        """How many coordinates there are."""
        return len(self.unknowns) + sum(r.extra for r in self.replays)

    def of(self, z: Array) -> list[Array]:
        """The coordinates of each replay."""
        p = k = len(self.unknowns)
        found: list[Array] = []
        for r in self.replays:
            found.append(np.concatenate([z[:p], z[k : k + r.extra]]))
            k += r.extra
        return found

    def residuals(self, z: Array) -> Array:
        """Of all records; infinite where a program stops, which the search takes for a step that was too long."""
        try:
            return np.concatenate([r.residuals(x) for r, x in zip(self.replays, self.of(z), strict=True)])
        except ProgramError:
            return np.full(sum(r.record.numbers for r in self.replays), np.inf)

    def jacobian(self, z: Array) -> Array:
        """Their derivative."""
        parts = [r.jacobian(x) for r, x in zip(self.replays, self.of(z), strict=True)]
        found = np.zeros((sum(map(len, parts)), self.size))
        p = k = len(self.unknowns)
        row = 0
        for r, part in zip(self.replays, parts, strict=True):
            rows = slice(row, row + len(part))
            found[rows, :p], found[rows, k : k + r.extra] = part[:, :p], part[:, p:]
            row, k = row + len(part), k + r.extra
        return found

    def minimum(self, limit: int) -> tuple[Array, int, bool]:
        """Where the sum of squares is least near the beginning, after how many iterations, and whether it is."""
        begin = np.zeros(self.size)
        for r, x in zip(self.replays, self.of(begin), strict=True):
            if not np.isfinite(r.residuals(x)).all():
                raise ValueError(
                    "the motion that is computed from where the search begins is not finite; expected a beginning "
                    "nearer to the robot: parameters by name, each with a value"
                )
        z, iterations = begin, 0
        for part in self.beginnings():
            z, more, _ = self._least([z, begin], part, self.roughness / PRIOR, ROUGH, ROUGH, min(limit, MOST))
            iterations += more
        whole = np.full(len(self._shares), True)
        z, more, converged = self._least([z, begin], whole, 0.0, XTOL, FTOL, limit)
        return z, iterations + more, converged

    def _least(
        self, from_: list[Array], part: NDArray[np.bool_], pull: float, xtol: float, ftol: float, limit: int
    ) -> tuple[Array, int, bool]:
        """The same of a part of the residuals, from the best of several points, while each unknown is pulled back to
        its beginning by as much for each of its units."""
        from scipy.optimize import least_squares

        back = pull * np.eye(len(self.unknowns) if pull else 0, self.size)

        def off(z: Array) -> Array:
            return np.concatenate([self.residuals(z)[part], back @ z])

        def slope(z: Array) -> Array:
            return np.concatenate([self.jacobian(z)[part], back])

        first = min(from_, key=lambda z: float(off(z) @ off(z)))
        found = least_squares(
            off, first, jac=slope, method="trf", x_scale="jac", xtol=xtol, ftol=ftol, gtol=None, max_nfev=limit
        )
        return found.x, int(found.njev), found.status > 0

    @property
    def _shares(self) -> Array:
        """When each residual was measured: its part of the record."""
        masks = [mask for r in self.replays for mask in r.record.masks.values()]
        return np.concatenate([(np.nonzero(mask)[0] + 1.0) / len(mask) for mask in masks])

    def beginnings(self) -> list[NDArray[np.bool_]]:
        """Which residuals belong to a short beginning of the records, to one of twice its length, up to their halves.

        Motions soon part where parameters are wrong, and a long motion that has parted from the recorded one says
        little of where to go.
        """
        shares = self._shares
        found: list[NDArray[np.bool_]] = []
        end = 0.5
        while np.sum(shares <= end) >= FEWEST * self.size:
            found.insert(0, shares <= end)
            end *= 0.5
        return found

    @property
    def roughness(self) -> float:
        """About the standard deviation of the noise, over the deviations: from third differences in time, in which a
        smooth motion cancels."""
        found: list[Array] = []
        for r in self.replays:
            for kind, values in r.record.measured.items():
                known = values[r.record.masks[kind].any(axis=1)] * np.median(r.weights[kind])
                found.append(np.ravel(np.diff(known, 3, axis=0)))
        all_ = np.concatenate(found)
        return float(np.sqrt(np.mean(all_**2) / 20.0)) if all_.size else 0.0  # 1 + 9 + 9 + 1
