"""The errors that end a training run before its time."""

from __future__ import annotations

from pathlib import Path

from rosesim.ad.support.errors import RosesimError
from rosesim.scenes.errors import SceneError


class TrainingStopped(RosesimError):
    """A number stopped being finite, a file could not be written, or the run was interrupted.

    >>> import threading
    >>> from rosesim.scenes import configure, find_scene
    >>> from rosesim.train import TrainingStopped, train
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> stop = threading.Event()
    >>> stop.set()
    >>> try:
    ...     train(scene, inputs=inputs, iterations=2, optimizer="gd", stop=stop)
    ... except TrainingStopped as e:
    ...     print(type(e).__name__)
    Interrupted
    """


class Interrupted(TrainingStopped):
    """The run was stopped by Ctrl-C or by a program; everything until then is saved."""


class Busy(SceneError):
    """Another process is at work in the folder."""


class CannotWrite(TrainingStopped):
    """A file of the run could not be written; it still holds what it held before."""

    def __init__(self, file: Path, error: OSError | ValueError):
        why = getattr(error, "strerror", None) or error
        super().__init__(f"{file} cannot be written: {why}; what was saved before is unchanged")


def reason(error: Exception) -> str:
    """The text for the user about an error that ended one of several runs, while the others continue.

    >>> reason(TrainingStopped("the loss is no longer finite")), reason(ZeroDivisionError("by zero"))
    ('the loss is no longer finite', 'ZeroDivisionError: by zero')
    """
    return str(error) if isinstance(error, RosesimError) else f"{type(error).__name__}: {error}"
