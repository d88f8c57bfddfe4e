"""A policy that runs, learned from short stretches with a critic, many robots at once.

After J. Xu et al., Accelerated Policy Learning with Parallel Differentiable Simulation, ICLR 2022: the gradient of a
stretch goes through every contact in it, and a critic, a network that is fitted to what came after, stands for all
that follows the stretch. So no gradient has to go through more than a third of a second, from where on it explodes.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim import ProgramError, Real, const, fn, robots, scan, stack, sum, tanh, value_and_grad, vec, vmap
from rosesim.optimise.optimizers import Adam
from rosesim.scenes.kit import Network, network, sines

Array = NDArray[np.float64]
WAVES, HIDDEN, JUDGING = 8, 32, 64
"""Sine waves that the policy hears, its hidden units, and the critic's."""
RUNS, STRETCH, LONGEST = 32, 32, 1000
"""Robots at once, steps of a stretch, and steps after which a robot begins anew."""
DISCOUNT, MIXED = 0.99, 0.95
"""What a reward counts a step later, and the lambda of its estimates (R. Sutton, Machine Learning 3, 1988)."""
WORTH = 10.0
"""The critic's outputs are in so many metres a second."""
EFFORT, TURNED, LEANING = 0.002, 1.5, 0.3
"""Prices: of a square of a control; of the square of a turned trunk's quaternion, or of a planar one's angle."""
WAITS, PARTS, PASSES, FOLLOWS = 20, 4, 2, 0.2
"""Iterations before the policy changes; parts and passes of the critic's fit; how fast the critic in use follows."""
SECONDS, TRIALS, LOOKS = 10.0, 4, 20
"""A policy is judged by so many runs of so many seconds, every so many iterations."""


@dataclass
class Runner:
    """A robot that should run along x, and what its policy sees."""

    model: robots.Model
    frequency: float
    """Of the waves, Hz."""
    integrator: str | None = None

    def __post_init__(self) -> None:
        m = self.model
        self.is_free = m.description.joints[0].kind == "free"
        self.hidden = 2 if self.is_free else 1  # where it is on the ground
        self.sees = WAVES + m.nq - self.hidden + m.nv
        low, high = np.where(np.isfinite(m.control_range), m.control_range, [-1.0, 1.0]).T
        self.middle, self.reach = 0.5 * (low + high), 0.5 * (high - low)

    def seen(self, q: Any, v: Any, t: Any) -> Any:
        """Waves, positions without where it is, and velocities."""
        m = self.model
        waves = sines(m.timestep * Real(t), 2.0 * np.pi * self.frequency, WAVES)
        return stack([*waves, *(Real(q[k]) for k in range(self.hidden, m.nq)), *(0.1 * v[k] for k in range(m.nv))])

    def policy(self, net: Any, q: Any, v: Any, t: Any) -> Any:
        """Controls."""
        raw = network(net, self.seen(q, v, t))
        return stack([self.middle[k] + self.reach[k] * raw[k] for k in range(self.model.nu)])

    def reward(self, before: Any, q: Any, u: Any) -> Any:
        """Speed, less small prices."""
        turned = TURNED * (q[4] ** 2 + q[5] ** 2 + q[6] ** 2) if self.is_free else LEANING * q[2] ** 2
        return (q[0] - before[0]) / self.model.timestep - EFFORT * (u @ u) - turned

    def has_fallen(self, q: Array, v: Array) -> bool:
        """Whether a robot has to begin anew: it lies, flies, or is thrown about."""
        if not (np.isfinite(q).all() and np.isfinite(v).all()) or np.abs(v).max() > 100.0:
            return True
        drawn = self.model.start
        return self.is_free and (not 0.4 < q[2] / drawn[2] < 1.6 or q[4] ** 2 + q[5] ** 2 > 0.5)

    def stretch(self, contact: str, net: Any, q: Any, v: Any, begin: Any, steps: int) -> Any:
        """The end of some steps, and what was seen before each and earned by it."""

        def step(s: Any, t: Any) -> Any:
            u = self.policy(net, s[0], s[1], begin + Real(t))
            after = self.model.step(s[0], s[1], u, contact=contact, integrator=self.integrator)
            return after, {"seen": self.seen(s[0], s[1], begin + Real(t)), "reward": self.reward(s[0], after[0], u)}

        return scan(step, (q, v), steps)

    def positions(self, contact: str, net: Any, steps: int) -> Any:
        """Where the robot is after each step, (steps, nq), from where the file draws it."""

        def step(s: Any, t: Any) -> Any:
            after = self.model.step(
                s[0], s[1], self.policy(net, s[0], s[1], t), contact=contact, integrator=self.integrator
            )
            return after, after[0]

        return scan(step, (const(self.model.start), const(np.zeros(self.model.nv))), steps)[1]


def worth(critic: Any, seen: Any) -> Any:
    """What the critic expects from here on."""
    return WORTH * (critic.weights2[0] @ tanh(critic.weights1 @ seen + critic.bias1) + critic.bias2[0])


@dataclass
class Programs:
    """What is compiled, once for all seeds; (contact) -> program where there are two."""

    runner: Runner
    seconds: float = 0.0
    slope: dict[str, Any] = field(default_factory=dict[str, Any])
    """(policy, critic, q, v, t) -> minus the worth of each robot's stretch and what follows, and its gradient."""
    course: dict[str, Any] = field(default_factory=dict[str, Any])
    """The same -> ends, what was seen, rewards, and the critic's opinions of each state and of the ends."""

    def __post_init__(self) -> None:
        began, r = time.perf_counter(), self.runner
        m = r.model
        net, critic = networks(r, np.random.default_rng(0))
        many = np.tile(m.start, (RUNS, 1)), np.zeros((RUNS, m.nv)), np.zeros(RUNS)
        for contact in ("compliant", "soft"):
            slope = value_and_grad(self._minus_worth(contact), wrt=0)
            self.slope[contact] = vmap(slope, over=(2, 3, 4)).compile(net, critic, *many)
            self.course[contact] = vmap(self._course(contact), over=(2, 3, 4)).compile(net, critic, *many)
        part = RUNS * STRETCH // PARTS
        self.fit = value_and_grad(_miss, wrt=0).compile(critic, np.zeros((part, r.sees)), np.zeros(part))
        steps = round(SECONDS / m.timestep)
        run = fn(lambda net, q, v: r.stretch("soft", net, q, v, 0.0, steps)[0][0])
        self.run = run.compile(net, m.start, np.zeros(m.nv))
        self.seconds = time.perf_counter() - began

    def _minus_worth(self, contact: str) -> Callable[..., Any]:
        shares = DISCOUNT ** np.arange(STRETCH)

        def minus_worth(net: Any, critic: Any, q: Any, v: Any, t: Any) -> Any:
            (q, v), rows = self.runner.stretch(contact, net, q, v, t, STRETCH)
            earned = sum(STRETCH, lambda k: const(shares)[k] * rows[k]["reward"])
            after = worth(critic, self.runner.seen(q, v, t + STRETCH))
            return -(earned + DISCOUNT**STRETCH * after) / STRETCH

        return minus_worth

    def _course(self, contact: str) -> Callable[..., Any]:
        def course(net: Any, critic: Any, q: Any, v: Any, t: Any) -> Any:
            (q, v), rows = self.runner.stretch(contact, net, q, v, t, STRETCH)
            seen, reward = vec(STRETCH, lambda k: rows[k]["seen"]), vec(STRETCH, lambda k: rows[k]["reward"])
            held = vec(STRETCH, lambda k: worth(critic, seen[k]))
            return q, v, seen, reward, held, worth(critic, self.runner.seen(q, v, t + STRETCH))

        return course


def _miss(critic: Any, seen: Any, targets: Any) -> Any:
    return sum(len(seen), lambda k: (worth(critic, seen[k]) - targets[k]) ** 2) / len(seen)


def networks(runner: Runner, rng: np.random.Generator) -> tuple[Network, Network]:
    """A policy and a critic to begin with."""
    policy = Network.random(rng, runner.sees, HIDDEN, runner.model.nu, (1.0, 0.5))
    return policy, Network.random(rng, runner.sees, JUDGING, 1, (1.0, 0.1))


def flat(net: Network) -> Array:
    """All weights in one vector."""
    return np.concatenate([np.ravel(np.asarray(x)) for x in (net.weights1, net.bias1, net.weights2, net.bias2)])


def unflat(x: Array, like: Network) -> Network:
    """The network of a vector of weights."""
    shapes = [np.shape(np.asarray(p)) for p in (like.weights1, like.bias1, like.weights2, like.bias2)]
    ends = np.cumsum([int(np.prod(s)) for s in shapes])
    parts: list[Any] = [p.reshape(s) for p, s in zip(np.split(x, ends[:-1]), shapes, strict=True)]
    return Network(*parts)


def targets(reward: Array, held: Array, last: Array) -> Array:
    """What each state of the stretches was worth, (runs, steps): rewards and opinions mixed."""
    found, after, opinion = np.empty_like(reward), last, last
    for k in range(reward.shape[1] - 1, -1, -1):
        after = reward[:, k] + DISCOUNT * ((1.0 - MIXED) * opinion + MIXED * after)
        found[:, k], opinion = after, held[:, k]
    return found


class Learner:
    """A policy, its critic, and the robots that try it."""

    def __init__(self, programs: Programs, seed: int):
        self.programs, self.rng = programs, np.random.default_rng(seed)
        m = programs.runner.model
        self.net, self.critic = networks(programs.runner, self.rng)
        self.x, self.y = flat(self.net), flat(self.critic)
        self.in_use = self.y.copy()
        self.q, self.v = np.tile(m.start, (RUNS, 1)), np.zeros((RUNS, m.nv))
        self.t, self.age = np.zeros(RUNS), self.rng.integers(0, LONGEST, RUNS)
        self.adam = Adam()
        self.of_policy, self.of_critic = self.adam.start(self.x), self.adam.start(self.y)
        self.iterations, self.fits = 0, 0
        for k in range(RUNS):
            self._begin(k)

    def _begin(self, k: int) -> None:
        """A robot as the file draws it, nearly, at some time of the waves."""
        m = self.programs.runner.model
        self.q[k], self.v[k] = m.start, 0.1 * self.rng.normal(size=m.nv)
        self.q[k, -m.nu :] += 0.05 * self.rng.normal(size=m.nu)
        self.t[k] = self.rng.integers(0, 100)

    def iterate(self, contact: str, rate: float) -> None:
        """One stretch of all robots, a step of the policy, and a fit of the critic."""
        p, given = self.programs, (unflat(self.x, self.net), unflat(self.in_use, self.critic), self.q, self.v, self.t)
        try:
            _, gradient = p.slope[contact](*given)
            q, v, seen, reward, held, last = p.course[contact](*given)
        except ProgramError:  # contact forces that do not converge: the policy throws a robot about
            for k in range(RUNS):
                self._begin(k)
            return
        parts = (gradient.weights1, gradient.bias1, gradient.weights2, gradient.bias2)
        each = np.concatenate([np.asarray(x).reshape(RUNS, -1) for x in parts], axis=1)
        if self.iterations >= WAITS:
            self.x, self.of_policy = self.adam.step(rate, self.iterations, self.x, _mean(each), self.of_policy)
        self._judge(seen.reshape(RUNS * STRETCH, -1), targets(reward, held, last).ravel())
        self.q[:], self.v[:] = q, v
        self.t += STRETCH
        self.age += STRETCH
        for k in range(RUNS):
            if self.age[k] >= LONGEST or p.runner.has_fallen(self.q[k], self.v[k]):
                self._begin(k)
                self.age[k] = 0
        self.iterations += 1

    def _judge(self, seen: Array, wanted: Array) -> None:
        """Fit the critic."""
        known = np.isfinite(wanted) & np.isfinite(seen).all(axis=1)
        seen, wanted = np.where(known[:, None], seen, 0.0), np.where(known, wanted, 0.0)
        for _ in range(PASSES):
            for part in np.split(self.rng.permutation(len(wanted)), PARTS):
                _, slope = self.programs.fit(unflat(self.y, self.critic), seen[part], wanted[part])
                self.y, self.of_critic = self.adam.step(2e-3, self.fits, self.y, _mean(flat(slope)), self.of_critic)
                self.fits += 1
        self.in_use += FOLLOWS * (self.y - self.in_use)

    def speed(self) -> float:
        """The least mean speed of a few runs whose starts differ a little: what does not hang on luck, m/s."""
        m, rng, found = self.programs.runner.model, np.random.default_rng(0), np.inf
        for k in range(TRIALS):
            end = np.full(m.nq, -np.inf)
            with contextlib.suppress(ProgramError):
                end = self.programs.run(unflat(self.x, self.net), m.start, 1e-3 * k * rng.normal(size=m.nv))
            found = min(found, float(end[0]) / SECONDS if np.isfinite(end).all() else -np.inf)
        return found


def _mean(gradients: Array) -> Array:
    """The mean of those that are finite, each no longer than 1, as is their mean."""
    rows = np.atleast_2d(gradients)
    lengths = np.linalg.norm(rows, axis=1)
    known = np.isfinite(lengths)
    if not known.any():
        return np.zeros(rows.shape[1])
    return np.sum(rows[known] / np.maximum(lengths[known], 1.0)[:, None], axis=0) / len(rows)


def learn(programs: Programs, seed: int, minutes: float, rate: float, compliant: float) -> tuple[Network, float]:
    """The policy that came farthest, and its mean speed over ten seconds, m/s. For the part `compliant` of the time
    it has compliant contact, which gives gradients before touching."""
    learner = Learner(programs, seed)
    best, began = (learner.net, -np.inf), time.perf_counter()
    while (spent := (time.perf_counter() - began) / (60.0 * minutes)) < 1.0:
        learner.iterate("compliant" if spent < compliant else "soft", rate * min(1.0, 2.0 * (1.0 - spent)))
        if learner.iterations % LOOKS == 0 and (speed := learner.speed()) > best[1]:
            best = unflat(learner.x.copy(), learner.net), speed
    return best
