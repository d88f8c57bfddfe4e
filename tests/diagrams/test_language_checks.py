"""Domain and Substance: what they say, and each mistake that their checks find, with its sentence."""

import pytest
from language_kit import mistake, shops, town

from rosesim.diagrams.errors import Place
from rosesim.diagrams.language import read_domain, read_substance
from rosesim.diagrams.syntax import Binding, Label, Literal, Predicate, Signature


def domain(text: str):
    return read_domain(text, "shops.domain")


def test_a_domain_has_its_types_in_order_and_what_stands_above_each():
    found = shops()
    assert list(found.types) == ["Shop", "Cafe", "Road", "Thing"]
    assert found.types["Cafe"] == Place("shops.domain", 3, 6)
    assert found.supertypes == {
        "String": {"String"},
        "Number": {"Number"},
        "Shop": {"Shop"},
        "Cafe": {"Cafe", "Shop"},
        "Road": {"Road", "Thing"},
        "Thing": {"Thing"},
    }


def test_subtypes_reach_over_several_steps():
    found = domain("type A\ntype B <: A\ntype C\ntype D <: B, C,\nC <: B")
    assert found.supertypes["D"] == {"A", "B", "C", "D"}
    assert found.is_subtype("C", "A") and not found.is_subtype("A", "C")


def test_a_chain_of_types_as_long_as_a_text_allows_needs_no_recursion():
    text = "type T0\n" + "".join(f"type T{i} <: T{i - 1}\n" for i in range(1, 900))
    assert len(domain(text).supertypes["T899"]) == 900
    backwards = "".join(f"type T{i}\n" for i in range(900)) + "".join(f"T{i} <: T{i + 1}\n" for i in range(899))
    assert len(domain(backwards).supertypes["T0"]) == 900


def test_predicates_functions_and_constructors_have_their_signatures():
    found = shops()
    assert found.predicates["Near"] == Signature(
        "Near", ("Shop", "Shop"), "", True, Place("shops.domain", 7, 1)
    )  # fmt: skip
    assert found.predicates["Rated"].args == ("Shop", "Number")
    assert found.constructors["Street"].result == "Road"
    assert (found.functions["Between"].args, found.functions["Between"].result) == (("Shop", "Shop"), "Shop")


def test_a_constructor_without_a_result_makes_the_type_of_its_name():
    found = domain("type Pair\nconstructor Pair(Pair a, String b)\npredicate Pair()")
    assert found.constructors["Pair"].result == "Pair"
    assert found.predicates["Pair"].args == ()  # three separate name spaces


def test_types_that_are_each_others_subtypes_are_a_circle_even_with_a_symmetric_predicate():
    text = "type A\ntype B <: A\nA <: B\nsymmetric predicate P(A, B)"
    assert mistake(domain, text)[0] == "CyclicSubtypes"


DOMAIN_MISTAKES = [
    ("type A\n\ntype A", "TypeDeclared",
        "3:6: type A is declared twice, first in line 1; take one away or rename it"),
    ("type String", "TypeDeclared", "1:6: type String is built in; give this type another name"),
    ("type Shop\npredicate P(Shp s)", "TypeNotFound", "2:13: type Shp is not declared; did you mean Shop?"),
    ("type Shop\nfunction f(Shop) -> Road", "TypeNotFound",
        "2:21: type Road is not declared; declare it above by `type Road`"),
    ("type A <: B\ntype B", "TypeNotFound", "1:11: type B is not declared; declare it above by `type B`"),
    ("constructor Foo()", "TypeNotFound",
        "1:13: constructor Foo names no result, so it makes type Foo, which is not declared; write `->` and a type "
        "after it"),
    ("predicate P()\npredicate P()", "DuplicateName",
        "2:11: predicate P is declared twice, first in line 1; take one away or rename it"),
    ("type A\nfunction f() -> A\nfunction f() -> A", "DuplicateName",
        "3:10: function f is declared twice, first in line 2; take one away or rename it"),
    ("type A\nconstructor A()\nconstructor A()", "DuplicateName",
        "3:13: constructor A is declared twice, first in line 2; take one away or rename it"),
    ("type A\ntype B <: A\nA <: B", "CyclicSubtypes",
        "3:1: types are subtypes in a circle: A <: B <: A; take one of these away"),
    ("type A <: A", "CyclicSubtypes", "1:6: types are subtypes in a circle: A <: A; take one of these away"),
    ("type A <: Number", "SubOrSuperLiteralTypeError",
        "1:11: type Number is of literals and has no subtypes or supertypes; use a declared type"),
    ("type A\nString <: A", "SubOrSuperLiteralTypeError",
        "2:1: type String is of literals and has no subtypes or supertypes; use a declared type"),
    ("function f() -> Number", "OutputLiteralTypeError",
        "1:17: function f cannot make a Number, which only literals are; expected a declared type"),
    ("type A\nsymmetric predicate P(A, A, A)", "SymmetricArgLengthMismatch",
        "2:21: symmetric predicate P has 3 arguments; expected 2"),
    ("type A\ntype B\nsymmetric predicate P(A, B)", "SymmetricTypeMismatch",
        "3:26: symmetric predicate P has arguments of types A and B; expected one type"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "sentence"), DOMAIN_MISTAKES)
def test_a_mistake_in_a_domain_is_told(text: str, kind: str, sentence: str):
    assert mistake(domain, text) == (kind, sentence)


def test_a_substance_has_its_objects_statements_and_literals():
    found = town(
        'Shop a, b\nCafe c,\nRoad r := Street(a, c)\nNear(a, b)\nRated(a, -4.5)\nNamed(b, "x")\nRated(b, 4)\n'
        "Rated(c, 4.0)\na := c\nb := Between(a, c)"
    )
    assert found.objects == {"a": "Shop", "b": "Shop", "c": "Cafe", "r": "Road"}
    assert found.places["b"] == Place("town.substance", 1, 9)
    assert found.literals == [Literal(-4.5), Literal("x"), Literal(4.0)]
    assert found.statements == [
        Binding("r", "Street", ("a", "c"), Place("town.substance", 3, 1)),
        Predicate("Near", ("a", "b"), Place("town.substance", 4, 1)),
        Predicate("Rated", ("a", Literal(-4.5)), Place("town.substance", 5, 1)),
        Predicate("Named", ("b", Literal("x")), Place("town.substance", 6, 1)),
        Predicate("Rated", ("b", Literal(4.0)), Place("town.substance", 7, 1)),
        Predicate("Rated", ("c", Literal(4.0)), Place("town.substance", 8, 1)),
        Binding("a", "", ("c",), Place("town.substance", 9, 1)),
        Binding("b", "Between", ("a", "c"), Place("town.substance", 10, 1)),
    ]


def test_let_declares_an_object_of_the_type_that_is_called():
    found = read_substance("Let p := P()", "p.substance", domain("type P\nconstructor P()"))
    assert found.objects == {"p": "P"}


LABELS = [
    ("", {"a": Label(), "b": Label()}),
    (r"Label a $\alpha_1 -- x$", {"a": Label(r"\alpha_1 -- x", "math"), "b": Label()}),
    ('Label b "a $ b"', {"a": Label(), "b": Label("a $ b", "text")}),
    ("AutoLabel a, b\nNoLabel a", {"a": Label(), "b": Label("b", "math")}),
    ('Label a "x"\nAutoLabel All', {"a": Label("a", "math"), "b": Label("b", "math")}),
    ('AutoLabel All\nLabel a "x"\nNoLabel b', {"a": Label("x", "text"), "b": Label()}),
]


@pytest.mark.parametrize(("text", "labels"), LABELS)
def test_label_statements_apply_in_order(text: str, labels: dict[str, Label]):
    assert town(f"Shop a, b\n{text}").labels == labels


def test_labelling_all_takes_objects_that_come_later_too():
    assert town("AutoLabel All\nShop a").labels == {"a": Label("a", "math")}


INDEXED = [
    ("Shop s_k for k in [1, 3]", ["s_1", "s_2", "s_3"], []),
    ("Shop s_i, t_j for i in [0, 1], j in [-1, 0] where i == 0 || j < 0", None, []),
    ("Shop s_k for k in [2, 1]", [], []),
    ("Shop s_i_j for i in [0, 0], j in [7, 7]", ["s_i_7"], []),
    ("Shop s_1\nShop s_2\nNear(s_i, s_02) for i in [1, 1]", ["s_1", "s_2"], [("s_1", "s_2")]),
    ("Shop s_k for k in [1, 2]\nRated(s_k, k) for k in [1, 2]", ["s_1", "s_2"], [("s_1", 1.0), ("s_2", 2.0)]),
    ("Shop a\nNamed(a, \"a_k\") for k in [1, 2]", ["a"], [("a", "a_k"), ("a", "a_k")]),
    ("Shop a, k\nRated(a, k) for k in [5, 5]", ["a", "k"], [("a", 5.0)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "objects", "args"), INDEXED)
def test_an_index_set_writes_its_statement_out(text: str, objects: list[str] | None, args: list[tuple[object, ...]]):
    if objects is None:
        assert mistake(town, text)[0] == "DuplicateName"  # t_-1 for each i
        return
    found = town(text)
    assert list(found.objects) == objects
    stated = [tuple(a.value if isinstance(a, Literal) else a for a in s.args) for s in found.statements]
    assert stated == args


CONDITIONS = [
    ("i < j", [(0, 1), (0, 2), (1, 2)]),
    ("j == i mod 3 + 1", [(0, 1), (1, 2)]),
    ("i ^ 2 == j * 1", [(0, 0), (1, 1)]),
    ("1 + i * 2 == j", [(0, 1)]),
    ("i - 1 - 1 == j - 2", [(0, 0), (1, 1), (2, 2)]),
    ("2 ^ i ^ 2 == j - 2 || i + j == 4 && i == j", [(2, 2)]),
    ("!(i != j) && !false", [(0, 0), (1, 1), (2, 2)]),
    ("-i >= -j && (i > 1 || true)", [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]),
    ("i <= 0.000001 && j > 1", [(0, 2)]),
    ("i > 0 && 2 / i == j", [(1, 2), (2, 1)]),
    ("(i - 2) % 2 == -1 && (i-2) mod 2 == -1", [(1, 0), (1, 1), (1, 2)]),
]


@pytest.mark.parametrize(("condition", "pairs"), CONDITIONS)
def test_a_condition_chooses_tuples(condition: str, pairs: list[tuple[int, int]]):
    statement = f"Near(s_i, t_j) for i in [0, 2], j in [0, 2] where {condition}"
    found = town(f"Shop s_i, t_i for i in [0, 2]\n{statement}")
    assert [s.args for s in found.statements] == [(f"s_{i}", f"t_{j}") for i, j in pairs]


def test_all_tuples_of_large_index_sets_are_asked_and_in_order():
    found = town("Shop s_i for i in [0, 999], j in [0, 999] where j == 7 && i % 400 == 1")
    assert list(found.objects) == ["s_1", "s_401", "s_801"]


SUBSTANCE_MISTAKES = [
    ("Shp a", "TypeNotFound", "1:1: type Shp is not declared in the Domain; did you mean Shop?"),
    ("Hill a", "TypeNotFound", "1:1: type Hill is not declared in the Domain; declare it there by `type Hill`"),
    ("Number n", "DeclLiteralError",
        "1:1: n is declared with type Number, whose objects are literals and have no names; write the literal itself "
        "where it is used"),
    ("Shop a\nRoad b, a", "DuplicateName",
        "2:9: object a is declared twice, first in line 1; take one away or rename it"),
    ("Shop abc\nNear(abc, abd)", "VarNotFound", "2:11: object abd is not declared; did you mean abc?"),
    ("Shop a\nNear(a, xyz)", "VarNotFound",
        "2:9: object xyz is not declared; write its type and `xyz` in a line above"),
    ("r := Street(a, b)", "VarNotFound", "1:1: object r is not declared; write its type and `r` in a line above"),
    ("Label b $x$", "VarNotFound", "1:7: object b is not declared; write its type and `b` in a line above"),
    ("Near(a, b)\nShop a, b", "VarNotFound",
        "1:6: object a is not declared; write its type and `a` in a line above"),
    ("Shop a\nNaer(a, a)", "TypeNotFound", "2:1: predicate Naer is not declared in the Domain; did you mean Near?"),
    ("Shop a\nStreet(a, a)", "TypeNotFound",
        "2:1: predicate Street is not declared in the Domain; it makes an object, so write a name and `:=` before "
        "it"),
    ("Shop a\nShop b := Near(a, a)", "TypeNotFound",
        "2:11: Near is no constructor or function of the Domain; it is a predicate there, so write it without `:=`"),
    ("Let r := Stret()", "TypeNotFound",
        "1:10: Stret is no constructor or function of the Domain; did you mean Street?"),
    ("Shop a\nNear(a)", "ArgLengthMismatch", "2:1: Near has 1 argument here; expected 2: (Shop, Shop)"),
    ("Shop a\nRoad r := Street(a, a, a)", "ArgLengthMismatch",
        "2:11: Street has 3 arguments here; expected 2: (Shop, Shop)"),
    ("Shop a\nRoad r\nNear(a, r)", "TypeMismatch",
        "3:9: argument 2 of Near is r, of type Road; expected type Shop"),
    ("Shop a\nRated(a, \"x\")", "TypeMismatch",
        "2:10: argument 2 of Rated is \"x\", of type String; expected type Number"),
    ("Shop a\nNear(a, 3)", "TypeMismatch", "2:9: argument 2 of Near is 3, of type Number; expected type Shop"),
    ("Shop a, b\nShop r := Street(a, b)", "TypeMismatch",
        "2:6: r has type Shop, but Street(...) makes a Road; expected type Shop or one below it"),
    ("Shop a\nCafe c\nc := a", "TypeMismatch",
        "3:1: c has type Cafe, but a has type Shop; expected type Cafe or one below it"),
    ("Shop s_i for i in [1, 2.5]", "BadSetIndexRangeError",
        "1:23: index i has the bound 2.5; expected a whole number"),
    ("Shop s_i for i in [1, 1e17]", "BadSetIndexRangeError",
        "1:23: index i has the bound 1e17; expected at most 9,007,199,254,740,992"),
    ("Shop s_i for i in [0, 1e9]", "BadSetIndexRangeError",
        "1:14: the index sets up to here run through 1,000,000,001 tuples; expected at most 2,000,000; take smaller "
        "ranges"),
    ("Shop s_i for i in [0, 1e9], j in [0, 1e9]", "BadSetIndexRangeError",
        "1:14: the index sets up to here run through more than a trillion tuples; expected at most 2,000,000; take "
        "smaller ranges"),
    ("Shop s_i for i in [0, 100000]", "BadSetIndexRangeError",
        "1:14: the index sets up to here write out more than 100,000 names and arguments; take smaller ranges"),
    ("Shop s_i, t_i, u_i, v_i for i in [0, 40000] where i % 2 == 0 || i > 30000 ", "BadSetIndexRangeError",
        "1:29: the index sets up to here write out more than 100,000 names and arguments; take smaller ranges"),
    ("Shop s_i for i in [1, 3], i in [1, 2]", "DuplicateIndexError",
        "1:27: index i stands twice in this index set; give the second another name"),
    ("Shop s_j for i in [1, 3]", "InvalidSetIndexingError",
        "1:6: s_j ends in `_j`, which names no index; expected i or a number after `_`"),
    ("Shop s_i for i in [1, 3] where j < 2", "VarNotFound",
        "1:32: j is not an index of this statement; expected i"),
    ("Shop s_i for i in [1, 3] where 1 / (i-1) > 0", "DivideByZeroError",
        "1:34: 1 / 0 divides by zero; exclude this case by a condition before it"),
    ("Shop s_i for i in [1, 3] where i mod 0 > 0", "DivideByZeroError",
        "1:34: 1 mod 0 divides by zero; exclude this case by a condition before it"),
    ("Shop s_i for i in [1, 3] where (0 - i) ^ 0.5 > 0", "InvalidArithmeticValueError",
        "1:40: -1 ^ 0.5 is not a number that can be computed with; exclude this case by a condition before it"),
    ("Shop s_i for i in [1, 3] where 10 ^ (i * 200) > 0", "InvalidArithmeticValueError",
        "1:35: 10 ^ 400 is not a number that can be computed with; exclude this case by a condition before it"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "sentence"), SUBSTANCE_MISTAKES)
def test_a_mistake_in_a_substance_is_told(text: str, kind: str, sentence: str):
    assert mistake(town, text) == (kind, sentence)
