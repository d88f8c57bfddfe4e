"""Decisions read from a row of bytes. The same bytes give the same program; fewer and smaller ones a simpler one."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

A = TypeVar("A")

EDITION = 3
"""Which constructs a program may have. Whoever lets the writer draw more adds one and names it in `since`, so that
rows recorded before mean the programs that they meant."""

_edition: ContextVar[int] = ContextVar("fuzz_edition", default=EDITION)


@contextmanager
def of_edition(number: int) -> Generator[None]:
    """Read rows as the writer of this edition did."""
    token = _edition.set(number)
    try:
        yield
    finally:
        _edition.reset(token)


def since(edition: int, *more: A) -> tuple[A, ...]:
    """What the writer draws from this edition on."""
    return more if _edition.get() >= edition else ()


class Choices:
    """Reads one decision after the other. When the bytes end it reads zeros, which always mean the simplest
    choice."""

    def __init__(self, row: bytes):
        self._row = row
        self._at = 0

    @property
    def ended(self) -> bool:
        """Whether only zeros are left."""
        return self._at >= len(self._row)

    def below(self, n: int) -> int:
        """An integer from 0 to n - 1, n at most 256."""
        if self._at >= len(self._row):
            return 0
        self._at += 1
        return self._row[self._at - 1] % n

    def one(self, of: Sequence[A]) -> A:
        """One of several; the first is the simplest."""
        return of[self.below(len(of))]

    def rarely(self, often: int = 8) -> bool:
        """True once in `often` times."""
        return self.below(often) == often - 1

    def row(self, most: int) -> bytes:
        """Bytes for a part of the program that reads its own row, at most `most` of them."""
        size = self.below(most + 1)
        taken = self._row[self._at : self._at + size]
        self._at += size
        return taken
