"""From a space's bodies, camera and roles to the numbers that rays need, and to a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.space import Body, Space
from rosesim.view.space.caster import cast
from rosesim.view.space.clouds import SEEN, Lists, lists
from rosesim.view.space.shapes import BALL, CENTRE, FAR, KINDS, WIDTH
from rosesim.view.theme import Colour

FADES = 2.2
"""Where the ground has faded into the sky, by the distance between eye and target."""
THINNEST = 1e-4
"""A body is at least so thick, as a part of the distance between eye and target: it is divided by its thickness."""

_last: list[tuple[bytes, NDArray[np.uint8]]] = []
"""The latest picture, after all numbers of it: a ring that moves above it has it painted again as it was."""


def photograph(space: Space, size: tuple[int, int], colours: Mapping[str, Colour]) -> NDArray[np.uint8]:
    """The picture of a space, of shape (height, width, 3), for a size in pixels.

    A role that `colours` lacks raises a ValueError that names it.

    >>> from rosesim.scenes.space import Camera
    >>> space = Space(Camera((0.0, -4.0, 0.0), (0.0, 0.0, 0.0)), (0.0, -1.0, 0.0), "sky", (0.0, 0.0), (1.0, 1.0))
    >>> space.sphere((0.0, 0.0, 0.0), 0.5, "ball")
    >>> picture = photograph(space, (16, 16), {"sky": (0, 0, 0), "ball": (255, 0, 0)})
    >>> picture.shape, bool(picture[8, 8, 0] > 200), picture[0, 0].tolist()
    ((16, 16, 3), True, [0, 0, 0])
    """
    rows, others, many = tables(space, colours), around(space, size, colours), _spheres(space, colours)
    key = b"|".join([*(a.tobytes() for a in (*rows, others, many)), str(size).encode()])
    for known, picture in _last:
        if known == key:
            return picture
    picture = cast(size, rows, others, _lists(space, many, size, rows) if len(many) else None)
    _last[:] = [(key, picture)]
    return picture


def tables(space: Space, colours: Mapping[str, Colour]) -> list[NDArray[np.float32]]:
    """The rows of the bodies of each kind; those with a number that is not finite are left out."""
    least = THINNEST * math.dist(space.camera.eye, space.camera.target)
    rows: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    for body in space.bodies:
        row = [*body.centre, *_axes(body), *_sizes(body, least), _ball(body), *_light(colours, body.role)]
        if np.isfinite(row).all():
            rows[body.kind].append(row)
    return [np.array(made, np.float32).reshape(-1, WIDTH) for made in rows.values()]


def around(space: Space, size: tuple[int, int], colours: Mapping[str, Colour]) -> NDArray[np.float32]:
    """The numbers of `light.AROUND`."""
    camera, floor = space.camera, space.floor
    right, up, forward = map(np.array, camera.frame())
    pixel = _pixel(space, size)
    light = np.array(space.light) / max(np.linalg.norm(space.light), 1e-12)
    sky = _light(colours, space.sky)
    ground, line = (_light(colours, floor.role), _light(colours, floor.line)) if floor else (sky, sky)
    if floor and floor.cell <= 0:
        line = ground
    far = FADES * math.dist(camera.eye, camera.target)
    last = [floor.height if floor else -FAR, floor.cell if floor and floor.cell > 0 else far, far]
    return np.concatenate(
        [camera.eye, pixel * right, pixel * up, forward, light, camera.target, sky, ground, line, last]
    ).astype(np.float32)


def _spheres(space: Space, colours: Mapping[str, Colour]) -> NDArray[np.float64]:
    """The rows of many spheres: centre, radius, colour. Those with a number that is not finite are left out."""
    least = THINNEST * math.dist(space.camera.eye, space.camera.target)
    made: list[NDArray[np.float64]] = [np.zeros((0, SEEN - 1))]
    for of in space.clouds:
        light = of.tints**2 if of.tints is not None else np.array([_light(colours, r) for r in of.roles])[of.which]
        made.append(np.column_stack([of.centres, np.full(len(of.centres), max(of.radius, least)), light]))
    rows = np.concatenate(made)
    return rows[np.isfinite(rows).all(axis=1)]


def _lists(
    space: Space, spheres: NDArray[np.float64], size: tuple[int, int], rows: list[NDArray[np.float32]]
) -> Lists:
    """What `clouds` makes of the spheres, next to the bodies of `tables`."""
    light = np.array(space.light) / max(np.linalg.norm(space.light), 1e-12)
    bodies = np.concatenate(rows)
    low = (bodies[:, CENTRE : CENTRE + 3] @ light - bodies[:, BALL]).min(initial=math.inf)
    frame, height = np.array(space.camera.frame()), space.floor.height if space.floor else None
    return lists(spheres, np.array(space.camera.eye), frame, _pixel(space, size), size, light, float(low), height)


def _pixel(space: Space, size: tuple[int, int]) -> float:
    """The tangent of the angle that a pixel in the picture's middle has."""
    return 2.0 * math.tan(math.radians(space.camera.field) / 2) / size[1]


def _axes(body: Body) -> list[float]:
    """The directions of the body's own axes: the columns of its quaternion's matrix."""
    w, x, y, z = np.array(body.turn) / max(np.linalg.norm(body.turn), 1e-12)
    return [
        1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y),
        2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x),
        2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip


def _sizes(body: Body, least: float) -> list[float]:
    a, b, c = body.size
    return [max(a, least), max(b, least), c if body.kind == "capsule" else max(c, least)]


def _ball(body: Body) -> float:
    """The radius of the ball around a body."""
    a, b, c = body.size
    match body.kind:
        case "capsule":
            return a + c
        case "cylinder":
            return math.hypot(a, c)
        case "box":
            return math.hypot(a, b, c)
        case "ellipsoid":
            return max(a, b, c)


def _light(colours: Mapping[str, Colour], role: str) -> list[float]:
    """A colour squared: as light, of which sums make sense."""
    from rosesim.view.painter import colour_of  # the painter shows what is made here

    return [(c / 255) ** 2 for c in colour_of(colours, role)]
