"""Threefry-2x32 with 20 rounds: 64 random bits for each key and counter, both of two words of 32 bits.

J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw: Parallel random numbers: as easy as 1, 2, 3. SC '11, section 4.2
and table 2. It passes all tests of BigCrush with 13 rounds; 20 are the authors' margin of safety. It needs additions,
rotations and exclusive or of 32 bits alone, which every machine has in its vectors.
"""

from __future__ import annotations

from typing import TypeVar

from rosesim.ad.language.values.index import Index

WORD = 2**32
_MASK = WORD - 1
_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_PARITY = 0x1BD11BDA
"""The key's third word is this, exclusive or both others: a key of zeros alone would inject nothing."""
_ROUNDS = 20

W = TypeVar("W", Index, int)


def threefry(k0: W, k1: W, c0: W, c1: W) -> tuple[W, W]:
    """The two random words of a key and a counter. All are integers in 0 .. 2^32 - 1, Python's or traced."""
    keys = k0, k1, k0 ^ k1 ^ _PARITY
    # Only y has to be below 2^32 in each round, because its rotation shifts it right: x is cut at the end.
    x, y = c0 + k0, (c1 + k1) & _MASK
    for r in range(_ROUNDS):
        by = _ROTATIONS[r % 8]
        x = x + y
        y = ((y << by | y >> (32 - by)) ^ x) & _MASK
        if r % 4 == 3:
            i = r // 4 + 1
            x = x + keys[i % 3]
            y = (y + keys[(i + 1) % 3] + i) & _MASK
    return x & _MASK, y
