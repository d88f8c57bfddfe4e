"""The command line's contract: what other tools read of it, and what a person is told."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
from rows import kept

from rosesim.cli import run
from rosesim.scenes import SceneError

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "billiards.json").read_text())
PUBLISHED = ["--set", "contact=published"]  # as the reference values are
QUICK = ["--set", "steps=700", "--iterations", "3"]


@dataclass(frozen=True)
class Said:
    """What a command wrote, and its status."""

    returncode: int
    stdout: str
    stderr: str


def rosesim(*arguments: str, cwd: Path) -> Said:
    """A command within this process: to start Python and load all that a command needs takes half a second."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run(arguments)
    return Said(status, out.getvalue(), err.getvalue())


def process(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same as a process of its own, as a user starts it."""
    return subprocess.run(
        [sys.executable, "-m", "rosesim", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


def done(*arguments: str, cwd: Path) -> str:
    result = rosesim(*arguments, cwd=cwd)
    assert result.returncode == 0, result.stderr
    return result.stdout


def json_of(*arguments: str, cwd: Path, status: int = 0, start: Any = rosesim) -> dict[str, Any]:
    """The object on the last line of standard output, of which it must be the only line."""
    result = start(*arguments, "--json", cwd=cwd)
    assert result.returncode == status, result.stderr
    (line,) = result.stdout.splitlines()
    return json.loads(line)


def refused(*arguments: str, cwd: Path, status: int = 2, start: Any = rosesim) -> str:
    """The one line on standard error."""
    result = start(*arguments, cwd=cwd)
    assert (result.returncode, result.stdout) == (status, ""), result.stderr
    (line,) = result.stderr.splitlines()
    assert line.startswith("rosesim: ")
    return line


def test_list_has_a_line_for_each_scene(tmp_path: Path):
    (line,) = [row for row in done("list", cwd=tmp_path).splitlines() if row.startswith("billiards ")]
    assert (
        " ".join(line.split())
        == "billiards Shoot the cue ball so that the last ball of the triangle ends on the goal."
    )


def test_info_names_versions_and_the_processor(tmp_path: Path):
    out = done("info", cwd=tmp_path)
    assert f"Python {sys.version.split()[0]}" in out
    assert "rosesim 0.1.0" in out and f"numpy {np.__version__}" in out and "cores" in out


def test_train_gives_the_published_descent_as_json(tmp_path: Path):
    found = json_of("train", "billiards", *PUBLISHED, "--out", "run", cwd=tmp_path, start=process)
    assert set(found) == {
        "scene", "iterations", "loss_first", "loss_last", "best_loss", "best_iteration", "compile_seconds",
        "seconds_per_iteration", "out",
    }  # fmt: skip
    assert (found["scene"], found["iterations"], found["out"]) == ("billiards", 200, "run")
    assert found["loss_first"] == pytest.approx(REFERENCE["descent"]["loss_at"][0][1], rel=1e-10)
    assert found["loss_last"] == pytest.approx(REFERENCE["descent"]["final_loss"], rel=1e-10)
    assert found["best_loss"] <= found["loss_last"]
    assert 0 < found["compile_seconds"] < 10 and 0 < found["seconds_per_iteration"] < 1


def test_a_run_folder_holds_settings_metrics_and_params(tmp_path: Path):
    found = json_of("train", "billiards", *QUICK, "--set", "goal=0.8,0.7", "--out", "a/run", cwd=tmp_path)
    run = tmp_path / "a" / "run"
    settings = tomllib.loads((run / "settings.toml").read_text())
    assert settings["scene"] == "billiards" and settings["settings"]["steps"] == 700
    assert settings["inputs"]["goal"] == [0.8, 0.7]
    assert settings["inputs"]["learning_rate"] == 0.01
    assert settings["training"] == {"optimizer": "gd", "iterations": 3, "seed": 0, "schedule": "constant"}
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [r["iteration"] for r in rows] == [0, 1, 2, 3]
    assert set(rows[0]) == {"iteration", "loss", "gradient_norm", "seconds"}
    assert rows[0]["loss"] == found["loss_first"] and rows[-1]["loss"] == found["loss_last"]
    with np.load(run / "best.npz", allow_pickle=False) as best:
        assert set(best.files) == {"position", "velocity"} and best["position"].shape == (2,)
    assert sorted(p.name for p in run.iterdir()) == [
        "best.npz", "last.npz", "metrics.jsonl", "settings.toml"
    ]  # fmt: skip


def test_each_run_without_out_gets_a_folder_of_its_own(tmp_path: Path):
    first = json_of("train", "billiards", *QUICK, cwd=tmp_path)["out"]
    second = json_of("train", "billiards", *QUICK, cwd=tmp_path)["out"]
    assert first != second and (tmp_path / first / "last.npz").is_file() and (tmp_path / second).is_dir()


def test_progress_and_notes_go_to_standard_error(tmp_path: Path):
    result = process("train", "billiards", "--set", "steps=400", "--iterations", "2", cwd=tmp_path)
    assert result.returncode == 0
    assert "nothing has touched the target ball in 400 steps" in result.stderr
    assert "2/2" in result.stderr
    assert result.stdout.startswith(
        "billiards: loss (squared distance, table units^2) 0.06609 to 0.06609 in 2 iterations"
    )


def test_set_reaches_settings_and_inputs(tmp_path: Path):
    case = REFERENCE["cases"][0]
    far = json_of("train", "billiards", *PUBLISHED, "--iterations", "1", "--set", "goal=1.9,0.75", cwd=tmp_path)
    assert far["loss_first"] > 10 * case["loss"]
    still = json_of("train", "billiards", *PUBLISHED, "--iterations", "1", "--set", "learning_rate=0", cwd=tmp_path)
    assert still["loss_last"] == still["loss_first"] == pytest.approx(case["loss"], rel=1e-10)


def test_check_reports_errors_and_verdicts(tmp_path: Path):
    found = json_of("check", "billiards", cwd=tmp_path)
    told = {
        "scene",
        "at",
        "max_rel_error_jvp_vjp",
        "max_rel_error_fd",
        "verdicts",
        "over_distance",
        "limit",
        "passed",
    }
    assert set(found) == told
    assert found["limit"]["text"].startswith("over 1e-3 it explains ")
    assert [c["what"] for c in found["limit"]["causes"] if c["share"] > 0.5] == ["select"]
    assert found["passed"] is True and found["verdicts"] == {"position": "right", "velocity": "right"}
    assert found["max_rel_error_jvp_vjp"] < 1e-10 and found["max_rel_error_fd"] < 1e-4


WRONG_SCENE = """
from dataclasses import dataclass
from typing import ClassVar
from rosesim import Real, Tan, fn
from rosesim_apps.billiards import Billiards

@fn
def doubled(x: Real) -> Real:
    return 2.0 * x

@doubled.defvjp
def _(x: Real, ct: Tan) -> Tan:
    return 3.0 * ct

@dataclass(frozen=True)
class Wrong(Billiards):
    '''A loss whose derivative its author got wrong.'''
    name: ClassVar[str] = "wrong"
    contact: str = "published"

    def loss(self, state, params, inputs):
        return doubled(super().loss(state, params, inputs))
"""


def other_package(folder: Path, entry: str) -> str:
    """A folder for the path that holds an installed package with a scene of its own."""
    info = folder / "others-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[rosesim.scenes]\n{entry}\n")
    (folder / "others.py").write_text(WRONG_SCENE)
    return str(folder)


def test_a_wrong_gradient_in_another_packages_scene_fails_the_check(tmp_path: Path):
    path = other_package(tmp_path / "site", "wrong = others:Wrong")
    result = process("check", "wrong", "--json", cwd=tmp_path, PYTHONPATH=path)
    found = json.loads(result.stdout)
    assert result.returncode == 1 and found["passed"] is False
    gradient = np.array(REFERENCE["cases"][0]["grad"])  # 3 of it is claimed, 2 is right
    scaled = gradient * [0.1, 0.5, 0.3, 0.3]  # each by its magnitude, the velocity that is zero by that beside it
    wanted = np.abs(scaled).max() / 3 / np.linalg.norm(scaled)
    assert found["max_rel_error_fd"] == pytest.approx(wanted, rel=1e-3)
    (line,) = result.stderr.splitlines()
    assert line.startswith("rosesim: the gradient check of wrong failed: position: wrong: the gradient and diff")


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("wrong = others:Missing", "the scene 'wrong' (others:Missing) does not load: AttributeError"),
        ("wrong = nowhere:Wrong", "the scene 'wrong' (nowhere:Wrong) does not load: ModuleNotFoundError"),
        ("wrong = others:doubled", "the scene 'wrong' (others:doubled) is not a Scene class"),
        (
            "other = others:Wrong",
            "the scene 'other' (others:Wrong) is not a Scene class whose name is 'other'",
        ),
    ],
)
def test_a_broken_scene_of_another_package_is_named_and_hides_no_other(
    tmp_path: Path, entry: str, says: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.syspath_prepend(other_package(tmp_path / "site", entry))
    monkeypatch.delitem(sys.modules, "others", raising=False)
    listed = rosesim("list", cwd=tmp_path)
    assert listed.returncode == 0 and says in listed.stderr and "billiards" in listed.stdout
    used = rosesim("check", entry.split()[0], cwd=tmp_path)
    assert used.returncode == 2 and says in used.stderr and len(used.stderr.splitlines()) == 1


@pytest.mark.parametrize("batch", kept([1, 3], 3))
def test_bench_gives_times_for_each_run(tmp_path: Path, batch: int):
    found = json_of("bench", "billiards", "--batch", str(batch), "--set", "steps=100", cwd=tmp_path, start=process)
    (row,) = found["results"]
    assert set(row) == {
        "scene", "batch", "value_ms", "value_and_grad_ms", "compile_seconds", "cached_compile_seconds",
        "peak_rss_mb",
    }  # fmt: skip
    assert (
        row["scene"] == "billiards"
        and row["batch"] == batch
        and 0 < row["cached_compile_seconds"] < row["compile_seconds"]
    )
    # Which of the two is longer is not asked: both are hundredths of a millisecond, and the machine may be busy.
    assert 0 < row["value_ms"] < 100 and 0 < row["value_and_grad_ms"] < 100 and 10 < row["peak_rss_mb"] < 2000
    assert 0 < row["compile_seconds"] < 10


def test_bench_without_a_scene_measures_all(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    # Two of the fifteen: the largest of them takes seconds an evaluation.
    monkeypatch.setattr("rosesim.cli.check.scene_names", lambda: ["bounce", "growth"])
    assert run(["bench", "--json"]) == 0
    results = json.loads(capsys.readouterr().out.splitlines()[-1])["results"]
    assert [row["scene"] for row in results] == ["bounce", "growth"]


def test_pictures_of_a_run_and_of_a_scene(tmp_path: Path):
    done("train", "billiards", *QUICK, "--out", "run", "--gif", "new/train.gif", cwd=tmp_path)
    done("export", "run", "--gif", "run.gif", "--png", "run.png", cwd=tmp_path)
    done("export", "billiards", "--set", "steps=700", "--png", "scene.png", cwd=tmp_path)
    trained, exported = (tmp_path / "new" / "train.gif").read_bytes(), (tmp_path / "run.gif").read_bytes()
    assert trained == exported
    assert len(trained) < 3e6
    sheet = iio.imread(tmp_path / "run.png")
    assert sheet.shape == iio.imread(tmp_path / "scene.png").shape
    assert len(iio.imread(tmp_path / "run.gif")) > 60
    done("export", "run", "--gif", "ends.gif", "--attempts", "2", cwd=tmp_path)
    assert 30 < len(iio.imread(tmp_path / "ends.gif")) <= 60


MISTAKES = {
    ("train", "biliards"): "no scene is called 'biliards'; did you mean billiards?",
    ("train", "billiards", "--set", "stepz=3"): "no setting or input 'stepz'; did you mean steps?",
    ("train", "billiards", "--set", "colour=red"): "no setting or input 'colour'; there are contact, goal,",
    ("train", "billiards", "--set", "steps=many"): "steps takes an integer; 'many' was given",
    (
        "train",
        "billiards",
        "--set",
        "steps=-3",
    ): "steps is the number of updates of the state, 1 or more; it was -3",
    ("train", "billiards", "--set", "steps"): "--set takes field=value, such as steps=512; 'steps' was given",
    ("train", "billiards", "--set", "goal=1"): "goal takes 2 numbers with commas between; '1' was given",
    ("train", "billiards", "--set", "goal=1,x"): "goal takes 2 numbers with commas between; '1,x' was given",
    ("train", "billiards", "--set", "restitution=nan"): "restitution takes finite numbers; 'nan' was given",
    ("train", "billiards", "--set", "pairs=some"): "pairs is one of guarded, dense; 'some' was given",
    (
        "train",
        "billiards",
        "--set",
        "time_of_impact=maybe",
    ): "time_of_impact is true or false; 'maybe' was given",
    ("train", "billiards", "--set", "velocity=1,0"): "'velocity' of billiards is tuned, not set",
    ("train", "billiards", "--optimizer", "sgd"): "no optimizer is called 'sgd'; there are gd",
    ("train", "billiards", "--iterations", "0"): "iterations is 1 or more; 0 was given",
    ("train", "billiards", "--seed", "-1"): "seed is 0 or more; -1 was given",
    ("train", "billiards", "--iterations", "some"): "Invalid value for '--iterations'",
    ("bench", "billiards", "--batch", "0"): "batch is 1 or more; 0 was given",
    ("train",): "Missing argument 'SCENE'",
    ("train", "billiards", "--frobnicate"): "No such option: --frobnicate",
    ("frobnicate",): "No such command 'frobnicate'",
    (
        "export",
        "billiards",
    ): "export needs --gif FILE, --mp4 FILE, --png FILE, --csv FILE, --npz FILE, --parquet FILE, --npy FILE",
    ("bench", "--set", "steps=3"): "--set needs the name of a scene",
    ("run", "biliards"): "no scene is called 'biliards'; did you mean billiards?",
    ("run", "runs/nothing"): "runs/nothing is not the folder of a run",
    ("run", "billiards", "--set", "stepz=3"): "no setting or input 'stepz'; did you mean steps?",
}


@pytest.mark.parametrize("arguments", MISTAKES, ids=" ".join)
def test_a_wrong_command_is_one_line_and_status_2(arguments: tuple[str, ...], tmp_path: Path):
    assert MISTAKES[arguments] in refused(*arguments, cwd=tmp_path)
    assert not list(tmp_path.iterdir())  # and leaves nothing behind


def test_a_wrong_command_ends_a_process_so(tmp_path: Path):
    arguments = ("train", "biliards")  # others are refused alike within this process, above
    assert MISTAKES[arguments] in refused(*arguments, cwd=tmp_path, start=process)


def test_a_folder_that_cannot_be_written_is_one_line_and_status_1(tmp_path: Path):
    (tmp_path / "file").write_text("")
    line = refused("train", "billiards", "--out", "file/run", cwd=tmp_path, status=1)
    assert "file/run: Not a directory" in line


def test_debug_shows_the_traceback_wherever_it_stands(tmp_path: Path):
    with pytest.raises(SceneError):
        run(["--debug", "train", "nothing"])
    result = process("train", "nothing", "--debug", cwd=tmp_path)
    assert result.returncode != 0 and "Traceback" in result.stderr


def test_debug_checks_every_number_and_names_the_line(tmp_path: Path):
    overflow = ["train", "mass_spring_simple", "--set", "learning_rate=1e200", "--iterations", "2"]
    result = process(*overflow, "--debug", cwd=tmp_path)
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert "NumericalError" in last and "mass_spring_simple/scene.py:" in last and "gave inf, in iteration" in last
    assert "ROSESIM_DEBUG" not in os.environ


def test_norms_of_each_step_are_told(tmp_path: Path):
    found = json_of("check", "bounce", "--norms", "--set", "steps=40", cwd=tmp_path)
    assert found["scene"] == "bounce" and found["steps"] == list(range(40))
    assert len(found["norms"]) == 40 and min(found["norms"]) > 0
    lines = done("check", "bounce", "--norms", "--set", "steps=40", cwd=tmp_path).splitlines()
    assert len(lines) == 21 and lines[1].startswith("step  0")


def test_a_damaged_run_folder_is_named(tmp_path: Path):
    done("train", "billiards", *QUICK, "--out", "run", cwd=tmp_path)
    (tmp_path / "run" / "last.npz").write_bytes(b"no zip")
    assert "last.npz cannot be read" in refused("export", "run", "--png", "a.png", cwd=tmp_path)
    (tmp_path / "run" / "settings.toml").write_text("")
    assert "run/settings.toml: not the settings of a run: scene is missing" in refused(
        "export", "run", "--png", "a.png", cwd=tmp_path
    )


def test_a_diverging_run_stops_with_one_line_and_keeps_what_it_has(tmp_path: Path):
    result = rosesim("train", "billiards", "--set", "goal=1e200,0", "--out", "run", "--json", cwd=tmp_path)
    assert result.returncode == 1 and result.stdout == ""
    line = result.stderr.splitlines()[-1]
    assert line == (
        "rosesim: the loss is no longer finite at iteration 0: every state of the rollout is finite; it is the loss "
        "of the last one that is not; what was reached is in run"
    )
    with np.load(tmp_path / "run" / "last.npz", allow_pickle=False) as last:
        assert last["params.position"].tolist() == [0.1, 0.5]


@pytest.mark.skipif(os.name == "nt", reason="signals are delivered differently there")
def test_ctrl_c_saves_and_ends_with_one_line(tmp_path: Path):
    run = tmp_path / "run"
    training = subprocess.Popen(
        [sys.executable, "-m", "rosesim", "train", "billiards", "--iterations", "1000000", "--out", "run"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(600):
        if (run / "metrics.jsonl").is_file() and (run / "metrics.jsonl").stat().st_size > 1000:
            break
        time.sleep(0.05)
    training.send_signal(signal.SIGINT)
    _, stderr = training.communicate(timeout=30)
    assert training.returncode == 1
    assert "interrupted at iteration" in stderr.splitlines()[-1] and "Traceback" not in stderr
    assert stderr.endswith("--resume run goes on from there\n")
    with np.load(run / "last.npz", allow_pickle=False) as last:
        assert np.isfinite(last["params.position"]).all() and last["iteration"] > 0


def test_a_mistake_in_a_scenes_drawing_names_its_line(tmp_path: Path):
    path = other_package(tmp_path / "site", "wrong = others:Wrong")
    file = tmp_path / "site" / "others.py"
    file.write_text(
        file.read_text() + "\n    def draw(self, canvas, state, params, inputs):\n        canvas.disc(0)\n"
    )
    result = process("export", "wrong", "--png", "a.png", cwd=tmp_path, PYTHONPATH=path)
    number = len(file.read_text().splitlines())
    wanted = f"rosesim: {file}:{number}: unexpected AttributeError: 'Canvas' object has no attribute 'disc'"
    assert result.returncode == 1 and wanted in result.stderr
