"""A robot as the mechanics sees it: bodies that move, their inertia, degrees of freedom, and who hangs on whom.

Bodies without joints are welded to the body that they hang on: their inertia counts there, and kinematics is computed
for bodies that move. All of it is known while tracing, but for the parameters that a user gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rosesim.robots import inertia
from rosesim.robots.algebra import (
    M3,
    UNTURNED,
    V3,
    ZERO,
    Number,
    is_zero,
    known,
    mat_vec,
    mul,
    plus,
    quat_matrix,
    quat_mul,
)
from rosesim.robots.description import Body, Description
from rosesim.robots.inertia import Lump
from rosesim.robots.parameters import Parameters, title
from rosesim.robots.solids import mesh_moments


@dataclass(frozen=True)
class Dof:
    """One degree of freedom. `parent` is the next one towards the world, or -1."""

    body: int
    joint: int
    within: int
    """Its number within its joint."""
    parent: int


@dataclass(frozen=True)
class Weld:
    """Where a body is on the moving body that carries it."""

    carrier: int
    quat: tuple[Number, ...] = UNTURNED
    pos: V3 = ZERO

    @property
    def rotation(self) -> M3:
        """As a matrix."""
        return quat_matrix(self.quat)  # pyright: ignore[reportArgumentType] -- four numbers


class Mechanism:
    """The tree, with numbers that are constants or traced."""

    def __init__(self, robot: Description, given: Parameters):
        self.robot = robot
        self.given = given
        self.joints_of: list[list[int]] = [[] for _ in robot.bodies]
        for k, joint in enumerate(robot.joints):
            self.joints_of[joint.body].append(k)
        self.qpos: list[int] = []
        self.dof: list[int] = []
        self.dofs: list[Dof] = []
        self.nq = 0
        for joint in robot.joints:
            self.qpos.append(self.nq)
            self.dof.append(len(self.dofs))
            self.nq += joint.nq
            self.dofs += [Dof(joint.body, len(self.dof) - 1, k, -1) for k in range(joint.nv)]
        self.nv = len(self.dofs)
        self.dofs = self._with_parents()
        self.moving = [b for b in range(len(robot.bodies)) if b and self.joints_of[b]]
        self.pos = [given.vector(f"{self.body_title(k)} pos", b.pos) for k, b in enumerate(robot.bodies)]
        self.welds = self._welds()
        self.own = masses(robot, given)
        self.of_file = masses(robot, Parameters({}, {}))
        self.lumps = self._lumps()

    def body_title(self, k: int) -> str:
        """How names of a body's parameters begin."""
        return title("body", self.robot.bodies[k].name, k)

    def joint_number(self, k: int, attribute: str) -> Number:
        """A number of joint k, as given."""
        joint = self.robot.joints[k]
        return self.given.number(f"{title('joint', joint.name, k)} {attribute}", getattr(joint, attribute))

    def carrier(self, body: int) -> int:
        """The moving body, or the world, to which a body is welded; itself where it moves."""
        return self.welds[body].carrier

    def parent(self, body: int) -> int:
        """The moving body, or the world, on which a moving body hangs."""
        return self.carrier(self.robot.bodies[body].parent)

    def dofs_of(self, body: int) -> list[int]:
        """The degrees of freedom of a body's own joints."""
        return [self.dof[k] + i for k in self.joints_of[body] for i in range(self.robot.joints[k].nv)]

    def ancestors(self, dof: int) -> list[int]:
        """The degrees of freedom between this one and the world, nearest first."""
        found: list[int] = []
        while (dof := self.dofs[dof].parent) >= 0:
            found.append(dof)
        return found

    def above(self, body: int) -> list[int]:
        """All degrees of freedom that move a body, nearest first."""
        body = self.carrier(body)
        own = self.dofs_of(body)
        return [own[-1], *self.ancestors(own[-1])] if own else []

    def _with_parents(self) -> list[Dof]:
        last: dict[int, int] = {0: -1}
        for body in range(1, len(self.robot.bodies)):
            own = self.dofs_of(body)
            last[body] = own[-1] if own else last[self.robot.bodies[body].parent]
        found: list[Dof] = []
        for k, d in enumerate(self.dofs):
            first = k == self.dofs_of(d.body)[0]
            parent = last[self.robot.bodies[d.body].parent] if first else k - 1
            found.append(Dof(d.body, d.joint, d.within, parent))
        return found

    def _welds(self) -> list[Weld]:
        welds = [Weld(0)]
        for k, body in enumerate(self.robot.bodies[1:], 1):
            if self.joints_of[k]:
                welds.append(Weld(k))
                continue
            under = welds[body.parent]
            welds.append(
                Weld(
                    under.carrier,
                    quat_mul(under.quat, body.quat),  # pyright: ignore[reportArgumentType] -- four numbers
                    plus(under.pos, mat_vec(under.rotation, self.pos[k])),
                )
            )
        return welds

    def placed(self, body: int) -> Weld:
        """Where a moving body's frame is, before its joints act, on the moving body or world that carries it."""
        under = self.welds[self.robot.bodies[body].parent]
        quat = quat_mul(under.quat, self.robot.bodies[body].quat)  # pyright: ignore[reportArgumentType] -- four numbers
        return Weld(under.carrier, quat, plus(under.pos, mat_vec(under.rotation, self.pos[body])))

    def _lumps(self) -> list[Lump]:
        """Each moving body with all that is welded to it, in its frame."""
        pieces: list[list[Lump]] = [[] for _ in self.robot.bodies]
        for k, lump in enumerate(self.own):
            weld = self.welds[k]
            pieces[weld.carrier].append(lump if weld.carrier == k else lump.moved(weld.rotation, weld.pos))
        return [inertia.together(p) for p in pieces]


def masses(robot: Description, given: Parameters) -> list[Lump]:
    """Every body's mass and inertia in its own frame: as given, or of its geoms."""
    found: list[Lump] = []
    factor = _scale(robot)
    for k, body in enumerate(robot.bodies):
        lump = _bounded(robot, k, _body_lump(robot, k, body, given))
        if factor != 1.0 and not is_zero(lump.mass):
            lump = inertia.with_mass(lump, mul(factor, lump.mass))
        mass = f"{title('body', body.name, k)} mass"
        found.append(inertia.with_mass(lump, given.number(mass, 0.0)) if given.is_given(mass) else lump)
    return found


def _scale(robot: Description) -> float:
    """What the file's total mass asks of every mass.

    A mass or density that is given as a parameter is not scaled back.
    """
    if robot.options.total_mass is None:
        return 1.0
    own = Parameters({}, {})
    whole = [_bounded(robot, k, _body_lump(robot, k, body, own)).mass for k, body in enumerate(robot.bodies)]
    return robot.options.total_mass / sum(whole)


def _body_lump(robot: Description, k: int, body: Body, given: Parameters) -> Lump:
    if body.inertial is None:
        return inertia.together([_geom_lump(robot, g, given) for g, of in enumerate(robot.geoms) if of.body == k])
    own = body.inertial
    com = given.vector(f"{title('body', body.name, k)} com", own.com)
    return Lump(own.mass, com, own.inertia)  # pyright: ignore[reportArgumentType] -- six numbers


def _geom_lump(robot: Description, index: int, given: Parameters) -> Lump:
    geom = robot.geoms[index]
    if not geom.has_inertia or geom.kind in ("plane", "hfield"):
        return inertia.EMPTY
    name = title("geom", geom.name, index)
    size = given.vector(f"{name} size", geom.size)
    solid = None if geom.mesh is None else mesh_moments(geom.mesh)
    if geom.mass is None:
        volume = inertia.volume(geom.kind, size) if solid is None else solid[0]
        mass = mul(given.number(f"{name} density", geom.density), volume)
    else:
        mass = given.number(f"{name} mass", geom.mass)
    if solid is not None:
        _, com, moments = solid
        lump = Lump(mass, com, inertia.scaled(mass, moments))  # pyright: ignore[reportArgumentType]
        return lump.moved(quat_matrix(geom.quat), geom.pos)  # pyright: ignore[reportArgumentType] -- four numbers
    return inertia.shape_lump(geom.kind, size, mass, geom.pos, geom.quat)  # pyright: ignore[reportArgumentType]


def _bounded(robot: Description, k: int, lump: Lump) -> Lump:
    """A body's lump within the file's bounds. They hold for bodies whose numbers are known."""
    o = robot.options
    if not k or not known(lump.mass, *lump.inertia):
        return lump
    mass = max(lump.mass, o.least_mass)
    values, axes = np.linalg.eigh(np.array(inertia.matrix(lump.inertia)))
    if lump.mass > 0.0 and values[0] + values[1] < values[2] * (1.0 - 1e-6):
        if not o.balance_inertia:
            body = robot.bodies[k]
            shown = " ".join(f"{v:.4g}" for v in values[::-1])
            raise ValueError(
                f"{robot.file}:{body.line}: body {body.name!r} has the principal inertias {shown}, which no body can "
                f"have; expected each to be at most the sum of the others"
            )
        values = np.full(3, values.mean())
    bounded = np.maximum(values, o.least_inertia)
    if mass == lump.mass and (bounded == np.linalg.eigvalsh(np.array(inertia.matrix(lump.inertia)))).all():
        return lump
    m = axes * bounded @ axes.T
    return Lump(mass, lump.com, tuple(float(m[i]) for i in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))))  # pyright: ignore[reportArgumentType]
