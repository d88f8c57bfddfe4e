"""A cost of each step, losses with names, and what a rollout keeps."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from rosesim import Index, Real, step_norms, tanh
from rosesim.cli import run as command
from rosesim.scenes import Published, Scene, SceneError, compiled, rollout, value
from rosesim.scenes.check import check_gradient
from rosesim.train import resume, train
from rosesim.train.finite import explain
from rosesim.view.attempt import attempt, attempts
from rosesim.view.words import numbers

H = 0.1


@dataclass(frozen=True)
class Gain:
    k: Real = value(0.7)
    c: Real = value(0.4)


@dataclass(frozen=True)
class World:
    learning_rate: Real = value(0.02)


@dataclass(frozen=True)
class Point:
    x: Real
    v: Real


@dataclass(frozen=True)
class Costly(Scene[Gain, World, Point]):
    """A point that a spring and a damper bring to rest: effort and distance on the way."""

    name: ClassVar[str] = "costly"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=3)
    steps: int = 20
    ends: bool = True

    def inputs(self):
        return World()

    def params(self, rng: np.random.Generator):
        return Gain()

    def initial(self, params: Gain, inputs: World):
        return Point(Real(1.0), Real(0.0))

    def force(self, state: Point, params: Gain):
        return -tanh(params.k * state.x + params.c * state.v)

    def step(self, state: Point, t: Index, params: Gain, inputs: World):
        v = state.v + H * self.force(state, params)
        return Point(state.x + H * v, v)

    def cost(self, state: Point, t: Index, params: Gain, inputs: World) -> Any:
        return {"effort": H * self.force(state, params) ** 2, "distance": H * state.x**2 * (1.0 + 0.01 * Real(t))}

    def loss(self, state: Point, params: Gain, inputs: World) -> Any:
        return {"distance": 3.0 * state.x**2, "speed": state.v**2}

    def draw(self, canvas: Any, state: Point, params: Gain, inputs: World):
        canvas.circle((state.x, 0.5), 0.05, "target")


@dataclass(frozen=True)
class Single(Costly):
    """One cost, and no loss of the last state."""

    name: ClassVar[str] = "single"
    loss = Scene.loss

    def cost(self, state: Point, t: Index, params: Gain, inputs: World) -> Any:
        return state.x**2


def by_numpy(k: Any, c: Any, steps: int) -> dict[str, Any]:
    x, v = 1.0, 0.0
    terms: dict[str, Any] = {"effort": 0.0, "distance": 0.0, "single": 0.0}
    for t in range(steps):
        u = -np.tanh(k * x + c * v)
        terms["effort"] += H * u**2
        terms["distance"] += H * x**2 * (1.0 + 0.01 * t)
        terms["single"] += x**2
        v = v + H * u
        x = x + H * v
    terms["distance"] += 3.0 * x**2
    return {**terms, "speed": v**2}


SCENE, EXPECTED = Costly(), by_numpy(0.7, 0.4, 20)
NAMES = ["effort", "distance", "speed"]


def test_the_costs_of_all_steps_and_the_loss_are_minimised_together_and_known_by_name():
    program = compiled(SCENE)
    assert list(program.term_names) == NAMES
    terms = program.terms(Gain(), World())
    assert list(terms) == NAMES
    for name in NAMES:
        assert terms[name] == pytest.approx(EXPECTED[name], rel=1e-13)
    loss, gradient = program.value_and_grad(Gain(), World())
    assert loss == pytest.approx(sum(terms.values()), rel=1e-14)
    ways = [by_numpy(0.7 + 1e-30j, 0.4, 20), by_numpy(0.7, 0.4 + 1e-30j, 20)]
    slopes = [sum(way[n] for n in NAMES).imag / 1e-30 for way in ways]
    assert [gradient.k, gradient.c] == pytest.approx(slopes, rel=1e-12)


def test_one_cost_without_a_loss_of_the_end_is_the_loss_and_has_no_name_of_its_own():
    program = compiled(Single())
    assert program.value(Gain(), World()) == pytest.approx(EXPECTED["single"], rel=1e-13)
    assert program.term_names == ()


def test_nothing_carries_the_costs():
    """The norms by the state do not see a sum: at the end only the loss depends on it."""
    norms = step_norms(compiled(Single()).loss)(Gain(), World()).norms
    last = rollout(Single())[-2]
    assert norms[-1] == pytest.approx(2.0 * abs(last.x), rel=1e-12)


def test_a_scene_with_neither_and_a_loss_of_another_type_are_refused():
    class Nothing(Single):
        cost = Scene.cost

    with pytest.raises(SceneError, match="Nothing has neither a loss nor a cost; expected one, or both"):
        compiled(Nothing())

    class Pair(Single):
        def cost(self, state: Point, t: Index, params: Gain, inputs: World) -> Any:
            return state.x, state.v

    with pytest.raises(SceneError, match=r"cost\(\) of single gave \(Real, Real\); expected a Real, or a dict"):
        compiled(Pair()).value(Gain(), World())


def test_training_reports_each_term_and_a_resumed_run_has_the_same_lines(tmp_path: Path):
    seen: list[dict[str, float]] = []
    whole = train(SCENE, iterations=4, out=tmp_path / "whole", report=lambda now: seen.append(dict(now.terms)))
    train(SCENE, iterations=2, out=tmp_path / "parts")
    resume(tmp_path / "parts", scene=SCENE, iterations=4)

    def lines(name: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        return [{k: v for k, v in row.items() if k != "seconds"} for row in found]

    assert lines("whole") == lines("parts")
    assert [row["terms"] for row in lines("whole")] == seen
    assert seen[0] == pytest.approx({n: EXPECTED[n] for n in NAMES}, rel=1e-13)
    assert list(whole.terms) == NAMES and len(whole.terms["speed"]) == 5
    assert np.sum([*whole.terms.values()], axis=0) == pytest.approx(whole.losses, rel=1e-14)


def test_an_explanation_of_what_is_not_finite_counts_the_costs():
    text = explain(compiled(SCENE), Gain(k=np.nan), World(), "loss")
    assert "first is not finite in the state after step 1 of 20" in text

    class Pole(Single):
        def cost(self, state: Point, t: Index, params: Gain, inputs: World) -> Any:
            return 1.0 / (state.x - 1.0) + params.k

    text = explain(compiled(Pole()), Gain(), World(), "loss")
    assert text == (
        "every state of the rollout is finite; of the loss, the term `cost` is not (--debug names the line)"
    )


def test_a_check_and_the_viewer_show_the_terms():
    found = check_gradient(SCENE)
    assert found.passed and [*found.terms] == NAMES
    assert found.terms["speed"] == pytest.approx(EXPECTED["speed"], rel=1e-13)
    shown = attempt(SCENE, 0, 1.0, Gain(), World())
    canvas = numbers((300.0, 162.0), "costly", "", 0, 1.0, 0.1, {**shown.terms, "tiny": 1e-9})
    texts = [str(getattr(p, "text", "")) for p in canvas.primitives]
    assert f"effort {EXPECTED['effort']:.4g}" in texts and not any("tiny" in text for text in texts)


def test_the_command_line_prints_them(capsys: pytest.CaptureFixture[str], monkeypatch: Any, tmp_path: Path):
    monkeypatch.setattr("rosesim.cli.check.place", lambda *_: replace_place())
    assert command(["check", "costly"]) == 0
    assert (
        f"= effort {EXPECTED['effort']:.4g} + distance {EXPECTED['distance']:.4g} + speed" in capsys.readouterr().out
    )


def replace_place() -> Any:
    from rosesim.cli.place import place

    found = place("billiards", ["steps=64"], False)
    return replace(found, scene=SCENE, inputs=World(), params=None)


@pytest.mark.parametrize(
    ("every", "times"), [(1, range(21)), (5, [0, 5, 10, 15, 20]), (6, [0, 6, 12, 18, 20]), (50, [0, 20])]
)
def test_a_rollout_keeps_each_kth_state_and_the_last(every: int, times: Any):
    all_, some = rollout(SCENE), rollout(SCENE, every=every)
    assert some.times.tolist() == [*times] and len(some) == len(some.times)
    np.testing.assert_array_equal(some.stacked.x, all_.stacked.x[some.times])
    assert some[-1] == all_[20]


def seen(state: Point, t: Index, params: Gain, inputs: World) -> Any:
    return {"energy": 0.5 * state.v**2 + params.k * state.x**2, "t": t}


def test_a_rollout_keeps_what_a_function_sees():
    states, found = rollout(SCENE), rollout(SCENE, every=3, observe=seen)
    assert found.stacked["t"].tolist() == [0, 3, 6, 9, 12, 15, 18, 20]
    at = states.stacked.x[found.times], states.stacked.v[found.times]
    np.testing.assert_allclose(found.stacked["energy"], 0.5 * at[1] ** 2 + 0.7 * at[0] ** 2, rtol=1e-14)
    assert found[1]["t"] == 3


def test_no_step_is_made_beyond_the_last():
    """A guard would stop the program in a step that the scene does not have."""

    class Guarded(Costly):
        def step(self, state: Point, t: Index, params: Gain, inputs: World):
            v = state.v + (state.x * 0.0 + 1.0)
            return Point(state.x + Real(t), v)

    found = rollout(Guarded(steps=4), every=3)
    assert found.stacked.v.tolist() == [0.0, 3.0, 4.0] and found.stacked.x.tolist() == [1.0, 4.0, 7.0]
    assert rollout(Guarded(steps=4)).stacked.v.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_every_zero_is_refused():
    with pytest.raises(SceneError, match="every=0 was found; expected the steps from one kept state to the next"):
        rollout(SCENE, every=0)


def test_functions_that_are_new_at_each_call_do_not_fill_the_memory():
    program = compiled(replace(SCENE, steps=2))
    for _ in range(12):
        program.trajectory(Gain(), World(), observe=lambda s, t, p, i: s.x)
    assert sum(k[0] == "trajectory" for k in program._programs if isinstance(k, tuple)) <= 8  # pyright: ignore[reportPrivateUsage]


def test_pictures_leave_out_states_that_they_would_not_show(monkeypatch: pytest.MonkeyPatch):
    long = Costly(steps=4000)
    monkeypatch.setattr("rosesim.view.attempt.MOST_BYTES", 16 * 1000)
    (one,) = attempts(long, World(), [(0, Gain())], [0.3])
    assert len(one.trajectory) == 1001 and one.trajectory.times[-1] == 4000
    monkeypatch.setattr("rosesim.view.attempt.MOST_BYTES", 16)
    (one,) = attempts(long, World(), [(0, Gain())], [0.3])
    assert len(one.trajectory) == 501  # enough for the paths
