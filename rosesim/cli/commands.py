"""The commands, each a thin layer over the library."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from rosesim.cli import system
from rosesim.cli.output import note, print_json, training_progress
from rosesim.scenes import configure, find_scene, scene_names
from rosesim.scenes.errors import SceneError

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,  # rich would take most of the time of --help
    pretty_exceptions_enable=False,
    help="Differentiable simulation of things that move.",
)

SceneArgument = Annotated[str, typer.Argument(metavar="SCENE", help="A scene's name; see `rosesim list`.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FIELD=VALUE", help="Change a setting or an input, as in steps=512 or goal=0.8,0.7."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of standard output.")]
Iterations = Annotated[int | None, typer.Option(help="Updates in total; the published number if not given.")]
Optimizer = Annotated[str | None, typer.Option(metavar="NAME", help="The published one if not given.")]
Seed = Annotated[int, typer.Option(help="Of the random numbers that params start from.")]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="The run's folder; runs/SCENE-TIME if not given.")]
Gif = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the optimisation as a GIF.")]
Png = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the last attempt's end as a PNG.")]


@app.callback()
def everywhere(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks; may stand anywhere on the line.")] = False,
) -> None:
    """Take the flags that every command has."""


@app.command("list")
def list_() -> None:
    """The scenes, a line each."""
    names = scene_names()
    wide = max(map(len, names), default=0)
    for name in names:
        try:
            scene = find_scene(name)
        except SceneError as e:  # one broken package must not hide the others' scenes
            note(str(e))
            continue
        print(f"{name:{wide}}  {(scene.__doc__ or '').strip().splitlines()[0]}")


@app.command()
def train(
    scene: SceneArgument,
    iterations: Iterations = None,
    optimizer: Optimizer = None,
    seed: Seed = 0,
    set_: Set = None,
    out: Out = None,
    gif: Gif = None,
    json: Json = False,
) -> None:
    """Tune a scene by its gradient, into a run's folder."""
    from rosesim.train import folder, plan
    from rosesim.train import train as run_training

    made, inputs = configure(find_scene(scene), set_ or [])
    total = plan(made, inputs, iterations, optimizer, seed).iterations  # a mistake shows before anything is made
    where = folder.new_folder(made.name) if out is None else out
    with training_progress(made.name, total) as report:
        run = run_training(
            made, inputs=inputs, iterations=total, optimizer=optimizer, seed=seed, out=where, report=report
        )
    if gif is not None:
        _pictures(made, inputs, run.attempts, run.losses, gif, None)
    if json:
        print_json(
            {
                "scene": made.name,
                "iterations": total,
                "loss_first": run.losses[0],
                "loss_last": run.losses[-1],
                "best_loss": run.best_loss,
                "compile_seconds": run.compile_seconds,
                "seconds_per_iteration": run.seconds_per_iteration,
                "out": str(where),
            }
        )
        return
    print(
        f"{made.name}: loss {run.losses[0]:.4g} to {run.losses[-1]:.4g} in {total} iterations "
        f"(best {run.best_loss:.4g}); compiled in {run.compile_seconds:.2f} s, "
        f"{1e3 * run.seconds_per_iteration:.2f} ms an iteration"
    )
    print(f"saved in {where}" + (f", shown in {gif}" if gif else ""))


@app.command()
def export(
    what: Annotated[str, typer.Argument(metavar="SCENE|RUN", help="A scene's name, or the folder of a run.")],
    set_: Set = None,
    gif: Gif = None,
    png: Png = None,
) -> None:
    """Pictures of a run, or of a scene's published optimisation."""
    from rosesim.train import folder
    from rosesim.train import train as run_training

    if gif is None and png is None:
        raise SceneError("export needs --gif FILE or --png FILE")
    if (Path(what) / folder.SETTINGS).is_file():
        if set_:
            raise SceneError(f"{what} is a run, whose settings are in its folder; --set goes with a scene's name")
        made, inputs = folder.read_scene(Path(what))
        remembered, losses = folder.read_attempts(Path(what), made), folder.read_losses(Path(what))
    else:
        made, inputs = configure(find_scene(what), set_ or [])
        with training_progress(made.name, made.published.iterations) as report:
            run = run_training(made, inputs=inputs, report=report)
        remembered, losses = run.attempts, run.losses
    _pictures(made, inputs, remembered, losses, gif, png)
    for file in filter(None, (gif, png)):
        print(f"wrote {file}")


@app.command()
def check(scene: SceneArgument, set_: Set = None, json: Json = False) -> None:
    """Gradient check: reverse mode against forward mode and against differences."""
    from rosesim.scenes.check import check_gradient

    made, inputs = configure(find_scene(scene), set_ or [])
    found = check_gradient(made, inputs)
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
        for name, verdict in found.verdicts.items():
            print(f"{made.name}: {name}: {verdict}")
        print(
            f"{made.name}: reverse differs from forward by {found.max_rel_error_jvp_vjp:.1e}, "
            f"from differences by {found.max_rel_error_fd:.1e}"
        )
    if not found.passed:
        note(f"the gradient check of {made.name} failed: " + "; ".join(
            f"{name}: {v}" for name, v in found.verdicts.items() if v.startswith("wrong")))  # fmt: skip
        raise typer.Exit(1)


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
            print(
                f"{name}: value {r['value_ms']:.3f} ms, with gradient {r['value_and_grad_ms']:.3f} ms, "
                f"compiled in {r['compile_seconds']:.2f} s" + (f", a run of a batch of {batch}" if batch > 1 else "")
            )
    if json:
        print_json({"results": results})


@app.command()
def info() -> None:
    """Versions and the machine."""
    from importlib import metadata

    print(f"rosesim {metadata.version('rosesim')}, Python {sys.version.split()[0]}")
    for package in ("numpy", "llvmlite", "pygame-ce", "imageio", "pillow", "typer"):
        print(f"{package} {metadata.version(package)}")
    print(f"{system.platform_name()}, {system.cpu_name()}, {system.cores()} cores")


def _pictures(
    scene: Any,
    inputs: Any,
    remembered: list[tuple[int, Any]],
    losses: list[float],
    gif: Path | None,
    png: Path | None,
) -> None:
    from rosesim import view

    attempts = view.attempts(scene, inputs, remembered, losses)
    if png is not None:
        last = len(attempts[-1].trajectory) - 1
        view.write_png(png, view.picture(scene, inputs, attempts, losses, last))
    if gif is not None:
        frames, seconds = view.movie(scene, inputs, attempts, losses)
        view.write_gif(gif, frames, seconds)
