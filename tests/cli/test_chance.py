"""What the commands say where chance goes another way than they seem to be asked."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from rosesim import Real, Vec
from rosesim.cli import run as rosesim
from rosesim.scenes import Published, Scene, SceneError, configure, value
from rosesim.scenes.drawn import drawn_names, starts_alike


@dataclass(frozen=True)
class Shot:
    """What is tuned."""

    speed: Real = value(0.2)


@dataclass(frozen=True)
class Aim:
    """What is given."""

    goal: Vec[Real, 2] = value((1.0, 0.5))
    wind: Real = value(0.0)
    learning_rate: Real = value(0.1)


@dataclass(frozen=True)
class Fair(Scene[Shot, Aim, Any]):
    """Nothing in it is left to chance, unless a setting says so."""

    name: ClassVar[str] = "fair"
    published: ClassVar[Published] = Published("gd", 2)
    steps: int = 2
    draws: bool = False
    spread: float = 0.0

    def inputs(self) -> Aim:
        return Aim()

    def params(self, rng: np.random.Generator) -> Shot:
        return Shot(speed=0.2 + self.spread * rng.normal())

    def sample(self, inputs: Aim, rng: np.random.Generator) -> Aim | None:
        goal: Any = rng.uniform(size=2)
        return replace(inputs, goal=goal) if self.draws else None

    def initial(self, params: Shot, inputs: Aim) -> Any:
        return (params.speed + inputs.wind,)

    def step(self, state: Any, t: Any, params: Shot, inputs: Aim) -> Any:
        return (1.1 * state[0],)

    def loss(self, state: Any, params: Shot, inputs: Aim) -> Real:
        return (state[0] - inputs.goal[0]) ** 2

    def draw(self, canvas: Any, state: Any, params: Shot, inputs: Aim) -> None:
        canvas.circle((0.5, 0.5), 0.1, "target")


@pytest.fixture(autouse=True)
def _fair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for module in ("rosesim.cli.train", "rosesim.cli.recorded"):
        monkeypatch.setattr(f"{module}.scene_at", lambda name: Fair)
    monkeypatch.setattr("rosesim.train.settings.recorded_scene", lambda name, place: Fair)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert rosesim(arguments) == 0
    return "\n".join(line for line in capsys.readouterr().err.splitlines() if line.startswith("rosesim: fair"))


def test_what_is_drawn_is_known_by_name():
    assert drawn_names(Fair(), Aim()) == [] and drawn_names(Fair(draws=True), Aim()) == ["goal"]
    assert starts_alike(Fair(), range(5)) and not starts_alike(Fair(spread=0.1), range(5))


@pytest.mark.parametrize("command", [["train", "fair"], ["export", "fair", "--png", "a.png"]])
def test_an_input_that_is_set_and_drawn_anew_is_told(command: list[str], capsys: pytest.CaptureFixture[str]):
    line = "rosesim: fair samples goal anew each iteration: what was set is not used in training"
    assert said(capsys, *command, "--set", "draws=yes", "--set", "goal=3,4", "--set", "wind=0.1") == line
    assert said(capsys, *command, "--set", "draws=yes", "--set", "wind=0.1") == ""
    assert said(capsys, *command, "--set", "goal=3,4") == ""


@pytest.mark.parametrize("several", [["--seeds", "3"], ["--batch", "3"]])
def test_seeds_and_a_batch_of_what_leaves_nothing_to_chance_are_told(
    several: list[str], capsys: pytest.CaptureFixture[str]
):
    line = "rosesim: fair leaves nothing to chance: the 3 seeds are 3 times the same run"
    assert said(capsys, "train", "fair", *several) == line
    assert said(capsys, "train", "fair", *several, "--set", "spread=0.1") == ""
    assert said(capsys, "train", "fair", *several, "--set", "draws=yes") == ""
    assert said(capsys, "train", "fair") == ""


def test_lbfgs_uses_what_was_set(capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("scipy")
    how = ["--set", "draws=yes", "--set", "goal=3,4", "--optimizer", "lbfgs"]
    assert said(capsys, "train", "fair", *how).startswith("rosesim: fair draws") is False


def test_a_name_that_means_two_things_is_refused():
    @dataclass(frozen=True)
    class Twice(Fair):
        """Its setting is called like an input."""

        wind: float = 1.0

    with pytest.raises(SceneError, match="'wind' is both a setting and an input of fair"):
        configure(Twice, ["wind=2"])
    assert configure(Twice, ["spread=2"])[0].spread == 2.0  # pyright: ignore[reportAttributeAccessIssue]


def test_seeds_of_cmaes_differ(capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("cmaes")
    assert "chance" not in said(capsys, "train", "fair", "--seeds", "2", "--optimizer", "cmaes")
