"""The robot of a scene, as a setting: one of ours by name, or a file."""

from __future__ import annotations

import copyreg
import math
from dataclasses import dataclass
from pathlib import Path

from rosesim import robots

FOLDER = Path(__file__).parent


def ours() -> list[str]:
    """The names of the robots that come with the scene.

    >>> ours()
    ['arm', 'runner']
    """
    return sorted(file.stem for file in FOLDER.glob("*.xml"))


_read: dict[str, tuple[tuple[int, int], robots.Model]] = {}
"""By the text of a setting: when its file was changed and how long it was, and the robot."""


@dataclass(frozen=True)
class RobotFile:
    """A robot by name, or by the path of an MJCF or URDF file; `parse` makes one, and reads the file."""

    text: str

    @classmethod
    def parse(cls, text: str) -> RobotFile:
        """A robot of ours or a file; raises a ValueError that names the file and line of what cannot be read.

        >>> RobotFile.parse("runner").model.nu
        6
        """
        if text not in ours():
            if not is_file(text):
                shown = text if len(text) < 80 else f"{text[:80]}..."
                raise ValueError(f"{shown!r} is neither a robot of ours ({', '.join(ours())}) nor a file")
            text = str(Path(text).expanduser().resolve())
        path = FOLDER / f"{text}.xml" if text in ours() else Path(text)
        known = path.stat()
        state = known.st_mtime_ns, known.st_size
        if text not in _read or _read[text][0] != state:
            _read[text] = state, robots.load(path)
        return cls(text)

    def __str__(self) -> str:
        return self.text

    @property
    def model(self) -> robots.Model:
        """The robot. No file is looked at here: what looks at files is traced anew for each picture."""
        return _read[self.text][1]

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


def is_file(text: str) -> bool:
    """Whether a text is the path of a file."""
    try:
        return Path(text).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):  # no name that a file could have
        return False


copyreg.pickle(RobotFile, lambda robot: (RobotFile.parse, (robot.text,)))  # another process reads the file as well
