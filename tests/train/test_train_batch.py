"""Batches: many runs in one program are the runs that they would be alone, but for rounding."""

import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rows import crossed, kept
from valley import Field, Valley, records

from rosesim.cli import run as rosesim
from rosesim.scenes import SceneError, compiled, configure, find_scene
from rosesim.scenes.drawn import drawn
from rosesim.scenes.tree import FlatView
from rosesim.train import (
    RULES,
    Interrupted,
    Progress,
    TrainingStopped,
    make_optimizer,
    read_best,
    resume,
    resume_seeds,
    resume_starts,
    train,
    train_seeds,
    train_starts,
)
from rosesim.train.batch import over_inputs, over_params
from rosesim.train.settings import read_settings
from tests.train.test_train_seeds import Fragile

pytestmark = pytest.mark.usefixtures("unoptimised")

VALLEY = Valley()
ROUNDING = 1e-11  # of one evaluation; the lanes of a batch may add in another order than a single run


def electric(*more: str) -> tuple[Any, Any]:
    return configure(find_scene("electric"), ["steps=20", "segment=11", "hidden=4", *more])


def spread(flat: FlatView[Any], params: Any, n: int) -> Any:
    rng = np.random.default_rng(1)
    return flat.flatten(params) + 0.05 * rng.normal(size=(n, flat.size))


@pytest.mark.parametrize(
    ("scene", "n"), crossed(["electric", "billiards", "bounce", "mass_spring_simple"], [9, 3, 1], 1)
)
def test_a_batch_over_params_is_as_many_single_evaluations(scene: str, n: int):
    short = {"billiards": ["steps=600", "layers=1"], "electric": ["steps=20", "segment=11"]}.get(scene, ["steps=60"])
    made, inputs = configure(find_scene(scene), short)
    program = compiled(made)
    rows = spread(program.flat, made.params(np.random.default_rng(0)), n)
    losses, gradients = over_params(program, rows, inputs)
    assert losses.shape == (n,) and gradients.shape == rows.shape
    for row, loss, gradient in zip(rows, losses, gradients, strict=True):
        alone, g = program.value_and_grad(program.flat.unflatten(row), inputs)
        g = program.flat.flatten(g)
        assert loss == pytest.approx(alone, rel=1e-9)
        assert np.linalg.norm(gradient - g) <= 1e-9 * np.linalg.norm(g)  # contacts multiply rounding
    assert len(set(losses)) > n / 2  # some shots miss, which costs the same


def test_a_batch_over_inputs_is_as_many_single_evaluations():
    scene, inputs = electric()
    program = compiled(scene)
    x = program.flat.flatten(scene.params(np.random.default_rng(4)))
    several = [drawn(scene, inputs, 4, 0, k) for k in range(5)]
    losses, gradients = over_inputs(program, x, several)
    for given, loss, gradient in zip(several, losses, gradients, strict=True):
        alone, g = program.value_and_grad(program.flat.unflatten(x), given)
        assert loss == pytest.approx(alone, rel=ROUNDING)
        np.testing.assert_allclose(gradient, program.flat.flatten(g), rtol=1e-8, atol=1e-12)
    assert len(set(losses)) == 5


def test_inputs_and_params_may_both_vary():
    program = compiled(VALLEY)
    rows = spread(program.flat, VALLEY.params(np.random.default_rng(0)), 3)
    both = program.batch(3, gradient=False, inputs=True)
    winds = np.array([[0.0, 0.1, 0.0], [0.2, 0.0, 0.1], [0.0, 0.0, 0.0]])
    stacked: Any = replace(Field(), drag=np.array([0.1, 0.2, 0.3]), wind=winds, learning_rate=np.zeros(3))  # pyright: ignore[reportArgumentType] -- three of each
    for k, loss in enumerate(both(program.flat.stack(rows), stacked)):
        one: Any = replace(Field(), drag=[0.1, 0.2, 0.3][k], wind=winds[k])  # pyright: ignore[reportArgumentType] -- NumPy here, traced elsewhere
        assert loss == pytest.approx(program.value(program.flat.unflatten(rows[k]), one), rel=ROUNDING)


def test_an_iteration_of_a_batch_is_one_call(monkeypatch: pytest.MonkeyPatch):
    scene, inputs = electric()
    calls: dict[str, int] = {}

    def counting(name: str, program: Any, n: int, **over: bool) -> None:
        real = program.batch(n, gradient=True, **over)

        def call(*given: Any) -> Any:
            calls[name] = calls.get(name, 0) + 1
            return real(*given)

        monkeypatch.setattr(program, "batch", lambda *_, **__: call)
        monkeypatch.setitem(program.__dict__, "value_and_grad", None)  # single evaluations would fail

    counting("inputs", compiled(scene), 4, params=False, inputs=True)
    train(scene, inputs=inputs, iterations=7, batch=4)
    counting("params", compiled(VALLEY), 3)
    train_starts(VALLEY, 3, iterations=7)
    assert calls == {"inputs": 8, "params": 8}


def test_drawn_inputs_train_on_their_mean():
    scene, inputs = electric()
    made = train(scene, inputs=inputs, iterations=5, seed=3, optimizer="adam", batch=4)
    program, flat = compiled(scene), compiled(scene).flat
    adam = make_optimizer("adam", inputs.learning_rate)
    x = flat.flatten(scene.params(np.random.default_rng(3)))
    state, losses = adam.start(x), list[float]()
    for i in range(6):
        found = [program.value_and_grad(flat.unflatten(x), drawn(scene, inputs, 3, i, k)) for k in range(4)]
        losses.append(sum(loss for loss, _ in found) / 4)
        x, state = adam.step(x, np.sum([flat.flatten(g) for _, g in found], axis=0) / 4, state)
    assert made.losses == pytest.approx(losses, rel=1e-8)
    assert made.is_drawn
    first = [drawn(scene, inputs, 3, i, k).points.tobytes() for i in (0, 1, 2**40) for k in range(4)]
    assert len(set(first)) == len(first)


def test_a_batch_of_one_meets_the_same_inputs_as_none():
    scene, inputs = electric()
    one = train(scene, inputs=inputs, iterations=5, batch=1)
    assert one.losses == pytest.approx(train(scene, inputs=inputs, iterations=5).losses, rel=1e-8)


@pytest.mark.parametrize(
    "optimizer", kept(RULES, "gd", "adam", "bounded")
)  # what they share is tested; each is alone in test_optimizers
def test_starts_are_the_runs_they_would_be_alone(optimizer: str, tmp_path: Path):
    how: dict[str, Any] = {"iterations": 20, "optimizer": optimizer, "clip": 50.0, "schedule": "cosine"}
    together = train_starts(VALLEY, 5, seed=3, **how, out=tmp_path / "starts")
    apart = train_seeds(VALLEY, 5, seed=3, **how, out=tmp_path / "seeds")
    assert [s.seed for s in together.seeds] == [3, 4, 5, 6, 7] and not any(s.error for s in together.seeds)
    for one, other in zip(together.runs, apart.runs, strict=True):
        assert one.losses == pytest.approx(other.losses, rel=1e-9) and one.seed == other.seed
        assert one.iterations == 20
        rows, other_rows = (records(tmp_path / name / f"seed-{one.seed}")[0] for name in ("starts", "seeds"))
        wanted = pytest.approx([r["gradient_norm"] for r in other_rows], rel=1e-8)
        assert [r["gradient_norm"] for r in rows] == wanted
    assert together.best.best_loss == pytest.approx(apart.best.best_loss, rel=1e-9)
    assert read_best(tmp_path / "starts", Valley).loss == together.best.best_loss
    assert len({r.losses[0] for r in together.runs}) == 5


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam"])
def test_a_resumed_batch_is_the_same_to_the_bit(optimizer: str, tmp_path: Path):
    scene, inputs = electric()
    how: dict[str, Any] = {"inputs": inputs, "optimizer": optimizer, "seed": 2, "batch": 3}
    train(scene, **how, iterations=9, out=tmp_path / "whole")
    train(scene, **how, iterations=4, out=tmp_path / "parts")
    resume(tmp_path / "parts", iterations=9)
    assert records(tmp_path / "parts") == records(tmp_path / "whole")
    assert read_settings(tmp_path / "parts").plan.batch == 3


def test_resumed_starts_are_the_same_to_the_bit_wherever_each_was_saved(tmp_path: Path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train_starts(VALLEY, 4, iterations=12, optimizer="adam", out=whole)
    train_starts(VALLEY, 4, iterations=7, optimizer="adam", out=parts)
    train_starts(VALLEY, 4, iterations=3, optimizer="adam", out=tmp_path / "early")
    # A kill comes between the checkpoints of the runs: one has an older one, one none yet.
    shutil.rmtree(parts / "seed-1")
    shutil.copytree(tmp_path / "early" / "seed-1", parts / "seed-1")
    shutil.rmtree(parts / "seed-3")
    found = resume_starts(parts, scene=VALLEY, iterations=12)
    for k, one in enumerate(found.runs):
        assert one.iterations == 12 and records(parts / f"seed-{k}") == records(whole / f"seed-{k}")
    again = resume_starts(parts, scene=VALLEY)
    assert [r.losses for r in again.runs] == [r.losses for r in found.runs]
    assert all("is finished: 12 iterations are done" in str(r.note) for r in again.runs)


def test_a_start_that_fails_is_told_of_and_ends_no_other(tmp_path: Path):
    several = train_starts(Fragile(), 4, iterations=5, out=tmp_path / "run")
    failed = several.seeds[2]
    assert failed.run is None and failed.error is not None
    assert "the loss is no longer finite at iteration 0: every state of the rollout is finite" in failed.error
    alone = train_seeds(Fragile(), 4, iterations=5)
    assert [s.seed for s in several.seeds if s.run is not None] == [0, 1, 3]
    for one, other in zip(several.runs, alone.runs, strict=True):
        assert one.losses == pytest.approx(other.losses, rel=1e-9)


@pytest.mark.parametrize("how", ["stop", "ctrl-c"])
def test_interrupted_starts_all_save_and_go_on_to_the_same_bits(how: str, tmp_path: Path):
    stop = threading.Event()

    def report(progress: Progress) -> None:
        if progress.iteration == 6 and progress.seed == 1:  # of three: in the midst of an iteration
            if how == "stop":
                stop.set()
            else:
                raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"^interrupted; --resume .*run goes on with all starts$"):
        train_starts(VALLEY, 3, iterations=30, out=tmp_path / "run", report=report, stop=stop)
    several = resume_starts(tmp_path / "run", scene=VALLEY)
    train_starts(VALLEY, 3, iterations=30, out=tmp_path / "whole")
    assert len(several.runs) == 3
    for k in range(3):
        assert records(tmp_path / "run" / f"seed-{k}") == records(tmp_path / "whole" / f"seed-{k}")


def test_a_batch_that_is_no_longer_finite_says_where_and_in_which_rollout(monkeypatch: pytest.MonkeyPatch):
    scene, inputs = electric()
    real: Any = type(scene).sample

    def sample(self: Any, given: Any, rng: np.random.Generator) -> Any:
        made = real(self, given, rng)
        assert made is not None
        far = rng.bit_generator.state == third.bit_generator.state
        return replace(made, points=np.full_like(made.points, 1e200)) if far else made

    third = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(2, 2)))
    real(scene, inputs, third)  # where the generator stands when the third path of iteration 2 is drawn
    monkeypatch.setattr(type(scene), "sample", sample)
    # With the inputs of another run of the batch, every derivative would be finite.
    lost = (
        r"^the gradient is no longer finite at iteration 2: .* the derivative by `position` .* across step 20 of 20$"
    )
    with pytest.raises(TrainingStopped, match=lost):
        train(scene, inputs=inputs, iterations=5, batch=4)


def test_what_makes_no_sense_is_one_sentence(tmp_path: Path):
    scene, inputs = electric()
    for optimizer in ("lbfgs", "cmaes"):
        with pytest.raises(SceneError, match=f"^{optimizer} evaluates one point after another: batch goes with gd, "):
            train_starts(VALLEY, 3, optimizer=optimizer)
    with pytest.raises(SceneError, match="batch is 1 or more; 0 was given"):
        train(scene, inputs=inputs, batch=0)
    with pytest.raises(SceneError, match=r"valley samples no inputs: train_starts\(scene, 4\) trains so many starts"):
        train(VALLEY, batch=4, out=tmp_path / "run")
    with pytest.raises(SceneError, match=r"electric samples inputs for each iteration: train\(scene, batch=4\)"):
        train_starts(scene, 4, inputs=inputs, out=tmp_path / "run")
    assert not list(tmp_path.iterdir())
    train_starts(VALLEY, 2, iterations=1, out=tmp_path / "starts")
    with pytest.raises(SceneError, match="holds the runs of 2 seeds: resume_starts goes on with them"):
        resume(tmp_path / "starts", scene=VALLEY)
    with pytest.raises(SceneError, match="seed-1 is one of 2 starts that are trained as one: resume them all"):
        resume(tmp_path / "starts" / "seed-1", scene=VALLEY, iterations=3)
    with pytest.raises(SceneError, match="holds 2 starts that are trained as one: resume_starts goes on with them"):
        resume_seeds(tmp_path / "starts", scene=VALLEY)


def test_the_command_trains_resumes_and_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    quick = ["--set", "steps=200", "--set", "layers=1"]
    out = str(tmp_path / "run")

    def told(*arguments: str, status: int = 0) -> Any:
        assert rosesim(["train", *arguments, "--json"]) == status
        printed = capsys.readouterr()
        return json.loads(printed.out.splitlines()[-1]) if status == 0 else printed.err

    found = told("billiards", *quick, "--batch", "3", "--seed", "4", "--iterations", "2", "--out", out)
    assert [s["seed"] for s in found["seeds"]] == [4, 5, 6] and found["iterations"] == 2
    longer = told("--resume", out, "--batch", "3", "--iterations", "4")
    assert longer["iterations"] == 4 and longer["loss_first"] == found["loss_first"]
    assert "a run with batch = 3, which batch = 4 contradicts" in told("--resume", out, "--batch", "4", status=2)
    assert "evaluates one point after another" in told("billiards", "--batch", "3", "--optimizer", "lbfgs", status=2)
    assert "give one" in told("billiards", "--batch", "3", "--seeds", "2", status=2)
    small = [part for s in ("steps=20", "segment=11", "hidden=4") for part in ("--set", s)]
    one = told("electric", *small, "--batch", "3", "--iterations", "2", "--out", str(tmp_path / "drawn"))
    assert "seeds" not in one and "mean_last" in one
