"""What drives a robot's motors: a network that sees it, a rhythm that does not, or springs and dampers to targets.

A controller makes numbers between -1 and 1, shares of the motors' ranges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rosesim import Index, Real, Vec, const, robots, stack, tanh
from rosesim.scenes.kit import Beat, Network, beat, features, network, sines

DRAWN_TO, SLOWED = 2.0, 0.1
"""Gains at first: half a radian from its target, or at ten radians a second, a motor does about what it can."""


@dataclass(frozen=True)
class Gains:
    """Of springs and dampers, one each for a motor: shares of its range for a radian or metre, or one a second."""

    stiffness: Vec[Real, ...]
    damping: Vec[Real, ...]


class Seen(NamedTuple):
    """What a controller is given."""

    robot: robots.Model
    state: Any
    t: Index
    inputs: Any
    travels: bool
    """Whether its own place means nothing."""
    wanted: Any
    """Positions to go to, (steps + 1, nq)."""
    sines: int
    omega: float

    @property
    def time(self) -> Any:
        """In s."""
        return self.robot.timestep * Real(self.t)


@dataclass(frozen=True)
class Controller:
    """Its first params, and what it tells the motors."""

    params: Callable[[np.random.Generator, robots.Model, int, int], Any]
    """(random numbers, robot, sine waves, hidden units) -> params."""
    told: Callable[[Any, Seen], Any]
    """(params, what is seen) -> (nu,)."""


def _network(rng: np.random.Generator, m: robots.Model, waves: int, hidden: int) -> Network:
    return Network.random(rng, waves + m.nq + m.nv + m.na + 2, hidden, m.nu, gains=(1.0, 0.5))


def _by_network(params: Any, seen: Seen) -> Any:
    state = seen.state
    waves = sines(seen.time, seen.omega, seen.sines)
    away = [state.q[k] - (state.q[0] if k == 0 and seen.travels else 0.0) for k in range(seen.robot.nq)]
    return network(params, features(waves, away, 0.1 * state.v, state.w, seen.inputs.goal))


def _beat(rng: np.random.Generator, m: robots.Model, waves: int, hidden: int) -> Beat:
    return Beat.random(rng, waves, m.nu, 0.1)


def _by_beat(params: Any, seen: Seen) -> Any:
    return beat(params, seen.time, seen.omega)


def _gains(rng: np.random.Generator, m: robots.Model, waves: int, hidden: int) -> Gains:
    stiffness: Any = np.full(m.nu, DRAWN_TO)
    damping: Any = np.full(m.nu, SLOWED)
    driven(m)
    return Gains(stiffness, damping)


def _by_gains(params: Any, seen: Seen) -> Any:
    """tanh(kp (target - q) - kd v), the target one step ahead, where the robot should then be."""
    places, speeds = driven(seen.robot)
    state, wanted = seen.state, const(seen.wanted)[seen.t + 1]
    off = stack([wanted[k] - state.q[k] for k in places])
    return tanh(params.stiffness * off - params.damping * stack([state.v[k] for k in speeds]))


def driven(m: robots.Model) -> tuple[list[int], list[int]]:
    """Where in q and in v the joint of each motor is. Raises ValueError for a motor of more than one hinge or slide.

    >>> from rosesim_apps.robot.source import RobotFile
    >>> driven(RobotFile.parse("arm").model)
    ([0, 1, 2], [0, 1, 2])
    """
    joints, at, places, speeds = m.description.joints, [0, 0], [], []
    starts: list[tuple[int, int]] = []
    for joint in joints:
        starts.append((at[0], at[1]))
        at[0] += {"free": 7, "ball": 4}.get(joint.kind, 1)
        at[1] += {"free": 6, "ball": 3}.get(joint.kind, 1)
    for motor in m.description.actuators:
        if motor.on == "tendon" or joints[motor.target].kind not in ("hinge", "slide"):
            raise ValueError(
                f"the motor {motor.name!r} does not drive one hinge or slide; expected that of each motor for "
                "controller=pd: take controller=network"
            )
        places.append(starts[motor.target][0])
        speeds.append(starts[motor.target][1])
    return places, speeds


CONTROLLERS: Mapping[str, Controller] = {
    "network": Controller(_network, _by_network),
    "beat": Controller(_beat, _by_beat),
    "pd": Controller(_gains, _by_gains),
}
