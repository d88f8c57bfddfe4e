"""Maps in the order of Immutable.js 4, which decides the order of a diagram's shapes, terms and random draws.

Up to eight entries stand in order of insertion, except that a removal moves the last entry into the gap. The ninth
turns the map into a trie, for good, which iterates by hash, five bits at a time from the lowest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

LIST_SIZE = 8
"""Immutable's MAX_ARRAY_MAP_SIZE: a map of more entries is a trie."""

_WORD = 0xFFFFFFFF


def _small(h: int) -> int:
    """Immutable's `smi`: 31 bits and the sign, which bit 30 repeats."""
    return ((h >> 1) & 0x40000000) | (h & 0xBFFFFFFF)


def string_hash(text: str) -> int:
    """The hash of a string: 31 h + code over its UTF-16 codes.

    >>> string_hash("icon")
    3226745
    """
    h = 0
    units = text.encode("utf-16-le", "surrogatepass")
    for low, high in zip(units[::2], units[1::2], strict=True):
        h = (31 * h + low + 256 * high) & _WORD
    return _small(h)


def scope_hash(block: int, match: int) -> int:
    """The hash of the unnamed scope of a block's match: Immutable's for an ordered pair of numbers.

    >>> scope_hash(4, 0) != scope_hash(0, 4)
    True
    """
    h = (31 * (31 + block) + match) & _WORD
    h = h * 0xCC9E2D51 & _WORD
    h = (h << 15 | h >> 17) * 0x1B873593 & _WORD
    h = (h << 13 | h >> 19) * 5 & _WORD
    h = ((h + 0xE6546B64) ^ 2) & _WORD
    h = (h ^ h >> 16) * 0x85EBCA6B & _WORD
    h = (h ^ h >> 13) * 0xC2B2AE35 & _WORD
    return _small(h ^ h >> 16)


def trie_rank(h: int) -> int:
    """What orders hashes as a trie iterates: their groups of five bits, the lowest first."""
    rank = 0
    for shift in range(0, 35, 5):
        rank = rank << 5 | (h >> shift & 31)
    return rank


@cache
def string_rank(text: str) -> int:
    """The place of a string key in a trie."""
    return trie_rank(string_hash(text))


@cache
def scope_rank(key: tuple[int, int]) -> int:
    """The place of (block, match) in a trie."""
    return trie_rank(scope_hash(*key))


class OrderedMap(Generic[K, V]):
    """A map that iterates as Immutable's `Map` does. `rank` gives a key's place in a trie.

    >>> few = OrderedMap(string_rank)
    >>> for name in ("r", "center", "fillColor"):
    ...     few[name] = None
    >>> del few["r"]
    >>> list(few)
    ['fillColor', 'center']
    """

    __slots__ = ("_entries", "_is_trie", "_rank", "_sorted")

    def __init__(self, rank: Callable[[K], int]):
        self._entries: dict[K, V] = {}
        self._rank = rank
        self._is_trie = False
        self._sorted = True

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[K]:
        return iter(self._ordered())

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def get(self, key: K) -> V | None:
        """The value, or None."""
        return self._entries.get(key)

    def __setitem__(self, key: K, value: V) -> None:
        entries = self._entries
        if key not in entries:
            self._is_trie = self._is_trie or len(entries) >= LIST_SIZE
            self._sorted = not self._is_trie
        entries[key] = value

    def __delitem__(self, key: K) -> None:
        if self._is_trie:
            del self._entries[key]
            if not self._entries:  # an empty map is the same whatever it was
                self._is_trie = False
            return
        rows = list(self._entries.items())
        last = rows.pop()
        gap = list(self._entries).index(key)
        if gap < len(rows):
            rows[gap] = last
        self._entries = dict(rows)

    def _ordered(self) -> dict[K, V]:
        if not self._sorted:
            rank = self._rank
            # Keys of one hash stay in order of insertion: `sorted` is stable.
            self._entries = {k: self._entries[k] for k in sorted(self._entries, key=rank)}
            self._sorted = True
        return self._entries

    def values(self) -> list[V]:
        """All values in order."""
        return list(self._ordered().values())

    def items(self) -> list[tuple[K, V]]:
        """All entries in order."""
        return list(self._ordered().items())
