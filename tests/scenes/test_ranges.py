"""Inputs with a range: each scene's are numbers within it, and a mistake is named."""

import pytest

from rosesim.scenes import Range, SceneError, configure, find_scene, scene_names
from rosesim.scenes.ranges import values_of, with_value


@pytest.mark.parametrize("name", scene_names())
def test_the_default_of_an_input_lies_in_its_range(name: str) -> None:
    scene, inputs = configure(find_scene(name), [])
    for key, value in values_of(scene.ranges, inputs).items():
        assert scene.ranges[key].least <= value <= scene.ranges[key].greatest


def test_a_range_of_something_else_is_refused() -> None:
    for name in ("wind", "heigth"):
        with pytest.raises(SceneError, match=rf"names '{name}'; expected an input that is a number; .* height"):
            values_of({name: Range(0.0, 1.0)}, {"height": 1.0, "wind": [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"a range from 2\.0 to 1\.0 was found"):
        Range(2.0, 1.0)


def test_only_the_named_input_changes() -> None:
    assert with_value({"a": 1.0, "b": {"a": 2.0}}, "b.a", 5.0) == {"a": 1.0, "b": {"a": 5.0}}
