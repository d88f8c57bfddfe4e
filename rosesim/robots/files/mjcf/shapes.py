"""`geom` and `site`: what has a kind, a size and a place on a body."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rosesim.robots.description import KINDS_OF_GEOMS, SOLIMP, SOLREF, Geom, Mesh, Site, Vector
from rosesim.robots.files import frames
from rosesim.robots.files.errors import nearest, quoted
from rosesim.robots.files.frames import Frame
from rosesim.robots.files.mjcf import attributes
from rosesim.robots.files.mjcf.assets import Assets
from rosesim.robots.files.mjcf.attributes import name_of
from rosesim.robots.files.mjcf.options import Compiler
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.values import Values

SIZES = {"plane": 3, "sphere": 1, "capsule": 2, "ellipsoid": 3, "cylinder": 2, "box": 3, "mesh": 0}
"""How many numbers each kind's size has."""
BETWEEN = ("capsule", "cylinder", "ellipsoid", "box")
"""What can be given by two end points."""
BY_DEFAULT = "sphere"


@dataclass(frozen=True)
class Shapes:
    """Reads geoms and sites."""

    compiler: Compiler
    assets: Assets
    reading: Reading
    is_in_fluid: bool

    def geom(self, v: Values, body: int, frame: Frame, suffix: str, body_has_inertial: bool) -> Geom | None:
        """A geom of a body, or None where the user leaves it out."""
        kind = v.text("type") or BY_DEFAULT
        mesh_name = v.text("mesh")
        if kind == "hfield" or kind == "sdf":
            sentence = f'<geom type="{kind}">{v.label} is not there yet; replace it by planes and boxes.'
            self.reading.refuse(f"geom {kind}", v.element, sentence)
            return None
        if kind not in SIZES:
            raise v.error("type", f"is {quoted(kind)}; {nearest(kind, KINDS_OF_GEOMS)}")
        if mesh_name is not None and kind != "mesh":
            sentence = f'<geom type="{kind}" mesh={quoted(mesh_name)}> is to be fitted to a mesh: not there yet.'
            self.reading.refuse("geom fit", v.element, f"{sentence} Give its size, and no mesh.")
            return None
        contype, conaffinity = v.integer("contype", 1, least=0), v.integer("conaffinity", 1, least=0)
        group = v.integer("group", 0)
        first, last = self.compiler.inertia_groups
        mass = v.numbers("mass", 1, least=0.0)
        density = v.number("density", 1000.0, least=0.0)
        weight = density if mass is None else mass[0]
        has_inertia = not body_has_inertial and first <= group <= last and kind != "plane"
        mesh: Mesh | None = None
        if kind == "mesh":
            matters = bool(contype or conaffinity) or (has_inertia and body > 0 and weight > 0)
            mesh = self._mesh(v, mesh_name, matters, has_inertia and body > 0 and weight > 0)
            if mesh is None and matters:
                return None
            has_inertia = has_inertia and matters
        size, here = self._size_and_frame(v, kind)
        placed = frame.of(here)
        self._refuse_rare(v)
        return Geom(
            name=name_of(v, suffix),
            kind=kind,
            body=body,
            size=size,
            pos=placed.pos,
            quat=placed.quat,
            mass=None if mass is None else mass[0],
            density=density,
            has_inertia=has_inertia,
            contype=contype,
            conaffinity=conaffinity,
            condim=_condim(v),
            friction=v.partial("friction", (1.0, 0.005, 0.0001), least=0.0),
            solref=v.partial("solref", SOLREF),
            solimp=v.partial("solimp", SOLIMP),
            solmix=v.number("solmix", 1.0, least=0.0),
            margin=v.number("margin", 0.0),
            priority=v.integer("priority", 0),
            mesh=mesh,
            rgba=self._colour(v),
            group=group,
            line=v.element.line,
        )

    def site(self, v: Values, body: int, frame: Frame, suffix: str) -> Site:
        """A site of a body."""
        kind = v.word("type", ("sphere", "capsule", "ellipsoid", "cylinder", "box"), BY_DEFAULT)
        size = v.partial("size", (0.005, 0.005, 0.005), least=0.0)
        here = attributes.frame(v, self.compiler)
        if v.has("fromto"):
            size, here = self._between(v, kind, size)
        placed = frame.of(here)
        return Site(name_of(v, suffix), body, placed.pos, placed.quat, kind, size, v.element.line)

    def _size_and_frame(self, v: Values, kind: str) -> tuple[Vector, Frame]:
        given = v.partial("size", (0.0, 0.0, 0.0), least=0.0)
        here = attributes.frame(v, self.compiler)
        if v.has("fromto"):
            given, here = self._between(v, kind, given)
        size = given[: SIZES[kind]]
        # Of a plane only the spacing of its picture's grid has to be there.
        least = size[2:] if kind == "plane" else size
        if any(x <= 0 for x in least):
            numbers = "a positive number" if len(size) == 1 else f"{len(size)} positive numbers"
            if kind == "plane":
                numbers = "3 numbers (half sizes, 0 for infinite, and the picture's grid, over 0)"
            found = quoted(v.text("size") or "")
            raise v.error("size", f"is {found}; a {kind} has {numbers}{_with_fromto(v)}: give them.")
        return size, here

    def _between(self, v: Values, kind: str, size: Vector) -> tuple[Vector, Frame]:
        """A shape between two points: its z axis points from the second to the first."""
        if kind not in BETWEEN:
            raise v.error("fromto", f"is given for a {kind}; only {', '.join(BETWEEN)} have two ends.")
        if any(v.vector("pos", (0.0, 0.0, 0.0))):
            raise v.error("fromto", "is given together with pos; give one of them.")
        ends = v.vector("fromto", (0.0,) * 6)
        along = tuple(a - b for a, b in zip(ends[:3], ends[3:], strict=True))
        direction = frames.unit(along)
        if direction is None:
            raise v.error("fromto", "has its two points at one place; they have to differ.")
        half = math.hypot(*along) / 2
        centre = tuple((a + b) / 2 for a, b in zip(ends[:3], ends[3:], strict=True))
        full = (size[0], half, 0.0) if kind in ("capsule", "cylinder") else (size[0], size[0], half)
        return full, Frame(centre, frames.z_to(direction))

    def _mesh(self, v: Values, name: str | None, matters: bool, weighs: bool) -> Mesh | None:
        """The mesh of a geom where it matters; the file of a picture need not exist."""
        if name is None:
            raise v.error("type", 'is "mesh", but no mesh is named: give mesh.')
        if not matters:
            self.assets.declared(name, v)
            self.reading.harmless("geom mesh (visual)", v.element)
            return None
        return self.assets.mesh(name, v, weighs)

    def _refuse_rare(self, v: Values) -> None:
        """What geoms of few files have, and what would change without it."""
        if v.number("gap", 0.0) != 0:
            sentence = f"<geom gap>{v.label} has meant different things in different versions: it is not read."
            self.reading.refuse("geom gap", v.where("gap") or v.element, sentence)
        if v.flag("shellinertia", False):
            sentence = f"<geom shellinertia>{v.label} (mass on the surface) is not there yet."
            self.reading.refuse("geom shellinertia", v.where("shellinertia") or v.element, sentence)
        if v.word("fluidshape", ("none", "ellipsoid"), "none") == "ellipsoid" and self.is_in_fluid:
            sentence = f"<geom fluidshape>{v.label} asks for the drag of ellipsoids, which is not there yet."
            self.reading.refuse("geom fluidshape", v.where("fluidshape") or v.element, sentence)

    def _colour(self, v: Values) -> Vector:
        material = v.text("material")
        own = v.numbers("rgba", 4)
        if material is not None:
            colour = self.assets.colour(material, v)
            return own or colour
        return own or (0.5, 0.5, 0.5, 1.0)


def _condim(v: Values) -> int:
    condim = v.integer("condim", 3)
    if condim not in (1, 3, 4, 6):
        raise v.error("condim", f"is {condim}; 1, 3, 4 or 6 is expected.")
    return condim


def _with_fromto(v: Values) -> str:
    return " (the last from fromto)" if v.has("fromto") else ""
