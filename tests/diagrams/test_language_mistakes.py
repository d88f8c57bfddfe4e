"""What a person reads where a text is not of its language."""

import re
import sys
from typing import Any

import pytest
from language_kit import mistake, town

from rosesim.ad.support.errors import RosesimError
from rosesim.diagrams.errors import DiagramError
from rosesim.diagrams.language import read_domain, read_style
from rosesim.diagrams.language.expected import complaint
from rosesim.diagrams.language.lexicon import DOMAIN, STYLE, SUBSTANCE, Lexicon
from rosesim.diagrams.language.parser import TERMINALS, Actions, grammar, table_of
from rosesim.diagrams.language.tokens import Token


def domain(text: str) -> Any:
    return read_domain(text, "shops.domain")


def style(text: str) -> Any:
    return read_style([(text, "town.style")])


DOMAIN_MISTAKES = [
    ("type", "1:5: found the end of the file; expected a name"),
    ("type A B", "1:8: found `B`; expected `<:` or the end of the line"),
    ("type A <:\ntype B", "1:10: found the end of the line; expected a name"),
    ("shop", "1:5: found the end of the file; expected `<:`"),
    ("-> A", "1:1: found `->`; expected a statement or the end of the file"),
    ("type type", "1:6: found the word `type`; expected a name (`type` is a word of the language and cannot be "
        "a name)"),
    ("symmetric function P()", "1:11: found the word `function`; expected `predicate`"),
    ("predicate P A", "1:13: found `A`; expected `(`"),
    ("predicate P(A b c)", "1:17: found `c`; expected `,` or `)`"),
    ("function F(A)", "1:14: found the end of the file; expected `->`"),
    ("constructor F(A)", "1:16: found `)`; expected a name"),
    ("predicate P(A", "1:14: found the end of the file, but the `(` of line 1, column 12 is open; expected `)`"),
    ("predicate P(\nA)",
        "1:13: found the end of the line, but the `(` of column 12 is open; expected `)` on the same line"),
    ("type A }", "1:8: found `}`, which closes nothing; take it away, or open a bracket before it"),
    ("predicate P(A]", "1:14: found `]`, but the `(` of line 1, column 12 is open; expected `)`"),
    ("type Å", "1:6: found `Å` (U+00C5, latin capital letter a with ring above); names have letters from A to Z, "
        "digits and `_` only"),
    ("type A @", "1:8: found `@` (U+0040, commercial at), which has no meaning here; take it away, or write it "
        "within a string"),
    ("type A\x00", "1:7: found a character (U+0000), which has no meaning here; take it away, or write it within a "
        "string"),
    ("type A\n/* B", "2:1: this comment has no end; write `*/` where it ends"),
]  # fmt: skip

SUBSTANCE_MISTAKES = [
    ("Shop", "1:5: found the end of the file; expected a name, `:=` or `(`"),
    ("Shop a b", "1:8: found `b`; expected `:=`, `,`, `for` or the end of the line"),
    ("a = 3", "1:3: found `=`; expected a name, `:=` or `(`"),
    ("Near(a b)", "1:8: found `b`; expected `,` or `)`"),
    ("Near(a, Between(b, c))", "1:16: found `(`; expected `,` or `)`"),
    ("Label a", "1:8: found the end of the file; expected a string or a label `$...$`"),
    ("Label a $x", "1:9: this label has no closing `$` on its line; write one"),
    ('Label a "x\n"', '1:9: this string has no closing `"` on its line; write one (a string has no escapes)'),
    ("AutoLabel", "1:10: found the end of the file; expected a name or `All`"),
    ("Shop s_i for i", "1:15: found the end of the file; expected `in`"),
    ("Shop s_i for i in [1, j]", "1:23: found `j`; expected a number"),
    ("Shop s_i for i in [1, 1e999]",
        "1:23: the number 1e999 is too large; at most 1.798e+308 can be computed with"),
    ("Shop s_i for i in [1, 2] where", "1:31: found the end of the file; expected a condition"),
    ("Shop s_i for i in [1, 2] where i", "1:33: found the end of the file; expected an operator or a comparison"),
    ("Shop s_i for i in [1, 2] where i <", "1:35: found the end of the file; expected a number or an index"),
    ("Shop s_i for i in [1, 2] where i < 2 & i > 0", "1:38: found `&`; expected `&&`"),
    ("Shop in", "1:6: found the word `in`; expected a name, `:=` or `(` (`in` is a word of the language and cannot "
        "be a name)"),
]  # fmt: skip

STYLE_MISTAKES = [
    ("canvas", "1:7: found the end of the file; expected `{`"),
    ("x = 3", "1:3: found `=`; expected `{` (statements stand in a block, between `{` and `}`)"),
    ("ensure f(x)", "1:1: found the word `ensure`; expected a block (statements stand in a block, between `{` and "
        "`}`)"),
    ("3 { }", "1:1: found `3`; expected a block"),
    ("layout = ", "1:10: found the end of the file; expected a name or `[`"),
    ("forall { }", "1:8: found `{`; expected a name or `repeatable`"),
    ("forall Shop { }", "1:13: found `{`; expected a name"),
    ("forall Shop s", "1:14: found the end of the file; expected `,`, `{`, `;`, `foreach`, `where` or `with`"),
    ("forall Shop s where { }", "1:21: found `{`; expected a name"),
    ("forall Shop s where s { }", "1:23: found `{`; expected `:=`, `has` or `(`"),
    ("forall Shop s where s has { }", "1:27: found `{`; expected a name"),
    ("forall Shop s where s has small label { }",
        "1:27: found `small`; expected `label`, `math label` or `text label` after `has`"),
    ("forall Shop s foreach Shop t { }",
        "1:15: `foreach` belongs to `collect`; in a header of `forall`, write `with` or `where`"),
    ("forall Shop s where A(s) where B(s) { }",
        "1:26: this header has a second `where`; write all of it after the first"),
    ("collect Shop s { }", "1:16: found `{`; expected `into`"),
    ("a {\n x = 1\nforall Shop s { }", "3:1: found the word `forall`; expected a statement or `}` (the block that "
        "begins in line 1 is not closed)"),
    ("a {\n x = 1\n", "3:1: found the end of the file, but the `{` of line 1, column 3 is open; expected `}`"),
    ("a { x = 1 } }", "1:13: found `}`, which closes nothing; take it away, or open a bracket before it"),
    ("a { x = }", "1:9: found `}`; expected an expression"),
    ("a { x =\n}", "1:8: found the end of the line; expected an expression"),
    ("a { x: 3 }", "1:6: found `:`; expected `=` or `{`"),
    ("a { x y z = 3 }", "1:9: found `z`; expected `=`"),
    ("a { x = 3 4 }", "1:11: found `4`; expected an operator, `}` or the end of the line (there is no operator "
        "between two operands)"),
    ("a { x = 2y }", "1:10: found `y`; expected an operator, `}` or the end of the line (there is no operator "
        "between two operands)"),
    ("a { x = 1; y = 2 }", "1:10: found `;`; expected an operator, `}` or the end of the line"),
    ("a { x = (1, 2\n y = 3 }",
        "1:14: found the end of the line, but the `(` of column 9 is open; expected `)` on the same line"),
    ("a { x = [1, 2) }", "1:14: found `)`, but the `[` of line 1, column 9 is open; expected `]`"),
    ("a { x = f(1,,2) }", "1:13: found `,`; expected an expression or `)`"),
    ("a { x = {1} }", "1:11: found `}`; expected an operator or `,`"),
    ("a { x = #12 }", "1:9: found `#`; expected a colour, which is `#` and 3, 4, 6 or 8 hexadecimal digits"),
    ("a { x = `b }", "1:9: found a backtick; expected a name between two, as in `` `A` ``"),
    ("a { x = listof b }", "1:18: found `}`; expected `from`"),
    ("a { x = ? in }", "1:14: found `}`; expected a name or `[`"),
    ("a { x = ?[b] }", "1:11: found `b`; expected a number"),
    ("a { x.in = 3 }", "1:7: found the word `in`; expected a name (`in` is a word of the language and cannot be a "
        "name)"),
    ("a { 3 = x }", "1:5: found `3`; expected a statement or `}`"),
    ("a { encourage }", "1:15: found `}`; expected an expression"),
    ("a { ensure b }", "1:14: found `}`; expected an operator or a comparison"),
    ("a { ensure f(b) in }", "1:20: found `}`; expected a name or `[`"),
    ("a { x = Circle { r = 3 } }", "1:20: found `=`; expected `:`"),
    ("a { x = Circle { r: 3, s: 4 } }", "1:22: found `,`; expected an operator, `}` or the end of the line"),
    ("a { x = " + "long" * 30 + " b }", "1:130: found `b`; expected an operator, `}` or the end of the line (there "
        "is no operator between two operands)"),
    ("a { b " + "long" * 30 + " c }", "1:128: found `c`; expected `=`"),
    ("a { x = 3 " + "long" * 30 + " }", "1:11: found `" + "long" * 10 + "...`; expected an operator, `}` or the end "
        "of the line (there is no operator between two operands)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), DOMAIN_MISTAKES)
def test_a_text_that_is_not_domain_is_refused_in_one_sentence(text: str, sentence: str):
    assert mistake(domain, text) == ("ParseError", sentence)


@pytest.mark.parametrize(("text", "sentence"), SUBSTANCE_MISTAKES)
def test_a_text_that_is_not_substance_is_refused_in_one_sentence(text: str, sentence: str):
    assert mistake(town, text) == ("ParseError", sentence)


@pytest.mark.parametrize(("text", "sentence"), STYLE_MISTAKES)
def test_a_text_that_is_not_style_is_refused_in_one_sentence(text: str, sentence: str):
    assert mistake(style, text) == ("ParseError", sentence)


def test_the_first_mistake_is_told_even_if_a_bracket_is_wrong_later():
    assert mistake(style, "a { x = 3 4 \n y = (1] }")[1].startswith("1:11: found `4`")


def test_a_mistake_names_its_own_file_among_several():
    with pytest.raises(DiagramError, match=r"b\.style:2:3: found `4`; expected a block"):
        read_style([("a { }", "a.style"), ("\n  4", "b.style")])


@pytest.mark.parametrize(("language", "lexicon"), [("domain", DOMAIN), ("substance", SUBSTANCE), ("style", STYLE)])
def test_every_terminal_of_a_grammar_has_words_for_a_person(language: str, lexicon: Lexicon):
    for terminal in re.findall(TERMINALS, grammar(language)):
        token = Token("NAME", "x", "file", 1, 1)
        sentence = complaint([token], token, {terminal}, lexicon).sentence
        assert re.fullmatch("found `x`; expected (`(.|..|[A-Za-z]+)`|an? [^A-Z]+|the end of the line)", sentence)


def test_without_lark_a_sentence_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "lark", None)
    with pytest.raises(RosesimError, match=r"diagrams need the package lark: pip install 'rosesim\[diagrams\]'"):
        table_of.__wrapped__("domain", Actions)
