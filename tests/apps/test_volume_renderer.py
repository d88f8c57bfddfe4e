"""Volume renderer: reference values, linearity, geometry, and a density that stays positive."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim.cli import run
from rosesim.scenes import compiled, find_scene, rollout
from rosesim.scenes.check import check_gradient
from rosesim.train import train

VolumeRenderer: Any = find_scene("volume_renderer")
REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "volume_renderer.json").read_text(encoding="utf-8"))
TOLERANCE = 1e-10  # two independent programs, says the scene's text


def of(density: Any) -> Any:
    return replace(VolumeRenderer(n=2, pixels=2).params(np.random.default_rng(0)), density=np.asarray(density))


def scene_of(case: dict[str, Any]) -> Any:
    return VolumeRenderer(n=case["cells"], pixels=case["pixels"], lookup=case["lookup"])


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda c: f"{c['cells']}-{c['lookup']}-{c['seed']}")
def test_loss_and_gradient_are_those_of_the_reference(case: dict[str, Any]):
    scene, n = scene_of(case), case["cells"]
    z, y, x = np.mgrid[:n, :n, :n]
    wavy = (1 + np.sin((case["seed"] or 0.0) + 0.3 * z + 0.5 * y + 0.7 * x)) / (2 * n)
    density = np.zeros((n, n, n)) if case["seed"] is None else wavy
    loss, gradient = compiled(scene).value_and_grad(of(density), scene.inputs())
    g, scale = np.asarray(gradient.density), case["grad_norm"]
    assert loss == pytest.approx(case["loss"], rel=TOLERANCE)
    assert np.linalg.norm(g) == pytest.approx(scale, rel=TOLERANCE)
    assert g.sum() == pytest.approx(case["grad_sum"], rel=TOLERANCE)
    some = case["grad_some"]
    assert g[n // 2, n // 2, :5] == pytest.approx(some["mid_mid_0_to_4"], abs=TOLERANCE * scale)
    assert g[n // 2, n // 2, n // 2] == pytest.approx(some["mid_mid_mid"], abs=TOLERANCE * scale)


@pytest.mark.parametrize("case", REFERENCE["descent"], ids=lambda c: c["lookup"])
def test_descent_is_that_of_the_reference(case: dict[str, Any]):
    scene = scene_of(case)
    inputs = replace(scene.inputs(), learning_rate=case["learning_rate"])
    trained = train(scene, inputs=inputs, iterations=max(k for k, _ in case["loss_at"]))
    for k, loss in case["loss_at"]:
        assert trained.losses[k] == pytest.approx(loss, rel=1e-6), f"iteration {k}"


def small(**settings: Any) -> Any:
    return VolumeRenderer(n=8, pixels=12, **settings)


def pictures(scene: Any, density: Any) -> Any:
    return np.asarray(rollout(scene, of(density)).stacked.picture)[1:]


def test_rendering_is_additive():
    a, b = np.random.default_rng(0).uniform(size=(2, 8, 8, 8))
    scene = small()
    assert pictures(scene, a + 2 * b) == pytest.approx(pictures(scene, a) + 2 * pictures(scene, b), abs=1e-12)


@pytest.mark.parametrize("lookup", ["linear", "nearest"])
def test_the_loss_is_a_parabola_and_its_gradient_the_transposed_rendering(lookup: Any):
    n, p = 4, 8
    scene = VolumeRenderer(n=n, pixels=p, lookup=lookup)
    rho, delta = np.random.default_rng(1).uniform(size=(2, n, n, n))
    inputs, program = scene.inputs(), compiled(scene)
    losses = [program.value(of(rho + e * delta), inputs) for e in (-1.0, 0.0, 1.0, 2.0)]
    assert losses[3] - 3 * losses[2] + 3 * losses[1] - losses[0] == pytest.approx(0.0, abs=1e-10 * losses[3])
    columns = [pictures(scene, row.reshape(n, n, n)).ravel() for row in np.eye(n**3)]
    a = np.stack(columns, axis=1)
    expected = a.T @ (2 * (a @ rho.ravel() - np.asarray(inputs.wanted).ravel())) / p**2
    gradient = np.asarray(program.value_and_grad(of(rho), inputs)[1].density)
    assert gradient.ravel() == pytest.approx(expected, rel=1e-10)


def test_a_uniform_density_shows_how_many_samples_lie_in_the_box():
    n, p = 4, 16
    scene = VolumeRenderer(n=n, pixels=p, lookup="nearest")
    for m, picture in enumerate(pictures(scene, np.ones((n, n, n)))):
        angle = math.pi * m / 7 - math.pi / 2
        c, s = math.cos(angle), math.sin(angle)
        centre = (np.arange(p) + 0.5) / (p / 2) - 1
        u, w = np.meshgrid(centre, centre)
        d = np.stack([u, w, -np.ones((p, p))]) / np.sqrt(u**2 + w**2 + 1)
        along = np.stack([d[0] * c + d[2] * s, d[1], -d[0] * s + d[2] * c])
        far = (np.arange(100) + 0.5) * 0.02
        place = np.array([s, 0.0, c])[:, None, None, None] + along[..., None] * far
        inside = ((place >= -0.5) & (place < 0.5)).all(axis=0).sum(axis=-1)
        assert picture == pytest.approx(inside)


def test_a_mirrored_density_gives_mirrored_pictures_in_the_opposite_order():
    """x to -x takes the view from angle a to the one from -a: views m and 7 - m."""
    density = np.random.default_rng(2).uniform(size=(8, 8, 8))
    found, mirrored = pictures(small(), density), pictures(small(), density[:, :, ::-1])
    for m in range(1, 7):
        assert mirrored[m] == pytest.approx(found[7 - m][:, ::-1], abs=1e-12)


def test_a_density_symmetric_in_y_gives_pictures_symmetric_in_rows():
    density = np.random.default_rng(3).uniform(size=(8, 8, 8))
    symmetric = density + density[:, ::-1]
    found = pictures(small(), symmetric)
    assert found == pytest.approx(found[:, ::-1], abs=1e-12)


@pytest.mark.parametrize("optimizer", ["gd", "adam", "lbfgs"])
def test_the_density_stays_positive(optimizer: str):
    trained = train(small(), optimizer=optimizer, iterations=10)
    assert np.asarray(trained.params.density).min() == 0.0
    assert trained.losses[-1] < trained.losses[0]


def test_the_gradient_check_passes():
    assert check_gradient(VolumeRenderer(n=6, pixels=8)).verdicts == {"density": "right"}


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="n, pixels and samples are 1 or more and s is positive; they were 0"):
        VolumeRenderer(n=0)


def test_the_volume_is_written_as_an_array(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "density.npy"
    assert run(["export", "volume_renderer", "--set", "n=6", "--set", "pixels=8", "--npy", str(file)]) == 0
    density = np.load(file)
    assert density.shape == (6, 6, 6)
    assert 0.0 <= density.min() < density.max()
    assert run(["export", "billiards", "--set", "steps=4", "--npy", str(file)]) == 2
    assert "--npy writes one array; tuned are position, velocity" in capsys.readouterr().err
    assert np.load(file).shape == (6, 6, 6)  # what was there is still there
