"""What parameters and properties accept."""

import pytest

from rosesim.diagrams import kinds
from rosesim.diagrams.scalars import Scalar
from rosesim.diagrams.values import Clip, Color, List, Pair, Path, Paths, Rows, Shape, Shapes, Value, Vector

X = Scalar("input", index=0)
CIRCLE = Shape("Circle", "c")
VALUES: dict[str, Value] = {
    "number": 2.0,
    "unknown": X,
    "boolean": True,
    "string": "red",
    "vector": Vector((1.0, X)),
    "list": List((1.0, 2.0, 3.0)),
    "empty": List(()),
    "pair": Pair((1.0, 2.0)),
    "matrix": Rows(((1.0, 2.0), (3.0, 4.0))),
    "ragged": Rows(((1.0, 2.0), (3.0,))),
    "triples": Rows(((1.0, 2.0, 3.0),), "points"),
    "colour": Color("none"),
    "path": Path(),
    "paths": Paths(()),
    "shape": CIRCLE,
    "shapes": Shapes([CIRCLE]),
    "clip": Clip(),
}
ACCEPTED = [
    (kinds.NUMBER, "number unknown"),
    (kinds.BOOLEAN, "boolean"),
    (kinds.STRING, "string"),
    (kinds.VECTOR, "vector list empty pair"),
    (kinds.VECTOR2, "vector pair"),
    (kinds.VECTOR3, "list"),
    (kinds.POINTS, "matrix"),
    (kinds.ROWS, "matrix triples"),
    (kinds.ANY_ROWS, "matrix ragged triples"),
    (kinds.COLOR, "colour"),
    (kinds.PATH, "path"),
    (kinds.PATHS, "paths"),
    (kinds.SHAPE, "shape"),
    (kinds.SHAPES, "shapes"),
    (kinds.CLIP, "clip"),
    (kinds.shape("Circle"), "shape"),
    (kinds.shape("Line", "Path"), ""),
    (kinds.PATH_TYPE, ""),
]


@pytest.mark.parametrize(("kind", "names"), ACCEPTED, ids=lambda v: getattr(v, "name", ""))
def test_a_kind_accepts_these_and_nothing_else(kind: kinds.Kind, names: str):
    assert [n for n, value in VALUES.items() if kind.accept(value) is not None] == names.split()


def test_vectors_lists_and_pairs_become_vectors():
    for value in (Vector((1.0, 2.0)), List((1.0, 2.0)), Pair((1.0, 2.0))):
        assert kinds.VECTOR2.accept(value) == Vector((1.0, 2.0))


def test_a_path_type_is_one_of_two_words():
    assert kinds.PATH_TYPE.accept("closed") == "closed"
    assert kinds.PATH_TYPE.accept("ajar") is None


def test_every_value_has_a_description():
    assert kinds.described(VALUES["empty"]) == "an empty list"
    assert kinds.described(Shape("Ellipse", "e")) == "an Ellipse"
    assert kinds.described(VALUES["ragged"]) == "2 rows of 1 or 2 numbers"
    assert all(kinds.described(v) for v in VALUES.values())
