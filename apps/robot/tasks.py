"""What a robot is to do: running, reaching, balancing, following a recording. A task is a class of costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from rosesim import Index, const, robots, stack

Terms = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """The costs of a task, by name. This one asks for nothing; others say what they add."""

    model: robots.Model
    steps: int
    wanted: Any
    """Positions to follow, (steps + 1, nq)."""
    travels: ClassVar[bool] = False
    """Whether the robot moves along x: then its picture follows it, and its place means nothing to the network."""
    aims: ClassVar[bool] = False
    """Whether there is a goal, which can be dragged."""

    def on_the_way(self, state: Any, t: Index, inputs: Any) -> Terms:
        """Costs of the state before step t."""
        return {}

    def at_the_end(self, state: Any, inputs: Any) -> Terms:
        """Costs of the last state."""
        return {}

    def tip(self, q: Any) -> Any:
        """The first site, or the last body's frame: x and z."""
        m = self.model
        at = m.site_positions(q)[0][0] if m.description.sites else m.positions(q)[0][m.nbody - 1]
        return stack([at[0], at[2]])

    def root(self, q: Any) -> Any:
        """The place of the first body."""
        return self.model.positions(q)[0][1]

    def off(self, q: Any, wanted: Any) -> Any:
        """The square of how far positions are from others, along tangents."""
        d = self.model.difference(q, wanted)
        return d @ d


@dataclass(frozen=True)
class Forward(Task):
    """Run along x: minus the mean speed, with a price for leaning."""

    travels: ClassVar[bool] = True

    def on_the_way(self, state: Any, t: Index, inputs: Any) -> Terms:
        """How far the first body has turned away from how the file draws it: 1 - cos of the angle."""
        quat = self.model.positions(state.q)[1][1]
        drawn = self.model.positions(const(self.model.start))[1][1]
        c = quat @ drawn
        return {"tilt": 0.3 * (2.0 - 2.0 * c * c) / self.steps}

    def at_the_end(self, state: Any, inputs: Any) -> Terms:
        """Minus the mean speed of the first body."""
        seconds = self.steps * self.model.timestep
        return {"speed": -(self.root(state.q)[0] - self.root(inputs.start)[0]) / seconds}


@dataclass(frozen=True)
class Reach(Task):
    """Bring the tip to the goal."""

    aims: ClassVar[bool] = True

    def on_the_way(self, state: Any, t: Index, inputs: Any) -> Terms:
        """The mean square of the distance."""
        return {"away": self._away(state, inputs) / self.steps}

    def at_the_end(self, state: Any, inputs: Any) -> Terms:
        """Its square at the end."""
        return {"end": self._away(state, inputs)}

    def _away(self, state: Any, inputs: Any) -> Any:
        off = self.tip(state.q) - inputs.goal
        return off @ off


@dataclass(frozen=True)
class Balance(Task):
    """Stay where the file draws the robot."""

    def on_the_way(self, state: Any, t: Index, inputs: Any) -> Terms:
        """The mean square of how far the positions are off."""
        return {"off": self.off(state.q, const(self.model.start)) / self.steps}

    def at_the_end(self, state: Any, inputs: Any) -> Terms:
        """To be at rest."""
        return {"speed": 0.01 * (state.v @ state.v)}


@dataclass(frozen=True)
class Follow(Task):
    """Be where a recording was, at each time."""

    travels: ClassVar[bool] = True

    def on_the_way(self, state: Any, t: Index, inputs: Any) -> Terms:
        """The mean square of how far the positions are off."""
        return {"off": self.off(state.q, const(self.wanted)[t]) / self.steps}

    def at_the_end(self, state: Any, inputs: Any) -> Terms:
        """The same of the last state."""
        return {"off": self.off(state.q, const(self.wanted[-1])) / self.steps}


TASKS: Mapping[str, type[Task]] = {"forward": Forward, "reach": Reach, "balance": Balance, "follow": Follow}
