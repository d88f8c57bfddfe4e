"""Convex parts of a polygon: ears are cut off, then triangles grow together where they stay convex.

The cut is made once, where the points start, and keeps referring to the same points while they move. Ears are cut off
(Meisters 1975), the sharpest first; then diagonals are taken out while both their corners stay convex (Hertel and
Mehlhorn 1983: at most four times as many parts as the least number).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rosesim.diagrams.library.context import start_values
from rosesim.diagrams.vectors import Point

_Place = tuple[float, float]
_Part = list[int]


def parts(corners: Sequence[Point]) -> list[list[Point]]:
    """The corners of each convex part, counter-clockwise at the start; at most 3 corners are one part as they are.

    Their start values decide: see `context.at_start`.

    >>> square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    >>> parts(square) == [square]
    True
    >>> [len(part) for part in parts([*square, (0.5, 0.2)])]
    [3, 4]
    """
    if len(corners) <= 3:
        return [list(corners)]
    numbers = start_values([n for corner in corners for n in corner])
    places = list(zip(numbers[::2], numbers[1::2], strict=True))
    return [[corners[i] for i in part] for part in convex_parts(places)]


def convex_parts(places: Sequence[_Place]) -> list[_Part]:
    """The parts as indices of corners."""
    contour = list(range(len(places)))
    if sum((x2 - x1) * (y2 + y1) for (x1, y1), (x2, y2) in zip(places, [*places[1:], places[0]], strict=True)) > 0:
        contour.reverse()
    if all(_turns_left(places, *_around(contour, i)) for i in range(len(contour))):
        return [contour]
    return _merged(places, _triangles(places, contour))


def _around(part: _Part, i: int) -> tuple[int, int, int]:
    return part[i - 1], part[i], part[(i + 1) % len(part)]


def _area(places: Sequence[_Place], a: int, b: int, c: int) -> float:
    """Twice the signed area of a triangle."""
    (ax, ay), (bx, by), (cx, cy) = places[a], places[b], places[c]
    return (cy - ay) * (bx - ax) - (cx - ax) * (by - ay)


def _turns_left(places: Sequence[_Place], a: int, b: int, c: int) -> bool:
    return _area(places, a, b, c) > 0


def _cosine(places: Sequence[_Place], a: int, b: int, c: int) -> float:
    """Of the corner b; the sharper, the greater."""
    (ax, ay), (bx, by), (cx, cy) = places[a], places[b], places[c]
    ux, uy, vx, vy = ax - bx, ay - by, cx - bx, cy - by
    u, v = math.sqrt(ux * ux + uy * uy), math.sqrt(vx * vx + vy * vy)
    return (ux / u) * (vx / v) + (uy / u) * (vy / v)


def _triangles(places: Sequence[_Place], contour: _Part) -> list[_Part]:
    rest = list(contour)
    found: list[_Part] = []
    while len(rest) >= 3:
        flat = next((i for i in range(len(rest)) if _area(places, *_around(rest, i)) == 0), None)
        if flat is not None:
            del rest[flat]
            continue
        ears = [i for i in range(len(rest)) if _is_ear(places, rest, i)]
        # A contour that crosses itself may have none: any convex corner keeps the work finite.
        ears = ears or [i for i in range(len(rest)) if _turns_left(places, *_around(rest, i))] or [0]
        sharpest = max(ears, key=lambda i: _cosine(places, *_around(rest, i)))
        found.append(list(_around(rest, sharpest)))
        del rest[sharpest]
    return found


def _is_ear(places: Sequence[_Place], rest: _Part, i: int) -> bool:
    a, b, c = _around(rest, i)
    if not _turns_left(places, a, b, c):
        return False
    corners = (places[a], places[b], places[c])
    return not any(places[p] not in corners and _inside(places, a, b, c, p) for p in rest)


def _inside(places: Sequence[_Place], a: int, b: int, c: int, p: int) -> bool:
    """Whether p is in a triangle, its sides included."""
    return not any(_turns_left(places, s, p, t) for s, t in ((a, b), (b, c), (c, a)))


def _merged(places: Sequence[_Place], triangles: list[_Part]) -> list[_Part]:
    parts_ = list(triangles)
    first = 0
    while first < len(parts_):
        grown = next(_joins(places, parts_, first), None)
        if grown is None:
            first += 1
        else:
            second, part = grown
            parts_[first] = part
            del parts_[second]
    return parts_


def _joins(places: Sequence[_Place], parts_: list[_Part], first: int) -> Iterator[tuple[int, _Part]]:
    """Later parts that share a side with the first and stay convex together: their index, and the joint part."""
    one = parts_[first]
    for i, start in enumerate(one):
        end = one[(i + 1) % len(one)]
        for second in range(first + 1, len(parts_)):
            other = parts_[second]
            k = next((k for k in range(len(other)) if other[k] == end and other[(k + 1) % len(other)] == start), None)
            if k is None:
                continue
            # Both from the end of the shared side on, and without their last corner.
            ours = one[(i + 1) % len(one) :] + one[: (i + 1) % len(one)]
            theirs = other[(k + 1) % len(other) :] + other[: (k + 1) % len(other)]
            convex_start = _turns_left(places, ours[-2], start, theirs[1])
            if convex_start and _turns_left(places, theirs[-2], end, ours[1]):
                yield second, ours[:-1] + theirs[:-1]
            break
