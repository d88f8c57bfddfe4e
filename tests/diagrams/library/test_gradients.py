"""Each file of the library computes with inputs what it computes with numbers, and has the slopes of differences."""

from collections.abc import Sequence
from typing import Any

import diagrams_kit as kit
import pytest

from rosesim.diagrams.scalars import evaluated


def s(kind: str, **properties: Any) -> dict[str, Any]:
    """A shape as the references write one."""
    return {"type": kind, **properties}


CIRCLE = s("Circle", center=[1.3, 0.4], r=2.0, strokeWidth=0.5)
BOX = s("Rectangle", center=[6.1, 3.2], width=3.0, height=2.0, strokeWidth=0.3, rotation=25.0)
TEXT = s("Text", center=[-4.0, 1.0], width=3.0, height=1.0)
LINE = s("Line", start=[3.0, -4.0], end=[9.0, -2.5], strokeWidth=0.7)
ELLIPSE = s("Ellipse", center=[9.3, 0.7], rx=2.0, ry=1.2, strokeWidth=0.0)
ARROW = s("Polygon", points=[[-2.1, -2.0], [2.0, 0.1], [-2.0, 2.2], [-1.0, 0.0]], scale=1.0)
SQUARE = s("Polygon", points=[[5.0, 5.1], [7.2, 5.0], [7.0, 7.3], [4.9, 7.0]], scale=1.2)
ZIGZAG = s("Polyline", points=[[5.0, 5.1], [7.2, 5.0], [7.0, 7.3], [4.9, 7.0]], scale=1.0)
PATH = s("Path", d=[["M", [0.1, 0.2]], ["Q", [3.0, 4.0], [5.0, 0.0]], ["A", [4, 3, 10, 0, 1], [8.0, 1.0]]])
GROUP = s("Group", shapes=[CIRCLE, BOX], clipPath=s("Circle", center=[2.0, 1.0], r=5.0, strokeWidth=0.0))
POINTS = [[0.1, 0.3], [2.0, 0.7], [2.6, 2.9], [0.4, 3.1]]
SPACE = [[0.1, 0.3, 0.2], [2.0, 0.7, 1.0], [2.6, 2.9, 0.1], [0.4, 3.1, 2.0]]
MATRIX = [[1.0, 0.2, 0.1, 0.4], [0.3, 2.0, 0.5, 0.2], [0.1, 0.7, 1.5, 0.3], [0.2, 0.1, 0.6, 1.8]]

CALLS: list[tuple[str, str, list[Any]]] = [
    ("function", "log", [2.5]),
    ("function", "exp", [0.5]),
    ("function", "toDegrees", [0.5]),
    ("function", "atan2", [2.0, 3.0]),
    ("function", "angleBetween", [[1.0, 2.0], [3.0, -1.0]]),
    ("function", "angleFrom", [[1.0, 2.0], [3.0, -1.0]]),
    ("function", "inverse", [MATRIX]),
    ("function", "lookAt", [[1.0, 2.0, 3.0], [0.5, 0.1, -2.0], [0.1, 1.0, 0.2]]),
    ("function", "project", [[1.0, 2.0, 3.0], MATRIX, MATRIX, [1.0, 2.0, 30.0, 20.0]]),
    ("function", "rotate3d", [0.7, [0.6, 0.0, 0.8]]),
    ("function", "makePath", [[0.0, 1.0], [3.0, 2.0], 1.0, 0.5]),
    ("function", "interpolatingSpline", ["closed", POINTS, 0.3]),
    ("function", "wedge", [[0.0, 0.1], [1.0, 0.0], [0.0, 1.0], [1.1, 1.0], 0.0, 0.0, 0.0]),
    ("function", "elasticEnergy", [POINTS, True]),
    ("function", "offsetCurve", [SPACE, False, 0.7]),
    ("function", "evoluteCurve", [POINTS, True]),
    ("function", "tsneEnergy", [SPACE, POINTS]),
    ("function", "circumcenter", [[0.0, 0.1], [4.0, 0.3], [1.0, 3.0]]),
    ("function", "circumradius", [[0.0, 0.1], [4.0, 0.3], [1.0, 3.0]]),
    ("function", "incenter", [[0.0, 0.1], [4.0, 0.3], [1.0, 3.0]]),
    ("function", "inradius", [[0.0, 0.1], [4.0, 0.3], [1.0, 3.0]]),
    ("function", "signedDistance", [ARROW, [0.3, 0.2]]),
    ("function", "closestPoint", [ELLIPSE, [11.0, 3.0]]),
    ("function", "closestPoint", [GROUP, [11.0, 3.0]]),
    ("function", "rayIntersectDistance", [ZIGZAG, [0.0, 6.0], [1.0, 0.1]]),
    ("function", "rayIntersectNormal", [ZIGZAG, [0.0, 6.0], [1.0, 0.1]]),
    ("function", "closestSilhouetteDistance", [SQUARE, [0.0, 6.0]]),
    ("function", "shapeDistance", [CIRCLE, BOX]),
    ("function", "shapeDistance", [BOX, TEXT]),
    ("function", "shapeDistance", [BOX, LINE]),
    ("function", "shapeDistance", [CIRCLE, LINE]),
    ("function", "shapeDistance", [LINE, s("Line", start=[4.0, 1.0], end=[7.0, -0.3])]),
    ("function", "shapeDistance", [ARROW, SQUARE]),
    ("function", "shapeDistance", [ARROW, ELLIPSE]),
    ("function", "shapeDistance", [ZIGZAG, CIRCLE]),
    ("function", "shapeDistance", [PATH, GROUP]),
    ("constraint", "contains", [ARROW, CIRCLE, 0.4]),
    ("constraint", "contains", [GROUP, CIRCLE, 0.4]),
    ("constraint", "contains", [TEXT, BOX, 0.4]),
    ("constraint", "onCanvas", [LINE, 10.0, 8.0]),
    ("constraint", "distributeHorizontally", [[TEXT, CIRCLE, BOX], 0.5]),
    ("constraint", "isEquilateral", [SPACE, True]),
    ("objective", "notTooClose", [LINE, CIRCLE, 2.0]),
    ("objective", "above", [CIRCLE, ZIGZAG, 4.0]),
]


@pytest.mark.parametrize(("what", "name", "args"), CALLS, ids=lambda v: v if isinstance(v, str) else "")
def test_inputs_have_the_values_of_numbers_and_the_slopes_of_differences(what: str, name: str, args: list[Any]):
    unknown = kit.Written(args)
    outputs = kit.outputs(what, name, unknown)

    def value(x: Sequence[float]) -> list[float]:
        """Of known numbers; the parts of polygons are those of the numbers themselves."""
        return evaluated(kit.outputs(what, name, kit.Written(args, x)), ())

    assert evaluated(outputs, unknown.x) == value(unknown.x)
    weights = [k + 1.0 for k in range(len(outputs))]
    found = kit.gradient(outputs, weights, unknown.x)[1]

    def weighted(x: Sequence[float]) -> float:
        return sum(w * v for w, v in zip(weights, value(x), strict=True))

    expected = kit.differences(weighted, unknown.x)
    scale = max(map(abs, expected))
    assert scale > 0
    # Central differences with a step of 1e-5: an error of the step squared, and of rounding divided by the step.
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6 * scale)
