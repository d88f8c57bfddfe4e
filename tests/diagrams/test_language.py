"""Style as records: each construct, and what the grammar says about how operators bind."""

import json
import random

import pytest
from language_kit import TRIOS, expression, shown, statements

from rosesim.diagrams.errors import Place
from rosesim.diagrams.language import read_domain, read_style, read_substance
from rosesim.diagrams.syntax import Assign, Block, Layout, Style


def items(text: str) -> list[str]:
    return [shown(item) for item in read_style([(text, "town.style")]).items]


def header(text: str) -> str:
    (item,) = read_style([(text + " { }", "town.style")]).items
    assert isinstance(item, Block)
    return shown(item.header)


EXPRESSIONS = [
    ("3", "Constant(3)"),
    ("-3", "Constant(-3)"),
    ("+3", "Constant(3)"),
    (".5", "Constant(0.5)"),
    ("2.", "Constant(2)"),
    ("1.5e-3", "Constant(0.0015)"),
    ("- 3", "Unary(-, Constant(3))"),
    ("3-1", "Binary(-, Constant(3), Constant(1))"),
    ("3 -1", "Binary(-, Constant(3), Constant(1))"),
    ("3 - -1", "Binary(-, Constant(3), Constant(-1))"),
    ("y-1", "Binary(-, PathName(Variable(y)), Constant(1))"),
    ("(1)-1", "Binary(-, Constant(1), Constant(1))"),
    ("true", "Constant(True)"),
    ("false", "Constant(False)"),
    (r'"a \frac -- b"', r"Constant(a \frac -- b)"),
    ("#fFf", "Hex(fFf)"),
    ("#12345", "Hex(12345)"),
    ("?", "Vary(None)"),
    ("?[-4]", "Vary(-4)"),
    ("? in s", "Vary(None, Stages([s]))"),
    ("?[4] except [s, t]", "Vary(4, Stages([s, t], True))"),
    ("f()", "Call(f)"),
    ("f(1, g(2),)", "Call(f, [Constant(1), Call(g, [Constant(2)])])"),
    ("a.b.c", "PathName(Variable(a), [b, c])"),
    ("a . b", "PathName(Variable(a), [b])"),
    ("`A`.b", "PathName(Variable(A, True), [b])"),
    ("a.b[0][i]", "PathName(Variable(a), [b], [Constant(0), PathName(Variable(i))])"),
    ("[]", "Items(list)"),
    ("[ ]", "Items(list)"),
    ("[1, 2,]", "Items(list, [Constant(1), Constant(2)])"),
    ("(1)", "Constant(1)"),
    ("(1,)", "Items(vector, [Constant(1)])"),
    ("(1, 2)", "Items(vector, [Constant(1), Constant(2)])"),
    ("{1, 2}", "Items(pair, [Constant(1), Constant(2)])"),
    ("listof icon from xs", "CollectionAccess(listof, PathName(Variable(xs)), icon)"),
    ("numberof xs", "CollectionAccess(numberof, PathName(Variable(xs)))"),
    ("nameof x", "CollectionAccess(nameof, PathName(Variable(x)))"),
    ("αβ", "PathName(Variable(αβ))"),
]


@pytest.mark.parametrize(("text", "tree"), EXPRESSIONS)
def test_an_expression_is_this_record(text: str, tree: str):
    assert expression(text) == tree


BINDING = [
    ("a + b * c", "a + (b * c)"),
    ("a - b - c", "(a - b) - c"),
    ("a * b / c", "(a * b) / c"),
    ("a .* b ./ c", "(a .* b) ./ c"),
    ("a ^ b ^ c", "a ^ (b ^ c)"),
    ("a * b ^ c", "a * (b ^ c)"),
    ("-a ^ b", "(-a) ^ b"),
    ("a ^ -b", "a ^ (-b)"),
    ("-a'", "(-a)'"),
    ("a''", "(a')'"),
    ("a' * b", "(a') * b"),
    ("a then b", "b * a"),
    ("a then b then c", "c * (b * a)"),
    ("a + b then c", "a + (c * b)"),
    ("then then then", "then * then"),
    ("(a + b) * c", "(a + b) * c"),
]


@pytest.mark.parametrize(("text", "same"), BINDING)
def test_operators_bind_as_the_grammar_says(text: str, same: str):
    assert expression(text) == expression(same)


def written(depth: int, chance: random.Random) -> tuple[str, str]:
    """A random expression, with all brackets and odd blanks, and its tree."""
    blank = chance.choice(["", " ", "\t "])
    if depth == 0:
        text, tree = chance.choice([e for e in EXPRESSIONS if not e[1].startswith(("Binary", "Unary"))])
        return (f"({blank}{text}{blank})", tree) if text[0] in "+-" else (text, tree)
    (a, left), (b, right) = written(depth - 1, chance), written(chance.randrange(depth), chance)
    op = chance.choice(
        ["+", "-", "*", "/", "^", " .* ", " ./ ", " then ", "'", "u-", "(,)", "[,]", "{,}", "f(,)", "[]"]
    )
    match op:
        case " then ":
            return f"({a}{op}{b})", f"Binary(*, {right}, {left})"
        case "'":
            return f"({a}{blank}')", f"Unary(', {left})"
        case "u-":
            return f"({blank}- {a})", f"Unary(-, {left})"
        case "(,)" | "[,]" | "{,}":
            form = {"(": "vector", "[": "list", "{": "pair"}[op[0]]
            return f"{op[0]}{blank}{a},{blank}{b}{op[2]}", f"Items({form}, [{left}, {right}])"
        case "f(,)":
            return f"f{blank}({a},{blank}{b})", f"Call(f, [{left}, {right}])"
        case "[]":
            return f"q{blank}.r[{blank}{a}][{b}]", f"PathName(Variable(q), [r], [{left}, {right}])"
        case _:
            return f"({a}{blank}{op} {b})", f"Binary({op.strip()}, {left}, {right})"


def test_random_expressions_read_back_as_they_were_written():
    chance = random.Random(20)
    for _ in range(200):
        text, tree = written(chance.randrange(5), chance)
        assert expression(text) == tree, text


STATEMENTS = [
    ("x = 1", "Assign(PathName(Variable(x)), Constant(1))"),
    ("scalar x = 1", "Assign(PathName(Variable(x)), Constant(1))"),
    ("shape[] x = []", "Assign(PathName(Variable(x)), Items(list))"),
    ("override a.b = 1", "Assign(PathName(Variable(a), [b]), Constant(1), True)"),
    ("delete a.b", "Delete(PathName(Variable(a), [b]))"),
    ("a above b, c.d", "AnonymousStatement(Layering(PathName(Variable(a)), above, [PathName(Variable(b)), "
        "PathName(Variable(c), [d])]))"),
    ("layer a below b", "AnonymousStatement(Layering(PathName(Variable(a)), below, [PathName(Variable(b))]))"),
    ("x = a below b", "Assign(PathName(Variable(x)), Layering(PathName(Variable(a)), below, "
        "[PathName(Variable(b))]))"),
    ("encourage f(a) in s", "AnonymousStatement(TermDeclaration(encourage, f, [PathName(Variable(a))], "
        "Stages([s])))"),
    ("ensure f() except [s]", "AnonymousStatement(TermDeclaration(ensure, f, [], Stages([s], True)))"),
    ("ensure f(a) < 2", "AnonymousStatement(TermDeclaration(ensure, lessThan, [Call(f, [PathName(Variable(a))]), "
        "Constant(2)], None, True))"),
    ("x = encourage 1 == 2", "Assign(PathName(Variable(x)), TermDeclaration(encourage, equal, [Constant(1), "
        "Constant(2)], None, True))"),
    ("ensure 1 + 2 > 2 in s", "AnonymousStatement(TermDeclaration(ensure, greaterThan, [Binary(+, Constant(1), "
        "Constant(2)), Constant(2)], Stages([s]), True))"),
    ("Circle { }", "AnonymousStatement(ShapeDeclaration(Circle))"),
    ("x = Circle { r : 3 }", "Assign(PathName(Variable(x)), ShapeDeclaration(Circle, [[r, Constant(3)]]))"),
    ("x = Circle\n\n -- why\n{\n\n r: 3 /* \n */\n\n s: a.b\n\n}", "Assign(PathName(Variable(x)), "
        "ShapeDeclaration(Circle, [[r, Constant(3)], [s, PathName(Variable(a), [b])]]))"),
    ("above = below", "Assign(PathName(Variable(above)), PathName(Variable(below)))"),
    ("above above below", "AnonymousStatement(Layering(PathName(Variable(above)), above, "
        "[PathName(Variable(below))]))"),
    ("text then = has", "Assign(PathName(Variable(then)), PathName(Variable(has)))"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tree"), STATEMENTS)
def test_a_statement_is_this_record(text: str, tree: str):
    assert [shown(s) for s in statements(text)] == [tree]


def test_statements_stand_one_a_line_and_on_the_lines_of_the_braces_too():
    text = "a { x = 1 -- one\r\n\r\n/* two\r\n = */ y = 2\r  z = 3 }"
    (block,) = read_style([(text, "town.style")]).items
    assert isinstance(block, Block)
    assert [s.place for s in block.statements] == [
        Place("town.style", 1, 5), Place("town.style", 4, 7), Place("town.style", 5, 3)
    ]  # fmt: skip


HEADERS = [
    ("canvas", "Namespace(canvas)"),
    ("layout", "Namespace(layout)"),
    ("forall Shop s", "Selector([Declaration(Shop, Variable(s))])"),
    ("forall Shop s, t; Road `R`;", "Selector([Declaration(Shop, Variable(s)), Declaration(Shop, Variable(t)), "
        "Declaration(Road, Variable(R, True))])"),
    ("forall repeatable Shop s\nwith Road r\nwhere s has label", "Selector([Declaration(Shop, Variable(s))], "
        "[Declaration(Road, Variable(r))], [FieldRelation(Variable(s), label)], True)"),
    ("forall Shop s where s has math label; s has text label; t has colour", "Selector([Declaration(Shop, "
        "Variable(s))], [], [FieldRelation(Variable(s), label, math), FieldRelation(Variable(s), label, text), "
        "FieldRelation(Variable(t), colour)])"),
    ('forall Shop s where Near(s, `A`) as n; Rated(s, 4,); Named(s, "x")', "Selector([Declaration(Shop, "
        "Variable(s))], [], [PredicateRelation(Near, [Variable(s), Variable(A, True)], n), "
        "PredicateRelation(Rated, [Variable(s), Literal(4)]), PredicateRelation(Named, [Variable(s), Literal(x)])])"),
    ("forall Road r where r := Street(s, t); r := q; r := f()", "Selector([Declaration(Road, Variable(r))], [], "
        "[BindingRelation(Variable(r), Street, [Variable(s), Variable(t)]), BindingRelation(Variable(r), , "
        "[Variable(q)]), BindingRelation(Variable(r), f)])"),
    ("collect Shop s into xs", "Collector(Declaration(Shop, Variable(s)), Variable(xs))"),
    ("collect repeatable Shop s into ss foreach Road r where Near(s, r) with Shop t",
        "Collector(Declaration(Shop, Variable(s)), Variable(ss), [Declaration(Shop, Variable(t))], "
        "[PredicateRelation(Near, [Variable(s), Variable(r)])], [Declaration(Road, Variable(r))], True)"),
    ("collect Shop into into has", "Collector(Declaration(Shop, Variable(into)), Variable(has))"),
    ("forall has has where has has label", "Selector([Declaration(has, Variable(has))], [], "
        "[FieldRelation(Variable(has), label)])"),
    ("forall then then", "Selector([Declaration(then, Variable(then))])"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tree"), HEADERS)
def test_a_header_is_this_record(text: str, tree: str):
    assert header(text) == tree


def test_layout_lines_and_blocks_come_in_order():
    assert items("layout = one\n a { }\nlayout = [one,\n two,] b{}") == [
        "Layout([one])", "Block(Namespace(a))", "Layout([one, two])", "Block(Namespace(b))"
    ]  # fmt: skip


def test_an_empty_text_has_no_items():
    assert items("") == items("\ufeff -- nothing\n\n/* at all */") == []


def test_several_texts_are_joined_and_keep_their_places():
    style = read_style([("layout = one", "a.style"), ("\n  a { }", "b.style")])
    assert isinstance(style, Style)
    assert [item.place for item in style.items] == [Place("a.style", 1, 1), Place("b.style", 2, 3)]
    assert isinstance(style.items[0], Layout)


def test_each_record_has_the_place_of_its_first_character():
    (block,) = read_style([("forall Shop s {\n  vec2 s.p = (1 + a.b, -f(2))\n}", "town.style")]).items
    assert isinstance(block, Block)
    (statement,) = block.statements
    assert isinstance(statement, Assign)
    places: dict[str, Place] = {}

    def visit(node: object) -> None:
        if isinstance(node, tuple):
            for n in node:
                visit(n)
        elif hasattr(node, "place"):
            places[shown(node)] = node.place  # pyright: ignore[reportAttributeAccessIssue]
            for name in node.__slots__:  # pyright: ignore[reportAttributeAccessIssue]
                visit(getattr(node, name))

    visit(statement.value)
    assert {tree: place.column for tree, place in places.items()} == {
        shown(statement.value): 14,
        "Binary(+, Constant(1), PathName(Variable(a), [b]))": 15,
        "Constant(1)": 15,
        "PathName(Variable(a), [b])": 19,
        "Variable(a)": 19,
        "Unary(-, Call(f, [Constant(2)]))": 24,
        "Call(f, [Constant(2)])": 25,
        "Constant(2)": 27,
    }
    assert (statement.path.place.column, statement.place.column, block.header.place.column) == (8, 3, 1)


def test_every_trio_of_the_collection_parses():
    if not TRIOS.exists():
        pytest.skip("the collection of trios is not beside the repository")
    objects, read = 0, dict[str, object]()
    for trio in json.loads((TRIOS / "index.json").read_text(encoding="utf-8")):
        text = {f: (TRIOS / "files" / f).read_text(encoding="utf-8") for f in (trio["domain"], trio["substance"])}
        domain = read_domain(text[trio["domain"]], trio["domain"])
        objects += len(read_substance(text[trio["substance"]], trio["substance"], domain).objects)
        for file in trio["style"]:
            if file not in read:
                read[file] = read_style([((TRIOS / "files" / file).read_text(encoding="utf-8"), file)])
    assert len(read) > 50 and objects > 2000
