"""Keys: a key and a number give a random number, and so a key stands for a stream of them.

What is made of a key by `split`, by `fold_in` and by draws comes of counters that differ in their two highest bits.
So a key may be split and drawn from: no block serves twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rosesim.ad.language import trace
from rosesim.ad.language.control.given import to_size
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.refused import kind
from rosesim.ad.language.values.scalar import try_integer
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_integer
from rosesim.numerics.random.threefry import WORD, threefry

DRAWS, _SPLIT, _FOLD_IN = 0, 1, 2
"""What a counter is for: its two highest bits."""
_MASK = WORD - 1

ANNOTATE = ": annotate the argument, {0}: Index[100] for integers below 100"
"""What to do about an integer argument that was taken for a Real."""


@dataclass(frozen=True)
class Key:
    """A key: two words of 32 bits. It is a struct like any other: an argument, a carry of a loop, one for each run of
    `vmap`. Outside of a function, `split` gives one Key with arrays of words, which can be iterated and indexed.

    >>> from rosesim import fn, random, Real
    >>> @fn
    ... def shaken(x: Real, key: random.Key) -> Real:
    ...     return x + random.uniform(key)
    >>> shaken(1.0, random.key(7)) == shaken(1.0, random.key(7)), shaken(1.0, random.key(8)) < 2.0
    (True, True)
    """

    high: Index[2**32]
    low: Index[2**32]

    def __len__(self) -> int:
        return len(self._words()[0])

    def __getitem__(self, i: Any) -> Key:
        return Key(*(w[i] if isinstance(i, slice) else int(w[i]) for w in self._words()))

    def __iter__(self) -> Iterator[Key]:
        return (self[i] for i in range(len(self)))

    def _words(self) -> tuple[Any, Any]:
        if not isinstance(self.high, np.ndarray):
            raise TypeMismatch(
                "one key was found where several were expected; expected split(key, n), which makes n of it", here()
            )
        return self.high, self.low


def key(seed: Any) -> Key:
    """The key of a seed, an integer: Python's within 64 bits, or a traced one. The streams of different seeds are
    independent, also those of 0, 1, 2, ...

    >>> from rosesim import random
    >>> random.key(7)
    Key(high=0, low=7)
    """
    if is_integer(seed):
        if not -(2**63) <= seed < 2**64:
            raise TypeMismatch(f"the seed {seed} was found; expected an integer within 64 bits", here())
        return Key(int(seed) >> 32 & _MASK, int(seed) & _MASK)
    if not isinstance(seed, Index):
        raise TypeMismatch(f"{kind(seed)} was found as a seed; expected an integer", here())
    return Key(Index[WORD](seed >> 32 & _MASK), Index[WORD](seed & _MASK))


def fold_in(key: Key, i: Any) -> Key:
    """The key for number i of a time step, a run, a particle: an integer, also a traced one. It is made of the key
    and i alone, so that step 1000 needs no step before it.

    >>> from rosesim import fn, random, scan, Real
    >>> @fn
    ... def walk(key: random.Key) -> Real:
    ...     return scan(lambda x, t: x + random.normal(random.fold_in(key, t)), 0.0, 100)
    >>> walk(random.key(0)) == walk(random.key(0)), walk(random.key(0)) == walk(random.key(1))
    (True, False)
    """
    to_key(key, "fold_in")
    if not is_integer(i) and not isinstance(i, Index):
        hint = ANNOTATE.format("i") if kind(i) == "Real" else ""
        raise TypeMismatch(f"{kind(i)} was found in fold_in(key, i) for i; expected an integer{hint}", here())
    i = int(i) if is_integer(i) else i
    return Key(*block(key, i & 2**62 - 1, _FOLD_IN))


def split(key: Key, n: int = 2) -> Key:
    """n keys made of one, as a vector of keys. Drawing from them is independent of drawing from the key itself.

    Inside of a function n is known while tracing; the keys can be indexed by a traced index and unpacked.

    >>> from rosesim import fn, random, vmap, Real
    >>> @fn
    ... def noise(key: random.Key) -> Real:
    ...     first, second = random.split(key)
    ...     return random.normal(first) * random.normal(second)
    >>> len(vmap(noise)(random.split(random.key(0), 3)))
    3
    """
    to_key(key, "split")
    n = to_size(n, "split")
    if trace.current() is None:
        words = np.array([block(key, i, _SPLIT) for i in range(n)], np.uint32).reshape(n, 2)
        return Key(words[:, 0], words[:, 1])
    return vec(n, lambda i: Key(*block(key, i, _SPLIT)))


def block(key: Key, i: Any, purpose: int) -> tuple[Any, Any]:
    """The two words of a key's block number i, an integer in 0 .. 2^62 - 1."""
    low = i & _MASK
    high = i >> 32 | purpose << 30
    words = key.high, key.low, high, low
    if trace.current() is None or all(is_integer(w) for w in words):
        return threefry(*(int(w) for w in words))
    return threefry(*(Index.of(a) for w in words if (a := try_integer(w)) is not None))


def to_key(v: Any, what: str) -> Key:
    """v, which has to be a key."""
    if not isinstance(v, Key):
        raise TypeMismatch(
            f"{kind(v)} was found in {what} for the key; expected a key: rosesim.random.key(seed) makes one", here()
        )
    return v
