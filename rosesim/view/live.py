"""The worker behind the viewer: a thread that computes, so that the picture never waits.

It compiles the scene, evaluates what the user drags, and keeps an optimiser running. It receives commands, which it
executes in order, and publishes its results as snapshots, which never change.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rosesim.ad.support.errors import RosesimError
from rosesim.optimise.descent import Stepper
from rosesim.scenes.base import AnyScene
from rosesim.scenes.compiled import compiled
from rosesim.scenes.picture import picture
from rosesim.scenes.ranges import with_value
from rosesim.scenes.tree import leaves
from rosesim.view.attempt import Attempt, attempt
from rosesim.view.course import Course, Point

PUBLISHED_A_SECOND = 30
"""Snapshots while optimising: each costs a rollout and its trail, and a person cannot see more of them."""
BREATH_SECONDS = 2e-4
"""Sleep after each iteration: a worker that takes the interpreter's lock back at once starves the window."""
NUDGE = 0.01
"""How far a handle is moved to see whether the start state moves with it, relative to the picture's height."""


@dataclass(frozen=True)
class Beginning:
    """The state in which the viewer opens, and to which a reset returns."""

    params: Any
    inputs: Any
    iteration: int = 0
    """The iteration of a recorded run at which the viewer opens."""
    losses: Sequence[float] = ()
    """The loss of each iteration of that run, from 0 to the last, which may be a later one."""
    remembered: Sequence[tuple[int, Any]] = ()
    """Some earlier iterations of that run, with their params."""
    seed: int = 0
    """Seed of the inputs that a scene samples for each iteration."""


@dataclass(frozen=True)
class Snapshot:
    """What is known at one moment."""

    serial: int
    """The number of the newest command that was executed before it."""
    attempt: Attempt
    inputs: Any
    gradient: Any
    """The gradient of the loss by the params, a struct like them; None until it has been compiled."""
    curve: tuple[tuple[int, float], ...]
    """Iterations and their losses."""
    ghosts: tuple[Attempt, ...]
    steep: float
    """The gradient's length."""
    steepest: float
    """The longest gradient since the curve's beginning."""
    start_held: bool = False
    """Whether the start state moves with the held handle."""
    note: str | None = None
    """A remark for the user: that the gradient is exactly zero, and why."""


class Live:
    """A scene that is tuned while a user watches.

    `start` begins to compile and `close` ends the thread. Between them `latest` is the newest snapshot, or
    None until there is one; `failure` is a line that says what went wrong, until the next command clears it.
    """

    def __init__(self, scene: AnyScene, beginning: Beginning, optimizer: Stepper):
        self.scene, self.beginning, self.optimizer = scene, beginning, optimizer
        self.latest: Snapshot | None = None
        self.failure: str | None = None
        self.optimising = False
        self.evaluations = 0
        """Number of evaluations of loss and gradient so far, with a running one."""
        self._program = compiled(scene)
        self._recorded: tuple[Attempt, ...] = ()
        self._course = self._begin()
        self._moves_start: dict[str, bool] = {}
        self._published = 0.0
        self._closing = False
        self._serial = self._taken = 0
        self._commands: list[Callable[[], None]] = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="rosesim-live", daemon=True)

    # ------------------------------------------------------------------------------ commands

    def start(self) -> None:
        """Begin: compile, then evaluate the beginning."""
        self._command(lambda: None)
        self._thread.start()

    def close(self) -> None:
        """End the thread; its present computation is finished first."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout=2.0)  # a longer rollout is ended with the process

    def optimise(self, on: bool) -> int:
        """Keep the optimiser running, or stop it."""
        self.optimising = on
        return self._command(lambda: None)

    def hold(self, handle: str, to: Point) -> int:
        """Hold a handle at a point, against the optimiser if need be, until it is released."""
        return self._command(lambda: self._hold(handle, to))

    def change(self, name: str, value: float) -> int:
        """Give an input, a number, another value; the descent goes on from the present params."""
        return self._command(lambda: self._change(name, value))

    def release(self) -> int:
        """Release the held handle; it stays where it was dragged."""
        return self._command(lambda: setattr(self._course, "held", None))

    def reset(self) -> int:
        """Go back to the beginning."""
        return self._command(lambda: setattr(self, "_course", self._begin()))

    def _command(self, command: Callable[[], None]) -> int:
        with self._changed:
            self._commands.append(command)
            self._serial += 1
            self.failure = None
            self._changed.notify()
            return self._serial

    # ------------------------------------------------------------------- the worker's thread

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._closing or self._commands or (self.optimising and not self._course.settled)):
                    self._changed.wait()
                if self._closing:
                    return
                commands, self._commands = self._commands, []
                self._taken = self._serial
            try:
                if commands:
                    self.failure = None
                self._turn(commands)
            except Exception as e:  # a mistake in a scene must not leave a window without a message
                self.optimising = False
                self.failure = str(e) if isinstance(e, RosesimError) else f"{type(e).__name__}: {e}"

    def _turn(self, commands: list[Callable[[], None]]) -> None:
        """Execute the commands, evaluate at the present point, publish, and take a step."""
        for command in commands:
            command()
        if self.latest is None:
            self._first_look()
        now, going = self._course, self.optimising
        self.evaluations += 1
        now.turn(going, again=bool(commands))
        due = time.perf_counter() - self._published > 1 / PUBLISHED_A_SECOND
        if commands or due or now.settled or not going:
            self._publish(now.attempt())
        if going and not now.settled:
            time.sleep(BREATH_SECONDS)

    def _first_look(self) -> None:
        """Publish the replay, which compiles in half the time of the gradient, before the gradient is compiled."""
        now, given = self._course, self.beginning
        loss = given.losses[now.iteration] if now.recorded else math.nan
        self._publish(attempt(self.scene, now.iteration, loss, now.params, now.sampled_inputs))
        self._recorded = tuple(
            attempt(self.scene, i, given.losses[i], params, given.inputs) for i, params in given.remembered
        )
        if now.recorded:  # not where the user has already dragged something
            now.ghosts = list(self._recorded)

    def _begin(self) -> Course:
        given = self.beginning
        return Course(
            self.scene, self.optimizer, given.params, given.inputs, given.seed, given.iteration, given.losses,
            self._recorded,
        )  # fmt: skip

    def _hold(self, handle: str, to: Point) -> None:
        now = self._course
        if now.held is None or now.held[0] != handle:  # another problem has another curve
            now = Course(self.scene, self.optimizer, now.params, now.sampled_inputs, now.seed)
            self._course = now
            if handle not in self._moves_start:
                self._moves_start[handle] = self._does_move_start(handle)
        now.held = (handle, to)
        now.drag()

    def _change(self, name: str, value: float) -> None:
        now = self._course
        inputs = with_value(now.sampled_inputs, name, value)  # another problem has another curve
        self._course = Course(self.scene, self.optimizer, now.params, inputs, now.seed)

    def _does_move_start(self, handle: str) -> bool:
        now, scene = self._course, self.scene
        x, y = picture(scene).handles(now.params, now.inputs)[handle]
        to = (x, y + NUDGE * (scene.extent[3] - scene.extent[1]))
        here = self._program.trajectory(now.params, now.inputs)[0]
        there = self._program.trajectory(*picture(scene).drag(handle, to, now.params, now.inputs))[0]
        a, b = leaves(here), leaves(there)
        return any(not np.array_equal(a[name], b[name], equal_nan=True) for name in a)

    def _publish(self, attempt: Attempt) -> None:
        now = self._course
        steep, inputs = now.gradient_length, now.sampled_inputs
        note = None
        if steep == 0.0:
            why = self.scene.why_no_gradient(attempt.trajectory, now.params, inputs)
            note = f"the gradient is zero: {why}" if why else "the gradient is zero"
        elif now.settled:
            note = "no step along the gradient lowers the loss any more"
        self.latest = Snapshot(
            serial=self._taken,
            attempt=attempt,
            inputs=inputs,
            gradient=now.gradient,
            steep=steep,
            steepest=now.steepest,
            curve=tuple(now.history.points),
            ghosts=tuple(now.ghosts),
            start_held=now.held is not None and self._moves_start[now.held[0]],
            note=note,
        )
        self._published = time.perf_counter()
