"""What is wrong with a diagram's texts, in one sentence with file, line and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rosesim.ad.support.errors import RosesimError


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a text. Lines and columns count from 1; line 0 is nowhere, column 0 the whole line."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake: where, which kind, and a sentence that says what was found, what was expected and what to do.

    `kind` is a name of LANGUAGE's lists such as "ParseError" or "MissingPathError"; a warning has one too.
    """

    kind: str
    sentence: str
    place: Place = NOWHERE

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}" if str(self.place) else self.sentence


class DiagramError(RosesimError):
    """A diagram that cannot be read, evaluated or laid out. `faults` has all mistakes that were found together.

    >>> fault = Fault("TypeNotFound", "type Shp is not declared; did you mean Shop?", Place("a.domain", 3, 6))
    >>> print(DiagramError(fault))
    a.domain:3:6: type Shp is not declared; did you mean Shop?
    """

    def __init__(self, faults: Sequence[Fault] | Fault):
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))
