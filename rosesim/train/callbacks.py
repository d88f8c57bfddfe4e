"""What is called after each iteration of a run: functions of its progress, and sinks of its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from rosesim.scenes.errors import SceneError
from rosesim.train.progress import Progress


@runtime_checkable
class Sink(Protocol):
    """Takes the numbers of each iteration, for a dashboard or a table.

    >>> class Losses:
    ...     def __init__(self):
    ...         self.found = []
    ...     def on_iteration(self, metrics):
    ...         self.found.append(round(metrics["loss"], 1))
    ...     def close(self):
    ...         self.found.append("closed")
    >>> from rosesim.scenes import configure, find_scene
    >>> from rosesim.train import train
    >>> scene, inputs = configure(find_scene("growth"), ["steps=50"])
    >>> losses = Losses()
    >>> run = train(scene, inputs=inputs, iterations=2, callback=losses)
    >>> losses.found
    [1.3, 1.3, 1.3, 'closed']
    """

    def on_iteration(self, metrics: Mapping[str, float]) -> object:
        """Take the numbers of an iteration: `iteration`, `loss`, `best_loss`, `seconds`, where there are any
        `gradient_norm`, `mean_loss` and `terms.NAME`. To return True ends the run."""
        ...

    def close(self) -> None:
        """The run has ended, in any way."""
        ...


Callback = Callable[[Progress], object] | Sink
"""A function of the progress, or a sink of its numbers. Where it returns True, the run ends after that iteration."""


class Callbacks:
    """The callbacks of one run."""

    def __init__(self, given: Callback | Sequence[Callback] | None):
        each: Any = () if given is None else given if isinstance(given, list | tuple) else (given,)
        self._each: Sequence[Any] = each
        for one in each:
            if not (isinstance(one, Sink) or callable(one)) or isinstance(one, type):
                what = f"the class {one.__name__}" if isinstance(one, type) else type(one).__name__
                raise SceneError(
                    "a callback is a function of the progress, or an object with on_iteration(metrics) and close(); "
                    f"{what} was given"
                )

    def __bool__(self) -> bool:
        return bool(self._each)

    def call(self, now: Progress) -> str | None:
        """Call all of them. Why the run ends now, as a clause; None where none of them returned True."""
        ends = [one.on_iteration(now.metrics) if isinstance(one, Sink) else one(now) for one in self._each]
        # Only True: a lambda may return what its last call returned.
        return "was stopped by a callback" if any(isinstance(e, bool | np.bool_) and e for e in ends) else None

    def close(self) -> None:
        """Close the sinks, each even if another one fails."""
        errors: list[Exception] = []
        for one in self._each:
            if isinstance(one, Sink):
                try:
                    one.close()
                except Exception as e:
                    errors.append(e)
        if errors:
            raise errors[0]


NO_CALLBACKS = Callbacks(None)
