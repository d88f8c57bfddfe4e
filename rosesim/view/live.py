"""The worker behind the viewer: a thread that computes, so that the picture never waits.

It compiles the scene, evaluates what a person drags, and keeps an optimiser running. It is told what to do
by commands, which it takes in order, and tells what it found by snapshots, which never change.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.errors import RosesimError
from rosesim.scenes.compiled import compiled
from rosesim.scenes.drawn import drawn
from rosesim.scenes.tree import leaves
from rosesim.view.attempt import AnyScene, Attempt
from rosesim.view.descending import Descending, Optimizer
from rosesim.view.history import History

Vector = NDArray[np.float64]
Point = tuple[float, float]

PUBLISHED_A_SECOND = 30
"""Snapshots while optimising: each costs a rollout and its trail, and a person sees no more."""
BREATH_SECONDS = 2e-4
"""Slept after each iteration: a worker that takes the interpreter's lock back at once starves the window."""
GHOSTS = 8
"""Past iterations remembered; they are powers of two, closer together where descent is quick."""
NUDGE = 0.01
"""How far a handle is moved to see whether the start state moves with it, in parts of the picture's height."""


@dataclass(frozen=True)
class Beginning:
    """What the viewer opens with and returns to on reset."""

    params: Any
    inputs: Any
    iteration: int = 0
    """Of a recorded run, the one at which it opens."""
    losses: Sequence[float] = ()
    """The loss of each of its iterations, from 0 to the last, which may be later."""
    remembered: Sequence[tuple[int, Any]] = ()
    """Some earlier iterations, with their params."""
    seed: int = 0
    """Of what a scene draws for each iteration."""


@dataclass(frozen=True)
class Snapshot:
    """What is known at one moment."""

    serial: int
    """Of the newest command that was taken account of."""
    attempt: Attempt
    inputs: Any
    gradient: Any
    """Of the loss by the params, a struct like them; None until it has been compiled."""
    curve: tuple[tuple[int, float], ...]
    """Iterations and their losses."""
    ghosts: tuple[Attempt, ...]
    steep: float
    """The gradient's length."""
    steepest: float
    """The longest one since the curve's beginning."""
    start_held: bool = False
    """Whether the start state moves with the handle that is held."""
    note: str | None = None
    """What a person should know: that the gradient is exactly zero, and why."""


@dataclass
class _Course:
    """Where an optimisation is; the worker's own."""

    params: Any
    inputs: Any
    steps: Descending
    iteration: int = 0
    trial: Any = None
    """Params that are evaluated next; where they are better, they are the params then."""
    loss: float = math.nan
    gradient: Any = None
    """At the params."""
    history: History = field(default_factory=History)
    ghosts: list[Attempt] = field(default_factory=list)
    recorded: bool = False
    """The history is that of a run, which went on from here: it is kept until this goes another way."""
    steepest: float = 0.0
    settled: bool = False
    """The last step changed nothing, so the next will not either."""


class Live:
    """A scene being tuned while somebody watches.

    `start` begins to compile and `close` ends the thread; between them `latest` is the newest snapshot, or
    None until there is one, and `failure` a line that says what went wrong, until a command mends it.
    """

    def __init__(self, scene: AnyScene, beginning: Beginning, optimizer: Optimizer):
        self.scene, self.beginning, self.optimizer = scene, beginning, optimizer
        self.latest: Snapshot | None = None
        self.failure: str | None = None
        self.optimising = False
        self.evaluations = 0
        """Of loss and gradient, ever."""
        self._program = compiled(scene)
        self._recorded: tuple[Attempt, ...] = ()
        self._course = self._begin()
        self._held: tuple[str, Point] | None = None
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
        """End the thread; what it computes now is finished first."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout=2.0)  # a longer rollout ends with the process

    def optimise(self, on: bool) -> int:
        """Keep the optimiser running, or stop it."""
        self.optimising = on
        return self._command(lambda: None)

    def hold(self, handle: str, to: Point) -> int:
        """Hold a handle at a point, against the optimiser if need be, until it is released."""
        return self._command(lambda: self._hold(handle, to))

    def release(self) -> int:
        """Let go of what is held; it stays where it was dragged."""
        return self._command(lambda: setattr(self, "_held", None))

    def reset(self) -> int:
        """Go back to the beginning."""

        def begin_again() -> None:
            self._held, self._course = None, self._begin()

        return self._command(begin_again)

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
            except Exception as e:  # a scene's mistake must not leave a window that shows nothing
                self.optimising = False
                self.failure = str(e) if isinstance(e, RosesimError) else f"{type(e).__name__}: {e}"

    def _turn(self, commands: list[Callable[[], None]]) -> None:
        """Take the commands, evaluate where we are, tell, and take a step."""
        for command in commands:
            command()
        if self.latest is None:
            self._first_look()
        now, flat, going = self._course, self._program.flat, self.optimising
        if commands:  # what was being tried may be another problem's now
            now.trial, now.settled = None, False
        params = now.params if now.trial is None else now.trial
        iteration = now.iteration + (now.trial is not None)
        inputs = self._inputs(iteration)
        loss, gradient = self._program.value_and_grad(params, inputs)
        self.evaluations += 1
        loss, steep = float(loss), _length(flat.flatten(gradient))
        # Where each iteration has inputs of its own, two losses say nothing of their params: every step is taken.
        is_judged = now.trial is not None and inputs is now.inputs
        if is_judged and not now.steps.takes(loss if math.isfinite(steep) else math.inf):
            now.trial = None
        else:
            _check_finite("loss", loss, iteration)
            _check_finite("gradient", steep, iteration)
            if now.trial is None:
                now.steps.begin_again(loss)
            elif not is_judged:
                now.steps.take(loss)
            now.params, now.iteration, now.trial = params, iteration, None
            now.loss, now.gradient = loss, gradient
            if going or not now.recorded:
                now.recorded = False
                now.history.add(iteration, now.loss)
            now.steepest = max(now.steepest, steep)
            if going:
                self._remember(now.loss)
        if going:
            self._try(inputs is now.inputs)
        due = time.perf_counter() - self._published > 1 / PUBLISHED_A_SECOND
        if commands or due or now.settled or not going:
            self._publish(now.loss, now.gradient)
        if going and not now.settled:
            time.sleep(BREATH_SECONDS)

    def _try(self, is_given: bool) -> None:
        """What the optimiser proposes is evaluated next; where that is no other point, there is nothing to do."""
        now, flat = self._course, self._program.flat
        x = flat.flatten(now.params)
        after = now.steps.propose(x, flat.flatten(now.gradient))
        _check_finite("step", after, now.iteration)
        if np.array_equal(after, x):
            now.settled = self._held is None and is_given
            now.steps.begin_again(now.loss)
        now.trial = flat.unflatten(after, now.params)
        if self._held is not None:
            now.trial, now.inputs = self.scene.drag(*self._held, now.trial, now.inputs)

    def _first_look(self) -> None:
        """Publish the replay, which compiles in half the time of the gradient, before that is made."""
        now, losses = self._course, self.beginning.losses
        self._publish(losses[now.iteration] if now.recorded else math.nan, None)
        self._recorded = tuple(
            self._attempt(i, losses[i], params, self.beginning.inputs) for i, params in self.beginning.remembered
        )
        if now.recorded:  # not where something was dragged already
            now.ghosts = list(self._recorded)

    def _begin(self) -> _Course:
        given = self.beginning
        history, ghosts = History.of(given.losses), list(self._recorded)
        return _Course(
            given.params, given.inputs, Descending(self.optimizer), given.iteration,
            history=history, ghosts=ghosts, recorded=bool(given.losses),
        )  # fmt: skip

    def _inputs(self, iteration: int | None = None) -> Any:
        """Those of this iteration, or another: the given ones, unless the scene draws others for it."""
        now = self._course
        return drawn(self.scene, now.inputs, self.beginning.seed, now.iteration if iteration is None else iteration)

    def _hold(self, handle: str, to: Point) -> None:
        now = self._course
        if self._held is None or self._held[0] != handle:
            self._course = now = _Course(
                now.params, self._inputs(), Descending(self.optimizer)
            )  # another problem has another curve
            if handle not in self._moves_start:
                self._moves_start[handle] = self._does_move_start(handle)
        self._held = (handle, to)
        now.params, now.inputs = self.scene.drag(handle, to, now.params, now.inputs)

    def _does_move_start(self, handle: str) -> bool:
        now, scene = self._course, self.scene
        x, y = scene.handles(now.params, now.inputs)[handle]
        to = (x, y + NUDGE * (scene.extent[3] - scene.extent[1]))
        here = self._program.trajectory(now.params, now.inputs)[0]
        there = self._program.trajectory(*scene.drag(handle, to, now.params, now.inputs))[0]
        a, b = leaves(here), leaves(there)
        return any(not np.array_equal(a[name], b[name], equal_nan=True) for name in a)

    def _attempt(self, iteration: int, loss: float, params: Any, inputs: Any) -> Attempt:
        attempt = Attempt(self.scene, iteration, loss, params, self._program.trajectory(params, inputs))
        attempt.trails()  # sampled here, so that the window finds it done
        return attempt

    def _remember(self, loss: float) -> None:
        """Keep this iteration as a ghost where its number is 0 or a power of two."""
        now, i = self._course, self._course.iteration
        if i & (i - 1) == 0 and not (now.ghosts and now.ghosts[-1].iteration >= i):
            now.ghosts = [*now.ghosts, self._attempt(i, loss, now.params, self._inputs())][-GHOSTS:]

    def _publish(self, loss: float, gradient: Any) -> None:
        now = self._course
        steep = math.nan if gradient is None else _length(self._program.flat.flatten(gradient))
        inputs = self._inputs()
        attempt = self._attempt(now.iteration, loss, now.params, inputs)
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
            gradient=gradient,
            steep=steep,
            steepest=now.steepest,
            curve=tuple(now.history.points),
            ghosts=tuple(now.ghosts),
            start_held=self._held is not None and self._moves_start[self._held[0]],
            note=note,
        )
        self._published = time.perf_counter()


def _length(gradient: Vector) -> float:
    with np.errstate(over="ignore"):
        return float(np.linalg.norm(gradient))


def _check_finite(what: str, value: Any, iteration: int) -> None:
    if not np.isfinite(value).all():
        raise RosesimError(f"the {what} is not finite at iteration {iteration}: reset (R) goes back")
