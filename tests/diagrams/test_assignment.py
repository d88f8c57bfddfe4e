"""The table path -> expression: who is overwritten, deleted, out of reach."""

import pytest
from diagrams_style_kit import SHOPS, mistake, mistakes, plain, problem, shape

from rosesim.diagrams.scalars import Scalar

ICON = "forall Shop s {\n  s.icon = Circle {\n    r: 3\n  }\n}\n"


def radius(style: str, path: str = "`a`.icon") -> float:
    p = problem(style)
    return plain(shape(p, path).properties["r"], p.x0)


def kinds(style: str) -> list[str]:
    return [w.kind for w in problem(style).warnings]


def test_a_later_property_replaces_the_former_with_one_warning_a_place():
    style = ICON + "forall Shop s {\n  s.icon.r = 5\n}\n"
    assert radius(style) == 5.0
    (warning,) = problem(style).warnings
    assert warning.kind == "ImplicitOverrideWarning"
    assert (
        str(warning)
        == "shops.style:11:3: `a`.icon.r is assigned a second time; write `override` before it if that is meant"
    )


def test_an_override_gives_no_warning_and_reaches_readers_above():
    style = "size {\n  r = 3\n}\nforall Shop s {\n  s.icon = Circle {\n    r: size.r\n  }\n}\n"
    over = style + "forall Shop `a` {\n  override size.r = 8\n}\n"
    assert radius(over, "`b`.icon") == 8.0
    assert kinds(over) == []
    assert kinds(style + "forall Shop `a` {\n  size.r = 8\n}\n") == ["ImplicitOverrideWarning"]


def test_deleting_what_is_not_there_is_a_warning():
    assert kinds("forall Shop s {\n  delete s.nothing\n}\n") == ["NoopDeleteWarning"]
    assert kinds("forall Shop s {\n  override s.nothing = 1\n}\n") == ["NoopDeleteWarning"]
    assert kinds(ICON + "forall Shop s {\n  delete s.icon.fillColor\n}\n") == []


def test_a_deleted_property_has_its_drawn_default_again():
    p = problem(ICON + "forall Shop s {\n  delete s.icon.r\n}\n")
    r = shape(p, "`a`.icon").properties["r"]
    assert isinstance(r, Scalar)
    assert p.inputs[r.index].what == "r"


def test_a_deleted_shape_is_not_drawn():
    assert problem(ICON + "forall Shop s {\n  delete s.icon\n}\n").shapes == []


def test_each_match_counts_itself_and_all():
    style = "forall Shop s {\n  s.icon = Circle {\n    center: (match_id, match_total)\n  }\n}\n"
    p = problem(style)
    assert [plain(shape(p, f"`{o}`.icon").properties["center"]) for o in "abc"] == [[1, 3], [2, 3], [3, 3]]


def test_local_names_are_those_of_one_block_and_match():
    style = ICON + "forall Shop s {\n  mine = match_id\n  override s.icon.r = mine * 10\n}\n"
    assert [radius(style, f"`{o}`.icon") for o in "abc"] == [10.0, 20.0, 30.0]
    kind, text = mistake(style + "forall Shop s {\n  override s.icon.r = mine\n}\n")
    assert kind == "MissingPathError"
    assert "mine does not exist: mine is no variable, no local name, and no namespace above" in text


def test_a_namespace_is_unknown_above_its_block():
    kind, text = mistake("forall Shop s {\n  s.x = later.y\n}\nlater {\n  y = 1\n}\n")
    assert kind == "MissingPathError"
    assert "later.y does not exist" in text


def test_a_local_name_hides_behind_a_namespace_of_that_name():
    kind, _ = mistake("size {\n  r = 1\n}\nforall Shop s {\n  size = 3\n}\n")
    assert kind == "AssignGlobalError"


@pytest.mark.parametrize(
    ("statement", "kind", "said"),
    [
        ("canvas = 1", "AssignGlobalError", "canvas is a namespace; expected canvas.field"),
        ("s = 1", "AssignSubstanceError", "s is an object; expected s.field"),
        ("s.x[0] = 1", "AssignAccessError", "an element cannot be assigned alone"),
        ("delete canvas", "DeleteGlobalError", "canvas is a namespace; expected canvas.field"),
        ("delete s", "DeleteSubstanceError", "s is an object; expected s.field"),
        ("s.icn.r = 1", "MissingShapeError", "`a`.icn does not exist, so it has no property r; did you mean icon?"),
        ("mine.r = 1", "MissingShapeError", ": mine does not exist, so it has no property r; expected a shape there"),
        ("s.label.r = 1", "NotShapeError", "`a`.label is not a shape, so it has no property r"),
        ("delete s.label.r", "NotShapeError", "`a`.label is not a shape"),
        ("s.icon.r = Circle {}", "NestedShapeError", "a shape cannot be the value of property `a`.icon.r"),
        ("s.icon.r = ensure 1 < 2", "NotValueError", "has no value for property `a`.icon.r"),
        ("s.icon.r.x = 1", "NonWellFormedPathError", "path s.icon.r.x is too long"),
        ("mine.r.x = 1", "NonWellFormedPathError", "path mine.r.x is too long"),
        ("s.x = s.icon.r.x", "NonWellFormedPathError", "path s.icon.r.x is too long"),
        ("s.x = `b`.icon", "UndeclaredSubVarError", "`b` is not declared in the header of this block"),
        ("s.blob = Cirle {}", "InvalidGPITypeError", "no shape is called Cirle; did you mean Circle?"),
        ("s.blob = Qqqq {}", "InvalidGPITypeError", "no shape is called Qqqq; there are Circle, Ellipse"),
    ],
)
def test_a_senseless_statement_is_one_sentence_for_all_matches(statement: str, kind: str, said: str):
    found, text = mistake(ICON + f"forall Shop s {{\n  {statement}\n}}\n")
    assert found == kind
    assert said in text
    assert text.startswith("shops.style:11:")


@pytest.mark.parametrize(
    ("statement", "kind"),
    [("xs = 1", "AssignSubstanceError"), ("x = xs.icon", "CollectionMemberAccessError")],
)
def test_a_collection_has_no_fields(statement: str, kind: str):
    found, text = mistake(f"collect Shop s into xs {{\n  {statement}\n}}\n")
    assert found == kind
    assert "xs is a collection, which has no fields" in text


def test_a_namespace_has_one_block():
    kind, text = mistake("size {\n  r = 1\n}\nsize {\n  w = 1\n}\n")
    assert (kind, text[:16]) == ("RedeclareNamespaceError", "shops.style:8:1:")


def test_a_layout_is_given_once():
    kind, _ = mistake("layout = [one]\nlayout = [two]\n")
    assert kind == "MultipleLayoutError"


def test_all_mistakes_of_the_stage_come_together():
    style = "forall Shp s {\n}\nforall Shop s {\n  s = 1\n  s.icon = Blob {}\n}\nlayout = a\nlayout = b\n"
    assert [kind for kind, _ in mistakes(style)] == [
        "TypeNotFound", "AssignSubstanceError", "InvalidGPITypeError", "MultipleLayoutError",
    ]  # fmt: skip


def test_anonymous_shapes_are_numbered_with_the_implicit_statements():
    p = problem("forall Shop `a` {\n  x = 1\n  Circle {\n    r: 1\n  }\n}\n", SHOPS)
    assert [s.name for s in p.shapes] == ["1:0.$ANON_3"]
