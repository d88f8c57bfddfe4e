"""What a robot's sensors read, in the order of its file (MuJoCo's sensordata)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.mathematics import clamp
from rosesim.robots import dynamics, forces, kinematics, tendons
from rosesim.robots.algebra import (
    M3,
    V3,
    ZERO,
    Number,
    column,
    cross,
    mat_mul,
    mat_vec,
    minus,
    mul,
    normalised,
    over,
    plus,
    quat_matrix,
    scaled,
    total,
    transposed,
)
from rosesim.robots.contact import measure
from rosesim.robots.description import Description, Sensor
from rosesim.robots.dynamics import Motion
from rosesim.robots.files.errors import RobotError
from rosesim.robots.inertia import matrix
from rosesim.robots.kinematics import Frames
from rosesim.robots.mechanism import Mechanism

SIZES = {
    "jointpos": 1, "jointvel": 1, "ballquat": 4, "ballangvel": 3, "tendonpos": 1, "tendonvel": 1,
    "actuatorpos": 1, "actuatorvel": 1, "actuatorfrc": 1, "jointactuatorfrc": 1,
    "framepos": 3, "framequat": 4, "framexaxis": 3, "frameyaxis": 3, "framezaxis": 3,
    "framelinvel": 3, "frameangvel": 3, "framelinacc": 3, "frameangacc": 3,
    "gyro": 3, "velocimeter": 3, "accelerometer": 3,
    "subtreecom": 3, "subtreelinvel": 3, "subtreeangmom": 3, "touch": 1,
}  # fmt: skip
"""The sensors that can be computed, and how many numbers each gives."""

_OF_ACCELERATION = {"accelerometer", "framelinacc", "frameangacc", "touch"}


@dataclass
class State:
    """A robot in motion, while a program is traced."""

    m: Mechanism
    f: Frames
    q: Sequence[Number]
    v: Sequence[Number]
    u: Sequence[Number]
    velocity: list[Motion]
    acceleration: list[Motion]
    """With gravity as an acceleration upwards; empty where no sensor asks."""
    touched: Callable[[int], Number]
    """The normal force within a site."""


def checked(robot: Description) -> list[Sensor]:
    """A robot's sensors, or the error for one that cannot be computed."""
    for sensor in robot.sensors:
        if sensor.kind not in SIZES or (sensor.kind == "framequat" and sensor.of == "body"):
            way = 'objtype="xbody"' if sensor.kind in SIZES else f"one of {', '.join(SIZES)}"
            raise RobotError(
                robot.file,
                sensor.line,
                f"the sensor <{sensor.kind}> of a {sensor.of} is not there yet; expected {way}. Give "
                'ignore=("sensor",) to leave all sensors out',
            )
    return list(robot.sensors)


def measured(moving: Any, q: Any, v: Any, u: Any, given: Any) -> list[Number]:
    """All sensors at (q, v) under controls u. `moving` is the robot's `Dynamics`."""
    m: Mechanism = moving.mechanism(given)
    wanted = checked(m.robot)
    qs, vs, us = ([x[k] for k in range(len(x))] for x in (q, v, u))
    f = kinematics.frames(m, qs)
    acceleration: list[Motion] = []
    touched: Callable[[int], Number] = lambda site: 0.0
    if any(s.kind in _OF_ACCELERATION for s in wanted):
        a = moving.acceleration(q, v, u, given)
        _, acceleration = dynamics.motions(m, f, vs, a, gravity=forces.gravity(m))
        if moving.contact != "none":
            touched = measure.normal_forces(moving, m, f, qs, vs, a)
    velocity = dynamics.velocities(m, f, vs)
    state = State(m, f, qs, vs, us, velocity, acceleration, touched)
    found: list[Number] = []
    for sensor in wanted:
        values = _read(state, sensor)
        if sensor.cutoff > 0.0:
            values = [clamp(x, -sensor.cutoff, sensor.cutoff) for x in values]
        found += values
    return found


def _read(s: State, sensor: Sensor) -> list[Number]:
    m, k = s.m, sensor.index
    kind = sensor.kind
    if sensor.of == "joint":
        return _joint(s, kind, k)
    if sensor.of == "tendon":
        if kind == "tendonpos":
            return [tendons.length(m, k, s.q)]
        return [total(mul(c, s.v[d]) for d, c in tendons.row(m, k, s.q))]
    if sensor.of == "actuator":
        if kind == "actuatorfrc":
            return [forces.actuators(m, s.q, s.v, s.u)[0][k]]
        length, row = forces.transmission(m, k, s.q)
        return [length if kind == "actuatorpos" else total(mul(g, s.v[d]) for d, g in row)]
    if kind.startswith("subtree"):
        return list(_subtree(s, kind, k))
    return list(_framed(s, sensor))


def _joint(s: State, kind: str, k: int) -> list[Number]:
    m = s.m
    at, dof = m.qpos[k], m.dof[k]
    if kind == "jointpos":
        return [s.q[at]]
    if kind == "jointvel":
        return [s.v[dof]]
    if kind == "ballquat":
        return list(normalised(s.q[at : at + 4]))
    if kind == "ballangvel":
        return list(s.v[dof : dof + 3])
    return [forces.actuators(m, s.q, s.v, s.u)[1][dof]]


def _framed(s: State, sensor: Sensor) -> Sequence[Number]:
    """Sensors of a frame: where it is, how it moves, in world axes or its own."""
    m, f, kind = s.m, s.f, sensor.kind
    if kind == "touch":
        return [s.touched(sensor.index)]
    body, pos, quat = _attachment(m, sensor)
    if kind == "framequat":
        places, quats = kinematics.poses(m, s.q)
        return kinematics.attached(places[body], quats[body], pos, quat)[1]
    weld = m.welds[body]
    turned = mat_mul(f.rotation[weld.carrier], weld.rotation)
    rotation: M3 = mat_mul(turned, quat_matrix(quat))  # pyright: ignore[reportArgumentType] -- four numbers
    place = kinematics.point(m, f, body, pos)
    w, v0 = s.velocity[weld.carrier]
    own = transposed(rotation)
    if kind == "framepos":
        return plus(f.origin[weld.carrier], place)
    if kind in ("framexaxis", "frameyaxis", "framezaxis"):
        return column(rotation, "xyz".index(kind[5]))
    if kind == "frameangvel":
        return w
    if kind == "gyro":
        return mat_vec(own, w)
    speed = plus(v0, cross(w, place))
    if kind == "framelinvel":
        return speed
    if kind == "velocimeter":
        return mat_vec(own, speed)
    turning, pull = s.acceleration[weld.carrier]
    if kind == "frameangacc":
        return turning
    felt = plus(plus(pull, cross(turning, place)), cross(w, speed))
    return mat_vec(own, felt) if kind == "accelerometer" else plus(felt, forces.gravity(m))


def _attachment(m: Mechanism, sensor: Sensor) -> tuple[int, V3, tuple[float, ...]]:
    """The body of a sensor's frame, and its place and quaternion on it."""
    robot, k = m.robot, sensor.index
    if sensor.of == "site":
        return robot.sites[k].body, _v3(robot.sites[k].pos), robot.sites[k].quat
    if sensor.of == "geom":
        return robot.geoms[k].body, _v3(robot.geoms[k].pos), robot.geoms[k].quat
    return k, (m.own[k].com if sensor.of == "body" else ZERO), (1.0, 0.0, 0.0, 0.0)


def _v3(x: Sequence[float]) -> V3:
    return x[0], x[1], x[2]


def _subtree(s: State, kind: str, top: int) -> V3:
    """Centre, velocity, angular momentum about the centre of a body and all that hangs on it."""
    m, f = s.m, s.f
    inside = {top}
    for k, body in enumerate(m.robot.bodies):
        if body.parent in inside and k:
            inside.add(k)
    mass = total(m.own[k].mass for k in inside)
    centres: dict[int, V3] = {}
    where, moves = ZERO, ZERO
    for k in sorted(inside):
        c, lump = m.carrier(k), m.own[k]
        local = kinematics.point(m, f, k, lump.com)
        centres[k] = plus(f.origin[c], local)
        w, v0 = s.velocity[c]
        where = plus(where, scaled(lump.mass, centres[k]))
        moves = plus(moves, scaled(lump.mass, plus(v0, cross(w, local))))
    centre: V3 = (over(where[0], mass), over(where[1], mass), over(where[2], mass))
    velocity: V3 = (over(moves[0], mass), over(moves[1], mass), over(moves[2], mass))
    if kind != "subtreeangmom":
        return centre if kind == "subtreecom" else velocity
    spin = ZERO
    for k in sorted(inside):
        c, lump = m.carrier(k), m.own[k]
        w, v0 = s.velocity[c]
        local = kinematics.point(m, f, k, lump.com)
        speed = minus(plus(v0, cross(w, local)), velocity)
        rotation = mat_mul(f.rotation[c], m.welds[k].rotation)
        turning = mat_vec(transposed(rotation), w)
        own = mat_vec(rotation, mat_vec(matrix(lump.inertia), turning))
        spin = plus(spin, plus(own, scaled(lump.mass, cross(minus(centres[k], centre), speed))))
    return spin
