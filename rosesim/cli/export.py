"""`rosesim export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rosesim.cli.app import Gif, Png, Set, app
from rosesim.cli.output import training_progress
from rosesim.cli.pictures import write_pictures
from rosesim.scenes import configure, find_scene
from rosesim.scenes.errors import SceneError


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
    write_pictures(made, inputs, remembered, losses, gif, png)
    for file in filter(None, (gif, png)):
        print(f"wrote {file}")
