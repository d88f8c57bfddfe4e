"""From a text to what a grammar's functions make of it, or to one sentence about where it stops making sense.

Lark builds an LALR table of each grammar (`domain.lark`, `substance.lark`, `style.lark`), once in a process and when
it is needed. The loop that follows the table is ours. It keeps its own stack, so that depth costs no Python frames.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from rosesim.ad.support.errors import RosesimError
from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.language.expected import complaint
from rosesim.diagrams.language.lexicon import DOMAIN, STYLE, SUBSTANCE
from rosesim.diagrams.language.tokens import Token, tokens

TERMINALS = r"\b[A-Z_]{2,}\b"
"""Words of a grammar that are tokens."""

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
    table = table_of(language, actions)
    shifts, reductions = table.shifts, table.reductions
    state = table.start
    states, values = [state], []
    lexicon = _LEXICONS[language]
    found = tokens(text, file, lexicon)
    for token in found:
        kind = token.type
        while (after := shifts[state].get(kind)) is None:
            try:
                size, action, rule = reductions[state][kind]
            except KeyError:
                raise DiagramError(token.fault or complaint(found, token, table.accepts(states), lexicon)) from None
            if action is not None:
                parts = values[len(values) - size :]
                del values[len(values) - size :]
                values.append(action(parts))
            if size:
                del states[-size:]
            state = shifts[states[-1]][rule]
            states.append(state)
            if state == table.end:
                return values[-1]
        state = after
        states.append(state)
        values.append(token)
    raise AssertionError("a text ends with a token that no grammar takes")


@dataclass(frozen=True)
class Table:
    """An LALR table: for each state, what a terminal or a rule leads to, and what is reduced before a terminal."""

    start: int
    end: int
    shifts: list[dict[str, int]]
    reductions: list[dict[str, tuple[int, Callable[[list[Any]], Any] | None, str]]]
    """How many parts, what becomes of them (None: the one part stays what it is), and the rule's name."""

    def accepts(self, states: list[int]) -> set[str]:
        """The terminals that can follow."""
        return {
            kind for kind in (*self.shifts[states[-1]], *self.reductions[states[-1]]) if self._takes(kind, states)
        }

    def _takes(self, kind: str, states: list[int]) -> bool:
        if not kind.isupper():
            return False  # a rule's name
        states = states[:]
        while kind not in self.shifts[states[-1]]:
            if kind not in self.reductions[states[-1]]:
                return False
            size, _, rule = self.reductions[states[-1]][kind]
            if size:
                del states[-size:]
            states.append(self.shifts[states[-1]][rule])
            if states[-1] == self.end:
                return True
        return True


def refuse(token: Token, sentence: str) -> DiagramError:
    """What to raise where the grammar takes a text that the language does not."""
    return DiagramError(Fault("ParseError", sentence, token.place))


def number(token: Token) -> float:
    """The value of a NUMBER."""
    value = float(token.text)
    if math.isinf(value):
        raise refuse(
            token, f"the number {token.text} is too large; at most {sys.float_info.max:.4g} can be computed with"
        )
    return value


def grammar(language: str) -> str:
    """The text of a grammar, without comments and without a declaration of its terminals."""
    folder = resources.files("rosesim.diagrams.language")
    text = "".join((folder / f"{name}.lark").read_text(encoding="utf-8") for name in ("lists", language))
    return re.sub("//.*", "", text)


@cache
def table_of(language: str, actions: type[Actions]) -> Table:
    """Lark's table, with what our loop looks up ready at hand: Lark's own parser takes three times as long."""
    try:
        import lark  # late: only who reads a diagram needs it
        from lark.lexer import Lexer
    except ImportError as e:
        raise RosesimError(f"diagrams need the package lark: pip install 'rosesim[diagrams]' ({e})") from e

    class NoLexer(Lexer):
        """Tokens come from outside."""

        def __init__(self, _: object): ...

        def lex(self, lexer_state: object, parser_state: object) -> Any:
            return iter(())

    text = grammar(language)
    terminals = set(re.findall(TERMINALS, text))
    built = lark.Lark(
        f"{text}\n%declare {' '.join(sorted(terminals))}\n",
        parser="lalr",
        lexer=NoLexer,
        transformer=actions,  # pyright: ignore[reportArgumentType]  functions by name are all that is asked for
        maybe_placeholders=False,
    )
    conf = built.parse_interactive().parser_state.parse_conf
    shifts: list[dict[str, int]] = [{} for _ in conf.states]
    reductions: list[dict[str, Any]] = [{} for _ in conf.states]
    for state, row in conf.states.items():
        for symbol, (action, to) in row.items():
            if action.name == "Shift":
                shifts[state][str(symbol)] = to
            else:
                stays = to.options.expand1 and not to.alias and len(to.expansion) == 1
                reduction = len(to.expansion), None if stays else conf.callbacks[to], str(to.origin.name)
                reductions[state][str(symbol)] = reduction
    return Table(conf.start_state, conf.end_state, shifts, reductions)
