"""The optimisers' rules in the language are those of `rosesim.optimise`, to the bit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from rosesim import Index, Program, Real, Vec, fn, value_and_grad
from rosesim.optimise.optimizers import RULES, Optimizer
from rosesim.optimise.rules import make_optimizer
from rosesim.optimise.schedules import parse_schedule
from rosesim.scenes.errors import SceneError
from rosesim.scenes.tree import FlatView
from rosesim.web.rules import optimiser


@dataclass(frozen=True)
class Params:
    weights: Vec[Vec[Real, 3], 2]
    choice: Index[4]
    scale: Real


@dataclass(frozen=True)
class Inputs:
    learning_rate: Real


def start(rng: np.random.Generator) -> Params:
    return Params(rng.normal(size=(2, 3)), 2, 0.7)  # pyright: ignore[reportArgumentType]


def traced_steps(made: Optimizer, gradients: list[Any], params: Params, rate: float, iterations: int) -> list[Any]:
    """The params after each step of the rule in the language."""

    @fn
    def loss(params: Params) -> Real:
        return params.scale * params.weights[0][0]

    both = value_and_grad(loss)
    given = both.types_of((params,))
    types = given[0], fn(lambda i: i).types_of((Inputs(rate),))[0], both.traced(given).result.types[1]  # pyright: ignore
    step, *taken = optimiser(made, *types, iterations)
    program = Program(step, tuple(taken), math="strict")
    zeros = replace(gradients[0], weights=np.zeros((2, 3)), scale=0.0)
    names = getattr(taken[2], "names", ())
    memory = dict.fromkeys(names, zeros) or None
    found = []
    for i, g in enumerate(gradients):
        params, memory = program(params, g, memory, i, Inputs(rate))
        found.append(params)
    return found


SIZES = [1.0, 1e-3, 1e170, 1e-170, 0.0, 3.0]
"""Of gradients: the norm of some overflows or underflows on the way."""


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(
    ("schedule", "clip", "bounded"),
    [("constant", None, False), ("warmup:2+cosine:4", 0.5, True)],
)
def test_the_bits_are_those_of_numpy(name: str, schedule: str, clip: float | None, bounded: bool) -> None:
    rng, rate = np.random.default_rng(3), 0.05
    params, view = start(rng), FlatView.of(start(rng))
    made = make_optimizer(name, rate, schedule=parse_schedule(schedule, 6), clip=clip)
    if bounded:
        least, greatest = np.full(view.size, -np.inf), np.full(view.size, np.inf)
        least[1], greatest[-1] = -0.1, 0.71
        made = replace(made, bounds=(least, greatest))
    gradients = [Params(s * rng.normal(size=(2, 3)), None, s * rng.normal()) for s in SIZES]  # pyright: ignore
    found = traced_steps(made, gradients, params, rate, 6)
    x = view.flatten(params)
    state = made.start(x)
    for g, here in zip(gradients, found, strict=True):
        x, state = made.step(x, view.flatten(g), state)
        np.testing.assert_array_equal(view.flatten(here), x)
        assert here.choice == 2


def test_a_rule_of_ones_own_stays_with_python() -> None:
    class Own:
        def start(self, x: Any) -> Any: ...
        def step(self, *_: Any) -> Any: ...

    with pytest.raises(SceneError, match=r"Own is known to NumPy alone; a page expects gd"):
        optimiser(Optimizer(Own(), 0.1), *[None] * 3, 1)  # pyright: ignore
