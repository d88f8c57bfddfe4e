"""Texts: the size of their ink in a font that comes with us, so that a diagram is laid out alike on every machine.

A viewer draws a text in the font that it has; it stays centred, but may be wider or narrower than it was measured.
Sans-serif families are measured in DejaVu Sans, all others in STIX Two Math, whose Latin letters are those of Times
(a browser shows a family that it does not have in such a font, too). They come with the packages that typeset.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.labels.fonts import NOTHING, Font, Size, pixels

SANS = (
    "sans",
    "arial",
    "helvetica",
    "verdana",
    "system-ui",
    "menlo",
    "mono",
    "courier",
    "consolas",
    "inter",
    "roboto",
)
"""What a family's name holds if it has no serifs. Typewriter faces are as wide as DejaVu Sans, and not as Times."""

BOLD = 1.15
"""How much wider DejaVu Sans Bold is than DejaVu Sans, in words (1.147 to 1.165 in three of ours)."""

BOLD_WEIGHTS = frozenset(("bold", "bolder", "600", "700", "800", "900"))


def font_files() -> dict[str, Path]:
    """The files of "sans-serif" and "serif"."""
    found: dict[str, Path] = {}
    for family, package, file in (
        ("sans-serif", "ziafont", "DejaVuSans.ttf"),
        ("serif", "ziamath", "STIXTwoMath-Regular.ttf"),
    ):
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            sentence = (
                f"texts need the package {package} for its font; install it with `pip install rosesim[diagrams]`"
            )
            raise DiagramError(Fault("MissingExtra", sentence))
        found[family] = Path(spec.origin).parent / "fonts" / file
    return found


def generic(family: str) -> str:
    """ "sans-serif" or "serif", by the first of the families.

    >>> generic("Helvetica Neue, sans-serif"), generic("Palatino")
    ('sans-serif', 'serif')
    """
    first = family.split(",")[0].lower()
    return "sans-serif" if any(word in first for word in SANS) else "serif"


EM = 1000
"""Pixels of an em when glyphs are read: boxes are right to a thousandth of the font size."""


@cache
def _opened(file: Path) -> Any:
    # Pillow, because ziafont takes 1.5 s to open DejaVu Sans.
    from PIL import ImageFont

    return ImageFont.truetype(str(file), EM, layout_engine=ImageFont.Layout.BASIC)


@cache
def _glyph(file: Path, char: str) -> tuple[float, tuple[float, float, float, float] | None]:
    """How far the pen goes, and its ink: left, top, right and bottom (y downwards) from the pen, or None."""
    font = _opened(file)
    mask, (x, y) = font.getmask2(char, anchor="ls")
    ink = mask.getbbox()
    return font.getlength(char), ink and (x + ink[0], y + ink[1], x + ink[2], y + ink[3])


@dataclass(frozen=True, slots=True)
class Texts:
    """Measures texts. `files` gives a family (its first name, as in Style) a font file of its own."""

    files: dict[str, Path] = field(default_factory=dict)

    def size(self, string: str, font: Font) -> Size:
        """The box of the ink on one line."""
        name = font.family.split(",")[0].strip().strip("\"'")
        own = self.files.get(name)
        file = own or font_files()[generic(font.family)]
        scale = pixels(font.size)
        left, right, ascent, descent = _ink(file, string)
        if right <= left or ascent + descent <= 0.0:
            return NOTHING
        bold = BOLD if own is None and font.weight in BOLD_WEIGHTS else 1.0
        width = (abs(left) + abs(right)) * scale * bold
        ascent, descent = abs(ascent) * scale, abs(descent) * scale
        return Size(width, ascent + descent, ascent, descent)


@cache
def _ink(file: Path, string: str) -> tuple[float, float, float, float]:
    """Left, right, ascent, descent of the ink in ems, from where the pen starts; letters are not kerned."""
    pen, boxes = 0.0, []
    for char in string:
        advance, ink = _glyph(file, char)
        if ink:
            boxes.append((pen + ink[0], ink[1], pen + ink[2], ink[3]))
        pen += advance
    if not boxes:
        return 0.0, 0.0, 0.0, 0.0
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts) / EM, max(rights) / EM, -min(tops) / EM, max(bottoms) / EM
