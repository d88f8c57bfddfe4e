"""From a text to what a grammar's functions make of it, or to one sentence about where it stops making sense.

Lark builds an LALR table of each grammar (`domain.lark`, `substance.lark`, `style.lark`), once in a process and when it
is needed. Its parser takes our tokens one by one and keeps its own stack, so that depth costs no Python frames.
"""

from __future__ import annotations

import math
import re
import sys
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from rosesim.diagrams.errors import DiagramError, Fault, Place
from rosesim.diagrams.language.expected import complaint
from rosesim.diagrams.language.lexicon import DOMAIN, STYLE, SUBSTANCE
from rosesim.diagrams.language.tokens import FAULT, Token, tokens

if TYPE_CHECKING:
    from lark import Lark

_LEXICONS = {"domain": DOMAIN, "substance": SUBSTANCE, "style": STYLE}


class Actions:
    """What becomes of lists, in each of the three grammars: functions of what the parts of a rule have become.

    Names are those after `->` in the grammars.
    """

    @staticmethod
    def empty(_: list[Any]) -> list[Any]:
        """Nothing yet."""
        return []

    @staticmethod
    def one(parts: list[Any]) -> list[Any]:
        """The first of a list."""
        return parts

    @staticmethod
    def more(parts: list[Any]) -> list[Any]:
        """One more, after a separator. Only this rule has the list, so it may grow in place."""
        parts[0].append(parts[2])
        return parts[0]

    @staticmethod
    def grown(parts: list[Any]) -> list[Any]:
        """One more, without a separator."""
        parts[0].append(parts[1])
        return parts[0]

    @staticmethod
    def first(parts: list[Any]) -> Any:
        """The first part; the others were only punctuation."""
        return parts[0]

    @staticmethod
    def second(parts: list[Any]) -> Any:
        """What stands in brackets."""
        return parts[1]


def parse(language: str, actions: type[Actions], text: str, file: str) -> Any:
    """What `actions` make of a text in a language ("domain", "substance" or "style").

    Raises:
        DiagramError: the text is not of the language; one fault, of kind "ParseError"
    """
    from lark import UnexpectedToken  # late: only who reads a diagram needs it

    found = tokens(text, file, _LEXICONS[language])
    parser = _grammar(language, actions).parse_interactive()
    token, result = found[0], None
    try:
        for token in found:
            result = parser.feed_token(token)  # pyright: ignore[reportArgumentType]  it asks for `type` alone
    except UnexpectedToken:
        if token.type == FAULT:
            assert token.fault is not None
            raise DiagramError(token.fault) from None
        raise DiagramError(complaint(found, found.index(token), parser.accepts())) from None
    return result


def refuse(token: Token, sentence: str) -> DiagramError:
    """What to raise where the grammar takes a text that the language does not."""
    return DiagramError(Fault("ParseError", sentence, token.place))


def number(token: Token) -> float:
    """The value of a NUMBER."""
    value = float(token.text)
    if math.isinf(value):
        raise refuse(token, f"the number {token.text} is too large; at most {sys.float_info.max:.4g} can be computed with")
    return value


@cache
def _grammar(language: str, actions: type[Actions]) -> Lark:
    import lark
    from lark.lexer import Lexer

    class NoLexer(Lexer):
        """Tokens come from outside."""

        def __init__(self, _: object): ...

        def lex(self, lexer_state: object, parser_state: object) -> Any:
            return iter(())

    folder = resources.files(__package__)
    text = "".join((folder / f"{name}.lark").read_text(encoding="utf-8") for name in ("lists", language))
    terminals = set(re.findall(r"\b[A-Z_]{2,}\b", re.sub("//.*", "", text)))
    return lark.Lark(
        f"{text}\n%declare {' '.join(sorted(terminals))}\n",
        parser="lalr",
        lexer=NoLexer,
        transformer=actions,  # pyright: ignore[reportArgumentType]  functions by name are all that is asked for
        maybe_placeholders=False,
    )
