"""How `rosesim train` reports its result: in words, as JSON, by its exit status."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from rosesim.cli.output import note, print_json, shown_terms
from rosesim.cli.pictures import write_pictures
from rosesim.scenes.errors import UnwritableFile

if TYPE_CHECKING:
    from rosesim.train import Run, SeedRuns


def print_outcome(scene: Any, inputs: Any, outcome: Run[Any] | SeedRuns, gif: Path | None, json: bool) -> None:
    """Print the outcome and write its picture (that of the best seed); exit with 1 where a seed failed."""
    from rosesim.train import SeedRuns

    several = outcome if isinstance(outcome, SeedRuns) else None
    runs = outcome.runs if isinstance(outcome, SeedRuns) else [outcome]
    for run in runs:
        if run.note and run.note != run.zero:  # that was told when it happened
            note(run.note if several is None else f"seed {run.seed}: {run.note}")
    failure: UnwritableFile | None = None
    if gif is not None and runs:
        best = min(runs, key=lambda r: r.best_loss)
        try:
            write_pictures(scene, inputs, best.until_best, best.curve, gif, None, best_loss=best.best_loss)
        except UnwritableFile as e:  # the training is done and saved, so its result is printed first
            gif, failure = None, e
    numbers = numbers_of_seeds(several) if several else numbers_of(runs[0])
    remarks = _remarks(scene, inputs, runs)
    if json:
        seeds = {} if several is None else {"seeds": seed_entries(several)}
        said = {"remarks": remarks} if remarks else {}
        print_json({"scene": scene.name, **numbers, **said, "out": str(outcome.out), **seeds})
    else:
        if several:
            print("\n".join(seed_lines(several)))
        if runs:
            print(summary(scene, numbers, f", median of {len(runs)} seeds" if several else ""))
        print("\n".join(remarks), end="\n" * bool(remarks))
        print(f"saved in {outcome.out}" + (f", shown in {gif}" if gif and runs else ""))
    _note_doubt(runs, several is not None)
    if several is not None and (failed := [s for s in several.seeds if s.run is None]):
        if failure is not None:
            note(str(failure))
        note(f"{len(failed)} of {len(several.seeds)} seeds failed; seed {failed[0].seed}: {failed[0].error}")
        raise typer.Exit(1)
    if failure is not None:
        raise failure


def _remarks(scene: Any, inputs: Any, runs: list[Run[Any]]) -> list[str]:
    """What the scene says of the best params."""
    if not runs:
        return []
    try:
        return list(scene.remarks(min(runs, key=lambda r: r.best_loss).best_params, inputs))
    except ValueError as e:  # the training is done and saved, and its result is printed all the same
        return [f"{scene.name} has no more to say of these params: {e}"]


def _note_doubt(runs: list[Run[Any]], are_several: bool) -> None:
    """Print one line where a run's own record shows a problem, with the command that examines it."""
    found = [(run, clause) for run in runs if (clause := run.doubt) is not None]
    if found:
        run, clause = found[0]
        whose = f"seed {run.seed} (of {len(found)} such): " if are_several else ""
        note(f"{whose}{clause}; whether its gradient is of use there: rosesim check {run.out} --last")


def numbers_of(run: Run[Any]) -> dict[str, Any]:
    """The numbers that are reported for a run."""
    return {
        "iterations": run.iterations,
        "loss_first": run.losses[0],
        "loss_last": run.losses[-1],
        "best_loss": run.best_loss,
        "best_iteration": run.best_iteration,
        **means(run),
        "compile_seconds": run.compile_seconds,
        "seconds_per_iteration": run.seconds_per_iteration,
        **({"terms_last": {name: values[-1] for name, values in run.terms.items()}} if run.terms else {}),
    }


def means(run: Run[Any]) -> dict[str, float]:
    """The mean loss over the first and the last 200 iterations, where inputs differ between iterations."""
    from rosesim.train.metrics import MEAN_OVER

    curve = run.curve
    return {"mean_first": curve[:MEAN_OVER][-1], "mean_last": curve[-1]} if run.is_drawn else {}


def numbers_of_seeds(several: SeedRuns) -> dict[str, Any]:
    """The same for seeds: medians, but the most iterations; null where no seed finished."""

    def median(of: Callable[[Run[Any]], float]) -> float | None:
        return several.median(of) if several.runs else None

    return {
        "iterations": max((r.iterations for r in several.runs), default=None),
        "loss_first": median(lambda r: r.losses[0]),
        "loss_last": median(lambda r: r.losses[-1]),
        "best_loss": median(lambda r: r.best_loss),
        **{k: median(lambda r, k=k: means(r)[k]) for k in (means(several.runs[0]) if several.runs else {})},
        "compile_seconds": several.compile_seconds,
        "seconds_per_iteration": median(lambda r: r.seconds_per_iteration),
    }


def seed_entries(several: SeedRuns) -> list[dict[str, Any]]:
    """An object for each seed; one that failed has nulls, and an `error`."""
    entries: list[dict[str, Any]] = []
    for s in several.seeds:
        numbers = {} if s.run is None else numbers_of(s.run)
        losses = {name: numbers.get(name) for name in ("loss_first", "loss_last", "best_loss")}
        entries.append(
            {"seed": s.seed, **losses, "out": str(s.out), **({} if s.error is None else {"error": s.error})}
        )
    return entries


def seed_lines(several: SeedRuns) -> list[str]:
    """A line for each seed."""
    return [
        f"seed {s.seed}: failed: {s.error}"
        if s.run is None
        else f"seed {s.seed}: loss {s.run.losses[0]:.4g} to {s.run.losses[-1]:.4g} (best {s.run.best_loss:.4g})"
        for s in several.seeds
    ]


def summary(scene: Any, n: dict[str, Any], median: str) -> str:
    """One line for the user."""
    measured = f" ({scene.measure.label})" if scene.measure.is_declared else ""
    mean = "mean_first" in n
    first, last = (n["mean_first"], n["mean_last"]) if mean else (n["loss_first"], n["loss_last"])
    at = f" at iteration {n['best_iteration']}" if "best_iteration" in n else ""
    return (
        f"{scene.name}: {'mean ' if mean else ''}loss{measured} {first:.4g} to {last:.4g} "
        f"in {n['iterations']} iterations (best {n['best_loss']:.4g}{at}{median}){_terms(n)}; "
        f"compiled in {n['compile_seconds']:.2f} s, {1e3 * n['seconds_per_iteration']:.2f} ms an iteration"
    )


def _terms(n: dict[str, Any]) -> str:
    found = shown_terms(n.get("terms_last", {}))
    return found and f", at the end {found}"
