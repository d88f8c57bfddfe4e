"""How a scene is to be trained: with which optimiser, for how long, from which random numbers."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rosesim.optimise.descent import Stepper
from rosesim.optimise.foreign import Bounds, Foreign
from rosesim.optimise.optimizers import RULES, Optimizer, Rule
from rosesim.optimise.own import MARK, Own, is_rule_object
from rosesim.optimise.rules import is_rule, make_optimizer, rule_of, text_of
from rosesim.optimise.schedules import parse_schedule
from rosesim.optimise.table import FOREIGN, OPTIMIZERS
from rosesim.scenes.base import Scene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.precision import PRECISIONS, check_precision
from rosesim.scenes.smooth import Smoothing
from rosesim.scenes.tree import FlatView
from rosesim.train.stopping import StopRule, parse_stop


@dataclass(frozen=True)
class Plan:
    """How a scene is to be trained; SceneError for a combination that makes no sense."""

    optimizer: str
    """Its name, with its constants where they differ (see `optimise.rules`), or the description of `own`."""
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
    stop: str | None = None
    """What ends the run before its total, as `parse_stop` reads it."""
    precision: str | None = None
    """In which the scene is computed: f32, or double with None."""
    own: Stepper | Rule | None = field(default=None, repr=False, compare=False)
    """The optimiser where it is the user's own object, which no file can hold."""

    def __post_init__(self) -> None:
        foreign = self.foreign
        if foreign is None and not self.is_own:
            if not is_rule(self.optimizer):
                close = difflib.get_close_matches(self.optimizer, OPTIMIZERS, 1)
                hint = f"; did you mean {close[0]}?" if close else ""
                raise SceneError(
                    f"no optimizer is called {self.optimizer!r}; there are {', '.join(OPTIMIZERS)}{hint}"
                )
            known = text_of(rule_of(self.optimizer))  # raises for a constant that it does not have
            object.__setattr__(self, "optimizer", known)
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
        check_precision(self.precision)
        if self.precision == PRECISIONS[0]:
            object.__setattr__(self, "precision", None)
        if self.stop is not None:
            found = str(parse_stop(self.stop))
            object.__setattr__(self, "stop", None if found == "never" else found)
        if self.is_whole and (self.clip is not None or self.schedule != "constant"):
            raise SceneError(
                f"{self.optimizer.removeprefix(MARK)} is a whole optimizer, with steps of its own length: no "
                "schedule or clip applies; expected a rule, whose step takes a rate, or neither of them"
            )
        object.__setattr__(self, "schedule", str(parse_schedule(self.schedule, self.iterations)))

    @property
    def foreign(self) -> Foreign | None:
        """The optimiser of another package, where it is one; None where it is a rule."""
        return FOREIGN.get(self.optimizer)

    @property
    def is_own(self) -> bool:
        """Whether the optimiser is an object of the user's own."""
        return self.optimizer.startswith(MARK)

    @property
    def is_whole(self) -> bool:
        """Whether that object decides about the lengths of its steps; a rule of the user's own takes a rate."""
        return self.own is not None and not is_rule_object(self.own)

    @property
    def stop_rule(self) -> StopRule:
        """What ends the run before its total."""
        return StopRule() if self.stop is None else parse_stop(self.stop)

    @property
    def takes_rate(self) -> bool:
        """Whether the learning rate of the inputs is used."""
        return self.foreign is None and not self.is_whole

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

    def stepper(self, inputs: Any, bounds: Bounds | None) -> Stepper | None:
        """The optimiser with the inputs' learning rate, within bounds; None where it is a foreign one.

        Raises SceneError where it is an object of the user's own that was not given.
        """
        if self.foreign is not None:
            return None
        if self.is_own and self.own is None:
            raise SceneError(
                f"the run has an optimizer of your own, {self.optimizer.removeprefix(MARK)}, which no file can hold: "
                "resume(folder, optimizer=...) in Python goes on with it"
            )
        if self.own is not None and not is_rule_object(self.own):
            return Own(self.own, bounds)  # pyright: ignore[reportArgumentType] -- a Stepper, as was just asked
        rate, schedule = float(inputs.learning_rate), parse_schedule(self.schedule)
        if self.own is None:
            made = make_optimizer(self.optimizer, rate, schedule=schedule, clip=self.clip)
        else:
            made = Optimizer(self.own, rate, schedule, self.clip)  # pyright: ignore[reportArgumentType] -- a Rule
        return replace(made, bounds=bounds) if self.own is None else Own(replace(made, bounds=bounds))


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
    stop: str | Sequence[str] | None = None,
    precision: str | None = None,
    own: Stepper | Rule | None = None,
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
    name: Any = scene.published.optimizer if optimizer is None else optimizer
    if not isinstance(name, str):
        raise SceneError(
            f"an optimizer is named here, as {OPTIMIZERS[0]}; an object, {type(name).__name__}, was given"
        )
    if name.startswith(MARK) and own is None:
        raise SceneError(f"no optimizer is called {name!r}; there are {', '.join(OPTIMIZERS)}")
    if smooth is not None:
        how = Smoothing.of(smooth, samples, estimator, size=_size(scene))
        samples, estimator = how.samples, how.estimator
    until = None if stop is None else str(parse_stop(stop))
    made = Plan(name, total, seed, schedule, clip, sigma, batch, smooth, samples, estimator, until, precision, own)
    check_ready(made, scene, inputs)
    return made


def _size(scene: Scene[Any, Any, Any]) -> int:
    return FlatView.of(scene.params(np.random.default_rng(0))).size


def check_ready(plan: Plan, scene: Scene[Any, Any, Any], inputs: Any) -> None:
    """Raise SceneError where a plan cannot be carried out here."""
    if plan.foreign is not None:
        plan.foreign.require(plan.optimizer)
    elif plan.takes_rate and getattr(inputs, "learning_rate", None) is None:
        raise SceneError(f"the inputs of {scene.name} have no learning_rate, which {plan.optimizer} needs")
