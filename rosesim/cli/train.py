"""`rosesim train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rosesim.cli.app import app
from rosesim.cli.chance import note_equal_seeds, note_sampled_inputs
from rosesim.cli.options import (
    Batch,
    Clip,
    Cluster,
    Engine,
    Estimator,
    Gif,
    Headless,
    Iterations,
    Json,
    Log,
    MemoryBudget,
    Optimizer,
    Out,
    Precision,
    Rate,
    Resume,
    Samples,
    SceneOrResume,
    Schedule,
    Seed,
    Seeds,
    Set,
    Sigma,
    Smooth,
    Stop,
    SweepSpec,
    Workers,
)
from rosesim.cli.outcome import print_outcome
from rosesim.cli.output import training_progress
from rosesim.cli.recorded import LEARNING_RATE, with_rate
from rosesim.cli.sweep import new_sweep, print_sweep, resumed_sweep
from rosesim.optimise.table import FOREIGN
from rosesim.scenes import configure
from rosesim.scenes.errors import SceneError
from rosesim.scenes.locate import is_place, scene_at
from rosesim.scenes.precision import check_precision, compute_in
from rosesim.scenes.writing import check_target

if TYPE_CHECKING:
    from rosesim.train import Run, SeedRuns


@app.command()
def train(
    scene: SceneOrResume = None,
    iterations: Iterations = None,
    optimizer: Optimizer = None,
    lr: Rate = None,
    stop: Stop = None,
    seed: Seed = None,
    seeds: Seeds = None,
    set_: Set = None,
    schedule: Schedule = None,
    clip: Clip = None,
    sigma: Sigma = None,
    batch: Batch = None,
    smooth: Smooth = None,
    samples: Samples = None,
    estimator: Estimator = None,
    precision: Precision = None,
    sweep: SweepSpec = None,
    workers: Workers = None,
    engine: Engine = None,
    cluster: Cluster = None,
    memory_budget: MemoryBudget = None,
    out: Out = None,
    resume: Resume = None,
    gif: Gif = None,
    log: Log = None,
    headless: Headless = False,
    json: Json = False,
) -> None:
    """Tune a scene by its gradient, into a run's folder.

    Ctrl-C saves and says how to go on. Several runs: --seeds, --batch, --sweep. Without --stop a run makes all of its
    iterations; where its record shows a problem, a last line names the command that examines it.
    """
    from rosesim.ad.support.budget import budget
    from rosesim.ad.support.budget import memory_budget as within
    from rosesim.train.folder import is_unbegun
    from rosesim.train.sweeps import is_sweep

    if gif is not None:
        from rosesim.view import require_pictures

        require_pictures()  # before the training, so that it does not end without a picture
        check_target(gif, ".gif", make_folder=True)
    set_ = with_rate(set_, lr)
    check_precision(precision)
    compute_in(precision)  # pictures, too
    options: dict[str, Any] = {
        "optimizer": optimizer, "seed": seed, "schedule": schedule, "clip": clip, "sigma": sigma, "batch": batch,
        "smooth": smooth, "samples": samples, "estimator": estimator, "precision": precision,
    }  # fmt: skip
    if seeds is not None and batch is not None:
        raise SceneError("--seeds trains a run of each seed on threads, --batch all of them in one program: give one")
    if log and sweep is not None:
        raise SceneError("--log follows the runs of this process, and --sweep trains in others: leave it out")
    if resume is not None and out is not None:
        raise SceneError("--out is a new run's folder; --resume DIR continues in DIR")
    with within(budget() if memory_budget is None else memory_budget << 20):
        how = {k: v for k, v in {"workers": workers, "engine": engine, "cluster": cluster}.items() if v is not None}
        if resume is not None and is_sweep(resume):
            changes = {**options, "iterations": iterations, "seeds": seeds, "set": set_, "stop": stop}
            print_sweep(resumed_sweep(resume, scene, sweep, changes, how), gif, json)
            return
        if sweep is not None:
            if seeds is not None or resume is not None:
                what = "seeds are part of its text, as seeds=0..3" if seeds else f"{resume} is not the folder of one"
                raise SceneError(f"--sweep begins a sweep: {what}")
            print_sweep(
                new_sweep(scene, sweep, set_, {**options, "iterations": iterations, "stop": stop}, out, how),
                gif,
                json,
            )
            return
        if how:
            raise SceneError(f"--{next(iter(how))} is for a sweep; expected --sweep SPEC too")
        # A run that was killed before its settings were written begins with the options of the command line.
        if resume is None or (scene is not None and is_unbegun(resume)):
            if scene is None:
                raise SceneError("Missing argument 'SCENE' (rosesim list shows what there is)")
            given = {name: value for name, value in options.items() if value is not None}
            if stop:
                given["stop"] = stop
            made, inputs, outcome = _new(scene, set_, iterations, seeds, given, resume or out, log or [])
        else:
            agreed = {**options, "seeds": seeds}
            made, inputs, outcome = _resumed(resume, scene, set_, iterations, agreed, stop, log or [])
        print_outcome(made, inputs, outcome, gif, json)


def _new(
    scene: str,
    assignments: list[str],
    iterations: int | None,
    seeds: int | None,
    given: dict[str, Any],
    out: Path | None,
    log: list[str],
) -> tuple[Any, Any, Run[Any] | SeedRuns]:
    from rosesim.scenes.drawn import is_drawn
    from rosesim.train import folder, plan, train_seeds, train_starts
    from rosesim.train import train as run_training
    from rosesim.train.sinks import EachSeed, sink_of

    made, inputs = configure(scene_at(scene), assignments)
    asked = given.get("optimizer") or made.published.optimizer
    if asked in FOREIGN and any(a.partition("=")[0].strip() == LEARNING_RATE for a in assignments):
        raise SceneError(f"{asked} finds the lengths of its steps itself: no learning rate applies")
    how_to = plan(made, inputs, iterations, **given)  # raises for a mistake, before anything is made
    total = how_to.iterations
    if seeds is not None and seeds < 1:
        raise SceneError(f"seeds is 1 or more; {seeds} was given")
    how: dict[str, Any] = {"inputs": inputs, "iterations": total, **given}
    starts = None if is_drawn(made, inputs) else how.get("batch")
    sinks = [sink_of(text) for text in log]  # raises for a package that is not there
    how["out"] = folder.new_folder(made.name) if out is None else out
    note_sampled_inputs(made, inputs, assignments, how_to.optimizer)
    note_equal_seeds(made, inputs, range(how_to.seed, how_to.seed + (seeds or starts or 1)), how_to.optimizer)
    how["callback"] = [EachSeed(make, how["out"]) if seeds or starts else make(how["out"]) for make in sinks]
    with training_progress(made.name, total, seeds or starts or 1) as report:
        if seeds is not None:
            return made, inputs, train_seeds(made, seeds, **how, report=report)
        if starts is not None:
            del how["batch"]
            return made, inputs, train_starts(made, starts, **how, report=report)
        return made, inputs, run_training(made, **how, report=report)


def _resumed(
    folder: Path,
    scene: str | None,
    assignments: list[str],
    iterations: int | None,
    options: dict[str, Any],
    stop: list[str] | None,
    log: list[str],
) -> tuple[Any, Any, Run[Any] | SeedRuns]:
    from rosesim.train import resume as resume_run
    from rosesim.train import resume_seeds, resume_starts
    from rosesim.train.agree import check_agrees
    from rosesim.train.settings import read_settings
    from rosesim.train.sinks import EachSeed, sink_of

    kind = scene_at(scene) if scene is not None and is_place(scene) else None
    found = read_settings(folder, kind)
    check_agrees(folder, found, found.scene.name if kind is not None else scene, assignments, **options)
    compute_in(found.plan.precision)
    sinks = [sink_of(text) for text in log]
    total = found.plan.iterations if iterations is None else iterations
    with training_progress(found.scene.name, total, found.seeds or 1) as report:
        how: dict[str, Any] = {"scene": found.scene, "iterations": iterations, "report": report, "stop": stop}
        how["callback"] = [make(folder) if found.seeds is None else EachSeed(make, folder) for make in sinks]
        if found.seeds is None:
            return found.scene, found.inputs, resume_run(folder, **how)
        several = resume_seeds if found.plan.batch is None else resume_starts
        return found.scene, found.inputs, several(folder, **how)
