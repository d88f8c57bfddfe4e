"""The scene of identification: masses that are known, a record of their motion, and what is said of it."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim import check_grads
from rosesim.cli import run
from rosesim.scenes import Canvas, SceneError, compiled, configure, find_scene, rollout
from rosesim.scenes.canvas import Line
from rosesim.scenes.picture import picture
from rosesim.train import train

pytestmark = pytest.mark.usefixtures("unoptimised")

Identify: Any = find_scene("identify")
SWING = import_module("rosesim_apps.identify.swing")
TRUE: dict[str, float] = SWING.TRUE
RUNNER = SWING.FOLDER.parent / "robot" / "runner.xml"
MASSES = np.array(list(TRUE.values()))


def identify(*settings: str) -> Any:
    """The scene and its inputs."""
    return configure(Identify, list(settings))


def test_training_finds_the_masses_and_their_errors_cover_the_truth():
    scene, inputs = identify()
    trained = train(scene, inputs=inputs)
    begun = np.array(list(scene.fitting.values(np.zeros(3)).values()))
    assert np.abs(begun / MASSES - 1.0).max() > 0.4
    assert begun * np.exp(trained.best_params.changes) == pytest.approx(MASSES, rel=0.01)
    lines = scene.remarks(trained.best_params, inputs)
    assert lines[0] == "3 parameters of 'arm' from 603 measured numbers"
    found = {line.split("  ")[0].strip(): [float(x) for x in line.split()[3:5]] for line in lines[2:5]}
    for name, mass in TRUE.items():
        value, error = found[name]
        assert abs(value - mass) < 3.0 * error < 0.002
    assert "residuals (rms): q 0.00099; noise estimated" in lines[5]  # the noise of the record has 0.001


def test_the_motion_that_comes_with_it_is_what_its_module_makes():
    assert np.loadtxt(SWING.FOLDER / "swing.csv", delimiter=",", skiprows=1) == pytest.approx(SWING.table(), abs=1e-9)


def test_the_loss_is_the_mean_square_of_what_was_measured(tmp_path: Path):
    """Some cells are empty; some steps have no row; the clock did not begin with the motion."""
    rows = SWING.table()[:31:2]
    rows[:, 0] += 7.0
    cells = [[f"{x:.6g}" for x in row] for row in rows]
    cells[3][2] = cells[5][1] = ""
    file = tmp_path / "motion.csv"
    file.write_text("\n".join(["time,q0,q1,q2,ctrl0,ctrl1,ctrl2", *map(",".join, cells)]))
    scene, inputs = identify(f"motion={file}", "steps=25")
    params = replace(scene.params(np.random.default_rng(0)), changes=np.array([0.1, -0.2, 0.3]))
    course = np.asarray(rollout(scene, params=params, inputs=inputs).stacked.q)[:26:2]
    wanted = rows[:13, 1:4].copy()
    wanted[3, 1] = wanted[5, 0] = np.nan
    loss, _ = compiled(scene).value_and_grad(params, inputs)
    assert loss == pytest.approx(np.nanmean((course - wanted) ** 2), rel=1e-12)
    assert check_grads(compiled(scene).loss, params, inputs, wrt=0).passed
    drawn = scene.fitting.shown  # an empty cell lies between its neighbours
    assert drawn[12] == pytest.approx(rows[6, 1:4])
    assert drawn[10, 0] == pytest.approx(0.5 * (rows[4, 1] + rows[6, 1]))
    assert drawn[11, 1] == pytest.approx(0.5 * (rows[5, 2] + rows[6, 2]))


def test_what_does_not_fit_is_refused(tmp_path: Path):
    for setting, said in (
        ("steps=201", "ends after 200 steps of 0.01 s; expected steps=200 or fewer"),
        ("find=body foot mass", r"'body foot mass' was found; expected one of model.parameters\(\)"),
        ("find=body upper mass=heavy", "was found; expected NAME or NAME=NUMBER"),
        ("find= , ", "find names no parameter"),
        ("motion=nowhere.csv", r"neither a motion of ours \(swing\) nor a file"),
        (f"model={RUNNER}", "q has the shape"),
    ):
        with pytest.raises((SceneError, ValueError), match=said):
            configure(Identify, [setting])


def test_a_parameter_that_the_record_cannot_tell_is_named():
    scene, inputs = identify("find=body * mass, body hand pos[1]")
    lines = scene.remarks(scene.params(np.random.default_rng(0)), inputs)
    assert "cannot be told apart: body hand pos[1]: to first order, the record does not depend on it" in lines


def test_the_recorded_robot_is_drawn_where_the_record_has_it():
    scene, inputs = identify("steps=1")
    params, canvas = scene.params(np.random.default_rng(0)), Canvas(scene.extent)
    first: Any = rollout(scene, params=params, inputs=inputs)[0]
    picture(scene).draw(canvas, replace(first, recorded=np.array([np.pi / 2, 0.0, 0.0])), params, inputs)
    lines = [np.asarray(p.points, dtype=float) for p in canvas.singles if isinstance(p, Line)]
    lying = [y for line in lines[:3] for _, y in line]  # from the middle, along x
    assert lying == pytest.approx([0.0] * 6, abs=1e-12)
    assert sorted(lines[0][:, 0]) == pytest.approx([0.0, 0.5 / scene.model.size])


def test_the_command_prints_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run(["train", "identify", "--set", "find=body hand mass", "--iterations", "3", "--out", str(tmp_path / "run")])
    said = capsys.readouterr().out.splitlines()
    assert said[1] == "1 parameter of 'arm' from 603 measured numbers"
    assert said[2].split() == ["parameter", "value", "standard", "error", "95", "%", "interval", "began", "at"]
    assert said[-1].startswith("saved in ")
