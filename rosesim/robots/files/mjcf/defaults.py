"""`default`: classes of attributes, as chains of the elements that write them.

A class begins as a copy of its parent's chains, so what stands behind an element is one chain, the outermost first.
"""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.robots.files.errors import nearest, quoted
from rosesim.robots.files.mjcf.vocabulary import DEFAULT_KINDS, HARMLESS_IN_BODY, LATER_ACTUATORS, WORDS
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.values import Values, check_names, is_known
from rosesim.robots.files.xml import Element

Chains = dict[str, tuple[Element, ...]]
MAIN = "main"
LONGEST_CHAIN = 200  # every attribute of every element may look through all of it


class Defaults:
    """The classes of a file by their names."""

    def __init__(self, sections: Sequence[Element], reading: Reading):
        self.reading = reading
        self.classes: dict[str, Chains] = {MAIN: {}}
        for section in sections:
            # The outermost class is `main`, and may be written in several pieces.
            name = section.attributes.get("class", MAIN)
            if name != MAIN and name in self.classes:
                raise section.error(f"the default class {quoted(name)} is defined twice; merge the two.")
            self.classes.setdefault(name, dict(self.classes[MAIN]))
            self._read(section, name)

    def _read(self, section: Element, name: str) -> None:
        check_names(section, WORDS["default"], self.reading)
        chains = self.classes[name]
        for child in section.children:
            if child.tag == "default":
                continue
            if child.tag in HARMLESS_IN_BODY:
                self.reading.harmless(f"default {child.tag}", child)
            elif child.tag in DEFAULT_KINDS:
                kind = DEFAULT_KINDS[child.tag]
                check_names(child, WORDS[child.tag if kind == "actuator" else kind], self.reading)
                chains[kind] = self._longer(chains.get(kind, ()), child)
            elif child.tag in LATER_ACTUATORS:
                # It matters only to an actuator of this class.
                chains["actuator"] = self._longer(chains.get("actuator", ()), child)
            else:
                is_known(child, "default", [*DEFAULT_KINDS, "default"], self.reading)
        for child in section.children:  # after the class's own elements, which its children inherit
            if child.tag == "default":
                inner = child.attributes.get("class")
                if inner is None:
                    raise child.error("a nested <default> has no class; give it a name.")
                if inner in self.classes:
                    raise child.error(f"the default class {quoted(inner)} is defined twice; rename one.")
                self.classes[inner] = dict(chains)
                self._read(child, inner)

    def _longer(self, chain: tuple[Element, ...], child: Element) -> tuple[Element, ...]:
        if len(chain) >= LONGEST_CHAIN:
            sentence = f"<{child.tag}> follows {LONGEST_CHAIN} others in its class and those around it"
            raise child.error(f"{sentence}, the most that is read: merge them.")
        return (*chain, child)

    def chain(self, element: Element, kind: str, childclass: str | None) -> tuple[Element, ...]:
        """What stands behind an element: of its own class, else of the nearest `childclass` above, else of `main`."""
        name = element.attributes.get("class", childclass)
        return self.known(element, name or MAIN).get(kind, ())

    def known(self, element: Element, name: str) -> Chains:
        """A class that an element names."""
        if name not in self.classes:
            advice = nearest(name, self.classes)
            raise element.error(f"<{element.tag}> is of a class {quoted(name)} that no <default> defines; {advice}")
        return self.classes[name]

    def values(self, element: Element, kind: str, childclass: str | None = None) -> Values:
        """An element with its defaults; its names are checked."""
        check_names(element, WORDS[kind], self.reading)
        return Values(element, WORDS[kind], self.chain(element, kind, childclass))
