"""Texts that nobody should have written: each is read, or refused with one place and one sentence; and soon."""

import random
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from language_kit import SHOPS, mistake, shops

from rosesim.diagrams.errors import DiagramError
from rosesim.diagrams.language import read_domain, read_style, read_substance
from rosesim.diagrams.language.tokens import DEEPEST, LONGEST_TEXT

SECONDS = 1.0
"""Of processor time. A whole trio takes some 20 ms; a second is what a person waits for without a thought."""

TOWN = """-- the town
Shop a, b
Shop s_k for k in [1, 4]
Cafe c
Road r := Street(a, c)
b := Between(a, c)
Near(s_i, s_j) for i in [1, 4], j in [1, 4] where j == i mod 4 + 1 && !(i - 1 > 2) || false
Rated(c, -4.5)
Named(a, "bread -- and cake")
Label a $\\alpha_1$
Label b "B"
AutoLabel s_1, c
NoLabel s_2
"""

LOOK = """layout = [places, words]
canvas { width = 400
  height = 300 }
forall Shop s; Shop t
where Near(s, t) as n; s has math label; `a` has label {
  scalar d = norm(s.icon.center - t.icon.center) * 2.5 - -1 ^ 2
  n.line = Line {
    start: s.icon.center
    end: (t.icon.center[0], ?[3] in places)
    strokeColor: #ff08 -- red
  }
  override n.line.strokeWidth = max(1, 2.)
  ensure d > 10 in [places, words]
  encourage near(s.icon, t.icon, {1, 2}) except words
  layer n.line below s.icon, t.icon
  delete s.text
  m = [[1, 0], [0, 1]]' * (d, 1) then transform("x")
}
collect repeatable Shop x into xs with Shop y
where r := Street(x, y) foreach Road r {
  r.count = numberof xs + match_id
  shape[] r.group = Group { shapes: listof icon from xs }
}
"""

READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "domain": (SHOPS, lambda text: read_domain(text, "shops.domain")),
    "substance": (TOWN, lambda text: read_substance(text, "town.substance", shops())),
    "style": (LOOK, lambda text: read_style([(text, "town.style")])),
}
PARTS = re.compile(r"\w+|\s+|[^\w\s]")
ODD = """( ) [ ] { } " $ ` -- /* */ \x00 \ufeff é \ud800 \u2028 1e999 ? forall for in where type Shop _ := .5 -1 '
    then above #""".split(" ")


def mutated(text: str, chance: random.Random) -> str:
    """A text with one to three things wrong: parts gone, twice, elsewhere or strange; cut off; random characters."""
    parts = PARTS.findall(text)
    for _ in range(chance.randint(1, 3)):
        i, j = chance.randrange(len(parts)), chance.randrange(len(parts))
        match chance.randrange(7):
            case 0:
                parts[i] = ""
            case 1:
                parts[i] *= 2
            case 2:
                parts[i], parts[j] = parts[j], parts[i]
            case 3:
                del parts[i + 1 :]
            case 4:
                parts[i] += chance.choice(ODD)
            case 5:
                del parts[min(i, j) : max(i, j)]
            case _:
                parts[i] = "".join(chr(chance.randrange(256)) for _ in range(chance.randint(1, 4)))
    return "".join(parts)


def outcome(read: Callable[[str], Any], text: str) -> DiagramError | None:
    """The error of a text, which has one fault with a place in it and one sentence on one line."""
    start = time.process_time()
    try:
        read(text)
    except DiagramError as error:
        (fault,) = error.faults
        lines = re.split("\r\n|\r|\n", text)
        assert 1 <= fault.place.line <= len(lines)
        assert 1 <= fault.place.column <= len(lines[fault.place.line - 1]) + 1
        assert re.fullmatch(r"[A-Z]\w+", fault.kind)
        assert fault.sentence and "\n" not in fault.sentence and len(fault.sentence) < 600
        return error
    finally:
        assert time.process_time() - start < SECONDS
    return None


@pytest.mark.parametrize("language", READERS)
def test_the_texts_themselves_are_read(language: str):
    text, read = READERS[language]
    assert outcome(read, text) is None


@pytest.mark.parametrize("language", READERS)
def test_a_mutated_text_is_read_or_refused_in_one_sentence(language: str):
    text, read = READERS[language]
    refused = 0
    for seed in range(100):
        refused += outcome(read, mutated(text, random.Random(f"{language} {seed}"))) is not None
    assert 50 < refused < 100  # most mutations matter, and some, as in comments, do not


def test_brackets_may_nest_as_deep_as_is_said_and_no_deeper():
    deep = "a { x = " + "(" * (DEEPEST - 1) + "1" + ")" * (DEEPEST - 1) + " }"
    assert outcome(READERS["style"][1], deep) is None
    for opening in ("(", "[", "{", "f(", "-(", "a[", "2 ^ (", "1 + ", "2 ^ "):
        text = f"a {{ x = {opening * 100_000}"
        place, sentence = mistake(READERS["style"][1], text)[1].split(": ", 1)
        assert sentence == f"more than {DEEPEST} brackets and operators lie around this place; give a part a name"
        assert place.startswith("1:")


def test_a_condition_may_not_nest_without_end():
    for opening in ("(", "!", "- ", "1 + ", "true && "):
        text = f"Shop s_i for i in [1, 2] where {opening * 100_000}1"
        assert mistake(READERS["substance"][1], text)[0] == "ParseError"


LONG = {
    "name": "a { x = " + "y" * 400_000 + " }",
    "path": "a { x = y" + ".y" * 10_000 + " }",
    "indices": "a { x = y" + "[0]" * 5_000 + " }",
    "list": "a { x = [" + "1, " * 10_000 + "] }",
    "statements": "a {" + "\n x = 1" * 4_000 + " }",
    "comments": "-- x\n" * 20_000,
    "unclosed comments": "/* -- " * 100_000,
    "blanks": "a {" + " " * 500_000 + "}",
    "newlines": "a {" + "\r" * 100_000 + "}",
    "strings": 'a { x = "' + "y" * 500_000 + '" }',
    "header": "forall Shop " + ", ".join(f"s{i}" for i in range(4_000)) + " { }",
    "relations": "forall Shop s where " + "s has label; " * 3_000 + "{ }",
}  # fmt: skip


@pytest.mark.parametrize("what", LONG)
def test_a_long_text_takes_no_more_than_its_length(what: str):
    outcome(READERS["style"][1], LONG[what])


def test_a_text_longer_than_any_diagram_is_refused_before_it_is_read():
    text = " " * (LONGEST_TEXT + 1)
    assert (
        mistake(READERS["style"][1], text)[1] == "1:1: this text has 1,000,001 characters; at most 1,000,000 are read"
    )


def test_a_name_that_no_sentence_could_show_is_refused():
    assert mistake(READERS["domain"][1], "type " + "A" * 501) == (
        "ParseError",
        "1:6: this name has 501 characters; expected at most 500",
    )


def test_an_index_set_has_a_few_ranges_at_most():
    ranges = ", ".join(f"i{k} in [1, 2]" for k in range(17))
    assert mistake(READERS["substance"][1], f"Shop s for {ranges}") == (
        "BadSetIndexRangeError",
        "1:242: this index set has 17 ranges; expected at most 16",
    )


def test_many_index_sets_together_are_refused_as_one_large_one_is():
    line = "Shop s_i for i in [0, 999], j in [0, 999] where false\n"
    kind, sentence = mistake(READERS["substance"][1], line * 1000)
    assert (kind, sentence[:4]) == ("BadSetIndexRangeError", "3:14")


def test_an_empty_range_beside_a_huge_one_is_empty():
    read_substance("Shop s_i for i in [0, 1e15], j in [1, 0]", "town.substance", shops())


def test_labels_of_all_objects_many_times_take_no_time():
    text = "Shop s_i for i in [1, 5000]\nAutoLabel All for i in [1, 20000]"
    outcome(READERS["substance"][1], text)


def test_more_supertypes_than_a_domain_can_have_are_refused():
    text = "type T0\n" + "".join(f"type T{i} <: T{i - 1}\n" for i in range(1, 3000))
    assert mistake(READERS["domain"][1], text) == (
        "ParseError",
        "1000:6: types have more than 500,000 supertypes in all here; use fewer types",
    )
