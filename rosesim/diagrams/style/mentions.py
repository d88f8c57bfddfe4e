"""The paths that an expression mentions, from left to right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    open_: list[Content | ShapeDeclaration] = [content]
    while open_:
        e = open_.pop()
        if isinstance(e, PathName | CollectionAccess):
            yield e
        open_.extend(reversed(_parts(e)))


def _parts(e: Content | ShapeDeclaration) -> Sequence[Expression]:
    """The expressions right below, from left to right."""
    match e:
        case PathName():
            return e.indices
        case Call() | TermDeclaration():
            return e.args
        case Binary():
            return (e.left, e.right)
        case Unary():
            return (e.operand,)
        case Items():
            return e.items
        case Layering():
            return (e.first, *e.others)
        case ShapeDeclaration():
            return [value for _, value, _ in e.properties]
        case Constant() | Hex() | Vary() | CollectionAccess() | None:
            return ()
