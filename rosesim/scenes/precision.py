"""The precision in which scenes are computed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from rosesim.scenes.errors import SceneError

PRECISIONS = ("f64", "f32")

_precision: ContextVar[str] = ContextVar("rosesim_scene_precision", default="f64")


def precision() -> str:
    """The precision of the programs of scenes that are made here: "f64" or "f32"."""
    return _precision.get()


@contextmanager
def scene_precision(name: str | None) -> Generator[None]:
    """Programs of scenes that are made inside compute in double ("f64") or single ("f32") precision; None changes
    nothing. Their arguments and results stay double numbers. Raises SceneError for another name.

    >>> from rosesim.scenes import configure, find_scene, rollout
    >>> scene, inputs = configure(find_scene("growth"), ["steps=50"])
    >>> double = rollout(scene)[-1].x
    >>> with scene_precision("f32"):
    ...     single = rollout(scene)[-1].x
    >>> 0 < abs(single - double) < 1e-4 * double
    True
    """
    check_precision(name)
    token = _precision.set(name or precision())
    try:
        yield
    finally:
        _precision.reset(token)


def check_precision(name: str | None) -> None:
    """Raise SceneError for another name than those of PRECISIONS; None is none."""
    if name is not None and name not in PRECISIONS:
        raise SceneError(f"a precision is {' or '.join(PRECISIONS)}; {name} was given")


def compute_in(name: str | None) -> None:
    """The same until this context ends, for a command that has read what it works on from a folder."""
    _precision.set(name or precision())
