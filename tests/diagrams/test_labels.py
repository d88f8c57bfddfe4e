"""Labels: sizes by another reader of the same fonts, by scaling, and beside MathJax's; what cannot be typeset."""

import builtins
import statistics
from typing import Any

import pictures_kit as kit
import pytest
from PIL import Image, ImageDraw, ImageFont

from rosesim.diagrams import labels
from rosesim.diagrams.errors import DiagramError, Place
from rosesim.diagrams.labels import Font, Measured, Size, Table, Texts, measure, typeset
from rosesim.diagrams.labels.texts import font_files
from rosesim.diagrams.picture import png
from rosesim.diagrams.problem import Problem
from rosesim.diagrams.values import Shape

pytest.importorskip("ziamath")
ziafont: Any = pytest.importorskip("ziafont")

SANS = Font("20px", "Helvetica, sans-serif")


@pytest.mark.parametrize("family", ["sans-serif", "serif"])
@pytest.mark.parametrize("string", ["H", "jumps", " nix ", "gyp", "-", "Ünïcö"])
def test_a_text_is_as_large_as_the_ink_that_freetype_leaves(family: str, string: str):
    freetype = ImageFont.truetype(str(font_files()[family]), 400, layout_engine=ImageFont.Layout.BASIC)
    paper = Image.new("L", (1800, 800))
    ImageDraw.Draw(paper).text((100, 500), string, 255, freetype, anchor="ls")
    left, top, right, bottom = paper.getbbox() or (0, 0, 0, 0)
    size = measure("Text", string, Font("400px", family))
    # FreeType fits each letter to whole pixels.
    assert (size.ascent, size.descent) == pytest.approx((500 - top, abs(bottom - 500)), abs=2.0)
    assert size.width == pytest.approx(abs(left - 100) + abs(right - 100), abs=2.0 + len(string))
    assert size.height == size.ascent + size.descent


@pytest.mark.parametrize("char", "Hgj-Å")
def test_a_letter_is_as_large_as_its_outline(char: str):
    # ziafont reads outlines in the font's own units, 1000 of them.
    box = ziafont.Font(font_files()["serif"]).glyph(char).bbox
    size = measure("Text", char, Font("1000px", "serif"))
    assert (size.ascent, size.descent) == pytest.approx((box.ymax, abs(box.ymin)), abs=1.0)
    assert size.width == pytest.approx(abs(box.xmin) + abs(box.xmax), abs=2.0)


def test_a_text_without_ink_has_no_size():
    assert measure("Text", "", SANS) == measure("Text", "   ", SANS) == Size(0.0, 0.0, 0.0, 0.0)


def test_bold_text_is_wider_and_as_high():
    plain, bold = (measure("Text", "bold", Font("20px", "Arial", weight=w)) for w in ("", "bold"))
    assert bold.width > plain.width and bold.height == plain.height


def test_a_family_may_have_a_file_of_its_own():
    own = Texts({"Mine": font_files()["serif"]})
    assert own.size("x", Font("20px", "Mine, sans-serif")) == Texts().size("x", Font("20px", "serif"))


def test_an_equation_grows_with_its_font_size():
    small, large = (measure("Equation", r"\frac{x_1}{2}", Font(s)) for s in ("5px", "1in"))
    scaled = [96.0 / 5.0 * v for v in (small.width, small.height, small.ascent, small.descent)]
    assert (large.width, large.height, large.ascent, large.descent) == pytest.approx(scaled)
    assert large.height == pytest.approx(large.ascent + large.descent)


def test_only_what_hangs_below_the_baseline_has_a_descent():
    flat, hanging = typeset("x"), typeset("x_1")
    assert 0.0 <= flat.descent < 20.0 < hanging.descent  # a round letter reaches a little below


def width(string: str) -> float:
    return typeset(string).width


def test_a_sign_is_no_operator_between_two_things():
    # The TeXbook, chapter 18: 5 mu on both sides of a relation, 4 mu around a binary operator, none around a sign.
    assert width("a=b") - width("a{=}b") == pytest.approx(1000 * 10 / 18, abs=1.0)
    assert width("a-b") - width("a{-}b") == pytest.approx(1000 * 8 / 18, abs=1.0)
    assert width("a=-b") - width("a={-}b") == pytest.approx(0.0, abs=1.0)
    assert width(r"a\!b") - width("ab") == pytest.approx(-1000 * 3 / 18, abs=1.0)


def test_dots_with_negative_spaces_are_as_wide_as_in_tex():
    # Three dots of which the middle one is an operator: 2 (4 - 3) mu more than the dots alone.
    assert width(r"\cdot\!\cdot\!\cdot") - width(r"{\cdot}{\cdot}{\cdot}") == pytest.approx(2000 / 18, abs=1.0)


@pytest.mark.parametrize(
    "string",
    [r"\left\|x\right\|", r"||\epsilon(0)||", r"\overline{AB}", r"\hat{x}", r"\sqrt[3]{x}", r"\underbrace{x}_{n}"],
)
def test_outlines_are_paths_and_bars_without_ids_and_colours(string: str):
    outlines = typeset(string).outlines
    assert len(outlines) >= 2 and {o.tag for o in outlines} <= {"path", "rect"}
    assert not any(key in ("id", "href", "fill") for o in outlines for key, _ in o.attributes)


def test_colours_of_the_string_stay():
    fills = {dict(o.attributes).get("fill") for o in typeset(r"{\color{red} x} + {\color{black} y} z").outlines}
    assert fills >= {"red", "#000000"}


@pytest.mark.parametrize(
    ("string", "reason"),
    [
        ("", "it is empty"),
        ("  ", "it is empty"),
        (r"\frac{1}", "it ends where"),
        ("{x", "a brace { has no partner"),
        (r"\{x}", "a brace } has no partner"),
        ("x^", "missing super script"),
        ("x^a^b", "double superscripts"),
        (r"\left(x", "extra left or missing right"),
        (r"\spoon{x}", r"the command \\spoon is unknown"),
        ("a & b", "the characters &"),
    ],
)
def test_what_cannot_be_typeset_is_refused_with_the_string(string: str, reason: str):
    with pytest.raises(DiagramError, match=reason) as caught:
        typeset(string)
    assert str(caught.value).startswith(f'equation "{string}" cannot be typeset: ')


def test_a_font_size_needs_a_unit_that_is_a_length():
    with pytest.raises(DiagramError, match='font size "2em" is unknown; expected a number and one of px, in, cm, mm'):
        measure("Equation", "x", Font("2em"))


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name in ("ziamath", "resvg_py"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        DiagramError, match=r"need the package ziamath; install it with `pip install rosesim\[diagrams\]`"
    ):
        measure("Equation", "never typeset before", Font())
    with pytest.raises(DiagramError, match="need the package resvg-py; install"):
        png("<svg/>")


def test_a_table_gives_its_rows_and_asks_for_the_rest():
    row = ("Text", "hello", "||bold||12px||serif", 30.5, 12.0, 9.0, 3.0)
    bold = Font("12px", "serif", weight="bold")
    assert Table.of([row]).measure("Text", "hello", bold) == Size(30.5, 12.0, 9.0, 3.0)
    with pytest.raises(DiagramError, match=r'no Text "bye" in font \|\|bold\|\|12px\|\|serif; expected a row'):
        Table.of([row]).measure("Text", "bye", bold)
    assert Table.of([row], Measured()).measure("Text", "bye", bold) == measure("Text", "bye", bold)


def test_sizes_go_into_the_start_and_mistakes_are_told_together():
    equation = Shape("Equation", "`A`.text", {"string": "x", "fontSize": "10px"}, place=Place("a.style", 2, 5))
    text = Shape("Text", "`B`.text", {"string": "x", "fontSize": "10pt"})
    inputs = {"`A`.text": {"width": 3, "descent": 1}, "`B`.text": {"width": 0}}
    problem = Problem((1.0, 1.0), ("",), [], [0.0] * 4, [], [], [equation], [equation], inputs)
    labels.measure_into(problem, Measured())
    size = measure("Equation", "x", Font("10px"))
    assert problem.x0 == [0.0, size.descent, 0.0, size.width]
    equation.properties["string"] = "{"
    problem.all_shapes.append(text)
    with pytest.raises(DiagramError) as caught:
        labels.measure_into(problem, Measured())
    first, second = str(caught.value).splitlines()
    assert first.startswith('a.style:2:5: `A`.text: equation "{" cannot') and second.startswith("`B`.text: font size")


@pytest.mark.parametrize("name", kit.TRIED)
def test_a_table_of_a_reference_gives_the_sizes_of_its_shapes(name: str):
    data = kit.reference(name)
    table = Table.of(data["labels"])
    shapes = {s["name"]: kit.shape(s) for s in data["end"]["shapes"]}
    for path, row in data["label_of"].items():
        if path in shapes:
            found = table.measure(shapes[path].kind, labels.string_of(shapes[path]), labels.font_of(shapes[path]))
            assert [found.width, found.height, found.ascent, found.descent] == data["labels"][row][3:]


def test_equations_are_about_as_large_as_mathjax_makes_them():
    rows = [r for name in kit.TRIED for r in kit.reference(name)["labels"] if r[0] == "Equation"]
    sizes = [measure("Equation", r[1], Font(r[2])) for r in rows]
    # Another font: single letters differ by a third, the median by few percent.
    for of, column in (("width", 3), ("height", 4)):
        ratios = [getattr(s, of) / r[column] for s, r in zip(sizes, rows, strict=True)]
        assert 0.9 < statistics.median(ratios) < 1.1 and min(ratios) > 0.6 and max(ratios) < 1.5
