"""Runs of several seeds: each is the run that it would be alone, and none takes another down."""

import concurrent.futures
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from valley import Field, Throw, Valley, records

from rosesim.scenes import SceneError, compiled
from rosesim.train import Interrupted, Progress, read_best, resume_seeds, train, train_seeds
from rosesim.train.folder import best_seed, read_losses

VALLEY = Valley()


@pytest.mark.parametrize("optimizer", ["adam", "cmaes", "lbfgs"])
def test_each_seed_is_the_run_it_would_be_alone(optimizer: str, tmp_path: Path):
    several = train_seeds(VALLEY, 4, seed=3, iterations=12, optimizer=optimizer, out=tmp_path / "all", threads=4)
    assert [s.seed for s in several.seeds] == [3, 4, 5, 6]
    for s in several.seeds:
        alone = train(VALLEY, seed=s.seed, iterations=12, optimizer=optimizer, out=tmp_path / f"alone-{s.seed}")
        where = tmp_path / "all" / f"seed-{s.seed}"
        assert s.out == where and s.error is None and s.run is not None
        assert s.run.losses == alone.losses and s.run.seed == s.seed
        assert records(where) == records(tmp_path / f"alone-{s.seed}")
    best = [r.best_loss for r in several.runs]
    assert len(set(best)) == 4
    assert several.best.best_loss == min(best)
    assert several.median(lambda r: r.best_loss) == statistics.median(best)


def test_seeds_run_at_the_same_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Waits, "meet", threading.Barrier(3, timeout=30))  # breaks unless three threads are there
    threads: set[int] = set()
    several = train_seeds(Waits(), 3, iterations=4, report=lambda _: threads.add(threading.get_ident()), threads=3)
    assert len(several.runs) == 3 and len(threads) == 3


@dataclass(frozen=True)
class Waits(Valley):
    """A valley whose seeds wait for one another before they begin, each thread once: how often a thread asks for
    params is not said."""

    meet: ClassVar[Any] = None
    has_met: ClassVar[Any] = threading.local()

    def params(self, rng: np.random.Generator) -> Throw:
        if threading.current_thread() is not threading.main_thread() and not hasattr(self.has_met, "once"):
            self.has_met.once = True
            self.meet.wait()
        return super().params(rng)


@dataclass(frozen=True)
class Fragile(Valley):
    """A valley in which one seed's start is beyond the finite numbers."""

    name: ClassVar[str] = "fragile"

    def params(self, rng: np.random.Generator) -> Throw:
        far = rng.bit_generator.state == np.random.default_rng(2).bit_generator.state
        return Throw(push=super().params(rng).push, lift=1e200 if far else 0.2)  # pyright: ignore[reportArgumentType] -- NumPy here, traced elsewhere


def test_a_seed_that_fails_is_told_of_and_ends_no_other(tmp_path: Path):
    several = train_seeds(Fragile(), 4, iterations=5, out=tmp_path / "run")
    failed = several.seeds[2]
    assert failed.run is None and failed.error is not None
    assert "the loss is no longer finite at iteration 0: every state of the rollout is finite" in failed.error
    assert [s.seed for s in several.seeds if s.run is not None] == [0, 1, 3]
    assert all(r.iterations == 5 for r in several.runs)
    assert read_losses(tmp_path / "run") == several.best.losses


@pytest.mark.parametrize("optimizer", ["adam", "cmaes"])
def test_interrupted_seeds_all_save_and_go_on_to_the_same_bits(
    optimizer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    real = concurrent.futures.wait
    begun = threading.Event()

    def wait(futures: Any, timeout: float) -> Any:
        if begun.wait(0.01):  # Ctrl-C, once every seed that has a thread is under way
            begun.clear()
            raise KeyboardInterrupt
        return real(futures, timeout=0.01)

    monkeypatch.setattr("rosesim.train.seeds.wait", wait)
    seen: set[int] = set()

    def report(progress: Progress) -> None:
        time.sleep(0.002)
        seen.add(progress.seed)
        if len(seen) == 2 and progress.iteration >= 3:
            begun.set()

    out = tmp_path / "run"
    with pytest.raises(Interrupted, match=r"^interrupted; --resume .*run goes on with all seeds$"):
        train_seeds(VALLEY, 3, iterations=60, optimizer=optimizer, out=out, report=report, threads=2)
    assert {p.name for p in out.iterdir()} == {"settings.toml", "seed-0", "seed-1"}  # the third had not begun
    monkeypatch.undo()
    several = resume_seeds(out, scene=VALLEY)
    for s in several.seeds:
        alone = tmp_path / f"alone-{s.seed}"
        train(VALLEY, seed=s.seed, iterations=60, optimizer=optimizer, out=alone)
        assert records(out / f"seed-{s.seed}") == records(alone)


def test_finished_seeds_are_read_back_and_go_on(tmp_path: Path):
    out = tmp_path / "run"
    first = train_seeds(VALLEY, 2, iterations=4, out=out)
    again = resume_seeds(out, scene=VALLEY)
    assert [r.losses for r in again.runs] == [r.losses for r in first.runs]
    assert all(r.note is not None and "is finished: 4 iterations are done" in r.note for r in again.runs)
    longer = resume_seeds(out, scene=VALLEY, iterations=6)
    assert [r.iterations for r in longer.runs] == [6, 6]
    assert [r.losses[:4] for r in longer.runs] == [r.losses[:4] for r in first.runs]
    assert [r.iterations for r in resume_seeds(out, scene=VALLEY).runs] == [6, 6]


def test_the_best_of_all_seeds_is_the_runs_best(tmp_path: Path):
    several = train_seeds(VALLEY, 3, iterations=5, out=tmp_path / "run")
    best = min(several.runs, key=lambda r: r.best_loss)
    assert best_seed(tmp_path / "run") == best.out
    found = read_best(tmp_path / "run", Valley)
    assert (found.loss, found.folder) == (best.best_loss, best.out)
    (tmp_path / "run" / f"seed-{best.seed}" / "last.npz").write_bytes(b"damaged")
    assert best_seed(tmp_path / "run") != best.out


def test_a_folder_of_seeds_and_one_of_a_run_are_told_apart(tmp_path: Path):
    from rosesim.train import resume

    train_seeds(VALLEY, 2, iterations=2, out=tmp_path / "several")
    train(VALLEY, iterations=2, out=tmp_path / "one")
    with pytest.raises(SceneError, match="several holds the runs of 2 seeds: resume_seeds goes on with them"):
        resume(tmp_path / "several", scene=VALLEY)
    with pytest.raises(SceneError, match="one holds one run: resume goes on with it"):
        resume_seeds(tmp_path / "one", scene=VALLEY)
    with pytest.raises(SceneError, match="several holds a run already"):
        train_seeds(VALLEY, 2, iterations=2, out=tmp_path / "several")
    with pytest.raises(SceneError, match="seeds is 1 or more; 0 was given"):
        train_seeds(VALLEY, 0)


def test_programs_are_compiled_once_for_all_seeds():
    scene = Valley(steps=10)
    several = train_seeds(scene, 3, inputs=Field(), iterations=2)
    assert several.compile_seconds > 20 * max(r.compile_seconds for r in several.runs)
    assert compiled(scene) is compiled(Valley(steps=10))
