"""`train` and `resume`: the command `train` as functions."""

from __future__ import annotations

import html
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from rosesim.optimise.attempts import worth_showing
from rosesim.optimise.descent import Stepper
from rosesim.optimise.optimizers import Rule, Vector
from rosesim.optimise.own import MARK
from rosesim.scenes.base import Scene
from rosesim.scenes.displayed import curve, table
from rosesim.scenes.errors import SceneError
from rosesim.scenes.precision import scene_precision
from rosesim.scenes.tree import FlatView
from rosesim.scenes.writing import AnyPath, as_path
from rosesim.train import folder as folders
from rosesim.train.callbacks import NO_CALLBACKS, Callback, Callbacks
from rosesim.train.doubt import doubt
from rosesim.train.given import check_same, taken_apart
from rosesim.train.metrics import read_rows, running_means
from rosesim.train.notebook import reporting
from rosesim.train.plan import Plan, check_ready, plan
from rosesim.train.progress import Report, ignore
from rosesim.train.run_files import METRICS
from rosesim.train.settings import Settings, read_settings
from rosesim.train.stopping import parse_stop
from rosesim.train.training import Training

P = TypeVar("P")
I = TypeVar("I")  # noqa: E741 -- the letter of inputs, beside P
S = TypeVar("S")


@dataclass(repr=False)
class Run(Generic[P]):
    """The outcome of a training run."""

    params: P
    """The params after the last update."""
    losses: list[float]
    """The loss before each update, then that after the last."""
    best_loss: float
    """The least loss of all iterations; where their inputs differ, the least mean over 200 (see `curve`)."""
    best_params: P
    compile_seconds: float
    """Time for tracing, differentiating and making machine code; about 0 where this scene was compiled before."""
    seconds_per_iteration: float
    attempts: list[tuple[int, P]] = field(default_factory=list)
    """Some iterations, with the first and the last, and the params at each."""
    out: Path | None = None
    seed: int = 0
    gradient_norms: list[float | None] = field(default_factory=list)
    """The norm for each loss; None for an optimiser that computes no gradient."""
    note: str | None = None
    """A remark for the user: that the run ended before its total, that there was nothing to do, or `zero`."""

    is_drawn: bool = False
    """Whether inputs differed between iterations (see `Scene.sample`)."""

    best_iteration: int = 0
    """The iteration where the best params were found."""

    terms: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """What each loss is the sum of, by name; empty where the scene gives one number."""

    measured: str = "loss"
    """What the loss measures, and its unit, as the scene's `measure` says."""

    zero: str | None = None
    """That the gradient was exactly zero at some iteration, and why."""

    @property
    def doubt(self) -> str | None:
        """What is wrong in the record of this run, as a clause; None where nothing is (see `doubt`)."""
        return doubt(self)

    def __repr__(self) -> str:
        where = "" if self.out is None else f", {self.out}"
        return (
            f"<Run: {self.iterations} iterations, loss {self.losses[0]:.6g} at first, {self.losses[-1]:.6g} at last, "
            f"{self.best_loss:.6g} at best (iteration {self.best_iteration}){where}>"
        )

    def _repr_html_(self) -> str:
        """For notebooks: a table, and the losses as a curve. `rosesim.show(run)` plays a run that has a folder."""
        head = ["iterations", "first loss", "last", "best", "at iteration", "seconds each", "folder"]
        ends = [f"{v:.6g}" for v in (self.losses[0], self.losses[-1], self.best_loss)]
        row = [self.iterations, *ends, self.best_iteration, f"{self.seconds_per_iteration:.3g}", self.out or "none"]
        said = [html.escape(s) for s in (self.note, self.zero, self.doubt) if s]
        remarks = "".join(f"<p>{s}</p>" for s in dict.fromkeys(said))
        return table(head, [row]) + curve(self.curve, f"{self.measured} over iterations") + remarks

    @property
    def until_best(self) -> list[tuple[int, P]]:
        """The attempts before the best one, and then that one: the attempts that pictures of a run show."""
        return [
            *((i, p) for i, p in self.attempts if i < self.best_iteration),
            (self.best_iteration, self.best_params),
        ]

    @property
    def curve(self) -> list[float]:
        """The curve to watch: the losses, or their mean over at most 200 iterations where inputs differ between
        these."""
        return running_means(self.losses) if self.is_drawn else self.losses

    @property
    def iterations(self) -> int:
        """The number of updates made."""
        return len(self.losses) - 1


def train(
    scene: Scene[P, I, S],
    *,
    inputs: I | None = None,
    iterations: int | None = None,
    optimizer: str | Stepper | Rule | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    schedule: str | None = None,
    clip: float | None = None,
    sigma: float | None = None,
    batch: int | None = None,
    smooth: float | None = None,
    samples: int | None = None,
    estimator: str | None = None,
    precision: str | None = None,
    out: AnyPath | None = None,
    report: Report = ignore,
    callback: Callback | Sequence[Callback] | None = None,
    stop: str | Sequence[str] | threading.Event | None = None,
) -> Run[P]:
    """Tune a scene's params, as the command `train` does.

    The published optimiser and iterations apply where none are given; `learning_rate` replaces the input of that
    name. `optimizer` is a name, a rule or an optimiser of your own (see docs/training.md), or one of optax.
    `schedule` multiplies the rate (see `parse_schedule`), `clip` bounds the gradient's norm, `sigma`
    is the deviation that cmaes starts with. Where the scene samples inputs (`Scene.sample`), `batch` is the number
    of samples per iteration; the run trains on their mean loss. `smooth` averages the gradient over `samples`
    perturbed params, by their values or their gradients (see `scenes.smooth`); losses are still those at the params.
    `precision="f32"` computes the scene in single precision; what `scene_precision` says holds where none is given.
    With `out`, that folder gets settings, metrics and checkpoints, and `resume` continues from it. `report` is
    called after each iteration, and so is each `callback`, which ends the run by returning True. `stop` is a rule
    that ends it (`plateau:50`, `target:1e-3`, `time:60`; see `parse_stop`), or an event by which another thread does.

    Raises SceneError where the arguments make no sense or `out` already holds a run, before anything is
    made. Raises TrainingStopped where the loss, the gradient or the params are not finite, where a file cannot be
    written, and when interrupted (Ctrl-C, or `stop` set by another thread), each time with everything
    saved until then.

    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> run = train(scene, inputs=inputs, iterations=3, optimizer="adam", report=lambda now: print(now.iteration))
    0
    1
    2
    3
    >>> run.iterations
    3
    """
    out = None if out is None else as_path(out, "out")
    callbacks, (rule, event) = Callbacks(callback), rule_and_event(stop)
    given, optimiser = taken_apart(
        scene, scene.inputs() if inputs is None else inputs, optimizer, learning_rate, schedule, clip
    )
    how = plan(
        scene, given, iterations, seed=seed, sigma=sigma, batch=batch, smooth=smooth, samples=samples,
        estimator=estimator, stop=rule, precision=precision, **optimiser,
    )  # fmt: skip
    made = Settings(scene, given, how)
    if batch is not None and not made.is_drawn:
        raise SceneError(
            f"{scene.name} samples no inputs: train_starts(scene, {batch}) trains so many starts at once"
        )
    return begun(made, out, report, event, callbacks)


def begun(
    made: Settings,
    out: Path | None,
    report: Report,
    stop: threading.Event | None,
    callbacks: Callbacks = NO_CALLBACKS,
) -> Run[Any]:
    """Begin the run of these settings and carry it out; as `train`, whose arguments have become them."""
    with scene_precision(made.plan.precision):
        made.start()  # raises for initial params out of their bounds, before a folder is made
        training = Training(made, None, report, stop, callbacks)  # raises for an optimiser that does not fit
        if out is not None:
            folders.begin(out, made)
            training.out = out
        return _carried_out(training)


def rule_and_event(
    stop: str | Sequence[str] | threading.Event | None,
) -> tuple[str | Sequence[str] | None, threading.Event | None]:
    """The rule, or the event, that a caller gave as `stop`."""
    return (None, stop) if isinstance(stop, threading.Event) else (stop, None)


def resume(
    folder: AnyPath,
    *,
    scene: Scene[Any, Any, Any] | None = None,
    iterations: int | None = None,
    optimizer: Stepper | Rule | None = None,
    report: Report = ignore,
    callback: Callback | Sequence[Callback] | None = None,
    stop: str | Sequence[str] | threading.Event | None = None,
) -> Run[Any]:
    """Continue the run of a folder, to the same bits as if it had never ended.

    `iterations` is the total; by default the folder's. Everything else is the folder's; `scene` is only
    needed where the scene is neither an installed one nor in a file, and must have the folder's settings; `optimizer`
    where it is an object of your own. A rule given as `stop` replaces the folder's ("never" ends at the total). A run
    that was killed before its first checkpoint starts from the beginning, and one that is finished is read back.

    Raises SceneError where the folder does not hold one run, is damaged, or has gone beyond `iterations`;
    TrainingStopped as `train` does.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> with TemporaryDirectory() as folder:
    ...     first = train(scene, inputs=inputs, iterations=2, optimizer="adam", out=Path(folder))
    ...     both = resume(Path(folder), iterations=4)
    >>> first.iterations, both.iterations, both.losses[:3] == first.losses
    (2, 4, True)
    """
    folder = as_path(folder, "the folder of a run")
    made = read_settings(folder, None if scene is None else type(scene))
    if scene is not None and scene != made.scene:
        raise SceneError(f"{folder} is a run of other settings: {made.scene}; {scene} was given")
    if made.seeds is not None:
        by = "resume_seeds" if made.plan.batch is None else "resume_starts"
        raise SceneError(f"{folder} holds the runs of {made.seeds} seeds: {by} goes on with them")
    if made.plan.batch is not None and not made.is_drawn:
        raise SceneError(f"{folder} is one of {made.plan.batch} starts that are trained as one: resume them all")
    callbacks, (rule, event) = Callbacks(callback), rule_and_event(stop)
    plan = changed(folder, made, iterations, optimizer, rule)
    return _resumed(made, replace(made, plan=plan), folder, report, event, callbacks)


def resumed(
    folder: Path, target: Settings, report: Report, stop: threading.Event | None, callbacks: Callbacks
) -> Run[Any]:
    """Continue the run of one of several seeds, to the end that all of them have."""
    made = read_settings(folder, type(target.scene))
    goal = replace(made.plan, iterations=target.plan.iterations, stop=target.plan.stop, own=target.plan.own)
    return _resumed(made, replace(made, plan=goal), folder, report, stop, callbacks)


def _resumed(
    made: Settings,
    target: Settings,
    folder: Path,
    report: Report,
    stop: threading.Event | None,
    callbacks: Callbacks,
) -> Run[Any]:
    with scene_precision(made.plan.precision):
        training = Training(target, folder, report, stop, callbacks)
        if (known := finished(training)) is not None:
            callbacks.close()
            return known
        check_ready(target.plan, target.scene, target.inputs)
        if target.plan != made.plan:
            target.write(folder)
        return _carried_out(training)


def changed(
    folder: Path, made: Settings, iterations: int | None, optimizer: Any, stop: str | Sequence[str] | None
) -> Plan:
    """The plan of a resumed run: only its end may differ. SceneError for another optimiser."""
    known = made.plan if optimizer is None else check_same(folder, made, optimizer)
    until = known.stop if stop is None else str(parse_stop(stop))
    return replace(known, iterations=known.iterations if iterations is None else iterations, stop=until)


def finished(training: Training) -> Run[Any] | None:
    """The outcome of a resumed run that is already finished, else None; SceneError if it went beyond its total."""
    total, i = training.plan.iterations, training.at.iteration
    # An optimiser that ended by itself would do so with any larger total too.
    if not (training.done and (training.ended or i >= total)):
        if i > total:
            raise SceneError(
                f"{training.out} has done {i} iterations already; iterations is the total, and {total} was given"
            )
        return None
    assert training.out is not None
    training.rows = read_rows(training.out / METRICS, i + 1)
    more = "" if training.ended else "; a larger number of iterations goes on"
    return outcome(training, f"{training.out} is finished: {_how_it_ended(training)}{more}")


def _how_it_ended(training: Training) -> str:
    i = training.at.iteration
    return (
        f"{training.plan.optimizer.removeprefix(MARK)} {training.ended} at iteration {i}"
        if training.ended
        else f"{i} iterations are done"
    )


def _carried_out(training: Training) -> Run[Any]:
    with reporting(training.report, training.settings.scene, training.plan.iterations) as training.report:
        training.run()
    return outcome(training)


def outcome(training: Training, note: str | None = None) -> Run[Any]:
    """The outcome of a run that ended well; its remark says how, where that was before its total."""
    assert training.best is not None, "a run that ends well has seen a finite loss"
    if note is None and training.ended:
        note = f"{_how_it_ended(training)} of {training.plan.iterations}"
    flat = training.flat
    return Run(
        params=flat.unflatten(training.at.x),
        losses=[row.loss for row in training.rows],
        gradient_norms=[row.gradient_norm for row in training.rows],
        best_loss=training.best.loss,
        best_params=flat.unflatten(training.best.x),
        compile_seconds=training.compile_seconds,
        seconds_per_iteration=training.seconds_per_iteration,
        attempts=shown(training.attempts, training.at.iteration, training.at.x, flat),
        out=training.out,
        seed=training.plan.seed,
        note=note or training.zero,
        is_drawn=training.is_drawn,
        best_iteration=training.best.iteration,
        zero=training.zero,
        measured=training.settings.scene.measure.label,
        terms={
            name: [row.terms.get(name, float("nan")) for row in training.rows] for name in training.rows[-1].terms
        },
    )


def shown(remembered: list[tuple[int, Vector]], reached: int, x: Vector, flat: FlatView[P]) -> list[tuple[int, P]]:
    """The attempts that a picture shows; the point that was reached is the last."""
    params = {**dict(remembered), reached: x}
    return [(i, flat.unflatten(params[i])) for i in worth_showing(sorted(params))]
