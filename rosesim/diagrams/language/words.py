"""Parts of sentences about mistakes."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

from rosesim.diagrams.errors import DiagramError, Fault, Place

MOST_COMPARED = 1000
"""Names that are compared with a misspelt one: more would take longer than reading the text did."""

LONGEST_COMPARED = 50
"""Characters of such a name; the time of a comparison grows by their square."""


def fault(kind: str, place: Place, sentence: str) -> DiagramError:
    """What to raise for one mistake."""
    return DiagramError(Fault(kind, sentence, place))


def suggestion(name: str, known: Iterable[str], otherwise: str) -> str:
    """The end of a sentence about an unknown name: the known name that looks like it, or what to do otherwise."""
    short = (k for k in known if len(k) <= LONGEST_COMPARED)
    near = get_close_matches(name, islice(short, MOST_COMPARED), 1) if len(name) <= LONGEST_COMPARED else []
    return f"did you mean {near[0]}?" if near else otherwise


def series(items: Iterable[str], last: str = "and") -> str:
    """`a, b and c`."""
    *before, end = items
    return f"{', '.join(before)} {last} {end}" if before else end


def counted(number: int, thing: str) -> str:
    """`1 argument`, `2 arguments`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
