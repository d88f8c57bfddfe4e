"""`rosesim train --sweep`: running a sweep, and its output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from rosesim.cli.chance import note_equal_seeds, note_sampled_inputs
from rosesim.cli.output import note, print_json, sweep_progress
from rosesim.scenes import configure
from rosesim.scenes.errors import SceneError, UnwritableFile
from rosesim.scenes.locate import is_place, scene_at

if TYPE_CHECKING:
    from rosesim.train.sweeps import Sweep, Tried

SHOWN = 20
"""Most trials in the table; the journal has all."""


def new_sweep(
    scene: str | None,
    spec: str,
    assignments: list[str],
    options: dict[str, Any],
    out: Path | None,
    how: dict[str, Any],
) -> Sweep:
    """Begin a sweep; `options` are for training, `how` says where it runs."""
    from rosesim.train import folder, sweep
    from rosesim.train.sweeps.record import make_record

    if scene is None:
        raise SceneError("Missing argument 'SCENE' (rosesim list shows what there is)")
    kind = scene_at(scene)
    given = {k: v for k, v in options.items() if v is not None}
    record = make_record(scene, spec, assignments, given)  # raises for a mistake, before a folder is made
    made, inputs = configure(record.kind, record.given(record.trials[0]))
    note_sampled_inputs(made, inputs, record.given(record.trials[0]), record.plan.optimizer)
    note_equal_seeds(made, inputs, sorted({t.plan.seed for t in record.trials}), record.plan.optimizer)
    if out is None:
        out = folder.new_folder(kind.name)
    with sweep_progress(kind.name) as report:
        return sweep(scene, spec, assignments=assignments, **given, out=out, **how, report=report)


def resumed_sweep(
    folder: Path, scene: str | None, spec: str | None, changes: dict[str, Any], how: dict[str, Any]
) -> Sweep:
    """Continue a sweep; nothing in it can be changed."""
    from rosesim.train import resume_sweep
    from rosesim.train.sweeps.record import read_record

    record = read_record(folder)
    named = scene_at(scene).name if scene is not None and is_place(scene) else scene
    for name, known, given in (("scene", record.kind.name, named), ("sweep", record.spec, spec)):
        if given is not None and given != known:
            raise SceneError(f"{folder} is a sweep with {name} = {known}, which {name} = {given} contradicts")
    if changed := [name for name, value in changes.items() if value]:
        raise SceneError(f"{folder} is a sweep, which continues as it began: leave --{changed[0]} out")
    with sweep_progress(record.kind.name) as report:
        return resume_sweep(folder, **how, report=report)


def print_sweep(found: Sweep, gif: Path | None, json: bool) -> None:
    """Print the table and the outcome, write the best trial's picture; exit with 1 where a trial failed."""
    note("\n".join([f"{found.scene}: the trials, the best first", *table(found)]))
    best = found.best
    failure: UnwritableFile | None = None
    if gif is not None and best is not None:
        from rosesim.cli.pictures import write_pictures
        from rosesim.cli.recorded import read_run

        run = read_run(best.out)
        try:
            write_pictures(run.scene, run.inputs, run.remembered, run.losses, gif, None, best_loss=run.best_loss)
        except UnwritableFile as e:  # the result of the sweep is printed first
            gif, failure = None, e
    if json:
        print_json({"scene": found.scene, **_numbers(best), "trials": [_entry(t) for t in found.tried],
                    "out": str(found.out)})  # fmt: skip
    else:
        if best is not None:
            values = " ".join(f"{k}={v}" for k, v in best.trial.values.items())
            n = best.outcome.numbers
            print(
                f"{found.scene}: best of {found.count} trials is {values}: loss {n['loss_first']:.4g} to "
                f"{n['loss_last']:.4g} in {n['iterations']} iterations (best {n['best_loss']:.4g})"
            )
        print(f"saved in {found.out}" + (f", shown in {gif}" if gif and best else ""))
    if failed := found.failed:
        first = failed[0]
        if failure is not None:
            note(str(failure))
        note(f"{len(failed)} of {found.count} trials failed; {first.trial.folder}: {first.outcome.error}")
        raise typer.Exit(1)
    if failure is not None:
        raise failure


def table(found: Sweep) -> list[str]:
    """The best trials and all that failed, in columns."""
    done = [t for t in found.tried if t.outcome.error is None]
    rows = [["trial", *found.names, "first loss", "last loss", "best loss"]]
    for t in done[:SHOWN]:
        n = t.outcome.numbers
        losses = [f"{n[k]:.4g}" for k in ("loss_first", "loss_last", "best_loss")]
        rows.append([t.trial.folder, *map(_short, t.trial.values.values()), *losses])
    if not done:
        rows.clear()
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, wide, strict=True)).rstrip() for row in rows]
    if len(done) > SHOWN:
        lines.append(f"and {len(done) - SHOWN} more: see {found.out / 'journal.jsonl'}")
    return lines + [f"{t.trial.folder}  {_values(t)}  failed: {t.outcome.error}" for t in found.failed]


def _short(value: str) -> str:
    """A value for the table: a sampled number has more digits than the table needs."""
    try:
        return f"{float(value):.5g}" if len(value) > 10 else value
    except ValueError:
        return value


def _values(t: Tried) -> str:
    return " ".join(f"{k}={v}" for k, v in t.trial.values.items())


def _numbers(t: Tried | None) -> dict[str, Any]:
    """The numbers that `train` reports for a run; null where there is no run."""
    from rosesim.train.sweeps.trial import NUMBERS

    return {k: None if t is None else t.outcome.numbers.get(k) for k in NUMBERS}


def _entry(t: Tried) -> dict[str, Any]:
    error = {} if t.outcome.error is None else {"error": t.outcome.error}
    about = {"trial": t.trial.number, "seed": t.trial.plan.seed, "values": t.trial.values}
    return {**about, **_numbers(t), "out": str(t.out), **error}
