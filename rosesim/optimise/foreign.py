"""What an optimiser of another package declares about itself, and how it is driven.

Such an optimiser hides its state, so it runs from the start each time. A resumed run answers it from the record of
its evaluations until it has reached the same point. So it needs the same loss at every evaluation.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from rosesim.optimise.descent import Task
from rosesim.optimise.optimizers import Vector
from rosesim.scenes.errors import SceneError

Bounds = tuple[Vector, Vector]
"""The least and the greatest params."""


@dataclass(frozen=True)
class Search:
    """The options of a foreign optimiser for one run."""

    total: int
    """Most iterations."""
    bounds: Bounds | None = None
    """Bounds of every point that the optimiser requests."""
    seed: int = 0
    """Seed of its random numbers, if it uses any."""
    sigma: float | None = None
    """The deviation that it starts with, if it has one; with None the optimiser chooses."""


@dataclass(frozen=True)
class Foreign:
    """An optimiser of another package."""

    drive: Callable[[Vector, Search, Task], str | None]
    """Optimises a task from a point on. It shows the task each iteration, 0 first. It returns why it ended before
    the total, as a clause that follows its name ("converged"), or None."""
    module: str
    """The module that it imports, not before it is driven."""
    extra: str
    """The extra of rosesim that installs the module's package."""
    needs_gradient: bool
    """Whether it calls `Task.evaluate`; otherwise it calls `Task.value` alone."""
    takes_sigma: bool = False
    """Whether it starts with a deviation that the user can give."""
    seed_bits: int | None = None
    """Most bits of a seed; None where it uses no random numbers."""

    def require(self, name: str) -> None:
        """Raise SceneError where its package cannot be imported."""
        try:
            importlib.import_module(self.module)
        except ImportError as e:
            package = self.module.partition(".")[0]
            raise SceneError(f"{name} needs the package {package}: pip install 'rosesim[{self.extra}]' ({e})") from e
