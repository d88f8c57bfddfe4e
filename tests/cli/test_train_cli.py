"""`rosesim train`: resuming, seeds, optimisers and what a person is told when the command contradicts a run."""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from rosesim.ad.derive.reverse import checkpoint
from rosesim.ad.support.budget import budget
from rosesim.cli import run as rosesim
from rosesim.train import objective

pytestmark = pytest.mark.usefixtures("here")
QUICK = ["--set", "steps=700", "--set", "layers=2"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands run in a folder of their own, in this process, which compiles each scene once."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def train(capfd: pytest.CaptureFixture[str]) -> Any:
    """Runs the command: its status, its lines on standard output, the last on standard error."""

    def command(*arguments: str) -> tuple[int, list[str], str]:
        status = rosesim(["train", *arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return status, out.splitlines(), (err.splitlines() or [""])[-1]

    return command


def json_of(train: Any, *arguments: str, status: int = 0) -> dict[str, Any]:
    found, (line,), err = train(*arguments, "--json")
    assert found == status, err
    return json.loads(line)


def test_a_resumed_run_gives_what_the_whole_would_have(train: Any):
    first = json_of(
        train, "billiards", *QUICK, "--iterations", "3", "--out", "run", "--optimizer", "adam", "--headless"
    )
    assert first["iterations"] == 3
    rest = json_of(train, "billiards", "--resume", "run", "--iterations", "8")
    whole = json_of(train, "billiards", *QUICK, "--iterations", "8", "--out", "whole", "--optimizer", "adam")
    for name in ("scene", "iterations", "loss_first", "loss_last", "best_loss"):
        assert rest[name] == whole[name]
    assert rest["out"] == "run" and set(rest) == set(whole)
    assert rest["loss_first"] == first["loss_first"] and rest["loss_last"] != first["loss_last"]


def test_a_finished_run_is_told_again(train: Any):
    first = json_of(train, "billiards", *QUICK, "--iterations", "3", "--out", "run")
    status, (line,), err = train("--resume", "run", "--json")
    assert status == 0 and json.loads(line) == first
    assert err == "rosesim: run is finished: 3 iterations are done; a larger number of iterations goes on"


def test_resume_takes_what_agrees_and_refuses_what_contradicts(train: Any):
    given = ["--optimizer", "adam", "--seed", "3", "--clip", "0.5", "--schedule", "cosine", "--set", "goal=0.8,0.7"]
    json_of(train, "billiards", *QUICK, *given, "--iterations", "3", "--out", "run")
    before = {p.name: p.read_bytes() for p in Path("run").iterdir()}
    agreeing = ["--schedule", "cosine:3", "--set", "pairs=guarded", "--set", "restitution=0.8"]
    assert json_of(train, "billiards", "--resume", "run", *QUICK, *given, *agreeing)["iterations"] == 3
    for field, wrong in {
        "scene": ["mass_spring"],
        "optimizer": ["--optimizer", "gd"],
        "seed": ["--seed", "4"],
        "seeds": ["--seeds", "2"],
        "clip": ["--clip", "0.6"],
        "schedule": ["--schedule", "linear:3"],
        "steps": ["--set", "steps=701"],
        "goal": ["--set", "goal=0.8,0.71"],
    }.items():
        status, out, err = train("--resume", "run", "--iterations", "9", *wrong)
        assert (status, out) == (2, []) and f"rosesim: run is a run with {field} = " in err and "contradicts" in err
    status, _, err = train("--resume", "run", "--set", "stepz=3")
    assert status == 2 and "no setting or input 'stepz'" in err
    assert before == {p.name: p.read_bytes() for p in Path("run").iterdir()}


def test_what_a_run_was_made_from_is_on_record(train: Any):
    json_of(train, "billiards", *QUICK, "--iterations", "2", "--seed", "5", "--out", "run", "--clip", "0.5",
            "--schedule", "warmup:2+cosine", "--optimizer", "momentum")  # fmt: skip
    found = tomllib.loads(Path("run/settings.toml").read_text())
    assert found["training"] == {
        "optimizer": "momentum", "iterations": 2, "seed": 5, "schedule": "warmup:2+cosine:2", "clip": 0.5,
    }  # fmt: skip
    json_of(
        train, "billiards", *QUICK, "--iterations", "2", "--sigma", "0.25", "--out", "cma", "--optimizer", "cmaes"
    )
    assert tomllib.loads(Path("cma/settings.toml").read_text())["training"]["sigma"] == 0.25


WRONG = {
    ("--resume", "nowhere"): "nowhere is not the folder of a run: settings.toml: No such file or directory",
    ("billiards", "--resume", "nowhere"): "nowhere is not the folder of a run",
    ("billiards", "--resume", "a", "--out", "b"): "--out is a new run's folder; --resume DIR continues in DIR",
    ("--out", "b"): "Missing argument 'SCENE'",
    ("billiards", "--seeds", "0"): "seeds is 1 or more; 0 was given",
    ("billiards", "--clip", "-1"): "clip is a finite number above 0; -1.0 was given",
    ("billiards", "--schedule", "sine"): "a schedule is [warmup:N+]NAME[:N[:END]]",
    ("billiards", "--optimizer", "lbfgs", "--clip", "1"): "lbfgs finds the lengths of its steps itself",
    ("billiards", "--sigma", "1"): "sigma is the deviation that cmaes starts with; gd has none",
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_a_wrong_command_is_one_line_and_makes_nothing(arguments: tuple[str, ...], train: Any, here: Path):
    status, out, err = train(*arguments)
    assert (status, out) == (2, []) and err.startswith("rosesim: ") and WRONG[arguments] in err
    assert not list(here.iterdir())


def test_an_existing_run_is_not_written_over(train: Any):
    json_of(train, "billiards", *QUICK, "--iterations", "1", "--out", "run")
    status, _, err = train("billiards", *QUICK, "--out", "run")
    assert (status, err) == (2, "rosesim: run holds a run already; --resume run goes on with it")


def test_a_run_killed_before_its_settings_were_there_begins_on_resume(train: Any):
    Path("run").mkdir()
    Path("run/.settings.toml.x1y2").write_text("scene = ")  # as a killed writer leaves it
    status, _, err = train("--resume", "run")
    assert status == 2 and "run is not the folder of a run" in err
    assert json_of(train, "billiards", *QUICK, "--iterations", "2", "--resume", "run")["iterations"] == 2
    assert sorted(p.name for p in Path("run").iterdir()) == ["best.npz", "last.npz", "metrics.jsonl", "settings.toml"]


def test_a_damaged_checkpoint_is_one_line_and_stays(train: Any):
    json_of(train, "billiards", *QUICK, "--iterations", "2", "--out", "run")
    cut = Path("run/last.npz").read_bytes()[:-100]
    Path("run/last.npz").write_bytes(cut)
    status, out, err = train("--resume", "run", "--iterations", "4")
    assert (status, out) == (2, []) and "run/last.npz cannot be read: it is damaged" in err
    assert Path("run/last.npz").read_bytes() == cut


@pytest.mark.parametrize("optimizer", ["normalized", "lbfgs", "cmaes"])
def test_every_optimiser_shortens_the_way_to_the_goal(optimizer: str, train: Any):
    arguments = ["--iterations", "30", "--optimizer", optimizer]
    found = json_of(train, "billiards", "--set", "steps=1024", *arguments)
    assert 0 < found["iterations"] <= 30 and found["best_loss"] < 0.5 * found["loss_first"]


def test_an_optimiser_that_ends_by_itself_says_so(train: Any):
    status, (summary, _), err = train("billiards", "--optimizer", "lbfgs", "--iterations", "1000", "--out", "run")
    found = len(Path("run/metrics.jsonl").read_text().splitlines()) - 1
    assert status == 0 and 0 < found < 1000 and f"in {found} iterations" in summary
    assert err.startswith("rosesim: lbfgs ") and err.endswith(f" at iteration {found} of 1000")


def test_a_missing_package_names_its_extra(tmp_path: Path):
    (tmp_path / "site" / "cmaes").mkdir(parents=True)
    (tmp_path / "site" / "cmaes" / "__init__.py").write_text("raise ImportError('not there')")
    done = subprocess.run(
        [sys.executable, "-m", "rosesim", "train", "billiards", "--optimizer", "cmaes"],
        capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "rosesim: cmaes needs the package cmaes: pip install 'rosesim[cma]' (not there)\n"
    assert [p.name for p in tmp_path.iterdir()] == ["site"]


def test_seeds_are_told_one_by_one_and_by_their_medians(train: Any):
    arguments = ["billiards", *QUICK, "--optimizer", "cmaes", "--iterations", "3"]
    found = json_of(train, *arguments, "--seed", "4", "--seeds", "3", "--out", "run")
    assert [s["seed"] for s in found["seeds"]] == [4, 5, 6]
    assert all(set(s) == {"seed", "loss_first", "loss_last", "best_loss", "out"} for s in found["seeds"])
    for name in ("loss_first", "loss_last", "best_loss"):
        assert found[name] == sorted(s[name] for s in found["seeds"])[1]
    assert (found["iterations"], found["out"]) == (3, "run")
    assert [s["out"] for s in found["seeds"]] == ["run/seed-4", "run/seed-5", "run/seed-6"]
    alone = json_of(train, *arguments, "--seed", "5")
    assert alone["best_loss"] == found["seeds"][1]["best_loss"]
    status, lines, _ = train("--resume", "run", "--iterations", "4", "--gif", "best.gif")
    assert status == 0 and [line.split(":")[0] for line in lines[:3]] == ["seed 4", "seed 5", "seed 6"]
    assert "in 4 iterations" in lines[3] and "median of 3 seeds" in lines[3]
    assert lines[4] == "saved in run, shown in best.gif" and Path("best.gif").is_file()
    assert rosesim(["export", "run", "--png", "best.png"]) == 0 and Path("best.png").is_file()


def test_failed_seeds_are_told_of_and_the_status_says_so(train: Any):
    found = json_of(train, "billiards", *QUICK, "--seeds", "2", "--set", "goal=1e200,0", "--out", "run", status=1)
    assert found["loss_last"] is None and found["iterations"] is None
    for s in found["seeds"]:
        assert s["best_loss"] is None and "the loss is no longer finite at iteration 0" in s["error"]
    status, lines, err = train("--resume", "run")
    assert status == 1 and lines[0].startswith("seed 0: failed: the loss is no longer finite")
    assert err.startswith("rosesim: 2 of 2 seeds failed; seed 0: the loss is no longer finite")


@pytest.mark.skipif(os.name == "nt", reason="signals are delivered differently there")
@pytest.mark.parametrize(
    ("optimizer", "scene"),
    [
        ("lbfgs", ["electric"]),
        pytest.param("cmaes", ["billiards", *QUICK], marks=pytest.mark.full),
    ],  # L-BFGS ends billiards by itself after 9 iterations
)
def test_ctrl_c_with_seeds_saves_them_all_and_is_one_line(optimizer: str, scene: list[str], train: Any, here: Path):
    arguments = [*scene, "--optimizer", optimizer, "--iterations", "1000000", "--out", "run"]
    process = subprocess.Popen(
        [sys.executable, "-m", "rosesim", "train", *arguments, "--seeds", "2"],
        cwd=here,
        stderr=subprocess.PIPE,
        text=True,
    )
    rows = [here / "run" / f"seed-{k}" / "metrics.jsonl" for k in (0, 1)]
    for _ in range(3000):
        if all(r.is_file() and r.stat().st_size > 300 for r in rows) or process.poll() is not None:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1 and "Traceback" not in err
    assert err.splitlines()[-1] == "rosesim: interrupted; --resume run goes on with all seeds"
    assert all(r.with_name("last.npz").is_file() for r in rows)
    done = max(len(r.read_text().splitlines()) for r in rows)
    assert json_of(train, "--resume", "run", "--iterations", str(done))["iterations"] == done


@pytest.mark.parametrize("seeds", [[], ["--seeds", "2"]])
def test_a_memory_budget_holds_for_the_programs_of_a_run(
    train: Any, seeds: list[str], monkeypatch: pytest.MonkeyPatch
):
    """Checkpointing is chosen within the budget of the command line, on every thread, and gives the same losses."""
    chosen: list[int] = []
    budgets: list[int] = []
    made, compiled = checkpoint.Checkpointing.__init__, objective.compiled

    def spy(self: Any, *given: Any) -> None:
        made(self, *given)
        chosen.append(self.slots)

    def noted(scene: Any) -> Any:
        budgets.append(budget())
        return compiled(scene)

    monkeypatch.setattr(checkpoint.Checkpointing, "__init__", spy)
    steps = 20001 + len(seeds)  # what one case has compiled is known to the next
    how = ["billiards", "--set", "layers=1", "--set", f"steps={steps}", "--iterations", "1", *seeds]
    usual = json_of(train, *how)
    assert not chosen
    monkeypatch.setattr(objective, "compiled", noted)
    within = json_of(train, *how, "--memory-budget", "1")
    assert chosen and len(set(chosen)) == 1  # 20001 states of 8 numbers are 1.3 MB
    assert budgets == [1 << 20] * (2 if seeds else 1)
    assert within.get("best_loss") == pytest.approx(usual.get("best_loss"), rel=1e-6)
