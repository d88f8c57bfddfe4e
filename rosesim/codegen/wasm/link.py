"""A WebAssembly object becomes a module that stands alone.

LLVM's object is itself a module. It imports its memory and stack pointer, and its addresses are right if its data
begins at 0. So a linker of one object has little to do: it gives the module a memory and a stack pointer of its own,
moves the data, and exports what is wanted. The format: WebAssembly core specification; relocations and symbols in
tool-conventions, Linking.md.

The stack lies first and grows down, so an overflow leaves the memory and traps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rosesim.codegen.wasm.binary import MAGIC, Damaged, Reader, named, section, signed, unsigned

PAGE = 65536
"""Bytes of a page of memory."""

CUSTOM, TYPES, IMPORTS, FUNCTIONS, TABLES, MEMORY, GLOBALS, EXPORTS, START, ELEMENTS, CODE, DATA, COUNT = range(13)
"""The kinds of sections, as numbered in the format."""
_FUNCTION, _TABLE, _MEMORY, _GLOBAL = range(4)
"""Kinds of imports and exports."""
_SYMBOL_TABLE = 8
_SYMBOL_FUNCTION, _SYMBOL_DATA, _SYMBOL_GLOBAL, _SYMBOL_SECTION, _SYMBOL_TABLE_OF = 0, 1, 2, 3, 5
_UNDEFINED, _NAMED = 0x10, 0x40
_UNMOVED = {0: "function", 6: "type", 7: "global"}
"""Kinds of relocations whose numbers stay: there is one object, so its indices are the module's."""
_ADDRESS_LEB, _ADDRESS_SLEB, _ADDRESS_I32 = 3, 4, 5
_LAST = "target_features"
"""The section that LLVM writes last. An object that was cut off between two sections does not end with it."""
_LEB_BYTES = 5
"""LLVM writes a number that is to be relocated in this many bytes."""


@dataclass(slots=True)
class Object:
    """An object file, taken apart."""

    sections: dict[int, bytearray] = field(default_factory=dict[int, bytearray])
    """The contents of its sections by kind, without custom ones."""
    functions: dict[str, int] = field(default_factory=dict[str, int])
    """The functions that it defines, by name: their numbers."""
    imported: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """The functions that it imports: their names and types."""
    addresses: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    """Where an address stands: the section's kind, the offset in it, the relocation's kind."""
    data_bytes: int = 0
    """Memory that its data needs."""


def read(code: bytes) -> Object:
    """Take an object file apart. Raises Damaged if it is none, or has what this linker does not know."""
    if not code.startswith(MAGIC):
        raise Damaged(f"{code[:8]!r} was found; expected an object for WebAssembly, which begins with {MAGIC!r}")
    found, order, reader = Object(), list[int](), Reader(code, len(MAGIC))
    last = ""
    while not reader.ended():
        kind, part = reader.byte(), reader.part()
        if kind != CUSTOM:
            if kind > COUNT or kind in found.sections or kind in (TABLES, MEMORY, GLOBALS, START, ELEMENTS):
                raise Damaged(f"a section of kind {kind} was found; expected those of one object, each once")
            found.sections[kind] = bytearray(part.rest())
            order.append(kind)
            continue
        match last := part.text():
            case "linking":
                _linking(found, part)
            case "reloc.CODE" | "reloc.DATA":
                _relocations(found, part, order)
            case _:
                pass  # names, producers, features
    if last != _LAST:
        raise Damaged(f"{last or 'no section with a name'} was found at the end; expected {_LAST}: a part is missing")
    _imports(found)
    found.data_bytes = max((at + len(held) for at, held in _segments(found)), default=0)
    return found


def link(found: Object, exports: Mapping[str, str], *, base: int, stack: int, memory: int, custom: bytes) -> bytes:
    """The module: exports by name, each a function's name in the object.

    Data begins at `base`, the stack ends at `stack`, the memory has `memory` bytes; it is exported as `memory`.
    `custom` is the text of a section named `rosesim`.
    """
    missing = [name for name in exports.values() if name not in found.functions]
    if missing:
        raise Damaged(f"no function {missing[0]} was found in the object; expected each that is exported")
    pages = -(-memory // PAGE)
    sections = dict(found.sections)
    for kind, at, how in found.addresses:
        _moved(sections[kind], at, how, base)
    parts = [section(TYPES, bytes(sections.get(TYPES, b"\0")))]
    if found.imported:
        rows = [named("env") + named(name) + bytes([_FUNCTION]) + unsigned(ty) for name, ty in found.imported]
        parts.append(section(IMPORTS, unsigned(len(rows)) + b"".join(rows)))
    parts.append(section(FUNCTIONS, bytes(sections.get(FUNCTIONS, b"\0"))))
    parts.append(section(MEMORY, b"\1\0" + unsigned(pages)))
    parts.append(section(GLOBALS, b"\1\x7f\1\x41" + signed(stack) + b"\x0b"))  # one i32 that may change
    rows = [named("memory") + bytes([_MEMORY]) + unsigned(0)]
    rows += [named(name) + bytes([_FUNCTION]) + unsigned(found.functions[inner]) for name, inner in exports.items()]
    parts.append(section(EXPORTS, unsigned(len(rows)) + b"".join(rows)))
    parts.append(section(CODE, bytes(sections.get(CODE, b"\0"))))
    moved = Object({DATA: sections[DATA]}) if DATA in sections else Object()
    held = [(at + base, text.rstrip(b"\0")) for at, text in _segments(moved)]
    rows = [b"\0\x41" + signed(_as_constant(at)) + b"\x0b" + unsigned(len(text)) + text for at, text in held if text]
    if rows:
        parts.append(section(DATA, unsigned(len(rows)) + b"".join(rows)))
    parts.append(section(CUSTOM, named("rosesim") + custom))
    return MAGIC + b"".join(parts)


def _imports(found: Object) -> None:
    """Read the imports: memory and stack pointer, which the module will have itself, and functions, which stay."""
    reader = Reader(bytes(found.sections.pop(IMPORTS, b"\0")))
    for _ in range(reader.number()):
        reader.text()
        name, kind = reader.text(), reader.byte()
        match kind, name:
            case (k, "__linear_memory") if k == _MEMORY:
                if reader.byte() & 1:
                    reader.number()
                reader.number()
            case (k, "__stack_pointer") if k == _GLOBAL:
                reader.at += 2  # its type, and whether it may change
            case (k, "__indirect_function_table") if k == _TABLE:
                reader.byte()  # nothing refers to it: a relocation that does is refused
                if reader.byte() & 1:
                    reader.number()
                reader.number()
            case (k, _) if k == _FUNCTION:
                found.imported.append((name, reader.number()))
            case _:
                raise Damaged(f"the import {name} was found; expected memory, the stack's pointer, and functions")


def _linking(found: Object, part: Reader) -> None:
    if (version := part.number()) != 2:
        raise Damaged(f"version {version} of the linking section was found; expected 2")
    while not part.ended():
        kind, table = part.byte(), part.part()
        if kind != _SYMBOL_TABLE:
            continue
        for _ in range(table.number()):
            kind, flags = table.byte(), table.number()
            defined = not flags & _UNDEFINED
            if kind == _SYMBOL_DATA:
                table.text()
                for _ in ("segment", "offset", "size") if defined else ():
                    table.number()
            elif kind == _SYMBOL_SECTION:
                table.number()
            elif kind in (_SYMBOL_FUNCTION, _SYMBOL_GLOBAL, _SYMBOL_TABLE_OF):
                number = table.number()
                name = table.text() if defined or flags & _NAMED else ""
                if kind == _SYMBOL_FUNCTION and defined:
                    found.functions[name] = number
            else:
                raise Damaged(f"a symbol of kind {kind} was found; expected functions, data, globals and sections")


def _relocations(found: Object, part: Reader, order: list[int]) -> None:
    target = part.number()
    if target >= len(order):
        raise Damaged(f"relocations of section {target} were found; expected one of {len(order)}")
    section_kind = order[target]
    if section_kind not in (CODE, DATA):
        raise Damaged(f"relocations of a section of kind {section_kind} were found; expected code or data")
    for _ in range(part.number()):
        kind, at = part.byte(), part.number()
        part.number()  # the symbol: its value stands at the site already
        if kind in _UNMOVED:
            continue
        if kind not in (_ADDRESS_LEB, _ADDRESS_SLEB, _ADDRESS_I32):
            raise Damaged(f"a relocation of kind {kind} was found; expected a function, a type or an address")
        part.signed()  # an offset, which stands at the site too
        found.addresses.append((section_kind, at, kind))


def _segments(found: Object) -> list[tuple[int, bytes]]:
    """The data: where each piece lies, and its bytes."""
    if DATA not in found.sections:
        return []
    reader, pieces = Reader(bytes(found.sections[DATA])), list[tuple[int, bytes]]()
    for _ in range(reader.number()):
        if reader.number() != 0 or reader.byte() != 0x41:
            raise Damaged("a piece of data without a place was found; expected i32.const")
        at = reader.signed()
        if reader.byte() != 0x0B:
            raise Damaged("a computed place of data was found; expected i32.const")
        if at < 0:
            raise Damaged(f"data at {at} was found; expected an address below 2 GiB")
        pieces.append((at, reader.bytes()))
    return pieces


def _moved(content: bytearray, at: int, kind: int, base: int) -> None:
    """Add `base` to the address at an offset."""
    size = 4 if kind == _ADDRESS_I32 else _LEB_BYTES
    site = bytes(content[at : at + size])
    if len(site) != size:
        raise Damaged(f"a relocation at {at} was found; expected one within {len(content)} bytes")
    if kind == _ADDRESS_I32:
        moved = int.from_bytes(site, "little") + base
    else:
        reader = Reader(site)
        moved = base + (reader.signed() if kind == _ADDRESS_SLEB else reader.number())
        if not reader.ended():
            raise Damaged(f"a number in {reader.at} bytes was found at a relocation; expected {size}")
    if not 0 <= moved < 1 << 32:
        raise Damaged(f"the address {moved} was found at a relocation; expected one of 32 bits")
    if kind == _ADDRESS_I32:
        new = moved.to_bytes(4, "little")
    else:
        written = _as_constant(moved) if kind == _ADDRESS_SLEB else moved
        new = bytes([(written >> 7 * k) & 127 | (128 if k < size - 1 else 0) for k in range(size)])
    content[at : at + size] = new


def _as_constant(address: int) -> int:
    """An address as i32.const has it, which is signed: from 2 GiB on it is negative."""
    return address - (1 << 32) if address >= 1 << 31 else address
