"""Files as settings of a scene: a robot and a recorded motion, by name or by path."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from rosesim.robots.files.load import load
from rosesim.robots.identification.record import Record
from rosesim.robots.identification.table import read_record
from rosesim.robots.model import Model

F = TypeVar("F", bound="_File")

_read: dict[tuple[type, str], tuple[tuple[int, int], Any]] = {}
"""By the class and text of a setting: when its file was changed and how long it was, and what it holds."""


@dataclass(frozen=True)
class _File(ABC):
    """A file by the name of one in `folder`, or by its path; `parse` makes one, and reads the file.

    No file is looked at later: what looks at files is traced anew for each picture.
    """

    text: str
    folder: ClassVar[Path | None] = None
    """Where files with names lie, `NAME.xml`."""
    suffix: ClassVar[str]
    what: ClassVar[str]

    @classmethod
    def ours(cls) -> list[str]:
        """The names."""
        return [] if cls.folder is None else sorted(file.stem for file in cls.folder.glob(f"*{cls.suffix}"))

    @classmethod
    def parse(cls: type[F], text: str) -> F:
        """One of ours or a file; raises a ValueError that names the file and line of what cannot be read."""
        named = text in cls.ours()
        if not named:
            if not _is_file(text):
                shown = text if len(text) < 80 else f"{text[:80]}..."
                known = f"neither {cls.what} of ours ({', '.join(cls.ours())}) nor a" if cls.ours() else "no"
                raise ValueError(f"{shown!r} is {known} file; expected the path of {cls.what}, {cls.suffix}")
            text = str(Path(text).expanduser().resolve())
        path = cls.folder / f"{text}{cls.suffix}" if named and cls.folder is not None else Path(text)
        now = path.stat()
        state, key = (now.st_mtime_ns, now.st_size), (cls, text)
        if key not in _read or _read[key][0] != state:
            _read[key] = state, cls.read(path)
        return cls(text)

    @classmethod
    @abstractmethod
    def read(cls, path: Path) -> Any:
        """What a file holds."""

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> Any:  # another process reads the file as well
        return type(self).parse, (self.text,)

    @property
    def held(self) -> Any:
        """What was read."""
        return _read[type(self), self.text][1]


class RobotFile(_File):
    """A robot as a setting of a scene: the path of an MJCF or URDF file. A subclass with a `folder` has robots of its
    own by name as well.

    >>> import pathlib, tempfile
    >>> from rosesim import robots
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "ball.xml").write_text('''<mujoco><worldbody><body>
    ...   <freejoint/><geom size="0.1"/>
    ... </body></worldbody></mujoco>''')
    >>> class Ours(robots.RobotFile):
    ...     folder = folder
    >>> Ours.parse("ball").model.nv, Ours.parse("ball").size
    (6, 0.1)
    """

    suffix = ".xml"
    what = "a robot"

    @classmethod
    def read(cls, path: Path) -> Any:
        """The robot."""
        return Model(load(path, ()), ignore=())

    @property
    def model(self) -> Model:
        """The robot."""
        return self.held

    @property
    def size(self) -> float:
        """How far the shapes reach from the first body where they are stretched out, in m: for a camera."""
        d = self.model.description
        far = [0.0]
        for k, body in enumerate(d.bodies[1:], 1):
            own = math.hypot(*body.pos) if k > 1 else 0.0
            far.append(own + far[body.parent])
        reach = [
            far[g.body] + math.hypot(*g.pos) + max(g.size)
            for g in d.geoms
            if g.body and g.kind not in ("plane", "mesh", "hfield")
        ]
        return max(reach, default=1.0)


class RecordFile(_File):
    """A recorded motion as a setting of a scene: the path of a CSV file as `read_record` reads it. A subclass with a
    `folder` has motions of its own by name as well.

    >>> import pathlib, tempfile
    >>> from rosesim import robots
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "swing.csv"
    >>> _ = file.write_text("time,q0\\n0.0,0.1\\n0.01,0.12\\n")
    >>> robots.RecordFile.parse(str(file)).record.q.tolist()
    [[0.1], [0.12]]
    """

    suffix = ".csv"
    what = "a motion"

    @classmethod
    def read(cls, path: Path) -> Any:
        """The rows."""
        return read_record(path)

    @property
    def record(self) -> Record:
        """The rows."""
        return self.held


def _is_file(text: str) -> bool:
    try:
        return Path(text).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):  # no name that a file could have
        return False
