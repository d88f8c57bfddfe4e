"""A page's script in fewer characters: no comments, no needless blanks, and short names for what is ours.

A name is renamed everywhere or nowhere, as a variable and as a property alike, so nothing has to be known about scopes.
It keeps its name if the world outside knows it: the language and the browser (`PLATFORM`, which the tests compare with
a browser's own names), data, styles, and every word that occurs in a text of the script.
"""

from __future__ import annotations

import itertools
import re
import string
from collections import Counter
from collections.abc import Iterator, Set

TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<name>[A-Za-z_$][\w$]*)
    |(?P<number>0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?n?)
    |(?P<regex>(?<![\w)\]}\s])\s?/(?![*/])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*)
    |(?P<sign>=>|\.\.\.|\?\?=|\?\.(?!\d)|\?\?|\*\*|\+\+|--|&&=?|\|\|=?|[=!]==?|<=|>=|<<|>>>?|[-+*/%]=|.)""",
    re.X | re.S,
)
Token = tuple[str, str]
"""A kind and its characters."""


def tokens(script: str) -> Iterator[Token]:
    """The script's tokens without blanks and comments. A template is text, and code between `${` and `}`."""
    at, depths, before = 0, [0], ""
    while at < len(script):
        if script[at] == "`" or (script[at] == "}" and len(depths) > 1 and depths[-1] == 0):
            depths[-1:] = [] if script[at] == "}" else depths[-1:]
            found = re.compile(r"[`}](?:[^`\\$]|\\.|\$(?!\{))*(?:`|\$\{)", re.S).match(script, at)
            assert found, f"a template without an end: {script[at : at + 40]}"
            if found[0].endswith("${"):
                depths.append(0)
            yield "text", found[0]
            at, before = found.end(), "text"
            continue
        found = TOKEN.match(script, at)
        assert found, f"no token of JavaScript: {script[at : at + 40]}"
        kind, text = str(found.lastgroup), found[0]
        if text == "/" and before in ("", "("):
            raise ValueError(f"is this a division or a regular expression? {script[at : at + 40]}")
        depths[-1] += (text == "{") - (text == "}")
        at = found.end()
        if kind not in ("space", "comment"):
            before = text
            yield kind, text.strip()


def terse(script: str, outside: Set[str]) -> str:
    """The script with short names and without needless blanks. `outside`: names that must stay."""
    found = [*tokens(script)]
    short = short_names(found, outside)
    made: list[str] = []
    for kind, text in found:
        new = short.get(text, text) if kind == "name" else text
        if made and _join(made[-1][-1], new[0]):
            made.append(" ")
        made.append(new)
    return "".join(made)


def short_names(found: list[Token], outside: Set[str]) -> dict[str, str]:
    """The new names of those that are ours, the shortest for the most frequent."""
    said = {word for kind, text in found if kind in ("text", "regex") for word in re.findall(r"[A-Za-z_$][\w$]*", text)}
    kept = said | outside | PLATFORM
    counts = Counter(text for kind, text in found if kind == "name" and text not in kept)
    taken = {text for kind, text in found if kind == "name"} | kept
    names = (n for n in _names() if n not in taken)
    # A name of one letter stays: it is short, and what takes its place must not be a name that stays.
    return {name: next(names) for name, _ in counts.most_common() if len(name) > 1}


def _names() -> Iterator[str]:
    first = string.ascii_letters + "$_"
    for size in itertools.count(1):
        for head in first:
            for rest in itertools.product(first + string.digits, repeat=size - 1):
                yield head + "".join(rest)


def _join(before: str, after: str) -> bool:
    """Whether two neighbours would be one token without a blank."""
    word = re.compile(r"[\w$]")
    return bool(word.match(before) and word.match(after)) or (before in "+-" and before == after)


PLATFORM = frozenset(
    """
    """.split()
)
"""Names of the language and of the browser that our scripts use."""
