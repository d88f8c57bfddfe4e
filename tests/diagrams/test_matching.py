"""Matches of headers: those of nested loops over everything, in that order, without the cost."""

import itertools
import random

import pytest

from rosesim.diagrams.style.headers import CheckedHeader, checked
from rosesim.diagrams.style.matching import NO_STATEMENT, Match, Matcher, Rows, grouped, joined
from rosesim.diagrams.syntax import (
    Binding,
    BindingRelation,
    Declaration,
    Domain,
    FieldRelation,
    Label,
    Literal,
    Predicate,
    PredicateRelation,
    Relation,
    Selector,
    Signature,
    Substance,
    Variable,
)


def domain() -> Domain:
    """Shops, some of them cafes, roads between them."""
    return Domain(
        types=dict.fromkeys(("Shop", "Cafe", "Road")),  # pyright: ignore[reportArgumentType]  # places do not matter
        supertypes={
            "Shop": frozenset({"Shop"}),
            "Cafe": frozenset({"Cafe", "Shop"}),
            "Road": frozenset({"Road"}),
            "String": frozenset({"String"}),
            "Number": frozenset({"Number"}),
        },
        predicates={
            "Near": Signature("Near", ("Shop", "Shop"), symmetric=True),
            "Before": Signature("Before", ("Shop", "Shop")),
            "Rated": Signature("Rated", ("Shop", "Number")),
        },
        constructors={"Street": Signature("Street", ("Shop", "Shop"), "Road")},
    )


def substance(objects: str, *statements: Predicate | Binding, labels: dict[str, Label] | None = None) -> Substance:
    """Objects "a b: Shop; r: Road"."""
    found = Substance(statements=list(statements))
    for group in objects.split("; "):
        names, type_ = group.split(": ")
        found.objects.update(dict.fromkeys(names.split(), type_))
    found.labels = dict.fromkeys(found.objects, Label()) | (labels or {})
    for statement in statements:
        found.literals.extend(a for a in statement.args if isinstance(a, Literal) and a not in found.literals)
    return found


def selector(declared: str, *where: Relation, repeatable: bool = False) -> Selector:
    """A header "Shop s; Cafe t"."""
    rows = [d.split() for d in declared.split("; ")]
    return Selector(tuple(Declaration(t, variable(v)) for t, v in rows), where=where, repeatable=repeatable)


def variable(name: str) -> Variable:
    return Variable(name.strip("`"), name.startswith("`"))


def relation(name: str, *args: str | float, alias: str = "") -> PredicateRelation:
    made = tuple(variable(a) if isinstance(a, str) else Literal(a) for a in args)
    return PredicateRelation(name, made, alias)


def found(header: Selector, text: Substance) -> list[Match]:
    check, faults = checked(header, domain())
    assert faults == []
    return Matcher(domain(), text).matches(check)


def pairs(matches: list[Match], *names: str) -> list[str]:
    return ["".join(str(m[n]) for n in names) for m in matches]


def test_two_variables_of_a_type_match_each_pair_once_the_earlier_first():
    assert pairs(found(selector("Shop s; Shop t"), substance("a b c: Shop")), "s", "t") == ["ab", "ac", "bc"]


def test_a_repeatable_header_also_matches_an_object_twice():
    text = substance("a b: Shop")
    assert pairs(found(selector("Shop s; Shop t", repeatable=True), text), "s", "t") == ["aa", "ab", "bb"]


def test_a_variable_matches_subtypes_too():
    assert pairs(found(selector("Shop s"), substance("a: Shop; b: Cafe; r: Road")), "s") == ["a", "b"]
    assert pairs(found(selector("Cafe s"), substance("a: Shop; b: Cafe; r: Road")), "s") == ["b"]


def test_a_symmetric_predicate_matches_both_ways_but_a_statement_only_once():
    text = substance("a: Shop; b: Cafe", Predicate("Near", ("a", "b")))
    assert pairs(found(selector("Shop s; Shop t", relation("Near", "s", "t")), text), "s", "t") == ["ab"]
    assert pairs(found(selector("Cafe s; Shop t", relation("Near", "s", "t")), text), "s", "t") == ["ba"]


def test_a_predicate_that_is_stated_twice_matches_twice():
    text = substance("a b: Shop", Predicate("Before", ("a", "b")), Predicate("Before", ("a", "b")))
    assert len(found(selector("Shop s; Shop t", relation("Before", "s", "t")), text)) == 2


def test_an_alias_is_named_after_the_statement_and_skips_literals():
    text = substance("a: Shop", Predicate("Rated", ("a", Literal(3.0))))
    assert found(selector("Shop s", relation("Rated", "s", 3.0, alias="p")), text) == [{"s": "a", "p": "Rated_a"}]
    assert found(selector("Shop s", relation("Rated", "s", 4.0, alias="p")), text) == []


def test_an_undeclared_name_where_a_number_is_expected_is_a_variable():
    text = substance("a: Shop", Predicate("Rated", ("a", Literal(3.0))))
    assert found(selector("Shop s", relation("Rated", "s", "n")), text) == [{"s": "a", "n": Literal(3.0)}]


def test_a_variable_of_a_literal_type_ranges_over_the_literals():
    text = substance("a: Shop", Predicate("Rated", ("a", Literal(3.0))), Predicate("Rated", ("a", Literal(1.0))))
    assert [m["n"] for m in found(selector("Number n"), text)] == [Literal(3.0), Literal(1.0)]


def test_a_name_in_backticks_is_that_object():
    text = substance("a b: Shop")
    assert pairs(found(selector("Shop `b`; Shop t"), text), "`b`", "t") == ["ba"]
    assert found(selector("Shop `z`"), text) == []


def test_a_binding_matches_constructor_and_arguments():
    text = substance("a b: Shop; r q: Road", Binding("r", "Street", ("a", "b")), Binding("q", "", ("r",)))
    street = BindingRelation(variable("x"), "Street", (variable("s"), variable("t")))
    assert pairs(found(selector("Road x; Shop s; Shop t", street), text), "x", "s", "t") == ["rab"]
    plain = BindingRelation(variable("x"), "", (variable("y"),))
    assert pairs(found(selector("Road x; Road y", plain), text), "x", "y") == ["qr"]


@pytest.mark.parametrize(("kind", "expected"), [("", ["a", "b"]), ("math", ["a"]), ("text", ["b"])])
def test_a_label_is_asked_for_by_its_kind(kind: str, expected: list[str]):
    labels = {"a": Label("x", "math"), "b": Label("y", "text"), "c": Label()}
    text = substance("a b c: Shop", labels=labels)
    assert pairs(found(selector("Shop s", FieldRelation(variable("s"), "label", kind)), text), "s") == expected


def test_groups_keep_the_order_of_first_appearance_and_repetitions():
    matches: list[Match] = [{"x": "a", "u": "p"}, {"x": "b", "u": "q"}, {"x": "a", "u": "p"}]
    assert grouped(matches, "x", ["u"]) == [({"u": "p"}, ["a", "a"]), ({"u": "q"}, ["b"])]
    assert grouped(matches, "x", []) == [({}, ["a", "b", "a"])]
    assert grouped([], "x", []) == []


def nested_loops(lists: list[Rows], repeatable: bool) -> list[Match]:
    """Section 5 of the language as it is written, at the cost of a cross product."""
    results: list[Match] = []
    seen: set[object] = set()
    for choice in itertools.product(*(range(len(rows.rows)) for rows in lists)):
        match: Match = {}
        chosen = [(rows, i) for rows, i in zip(lists, choice, strict=True)]
        if not lists or any(
            match.setdefault(v, o) != o
            for rows, i in chosen
            for v, o in zip(rows.variables, rows.rows[i], strict=True)
        ):
            continue
        used = frozenset(rows.used[i] for rows, i in chosen) - {NO_STATEMENT}
        if (used, frozenset(match.values())) in seen:
            continue
        seen.add((used, frozenset(match.values())))
        if repeatable or len(set(match.values())) == len(match):
            results.append(match)
    return results


@pytest.mark.parametrize("seed", range(60))
def test_joins_give_the_results_of_nested_loops_in_their_order(seed: int):
    rng = random.Random(seed)
    lists: list[Rows] = []
    for _ in range(rng.randint(1, 3)):
        names = tuple(rng.sample("uvwxyz", rng.randint(1, 2)))
        rows = [tuple(rng.choice("abcd") for _ in names) for _ in range(rng.randint(1, 6))]
        lists.append(Rows(names, list(rows), [rng.randint(0, 3) for _ in rows]))
    taken = {v for rows in lists for v in rows.variables}
    for name in [v for v in "uvwxyz" if v not in taken][: rng.randint(0, 3)]:
        objects = rng.choice(["abcd", "abc"])
        lists.append(Rows((name,), [(o,) for o in objects], [NO_STATEMENT] * len(objects), True))
    for repeatable in (False, True):
        assert joined(lists, repeatable) == nested_loops(lists, repeatable)


def test_lists_without_a_common_variable_do_not_multiply_before_a_third_connects_them():
    n = 3000
    chain = [Predicate("Before", (f"o{i}", f"o{i + 1}")) for i in range(n)]
    text = substance(" ".join(f"o{i}" for i in range(n + 1)) + ": Shop", *chain)
    where = (relation("Before", "a", "b"), relation("Before", "c", "d"), relation("Before", "b", "c"))
    matches = found(selector("Shop a; Shop b; Shop c; Shop d", *where), text)
    assert len(matches) == n - 2
    assert matches[0] == {"a": "o0", "b": "o1", "c": "o2", "d": "o3"}


def test_no_list_means_no_match():
    assert Matcher(domain(), substance("a: Shop")).matches(CheckedHeader()) == []
