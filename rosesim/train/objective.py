"""What a run minimises: the loss of a scene and its gradient, with params as a vector and an iteration's inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from rosesim.optimise.optimizers import Vector
from rosesim.scenes.compiled import Compiled, compiled
from rosesim.scenes.drawn import drawn
from rosesim.scenes.smooth import Smoothed
from rosesim.scenes.tree import FlatView
from rosesim.train.batch import first_not_finite, mean, over_inputs
from rosesim.train.finite import explain, explain_zero
from rosesim.train.settings import Settings


def compile_program(program: Compiled[Any, Any, Any], settings: Settings) -> None:
    """Compile everything that a run calls; nothing is compiled after that."""
    plan = settings.plan
    if plan.smoothing is not None:
        Smoothed(program, plan.smoothing, np.zeros(program.flat.size), program.flat).compile()
    elif plan.batch is not None:
        over_inputs = settings.is_drawn
        program.batch(plan.batch, gradient=True, params=not over_inputs, inputs=over_inputs)
    else:
        _ = program.value_and_grad if plan.needs_gradient else program.value


class Objective:
    """The loss of a run, which differs between iterations where the scene samples inputs."""

    def __init__(self, settings: Settings):
        self.settings, self.plan, self.is_drawn = settings, settings.plan, settings.is_drawn
        self.program = compiled(settings.scene).held()  # the same physics during all of the run
        start = settings.start()
        self.flat = FlatView.of(start)  # its own view: the untuned params may depend on the seed
        self.x0 = self.flat.flatten(start)
        how = self.plan.smoothing
        self._has_terms = False
        self._smoothed = None if how is None else Smoothed(self.program, how, self.x0, self.flat)

    def compile(self) -> None:
        """Compile everything that the run calls."""
        compile_program(self.program, self.settings)
        self._has_terms = bool(self.program.term_names)
        if self._has_terms:
            _ = self.program.terms

    def inputs(self, iteration: int | None, nth: int = 0) -> Any:
        """The inputs of an iteration, the `nth` of a batch; the given inputs where none are sampled."""
        given = self.settings.inputs
        if iteration is None or not self.is_drawn:
            return given
        return drawn(self.settings.scene, given, self.plan.seed, iteration, nth)

    def evaluate(self, x: Vector, iteration: int | None = None) -> tuple[float, Vector]:
        """The loss and its gradient, for the inputs of that iteration; for the given inputs if it is None.

        In a smoothed run the loss is still that at x; the gradient is the averaged one.
        """
        if self.plan.batch is not None and iteration is not None:
            return mean(*self._each_drawn(x, iteration))
        if self._smoothed is not None and iteration is not None:
            z = self._smoothed.perturbations(self.plan.seed, iteration)
            loss, _, gradient = self._smoothed.evaluate(x, z, self.inputs(iteration))
            return loss, gradient
        loss, gradient = self.program.value_and_grad(self.flat.unflatten(x), self.inputs(iteration))
        return loss, self.flat.flatten(gradient)

    def value(self, x: Vector) -> float:
        """The loss without its gradient, for the given inputs."""
        return self.program.value(self.flat.unflatten(x), self.settings.inputs)

    def terms(self, x: Vector, iteration: int) -> dict[str, float]:
        """What the loss at x is the sum of, for the inputs of that iteration; empty where it is one number.

        In a batch it is the mean over its inputs, as the loss is. It takes a run without its gradient, always of the
        same program, so that a resumed run reports the same bits.
        """
        if not self._has_terms:
            return {}
        params = self.flat.unflatten(x)
        count = self.plan.batch if self.plan.batch is not None and self.is_drawn else 1
        rows = [self.program.terms(params, self.inputs(iteration, k)) for k in range(count)]
        return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}

    def _each_drawn(self, x: Vector, iteration: int) -> tuple[Vector, Vector]:
        """The losses and gradients at one point for all inputs that an iteration of a batch samples."""
        assert self.plan.batch is not None
        inputs = [self.inputs(iteration, k) for k in range(self.plan.batch)]
        return over_inputs(self.program, x, inputs, self.flat.like)

    # ------------------------------------------------------------------------- explanations of failures

    def why_zero(self, x: Vector, iteration: int) -> str | None:
        """Why the gradient at x is zero, as the scene explains it."""
        return explain_zero(self.program, self.flat.unflatten(x), self.inputs(iteration))

    def why_not_finite(self, x: Vector, iteration: int, what: str) -> str:
        """Where in the rollout the loss or the gradient (`what`) at x stopped being finite; "" if unknown."""
        nth = first_not_finite(*self._each_drawn(x, iteration)) if self.plan.batch and self.is_drawn else 0
        return explain(self.program, self.flat.unflatten(x), self.inputs(iteration, nth), what)
