"""What tests of diagrams share: reference files, their shapes, and two SVG pictures compared."""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from rosesim.diagrams import values
from rosesim.diagrams.shapes import SHAPES, Measured, Sampled
from rosesim.diagrams.values import Clip, Color, Rows, Shape, Shapes, Value, Vector

SHARED = Path(__file__).parents[2] / "shared" / "diagrams"
"""Beside the repository: diagrams of Penrose, and what its release 4.0.0-alpha.5 makes of them."""

REFERENCE = SHARED / "reference"

FEW = (
    "shape-spec__all-shapes",
    "shape-spec__arrowheads",
    "curve-examples__offset",
    "structural-formula__molecules__caffeine",
    "walk-on-spheres__walk-on-stars",
)
"""Of small files, those that have every kind of shape, clips, images, arrowheads and passthrough between them."""


def names() -> list[str]:
    """The references that have a picture, where they are beside the repository."""
    return sorted(f.stem for f in REFERENCE.glob("svg/*.svg"))


TRIED = names() if os.environ.get("ROSESIM_ALL_DIAGRAMS") else FEW
"""Which references the tests read: a few, or all."""


@cache
def reference(name: str) -> dict[str, Any]:
    """A reference file, whole; skips where it is not there."""
    file = REFERENCE / f"{name}.json"
    if not file.exists():
        pytest.skip("the references of diagrams are not beside the repository")
    return json.loads(file.read_text(encoding="utf-8"))


def reference_svg(name: str) -> str:
    """A reference's picture."""
    return (REFERENCE / "svg" / f"{name}.svg").read_text(encoding="utf-8")


def image_folder(trio: str) -> Path | None:
    """Where a trio's images lie: the folder of its first style."""
    index = json.loads((SHARED / "trios" / "index.json").read_text(encoding="utf-8"))
    style = next((t["style"][0] for t in index if t["id"] == trio), None)
    return None if style is None else (SHARED / "trios" / "files" / style).parent


def shape(data: dict[str, Any]) -> Shape:
    """A shape of a reference; properties that it leaves out have their defaults."""
    rest = {k: v for k, v in data.items() if k not in ("type", "name", "pass")}
    properties = {name: _value(name, v) for name, v in rest.items()}
    for name, known in SHAPES[data["type"]].properties.items():
        if not isinstance(known.default, Sampled | Measured):
            properties.setdefault(name, known.default)
    return Shape(data["type"], data["name"], properties, dict(data.get("pass", {})))


def _value(name: str, v: Any) -> Value:
    if name.endswith("Color"):
        return Color("none") if v == "none" else Color(v[0], tuple(v[1:]))
    if name in ("center", "start", "end"):
        return Vector(tuple(v))
    if name == "points":
        return Rows(tuple(map(tuple, v)), "points")
    if name == "d":
        return values.Path(tuple((letter, tuple(_flat(data))) for letter, *data in v))
    if name == "shapes":
        return Shapes([shape(s) for s in v])
    return Clip(shape(v)) if name == "clipPath" else v


def _flat(data: Any) -> Iterator[float]:
    for v in data:
        yield from _flat(v) if isinstance(v, list) else (v,)


# --- Two pictures ------------------------------------------------------------------------------------------------

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)


def differences(found: str, expected: str, tolerance: float = 1e-3) -> list[str]:
    """Where two pictures differ: elements in order, their texts, and attributes, whose numbers may differ a little.

    What references leave out is not compared: what is in a typeset equation or an image, and an equation's view box,
    which is the typesetter's own. An empty attribute says as much as none; ids may have other names.
    """
    return list(_differences(ElementTree.fromstring(found), ElementTree.fromstring(expected), "", {}, tolerance))


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _attributes(element: Element) -> dict[str, str]:
    kept = {k.rpartition("}")[2]: " ".join(v.split()) for k, v in element.attrib.items() if v.strip()}
    if _is_equation(element):
        kept.pop("viewBox", None)
    if _tag(element) == "svg":  # what the references keep of the root of a document, of an equation, of an image
        kept = {k: v for k, v in kept.items() if k in ("viewBox", "width", "height", "preserveAspectRatio", "style")}
    return kept


def _is_equation(element: Element) -> bool:
    return _tag(element) == "svg" and element.get("style", "").startswith("font-size")


def _differences(
    found: Element, expected: Element, path: str, ids: dict[str, str], tolerance: float
) -> Iterator[str]:
    here = f"{path}/{_tag(expected)}"
    if _tag(found) != _tag(expected):
        yield f"{here}: found {_tag(found)}"
        return
    a, b = _attributes(found), _attributes(expected)
    if "id" in a and "id" in b:
        ids[a["id"]] = b["id"]
    for key in sorted(a.keys() | b.keys()):
        if key not in a or key not in b:
            yield f"{here}: {key} is only {'expected' if key in b else 'found'}: {b.get(key, a.get(key))}"
        elif not _same(key, a[key], b[key], _tag(expected), ids, tolerance):
            yield f"{here}: {key} is {a[key][:200]}; expected {b[key][:200]}"
    texts = [" ".join((t or "").split()) for e in (found, expected) for t in (e.text, *(c.tail for c in e))]
    ours, theirs = "".join(texts[: len(found) + 1]), "".join(texts[len(found) + 1 :])
    if "Infinity" in theirs:
        theirs = ours  # the cropped view box of a picture without shapes, which ours has of the canvas
    if not _close(ours, theirs, tolerance):
        yield f"{here}: the text is {ours!r}; expected {theirs!r}"
    if _tag(found) == "svg" and path:  # an equation or an image: its group has a fill, the rest is its own
        if _is_equation(found):
            yield from _differences(_emptied(found[0]), expected[0], here, ids, tolerance)
        return
    if len(found) != len(expected):
        yield f"{here}: {len(found)} children; expected {len(expected)}"
    for c, d in zip(found, expected, strict=False):
        yield from _differences(c, d, here, ids, tolerance)


def _emptied(element: Element) -> Element:
    return Element(element.tag, element.attrib)


def _same(key: str, a: str, b: str, tag: str, ids: dict[str, str], tolerance: float) -> bool:
    if key == "id":
        return True
    if referred := re.fullmatch(r"url\(#(.*)\)", a):
        return b == f"url(#{ids.get(referred[1])})"
    if key == "d" and tag == "path":
        a, b = (str(outline(d)) for d in (a, b))
    if key in ("fill", "stroke") and re.fullmatch("#[0-9a-f]{7,}", b):
        return len(a) == 7  # a channel above 1 is no colour in the references, and cut to 1 by us
    if key in ("markerWidth", "markerHeight"):
        tolerance = max(tolerance, 0.0101)  # two decimals, which a half may round up or down
    if key == "style":
        a, b = a.replace(" ", "").rstrip(";"), b.replace(" ", "").rstrip(";")
    return a == b if "#" in a else _close(a, b, tolerance)


def _close(a: str, b: str, tolerance: float) -> bool:
    if a == b:
        return True
    m, n = NUMBER.findall(a), NUMBER.findall(b)
    if len(m) != len(n) or NUMBER.sub("0", a) != NUMBER.sub("0", b):
        return False
    return all(abs(float(x) - float(y)) <= tolerance for x, y in zip(m, n, strict=True))


def outline(d: str) -> list[tuple[str, list[float]]]:
    """Path data in absolute terms, with radii that are positive and no line that only closes."""
    sizes = {"M": 2, "L": 2, "Q": 4, "C": 6, "T": 2, "S": 4, "A": 7, "Z": 0}
    tokens = re.findall(f"[A-Za-z]|{NUMBER.pattern}", d)
    commands: list[tuple[str, list[float]]] = []
    cursor = first = [0.0, 0.0]
    letter, i = "", 0
    while i < len(tokens):
        if tokens[i].isalpha():
            letter, i = tokens[i], i + 1
        upper = letter.upper()
        numbers = [float(t) for t in tokens[i : i + sizes[upper]]]
        i += sizes[upper]
        if upper == "A":
            numbers[:2] = map(abs, numbers[:2])
        if letter.islower() and numbers:
            ends = slice(5, 7) if upper == "A" else slice(0, len(numbers))
            numbers[ends] = [n + cursor[j % 2] for j, n in enumerate(numbers[ends])]
        if upper == "Z" and commands[-1] == ("L", first):
            commands.pop()
        commands.append((upper, numbers))
        cursor = numbers[-2:] or first
        first = cursor if upper == "M" else first
        letter = {"M": "L", "m": "l"}.get(letter, letter)
    return commands
