"""Properties that a shape's kind does not know: attributes of its outermost element."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from rosesim.diagrams.picture import paint, properties
from rosesim.diagrams.scalars import Scalar
from rosesim.diagrams.values import Shape

KEBAB = frozenset(
    "alignment-baseline baseline-shift clip-path clip-rule color-interpolation color-interpolation-filters "
    "color-rendering dominant-baseline enable-background fill-opacity fill-rule flood-color flood-opacity "
    "font-family font-size font-size-adjust font-stretch font-style font-variant font-weight "
    "glyph-orientation-horizontal glyph-orientation-vertical image-rendering letter-spacing lighting-color "
    "marker-end marker-mid marker-start "
    "paint-order pointer-events shape-rendering stop-color stop-opacity stroke-dasharray stroke-dashoffset "
    "stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-anchor text-decoration "
    "text-overflow text-rendering transform-origin unicode-bidi vector-effect white-space word-spacing "
    "writing-mode".split()
)
"""SVG's presentation attributes with hyphens: Style writes them in camel case."""

OTHERS = frozenset(
    "class color cursor d direction display dx dy fill filter height href id mask opacity overflow pathLength "
    "preserveAspectRatio rx ry stroke style textLength transform visibility width x y".split()
)
"""SVG's other attributes that make sense for a shape."""

OURS = frozenset({"name", "ensureOnCanvas"})
"""What says something to us and nothing to SVG."""

_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)


def attribute(name: str) -> str:
    """A property's name in SVG.

    >>> attribute("strokeLinejoin"), attribute("viewBox"), attribute("opacity")
    ('stroke-linejoin', 'viewBox', 'opacity')
    """
    kebab = re.sub("[A-Z]", lambda m: "-" + m[0].lower(), name)
    return kebab if kebab in KEBAB else name


def unknown(shape: Shape) -> list[str]:
    """The properties that neither the shape's kind nor SVG knows, which are misspelt more often than not.

    >>> unknown(Shape("Circle", "a.dot", passthrough={"raduis": 3.0, "opacity": 0.5, "strokeLinejoin": "round"}))
    ['raduis']
    """
    return [name for name in shape.passthrough if attribute(name) not in KEBAB | OTHERS | OURS]


def pass_through(shape: Shape, element: Element) -> None:
    """Set the attributes: what is set already stays, only `style` is added to."""
    for name, value in shape.passthrough.items():
        if name in OURS:
            continue
        if isinstance(value, bool) or not isinstance(value, str | int | float | Scalar):
            properties.refuse(shape, name, repr(value), "a string or a number, for SVG's attribute of this name")
        key, words = attribute(name), value if isinstance(value, str) else paint.decimal(value)
        if not _NAME.fullmatch(key):
            properties.refuse(shape, name, "no attribute of SVG", "letters, digits, hyphens and dots in its name")
        if key == "style" and (before := element.get("style")):
            element.set("style", before.rstrip("; ") + "; " + words if words else before)
        elif words and key not in element.attrib:
            element.set(key, words)
