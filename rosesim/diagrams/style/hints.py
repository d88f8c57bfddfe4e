"""Parts of messages that several stages use."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence: the known name that is nearest, or nothing.

    >>> did_you_mean("Shp", ["Shop", "Road"]), did_you_mean("x", ["Shop"])
    ('; did you mean Shop?', '')
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, 1, 0.6) or [n for n in names if n.lower() == name.lower()]
    return f"; did you mean {near[0]}?" if near else ""


def with_article(noun: str) -> str:
    """The noun with "a" or "an".

    >>> with_article("Equation")
    'an Equation'
    """
    return f"{'an' if noun[:1].lower() in 'aeio' else 'a'} {noun}"
