"""Random numbers of a diagram: ARC4 keyed by the variation, as the JavaScript package seedrandom draws them."""

from __future__ import annotations

import math

_BYTES = 256
_LEAST = 7
"""Bytes of a draw, unless they are too small a number."""
_SIGNIFICANT = 2**52
_MANTISSA = 53
_DROPPED = 256
"""Bytes that seedrandom throws away after keying."""
_AHEAD = 1024
"""Bytes that are made at once: one at a time they take three times as long."""


class Draws:
    """Uniform numbers from a variation.

    >>> Draws("hello.").unit()
    0.9282578795792454
    """

    __slots__ = ("_at", "_i", "_j", "_made", "_s")

    def __init__(self, variation: str):
        key = _key(variation)
        s = list(range(_BYTES))
        j = 0
        for i in range(_BYTES):
            j = (j + key[i % len(key)] + s[i]) % _BYTES
            s[i], s[j] = s[j], s[i]
        self._s, self._i, self._j = s, 0, 0
        self._made, self._at = b"", 0
        self._more()
        self._at = _DROPPED

    def _more(self) -> None:
        """Make bytes ahead."""
        s, i, j, made = self._s, self._i, self._j, bytearray(_AHEAD)
        for k in range(_AHEAD):
            i = (i + 1) & 255
            t = s[i]
            j = (j + t) & 255
            s[i] = u = s[j]
            s[j] = t
            made[k] = s[(u + t) & 255]
        self._i, self._j = i, j
        self._made, self._at = self._made[self._at :] + bytes(made), 0

    def unit(self) -> float:
        """A number in [0, 1) with 52 or 53 significant bits, however small it is."""
        n, count = 0, _LEAST
        while True:  # the bytes are a number, the first being the highest
            while self._at + count > len(self._made):
                self._more()
            n = int.from_bytes(self._made[self._at : self._at + count], "big")
            if n >= _SIGNIFICANT:
                break
            count += 1
        self._at += count
        beyond = max(0, n.bit_length() - _MANTISSA)
        return math.ldexp(n >> beyond, beyond - 8 * count)

    def uniform(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return self.unit() * (high - low) + low


def _key(variation: str) -> list[int]:
    """The key's bytes: UTF-16 codes, those beyond 256 smeared over the first."""
    key: dict[int, int] = {}
    smear = 0
    units = variation.encode("utf-16-le", "surrogatepass")
    for j in range(len(units) // 2):
        code = units[2 * j] + 256 * units[2 * j + 1]
        k = j % _BYTES
        smear ^= key.get(k, 0) * 19
        key[k] = (smear + code) % _BYTES
    return [key[k] for k in sorted(key)] or [0]
