"""What a person guesses of a command line, and gets."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from falling import write_scene

from rosesim import __version__
from rosesim.cli import complete
from rosesim.cli import run as rosesim
from rosesim.cli.app import COMMANDS, app, imported
from rosesim.cli.runs import told
from rosesim.optimise.table import OPTIMIZERS
from rosesim.scenes import find_scene, scene_names

QUICK = ["--set", "steps=20", "--iterations", "3"]


def said(*arguments: str, cwd: Path, status: int = 0) -> tuple[str, str]:
    """What a command writes to standard output and to standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert rosesim(arguments) == status, err.getvalue()
    return out.getvalue(), err.getvalue()


def refused(*arguments: str, cwd: Path) -> str:
    """The one line about a wrong command."""
    out, err = said(*arguments, cwd=cwd, status=2)
    assert not out
    (line,) = err.splitlines()
    return line


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder `runs` with two runs of bounce, with and without the moment of impact: `good` and `bad`."""
    base = tmp_path_factory.mktemp("runs")
    said("train", "bounce", "--out", "runs/good", cwd=base)
    said("train", "bounce", "--set", "time_of_impact=no", "--out", "runs/bad", cwd=base)
    yield base


# ---------------------------------------------------------------------------------------------------- help


def test_version_is_printed(tmp_path: Path):
    assert said("--version", cwd=tmp_path)[0] == f"rosesim {__version__}\n"


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_h_is_help_everywhere(command: str, tmp_path: Path):
    words = [command] if command else []
    assert said(*words, "-h", cwd=tmp_path) == said(*words, "--help", cwd=tmp_path)


def test_help_has_all_commands_in_the_order_of_use_with_whole_lines_and_the_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "80")
    out, _ = said("--help", cwd=tmp_path)
    assert "..." not in out.replace("[ARGS]...", "")
    listed = out[out.index("Commands:") :].splitlines()[1 : 1 + len(COMMANDS)]
    assert [line.split()[0] for line in listed] == list(COMMANDS)
    assert "Exit status: 0 done, 1 a run or a check failed, 2 the command was wrong." in out


def test_every_command_is_known_by_its_own_line():
    found = {name: imported(name).get_short_help_str(100) for name in COMMANDS}
    assert found == {name: known.line for name, known in COMMANDS.items()}
    assert len(app.registered_commands) == len(COMMANDS)


def test_help_of_train_names_optimisers_and_schedules(tmp_path: Path):
    words = " ".join(said("train", "--help", cwd=tmp_path)[0].split())
    assert ", ".join(OPTIMIZERS) in words
    assert "constant, cosine, linear, exponential" in words


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train", "bounce", "--iteration", "3"], "No such option: --iteration; did you mean --iterations?"),
        (["train", "bounce", "--optimiser", "gd"], "did you mean --optimizer?"),
        (["check", "bounce", "--pictures", "a.png"], "did you mean --picture?"),
        (["train", "bounce", "--frobnicate"], "--frobnicate; rosesim train --help lists them"),
        (["train", "bounce", "--set", "lr=0.1"], "no setting or input 'lr'; did you mean learning_rate?"),
        (["trian", "bounce"], "No such command 'trian'. Did you mean 'train'?"),
        (["train", "bounce", "--optimizer", "adm"], "did you mean adam?"),
        (["train", "bounce", "--optimizer", "adam(beta3=1)"], "adam has no constant 'beta3'; there are beta1, beta2"),
    ],
)
def test_a_slip_of_the_hand_is_answered_with_what_was_meant(arguments: list[str], says: str, tmp_path: Path):
    assert says in refused(*arguments, cwd=tmp_path)


def test_a_shell_completes_scenes_optimisers_and_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert complete.scenes("bou") == ["bounce"]
    assert complete.optimizers("ad") == ["adam", "adamw"]
    assert complete.schedules("c") == ["constant", "cosine"]

    line = SimpleNamespace(params={"scene": "bounce"})
    assert complete.assignments(line, "p") == ["place="]
    assert complete.assignments(line, "st") == ["steps="]
    monkeypatch.setenv("_ROSESIM_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "rosesim train bou")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert said(cwd=tmp_path)[0].split() == ["bounce"]


def test_completion_can_be_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("_ROSESIM_COMPLETE", raising=False)
    out, _ = said("--help", cwd=tmp_path)
    assert "--install-completion" in out
    assert os.environ.get("_ROSESIM_COMPLETE") is None


# ---------------------------------------------------------------------------------------------- what there is


def test_list_as_json(tmp_path: Path):
    found = json.loads(said("list", "--json", cwd=tmp_path)[0])["scenes"]
    assert [entry["scene"] for entry in found] == scene_names()
    assert all(entry["about"] for entry in found)


def test_info_of_a_scene_has_defaults_units_ranges_and_meanings(tmp_path: Path):
    write_scene(tmp_path)
    out, _ = said("info", "fall.py", cwd=tmp_path)
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == "fall: Throw a stone so that it ends at a height."
    assert "h 0.2 a number. Time step [s]." in lines or "h 0.2 Time step [s]." in lines
    assert "goal 0.3 0 to 1. Height to reach [m]." in lines  # the text of the field, not the label of its slider
    assert "speed 0.5 Speed upwards [m/s]." in lines
    found = json.loads(said("info", "fall.py", "--json", "--set", "steps=7", cwd=tmp_path)[0])
    settings, inputs, params = ({e["name"]: e for e in found[k]} for k in ("settings", "inputs", "params"))
    assert settings["steps"]["default"] == 7
    assert settings["h"]["unit"] == "s"
    assert inputs["goal"]["range"] == [0.0, 1.0]
    assert inputs["goal"]["unit"] == "m"
    assert params["speed"] == {
        "name": "speed", "type": "number", "shape": [], "default": 0.5, "unit": "m/s",
        "about": "Speed upwards [m/s].",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["billiards", "electric", "diffmpm", "growth"])
def test_info_names_all_that_set_takes_and_all_that_is_tuned(name: str, tmp_path: Path):
    found = json.loads(said("info", name, "--json", cwd=tmp_path)[0])
    assert all(hasattr(find_scene(name), e["name"]) for e in found["settings"])
    for e in [*found["settings"], *found["inputs"]]:  # what is printed as a default can be given
        if "shape" not in e and e["default"] is not None:
            given = str(e["default"])
            said("info", name, "--set", f"{e['name']}={given}", cwd=tmp_path)
    assert found["params"]


def test_info_of_a_run_says_what_it_was_made_from_and_how_it_went(runs: Path):
    out, _ = said("info", "runs/bad", cwd=runs)
    assert "time_of_impact=False" in out
    assert "optimizer=gd iterations=15" in out
    assert "best 0.505 at iteration 0" in out
    found = json.loads(said("info", "runs/bad", "--json", cwd=runs)[0])
    assert found["best_iteration"] == 0
    assert found["settings"]["time_of_impact"] is False


# ------------------------------------------------------------------------------------------------------ rates


def test_lr_is_the_learning_rate(tmp_path: Path):
    for k, rate in enumerate((["--lr", "0.05"], ["--set", "learning_rate=0.05"])):
        said("train", "bounce", *QUICK, *rate, "--out", f"r{k}", cwd=tmp_path)
    rows = [
        [json.loads(line)["loss"] for line in (tmp_path / f"r{k}" / "metrics.jsonl").read_text().splitlines()]
        for k in range(2)
    ]
    assert rows[0] == rows[1]
    assert rows[0][-1] < rows[0][0]
    assert "give one of them" in refused("train", "bounce", "--lr", "1", "--set", "learning_rate=2", cwd=tmp_path)
    assert "no learning rate applies" in refused("train", "bounce", "--lr", "1", "--optimizer", "cmaes", cwd=tmp_path)


# ----------------------------------------------------------------------------------------------------- folders


def test_a_folder_of_runs_is_not_taken_for_a_run(runs: Path):
    line = refused("train", "bounce", "--out", "runs", cwd=runs)
    assert "runs is a folder of runs, such as bad; expected a name of the new run's own, such as runs/first" in line
    assert not (runs / "runs" / "settings.toml").exists()
    for command in (["check", "./runs"], ["export", "runs/", "--png", "a.png"]):
        assert "holds runs; expected one of them: runs/good" in refused(*command, cwd=runs)


def test_the_folder_of_runs_without_a_name_is_not_made_a_run(tmp_path: Path):
    for command in (["--sweep", "h=0.001,0.002"], ["--iterations", "3"]):
        line = refused("train", "bounce", *command, "--out", "./runs", cwd=tmp_path)
        assert "runs is where runs go that are given no folder; expected a name of the new run's own, such as" in line
    assert not (tmp_path / "runs").exists()


def test_bench_export_and_run_take_a_run_where_it_was_best_or_ended(runs: Path):
    best, _ = said("bench", "runs/bad", cwd=runs)
    assert "bounce at the best params of runs/bad (iteration 0, loss 0.505)" in best
    said("export", "runs/bad", "--csv", "best.csv", cwd=runs)
    said("export", "runs/bad", "--csv", "last.csv", "--last", cwd=runs)
    first, last = ((runs / f"{name}.csv").read_text().splitlines()[1] for name in ("best", "last"))
    assert first != last
    for command in (["bench"], ["run"], ["export", "--png", "a.png"]):
        line = refused(command[0], "bounce", *command[1:], "--last", cwd=runs)
        assert "--last needs the folder of a run in the place of a scene; bounce is a scene" in line


def test_pictures_of_another_suffix_are_refused_before_anything_is_computed(tmp_path: Path):
    for option, file in (("--gif", "a.png"), ("--png", "a.jpg"), ("--csv", "a.txt"), ("--npz", "a.npy")):
        assert f"cannot write {file}: its name ends in" in refused("export", "electric", option, file, cwd=tmp_path)
    assert "--npy writes one array" in refused("export", "electric", "--npy", "a.npy", cwd=tmp_path)


# ----------------------------------------------------------------------------------------------------- compare


def test_compare_has_a_row_for_each_run_and_a_picture(runs: Path):
    out, _ = said("compare", "runs/good", "runs/bad", "--png", "c.png", cwd=runs)
    lines = [line.split() for line in out.splitlines()]
    assert lines[0][:4] == ["run", "scene", "optimizer", "rate"]
    assert lines[1][:3] == ["*", "runs/good", "bounce"]
    assert lines[2][:2] == ["runs/bad", "bounce"]
    assert (runs / "c.png").stat().st_size > 1000
    assert {told(runs / "runs" / name).measured for name in ("good", "bad")} == {"height at the end"}
    found = json.loads(said("compare", "runs/good", "runs/bad", "--json", cwd=runs)[0])["runs"]
    assert [r["run"] for r in found] == ["runs/good", "runs/bad"]
    assert found[1]["best_iteration"] == 0
    assert found[1]["loss_last"] > found[1]["best_loss"] > found[0]["best_loss"]
    assert "two runs or more" in refused("compare", "runs/good", cwd=runs)


def test_compare_shows_what_runs_differ_in_and_takes_the_folder_that_holds_them(runs: Path):
    said("train", "bounce", "--iterations", "2", "--set", "steps=120", "--out", "more/short", cwd=runs)
    said("train", "bounce", "--iterations", "2", "--clip", "0.5", "--out", "more/clipped", cwd=runs)
    out, _ = said("compare", "more", cwd=runs)
    head, *rows = (line.replace("*", " ").split() for line in out.splitlines())
    assert [row[0] for row in rows] == ["more/clipped", "more/short"]
    assert set(head[head.index("seconds") + 1 :]) == {"steps", "clip"}
    assert rows[1][head.index("steps")] == "120" and rows[0][head.index("clip")] == "0.5"
    said("train", "growth", "--iterations", "1", "--set", "steps=20", "--out", "more/other", cwd=runs)
    of_two = said("compare", "more", cwd=runs)[0].splitlines()[0].split()
    assert "clip" not in of_two and "steps" in of_two  # of another scene, only what both have
    short = json.loads(said("compare", "more", "--json", cwd=runs)[0])["runs"][2]
    assert short["made"]["steps"] == 120
