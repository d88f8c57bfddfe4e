"""Equations: TeX in mathematics mode becomes outlines, which need no font where they are shown.

ziamath typesets (MIT, pure Python, with its own font, STIX Two Math): it needs neither a TeX installation nor Node,
and gives outlines. Matplotlib's mathtext has no environments such as pmatrix and comes with 30 MB of plotting; KaTeX
gives HTML, which SVG does not hold. Its boxes differ from MathJax's by a few percent (tests/diagrams/test_labels.py).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.labels import spacing
from rosesim.diagrams.labels.fonts import Size

EM = 1000.0
"""Units of an em in a `Typeset`: one size for all, since ziamath does not shrink scripts below some pixels."""

_UNSET = "black"
"""ziamath's colour of what the string does not colour; outlines lose it, and take that of their group."""

_PATH_TOKEN = re.compile(r"[A-Za-z]|-?\d+\.?\d*(?:e-?\d+)?")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_lock = threading.Lock()  # ziamath is configured by globals


@dataclass(frozen=True, slots=True)
class Outline:
    """An SVG element without children: its name and attributes."""

    tag: str
    attributes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Typeset:
    """A typeset equation: a box around the baseline's left end, in thousandths of an em, and what is in it."""

    left: float
    width: float
    ascent: float
    descent: float
    outlines: tuple[Outline, ...]

    @property
    def view_box(self) -> tuple[float, float, float, float]:
        """Left, top, width and height, y downwards."""
        return self.left, -self.ascent, self.width, self.ascent + self.descent

    def size(self, font_size: float) -> Size:
        """The box in pixels, at a font size in pixels."""
        scale = font_size / EM
        height = (self.ascent + self.descent) * scale
        return Size(self.width * scale, height, self.ascent * scale, self.descent * scale)


def typesetter() -> ModuleType:
    """The package that typesets, which is an extra."""
    try:
        import ziamath
    except ImportError:
        sentence = "equations need the package ziamath; install it with `pip install rosesim[diagrams]`"
        raise DiagramError(Fault("MissingExtra", sentence)) from None
    return ziamath


@contextmanager
def _configured(config: Any) -> Generator[None]:
    """Outlines instead of symbols (whose names would clash within a page), to a tenth of a unit."""
    with _lock:
        before = config.svg2, config.precision, config.math.color
        config.svg2, config.precision, config.math.color = False, 1, _UNSET
        try:
            yield
        finally:
            config.svg2, config.precision, config.math.color = before


def _fault(string: str, reason: str) -> DiagramError:
    return DiagramError(Fault("InvalidEquation", f'equation "{string}" cannot be typeset: {reason}'))


def _reason(error: Exception) -> str:
    """What a typesetter's exception says; its own words are the names of its classes."""
    name = type(error).__name__
    if name in ("NoAvailableTokensError", "AssertionError", "IndexError", "StopIteration"):
        return "it ends where an argument is expected"
    if name == "ParseError":
        return 'the characters &, < and > stand where they cannot; expected \\&, "\\lt" or "\\gt"'
    words = re.findall("[A-Z][a-z]+", name.removesuffix("Error"))
    return " ".join(words).lower() or str(error)


@cache
def typeset(string: str) -> Typeset:
    r"""The equation, at any size; the same string is typeset once.

    >>> x, fraction = typeset("x"), typeset(r"\frac{x}{2}")
    >>> len(x.outlines), len(fraction.outlines), fraction.ascent > x.ascent
    (1, 3, True)
    """
    ziamath = typesetter()
    if not string.strip():
        raise _fault(string, "it is empty; expected TeX of mathematics mode, such as x_1")
    if unmatched := _unmatched_brace(string):
        raise _fault(string, f"a brace {unmatched} has no partner")
    with _configured(ziamath.config):
        try:
            mathml = ElementTree.fromstring(ziamath.tex.tex2mml(string, inline=True))
            for node in mathml.iter():
                if node.text and (unknown := _COMMAND.fullmatch(node.text.strip())):
                    raise _fault(string, f"the command {unknown[0]} is unknown; is it misspelt?")
                if node.get("mathcolor") == _UNSET:  # the string asks for it
                    node.set("mathcolor", "#000000")
            spacing.space(mathml, EM)
            node = ziamath.Math(mathml, size=EM).node
            canvas = ElementTree.Element("g")
            node.draw(0.0, 0.0, canvas)
        except DiagramError:
            raise
        except Exception as error:  # whatever a typesetter raises, the user's string is what must change
            raise _fault(string, _reason(error)) from error
    # A tall bracket is a group of pieces, coloured as a whole.
    outlines = tuple(_outline(e, group) for group in canvas for e in (group if group.tag == "g" else (group,)))
    return _boxed(outlines, float(node.xadvance()), float(node.bbox.ymax), -float(node.bbox.ymin))


def _unmatched_brace(string: str) -> str:
    """The first brace without a partner, which the typesetter passes over."""
    depth = 0
    for brace in re.findall(r"\\.|[{}]", string, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(brace, 0)
        if depth < 0:
            return "}"
    return "{" if depth else ""


def _outline(element: ElementTree.Element, group: ElementTree.Element) -> Outline:
    attributes = group.attrib | element.attrib
    return Outline(element.tag, tuple((k, v) for k, v in attributes.items() if (k, v) != ("fill", _UNSET)))


def _boxed(outlines: tuple[Outline, ...], advance: float, ascent: float, descent: float) -> Typeset:
    """The box from the pen's start to its end; what is drawn beyond them (an accent, a slanted end) counts."""
    xs = [x for o in outlines for x in _abscissas(o)]
    left, right = min([0.0, *xs]), max([advance, *xs])
    # The pen stops at the last glyph's ink: leave as much room there as the first glyph has on its left.
    right += max(0.0, min(xs, default=0.0))
    return Typeset(left, right - left, max(ascent, 0.0), max(descent, 0.0), outlines)


def _abscissas(outline: Outline) -> list[float]:
    attributes = dict(outline.attributes)
    if "d" in attributes:  # M, L and Q with their letters, all of them pairs
        numbers = [float(t) for t in _PATH_TOKEN.findall(attributes["d"]) if not t.isalpha()]
        return numbers[::2]
    x = float(attributes.get("x", 0.0))
    return [x, x + float(attributes.get("width", 0.0))]
