"""Signs of trouble in a run's own record that the user should look into: the loss lost what it had gained, climbs, or
never fell; the gradient was zero from the start, or grew.

By default nothing is reported. Losses of good trainings jump about, so each sign has to be far stronger than that;
none of the trainings that the fifteen scenes are published with shows one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rosesim.train.metrics import MEAN_OVER

if TYPE_CHECKING:
    from rosesim.train.run import Run

LOST = 0.5
"""The run lost more than this part of its gain again at its end. The published runs lose a tenth at most
(box_friction), and the swings of a descent around an optimum are smaller than its gain on the way there."""
CLIMBS, FEWEST = 0.9, 16
"""A run climbs if its second half has at least FEWEST updates and this share of them raise the loss. An update of a
loss that only jumps about does so with probability 1/2; 15 of 16 do with probability 3e-4."""
GROWS, ENDS = 1e3, 5
"""The gradient's norm at the end is this many times that at the beginning, medians of `ENDS` iterations. On the way
to an optimum it falls; the largest rise in a published run is 55, for a moment (mass_spring)."""
EARLY = 8
"""A run of fewer updates has only begun: the first steps of any optimiser may go astray."""
SWINGS = 1e-2
"""Part of the largest loss: a smaller rise is not worth a line, whatever its share of the gain."""


def doubt(run: Run[Any]) -> str | None:
    """What is wrong in the record of a run, as a clause; None where nothing is, or without gradients.

    >>> from rosesim.scenes import configure, find_scene
    >>> from rosesim.train import train
    >>> scene, inputs = configure(find_scene("bounce"), ["time_of_impact=no"])
    >>> doubt(train(scene, inputs=inputs))
    'the loss ends at 0.805, far above its best, 0.505 (iteration 0)'
    >>> doubt(train(configure(find_scene("bounce"), [])[0]))
    """
    norms = [n for n in run.gradient_norms if n is not None]
    if not norms:
        return None
    if run.zero is not None and norms[0] == 0.0 and not run.is_drawn:
        return f"nothing was learned: {run.zero.removesuffix('; nothing will change')}"
    curve = run.curve[MEAN_OVER - 1 :] if run.is_drawn else run.curve  # a mean over fewer iterations tells little
    return _of_losses(curve, len(run.curve) - len(curve)) or _of_norms(norms, curve)


def _of_losses(curve: Sequence[float], first: int) -> str | None:
    if len(curve) < EARLY or not np.isfinite(curve).all():
        return None
    best = int(np.argmin(curve))
    lost, gained = curve[-1] - curve[best], curve[0] - curve[best]
    if lost <= SWINGS * max(abs(x) for x in curve):
        moved = any(x != curve[0] for x in curve)
        return None if best or not moved else f"the loss never fell below its first, {curve[0]:.4g}"
    if lost > LOST * gained:
        return f"the loss ends at {curve[-1]:.4g}, far above its best, {curve[best]:.4g} (iteration {first + best})"
    half = np.diff(curve[len(curve) // 2 :])
    if len(half) >= FEWEST and np.mean(half > 0) >= CLIMBS:
        return f"the loss climbs: from {curve[len(curve) // 2]:.4g} to {curve[-1]:.4g} over the run's second half"
    return None


def _of_norms(norms: Sequence[float], curve: Sequence[float]) -> str | None:
    if len(norms) < 4 * ENDS or not curve:
        return None
    begin, end = float(np.median(norms[:ENDS])), float(np.median(norms[-ENDS:]))
    if not (begin > 0 and math.isfinite(end) and end > GROWS * begin):
        return None
    if curve[-1] < min(curve[: max(1, len(curve) // 2)]):
        return None  # it is leaving a plateau, downhill
    rate = (end / begin) ** (1 / (len(norms) - 1))
    return f"the gradient grows, by a factor of {rate:.3g} an update, to {end:.3g}"
