"""A long module as several, which LLVM compiles beside each other, each on a core.

The text decides where it is cut, not the machine: the same program is the same code everywhere. Functions stay in
their order, callees first, so few calls go from one part to another. What such a call inlines comes with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONG = 20_000
"""Lines of a module from which it is cut."""
PART = 10_000
"""Lines of a part, about."""

_NAME = re.compile(r"@([\w.]+)\(")
_REFERRED = re.compile(r"@([\w.]+)")
_INLINED = " #2"
"""How a call ends that is inlined (`module.ATTRIBUTES`)."""


@dataclass(slots=True)
class _Function:
    name: str
    lines: list[str]
    refers: set[str]
    inlines: set[str]


def divided(text: str) -> list[str]:
    """The texts of the parts of a module: itself, if it is short."""
    lines = text.split("\n")
    if len(lines) < LONG:
        return [text]
    functions, shared = _read(lines)
    parts = _parts(functions)
    if len(parts) < 2:
        return [text]
    home = {name: k for k, part in enumerate(parts) for name in part}
    inside = [_with_inlined(part, functions) for part in parts]
    called = {g for within in inside for f in within for g in functions[f].refers if g not in within}
    return [_text(k, within, home, called, functions, shared) for k, within in enumerate(inside)]


def _read(lines: list[str]) -> tuple[dict[str, _Function], list[str]]:
    """The functions that are never inlined everywhere, by name, and all other lines."""
    functions: dict[str, _Function] = {}
    shared: list[str] = []
    k = 0
    while k < len(lines):
        line = lines[k]
        if line.startswith("define ") and line.endswith("#0 {"):
            end = lines.index("}", k) + 1
            body = lines[k:end]
            functions[_named(line)] = _Function(_named(line), body, set(), set())
            k = end
        else:
            shared.append(line)
            k += 1
    for f in functions.values():
        f.refers = (set(_REFERRED.findall("\n".join(f.lines))) & functions.keys()) - {f.name}
        f.inlines = {_named(line) for line in f.lines if line.endswith(_INLINED)} & functions.keys()
    return functions, shared


def _named(line: str) -> str:
    found = _NAME.search(line)
    return found[1] if found else ""


def _parts(functions: dict[str, _Function]) -> list[list[str]]:
    """The names of the functions of each part, in order, in parts of about equal length."""
    whole = sum(len(f.lines) for f in functions.values())
    count = max(1, round(whole / PART))
    parts: list[list[str]] = [[] for _ in range(count)]
    done = 0
    for f in functions.values():
        middle = done + len(f.lines) // 2
        parts[min(count - 1, middle * count // whole)].append(f.name)
        done += len(f.lines)
    return [part for part in parts if part]


def _with_inlined(part: list[str], functions: dict[str, _Function]) -> set[str]:
    """The functions of a part and those that they inline."""
    found, left = set(part), list(part)
    while left:
        for g in functions[left.pop()].inlines - found:
            found.add(g)
            left.append(g)
    return found


def _text(
    k: int,
    within: set[str],
    home: dict[str, int],
    called: set[str],
    functions: dict[str, _Function],
    shared: list[str],
) -> str:
    """A part's text: its functions, declarations of those that it calls elsewhere, and what all parts share."""
    lines: list[str] = []
    declared = {g for f in within for g in functions[f].refers} - within
    for name, f in functions.items():
        head, *body = f.lines
        if name in within:
            if home[name] == k and name in called:
                head = head.replace("define internal ", "define hidden ", 1)
            elif home[name] != k and not head.startswith("define internal "):
                raise AssertionError(f"{name} is not internal, and was to be copied")
            lines += [head, *body]
        elif name in declared:
            lines.append(_declaration(head))
    return "\n".join([*lines, *shared])


def _declaration(head: str) -> str:
    """The declaration of a function of another part, from the first line of its definition."""
    start = re.sub(r"^define (internal )?", "declare hidden ", head)
    return re.sub(r" %[\w.]+(?=[,)])", "", start).removesuffix(" {")
