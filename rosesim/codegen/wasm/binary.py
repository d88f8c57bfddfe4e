"""The binary format of WebAssembly, read and written: numbers in LEB128, names, sections."""

from __future__ import annotations

from rosesim.ad.support.errors import RosesimError

MAGIC = b"\0asm\1\0\0\0"


class Damaged(RosesimError):
    """Bytes that are no WebAssembly, or not of the kind that is expected."""


class Reader:
    """A position in a sequence of bytes. It never reads beyond the end: it raises Damaged instead."""

    def __init__(self, code: bytes, at: int = 0):
        self.code, self.at = code, at

    def ended(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.code)

    def byte(self) -> int:
        """The next byte."""
        if self.ended():
            raise Damaged("the end was found within a section; expected the rest of it")
        self.at += 1
        return self.code[self.at - 1]

    def number(self) -> int:
        """An unsigned number in LEB128: seven bits a byte, lowest first."""
        return self._bits()[0]

    def signed(self) -> int:
        """A signed number in LEB128."""
        value, bits = self._bits()
        return value - (1 << bits) if value >> (bits - 1) else value

    def _bits(self) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value, shift
            if shift > 63:
                raise Damaged("a number of more than ten bytes was found; expected one of 64 bits")

    def bytes(self) -> bytes:
        """A length, and as many bytes."""
        size = self.number()
        if size > len(self.code) - self.at:
            raise Damaged(f"a length of {size} was found where {len(self.code) - self.at} bytes are left")
        self.at += size
        return self.code[self.at - size : self.at]

    def text(self) -> str:
        """A name."""
        try:
            return self.bytes().decode()
        except UnicodeDecodeError as e:
            raise Damaged("a name that is no UTF-8 was found; expected one that is") from e

    def part(self) -> Reader:
        """A length, and a reader of as many bytes."""
        return Reader(self.bytes())

    def rest(self) -> bytes:
        """All that is left."""
        at, self.at = self.at, len(self.code)
        return self.code[at:]


def unsigned(n: int) -> bytes:
    """A number in LEB128.

    >>> unsigned(300).hex()
    'ac02'
    """
    out = bytearray()
    while n >= 128:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes([*out, n])


def signed(n: int) -> bytes:
    """A signed number in LEB128.

    >>> signed(-3).hex(), signed(64).hex()
    ('7d', 'c000')
    """
    out = bytearray()
    while not -64 <= n < 64:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes([*out, n & 127])


def named(text: str) -> bytes:
    """A name with its length."""
    return unsigned(len(text.encode())) + text.encode()


def section(kind: int, content: bytes) -> bytes:
    """A section with its kind and length."""
    return bytes([kind]) + unsigned(len(content)) + content
