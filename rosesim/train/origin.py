"""What made a run: the version of rosesim and the text of its scene. Both may have changed when the run is read.

The text is that of the modules that define the scene's class and its bases (rosesim's own excepted). In a notebook or
in a script that is being run, it is the text of the class alone, because the other lines are not part of the scene.
Data files and further modules that these read are not included.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import sys
import warnings
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosesim.scenes.base import Scene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.files import shown

DIGITS = 32
"""Digits of the hash, in hexadecimal: 128 bits."""


class RunChanged(UserWarning):
    """A run is read with another version of rosesim, or another text of its scene, than it was made with.

    >>> import warnings
    >>> from rosesim.train import RunChanged
    >>> with warnings.catch_warnings():  # where runs are known to be older than their scene
    ...     warnings.simplefilter("ignore", RunChanged)
    ...     print(issubclass(RunChanged, UserWarning))
    True
    """


@dataclass(frozen=True)
class Origin:
    """The version of rosesim that made a run, and a hash of its scene's text; each is empty where unknown."""

    rosesim: str = ""
    source: str = ""

    @classmethod
    def of(cls, scene: type[Scene[Any, Any, Any]]) -> Origin:
        """The origin of a run of the scene that begins now."""
        # Not imported: this layer is below the package's public surface, which defines the version.
        return cls(getattr(sys.modules["rosesim"], "__version__", ""), source_hash(scene))

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Origin:
        """The origin on record; a run that is older than this record has an empty one."""
        found = {name: record.get(name, "") for name in ("rosesim", "source")}
        if not isinstance(record, dict) or not all(isinstance(v, str) for v in found.values()):
            raise SceneError(f"made_by says which rosesim and which source; {shown(dict(record))} was found")
        return cls(**found)

    def record(self) -> dict[str, str]:
        """The origin as TOML's types."""
        return {"rosesim": self.rosesim, "source": self.source}

    def difference(self, now: Origin, scene: str) -> str:
        """What differs, as a clause; "" where nothing is known to differ."""
        parts: list[str] = []
        if self.rosesim and self.rosesim != now.rosesim:
            parts.append(f"with rosesim {self.rosesim} (this is {now.rosesim})")
        if self.source and now.source and self.source != now.source:
            parts.append(f"from another text of the scene {scene}, which has been changed since")
        return f"it was made {' and '.join(parts)}" if parts else ""


def source_hash(scene: type[Scene[Any, Any, Any]]) -> str:
    """A hash of the text of a scene; "" where the text cannot be found.

    >>> from rosesim.scenes import find_scene
    >>> found = [source_hash(find_scene(name)) for name in ("billiards", "billiards", "wave")]
    >>> len(found[0]), found[0] == found[1], found[0] == found[2]
    (32, True, False)
    """
    texts: dict[str, str] = {}
    for kind in scene.__mro__:
        if not (issubclass(kind, Scene) and kind is not Scene):
            continue
        module = sys.modules.get(kind.__module__)
        with contextlib.suppress(OSError, TypeError, SyntaxError, UnicodeError):
            alone = module is None or kind.__module__ == "__main__" or getattr(module, "__file__", None) is None
            name, subject = (f"{kind.__module__}.{kind.__qualname__}", kind) if alone else (kind.__module__, module)
            texts[name] = inspect.getsource(subject)  # pyright: ignore[reportArgumentType] -- a class or a module
    if not texts:
        return ""
    # Names are left out, so that a scene that was moved to another package counts as the same.
    text = "\f".join("\n".join(line.rstrip() for line in t.splitlines()) for t in texts.values())
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


@contextlib.contextmanager
def naming_changes(made_by: Origin, scene: type[Scene[Any, Any, Any]]) -> Generator[None]:
    """A SceneError raised within also says what has changed since the run of the folder was made."""
    try:
        yield
    except SceneError as e:
        differs = made_by.difference(Origin.of(scene), scene.name)
        if not differs:
            raise
        raise SceneError(f"{e}; {differs}") from e


def tell_changes(folder: Path, made_by: Origin, scene: type[Scene[Any, Any, Any]]) -> None:
    """Warn where a run that can be read was made with another version or another text of its scene."""
    if differs := made_by.difference(Origin.of(scene), scene.name):
        warnings.warn(f"{folder} still fits, but {differs}", RunChanged, stacklevel=3)
