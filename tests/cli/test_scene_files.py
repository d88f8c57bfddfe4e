"""Scenes in a user's own files: named on the command line, and found again by the run's folder."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from falling import FALL, write_scene

from rosesim.cli import run as rosesim
from rosesim.scenes import SceneError
from rosesim.scenes.locate import scene_at
from rosesim.train import read_best, resume, train


@pytest.fixture(autouse=True)
def path_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What loading a file adds to the path and to the modules goes again."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    modules = set(sys.modules)
    yield
    for name in set(sys.modules) - modules:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith("/tmp"):
            del sys.modules[name]


def said(*arguments: str, cwd: Path, status: int = 0) -> tuple[str, str]:
    """What a command writes to standard output and to standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert rosesim(arguments) == status, err.getvalue()
    return out.getvalue(), err.getvalue()


def test_a_run_of_a_file_is_resumed_exported_and_timed_from_anywhere(tmp_path: Path):
    write_scene(tmp_path)
    out, _ = said("train", "fall.py", "--out", "r", "--iterations", "3", "--json", cwd=tmp_path)
    assert json.loads(out)["scene"] == "fall"
    away = tmp_path / "away"
    away.mkdir()
    run = str(tmp_path / "r")
    resumed, _ = said("train", "--resume", run, "--iterations", "6", "--json", cwd=away)
    assert json.loads(resumed)["iterations"] == 6
    assert "fall at the best params" in said("bench", run, cwd=away)[0]
    assert "a run of fall" in said("info", run, cwd=away)[0]
    said("export", run, "--png", "a.png", cwd=away)
    assert (away / "a.png").is_file()
    at_once = train(scene_at(str(tmp_path / "fall.py"))(steps=5), iterations=6)
    assert read_best(run).loss == at_once.best_loss


def test_a_class_is_named_by_its_class_or_its_scene_and_in_a_module(tmp_path: Path):
    package = tmp_path / "pendula"
    package.mkdir()
    (package / "__init__.py").write_text("")
    write_scene(package, "one.py", FALL.replace("from rosesim import Real\n", "from .units import Real\n"))
    (package / "units.py").write_text("from rosesim import Real\n")
    with contextlib.chdir(tmp_path):
        by_module = scene_at("pendula.one:Fall")
        assert by_module.name == "fall"
        assert scene_at("pendula/one.py:fall") is scene_at("pendula/one.py") is by_module


def test_what_lies_beside_a_file_can_be_imported_from_it(tmp_path: Path):
    (tmp_path / "halves.py").write_text("HALF = 0.5\n")
    write_scene(tmp_path, "g.py", FALL.replace("import Real\n", "import Real\nfrom halves import HALF\n"))
    assert scene_at(str(tmp_path / "g.py")).name == "fall"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\ny = = 2\n", "broken.py:2: SyntaxError: invalid syntax"),
        ("import os\n\nx = undefined\n", "broken.py:3: NameError: name 'undefined' is not defined"),
        ("x = 1\n", "broken.py has no scene: expected a class derived from rosesim.scenes.Scene"),
        (FALL + FALL[FALL.index("@dataclass(frozen=True)\nclass Fall") :].replace("class Fall", "class Other"),
         "broken.py has the scenes Fall, Other; say which one, as broken.py:Fall"),
        (FALL.replace("def step", "def stepp").replace("def draw", "def drawn"),
         "broken.py: the scene Fall has no draw, step; expected a method for each"),
        (FALL.replace("published: ", "publish: "), "does not say how it is trained; expected published: ClassVar"),
        (FALL.replace('"fall"', '"../fall"'), "has no name that a folder can have"),
        (FALL.replace('"fall"\n', '"fall"\n    drop: float = 1.0\n    draw: int = 3\n'), "draw"),
    ],
    ids=["syntax", "name", "none", "two", "unfinished", "unpublished", "path", "taken"],
)  # fmt: skip
def test_a_file_that_does_not_load_is_told_with_its_line(text: str, says: str, tmp_path: Path):
    write_scene(tmp_path, "broken.py", text)
    for command in ("train", "check", "info"):
        out, err = said(command, "broken.py", cwd=tmp_path, status=2)
        assert not out
        assert says in err
        assert len(err.splitlines()) == 1


def test_a_file_or_a_class_that_is_not_there_is_told(tmp_path: Path):
    write_scene(tmp_path)
    assert "there is no file none.py" in said("train", "none.py", cwd=tmp_path, status=2)[1]
    assert "has no scene Drop; there are: Fall" in said("train", "fall.py:Drop", cwd=tmp_path, status=2)[1]
    assert "No module named 'nowhere'" in said("train", "nowhere:Fall", cwd=tmp_path, status=2)[1]


def test_an_error_while_a_file_is_traced_names_its_line(tmp_path: Path):
    file = write_scene(tmp_path, "odd.py", FALL.replace("(s.height - inputs.goal) ** 2", "s.hight"))
    line = file.read_text().splitlines().index("        return s.hight") + 1
    assert f"odd.py:{line}" in said("train", "odd.py", cwd=tmp_path, status=1)[1]


def test_a_step_that_returns_another_type_is_told_with_its_line(tmp_path: Path):
    """In a process of its own: here, the tests' own lines are the user's."""
    file = write_scene(tmp_path, "odd_step.py", FALL.replace("return State(s.height +", "return (s.height +"))
    line = file.read_text().splitlines().index("    def step(self, s, t, params, inputs):") + 1
    done = subprocess.run(
        [sys.executable, "-m", "rosesim", "train", "odd_step.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert f"odd_step.py:{line}: in step() of fall: scan's function gave (Real, Real) where" in done.stderr


MARKED = FALL + "\nfrom pathlib import Path\n\nPath(__file__).with_suffix('.ran').touch()\n"


def test_a_strangers_run_does_not_run_the_file_that_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whoever sends a run's folder chooses the place in it. Only a file that was loaded before is run."""
    file = write_scene(tmp_path, text=MARKED)
    said("train", "fall.py", "--iterations", "2", "--out", "r", cwd=tmp_path)
    assert tomllib.loads((tmp_path / "r" / "settings.toml").read_text())["place"] == f"{file}:Fall"
    file.with_suffix(".ran").unlink()
    theirs = write_scene(tmp_path, "theirs.py", MARKED)
    settings = tmp_path / "r" / "settings.toml"
    settings.write_text(settings.read_text().replace(str(file), str(theirs)))
    for command in (["check", "r"], ["run", "r"], ["info", "r"], ["export", "r", "--png", "a.png"]):
        assert f"`rosesim info {theirs}` loads it" in said(*command, cwd=tmp_path, status=2)[1]
    with pytest.raises(SceneError, match="nothing of it was run"):
        resume(tmp_path / "r", iterations=4)
    assert not theirs.with_suffix(".ran").exists()
    said("info", str(theirs), cwd=tmp_path)  # now its user has asked for it
    assert theirs.with_suffix(".ran").exists()
    assert "at the best params" in said("check", "r", cwd=tmp_path)[0]
    monkeypatch.setenv("ROSESIM_CACHE_DIR", str(tmp_path / "another"))  # as another user has it
    assert "have not loaded" in said("check", "r", cwd=tmp_path, status=2)[1]


def test_a_place_in_a_folder_is_a_file_and_a_class_or_refused(tmp_path: Path):
    write_scene(tmp_path)
    said("train", "fall.py", "--iterations", "2", "--out", "r", cwd=tmp_path)
    settings = tmp_path / "r" / "settings.toml"
    whole = settings.read_text()
    for place in ("os:system", "fall.py", "x.py:Fall\\nX"):
        settings.write_text(whole.replace(f"{tmp_path / 'fall.py'}:Fall", place))
        assert "settings.toml: " in said("check", "r", cwd=tmp_path, status=2)[1]
    settings.write_text(whole)
    (tmp_path / "fall.py").unlink()
    assert "fall.py, which is gone" in said("check", "r", cwd=tmp_path, status=2)[1]


def test_a_run_of_a_file_that_was_moved_goes_on_by_its_new_name(tmp_path: Path):
    write_scene(tmp_path)
    said("train", "fall.py", "--iterations", "2", "--out", "r", cwd=tmp_path)
    shutil.move(tmp_path / "fall.py", tmp_path / "moved.py")
    out, _ = said("train", "moved.py", "--resume", "r", "--iterations", "4", "--json", cwd=tmp_path)
    assert json.loads(out)["iterations"] == 4


def test_a_sweep_takes_a_file_too(tmp_path: Path):
    write_scene(tmp_path)
    sweep = ["train", "fall.py", "--sweep", "learning_rate=0.1,0.3", "--iterations", "2", "--workers", "1"]
    out, _ = said(*sweep, "--out", "s", "--json", cwd=tmp_path)
    assert [t["values"] for t in json.loads(out)["trials"]] == [{"learning_rate": "0.3"}, {"learning_rate": "0.1"}]
    again, _ = said("train", "--resume", "s", "--json", cwd=tmp_path)
    assert json.loads(again)["trials"] == json.loads(out)["trials"]


def test_a_start_that_is_no_state_is_told_of_initial_and_not_of_step(tmp_path: Path):
    text = FALL.replace("State(0.0 * params.speed, params.speed)", "State([0.0, 1.0], params.speed)")
    file = write_scene(tmp_path, "odd_start.py", text)
    line = next(k for k, s in enumerate(file.read_text().splitlines(), 1) if "def initial" in s)
    done = subprocess.run(
        [sys.executable, "-m", "rosesim", "train", "odd_start.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert f"odd_start.py:{line}: in initial() of fall: in the field 'height': " in done.stderr
