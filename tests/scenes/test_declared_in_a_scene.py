"""What a scene's class declares beside its physics is looked at before anything is made of it."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
from valley import Valley

from rosesim.scenes import Range, Scene, SceneError, configure, find_scene
from rosesim.view.theme import colours
from rosesim.web.data import data
from rosesim.web.page import page


@pytest.mark.parametrize("colour", ["skyblue", "#6fb3d", "#6fb3dg", 3, "6fb3d1"])
def test_a_colour_that_is_none_is_refused_where_the_class_is_made(colour: Any):
    with pytest.raises(SceneError, match=r"Mine.colours\['water'\] is .*; expected #rrggbb, such as '#5b8ff9'"):
        type("Mine", (Scene,), {"colours": {"water": colour}})
    assert colours({"water": "#6FB3D1"})["water"] == (0x6F, 0xB3, 0xD1)


@dataclass(frozen=True)
class Wet(Valley):
    """A valley with a pond."""

    name: ClassVar[str] = "wet"

    def draw(self, canvas: Any, state: Any, params: Any, inputs: Any) -> None:
        canvas.box((0.0, 0.0), (1.0, 1.0), "water")


def test_a_page_is_refused_that_would_draw_a_role_without_a_colour():
    words = r'draw of wet: the role .water. was drawn, which has no colour; .*colours = ."water": "#5b8ff9"'
    with pytest.raises(SceneError, match=words):
        page(Wet())
    assert "water" in page(type("Blue", (Wet,), {"colours": {"water": "#5b8ff9"}})())


@dataclass(frozen=True)
class Misspelt(Valley):
    """A valley whose slider is that of no input."""

    ranges: ClassVar[dict[str, Range]] = {"wnd": Range(0.0, 1.0)}


def test_a_range_of_no_input_is_refused_by_every_command():
    with pytest.raises(SceneError, match=r"ranges names 'wnd'; expected an input that is a number; there are "):
        configure(Misspelt, [])


def test_a_slider_is_wide_enough_for_the_value():
    scene, inputs = configure(find_scene("billiards"), [])
    params = scene.params(None)  # pyright: ignore[reportArgumentType] -- it draws nothing
    (slider,) = data(scene, params, replace(inputs, restitution=1.5), "gd", "gd", 1, None)["sliders"]
    assert (slider["least"], slider["greatest"]) == (0.0, 1.5)
