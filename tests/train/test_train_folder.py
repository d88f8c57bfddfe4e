"""A run's folder: what was written is read back as it was, and what is damaged or foreign is one clear line."""

import errno
import json
import os
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from valley import Field, Valley, records

from rosesim.scenes import SceneError, configure, find_scene
from rosesim.scenes.tree import leaves
from rosesim.train import Interrupted, Plan, TrainingStopped, best_run, read_best, resume, train
from rosesim.train.arrays import open_arrays, write_arrays
from rosesim.train.folder import read_attempts, read_losses, read_scene
from rosesim.train.metrics import read_rows
from rosesim.train.settings import Settings, read_settings

VALLEY = Valley()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    train(VALLEY, iterations=8, optimizer="adam", out=folder)
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of a finished run, to be damaged."""
    folder = tmp_path / "run"
    folder.mkdir()
    for file in finished.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(SceneError) as e:
        act()
    assert "\n" not in str(e.value)
    return str(e.value)


@dataclass(frozen=True)
class Shape:
    """A setting that parses itself."""

    sides: int

    @classmethod
    def parse(cls, text: str) -> "Shape":
        if not text.startswith("shape "):
            raise ValueError(f"{text!r} is no shape")
        return cls(int(text.removeprefix("shape ")))

    def __str__(self) -> str:
        return f"shape {self.sides}"


@dataclass(frozen=True)
class Wide(Valley):
    """A scene with every kind of setting."""

    shape: Shape = Shape(3)
    maybe: Shape | None = None
    count: int | None = 4
    pair: tuple[int, float] = (1, 2.0)
    flag: bool = False
    huge: int = 1 << 80


def test_settings_of_every_kind_are_read_back_as_they_were(tmp_path: Path):
    wide = Wide(
        bend=1 / 3, kind="blunt", weights=(1e-300, 0.1, 5e200), note='quoted "\\" text\nof two lines', flag=True,
        shape=Shape(7), maybe=Shape(2), count=None,
    )  # fmt: skip
    inputs = Field(drag=-0.0, wind=np.array([np.pi, 1e-310, -3.0]))  # pyright: ignore[reportArgumentType] -- NumPy here, traced elsewhere
    for scene in (wide, Wide()):
        plan = Plan("adamw", 30, seed=5, schedule="cosine", clip=0.1)
        Settings(scene, inputs, plan).write(tmp_path)
        found = read_settings(tmp_path, Wide)
        assert found.scene == scene and repr(found.scene) == repr(scene)
        assert {k: np.asarray(v).tobytes() for k, v in leaves(found.inputs).items()} == {
            k: np.asarray(v).tobytes() for k, v in leaves(inputs).items()
        }
        assert found.plan == plan and found.plan.schedule == "cosine:30" and found.seeds is None
    written = tomllib.loads((tmp_path / "settings.toml").read_text())
    assert written["settings"]["shape"] == "shape 3" and "maybe" not in written["settings"]
    assert written["inputs"]["wind"] == [np.pi, 1e-310, -3.0]


def test_a_setting_that_cannot_be_written_down_is_refused_before_anything_is_made(tmp_path: Path):
    @dataclass(frozen=True)
    class Odd(Valley):
        odd: Any = frozenset({1})

    said = refusal(lambda: train(Odd(), iterations=1, out=tmp_path / "run"))
    assert "the setting odd of type frozenset cannot be written into a run's folder: its type needs a parse" in said
    assert not list(tmp_path.iterdir())


HOSTILE = {
    "steps = 8": [
        ("steps = 8.0", "steps is of type int; 8.0 was found"),
        ("steps = true", "steps is of type int; True was found"),
        ("steps = '8'", "steps is of type int; '8' was found"),
        ("steps = [8]", "steps is of type int; [8] was found"),
        ("steps = 0", "steps is the number of updates of the state, 1 or more; it was 0"),
        ("", "steps is missing"),
        ("steps = 8\nstepz = 9", "valley has no setting stepz"),
        ("steps = " + "[" * 5000 + "]" * 5000, "settings.toml"),
        ("steps = ", "is not the folder of a run: settings.toml: Invalid value"),
    ],
    "bend = 20.0": [("bend = 'steep'", "bend is of type float; 'steep' was found"), ("bend = false", "bend is of")],
    'kind = "plain"': [("kind = 'odd'", "kind is one of plain, blunt; 'odd' was found"), ("kind = 1", "is one of")],
    "learning_rate = 0.002": [
        ("learning_rate = [0.002]", "learning_rate is not the numbers of shape () that valley expects"),
        ("learning_rate = 'fast'", "learning_rate is not the numbers of shape ()"),
        ("learning_rate = 2020-01-01", "learning_rate is not the numbers of shape ()"),
        ("", "the inputs are drag, wind; expected drag, wind, learning_rate"),
        ("learning_rate = 0.002\nrate = 1.0", "the inputs are drag, wind, learning_rate, rate; expected"),
    ],
    'optimizer = "adam"': [
        ("optimizer = 'sgd'", "no optimizer is called 'sgd'"),
        ("optimizer = 3", "optimizer is of type str; 3 was found"),
        ("optimizer = 'adam'\nfoo = 1", "training has no foo"),
        ("optimizer = 'adam'\nclip = -1.0", "clip is a finite number above 0"),
        ("optimizer = 'adam'\nseeds = 'many'", "seeds is an integer, 1 or more; 'many' was found"),
    ],
    "iterations = 8": [("iterations = 0", "iterations is 1 or more"), ("iterations = 1e9", "is of type int")],
    'scene = "valley"': [
        ("scene = 'billiards'", "it is a run of billiards, not of valley"),
        ("scene = 3", "scene is missing or is not a str"),
        ("", "scene is missing or is not a str"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [(was, *case) for was, cases in HOSTILE.items() for case in cases],
    ids=lambda s: s[:20],
)
def test_settings_that_do_not_fit_are_one_line(was: str, becomes: str, says: str, run: Path):
    text = (run / "settings.toml").read_text()
    assert was in text
    (run / "settings.toml").write_text(text.replace(was, becomes))
    said = refusal(lambda: read_settings(run, Valley))
    assert says in said and str(run) in said


def test_what_is_no_run_is_said(tmp_path: Path):
    assert "nowhere is not the folder of a run: settings.toml: No such file" in refusal(
        lambda: resume(tmp_path / "nowhere")
    )
    (tmp_path / "settings.toml").write_bytes(b"\xff\xfe")
    assert "is not the folder of a run: settings.toml: 'utf-8' codec" in refusal(lambda: read_scene(tmp_path))


def test_changed_settings_do_not_go_with_the_old_checkpoint(run: Path):
    text = (run / "settings.toml").read_text()
    (run / "settings.toml").write_text(text.replace("learning_rate = 0.002", "learning_rate = 0.003"))
    said = refusal(lambda: resume(run, scene=VALLEY, iterations=9))
    assert "last.npz is of another run, or" in said and "settings have been changed since" in said


def test_a_checkpoint_of_another_run_is_refused_and_stays(run: Path, tmp_path: Path):
    train(VALLEY, iterations=8, optimizer="adam", seed=1, out=tmp_path / "other")
    foreign = (tmp_path / "other" / "last.npz").read_bytes()
    (run / "last.npz").write_bytes(foreign)
    assert "last.npz is of another run" in refusal(lambda: resume(run, scene=VALLEY, iterations=9))
    assert (run / "last.npz").read_bytes() == foreign


def test_every_damage_to_a_checkpoint_is_noticed_or_harmless(run: Path):
    """Bits are flipped all over the file, and it is cut short: either one line, or the same numbers."""
    whole = (run / "last.npz").read_bytes()
    wanted = resume(run, scene=VALLEY)
    harmless = 0
    rng = np.random.default_rng(0)
    places = rng.choice(len(whole), 120, replace=False)
    damaged = [whole[:i] + bytes([whole[i] ^ (1 << rng.integers(8))]) + whole[i + 1 :] for i in places.tolist()]
    damaged += [whole[:n] for n in (0, 1, 100, len(whole) // 2, len(whole) - 1)] + [b"", whole[::-1]]
    for content in damaged:
        (run / "last.npz").write_bytes(content)
        try:
            found = resume(run, scene=VALLEY)
        except SceneError as e:
            assert "last.npz" in str(e) and "\n" not in str(e)
        else:
            harmless += 1  # a date, say
            assert (found.losses, found.best_loss) == (wanted.losses, wanted.best_loss)
            assert found.params.push.tolist() == wanted.params.push.tolist()
        assert (run / "last.npz").read_bytes() == content
    assert harmless < len(damaged) / 2


def with_array(run: Path, name: str, array: Any) -> None:
    with np.load(run / "last.npz", allow_pickle=False) as archive:
        arrays = {k: archive[k] for k in archive.files}
    if array is None:
        del arrays[name]
    else:
        arrays[name] = np.asarray(array)
    np.savez(run / "last.npz", **arrays)


WRONG_ARRAYS = [
    ("params.push", np.zeros(4), "last.npz holds params.push of type float64 and shape (4,); expected float64, 3"),
    ("params.push", np.zeros(3, np.float32), "holds params.push of type float32 and shape (3,)"),
    ("params.push", np.array([0.0, np.nan, 0.0]), "params holds numbers that are not finite"),
    ("state.second", np.full(4, np.inf), "second holds numbers that are not finite"),
    (
        "state.second",
        None,
        "last.npz is damaged or of another optimiser: it differs from a checkpoint in state.second",
    ),
    ("state.extra", np.zeros(4), "differs from a checkpoint in state.extra"),
    ("iteration", -1, "iteration is -1"),
    ("iteration", 3.5, "holds iteration of type float64"),
    ("best_loss", np.nan, "best_loss is nan"),
    ("best.lift", np.zeros(1), "holds best.lift of type float64 and shape (1,); expected float64, a single value"),
    ("attempts.push", np.zeros((2, 3)), "holds attempts.push of type float64 and shape (2, 3)"),
    ("params.lift", None, "differs from a checkpoint in params.lift"),
    ("best_loss", None, "differs from a checkpoint in best_loss"),
    ("ended", 3, "holds ended of type int64"),
]


@pytest.mark.parametrize(("name", "array", "says"), WRONG_ARRAYS, ids=lambda v: str(v)[:24])
def test_an_array_that_no_run_would_write_is_refused(name: str, array: Any, says: str, run: Path):
    with_array(run, name, array)
    assert says in refusal(lambda: resume(run, scene=VALLEY, iterations=9))


def test_a_pickle_is_never_opened(run: Path, tmp_path: Path):
    class Boom:
        def __reduce__(self) -> Any:
            return open, (str(tmp_path / "pwned"), "w")

    np.savez(run / "last.npz", run=np.array([Boom()], dtype=object))
    assert "holds run of type object" in refusal(lambda: resume(run, scene=VALLEY, iterations=9))
    assert not (tmp_path / "pwned").exists()


def test_a_declared_size_takes_no_memory_before_it_is_there(tmp_path: Path):
    import tracemalloc

    file = tmp_path / "a.npz"
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000,), }".ljust(117) + "\n"
    with zipfile.ZipFile(file, "w") as z:
        z.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + b"\0" * 80)
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("a.npy", bytes(10_000_000))
    tracemalloc.start()
    with pytest.raises(SceneError, match="a is said to have 8000000000 bytes and does not"), open_arrays(file) as a:
        a.read("a", np.float64, (10**9,))
    with pytest.raises(SceneError, match="a is compressed"), open_arrays(tmp_path / "bomb.npz") as a:
        a.read("a", np.float64, (None,))
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


def test_arrays_come_back_as_they_were_and_the_same_bytes(tmp_path: Path):
    arrays = {
        "file": np.arange(6.0).reshape(2, 3),
        "a/b": np.float64(1.5),
        "word": np.str_("wörd"),
        "t": np.bool_(True),
    }
    write_arrays(tmp_path / "a.npz", arrays)
    write_arrays(tmp_path / "b.npz", arrays)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert {k: found[k].tolist() for k in found.files} == {k: v.tolist() for k, v in arrays.items()}
    with open_arrays(tmp_path / "a.npz") as a:
        assert a.read("file", np.float64, (2, None)).tolist() == arrays["file"].tolist()
        assert str(a.read("word", np.str_, ())) == "wörd"


def test_metrics_without_their_end_are_read_and_damaged_ones_named(run: Path):
    file = run / "metrics.jsonl"
    rows = file.read_text().splitlines(keepends=True)
    assert set(json.loads(rows[0])) == {"iteration", "loss", "gradient_norm", "seconds"}
    file.write_text("".join(rows[:5]) + rows[5][:9])
    assert len(read_losses(run)) == 5
    said = refusal(lambda: resume(run, scene=VALLEY, iterations=9))
    assert "metrics.jsonl holds 5 iterations; the run's checkpoint is of iteration 8" in said
    for wrong in (
        "{}",
        "[]",
        "null",
        "3",
        '{"iteration": 2, "loss": "x", "gradient_norm": 1, "seconds": 1}',
        rows[3].strip(),
    ):
        file.write_text("".join([*rows[:2], wrong + "\n", *rows[3:]]))
        assert "metrics.jsonl cannot be read: line 3 is not the row of iteration 2" in refusal(
            lambda: read_losses(run)
        )
        assert "line 3 is not" in refusal(lambda: resume(run, scene=VALLEY, iterations=9))
    file.unlink()
    assert "metrics.jsonl cannot be read: No such file" in refusal(lambda: read_losses(run))


def test_a_damaged_record_of_evaluations_only_costs_time(tmp_path: Path):
    train(VALLEY, iterations=12, optimizer="lbfgs", out=tmp_path / "whole")
    train(VALLEY, iterations=8, optimizer="lbfgs", out=tmp_path / "run")
    file = tmp_path / "run" / "evaluations.bin"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    resume(tmp_path / "run", scene=VALLEY, iterations=10)
    file.unlink()
    resume(tmp_path / "run", scene=VALLEY, iterations=12)
    assert records(tmp_path / "run") == records(tmp_path / "whole")
    assert file.read_bytes() == (tmp_path / "whole" / "evaluations.bin").read_bytes()


def test_a_replay_that_departs_from_its_record_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    train(VALLEY, iterations=5, optimizer="cmaes", out=tmp_path / "run")
    before = (tmp_path / "run" / "evaluations.bin").read_bytes()
    monkeypatch.setattr("rosesim.optimise.cmaes.SIGMA_OF_PARAMS", 0.2)  # as another version of a package might
    said = refusal(lambda: resume(tmp_path / "run", scene=VALLEY, iterations=6))
    assert "evaluations.bin: evaluation 1 was at another point than the optimiser asks for now" in said
    assert (tmp_path / "run" / "evaluations.bin").read_bytes() == before
    monkeypatch.undo()
    train(VALLEY, iterations=5, optimizer="cmaes", seed=1, out=tmp_path / "other")
    (tmp_path / "run" / "evaluations.bin").write_bytes((tmp_path / "other" / "evaluations.bin").read_bytes())
    assert "is not the record of this run's evaluations" in refusal(
        lambda: resume(tmp_path / "run", scene=VALLEY, iterations=6)
    )


def full(monkeypatch: pytest.MonkeyPatch, what: str, after: int) -> None:
    """A disk that is full after so many calls."""
    left = after

    def fail(real: Any) -> Any:
        def call(*args: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*args)

        return call

    if what == "fsync":
        monkeypatch.setattr("rosesim.train.files.os.fsync", fail(os.fsync))
    else:

        class Full:
            def __init__(self, file: Any):
                self.file = file
                self.write = fail(file.write)

            def __getattr__(self, name: str) -> Any:
                return getattr(self.file, name)

        from rosesim.train import metrics

        real = metrics.MetricsFile.__init__

        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            real(self, *args, **kwargs)
            self.opened = Full(self.opened)

        monkeypatch.setattr(metrics.MetricsFile, "__init__", init)


@pytest.mark.parametrize(("what", "after", "file"), [("fsync", 20, "last.npz"), ("write", 12, "metrics.jsonl")])
def test_a_full_disk_is_one_line_and_loses_nothing(
    what: str, after: int, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run = tmp_path / "run"
    train(VALLEY, iterations=30, optimizer="adam", out=tmp_path / "whole")
    with pytest.raises(Interrupted):
        train(VALLEY, iterations=30, optimizer="adam", out=run, report=interrupt_at(9))
    saved = {name: (run / name).read_bytes() for name in ("last.npz", "best.npz", "settings.toml")}
    monkeypatch.setattr("rosesim.train.run_files.CHECKPOINT_SECONDS", 0.0 if what == "fsync" else 1e9)
    monkeypatch.setattr("rosesim.train.run_files.CHECKPOINT_SHARE", 1e9)
    full(monkeypatch, what, after)
    with pytest.raises(TrainingStopped) as e:
        resume(run, scene=VALLEY)
    monkeypatch.undo()
    said = str(e.value)
    assert "cannot be written: No space left on device; what was saved before is unchanged" in said
    assert f"--resume {run} goes on from there once it can be" in said and "\n" not in said
    if what == "write":
        assert {name: (run / name).read_bytes() for name in saved} == saved
    assert not list(run.glob(".*")), "no half-written file stays"
    resume(run, scene=VALLEY)
    assert records(run) == records(tmp_path / "whole")


def interrupt_at(iteration: int) -> Any:
    def report(progress: Any) -> None:
        if progress.iteration == iteration:
            raise KeyboardInterrupt

    return report


def test_a_failing_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from rosesim.train.errors import CannotWrite

    write_arrays(tmp_path / "a.npz", {"a": np.zeros(3)})
    before = (tmp_path / "a.npz").read_bytes()
    for name in ("replace", "fsync"):
        monkeypatch.setattr(
            f"rosesim.train.files.os.{name}", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "broken"))
        )
        with pytest.raises(
            CannotWrite, match=r"a\.npz cannot be written: broken; what was saved before is unchanged"
        ):
            write_arrays(tmp_path / "a.npz", {"a": np.ones(3)})
        monkeypatch.undo()
        assert (tmp_path / "a.npz").read_bytes() == before
        assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_the_best_run_of_a_scene_is_found_among_damaged_folders(tmp_path: Path):
    billiards, inputs = configure(find_scene("billiards"), ["steps=700"])
    assert best_run("billiards", tmp_path / "nowhere") is None
    base = tmp_path / "runs"
    base.mkdir()
    assert best_run("billiards", base) is None
    short = train(billiards, inputs=inputs, iterations=1, out=base / "b-short")
    long = train(billiards, inputs=inputs, iterations=4, out=base / "a-long")
    train(VALLEY, iterations=1, out=base / "valley")
    assert long.best_loss < short.best_loss
    assert best_run("billiards", base) == base / "a-long"
    found = read_best(base / "a-long")
    assert found.scene == billiards and found.loss == long.best_loss
    assert read_scene(base / "a-long")[0] == billiards
    assert found.params.velocity.tolist() == np.asarray(long.best_params.velocity).tolist()
    assert [i for i, _ in read_attempts(base / "a-long", billiards)] == [0, 1, 2, 4]
    (base / "c-empty").mkdir()
    (base / "d-file").write_text("")
    (base / "e-cut").mkdir()
    (base / "e-cut" / "settings.toml").write_text("scene = 'bill")
    (base / "a-long" / "last.npz").write_bytes(b"PK")
    assert best_run("billiards", base) == base / "b-short"
    (base / "b-short" / "last.npz").unlink()
    assert best_run("billiards", base) is None
    assert "last.npz cannot be read: No such file" in refusal(lambda: read_best(base / "b-short"))


def test_rows_are_the_runs_own(finished: Path):
    rows = read_rows(finished / "metrics.jsonl")
    assert [r.iteration for r in rows] == list(range(9))
    assert all(a.seconds <= b.seconds for a, b in pairwise(rows))
    again = train(replace(VALLEY), iterations=8, optimizer="adam")
    assert [r.loss for r in rows] == again.losses
