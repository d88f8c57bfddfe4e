"""Mistakes of a Python program, with its file and line."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from rosesim.ad.support.locate import here
from rosesim.diagrams.errors import NOWHERE, DiagramError, Fault, Place


def place() -> Place:
    """The user's line that is being executed."""
    where = here()
    return NOWHERE if where is None else Place(where.file, where.line)


def mistake(kind: str, sentence: str) -> DiagramError:
    """What to raise for a mistake in the user's line."""
    return DiagramError(Fault(kind, sentence, place()))


class UnknownNameError(DiagramError, AttributeError):
    """A name that a shape or the library has not. It is an AttributeError, too, so that `hasattr` works.

    >>> from rosesim.diagrams.builder.canvas import Canvas
    >>> hasattr(Canvas(100, 100).circle(), "radius")
    False
    """


def unknown(kind: str, sentence: str) -> UnknownNameError:
    """What to raise for an unknown name in the user's line."""
    return UnknownNameError(Fault(kind, sentence, place()))


def hint(name: str, known: Iterable[str]) -> str:
    """The end of a sentence: the known name that is nearest, or nothing. `_` and capitals do not count.

    >>> hint("not_to_close", ["notTooClose", "near"]), hint("x", ["near"])
    ('; did you mean notTooClose?', '')
    """
    bare = {k.replace("_", "").lower(): k for k in known}
    near = get_close_matches(name.replace("_", "").lower(), bare, 1)
    return f"; did you mean {bare[near[0]]}?" if near else ""
