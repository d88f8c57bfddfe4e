"""`rosesim compare`: the losses of several runs, as a table and in one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rosesim.cli.app import app
from rosesim.cli.options import Json, path
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

    # The folder of several seeds is a run and holds runs: it is told as its best seed.
    runs = [run for f in runs for run in ([f] if (f / "settings.toml").is_file() else held_runs(f) or [f])]
    if len(runs) < 2:
        raise SceneError(
            "compare takes the folders of two runs or more; one was given (rosesim info RUN tells of one)"
        )
    if png is not None:
        from rosesim.view import require_pictures

        check_target(png, ".png")
        require_pictures()
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
        labels = [[name if are_told_apart else str(t.folder)] for name, t in zip(names, found, strict=True)]
        for name, texts in differences(found).items():
            for label, text in zip(labels, texts, strict=True):
                label.append(f"{name}={text}")
        curves = [(" ".join(label), t.curve) for label, t in zip(labels, found, strict=True)]
        measured = {t.measured for t in found}
        view.write_png(png, view.loss_curves(curves, measured.pop() if len(measured) == 1 else "loss"))
    if json:
        rows = [{**t.record(), "made": t.made} for t in found]
        print_json({"runs": rows, **({} if png is None else {"picture": str(png)})})
        return
    print("\n".join(table(found)))
    if png is not None:
        print(f"wrote {png}")
