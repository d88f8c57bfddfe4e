"""Where bodies are, and how each degree of freedom moves them.

Within a tree, places are relative to a reference point that moves with its root's translation: dynamics does not
depend on where a tree is, so a free root's position and the slides of a planar root drop out of the program, and
rounding does not grow with the distance from the world's origin. Motions are (angular, linear), linear at the
reference point, in world axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rosesim.robots.algebra import (
    M3,
    ONE,
    V3,
    ZERO,
    Number,
    Quat,
    column,
    cross,
    mat_mul,
    mat_vec,
    minus,
    normalised,
    plus,
    quat_matrix,
    quat_mul,
    quat_turn,
    scaled,
    sub,
    turn,
    turned,
)
from rosesim.robots.mechanism import Mechanism

Motion = tuple[V3, V3]
"""(angular, linear) of a motion, or (moment, force) of a force."""
STILL: Motion = (ZERO, ZERO)


@dataclass
class Frames:
    """All moving bodies at one configuration. Index 0 is the world."""

    rotation: list[M3]
    place: list[V3]
    """Of the body's frame, from the reference point of its tree."""
    origin: list[V3]
    """The reference point of the body's tree, in the world."""
    motion: list[Motion]
    """Of each degree of freedom, by unit velocity."""

    def world(self, body: int) -> V3:
        """Where a moving body's frame is in the world."""
        return plus(self.origin[body], self.place[body])


def frames(m: Mechanism, q: Sequence[Number]) -> Frames:
    """Where all moving bodies are at q."""
    n = len(m.robot.bodies)
    f = Frames([ONE] * n, [ZERO] * n, [ZERO] * n, [STILL] * m.nv)
    for body in m.moving:
        weld = m.placed(body)
        under = weld.carrier
        rotation = mat_mul(f.rotation[under], weld.rotation)
        offset = mat_vec(f.rotation[under], weld.pos)
        if under:
            f.origin[body], place = f.origin[under], plus(f.place[under], offset)
        else:
            f.origin[body], place = offset, ZERO
        _act(m, f, q, body, rotation, place)
    return f


def _act(m: Mechanism, f: Frames, q: Sequence[Number], body: int, rotation: M3, place: V3) -> None:
    """The joints of a body, one after the other."""
    leading = not m.carrier(m.robot.bodies[body].parent)  # no turn yet: slides move the reference point
    turning: list[tuple[int, V3]] = []  # first degree of freedom and anchor of joints that turn all ways
    for k in m.joints_of[body]:
        joint, at, dof = m.robot.joints[k], m.qpos[k], m.dof[k]
        if joint.kind == "free":
            f.origin[body] = (q[at], q[at + 1], q[at + 2])
            rotation = quat_matrix(normalised(q[at + 3 : at + 7]))
            for axis in range(3):
                f.motion[dof + axis] = (ZERO, column(ONE, axis))
            turning.append((dof + 3, ZERO))
            continue
        if joint.kind == "slide":
            axis = mat_vec(rotation, joint.axis)
            shift = scaled(sub(q[at], joint.ref), axis)
            if leading:
                f.origin[body] = plus(f.origin[body], shift)
            else:
                place = plus(place, shift)
            f.motion[dof] = (ZERO, axis)
            continue
        leading = False
        anchor = plus(place, mat_vec(rotation, joint.pos))
        if joint.kind == "hinge":
            axis = mat_vec(rotation, joint.axis)
            f.motion[dof] = (axis, cross(anchor, axis))
            rotation = mat_mul(rotation, turn(joint.axis, sub(q[at], joint.ref)))  # pyright: ignore[reportArgumentType]
        else:
            rotation = mat_mul(rotation, quat_matrix(normalised(q[at : at + 4])))
            turning.append((dof, anchor))
        place = minus(anchor, mat_vec(rotation, joint.pos))
    for dof, anchor in turning:
        for k in range(3):
            axis = column(rotation, k)
            f.motion[dof + k] = (axis, cross(anchor, axis))
    f.rotation[body], f.place[body] = rotation, place


def poses(m: Mechanism, q: Sequence[Number]) -> tuple[list[V3], list[Quat]]:
    """The place and quaternion of every body's frame in the world, welded ones too."""
    f = frames(m, q)
    quats: list[Quat] = [(1.0, 0.0, 0.0, 0.0)] * len(m.robot.bodies)
    places: list[V3] = [ZERO] * len(m.robot.bodies)
    for body in range(1, len(m.robot.bodies)):
        weld = m.welds[body]
        if weld.carrier != body:
            under = weld.carrier
            quats[body] = quat_mul(quats[under], weld.quat)  # pyright: ignore[reportArgumentType] -- four numbers
            places[body] = plus(f.world(under), mat_vec(f.rotation[under], weld.pos))
            continue
        placed = m.placed(body)
        quat = quat_mul(quats[placed.carrier], placed.quat)  # pyright: ignore[reportArgumentType] -- four numbers
        for k in m.joints_of[body]:
            joint, at = m.robot.joints[k], m.qpos[k]
            if joint.kind == "free":
                quat = normalised(q[at + 3 : at + 7])
            elif joint.kind == "ball":
                quat = quat_mul(quat, normalised(q[at : at + 4]))
            elif joint.kind == "hinge":
                quat = quat_mul(quat, quat_turn(joint.axis, sub(q[at], joint.ref)))  # pyright: ignore[reportArgumentType]
        quats[body], places[body] = quat, f.world(body)
    return places, quats


def point(m: Mechanism, f: Frames, body: int, local: V3) -> V3:
    """A body's point, given in the body's frame, from the reference point of its tree."""
    weld = m.welds[body]
    at = plus(weld.pos, turned(weld.quat, local)) if weld.carrier != body else local  # pyright: ignore[reportArgumentType]
    return plus(f.place[weld.carrier], mat_vec(f.rotation[weld.carrier], at))


def attached(place: V3, quat: Quat, pos: Sequence[float], turn_: Sequence[float]) -> tuple[V3, Quat]:
    """The place and quaternion of what is fixed to a body."""
    own: Quat = (turn_[0], turn_[1], turn_[2], turn_[3])
    return plus(place, turned(quat, (pos[0], pos[1], pos[2]))), quat_mul(quat, own)
