"""What tests of the three languages share: a domain of shops, trees as text, and the sentence of a mistake."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rosesim.diagrams.errors import DiagramError, Place
from rosesim.diagrams.language import read_domain, read_style, read_substance
from rosesim.diagrams.syntax import Assign, Block, Domain, Statement, Substance

TRIOS = Path(__file__).parents[2] / "shared" / "diagrams" / "trios"
"""Beside the repository: Penrose's collection of examples."""

SHOPS = """-- a town
type Shop
type Cafe <: Shop
type Road
type Thing
Road <: Thing
symmetric predicate Near(Shop, Shop)
predicate Rated(Shop s, Number stars)
predicate Named(Shop s, String name)
constructor Street(Shop from, Shop to) -> Road
function Between(Shop a, Shop b) -> Shop
"""


def shops() -> Domain:
    """The domain of most tests."""
    return read_domain(SHOPS, "shops.domain")


def town(text: str) -> Substance:
    """A Substance text over shops."""
    return read_substance(text, "town.substance", shops())


def statements(text: str) -> tuple[Statement, ...]:
    """What stands in a block of Style."""
    block = read_style([("a {\n" + text + "\n}", "town.style")]).items[0]
    assert isinstance(block, Block)
    return block.statements


def shown(node: Any) -> str:
    """A tree of Style without its places: `Name(field, ...)`, fields that are empty or false left out at the end."""
    if dataclasses.is_dataclass(node):
        fields = [getattr(node, f.name) for f in dataclasses.fields(node) if f.name != "place"]
        while len(fields) > 1 and any(fields[-1] is nothing for nothing in ((), "", None, False)):
            fields.pop()
        return f"{type(node).__name__}({', '.join(map(shown, fields))})"
    if isinstance(node, tuple):
        return f"[{', '.join(shown(n) for n in node if not isinstance(n, Place))}]"
    return f"{node:g}" if type(node) is float else str(node)


def expression(text: str) -> str:
    """An expression of Style as a tree."""
    statement = statements(f"x = {text}")[0]
    assert isinstance(statement, Assign)
    return shown(statement.value)


def mistake(read: Callable[..., Any], text: str) -> tuple[str, str]:
    """The kind of the one mistake of a text, and its sentence with line and column."""
    with pytest.raises(DiagramError) as caught:
        read(text)
    (fault,) = caught.value.faults
    assert fault.place.line >= 1 and fault.place.column >= 1
    return fault.kind, f"{fault.place.line}:{fault.place.column}: {fault.sentence}"
