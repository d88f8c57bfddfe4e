"""Diagrams in Python: the same problems as the languages make, and mistakes that name the user's line."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import builder_types
import numpy as np
import pytest

from rosesim import diagrams as rd
from rosesim.diagrams import library
from rosesim.diagrams.builder.names import spellings
from rosesim.diagrams.labels import Table
from rosesim.diagrams.library import items
from rosesim.diagrams.picture import sized
from rosesim.diagrams.shapes import SHAPES
from rosesim.diagrams.values import Clip, Color, Shapes

LABELS = Table.of(
    [("Equation", "x", "16px", 9.0, 7.0, 7.0, 0.0), ("Text", "hi", "||||12px||sans-serif", 12.0, 9.0, 9.0, 0.0)]
)


def two(**canvas: Any) -> tuple[rd.Canvas, rd.Circle, rd.Circle]:
    """A canvas with two discs."""
    d = rd.Canvas(200, 100, **canvas)
    return d, d.circle(r=10), d.circle(r=10)


# --- the same problem as that of the languages --------------------------------------------------------------------


def test_a_diagram_by_calls_is_the_diagram_of_the_languages_to_the_last_digit():
    texts = rd.read(
        "type Shop\nsymmetric predicate Near(Shop, Shop)",
        "Shop a, b, c\nNear(a, b)",
        """
        canvas { width = 200
                 height = 100 }
        forall Shop s { s.icon = Circle { r: 10
                                          strokeWidth: 2
                                          strokeColor: #102030 } }
        forall Shop s; Shop t { ensure disjoint(s.icon, t.icon, 5) }
        forall Shop s; Shop t where Near(s, t) { encourage near(s.icon, t.icon)
                                                 s.icon above t.icon }
        """,
    )
    d = rd.Canvas(200, 100)
    a, b, c = (d.circle(r=10, stroke_width=2, stroke="#102030", name=f"`{name}`.icon") for name in "abc")
    for s, t in ((a, b), (a, c), (b, c)):
        d.ensure.disjoint(s, t, 5)
    d.encourage.near(a, b)
    d.layer(a, above=b)
    for seed in ("", "word"):
        ours, theirs = d.problem(seed), texts.diagram(seed).problem
        assert ours.x0 == theirs.x0
        assert [t.name for t in ours.constraints] == [t.name for t in theirs.constraints]
    picture = d.layout("word")
    assert picture.svg() == texts.layout("word").svg()
    assert picture.verdict() == "all 6 constraints hold"


def test_shapes_draw_their_start_before_free_numbers_do():
    d = rd.Canvas(200, 100)
    r = d.free(5, 8)
    a = d.circle(r=r)
    alone = rd.Canvas(200, 100)
    b = alone.circle(r=7)
    ours, theirs = d.problem("w"), alone.problem("w")
    center = [ours.x0[i] for i, p in enumerate(ours.inputs) if p.what == "center"]
    assert center == [theirs.x0[i] for i, p in enumerate(theirs.inputs) if p.what == "center"]
    assert a.r is r and b.r == 7.0


# --- numbers and vectors ------------------------------------------------------------------------------------------


def test_a_free_number_stays_in_its_range():
    d, a, _ = two()
    a.r = d.free(5, 12)
    d.encourage.maximal(a.r)
    picture = d.layout()
    assert picture[a].r == pytest.approx(12, abs=0.01)
    assert next((t.name, *t.printed) for t in d.problem().constraints) == ("inRange", "free1", "5", "12")


def test_expressions_hold_at_the_end_and_are_numbers_of_the_picture():
    d, a, b = two()
    above = 0, 30
    b.center = a.center + above
    d.encourage.nearPt(a, 20, -10)
    picture = d.layout()
    (ax, ay), (bx, by) = picture[a].center, picture[b].center
    assert (bx, by) == (ax, ay + 30.0)
    assert (ax, ay) == pytest.approx((20, -10), abs=0.01)
    assert picture[(a.center - b.center) / 2] == (0.0, -15.0)
    assert picture[2**2 * a.r + abs(a.center.y - b.center.y)] == 70.0
    assert picture[(a.center - b.center) @ (a.center - b.center)] == pytest.approx(900)


def test_vectors_compute_with_tuples_numbers_and_arrays():
    v, ones = rd.Vec((1.0, 2.0)), (1, 1)
    for made, wanted in (
        (v + ones, (2, 3)),
        (ones + v, (2, 3)),
        (np.array([1, 1]) + v, (2, 3)),
        (v - np.array([1, 1]), (0, 1)),
        (ones - v, (0, -1)),
        (np.float64(2) * v, (2, 4)),
        (v * (3, 4), (3, 8)),
        (v / 2, (0.5, 1)),
        (v / (2, 4), (0.5, 0.5)),
        (-v, (-1, -2)),
    ):
        assert isinstance(made, rd.Vec) and tuple(made) == wanted
    assert (3, 4) @ v == 11.0


def test_arithmetic_of_unknown_numbers_is_a_number():
    d, a, _ = two()
    x = a.center.x
    picture = d.layout()
    at = picture[x]
    for made, wanted in (
        (2 - x, 2 - at), (x**2, at**2), (2**x, 2**at), (1 / (x * x + 1), 1 / (at * at + 1)), (abs(-x), abs(at)),
        (np.float64(2) * x, 2 * at), (d.functions.sqrt(x * x), abs(at)),
    ):  # fmt: skip
        assert picture[made] == pytest.approx(wanted)
    assert x * rd.Vec((1, 0)) == rd.Vec((x, 0.0))


def test_colours_are_hex_digits_names_or_channels():
    d = rd.Canvas(100, 100)
    for written, channels in (
        ("#f00", (1, 0, 0, 1)),
        ("#0000ff80", (0, 0, 1, 128 / 255)),
        ("Red", (1, 0, 0, 1)),
        ((0, 0.5, 1), (0, 0.5, 1, 1)),
        ((0, 0.5, 1, 0.25), (0, 0.5, 1, 0.25)),
        (d.functions.rgba(0, 0, 0, 1), (0, 0, 0, 1)),
    ):
        assert d.circle(fill=written).fill == Color("rgba", channels)
    assert d.circle(fill="none").fill == Color("none")


# --- layouts ------------------------------------------------------------------------------------------------------


def test_what_is_fixed_stays_and_the_rest_starts_where_it_was():
    d, a, b = two()
    first = d.layout("one")
    d.ensure.touching(a, b)
    second = d.layout(start=first, fixed=[a.center])
    assert second[a].center == first[a].center
    assert np.hypot(*np.subtract(second[a].center, second[b].center)) == pytest.approx(20, abs=0.02)
    third = d.layout(start=second, fixed=[a, b])
    assert third.result.x.tolist() == second.result.x.tolist()


def test_of_several_variations_the_best_end_counts():
    d, a, b = two()
    d.ensure.disjoint(a, b, 5)
    d.encourage.nearPt(a, 0, 0)
    ranks = {seed: d.layout(seed).result.rank() for seed in ("w", "w-1", "w-2")}
    best = d.layout("w", variations=3)
    assert best.result.rank() == min(ranks.values()) == ranks[best.seed]


def test_a_picture_stays_as_it_was_when_the_canvas_goes_on():
    d, a, _ = two()
    term = d.ensure.lessThan(a.center.x, 0)
    picture = d.layout()
    text, x = picture.svg(), picture[a.center.x]
    a.r, a.center = 3, (0, 0)
    later = d.ensure.lessThan(a.r, 5)
    assert picture.svg() == text and picture[a].r == 10.0 and picture[a].center[0] == x
    assert picture[term] == x <= 0.01
    with pytest.raises(rd.DiagramError, match="no such term lessThan"):
        picture[later]


def test_stages_run_in_order_and_what_moves_in_one_stays_in_the_other():
    d = rd.Canvas(200, 100, stages=["place", "shift"])
    x, y = d.free(start=10, stages="place"), d.free(start=10, stages="shift")
    d.circle(r=5, center=(x, y))
    d.ensure.equal(x, 30, stages="place")
    d.ensure.equal(x + y, 50)
    d.ensure.equal(y, 0, stages=["place"])  # which cannot move there
    picture = d.layout()
    assert [s.name for s in picture.result.stages] == ["place", "shift"]
    assert picture[x] + picture[y] == pytest.approx(50, abs=0.01)
    place = picture.result.stages[0].x
    assert place.tolist()[1] == 10.0 and picture[x] == place.tolist()[0]


def test_random_functions_are_drawn_by_the_seed_and_never_move():
    d, a, _ = two()
    r = d.functions.random(2, 9)
    a.r = r
    d.encourage.maximal(r)
    one, two_ = d.layout("one"), d.layout("two")
    assert one[r] == one.result.problem.x0[-1] and one[r] != two_[r]


# --- shapes, groups, layers ---------------------------------------------------------------------------------------


def test_each_kind_of_shape_is_drawn():
    d = rd.Canvas(100, 100, labels=LABELS)
    circle = d.circle(r=5, attributes={"data-role": "hub", "tabindex": 2})
    shapes = [
        circle,
        d.ellipse(rx=5, ry=3),
        d.rectangle(width=4, height=4, corner_radius=1),
        d.polygon([(0, 0), circle.center, (0, 9)], fill="red"),
        d.polyline([(0, 0), (5, 5)]),
        d.line((0, 0), circle.center, end_arrowhead="straight"),
        d.path(d.functions.pathFromPoints("open", [(0, 0), (1, 2)])),
        d.image("nothing.svg", width=9, height=9),
        d.text("hi", font_size=12, ensure_on_canvas=False),
    ]
    group = d.group(shapes[:3], clip=d.circle(r=30))
    assert [s.kind for s in shapes] == list(rd_kinds(shapes))
    assert group.shapes == shapes[:3] and isinstance(group.clip_path, Clip)
    problem = d.problem()
    assert [s.name for s in problem.shapes] == [s.name for s in (*shapes[3:], group)]
    text = d.layout().svg()
    for part in (
        'data-role="hub"',
        'tabindex="2"',
        "<ellipse",
        'rx="1"',
        "<polygon",
        "<polyline",
        "<marker",
        "clip-path",
    ):
        assert part in text


def rd_kinds(shapes: list[Any]) -> list[str]:
    return [type(s).__name__ for s in shapes]


def test_names_are_given_or_counted_and_never_twice():
    d = rd.Canvas(100, 100)
    assert [d.circle().name, d.circle(name="circle3").name, d.circle().name, d.circle().name] == [
        "circle1", "circle3", "circle2", "circle4",
    ]  # fmt: skip


def test_later_shapes_lie_above_unless_a_layer_says_otherwise():
    d = rd.Canvas(100, 100)
    a, b, c = d.circle(), d.circle(), d.circle()
    assert d.problem().shapes == [a, b, c]
    d.layer(c, below=[a, b])
    assert d.problem().shapes == [c, a, b]


# --- mistakes -----------------------------------------------------------------------------------------------------

MISTAKES: dict[str, tuple[Callable[[Any, Any, Any], Any], str]] = {
    "a constraint's name": (lambda d, a, b: d.ensure.disjiont(a, b), "called disjiont; did you mean disjoint?"),
    "a name in Python's way": (lambda d, a, b: d.encourage.not_too_close(a, b), "; did you mean notTooClose?"),
    "the other verb": (lambda d, a, b: d.ensure.near(a, b), "but an objective is; write `.encourage.near` instead"),
    "a property": (lambda d, a, b: d.circle(radius=3), "a circle has no property radius"),
    "its spelling": (lambda d, a, b: d.circle(strokewidth=3), "; did you mean stroke_width?"),
    "one that is read": (lambda d, a, b: a.fil, "a circle has no property fil; did you mean fill?"),
    "one that is written": (lambda d, a, b: setattr(a, "rr", 3), "a circle has no property rr"),
    "a value": (lambda d, a, b: d.circle(r="big"), 'circle3.r is the string "big"; expected a number'),
    "a vector": (lambda d, a, b: d.circle(center=(1, 2, 3)), "is a vector of 3 numbers; expected a vector of 2"),
    "something else": (lambda d, a, b: d.circle(center={}), "circle3.center is {}; expected a vector of 2 numbers"),
    "a colour": (lambda d, a, b: d.circle(fill="steelblu"), 'called "steelblu"; did you mean steelblue?'),
    "hex digits": (lambda d, a, b: d.circle(fill="#12345"), '"#12345" is no colour'),
    "a colour's kind": (lambda d, a, b: d.circle(fill=3), "circle3.fill is a number; expected a colour such as"),
    "too many": (lambda d, a, b: d.ensure.equal(1, 2, 3), "equal(x, y) was given 3 arguments; expected at most 2"),
    "too few": (lambda d, a, b: d.ensure.disjoint(a), "misses its argument s2; expected a shape"),
    "an argument's name": (lambda d, a, b: d.ensure.disjoint(a, b, pad=3), "no argument pad; did you mean padding?"),
    "an argument twice": (lambda d, a, b: d.ensure.disjoint(a, s1=b), "was given s1 twice"),
    "an argument": (lambda d, a, b: d.ensure.disjoint(a, 3), "padding = 0): s2 is a number; expected a shape"),
    "a stage": (lambda d, a, b: d.ensure.disjoint(a, b, stages="frist"), 'stage "frist"; did you mean first?'),
    "vectors": (lambda d, a, b: a.center - (1, 2, 3), "a vector of 2 numbers - a vector of 3 numbers has no meaning"),
    "a range": (lambda d, a, b: d.free(3, 1), "free(3, 1): expected two numbers, the smaller one first"),
    "a size": (lambda d, a, b: rd.Canvas(0, 100), "the canvas's width is 0; expected a number of pixels above 0"),
    "a name": (lambda d, a, b: d.circle(name="circle1"), 'another shape or number is called "circle1"'),
    "a foreign shape": (lambda d, a, b: d.layer(3, above=a), "3 is no shape of this canvas"),
    "a function's own": (lambda d, a, b: d.functions.vdist((1, 2), (1, 2, 3)), "vdist(v, w): "),
    "an attribute": (lambda d, a, b: d.circle(attributes={"x": []}), "attribute x is []; expected a number or a"),
    "variations": (lambda d, a, b: d.layout(variations=0), "0 variations: expected at least 1"),
    "what is fixed": (lambda d, a, b: d.layout(fixed=["circle9"]), "there is no shape circle9; did you mean circle"),
    "texts": (lambda d, a, b: rd.load("a.substance"), "a.substance was given without domain and style"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_sentence_with_the_users_file_and_line(name: str):
    call, sentence = MISTAKES[name]
    d, a, b = two(stages=["first"])
    with pytest.raises(rd.DiagramError) as found:
        call(d, a, b)
    text = str(found.value)
    assert sentence in text and "\n" not in text
    assert text.startswith(f"{__file__}:{call.__code__.co_firstlineno}: ")
    assert len(d.problem().all_shapes) == 2  # the mistake left nothing behind


def test_a_term_without_value_names_the_line_that_made_it():
    d = rd.Canvas(100, 100)
    a = d.group([], ensure_on_canvas=False)
    line = inspect.currentframe().f_lineno + 1  # pyright: ignore[reportOptionalMemberAccess]
    d.ensure.disjoint(a, d.circle())
    with pytest.raises(rd.DiagramError, match=f"{__file__}:{line}: disjoint.* a group without members"):
        d.layout()


def test_what_a_shape_has_not_is_an_attribute_error_for_python():
    d, a, _ = two()
    assert not hasattr(a, "radius") and not hasattr(d.ensure, "disjiont") and not hasattr(a, "_repr_html_")
    assert not hasattr(rd, "Circl")


# --- pictures -----------------------------------------------------------------------------------------------------


def test_a_notebook_shows_the_picture_as_large_as_the_canvas_with_ids_of_its_own():
    d, a, b = two()
    d.line(a.center, b.center, end_arrowhead="straight", ensure_on_canvas=False)
    one, other = d.layout("one")._repr_svg_(), d.layout("other")._repr_svg_()
    assert '<svg xmlns="http://www.w3.org/2000/svg" version="1.2" width="200" height="100"' in one
    ids = [part.partition('"')[0] for text in (one, other) for part in text.split(' id="')[1:]]
    assert len(ids) == len(set(ids)) == 2 and f"url(#{ids[0]})" in one


def test_a_picture_is_saved_by_its_suffix(tmp_path: Path):
    picture = two()[0].layout()
    picture.save(tmp_path / "a.svg")
    picture.save(tmp_path / "a.png", scale=1)
    saved = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert saved == sized(picture.svg(), picture.diagram.problem.canvas) != picture.svg()
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(rd.DiagramError, match=r"neither \.svg nor \.png"):
        picture.save(tmp_path / "a.gif")


def test_files_are_loaded_as_a_trio_or_one_by_one(tmp_path: Path):
    for name, text in (
        ("a.domain", "type Shop"),
        ("a.substance", "Shop a"),
        ("a.style", "canvas { width = 200\n height = 100 }\nforall Shop s { s.icon = Circle { r: 10 } }"),
        ("a.json", '{"domain": "a.domain", "substance": "a.substance", "style": ["a.style"], "variation": "w"}'),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    trio = rd.load(tmp_path / "a.json")
    one = rd.load(tmp_path / "a.substance", domain=tmp_path / "a.domain", style=str(tmp_path / "a.style"))
    assert trio.seed == "w" and one.layout("w").svg() == trio.layout().svg()
    (tmp_path / "a.style").write_text("forall Shop s {", encoding="utf-8")
    with pytest.raises(rd.DiagramError, match=r"a\.style:1:"):
        rd.load(tmp_path / "a.json")


# --- what editors and notebooks complete --------------------------------------------------------------------------


def test_the_verbs_list_the_library_and_their_methods_say_how_they_are_called():
    d, _, _ = two()
    assert dir(d.ensure) == library.names("constraint") and dir(d.encourage) == library.names("objective")
    assert dir(d.functions) == library.names("function")
    disjoint = d.ensure.disjoint
    assert str(inspect.signature(disjoint)) == "(s1, s2, padding=0.0, *, stages=None)"
    assert disjoint.__doc__ == items.CONSTRAINTS["disjoint"].doc
    assert "stroke_width" in inspect.signature(d.circle).parameters and "r" in dir(d.circle())


def shape_of(text: str) -> list[str]:
    """A module without its imports, so that formatting does not count."""
    return [ast.dump(node) for node in ast.parse(text).body if not isinstance(node, ast.Import | ast.ImportFrom)]


@pytest.mark.parametrize("name", builder_types.FILES)
def test_editors_are_told_what_the_library_has(name: str):
    written = (builder_types.FOLDER / name).read_text(encoding="utf-8")
    assert shape_of(written) == shape_of(builder_types.FILES[name]()), "run docs/figures/builder_types.py"


def test_every_property_has_a_name_in_python_and_no_two_have_the_same():
    for kind, shape in SHAPES.items():
        assert sorted(spellings(kind).values()) == sorted(set(shape.properties) - {"name"})


def test_a_list_of_shapes_that_the_library_reverses_is_a_copy():
    d, a, b = two()
    shapes = [a, b]
    term = d.ensure.distributeVertically(shapes)
    assert shapes == [a, b] and isinstance(term.args[0], Shapes) and term.args[0].items == [b, a]


def test_a_canvas_loads_no_parser_no_compiler_and_no_picture_package():
    program = (
        "import sys, rosesim\n"
        "assert 'rosesim.diagrams' not in sys.modules\n"
        "rosesim.diagrams\n"
        "assert 'rosesim.diagrams.builder.canvas' not in sys.modules\n"
        "d = rosesim.diagrams.Canvas(100, 100)\n"
        "d.ensure.disjoint(d.circle(), d.text('hi'))\n"
        "heavy = {'lark', 'llvmlite', 'ziamath', 'PIL', 'resvg_py', 'pygame', 'rosesim.diagrams.layout'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
