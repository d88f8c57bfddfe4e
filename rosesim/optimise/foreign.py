"""What an optimiser of another package tells about itself, and how it is driven.

Such an optimiser keeps its state to itself. It runs from the start each time; a resumed run answers it from the
record of its evaluations until it is where it was. So it needs the same loss at every evaluation.
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
    """What a run asks of a foreign optimiser."""

    total: int
    """Iterations, at most."""
    bounds: Bounds | None = None
    """Of every point that the optimiser asks for."""
    seed: int = 0
    """Of its random numbers, if it draws any."""
    sigma: float | None = None
    """The deviation that it starts with, if it has one; None leaves that to the optimiser."""


@dataclass(frozen=True)
class Foreign:
    """An optimiser of another package."""

    drive: Callable[[Vector, Search, Task], str | None]
    """Optimises a task from a point on. Shows the task each iteration, 0 the first. Gives why it ended before the
    total, as a clause after its name ("converged"), or None."""
    module: str
    """What it imports, when it is driven and not before."""
    extra: str
    """The extra of rosesim that brings the module's package."""
    needs_gradient: bool
    """Whether it asks for `Task.evaluate`; otherwise for `Task.value` alone."""
    takes_sigma: bool = False
    """Whether it starts with a deviation that a person can give."""
    seed_bits: int | None = None
    """How many bits a seed may have; None where it draws no random numbers."""

    def require(self, name: str) -> None:
        """SceneError where its package cannot be imported."""
        try:
            importlib.import_module(self.module)
        except ImportError as e:
            package = self.module.partition(".")[0]
            raise SceneError(f"{name} needs the package {package}: pip install 'rosesim[{self.extra}]' ({e})") from e
