"""How a scene is to be trained: which optimiser, for how long, from which random numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from rosesim.optimise.foreign import Foreign
from rosesim.optimise.optimizers import RULES, Optimizer, make_optimizer
from rosesim.optimise.schedules import parse_schedule
from rosesim.optimise.table import FOREIGN, OPTIMIZERS
from rosesim.scenes.base import Scene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.smooth import Smoothing
from rosesim.scenes.tree import FlatView


@dataclass(frozen=True)
class Plan:
    """How a scene is to be trained; SceneError where that makes no sense."""

    optimizer: str
    iterations: int
    """Updates in total."""
    seed: int = 0
    """Of the random numbers that params start from, and of cmaes."""
    schedule: str = "constant"
    """As `parse_schedule` reads it, complete: how long it takes is part of it."""
    clip: float | None = None
    """The largest norm of a gradient that an update sees."""
    sigma: float | None = None
    """The deviation that cmaes starts with; None lets it be told from the params (see its file in `optimise`)."""

    batch: int | None = None
    """Runs at once in one program: inputs drawn an iteration, whose mean counts, or starts (see `batch`)."""
    smooth: float | None = None
    """The deviation of the perturbed params that the gradient is averaged over, in units of their scale (see
    `scenes.smooth`)."""
    samples: int | None = None
    """How many of these an iteration has."""
    estimator: str | None = None
    """By what of them the gradient is averaged: their values or their gradients."""

    def __post_init__(self) -> None:
        foreign = self.foreign
        if foreign is None and self.optimizer not in RULES:
            raise SceneError(f"no optimizer is called {self.optimizer!r}; there are {', '.join(OPTIMIZERS)}")
        if self.iterations < 1:
            raise SceneError(f"iterations is 1 or more; {self.iterations} was given")
        if self.seed < 0:
            raise SceneError(f"seed is 0 or more; {self.seed} was given")
        bits = None if foreign is None else foreign.seed_bits
        if bits is not None and self.seed >= 1 << bits:
            raise SceneError(f"{self.optimizer} takes a seed below 2^{bits}; {self.seed} was given")
        for name, number in (("clip", self.clip), ("sigma", self.sigma)):
            if number is not None and not (math.isfinite(number) and number > 0):
                raise SceneError(f"{name} is a finite number above 0; {number} was given")
        if foreign is not None and (self.clip is not None or self.schedule != "constant"):
            raise SceneError(f"{self.optimizer} finds the lengths of its steps itself: no schedule or clip applies")
        if self.sigma is not None and not (foreign is not None and foreign.takes_sigma):
            takers = ", ".join(name for name, f in FOREIGN.items() if f.takes_sigma)
            raise SceneError(f"sigma is where {takers} starts; {self.optimizer} has none")
        if self.batch is not None and self.batch < 1:
            raise SceneError(f"batch is 1 or more; {self.batch} was given")
        if self.batch is not None and foreign is not None:
            raise SceneError(f"{self.optimizer} asks for one point after another: batch goes with {', '.join(RULES)}")
        if self.smooth is None and (self.samples, self.estimator) != (None, None):
            raise SceneError("samples and estimator are of a smoothed gradient: give smooth too")
        if self.smooth is not None and foreign is not None:
            raise SceneError(
                f"{self.optimizer} needs the same loss at every evaluation, and smooth draws anew each iteration: "
                f"it goes with {', '.join(RULES)}"
            )
        if self.smooth is not None and self.batch is not None:
            raise SceneError("smooth computes its samples as a batch already: leave batch out (seeds go with it)")
        _ = self.smoothing  # a mistake shows here
        object.__setattr__(self, "schedule", str(parse_schedule(self.schedule, self.iterations)))

    @property
    def foreign(self) -> Foreign | None:
        """The optimiser where it is one of another package; None where it is a rule."""
        return FOREIGN.get(self.optimizer)

    @property
    def needs_gradient(self) -> bool:
        """Whether the optimiser asks for gradients."""
        return self.foreign is None or self.foreign.needs_gradient

    @property
    def smoothing(self) -> Smoothing | None:
        """What the gradient is averaged over; None where it is the loss's own."""
        if self.smooth is None:
            return None
        return Smoothing(self.smooth, self.samples or 0, self.estimator or "")

    def rule(self, inputs: Any) -> Optimizer | None:
        """The optimiser with the inputs' learning rate; None where it is a foreign one."""
        if self.foreign is not None:
            return None
        return make_optimizer(
            self.optimizer, float(inputs.learning_rate), schedule=parse_schedule(self.schedule), clip=self.clip
        )


def plan(
    scene: Scene[Any, Any, Any],
    inputs: Any,
    iterations: int | None = None,
    optimizer: str | None = None,
    seed: int = 0,
    schedule: str = "constant",
    clip: float | None = None,
    sigma: float | None = None,
    batch: int | None = None,
    smooth: float | None = None,
    samples: int | None = None,
    estimator: str | None = None,
) -> Plan:
    """The published plan with what is given in its place.

    Raises SceneError where that makes no sense, where the inputs lack the learning rate that it needs, and
    where it needs a package that is not installed.

    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> how = plan(scene, inputs, iterations=20, schedule="cosine")
    >>> how.optimizer == scene.published.optimizer, how.iterations
    (True, 20)
    """
    total = scene.published.iterations if iterations is None else iterations
    name = scene.published.optimizer if optimizer is None else optimizer
    if smooth is not None:
        how = Smoothing.of(smooth, samples, estimator, size=_size(scene))
        samples, estimator = how.samples, how.estimator
    made = Plan(name, total, seed, schedule, clip, sigma, batch, smooth, samples, estimator)
    check_ready(made, scene, inputs)
    return made


def _size(scene: Scene[Any, Any, Any]) -> int:
    return FlatView.of(scene.params(np.random.default_rng(0))).size


def check_ready(plan: Plan, scene: Scene[Any, Any, Any], inputs: Any) -> None:
    """SceneError where a plan cannot be carried out here."""
    if plan.foreign is not None:
        plan.foreign.require(plan.optimizer)
    elif getattr(inputs, "learning_rate", None) is None:
        raise SceneError(f"the inputs of {scene.name} have no learning_rate, which {plan.optimizer} needs")
