"""`identify`: nonlinear least squares on a recorded motion."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.support.errors import ProgramError
from rosesim.robots.identification.doubts import doubts
from rosesim.robots.identification.identified import Identified, direction
from rosesim.robots.identification.record import Laid, Record, laid
from rosesim.robots.identification.replay import Replay
from rosesim.robots.identification.uncertainty import Uncertainty, uncertainty
from rosesim.robots.identification.unknowns import Unknown, parameters, unknowns
from rosesim.robots.model import Contact, Model

Array = NDArray[np.float64]
XTOL, FTOL = 1e-11, 1e-14
"""A search has converged where a step moves the unknowns, or the sum of squares, by this part: errors of estimates
are thousands of times larger in any record with noise, and without noise a last step of Gauss and Newton squares
the part that is missing."""


def identify(
    model: Model,
    record: Record | Sequence[Record],
    wanted: str | Iterable[str] | Mapping[str, Any],
    *,
    noise: float | Mapping[str, Any] | None = None,
    contact: Contact = "soft",
    integrator: str | None = None,
    confidence: float = 0.95,
    limit: int = 200,
) -> Identified:
    """Parameters of a robot from its recorded motion, by least squares, with their uncertainty.
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence={confidence!r} was found; expected a number between 0 and 1, as 0.95")
    sought = unknowns(model.parameters(), wanted)
    records = [laid(r, model) for r in ([record] if isinstance(record, Record) else record)]
    deviations = _deviations(noise, records)
    weights = {kind: 1.0 / d for kind, d in deviations.items()}
    search = _Search(model, sought, [Replay(model, sought, r, weights, contact, integrator) for r in records])
    return _result(search, *search.minimum(limit), deviations, noise is not None, confidence)


@dataclass(frozen=True)
class _Search:
    """All records at once. The coordinates are those of the unknowns, then of each start that is sought."""

    model: Model
    unknowns: list[Unknown]
    replays: list[Replay]

    @property
    def size(self) -> int:
        """How many coordinates there are."""
        return len(self.unknowns) + sum(2 * self.model.nv for r in self.replays if not r.record.is_start_known)

    def places(self) -> list[NDArray[np.int64]]:
        """Of each record, which coordinates its replay has."""
        p, k = len(self.unknowns), len(self.unknowns)
        found: list[NDArray[np.int64]] = []
        for r in self.replays:
            more = 0 if r.record.is_start_known else 2 * self.model.nv
            found.append(np.concatenate([np.arange(p), np.arange(k, k + more)]))
            k += more
        return found

    def residuals(self, z: Array) -> Array:
        """Of all records; infinite where a program stops, which a search takes for a step that was too long."""
        try:
            return np.concatenate([r.residuals(z[at]) for r, at in zip(self.replays, self.places(), strict=True)])
        except ProgramError:
            return np.full(sum(r.record.numbers for r in self.replays), np.inf)

    def jacobian(self, z: Array) -> Array:
        """Their derivative."""
        found = np.zeros((sum(r.record.numbers for r in self.replays), self.size))
        row = 0
        for r, at in zip(self.replays, self.places(), strict=True):
            part = r.jacobian(z[at])
            found[row : row + len(part), at] = part
            row += len(part)
        return found

    def minimum(self, limit: int) -> tuple[Array, int, bool]:
        """Where the sum of squares is least near the beginning, after how many iterations, and whether it is."""
        try:
            from scipy.optimize import least_squares
        except ImportError as e:
            raise ValueError(f"identify needs the package scipy: pip install 'rosesim[lbfgs]' ({e})") from e

        z = np.zeros(self.size)
        for r, at in zip(self.replays, self.places(), strict=True):
            if not np.isfinite(r.residuals(z[at])).all():
                raise ValueError(
                    "the motion that is computed from the parameters where the search begins is not finite; expected "
                    "a beginning nearer to the robot: parameters by name, each with a value"
                )
        found = least_squares(self.residuals, z, jac=self.jacobian, method="trf", x_scale="jac", xtol=XTOL, ftol=FTOL,
                              gtol=None, max_nfev=limit)  # fmt: skip
        return found.x, int(found.njev), found.status > 0


def _deviations(noise: float | Mapping[str, Any] | None, records: list[Laid]) -> dict[str, Array]:
    """The standard deviation of each channel, by kind; 1 where it is not known."""
    widths = {kind: mask.shape[1] for r in records for kind, mask in r.masks.items()}
    if noise is None:
        if len(widths) > 1:
            raise ValueError(
                f"the record has {' and '.join(widths)}; expected their noise, as in "
                f"noise={{{', '.join(f'{k!r}: 0.001' for k in widths)}}}: their units differ"
            )
        return {kind: np.ones(n) for kind, n in widths.items()}
    if not isinstance(noise, Mapping):
        if len(widths) > 1:
            raise ValueError(f"noise={noise!r} was found; expected a number for each of {', '.join(widths)}, by name")
        noise = dict.fromkeys(widths, noise)
    if noise.keys() != widths.keys():
        raise ValueError(f"noise of {', '.join(noise)} was found; expected that of {', '.join(widths)}")
    found: dict[str, Array] = {}
    for kind, n in widths.items():
        d = np.asarray(noise[kind], dtype=np.float64)
        if d.shape not in ((), (n,)) or not (np.isfinite(d) & (d > 0.0)).all():
            raise ValueError(f"noise of {kind}, {noise[kind]!r}, was found; expected a positive number, or {n} of them")
        found[kind] = np.broadcast_to(d, (n,)).copy()
    return found


def _result(
    search: _Search, z: Array, iterations: int, converged: bool, deviations: dict[str, Array], is_given: bool,
    confidence: float,
) -> Identified:  # fmt: skip
    from scipy import special

    sought, p = search.unknowns, len(search.unknowns)
    r = search.residuals(z)
    sure = uncertainty(search.jacobian(z))
    free = len(r) - sure.rank
    if is_given:
        variance, quantile = 1.0, float(special.ndtri(0.5 + 0.5 * confidence))
    elif free <= 0:
        raise ValueError(
            f"the record has {len(r)} numbers for {search.size} unknowns; expected more, from which the noise can be "
            "estimated, or noise= that is known"
        )
    else:
        variance, quantile = float(r @ r) / free, float(special.stdtrit(free, 0.5 + 0.5 * confidence))
    errors = sure.errors[:p] * np.sqrt(variance)
    values = np.array([u.at(x) for u, x in zip(sought, z, strict=False)])
    slopes = np.array([u.slope(x) for u, x in zip(sought, z, strict=False)])
    labels = [u.label for u in sought]
    ends = [
        (u.at(x - quantile * s), u.at(x + quantile * s)) if np.isfinite(s) else (-np.inf, np.inf)
        for u, x, s in zip(sought, z, errors, strict=False)
    ]
    residuals = _residuals(search, z)
    found = Identified(
        robot=search.model.description.name,
        values=dict(zip(labels, values.tolist(), strict=True)),
        errors=dict(zip(labels, (errors * np.abs(slopes)).tolist(), strict=True)),
        intervals=dict(zip(labels, ends, strict=True)),
        confidence=confidence,
        begun={u.label: u.begin for u in sought},
        correlation=sure.correlation[:p, :p],
        undetermined=_undetermined(search, sure, slopes),
        parameters={
            name: np.array(v) if isinstance(v, list) else float(v)
            for name, v in parameters(sought, search.model.parameters(), values).items()
        },
        starts=_starts(search, z),
        residuals=residuals,
        noise={kind: d * np.sqrt(variance) for kind, d in deviations.items()},
        is_noise_given=is_given,
        numbers=len(r),
        iterations=iterations,
        converged=converged,
        doubts=tuple(doubts(search.replays, residuals, r, free, z[:p], sought, converged, is_given)),
    )
    for text in found.doubts:
        warnings.warn(f"identify: {text}", stacklevel=3)
    return found


def _residuals(search: _Search, z: Array) -> list[dict[str, Array]]:
    found: list[dict[str, Array]] = []
    for r, at in zip(search.replays, search.places(), strict=True):
        off = r.differences(z[at])
        found.append({kind: np.where(mask, off[kind], np.nan) for kind, mask in r.record.masks.items()})
    return found


def _starts(search: _Search, z: Array) -> list[tuple[Array, Array]]:
    found: list[tuple[Array, Array]] = []
    p, nv = len(search.unknowns), search.model.nv
    for r, at in zip(search.replays, search.places(), strict=True):
        q0, v0 = r.record.q0, r.record.v0
        if not r.record.is_start_known:
            moved = z[at][p:]
            q0, v0 = np.asarray(search.model.moved(q0, moved[:nv])), v0 + moved[nv:]
        found.append((q0, v0))
    return found


def _undetermined(search: _Search, sure: Uncertainty, slopes: Array) -> tuple[Any, ...]:
    labels = [u.label for u in search.unknowns]
    for k, r in enumerate(search.replays):
        if not r.record.is_start_known:
            which = f" of record {k}" if len(search.replays) > 1 else ""
            labels += [f"start{which}: {kind}[{i}]" for kind in "qv" for i in range(search.model.nv)]
    scales = np.concatenate([slopes, np.ones(len(labels) - len(slopes))])
    return tuple(direction(labels, scales, along) for along in sure.undetermined)
