"""A run that leaves the finite numbers says where in the rollout it did; the places are known by hand."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

from rosesim import Bool, Index, Real, Vec, exp, log, sin, vec
from rosesim.scenes import Canvas, Published, Scene, compiled, value
from rosesim.train import TrainingStopped, train


@dataclass(frozen=True)
class Tuned:
    """What is tuned."""

    a: Real = value(1.0)
    b: Vec[Real, 2] = value((1.0, 2.0))


@dataclass(frozen=True)
class Given:
    """What is given."""

    growth: Real = value(1e100)
    learning_rate: Real = value(0.1)


@dataclass(frozen=True)
class Things:
    """The state."""

    still: Real
    pair: Vec[Real, 2]
    count: Index[3]
    odd: Bool


@dataclass(frozen=True)
class Breaking(Scene[Tuned, Given, Things]):
    """Breaks where it is told to: in the numbers of the state, in the loss, or only in derivatives."""

    name: ClassVar[str] = "breaking"
    published: ClassVar[Published] = Published("gd", 5)

    steps: int = 10
    where: Literal["grows", "loss", "slopes", "start", "last", "ends"] = "grows"

    def inputs(self) -> Given:
        return Given()

    def params(self, rng: np.random.Generator) -> Tuned:
        return Tuned(a=1e-310) if self.where in ("start", "last") else Tuned()  # pyright: ignore[reportArgumentType] -- NumPy here, traced elsewhere

    def initial(self, params: Tuned, inputs: Given) -> Things:
        still = log(params.a) if self.where == "start" else params.a + 0.0
        # Zero in value, however often it is multiplied.
        zero = vec(2, lambda i: params.b[i] - (1.0 + Real(i)))
        pair = zero if self.where == "slopes" else params.b + params.b
        return Things(still, pair, Index[3].clamp(0.0), params.a < 0.0)

    def step(self, state: Things, t: Index, params: Tuned, inputs: Given) -> Things:
        grows = self.where in ("grows", "slopes")
        # The sine keeps fast arithmetic from multiplying the growth of all steps before the zero.
        pair = vec(2, lambda i: inputs.growth * state.pair[i] + sin(state.pair[i]))
        return Things(state.still, pair if grows else 0.5 * state.pair, Index[3].wrap(state.count + 1), ~state.odd)

    def loss(self, state: Things, params: Tuned, inputs: Given) -> Real:
        total = state.pair[0] + state.still
        if self.where == "loss":
            total = total + exp(1000.0 * params.a)
        if self.where == "last":
            total = log(state.still) + state.pair[0]
        return total

    def draw(self, canvas: Canvas, state: Things, params: Tuned, inputs: Given) -> None:
        canvas.circle(np.asarray(state.pair), 0.1, "target")


def told(where: Any, growth: float = 1e100) -> str:
    given: Any = Given(growth=growth)  # pyright: ignore[reportArgumentType] -- NumPy here, traced elsewhere
    with pytest.raises(TrainingStopped) as e:
        train(Breaking(where=where), inputs=given)
    assert "\n" not in str(e.value)
    return str(e.value)


def test_the_first_state_that_is_not_finite_is_named():
    # 4 * 1e100 ** t is above 1.8e308 from t = 4 on, and 4 * 1e50 ** t from t = 7 on.
    said = "the loss is no longer finite at iteration 0: the rollout's `pair` first is not finite in the state after"
    assert told("grows") == f"{said} step 4 of 10"
    assert told("grows", 1e50) == f"{said} step 7 of 10"


def test_a_loss_of_finite_states_is_named():
    assert "every state of the rollout is finite; it is the loss of the last one that is not" in told("loss")


def test_the_step_across_which_the_derivative_is_lost_is_named():
    # The derivative by the state after t of 10 steps is 1e100 ** (10 - t): infinite up to t = 6.
    said = (
        "the gradient is no longer finite at iteration 0: every state of the rollout is finite; going back from the "
    )
    assert told("slopes") == said + "loss, the derivative by `pair` first is not finite across step 7 of 10"
    assert told("slopes", 1e50) == said + "loss, the derivative by `pair` first is not finite across step 4 of 10"


def test_derivatives_lost_at_either_end_are_named():
    # 1 / 1e-310 is infinite, and log(1e-310) = -714 is not.
    assert math.isfinite(compiled(Breaking(where="start")).value(Tuned(a=1e-310), Given()))  # pyright: ignore[reportArgumentType] -- NumPy
    finite = "every state of the rollout is finite"
    assert f"{finite}; the derivative is lost in how the first state is made" in told("start")
    assert f"{finite}, but not the derivative of the loss by the last one's `still`" in told("last")


def test_nothing_is_compiled_before_it_is_needed(monkeypatch: pytest.MonkeyPatch):
    from rosesim.codegen.llvm import engine

    scene: Any = Breaking(steps=11, where="ends")
    train(scene)
    compiled_then: list[str] = []
    real = engine.load
    monkeypatch.setattr(engine, "load", lambda text, *a, **k: (compiled_then.append(text), real(text, *a, **k))[1])
    train(scene, iterations=50, optimizer="adam")
    assert not compiled_then


def test_params_that_leave_the_numbers_are_told_of_with_the_last_finite_ones():
    given: Any = Given(learning_rate=1e308)  # pyright: ignore[reportArgumentType] -- NumPy here, traced elsewhere
    scene = Breaking(steps=12, where="ends")
    with pytest.raises(TrainingStopped, match=r"the params are no longer finite after the update of iteration 1$"):
        train(scene, inputs=given)
