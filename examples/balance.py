"""A pole on a cart, kept upright by pushes: an environment for agents, and a policy found by the gradient instead.

    python examples/balance.py [--updates 150]

The scene takes actions (`rosesim.interop.control.Controlled`), so `rosesim.interop.gymnasium` makes an environment of
it. Its own step applies a policy, a network of 16 hidden units, so that the reward has a gradient by the weights: that
of the physics itself. This program descends it over 64 random starts at once.

Physics after Barto, Sutton and Anderson, Neuronlike adaptive elements that can solve difficult learning control
problems, 1983: no friction, a push of at most 10 N, steps of 0.02 s.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rosesim import Bool, Index, Real, Struct, Vec, cos, sin
from rosesim.scenes import Canvas, Published, Range, Scene, compiled, value
from rosesim.scenes.kit import Network, network

CART, POLE, HALF, GRAVITY, PUSH, STEP = 1.0, 0.1, 0.5, 9.8, 10.0, 0.02
"""kg, kg, m, m/s^2, N, s."""
WIDEST, STEEPEST = 2.4, 0.5
"""An episode ends further out (m) or further tilted (rad) than this."""


@dataclass(frozen=True)
class Start(Struct):
    """Where an episode begins."""

    x: Real = value(0.0)
    v: Real = value(0.0)
    angle: Real = value(0.1)
    spin: Real = value(0.0)
    learning_rate: Real = value(0.02)


@dataclass(frozen=True)
class State(Struct):
    """The cart's place and speed, the pole's angle from upright and its rate."""

    x: Real
    v: Real
    angle: Real
    spin: Real


@dataclass(frozen=True)
class Balance(Scene[Network, Start, State]):
    """Keep a pole upright by pushing the cart that it stands on."""

    name: ClassVar[str] = "balance"
    published: ClassVar[Published] = Published(optimizer="adam", iterations=150)
    extent: ClassVar[tuple[float, float, float, float]] = (-2.6, -0.6, 2.6, 1.4)
    actions: ClassVar[tuple[Range, ...]] = (Range(-1.0, 1.0),)

    steps: int = 200
    hidden: int = 16

    def inputs(self) -> Start:
        """A pole that leans a little."""
        return Start()

    def sample(self, inputs: Start, rng: np.random.Generator) -> Start:
        """Another start for each episode."""
        x, v, angle, spin = rng.uniform(-1.0, 1.0, 4) * [0.5, 0.2, 0.25, 0.2]
        return Start(x, v, angle, spin, inputs.learning_rate)

    def params(self, rng: np.random.Generator) -> Network:
        """A network that does little."""
        return Network.random(rng, inputs=4, hidden=self.hidden, outputs=1, gains=(1.0, 0.1))

    def initial(self, params: Network, inputs: Start) -> State:
        """At the start."""
        return State(inputs.x, inputs.v, inputs.angle, inputs.spin)

    def act(self, state: State, action: Vec[Real, 1], params: Network, inputs: Start) -> tuple[State, Real, Bool]:
        """A step of symplectic Euler under a push."""
        s, c = sin(state.angle), cos(state.angle)
        pull = (PUSH * action[0] + POLE * HALF * state.spin**2 * s) / (CART + POLE)
        turn = (GRAVITY * s - c * pull) / (HALF * (4 / 3 - POLE * c**2 / (CART + POLE)))
        v = state.v + STEP * (pull - POLE * HALF * turn * c / (CART + POLE))
        spin = state.spin + STEP * turn
        after = State(state.x + STEP * v, v, state.angle + STEP * spin, spin)
        reward = 1.0 - 0.1 * after.x**2 - after.angle**2 - 0.01 * (v**2 + spin**2 + action[0] ** 2)
        return after, reward, (abs(after.x) > WIDEST) | (abs(after.angle) > STEEPEST)

    def observe(self, state: State, params: Network, inputs: Start) -> list[Real]:
        """All of the state."""
        return [state.x, state.v, state.angle, state.spin]

    def policy(self, state: State, params: Network, inputs: Start) -> Vec[Real, 1]:
        """What the network does."""
        return network(params, self.observe(state, params, inputs))

    def step(self, state: State, t: Index, params: Network, inputs: Start) -> State:
        """A step under the policy. No end stops it: beyond one, it only gets worse."""
        return self.act(state, self.policy(state, params, inputs), params, inputs)[0]

    def cost(self, state: State, t: Index, params: Network, inputs: Start) -> Real:
        """The mean of what is missing to a reward of 1."""
        return (1.0 - self.act(state, self.policy(state, params, inputs), params, inputs)[1]) / self.steps

    def draw(self, canvas: Canvas, state: State, params: Network, inputs: Start) -> None:
        """The cart and its pole."""
        tip = state.x + 2 * HALF * sin(state.angle), 2 * HALF * cos(state.angle)
        canvas.line([(-WIDEST, -0.15), (WIDEST, -0.15)], "ground", width=0.03)
        canvas.box((state.x - 0.25, -0.13), (state.x + 0.25, 0.0), "body")
        canvas.line([(state.x, 0.0), tip], "target", width=0.08)


def starts(scene: Balance, count: int, rng: np.random.Generator) -> Start:
    """So many random starts, stacked."""
    drawn = [scene.sample(scene.inputs(), rng) for _ in range(count)]
    columns: Any = {name: np.array([getattr(d, name) for d in drawn]) for name in vars(drawn[0])}
    return Start(**columns)


def descend(scene: Balance, updates: int, seed: int = 0, count: int = 64) -> tuple[Network, list[float]]:
    """The weights after so many updates of Adam by the mean gradient over fresh starts, and the mean costs."""
    from rosesim.optimise.optimizers import Adam

    rng = np.random.default_rng(seed)
    flat, params = compiled(scene).flat, scene.params(rng)
    many = compiled(scene).batch(count, gradient=True, params=False, inputs=True)
    adam, x = Adam(), flat.flatten(params)
    memory, costs = adam.start(x), list[float]()
    for i in range(updates):
        cost, gradients = many(flat.unflatten(x), starts(scene, count, rng))
        costs.append(float(np.mean(cost)))
        x, memory = adam.step(scene.inputs().learning_rate, i, x, flat.unstack(gradients, count).mean(axis=0), memory)
    return flat.unflatten(x), costs


def main() -> None:
    """Descend, and print what is missing to a full reward."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=150)
    _, costs = descend(Balance(), parser.parse_args().updates)
    for i in range(0, len(costs), max(1, len(costs) // 10)):
        print(f"update {i:4}: {costs[i]:.4f} short of a reward of 1 a step")
    print(f"update {len(costs) - 1:4}: {costs[-1]:.4f}")


if __name__ == "__main__":
    main()
