"""Substance's statements as they are written, and what an index set makes of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from rosesim.diagrams.errors import Place
from rosesim.diagrams.language.indices import IndexSet, Operation, Range
from rosesim.diagrams.language.parser import Actions, number
from rosesim.diagrams.language.tokens import Token
from rosesim.diagrams.language.words import fault, series
from rosesim.diagrams.syntax import Argument, Label, Literal

Words = tuple[tuple[str, ...], tuple[Argument, ...]]
"""A statement's names and its arguments, with indices replaced by their values."""


@dataclass(frozen=True, slots=True)
class Written:
    """A statement. It may declare objects (`names` of type `type`), and its `kind` says what else it does.

    "declare": nothing else; "bind": the last name to `call(args)`, or to the one argument; "predicate": `call(args)`;
    "label": gives the name `label`; "auto label": labels the names by themselves; "label all": all objects.
    """

    kind: str
    place: Place
    names: tuple[Token, ...] = ()
    type: Token | None = None
    call: Token | None = None
    args: tuple[Token, ...] = ()
    label: Label | None = None
    indices: IndexSet | None = None

    def words(self) -> Iterator[Words]:
        """Names and arguments, once for each tuple of indices.

        Raises:
            DiagramError: a name's part after its last `_` is no index ("InvalidSetIndexingError"), and what
                `IndexSet.tuples` raises
        """
        if self.indices is None:
            yield tuple(t.text for t in self.names), tuple(_argument(t) for t in self.args)
            return
        slots = self.indices.slots()
        names = [_renamed(token, slots) for token in self.names]
        args = [_valued(token, slots) for token in self.args]
        for values in self.indices.tuples():
            yield tuple(name(values) for name in names), tuple(arg(values) for arg in args)


def _argument(token: Token) -> Argument:
    if token.type == "NUMBER":
        return Literal(number(token))
    return Literal(token.text[1:-1]) if token.type == "STRING" else token.text


def _valued(token: Token, slots: dict[str, int]) -> Callable[[tuple[int, ...]], Argument]:
    """An argument for a tuple of indices."""
    if token.type != "NAME":
        literal = _argument(token)
        return lambda _: literal
    if token.text in slots:
        slot = slots[token.text]
        return lambda values: Literal(float(values[slot]))
    return _renamed(token, slots)


def _renamed(token: Token, slots: dict[str, int]) -> Callable[[tuple[int, ...]], str]:
    """A name for a tuple of indices: what follows its last `_` is a number or an index."""
    stem, underscore, index = token.text.rpartition("_")
    if not underscore:
        return lambda _: index
    if index in slots:
        slot = slots[index]
        return lambda values: f"{stem}_{values[slot]}"
    if index.isdigit():
        name = f"{stem}_{index.lstrip('0') or 0}"
        return lambda _: name
    raise fault(
        "InvalidSetIndexingError",
        token.place,
        f"{token.text} ends in `_{index}`, which names no index; expected {series([*slots, 'a number'], 'or')} after it",
    )


class StatementActions(Actions):
    """Functions by the names in substance.lark. `p` are the parts of a rule."""

    @staticmethod
    def declare(p: list[Any]) -> Written:
        """`Shop a, b`."""
        return Written("declare", p[0].place, tuple(p[1]), p[0])

    @staticmethod
    def bind(p: list[Any]) -> Written:
        """`r := Street(a, b)`."""
        call, args = p[2]
        return Written("bind", p[0].place, (p[0],), None, call, args)

    @staticmethod
    def declare_and_bind(p: list[Any]) -> Written:
        """`Road r := Street(a, b)`."""
        call, args = p[3]
        return Written("bind", p[0].place, (p[1],), p[0], call, args)

    @staticmethod
    def let(p: list[Any]) -> Written:
        """`Let r := Street(a, b)`: the type has the name of what is called."""
        call, args = p[3]
        return Written("bind", p[0].place, (p[1],), call, call, args)

    @staticmethod
    def predicate(p: list[Any]) -> Written:
        """`Near(a, b)`."""
        call, args = p[0]
        return Written("predicate", call.place, (), None, call, args)

    @staticmethod
    def label(p: list[Token]) -> Written:
        """`Label a $x$`."""
        label = Label(p[2].text[1:-1], "math" if p[2].type == "TEX" else "text")
        return Written("label", p[0].place, (p[1],), label=label)

    @staticmethod
    def no_label(p: list[Any]) -> Written:
        """`NoLabel a, b`."""
        return Written("label", p[0].place, tuple(p[1]), label=Label())

    @staticmethod
    def auto_label(p: list[Any]) -> Written:
        """`AutoLabel a, b`."""
        return Written("auto label", p[0].place, tuple(p[1]))

    @staticmethod
    def label_all(p: list[Token]) -> Written:
        """`AutoLabel All`."""
        return Written("label all", p[0].place)

    @staticmethod
    def plain(p: list[Token]) -> tuple[None, tuple[Token, ...]]:
        """An object, where a call could stand."""
        return None, (p[0],)

    @staticmethod
    def call(p: list[Any]) -> tuple[Token, tuple[Token, ...]]:
        """`Street(a, b)`."""
        return p[0], tuple(p[2]) if len(p) == 4 else ()

    @staticmethod
    def indexed(p: list[Any]) -> Written:
        """`... for i in [0, 4] where i > 1`."""
        return replace(p[0], indices=IndexSet(p[2], p[4] if len(p) == 5 else None))

    @staticmethod
    def index_range(p: list[Token]) -> Range:
        """`i in [0, 4]`."""
        return Range(p[0], p[3], p[5])

    @staticmethod
    def operation(p: list[Any]) -> Operation:
        """`a + b`."""
        return Operation(p[1], p[0], p[2])

    @staticmethod
    def prefixed(p: list[Any]) -> Operation:
        """`!a`, `-a`."""
        return Operation(p[0], None, p[1])
