"""How far a robot runs in ten seconds after minutes of training by exact gradients, and how far in MuJoCo itself.

    python benchmarks/robot_running.py FILE.xml --seeds 5 --minutes 1

A network of one hidden layer sees positions and velocities (without where the robot is on the ground) and eight sine
waves. It learns from 32 robots at once on all cores: by the gradients of stretches of 32 steps, with a critic for
what follows them (short_horizon.py). Training begins with compliant contact, and ends with MuJoCo's soft constraints,
by which the best network is chosen: the one whose slowest of four runs, from starts that differ a little, is fastest.
Where the package mujoco is installed, the same network runs there. `--gif FILE` shows the fastest seed's first
seconds.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from short_horizon import SECONDS, Programs, Runner, learn

from rosesim import fn, robots
from rosesim.scenes.kit import Network


def in_mujoco(file: Path, runner: Runner, net: Network) -> float | None:
    """The mean speed of the same policy in MuJoCo, m/s."""
    if importlib.util.find_spec("mujoco") is None:
        return None
    mj: Any = importlib.import_module("mujoco")
    policy = fn(runner.policy).compile(net, runner.model.start, np.zeros(runner.model.nv), 0.0)
    model: Any = mj.MjModel.from_xml_path(str(file))
    data: Any = mj.MjData(model)
    begin = float(data.qpos[0])
    for t in range(round(SECONDS / runner.model.timestep)):
        data.ctrl[:] = policy(net, data.qpos.copy(), data.qvel.copy(), float(t))
        mj.mj_step(model, data)
    return (float(data.qpos[0]) - begin) / SECONDS


def film(file: Path, runner: Runner, net: Network, seconds: float = 3.0) -> None:
    """A moving picture of a policy, 25 frames a second."""
    from rosesim.scenes import Camera, Canvas
    from rosesim.view import Box, render, write_gif
    from rosesim.view.theme import colours

    m, size = runner.model, (360, 200)
    every = round(0.04 / m.timestep)
    steps = round(seconds / m.timestep)
    path = fn(lambda net: runner.positions("soft", net, steps))(net)
    shown = colours({"body": "#4a6f9c"})
    frames: list[Any] = []
    for q in np.asarray(path)[::every]:
        x, y = m.positions(q)[0][1][:2]
        canvas = Canvas((0.0, 0.0, *size))
        space = canvas.space(Camera((x + 1.2, y - 4.4, 1.7), (x, y, 0.45), 30.0))
        space.ground(0.0)
        m.draw(space, q)
        frames.append(render(size, [(canvas, Box(0, 0, *size))], shown))
    write_gif(file, frames, [0.04] * len(frames))


def main() -> None:
    """Train, and print a line for each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=1.0, help="of training, for each seed")
    parser.add_argument("--rate", type=float, default=0.002, help="Adam's")
    parser.add_argument("--frequency", type=float, default=1.5, help="of the waves, Hz")
    parser.add_argument("--compliant", type=float, default=0.3, help="the part of the time with compliant contact")
    parser.add_argument("--integrator", help="instead of the file's, which MuJoCo takes")
    parser.add_argument("--gif", type=Path, help="a moving picture of the fastest")
    args = parser.parse_args()
    runner = Runner(robots.load(args.file), args.frequency, args.integrator)
    programs = Programs(runner)
    print(f"compiled in {programs.seconds:.1f} s", flush=True)
    fastest: tuple[float, Network | None] = -np.inf, None
    for seed in range(args.seeds):
        best, speed = learn(programs, seed, args.minutes, args.rate, args.compliant)
        there = in_mujoco(args.file, runner, best)
        beside = "" if there is None else f", in MuJoCo {there:.2f} m/s"
        print(f"seed {seed}: {speed:.2f} m/s over {SECONDS:g} s{beside}", flush=True)
        if speed > fastest[0]:
            fastest = speed, best
    if args.gif and fastest[1] is not None:
        film(args.gif, runner, fastest[1])


if __name__ == "__main__":
    main()
