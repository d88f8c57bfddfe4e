"""Path data as rows of points: curves and arcs become short segments.

Screen coordinates, y downwards, as in SVG 1.1, section 8.3; arcs by its appendix F.6.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Sequence

Point = tuple[float, float]
Command = tuple[str, Sequence[float]]

PIECES = 16
"""Segments of a curve, and of a quarter of an arc: within a twentieth of a pixel of a circle of 40 pixels."""
FINEST = 0.5
"""Shorter dashes than this, in pixels, are a line to the eye, and too many to draw."""

_WORD = re.compile(r"([MLAZ])|(-?[\d.]+)")
_COUNTS = {"M": 2, "L": 2, "A": 7, "Z": 0}


def commands(outline: str) -> list[Command]:
    """The commands of path data that consist of M, L, A and Z, as arrowheads' do.

    >>> commands("M 0 0 L 1 2 Z")
    [('M', [0.0, 0.0]), ('L', [1.0, 2.0]), ('Z', [])]
    """
    found: list[tuple[str, list[float]]] = []
    for letter, number in _WORD.findall(outline):
        if letter:
            found.append((letter, []))
        else:
            found[-1][1].append(float(number))
    assert all(len(numbers) == _COUNTS[letter] for letter, numbers in found), outline
    return [*found]


def flattened(path: Iterable[Command]) -> list[tuple[list[Point], bool]]:
    """The parts of path data: their points, and whether they are closed.

    >>> flattened([("M", (0, 0)), ("L", (2, 0)), ("L", (2, 1)), ("Z", ())])
    [([(0, 0), (2, 0), (2, 1)], True)]
    """
    parts: list[tuple[list[Point], bool]] = []
    points: list[Point] = []
    control: Point | None = None
    for letter, n in path:
        if letter == "M":
            if len(points) > 1:
                parts.append((points, False))
            points = [_end(n)]
        elif letter == "Z":
            if points:
                parts.append((points, True))
                points = [points[0]]
        elif points:
            here = points[-1]
            if letter == "L":
                points.append(_end(n))
            elif letter == "A":
                points += _arc(here, n)
            else:
                given = [(n[i], n[i + 1]) for i in range(0, len(n), 2)]
                if letter in "TS":
                    before = control or here
                    given.insert(0, (2 * here[0] - before[0], 2 * here[1] - before[1]))
                points += _bezier([here, *given])
                control = given[-2]
        if letter not in "QTCS":
            control = None
    if len(points) > 1:
        parts.append((points, False))
    return parts


def _end(n: Sequence[float]) -> Point:
    return n[-2], n[-1]


def _bezier(controls: Sequence[Point]) -> list[Point]:
    """Points of a Bézier curve after its start, by its Bernstein form."""
    degree = len(controls) - 1
    found: list[Point] = []
    for k in range(1, PIECES + 1):
        t = k / PIECES
        weights = [math.comb(degree, i) * t**i * (1 - t) ** (degree - i) for i in range(degree + 1)]
        found.append(
            (
                sum(w * c[0] for w, c in zip(weights, controls, strict=True)),
                sum(w * c[1] for w, c in zip(weights, controls, strict=True)),
            )
        )
    return found


def _arc(start: Point, n: Sequence[float]) -> list[Point]:
    """Points of an elliptical arc after its start."""
    rx, ry, turn, large, sweep, x1, y1 = n
    rx, ry = abs(rx), abs(ry)
    if rx == 0.0 or ry == 0.0 or start == (x1, y1):
        return [(x1, y1)]
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    dx, dy = (start[0] - x1) / 2, (start[1] - y1) / 2
    x, y = c * dx + s * dy, c * dy - s * dx
    grow = math.sqrt(max(1.0, (x / rx) ** 2 + (y / ry) ** 2))
    rx, ry = grow * rx, grow * ry
    under = (rx * y) ** 2 + (ry * x) ** 2
    root = math.sqrt(max(0.0, (rx * ry) ** 2 - under) / under) * (-1 if bool(large) == bool(sweep) else 1)
    cx, cy = root * rx * y / ry, -root * ry * x / rx
    first = math.atan2((y - cy) / ry, (x - cx) / rx)
    span = math.atan2((-y - cy) / ry, (-x - cx) / rx) - first
    span += 2 * math.pi * ((sweep and span < 0) - (not sweep and span > 0))
    mx, my = c * cx - s * cy + (start[0] + x1) / 2, s * cx + c * cy + (start[1] + y1) / 2
    pieces = max(2, math.ceil(PIECES * abs(span) / (math.pi / 2)))
    found: list[Point] = []
    for k in range(1, pieces):
        a = first + span * k / pieces
        u, v = rx * math.cos(a), ry * math.sin(a)
        found.append((mx + c * u - s * v, my + s * u + c * v))
    return [*found, (x1, y1)]


def dashed(points: Sequence[Point], dashes: Sequence[float]) -> list[list[Point]]:
    """The dashes of a row of points: lengths drawn and left out in turn.

    >>> dashed([(0.0, 0.0), (10.0, 0.0)], (4.0, 2.0))
    [[(0.0, 0.0), (4.0, 0.0)], [(6.0, 0.0), (10.0, 0.0)]]
    """
    if not dashes or any(d < 0 for d in dashes) or sum(dashes) < FINEST:
        return [list(points)]
    found: list[list[Point]] = []
    k, left, now = 0, dashes[0], [points[0]]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        length, done = math.hypot(x1 - x0, y1 - y0), 0.0
        while length - done > left:
            done += left
            at = (x0 + (x1 - x0) * done / length, y0 + (y1 - y0) * done / length)
            if k % 2 == 0:
                found.append([*now, at])
            k += 1
            left, now = dashes[k % len(dashes)], [at]
        left -= length - done
        now.append((x1, y1))
    if k % 2 == 0 and len(now) > 1:
        found.append(now)
    return found
