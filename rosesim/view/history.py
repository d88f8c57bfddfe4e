"""The losses of an optimisation that may run for hours, in a bounded number of points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

MOST = 300
"""Most points: a curve is that many pixels wide, and painting it costs time."""


@dataclass
class History:
    """Iterations and their losses; where there are too many, every second one is dropped.

    >>> history = History()
    >>> for i in range(1000):
    ...     history.add(i, 1.0 / (i + 1))
    >>> history.points[:3], history.points[-1][0], len(history.points) <= 300
    ([(0, 1.0), (4, 0.2), (8, 0.1111111111111111)], 999, True)
    """

    stride: int = 1
    regular: list[tuple[int, float]] = field(default_factory=list)
    newest: tuple[int, float] | None = None

    @classmethod
    def of(cls, losses: Sequence[float]) -> History:
        """The history of a run, from the loss of each iteration from 0."""
        history = cls()
        for i, loss in enumerate(losses):
            history.add(i, loss)
        return history

    def add(self, iteration: int, loss: float) -> None:
        """Add the loss of an iteration; earlier entries for it and for later ones are dropped."""
        while self.regular and self.regular[-1][0] >= iteration:
            self.regular.pop()
        self.newest = (iteration, loss)
        if iteration % self.stride == 0:
            self.regular.append(self.newest)
            if len(self.regular) >= MOST:
                self.stride *= 2
                self.regular = [point for point in self.regular if point[0] % self.stride == 0]

    @property
    def points(self) -> list[tuple[int, float]]:
        """The points, in order, with the newest."""
        last = [] if self.newest is None or self.regular[-1:] == [self.newest] else [self.newest]
        return self.regular + last
