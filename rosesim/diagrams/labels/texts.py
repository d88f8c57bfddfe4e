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


@cache
def _opened(file: Path) -> Any:
    from ziafont.font import Font as Face

    return Face(file)


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
    """Left, right, ascent, descent of the ink in ems, from where the pen starts."""
    font = _opened(file)
    unit = 1.0 / font.info.layout.unitsperem
    if not string:
        return 0.0, 0.0, 0.0, 0.0
    glyphs = [font.glyph(c) for c in string]
    pen, xs, ys = 0.0, [], []
    for glyph, following in zip(glyphs, [*glyphs[1:], None], strict=True):
        if glyph.operators:  # a space has no ink
            xs += [pen + glyph.bbox.xmin, pen + glyph.bbox.xmax]
            ys += [glyph.bbox.ymin, glyph.bbox.ymax]
        pen += glyph.advance(following)
    if not xs:
        return 0.0, 0.0, 0.0, 0.0
    return min(xs) * unit, max(xs) * unit, max(ys) * unit, -min(ys) * unit
