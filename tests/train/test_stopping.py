"""Runs that end before their total: by a rule, by a callback, and what the next resumption makes of it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from falling import FALL, write_scene

from rosesim.scenes import SceneError, configure, find_scene
from rosesim.scenes.locate import scene_at
from rosesim.train import (
    Progress,
    TrainingStopped,
    parse_stop,
    resume,
    resume_starts,
    train,
    train_seeds,
    train_starts,
)
from rosesim.train.metrics import MEAN_OVER
from rosesim.train.stopping import Stopper
from rosesim.train.sweeps.record import make_record
from rosesim.train.sweeps.trial import carry_out

pytestmark = pytest.mark.usefixtures("unoptimised")

BOUNCE, GIVEN = configure(find_scene("bounce"), ["steps=20"])
QUICK: dict[str, Any] = {"inputs": GIVEN, "iterations": 12}


@pytest.fixture(scope="module")
def whole() -> list[float]:
    """The losses of all twelve iterations, which fall at each."""
    losses = train(BOUNCE, **QUICK).losses
    assert all(b < a for a, b in itertools.pairwise(losses))
    return losses


def ended(losses: list[float], stop: str, *, is_drawn: bool = False) -> int | None:
    """The iteration at which a rule ends a run with these losses, a second each."""
    stopper = Stopper(parse_stop(stop), is_drawn=is_drawn)
    return next((i for i, v in enumerate(losses) if stopper.why(v, float(i))), None)


def test_a_target_ends_at_the_first_loss_that_is_good_enough():
    assert ended([3.0, 2.0, 1.0, 0.5], "target:1") == 2
    assert ended([3.0, 2.0], "target:1") is None
    assert ended([0.0, -1.0, -2.0], "target:-1.5") == 2


def test_a_plateau_is_so_many_iterations_without_progress():
    assert ended([1.0, 0.5, 0.5, 0.5, 0.5], "plateau:3") == 4
    assert ended([1.0, 0.5, 0.6, 0.4, 0.5, 0.6, 0.7], "plateau:3") == 6
    assert ended([1.0 - 1e-5 * k for k in range(9)], "plateau:3") == 3  # a part of 1e-5 is no progress
    assert ended([1.0 - 1e-3 * k for k in range(9)], "plateau:3") is None
    assert ended([-1.0 - 1e-3 * k for k in range(9)], "plateau:3") is None
    assert ended([0.0, 0.0, 0.0], "plateau:2") == 2


def test_time_ends_after_its_seconds_and_the_first_of_several_rules_counts():
    assert ended([3.0, 2.0, 1.0], "time:2") == 2
    assert ended([3.0, 2.0, 1.0], "time:1,target:1") == 1
    assert ended([3.0] * 9, "plateau:4,time:100") == 4


def test_where_inputs_differ_the_mean_counts():
    assert ended([0.0, *[1.0] * 400], "target:0.5", is_drawn=True) is None
    assert ended([*[1.0] * MEAN_OVER, *[0.0] * MEAN_OVER], "target:0.5", is_drawn=True) == 1.5 * MEAN_OVER - 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plateau",
        "plateau:0",
        "plateau:1.5",
        "target:nan",
        "time:-1",
        "loss:3",
        "target:1,target:2",
        "never,time:1",
    ],
)
def test_another_text_is_refused(text: str):
    with pytest.raises(SceneError, match="stop is plateau:ITERATIONS, target:LOSS or time:SECONDS"):
        train(BOUNCE, stop=text, **QUICK)


def test_a_run_ends_where_its_rule_says_with_the_same_losses(whole: list[float]):
    run = train(BOUNCE, stop=f"target:{whole[4]}", **QUICK)
    assert run.losses == whole[:5]
    assert run.note is not None
    assert run.note.endswith("at iteration 4 of 12")
    assert "reached its target" in run.note
    assert run.doubt is None


@pytest.mark.parametrize("optimizer", ["gd", "lbfgs", "cmaes"])
def test_a_run_that_was_ended_ends_there_again_or_goes_on_by_another_rule(optimizer: str, tmp_path: Path):
    pytest.importorskip({"gd": "numpy", "lbfgs": "scipy", "cmaes": "cmaes"}[optimizer])
    how: dict[str, Any] = {"inputs": GIVEN, "iterations": 5, "optimizer": optimizer}
    losses = train(BOUNCE, **how).losses
    target = f"target:{min(losses[1:4])!r}"
    at = ended(losses, target)
    assert at is not None
    first = train(BOUNCE, stop=target, out=tmp_path / "r", **how)
    assert first.losses == losses[: at + 1]
    again = resume(tmp_path / "r")
    assert again.losses == first.losses
    assert again.note == first.note
    assert resume(tmp_path / "r", stop="never").losses == losses


def test_a_plateau_goes_on_over_a_resumption(tmp_path: Path):
    rest: dict[str, Any] = {"inputs": GIVEN, "learning_rate": 0.0, "stop": "plateau:5"}
    train(BOUNCE, iterations=3, out=tmp_path / "r", **rest)
    assert resume(tmp_path / "r", iterations=20).iterations == train(BOUNCE, iterations=20, **rest).iterations == 5


def test_each_seed_and_each_start_ends_by_itself(tmp_path: Path):
    text = FALL.replace("return Throw()", "return Throw(speed=float(rng.uniform(0.0, 0.8)))")
    scene = scene_at(str(write_scene(tmp_path, "random_fall.py", text)))(steps=5)
    how: dict[str, Any] = {"iterations": 4, "learning_rate": 0.05}
    free = train_starts(scene, 2, **how)
    target = min(run.losses[1] for run in free.runs)
    lengths = [next((i for i, v in enumerate(run.losses) if v <= target), 4) for run in free.runs]
    assert min(lengths) < 4
    assert lengths[0] != lengths[1]
    starts = train_starts(scene, 2, stop=f"target:{target!r}", out=tmp_path / "s", **how)
    assert [run.iterations for run in starts.runs] == lengths
    assert [run.iterations for run in resume_starts(tmp_path / "s").runs] == lengths
    assert [run.iterations for run in resume_starts(tmp_path / "s", stop="never").runs] == [4, 4]
    seeds = train_seeds(scene, 2, stop=f"target:{target!r}", **how)
    assert [run.iterations for run in seeds.runs] == lengths


def test_each_trial_of_a_sweep_has_the_rule(tmp_path: Path, whole: list[float]):
    record = make_record("bounce", "seeds=0", ["steps=20"], {"iterations": 12, "stop": f"target:{whole[3]}"})
    outcome = carry_out(record.job(tmp_path, record.trials[0]), threading.Event())
    assert outcome.numbers["iterations"] == 3


# ---------------------------------------------------------------------------------------------------- callbacks


def test_a_callback_sees_each_iteration_with_its_params(whole: list[float]):
    seen: list[Progress] = []
    run = train(BOUNCE, callback=seen.append, **QUICK)
    assert [p.loss for p in seen] == whole
    assert [p.best_loss for p in seen] == whole
    assert seen[-1].params == run.params
    assert seen[0].params != run.params
    assert all(a.seconds <= b.seconds for a, b in itertools.pairwise(seen))


def test_a_callback_ends_the_run_by_returning_true_and_by_nothing_else(tmp_path: Path, whole: list[float]):
    run = train(BOUNCE, callback=[lambda p: "yes", lambda p: p.iteration == 3], out=tmp_path / "r", **QUICK)
    assert run.losses == whole[:4]
    assert run.note is not None
    assert "was stopped by a callback" in run.note
    assert resume(tmp_path / "r").losses == whole


class Table:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[Mapping[str, float]] = []
        self.closed = 0

    def on_iteration(self, metrics: Mapping[str, float]) -> None:
        self.rows.append(metrics)

    def close(self) -> None:
        self.closed += 1


def test_a_sink_takes_the_numbers_of_each_iteration_and_is_closed(tmp_path: Path, whole: list[float]):
    table = Table()
    train(BOUNCE, callback=table, out=tmp_path / "r", **QUICK)
    assert [row["loss"] for row in table.rows] == whole
    assert set(table.rows[0]) == {"iteration", "loss", "gradient_norm", "best_loss", "seconds"}
    assert table.closed == 1
    resume(tmp_path / "r", callback=table)
    assert len(table.rows) == len(whole)  # it was finished: no iteration was made
    assert table.closed == 2


def test_a_sink_is_closed_when_a_run_fails():
    table, stop = Table(), threading.Event()
    stop.set()
    with pytest.raises(TrainingStopped):
        train(BOUNCE, callback=table, stop=stop, **QUICK)
    assert (len(table.rows), table.closed) == (1, 1)


def test_an_error_of_a_callback_comes_out_and_the_run_is_saved(tmp_path: Path, whole: list[float]):
    def fails(now: Progress) -> None:
        if now.iteration == 2:
            raise ZeroDivisionError("of the user's own")

    with pytest.raises(ZeroDivisionError, match="of the user's own"):
        train(BOUNCE, callback=fails, out=tmp_path / "r", **QUICK)
    assert resume(tmp_path / "r").losses == whole


@pytest.mark.parametrize("wrong", [3, "print", Table, [None]])
def test_what_is_no_callback_is_refused(wrong: Any):
    with pytest.raises(SceneError, match="a callback is a function of the progress, or an object with on_iteration"):
        train(BOUNCE, callback=wrong, **QUICK)


def test_an_event_of_another_thread_still_interrupts():
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    with pytest.raises(TrainingStopped, match="interrupted at iteration"):
        train(BOUNCE, inputs=GIVEN, iterations=10_000_000, stop=stop, callback=lambda p: time.sleep(0.001))
