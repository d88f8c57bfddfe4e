"""Random numbers of a diagram: ARC4 keyed by the variation, as the JavaScript package seedrandom draws them."""

from __future__ import annotations

_BYTES = 256
_CHUNKS = 6
"""Bytes that a draw reads first."""
_SIGNIFICANT = 2**52
_OVERFLOW = 2**53
_DROPPED = 256
"""Bytes that seedrandom throws away after keying."""


class Draws:
    """Uniform numbers from a variation.

    >>> Draws("hello.").unit()
    0.9282578795792454
    """

    __slots__ = ("_i", "_j", "_s")

    def __init__(self, variation: str):
        key = _key(variation)
        s = list(range(_BYTES))
        j = 0
        for i in range(_BYTES):
            j = (j + key[i % len(key)] + s[i]) % _BYTES
            s[i], s[j] = s[j], s[i]
        self._s, self._i, self._j = s, 0, 0
        self._bytes(_DROPPED)

    def _bytes(self, count: int) -> int:
        """The next bytes as one number, the first being the highest."""
        s, i, j, result = self._s, self._i, self._j, 0
        for _ in range(count):
            i = (i + 1) % _BYTES
            t = s[i]
            j = (j + t) % _BYTES
            s[i] = u = s[j]
            s[j] = t
            result = result << 8 | s[(u + t) % _BYTES]
        self._i, self._j = i, j
        return result

    def unit(self) -> float:
        """A number in [0, 1) with 52 or 53 significant bits, however small it is."""
        n, d, x = self._bytes(_CHUNKS), 256**_CHUNKS, 0
        while n < _SIGNIFICANT:
            n, d = (n + x) * 256, d * 256
            x = self._bytes(1)
        # Halving is exact in doubles: n has at most 61 bits before, of which the lowest 8 are zero.
        while n >= _OVERFLOW:
            n, d, x = n / 2, d / 2, x >> 1
        return (n + x) / d

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
