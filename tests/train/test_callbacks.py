"""What is called after each iteration of several runs at once: for one of them at a time, with its seed."""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from valley import Valley

from rosesim.scenes import SceneError
from rosesim.train import Progress, SeedRuns, resume_seeds, resume_starts, train_seeds, train_starts

VALLEY = Valley()


class Kept:
    """A sink that remembers, and notices when two runs call it at once."""

    def __init__(self) -> None:
        self.found: list[tuple[float, float]] = []
        self.closed = 0
        self._alone = threading.Lock()

    def on_iteration(self, metrics: Mapping[str, float]) -> None:
        assert self._alone.acquire(blocking=False) and not self.closed
        time.sleep(0.005)  # in which another run's thread would come
        self.found.append((metrics["seed"], metrics["iteration"]))
        self._alone.release()

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(("several", "go_on"), [(train_seeds, resume_seeds), (train_starts, resume_starts)])
def test_each_iteration_of_each_seed_is_seen_once(
    several: Callable[..., SeedRuns], go_on: Callable[..., SeedRuns], tmp_path: Path
):
    kept = Kept()
    several(VALLEY, 3, seed=5, iterations=2, callback=kept, out=tmp_path / "r")
    assert sorted(kept.found) == [(seed, i) for seed in (5, 6, 7) for i in range(3)] and kept.closed == 1
    more = Kept()
    go_on(tmp_path / "r", scene=VALLEY, iterations=4, callback=[more])
    assert sorted(set(more.found)) == [(seed, i) for seed in (5, 6, 7) for i in (2, 3, 4)] and more.closed == 1


@pytest.mark.parametrize("several", [train_seeds, train_starts])
def test_true_ends_the_run_of_its_seed_alone(several: Callable[..., SeedRuns]):
    def enough(now: Progress) -> bool:
        return now.seed == 1 and now.iteration == 2

    runs = several(VALLEY, 3, iterations=5, callback=enough).runs
    assert [r.iterations for r in runs] == [5, 2, 5]
    assert runs[1].note == "gd was stopped by a callback at iteration 2 of 5"


@pytest.mark.parametrize("several", [train_seeds, train_starts])
def test_what_is_no_callback_is_refused_before_anything_is_made(several: Callable[..., Any], tmp_path: Path):
    with pytest.raises(SceneError, match=r"a callback is a function of the progress, .*; int was given"):
        several(VALLEY, 2, iterations=1, callback=3, out=tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_sinks_are_closed_where_a_run_fails():
    def broken(now: Progress) -> None:
        raise ValueError(f"no seed {now.seed}")

    kept = Kept()
    runs = train_seeds(VALLEY, 2, iterations=2, callback=[kept, broken])
    assert [one.error for one in runs.seeds] == [
        "ValueError: no seed 0",
        "ValueError: no seed 1",
    ] and kept.closed == 1
