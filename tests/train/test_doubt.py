"""What a run's own record says is off, and that it says nothing of runs that go well."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim.cli import run as run_command
from rosesim.scenes import configure, find_scene
from rosesim.train import Run, train
from rosesim.train.doubt import doubt


def of(losses: Any, norms: Any = None, **more: Any) -> str | None:
    """The doubt about a run with these losses and gradient norms."""
    losses = [float(x) for x in losses]
    norms = [1.0] * len(losses) if norms is None else [float(x) for x in norms]
    return doubt(Run(0.0, losses, min(losses), 0.0, 0.0, 0.0, gradient_norms=norms, **more))


@pytest.mark.parametrize(
    "name, settings",
    [
        ("billiards", []), ("bounce", []), ("box_friction", []), ("growth", []), ("mass_spring_simple", []),
        pytest.param("smoke", ["n=16", "steps=20"], marks=pytest.mark.full),
        pytest.param("wave", ["n=32", "steps=64"], marks=pytest.mark.full),
    ],
)  # fmt: skip
def test_published_trainings_raise_no_doubt(name: str, settings: list[str]):
    published = ["contact=published"] if hasattr(find_scene(name), "contact") else []
    scene, inputs = configure(find_scene(name), [*settings, *published])
    run = train(scene, inputs=inputs)
    assert len(run.gradient_norms) == len(run.losses)
    assert doubt(run) is None


def test_a_descent_that_climbs_is_told():
    """Without the moment of impact the gradient of bounce points the wrong way."""
    scene, inputs = configure(find_scene("bounce"), ["time_of_impact=no"])
    told = doubt(train(scene, inputs=inputs))
    assert told is not None
    assert "far above its best" in told


def test_what_is_lost_again_is_told_from_half_of_what_was_gained():
    down = np.linspace(1.0, 0.1, 30)
    assert of([*down, 0.5]) is None
    assert of([*down, 0.6]) == "the loss ends at 0.6, far above its best, 0.1 (iteration 29)"


def test_a_loss_that_climbs_steadily_is_told_and_one_that_jumps_about_is_not():
    down, up = np.linspace(1.0, 0.1, 20), np.linspace(0.1, 0.3, 40)
    assert of([*down, *up]) == "the loss climbs: from 0.1513 to 0.3 over the run's second half"
    rng = np.random.default_rng(0)
    for _ in range(200):  # an optimum that is swung around, of any shape
        curve = np.exp(-np.arange(100) / 10) + 0.1 * rng.random(100)
        assert of(curve) is None


def test_a_gradient_that_grows_is_told_unless_it_leaves_a_plateau():
    n = 50
    grows = 1.5 ** np.arange(n)
    assert of([1.0] * n, grows) == f"the gradient grows, by a factor of 1.45 an update, to {1.5 ** (n - 3):.3g}"
    assert of(np.linspace(1.0, 0.0, n), grows) is None
    assert of([1.0] * n, [1.0] * n) is None


def test_little_and_nothing_are_no_news():
    assert of([1.0]) is None
    assert of([1.0] * 40) is None
    assert of([1.0, 1.0, 1.005]) is None
    assert of([5.0, 4.0, math.nan]) is None


def test_a_loss_that_never_fell_is_told_unless_it_did_not_move():
    assert of([1.0, *[1.0 + 1e-4 * k for k in range(1, 12)]]) == "the loss never fell below its first, 1"
    assert of([1.0, 0.999, *[1.0 + 1e-4 * k for k in range(1, 12)]]) is None


def test_a_gradient_that_is_zero_from_the_start_is_told_with_its_reason():
    scene, inputs = configure(find_scene("billiards"), ["steps=40", "layers=1"])
    run = train(scene, inputs=inputs, iterations=2)
    assert run.note == run.zero is not None
    assert run.doubt is not None
    assert run.doubt.startswith("nothing was learned: the gradient is zero at iteration 0: nothing has touched the")
    later = of([1.0, 0.5, 0.5], [1.0, 0.0, 0.0], zero="the gradient is zero at iteration 1")
    assert later is None  # it may have arrived


def test_a_search_without_gradients_raises_no_doubt():
    """A check of the gradient would tell nothing about it."""
    run = Run(0.0, [1.0, 0.1, 1.0], 0.1, 0.0, 0.0, 0.0, gradient_norms=[None, None, None])
    assert doubt(run) is None


def test_where_inputs_are_drawn_the_means_count():
    rng = np.random.default_rng(0)
    noisy = rng.exponential(size=1000) * np.linspace(1.0, 0.3, 1000)
    assert of([*noisy, 30.0], is_drawn=True) is None
    assert of(noisy[:100], is_drawn=True) is None
    assert of([*noisy, *(1.0 + rng.random(400))], is_drawn=True) is not None


def test_the_command_says_it_in_one_line_with_the_command_that_finds_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "r"
    command = ["train", "bounce", "--set", "time_of_impact=no", "--out", str(folder), "--json"]
    assert run_command(command) == 0
    lines = [x for x in capsys.readouterr().err.splitlines() if "far above" in x]
    assert lines == [
        "rosesim: the loss ends at 0.805, far above its best, 0.505 (iteration 0); whether its gradient is of use "
        f"there: rosesim check {folder} --last"
    ]
    several = ["train", "bounce", "--set", "time_of_impact=no", "--seeds", "2", "--out", str(tmp_path / "s")]
    assert run_command(several) == 0
    told = [x for x in capsys.readouterr().err.splitlines() if "far above" in x]
    assert len(told) == 1
    assert "seed 0 (of 2 such): the loss ends at 0.805" in told[0]
    assert run_command(["train", "bounce", "--out", str(tmp_path / "t")]) == 0
    assert "rosesim check" not in capsys.readouterr().err


def test_a_run_knows_its_gradient_norms():
    scene, inputs = configure(find_scene("growth"), [])
    run = train(scene, inputs=inputs, iterations=2)
    assert run.gradient_norms == [pytest.approx(500.5, rel=1e-9)] * 3  # 1 + 2 + ... of a push that adds up
    assert dataclasses.replace(run, gradient_norms=[]).gradient_norms == []
