"""The arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rosesim.cli import complete
from rosesim.optimise.schedules import ENDS
from rosesim.optimise.table import OPTIMIZERS
from rosesim.scenes.errors import SceneError
from rosesim.scenes.writing import as_path


def path(text: str) -> Path:
    """A path on the command line; `~` is the home folder even after `=`, where the shell does not expand it."""
    try:
        return as_path(text)
    except SceneError as e:
        raise typer.BadParameter(str(e)) from e


A_SCENE = "A scene: its name (rosesim list), scene.py[:CLASS], or MODULE:CLASS"
SceneOrRun = Annotated[
    str,
    typer.Argument(metavar="SCENE|RUN", help=f"{A_SCENE}; or the folder of a run.", autocompletion=complete.scenes),
]
SceneOrResume = Annotated[
    str | None,
    typer.Argument(metavar="SCENE", help=f"{A_SCENE}. --resume may stand alone.", autocompletion=complete.scenes),
]
Watched = Annotated[
    str,
    typer.Argument(
        metavar="SCENE|RUN|FILE",
        help=f"{A_SCENE}; a run's folder; or a diagram: FILE.json, or FILE.substance with --domain and --style.",
        autocompletion=complete.scenes,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="Change a setting or an input, as in steps=512 or goal=0.8,0.7; `rosesim info SCENE` has their names.",
        autocompletion=complete.assignments,
    ),
]
Rate = Annotated[
    float | None,
    typer.Option("--lr", "--learning-rate", metavar="RATE", help="The same as --set learning_rate=RATE."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of standard output.")]
Iterations = Annotated[int | None, typer.Option(help="Updates in total; the published number if not given.")]
Optimizer = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=f"{', '.join(OPTIMIZERS)}, or with other constants, as 'adam(beta2=0.99)'; "
        "the published one if not given.",
        autocompletion=complete.optimizers,
    ),
]
Stop = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULE", help="End early: plateau:ITERATIONS without progress, target:LOSS, time:SECONDS, or several."
    ),
]
Log = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WHERE", help="Send the numbers of each iteration to tensorboard, wandb:PROJECT or mlflow:EXPERIMENT."
    ),
]
Seed = Annotated[int | None, typer.Option(help="Seed of the initial params; 0 if not given.")]
Seeds = Annotated[int | None, typer.Option(metavar="N", help="Train from N seeds, from --seed on, on threads.")]
Schedule = Annotated[
    str | None,
    typer.Option(
        metavar="SPEC",
        help=f"Schedule of the learning rate: {', '.join(ENDS)}; with its updates, as exponential:500; with a rise "
        "before it, as warmup:10+cosine:200.",
        autocompletion=complete.schedules,
    ),
]
Clip = Annotated[float | None, typer.Option(metavar="NORM", help="Scale longer gradients down to this norm.")]
Sigma = Annotated[
    float | None, typer.Option(help="The deviation that cmaes starts with; derived from the params if not given.")
]
Batch = Annotated[
    int | None,
    typer.Option(metavar="N", help="N runs at once in one program: of sampled inputs if there are any, or starts."),
]
Smooth = Annotated[
    float | None,
    typer.Option(
        metavar="SIGMA", help="Average the gradient over params perturbed by this part of their scale, such as 0.1."
    ),
]
Samples = Annotated[
    int | None, typer.Option(metavar="N", help="Number of perturbed params for --smooth; 16 if not given.")
]
Estimator = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Average values (right across jumps; for few params) or gradients (for many params)."
    ),
]
SweepSpec = Annotated[
    str | None,
    typer.Option(
        "--sweep",
        metavar="SPEC",
        help="Train once for each trial: 'learning_rate=0.01,0.1 seeds=0..3', or "
        "'restitution=uniform(0,1) learning_rate=log(1e-3,1) trials=20'.",
    ),
]
Workers = Annotated[
    int | None, typer.Option(metavar="N", help="Processes of a sweep; as many as cores if not given.")
]
Engine = Annotated[str | None, typer.Option(metavar="NAME", help="What runs a sweep's trials: local, or dask.")]
Cluster = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Scheduler of a running Dask cluster.")]
MemoryBudget = Annotated[
    int | None,
    typer.Option(
        metavar="MIB", min=1, help="Keep at most this many MiB of a rollout for its gradient; recompute the rest."
    ),
]
Resume = Annotated[
    Path | None,
    typer.Option(metavar="DIR", parser=path, help="Continue the run of this folder, to --iterations in total."),
]
Headless = Annotated[bool, typer.Option("--headless", help="Open no window; training never does.")]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", parser=path, help="The run's folder; runs/SCENE-TIME if not given.")
]
Gif = Annotated[Path | None, typer.Option(metavar="FILE", parser=path, help="Write the optimisation as a GIF.")]
Png = Annotated[
    Path | None, typer.Option(metavar="FILE", parser=path, help="Write key frames of the optimisation as a PNG.")
]
Npy = Annotated[
    Path | None, typer.Option(metavar="FILE", parser=path, help="Write the tuned params, where they are one array.")
]
Csv = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", parser=path, help="Write the trajectory as CSV, and FILE-metrics.csv with all iterations."
    ),
]
Npz = Annotated[
    Path | None,
    typer.Option(metavar="FILE", parser=path, help="Write trajectory and metrics as arrays in one file of NumPy."),
]
Parquet = Annotated[
    Path | None,
    typer.Option(metavar="FILE", parser=path, help="The same as --csv in Parquet, by pyarrow if it is installed."),
]
Html = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", parser=path, help="Write a web page that runs and optimises the scene, in one file."
    ),
]
Npm = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", parser=path, help="Write the scene's gradient as a JavaScript package, with types, for npm."
    ),
]
License = Annotated[
    str | None,
    typer.Option(metavar="ID", help="The package's licence, as MIT; UNLICENSED (nobody has rights) if not given."),
]
PageMemory = Annotated[
    int | None,
    typer.Option("--memory", metavar="MIB", min=1, help="The page's or package's memory; 64 if not given."),
]
PageIterations = Annotated[
    int | None,
    typer.Option(
        "--iterations", metavar="N", min=1, help="The page's or package's iterations; the published if not given."
    ),
]
PageMath = Annotated[
    str | None,
    typer.Option("--math", metavar="NAME", help="It computes fast, or strict: to the same bits everywhere."),
]
PagePrecision = Annotated[
    str | None,
    typer.Option("--precision", metavar="NAME", help="It computes in f64, or f32 with half the memory."),
]
Precision = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Compute the scene in f64, or f32: less memory, twice the lanes, 7 digits."),
]
Attempts = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=2, max=8, help="Iterations that the GIF or the video shows: 8, with the first and the best."
    ),
]
Mp4 = Annotated[Path | None, typer.Option(metavar="FILE", parser=path, help="Write the optimisation as a video.")]
