"""What goes wrong with a robot's file: one class, whose message begins with the file and the line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

SHOWN = 60
"""Characters of a file's text that a message quotes."""


class RobotError(ValueError):
    """A robot's file that cannot be read. The message is `file:line: what was found; what to do`.

    `file` is the path as given, `line` counts from 1 and is 0 where the whole file is meant.
    """

    def __init__(self, file: str, line: int, sentence: str):
        self.file, self.line, self.sentence = file, line, sentence
        super().__init__(f"{file}:{line}: {sentence}" if line else f"{file}: {sentence}")


def quoted(text: str) -> str:
    """A file's text as a message quotes it: on one line, and shortened if it is long.

    >>> print(quoted("dampning"), len(quoted("9" * 1000)))
    "dampning" 65
    """
    if len(text) > SHOWN:
        return f'"{_line(text[:SHOWN])}..."'
    return f'"{_line(text)}"'


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def nearest(name: str, known: Iterable[str]) -> str:
    """An advice which known name may have been meant.

    >>> nearest("dampning", ("damping", "stiffness"))
    'did you mean "damping"?'
    >>> nearest("x", ("damping", "stiffness"))
    'known are damping, stiffness.'
    """
    names = sorted(known)
    found = difflib.get_close_matches(name[:SHOWN], names, 1, 0.7)
    if found:
        return f'did you mean "{found[0]}"?'
    if not names:
        return "none is expected here."
    return f"known are {', '.join(names[:30])}{', ...' if len(names) > 30 else ''}."
