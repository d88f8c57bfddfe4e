"""Parts of messages that several stages use."""

from __future__ import annotations

from collections.abc import Iterable

from rosesim.diagrams.language.words import suggestion


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence: the known name that is nearest, or nothing.

    >>> did_you_mean("Shp", ["Shop", "Road"]), did_you_mean("x", ["Shop"])
    ('; did you mean Shop?', '')
    """
    names = list(known)
    near = suggestion(name, names, "") or next((f"did you mean {n}?" for n in names if n.lower() == name.lower()), "")
    return f"; {near}" if near else ""


def with_article(noun: str) -> str:
    """The noun with "a" or "an".

    >>> with_article("Equation")
    'an Equation'
    """
    return f"{'an' if noun[:1].lower() in 'aeio' else 'a'} {noun}"
