"""Scenes in single precision: what is computed so, and what a run's folder remembers of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rosesim.cli import run as rosesim
from rosesim.scenes import SceneError, compiled, configure, find_scene, scene_precision
from rosesim.scenes.precision import precision
from rosesim.train import resume, train, train_seeds, train_starts
from rosesim.train.settings import read_settings

SCENE, INPUTS = configure(find_scene("bounce"), ["steps=60"])
DIGITS = 1e-5
"""Single precision has 6e-8, and sixty steps add up."""


def differs(single: float, double: float) -> bool:
    """Equal to single precision, and not to double."""
    return 0 < abs(single - double) < DIGITS * abs(double)


def is_single(number: float) -> bool:
    return float(np.float32(number)) == number


def test_a_run_is_computed_so_and_goes_on_so_to_the_same_bits(tmp_path: Path):
    double = train(SCENE, inputs=INPUTS, iterations=6)
    single = train(SCENE, inputs=INPUTS, iterations=6, precision="f32")
    assert all(differs(a, b) for a, b in zip(single.losses, double.losses, strict=True))
    assert all(map(is_single, single.losses))
    train(SCENE, inputs=INPUTS, iterations=3, precision="f32", out=tmp_path / "r")
    assert resume(tmp_path / "r", iterations=6).losses == single.losses
    assert read_settings(tmp_path / "r").plan.precision == "f32"
    assert precision() == "f64"


def test_several_runs_at_once_are_computed_so(tmp_path: Path):
    alone = train(SCENE, inputs=INPUTS, iterations=2, precision="f32")
    for runs in (
        train_seeds(SCENE, 2, inputs=INPUTS, iterations=2, precision="f32", out=tmp_path / "seeds"),
        train_starts(SCENE, 2, inputs=INPUTS, iterations=2, precision="f32", out=tmp_path / "starts"),
    ):
        assert runs.runs[0].losses == pytest.approx(alone.losses, rel=1e-6)
        assert all(is_single(loss) for run in runs.runs for loss in run.losses)


def test_the_commands_take_it_and_follow_a_runs_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run = str(tmp_path / "r")
    given = ["--set", "steps=60", "--iterations", "2", "--precision"]
    assert rosesim(["train", "bounce", *given, "f32", "--out", run]) == 0
    assert rosesim(["train", "bounce", *given, "f64", "--out", str(tmp_path / "d")]) == 0
    assert "precision" not in (tmp_path / "d" / "settings.toml").read_text()
    table = tmp_path / "t.csv"
    ends: list[float] = []
    for folder in (run, str(tmp_path / "d")):
        assert rosesim(["export", folder, "--csv", str(table)]) == 0
        ends.append(float(table.read_text().splitlines()[-1].split(",")[1]))
        table.unlink()
    assert is_single(ends[0]) and not is_single(ends[1])
    assert rosesim(["bench", "bounce", "--set", "steps=60", "--precision", "f32"]) == 0
    assert precision() == "f64"
    capsys.readouterr()
    assert rosesim(["train", "bounce", "--precision", "f16"]) == 2
    assert "a precision is f64 or f32; f16 was given" in capsys.readouterr().err


def test_programs_made_inside_are_kept_apart_from_those_outside():
    params = SCENE.params(np.random.default_rng(0))
    double = compiled(SCENE).value(params, INPUTS)
    with scene_precision("f32"):
        single = compiled(SCENE).value(params, INPUTS)
    assert differs(single, double) and compiled(SCENE).value(params, INPUTS) == double
    with pytest.raises(SceneError, match="f64 or f32; half was given"), scene_precision("half"):
        pass
