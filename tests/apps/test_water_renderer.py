"""Water renderer: reference values, refraction by closed forms, and its derivative."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim.scenes import compiled, configure, find_scene
from rosesim.scenes.check import check_gradient

WaterRenderer: Any = find_scene("water_renderer")
REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "water_renderer.json").read_text(encoding="utf-8"))
TOLERANCE = 1e-9  # an independent program, says the scene's text


def initial(height: Any) -> Any:
    return replace(WaterRenderer(n=2).params(np.random.default_rng(0)), height=height)


def surface(n: int, seed: float) -> Any:
    u = (np.arange(n) + 0.5) / n
    return 0.1 * np.sin(seed + 5 * u[:, None] + 9 * u[None, :])


def scene_of(case: dict[str, Any]) -> Any:
    return WaterRenderer(n=case["grid"], steps=case["states"] - 1, start=case["start"])


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda c: f"{c['grid']}-{c['start']}-{c['seed']:g}")
def test_loss_and_gradient_are_those_of_the_reference(case: dict[str, Any]):
    scene, n = scene_of(case), case["grid"]
    height = surface(n, case["seed"])
    loss, gradient = compiled(scene).value_and_grad(initial(height), scene.inputs())
    g, scale = np.asarray(gradient.height), case["grad_norm"]
    assert loss == pytest.approx(case["loss"], rel=TOLERANCE)
    assert np.linalg.norm(g) == pytest.approx(scale, rel=TOLERANCE)
    assert g.sum() == pytest.approx(case["grad_sum"], abs=TOLERANCE * scale * n)
    some = case["grad_some"]
    assert g[n // 2, :5] == pytest.approx(some["mid_row_0_to_4"], abs=TOLERANCE * scale)
    assert g[n // 2, n // 2 : n // 2 + 5] == pytest.approx(some["mid_mid_0_to_4"], abs=TOLERANCE * scale)


@pytest.mark.parametrize("case", REFERENCE["descent"], ids=lambda c: f"{c['learning_rate']:g}")
def test_descent_is_that_of_the_reference(case: dict[str, Any]):
    scene = scene_of(case)
    inputs, program = scene.inputs(), compiled(scene)
    # Not from the flat surface, where floor jumps: the reference starts from 1e-9 of its first surface, as its
    # loss at iteration 0 shows (to 1e-15; that of the flat surface is off by 5e-10).
    x = 1e-9 * surface(case["grid"], 1.0)
    # At a rate of 1000 the descent is chaotic after some iterations: rounding decides, so only its beginning counts.
    expected = {k: v for k, v in case["loss_at"] if case["learning_rate"] < 1000 or k <= 10}
    for k in range(max(expected) + 1):
        loss, gradient = program.value_and_grad(initial(x), inputs)
        if k in expected:
            assert loss == pytest.approx(expected[k], rel=1e-6), f"iteration {k}"
        x = x - case["learning_rate"] * np.asarray(gradient.height)


def test_a_flat_surface_shows_the_bottom_but_for_the_last_row_and_column():
    scene = WaterRenderer(n=12)
    below = np.asarray(scene.inputs().below)
    seen = np.asarray(scene.seen(np.zeros((12, 12)), below))
    assert seen[:-1, :-1] == pytest.approx(below[:-1, :-1])
    assert seen[-1, :-1] == pytest.approx(below[-2, :-1])
    assert seen[:-1, -1] == pytest.approx(below[:-1, -2])


def test_a_constant_slope_shifts_the_picture():
    n, shift = 16, 1.5
    scene = WaterRenderer(n=n, refraction=0.1)
    slope = shift / (0.1 * n)  # seen at i - refraction n slope
    tilted = slope * np.arange(n)[:, None] / n * np.ones(n)
    below = np.random.default_rng(0).uniform(size=(n, n, 3))
    seen = np.asarray(scene.seen(tilted, below))
    for i in range(2, n - 1):  # inside: at the edge the surface ends at height zero
        assert seen[i, 1:-1] == pytest.approx((below[i - 1, 1:-1] + below[i - 2, 1:-1]) / 2)


def test_colours_stay_within_those_of_the_bottom():
    below = np.random.default_rng(1).uniform(0.2, 0.7, size=(16, 16, 3))
    seen = np.asarray(WaterRenderer(n=16).seen(np.random.default_rng(2).normal(size=(16, 16)), below))
    assert seen.min() >= below.min() - 1e-12
    assert seen.max() <= below.max() + 1e-12


def test_a_uniform_bottom_has_no_gradient():
    scene = WaterRenderer(n=12, steps=10)
    inputs = replace(scene.inputs(), below=np.full((12, 12, 3), 0.4))
    height = np.random.default_rng(3).normal(size=(12, 12))
    _, gradient = compiled(scene).value_and_grad(initial(height), inputs)
    assert np.abs(gradient.height).max() < 1e-14


def test_a_linear_bottom_makes_the_loss_exactly_quadratic():
    n = 18
    scene = WaterRenderer(n=n, steps=3)
    u = np.arange(n) / n
    below = (0.5 + 0.1 * u[:, None, None] - 0.2 * u[None, :, None]) * np.ones(3)
    inputs, rng = replace(scene.inputs(), below=below), np.random.default_rng(4)
    # Away from the edges, so that no line of sight is clamped, which is no linear operation.
    x, d = np.zeros((2, n, n))
    x[6:-6, 6:-6], d[6:-6, 6:-6] = 0.1 * rng.normal(size=(2, n - 12, n - 12))
    value = compiled(scene).value
    losses = [value(initial(x + s * d), inputs) for s in (-2, -1, 0, 1, 2)]
    assert np.diff(losses, 3) == pytest.approx([0.0, 0.0], abs=1e-13)


def test_the_gradient_check_passes_beside_whole_pixels_and_names_the_kink_at_the_flat_surface():
    assert check_gradient(WaterRenderer(n=12, steps=8)).verdicts["height"].startswith("kinked")
    scene = WaterRenderer(n=12, steps=8)
    height = 0.3 * np.random.default_rng(5).normal(size=(12, 12))
    inputs, program = scene.inputs(), compiled(scene)
    _, gradient = program.value_and_grad(initial(height), inputs)
    d = np.random.default_rng(6).normal(size=(12, 12))
    h = 1e-7
    both = [program.value(initial(height + s * h * d), inputs) for s in (-1, 1)]
    assert (both[1] - both[0]) / (2 * h) == pytest.approx(float((np.asarray(gradient.height) * d).sum()), rel=1e-5)


def test_pictures_of_files_are_resampled(tmp_path: Path):
    from PIL import Image

    file = tmp_path / "bottom.png"
    Image.fromarray(np.full((20, 30, 3), (255, 0, 51), np.uint8)).save(file)
    _, inputs = configure(WaterRenderer, ["n=8", "steps=4", f"bottom={file}", f"target={file}"])
    assert np.asarray(inputs.below)[3, 3] == pytest.approx([1.0, 0.0, 0.2])
    assert np.asarray(inputs.wanted).shape == (8, 8, 3)


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="n is the number of cells"):
        WaterRenderer(n=1)
    with pytest.raises(ValueError, match="bottom is tiles or a PNG file; it was 'sand'"):
        configure(WaterRenderer, ["bottom=sand"])
    assert math.isclose(WaterRenderer().refraction, 2 / 256)
