"""One training run: an optimiser over the compiled loss and gradient of a scene, observed and saved."""

from __future__ import annotations

import contextlib
import math
import statistics
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np

from rosesim.optimise.attempts import is_remembered
from rosesim.optimise.descent import Descent, EveryStep, NotFinite, Position, descend, positions, require_finite
from rosesim.optimise.foreign import Search
from rosesim.optimise.optimizers import Vector
from rosesim.scenes.errors import SceneError
from rosesim.scenes.tree import FlatView
from rosesim.train.callbacks import NO_CALLBACKS, Callbacks
from rosesim.train.checkpoint import LAST, Best, Checkpoint, read_checkpoint
from rosesim.train.errors import CannotWrite, Interrupted, TrainingStopped
from rosesim.train.metrics import MEAN_OVER, Row
from rosesim.train.objective import Objective
from rosesim.train.origin import naming_changes
from rosesim.train.progress import Progress, Report
from rosesim.train.run_files import METRICS, RunFiles
from rosesim.train.settings import Settings
from rosesim.train.stopping import Stopper, StopRule


class _Stop(Exception):
    """Another thread stops the run."""


class _Ended(Exception):
    """A rule or a callback ends the run well, for a reason that is a clause after the optimiser's name."""


class Training:
    """A run from its settings, or from its folder's checkpoint; `run` carries it out, once.

    It is the optimiser's Task (see `descent`).
    """

    def __init__(
        self,
        settings: Settings,
        out: Path | None,
        report: Report,
        stop: threading.Event | None = None,
        callbacks: Callbacks = NO_CALLBACKS,
    ):
        self.settings, self.out, self.report, self.stop = settings, out, report, stop
        self.plan = settings.plan
        self.is_drawn = settings.is_drawn
        self.objective = Objective(settings)
        self.callbacks = callbacks
        self._stopper: Stopper | None = None
        self.optimizer = self.plan.stepper(settings.inputs, self.objective.program.bounds)
        state = {} if self.optimizer is None else self.optimizer.start(self.objective.x0)
        self.at = Position(0, self.objective.x0, state)
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
        self._has_noted_zero = False
        self.zero: str | None = None
        """That the gradient was exactly zero, and why."""
        self._files: RunFiles | None = None
        self._begun = 0.0

    def _take_up(self, c: Checkpoint) -> None:
        i = c.position.iteration
        self.at, self.best, self.ended, self.done = c.position, c.best, c.ended, c.done
        self.objective.flat = self.flat.keeping(c.kept)
        self.attempts = [a for a in c.attempts if a[0] < i]  # iteration i is evaluated and added again
        self._before, self.compile_seconds = c.seconds, c.compile_seconds

    @property
    def flat(self) -> FlatView[Any]:
        """The params as a vector, with the untuned ones beside it."""
        return self.objective.flat

    @property
    def seconds(self) -> float:
        """Time that the run has taken, over all its resumptions."""
        return self._before + (time.perf_counter() - self._begun if self._begun else 0.0)

    def run(self) -> None:
        """Optimise. Raises TrainingStopped where it ends before its time, with everything saved until then."""
        with self._under_way():
            self.ended = self._optimise() or ""

    def positions(self) -> Descent:
        """The same, for a caller that evaluates this run together with others (see `starts`)."""
        assert self.optimizer is not None
        with self._under_way():
            yield from positions(EveryStep(self.optimizer), self.at, self.plan.iterations, self)

    @contextlib.contextmanager
    def _under_way(self) -> Generator[None]:
        """Keep the run's files open; whatever ends the run, save everything and raise an error for the user."""
        self.done, self.ended = False, ""
        if self.out is not None:
            self._files = RunFiles(self.out, self.settings, self.at.iteration, self.flat.size)
            self.rows = self._files.metrics.rows
        try:
            begun = time.perf_counter()
            self.objective.compile()
            self.compile_seconds = time.perf_counter() - begun
            self._begun = time.perf_counter()
            self._begin_to_stop()
            if self._files is not None:
                self._files.begin()
            yield
            self.done = True
            self.save()
        except _Ended as e:
            # Not `done`: a resumed run evaluates this iteration again, and ends here too, or later by another rule.
            self.ended = str(e)
            self.save(ended="")
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
            if self._files is not None:
                self._files.close()
            self.callbacks.close()

    def _begin_to_stop(self) -> None:
        """Make the rule that ends the run, from the iterations that are done."""
        if (rule := self.plan.stop_rule) != StopRule():
            self._stopper = Stopper(rule, is_drawn=self.is_drawn)
            for row in self.rows:
                self._stopper.why(row.loss, row.seconds)

    def _optimise(self) -> str | None:
        plan = self.plan
        if plan.foreign is not None:
            search = Search(plan.iterations, self.objective.program.bounds, plan.seed, plan.sigma)
            return plan.foreign.drive(self.objective.x0, search, self)
        assert self.optimizer is not None
        return descend(self.optimizer, self.at, plan.iterations, self)

    def evaluate(self, x: Vector, iteration: int | None = None) -> tuple[float, Vector]:
        """The loss and its gradient: see `Objective.evaluate`."""
        return self._recorded(x, lambda: self.objective.evaluate(x, iteration))

    def value(self, x: Vector) -> float:
        """The loss without its gradient."""
        return self._recorded(x, lambda: (self.objective.value(x), np.zeros(0)))[0]

    def _recorded(self, x: Vector, compute: Callable[[], tuple[float, Vector]]) -> tuple[float, Vector]:
        """The evaluation at x, from the record where it is there already."""
        record = None if self._files is None else self._files.evaluations
        if record is None:
            return compute()
        if (known := record.recorded(x)) is not None:
            return known
        loss, gradient = compute()
        record.add(x, loss, gradient)
        return loss, gradient

    def observe(self, at: Position, loss: float, gradient_norm: float | None) -> None:
        """Take note of an iteration; see `descent.Task`."""
        i = at.iteration
        if i < self.resumed_at:  # a replay that has not yet reached the point where the run was
            if self.rows and self.rows[i].loss != loss:
                with naming_changes(self.settings.origin, type(self.settings.scene)):
                    raise SceneError(f"{self.out}: the replay of iteration {i} has another loss than {METRICS} says")
            return
        self.at = at
        terms = self.objective.terms(at.x, i)
        row = Row(i, loss, gradient_norm, round(self.seconds, 6), terms)
        if self._files is None:
            self.rows.append(row)
        else:
            self._files.metrics.add(row)
        require_finite(i, at.x, loss, gradient_norm)
        recent = None
        if self.is_drawn:
            recent = statistics.fmean(r.loss for r in self.rows[-MEAN_OVER:])
            self._consider_mean(i, at.x, recent)
        else:
            self.consider(i, at.x, loss)
        if is_remembered(i):
            self.attempts.append((i, at.x))
        assert self.best is not None
        now = Progress(
            i, loss, gradient_norm, self._note(at, gradient_norm), self.plan.seed, recent, terms, self.best.loss,
            row.seconds, lambda: self.flat.unflatten(at.x),
        )  # fmt: skip
        self.report(now)
        ends = self.callbacks.call(now) or (self._stopper and self._stopper.why(loss, row.seconds))
        if self._files is not None and self._files.is_due:
            self.save()
        if self.stop is not None and self.stop.is_set():
            raise _Stop
        if ends and i < self.plan.iterations:
            raise _Ended(ends)

    def consider(self, iteration: int, x: Vector, loss: float) -> None:
        """Take note of a point that may be the best one seen."""
        if self.best is None or loss < self.best.loss:
            self.best = Best(loss, iteration, x)

    def _consider_mean(self, iteration: int, x: Vector, recent: float) -> None:
        """The same where inputs differ and a low loss may be luck: the mean counts.

        Until the mean covers MEAN_OVER iterations, the latest point is the best one.
        """
        if iteration < MEAN_OVER:
            self.best = Best(recent, iteration, x)
        else:
            self.consider(iteration, x, recent)

    def save(self, ended: str | None = None) -> None:
        """Write a checkpoint into the run's folder, if it has one; `ended` is what it says of the run's end, if not
        the truth."""
        if self._files is None:
            return
        c = Checkpoint(
            self.at, self.best, tuple(self.attempts), self.seconds, self.compile_seconds, self.flat.kept, self.done,
            self.ended if ended is None else ended,
        )  # fmt: skip
        self._files.save(c, self.flat)

    def _note(self, at: Position, gradient_norm: float | None) -> str | None:
        if gradient_norm != 0.0 or self._has_noted_zero:
            return None
        self._has_noted_zero = True
        why = self.objective.why_zero(at.x, at.iteration)
        self.zero = f"the gradient is zero at iteration {at.iteration}" + (
            f": {why}" if why else ("" if self.is_drawn else "; nothing will change")
        )
        return self.zero

    def _explain(self, e: NotFinite) -> str:
        if e.what == "update":
            return f"the params are no longer finite after the update of iteration {e.iteration}{self._where()}"
        why = self.objective.why_not_finite(e.x, e.iteration, e.what)
        return f"the {e.what} is no longer finite {e.when}" + (f": {why}" if why else "") + self._where()

    def _where(self) -> str:
        return "" if self.out is None else f"; what was reached is in {self.out}"

    def _go_on(self, when: str = "") -> str:
        return "" if self.out is None else f"; --resume {self.out} goes on from there{when}"

    @property
    def seconds_per_iteration(self) -> float:
        """Mean time over all iterations, with all their evaluations."""
        return self.rows[-1].seconds / len(self.rows) if self.rows else math.nan
