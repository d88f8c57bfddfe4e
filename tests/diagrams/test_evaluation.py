"""Shapes, inputs, terms and stages as evaluation makes them."""

import pytest
from diagrams_style_kit import CANVAS, SHOPS, mistake, mistakes, plain, problem, shape

from rosesim.diagrams.errors import DiagramError
from rosesim.diagrams.labels import Table, measure_into
from rosesim.diagrams.scalars import Scalar
from rosesim.diagrams.style.draws import Draws
from rosesim.diagrams.style.table import plain as plain_number


def test_a_shape_draws_all_defaults_in_order_even_those_that_the_style_gives():
    p = problem("forall Shop `a` {\n  icon = Circle {\n    r: 3\n  }\n}\n", "Shop a", "seed")
    assert [(i.path, i.what, i.kind, i.low, i.high) for i in p.inputs] == [
        *[("1:0.icon", "fillColor", "drawn", 0.1, 0.9)] * 3,
        ("1:0.icon", "center", "drawn", -100.0, 100.0),
        ("1:0.icon", "center", "drawn", -50.0, 50.0),
        ("1:0.icon", "r", "drawn", 3.0, 200 / 6),
    ]
    draws = Draws("seed")
    assert p.x0 == [draws.uniform(i.low, i.high) for i in p.inputs]
    assert shape(p, "1:0.icon").properties["r"] == 3.0


def test_a_varied_number_is_new_in_each_match_and_drawn_over_the_width():
    p = problem("forall Shop s {\n  s.x = (?, ?)\n  encourage minimal(s.x[0])\n}\n")
    assert len(p.inputs) == 6
    assert {(i.what, i.low, i.high) for i in p.inputs} == {("?", -100.0, 100.0)}
    assert len({i.path for i in p.inputs}) == 3


def test_a_given_start_draws_nothing():
    p = problem("here {\n  x = ?[7]\n  y = ?\n}\n", variation="v")
    by_path = {i.path: (i.kind, x) for i, x in zip(p.inputs, p.x0, strict=True)}
    assert by_path["here.x"] == ("given", 7.0)
    assert by_path["here.y"] == ("drawn", Draws("v").uniform(-100.0, 100.0))


def test_random_functions_draw_inputs_that_never_move():
    p = problem("here {\n  x = random(2, 5)\n}\n", variation="v")
    (made,) = p.inputs
    assert (made.what, made.kind, made.low, made.high, made.stages) == ("random", "random", 2.0, 5.0, frozenset())
    assert p.x0 == [Draws("v").uniform(2.0, 5.0)]


def test_clauses_name_the_stages_of_terms_and_inputs():
    style = """
layout = [first, second, first]
here {
  x = ? in first
  y = ? except [first, nowhere]
  z = ?
  w = ? in nowhere
  encourage minimal(x) in [first, second]
  ensure y < 0 except second
}
"""
    p = problem(style)
    assert p.stages == ("first", "second", "first")
    stages = {i.path.removeprefix("here."): set(i.stages) for i in p.inputs}
    assert stages == {"x": {0, 2}, "y": {1}, "z": {0, 1, 2}, "w": set()}
    assert [set(t.stages) for t in (*p.objectives, *p.constraints)] == [{0, 1, 2}, {0, 2}]


def test_terms_are_printed_with_resolved_paths():
    style = """
forall Shop `a` {
  d = ?
  `a`.v = (1, 2)
  encourage minimal(-d + `a`.v[1] * 0.5)
  ensure d == vdist(`a`.v, (1, d))
  ensure lessThan(sum([1e-7, d]), 3)
}
"""
    p = problem(style, "Shop a")
    assert [[t.name, *t.printed] for t in p.objectives] == [["minimal", "(-(1:0.d) + (`a`.v[1] * 0.5))"]]
    found = sorted([t.name, *t.printed] for t in p.constraints)
    assert found == [["equal", "1:0.d", "vdist(`a`.v, (1, 1:0.d))"], ["lessThan", "sum([1e-7, 1:0.d])", "3"]]


def test_default_arguments_of_a_term_are_filled_in():
    (term,) = problem("here {\n  ensure 1 < 2\n}\n").constraints
    assert term.args == (1.0, 2.0, 0.0)


def test_each_shape_is_kept_on_the_canvas_unless_it_says_otherwise():
    style = "forall Shop s {\n  s.icon = Circle {}\n}\nforall Shop `b` {\n  `b`.icon.ensureOnCanvas = false\n}\n"
    p = problem(style)
    assert [t.printed for t in p.constraints] == [
        ("`a`.icon", "canvas.width", "canvas.height"), ("`c`.icon", "canvas.width", "canvas.height"),
    ]  # fmt: skip
    assert p.constraints[0].args[1:] == (200.0, 100.0)


def test_reading_a_property_gives_the_written_value_or_the_default():
    style = """
forall Shop `a` {
  icon = Circle {
    r: 3
    data: "x"
  }
  copy = Circle {
    r: icon.r
    strokeWidth: icon.strokeWidth
    center: icon.center
    data: icon.data
  }
}
"""
    p = problem(style, "Shop a")
    icon, copy = shape(p, "1:0.icon"), shape(p, "1:0.copy")
    assert copy.properties["r"] == 3.0
    assert copy.properties["strokeWidth"] == 0.0
    assert copy.properties["center"] == icon.properties["center"]
    assert copy.passthrough == {"data": "x"}
    assert copy.properties["name"] == "1:0.copy"


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        ("r: (1, 2)", "BadShapeParamTypeError", "`a`.icon.r is a vector of 2 numbers; expected a number"),
        ("center: (1, 2, 3)", "BadShapeParamTypeError", "expected a vector of 2 numbers"),
        (
            "ensureOnCanvas: 1",
            "BadShapeParamTypeError",
            "`a`.icon.ensureOnCanvas is a number; expected true or false",
        ),
        ("fillColr: #fff", "BadShapeParamTypeError", "a Circle has no property fillColr; did you mean fillColor?"),
        ("r: s.icon.width", "MissingPathError", "`a`.icon.width does not exist; a Circle has no such property"),
        ("r: s", "PathToSubstanceError", "s is an object, which has no value; expected s.field"),
        ("r: numberof s", "NotSubstanceCollectionError", "numberof takes a collection"),
        ("r: nameof canvas", "NotStyleVariableError", "nameof takes a variable of the header"),
    ],
)
def test_a_property_with_a_mistake_is_one_sentence_for_all_matches(line: str, kind: str, said: str):
    found, text = mistake(f"forall Shop s {{\n  s.icon = Circle {{\n    {line}\n  }}\n}}\n")
    assert found == kind
    assert said in text
    assert text.startswith("shops.style:7:")


@pytest.mark.parametrize(
    ("statement", "kind", "said"),
    [
        (
            "encourage lesThan(1, 2)",
            "InvalidObjectiveNameError",
            "no objective is called lesThan; did you mean lessThan?",
        ),
        ("ensure disjont(s.a, s.a)", "InvalidConstraintNameError", "called disjont; did you mean disjoint?"),
        (
            "ensure minimal(1)",
            "InvalidConstraintNameError",
            "no constraint is called minimal, but an objective is; write `encourage`",
        ),
        ("ensure 1 < true", "BadArgumentTypeError", "expects a number as y; found true"),
        ("s.a above s.label", "LayerOnNonShapesError", '`a`.label is the string ""; only shapes are above or below'),
        ("s.t = ensure 1 < 2\n  x = s.t", "NotValueError", "`a`.t is an objective or constraint, which has no value"),
    ],
)
def test_a_term_with_a_mistake_is_one_sentence(statement: str, kind: str, said: str):
    found, text = mistake(f"forall Shop s {{\n  s.a = Circle {{}}\n  {statement}\n}}\n")
    assert found == kind
    assert said in text


def test_fields_that_need_each_other_are_named():
    kind, text = mistake("here {\n  a = b + 1\n  b = c\n  c = a\n  d = a\n}\n")
    assert kind == "CyclicAssignmentError"
    assert "here.a -> here.b -> here.c -> here.a" in text


@pytest.mark.parametrize(
    ("canvas", "expected"),
    [
        ("", 2),
        ("canvas {\n  width = 3\n}\n", 1),
        ("canvas {\n  width = 3\n  height = 1 + 1\n}\n", 1),
        ("canvas {\n  width = Circle {}\n  height = -5\n}\n", 2),
    ],
)
def test_the_canvas_has_its_size_as_plain_numbers(canvas: str, expected: int):
    found = mistakes("", canvas=canvas)
    assert [kind for kind, _ in found] == ["CanvasNonexistentDimsError"] * expected


def test_all_mistakes_of_evaluation_come_together():
    found = mistakes("here {\n  a = 1 + true\n  b = nofunction(a)\n  ensure c < 1\n  d = sqr((1, 2))\n}\n")
    assert sorted(kind for kind, _ in found) == [
        "BadArgumentTypeError", "BinOpTypeError", "InvalidFunctionNameError", "MissingPathError",
    ]  # fmt: skip


def test_literals_and_names_of_objects_are_values():
    style = """
forall Shop s where Rated(s, n); Named(s, w) {
  s.icon = Text {
    string: nameof s + w + nameof n
    rotation: n
  }
}
collect Number n into ns {
  all = Circle {
    center: ns
  }
}
"""
    p = problem(style, 'Shop a\nRated(a, 4)\nRated(a, 2.5)\nNamed(a, "x")', canvas=CANVAS)
    assert [s.properties["string"] for s in p.shapes if s.kind == "Text"] == ["ax2.5"]
    (circle,) = [s for s in p.shapes if s.kind == "Circle"]
    assert plain(circle.properties["center"]) == [4.0, 2.5]


def test_members_without_the_field_are_skipped():
    sizes = "forall Shop `b` {\n  `b`.x = 5\n}\n"
    (circle,) = problem(sizes + "collect Shop s into xs {\n  Circle {\n    r: sum(listof x from xs)\n  }\n}\n").shapes
    assert circle.properties["r"] == 5.0


def test_a_collection_of_objects_is_no_value():
    kind, text = mistake("collect Shop s into xs {\n  x = xs\n}\n")
    assert kind == "PathToCollectionError"
    assert "expected `listof field from xs` or `numberof xs`" in text


def test_labels_are_measured_into_the_start_unless_the_style_has_written_their_size():
    style = "forall Shop s {\n  s.text = Equation {\n    string: s.label\n    width: 7\n  }\n}\n"
    p = problem(style, SHOPS + "\nAutoLabel All")
    assert set(p.label_inputs["`a`.text"]) == {"height", "ascent", "descent"}
    measure_into(p, Table.of([("Equation", o, "16px", 1, 2, 3, 4) for o in "abc"]))
    text = shape(p, "`b`.text")
    assert [plain(text.properties[n], p.x0) for n in ("width", "height", "ascent", "descent")] == [7, 2, 3, 4]
    assert isinstance(text.properties["height"], Scalar)
    kind, said = _unknown_label(style)
    assert kind == "MissingLabel"
    assert '`a`.text: the table of labels has no Equation "a" in font 16px' in said


def _unknown_label(style: str) -> tuple[str, str]:
    p = problem(style, "Shop a\nAutoLabel All")
    with pytest.raises(DiagramError) as caught:
        measure_into(p, Table.of([]))
    (fault,) = caught.value.faults
    return fault.kind, str(fault)


@pytest.mark.parametrize(
    ("number", "text"), [(1.0, "1"), (-0.5, "-0.5"), (1e-5, "0.00001"), (1.5e-7, "1.5e-7"), (1e22, "1e+22")]
)
def test_numbers_are_printed_as_javascript_prints_them(number: float, text: str):
    assert plain_number(number) == text
