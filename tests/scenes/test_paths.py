"""Paths as people give them, and files that are refused before any work, or written whole."""

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest

from rosesim.cli import run as rosesim
from rosesim.scenes import SceneError, UnwritableFile, configure, find_scene
from rosesim.scenes.writing import beside
from rosesim.train import (
    best_run,
    read_best,
    read_last,
    read_sweep,
    resume,
    resume_seeds,
    resume_starts,
    resume_sweep,
    sweep,
    train,
    train_seeds,
    train_starts,
)
from rosesim.view import write_gif, write_mp4, write_png
from tests.valley import Valley

VALLEY = Valley()

QUICK = ["--set", "steps=40", "--set", "layers=1", "--iterations", "3"]
FRAMES = [np.full((32, 32, 3), 40 * k, np.uint8) for k in range(5)]
NOISE = [np.random.default_rng(k).integers(0, 255, (64, 64, 3)).astype(np.uint8) for k in range(20)]
WRITERS: dict[str, Callable[[Any, list[Any]], None]] = {
    "png": lambda file, frames: write_png(file, frames[0]),
    "gif": lambda file, frames: write_gif(file, frames, [0.1] * len(frames)),
    "mp4": lambda file, frames: write_mp4(file, frames, [0.1] * len(frames)),
}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Somewhere:
    """A path that is neither a str nor a Path, as other packages have them."""

    def __init__(self, path: str):
        self.path = path

    def __fspath__(self) -> str:
        return self.path


def taking_a_path() -> dict[str, Callable[[Any], Any]]:
    """Every public function that takes a path of a run, given one that it can use."""
    train(VALLEY, iterations=2, out="one")
    train_seeds(VALLEY, 2, iterations=2, out="several")
    train_starts(VALLEY, 2, iterations=2, out="together")
    sweep(Valley, "learning_rate=0.001", iterations=1, out="swept", workers=1)
    return {
        "one": lambda path: (resume(path, scene=VALLEY), read_best(path, Valley), read_last(path, Valley)),
        "several": lambda path: resume_seeds(path, scene=VALLEY),
        "together": lambda path: resume_starts(path, scene=VALLEY),
        "swept": lambda path: (read_sweep(path, Valley), resume_sweep(path, scene=Valley, workers=1)),
        ".": lambda path: best_run("valley", path),
    }


def test_folders_are_given_as_a_str_or_as_any_path():
    for name, read in taking_a_path().items():
        for given in (name, Path(name), Somewhere(name), f"{name}/", str(Path(name).absolute())):
            assert read(given) is not None, name


def test_out_is_given_as_any_path():
    """As a str and as a Path it is given in all other tests."""
    kind = Somewhere
    assert train(VALLEY, iterations=1, out=kind("a")).out == Path("a")
    assert train_seeds(VALLEY, 2, iterations=1, out=kind("b")).seeds[1].out == Path("b/seed-1")
    assert train_starts(VALLEY, 2, iterations=1, out=kind("c")).seeds[1].out == Path("c/seed-1")
    assert sweep(Valley, "learning_rate=0.001", iterations=1, out=kind("d"), workers=1).out == Path("d")


@pytest.mark.parametrize("kind", [str, Path, Somewhere])
@pytest.mark.parametrize("suffix", WRITERS)
def test_pictures_are_given_as_a_str_or_as_any_path(suffix: str, kind: Callable[[str], Any]):
    WRITERS[suffix](kind(f"new folder/ä 滑 {suffix}.{suffix}"), FRAMES)
    assert [f.name for f in Path("new folder").iterdir()] == [f"ä 滑 {suffix}.{suffix}"]


def test_every_public_function_of_training_that_takes_a_path_is_above():
    """A new one must be added to `taking_a_path` or to the test of `out`."""
    import inspect

    from rosesim import train as training

    named: set[str] = set()
    for name in training.__all__:
        f = getattr(training, name)
        if inspect.isfunction(f) and any(
            "Path" in str(p.annotation) for p in inspect.signature(f).parameters.values()
        ):
            named.add(name)
    assert named == {
        "best_run", "read_best", "read_last", "read_sweep", "resume", "resume_seeds", "resume_starts", "resume_sweep",
        "sweep", "train", "train_seeds", "train_starts",
    }  # fmt: skip


@pytest.mark.parametrize("given", ["", "  ", b"bytes", 3, ["a"], "nul\0", "half \ud800"])
def test_what_is_no_path_is_refused_before_anything_is_made(given: Any):
    uses: list[Callable[[], Any]] = [
        lambda: train(VALLEY, iterations=1, out=given),
        lambda: train_seeds(VALLEY, 2, iterations=1, out=given),
        lambda: train_starts(VALLEY, 2, iterations=1, out=given),
        lambda: sweep(Valley, "learning_rate=0.001", iterations=1, out=given),
        lambda: resume(given, scene=VALLEY),
        lambda: read_best(given, Valley),
        lambda: read_last(given, Valley),
        lambda: read_sweep(given, Valley),
        lambda: best_run("valley", given),
        *(lambda write=write: write(given, FRAMES) for write in WRITERS.values()),
    ]
    for use in uses:
        with pytest.raises(SceneError):
            use()
    assert list(Path().iterdir()) == []


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    train(VALLEY, iterations=1, out="~/run")
    write_png("~/a.png", FRAMES[0])
    assert rosesim(["train", "billiards", *QUICK, "--out=~/other", "--gif=~/b.gif"]) == 0
    assert sorted(f.name for f in (tmp_path / "home").iterdir()) == ["a.png", "b.gif", "other", "run"]
    assert not Path("~").exists()


def test_a_run_goes_on_in_its_folder_wherever_somebody_goes_meanwhile(tmp_path: Path):
    Path("elsewhere").mkdir()
    train(VALLEY, iterations=2, out="run", report=lambda now: os.chdir(tmp_path / "elsewhere"))
    assert list(Path().iterdir()) == []
    assert resume(tmp_path / "run", scene=VALLEY).iterations == 2


def test_a_file_where_a_folder_is_meant_is_refused():
    Path("file").write_text("mine")
    for use in (
        lambda: train(VALLEY, iterations=1, out="file"),
        lambda: train(VALLEY, iterations=1, out="file/run"),
        lambda: train_seeds(VALLEY, 2, iterations=1, out="file"),
        lambda: sweep(Valley, "learning_rate=0.001", iterations=1, out="file"),
        lambda: train(VALLEY, iterations=1, out="/proc/run"),
        lambda: train(VALLEY, iterations=1, out="long" * 200),
    ):
        with pytest.raises(UnwritableFile):
            use()
    assert Path("file").read_text() == "mine"


def test_a_folder_in_which_another_process_trains_is_refused():
    """Each holds the lock of its metrics; here the two are threads of one process, which have locks of their own."""
    begun, go_on = threading.Event(), threading.Event()

    def wait(_: Any) -> None:
        begun.set()
        go_on.wait(20.0)

    first = threading.Thread(target=lambda: train(VALLEY, iterations=1, out="run", report=wait))
    first.start()
    assert begun.wait(20.0)
    try:
        with pytest.raises(SceneError, match="holds a run already"):
            train(VALLEY, iterations=1, out="run")
        with pytest.raises(SceneError, match="being trained by another process"):
            resume("run", scene=VALLEY)
    finally:
        go_on.set()
        first.join()


# ------------------------------------------------------------------------------- refused before any work


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever would train fails."""

    def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("this trained before it refused")

    monkeypatch.setattr("rosesim.train.train", refuse)
    monkeypatch.setattr("rosesim.scenes.check.check_gradient", refuse)


REFUSED = {
    "--gif missing/a.gif": "no folder missing",
    "--mp4 missing/a.mp4": "no folder missing",
    "--png missing/a.png": "no folder missing",
    "--npy missing/a.npy": "no folder missing",
    "--gif a.png": "expected .gif",
    "--mp4 a.gif": "expected .mp4",
    "--png a.jpg": "expected .png",
    "--npy a.npz": "expected .npy",
    "--gif folder": "Is a directory",
    "--gif folder/": "Is a directory",
    "--gif file/a.gif": "no folder file",
    "--gif /proc/a.gif": "cannot write /proc/a.gif",
    "--png /dev/full": "It is not a file",
    "--npy pipe": "It is not a file",
    "--gif a --png a": "one and the same",
    "--npy a.npy": "--npy writes one array; tuned are weights1, bias1",
    "--gif ok.gif --npy a.npy": "--npy writes one array",
    "--gif=": "a path is empty",
    "": "export needs",
}


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("arguments", REFUSED)
def test_export_refuses_before_it_trains(arguments: str, capsys: pytest.CaptureFixture[str]):
    Path("folder").mkdir()
    Path("file").write_text("mine")
    os.mkfifo("pipe")
    scene = "mass_spring" if "a.npy" in arguments else "billiards"
    assert rosesim(["export", scene, *arguments.split()]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and REFUSED[arguments] in err, err
    assert sorted(f.name for f in Path().iterdir()) == ["file", "folder", "pipe"]


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("file", ["a.png", "folder", "/proc/a.gif", "/proc/new/a.gif", "/dev/full", "file/a.gif"])
def test_train_refuses_a_gif_before_it_trains(file: str, capsys: pytest.CaptureFixture[str]):
    Path("folder").mkdir()
    Path("file").write_text("mine")
    assert rosesim(["train", "billiards", *QUICK, "--gif", file]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and "cannot write" in err
    assert sorted(f.name for f in Path().iterdir()) == ["file", "folder"]


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("file", ["a.gif", ".", "missing/a.png", "/proc/a.png"])
def test_check_refuses_a_picture_before_it_checks(file: str, capsys: pytest.CaptureFixture[str]):
    assert rosesim(["check", "billiards", "--set", "steps=40", "--picture", file]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_where_a_name_has_no_suffix_the_option_says_the_format():
    assert rosesim(["train", "billiards", *QUICK, "--out", "run"]) == 0
    assert rosesim(["export", "run", "--png", "sheet", "--gif", "A.GIF"]) == 0
    assert Path("sheet").read_bytes()[1:4] == b"PNG" and Path("A.GIF").read_bytes()[:3] == b"GIF"


def test_a_link_is_followed_and_its_file_replaced():
    Path("there").mkdir()
    Path("link.png").symlink_to("there/a.png")
    write_png("link.png", FRAMES[0])
    write_png("link.png", FRAMES[1])
    assert Path("link.png").is_symlink() and iio.imread("there/a.png").max() == 40
    assert [f.name for f in Path("there").iterdir()] == ["a.png"]


# ------------------------------------------------------------------------------------- whole or not at all


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(suffix: str):
    """A limit of the size of files stands for the full disk: the system refuses the write in the same place."""
    file = f"a.{suffix}"
    WRITERS[suffix](file, FRAMES)
    before = Path(file).read_bytes()
    assert len(before) < 4000
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, old[1]))
    try:
        with pytest.raises(UnwritableFile, match=rf"cannot write a\.{suffix}"):
            WRITERS[suffix](file, NOISE)
        with pytest.raises(UnwritableFile, match=rf"cannot write b\.{suffix}"):
            WRITERS[suffix](f"b.{suffix}", NOISE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert Path(file).read_bytes() == before
    assert [f.name for f in Path().iterdir()] == [file]


def test_whoever_fails_while_writing_leaves_nothing():
    Path("a.txt").write_text("old")
    with pytest.raises(ZeroDivisionError), beside("a.txt") as new:
        new.write_text("half")
        _ = 1 // 0
    assert [f.name for f in Path().iterdir()] == ["a.txt"] and Path("a.txt").read_text() == "old"


def test_a_kill_while_a_gif_is_written_leaves_the_old_one():
    """The process dies at the moment of the renaming; the name never shows half a file."""
    write_gif("a.gif", FRAMES, [0.1] * 5)
    before = Path("a.gif").read_bytes()
    code = (
        "import os, signal, numpy as np\n"
        "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from rosesim.view import write_gif\n"
        "write_gif('a.gif', [np.zeros((64, 64, 3), np.uint8)] * 3, [0.1] * 3)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    assert Path("a.gif").read_bytes() == before


@pytest.mark.parametrize("command", [["export", "run"], ["train", "billiards", *QUICK]])
def test_a_picture_that_cannot_be_written_after_all_is_one_line(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """The disk fills during the training: what was trained is told all the same."""
    assert rosesim(["train", "billiards", *QUICK, "--out", "run"]) == 0
    capsys.readouterr()
    real = os.replace

    def full(source: Any, to: Any) -> None:
        if str(to).endswith(".gif"):
            raise OSError(28, "No space left on device")
        real(source, to)

    monkeypatch.setattr(os, "replace", full)
    assert rosesim([*command, "--gif", "a.gif"]) == 1
    out, err = capsys.readouterr()
    assert err.splitlines()[-1] == "rosesim: cannot write a.gif: No space left on device"
    assert "Traceback" not in err
    assert command[0] == "export" or "saved in runs" in out
    assert not Path("a.gif").exists()


# --------------------------------------------------------------------------------------- the best of a run


def test_export_shows_the_best_of_a_run(capsys: pytest.CaptureFixture[str]):
    """So large a rate throws the ball off: the best iteration is an early one."""
    scene, inputs = configure(find_scene("billiards"), ["steps=40", "layers=1", "learning_rate=2.0"])
    how = ["--set", "learning_rate=2.0", "--iterations", "9", "--optimizer", "gd"]
    assert rosesim(["train", "billiards", *QUICK, *how, "--out", "run", "--gif", "trained.gif"]) == 0
    best = read_best("run")
    assert best.iteration < 9, "or this tests nothing"
    run = train(scene, inputs=inputs, iterations=9, optimizer="gd")
    assert run.best_iteration == best.iteration
    assert [i for i, _ in run.until_best][-1] == best.iteration
    assert rosesim(["export", "run", "--gif", "exported.gif"]) == 0
    assert Path("trained.gif").read_bytes() == Path("exported.gif").read_bytes()
    assert len(iio.imread("exported.gif")) == 30 * len(run.until_best)


def test_the_array_that_is_exported_is_the_best():
    how = ["--set", "learning_rate=5.0", "--iterations", "6", "--optimizer", "gd"]
    assert rosesim(["train", "bounce", *how, "--out", "run"]) == 0
    best = read_best("run")
    assert best.iteration < 6, "or this tests nothing"
    assert rosesim(["export", "run", "--npy", "a.npy"]) == 0
    assert float(np.load("a.npy")) == best.params.delta
