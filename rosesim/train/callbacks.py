"""What is called after each iteration of a run: functions of its progress, and sinks of its numbers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
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
        `gradient_norm`, `mean_loss` and `terms.NAME`; of several runs at once also `seed`. To return True ends the
        run."""
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
        return self._call(now, now.metrics)

    def _call(self, now: Progress, metrics: Mapping[str, float]) -> str | None:
        ends = [one.on_iteration(metrics) if isinstance(one, Sink) else one(now) for one in self._each]
        # Only True: a lambda may return what its last call returned.
        return "was stopped by a callback" if any(isinstance(e, bool | np.bool_) and e for e in ends) else None

    @contextmanager
    def shared(self) -> Generator[Callbacks]:
        """The same for several runs at once, on threads: called for one at a time, and closed after all of them."""
        try:
            yield _Shared(self._each)
        finally:
            self.close()

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


class _Shared(Callbacks):
    """Those of several runs; who shares them closes them."""

    def __init__(self, given: Sequence[Callback]):
        super().__init__(given)
        self._guard = threading.Lock()

    def call(self, now: Progress) -> str | None:
        with self._guard:
            return self._call(now, {**now.metrics, "seed": now.seed})

    def close(self) -> None:
        pass


NO_CALLBACKS = Callbacks(None)
