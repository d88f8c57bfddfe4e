"""A run says what made it, and whoever reads it what has changed since."""

import importlib
import os
import sys
import tomllib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rosesim
from rosesim.cli import run as command
from rosesim.scenes import SceneError
from rosesim.train import RunChanged, read_best, resume, resume_seeds, train, train_seeds
from rosesim.train.origin import source_hash

SCENE = """
from dataclasses import dataclass
from typing import ClassVar
from rosesim import Real, Vec
from rosesim.scenes import Published, Scene, value

@dataclass(frozen=True)
class Start:
    height: Real = value(1.0)

@dataclass(frozen=True)
class World:
    learning_rate: Real = value(0.1)

@dataclass(frozen=True)
class Changing(Scene[Start, World, tuple]):
    \"\"\"A scene that is written anew between runs.\"\"\"
    name: ClassVar[str] = "changing"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=3)
    steps: int = 2
    def inputs(self):
        return World()
    def params(self, rng):
        return Start()
    def initial(self, params, inputs):
        return (params.height + 0.0,)
    def step(self, state, t, params, inputs):
        return (0.9 * state[0],)
    def loss(self, state, params, inputs):
        return state[0] ** 2
    def draw(self, canvas, state, params, inputs):
        canvas.circle((0.5, state[0]), 0.05, "ink")
"""
CHANGES = {
    "a number": ("0.9 * state", "0.8 * state"),
    "a setting": ("steps: int = 2", "steps: int = 2\n    gears: int = 3"),
    "a param": ("height: Real = value(1.0)", "height: Real = value(1.0)\n    width: Real = value(1.0)"),
    "a param's shape": ("height: Real = value(1.0)", "height: Vec[Real, 2] = value((1.0, 2.0))"),
    "an input": ("learning_rate: Real", "wind: Real = value(0.0)\n    learning_rate: Real"),
}
CHANGED = "another text of the scene changing, which has been changed since"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Writes the scene's module and gives its class."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    clock = iter(range(1, 100))

    def write(text: str) -> Any:
        Path("changing_scene.py").write_text(text)
        os.utime("changing_scene.py", times=(0, next(clock)))  # linecache goes by the time
        sys.modules.pop("changing_scene", None)
        importlib.invalidate_caches()
        kind = importlib.import_module("changing_scene").Changing
        monkeypatch.setattr("rosesim.train.settings.recorded_scene", lambda name, place: kind)
        monkeypatch.setattr("rosesim.cli.recorded.scene_at", lambda name: kind)
        return kind

    return write


def changed(what: str) -> str:
    return SCENE.replace(*CHANGES[what])


def test_a_run_keeps_the_version_and_a_hash_of_the_text(written: Callable[[str], Any]):
    kind = written(SCENE)
    train(kind(), out="run")
    made_by = tomllib.loads(Path("run/settings.toml").read_text())["made_by"]
    assert made_by == {"rosesim": rosesim.__version__, "source": source_hash(kind)}
    assert len(made_by["source"]) == 32


def test_what_has_not_changed_is_read_without_a_word(written: Callable[[str], Any]):
    train(written(SCENE)(), out="run")
    kind = written(SCENE.replace("\n", "\r\n"))  # as another system checks it out
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_best("run").iteration == 3
        assert resume("run", scene=kind(), iterations=5).iterations == 5


def test_a_change_that_still_fits_is_a_warning_that_names_it(written: Callable[[str], Any]):
    train(written(SCENE)(), out="run")
    kind = written(changed("a number"))
    for read in (lambda: resume("run", scene=kind(), iterations=5), lambda: read_best("run", kind)):
        with pytest.warns(RunChanged, match=CHANGED):
            read()
    made_by = tomllib.loads(Path("run/settings.toml").read_text())["made_by"]
    assert made_by["source"] != source_hash(kind)  # it is not what the run began with


@pytest.mark.parametrize("what", ["a setting", "a param", "a param's shape", "an input"])
@pytest.mark.filterwarnings("ignore::rosesim.train.RunChanged")
def test_a_change_that_does_not_fit_any_more_is_named_in_the_refusal(what: str, written: Callable[[str], Any]):
    train(written(SCENE)(), out="run")
    kind = written(changed(what))
    for read in (lambda: resume("run"), lambda: read_best("run"), lambda: resume("run", scene=kind(), iterations=9)):
        with pytest.raises(SceneError, match=CHANGED):
            read()


def test_another_version_is_named(written: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch):
    train(written(SCENE)(), out="run")
    monkeypatch.setattr(rosesim, "__version__", "99.1")
    with pytest.warns(RunChanged, match=r"it was made with rosesim \S+ \(this is 99.1\)$"):
        read_best("run")
    kind = written(changed("a setting"))
    with pytest.raises(SceneError, match=rf"gears is missing; it was made with rosesim .* and from {CHANGED}"):
        resume("run", scene=kind())


def test_a_run_from_before_there_was_this_is_read(written: Callable[[str], Any]):
    train(written(SCENE)(), out="run")
    file = Path("run/settings.toml")
    file.write_text(file.read_text().partition("[made_by]")[0])
    written(changed("a number"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert resume("run", iterations=4).iterations == 4


@pytest.mark.parametrize("text", ["made_by = 3", "[made_by]\nrosesim = 3", "[made_by]\nsource = []"])
def test_what_no_run_would_write_is_refused(text: str, written: Callable[[str], Any]):
    train(written(SCENE)(), out="run")
    file = Path("run/settings.toml")
    body = file.read_text().partition("[made_by]")[0]
    file.write_text(f"{text}\n{body}" if text[0] != "[" else f"{body}\n{text}\n")
    with pytest.raises(SceneError, match="made_by"):
        read_best("run")


def test_seeds_keep_it_too(written: Callable[[str], Any]):
    train_seeds(written(SCENE)(), 2, out="run")
    kind = written(changed("a number"))
    with pytest.warns(RunChanged, match=CHANGED):
        assert not [s.error for s in resume_seeds("run", scene=kind(), iterations=5).seeds if s.error]


def test_the_commands_say_it_once_in_a_line(written: Callable[[str], Any], capsys: pytest.CaptureFixture[str]):
    train(written(SCENE)(), out="run")
    written(changed("a number"))
    for arguments in (["export", "run", "--png", "a.png"], ["train", "--resume", "run", "--iterations", "5"]):
        assert command(arguments) == 0
        said = [line for line in capsys.readouterr().err.splitlines() if CHANGED in line]
        assert said == [f"rosesim: run still fits, but it was made from {CHANGED}"]
    written(changed("a param"))
    for arguments in (["export", "run", "--png", "a.png"], ["train", "--resume", "run", "--iterations", "9"]):
        assert command(arguments) == 2
        last = capsys.readouterr().err.splitlines()[-1]
        assert last.startswith("rosesim: run/last.npz") and last.endswith(CHANGED)


def test_a_base_of_another_module_counts(written: Callable[[str], Any]):
    kind = written(SCENE)
    own = type("Own", (kind,), {"__module__": __name__, "__doc__": "Its own."})
    before = source_hash(own)
    kind = written(changed("a number"))
    assert source_hash(type("Own", (kind,), {"__module__": __name__, "__doc__": "Its own."})) != before != ""
