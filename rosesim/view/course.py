"""An optimisation that a user steers: its present point, its history, and its next trial."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rosesim.ad.support.errors import RosesimError
from rosesim.optimise.attempts import SHOWN, is_remembered
from rosesim.optimise.descent import Descent, NotFinite, Position, Stepper, answer, positions, require_finite
from rosesim.optimise.line_search import LineSearch
from rosesim.optimise.optimizers import Vector, norm
from rosesim.scenes.base import AnyScene
from rosesim.scenes.compiled import compiled
from rosesim.scenes.drawn import drawn
from rosesim.scenes.picture import picture
from rosesim.view.attempt import Attempt, attempt
from rosesim.view.history import History

Point = tuple[float, float]


class Course:
    """A descent (`optimise.descent`) whose steps are those of a line search, observed by the viewer.

    Each `turn` is one evaluation. `params` and `inputs` may be changed between turns; the next turn then begins the
    descent again from there.
    """

    def __init__(
        self,
        scene: AnyScene,
        optimizer: Stepper,
        params: Any,
        inputs: Any,
        seed: int,
        iteration: int = 0,
        losses: Sequence[float] = (),
        ghosts: Sequence[Attempt] = (),
    ):
        self.scene, self.seed = scene, seed
        self.params, self.inputs, self.iteration = params, inputs, iteration
        self.loss = math.nan
        self.gradient: Any = None
        """The gradient at the params, a struct like them."""
        self.history = History.of(losses)
        self.recorded = bool(losses)
        """Whether the history is a recorded run's, which continued from here; it is kept until a step is taken."""
        self.ghosts = list(ghosts)
        self.steepest = 0.0
        self.settled = False
        """Whether the last step changed nothing, so that the next will not either."""
        self.held: tuple[str, Point] | None = None
        """The held handle, and where it is held."""
        self._program = compiled(scene)
        self._search = LineSearch(optimizer)
        self._descent: tuple[Descent, Position] | None = None
        """The present descent, and the position at which it requests an evaluation."""
        self._going = False
        self._trial: Any = None
        """The params of the requested evaluation, where it is a step from the present point."""
        self._evaluated_inputs = self._evaluated_gradient = None

    @property
    def gradient_length(self) -> float:
        """The norm of the gradient; NaN where there is no gradient yet."""
        return math.nan if self.gradient is None else norm(self._program.flat.flatten(self.gradient))

    @property
    def sampled_inputs(self) -> Any:
        """The inputs of this iteration: the given ones, unless the scene samples others for it."""
        return self._inputs_of(self.iteration)

    def _inputs_of(self, iteration: int) -> Any:
        return drawn(self.scene, self.inputs, self.seed, iteration)

    def drag(self) -> None:
        """Apply the held handle to params and inputs."""
        if self.held is not None:
            self.params, self.inputs = picture(self.scene).drag(*self.held, self.params, self.inputs)

    def turn(self, going: bool, again: bool) -> None:
        """Evaluate at the requested position and, where it is `going`, request the next step.

        `again`: something has been changed from outside. Raises RosesimError where a number is not finite.
        """
        self._going = going
        if again:  # the trial may belong to another problem now
            self._descent, self.settled = None, False
        descent, requested = self._descent or self._begin()
        self._descent = None  # if an error ends this turn early, the next one begins the descent again
        try:
            following = answer(descent, self._evaluate(requested))
        except NotFinite as e:
            what = "step" if e.what == "update" else e.what
            raise RosesimError(f"the {what} is not finite at iteration {e.iteration}: reset (R) goes back") from None
        if following is not None:
            self._descent = descent, following

    def _begin(self) -> tuple[Descent, Position]:
        at = Position(self.iteration, self._program.flat.flatten(self.params))
        descent = positions(self, at, math.inf if self._going else self.iteration, self)
        self._trial = None
        return descent, next(descent)

    def _evaluate(self, requested: Position) -> tuple[float, Vector]:
        params = self.params if self._trial is None else self._trial
        self._evaluated_inputs = self._inputs_of(requested.iteration)
        loss, self._evaluated_gradient = self._program.value_and_grad(params, self._evaluated_inputs)
        return float(loss), self._program.flat.flatten(self._evaluated_gradient)

    # ------------------------------------------------------------- as the descent's steps and its observer

    def begin(self, loss: float) -> None:
        """The line search compares the next losses with this one."""
        self._search.begin(loss)

    def propose(self, at: Position, gradient: Vector) -> Position:
        """The line search's step, with the held handle at its place."""
        trial, flat = self._search.propose(at, gradient), self._program.flat
        if np.array_equal(trial.x, at.x):
            self.settled = self.held is None and self._evaluated_inputs is self.inputs
            self._search.begin(self.loss)
        self._trial = flat.unflatten(trial.x, self.params)
        if self.held is None:
            return trial
        self._trial, self.inputs = picture(self.scene).drag(*self.held, self._trial, self.inputs)
        return Position(trial.iteration, flat.flatten(self._trial))

    def takes(self, trial: Position, loss: float, gradient_norm: float) -> bool:
        """Whether the line search takes the trial.

        Where each iteration has its own inputs, two losses do not compare their params: every step is taken.
        """
        if self._evaluated_inputs is self.inputs:
            return self._search.takes(trial, loss, gradient_norm)
        require_finite(trial.iteration, trial.x, loss, gradient_norm)
        self._search.accept(loss)
        return True

    def observe(self, at: Position, loss: float, gradient_norm: float | None) -> None:
        """Take over the descent's new position."""
        require_finite(at.iteration, at.x, loss, gradient_norm)
        if self._trial is not None:
            self.params, self._trial = self._trial, None
        self.iteration, self.loss, self.gradient = at.iteration, loss, self._evaluated_gradient
        if self._going or not self.recorded:
            self.recorded = False
            self.history.add(self.iteration, loss)
        self.steepest = max(self.steepest, gradient_norm or 0.0)
        if self._going:
            self._remember()

    def _remember(self) -> None:
        """Keep this iteration as a ghost, under the same rule as a run for its pictures."""
        i = self.iteration
        if is_remembered(i) and not (self.ghosts and self.ghosts[-1].iteration >= i):
            self.ghosts = [*self.ghosts, self.attempt()][-SHOWN:]

    def attempt(self) -> Attempt:
        """This iteration with its trajectory."""
        return attempt(self.scene, self.iteration, self.loss, self.params, self.sampled_inputs)
