"""`rosesim check` and `rosesim bench`: is the gradient right, and how fast is it?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rosesim.cli.app import Json, SceneArgument, Set, app, path
from rosesim.cli.norms import Norms, tell_norms
from rosesim.cli.output import note, print_json
from rosesim.scenes import configure, find_scene, scene_names
from rosesim.scenes.errors import SceneError
from rosesim.scenes.writing import check_target


@app.command()
def check(
    scene: SceneArgument,
    set_: Set = None,
    json: Json = False,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", parser=path, help="Draw the loss along its gradient, with the tangent, as a PNG."
        ),
    ] = None,
    norms: Norms = False,
) -> None:
    """Gradient check: reverse mode against forward mode and against differences."""
    from rosesim.scenes.check import check_gradient

    if picture is not None:
        check_target(picture, ".png")
    made, inputs = configure(find_scene(scene), set_ or [])
    if norms:
        return tell_norms(made, inputs, json)
    found = check_gradient(made, inputs)
    if picture is not None:
        _draw(made, inputs, picture)
    if json:
        print_json(
            {
                "scene": made.name,
                "max_rel_error_jvp_vjp": found.max_rel_error_jvp_vjp,
                "max_rel_error_fd": found.max_rel_error_fd,
                "verdicts": found.verdicts,
                "passed": found.passed,
            }
        )
    else:
        for verdict in found.report.verdicts:
            print(f"{made.name}: {verdict}")
        print(
            f"{made.name}: reverse differs from forward by {found.max_rel_error_jvp_vjp:.1e}, "
            f"from differences by {found.max_rel_error_fd:.1e}"
        )
    if not found.passed:
        note(f"the gradient check of {made.name} failed: " + "; ".join(
            f"{v.input}: {v.text}" for v in found.report.verdicts if not v.passed))  # fmt: skip
        raise typer.Exit(1)


def _draw(scene: Any, inputs: Any, file: Path) -> None:
    from rosesim import view
    from rosesim.scenes.check import loss_along_gradient

    view.write_png(file, view.tangents(loss_along_gradient(scene, inputs)))


@app.command()
def bench(
    scene: Annotated[str | None, typer.Argument(metavar="[SCENE]", help="All scenes if not given.")] = None,
    set_: Set = None,
    batch: Annotated[int, typer.Option(help="Independent runs at once; times are for each.")] = 1,
    json: Json = False,
) -> None:
    """Milliseconds for a value and gradient, compile time, memory."""
    from rosesim.scenes.bench import bench as measure

    if batch < 1:
        raise SceneError(f"batch is 1 or more; {batch} was given")
    if scene is None and set_:
        raise SceneError("--set needs the name of a scene")
    results: list[dict[str, Any]] = []
    for name in [scene] if scene else scene_names():
        made, inputs = configure(find_scene(name), set_ or [])
        r = measure(made, inputs, batch)
        results.append(r)
        if not json:
            cached = r["cached_compile_seconds"]
            from_cache = "" if cached is None else f" ({cached:.2f} s from the cache)"
            print(
                f"{name}: value {r['value_ms']:.3f} ms, with gradient {r['value_and_grad_ms']:.3f} ms, "
                f"compiled in {r['compile_seconds']:.2f} s{from_cache}"
                + (f", a run of a batch of {batch}" if batch > 1 else "")
            )
    if json:
        print_json({"results": results})
