"""One training run: an optimiser over the compiled loss and gradient of a scene, watched and saved."""

from __future__ import annotations

import contextlib
import math
import statistics
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rosesim.optimise.attempts import is_remembered
from rosesim.optimise.descent import Asking, EveryStep, NotFinite, Position, descend, positions, require_finite
from rosesim.optimise.foreign import Search
from rosesim.optimise.optimizers import Vector
from rosesim.scenes.compiled import Compiled, compiled
from rosesim.scenes.drawn import drawn
from rosesim.scenes.errors import SceneError
from rosesim.scenes.smooth import Smoothed
from rosesim.scenes.tree import FlatView
from rosesim.train.batch import first_not_finite, mean, over_inputs
from rosesim.train.checkpoint import BEST, LAST, Best, Checkpoint, read_checkpoint, write_best, write_checkpoint
from rosesim.train.errors import CannotWrite, Interrupted, TrainingStopped
from rosesim.train.evaluations import Evaluations
from rosesim.train.files import remove_temporary
from rosesim.train.finite import explain
from rosesim.train.metrics import MEAN_OVER, MetricsFile, Row
from rosesim.train.origin import naming_changes
from rosesim.train.settings import SETTINGS, Settings

METRICS, EVALUATIONS = "metrics.jsonl", "evaluations.bin"
FILES = (SETTINGS, METRICS, LAST, BEST, EVALUATIONS)
"""What a run's folder may hold."""

CHECKPOINT_SECONDS = 1.0
"""Between checkpoints, at least: what a kill can cost."""
CHECKPOINT_SHARE = 0.02
"""Of the run's time, at most, that checkpoints take: a slow disk or large params make them rarer."""

_DIAGNOSING = threading.Lock()
"""One run at a time compiles what explains a failure: seeds on threads share a scene's programs."""


@dataclass(frozen=True)
class Progress:
    """What is known after an iteration."""

    iteration: int
    loss: float
    gradient_norm: float | None
    """None of an optimiser that computes no gradient."""
    note: str | None = None
    """What a person should know, once: that the gradient is exactly zero, and why."""
    seed: int = 0
    """Of the run that this is of, where several are under way."""
    recent: float | None = None
    """The mean loss of this iteration and those before it, 200 at most, where they differ in their inputs."""


Report = Callable[[Progress], None]


class _Stop(Exception):
    """Another thread wants the run to end."""


def compile_program(program: Compiled[Any, Any, Any], settings: Settings) -> None:
    """Compile all that a run calls; nothing is compiled after that."""
    plan = settings.plan
    if plan.smoothing is not None:
        Smoothed(program, plan.smoothing, np.zeros(program.flat.size), program.flat).compile()
    elif plan.batch is not None:
        over_inputs = settings.is_drawn
        program.batch(plan.batch, gradient=True, params=not over_inputs, inputs=over_inputs)
    else:
        _ = program.value_and_grad if plan.needs_gradient else program.value


class Loop:
    """A run from its settings, or from its folder's checkpoint; `run` carries it out, once.

    It is the optimisers' Task (see `descent`).
    """

    def __init__(self, settings: Settings, out: Path | None, report: Report, stop: threading.Event | None = None):
        self.settings, self.out, self.report, self.stop = settings, out, report, stop
        self._folder = None if out is None else out.absolute()  # of files, wherever somebody goes meanwhile
        self.plan = settings.plan
        self.is_drawn = settings.is_drawn
        self.program = compiled(settings.scene).held()  # one physics for a run
        start = settings.start()
        self.flat = FlatView.of(start)  # its own: seeds may differ in what is not tuned
        rule = self.plan.rule(settings.inputs)
        self.optimizer = None if rule is None else replace(rule, bounds=self.program.bounds)
        self.x0 = self.flat.flatten(start)
        how = self.plan.smoothing
        self.smoothed = None if how is None else Smoothed(self.program, how, self.x0, self.flat)
        state = {} if self.optimizer is None else self.optimizer.start(self.x0)
        self.at = Position(0, self.x0, state)
        self.best: Best | None = None
        self.attempts: list[tuple[int, Vector]] = []
        self.ended = ""
        self.compile_seconds, self._before = 0.0, 0.0
        self.done = False
        if out is not None and (out / LAST).exists():
            with naming_changes(settings.origin, type(settings.scene)):
                self._take_up(read_checkpoint(out, self.flat, state, settings.identity))
        self.resumed_at = self.at.iteration
        self.rows: list[Row] = []
        self._saved_best: Best | None = None
        self._told = False
        self._metrics: MetricsFile | None = None
        self._record: Evaluations | None = None
        self._begun = self._due = 0.0

    def _take_up(self, c: Checkpoint) -> None:
        i = c.position.iteration
        self.at, self.best, self.ended, self.done = c.position, c.best, c.ended, c.done
        self.flat = self.flat.keeping(c.kept)
        self.attempts = [a for a in c.attempts if a[0] < i]  # that of iteration i comes again with its evaluation
        self._before, self.compile_seconds = c.seconds, c.compile_seconds

    @property
    def seconds(self) -> float:
        """That the run has taken, over all its resumptions."""
        return self._before + (time.perf_counter() - self._begun if self._begun else 0.0)

    def run(self) -> None:
        """Optimise. Raises TrainingStopped where it ends before its time, with everything saved until then."""
        with self._under_way():
            self.ended = self._optimise() or ""

    def positions(self) -> Asking:
        """The same for whoever evaluates this run together with others (see `starts`)."""
        assert self.optimizer is not None
        with self._under_way():
            yield from positions(EveryStep(self.optimizer), self.at, self.plan.iterations, self)

    @contextlib.contextmanager
    def _under_way(self) -> Generator[None]:
        """The run's files, open; whatever ends the run, all is saved, and what a person should know is said."""
        self.done, self.ended = False, ""
        self._open()
        try:
            begun = time.perf_counter()
            compile_program(self.program, self.settings)
            self.compile_seconds = time.perf_counter() - begun
            self._begun = time.perf_counter()
            self._due = self._begun + CHECKPOINT_SECONDS
            yield
            self.done = True
            self.save()
        except (KeyboardInterrupt, _Stop):
            self.save()
            raise Interrupted(f"interrupted at iteration {self.at.iteration}{self._go_on()}") from None
        except NotFinite as e:
            self.save()
            raise TrainingStopped(self._explain(e)) from None
        except CannotWrite as e:
            raise TrainingStopped(f"{e}{self._go_on(' once it can be')}") from None
        except BaseException:
            with contextlib.suppress(CannotWrite):
                self.save()
            raise
        finally:
            self._close()

    def _open(self) -> None:
        if self.out is None:
            return
        # A run that was killed before its first checkpoint has rows, but starts anew.
        self._metrics = MetricsFile(self.out / METRICS, keep=self.at.iteration)
        try:
            self.rows = self._metrics.rows
            for name in FILES:
                remove_temporary(self.out, name)
            if self.plan.foreign is not None:
                gradient = self.flat.size if self.plan.needs_gradient else 0
                self._record = Evaluations(self.out / EVALUATIONS, self.settings.identity, gradient)
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        for opened in (self._metrics, self._record):
            if opened is not None:
                opened.close()

    def _optimise(self) -> str | None:
        plan = self.plan
        if plan.foreign is not None:
            search = Search(plan.iterations, self.program.bounds, plan.seed, plan.sigma)
            return plan.foreign.drive(self.x0, search, self)
        assert self.optimizer is not None
        return descend(self.optimizer, self.at, plan.iterations, self)

    def inputs(self, iteration: int | None, nth: int = 0) -> Any:
        """The inputs of an iteration, the `nth` of a batch: those that were given, where none are drawn."""
        given = self.settings.inputs
        if iteration is None or not self.is_drawn:
            return given
        return drawn(self.settings.scene, given, self.plan.seed, iteration, nth)

    def _each_drawn(self, x: Vector, iteration: int) -> tuple[Vector, Vector]:
        """The losses and gradients at one point for all inputs that an iteration of a batch draws."""
        assert self.plan.batch is not None
        inputs = [self.inputs(iteration, k) for k in range(self.plan.batch)]
        return over_inputs(self.program, x, inputs, self.flat.like)

    def evaluate(self, x: Vector, iteration: int | None = None) -> tuple[float, Vector]:
        """The loss and its gradient, for the inputs of that iteration; for those that were given if for none.

        Of a smoothed run the loss is that at x all the same, and the gradient the averaged one.
        """
        if self._record is not None and (known := self._record.recorded(x)) is not None:
            return known
        if self.plan.batch is not None and iteration is not None:
            return mean(*self._each_drawn(x, iteration))
        if self.smoothed is not None and iteration is not None:
            z = self.smoothed.perturbations(self.plan.seed, iteration)
            loss, _, gradient = self.smoothed.evaluate(x, z, self.inputs(iteration))
            return loss, gradient
        loss, gradient = self.program.value_and_grad(self.flat.unflatten(x), self.inputs(iteration))
        g = self.flat.flatten(gradient)
        if self._record is not None:
            self._record.add(x, loss, g)
        return loss, g

    def value(self, x: Vector) -> float:
        """The loss alone."""
        if self._record is not None and (known := self._record.recorded(x)) is not None:
            return known[0]
        loss = self.program.value(self.flat.unflatten(x), self.settings.inputs)
        if self._record is not None:
            self._record.add(x, loss, np.zeros(0))
        return loss

    def observe(self, at: Position, loss: float, gradient_norm: float | None) -> None:
        """Take note of an iteration; see `descent.Task`."""
        i = at.iteration
        if i < self.resumed_at:  # a replay on its way to where the run was
            if self.rows and self.rows[i].loss != loss:
                with naming_changes(self.settings.origin, type(self.settings.scene)):
                    raise SceneError(f"{self.out}: the replay of iteration {i} has another loss than {METRICS} says")
            return
        self.at = at
        row = Row(i, loss, gradient_norm, round(self.seconds, 6))
        if self._metrics is None:
            self.rows.append(row)
        else:
            self._metrics.add(row)
        require_finite(i, at.x, loss, gradient_norm)
        recent = None
        if self.is_drawn:
            recent = statistics.fmean(r.loss for r in self.rows[-MEAN_OVER:])
            self._consider_mean(i, at.x, recent)
        else:
            self.consider(i, at.x, loss)
        if is_remembered(i):
            self.attempts.append((i, at.x))
        self.report(Progress(i, loss, gradient_norm, self._note(at, gradient_norm), self.plan.seed, recent))
        if self._metrics is not None and time.perf_counter() >= self._due:
            self.save()
        if self.stop is not None and self.stop.is_set():
            raise _Stop

    def consider(self, iteration: int, x: Vector, loss: float) -> None:
        """Take note of a point that may be the best one seen."""
        if self.best is None or loss < self.best.loss:
            self.best = Best(loss, iteration, x)

    def _consider_mean(self, iteration: int, x: Vector, recent: float) -> None:
        """The same where inputs differ, and a low loss may be luck: the mean counts.

        Until it is over MEAN_OVER iterations, the latest point is the best one.
        """
        if iteration < MEAN_OVER:
            self.best = Best(recent, iteration, x)
        else:
            self.consider(iteration, x, recent)

    def save(self) -> None:
        """Write the checkpoint, and best.npz where it has changed. What it relies on is made durable before."""
        if self._folder is None or self._metrics is None:
            return
        begun = time.perf_counter()
        self._metrics.sync()
        if self._record is not None:
            self._record.sync()
        c = Checkpoint(
            self.at, self.best, tuple(self.attempts), self.seconds, self.compile_seconds, self.flat.kept, self.done,
            self.ended,
        )  # fmt: skip
        write_checkpoint(self._folder, c, self.flat, self.settings.identity)
        if self.best is not None and self.best is not self._saved_best:
            write_best(self._folder, self.best, self.flat)
            self._saved_best = self.best
        now = time.perf_counter()
        at_once = 1 if self.is_drawn else self.plan.batch or 1  # starts, each of which makes its own
        self._due = now + max(CHECKPOINT_SECONDS, at_once * (now - begun) / CHECKPOINT_SHARE)

    def _note(self, at: Position, gradient_norm: float | None) -> str | None:
        if gradient_norm != 0.0 or self._told:
            return None
        self._told = True
        params, inputs = self.flat.unflatten(at.x), self.inputs(at.iteration)
        with _DIAGNOSING:
            trajectory = self.program.trajectory(params, inputs)
        why = self.settings.scene.why_no_gradient(trajectory, params, inputs)
        return f"the gradient is zero at iteration {at.iteration}" + (
            f": {why}" if why else ("" if self.is_drawn else "; nothing will change")
        )

    def _explain(self, e: NotFinite) -> str:
        if e.what == "update":
            return f"the params are no longer finite after the update of iteration {e.iteration}{self._where()}"
        nth = first_not_finite(*self._each_drawn(e.x, e.iteration)) if self.plan.batch and self.is_drawn else 0
        with _DIAGNOSING:
            detail = explain(self.program, self.flat.unflatten(e.x), self.inputs(e.iteration, nth), e.what)
        return f"the {e.what} is no longer finite {e.when}" + (f": {detail}" if detail else "") + self._where()

    def _where(self) -> str:
        return "" if self.out is None else f"; what was reached is in {self.out}"

    def _go_on(self, when: str = "") -> str:
        return "" if self.out is None else f"; --resume {self.out} goes on from there{when}"

    @property
    def seconds_per_iteration(self) -> float:
        """Mean, of all iterations and all that they evaluated."""
        return self.rows[-1].seconds / len(self.rows) if self.rows else math.nan
