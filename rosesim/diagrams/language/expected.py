"""What a text should have had where its grammar takes nothing of what is there, in words that a person knows."""

from __future__ import annotations

from rosesim.diagrams.errors import Fault
from rosesim.diagrams.language.lexicon import BEGINS_OPERAND, ENDS_OPERAND, OPERATORS, Lexicon
from rosesim.diagrams.language.tokens import END, Token
from rosesim.diagrams.language.words import series

_GROUPS: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = tuple(
    (phrase, frozenset(needed.split()), frozenset(covered.split()))
    for phrase, needed, covered in (
        ("a block", "FORALL COLLECT", "FORALL COLLECT LAYOUT NAME $END"),
        ("a statement", "ENCOURAGE DELETE", "ENCOURAGE ENSURE DELETE OVERRIDE LAYER NAME QUOTED"),
        ("a statement", "TYPE PREDICATE", "TYPE SYMMETRIC PREDICATE FUNCTION CONSTRUCTOR NAME"),
        ("a statement", "LET AUTOLABEL", "LET LABEL NOLABEL AUTOLABEL NAME"),
        ("a condition", "NOT TRUE", "NOT TRUE FALSE LPAR NUMBER NAME MINUS"),
        ("an expression", "NAME NUMBER LPAR VARY", " ".join((*BEGINS_OPERAND, "ENCOURAGE", "ENSURE", "LAYER"))),
        ("a number or an index", "NAME NUMBER LPAR", "NAME NUMBER LPAR MINUS"),
        ("`=`", "ASSIGN DOT", "ASSIGN DOT LSQB EMPTY ABOVE BELOW NAME QUOTED"),
        ("`=`", "ASSIGN ABOVE", "ASSIGN ABOVE BELOW"),
        ("an operator", "PLUS MINUS", "PLUS MINUS STAR SLASH DOT_STAR DOT_SLASH POWER TRANSPOSE THEN PERCENT MOD"),
        ("a comparison", "LESS EQUAL", "LESS EQUAL GREATER AT_MOST AT_LEAST UNEQUAL"),
        ("a name", "NAME", "NAME QUOTED"),
    )
)
"""A phrase for several terminals at once, if the needed ones are all expected; earlier phrases come first."""

_WORDS = {
    "NUMBER": "a number", "STRING": "a string", "HEX": "a colour", "TEX": "a label `$...$`",
    "NEWLINE": "the end of the line", END: "the end of the file", "VARY": "`?`", "QUOTED": "a name in backticks",
}  # fmt: skip
_SIGNS = {terminal: sign for sign, terminal in OPERATORS.items()}
_STATEMENTS = frozenset(("ENCOURAGE", "ENSURE", "LAYER", "OVERRIDE", "DELETE"))
_MOST_SHOWN = 40
"""Characters of what was found."""


def complaint(found: list[Token], token: Token, accepted: set[str], lexicon: Lexicon) -> Fault:
    """The fault of a token that the grammar does not take where `accepted` are the terminals that it takes."""
    hint = _hint(found, token, accepted)
    sentence = f"found {_shown(token)}; expected {series(_phrases(accepted, lexicon), 'or')}{hint}"
    return Fault("ParseError", sentence, token.place)


def _shown(token: Token) -> str:
    if token.type in (END, "NEWLINE"):
        return _WORDS[token.type]
    text = token.text if len(token.text) <= _MOST_SHOWN else f"{token.text[:_MOST_SHOWN]}..."
    if token.text.isidentifier() and token.type not in ("NAME", "QUOTED"):
        return f"the word `{text}`"
    return f"`{text}`" if "`" not in text else text


def _phrases(accepted: set[str], lexicon: Lexicon) -> list[str]:
    left, phrases = set(accepted), []
    if "PLUS" in left:
        left -= {
            "DOT",
            "LSQB",
            "LPAR",
            "LBRACE",
            "ABOVE",
            "BELOW",
        }  # how a name may go on, which are too many to tell
    for phrase, needed, covered in _GROUPS:
        if needed <= left:
            left -= covered
            phrases.append(phrase)
    if "NEWLINE" in left:
        left.discard(END)
    words = {terminal: f"`{word}`" for word, terminal in lexicon.terminals.items()}
    order = sorted(left - {"NEWLINE", END}, key=lambda t: (t in words, t)) + sorted(left & {"NEWLINE", END})
    for terminal in order:
        sign = _SIGNS.get(terminal)
        phrases.append(
            _WORDS.get(terminal) or (f"`{sign}`" if sign else words.get(terminal, f"`{terminal.lower()}`"))
        )
    return phrases


def _hint(found: list[Token], token: Token, accepted: set[str]) -> str:
    """What else may help: why a word is not a name, which block is still open."""
    index = next(i for i, t in enumerate(found) if t is token)
    if token.type in ("FORALL", "COLLECT") and "RBRACE" in accepted:
        opened = _open_brace(found[:index])
        return f" (the block that begins in line {opened.line} is not closed)" if opened else ""
    if (token.type == "ASSIGN" and accepted == {"LBRACE"}) or (token.type in _STATEMENTS and "FORALL" in accepted):
        return " (statements stand in a block, between `{` and `}`)"
    if "NAME" in accepted and token.text.isidentifier() and token.type not in ("NAME", "QUOTED"):
        return f" (`{token.text}` is a word of the language and cannot be a name)"
    if index and token.type in BEGINS_OPERAND and found[index - 1].type in ENDS_OPERAND and "PLUS" in accepted:
        return " (there is no operator between two operands)"
    return ""


def _open_brace(found: list[Token]) -> Token | None:
    open_: list[Token] = []
    for token in found:
        if token.type == "LBRACE":
            open_.append(token)
        elif token.type == "RBRACE" and open_:
            open_.pop()
    return open_[0] if open_ else None
