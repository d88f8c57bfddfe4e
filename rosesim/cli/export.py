"""`rosesim export`."""

from __future__ import annotations

from rosesim.cli.app import Gif, Mp4, Png, SceneOrRun, Set, app
from rosesim.cli.pictures import write_pictures
from rosesim.cli.recorded import recorded
from rosesim.scenes.errors import SceneError


@app.command()
def export(what: SceneOrRun, set_: Set = None, gif: Gif = None, mp4: Mp4 = None, png: Png = None) -> None:
    """Pictures of a run, or of a scene's published optimisation."""
    from rosesim.view import require_mp4

    files = [file for file in (gif, mp4, png) if file is not None]
    if not files:
        raise SceneError("export needs --gif FILE, --mp4 FILE or --png FILE")
    if mp4 is not None:
        require_mp4()
    found = recorded(what, set_ or [])
    write_pictures(found.scene, found.inputs, found.remembered, found.losses, gif, png, mp4)
    for file in files:
        print(f"wrote {file}")
