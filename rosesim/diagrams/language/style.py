"""Style: blocks and what stands in them, as records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rosesim.diagrams.language.parser import Actions, number, parse, refuse
from rosesim.diagrams.language.tokens import Token
from rosesim.diagrams.syntax import (
    Anonymous,
    AnonymousStatement,
    Assign,
    Binary,
    BindingRelation,
    Block,
    Call,
    CollectionAccess,
    Collector,
    Constant,
    Declaration,
    Delete,
    Expression,
    FieldRelation,
    Hex,
    Items,
    Layering,
    Layout,
    Literal,
    Namespace,
    PathName,
    PredicateRelation,
    Selector,
    ShapeDeclaration,
    Stages,
    Statement,
    Style,
    TermDeclaration,
    Unary,
    Variable,
    Vary,
)

_COMPARISONS = {"<": "lessThan", "==": "equal", ">": "greaterThan"}


def read_style(texts: Iterable[tuple[str, str]]) -> Style:
    """Reads Style texts, each with the name of its file, as one: their items in order.

    Raises:
        DiagramError: a text is not Style; one fault, of kind "ParseError"

    >>> style = read_style([("canvas { width = 400 }", "page.style"), ("forall Shop s { s.r = ? }", "shops.style")])
    >>> [type(item).__name__ for item in style.items]
    ['Block', 'Block']
    """
    return Style(tuple(item for text, file in texts for item in parse("style", _Actions, text, file)))


class _Actions(Actions):
    """Functions by the names in style.lark. `p` are the parts of a rule."""

    # --- items and headers

    @staticmethod
    def start(p: list[Any]) -> list[Block | Layout]:
        return p[0]

    @staticmethod
    def layout(p: list[Any]) -> Layout:
        return Layout(p[2], p[0].place)

    @staticmethod
    def stages(p: list[Any]) -> tuple[str, ...]:
        return (p[0].text,) if len(p) == 1 else tuple(p[1])

    @staticmethod
    def name(p: list[Token]) -> str:
        return p[0].text

    @staticmethod
    def no(_: list[Any]) -> bool:
        return False

    @staticmethod
    def yes(_: list[Any]) -> bool:
        return True

    @staticmethod
    def nothing(_: list[Any]) -> None:
        return None

    @staticmethod
    def namespace(p: list[Token]) -> Namespace:
        return Namespace(p[0].text, p[0].place)

    @staticmethod
    def selector(p: list[Any]) -> Selector:
        parts = _clauses(p[3], ("with", "where"))
        return Selector(tuple(p[2]), **parts, repeatable=p[1], place=p[0].place)

    @staticmethod
    def collector(p: list[Any]) -> Collector:
        parts = _clauses(p[5], ("with", "where", "foreach"))
        return Collector(p[2], p[4], **parts, repeatable=p[1], place=p[0].place)

    @staticmethod
    def clause(p: list[Any]) -> tuple[Token, list[Any]]:
        return p[0], p[1]

    @staticmethod
    def declarations(p: list[Any]) -> list[Declaration]:
        return [declaration for group in p[0] for declaration in group]

    @staticmethod
    def group(p: list[Any]) -> list[Declaration]:
        return [Declaration(p[0].text, variable, p[0].place) for variable in p[1]]

    @staticmethod
    def declaration(p: list[Any]) -> Declaration:
        return Declaration(p[0].text, p[1], p[0].place)

    @staticmethod
    def variable(p: list[Token]) -> Variable:
        token = p[0]
        if token.type == "QUOTED":
            return Variable(token.text.strip("` \t"), True, token.place)
        return Variable(token.text, False, token.place)

    # --- relations

    @staticmethod
    def call_relation(p: list[Any]) -> BindingRelation:
        return BindingRelation(p[0], p[2].text, tuple(p[4]), p[0].place)

    @staticmethod
    def equal_relation(p: list[Any]) -> BindingRelation:
        return BindingRelation(p[0], "", (p[2],), p[0].place)

    @staticmethod
    def predicate_relation(p: list[Any]) -> PredicateRelation:
        return PredicateRelation(p[0].text, tuple(p[2]), p[5].text if len(p) > 4 else "", p[0].place)

    @staticmethod
    def field_relation(p: list[Any]) -> FieldRelation:
        if len(p) == 3:
            return FieldRelation(p[0], p[2].text, "", p[0].place)
        kind: Token = p[2]
        if kind.text not in ("math", "text"):
            raise refuse(kind, f"found `{kind.text}`; expected `label`, `math label` or `text label` after `has`")
        return FieldRelation(p[0], p[3].text, kind.text, p[0].place)

    @staticmethod
    def literal(p: list[Token]) -> Literal:
        return Literal(number(p[0]) if p[0].type == "NUMBER" else p[0].text[1:-1])

    # --- statements

    @staticmethod
    def block(p: list[Any]) -> tuple[Statement, ...]:
        return tuple(p[1]) if len(p) == 3 else ()

    @staticmethod
    def item(p: list[Any]) -> Block:
        return Block(p[0], p[1], p[0].place)

    @staticmethod
    def delete(p: list[Any]) -> Delete:
        return Delete(p[1], p[0].place)

    @staticmethod
    def override(p: list[Any]) -> Assign:
        return Assign(p[1], p[3], True, p[0].place)

    @staticmethod
    def assign(p: list[Any]) -> Assign:
        return Assign(p[0], p[2], False, p[0].place)

    @staticmethod
    def typed_assign(p: list[Any]) -> Assign:
        return Assign(p[1], p[3], False, p[0].place)

    @staticmethod
    def anonymous_statement(p: list[Anonymous]) -> AnonymousStatement:
        return AnonymousStatement(p[0], p[0].place)

    @staticmethod
    def layering(p: list[Any]) -> Layering:
        return Layering(p[0], p[1].text, tuple(p[2]), p[0].place)

    @staticmethod
    def layer_layering(p: list[Any]) -> Layering:
        return Layering(p[1], p[2].text, tuple(p[3]), p[0].place)

    @staticmethod
    def call_term(p: list[Any]) -> TermDeclaration:
        call: Call = p[1]
        return TermDeclaration(p[0].text, call.name, call.args, p[2], False, p[0].place)

    @staticmethod
    def comparison_term(p: list[Any]) -> TermDeclaration:
        return TermDeclaration(p[0].text, _COMPARISONS[p[2].text], (p[1], p[3]), p[4], True, p[0].place)

    @staticmethod
    def within(p: list[Any]) -> Stages:
        return Stages(p[1], p[0].type == "EXCEPT")

    @staticmethod
    def shape(p: list[Any]) -> ShapeDeclaration:
        return ShapeDeclaration(p[0].text, tuple(p[2]) if len(p) == 4 else (), p[0].place)

    @staticmethod
    def entry(p: list[Any]) -> tuple[str, Expression, Any]:
        return p[0].text, p[2], p[0].place

    # --- expressions

    @staticmethod
    def member(p: list[Any]) -> list[Any]:
        p[0].append(p[2].text)
        return p[0]

    @staticmethod
    def path(p: list[Any]) -> PathName:
        first, *members = p[0]
        return PathName(first, tuple(members), tuple(p[1]) if len(p) == 2 else (), first.place)

    @staticmethod
    def binary(p: list[Any]) -> Binary:
        return Binary(p[1].text, p[0], p[2], p[0].place)

    @staticmethod
    def then(p: list[Any]) -> Binary:
        return Binary("*", p[2], p[0], p[0].place)

    @staticmethod
    def negative(p: list[Any]) -> Unary:
        return Unary("-", p[1], p[0].place)

    @staticmethod
    def transposed(p: list[Any]) -> Unary:
        return Unary("'", p[0], p[0].place)

    @staticmethod
    def vector(p: list[Any]) -> Items:
        return Items("vector", (p[1], *p[3]) if len(p) == 5 else (p[1],), p[0].place)

    @staticmethod
    def empty_list(p: list[Token]) -> Items:
        return Items("list", (), p[0].place)

    @staticmethod
    def list_literal(p: list[Any]) -> Items:
        return Items("list", tuple(p[1]), p[0].place)

    @staticmethod
    def pair(p: list[Any]) -> Items:
        return Items("pair", (p[1], p[3]), p[0].place)

    @staticmethod
    def true(p: list[Token]) -> Constant:
        return Constant(True, p[0].place)

    @staticmethod
    def false(p: list[Token]) -> Constant:
        return Constant(False, p[0].place)

    @staticmethod
    def number(p: list[Token]) -> Constant:
        return Constant(number(p[0]), p[0].place)

    @staticmethod
    def string(p: list[Token]) -> Constant:
        return Constant(p[0].text[1:-1], p[0].place)

    @staticmethod
    def hex(p: list[Token]) -> Hex:
        return Hex(p[0].text[1:], p[0].place)

    @staticmethod
    def vary(p: list[Any]) -> Vary:
        return Vary(number(p[2]) if len(p) == 5 else None, p[-1], p[0].place)

    @staticmethod
    def call(p: list[Any]) -> Call:
        return Call(p[0].text, tuple(p[2]) if len(p) == 4 else (), p[0].place)

    @staticmethod
    def list_of(p: list[Any]) -> CollectionAccess:
        return CollectionAccess("listof", p[3], p[1].text, p[0].place)

    @staticmethod
    def of_collection(p: list[Any]) -> CollectionAccess:
        return CollectionAccess(p[0].text, p[1], "", p[0].place)


def _clauses(clauses: list[tuple[Token, list[Any]]], allowed: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    """The parts of a header after its first, by the names of the record's fields."""
    found: dict[str, tuple[Any, ...]] = {}
    for word, items in clauses:
        field = "with_" if word.text == "with" else word.text
        if word.text not in allowed:
            raise refuse(
                word, f"`{word.text}` belongs to `collect`; in a header of `forall`, write `with` or `where`"
            )
        if field in found:
            raise refuse(word, f"this header has a second `{word.text}`; write all of it after the first")
        found[field] = tuple(items)
    return found
