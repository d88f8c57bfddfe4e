"""Averaged gradients: their values in closed form, runs that are resumed to the bit, what descents make of them."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from rosesim import Index, Real, floor, select
from rosesim.cli import run as run_command
from rosesim.scenes import Published, Scene, compiled, configure, find_scene, value
from rosesim.scenes.check import smoothed_over_distance
from rosesim.scenes.errors import SceneError
from rosesim.scenes.smooth import ESTIMATORS, SAMPLES, Smoothed, Smoothing
from rosesim.train import OPTIMIZERS, RULES, plan, read_best, resume, train, train_seeds

MANY = 40_000
"""Samples: a mean of numbers of size 1 is off by 0.005 once in a normal deviation."""


@dataclass(frozen=True)
class Place:
    x: Real = value(2.0)


@dataclass(frozen=True)
class Rate:
    learning_rate: Real = value(0.1)


class OfOneNumber(Scene[Place, Rate, Any]):
    """A loss of one number, in one step that does nothing."""

    published: ClassVar[Published] = Published(optimizer="gd", iterations=5)

    def inputs(self) -> Rate:
        return Rate()

    def params(self, rng: np.random.Generator) -> Place:
        return Place()

    def initial(self, params: Place, inputs: Rate) -> Any:
        return (params.x, Real(0.0))

    def step(self, state: Any, t: Index, params: Place, inputs: Rate) -> Any:
        return state

    def draw(self, canvas: Any, state: Any, params: Place, inputs: Rate) -> None:
        pass


@dataclass(frozen=True)
class Corner(OfOneNumber):
    """|x - 1|."""

    name: ClassVar[str] = "corner"
    steps: int = 1

    def loss(self, state: Any, params: Place, inputs: Rate) -> Real:
        return abs(state[0] - 1.0)


@dataclass(frozen=True)
class Stair(OfOneNumber):
    """floor(x): a stair of 1 at each whole number, and no slope."""

    name: ClassVar[str] = "stair"
    steps: int = 1

    def loss(self, state: Any, params: Place, inputs: Rate) -> Real:
        return floor(state[0])


@dataclass(frozen=True)
class Walled(OfOneNumber):
    """x up to 2, where the scene bounds it."""

    name: ClassVar[str] = "walled"
    steps: int = 1

    def loss(self, state: Any, params: Place, inputs: Rate) -> Real:
        return 1.0 * state[0]

    def bounds(self) -> Mapping[str, tuple[float, float]]:
        return {"x": (-math.inf, 2.0)}


def averaged(scene: Any, sigma: float, estimator: str, x: float, samples: int = MANY) -> tuple[float, float, float]:
    """The loss, the averaged loss and its gradient at x; the scale of the params is 2, that of the start."""
    chunk, found = 400, []
    smoothed = Smoothed(compiled(scene), Smoothing(sigma, chunk, estimator), np.array([2.0]), compiled(scene).flat)
    for k in range(samples // chunk):
        loss, mean, gradient = smoothed.evaluate(np.array([x]), smoothed.perturbations(0, k), Rate())
        found.append((loss, mean, gradient[0]))
    loss, mean, gradient = np.mean(found, axis=0)
    return float(loss), float(mean), float(gradient)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("offset", [-1.0, -0.3, 0.0, 0.2, 3.0])
def test_the_averaged_gradient_of_a_corner_is_erf(estimator: str, offset: float):
    """E sign(offset + s z) = erf(offset / (s sqrt 2)), of the mean |.| s sqrt(2/pi) exp(-o^2/2s^2) + o erf(...)."""
    s = 0.25 * 2.0
    loss, mean, gradient = averaged(Corner(), 0.25, estimator, 1.0 + offset)
    slope = math.erf(offset / (s * math.sqrt(2)))
    assert loss == pytest.approx(abs(offset), abs=1e-12)
    assert gradient == pytest.approx(slope, abs=0.02)
    assert mean == pytest.approx(
        s * math.sqrt(2 / math.pi) * math.exp(-(offset**2) / (2 * s**2)) + offset * slope, abs=0.02
    )


@pytest.mark.parametrize("x", [2.0, 2.3, 2.5])
def test_across_stairs_the_mean_of_values_has_the_slope_and_the_mean_of_gradients_has_none(x: float):
    """The mean of floor(x + s z) rises by the normal density of s z at each stair, a whole number k, less x."""
    s = 0.1 * 2.0
    density = sum(math.exp(-((k - x) ** 2) / (2 * s * s)) for k in range(-5, 10)) / (s * math.sqrt(2 * math.pi))
    assert averaged(Stair(), 0.1, "values", x)[2] == pytest.approx(density, abs=0.05)
    assert averaged(Stair(), 0.1, "gradients", x)[2] == 0.0


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_what_lies_beyond_a_bound_is_set_onto_it(estimator: str):
    """min(x + s z, 2) at x = 2 has the mean slope 1/2."""
    assert averaged(Walled(), 0.1, estimator, 2.0)[2] == pytest.approx(0.5, abs=0.02)


def test_of_a_line_two_samples_are_enough():
    """Antithetic pairs: what is even in z leaves no noise, and by gradients nothing else is there."""
    scene, inputs = configure(find_scene("growth"), ["steps=10"])
    program = compiled(scene)
    x = program.flat.flatten(scene.params(np.random.default_rng(0)))
    exact = program.flat.flatten(program.value_and_grad(program.flat.unflatten(x), inputs)[1])
    smoothed = Smoothed(program, Smoothing(0.1, 2, "gradients"), x, program.flat)
    assert smoothed.evaluate(x, smoothed.perturbations(0, 0), inputs)[2] == pytest.approx(exact, rel=1e-12)
    assert np.array_equal(smoothed.perturbations(3, 4), smoothed.perturbations(3, 4))
    z = smoothed.perturbations(3, 4)
    assert np.array_equal(z[:1], -z[1:])
    others = [smoothed.perturbations(*k)[0, 0] for k in ((3, 5), (4, 4), (0, 0), (0, 1))]
    assert len({z[0, 0], *others}) == 5


def test_the_estimator_follows_the_number_of_params():
    assert Smoothing.of(0.1, size=SAMPLES).estimator == "values"
    assert Smoothing.of(0.1, size=SAMPLES + 1).estimator == "gradients"
    assert Smoothing.of(0.1, 64, size=40).estimator == "values"
    assert Smoothing.of(0.1, estimator="gradients", size=1) == Smoothing(0.1, SAMPLES, "gradients")


# ------------------------------------------------------------------------------------- runs


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("optimizer", ["gd", "adam"])
def test_a_smoothed_run_is_resumed_to_the_bit(tmp_path: Path, estimator: str, optimizer: str):
    scene, inputs = configure(find_scene("billiards"), ["steps=700", "layers=1"])
    how: dict[str, Any] = {
        "inputs": inputs, "optimizer": optimizer, "seed": 5, "smooth": 0.1, "samples": 6, "estimator": estimator,
    }  # fmt: skip
    at_once = train(scene, iterations=8, **how)
    train(scene, iterations=3, out=tmp_path / "r", **how)
    both = resume(tmp_path / "r", iterations=8)
    assert both.losses == at_once.losses
    assert both.gradient_norms == at_once.gradient_norms
    assert both.params.velocity.tolist() == at_once.params.velocity.tolist()
    assert train(scene, iterations=8, **{**how, "seed": 6}).losses != at_once.losses


def test_what_is_told_is_the_loss_at_the_params(tmp_path: Path):
    scene, inputs = configure(find_scene("billiards"), ["steps=700", "layers=1"])
    run = train(scene, inputs=inputs, iterations=5, smooth=0.05, out=tmp_path / "r")
    value = compiled(scene).value
    assert run.losses[-1] == pytest.approx(value(run.params, inputs), rel=1e-9)
    best = read_best(tmp_path / "r")
    assert best.loss == pytest.approx(value(best.params, inputs), rel=1e-9)


def test_seeds_draw_perturbations_of_their_own():
    scene, inputs = configure(find_scene("billiards"), ["steps=700", "layers=1"])
    several = train_seeds(scene, 2, inputs=inputs, iterations=3, smooth=0.1, seed=4)
    one, other = several.runs
    assert one.losses[0] == other.losses[0]  # billiards begins every seed alike
    assert one.losses[1] != other.losses[1]
    assert one.losses == train(scene, inputs=inputs, iterations=3, smooth=0.1, seed=4).losses


def test_inputs_that_are_drawn_are_drawn_as_without():
    """The loss before the first update is that of the same drawn path."""
    scene, inputs = configure(find_scene("electric"), ["steps=60", "segment=40", "hidden=8"])
    plain, smooth = (train(scene, inputs=inputs, iterations=2, smooth=s) for s in (None, 0.01))
    assert smooth.losses[0] == pytest.approx(plain.losses[0], rel=1e-9)
    assert smooth.losses[1] == pytest.approx(plain.losses[1], rel=0.1)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_it_goes_with_the_optimisers_that_have_their_state_in_the_open(optimizer: str):
    scene, inputs = configure(find_scene("billiards"), ["steps=300", "layers=1"])
    if optimizer in RULES:
        assert plan(scene, inputs, optimizer=optimizer, smooth=0.1).samples == SAMPLES
    else:
        with pytest.raises(SceneError, match=f"{optimizer} needs the same loss at every evaluation"):
            plan(scene, inputs, optimizer=optimizer, smooth=0.1)


@pytest.mark.parametrize(
    "given, said",
    [
        ({"smooth": 0.0}, "smooth is a finite number above 0"), ({"smooth": math.nan}, "smooth is a finite number"),
        ({"smooth": 0.1, "samples": 3}, "samples come in pairs"), ({"smooth": 0.1, "samples": 0}, "come in pairs"),
        ({"smooth": 0.1, "estimator": "both"}, "no estimator is called 'both'; there are values, gradients"),
        ({"samples": 4}, "give smooth too"), ({"smooth": 0.1, "batch": 4}, "leave batch out"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(given: dict[str, Any], said: str):
    scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    with pytest.raises(SceneError, match=said):
        plan(scene, inputs, **given)


def test_the_command_writes_it_down_and_a_check_of_the_run_shows_its_effect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = str(tmp_path / "r")
    small = ["--set", "steps=50"]
    assert (
        run_command(["train", "mass_spring_simple", *small, "--iterations", "2", "--smooth", "0.03", "--out", folder])
        == 0
    )
    text = (tmp_path / "r" / "settings.toml").read_text()
    assert 'smooth = 0.03\nsamples = 16\nestimator = "values"' in text
    assert run_command(["train", "--resume", folder, "--smooth", "0.1"]) == 2
    capsys.readouterr()
    assert run_command(["check", folder, "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])["smoothed"]
    assert (found["sigma"], found["samples"], found["estimator"]) == (0.03, 16, "values")
    assert run_command(["check", folder, "--samples", "4"]) == 0
    assert "smoothed by 0.03 (4 samples, by values): over steps of" in capsys.readouterr().out
    assert run_command(["check", "mass_spring_simple", *small, "--samples", "4"]) == 2


# ------------------------------------------------------------------------------- what it is for


def test_box_friction_reaches_its_least_loss_by_values():
    """Its README: the least loss is 0.443; descent by the gradient goes past it and stays at 0.49 to 0.5."""
    scene, inputs = configure(find_scene("box_friction"), ["steps=2500"])
    plain = train(scene, inputs=inputs, iterations=40)
    smooth = train(scene, inputs=inputs, iterations=40, smooth=0.1)
    assert plain.losses[-1] > 0.48
    assert smooth.losses[-1] < 0.45


def test_a_bounce_without_its_moment_of_impact_is_descended_by_values_alone():
    """Its gradient is +1 where the truth over a step's fall is -1 (README): it climbs."""
    scene, inputs = configure(find_scene("bounce"), ["time_of_impact=no"])
    last = {e: train(scene, inputs=inputs, smooth=10.0, estimator=e).losses[-1] for e in ESTIMATORS}
    assert last["gradients"] > 0.75
    assert last["values"] < 0.4


def test_the_smoothed_verdict_is_better_by_values_and_not_by_gradients_where_the_loss_jumps():
    scene, inputs = configure(find_scene("box_friction"), [])
    params = dataclasses.replace(scene.params(np.random.default_rng(0)), mu=0.4)

    def share(estimator: str) -> float:
        how = Smoothing(0.3, 16, estimator)
        return smoothed_over_distance(scene, how, inputs, params=params).at[2].same_sign

    assert share("values") > 0.9
    assert share("gradients") < 0.2


@dataclass(frozen=True)
class Turned:
    x: Real = value(2.0)
    up: bool = True


@dataclass(frozen=True)
class EitherWay(OfOneNumber):
    """x or -x: which is not tuned, and the seed says it."""

    name: ClassVar[str] = "either_way"
    steps: int = 1

    def params(self, rng: np.random.Generator) -> Any:
        return Turned(up=bool(rng.integers(2)))

    def loss(self, state: Any, params: Any, inputs: Rate) -> Real:
        return select(params.up, 1.0, -1.0) * params.x


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_what_is_not_tuned_is_that_of_the_seed_in_the_average_too(estimator: str):
    ways: set[bool] = set()
    for seed in range(6):
        run: Any = train(EitherWay(), iterations=1, seed=seed, smooth=0.1, samples=4, estimator=estimator)
        up = bool(run.params.up)
        ways.add(up)
        assert (run.params.x < 2.0) == up  # down the slope of its own way
    assert ways == {True, False}
