"""What a WebAssembly object file imports and defines, as a linker or a check sees it.

The format is WebAssembly's own, with the symbols in a custom section named `linking` (tool-conventions, Linking.md).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

MAGIC = b"\0asm\1\0\0\0"
_CUSTOM, _IMPORT = 0, 2
_FUNCTION, _TABLE, _MEMORY, _GLOBAL, _TAG = range(5)
"""Kinds of imports."""
_SYMBOL_TABLE = 8
_DATA_SYMBOL, _SECTION_SYMBOL = 1, 3
_LOCAL, _HIDDEN, _UNDEFINED, _NAMED = 0x02, 0x04, 0x10, 0x40
"""Flags of a symbol."""


@dataclass(frozen=True, slots=True)
class WasmObject:
    """The imports and definitions of an object file."""

    imports: frozenset[str]
    """What it imports, as `module.name`."""
    functions: frozenset[str]
    """The functions that it defines for others."""


def read(code: bytes) -> WasmObject:
    """Read an object file. Raises ValueError if it is none."""
    if not code.startswith(MAGIC):
        raise ValueError(f"{code[:8]!r} was found; expected an object for WebAssembly, which begins with {MAGIC!r}")
    reader = _Reader(code, len(MAGIC))
    imports: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    while not reader.ended():
        kind, part = reader.byte(), reader.part()
        if kind == _IMPORT:
            imports = frozenset(_imports(part))
        elif kind == _CUSTOM and part.text() == "linking":
            part.number()  # the format's version
            while not part.ended():
                kind, table = part.byte(), part.part()
                if kind == _SYMBOL_TABLE:
                    functions = frozenset(_functions(table))
    return WasmObject(imports, functions)


class _Reader:
    """A position in a sequence of bytes."""

    def __init__(self, code: bytes, at: int = 0):
        self.code, self.at = code, at

    def ended(self) -> bool:
        return self.at >= len(self.code)

    def byte(self) -> int:
        self.at += 1
        return self.code[self.at - 1]

    def number(self) -> int:
        """An unsigned number in LEB128: seven bits a byte, lowest first."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def bytes(self) -> bytes:
        size = self.number()
        self.at += size
        return self.code[self.at - size : self.at]

    def text(self) -> str:
        return self.bytes().decode()

    def part(self) -> _Reader:
        return _Reader(self.bytes())


def _imports(part: _Reader) -> Generator[str]:
    for _ in range(part.number()):
        yield f"{part.text()}.{part.text()}"
        match part.byte():
            case k if k == _FUNCTION:
                part.number()  # its type
            case k if k == _GLOBAL:
                part.at += 2  # its type, and whether it may change
            case k if k == _TAG:
                part.at += 1
                part.number()
            case k:
                if k == _TABLE:
                    part.byte()  # what it holds
                if part.byte() & 1:  # whether there is a limit above
                    part.number()
                part.number()


def _functions(table: _Reader) -> Generator[str]:
    for _ in range(table.number()):
        kind, flags = table.byte(), table.number()
        defined = not flags & _UNDEFINED
        if kind == _DATA_SYMBOL:
            table.bytes()
            if defined:
                for _ in ("segment", "offset", "size"):
                    table.number()
        elif kind == _SECTION_SYMBOL:
            table.number()
        else:
            table.number()  # its index
            name = table.text() if defined or flags & _NAMED else ""
            if kind == _FUNCTION and defined and not flags & (_LOCAL | _HIDDEN):
                yield name
