"""The loss of a scene averaged over perturbed params: a descent can follow it where the loss itself is jagged.

The Gaussian smoothing of a loss f is F(x) = E f(x + sigma D z), z normal, D the scale of each param. It has two
gradients that samples can estimate, and where f jumps they differ (Suh, Simchowitz, Zhang & Tedrake, Do
differentiable simulators give better policy gradients?, ICML 2022):

- `gradients`: the mean of f's own gradients. It has little noise, but it is F's gradient only where f is
  continuous: no gradient of f sees a jump, and so their mean does not either.
- `values`: the mean of (f(x + sigma D z) - f(x - sigma D z)) / 2 times z / (sigma D). It is F's gradient even where f
  jumps; its noise grows with the number of params.

Each z is paired with -z, so that the even part in z contributes no noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.checks.distance import scales
from rosesim.scenes.compiled import Compiled
from rosesim.scenes.errors import SceneError
from rosesim.scenes.tree import FlatView

Vector = NDArray[np.float64]

ESTIMATORS = ("values", "gradients")
SAMPLES = 16
"""Perturbed params at a time, eight pairs: two groups of eight lanes, or four of four. Twice as many halve the
noise's variance and double the cost."""
_KEY = 1, 0
"""The perturbations of an iteration have a key of their own, other than those of its sampled inputs (`drawn`)."""


@dataclass(frozen=True)
class Smoothing:
    """How a loss is averaged: `sigma` in units of the params' scale, the number of samples, the estimator.

    >>> Smoothing.of(0.1, size=4)
    Smoothing(sigma=0.1, samples=16, estimator='values')
    >>> Smoothing.of(0.1, size=5000).estimator
    'gradients'
    """

    sigma: float
    samples: int
    estimator: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sigma) and self.sigma > 0):
            raise SceneError(f"smooth is a finite number above 0; {self.sigma} was given")
        if self.samples < 2 or self.samples % 2:
            raise SceneError(f"samples come in pairs: expected 2, 4, ...; {self.samples} was given")
        if self.estimator not in ESTIMATORS:
            raise SceneError(f"no estimator is called {self.estimator!r}; there are {', '.join(ESTIMATORS)}")

    @classmethod
    def of(cls, sigma: float, samples: int | None = None, estimator: str | None = None, *, size: int) -> Smoothing:
        """A smoothing; `samples` and `estimator` have defaults that depend on the number of params. By values where
        there are at most as many params as samples: with two params per sample, the noise of that estimator is as
        large as the gradient."""
        n = SAMPLES if samples is None else samples
        return cls(sigma, n, estimator or ("values" if size <= n else "gradients"))

    def __str__(self) -> str:
        return f"smoothed by {self.sigma:g} ({self.samples} samples, by {self.estimator})"


class Smoothed:
    """The averaged loss of a scene's program and its gradient, of params as vectors."""

    def __init__(self, program: Compiled[Any, Any, Any], how: Smoothing, x0: Vector, flat: FlatView[Any]):
        self.program, self.how = program, how
        self.flat = flat  # with the values of this training for the leaves that are not tuned
        self.offset = how.sigma * scales(x0, list(flat.slices.values()))
        """The standard deviation of each param, fixed throughout: in units of the scale at x0, where tuning
        begins."""

    def compile(self) -> None:
        """Compile everything that `evaluate` calls."""
        self.program.batch(self.how.samples + 1, gradient=self.how.estimator == "gradients")

    def perturbations(self, seed: int, iteration: int) -> Vector:
        """The z of an iteration, one per row. They depend on the seed and the iteration alone, so that a resumed run
        has the same ones."""
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(iteration, *_KEY)))
        half = rng.normal(size=(self.how.samples // 2, self.flat.size))
        return np.concatenate([half, -half])

    def evaluate(self, x: Vector, z: Vector, inputs: Any) -> tuple[float, float, Vector]:
        """The loss at x itself, the averaged loss, and the gradient of the latter, for these perturbations.

        Perturbed params beyond the scene's bounds are clipped to them, as an update is.
        """
        n, flat = self.how.samples, self.flat
        inside, params = self._rows(x, z)
        with np.errstate(all="ignore"):  # the caller checks the result, once
            if self.how.estimator == "gradients":
                losses, struct = self.program.batch(n + 1, gradient=True)(params, inputs)
                gradient = np.mean(flat.unstack(struct, n + 1)[1:] * inside, axis=0)
            else:
                losses = self.program.batch(n + 1, gradient=False)(params, inputs)
                half = (losses[1 : n // 2 + 1] - losses[n // 2 + 1 :]) / 2
                gradient = np.mean(half[:, None] * z[: n // 2], axis=0) / self.offset
            return float(losses[0]), float(np.mean(losses[1:])), gradient

    def value(self, x: Vector, z: Vector, inputs: Any) -> float:
        """The averaged loss without its gradient."""
        losses = self.program.batch(self.how.samples + 1, gradient=False)(self._rows(x, z)[1], inputs)
        with np.errstate(all="ignore"):
            return float(np.mean(losses[1:]))

    def _rows(self, x: Vector, z: Vector) -> tuple[Any, Any]:
        """Where the perturbed params lie within the bounds; and all params, x first."""
        free = np.concatenate([x[None], x + self.offset * z])
        rows = free if self.program.bounds is None else np.clip(free, *self.program.bounds)
        return (free == rows)[1:], self.flat.stack(rows)


class AveragedField:
    """An averaged loss and its gradient at many points, for the same perturbations at each."""

    def __init__(self, smoothed: Smoothed, z: Vector, inputs: Any):
        self._smoothed, self._z, self._inputs = smoothed, z, inputs

    def values(self, points: Vector) -> Vector:
        """The averaged loss at each row."""
        return np.array([self._smoothed.value(x, self._z, self._inputs) for x in points])

    def gradients(self, points: Vector) -> Vector:
        """The averaged gradient at each row, one row each."""
        return np.array([self._smoothed.evaluate(x, self._z, self._inputs)[2] for x in points])
