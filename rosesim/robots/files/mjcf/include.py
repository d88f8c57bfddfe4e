"""`include`: the content of other files in its place."""

from __future__ import annotations

import os

from rosesim.robots.files import xml
from rosesim.robots.files.errors import RobotError, quoted
from rosesim.robots.files.mjcf.vocabulary import WORDS
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.values import Values, check_names
from rosesim.robots.files.xml import Element


def expand(root: Element, reading: Reading) -> None:
    """Put the content of included files in place. Paths are relative to the main file; a file is included once."""
    _Expansion(reading).expand(root, 1)


class _Expansion:
    def __init__(self, reading: Reading):
        self.reading = reading
        self.folder = os.path.dirname(reading.path)
        self.seen = {os.path.realpath(reading.path)}
        self.count = 0

    def expand(self, element: Element, depth: int) -> None:
        """Also bounds the depth and the number of elements of all files together."""
        self.count += 1
        if self.count > xml.MOST_ELEMENTS:
            raise element.error(
                f"the files together have more than {xml.MOST_ELEMENTS} elements, the most that is read."
            )
        if depth > xml.DEEPEST:
            raise element.error(
                f"the files together nest elements deeper than {xml.DEEPEST}, the deepest that is read."
            )
        if not any(c.tag == "include" for c in element.children):
            for child in element.children:
                self.expand(child, depth + 1)
            return
        children: list[Element] = []
        for child in element.children:
            if child.tag == "include":
                fragment = self.included(child)
                self.expand(fragment, depth)
                children += fragment.children
            else:
                self.expand(child, depth + 1)
                children.append(child)
        element.children = children

    def included(self, element: Element) -> Element:
        check_names(element, WORDS["include"], self.reading)
        name = Values(element, WORDS["include"]).required("file")
        path = os.path.join(self.folder, name)
        real = os.path.realpath(path) if "\0" not in path else path
        if real in self.seen:
            raise element.error(f"<include> of {quoted(name)}, which is included already; a file is included once.")
        self.seen.add(real)
        try:
            return xml.parse(path)
        except RobotError as error:
            if error.line:
                raise
            raise element.error(f"<include> of {quoted(name)}: {error}") from None
