"""A text as tokens: what the three languages share before any grammar.

A sign is a part of a number if a digit follows it at once and no operand stands before it, so `3-1` is a subtraction.
Newlines are tokens where they end something, which is nowhere outside braces in Style and never before `{`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from rosesim.diagrams.errors import Fault, Place
from rosesim.diagrams.language.lexicon import (
    BEGINS_OPERAND,
    CLAUSES,
    CLOSING,
    DEEPENING,
    ENDS_OPERAND,
    NUMBER,
    OPERATORS,
    POSITIONAL,
    SEPARATORS,
    STRUCTURE,
    VARIABLES,
    Lexicon,
)

LONGEST_TEXT = 1_000_000
"""Characters, which take some seconds. The longest text of Penrose's collection has 50,000."""

LONGEST_NAME = 500
"""Characters, so that sentences with names in them can be read."""

DEEPEST = 200
"""Brackets and operators around one operand: a reader of the tree may take four Python frames a level and still stay
below Python's usual limit of 1000."""

END = "$END"
"""What Lark calls the end of the text."""

FAULT = "FAULT"
"""A token that no grammar takes: from here on the text makes no sense."""

_SIGNED = re.compile(f"[+-]{NUMBER}")
_NEWLINE = re.compile(r"\r\n?|\n")
_RARE = frozenset(("NEWLINE", "COMMENT", "REMARK", "UNCLOSED", "OTHER", "END"))


class Token:
    """A terminal of a grammar (`type`), its text and its place; of type `FAULT`, also what is wrong."""

    __slots__ = ("column", "fault", "file", "line", "text", "type")

    def __init__(self, kind: str, text: str, file: str, line: int, column: int, fault: Fault | None = None):
        self.type = kind
        self.text = text
        self.file = file
        self.line = line
        self.column = column
        self.fault = fault

    @property
    def place(self) -> Place:
        """Where it begins."""
        return Place(self.file, self.line, self.column)

    def __repr__(self) -> str:
        return f"{self.type} {self.text!r}"


def tokens(text: str, file: str, lexicon: Lexicon) -> list[Token]:
    """The tokens of a text; the last is of type `END`, or of type `FAULT` where the text stops making sense."""
    scanner = _Scanner(text, file, lexicon)
    scanner.scan()
    _settle(scanner.found, scanner.positional)
    return scanner.found


@cache
def _pattern(lexicon: Lexicon) -> re.Pattern[str]:
    """Blanks, then one token; the group that matched says which kind."""
    name = f"[{lexicon.letters}][{lexicon.letters}0-9]*"
    kinds = {
        "NAME": name,
        "NEWLINE": r"\r\n?|\n",
        "COMMENT": r"--[^\r\n]*",
        "REMARK": r"/\*.*?\*/",
        "NUMBER": NUMBER,
        "STRING": r'"[^"\r\n]*"',
        "HEX": r"#[0-9a-fA-F]{3,}",
        "QUOTED": rf"`[ \t]*{name}[ \t]*`",
        "TEX": r"\$[^$\r\n]*\$" if lexicon.has_tex else "(?!)",
        "UNCLOSED": r"/\*",
        "OPERATOR": r"\[[ \t]*\]|[<>=!:]=|<:|->|\.\*|\./|&&|\|\||[-+*/^%'?.,:;=<>!()\[\]{}]",
        "OTHER": r".",
        "END": r"\Z",
    }
    return re.compile("[ \t]*(?:" + "|".join(f"(?P<{k}>{p})" for k, p in kinds.items()) + ")", re.DOTALL)


class _Scanner:
    def __init__(self, text: str, file: str, lexicon: Lexicon):
        self.text = text
        self.file = file
        self.lexicon = lexicon
        self.found: list[Token] = []
        self.line = 1
        self.line_start = 0
        self.open: list[tuple[str, Place, int]] = []
        """Open brackets, each with its place and the depth outside it."""
        self.braces = 0
        self.depth = 0
        self.clause = ""
        """The part of a header that is being read, or "{" in a block."""
        self.positional: list[tuple[int, str]] = []
        """Where words stand that are names or not by position: the index in `found`, and the clause."""

    def scan(self) -> None:
        text, found, file = self.text, self.found, self.file
        terminals, has_blocks = self.lexicon.terminals, self.lexicon.has_blocks
        match = _pattern(self.lexicon).match
        end = 1 if text.startswith("\ufeff") else 0  # a byte order mark
        if len(text) > LONGEST_TEXT:
            self.fail(0, f"this text has {len(text):,} characters; at most {LONGEST_TEXT:,} are read")
        while not (found and found[-1].type in (END, FAULT)):
            m = match(text, end)
            assert m is not None and m.lastgroup is not None  # OTHER and END match what nothing else does
            kind = m.lastgroup
            start, end = m.span(kind)
            word = text[start:end]
            if kind == "NAME":
                kind = terminals.get(word, "NAME")
                if len(word) > LONGEST_NAME:
                    self.fail(start, f"this name has {len(word):,} characters; expected at most {LONGEST_NAME}")
                    continue
                if has_blocks:
                    if kind in CLAUSES:
                        self.clause = kind
                    elif word in POSITIONAL:
                        self.positional.append((len(found), self.clause))
            elif kind == "OPERATOR":
                signed = _SIGNED.match(text, start) if word in ("+", "-") else None
                if signed and not (found and found[-1].type in ENDS_OPERAND):
                    kind, word, end = "NUMBER", signed[0], signed.end()
                else:
                    kind = OPERATORS.get(word, "EMPTY")  # `[ ]` has any number of blanks
                    if word in STRUCTURE and not self.follow(word, start):
                        continue
            elif kind in _RARE:
                self.read_rare(kind, word, start)
                continue
            found.append(Token(kind, word, file, self.line, start - self.line_start + 1))

    def place(self, start: int) -> Place:
        return Place(self.file, self.line, start - self.line_start + 1)

    def fail(self, start: int, sentence: str) -> None:
        place = self.place(start)
        self.add(FAULT, start, Fault("ParseError", sentence, place))

    def add(self, kind: str, start: int, fault: Fault | None = None) -> None:
        self.found.append(Token(kind, "", self.file, self.line, start - self.line_start + 1, fault))

    def follow(self, word: str, start: int) -> bool:
        """Keeps account of brackets and of depth; False where it has found a fault."""
        if word in CLOSING:
            self.open.append((word, self.place(start), self.depth))
            self.depth += 1
            if word == "{":
                self.braces += 1
                self.clause = "{"
                if self.found and self.found[-1].type == "NEWLINE":
                    self.found.pop()
        elif word in DEEPENING:
            self.depth += 1
        elif word in SEPARATORS:
            self.depth = self.open[-1][2] + 1 if self.open else 0
        else:
            if not self.open:
                self.fail(start, f"found `{word}`, which closes nothing; take it away, or open a bracket before it")
                return False
            opening, place, self.depth = self.open.pop()
            if word != CLOSING[opening]:
                where = f"the `{opening}` of line {place.line}, column {place.column}"
                self.fail(start, f"found `{word}`, but {where} is open; expected `{CLOSING[opening]}`")
                return False
            if word == "}":
                self.braces -= 1
                if not self.braces:
                    self.clause = ""
        if self.depth > DEEPEST:
            self.fail(start, f"more than {DEEPEST} brackets and operators lie around this place; give a part a name")
            return False
        return True

    def read_rare(self, kind: str, word: str, start: int) -> None:
        if kind == "NEWLINE":
            self.end_line(start)
        elif kind == "REMARK":
            lines = len(_NEWLINE.findall(word))
            if lines:
                self.line += lines
                self.line_start = start + max(word.rfind("\n"), word.rfind("\r")) + 1
        elif kind == "UNCLOSED":
            self.fail(start, "this comment has no end; write `*/` where it ends")
        elif kind == "OTHER":
            self.fail(start, _stray(word, self.lexicon))
        elif kind == "END":
            if self.open:
                word, place, _ = self.open[-1]
                where = f"the `{word}` of line {place.line}, column {place.column}"
                self.fail(start, f"found the end of the file, but {where} is open; expected `{CLOSING[word]}`")
            else:
                self.add(END, start)

    def end_line(self, start: int) -> None:
        if not self.lexicon.has_blocks or self.braces:
            if self.open and self.open[-1][0] != "{":
                word, place, _ = self.open[-1]
                self.fail(
                    start,
                    f"found the end of the line, but the `{word}` of column {place.column} is open; "
                    f"expected `{CLOSING[word]}` on the same line",
                )
            elif self.found and self.found[-1].type not in ("NEWLINE", "LBRACE"):
                self.add("NEWLINE", start)
            self.depth = self.open[-1][2] + 1 if self.open else 0
        self.line += 1
        self.line_start = start + (2 if self.text.startswith("\r\n", start) else 1)


def _stray(character: str, lexicon: Lexicon) -> str:
    """What to say of a character that begins nothing."""
    match character:
        case '"':
            return 'this string has no closing `"` on its line; write one (a string has no escapes)'
        case "$" if lexicon.has_tex:
            return "this label has no closing `$` on its line; write one"
        case "#":
            return "found `#`; expected a colour, which is `#` and 3, 4, 6 or 8 hexadecimal digits"
        case "`":
            return "found a backtick; expected a name between two, as in `` `A` ``"
        case "&" | "|":
            return f"found `{character}`; expected `{character * 2}`"
        case _:
            shown = f"`{character}`" if character.isprintable() else "a character"
            name = unicodedata.name(character, "")
            code = f"U+{ord(character):04X}" + (f", {name.lower()}" if name else "")
            if character.isalpha():
                return f"found {shown} ({code}); names have letters from A to Z, digits and `_` only"
            return f"found {shown} ({code}), which has no meaning here; take it away, or write it within a string"


def _settle(found: list[Token], positional: list[tuple[int, str]]) -> None:
    """Decides which positional words are words of the language: those whose neighbours allow it."""
    for index, clause in positional:
        token = found[index]
        second, before = ("", "", *(t.type for t in found[max(0, index - 2) : index]))[-2:]
        after = found[index + 1].type if index + 1 < len(found) else END
        match token.text:
            case "layout":
                is_word = clause == "" and after == "ASSIGN"
            case "into":
                is_word = clause == "COLLECT" and before in VARIABLES and second not in ("COLLECT", "REPEATABLE")
            case "has":
                is_word = clause == "WHERE" and before in VARIABLES and second in ("WHERE", "SEMICOLON")
            case "then":
                is_word = clause == "{" and before in ENDS_OPERAND and after in BEGINS_OPERAND
            case _:  # above, below
                is_word = clause == "{" and before in (*VARIABLES, "RSQB") and after in VARIABLES
        if is_word:
            token.type = token.text.upper()
