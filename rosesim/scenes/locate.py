"""Scenes that are not installed: a class in a Python file, or in a module that can be imported.

To load one runs its file, as `python FILE` does. So only what a user names is loaded. A run's folder remembers where
its scene is, but whoever wrote the folder may have written anything there. Such a file is loaded only if this user
has loaded a scene from it before; a list of these files lies beside the cache of machine code.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import os
import re
import sys
import traceback
import zlib
from pathlib import Path
from types import ModuleType

from rosesim.scenes.base import AnyScene, Published, Scene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.files import read_file, shown
from rosesim.scenes.registry import find_scene

KNOWN = "scene-files.txt"
"""The list of files that this user has loaded scenes from, one a line."""
LARGEST_LIST = 1 << 20
_FILE = re.compile(r"(?P<file>.+\.py)(?::(?P<name>\w+))?", re.DOTALL)
_MODULE = re.compile(r"(?P<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):(?P<name>\w+)")
_NAME = re.compile(r"\w[\w.-]{0,99}")
"""A scene's name, which becomes part of the name of a run's folder."""


def is_place(text: str) -> bool:
    """Whether a text names a scene by where it is, not by its installed name.

    >>> [is_place(text) for text in ("fall.py", "a/fall.py:Fall", "scenes.fall:Fall", "billiards", "runs/first")]
    [True, True, True, False, False]
    """
    return bool(_FILE.fullmatch(text) or _MODULE.fullmatch(text))


def scene_at(text: str) -> type[AnyScene]:
    """The class of a scene: by its installed name, or as FILE.py, FILE.py:CLASS or MODULE:CLASS.

    CLASS is the name of the class or of the scene. It may be left out where a file has only one scene. The folder of
    a file is put on the path, and the working folder for a module, so that they import what lies beside them.

    Raises SceneError where there is no such scene; where its file does not run, with file and line.

    >>> scene_at("billiards").name, scene_at("rosesim_apps.billiards:Billiards").name
    ('billiards', 'billiards')
    >>> scene_at("nowhere.py")
    Traceback (most recent call last):
        ...
    rosesim.scenes.errors.SceneError: there is no file nowhere.py; expected a Python file with a scene
    """
    if found := _FILE.fullmatch(text):
        return _of_file(Path(found["file"]).expanduser(), found["name"])
    if found := _MODULE.fullmatch(text):
        _put_on_path(Path.cwd(), first=False)
        with _naming_the_line(text):
            module = importlib.import_module(found["module"])
        kind = _chosen(module, found["name"], text)
        remember(kind)
        return kind
    return find_scene(text)


def place_of(kind: type[AnyScene]) -> str:
    """Where a scene is that is not installed, as `FILE.py:CLASS` with a full path; "" where nobody can find it there.

    >>> from rosesim.scenes import find_scene
    >>> place_of(find_scene("billiards"))
    ''
    """
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    if not file or not file.endswith(".py") or "." in kind.__qualname__ or _is_installed(kind):
        return ""
    place = f"{os.path.abspath(file)}:{kind.__name__}"
    return place if place.isprintable() else ""


def recorded_scene(name: str, place: str) -> type[AnyScene]:
    """The scene of a run's folder, by its name and its place on record, "" where it is installed.

    Raises SceneError where it cannot be found, or was never loaded from there by this user.
    """
    found = _FILE.fullmatch(place)
    if not place:
        return find_scene(name)
    if found is None or found["name"] is None:
        raise SceneError(f"the place of a scene is FILE.py:CLASS; {shown(place)} was found")
    file = Path(found["file"])
    if not file.is_file():
        raise SceneError(f"its scene was in {file}, which is gone; put the file back, or give its scene as an object")
    if not is_known(file):
        raise SceneError(
            f"its scene is in {file}, from which you have not loaded a scene yet; nothing of it was run. "
            f"If you trust this file, `rosesim info {file}` loads it, and then this works"
        )
    kind = _of_file(file, found["name"])
    if kind.name != name:
        raise SceneError(f"it is a run of {name}, and {place} is {kind.name} now")
    return kind


def _of_file(file: Path, name: str | None) -> type[AnyScene]:
    if not file.is_file():
        raise SceneError(f"there is no file {file}; expected a Python file with a scene")
    with _naming_the_line(str(file)):
        module = _module_of(file.resolve())
    kind = _chosen(module, name, str(file))
    remember(kind)
    return kind


def _module_of(file: Path) -> ModuleType:
    """The module of a file: of its package where it lies in one, so that its relative imports work."""
    for module in list(sys.modules.values()):
        known = getattr(module, "__file__", None)
        if (
            known
            and known.endswith(file.name)
            and module.__name__ != "__main__"
            and os.path.realpath(known) == str(file)
        ):
            return module
    parts, folder = [file.stem], file.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    _put_on_path(folder)
    if len(parts) > 1:
        return importlib.import_module(".".join(p for p in parts if p != "__init__"))
    # A name that is taken, as that of a module of Python's own, would give the other module.
    is_free = file.stem.isidentifier() and file.stem not in sys.modules and not importlib.util.find_spec(file.stem)
    name = file.stem if is_free else f"scene_{zlib.crc32(os.fsencode(file)):08x}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _put_on_path(folder: Path, *, first: bool = True) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0 if first else len(sys.path), str(folder))


@contextlib.contextmanager
def _naming_the_line(where: str):
    """Whatever running a user's file raises becomes a SceneError with the file and the line."""
    try:
        yield
    except SceneError as e:
        raise SceneError(f"{where} does not load: {e}") from e
    except SyntaxError as e:
        raise SceneError(f"{e.filename or where}:{e.lineno or 1}: {type(e).__name__}: {e.msg}") from e
    except Exception as e:
        frames = [f for f in traceback.extract_tb(e.__traceback__) if not _is_ours(f.filename)]
        at = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else where
        raise SceneError(f"{at}: {type(e).__name__}: {e}") from e


def _is_ours(file: str) -> bool:
    """Whether a line of a traceback is of rosesim or of Python's import, not of the user's file."""
    return file.startswith((str(Path(__file__).parents[1]) + os.sep, "<")) or file == importlib.__file__


def _chosen(module: ModuleType, name: str | None, where: str) -> type[AnyScene]:
    """The scene of a module, by the name of its class or its own."""
    all_of_them = {
        k: v for k, v in vars(module).items() if isinstance(v, type) and issubclass(v, Scene) and v is not Scene
    }
    scenes = {k: v for k, v in all_of_them.items() if not inspect.isabstract(v)}
    own = {k: v for k, v in scenes.items() if v.__module__ == module.__name__}
    unfinished = [k for k in all_of_them if k not in scenes and (name is None or k == name)]
    if unfinished and not (name is None and own):
        lacking = ", ".join(sorted(all_of_them[unfinished[0]].__abstractmethods__))
        raise SceneError(f"{where}: the scene {unfinished[0]} has no {lacking}; expected a method for each")
    if name is not None:
        known = {**{v.name: v for v in scenes.values() if isinstance(getattr(v, "name", None), str)}, **scenes}
        if name not in known:
            raise SceneError(f"{where} has no scene {name}; there are: {', '.join(own or scenes) or 'none'}")
        kind = known[name]
    elif len(own) == 1:
        kind = next(iter(own.values()))
    elif own:
        file = os.path.basename(where)
        raise SceneError(f"{where} has the scenes {', '.join(own)}; say which one, as {file}:{next(iter(own))}")
    else:
        raise SceneError(f"{where} has no scene: expected a class derived from rosesim.scenes.Scene")
    called = getattr(kind, "name", None)
    if not isinstance(called, str) or not _NAME.fullmatch(called):
        raise SceneError(
            f"the scene {kind.__name__} of {where} has no name that a folder can have; "
            'expected name: ClassVar[str] = "fall"'
        )
    if not isinstance(getattr(kind, "published", None), Published):
        raise SceneError(
            f"the scene {kind.__name__} of {where} does not say how it is trained; expected published: "
            'ClassVar[Published] = Published(optimizer="gd", iterations=100)'
        )
    return kind


def _is_installed(kind: type[AnyScene]) -> bool:
    try:
        return find_scene(kind.name) is kind
    except SceneError:
        return False


# ------------------------------------------------------------------------------------- files loaded before


def is_known(file: Path) -> bool:
    """Whether this user has loaded a scene from a file before."""
    if (kept := _cache()) is None:
        return False
    with contextlib.suppress(OSError):
        lines = read_file(kept / KNOWN, LARGEST_LIST).decode(errors="replace").splitlines()
        return os.path.realpath(file) in lines
    return False


def _cache() -> Path | None:
    """The folder of the cache, which nobody else can write."""
    from rosesim.codegen.llvm import cache  # brings LLVM, which neither a scene's name nor --help should wait for

    kept = cache.store()
    return None if kept is None else kept.folder


def remember(kind: type[AnyScene]) -> None:
    """Note the file of a scene as one that this user has loaded.

    Not a script that is being run: to load it again would run all of it. Without a cache, nothing is noted.
    """
    place = "" if kind.__module__ == "__main__" else place_of(kind)
    file = os.path.realpath(place.rpartition(":")[0]) if place else ""
    if not place or is_known(Path(file)) or (kept := _cache()) is None:
        return
    with contextlib.suppress(OSError), open(kept / KNOWN, "a", encoding="utf-8") as f:
        f.write(file + "\n")


__all__ = ["is_known", "is_place", "place_of", "recorded_scene", "remember", "scene_at"]
