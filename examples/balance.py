"""A pole on a cart, kept upright by pushes: an environment for agents, and a policy found by the gradient instead.

    python examples/balance.py [--updates 60]

The scene takes actions (`rosesim.interop.control.Controlled`), so `rosesim.interop.gymnasium` makes an environment of
it. Its own step applies a policy, a network of 16 hidden units, so that the reward has a gradient by the weights:
that of the physics itself. This program descends it over 64 random starts at once, 80 steps of each: a pole that
falls doubles its angle every nine steps, so over 200 the gradient of a fall would be all that counts.

Physics after Barto, Sutton and Anderson, Neuronlike adaptive elements that can solve difficult learning control
problems, 1983: no friction, a push of at most 10 N, steps of 0.02 s.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from rosesim import Bool, Index, Real, Struct, Vec, cos, sin, vmap
from rosesim.interop.gymnasium import SceneVectorEnv
from rosesim.optimise.optimizers import Adam
from rosesim.scenes import Canvas, Published, Range, Scene, compiled, value
from rosesim.scenes.kit import Network, network

CART, POLE, HALF, GRAVITY, PUSH, STEP = 1.0, 0.1, 0.5, 9.8, 10.0, 0.02
"""kg, kg, m, m/s^2, N, s."""
WIDEST, STEEPEST = 2.4, 0.5
"""An episode ends further out (m) or further tilted (rad) than this."""
HORIZON, RATE = 80, 0.03
"""Steps of a rollout whose gradient is taken, and the rate of Adam's updates."""


@dataclass(frozen=True)
class Start(Struct):
    """Where an episode begins."""

    x: Real = value(0.0)
    v: Real = value(0.0)
    angle: Real = value(0.1)
    spin: Real = value(0.0)
    learning_rate: Real = value(RATE)


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
    published: ClassVar[Published] = Published(optimizer="adam", iterations=60)
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


def descend(scene: Balance, updates: int, seed: int = 0, count: int = 64) -> Iterator[tuple[Network, float]]:
    """After each update of Adam, the weights, and the mean cost before it over so many fresh starts."""
    rng = np.random.default_rng(seed)
    short = replace(scene, steps=HORIZON)
    flat, params = compiled(short).flat, short.params(rng)
    many = compiled(short).batch(count, gradient=True, params=False, inputs=True)
    adam, x = Adam(), flat.flatten(params)
    memory = adam.start(x)
    for i in range(updates):
        cost, gradients = many(flat.unflatten(x), starts(scene, count, rng))
        each = flat.unstack(gradients, count)
        each /= np.maximum(1.0, np.linalg.norm(each, axis=1, keepdims=True))  # a fall has a huge one
        x, memory = adam.step(RATE, i, x, each.mean(axis=0), memory)
        yield flat.unflatten(x), float(np.mean(cost))


def judged(agent: Callable[[Any], Any], scene: Balance, count: int = 200, seed: int = 1000) -> tuple[float, float]:
    """The mean return of episodes in which an agent acts, and the part of them that it stands to their end."""
    envs = SceneVectorEnv(scene, count)
    seen, _ = envs.reset(seed=seed)
    total, going = np.zeros(count), np.ones(count, np.bool_)
    stands = going.copy()
    for _ in range(scene.steps):
        seen, rewards, ended, _, _ = envs.step(agent(seen))
        total += np.where(going, rewards, 0.0)
        stands &= ~ended | ~going
        going &= ~ended
    return float(total.mean()), float(stands.mean())


def acting(net: Network) -> Callable[[Any], Any]:
    """The policy for many observations at once."""
    many = vmap(lambda net, seen: network(net, seen), over=1)
    return lambda seen: many(net, seen.astype(np.float64))


def main() -> None:
    """Descend, and print how long the pole stands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=60)
    for i, (net, cost) in enumerate(descend(Balance(), parser.parse_args().updates), 1):
        if i % 10 == 0:
            total, stands = judged(acting(net), Balance())
            print(f"update {i:3}: cost {cost:.3f}, mean return {total:.1f}, {stands:.0%} stand for 200 steps")


if __name__ == "__main__":
    main()
