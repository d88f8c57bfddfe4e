"""Names of a file: what refers to what, by index."""

from __future__ import annotations

from collections.abc import Iterable

from rosesim.robots.files.errors import RobotError, nearest, quoted
from rosesim.robots.files.values import Values
from rosesim.robots.files.xml import Element


class Names:
    """The names of each kind (body, joint, geom, site, tendon, actuator), with their indices."""

    def __init__(self) -> None:
        self.of: dict[str, dict[str, int]] = {}
        self.left_out: dict[str, dict[str, str]] = {}
        """Names of what was left out, and its class: what refers to them goes, too."""

    def add(self, kind: str, name: str, index: int, element: Element) -> None:
        """A new name; nothing where it is empty."""
        known = self.of.setdefault(kind, {})
        if name in known or name in self.left_out.get(kind, {}):
            raise element.error(f"there are two of kind {kind} with the name {quoted(name)}; rename one.")
        if name:
            known[name] = index

    def leave_out(self, kind: str, name: str, what: str) -> None:
        """The name of a thing that was left out as `what`."""
        self.left_out.setdefault(kind, {})[name] = what

    def find(self, kind: str, v: Values, attribute: str) -> int:
        """The index of what an attribute names."""
        return self.index(kind, v.required(attribute), v, attribute)

    def index(self, kind: str, name: str, v: Values, attribute: str) -> int:
        """The index of a name that stands in an attribute."""
        known = self.of.get(kind, {})
        if name not in known:
            raise v.error(attribute, f"names the {kind} {quoted(name)}, {self._why(kind, name, known)}")
        return known[name]

    def _why(self, kind: str, name: str, known: Iterable[str]) -> str:
        if name in self.left_out.get(kind, {}):
            return "which is left out; leave this out as well, or replace that."
        return f"which is not there; {nearest(name, known)}"

    def misses(self, kind: str, name: str) -> str | None:
        """The class as which a thing of this name was left out, or None."""
        return self.left_out.get(kind, {}).get(name)


def no_name(kind: str, element: Element) -> RobotError:
    """The fault of an element that has to name something, and does not."""
    return element.error(f"<{element.tag}> names no {kind}; give one.")
