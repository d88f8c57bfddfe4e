"""Drag of a fluid at rest or in a wind, by MuJoCo's inertia model: each body as the box that has its inertia."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rosesim.robots import inertia
from rosesim.robots.algebra import (
    V3,
    ZERO,
    Number,
    add,
    cross,
    mat_vec,
    minus,
    mul,
    plus,
    quat_matrix,
    transposed,
)
from rosesim.robots.dynamics import Motion, both, power, velocities
from rosesim.robots.kinematics import STILL, Frames
from rosesim.robots.mechanism import Mechanism
from rosesim.robots.parameters import title


def drag(m: Mechanism, f: Frames, v: Sequence[Number]) -> list[Number]:
    """The drag on each degree of freedom."""
    o = m.robot.options
    if not o.density and not o.viscosity:
        return [0.0] * m.nv
    motions = velocities(m, f, v)
    force = [STILL] * len(m.robot.bodies)
    for body in range(1, len(m.robot.bodies)):
        weld = m.welds[body]
        if weld.carrier:
            force[weld.carrier] = both(force[weld.carrier], _on_body(m, f, body, motions[weld.carrier]))
    found: list[Number] = [0.0] * m.nv
    for body in reversed(m.moving):
        for i in m.dofs_of(body):
            found[i] = power(f.motion[i], force[body])
        parent = m.parent(body)
        force[parent] = both(force[parent], force[body])
    return found


def box(m: Mechanism, body: int) -> tuple[V3, np.ndarray]:
    """Side lengths in m and axes (columns, in the body's frame) of the box with a body's mass and inertia."""
    robot = m.robot
    shaped = [k for k, g in enumerate(robot.geoms) if g.body == body and g.has_inertia]
    sizes = [f"{title('geom', robot.geoms[k].name, k)} size" for k in shaped]
    if robot.bodies[body].inertial is None and any(m.given.is_given(name) for name in sizes):
        raise ValueError(
            f"a parameter that shapes body {robot.bodies[body].name!r} was found, on which a fluid acts; expected "
            "none: the box that the fluid sees follows from the inertia of the file"
        )
    lump = m.of_file[body]  # mass and density alone do not change the box
    if lump.mass <= 0.0:
        return ZERO, np.eye(3)
    values, axes = np.linalg.eigh(np.array(inertia.matrix(lump.inertia)))
    if robot.bodies[body].inertial is None and len(shaped) == 1:  # its axes, also where moments are equal
        axes = np.array(quat_matrix(robot.geoms[shaped[0]].quat))  # pyright: ignore[reportArgumentType]
        values = np.diag(axes.T @ np.array(inertia.matrix(lump.inertia)) @ axes)
    x, y, z = (float(u) for u in values)
    scale = 6.0 / lump.mass
    sides = (
        math.sqrt(max(1e-15, scale * (y + z - x))),
        math.sqrt(max(1e-15, scale * (x + z - y))),
        math.sqrt(max(1e-15, scale * (x + y - z))),
    )
    return sides, axes


def _on_body(m: Mechanism, f: Frames, body: int, motion: Motion) -> Motion:
    """Moment and force of the fluid at the reference point."""
    o = m.robot.options
    sides, axes = box(m, body)
    if sides == ZERO:
        return STILL
    weld = m.welds[body]
    rotation = f.rotation[weld.carrier]
    local = weld.rotation
    centre = plus(f.place[weld.carrier], mat_vec(rotation, plus(weld.pos, mat_vec(local, m.own[body].com))))
    own = [tuple(float(a) for a in np.array(local) @ axes[:, k]) for k in range(3)]
    columns = [mat_vec(rotation, axis) for axis in own]
    speed = minus(plus(motion[1], cross(motion[0], centre)), o.wind)
    w, u = mat_vec(columns, motion[0]), mat_vec(columns, speed)
    mean = sum(sides) / 3.0
    force, moment = [], []
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        viscous = -3.0 * math.pi * mean * o.viscosity
        inertial = -0.5 * o.density * sides[j] * sides[k]
        force.append(add(mul(viscous, u[i]), mul(inertial, mul(abs(u[i]), u[i]))))
        viscous = -math.pi * mean**3 * o.viscosity
        inertial = -o.density * sides[i] * (sides[j] ** 4 + sides[k] ** 4) / 64.0
        moment.append(add(mul(viscous, w[i]), mul(inertial, mul(abs(w[i]), w[i]))))
    push = _sum(columns, force)
    return plus(_sum(columns, moment), cross(centre, push)), push


def _sum(columns: Sequence[V3], amounts: Sequence[Number]) -> V3:
    return mat_vec(transposed(columns), amounts)
