"""A header that cannot match is refused, at its place, and its block is skipped."""

import pytest
from diagrams_style_kit import SHOPS, mistake, mistakes, plain, problem, shape


def blocks(header: str) -> str:
    return f"{header} {{\n  nothing.anywhere.at.all = 1\n}}\n"


@pytest.mark.parametrize(
    ("header", "kind", "said"),
    [
        ("forall Shp s", "TypeNotFound", "type Shp is not declared; did you mean Shop?"),
        ("forall Shop s; Cafe s", "SelectorVarMultipleDecl", "variable s is declared twice in this header"),
        ("collect Shop s into s", "SelectorVarMultipleDecl", "variable s is declared twice"),
        ("forall Shop s where Naer(s, s)", "VarNotFound", "predicate Naer is not declared; did you mean Near?"),
        ("forall Shop s where Near(s)", "ArgLengthMismatch", "Near takes 2 arguments; found 1"),
        ("forall Shop s where Near(s, t)", "VarNotFound", "variable t is not declared in this header"),
        ("forall Shop s; Road r where Near(s, r)", "TypeMismatch", "argument 2 of Near is a Road; expected a Shop"),
        ("forall Shop s where Near(s, 3)", "TypeMismatch", "argument 2 of Near is a Number; expected a Shop"),
        ("forall Shop s; Road r where r := Steet(s, s)", "VarNotFound", "did you mean Street?"),
        (
            "forall Shop s; Shop r where r := Street(s, s)",
            "TypeMismatch",
            "r is a Shop, but the right side is a Road",
        ),
        ("forall Shop s; Road r where s := r", "TypeMismatch", "s is a Shop, but the right side is a Road"),
        ("forall Shop s where s has color", "SelectorFieldNotSupported", "only ask for a label; found `has color`"),
        (
            "forall Shop s where Near(s, s) as s",
            "SelectorAliasNamingError",
            "alias s is the name of a variable already",
        ),
        ("forall Shop s where Near(s, s) as Near", "SelectorAliasNamingError", "Near is the name of a predicate"),
        ("forall Shop s where Near(s, s) as Road", "SelectorAliasNamingError", "Road is the name of a type already"),
        ("forall Shop s where Near(s, s) as n; Near(s, s) as n", "SelectorAliasNamingError", "name of an alias"),
    ],
)
def test_a_header_that_makes_no_sense_is_one_sentence(header: str, kind: str, said: str):
    found, text = mistake(blocks(header))
    assert found == kind
    assert said in text
    assert text.startswith("shops.style:5:")


def test_headers_are_checked_without_a_match_but_their_blocks_are_not():
    assert problem("forall Road r {\n  r.icon = Blob { q: nofunction(1) }\n  ensure nothing(r)\n}\n").inputs == []
    assert [kind for kind, _ in mistakes(blocks("forall Shp s") + blocks("forall Rd r"), "Shop a")] == [
        "TypeNotFound"
    ] * 2


def test_a_subtype_may_stand_where_its_supertype_is_expected():
    p = problem("forall Cafe s; Shop t where Near(s, t) {\n  s.icon = Text {}\n}\n", "Cafe a\nShop b\nNear(b, a)")
    assert [s.name for s in p.shapes] == ["`a`.icon"]


def test_a_collector_runs_once_a_group_with_its_members_in_order():
    style = """
collect Shop s into xs where Rated(s, n) foreach Number n {
  total = numberof xs
  all = listof size from xs
  n.icon = Circle {
    r: total
    center: (all[0], sum(all))
  }
}
forall Shop s {
  s.size = match_id
}
"""
    p = problem(style, SHOPS + "\nRated(c, 5)\nRated(b, 7)\nRated(a, 5)")
    assert shape(p, "lit(5).icon").properties["r"] == 2.0
    assert plain(shape(p, "lit(5).icon").properties["center"]) == [3.0, 4.0]
    assert plain(shape(p, "lit(7).icon").properties["center"]) == [2.0, 2.0]


def test_names_other_than_those_of_foreach_stay_outside_a_collector():
    kind, text = mistake("collect Shop s into xs {\n  it = s.label\n}\n")
    assert kind == "MissingPathError"
    assert "s.label does not exist" in text
