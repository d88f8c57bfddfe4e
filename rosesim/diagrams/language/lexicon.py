"""The words and signs of the three languages, and the names that the grammars have for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
"""Without a sign, as a regular expression."""

OPERATORS = {
    "<:": "SUBTYPE", "->": "ARROW", ":=": "BIND", "=": "ASSIGN", "<": "LESS", ">": "GREATER", "<=": "AT_MOST",
    ">=": "AT_LEAST", "==": "EQUAL", "!=": "UNEQUAL", "&&": "AND", "||": "OR", "!": "NOT", "(": "LPAR", ")": "RPAR",
    "[": "LSQB", "]": "RSQB", "{": "LBRACE", "}": "RBRACE", "[]": "EMPTY", ",": "COMMA", ";": "SEMICOLON",
    ":": "COLON", ".": "DOT", "+": "PLUS", "-": "MINUS", "*": "STAR", "/": "SLASH", ".*": "DOT_STAR",
    "./": "DOT_SLASH", "^": "POWER", "%": "PERCENT", "'": "TRANSPOSE", "?": "VARY",
}  # fmt: skip

CLOSING = {"(": ")", "[": "]", "{": "}"}

DEEPENING = frozenset(("+", "-", "*", "/", ".*", "./", "^", "%", "'", "!", "&&", "||"))
"""Operators, each of which makes the tree deeper by one."""

SEPARATORS = frozenset((",", ";", ":", "=", ":="))
"""What begins a new expression beside the last one."""

STRUCTURE = frozenset((*CLOSING, *CLOSING.values(), *DEEPENING, *SEPARATORS))
"""What changes how deep the text is."""

ENDS_OPERAND = frozenset("NAME QUOTED NUMBER STRING HEX RPAR RSQB RBRACE EMPTY TRUE FALSE TRANSPOSE VARY".split())
BEGINS_OPERAND = frozenset(
    "NAME QUOTED NUMBER STRING HEX LPAR LSQB LBRACE EMPTY TRUE FALSE VARY MINUS LISTOF NUMBEROF NAMEOF".split()
)
VARIABLES = frozenset(("NAME", "QUOTED"))

POSITIONAL = frozenset(("layout", "has", "into", "above", "below", "then"))
"""Words of Style that are names wherever a word of the language makes no sense."""

CLAUSES = frozenset(("FORALL", "COLLECT", "WITH", "WHERE", "FOREACH"))
"""What begins a part of a header."""


@dataclass(frozen=True)
class Lexicon:
    """What sets a language's tokens apart."""

    reserved: tuple[str, ...]
    letters: str = "A-Za-z_"
    """What a name may begin with, as a character class; digits may follow."""
    has_tex: bool = False
    """Whether `$...$` is a label."""
    has_blocks: bool = False
    """Whether statements stand in braces, and newlines outside mean nothing."""

    @cached_property
    def terminals(self) -> dict[str, str]:
        """The grammar's name of each reserved word."""
        return {word: word.upper() for word in self.reserved}


DOMAIN = Lexicon(("type", "value", "constructor", "function", "predicate", "symmetric"))
SUBSTANCE = Lexicon(
    ("All", "Label", "NoLabel", "AutoLabel", "Let", "true", "false", "for", "in", "where", "mod"), has_tex=True
)
STYLE = Lexicon(
    (
        "forall", "foreach", "collect", "where", "with", "groupby", "from", "listof", "numberof", "nameof", "delete",
        "as", "true", "false", "layer", "encourage", "ensure", "override", "in", "except", "repeatable",
    ),
    letters="A-Za-z_\u0374-\u03ff",
    has_blocks=True,
)  # fmt: skip
