"""The kinds of shapes: their properties in order, what each accepts, and how it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rosesim.diagrams import kinds
from rosesim.diagrams.kinds import Kind
from rosesim.diagrams.scalars import Number
from rosesim.diagrams.values import Clip, Color, Path, Rows, Shapes, Value, Vector

Range = Callable[[float, float], tuple[float, float]]
"""From the canvas's width and height to [low, high)."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A default that is drawn: one input a range; `make` puts them together."""

    ranges: tuple[Range, ...]
    make: Callable[..., Value]


@dataclass(frozen=True, slots=True)
class Measured:
    """A default that is the size of a label: one input that never moves and that nobody draws."""


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a shape."""

    name: str
    kind: Kind
    default: Value | Sampled | Measured


@dataclass(frozen=True, slots=True)
class ShapeKind:
    """A kind of shape.

    `properties` has them in order. `draws` are the names of sampled properties in the order of their draws,
    `measured` those of label sizes in the order of their inputs. All draws are made, even where a style gives the
    property.

    >>> SHAPES["Circle"].draws
    ('fillColor', 'center', 'r')
    >>> SHAPES["Circle"].properties["strokeWidth"].default
    0.0
    """

    name: str
    properties: dict[str, Property]
    draws: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()

    @property
    def has_size(self) -> bool:
        """Whether it is rectlike: a centre, a width and a height."""
        return self.name in RECTLIKE


RECTLIKE = ("Rectangle", "Equation", "Text", "Image")

NO_PAINT = Color("none")
BLACK = Color("rgba", (0.0, 0.0, 0.0, 1.0))


def _number(value: Number) -> Value:
    return value


def _pair(x: Number, y: Number) -> Value:
    return Vector((x, y))


def _half_clear(r: Number, g: Number, b: Number) -> Value:
    return Color("rgba", (r, g, b, 0.5))


_CANVAS_X: Range = lambda w, h: (-w / 2, w / 2)
_CANVAS_Y: Range = lambda w, h: (-h / 2, h / 2)
_CHANNEL: Range = lambda w, h: (0.1, 0.9)
_WIDTH = Sampled((lambda w, h: (3.0, w / 6),), _number)
_HEIGHT = Sampled((lambda w, h: (3.0, h / 6),), _number)
_POINT = Sampled((_CANVAS_X, _CANVAS_Y), _pair)
_COLOR = Sampled((_CHANNEL,) * 3, _half_clear)


def _real(name: str, default: Value | Sampled | Measured) -> Property:
    return Property(name, kinds.NUMBER, default)


def _string(name: str, default: str = "") -> Property:
    return Property(name, kinds.STRING, default)


def _boolean(name: str, default: bool) -> Property:
    return Property(name, kinds.BOOLEAN, default)


def _point(name: str) -> Property:
    return Property(name, kinds.VECTOR2, _POINT)


def _fill(default: Color | Sampled) -> Property:
    return Property("fillColor", kinds.COLOR, default)


def _stroke(width: float = 0.0, color: Color = NO_PAINT) -> tuple[Property, ...]:
    return (
        _real("strokeWidth", width),
        _string("strokeStyle", "solid"),
        Property("strokeColor", kinds.COLOR, color),
        _string("strokeDasharray"),
    )


_COMMON = (_string("name", "defaultName"), _boolean("ensureOnCanvas", True))
_PLACED = (_point("center"), _real("rotation", 0.0))
_SIZED = (_real("width", _WIDTH), _real("height", _HEIGHT))
_MEASURED = tuple(_real(name, Measured()) for name in ("width", "height", "ascent", "descent"))
_ARROWS = (
    _string("startArrowhead", "none"),
    _string("endArrowhead", "none"),
    _real("startArrowheadSize", 1.0),
    _real("endArrowheadSize", 1.0),
    _boolean("flipStartArrowhead", False),
)
_POINTS = (
    _real("scale", 1.0),
    Property("points", kinds.ANY_ROWS, Rows(((0.0, 0.0), (0.0, 10.0), (10.0, 0.0)), "lists")),
)


def _kind(
    name: str,
    *properties: Property,
    draws: tuple[str, ...] = (),
    measured: tuple[str, ...] = (),
) -> ShapeKind:
    return ShapeKind(name, {p.name: p for p in (*_COMMON, *properties)}, draws, measured)


_ALL = (
    _kind(
        "Circle", *_stroke(), _fill(_COLOR), _point("center"), _real("r", _WIDTH), draws=("fillColor", "center", "r")
    ),
    _kind(
        "Ellipse", *_stroke(), _fill(_COLOR), _point("center"), _real("rx", _WIDTH), _real("ry", _HEIGHT),
        draws=("fillColor", "center", "rx", "ry"),
    ),
    _kind(
        "Rectangle", *_stroke(), _fill(_COLOR), *_PLACED, *_SIZED, _real("cornerRadius", 0.0),
        draws=("fillColor", "center", "width", "height"),
    ),
    _kind("Polygon", *_stroke(), _fill(_COLOR), *_POINTS, draws=("fillColor",)),
    _kind("Polyline", *_stroke(1.0, BLACK), _fill(NO_PAINT), *_POINTS, _string("strokeLinecap", "butt")),
    _kind(
        "Line", *_stroke(1.0, BLACK), _fill(NO_PAINT), _point("start"), _point("end"), _string("strokeLinecap"),
        *_ARROWS, draws=("start", "end"),
    ),
    _kind(
        "Path", *_stroke(1.0, BLACK), _fill(NO_PAINT), Property("d", kinds.PATH, Path()),
        _string("strokeLinecap", "butt"), *_ARROWS,
    ),
    _kind(
        "Equation", _fill(BLACK), *_PLACED, *_MEASURED, _string("string", "defaultLabelText"),
        _string("fontSize", "16px"), draws=("center",), measured=("width", "height", "descent", "ascent"),
    ),
    _kind(
        "Text", *_stroke(), _fill(BLACK), *_PLACED, *_MEASURED, _string("string", "defaultText"),
        _string("fontSize", "12px"), _string("fontFamily", "sans-serif"), _string("fontStyle"),
        _string("fontVariant"), _string("fontWeight"), _string("fontStretch"), _string("lineHeight"),
        _string("fontSizeAdjust"), _string("visibility"), _string("textAnchor", "middle"),
        _string("alignmentBaseline", "alphabetic"), _string("dominantBaseline", "alphabetic"),
        draws=("center",), measured=("width", "height", "ascent", "descent"),
    ),
    _kind(
        "Image", *_PLACED, *_SIZED, _string("href", "defaultImage"), _string("preserveAspectRatio"),
        draws=("center", "width", "height"),
    ),
    _kind("Group", Property("shapes", kinds.SHAPES, Shapes([])), Property("clipPath", kinds.CLIP, Clip())),
)  # fmt: skip

SHAPES: dict[str, ShapeKind] = {k.name: k for k in _ALL}
"""All kinds by name. A default that is a `Shapes` is to be copied, since it can change."""
