"""How far a robot runs in ten seconds after minutes of training by exact gradients, and how far in MuJoCo itself.

    python benchmarks/robot_running.py FILE.xml --seeds 5 --minutes 1

A network of one hidden layer sees positions and velocities (without where the robot is on the ground) and eight sine
waves. Each iteration takes four short stretches of the robot's own run, and descends along the gradient of minus the
speed. It begins with compliant contact, which gives gradients before touching, and ends with MuJoCo's soft
constraints, by which the best network is chosen: the one whose slowest of four runs, from starts that differ a
little, is fastest. Where the package mujoco is installed, the same network runs there.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim import ProgramError, Real, fn, robots, scan, stack, value_and_grad
from rosesim.optimise.optimizers import Adam
from rosesim.scenes.kit import Network, network, sines

WAVES, HIDDEN, STARTS, TRIALS, SECONDS = 8, 32, 4, 4, 10.0


@dataclass
class Learner:
    """A robot, its policy and the programs of its training."""

    model: robots.Model
    frequency: float
    horizon: int
    integrator: str | None = None
    effort: float = 0.002
    tilt: float = 0.3

    def __post_init__(self) -> None:
        m = self.model
        self.is_free = m.description.joints[0].kind == "free"
        self.hidden = 2 if self.is_free else 1  # x and y, or x
        self.total = round(SECONDS / m.timestep)
        low, high = np.where(np.isfinite(m.control_range), m.control_range, [-1.0, 1.0]).T
        self.middle, self.reach = 0.5 * (low + high), 0.5 * (high - low)

    def random(self, rng: np.random.Generator) -> Network:
        """A policy to begin with."""
        inputs = WAVES + self.model.nq - self.hidden + self.model.nv
        return Network.random(rng, inputs, HIDDEN, self.model.nu, (1.0, 0.5))

    def policy(self, net: Any, q: Any, v: Any, t: Any) -> Any:
        """Controls."""
        m = self.model
        waves = sines(m.timestep * Real(t), 2.0 * np.pi * self.frequency, WAVES)
        seen = [*waves, *(Real(q[k]) for k in range(self.hidden, m.nq)), *(0.1 * v[k] for k in range(m.nv))]
        raw = network(net, stack(seen))
        return stack([self.middle[k] + self.reach[k] * raw[k] for k in range(m.nu)])

    def lean(self, q: Any) -> Any:
        """How far the trunk leans: 1 - cos for a free one, the square of a planar one's angle."""
        return 2.0 * (q[4] ** 2 + q[5] ** 2) if self.is_free else q[2] ** 2

    def loss(self, contact: Any) -> Any:
        """Minus the mean speed of a stretch, with small prices for effort and leaning."""
        m, n = self.model, self.horizon

        def run(net: Any, q0: Any, v0: Any, t0: Any) -> Any:
            def step(s: Any, t: Any) -> Any:
                u = self.policy(net, s[0], s[1], t0 + Real(t))
                q, v = m.step(s[0], s[1], u, contact=contact, integrator=self.integrator)
                return q, v, s[2] + self.effort * (u @ u) + self.tilt * self.lean(q)

            q, _, price = scan(step, (q0, v0, Real(0.0)), n)
            return -(q[0] - q0[0]) / (n * m.timestep) + price / n

        return run

    def course(self, contact: Any) -> Any:
        """The states of ten seconds."""
        m = self.model

        def run(net: Any, q0: Any, v0: Any) -> Any:
            def step(s: Any, t: Any) -> Any:
                after = m.step(
                    s[0], s[1], self.policy(net, s[0], s[1], t), contact=contact, integrator=self.integrator
                )
                return after, after

            return scan(step, (q0, v0), self.total)[1]

        return run


def flat(net: Network) -> NDArray[np.float64]:
    """All weights in one vector."""
    return np.concatenate([np.ravel(np.asarray(x)) for x in (net.weights1, net.bias1, net.weights2, net.bias2)])


def unflat(x: NDArray[np.float64], like: Network) -> Network:
    """The network of a vector of weights."""
    parts: list[Any] = []
    at = 0
    for part in (like.weights1, like.bias1, like.weights2, like.bias2):
        shape = np.shape(np.asarray(part))
        size = int(np.prod(shape))
        parts.append(x[at : at + size].reshape(shape))
        at += size
    return Network(*parts)


def learn(
    learner: Learner, seed: int, minutes: float, rate: float, programs: dict[tuple[str, str], Any]
) -> tuple[Network, float]:
    """The policy that came farthest, and its mean speed over ten seconds, m/s."""
    rng = np.random.default_rng(seed)
    m = learner.model
    net = learner.random(rng)
    x, still, drawn = flat(net), np.zeros(m.nv), m.start
    adam = Adam()
    state = adam.start(x)
    began, best, k = time.perf_counter(), (net, -np.inf), 0
    courses: Any = None
    while (spent := (time.perf_counter() - began) / (60.0 * minutes)) < 1.0:
        phase = "compliant" if spent < 0.5 else "soft"
        if k % 20 == 0:
            with contextlib.suppress(ProgramError):  # it goes on from the states of the policy before
                courses = programs["course", phase](unflat(x, net), drawn, still)
            speed = _least_speed(programs["course", "soft"], unflat(x, net), drawn, m.nv)
            if speed > best[1]:
                best = (unflat(x.copy(), net), speed)
        whole = np.zeros_like(x)
        for start in range(STARTS):
            q, v, t = drawn, 0.1 * rng.normal(size=m.nv), 0
            if start and np.isfinite(courses[0]).all():
                t = int(rng.integers(0, learner.total // 2))
                q, v = courses[0][t], courses[1][t]
            try:
                _, gradient = programs["gradient", phase](unflat(x, net), q, v, float(t + 1))
            except ProgramError:  # contact forces that do not converge: the policy throws the robot about
                continue
            g = flat(gradient)
            size = float(np.linalg.norm(g))
            if np.isfinite(size):
                whole += g * min(1.0, 1.0 / size)
        falling = min(1.0, 2.0 * (1.0 - spent))
        x, state = adam.step(rate * falling, k, x, whole / STARTS, state)
        k += 1
    return best


def _least_speed(course: Any, net: Network, drawn: NDArray[np.float64], nv: int) -> float:
    """The least mean speed of a few runs whose starts differ a little: what does not hang on luck."""
    rng = np.random.default_rng(0)
    found: list[float] = []
    for k in range(TRIALS):
        try:
            end = course(net, drawn, 1e-3 * k * rng.normal(size=nv))[0][-1]
        except ProgramError:
            return -np.inf
        found.append(float(end[0] / SECONDS) if np.isfinite(end).all() else -np.inf)
    return min(found)


def in_mujoco(file: Path, learner: Learner, net: Network) -> float | None:
    """The mean speed of the same policy in MuJoCo, m/s."""
    if importlib.util.find_spec("mujoco") is None:
        return None
    mj: Any = importlib.import_module("mujoco")
    policy = fn(learner.policy).compile(net, learner.model.start, np.zeros(learner.model.nv), 0.0)
    model: Any = mj.MjModel.from_xml_path(str(file))
    data: Any = mj.MjData(model)
    begin = float(data.qpos[0])
    for t in range(learner.total):
        data.ctrl[:] = policy(net, data.qpos.copy(), data.qvel.copy(), float(t))
        mj.mj_step(model, data)
    return (float(data.qpos[0]) - begin) / SECONDS


def main() -> None:
    """Train, and print a line for each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=1.0, help="of training, for each seed")
    parser.add_argument("--rate", type=float, default=0.003, help="Adam's")
    parser.add_argument("--frequency", type=float, default=2.5, help="of the waves, Hz")
    parser.add_argument("--horizon", type=int, default=100, help="steps of a stretch")
    parser.add_argument("--integrator", help="instead of the file's, which MuJoCo takes")
    args = parser.parse_args()
    learner = Learner(robots.load(args.file), args.frequency, args.horizon, args.integrator)
    net, still = learner.random(np.random.default_rng(0)), np.zeros(learner.model.nv)
    begun = time.perf_counter()
    programs: dict[tuple[str, str], Any] = {}
    for contact in ("compliant", "soft"):
        gradient = value_and_grad(learner.loss(contact), wrt=0)
        programs["gradient", contact] = gradient.compile(net, learner.model.start, still, 0.0)
        programs["course", contact] = fn(learner.course(contact)).compile(net, learner.model.start, still)
    print(f"compiled in {time.perf_counter() - begun:.1f} s")
    for seed in range(args.seeds):
        best, speed = learn(learner, seed, args.minutes, args.rate, programs)
        there = in_mujoco(args.file, learner, best)
        beside = "" if there is None else f", in MuJoCo {there:.2f} m/s"
        print(f"seed {seed}: {speed:.2f} m/s over {SECONDS:g} s{beside}", flush=True)


if __name__ == "__main__":
    main()
