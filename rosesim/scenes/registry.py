"""Which scenes there are: the entry points of the group `rosesim.scenes`, ours and other packages'."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from rosesim.scenes.base import Scene
from rosesim.scenes.errors import SceneError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "rosesim.scenes"


def scene_names() -> list[str]:
    """The names of all installed scenes, sorted."""
    return sorted(_found())


def find_scene(name: str) -> type[Scene[Any, Any, Any]]:
    """The class of an installed scene; SceneError where there is none or it does not load."""
    found = _found()
    if name not in found:
        close = difflib.get_close_matches(name, found, 1)
        hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(found)) or 'none'}"
        raise SceneError(f"no scene is called {name!r}; {hint}")
    entry = found[name]
    try:
        scene = entry.load()
    except Exception as e:  # whatever another package's import raises must not end ours without its name
        raise SceneError(f"the scene {name!r} ({entry.value}) does not load: {type(e).__name__}: {e}") from e
    if not (isinstance(scene, type) and issubclass(scene, Scene)) or scene.name != name:
        raise SceneError(f"the scene {name!r} ({entry.value}) is not a Scene class whose name is {name!r}")
    return scene


def _found() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # 20 ms, which neither a scene nor --help should wait for

    return {e.name: e for e in entry_points(group=GROUP)}
