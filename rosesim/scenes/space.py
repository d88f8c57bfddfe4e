"""Bodies in space and a camera: what a canvas shows in three dimensions. z points up.

Nothing is rendered here: `rosesim.view.space` casts rays at the bodies, and a web page's shader does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rosesim.scenes.colours import coloured
from rosesim.scenes.roles import Role, role_of, roles_of

Number = Any
"""A number: Python's, NumPy's, or what a scene annotates as `Real`."""
Numbers = ArrayLike | Sequence[Any]
"""A place or a direction: an array or a sequence of three numbers."""
Triple = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Extent = tuple[float, float, float, float]
Kind = Literal["capsule", "cylinder", "box", "ellipsoid"]

STEEPEST = math.radians(86.0)
"""How far above the target an orbit may go: at 90 degrees no direction of the picture is up."""
LOWEST = math.radians(2.0)
"""How far down it may go: the ground hides what is seen from below."""
CLOSEST, FARTHEST = 0.2, 4.0
"""How far an orbit may go in and out, by its distance."""


@dataclass(frozen=True, slots=True)
class Orbit:
    """How a user has moved around what a camera looks at.

    >>> Orbit().turned(0.1, 0.2).zoomed(2.0)
    Orbit(yaw=0.1, pitch=0.2, distance=2.0)
    """

    yaw: float = 0.0
    """Radians around the vertical, seen from above to the left."""
    pitch: float = 0.0
    """Radians upward."""
    distance: float = 1.0
    """How far away the eye is, by the camera's own distance."""

    def turned(self, yaw: float, pitch: float) -> Orbit:
        """After a turn by these angles."""
        return replace(self, yaw=self.yaw + yaw, pitch=min(max(self.pitch + pitch, -math.pi), math.pi))

    def zoomed(self, by: float) -> Orbit:
        """After a change of the distance by this factor."""
        return replace(self, distance=min(max(self.distance * by, CLOSEST), FARTHEST))


@dataclass(frozen=True)
class Camera:
    """An eye that looks at a target; `field` is the angle between the upper and lower edge, in degrees.

    >>> camera = Camera(eye=(0.0, -4.0, 1.0), target=(0.0, 0.0, 1.0))
    >>> camera.seen((0.0, 2.0, 1.0), extent=(0.0, 0.0, 3.0, 2.0))  # behind the target, in the picture's middle
    [1.5, 1.0]
    """

    eye: Any
    target: Any
    field: Number = 32.0

    def fixed(self) -> Camera:
        """The same in Python's numbers; a ValueError where it cannot look there."""
        eye, target, angle = triple(self.eye), triple(self.target), float(self.field)
        if not 1.0 <= angle <= 150.0:
            raise ValueError(f"a camera's field is from 1 to 150 degrees, not {angle:g}")
        if math.dist(eye[:2], target[:2]) < 1e-9 * max(math.dist(eye, target), 1e-300):
            raise ValueError(
                f"a camera at {eye} that looks straight up or down at {target} has no upright picture; "
                "expected an eye that is a little aside"
            )
        return Camera(eye, target, angle)

    def frame(self) -> tuple[list[Any], list[Any], list[Any]]:
        """The directions to the right, up and forward in the picture, of length 1."""
        x, y, z = _unit([t - e for t, e in zip(self.target, self.eye, strict=True)])
        u, v = _unit([y, -x])
        return [u, v, 0.0], [v * z, -u * z, u * y - v * x], [x, y, z]

    def seen(self, point: Any, extent: Extent) -> list[Any]:
        """Where a canvas with this extent shows a point of space, if the view fills it: for labels and handles."""
        right, up, forward = self.frame()
        off = [p - e for p, e in zip(point, self.eye, strict=True)]
        left, bottom, side, top = extent
        scale = (top - bottom) / (2.0 * _tangent(self.field)) / _dot(off, forward)
        return [(left + side) / 2.0 + scale * _dot(off, right), (bottom + top) / 2.0 + scale * _dot(off, up)]

    def on_plane(self, at: Any, extent: Extent, through: Any, normal: Any) -> list[Any]:
        """The point of a plane that a canvas with this extent shows at a place: what a dragged handle means.

        >>> camera = Camera(eye=(1.0, -4.0, 2.0), target=(0.0, 0.0, 1.0))
        >>> extent = (0.0, 0.0, 3.0, 2.0)
        >>> at = camera.seen((0.5, 0.0, 0.7), extent)
        >>> [round(x, 12) + 0.0 for x in camera.on_plane(at, extent, through=(0, 0, 0), normal=(0, 1, 0))]
        [0.5, 0.0, 0.7]
        """
        right, up, forward = self.frame()
        left, bottom, side, top = extent
        short = 2.0 * _tangent(self.field) / (top - bottom)
        x, y = short * (at[0] - (left + side) / 2.0), short * (at[1] - (bottom + top) / 2.0)
        ray = [f + x * r + y * u for r, u, f in zip(right, up, forward, strict=True)]
        far = _dot([p - e for p, e in zip(through, self.eye, strict=True)], normal) / _dot(ray, normal)
        return [e + far * d for e, d in zip(self.eye, ray, strict=True)]

    def moved(self, orbit: Orbit) -> Camera:
        """The camera after an orbit around its target.

        >>> camera = Camera(eye=(0.0, -4.0, 0.0), target=(0.0, 0.0, 0.0)).moved(Orbit(yaw=np.pi / 2, distance=0.5))
        >>> np.round(camera.eye, 12) + 0.0
        array([2., 0., 0.])
        """
        away = np.subtract(self.eye, self.target)
        far = float(np.linalg.norm(away))
        yaw = math.atan2(away[1], away[0]) + orbit.yaw
        own = math.asin(away[2] / far)
        pitch = min(max(own + orbit.pitch, min(own, LOWEST)), max(own, STEEPEST))
        flat = far * orbit.distance * math.cos(pitch)
        x, y, z = triple(self.target)
        eye = x + flat * math.cos(yaw), y + flat * math.sin(yaw), z + far * orbit.distance * math.sin(pitch)
        return replace(self, eye=eye)


@dataclass(frozen=True, slots=True)
class Body:
    """A shape with a place, the quaternion (w, x, y, z) of its turn, its sizes and its role.

    The axis of a capsule or cylinder is its own z axis; its sizes are (radius, radius, half length), without a
    capsule's round ends. A sphere is a capsule of length 0. The sizes of a box or ellipsoid are half its lengths.
    """

    kind: Kind
    centre: Triple
    turn: Quaternion
    size: Triple
    role: str


@dataclass(frozen=True, slots=True, eq=False)
class Spheres:
    """Many spheres of one radius: particles."""

    centres: NDArray[np.float64]
    """Of shape (n, 3)."""
    radius: float
    roles: tuple[str, ...]
    which: NDArray[np.int64]
    """The place of each sphere's role in `roles`."""
    tints: NDArray[np.float64] | None
    """Colours of shape (n, 3), 0 to 1, instead of roles."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spheres) or (self.radius, self.roles) != (other.radius, other.roles):
            return False
        if (self.tints is None) != (other.tints is None) or not np.array_equal(self.which, other.which):
            return False
        same = np.array_equal(self.centres, other.centres, equal_nan=True)
        return same and (self.tints is None or other.tints is None or np.array_equal(self.tints, other.tints))

    __hash__ = None  # pyright: ignore[reportAssignmentType] -- it holds arrays


@dataclass(frozen=True, slots=True)
class Ground:
    """A level ground with a grid of square cells; without lines where `cell` is 0."""

    height: float
    cell: float
    role: str
    line: str


@dataclass(slots=True)
class Space:
    """A view of bodies in the box from `low` to `high` of a canvas. Its methods add bodies."""

    camera: Camera
    light: Triple
    sky: str
    low: tuple[float, float]
    high: tuple[float, float]
    floor: Ground | None = None
    bodies: list[Body] = field(default_factory=list[Body])
    clouds: list[Spheres] = field(default_factory=list[Spheres])

    def orbited(self, orbit: Orbit) -> Space:
        """The same bodies after a user has moved around them."""
        if orbit == Orbit():
            return self
        return replace(self, camera=self.camera.moved(orbit))

    def ground(self, height: Number = 0.0, role: Role = "floor", *, cell: Number = 1.0, line: Role = "line") -> None:
        """A level ground below all, with lines of a grid every `cell`; 0 draws none. It fades into the sky."""
        self.floor = Ground(float(height), float(cell), role_of(role), role_of(line))

    def sphere(self, centre: Numbers, radius: Number, role: Role) -> None:
        """A sphere."""
        r = float(radius)
        self._add("capsule", triple(centre), (1.0, 0.0, 0.0, 0.0), (r, r, 0.0), role)

    def spheres(
        self,
        centres: Numbers,
        radius: Number,
        role: Role = "body",
        *,
        values: Numbers | None = None,
        palette: ArrayLike | None = None,
        least: Number = 0.0,
        greatest: Number = 1.0,
    ) -> None:
        """Thousands of spheres of one radius at `centres` of shape (n, 3): particles, with light and shadow.

        The number of a `OneOf` role is a single one or has an element for each sphere. With a palette (k colours at
        equal distances, of shape (k, 3), such as the kit's `PALETTE`), `values` of shape (n,) are colours instead:
        `least` has the palette's first, `greatest` its last. A ValueError names a shape that does not fit.

        >>> from rosesim.scenes.kit import PALETTE
        >>> space = Space(Camera((0.0, -4.0, 1.0), (0.0, 0.0, 0.0)), (0.0, 0.0, 1.0), "sky", (0.0, 0.0), (1.0, 1.0))
        >>> space.spheres([(0.0, 0.0, 0.1), (0.2, 0.0, 0.1)], 0.1, values=[0.0, 3.0], palette=PALETTE, greatest=3.0)
        >>> space.clouds[0].tints
        array([[0.    , 0.1333, 0.3059],
               [0.9961, 0.9098, 0.2196]])
        """
        at = np.asarray(centres, dtype=np.float64)
        if at.ndim != 2 or at.shape[1] != 3:
            raise ValueError(f"the centres of spheres have the shape (n, 3), not {at.shape}")
        if np.ndim(radius):
            raise ValueError(
                f"spheres have one radius, not an array of the shape {np.shape(radius)}; call spheres for each radius"
            )
        if (values is None) != (palette is None):
            there, missing = ("values", "palette") if palette is None else ("palette", "values")
            raise ValueError(f"spheres have {there} but no {missing}; expected both, as in values=v, palette=PALETTE")
        roles, number = roles_of(role)
        if np.shape(number) not in ((), (len(at),)):
            raise ValueError(f"the role of {len(at)} spheres has one number or ({len(at)},), not {np.shape(number)}")
        tints = None
        if values is not None and palette is not None:
            if np.shape(values) != (len(at),):
                raise ValueError(
                    f"the values of {len(at)} spheres have the shape ({len(at)},), not {np.shape(values)}"
                )
            tints = coloured(values, float(least), float(greatest), palette)
        which = np.broadcast_to(np.asarray(number, dtype=np.int64), (len(at),))
        self.clouds.append(Spheres(at, float(radius), roles, which, tints))

    def capsule(self, start: Numbers, end: Numbers, radius: Number, role: Role) -> None:
        """All that is within `radius` of the straight line from start to end."""
        self._between("capsule", start, end, radius, role)

    def cylinder(self, start: Numbers, end: Numbers, radius: Number, role: Role) -> None:
        """A round cylinder whose axis goes from start to end."""
        self._between("cylinder", start, end, radius, role)

    def box(self, centre: Numbers, size: Numbers, role: Role, *, turn: Numbers = (1.0, 0.0, 0.0, 0.0)) -> None:
        """A box; `size` is half its lengths along its own axes, `turn` a quaternion (w, x, y, z)."""
        self._add("box", triple(centre), _quaternion(turn), triple(size), role)

    def ellipsoid(self, centre: Numbers, size: Numbers, role: Role, *, turn: Numbers = (1.0, 0.0, 0.0, 0.0)) -> None:
        """An ellipsoid; `size` is half its lengths along its own axes, `turn` a quaternion (w, x, y, z)."""
        self._add("ellipsoid", triple(centre), _quaternion(turn), triple(size), role)

    def _between(self, kind: Kind, start: Numbers, end: Numbers, radius: Number, role: Role) -> None:
        (a, b, c), (x, y, z), r = triple(start), triple(end), float(radius)
        half = math.dist((a, b, c), (x, y, z)) / 2
        centre = (a + x) / 2, (b + y) / 2, (c + z) / 2
        self._add(kind, centre, turned((x - a, y - b, z - c)), (r, r, half), role)

    def _add(self, kind: Kind, centre: Triple, turn: Quaternion, size: Triple, role: Role) -> None:
        self.bodies.append(Body(kind, centre, turn, size, role_of(role)))


def turned(axis: Triple) -> Quaternion:
    """The shortest turn of the z axis to this direction, as a quaternion.

    >>> turned((0.0, 0.0, -2.0)), turned((0.0, 0.0, 0.0))
    ((0.0, 1.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0))
    """
    x, y, z = axis
    length = math.hypot(x, y, z)
    w, side = length + z, math.hypot(x, y)
    if w <= 1e-9 * length:  # straight down, by any half turn; or a point, by none
        return (0.0, 1.0, 0.0, 0.0) if length > 0.0 else (1.0, 0.0, 0.0, 0.0)
    whole = math.hypot(w, side)
    return w / whole, -y / whole, x / whole, 0.0


def triple(v: Any) -> Triple:
    """Three numbers as Python has them."""
    x, y, z = np.asarray(v, dtype=np.float64).tolist()
    return x, y, z


def _quaternion(v: Any) -> Quaternion:
    w, x, y, z = np.asarray(v, dtype=np.float64).tolist()
    return w, x, y, z


def _dot(a: Any, b: Any) -> Any:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _unit(a: list[Any]) -> list[Any]:
    length = _dot(a, a) ** 0.5  # of Python's numbers and of traced ones alike
    return [x / length for x in a]


def _tangent(degrees: Any) -> Any:
    """Of half the angle."""
    return math.tan(math.radians(degrees) / 2)
