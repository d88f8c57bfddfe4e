"""What a library function may know beside its arguments: the inputs' start values, and where warnings go."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from rosesim.diagrams.scalars import Number, evaluated, known

Warn = Callable[[str, str], None]
"""Takes a warning's kind and its sentence."""


Looked = Callable[[Sequence[Number]], None]
"""Takes numbers whose values at the start were asked for."""


def _nobody(*_: Any) -> None:
    """Nobody listens."""


_start: ContextVar[Sequence[float] | None] = ContextVar("start", default=None)
_warn: ContextVar[Warn] = ContextVar("warn", default=_nobody)
_looked: ContextVar[Looked] = ContextVar("looked", default=_nobody)


@contextmanager
def at_start(x0: Sequence[float], warn: Warn = _nobody, looked: Looked = _nobody) -> Generator[None]:
    """Within it, library functions see where the inputs start, and warnings go to `warn`.

    `looked` hears of the numbers that they looked at, if any of them depends on inputs.

    Functions of polygons need it: they cut a polygon into convex parts once, where its points start
    (`partition.parts`). `x0` is read when a function is applied, so the list may grow meanwhile.

    >>> from rosesim.diagrams.scalars import Scalar
    >>> with at_start([3.0]):
    ...     start_values([Scalar("input", index=0), 1.0])
    [3.0, 1.0]
    """
    tokens = _start.set(x0), _warn.set(warn), _looked.set(looked)
    try:
        yield
    finally:
        _start.reset(tokens[0])
        _warn.reset(tokens[1])
        _looked.reset(tokens[2])


def start_values(numbers: Sequence[Number]) -> list[float]:
    """The numbers at the start. Raises ValueError outside of `at_start` if they depend on inputs."""
    x0 = _start.get()
    if not known(*numbers):
        if x0 is None:
            sentence = "a polygon is cut into convex parts where it starts; expected a call within `at_start(x0)`"
            raise ValueError(sentence)
        _looked.get()(numbers)
    return evaluated(numbers, x0 or ())


def warn(kind: str, sentence: str) -> None:
    """Passes a warning on."""
    _warn.get()(kind, sentence)
