"""Shapes of a diagram as primitives that the window paints, quickly enough for every frame.

resvg, which draws the files, takes 50 ms for the pixels of a window alone. So outlines are painted as those of scenes
are, and what is made of letters or of images is drawn by resvg once, and moved. A clipped group is drawn by resvg
whenever it changes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from rosesim.diagrams import boxes
from rosesim.diagrams.errors import DiagramError
from rosesim.diagrams.labels import Labels
from rosesim.diagrams.picture import markers, paint, png, properties, svg
from rosesim.diagrams.values import Color, Shape, Vector
from rosesim.scenes.canvas import Arrow, Canvas, Circle, Circles, Image, Line, Polygon, Primitive, Space, Text
from rosesim.view.flatten import Point, commands, dashed, flattened
from rosesim.view.theme import Colour, colours

ROUND = 48
"""Corners of an ellipse."""
CORNER = 6
"""Segments of a rectangle's rounded corner."""
MARGIN = 4.0
"""Pixels around a label, for letters that reach out of their box; and a quarter of its height."""
BEYOND = 0.7
"""Samples by which pygame's quadrilaterals are wider than their corners, on average over directions."""
THICK = 2.0
"""Pixels from which on a line's ends show whether they are round."""

Part = tuple[list[Point], bool]


class Hexadecimal(dict[str, Colour]):
    """The theme's colours, and every #rrggbb by itself.

    >>> Hexadecimal()["#ff8000"]
    (255, 128, 0)
    """

    def __missing__(self, role: str) -> Colour:
        found = colours({role: role} if role.startswith("#") else {})[role]
        self[role] = found
        return found


@dataclass(slots=True)
class Sketch:
    """Draws shapes, and remembers what it drew of those that stay.

    `scale` is how many samples of the sheet make a pixel of the canvas.
    """

    size: tuple[float, float]
    labels: Labels
    folder: Path | Sequence[Path] | None = None
    scale: float = 1.0
    _drawn: dict[str, tuple[Shape, list[Primitive]]] = field(default_factory=dict)
    _sprites: dict[Any, NDArray[np.uint8]] = field(default_factory=dict)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Of the canvases that `canvas` gives: the screen's coordinates with y turned round."""
        return 0.0, -self.size[1], self.size[0], 0.0

    def canvas(self, shapes: Sequence[Shape]) -> Canvas:
        """The shapes, the first at the bottom."""
        made = Canvas(self.extent)
        for shape in shapes:
            made.primitives += self._of(shape)
        return made

    def _of(self, shape: Shape) -> list[Primitive]:
        before = self._drawn.get(shape.name)
        if before is not None and before[0] is shape:
            return before[1]
        try:
            found = self._made(shape)
        except DiagramError:  # a number that is not finite, while the layout searches
            found = []
        self._drawn[shape.name] = shape, found
        return found

    def _made(self, shape: Shape) -> list[Primitive]:
        if shape.kind in ("Text", "Equation", "Image"):
            return [self._label(shape)]
        if shape.kind == "Group":
            if properties.clip(shape) is not None:
                return self._clipped(shape)
            return [p for member in properties.members(shape) for p in self._of(member)]
        return [self._thinned(_turned_round(p)) for p in OUTLINED[shape.kind](shape, self._screen)]

    def _thinned(self, p: Primitive) -> Primitive:
        """A line without the samples that pygame paints beyond it, paler where it would be thinner than it can be."""
        if not isinstance(p, Line):
            return p
        wide = p.width * self.scale
        width = max(wide - BEYOND, 1.0) / self.scale
        return Line(p.points, p.role, width, p.opacity * min(1.0, wide / (1.0 + BEYOND)))

    def _screen(self, p: Point) -> Point:
        return self.size[0] / 2 + p[0], self.size[1] / 2 - p[1]

    # ------------------------------------------------------------------------------------- sprites

    def _label(self, shape: Shape) -> Image:
        """A label or an image, drawn about the origin of a canvas of its own."""
        width, height = (max(0.0, properties.number(shape, name)) for name in ("width", "height"))
        if properties.number(shape, "rotation", 0.0):
            width = height = math.hypot(width, height)
        margin = MARGIN + height / 4
        size = width + 2 * margin, height + 2 * margin
        key = (shape.kind, *(v for k, v in shape.properties.items() if k not in ("center", "name")))
        if key not in self._sprites:
            alone = Shape(
                shape.kind, shape.name, {**shape.properties, "center": Vector((0.0, 0.0))}, shape.passthrough
            )
            self._sprites[key] = self._pixels(svg([alone], size, self.labels, self.folder))
        x, y = self._screen(properties.point(shape, "center"))
        return Image(self._sprites[key], (x - size[0] / 2, -y - size[1] / 2), (x + size[0] / 2, -y + size[1] / 2))

    def _clipped(self, shape: Shape) -> list[Primitive]:
        """A group with its clip, drawn where it is."""
        text = svg([shape], self.size, self.labels, self.folder)
        box: Any = boxes.box(shape)
        left, top = (math.floor(v) for v in self._screen((box.min_x, box.max_y)))
        right, bottom = (math.ceil(v) for v in self._screen((box.max_x, box.min_y)))
        left, top = max(left, 0), max(top, 0)
        right, bottom = min(right, math.ceil(self.size[0])), min(bottom, math.ceil(self.size[1]))
        if right <= left or bottom <= top:
            return []
        whole = " ".join(map(paint.decimal, (0.0, 0.0, *self.size)))
        part = f"{left} {top} {right - left} {bottom - top}"
        if text not in self._sprites:
            pixels = self._pixels(text.replace(f'viewBox="{whole}"', f'viewBox="{part}"', 1))
            self._sprites = {k: v for k, v in self._sprites.items() if not isinstance(k, str)} | {text: pixels}
        return [Image(self._sprites[text], (left, -bottom), (right, -top))]

    def _pixels(self, text: str) -> NDArray[np.uint8]:
        from PIL import Image as Pillow

        return np.asarray(Pillow.open(io.BytesIO(png(text, self.scale, background=None))).convert("RGBA"))


# ---------------------------------------------------------------------------------------- outlines

Screen = Callable[[Point], Point]


def _visible(color: Color) -> tuple[str, float] | None:
    """A colour as a role, and its opacity; None where nothing is seen."""
    if color.space == "none":
        return None
    opacity = float(paint.opacity(color))
    return (paint.hexadecimal(color), min(opacity, 1.0)) if opacity > 0 else None


def _stroke(shape: Shape) -> tuple[str, float, float] | None:
    """The stroke's role, opacity and width; None where there is none."""
    seen, width = _visible(properties.color(shape, "strokeColor")), properties.number(shape, "strokeWidth", 0.0)
    return None if seen is None or width <= 0 else (*seen, width)


def _dashes(shape: Shape) -> list[float]:
    written = properties.text(shape, "strokeDasharray") or (
        paint.DASHES if properties.text(shape, "strokeStyle", "solid") == "dashed" else ""
    )
    try:
        return [float(word) for word in written.replace(",", " ").split()]
    except ValueError:
        return []


def _outline(shape: Shape, parts: Sequence[Part], *, filled: bool = True) -> list[Primitive]:
    """The fill and the stroke of parts."""
    found: list[Primitive] = []
    if filled and (fill := _visible(properties.color(shape, "fillColor"))) is not None:
        found += [Polygon(tuple(points), *fill) for points, _ in parts if len(points) > 2]
    stroke = _stroke(shape)
    if stroke is not None:
        role, opacity, width = stroke
        is_butt = properties.text(shape, "strokeLinecap") in ("", "butt") and width >= THICK
        for points, closed in parts:
            around = [*points, points[0]] if closed else points
            for dash in dashed(around, _dashes(shape)):
                if is_butt and len(dash) == 2:
                    found += _quadrilateral(dash, role, opacity, width)
                elif len(dash) > 1:
                    found.append(Line(tuple(dash), role, width, opacity))
    return found


def _quadrilateral(ends: Sequence[Point], role: str, opacity: float, width: float) -> list[Primitive]:
    """A segment that ends square."""
    (x0, y0), (x1, y1) = ends
    length = math.hypot(x1 - x0, y1 - y0)
    if not length:
        return []
    u, v = width / 2 * (y1 - y0) / length, width / 2 * (x0 - x1) / length
    return [Polygon(((x0 + u, y0 + v), (x1 + u, y1 + v), (x1 - u, y1 - v), (x0 - u, y0 - v)), role, opacity)]


def _circle(shape: Shape, screen: Screen) -> list[Primitive]:
    at, r = screen(properties.point(shape, "center")), max(0.0, properties.number(shape, "r"))
    if _dashes(shape):
        return _outline(shape, [(_ring(at, r, r), True)])
    fill, stroke = _visible(properties.color(shape, "fillColor")), _stroke(shape)
    found: list[Primitive] = [] if fill is None else [Circle(at, r, fill[0], 0.0, fill[1])]
    if stroke is not None:
        found.append(Circle(at, r, stroke[0], stroke[2], stroke[1]))
    return found


def _ring(at: Point, rx: float, ry: float) -> list[Point]:
    angles = [2 * math.pi * k / ROUND for k in range(ROUND)]
    return [(at[0] + rx * math.cos(a), at[1] + ry * math.sin(a)) for a in angles]


def _ellipse(shape: Shape, screen: Screen) -> list[Primitive]:
    radii = (max(0.0, properties.number(shape, name)) for name in ("rx", "ry"))
    return _outline(shape, [(_ring(screen(properties.point(shape, "center")), *radii), True)])


def _rectangle(shape: Shape, screen: Screen) -> list[Primitive]:
    cx, cy = screen(properties.point(shape, "center"))
    w, h = (max(0.0, properties.number(shape, name)) / 2 for name in ("width", "height"))
    r = min(max(0.0, properties.number(shape, "cornerRadius", 0.0)), w, h)
    arc = [math.pi / 2 * k / CORNER for k in range(CORNER + 1)] if r else [0.0]
    signs = ((1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0))
    corners = [
        (sx * (w - r) + r * math.cos(a + k * math.pi / 2), sy * (h - r) + r * math.sin(a + k * math.pi / 2))
        for k, (sx, sy) in enumerate(signs)
        for a in arc
    ]
    angle = math.radians(properties.number(shape, "rotation", 0.0))
    c, s = math.cos(angle), math.sin(angle)
    return _outline(shape, [([(cx + c * x - s * y, cy + s * x + c * y) for x, y in corners], True)])


def _points(shape: Shape, screen: Screen) -> list[Primitive]:
    scale = properties.number(shape, "scale", 1.0)
    points = [(scale * x, scale * y) for x, y in map(screen, properties.points(shape))]
    return _outline(shape, [(points, shape.kind == "Polygon")])


def _line(shape: Shape, screen: Screen) -> list[Primitive]:
    a, b = map(screen, markers.shortened(shape))
    return [*_outline(shape, [([a, b], False)], filled=False), *_arrowheads(shape, [a, b])]


def _path(shape: Shape, screen: Screen) -> list[Primitive]:
    on_screen: list[tuple[str, list[float]]] = []
    for letter, numbers in properties.path(shape):
        kept = 5 if letter == "A" else 0
        ends = [n for i in range(kept, len(numbers), 2) for n in screen((numbers[i], numbers[i + 1]))]
        on_screen.append((letter, [*numbers[:kept], *ends]))
    parts = flattened(on_screen)
    found = _outline(shape, parts)
    return [*found, *_arrowheads(shape, parts[0][0])] if len(parts) == 1 else found


def _arrowheads(shape: Shape, points: Sequence[Point]) -> list[Primitive]:
    """The arrowheads at the ends of a row of points."""
    found: list[Primitive] = []
    stroke = _stroke(shape)
    if stroke is None or len(points) < 2:
        return found
    role, opacity, width = stroke
    for end, (at, before) in zip(markers.ENDS, ((points[0], points[1]), (points[-1], points[-2])), strict=True):
        head = markers.arrowhead(shape, end)
        if head is None or at == before:
            continue
        scale = properties.number(shape, f"{end}ArrowheadSize", 1.0) * width
        flip = -1.0 if end == "start" and properties.flag(shape, "flipStartArrowhead") else 1.0
        angle = math.atan2(flip * (at[1] - before[1]), flip * (at[0] - before[0]))
        c, s = scale * math.cos(angle), scale * math.sin(angle)
        for part, _ in flattened(commands(head.outline)):
            moved = [(x - head.at[0], y - head.at[1]) for x, y in part]
            placed = tuple((at[0] + c * x - s * y, at[1] + s * x + c * y) for x, y in moved)
            found.append(Line(placed, role, scale, opacity) if head.stroked else Polygon(placed, role, opacity))
    return found


OUTLINED: dict[str, Callable[[Shape, Screen], list[Primitive]]] = {
    "Circle": _circle,
    "Ellipse": _ellipse,
    "Rectangle": _rectangle,
    "Polygon": _points,
    "Polyline": _points,
    "Line": _line,
    "Path": _path,
}


def _turned_round(p: Primitive) -> Primitive:
    """A primitive of the screen where y points up."""
    match p:
        case Circle(centre=(x, y)):
            return Circle((x, -y), p.radius, p.role, p.width, p.opacity)
        case Line():
            return Line(tuple((x, -y) for x, y in p.points), p.role, p.width, p.opacity)
        case Polygon():
            return Polygon(tuple((x, -y) for x, y in p.points), p.role, p.opacity)
        case Arrow() | Circles() | Image() | Space() | Text():  # of which outlines have none
            return p
        case _:
            assert_never(p)
