"""What is given as text: the recorded motion, and which parameters are sought."""

from __future__ import annotations

import copyreg
from dataclasses import dataclass
from pathlib import Path

from rosesim import robots

from ..robot.source import is_file

FOLDER = Path(__file__).parent


def ours() -> list[str]:
    """The names of the motions that come with the scene.

    >>> ours()
    ['swing']
    """
    return sorted(file.stem for file in FOLDER.glob("*.csv"))


_read: dict[str, robots.Record] = {}
"""By the text of a setting."""


@dataclass(frozen=True)
class Motion:
    """A recorded motion by name, or by the path of a CSV file; `parse` makes one, and reads the file."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Motion:
        """One of ours or a file; raises a ValueError that names the file and line of what cannot be read.

        >>> Motion.parse("swing").record.q.shape
        (201, 3)
        """
        if text not in ours() and not is_file(text):
            shown = text if len(text) < 80 else f"{text[:80]}..."
            raise ValueError(f"{shown!r} is neither a motion of ours ({', '.join(ours())}) nor a CSV file")
        text = text if text in ours() else str(Path(text).expanduser().resolve())
        _read[text] = robots.read_record(FOLDER / f"{text}.csv" if text in ours() else text)
        return cls(text)

    def __str__(self) -> str:
        return self.text

    @property
    def record(self) -> robots.Record:
        """The rows. No file is looked at here: what looks at files is traced anew for each picture."""
        return _read[self.text]


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


copyreg.pickle(Motion, lambda motion: (Motion.parse, (motion.text,)))  # another process reads the file as well
