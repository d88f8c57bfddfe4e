"""Pictures of numbers that are not known yet: with its slots filled, a text is the document of known numbers."""

from pathlib import Path

import pytest

from rosesim.diagrams import trios
from rosesim.diagrams.errors import DiagramError
from rosesim.diagrams.grips import grips
from rosesim.diagrams.picture import shown, slotted, svg
from rosesim.diagrams.picture.slots import filled
from rosesim.diagrams.problem import Input, Problem
from rosesim.diagrams.scalars import Number, Scalar, evaluated
from rosesim.diagrams.style.inputs import redrawn
from rosesim.diagrams.tape import tape
from rosesim.diagrams.values import Clip, Color, Rows, Shape, Shapes, Value, Vector
from rosesim.diagrams.values import Path as PathData

FOLDER = Path(__file__).parents[2] / "examples" / "diagrams"
NAMES = sorted(f.name for f in FOLDER.iterdir() if f.is_dir())
MARK = "\ufdd0"


def x(k: int) -> Scalar:
    return Scalar("input", index=k)


def at(a: Number, b: Number) -> Value:
    return Vector((a, b))


def unusual() -> list[Shape]:
    """Shapes with nodes wherever a property may have one, and cases that depend on them."""
    stroke: dict[str, Value] = {"strokeColor": Color("rgba", (x(0) / 100, 0.5, x(1), 1.0)), "strokeWidth": x(2)}
    hue: Value = Color("hsva", (x(0), 70.0, x(3), 0.5))
    arc = ("M", (x(0), x(1))), ("A", (5.0, 6.0, 7.0, 0.0, 1.0, x(2), x(3))), ("Z", ())
    disc = Shape("Circle", "disc", {"center": at(x(0), x(1)), "r": x(1) - 2.0, "fillColor": hue, **stroke})
    turned = Shape(
        "Rectangle", "box", {"center": at(0.0, x(1)), "width": x(1) * 9.0, "height": 4.0, "rotation": x(2)}
    )
    return [
        disc,
        turned,
        Shape("Line", "line", {"start": at(x(0), x(1)), "end": at(x(0), x(3) * x(1)), **stroke,
                               "endArrowhead": "straight", "endArrowheadSize": x(2)}),
        Shape("Polygon", "kite", {"points": Rows(((x(0), 0.0), (9.0, x(1)), (0.0, 9.0))), "scale": x(2), **stroke}),
        Shape("Path", "arc", {"d": PathData(arc), "startArrowhead": "line", **stroke}),
        Shape("Group", "both", {"shapes": Shapes([disc, turned]), "clipPath": Clip(turned)}, {"opacity": x(1) / 4.0}),
    ]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_filled_text_is_the_picture_of_every_example(name: str):
    made = trios.from_json(FOLDER / name / "trio.json").read()
    problem = made.problem
    text, nodes = slotted(problem.shapes, problem.canvas, made.labels, made.folder)
    labels = {i: problem.x0[i] for i, n in enumerate(problem.inputs) if n.kind == "label"}
    on_tape = tape(nodes, len(problem.inputs), labels)
    start = redrawn(problem.inputs, problem.x0, "elsewhere")
    expected = svg(shown(problem, start), problem.canvas, made.labels, made.folder)
    assert filled(text, evaluated(nodes, start)) == expected
    assert filled(text, on_tape.at(start)) == expected
    assert MARK in text and MARK not in expected


@pytest.mark.parametrize("value", [(10.0, 3.0, 2.0, 40.0), (359.9, 1.0, 30.0, 1.0), (-70.0, -1.0, 1.5, 200.0)])
def test_colours_sizes_arrows_and_arcs_may_be_nodes(value: tuple[float, ...]):
    """The first has all sizes positive, the second a line without length, the third negative sizes and hue."""
    problem = Problem((200.0, 100.0), ("",), [], [*value], [], [], unusual())
    text, nodes = slotted(problem.shapes, problem.canvas)
    assert filled(text, tape(nodes, 4, {}).at(value)) == svg(shown(problem, value), problem.canvas)


def test_a_picture_of_nodes_without_slots_is_refused():
    with pytest.raises(DiagramError, match=r"property center is x\[0\]; expected a number that is known"):
        svg(unusual()[:1], (200.0, 100.0))


def test_a_text_that_has_the_mark_itself_is_refused():
    dot = Shape("Circle", f"a{MARK}", {"center": at(x(0), 0.0), "r": 1.0})
    with pytest.raises(DiagramError, match="noncharacter U"):
        slotted([dot], (200.0, 100.0))


def test_a_tape_folds_what_is_known_and_computes_equal_steps_once():
    made = tape([x(0) * x(1) + x(2), x(0) * x(1) - x(2), x(0) * 2.0], 3, {0: 2.0, 1: 3.0})
    assert [op for op, _ in made.steps] == ["add", "sub"]
    assert made.at([99.0, 99.0, 5.0]) == [11.0, 1.0, 4.0]


def test_grips_are_the_shapes_that_some_input_moves():
    fixed = Shape("Circle", "fixed", {"center": at(0.0, 0.0), "r": x(0), "strokeWidth": 0.0})
    label = Shape("Text", "text", {"center": at(x(1), 0.0), "width": 8.0, "height": x(2), "rotation": 0.0})
    line = Shape("Line", "line", {"start": at(x(0), 0.0), "end": at(0.0, x(1)), "strokeWidth": 2.0})
    empty = Shape("Path", "empty", {"d": PathData(())})
    inputs = [Input("", "?", "given", 0.0, 0.0, frozenset({0} if k < 2 else ())) for k in range(3)]
    problem = Problem((9.0, 9.0), ("",), inputs, [3.0, 4.0, 5.0], [], [],
                      [fixed, Shape("Group", "all", {"shapes": Shapes([label, line, empty])})])  # fmt: skip
    found = grips(problem)
    assert [(g.name, g.form, g.inputs) for g in found] == [("text", "box", (1,)), ("line", "line", (0, 1))]
    assert [evaluated(g.extent, problem.x0) for g in found] == [[4.0, 0.0, 8.0, 5.0], [3.0, 0.0, 0.0, 4.0]]
    assert evaluated(found[1].center, problem.x0) == pytest.approx([1.5, 2.0])
