"""What is given as text: the robot, its recorded motion, and which parameters are sought."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rosesim import robots

FOLDER = Path(__file__).parent


class RobotFile(robots.RobotFile):
    """A robot by name, or by the path of an MJCF or URDF file.

    >>> RobotFile.ours(), RobotFile.parse("arm").model.nv
    (['arm'], 3)
    """

    folder = FOLDER


class Motion(robots.RecordFile):
    """A recorded motion by name, or by the path of a CSV file.

    >>> Motion.ours(), Motion.parse("swing").record.q.shape
    (['swing'], (201, 3))
    """

    folder = FOLDER


@dataclass(frozen=True)
class Names:
    """Names or patterns of a robot's parameters, separated by commas, each with the value where the search begins, or
    without one: then it begins at the file's."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Names:
        """Raises a ValueError for a value that is no number.

        >>> Names.parse("body * mass, joint elbow damping = 0.2").wanted
        {'body * mass': None, 'joint elbow damping': 0.2}
        """
        made = cls(text)
        _ = made.wanted
        return made

    def __str__(self) -> str:
        return self.text

    @property
    def wanted(self) -> dict[str, float | None]:
        """The values by name, as `robots.identify` takes them."""
        found: dict[str, float | None] = {}
        for part in filter(None, (part.strip() for part in self.text.split(","))):
            name, equals, value = part.partition("=")
            try:
                found[name.strip()] = float(value) if equals else None
            except ValueError:
                raise ValueError(f"{part!r} was found; expected NAME or NAME=NUMBER, with commas between") from None
        return found
