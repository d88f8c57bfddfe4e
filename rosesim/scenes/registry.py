"""The installed scenes: the entry points of the group `rosesim.scenes`, ours and those of other packages."""

from __future__ import annotations

import contextlib
import difflib
import os
import pkgutil
import sys
from typing import TYPE_CHECKING, Any

from rosesim.scenes.base import Scene
from rosesim.scenes.errors import SceneError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "rosesim.scenes"


def scene_names() -> list[str]:
    """The names of all installed scenes, sorted.

    >>> "billiards" in scene_names()
    True
    """
    return sorted(_found())


def find_scene(name: str) -> type[Scene[Any, Any, Any]]:
    """The class of an installed scene; SceneError where there is none or where it does not load.

    >>> find_scene("billiards").name
    'billiards'
    >>> find_scene("biliards")
    Traceback (most recent call last):
        ...
    rosesim.scenes.errors.SceneError: no scene is called 'biliards'; did you mean billiards?
    """
    value = _written(name)
    if value is None:
        found = _found()
        if name not in found:
            close = difflib.get_close_matches(name, found, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(found)) or 'none'}"
            raise SceneError(f"no scene is called {name!r}; {hint}")
        value = found[name].value
    try:
        scene = pkgutil.resolve_name(value)
    except Exception as e:  # another package's import may raise anything; the message has to name the scene
        raise SceneError(f"the scene {name!r} ({value}) does not load: {type(e).__name__}: {e}") from e
    if not (isinstance(scene, type) and issubclass(scene, Scene)) or scene.name != name:
        raise SceneError(f"the scene {name!r} ({value}) is not a Scene class whose name is {name!r}")
    return scene


def _written(name: str) -> str | None:
    """The entry point of a scene in the folders of installed packages; None where there is none, or more than one.

    `importlib.metadata` knows more places, but its import takes longer than differentiating billiards.
    """
    said: set[str] = set()
    for folder in dict.fromkeys(sys.path):
        with contextlib.suppress(OSError), os.scandir(folder or ".") as listing:
            for package in listing:
                if package.name.endswith(".dist-info"):
                    said.update(_values(os.path.join(package.path, "entry_points.txt"), name))
    return said.pop() if len(said) == 1 else None


def _values(file: str, name: str) -> list[str]:
    """The values that one package's list of entry points has for a scene."""
    with contextlib.suppress(OSError, UnicodeError), open(file, encoding="utf-8") as f:
        _, _, ours = f.read().partition(f"[{GROUP}]\n")
        pairs = (line.partition("=") for line in ours.partition("\n[")[0].splitlines())
        return [value.strip() for key, _, value in pairs if key.strip() == name]
    return []


def _found() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # 20 ms, which neither a scene nor --help should wait for

    return {e.name: e for e in entry_points(group=GROUP)}
