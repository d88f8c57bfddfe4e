"""The colour that a ray sees: bodies on a ground, under a light that is far away and a sky around all.

Colours are squares of what a display is given, which is close to how displays show them: so light adds up. The page's
shader has the same formulas with the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.mathematics import floor, maximum, minimum, sqrt
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.view.space.shapes import (
    AXES,
    BALL,
    CENTRE,
    COLOUR,
    FAR,
    KINDS,
    SIZE,
    Shape,
    Triple,
    along,
    clamped,
    dot3,
    minus,
    smooth,
    unit,
)

if TYPE_CHECKING:
    from rosesim.view.space.clouds import Cloud

SUN, SKY, BOUNCE = 0.80, 0.42, 0.16
"""How bright the light, the sky above and what the ground throws back are. A body that faces the light is a little
brighter than its colour."""
WARM, COOL = (1.06, 1.0, 0.90), (0.94, 0.99, 1.06)
"""The tint of the light, and of the sky."""
PENUMBRA = 0.09
"""Tangent of the light's angular radius. The sun's is 0.005; a window's shadows are softer, and show no steps."""
BEGINS = 0.1
"""A ray of light has left the point where it begins after this part of the thickness of what it passes."""
HIDDEN = 0.85
"""Part of the sky that a ball hides from a point that it touches."""
REACH = 5.0
"""How far a body hides some of the sky, in radii of the ball around it."""
GLOSS = 0.16
"""How bright the light's reflection is."""
LINE = 0.016
"""Width of a line of the ground's grid, in cells."""


AROUND = {
    "eye": 3, "right": 3, "up": 3, "forward": 3, "light": 3, "middle": 3, "sky": 3, "ground": 3, "line": 3,
    "height": 1, "cell": 1, "fade": 1,
}  # fmt: skip
"""What is around the bodies, and how many numbers each takes.

`right` and `up` are what a pixel's step adds to a ray's direction, `forward` has length 1. `light` is the direction
towards the light, `middle` what the camera looks at. `sky`, `ground` and `line` are colours. `height` is that of the
ground, -FAR where there is none; `cell` is the size of the cells of its grid; at the distance `fade` from the middle
it has faded away."""


class Around:
    """The numbers of `AROUND` by name, read off one vector of them: that is converted sooner than a struct."""

    eye: Triple
    right: Triple
    up: Triple
    forward: Triple
    light: Triple
    middle: Triple
    sky: Triple
    ground: Triple
    line: Triple
    height: Any
    cell: Any
    fade: Any

    def __init__(self, numbers: Any):
        at = 0
        for name, count in AROUND.items():
            setattr(self, name, numbers[at] if count == 1 else tuple(numbers[at + k] for k in range(count)))
            at += count


@dataclass(frozen=True)
class Hit:
    """What a ray meets first."""

    t: Real
    which: Real
    """The body's number; -1 for one of many spheres, the ground and the sky."""
    x: Real
    y: Real
    z: Real
    """The direction outward there, of any length."""
    r: Real
    g: Real
    b: Real


def colour(
    u: Any, v: Any, tables: list[Any], counts: Any, around: Around, cloud: Cloud | None = None
) -> tuple[Any, Any, Any]:
    """What the ray through a place of the picture sees, as red, green and blue from 0 to 255.

    u and v are pixels to the right of the picture's middle and above it; `tables` has the bodies of each kind,
    padded, and `counts` how many there are; `cloud` has many spheres.
    """
    eye = around.eye
    d = unit(along(along(around.forward, u, around.right), v, around.up))
    hit = _first(eye, d, tables, counts)
    if cloud is not None:
        hit = _nearer(cloud, eye, d, u, v, hit)
    down = (around.height - eye[2]) / select(abs(d[2]) < 1e-6, 1e-6, d[2])
    on_ground = (down > 0.0) & (down < hit.t)
    sky = _sky(d, around)

    def of_body() -> tuple[Any, Any, Any]:
        p = along(eye, hit.t, d)
        n = unit((hit.x, hit.y, hit.z))
        sun = dot3(n, around.light)
        lit, open_ = _lit(p, n, sun, hit.which, tables, counts, around, cloud)
        return _shade((hit.r, hit.g, hit.b), n, d, maximum(sun, 0.0) * lit, open_, lit, around)

    def of_ground() -> tuple[Any, Any, Any]:
        p = along(eye, down, d)
        off = minus(p, around.middle)
        part = sqrt(off[0] * off[0] + off[1] * off[1]) / around.fade

        def seen() -> tuple[Any, Any, Any]:
            n = (Real(0.0), Real(0.0), Real(1.0))
            high = around.light[2]
            lit, open_ = _lit(p, n, high, Real(-1.0), tables, counts, around, cloud)
            whole = SUN * high + SKY
            bright = (SUN * high * lit + SKY * open_) / whole
            on_line = _grid(p, down, d, around)
            far = smooth(part)
            own = [g + on_line * (k - g) for g, k in zip(around.ground, around.line, strict=True)]
            # A shadow is cooler than what is lit: the sky lights it.
            made = [c * bright * (1.0 + (1.0 - bright) * (k - 1.0)) for c, k in zip(own, COOL, strict=True)]
            return _three([a + far * (b - a) for a, b in zip(made, sky, strict=True)])

        return cond(part < 1.0, seen, lambda: sky)

    found = cond(on_ground, of_ground, lambda: cond(hit.t < FAR, of_body, lambda: sky))
    return _three([255.0 * sqrt(clamped(c, 0.0, 1.0)) for c in found])


def _three(v: list[Any]) -> Triple:
    return v[0], v[1], v[2]


def _sky(d: Triple, around: Around) -> Triple:
    """Brightest at the horizon, a little darker above."""
    high = 1.0 - 0.22 * smooth(1.6 * maximum(d[2], 0.0))
    return around.sky[0] * high, around.sky[1] * high, around.sky[2] * (0.6 * high + 0.4)


def _shade(own: Triple, n: Triple, d: Triple, sun: Any, open_: Any, lit: Any, around: Around) -> Triple:
    """The light that a body's surface sends back."""
    above = 0.5 + 0.5 * n[2]
    half = unit(minus(around.light, d))
    g = maximum(dot3(n, half), 0.0)
    for _ in range(5):
        g = g * g
    edge = 1.0 + dot3(n, d)
    rim = 0.10 * edge * edge * edge * open_ * (0.3 + 0.7 * above)
    shine = GLOSS * g * lit + rim
    made = []
    for k in range(3):
        light = SUN * WARM[k] * sun + open_ * (SKY * COOL[k] * above + BOUNCE * (1.0 - above))
        made.append(own[k] * light + shine)
    return _three(made)


def _grid(p: Triple, t: Any, d: Triple, around: Around) -> Any:
    """How much of a pixel's patch of ground lies on the grid's lines: exact for a patch along the axes."""
    bare = 1.0
    for k in (0, 1):
        slope = d[k] / select(abs(d[2]) < 1e-6, 1e-6, d[2])
        wide = maximum(abs(around.right[k] - slope * around.right[2]), abs(around.up[k] - slope * around.up[2]))
        patch = maximum(t * wide / around.cell, 1e-4)
        at = p[k] / around.cell + 0.5 * LINE
        bare = bare * (1.0 - (_lines(at + 0.5 * patch) - _lines(at - 0.5 * patch)) / patch)
    return 1.0 - bare


def _lines(x: Any) -> Any:
    """The integral of a line at each whole number, from 0 to x."""
    whole = floor(x)
    return whole * LINE + minimum(x - whole, LINE)


# ------------------------------------------------------------------------------------------------ all bodies


def _row(table: Any, i: Index, begin: int, count: int = 3) -> Any:
    return tuple(table[i, begin + k] for k in range(count))


def _in_frame(axes: Any, v: Triple) -> Triple:
    return dot3(axes[0:3], v), dot3(axes[3:6], v), dot3(axes[6:9], v)


def _first(eye: Triple, d: Triple, tables: list[Any], counts: Any) -> Hit:
    hit = Hit(Real(FAR), Real(-1.0), Real(0.0), Real(0.0), Real(1.0), Real(0.0), Real(0.0), Real(0.0))
    for k, shape in enumerate(KINDS.values()):
        hit = _first_of(shape, k * len(tables[k]), eye, d, tables[k], counts[k], hit)
    return hit


def _first_of(shape: Shape, first: int, eye: Triple, d: Triple, table: Any, count: Any, hit: Hit) -> Hit:
    def step(hit: Hit, i: Index) -> Hit:
        o, ball = minus(eye, _row(table, i, CENTRE)), table[i, BALL]
        b = dot3(o, d)
        off = along(o, -b, d)

        def closely() -> Hit:
            axes, size = _row(table, i, AXES, 9), _row(table, i, SIZE)
            mine, dir_ = _in_frame(axes, o), _in_frame(axes, d)
            t = shape.meet(mine, dir_, size)

            def met() -> Hit:
                x, y, z = shape.normal(along(mine, t, dir_), size)
                n = along(along((x * axes[0], x * axes[1], x * axes[2]), y, axes[3:6]), z, axes[6:9])
                return Hit(t, Real(i) + float(first), *n, *_row(table, i, COLOUR))

            return cond(t < hit.t, met, lambda: hit)

        # Neighbouring rays mostly miss the same balls, and then nobody looks closer.
        return cond((dot3(off, off) < ball * ball) & (-b - ball < hit.t), closely, lambda: hit)

    return scan(step, hit, len(table), upto=count)


def _nearer(cloud: Cloud, eye: Triple, d: Triple, u: Any, v: Any, hit: Hit) -> Hit:
    t, normal, own = cloud.first(eye, d, u, v, hit.t)
    return cond(t < hit.t, lambda: Hit(t, Real(-1.0), *normal, *own), lambda: hit)


def _lit(
    p: Triple, n: Triple, sun: Any, own: Any, tables: list[Any], counts: Any, around: Around, cloud: Cloud | None
) -> tuple[Any, Any]:
    """How much of the light and of the sky a point sees, from 0 to 1."""
    lit, open_ = Real(1.0) if cloud is None else cloud.lit(p, sun, around.light), Real(1.0)
    for k, shape in enumerate(KINDS.values()):
        lit, open_ = _lit_of(shape, k * len(tables[k]), p, n, sun, own, tables[k], counts[k], around, lit, open_)
    return lit, open_


def _lit_of(
    shape: Shape, first: int, p: Triple, n: Triple, sun: Any, own: Any, table: Any, count: Any, around: Around,
    lit: Any, open_: Any,
) -> tuple[Any, Any]:  # fmt: skip
    light = around.light

    def step(found: tuple[Any, Any], i: Index) -> tuple[Any, Any]:
        o, ball = minus(p, _row(table, i, CENTRE)), table[i, BALL]
        t = maximum(-dot3(o, light), 0.0)
        off = along(o, t, light)
        reach = ball + PENUMBRA * t
        shades = (dot3(off, off) < reach * reach) & (sun > 0.0)
        near = shades | (dot3(o, o) < REACH * REACH * ball * ball)

        def closely() -> tuple[Any, Any]:
            axes, size = _row(table, i, AXES, 9), _row(table, i, SIZE)
            mine = _in_frame(axes, o)
            t, gap = shape.pass_by(mine, _in_frame(axes, light), size)
            to, r = shape.nearest(mine, size)
            # What is closest where the ray begins hides nothing: where two balls are one, as at a knee, gap is noise.
            passes = smooth(t / (BEGINS * r))
            seen = 1.0 - passes * (1.0 - smooth(0.5 + 0.5 * gap / (PENUMBRA * maximum(t, 1e-5))))
            square = maximum(dot3(to, to), r * r)
            towards = dot3(_in_frame(axes, n), to) / sqrt(square)
            part = maximum(r * r / square - 1.0 / (REACH * REACH), 0.0)
            return found[0] * seen, found[1] * (1.0 - HIDDEN * clamped(towards, 0.0, 1.0) * part)

        return cond(near & (Real(i) + float(first) != own), closely, lambda: found)  # a convex body hides nothing

    return scan(step, (lit, open_), len(table), upto=count)
