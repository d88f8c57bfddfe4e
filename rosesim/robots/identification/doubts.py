"""What speaks against an estimate: the search did not end, or what is left over is no noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rosesim.robots.identification.replay import Replay

Array = NDArray[np.float64]
SIGMAS = 5.0
"""How improbable something must be under noise alone to be told: 3e-7."""
NEIGHBOURS = 0.2
"""Below this correlation r of neighbouring residuals, true errors are at most a fifth larger: their variance by
(1 + r) / (1 - r)."""
LARGE = 0.5
"""Residuals of this part of the motion's own spread leave most of it unexplained."""
ROUNDING = 1e-9
"""Residuals below this part of the motion's spread are a motion without noise: they have the pattern of rounding."""
FAR = 10.0
"""Of a logarithm from its beginning: a factor of 2e4."""


def doubts(
    replays: Sequence[Replay],
    residuals: Sequence[dict[str, Array]],
    r: Array,
    free: int,
    z: Array,
    converged: bool,
    is_noise_given: bool,
) -> Iterator[str]:
    """The sentences, of residuals r over their deviations with so many degrees of freedom, at the coordinates z."""
    if not converged:
        yield "the search did not converge: its values are where it stopped. Give limit= more, or begin nearer"
    for u, x in zip(replays[0].unknowns, z, strict=True):
        if u.is_positive and abs(x) > FAR:
            towards = "0" if x < 0 else "infinity"
            yield f"{u.label} tends to {towards} ({u.at(x):.3g}): fix it there, and identify the others"
    size, spread = _size(replays, residuals)
    if size <= ROUNDING * spread:
        return
    if is_noise_given and free > 0:
        ratio = float(np.sqrt(r @ r / free))
        if abs(ratio - 1.0) > SIGMAS * np.sqrt(0.5 / free):
            why = (
                "noise= is too small, the beginning is too far off, or the model lacks something"
                if ratio > 1.0
                else "noise= is too large, and so are the errors"
            )
            yield f"the residuals are {ratio:.3g} times the noise that was given: {why}"
    correlation, pairs = _of_neighbours(replays, residuals)
    if correlation > NEIGHBOURS and correlation * np.sqrt(pairs) > SIGMAS:
        yield (
            f"neighbouring residuals have the correlation {correlation:.2f}, which independent noise has not: the "
            "search ended in another minimum (begin nearer), the model lacks something, or the noise is not white; "
            "true errors are larger than those given here"
        )
    elif size > LARGE * spread:
        yield (
            f"the residuals are {100 * size / spread:.0f} % of the recorded motion's own spread: begin nearer, or "
            "record a larger motion"
        )


def _size(replays: Sequence[Replay], residuals: Sequence[dict[str, Array]]) -> tuple[float, float]:
    """The root mean squares of the residuals and of the recorded motion about its mean, over the deviations."""
    off: list[Array] = []
    motion: list[Array] = []
    for replay, found in zip(replays, residuals, strict=True):
        for kind, values in found.items():
            off.append(np.ravel(values * replay.weights[kind]))
            motion.append(np.ravel(replay.spread(kind) * replay.weights[kind]))
    size, spread = (float(np.sqrt(np.nanmean(np.concatenate(x) ** 2))) for x in (off, motion))
    return size, spread


def _of_neighbours(replays: Sequence[Replay], residuals: Sequence[dict[str, Array]]) -> tuple[float, int]:
    """The correlation of residuals with the next ones of their channels, and from how many pairs."""
    products, squares, pairs = 0.0, 0.0, 0
    for replay, found in zip(replays, residuals, strict=True):
        for kind, values in found.items():
            for channel in (values * replay.weights[kind]).T:
                x = channel[np.isfinite(channel)]
                products += float(x[1:] @ x[:-1])
                squares += float(x @ x)
                pairs += max(len(x) - 1, 0)
    return products / squares if squares else 0.0, pairs
