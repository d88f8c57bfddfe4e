"""The paths that an expression mentions, from left to right."""

from __future__ import annotations

from collections.abc import Iterator

from rosesim.diagrams.style.table import Content
from rosesim.diagrams.syntax import (
    Binary,
    Call,
    CollectionAccess,
    Constant,
    Expression,
    Hex,
    Items,
    Layering,
    PathName,
    ShapeDeclaration,
    TermDeclaration,
    Unary,
    Vary,
)

Mention = PathName | CollectionAccess


class Mentions:
    """The mentions of expressions, each looked for once: an expression is shared by all matches of its block."""

    def __init__(self):
        self._found: dict[int, tuple[Mention, ...]] = {}

    def of(self, content: Content | ShapeDeclaration) -> tuple[Mention, ...]:
        """All mentions in `content`, which must live as long as this does."""
        found = self._found.get(id(content))
        if found is None:
            found = self._found[id(content)] = tuple(_mentions(content))
        return found


def _mentions(content: Content | ShapeDeclaration) -> Iterator[Mention]:
    match content:
        case PathName():
            yield content
            yield from _all(content.indices)
        case CollectionAccess():
            yield content
        case Call() | TermDeclaration():
            yield from _all(content.args)
        case Binary():
            yield from _mentions(content.left)
            yield from _mentions(content.right)
        case Unary():
            yield from _mentions(content.operand)
        case Items():
            yield from _all(content.items)
        case Layering():
            yield content.first
            yield from content.others
        case ShapeDeclaration():
            yield from _all(tuple(e for _, e, _ in content.properties))
        case Constant() | Hex() | Vary() | None:
            return


def _all(expressions: tuple[Expression, ...]) -> Iterator[Mention]:
    for e in expressions:
        yield from _mentions(e)
