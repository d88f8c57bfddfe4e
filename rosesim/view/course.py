"""An optimisation that a person steers: where it is, what led there, and what is tried next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rosesim.ad.support.errors import RosesimError
from rosesim.optimise.attempts import SHOWN, is_remembered
from rosesim.optimise.descent import Asking, NotFinite, Position, Stepper, answer, positions, require_finite
from rosesim.optimise.line_search import LineSearch
from rosesim.optimise.optimizers import Vector, norm
from rosesim.scenes.base import AnyScene
from rosesim.scenes.compiled import compiled
from rosesim.scenes.drawn import drawn
from rosesim.view.attempt import Attempt, attempt
from rosesim.view.history import History

Point = tuple[float, float]


class Course:
    """A descent (`optimise.descent`) whose steps are those of a line search, and whose watcher is the viewer.

    Each `turn` is one evaluation. `params` and `inputs` may be changed between turns; the next one then begins the
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
        """At the params, a struct like them."""
        self.history = History.of(losses)
        self.recorded = bool(losses)
        """The history is that of a run, which went on from here: it is kept until this goes another way."""
        self.ghosts = list(ghosts)
        self.steepest = 0.0
        self.settled = False
        """The last step changed nothing, so the next will not either."""
        self.held: tuple[str, Point] | None = None
        """The handle that is held, and where."""
        self._program = compiled(scene)
        self._search = LineSearch(optimizer)
        self._descent: tuple[Asking, Position] | None = None
        """The descent under way, and where it asks to be evaluated."""
        self._going = False
        self._trial: Any = None
        """The params of what is asked for, where that is a step from here."""
        self._evaluated_inputs = self._evaluated_gradient = None

    @property
    def gradient_length(self) -> float:
        """NaN where there is no gradient yet."""
        return math.nan if self.gradient is None else norm(self._program.flat.flatten(self.gradient))

    @property
    def drawn_inputs(self) -> Any:
        """Those of this iteration: the given ones, unless the scene draws others for it."""
        return self._inputs_of(self.iteration)

    def _inputs_of(self, iteration: int) -> Any:
        return drawn(self.scene, self.inputs, self.seed, iteration)

    def drag(self) -> None:
        """Take what is held to where it is held."""
        if self.held is not None:
            self.params, self.inputs = self.scene.drag(*self.held, self.params, self.inputs)

    def turn(self, going: bool, again: bool) -> None:
        """Evaluate what the descent asks for, and where it is `going`, ask for the next step.

        `again`: something has been changed from outside. Raises RosesimError where a number is not finite.
        """
        self._going = going
        if again:  # what was being tried may be another problem's now
            self._descent, self.settled = None, False
        asking, asked = self._descent or self._begin()
        self._descent = None  # whatever ends this turn early, the next one begins again
        try:
            following = answer(asking, self._evaluate(asked))
        except NotFinite as e:
            what = "step" if e.what == "update" else e.what
            raise RosesimError(f"the {what} is not finite at iteration {e.iteration}: reset (R) goes back") from None
        if following is not None:
            self._descent = asking, following

    def _begin(self) -> tuple[Asking, Position]:
        at = Position(self.iteration, self._program.flat.flatten(self.params))
        asking = positions(self, at, math.inf if self._going else self.iteration, self)
        self._trial = None
        return asking, next(asking)

    def _evaluate(self, asked: Position) -> tuple[float, Vector]:
        params = self.params if self._trial is None else self._trial
        self._evaluated_inputs = self._inputs_of(asked.iteration)
        loss, self._evaluated_gradient = self._program.value_and_grad(params, self._evaluated_inputs)
        return float(loss), self._program.flat.flatten(self._evaluated_gradient)

    # ------------------------------------------------------------- as the descent's steps and its watcher

    def begin(self, loss: float) -> None:
        """The line search holds the next losses against this one."""
        self._search.begin(loss)

    def propose(self, at: Position, gradient: Vector) -> Position:
        """The line search's step, with what is held where it is held."""
        trial, flat = self._search.propose(at, gradient), self._program.flat
        if np.array_equal(trial.x, at.x):
            self.settled = self.held is None and self._evaluated_inputs is self.inputs
            self._search.begin(self.loss)
        self._trial = flat.unflatten(trial.x, self.params)
        if self.held is None:
            return trial
        self._trial, self.inputs = self.scene.drag(*self.held, self._trial, self.inputs)
        return Position(trial.iteration, flat.flatten(self._trial))

    def takes(self, trial: Position, loss: float, gradient_norm: float) -> bool:
        """Whether the line search does.

        Where each iteration has inputs of its own, two losses say nothing of their params: every step is taken.
        """
        if self._evaluated_inputs is self.inputs:
            return self._search.takes(trial, loss, gradient_norm)
        require_finite(trial.iteration, trial.x, loss, gradient_norm)
        self._search.accept(loss)
        return True

    def observe(self, at: Position, loss: float, gradient_norm: float | None) -> None:
        """The descent is here now."""
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
        """Keep this iteration as a ghost, as a run keeps it for its pictures."""
        i = self.iteration
        if is_remembered(i) and not (self.ghosts and self.ghosts[-1].iteration >= i):
            self.ghosts = [*self.ghosts, self.attempt()][-SHOWN:]

    def attempt(self) -> Attempt:
        """What this iteration leads to."""
        return attempt(self.scene, self.iteration, self.loss, self.params, self.drawn_inputs)
