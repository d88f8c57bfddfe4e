"""TeX's spaces between the atoms of an equation, written into its MathML.

MathML's dictionary gives an operator the same spaces wherever it stands; TeX takes a sign after a relation, or at the
beginning, for no operator between two things (Knuth, The TeXbook, chapter 18). ziamath also takes an em for 4/3 of
one in spaces, so that they are given in units here.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

BINARY = frozenset("+-−±∓×÷·⋅∗*∘∙⊕⊖⊗⊘⊙∧∨∩∪⊎⊓⊔∖⋆⋄†‡≀∔")
RELATIONS = frozenset("=≠<>≤≥≪≫∼≃≈≅≡∝≺≻⪯⪰⊂⊃⊆⊇⊏⊐⊑⊒∈∋∉⊢⊣⊨⊥≍≐⌣⌢:") | {
    chr(c) for c in (*range(0x2190, 0x2200), *range(0x27F5, 0x2800))
}
OPENING, CLOSING, PUNCTUATION = frozenset("([{⟨⌊⌈"), frozenset(")]}⟩⌋⌉"), frozenset(",;")

THIN, MEDIUM, THICK = 3.0 / 18.0, 4.0 / 18.0, 5.0 / 18.0
"""Ems after punctuation, around binary operators, around relations."""

_NAMES = ("veryverythin", "verythin", "thin", "medium", "thick", "verythick", "veryverythick")
NAMED = {f"{name}mathspace": (i + 1) / 18.0 for i, name in enumerate(_NAMES)}
"""MathML's names of spaces, in ems."""

ROWS = ("math", "mrow", "mstyle", "mtd")
_EMS = re.compile(r"(-?[\d.]+)em")


def space(root: Element, em: float) -> None:
    """Give all operators and spaces their widths, where an em has this many units."""
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        if tag == "mspace":
            _fix(element, em)
        elif tag in ROWS:
            _space_row([e for e in element if not e.tag.endswith("mspace")], em)


def _fix(element: Element, em: float) -> None:
    width = element.get("width", "")
    sign, name = (-1.0, width.removeprefix("negative")) if width.startswith("negative") else (1.0, width)
    if name in NAMED:
        element.set("width", f"{sign * NAMED[name] * em}px")
    elif ems := _EMS.fullmatch(width):
        element.set("width", f"{float(ems[1]) * em}px")


def _kind(element: Element | None) -> str:
    """The class of an atom: "binary", "relation", "opening", "closing", "punctuation", "ordinary", or "" for none."""
    if element is None:
        return ""
    text = (element.text or "").strip()
    if len(element) or len(text) != 1 or element.tag.rpartition("}")[2] not in ("mo", "mi"):
        return "ordinary"
    sets = {"binary": BINARY, "relation": RELATIONS, "opening": OPENING, "closing": CLOSING}
    return next(
        (kind for kind, members in (sets | {"punctuation": PUNCTUATION}).items() if text in members), "ordinary"
    )


def _space_row(atoms: list[Element], em: float) -> None:
    if not atoms:
        return
    before = ""
    for atom, following in zip(atoms, (*atoms[1:], None), strict=True):
        kind, after = _kind(atom), _kind(following)
        is_sign = before in ("", "binary", "relation", "opening", "punctuation")
        if kind == "binary" and (is_sign or after in ("", "relation", "closing", "punctuation")):
            _set(atom, 0.0, 0.0, em)
            kind = "ordinary"
        elif kind == "binary":
            _set(atom, MEDIUM, MEDIUM, em)
        elif kind == "relation":
            left = 0.0 if before in ("", "opening", "relation") else THICK
            _set(atom, left, 0.0 if after in ("", "closing", "relation") else THICK, em)
        elif kind == "punctuation":
            _set(atom, 0.0, THIN if after else 0.0, em)
        before = kind


def _set(atom: Element, left: float, right: float, em: float) -> None:
    atom.tag = atom.tag.removesuffix("mi") + "mo" if atom.tag.endswith("mi") else atom.tag
    atom.attrib |= {"form": "infix", "lspace": f"{left * em}px", "rspace": f"{right * em}px"}
