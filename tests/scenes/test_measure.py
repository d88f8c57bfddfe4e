"""A loss has a name and a unit, and whatever shows the loss shows them; the numbers beside a curve are round."""

import importlib
import json
import math
import random
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

import rosesim.view as view
from rosesim.cli import compare as comparing
from rosesim.cli.describe import describe, print_entries
from rosesim.cli.outcome import summary
from rosesim.cli.runs import Told
from rosesim.scenes import Measure, Scene, SceneError, configure, find_scene, scene_names
from rosesim.scenes.canvas import Canvas
from rosesim.view.axes import Axes, axis_numbers, log_numbers, tick_texts, whole_numbers
from rosesim.view.curve import loss_curve
from rosesim.view.words import numbers
from rosesim.web.data import data

MINE = Measure("distance", "m")


def texts(canvas: Canvas) -> list[str]:
    return [str(p.text) for p in canvas.primitives if hasattr(p, "text")]  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("name", scene_names())
def test_each_scene_says_what_its_loss_measures(name: str):
    assert find_scene(name).measure.is_declared


def test_a_scene_without_a_measure_has_a_loss():
    assert Scene.measure.label == "loss" and "loss" in texts(loss_curve([(0, 1.0), (1, 0.5)], 1, (240.0, 190.0)))


def test_what_is_no_measure_is_refused_where_the_scene_is_made():
    with pytest.raises(SceneError, match=r"Mine.measure is 'distance'; expected what the loss measures .* Measure\("):
        type("Mine", (Scene,), {"measure": "distance"})
    for wrong in ({"name": "x" * 33}, {"unit": "m\n"}, {"name": " distance"}):
        with pytest.raises(ValueError, match=r"a measure's (name|unit) is a line of \d to \d+ characters"):
            Measure(**wrong)
    with pytest.raises(TypeError, match="a measure's unit is a text, such as 'm'; it was 2"):
        Measure("area", 2)  # pyright: ignore[reportArgumentType] -- the mistake


def test_the_window_films_and_sheets_show_it(monkeypatch: pytest.MonkeyPatch):
    shown = loss_curve([(0, 1.0), (1, 0.5)], 1, (240.0, 190.0), MINE.label)
    assert {"distance, m", "iteration"} <= {*texts(shown)}
    assert "distance" in texts(numbers((300.0, 162.0), "mine", "", 0, 1.0, 0.1, None, "distance"))
    scene, inputs = configure(find_scene("billiards"), ["steps=4", "layers=1"])
    made = view.attempts(scene, inputs, [(0, scene.params(np.random.default_rng(0)))], losses=[0.3])
    drawn: list[str] = []
    for name in ("movie", "sheet"):
        module = importlib.import_module(f"rosesim.view.{name}")  # `view.movie` is the function
        own = module.render

        def read(size: Any, panels: Any, theme: Any, own: Any = own) -> Any:
            drawn.extend(text for canvas, _ in panels for text in texts(canvas))
            return own(size, panels, theme)

        monkeypatch.setattr(module, "render", read)
    view.movie(scene, inputs, made, [0.3])
    assert {"squared distance", "squared distance, table units^2"} <= {*drawn} and "loss" not in drawn
    drawn.clear()
    view.contact_sheet(scene, inputs, made, [0.3])
    assert "squared distance, table units^2" in drawn and " ".join(drawn).count("squared distance") == 2


def test_info_a_summary_and_a_page_show_it(capsys: pytest.CaptureFixture[str]):
    describe("billiards", [], json=False)
    out = capsys.readouterr().out
    assert "minimises: squared distance, table units^2. Squared distance of the target ball" in out
    assert "goal           0.9,0.75  Where the target ball should end, in table units." in out
    describe("billiards", [], json=True)
    found = json.loads(capsys.readouterr().out)["loss"]
    assert (found["name"], found["unit"]) == ("squared distance", "table units^2")
    scene, inputs = configure(find_scene("billiards"), [])
    run = {"loss_first": 1.0, "loss_last": 0.5, "best_loss": 0.5, "iterations": 1, "compile_seconds": 0.0}
    line = summary(scene, {**run, "seconds_per_iteration": 0.0}, "")
    assert line.startswith("billiards: loss (squared distance, table units^2) 1 to 0.5 in 1 iterations (best 0.5)")

    kind: Any = find_scene("billiards")

    @dataclass(frozen=True)
    class Plain(kind):
        name: ClassVar[str] = "plain"
        measure: ClassVar[Measure] = Measure()

    assert summary(Plain(), {**run, "seconds_per_iteration": 0.0}, "").startswith("plain: loss 1 to 0.5 in")
    params = scene.params(np.random.default_rng(0))
    assert data(scene, params, inputs, "gd", "gd", 1, None)["label"] == "squared distance, table units^2"


def test_info_has_the_name_and_the_default_of_what_nothing_more_is_known(capsys: pytest.CaptureFixture[str]):
    print_entries("inputs", "", [{"name": "goal", "type": "number", "shape": [2], "default": [0.9, 0.75]}])
    assert capsys.readouterr().out == "\ninputs\n  goal  0.9,0.75\n"


@pytest.mark.parametrize(("other", "label"), [("distance, m", "distance, m"), ("minus mean x", "loss")])
def test_the_picture_of_a_comparison_shows_it_where_all_runs_have_the_same(
    other: str, label: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
):
    def told(folder: Any) -> Told:
        measured = other if folder.name == "b" else "distance, m"
        return Told(folder, "mine", "gd", 0.1, 0, 1, 1, [1.0, 0.5], 0.5, 1, 0.1, {}, measured)

    labels: list[str] = []

    def drawn(_: Any, label: str) -> Any:
        labels.append(label)
        return np.zeros((8, 8, 3), np.uint8)

    monkeypatch.setattr("rosesim.cli.runs.told", told)
    monkeypatch.setattr(comparing, "held_runs", lambda folder: [folder])
    monkeypatch.setattr(comparing, "is_run", lambda *_: True)
    monkeypatch.setattr(view, "loss_curves", drawn)
    comparing.compare([tmp_path / "a", tmp_path / "b"], png=tmp_path / "c.png")
    assert labels == [label]


def test_both_axes_have_several_round_numbers():
    draws = random.Random(4)
    for _ in range(300):
        low, factor = 10 ** draws.uniform(-12, 6), 10 ** draws.uniform(0.01, 9)
        for ticks in (axis_numbers(low, factor * low, least=1e-300), log_numbers(low, factor * low)):
            assert 2 <= len(ticks) <= 8 and ticks[0] <= low * (1 + 1e-9) and ticks[-1] >= factor * low * (1 - 1e-9)
            assert [float(t) for t in tick_texts(ticks)] == pytest.approx(ticks, rel=1e-9)
            for text in tick_texts(ticks):
                assert len(text) <= 8 and len(text.split("e")[0].replace(".", "").strip("0")) <= 3
        last = math.ceil(10 ** draws.uniform(0, 6))
        shown = Axes.of((240.0, 190.0), (0, last), (low, factor * low)).iterations
        assert 2 <= len(shown) <= 8 and shown[0] == 0 and shown[-1] > 0.4 * last
        assert {shown[1] // 10 ** (len(str(shown[1])) - 1)} <= {1, 2, 5} and shown == whole_numbers(
            0, last, len(shown)
        )
