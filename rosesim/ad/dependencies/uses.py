"""What a code object may read, by the names in it. Found once for each code object, from its instructions.

Most uses of a name read its value. Three do not. They are recognised, because a change there costs no new trace:

- `const(name)`, `const(x.name)`, `const(name["key"])`, `len(name)`, `name.shape`: the array is *handed over* as a
  whole, or only its form is read. The trace does not depend on its content (`watch` says what follows).
- `name.append(x)`, `next(name)` as statements: something is stored or counted, and the result is not used.
- `name += 1`, `name[k] += 1`, `x.name += 1`: a counter, which is read only to be increased.

Only these exact sequences of instructions are recognised. Whatever else Python's compiler may write is a read. So
another version of Python can cause a needless trace, but never a stale one.
"""

from __future__ import annotations

import dis
import functools
import inspect
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_CELL = ("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_CLOSURE", "LOAD_FROM_DICT_OR_DEREF")
_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR", "IMPORT_FROM")
_LITERAL = ("LOAD_CONST", "LOAD_SMALL_INT")
_SILENT = {
    "CACHE",
    "PRECALL",
    "NOP",
    "RESUME",
    "EXTENDED_ARG",
    "PUSH_NULL",
    "NOT_TAKEN",
    "MAKE_CELL",
    "COPY_FREE_VARS",
}
_FORM = {"shape", "size", "ndim", "dtype"}
_PUT = {"append", "appendleft", "add"}

_WORD = re.compile(r"[^\W\d]\w*")

Step = tuple[str, Any]
_CALLS_WITH_ONE: tuple[Step, ...] = (("CALL", 1), ("CALL_FUNCTION", 1))


@dataclass(frozen=True, slots=True)
class Uses:
    """The names in a code object and in the code objects inside it, by how they are used."""

    globals: frozenset[str]
    """Globals that are read."""
    attributes: frozenset[str]
    """Names of attributes that are read."""
    words: frozenset[str]
    """Words in strings: `getattr` and similar functions may take them as names of attributes."""
    handed: frozenset[str]
    """Variables, global or of a closure, that this code hands over or counts with, and uses in no other way."""
    handed_attributes: frozenset[str]
    takers: frozenset[str]
    """The globals that must be `const`, `len`, `next` or the module of `const` for `handed` to be true."""
    counted: frozenset[str]
    """Those of `handed` that are only appended to or increased."""
    opened: frozenset[str]
    """Those of `handed` of which an element is handed over."""
    imports: frozenset[tuple[str, int]]
    """Modules imported by the code, with the level of the import."""
    paths: frozenset[tuple[str, ...]]
    """Variables, each with the attributes that follow it directly: ("np", "random", "normal"), or alone ("np",).
    A "()" at the end is a call without arguments."""


@functools.lru_cache(maxsize=8192)  # functions made by one factory share their code
def uses(code: types.CodeType) -> Uses:
    """The names that a code object and the code objects inside it use."""
    found = _Found()
    for c in _codes(code):
        found.code(c)
    return Uses(
        frozenset(found.globals),
        frozenset(found.attributes),
        frozenset(found.words),
        frozenset(found.handed - found.globals - found.cells),
        frozenset(found.handed_attributes - found.attributes - found.words),
        frozenset(found.takers),
        frozenset(found.counted - found.globals - found.cells),
        frozenset(found.opened),
        frozenset(found.imports),
        frozenset(found.paths),
    )


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _codes(const)


def _has_docstring(code: types.CodeType) -> bool:
    """Whether its first constant is a docstring. A docstring's words name no attributes."""
    if code.co_name == "<lambda>" or not code.co_flags & inspect.CO_NEWLOCALS:
        return False
    flagged = getattr(
        inspect, "CO_HAS_DOCSTRING", None
    )  # since Python 3.14; before, the constant is None without one
    return (
        bool(code.co_consts)
        and isinstance(code.co_consts[0], str)
        and bool(flagged is None or code.co_flags & flagged)
    )


class _Found:
    def __init__(self) -> None:
        self.globals: set[str] = set()
        self.cells: set[str] = set()
        self.attributes: set[str] = set()
        self.words: set[str] = set()
        self.paths: set[tuple[str, ...]] = set()
        self.handed: set[str] = set()
        self.handed_attributes: set[str] = set()
        self.takers: set[str] = set()
        self.opened: set[str] = set()
        self.counted: set[str] = set()
        self.imports: set[tuple[str, int]] = set()

    def code(self, code: types.CodeType) -> None:
        steps: list[Step] = [(i.opname, i.argval) for i in dis.get_instructions(code) if i.opname not in _SILENT]
        # Padding at both ends that fits no sequence.
        steps = [("", None)] * 3 + steps + [("", None)] * 10
        for k, (op, arg) in enumerate(steps):
            if op in _GLOBAL or op in _CELL:
                self._variable(steps, k, arg)
            elif op in _ATTRIBUTE:
                self._attribute(steps, k, arg)
            elif op == "IMPORT_NAME":
                level = steps[k - 2][1]  # loaded before the names that are imported
                self.imports.add((arg, level if isinstance(level, int) else 0))
        for const in code.co_consts[_has_docstring(code) :]:
            self._words(const)

    def _words(self, const: Any) -> None:
        if isinstance(const, str):
            self.words.update(_WORD.findall(const))
        elif isinstance(const, tuple | frozenset):
            for x in const:  # pyright: ignore[reportUnknownVariableType] -- a constant of code
                self._words(x)

    def _variable(self, steps: list[Step], k: int, name: str) -> None:
        if (taker := _taken(steps, k - 1, steps[k + 1])) is not None:
            self.takers |= taker
            self.handed.add(name)
        elif steps[k + 1][0] == "LOAD_ATTR" and steps[k + 1][1] in _FORM:
            self.handed.add(name)
        elif _is_element(steps, k) and (taker := _taken(steps, k - 1, steps[k + 3])) is not None:
            self.takers |= taker
            self.handed.add(name)
            self.opened.add(name)
        elif _is_put(steps, k) or _is_counted(steps, k, name):
            self.handed.add(name)
            self.counted.add(name)
            if steps[k - 1] == ("LOAD_GLOBAL", "next"):
                self.takers.add("next")
        else:
            (self.globals if steps[k][0] in _GLOBAL else self.cells).add(name)
        path, k = [name], k + 1
        while steps[k][0] in _ATTRIBUTE:
            path.append(steps[k][1])
            k += 1
        self.paths.add((*path, *(["()"] if steps[k] == ("CALL", 0) else [])))

    def _attribute(self, steps: list[Step], k: int, name: str) -> None:
        base = k - 1
        while steps[base][0] == "LOAD_ATTR":
            base -= 1
        simple = steps[base][0].startswith("LOAD_FAST") and isinstance(steps[base][1], str)
        simple = simple or steps[base][0] in _GLOBAL or steps[base][0] in _CELL
        if simple and (taker := _taken(steps, base - 1, steps[k + 1])) is not None:
            self.takers |= taker
            self.handed_attributes.add(name)
        elif simple and steps[k + 1][0] == "LOAD_ATTR" and steps[k + 1][1] in _FORM:
            self.handed_attributes.add(name)
        elif steps[k - 1][0] != "COPY" or not _is_counted_attribute(steps, k, name):
            self.attributes.add(name)


def _taken(steps: list[Step], k: int, after: Step) -> set[str] | None:
    """The name that must be `const` or `len`, if step k loads it and `after` calls it with one argument."""
    op, arg = steps[k]
    if after not in _CALLS_WITH_ONE:
        return None
    if op == "LOAD_GLOBAL" and arg in ("const", "len"):
        return {arg}
    if op in ("LOAD_ATTR", "LOAD_METHOD") and arg == "const" and steps[k - 1][0] == "LOAD_GLOBAL":
        return {steps[k - 1][1]}
    return None


def _is_element(steps: list[Step], k: int) -> bool:
    """`name["key"]`."""
    return steps[k + 1][0] in _LITERAL and steps[k + 2][0] == "BINARY_SUBSCR"


def _is_put(steps: list[Step], k: int) -> bool:
    """`name.append(x)` or `next(name)` as a statement."""
    if steps[k - 1] == ("LOAD_GLOBAL", "next"):
        return steps[k + 1] in _CALLS_WITH_ONE and steps[k + 2][0] == "POP_TOP"
    op, arg = steps[k + 1]
    put = op in ("LOAD_ATTR", "LOAD_METHOD") and arg in _PUT and steps[k + 2][0].startswith("LOAD_")
    return put and steps[k + 3] in _CALLS_WITH_ONE and steps[k + 4][0] == "POP_TOP"


def _adds(steps: list[Step], k: int) -> bool:
    """`+= literal` from step k on."""
    return steps[k][0] in _LITERAL and isinstance(steps[k][1], int | float) and steps[k + 1][0] == "BINARY_OP"


def _is_counted(steps: list[Step], k: int, name: str) -> bool:
    """`name += 1`, or `name[k] += 1`."""
    if _adds(steps, k + 1):
        return steps[k + 3][0] in ("STORE_GLOBAL", "STORE_DEREF", "STORE_NAME") and steps[k + 3][1] == name
    ops = [op for op, _ in steps[k + 1 : k + 10]]
    if ops[0] not in _LITERAL or ops[1:3] != ["COPY", "COPY"] or ops[3] not in ("BINARY_SUBSCR", "BINARY_OP"):
        return False
    return _adds(steps, k + 5) and ops[6:] == ["SWAP", "SWAP", "STORE_SUBSCR"]


def _is_counted_attribute(steps: list[Step], k: int, name: str) -> bool:
    """`x.name += 1`, after x was copied."""
    return _adds(steps, k + 1) and steps[k + 3][0] == "SWAP" and steps[k + 4] == ("STORE_ATTR", name)
