"""Optimisers that are objects: rules with other constants, rules and whole optimisers of a user's own, optax's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim.cli import run as rosesim
from rosesim.cli.recorded import read_run
from rosesim.scenes import SceneError, configure, find_scene
from rosesim.train import (
    Adam,
    GradientDescent,
    Optimizer,
    read_best,
    resume,
    resume_seeds,
    sweep,
    train,
    train_seeds,
    train_starts,
)

BOUNCE, GIVEN = configure(find_scene("bounce"), ["steps=20"])
QUICK: dict[str, Any] = {"inputs": GIVEN, "iterations": 6}


class Sign:
    """A whole optimiser: steps of one length, that halve where the gradient turns round."""

    def __init__(self, length: float = 0.01):
        self.length = length

    def start(self, x: Any) -> dict[str, Any]:
        return {"length": np.full_like(x, self.length), "last": np.zeros_like(x)}

    def step(self, x: Any, gradient: Any, state: Any) -> tuple[Any, dict[str, Any]]:
        sign = np.sign(gradient)
        length = np.where(sign * state["last"] < 0, state["length"] / 2, state["length"])
        x -= length * sign  # in place, which must not reach what the run remembers
        return x, {"length": length, "last": sign}


@dataclass(frozen=True)
class Halved:
    """A rule: gradient descent with half the rate."""

    factor: float = 0.5

    def start(self, x: Any) -> dict[str, Any]:
        return {}

    def step(self, rate: float, i: int, x: Any, gradient: Any, state: Any) -> tuple[Any, dict[str, Any]]:
        return x - self.factor * rate * gradient, {}


def test_a_rule_with_other_constants_is_recorded_and_resumed_by_its_text(tmp_path: Path):
    optimizer = Optimizer(Adam(beta2=0.99), 0.05)
    whole = train(BOUNCE, optimizer=optimizer, **QUICK).losses
    assert whole != train(BOUNCE, optimizer=Optimizer(Adam(), 0.05), **QUICK).losses
    train(BOUNCE, inputs=GIVEN, iterations=3, optimizer=optimizer, out=tmp_path / "r")
    assert 'optimizer = "adam(beta2=0.99)"' in (tmp_path / "r" / "settings.toml").read_text()
    assert resume(tmp_path / "r", iterations=6).losses == whole
    command = ["train", "bounce", "--set", "steps=20", "--optimizer", "adam( beta2 = 0.990 )", "--lr", "0.05"]
    assert rosesim([*command, "--iterations", "6", "--out", str(tmp_path / "c"), "--json"]) == 0
    assert read_run(tmp_path / "c").losses == whole


def test_a_rule_of_ones_own_takes_the_rate_of_the_scene_a_schedule_and_a_clip():
    half = train(BOUNCE, optimizer=Halved(), learning_rate=0.04, **QUICK).losses
    assert half == train(BOUNCE, optimizer="gd", learning_rate=0.02, **QUICK).losses
    scheduled = train(BOUNCE, optimizer=Halved(1.0), schedule="cosine", clip=0.5, **QUICK).losses
    assert scheduled == train(BOUNCE, optimizer="gd", schedule="cosine", clip=0.5, **QUICK).losses


@pytest.mark.parametrize("make", [Sign, Halved, lambda: Optimizer(Halved(), 0.3)], ids=["whole", "rule", "optimizer"])
def test_an_own_optimiser_is_resumed_to_the_same_bits_where_it_is_given_again(make: Any, tmp_path: Path):
    whole = train(BOUNCE, optimizer=make(), **QUICK)
    train(BOUNCE, inputs=GIVEN, iterations=3, optimizer=make(), out=tmp_path / "r")
    with pytest.raises(SceneError, match="has an optimizer of your own"):
        resume(tmp_path / "r", iterations=6)
    with pytest.raises(SceneError, match="is a run with optimizer = own:"):
        resume(tmp_path / "r", iterations=6, optimizer=Adam())
    resumed = resume(tmp_path / "r", iterations=6, optimizer=make())
    assert resumed.losses == whole.losses
    assert [i for i, _ in resumed.attempts] == [0, 1, 2, 4, 6]


def test_a_run_of_an_own_optimiser_is_shown_and_checked_from_its_folder(tmp_path: Path):
    run = train(BOUNCE, optimizer=Sign(), out=tmp_path / "r", **QUICK)
    assert len({p.delta for _, p in run.attempts}) == len(run.attempts)  # not overwritten by steps in place
    assert read_best(tmp_path / "r").loss == run.best_loss
    folder = str(tmp_path / "r")
    assert rosesim(["export", folder, "--png", str(tmp_path / "a.png")]) == 0
    assert rosesim(["info", folder]) == 0
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_seeds_and_starts_take_it_too(tmp_path: Path):
    whole = train(BOUNCE, optimizer=Sign(), **QUICK).losses
    seeds = train_seeds(BOUNCE, 2, inputs=GIVEN, iterations=3, optimizer=Sign(), out=tmp_path / "s")
    assert [r.losses for r in seeds.runs] == [whole[:4]] * 2
    assert [r.losses for r in resume_seeds(tmp_path / "s", iterations=6, optimizer=Sign()).runs] == [whole] * 2
    starts = train_starts(BOUNCE, 2, optimizer=Sign(), **QUICK)
    assert np.allclose([r.losses for r in starts.runs], [whole] * 2, rtol=1e-12)


class ListState(Sign):
    def start(self, x: Any) -> Any:
        return [x]


class Growing(Sign):
    def step(self, x: Any, gradient: Any, state: Any) -> Any:
        return x, {**state, "more": x}


class Widening(Sign):
    def step(self, x: Any, gradient: Any, state: Any) -> Any:
        return x, {**state, "last": np.append(state["last"], 0.0)}


class Lonely(Sign):
    def step(self, x: Any, gradient: Any, state: Any) -> Any:
        return x


class Shapeless(Sign):
    def step(self, x: Any, gradient: Any, state: Any) -> Any:
        return np.append(x, x), state


@pytest.mark.parametrize(
    ("optimizer", "says"),
    [
        (ListState(), "start of the optimizer ListState returned .* expected a dict of arrays"),
        (Growing(), "the state 'more' of Growing was absent and is float64 of shape .1,. after a step"),
        (Widening(), "the state 'last' of Widening was float64 of shape .1,. and is float64 of shape .2,."),
        (Lonely(), "step of the optimizer Lonely returned .* expected the next point and the next state"),
        (Shapeless(), "step of the optimizer Shapeless returned .* expected a point of shape .1,."),
        (Sign, "an object with start.* the class Sign was given"),
        (3.0, "an object with start.* float was given"),
    ],
)
def test_an_optimiser_that_a_checkpoint_could_not_hold_is_refused(optimizer: Any, says: str, tmp_path: Path):
    with pytest.raises(SceneError, match=says):
        train(BOUNCE, optimizer=optimizer, out=tmp_path / "r", **QUICK)
    assert isinstance(optimizer, Growing | Widening | Lonely | Shapeless) or not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    "more",
    [{"learning_rate": 0.1}, {"schedule": "cosine"}, {"clip": 1.0}, {"learning_rate": float("nan")}],
)
def test_what_would_contradict_an_optimizer_is_refused(more: dict[str, Any]):
    for optimizer in (Optimizer(GradientDescent(), 0.1), Sign()):
        with pytest.raises(SceneError):
            train(BOUNCE, optimizer=optimizer, **more, **QUICK)


def test_a_sweep_and_a_name_take_no_object(tmp_path: Path):
    anything: Any = Sign()
    with pytest.raises(SceneError, match="an optimizer is named here, as gd; an object, Sign, was given"):
        sweep("bounce", "seeds=0", optimizer=anything, out=tmp_path / "s")
    with pytest.raises(SceneError, match="no optimizer is called 'own:Sign'"):
        train(BOUNCE, optimizer="own:Sign", **QUICK)


def test_bounds_of_the_scene_hold_for_it():
    scene, inputs = configure(find_scene("bounce"), ["steps=20"])
    bound = type("Bound", (type(scene),), {"bounds": lambda self: {"delta": (0.0, 0.002)}})
    run = train(bound(steps=20), inputs=inputs, iterations=3, optimizer=Sign(0.5))
    assert 0.0 <= run.params.delta <= 0.002


def test_optax_is_an_optimiser_too(tmp_path: Path):
    optax = pytest.importorskip("optax")
    ours = train(BOUNCE, optimizer=Optimizer(Adam(), 0.05), **QUICK).losses
    theirs = train(BOUNCE, optimizer=optax.adam(0.05), **QUICK).losses
    assert theirs == pytest.approx(ours, rel=1e-9)
    train(BOUNCE, inputs=GIVEN, iterations=3, optimizer=optax.adam(0.05), out=tmp_path / "r")
    assert resume(tmp_path / "r", iterations=6, optimizer=optax.adam(0.05)).losses == theirs
