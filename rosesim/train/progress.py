"""The numbers after an iteration, for whoever watches a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Progress:
    """The numbers after an iteration."""

    iteration: int
    loss: float
    gradient_norm: float | None
    """None for an optimiser that computes no gradient."""
    note: str | None = None
    """A remark for the user, made once: that the gradient is exactly zero, and why."""
    seed: int = 0
    """The seed of the run, where several are running."""
    recent: float | None = None
    """The mean loss of this iteration and those before it, 200 at most, where their inputs differ."""
    terms: Mapping[str, float] = field(default_factory=dict[str, float])
    """What the loss is the sum of, by name; empty where the scene gives one number."""
    best_loss: float = math.nan
    """The best loss so far."""
    seconds: float = 0.0
    """Time since the run began, over all its resumptions."""
    at: Callable[[], Any] | None = field(default=None, repr=False, compare=False)

    @property
    def params(self) -> Any:
        """The params of this iteration, in the type that the scene's `params` returns."""
        return None if self.at is None else self.at()

    @property
    def metrics(self) -> dict[str, float]:
        """The numbers by name, for a table or a dashboard; those that there are not are left out.

        >>> Progress(3, 0.5, None, terms={"effort": 0.5}, best_loss=0.25).metrics
        {'iteration': 3, 'loss': 0.5, 'best_loss': 0.25, 'seconds': 0.0, 'terms.effort': 0.5}
        """
        known = {
            "iteration": self.iteration, "loss": self.loss, "gradient_norm": self.gradient_norm,
            "best_loss": self.best_loss, "mean_loss": self.recent, "seconds": self.seconds,
        }  # fmt: skip
        return {k: v for k, v in known.items() if v is not None} | {f"terms.{k}": v for k, v in self.terms.items()}


def ignore(progress: Progress) -> None:
    """A report to nobody."""


Report = Callable[[Progress], None]
