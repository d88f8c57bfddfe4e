"""A robot as data: what a file says, defaults resolved, and nothing of how it moves.

Metres, kilograms, seconds, radians. A quaternion is (w, x, y, z), unit, and turns the frame that it belongs to into
its parent's. Body 0 is the world; a parent comes before its children, and joints, geoms, sites and actuators stand in
the order of the file, joints by their bodies. `line` is the line of the file, 0 where there is none.

The readers in `rosesim.robots.files` make these records, and the mechanics reads them. A robot can be built from them
without a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Vector = tuple[float, ...]

SOLREF: Vector = (0.02, 1.0)
"""MuJoCo's default of how fast a soft constraint pulls back: (time constant in s, damping ratio)."""
SOLIMP: Vector = (0.9, 0.95, 0.001, 0.5, 2.0)
"""Its default of how hard one is: between the first two, over a width in m or rad, with a midpoint and a power."""

KINDS_OF_GEOMS = ("plane", "hfield", "sphere", "capsule", "ellipsoid", "cylinder", "box", "mesh")
"""In MuJoCo's order: of two geoms that touch, the first is the one whose kind stands first here."""


@dataclass(frozen=True)
class Inertial:
    """Mass and inertia as given: `com` and `inertia` in the body's frame.

    `inertia` is (xx, yy, zz, xy, xz, yz) about the centre of mass, in the axes of the body's frame.
    """

    mass: float
    com: Vector
    inertia: Vector


@dataclass(frozen=True)
class Body:
    """A rigid body. `inertial` is None where mass and inertia follow from the body's geoms."""

    name: str
    parent: int
    pos: Vector = (0.0, 0.0, 0.0)
    quat: Vector = (1.0, 0.0, 0.0, 0.0)
    inertial: Inertial | None = None
    gravcomp: float = 0.0
    """The fraction of its weight that is given back."""
    mocap: bool = False
    line: int = 0


@dataclass(frozen=True)
class Soft:
    """How soft a limit, dry friction or an equality is."""

    solref: Vector = SOLREF
    solimp: Vector = SOLIMP


@dataclass(frozen=True)
class Joint:
    """How a body moves against its parent. Several joints of a body act in sequence.

    `axis` (unit; hinge, slide) and `pos` (the anchor; hinge, ball) are in the body's frame. `damping` is N s/m or
    N m s, `stiffness` N/m or N m, `armature` kg or kg m².
    """

    name: str
    kind: str
    """"hinge", "slide", "ball" or "free"."""
    body: int
    pos: Vector = (0.0, 0.0, 0.0)
    axis: Vector = (0.0, 0.0, 1.0)
    range: Vector | None = None
    """(least, greatest) where limited; for a ball (0, greatest angle)."""
    ref: float = 0.0
    """The position at which the file draws the joint."""
    springref: float = 0.0
    stiffness: float = 0.0
    damping: float = 0.0
    springdamper: Vector | None = None
    """(time constant in s, damping ratio): stiffness and damping follow from the inertia at the start."""
    armature: float = 0.0
    frictionloss: float = 0.0
    """Greatest dry friction, N or N m."""
    margin: float = 0.0
    """Distance from the limit at which it starts to act."""
    soft_limit: Soft = Soft()
    soft_friction: Soft = Soft()
    force_range: Vector | None = None
    """Bounds of the sum of the actuators' forces on this joint."""
    line: int = 0

    @property
    def nq(self) -> int:
        """Numbers of its position: hinge and slide 1, ball 4, free 7."""
        return {"ball": 4, "free": 7}.get(self.kind, 1)

    @property
    def nv(self) -> int:
        """Numbers of its velocity: hinge and slide 1, ball 3, free 6."""
        return {"ball": 3, "free": 6}.get(self.kind, 1)


@dataclass(frozen=True)
class Mesh:
    """A triangle mesh in the frame of its geom: `vertices` (n, 3) in metres, `faces` (m, 3) counted from 0."""

    name: str
    vertices: tuple[Vector, ...]
    faces: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Geom:
    """A shape of a body, for contact, inertia and pictures.

    `size`: sphere (radius), capsule and cylinder (radius, half length along z), box and ellipsoid (half axes), plane
    (half sizes of the picture; infinite for contact, its normal is z).
    """

    name: str
    kind: str
    body: int
    size: Vector
    pos: Vector = (0.0, 0.0, 0.0)
    quat: Vector = (1.0, 0.0, 0.0, 0.0)
    mass: float | None = None
    density: float = 1000.0
    """kg/m³; counts where `mass` is None."""
    has_inertia: bool = True
    """Whether the body's inertia counts this geom (where the body has no inertial of its own)."""
    contype: int = 1
    conaffinity: int = 1
    condim: int = 3
    friction: Vector = (1.0, 0.005, 0.0001)
    """Sliding; torsional and rolling in m."""
    solref: Vector = SOLREF
    solimp: Vector = SOLIMP
    solmix: float = 1.0
    margin: float = 0.0
    priority: int = 0
    mesh: Mesh | None = None
    rgba: Vector = (0.5, 0.5, 0.5, 1.0)
    group: int = 0
    line: int = 0


@dataclass(frozen=True)
class Site:
    """A named frame on a body. `kind` and `size` as a geom's, for the sensor "touch"."""

    name: str
    body: int
    pos: Vector = (0.0, 0.0, 0.0)
    quat: Vector = (1.0, 0.0, 0.0, 0.0)
    kind: str = "sphere"
    size: Vector = (0.005, 0.005, 0.005)
    line: int = 0


@dataclass(frozen=True)
class Strand:
    """What a tendon has between two sites: a part of their distance."""

    first: int
    second: int
    part: float = 1.0
    """One over the divisor of the pulley before it."""


@dataclass(frozen=True)
class Tendon:
    """A tendon. The length of a fixed one is the sum of coefficient times position over its joints (hinges and
    slides), that of one through space the sum of its strands."""

    name: str
    joints: tuple[tuple[int, float], ...]
    stiffness: float = 0.0
    springlength: Vector | None = None
    """(least, greatest) length without force; None: the length at the start."""
    damping: float = 0.0
    range: Vector | None = None
    frictionloss: float = 0.0
    margin: float = 0.0
    soft_limit: Soft = Soft()
    soft_friction: Soft = Soft()
    strands: tuple[Strand, ...] = ()
    line: int = 0


@dataclass(frozen=True)
class Actuator:
    """A motor or servo. force = (g₀ + g₁ l + g₂ l̇) u + b₀ + b₁ l + b₂ l̇, with l the gear times the position.

    `gain` is (g₀, g₁, g₂) and `bias` (b₀, b₁, b₂); u is the control, or the activation where `dynamics` is one.
    """

    name: str
    target: int
    """The index of its joint or tendon."""
    on: str = "joint"
    """"joint", "jointinparent" or "tendon"."""
    gear: Vector = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    gain: Vector = (1.0, 0.0, 0.0)
    bias: Vector = (0.0, 0.0, 0.0)
    ctrl_range: Vector | None = None
    force_range: Vector | None = None
    dynamics: str = "none"
    """"none", "integrator", "filter" or "filterexact"."""
    time_constant: float = 1.0
    activation_range: Vector | None = None
    acts_early: bool = False
    """Whether the force is that of the activation after the step, instead of before it."""
    line: int = 0


@dataclass(frozen=True)
class Sensor:
    """A measurement. `kind` is the file's element name, as "jointpos" or "gyro".

    `of` is what it measures: "joint", "actuator", "tendon", "site", "body" (its inertial frame), "xbody" (the body's
    frame) or "geom", and `index` which one.
    """

    name: str
    kind: str
    of: str
    index: int
    cutoff: float = 0.0
    """Where positive, values are clipped to ± this."""
    line: int = 0


@dataclass(frozen=True)
class Pair:
    """Two geoms whose contact the file gives itself, whatever their contype and bodies; None: from the geoms."""

    geoms: tuple[int, int]
    condim: int | None = None
    friction: Vector | None = None
    solref: Vector | None = None
    solimp: Vector | None = None
    margin: float | None = None
    line: int = 0


@dataclass(frozen=True)
class Following:
    """One thing of two follows the other by a polynomial."""

    name: str
    first: int
    second: int | None
    polynomial: Vector = (0.0, 1.0, 0.0, 0.0, 0.0)
    soft: Soft = Soft()
    line: int = 0


@dataclass(frozen=True)
class JointEquality(Following):
    """Joint `first` follows joint `second`: q₁ − ref₁ = a₀ + a₁ x + … + a₄ x⁴, x = q₂ − ref₂ (0 without a second)."""


@dataclass(frozen=True)
class TendonEquality(Following):
    """Tendon `first` follows tendon `second` in this way; lengths count from those at the start."""


@dataclass(frozen=True)
class ConnectEquality:
    """A point of body `first`, `anchor` in its frame, and that point of body `second` which is there at the start
    stay together."""

    name: str
    first: int
    second: int
    anchor: Vector
    soft: Soft = Soft()
    line: int = 0


@dataclass(frozen=True)
class WeldEquality:
    """Body `second` stays where it is from body `first`: `pos` and `quat` in its frame, or as at the start where
    there are none. The point of `second` that is held is `anchor`, in its own frame."""

    name: str
    first: int
    second: int
    anchor: Vector = (0.0, 0.0, 0.0)
    pos: Vector | None = None
    quat: Vector | None = None
    torque_scale: float = 1.0
    """m: how much a turn of a radian counts beside a metre."""
    soft: Soft = Soft()
    line: int = 0


@dataclass(frozen=True)
class Key:
    """A named state of the file. What it does not give is None."""

    name: str
    qpos: Vector | None = None
    qvel: Vector | None = None
    ctrl: Vector | None = None
    act: Vector | None = None
    line: int = 0


@dataclass(frozen=True)
class Options:
    """What holds for the whole robot. `timestep` in s, `gravity` in m/s², `density` in kg/m³, `viscosity` in Pa s."""

    timestep: float = 0.002
    gravity: Vector = (0.0, 0.0, -9.81)
    integrator: str = "euler"
    """"euler", "rk4", "implicit" or "implicitfast"."""
    cone: str = "pyramidal"
    """"pyramidal" or "elliptic"."""
    impratio: float = 1.0
    density: float = 0.0
    viscosity: float = 0.0
    wind: Vector = (0.0, 0.0, 0.0)
    disabled: frozenset[str] = frozenset()
    """Of "contact", "constraint", "limit", "gravity", "damper", "spring", "clampctrl", "eulerdamp", "frictionloss",
    "equality", "filterparent", "actuation"."""
    total_mass: float | None = None
    """Masses and inertias are scaled such that the masses' sum is this."""
    least_mass: float = 0.0
    least_inertia: float = 0.0
    """Bounds of each moving body's mass and principal inertias from below."""
    balance_inertia: bool = False
    """Whether principal inertias that no body can have are replaced by their mean, instead of refused."""


@dataclass(frozen=True)
class Ignored:
    """What the reader left out: `what` as a user names it in `ignore=`, or of the harmless kind."""

    what: str
    line: int
    harmless: bool


@dataclass(frozen=True)
class Description:
    """A whole robot, as a file gives it. `bodies[0]` is the world."""

    name: str
    bodies: tuple[Body, ...]
    joints: tuple[Joint, ...]
    geoms: tuple[Geom, ...] = ()
    sites: tuple[Site, ...] = ()
    actuators: tuple[Actuator, ...] = ()
    tendons: tuple[Tendon, ...] = ()
    sensors: tuple[Sensor, ...] = ()
    excluded: tuple[tuple[int, int], ...] = ()
    """Pairs of bodies that do not touch."""
    pairs: tuple[Pair, ...] = ()
    equalities: tuple[JointEquality | TendonEquality, ...] = ()
    joined: tuple[ConnectEquality | WeldEquality, ...] = ()
    keys: tuple[Key, ...] = ()
    options: Options = field(default_factory=Options)
    ignored: tuple[Ignored, ...] = ()
    file: str = ""
