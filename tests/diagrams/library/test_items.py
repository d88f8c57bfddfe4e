"""Calls: what is checked, what is filled in, what is refused and how it is said."""

import diagrams_kit as kit
import pytest
from diagrams_kit import circle, group

from rosesim.diagrams import library
from rosesim.diagrams.library import CallError, Item
from rosesim.diagrams.scalars import Scalar
from rosesim.diagrams.values import List, Shapes, Value, Vector


def item(name: str, what: str = "function") -> Item:
    return kit.item(what, name)


def refused(name: str, *args: Value, apply: bool = False) -> CallError:
    with pytest.raises(CallError) as caught:
        checked = item(name).check(args)
        if apply:
            item(name).apply(checked)
    return caught.value


def test_a_name_is_found_or_not():
    assert library.function("vdist") is not None
    assert library.function("contains") is None
    assert library.objective("near") is not None
    assert library.constraint("contains") is not None


def test_objectives_and_constraints_of_one_name_are_two():
    assert library.objective("equal") is not library.constraint("equal")


def test_names_are_sorted_and_are_those_that_are_found():
    for what, find in (
        ("function", library.function),
        ("objective", library.objective),
        ("constraint", library.constraint),
    ):
        names = library.names(what)
        assert names == sorted(names) and all(find(n) is not None for n in names)


def test_every_item_has_a_formula():
    for what, find in (
        ("function", library.function),
        ("objective", library.objective),
        ("constraint", library.constraint),
    ):
        for name in library.names(what):
            found = find(name)
            assert found is not None and found.doc.splitlines()[0].endswith((".", ":")), name


def test_vectors_in_any_form_become_vectors():
    assert item("vdist").check([List((1.0, 2.0)), Vector((3.0, 4.0))]) == (Vector((1.0, 2.0)), Vector((3.0, 4.0)))


def test_defaults_fill_in():
    assert item("perspective").check([60.0, 1.0]) == (60.0, 1.0, 0.1, 100.0)
    assert item("Penrose").check([]) == (Vector((0.0, 0.0)), 50.0, 0.35, 0.0, 5.0, "ccw")


def test_a_signature_shows_defaults():
    assert item("Penrose").signature == (
        'Penrose(center = (0, 0), radius = 50, holeSize = 0.35, angle = 0, nSides = 5, chirality = "ccw")'
    )
    assert item("distributeVertically", "constraint").signature == (
        "distributeVertically(shapes, padding = 0, topToBottom = true)"
    )


def test_a_wrong_kind_is_named():
    error = refused("vdist", Vector((1.0,)), "red")
    assert error.kind == "BadArgumentTypeError"
    assert str(error) == 'vdist(v, w) expects a vector as w; found the string "red"'


def test_a_missing_argument_is_named():
    error = refused("vdist", Vector((1.0,)))
    assert error.kind == "MissingArgumentError"
    assert str(error) == "vdist(v, w) misses its argument w; expected a vector"


def test_too_many_arguments_are_counted():
    error = refused("sqrt", 1.0, 2.0)
    assert error.kind == "TooManyArgumentsError"
    assert str(error) == "sqrt(x) was given 2 arguments; expected at most 1"


def test_a_shape_of_another_kind_is_refused():
    error = refused("clip", Shapes([circle(0, 0, 1)]))
    assert error.kind == "BadArgumentTypeError"
    assert str(error).endswith("found a list of 1 shapes")


@pytest.mark.parametrize(
    ("name", "args", "sentence"),
    [
        ("vdist", (Vector((1.0,)), Vector((1.0, 2.0))), "the vectors have 1 and 2 numbers; expected as many in both"),
        ("get", (Vector((1.0,)), 1.0), "i is 1; expected at most 0"),
        ("get", (Vector((1.0,)), -1.0), "i is -1; expected a whole number of at least 0"),
        ("repeat", (1.5, 0.0), "n is 1.5; expected a whole number of at least 0"),
        ("repeat", (Scalar("input", index=0), 0.0), "n depends on what the layout decides; expected a known number"),
        ("angleOf", (Vector((1.0,)),), "the vector has fewer than 2 numbers; expected 2"),
    ],
)
def test_a_call_without_a_value_says_why(name: str, args: tuple[Value, ...], sentence: str):
    error = refused(name, *args, apply=True)
    assert error.kind == "FunctionInternalError"
    assert str(error) == f"{item(name).signature}: {sentence}"


def test_random_functions_ask_for_draws_from_left_to_right():
    asked: list[tuple[str, float, float]] = []

    def draw(what: str, low: float, high: float) -> float:
        asked.append((what, low, high))
        return 0.25

    assert item("random").apply((2.0, 5.0), draw) == 0.25
    for name in ("diskRandom", "sphereRandom"):
        item(name).apply((), draw)
    item("triangleRandom").apply((Vector((0.0, 0.0)),) * 3, draw)
    assert asked == [
        ("random", 2.0, 5.0),
        *[("diskRandom", 0.0, 1.0)] * 2,
        *[("sphereRandom", 0.0, 1.0)] * 2,
        *[("triangleRandom", 0.0, 1.0)] * 2,
    ]


def test_warnings_go_to_who_listens():
    said: list[tuple[str, str]] = []
    s, distance = circle(0, 0, 1), item("shapeDistance")
    with library.at_start([], lambda kind, sentence: said.append((kind, sentence))):
        distance.apply(distance.check((s, s)))
        assert said == []
        distance.apply(distance.check((s, group(s))))
    assert said == [
        ("BBoxApproximationWarning", "the distance of circle (Circle) and group (Group) is that of their boxes")
    ]
