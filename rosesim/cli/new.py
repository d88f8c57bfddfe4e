"""`rosesim new`: a package with a working scene, to be changed into another one."""

from __future__ import annotations

import importlib.util
import keyword
import re
import shutil
from pathlib import Path
from typing import Annotated

import typer

from rosesim.cli.app import app
from rosesim.scenes import scene_names
from rosesim.scenes.errors import SceneError

TEMPLATE = Path(__file__).parent.parent / "template"
WORDS = ("newscene", "Newscene")
"""The template's names of the scene, in lower case and as a class."""


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The scene's name: lower case, as double_pendulum.")],
) -> None:
    """Start a scene of your own, as a package with tests."""
    _refuse_bad_names(name)
    folder = Path(name)
    if folder.exists() or folder.is_symlink():
        raise SceneError(f"{folder} exists already; expected a name that is not taken, and nothing was changed")
    class_name = "".join(part.capitalize() for part in name.split("_"))
    try:
        for source in sorted(TEMPLATE.rglob("*")):
            if source.is_file() and "__pycache__" not in source.parts:
                to = folder / str(source.relative_to(TEMPLATE)).replace(WORDS[0], name)
                to.parent.mkdir(parents=True, exist_ok=True)
                text = source.read_text(encoding="utf-8")
                to.write_text(text.replace(WORDS[0], name).replace(WORDS[1], class_name), encoding="utf-8")
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)  # half a package would obstruct the next attempt
        raise
    print(f"made {folder}; next:\n    cd {folder}\n    pip install -e '.[dev]'\n    pytest\n    rosesim run {name}")


def _refuse_bad_names(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name) or keyword.iskeyword(name):
        raise SceneError(
            f"{name!r} cannot be a scene's name; expected a lower-case word such as double_pendulum, "
            "because it becomes the name of a Python package"
        )
    if name in scene_names() or name == "tests" or importlib.util.find_spec(name) is not None:
        raise SceneError(f"{name!r} is already taken by something installed; expected another name")
