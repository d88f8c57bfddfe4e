"""`rosesim check` and `rosesim bench`: is the gradient right, and how fast is it?"""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from rosesim.cli import complete
from rosesim.cli.app import app
from rosesim.cli.norms import Norms, print_norms
from rosesim.cli.options import (
    A_SCENE,
    Estimator,
    Json,
    Precision,
    Samples,
    SceneOrRun,
    Set,
    Smooth,
    path,
)
from rosesim.cli.output import note, print_json, shown_terms
from rosesim.cli.place import Last, Place, place
from rosesim.scenes import scene_names
from rosesim.scenes.errors import SceneError
from rosesim.scenes.precision import scene_precision
from rosesim.scenes.writing import check_target


@app.command()
def check(
    what: SceneOrRun,
    set_: Set = None,
    last: Last = False,
    json: Json = False,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", parser=path, help="Draw the loss along its gradient, with the tangent, as a PNG."
        ),
    ] = None,
    norms: Norms = False,
    scale: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[PARAM=]NUMBER",
            help="The scale of params whose own magnitude is not their scale: 0.01, or angle=0.01.",
        ),
    ] = None,
    smooth: Smooth = None,
    samples: Samples = None,
    estimator: Estimator = None,
) -> None:
    """Is the gradient right, and over what distance is it of use?

    Where tuning begins or at a run's params, reverse mode is compared with forward mode and with differences.
    """
    from rosesim.scenes.check import check_gradient, smoothed_over_distance

    if picture is not None:
        from rosesim.view import require_pictures

        check_target(picture, ".png")
        require_pictures()
    at = place(what, set_ or [], last)
    made = at.scene
    if norms:
        return print_norms(made, at.inputs, json, at.params)
    found = check_gradient(made, at.inputs, params=at.params, scale=_scale(scale))
    how = at.smoothing(smooth, samples, estimator)
    smoothed, of_smoothed = None, {}
    if how is not None:
        smoothed = smoothed_over_distance(made, how, at.inputs, at.seed, params=at.params, scale=_scale(scale))
        of_smoothed = {
            "smoothed": {**asdict(how), "over_distance": smoothed.record(), "limit": smoothed.limit_record()}
        }
    if picture is not None:
        _draw(at, picture)
    if json:
        print_json(
            {
                "scene": made.name,
                "max_rel_error_jvp_vjp": found.max_rel_error_jvp_vjp,
                "max_rel_error_fd": found.max_rel_error_fd,
                "verdicts": found.verdicts,
                "over_distance": [] if found.over_distance is None else found.over_distance.record(),
                "limit": None if found.over_distance is None else found.over_distance.limit_record(),
                **({"terms": dict(found.terms)} if found.terms else {}),
                **of_smoothed,
                "at": at.name,
                "passed": found.passed,
            }
        )
    else:
        if at.folder is not None:
            print(f"{made.name}: at {at.name}")
        if found.terms:
            print(f"{made.name}: loss {math.fsum(found.terms.values()):.4g} = {shown_terms(found.terms)}")
        for line in (*map(str, found.report.verdicts), *found.report.distance_lines):
            print(f"{made.name}: {line}")
        print(
            f"{made.name}: reverse differs from forward by {found.max_rel_error_jvp_vjp:.1e}, "
            f"from differences by {found.max_rel_error_fd:.1e}"
        )
        if smoothed is not None:
            for line in filter(None, (smoothed.text, str(smoothed))):
                print(f"{made.name}: {how}: {line}")
    if not found.passed:
        note(f"the gradient check of {made.name} failed: " + "; ".join(
            f"{v.input}: {v.text}" for v in found.report.verdicts if not v.passed))  # fmt: skip
        raise typer.Exit(1)


def _scale(given: list[str] | None) -> float | dict[str, float] | None:
    """The scale of all params, or of each by name."""
    found: dict[str, float] = {}
    for text in given or []:
        name, _, number = text.rpartition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise SceneError(f"--scale {text} was found; expected a number, or PARAM=NUMBER") from None
    if "" in found and len(found) > 1:
        raise SceneError("--scale takes one number for all params, or PARAM=NUMBER for each; both were found")
    return found.get("", found or None)


def _draw(at: Place, file: Path) -> None:
    from rosesim import view
    from rosesim.scenes.check import loss_along_gradient

    view.write_png(file, view.tangents(loss_along_gradient(at.scene, at.inputs, params=at.params)))


@app.command()
def bench(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCENE|RUN]",
            help=f"{A_SCENE}; or the folder of a run, at its best params. All scenes if not given.",
            autocompletion=complete.scenes,
        ),
    ] = None,
    set_: Set = None,
    last: Last = False,
    batch: Annotated[int, typer.Option(help="Independent runs at once; times are for each.")] = 1,
    precision: Precision = None,
    json: Json = False,
) -> None:
    """How long do a value and its gradient take, and compiling?

    Milliseconds are medians for one run, newly compiled; memory is the peak so far.
    """
    from rosesim.scenes.bench import bench as measure

    if batch < 1:
        raise SceneError(f"batch is 1 or more; {batch} was given")
    if what is None and (set_ or last):
        raise SceneError("--set needs the name of a scene" if set_ else "--last needs the folder of a run")
    results: list[dict[str, Any]] = []
    for name in [what] if what is not None else scene_names():
        at = place(name, set_ or [], last)
        with scene_precision(precision or at.precision):
            r = measure(at.scene, at.inputs, batch, params=at.params)
        results.append(r)
        if not json:
            cached = r["cached_compile_seconds"]
            from_cache = "" if cached is None else f" ({cached:.2f} s from the cache)"
            where = name if at.folder is None else f"{at.scene.name} at {at.name}"
            print(
                f"{where}: value {r['value_ms']:.3f} ms, with gradient {r['value_and_grad_ms']:.3f} ms, "
                f"compiled in {r['compile_seconds']:.2f} s{from_cache}"
                + (f", a run of a batch of {batch}" if batch > 1 else "")
            )
    if json:
        print_json({"results": results})
