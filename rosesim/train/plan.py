"""How a scene is to be trained: with which optimiser, for how long, from which random numbers."""

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
    """How a scene is to be trained; SceneError for a combination that makes no sense."""

    optimizer: str
    iterations: int
    """Updates in total."""
    seed: int = 0
    """Seed of the initial params' random numbers, and of cmaes."""
    schedule: str = "constant"
    """As `parse_schedule` reads it, in its complete form with its number of updates."""
    clip: float | None = None
    """The largest norm of a gradient in an update."""
    sigma: float | None = None
    """The deviation that cmaes starts with; with None it is derived from the params (see its file in `optimise`)."""

    batch: int | None = None
    """Runs at once in one program: with inputs sampled anew per iteration, or starts (see `batch`)."""
    smooth: float | None = None
    """The deviation of the perturbed params over which the gradient is averaged, in units of their scale (see
    `scenes.smooth`)."""
    samples: int | None = None
    """The number of perturbed params per iteration."""
    estimator: str | None = None
    """Which of their quantities the gradient is averaged from: their values or their gradients."""

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
            raise SceneError(f"sigma is the deviation that {takers} starts with; {self.optimizer} has none")
        if self.batch is not None and self.batch < 1:
            raise SceneError(f"batch is 1 or more; {self.batch} was given")
        if self.batch is not None and foreign is not None:
            raise SceneError(
                f"{self.optimizer} evaluates one point after another: batch goes with {', '.join(RULES)}"
            )
        if self.smooth is None and (self.samples, self.estimator) != (None, None):
            raise SceneError("samples and estimator belong to a smoothed gradient: give smooth too")
        if self.smooth is not None and foreign is not None:
            raise SceneError(
                f"{self.optimizer} needs the same loss at every evaluation, and smooth samples anew each iteration: "
                f"it goes with {', '.join(RULES)}"
            )
        if self.smooth is not None and self.batch is not None:
            raise SceneError("smooth computes its samples as a batch already: leave batch out (seeds go with it)")
        _ = self.smoothing  # raises for a mistake
        object.__setattr__(self, "schedule", str(parse_schedule(self.schedule, self.iterations)))

    @property
    def foreign(self) -> Foreign | None:
        """The optimiser of another package, where it is one; None where it is a rule."""
        return FOREIGN.get(self.optimizer)

    @property
    def needs_gradient(self) -> bool:
        """Whether the optimiser needs gradients."""
        return self.foreign is None or self.foreign.needs_gradient

    @property
    def smoothing(self) -> Smoothing | None:
        """How the gradient is averaged; None where it is the loss's own."""
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
    """The published plan, overridden by the arguments that are given.

    Raises SceneError where that makes no sense, where the inputs lack a learning rate that it needs, and
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
    """Raise SceneError where a plan cannot be carried out here."""
    if plan.foreign is not None:
        plan.foreign.require(plan.optimizer)
    elif getattr(inputs, "learning_rate", None) is None:
        raise SceneError(f"the inputs of {scene.name} have no learning_rate, which {plan.optimizer} needs")
