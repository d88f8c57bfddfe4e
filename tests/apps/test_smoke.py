"""Smoke: reference values, and what carrying and pressure must keep."""

import importlib
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rows import kept

from rosesim import fn
from rosesim.scenes import compiled, configure, find_scene, rollout
from rosesim.scenes.check import check_gradient

Smoke: Any = find_scene("smoke")
physics: Any = importlib.import_module(Smoke.__module__)
REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "smoke.json").read_text(encoding="utf-8"))
TOLERANCE = 1e-9  # an independent program, says the scene's text


def blowing(wind: Any) -> Any:
    return replace(Smoke(n=8).params(np.random.default_rng(0)), wind=np.asarray(wind, dtype=np.float64))


def scene_of(case: dict[str, Any]) -> Any:
    return Smoke(n=case["grid"], steps=case["updates"], sweeps=case.get("sweeps", 10), pressure=case["pressure"])


def usual(case: dict[str, Any]) -> bool:
    """The smallest case of each way that pressure is found; the others differ in their size alone."""
    size = case["grid"] * case["updates"]
    return size == min(c["grid"] * c["updates"] for c in REFERENCE["cases"] if c["pressure"] == case["pressure"])


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=[] if usual(c) else [pytest.mark.full]) for c in REFERENCE["cases"]],
    ids=lambda c: f"{c['grid']}-{c['updates']}-{c['pressure']}",
)
def test_loss_and_gradient_are_those_of_the_reference(case: dict[str, Any]):
    scene, n = scene_of(case), case["grid"]
    y, x = np.mgrid[:n, :n]
    k, seed = 2 * math.pi / n, case["seed"]
    along_x = np.cos(seed + k * (2 * y - x)) + 0.5 * np.sin(k * 3 * x)
    params = blowing(0.3 * np.stack([np.sin(seed + k * (y + 2 * x)), along_x], axis=-1))
    loss, gradient = compiled(scene).value_and_grad(params, scene.inputs())
    g, scale = np.asarray(gradient.wind), case["grad_norm"]
    assert loss == pytest.approx(case["loss"], rel=TOLERANCE)
    assert np.linalg.norm(g) == pytest.approx(scale, rel=TOLERANCE)
    for k, name in enumerate(("row0_0_to_4_y", "row0_0_to_4_x")):
        assert g[0, :5, k] == pytest.approx(case["grad_some"][name], abs=TOLERANCE * scale)
    end = np.asarray(rollout(scene, params)[-1].wind)
    assert (end**2).sum() / 2 == pytest.approx(case["final_kinetic_energy"], rel=TOLERANCE)


@pytest.mark.parametrize(
    "case",
    kept(REFERENCE["descent"], next(c for c in REFERENCE["descent"] if c["pressure"] == "published")),
    ids=lambda c: f"{c['pressure']}-{c['learning_rate']:g}",
)
@pytest.mark.parametrize("last", [50, pytest.param(240, marks=pytest.mark.full)])
def test_descent_is_that_of_the_reference(case: dict[str, Any], last: int):
    scene, n = scene_of(case), case["grid"]
    inputs, program, x = scene.inputs(), compiled(scene), np.zeros((n, n, 2))
    expected = dict(map(tuple, case["loss_at"]))
    for k in range(last + 1):
        loss, gradient = program.value_and_grad(blowing(x), inputs)
        if k in expected:
            assert loss == pytest.approx(expected[k], rel=1e-6), f"iteration {k}"
        x = x - case["learning_rate"] * np.asarray(gradient.wind)


def test_a_constant_wind_of_whole_cells_carries_the_smoke_without_change():
    scene = Smoke(n=16, steps=5)
    smoke = np.random.default_rng(0).uniform(size=(16, 16))
    wind = np.ones((16, 16, 2)) * (1.0, -2.0)
    end = rollout(scene, blowing(wind), replace(scene.inputs(), smoke=smoke))[-1]
    assert np.asarray(end.smoke) == pytest.approx(np.roll(smoke, (5, -10), axis=(0, 1)), abs=1e-12)
    assert np.asarray(end.wind) == pytest.approx(wind, abs=1e-12)


def test_carrying_keeps_smoke_between_its_bounds():
    scene = Smoke(n=16, steps=20)
    wind = np.random.default_rng(1).normal(size=(16, 16, 2))
    smoke = np.asarray(rollout(scene, blowing(wind)).stacked.smoke)
    assert smoke.min() >= -1e-12
    assert smoke.max() <= 1 + 1e-12


def pushed(wind: Any, sweeps: int = 10) -> Any:
    """The wind of one step from which carrying is left out: still air would be carried as it is."""
    n = len(wind)

    @fn
    def projected(u):
        return physics.pushed(u, physics.pressure(physics.divergence(u), sweeps))

    assert np.shape(wind) == (n, n, 2)
    return np.asarray(projected(wind))


def test_a_wind_without_divergence_is_left_alone():
    n, rng = 16, np.random.default_rng(2)
    stream = rng.normal(size=(n, n))
    wind = np.stack(
        [np.roll(stream, -1, 1) - np.roll(stream, 1, 1), np.roll(stream, 1, 0) - np.roll(stream, -1, 0)], -1
    )
    assert pushed(wind) == pytest.approx(wind, abs=1e-12)


def test_the_pressure_keeps_the_mean_wind():
    wind = np.random.default_rng(3).normal(size=(16, 16, 2))
    assert pushed(wind).mean(axis=(0, 1)) == pytest.approx(wind.mean(axis=(0, 1)), abs=1e-13)


@pytest.mark.parametrize(("k", "m"), [(1, 0), (2, 3), (7, 7), (5, 8)])
@pytest.mark.parametrize("sweeps", [2, 10])
def test_sweeps_damp_the_divergence_of_a_mode_by_the_closed_form(k: int, m: int, sweeps: int):
    n = 16
    y, x = np.mgrid[:n, :n]
    a, b = 2 * math.pi * k / n, 2 * math.pi * m / n
    wind = np.stack([np.sin(a * y + b * x), 0.5 * np.sin(a * y + b * x)], -1)
    g = (math.cos(a) + math.cos(b)) / 2
    damped = 4 * math.sin(a / 2) ** 2 + 4 * math.sin(b / 2) ** 2
    factor = 1 - (math.sin(a) ** 2 + math.sin(b) ** 2) * (1 - g**sweeps) / damped
    divergence = fn(physics.divergence)
    before, after = np.asarray(divergence(wind)), np.asarray(divergence(pushed(wind, sweeps)))
    assert after == pytest.approx(factor * before, abs=1e-15)


def test_shifting_everything_by_a_cell_shifts_everything():
    scene, rng = Smoke(n=16, steps=6), np.random.default_rng(4)
    wind, inputs = rng.normal(size=(16, 16, 2)), scene.inputs()
    value, gradient = compiled(scene).value_and_grad(blowing(wind), inputs)

    def shifted(a: Any) -> Any:
        return np.roll(np.asarray(a), (1, 2), axis=(0, 1))

    moved = replace(inputs, smoke=shifted(inputs.smoke), wanted=shifted(inputs.wanted))
    value2, gradient2 = compiled(scene).value_and_grad(blowing(shifted(wind)), moved)
    assert value2 == pytest.approx(value, rel=1e-12)
    assert np.asarray(gradient2.wind) == pytest.approx(shifted(gradient.wind), abs=1e-14)


@pytest.mark.usefixtures("unoptimised")
def test_the_check_names_the_kink_of_still_air_and_passes_in_a_wind():
    found = check_gradient(Smoke(n=8, steps=3))
    assert found.passed
    assert found.verdicts["wind"].startswith("kinked")


def test_the_published_pressure_lags_a_step():
    wind = np.random.default_rng(5).normal(size=(16, 16, 2))
    (first,) = np.asarray(rollout(Smoke(n=16, steps=1, pressure="published"), blowing(wind)).stacked.wind)[1:]
    carried = np.asarray(fn(physics.carried)(wind, wind))
    assert first == pytest.approx(carried)  # no pressure yet


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="n is the number of cells per side, 8 or more; it was 4"):
        Smoke(n=4)
    with pytest.raises(ValueError, match="sweeps is the number of Jacobi sweeps per step, 2 or more; it was 1"):
        configure(Smoke, ["sweeps=1"])
