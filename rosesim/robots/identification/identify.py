"""`identify`: parameters from recorded motion by nonlinear least squares."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.robots.identification.doubts import doubts
from rosesim.robots.identification.identified import Direction, Identified, direction
from rosesim.robots.identification.record import Laid, Record, laid
from rosesim.robots.identification.replay import Replay
from rosesim.robots.identification.search import Search
from rosesim.robots.identification.uncertainty import Uncertainty, uncertainty
from rosesim.robots.identification.unknowns import parameters, unknowns
from rosesim.robots.model import Contact, Model

Array = NDArray[np.float64]


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
    """Parameters of a robot from one or several recorded motions, by least squares, with their uncertainty.

    `wanted` are names of `model.parameters()`: numbers, vectors, components as "body arm com[2]", or patterns as
    "body * mass". The search begins at the file's values, or at yours: {"body arm mass": 2.0}. What cannot be
    negative is sought by its logarithm. A start that a record does not give is found, too.

    `noise` is the standard deviation of what was measured: one number, or a number or vector for each of "q", "v"
    and "sensors". If it is not given, it is estimated from the residuals, as one for all channels. `contact` and
    `integrator` are those of `Model.step`.

    The search is SciPy's trust region, over a short beginning of the records first, then over longer ones. The
    covariance is that of Gauss and Newton, (JᵀJ)⁻¹ with the Jacobian J of the residuals over their noise. It is right
    if the noise is independent from one number to the next, and small enough that the motion is linear in it.
    `undetermined` of the result names what the record cannot tell apart. Whatever speaks against the result is in
    `doubts`, and given as a warning.

    Raises ValueError for names that the robot has not, records of other shapes, times between time steps, several
    kinds without noise, and where SciPy is missing.

    >>> import numpy as np
    >>> from rosesim import robots
    >>> from rosesim.robots.description import Body, Description, Geom, Joint
    >>> bodies = Body("world", 0), Body("rod", 0)
    >>> pivot = Joint("pivot", "hinge", 1, axis=(0.0, 1.0, 0.0), damping=0.5)
    >>> rod = Geom("rod", "capsule", 1, (0.02, 0.5), (0.0, 0.0, -0.5))
    >>> pendulum = robots.Model(Description("pendulum", bodies, (pivot,), (rod,)))
    >>> q, v = np.array([1.0]), np.zeros(1)
    >>> rows = [q]
    >>> for _ in range(200):
    ...     q, v = pendulum.step(q, v, [], contact="none", parameters={"joint pivot damping": 0.2})
    ...     rows.append(q)
    >>> record = robots.Record(rows, start=([1.0], [0.0]))
    >>> found = robots.identify(pendulum, record, ["joint pivot damping"], contact="none")
    >>> round(found.values["joint pivot damping"], 9)
    0.2
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence={confidence!r} was found; expected a number between 0 and 1, as 0.95")
    if limit < 1:
        raise ValueError(f"limit={limit!r} was found; expected 1 or more evaluations")
    if importlib.util.find_spec("scipy") is None:
        raise ValueError("identify needs the package scipy: pip install 'rosesim[lbfgs]'")
    sought = unknowns(model.parameters(), wanted)
    records = [laid(r, model) for r in ([record] if isinstance(record, Record) else record)]
    if not records:
        raise ValueError("identify was given no record; expected one or more")
    deviations = _deviations(noise, records)
    weights = {kind: 1.0 / d for kind, d in deviations.items()}
    search = Search(sought, [Replay(model, sought, r, weights, contact, integrator) for r in records])
    numbers = sum(r.numbers for r in records)
    if noise is None and numbers <= search.size:
        raise ValueError(
            f"{numbers} measured numbers were found for {search.size} unknowns; expected more, from which the noise "
            "can be estimated, or noise= that is known"
        )
    found = _result(search, *search.minimum(limit), deviations, noise is not None, confidence)
    for text in found.doubts:
        warnings.warn(f"identify: {text}", stacklevel=2)
    return found


def _deviations(noise: float | Mapping[str, Any] | None, records: list[Laid]) -> dict[str, Array]:
    """The standard deviation of each channel, by kind; 1 where it is not known."""
    widths = {kind: mask.shape[1] for r in records for kind, mask in r.masks.items()}
    if noise is None:
        if len(widths) > 1:
            example = ", ".join(f"{kind!r}: 0.001" for kind in widths)
            raise ValueError(
                f"the record has {' and '.join(widths)}, whose units differ; expected noise={{{example}}}"
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
            raise ValueError(
                f"noise of {kind}, {noise[kind]!r}, was found; expected a positive number, or {n} of them"
            )
        found[kind] = np.broadcast_to(d, (n,)).copy()
    return found


def _result(
    search: Search, z: Array, iterations: int, converged: bool, deviations: dict[str, Array], is_given: bool,
    confidence: float,
) -> Identified:  # fmt: skip
    """What is known where the search ended."""
    from scipy import special

    sought, model = search.unknowns, search.replays[0].model
    r = search.residuals(z)
    sure = uncertainty(search.jacobian(z))
    free = len(r) - sure.rank
    variance = 1.0 if is_given else float(r @ r) / free
    half = 0.5 + 0.5 * confidence
    quantile = float(special.ndtri(half) if is_given else special.stdtrit(free, half))
    at = z[: len(sought)]
    errors = sure.errors[: len(sought)] * np.sqrt(variance)
    values = [u.at(x) for u, x in zip(sought, at, strict=True)]
    slopes = np.array([u.slope(x) for u, x in zip(sought, at, strict=True)])
    ends = [
        (u.at(x - quantile * s), u.at(x + quantile * s))
        if np.isfinite(s)
        else (0.0 if u.is_positive else -np.inf, np.inf)
        for u, x, s in zip(sought, at, errors, strict=True)
    ]
    residuals = [
        {kind: np.where(mask, off, np.nan) for (kind, mask), off in zip(r.record.masks.items(), found, strict=True)}
        for r, found in ((r, r.differences(x).values()) for r, x in zip(search.replays, search.of(z), strict=True))
    ]
    labels = [u.label for u in sought]
    given = parameters(sought, model.parameters(), values)
    return Identified(
        robot=model.description.name,
        values=dict(zip(labels, values, strict=True)),
        errors=dict(zip(labels, (errors * np.abs(slopes)).tolist(), strict=True)),
        intervals=dict(zip(labels, ends, strict=True)),
        confidence=confidence,
        begun={u.label: u.begin for u in sought},
        correlation=sure.correlation[: len(sought), : len(sought)],
        undetermined=_undetermined(search, sure, slopes),
        parameters={name: np.array(v) if isinstance(v, list) else v for name, v in given.items()},
        starts=[r.start(x) for r, x in zip(search.replays, search.of(z), strict=True)],
        residuals=residuals,
        noise={kind: d * np.sqrt(variance) for kind, d in deviations.items()},
        is_noise_given=is_given,
        numbers=len(r),
        iterations=iterations,
        converged=converged,
        doubts=tuple(doubts(search.replays, residuals, r, free, at, converged, is_given)),
    )


def _undetermined(search: Search, sure: Uncertainty, slopes: Array) -> tuple[Direction, ...]:
    labels = [u.label for u in search.unknowns]
    for k, r in enumerate(search.replays):
        which = f" of record {k}" if len(search.replays) > 1 else ""
        labels += [f"start{which}: {kind}[{i}]" for kind in "qv" for i in range(r.extra // 2)]
    scales = np.concatenate([slopes, np.ones(len(labels) - len(slopes))])
    return tuple(direction(labels, scales, along) for along in sure.undetermined)
