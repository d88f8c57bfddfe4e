"""One reading of a file: what its user leaves out knowingly, and what was left out.

Things are of three classes. What is *read* reaches the description. What is *harmless* does not change how the robot
moves, as pictures and names of groups; it is listed. Everything else is *refused*, unless the user names its class in
`ignore=`.
"""

from __future__ import annotations

from collections.abc import Iterable

from rosesim.robots.description import KINDS_OF_GEOMS, Ignored
from rosesim.robots.files.errors import RobotError, nearest, quoted
from rosesim.robots.files.xml import Element

CLASSES = (
    "actuator dynamics",
    "actuator",
    "actuator dampratio",
    "actuator on body",
    "actuator on site",
    "actuator on tendon",
    "body attach",
    "body composite",
    "body flexcomp",
    "compiler alignfree",
    "contact",
    "contact exclude",
    "contact pair",
    "deformable",
    "equality",
    "extension",
    "flag",
    "geom fit",
    "geom fluidshape",
    "geom gap",
    "geom hfield",
    "geom sdf",
    "geom shellinertia",
    "geometry",
    "joint actuatorgravcomp",
    "joint mimic",
    "limit",
    "link contact",
    "link inertia",
    "mesh",
    "mujoco",
    "option",
    "pair gap",
    "pair solreffriction",
    "plugin",
    "sensor",
    "tendon",
    "tendon actuatorfrcrange",
    "tendon armature",
    "tendon spatial",
    "unknown",
)
"""Classes that a user may leave out. A class stands for all whose names begin with its words."""
_CONTACTS = tuple(f"contact {a}-{b}" for a in KINDS_OF_GEOMS for b in KINDS_OF_GEOMS)
"""And the contacts of two shapes, in either order."""


def covers(name: str, what: str) -> bool:
    """Whether a class that a user gave stands for `what`.

    >>> covers("sensor", "sensor gyro"), covers("sensor gyro", "sensor"), covers("sens", "sensor")
    (True, False, False)
    """
    return what == name or what.startswith(f"{name} ")


class Reading:
    """What is known while one robot is read."""

    def __init__(self, path: str, ignore: Iterable[str] = ()):
        self.path = path
        self.ignore = (ignore,) if isinstance(ignore, str) else tuple(ignore)
        self._ignored: dict[tuple[str, bool, int], Ignored] = {}
        for name in self.ignore:
            if name.startswith("contact ") and "-" in name:  # of which some can be computed, as the mechanics knows
                if name not in _CONTACTS:
                    raise RobotError(
                        path, 0, f"nothing is called {quoted(name)} in ignore=; {nearest(name, _CONTACTS)}"
                    )
                continue
            if not any(covers(known, name) or covers(name, known) for known in CLASSES):
                raise RobotError(path, 0, f"nothing is called {quoted(name)} in ignore=; {nearest(name, CLASSES)}")

    def leaves_out(self, what: str) -> bool:
        """Whether the user leaves `what` out."""
        return any(covers(name, what) for name in self.ignore)

    def refuse(self, what: str, element: Element, sentence: str) -> None:
        """Refuse an element for a reason; where the user leaves `what` out, note it and return."""
        if not self.leaves_out(what):
            raise element.error(f'{sentence} Give ignore=("{what}",) to leave it out.')
        self.note(what, element)

    def note(self, what: str, element: Element) -> None:
        """What was left out on the user's word, each with its line."""
        self._ignored.setdefault((what, False, element.line), Ignored(what, element.line, harmless=False))

    def harmless(self, what: str, element: Element) -> None:
        """What does not change how the robot moves: once for each name."""
        self._ignored.setdefault((what, True, 0), Ignored(what, element.line, harmless=True))

    def ignored(self) -> tuple[Ignored, ...]:
        """All of it: first what the user left out, then what is harmless, by name and line."""
        return tuple(sorted(self._ignored.values(), key=lambda i: (i.harmless, i.what, i.line)))
