"""Constants of a robot at its start, which MuJoCo's regulariser needs: the inverse inertia seen by bodies and joints.

They are of the file. A mass or length that is given as a parameter leaves them as they are, as editing a compiled
MuJoCo model does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rosesim.robots import dynamics, kinematics, tendons
from rosesim.robots.algebra import V3, cross, mat_vec, plus
from rosesim.robots.description import Description
from rosesim.robots.mechanism import Mechanism
from rosesim.robots.parameters import Parameters


@dataclass(frozen=True)
class Weights:
    """Inverse inertias at the start."""

    translation: tuple[float, ...]
    """Of each body's centre of mass: a third of the trace of J M⁻¹ Jᵀ; 0 for what cannot move."""
    rotation: tuple[float, ...]
    """The same of its turning."""
    dof: tuple[float, ...]
    """The diagonal of M⁻¹; of a ball, and of a free joint's halves, the mean of three."""
    tendon: tuple[float, ...]
    """c M⁻¹ cᵀ of the slope c of each tendon."""
    length: tuple[float, ...]
    """Of each tendon."""


def weights(robot: Description) -> Weights:
    """The constants of a robot."""
    m = Mechanism(robot, Parameters({}, {}))
    start = start_of(robot)
    f = kinematics.frames(m, start)
    low = dynamics.mass_matrix(m, f, dynamics.spatial_inertias(m, f))
    matrix = np.zeros((m.nv, m.nv))
    for (i, j), value in low.items():
        matrix[i, j] = matrix[j, i] = value
    inverse = np.linalg.inv(matrix) if m.nv else matrix
    translation, rotation = [0.0], [0.0]
    for body in range(1, len(robot.bodies)):
        weld = m.welds[body]
        if not weld.carrier:
            translation.append(0.0)
            rotation.append(0.0)
            continue
        local = plus(weld.pos, mat_vec(weld.rotation, m.own[body].com))
        centre = plus(f.place[weld.carrier], mat_vec(f.rotation[weld.carrier], local))
        moves, turns = np.zeros((3, m.nv)), np.zeros((3, m.nv))
        for d in m.above(body):
            moves[:, d] = _speed(f.motion[d], centre)
            turns[:, d] = f.motion[d][0]
        translation.append(float(np.trace(moves @ inverse @ moves.T)) / 3.0)
        rotation.append(float(np.trace(turns @ inverse @ turns.T)) / 3.0)
    diagonal = np.diag(inverse).copy()
    for body in m.moving:
        for group in dynamics.groups(m, body):
            diagonal[group] = diagonal[group].mean()
    for body in m.moving:
        if _slides_alone(m, body):
            translation[body] = 1.0 / m.own[body].mass
            diagonal[m.dofs_of(body)] = 1.0 / m.own[body].mass
    along: list[float] = []
    for k in range(len(robot.tendons)):
        row = np.zeros(m.nv)
        for d, c in tendons.row(m, k, start):
            row[d] += c
        along.append(float(row @ inverse @ row))
    lengths = tuple(float(tendons.length(m, k, start)) for k in range(len(robot.tendons)))
    return Weights(tuple(translation), tuple(rotation), tuple(float(x) for x in diagonal), tuple(along), lengths)


def _slides_alone(m: Mechanism, body: int) -> bool:
    """Whether a body is what MuJoCo calls simple, of sliders: it takes the mass alone then, without armature.

    It slides along axes of its frame, its centre of mass and principal axes are that frame's, and nothing hangs on
    it.
    """
    lump = m.own[body]
    joints = [m.robot.joints[k] for k in m.joints_of[body]]
    return (
        all(j.kind == "slide" and sorted(map(abs, j.axis)) == [0.0, 0.0, 1.0] for j in joints)
        and not m.carrier(m.robot.bodies[body].parent)
        and all(b.parent != body for b in m.robot.bodies)
        and lump.com == (0.0, 0.0, 0.0)
        and lump.inertia[3:] == (0.0, 0.0, 0.0)
    )


def _speed(motion: tuple[V3, V3], centre: V3) -> V3:
    return plus(motion[1], cross(motion[0], centre))


def start_of(robot: Description) -> list[float]:
    """The configuration in which a file draws its robot."""
    found: list[float] = []
    for joint in robot.joints:
        body = robot.bodies[joint.body]
        if joint.kind == "free":
            found += [*body.pos, *body.quat]
        else:
            found += [1.0, 0.0, 0.0, 0.0] if joint.kind == "ball" else [joint.ref]
    return found
