"""Colours, fills and strokes as SVG's attributes."""

from __future__ import annotations

from rosesim.diagrams.picture import properties, slots
from rosesim.diagrams.scalars import Number, Scalar, choose, floor, maximum, minimum, same
from rosesim.diagrams.values import Color, Shape

DASHES = "7,5"
"""Of a stroke whose style is "dashed"."""

Attributes = dict[str, str]


def decimal(value: Number) -> str:
    """A number as SVG writes it: no exponent, six decimals at most, a millionth of a pixel. Of a node, its slot.

    >>> decimal(12.5), decimal(3.0), decimal(-1e-9), decimal(1e21)
    ('12.5', '3', '0', '1000000000000000000000')
    """
    if isinstance(value, Scalar):
        return slots.slot("d", value)
    digits = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if digits == "-0" else digits


def _rgb(color: Color) -> tuple[Number, ...]:
    return color.channels[:3] if color.space == "rgba" else _of_hsv(*color.channels[:3])


def _of_hsv(hue: Number, saturation: Number, value: Number) -> tuple[Number, Number, Number]:
    """Red, green and blue of degrees and two percentages (Smith 1978): a hue lies in one of six sectors."""
    turns, s, v = hue / 360.0, saturation / 100.0, value / 100.0
    sixths = 6.0 * (turns - floor(turns))
    sector = floor(sixths)
    part = sixths - sector
    low, falling, rising = v * (1.0 - s), v * (1.0 - s * part), v * (1.0 - s * (1.0 - part))
    each = (
        (v, rising, low),
        (falling, v, low),
        (low, v, rising),
        (low, falling, v),
        (rising, low, v),
        (v, low, falling),
    )
    found = each[0]  # also of a sector 6, to which a hue just below 360 rounds
    for k in range(1, 6):
        found = tuple(choose(same(sector, float(k)), a, b) for a, b in zip(each[k], found, strict=True))
    return found[0], found[1], found[2]


def hexadecimal(color: Color) -> str:
    """`#rrggbb`, or "none". A channel outside 0 to 1 is cut there: more digits would be no colour.

    >>> hexadecimal(Color("rgba", (1.0, 0.5, 0.0, 1.0))), hexadecimal(Color("hsva", (240.0, 100.0, 100.0, 1.0)))
    ('#ff8000', '#0000ff')
    """
    if color.space == "none":
        return "none"
    return "#" + "".join(_two_digits(floor(255.0 * minimum(maximum(c, 0.0), 1.0) + 0.5)) for c in _rgb(color))


def _two_digits(whole: Number) -> str:
    return slots.slot("x", whole) if isinstance(whole, Scalar) else f"{int(whole):02x}"


def opacity(color: Color) -> str:
    """The last channel."""
    return decimal(color.channels[3])


def _painted(name: str, color: Color) -> Attributes:
    return {name: hexadecimal(color)} | ({} if color.space == "none" else {f"{name}-opacity": opacity(color)})


def fill(shape: Shape) -> Attributes:
    """`fill`, and its opacity unless it is none."""
    return _painted("fill", properties.color(shape, "fillColor"))


def stroke(shape: Shape) -> Attributes:
    """`stroke`, and unless it is none its opacity, width, dashes and caps."""
    color = properties.color(shape, "strokeColor")
    if color.space == "none":
        return {"stroke": "none"}
    attributes = _painted("stroke", color) | {"stroke-width": decimal(properties.number(shape, "strokeWidth", 0.0))}
    dashed = properties.text(shape, "strokeStyle", "solid") == "dashed"
    if dashes := properties.text(shape, "strokeDasharray") or (DASHES if dashed else ""):
        attributes["stroke-dasharray"] = dashes
    if cap := properties.text(shape, "strokeLinecap"):
        attributes["stroke-linecap"] = cap
    return attributes
