"""`rosesim run` and `export`: the window where there is a display, a GIF where there is none."""

import importlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import pytest

from rosesim.cli import run as rosesim
from rosesim.train import read_best
from rosesim.view import Window
from rosesim.view.live import Snapshot

ROOT = Path(__file__).parents[2]
QUICK = ["--set", "steps=600", "--set", "layers=1", "--iterations", "6"]


@pytest.fixture(autouse=True)
def short_movies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked here is whether a movie is written, not how smooth it is."""
    # the module, in whose place rosesim.view has the function of the same name
    monkeypatch.setattr(importlib.import_module("rosesim.view.movie"), "FRAMES", 3)


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[Window, Snapshot]]:
    """Runs the command with a person who closes the window when all is compiled, and gives what was seen."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.chdir(tmp_path)
    seen: list[tuple[Window, Snapshot]] = []
    frame = Window.frame

    def looked(self: Window, seconds: float) -> None:
        frame(self, seconds)
        now = self.session.live.latest
        if now is not None and now.gradient is not None:
            seen.append((self, now))
            self.pygame.event.post(self.pygame.event.Event(self.pygame.KEYDOWN, key=self.pygame.K_q, unicode="q"))

    monkeypatch.setattr(Window, "frame", looked)

    def command(*arguments: str) -> tuple[Window, Snapshot]:
        assert rosesim(["run", *arguments]) == 0
        return seen[-1]

    return command


@pytest.mark.usefixtures("no_display")
def test_without_a_display_run_says_so_and_writes_a_gif_beside_what_is_there(capsys: pytest.CaptureFixture[str]):
    assert rosesim(["train", "billiards", *QUICK, "--out", "runs/a"]) == 0
    Path("billiards.gif").write_text("mine")
    capsys.readouterr()
    assert rosesim(["run", "billiards"]) == 0  # the best run there is
    out, err = capsys.readouterr()
    assert out == "wrote billiards-1.gif\n"
    says = "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set): this writes billiards-1.gif instead"
    assert says in err.splitlines()[-1]
    assert Path("billiards.gif").read_text() == "mine"
    assert rosesim(["run", "runs/a"]) == 0
    assert capsys.readouterr().out == "wrote a.gif\n"
    assert Path("a.gif").read_bytes() == Path("billiards-1.gif").read_bytes()
    best = read_best("runs/a").iteration
    until = {i for i in (0, 1, 2, 4, 6) if i < best} | {best}
    assert len(iio.imread("a.gif")) == 3 * len(until)


@pytest.mark.usefixtures("no_display")
def test_without_a_display_or_a_run_the_published_optimisation_is_shown(capsys: pytest.CaptureFixture[str]):
    assert rosesim(["run", "billiards", "--set", "steps=40", "--set", "layers=1"]) == 0
    assert capsys.readouterr().out == "wrote billiards.gif\n"
    assert iio.imread("billiards.gif").shape[1:] == (402, 742, 3)


def test_a_driver_that_was_chosen_and_fails_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("SDL_VIDEODRIVER", "nonsense")
    monkeypatch.chdir(tmp_path)
    assert rosesim(["run", "billiards"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rosesim: SDL_VIDEODRIVER=nonsense does not work here")
    assert not list(tmp_path.iterdir())


def test_run_opens_a_scene_at_its_start_where_there_is_no_run_of_it(watched: Any):
    window, now = watched("billiards", "--set", "goal=0.8,0.7", "--set", "steps=700")
    assert window.session.scene.steps == 700 and now.inputs.goal.tolist() == [0.8, 0.7]
    assert (now.attempt.iteration, now.attempt.params.position.tolist()) == (0, [0.1, 0.5])


def test_run_opens_the_best_run_of_a_scene_with_its_losses_and_its_past(watched: Any, tmp_path: Path):
    for name, more in (("good", []), ("bad", ["--set", "goal=1.2,0.1"])):
        assert rosesim(["train", "billiards", *QUICK, *more, "--out", f"runs/{name}"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "runs/good/metrics.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows]
    for what in ("billiards", "runs/good"):
        window, now = watched(what)
        best = losses.index(min(losses))
        assert now.attempt.iteration == best and now.attempt.loss == losses[best]
        assert now.curve == tuple(enumerate(losses))
        assert [g.iteration for g in now.ghosts] == [i for i in (0, 1, 2, 4, 6) if i < best]
        assert (window.session.scene.steps, now.inputs.goal.tolist()) == (600, [0.9, 0.75])
    _, now = watched("runs/bad")
    assert now.inputs.goal.tolist() == [1.2, 0.1]
    _, now = watched("billiards", "--set", "steps=600", "--set", "layers=1")  # settings given: anew
    assert now.attempt.iteration == 0 and now.ghosts == ()


def test_run_refuses_settings_for_a_run(watched: Any, capsys: pytest.CaptureFixture[str]):
    assert rosesim(["train", "billiards", *QUICK, "--out", "runs/a"]) == 0
    assert rosesim(["run", "runs/a", "--set", "steps=3"]) == 2
    assert "runs/a is a run, whose settings are in its folder" in capsys.readouterr().err


def test_export_writes_each_kind_of_picture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    assert rosesim(["train", "billiards", *QUICK, "--out", "a"]) == 0
    assert rosesim(["export", "a", "--gif", "a.gif", "--mp4", "a.mp4", "--png", "a.png"]) == 0
    gif, video, sheet = iio.imread("a.gif"), iio.imread("a.mp4"), iio.imread("a.png")
    assert gif.shape[1:] == video.shape[1:] and sheet.ndim == 3
    assert len(video) > len(gif)  # it has no frames of different lengths


def test_a_video_without_its_extra_is_refused_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n, *a: None if n == "imageio_ffmpeg" else find(n, *a))
    assert rosesim(["export", "billiards", "--mp4", "a.mp4"]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", "rosesim: MP4 files need imageio-ffmpeg: pip install 'rosesim[mp4]'\n")
    assert not list(tmp_path.iterdir())


def test_the_benchmark_measures_frames_while_optimising():
    script = ROOT / "benchmarks" / "viewer_frames.py"
    arguments = ["billiards", "--seconds", "0.5", "--set", "steps=600", "--set", "layers=1"]
    done = subprocess.run(
        [sys.executable, script, *arguments], capture_output=True, text=True, timeout=60, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["frames"] > 3 and found["iterations"] > 3
    assert 0 < found["frame_ms"]["median"] <= found["frame_ms"]["p95"] <= found["frame_ms"]["max"]
    assert found["seconds_to"]["first_frame"] <= found["seconds_to"]["moving"] <= found["seconds_to"]["gradient"]
