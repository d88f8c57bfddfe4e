"""Attributes as values: each is read by its type, from the element itself or the defaults that stand behind it.

Which attributes an element may have is one table of `Words` a format. A name in no table is refused with the nearest
known one: a typo that is ignored (`dampning`) changes the robot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rosesim.robots.description import Vector
from rosesim.robots.files.errors import SHOWN, RobotError, nearest, quoted
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.xml import Element

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
INTEGER = re.compile(r"[+-]?[0-9]{1,10}")
LONGEST_NUMBER = 100  # characters
GREATEST = 1e40
"""Of a number's size: so that no product of up to seven (a size cubed, a density, a square of a length) overflows."""


@dataclass(frozen=True)
class Words:
    """What an element may have: attributes that are read, that are harmless, that are refused (class, sentence)."""

    read: frozenset[str]
    harmless: frozenset[str] = frozenset()
    refused: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])


def words(read: str = "", harmless: str = "", refused: Mapping[str, tuple[str, str]] | None = None) -> Words:
    """A table's row, from names in one string each."""
    return Words(frozenset(read.split()), frozenset(harmless.split()), refused or {})


def check_names(element: Element, known: Words, reading: Reading) -> None:
    """Refuse attributes that are unknown or not there yet, list the harmless ones; refuse text in the element."""
    for name in element.attributes:
        if name in known.read:
            continue
        if name in known.harmless or name.startswith("xmlns"):
            reading.harmless(f"{element.tag} {name}", element)
        elif name in known.refused:
            what, sentence = known.refused[name]
            reading.refuse(what, element, f"<{element.tag} {name}={quoted(element.attributes[name])}>: {sentence}")
        else:
            names = known.read | known.harmless
            _refuse_unknown(name, "attribute", element.tag, element, names, reading)
    if any(c.isalnum() for c in element.text):  # but not of a stray ">", as files of good standing have it
        sentence = f"there is text in <{element.tag}>, {quoted(element.text)}"
        raise RobotError(
            element.file, element.text_line, f"{sentence}; only elements are expected there: mend or remove it."
        )


def is_known(element: Element, inside: str, known: Iterable[str], reading: Reading) -> bool:
    """Whether its place knows an element; where not, it is refused, or left out on the user's word."""
    if element.tag in known:
        return True
    _refuse_unknown(element.tag, "element", inside, element, known, reading)
    return False


def _refuse_unknown(
    name: str, kind: str, inside: str, element: Element, known: Iterable[str], reading: Reading
) -> None:
    what = f"unknown {name[:SHOWN]}"
    if reading.leaves_out(what):  # before the nearest name is looked for, which takes a millisecond
        reading.note(what, element)
        return
    reading.refuse(what, element, f"<{inside}> has an unknown {kind} {quoted(name)}; {nearest(name, known)}")


class Values:
    """The attributes of an element. `defaults` stand behind it, the outermost first.

    Where an array is given in part, the rest comes from the defaults, number by number.
    """

    def __init__(self, element: Element, known: Words, defaults: Sequence[Element] = ()):
        self.element = element
        self.known = known
        self.chain = (*defaults, element)

    def where(self, name: str) -> Element | None:
        """The element that gives an attribute: this one, or the innermost default."""
        assert name in self.known.read, f"<{self.element.tag}> {name} is missing in the table of words"
        return next((e for e in reversed(self.chain) if name in e.attributes), None)

    def has(self, name: str) -> bool:
        """Whether the element or a default gives it."""
        return self.where(name) is not None

    def error(self, name: str, sentence: str) -> RobotError:
        """A fault of an attribute, at the line that gives it."""
        return (self.where(name) or self.element).error(f"<{self.element.tag} {name}>{self.label} {sentence}")

    @property
    def label(self) -> str:
        """The element's name as a message has it."""
        name = self.element.attributes.get("name")
        return f" of {quoted(name)}" if name else ""

    def text(self, name: str) -> str | None:
        """Text as it stands, or None."""
        element = self.where(name)
        return None if element is None else element.attributes[name]

    def required(self, name: str) -> str:
        """Text that must be there."""
        found = self.text(name)
        if found is None:
            raise self.element.error(f"<{self.element.tag}>{self.label} {name} is missing; give it.")
        return found

    def word(self, name: str, choices: Sequence[str], otherwise: str) -> str:
        """One of some words."""
        found = self.text(name)
        if found is None:
            return otherwise
        if found not in choices:
            raise self.error(name, f"is {quoted(found)}; {nearest(found, choices)}")
        return found

    def flag(self, name: str, otherwise: bool) -> bool:
        """ "true" or "false"."""
        return self.word(name, ("true", "false"), "true" if otherwise else "false") == "true"

    def number(self, name: str, otherwise: float, least: float = -GREATEST) -> float:
        """One number."""
        found = self.numbers(name, 1, least=least)
        return otherwise if found is None else found[0]

    def integer(self, name: str, otherwise: int, least: int = -(1 << 31), most: int = (1 << 32) - 1) -> int:
        """A whole number of 32 bits."""
        found = self.text(name)
        if found is None:
            return otherwise
        if not INTEGER.fullmatch(found.strip()) or not least <= int(found) <= most:
            raise self.error(name, f"is {quoted(found)}; an integer from {least} to {most} is expected.")
        return int(found)

    def numbers(self, name: str, count: int, least: float = -GREATEST) -> Vector | None:
        """Exactly `count` numbers, or None where the attribute is not given."""
        found = self.some_numbers(name, count, count, least)
        return found

    def vector(self, name: str, otherwise: Vector, least: float = -GREATEST) -> Vector:
        """As many numbers as `otherwise` has."""
        found = self.numbers(name, len(otherwise), least)
        return otherwise if found is None else found

    def some_numbers(self, name: str, fewest: int, most: int, least: float = -GREATEST) -> Vector | None:
        """From `fewest` to `most` numbers of the innermost that gives the attribute."""
        element = self.where(name)
        return None if element is None else self._parsed(element, name, fewest, most, least)

    def partial(self, name: str, otherwise: Vector, least: float = -GREATEST) -> Vector:
        """Up to as many numbers as `otherwise` has; those not given come from the defaults, then from it."""
        assert name in self.known.read
        result = otherwise
        for element in self.chain:
            if name in element.attributes:
                given = self._parsed(element, name, 0, len(otherwise), least)
                result = (*given, *result[len(given) :])
        return result

    def _parsed(self, element: Element, name: str, fewest: int, most: int, least: float) -> Vector:
        def fault(what: str) -> RobotError:
            return element.error(f"<{element.tag} {name}>{self.label} {what}")

        parts = element.attributes[name].split(None, most)  # no further: the text may hold millions
        if not fewest <= len(parts) <= most:
            expected = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            found = quoted(element.attributes[name])
            count = f"more than {most}" if len(parts) > most else len(parts)
            raise fault(f"has {count} numbers, {found}; {expected} {'is' if most == 1 else 'are'} expected.")
        result: list[float] = []
        for part in parts:
            if len(part) > LONGEST_NUMBER or not NUMBER.fullmatch(part):
                raise fault(f"has {quoted(part)}; a finite decimal number is expected.")
            number = float(part)
            if not -GREATEST <= number <= GREATEST:
                raise fault(f"has {quoted(part)}; numbers up to {GREATEST:g} are read.")
            if number < least:
                raise fault(f"is {quoted(part)}; {least:g} or more is expected.")
            result.append(number)
        return tuple(result)
