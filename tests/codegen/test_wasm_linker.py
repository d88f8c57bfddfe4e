"""The linker of WebAssembly objects: what is damaged or unknown is refused, and nothing else happens."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

import rosesim
from rosesim import Index, Real, Vec, const, fn, value_and_grad
from rosesim.codegen.wasm import link
from rosesim.codegen.wasm.binary import MAGIC, Damaged, Reader, named, section, unsigned
from rosesim.web import wasm


@cache
def whole_object() -> bytes:
    """An object with a table, functions that are called, and a captured array."""
    kept = list[bytes]()

    @fn
    def f(i: Index[300], x: Vec[Real, 4]) -> Real:
        return const(np.arange(300.0) ** 2)[i] * rosesim.sin(x @ x) + rosesim.pow(x[0], x[1]) + Index[9].check(x[2])

    with pytest.MonkeyPatch.context() as patch:
        plain = link.read
        patch.setattr(link, "read", lambda code: kept.append(code) or plain(code))
        wasm({"f": value_and_grad(f, wrt=1)}, math="strict")
    return kept[0]


def linked(code: bytes) -> bytes:
    """The module of an object."""
    found = link.read(code)
    return link.link(found, {"f": "f"}, base=10**5, stack=65536, memory=10**5 + found.data_bytes, custom=b"{}")


def pieces(code: bytes) -> list[tuple[int, bytes]]:
    """The sections of an object: kinds and contents."""
    reader, found = Reader(code, len(MAGIC)), list[tuple[int, bytes]]()
    while not reader.ended():
        found.append((reader.byte(), reader.bytes()))
    return found


def ends(code: bytes) -> list[int]:
    """Where each section ends, and the first begins."""
    reader, found = Reader(code, len(MAGIC)), [len(MAGIC)]
    while not reader.ended():
        reader.byte()
        reader.bytes()
        found.append(reader.at)
    return found


def put_together(sections: Iterable[tuple[int, bytes]]) -> bytes:
    """An object of these sections."""
    return MAGIC + b"".join(section(*each) for each in sections)


def test_an_object_that_was_cut_off_is_refused_wherever_it_was() -> None:
    code = whole_object()
    *inside, end = ends(code)
    assert linked(code) == linked(put_together(pieces(code))) and end == len(code) and len(inside) == 9
    for end in [0, 4, *inside, *random.Random(1).sample(range(len(code)), 200)]:
        with pytest.raises(Damaged):
            linked(code[:end])


def test_a_changed_byte_gives_a_module_or_is_refused() -> None:
    """Never another exception, nor a module that grows."""
    code, rng, refused = whole_object(), random.Random(2), 0
    begin, end = max(pairwise(ends(code)), key=lambda ends: ends[1] - ends[0])  # the code, which is not read
    assert end - begin > len(code) // 2
    few = [*range(begin), *range(end, len(code))]
    for k in range(800):
        at = rng.randrange(len(code)) if k % 2 else rng.choice(few)
        changed = bytes([*code[:at], code[at] ^ rng.randrange(1, 256), *code[at + 1 :]])
        try:
            assert len(linked(changed)) < len(code) + 1000
        except Damaged:
            refused += 1
    assert refused > 50


def relocations(content: bytes) -> tuple[bytes, list[tuple[int, bytes]]]:
    """The name of a section of relocations, and its rows: each a kind and the rest."""
    reader = Reader(content)
    name, target, rows = reader.text(), reader.number(), list[tuple[int, bytes]]()
    for _ in range(reader.number()):
        kind, start = reader.byte(), reader.at
        reader.number()
        reader.number()
        if kind in (3, 4, 5):
            reader.signed()
        rows.append((kind, content[start : reader.at]))
    assert reader.ended()
    return named(name) + unsigned(target), rows


def with_relocations(change: Callable[[int, bytes], tuple[int, bytes]], target: int | None = None) -> bytes:
    """The object with other relocations."""
    sections = pieces(whole_object())
    for k, (kind, content) in enumerate(sections):
        if kind == 0 and content[1:].startswith(b"reloc.CODE"):
            head, rows = relocations(content)
            assert {kind for kind, _ in rows} >= {0, 3, 4}
            if target is not None:
                head = head[:-1] + bytes([target])
            body = b"".join(bytes([kind]) + rest for kind, rest in (change(*row) for row in rows))
            sections[k] = kind, head + unsigned(len(rows)) + body
    return put_together(sections)


def without_change(kind: int, rest: bytes) -> tuple[int, bytes]:
    return kind, rest


def beyond_the_end(kind: int, rest: bytes) -> tuple[int, bytes]:
    return (kind, b"\xff\xff\x7f" + rest[-2:]) if kind == 3 else (kind, rest)


def not_at_its_number(kind: int, rest: bytes) -> tuple[int, bytes]:
    """The last byte of a number, and four that follow it."""
    reader = Reader(rest)
    at = reader.number()
    return (kind, unsigned(at + 4) + reader.rest()) if kind in (3, 4) else (kind, rest)


def with_a_symbol_of_kind(kind: int) -> bytes:
    """The object whose first symbol is of this kind."""
    sections = pieces(whole_object())
    for k, (what, content) in enumerate(sections):
        if what == 0 and content[1:].startswith(b"linking"):
            reader = Reader(content, len(named("linking")) + 1)
            assert reader.byte() == 8
            reader.number()
            reader.number()
            sections[k] = what, content[: reader.at] + bytes([kind]) + content[reader.at + 1 :]
    return put_together(sections)


def replaced(old: bytes, new: bytes) -> bytes:
    """The object with these bytes for those."""
    assert whole_object().count(old) >= 1
    return whole_object().replace(old, new, 1)


def with_one_more(kind: int, content: bytes) -> bytes:
    """The object with another section."""
    return put_together([*pieces(whole_object()), (kind, content)])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda: with_relocations(without_change, target=1), r"relocations of a section of kind 2 were found"),
        (lambda: with_relocations(without_change, target=99), r"relocations of section 99 were found"),
        (lambda: with_relocations(lambda k, r: (9 if k == 3 else k, r)), r"a relocation of kind 9 was found"),
        (lambda: with_relocations(beyond_the_end), r"expected one within"),
        (lambda: with_one_more(5, b"\0"), r"a section of kind 5 was found"),
        (lambda: with_one_more(77, b""), r"a section of kind 77 was found"),
        (lambda: with_one_more(1, b"\0"), r"a section of kind 1 was found"),
        (lambda: with_one_more(0, named("more")), r"more was found at the end; expected target_features"),
        (lambda: replaced(b"__stack_pointer", b"__stock_pointer"), r"the import __stock_pointer was found"),
        (lambda: replaced(b"\x07linking\x02", b"\x07linking\x03"), r"version 3 of the linking section"),
        (lambda: replaced(b"\x07linking\x02", b"\x07winking\x02"), r"no function f was found"),
        (lambda: replaced(b"\0\x41\0\x0b", b"\0\x41\x40\x0b"), r"data at -64 was found"),
        (lambda: replaced(b"\0\x41\0\x0b", b"\0\x23\0\x0b"), r"data without a place"),
        (lambda: replaced(b"\0\x41\0\x0b", b"\0\x41\0\x6a"), r"a computed place of data was found"),
        (lambda: replaced(MAGIC, b"\0asm\2\0\0\0"), r"expected an object for WebAssembly"),
        (lambda: with_relocations(not_at_its_number), r"a number in 1 bytes was found at a relocation; expected 5"),
        (lambda: with_a_symbol_of_kind(4), r"a symbol of kind 4 was found"),
    ],
)
def test_what_the_linker_does_not_know_is_refused_by_name(damage: Callable[[], bytes], message: str) -> None:
    changed = damage()
    assert changed != whole_object()
    with pytest.raises(Damaged, match=message):
        linked(changed)


def test_an_address_beyond_32_bits_is_refused() -> None:
    found = link.read(whole_object())
    with pytest.raises(Damaged, match=r"expected one of 32 bits"):
        link.link(found, {"f": "f"}, base=2**32, stack=65536, memory=2**32, custom=b"")


def test_an_endless_number_is_refused_where_it_is_too_long() -> None:
    reader = Reader(b"\x80" * 10_000 + b"\0")
    with pytest.raises(Damaged, match="more than ten bytes"):
        reader.number()
    assert reader.at == 10


def test_an_address_in_data_moves_with_it() -> None:
    """Programs of today have none; LLVM may write some."""
    row = b"\0\x41\0\x0b" + unsigned(4) + (5).to_bytes(4, "little")
    found = link.Object({link.DATA: bytearray(unsigned(1) + row)}, addresses=[(link.DATA, 6, 5)])
    module = link.link(found, {}, base=0x01020304, stack=65536, memory=2**25, custom=b"")
    [held] = [content for kind, content in pieces(module) if kind == link.DATA]
    assert held.endswith((0x01020309).to_bytes(4, "little"))
