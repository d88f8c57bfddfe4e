"""`rosesim compare`: the losses of several runs, as a table and in one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rosesim.cli.app import Json, app, path
from rosesim.cli.output import note, print_json
from rosesim.cli.recorded import held_runs, is_run, refuse_other_folders
from rosesim.scenes.errors import SceneError
from rosesim.scenes.writing import check_target

Runs = Annotated[
    list[Path],
    typer.Argument(metavar="RUN...", parser=path, help="The folders of two runs or more, or one that holds them."),
]


@app.command()
def compare(
    runs: Runs,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", parser=path, help="Draw all loss curves in one picture.")
    ] = None,
    json: Json = False,
) -> None:
    """The losses of several runs, as a table and in one picture.

    What the runs were made from and differ in has columns of its own.
    """
    from rosesim.cli.runs import differences, table, told

    runs = [run for folder in runs for run in held_runs(folder)]
    if len(runs) < 2:
        raise SceneError(
            "compare takes the folders of two runs or more; one was given (rosesim info RUN tells of one)"
        )
    if png is not None:
        check_target(png, ".png")
    for folder in runs:
        if not is_run(str(folder), []):
            refuse_other_folders(folder)
    found = [told(folder) for folder in runs]
    if len(scenes := {t.scene for t in found}) > 1:
        note(f"these are runs of {', '.join(sorted(scenes))}: the losses of different scenes do not compare")
    if png is not None:
        from rosesim import view

        names = [t.folder.name for t in found]
        are_told_apart = len(set(names)) == len(names)
        other = differences(found)
        curves = [
            (
                " ".join([name if are_told_apart else str(t.folder), *(f"{k}={v[i]}" for k, v in other.items())]),
                t.curve,
            )
            for i, (name, t) in enumerate(zip(names, found, strict=True))
        ]
        view.write_png(png, view.loss_curves(curves))
    if json:
        print_json(
            {
                "runs": [{**t.record(), "made": t.made} for t in found],
                **({} if png is None else {"picture": str(png)}),
            }
        )
        return
    print("\n".join(table(found)))
    if png is not None:
        print(f"wrote {png}")
