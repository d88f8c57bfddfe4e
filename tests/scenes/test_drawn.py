"""Inputs that are drawn anew in each iteration: which they are, resuming, seeds, the best, other optimisers."""

import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from valley import records
from viewing import wait, worker

from rosesim.cli import run
from rosesim.scenes import compiled, configure, find_scene
from rosesim.scenes.drawn import drawn, is_drawn
from rosesim.train import make_optimizer, read_best, resume, train, train_seeds
from rosesim.train.folder import read_curve
from rosesim.view import Beginning

SMALL = ["steps=20", "segment=11", "hidden=4"]
Electric: Any = find_scene("electric")


def small(*more: str) -> tuple[Any, Any]:
    return configure(Electric, [*SMALL, *more])


def by_hand(scene: Any, inputs: Any, seed: int, iterations: int) -> list[float]:
    """The losses of gradient descent, each on the path of its iteration."""
    program, flat = compiled(scene), compiled(scene).flat
    x, losses = flat.flatten(scene.params(np.random.default_rng(seed))), list[float]()
    for k in range(iterations + 1):
        loss, gradient = program.value_and_grad(flat.unflatten(x), drawn(scene, inputs, seed, k))
        losses.append(loss)
        x = x - inputs.learning_rate * flat.flatten(gradient)
    return losses


def test_each_iteration_has_inputs_that_follow_from_the_seed_and_its_number():
    scene, inputs = small()
    paths = [np.asarray(drawn(scene, inputs, seed, k).points) for seed in (0, 1) for k in (0, 1, 2, 2**40)]
    assert all(((p >= 0.2) & (p <= 0.8)).all() for p in paths)
    assert len({p.tobytes() for p in paths}) == 8
    assert np.array_equal(drawn(scene, inputs, 1, 2).points, paths[6])
    first = np.random.default_rng(0).uniform(0.2, 0.8, paths[0].shape)  # as the weights of seed 0 begin
    assert not np.array_equal(paths[0], first)


def test_training_meets_them_in_order():
    scene, inputs = small()
    made = train(scene, inputs=inputs, iterations=6, seed=5)
    assert made.losses == by_hand(scene, inputs, 5, 6)
    assert made.is_drawn


@pytest.mark.parametrize("optimizer", ["gd", "adam", "lbfgs", "cmaes"])
def test_a_resumed_run_is_the_same_to_the_bit(optimizer: str, tmp_path: Path):
    scene, inputs = small()
    how: dict[str, Any] = {"inputs": inputs, "optimizer": optimizer, "seed": 2}
    train(scene, **how, iterations=9, out=tmp_path / "whole")
    train(scene, **how, iterations=4, out=tmp_path / "parts")
    resume(tmp_path / "parts", iterations=9)
    assert records(tmp_path / "parts") == records(tmp_path / "whole")


def test_the_best_is_the_least_mean_over_200_iterations_however_often_the_run_is_resumed(tmp_path: Path):
    scene, inputs = small()
    made = train(scene, inputs=inputs, iterations=260, out=tmp_path / "whole")
    means = [statistics.fmean(made.losses[max(0, i - 199) : i + 1]) for i in range(261)]
    assert made.curve == pytest.approx(means, rel=1e-12)
    assert read_curve(tmp_path / "whole") == made.curve
    assert made.best_loss == pytest.approx(min(means[199:]), rel=1e-12)
    best = read_best(tmp_path / "whole")
    assert best.iteration == 199 + int(np.argmin(means[199:])) and best.loss == made.best_loss
    for iterations in (90, 205, 260):
        parts = tmp_path / "parts"
        if iterations == 90:
            early = train(scene, inputs=inputs, iterations=iterations, out=parts)
            assert early.best_loss == pytest.approx(means[90], rel=1e-12)  # no 200 yet: the latest
        else:
            resume(parts, iterations=iterations)
    assert records(parts) == records(tmp_path / "whole")


def test_seeds_have_paths_of_their_own():
    scene, inputs = small()
    several = train_seeds(scene, 2, inputs=inputs, iterations=4, seed=7)
    assert [r.losses for r in several.runs] == [by_hand(scene, inputs, s, 4) for s in (7, 8)]


@pytest.mark.parametrize("given", ["path=fixed", "points=0.2,0.2,0.8,0.2,0.5,0.7"])
def test_a_path_that_is_given_is_the_one_that_is_trained_on(given: str):
    scene, inputs = small(given)
    assert not is_drawn(scene, inputs)
    made = train(scene, inputs=inputs, iterations=3)
    assert made.losses[-1] == compiled(scene).value_and_grad(made.params, inputs)[0]
    assert made.best_loss == min(made.losses) and made.curve == made.losses


@pytest.mark.parametrize("optimizer", ["lbfgs", "cmaes"])
def test_an_optimiser_that_needs_one_loss_gets_the_inputs_that_were_given(optimizer: str):
    scene, inputs = small()
    made = train(scene, inputs=inputs, iterations=3, optimizer=optimizer)
    assert made.losses[-1] == pytest.approx(compiled(scene).value(made.params, inputs), rel=1e-12)
    assert not made.is_drawn and made.curve == made.losses


def test_live_optimising_meets_the_same_paths_and_keeps_a_corner_that_is_dragged():
    scene, inputs = small()
    seed, params = 3, scene.params(np.random.default_rng(3))
    made = train(scene, inputs=inputs, iterations=8, seed=seed)
    with worker(scene, Beginning(params, inputs, seed=seed), make_optimizer("gd", inputs.learning_rate)) as live:
        live.optimise(True)
        wait(lambda: live.evaluations > 12)
        serial = live.optimise(False)
        wait(lambda: live.latest is not None and live.latest.serial >= serial)
        now: Any = live.latest
        assert [g.loss for g in now.ghosts][:5] == [made.losses[i] for i in (0, 1, 2, 4, 8)]
        k = now.attempt.iteration
        assert np.array_equal(now.inputs.points, drawn(scene, inputs, seed, k).points)
        assert np.array_equal(now.attempt.trajectory[0].position, now.inputs.points[0])
        live.hold("corner 0", (0.3, 0.7))
        serial = live.release()
        live.optimise(True)
        wait(lambda: live.latest is not None and live.latest.serial > serial and live.latest.attempt.iteration > 3)
        after: Any = live.latest
        wanted = np.array(now.inputs.points)
        wanted[0] = (0.3, 0.7)
        assert np.array_equal(after.inputs.points, wanted)


def test_the_outcome_tells_the_means(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    settings = [part for s in SMALL for part in ("--set", s)]
    assert run(["train", "electric", *settings, "--iterations", "5", "--out", str(tmp_path / "run"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    losses = by_hand(*small(), 0, 5)
    assert (told["loss_first"], told["loss_last"]) == (losses[0], losses[-1])
    assert told["mean_first"] == told["mean_last"] == pytest.approx(statistics.fmean(losses))
    assert told["best_loss"] == pytest.approx(statistics.fmean(losses))


def test_the_paths_of_a_scene_that_draws_none_are_the_given_ones():
    scene, inputs = configure(find_scene("billiards"), ["layers=1"])
    assert not is_drawn(scene, inputs) and drawn(scene, inputs, 3, 4) is inputs
