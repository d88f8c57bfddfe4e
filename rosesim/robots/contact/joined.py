"""Bodies that are joined beside the tree: a point of each (connect), or their frames (weld), as MuJoCo has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rosesim.ad.language.function import fn
from rosesim.ad.language.values.real import Real
from rosesim.ad.transforms.jacobians import jacobian
from rosesim.robots import dynamics
from rosesim.robots.algebra import (
    V3,
    Number,
    Quat,
    add,
    choose,
    conjugate,
    cross,
    dot,
    known,
    mat_vec,
    minus,
    mul,
    numbers,
    plus,
    quat_matrix,
    quat_mul,
    root,
    scaled,
    total,
    transposed,
    turned,
    vector,
)
from rosesim.robots.contact.coordinates import Coordinate
from rosesim.robots.contact.kind import At
from rosesim.robots.contact.meetings import tree
from rosesim.robots.description import ConnectEquality, Description, WeldEquality
from rosesim.robots.kinematics import frames, poses
from rosesim.robots.steps import moved

AXES: tuple[V3, V3, V3] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))

Row = dict[int, Number]
"""A row of J: by degree of freedom."""


def joined(at: At) -> list[Coordinate]:
    """All rows: three of a connect, six of a weld."""
    if not at.m.robot.joined:
        return []
    ends = [_held(at.m.robot, e) for e in at.m.robot.joined]
    drift = iter(_drift(at, ends))
    found: list[Coordinate] = []
    for e, points in zip(at.m.robot.joined, ends, strict=True):
        gap, pulls = _away(at, e, points)
        sizes = [at.weights.translation[e.first] + at.weights.translation[e.second]] * 3
        sizes += [at.weights.rotation[e.first] + at.weights.rotation[e.second]] * (len(gap) - 3)
        far = _norm(gap)
        found += [  # a row is as hard as the distance of all rows of its equality asks
            Coordinate(r, [*row.items()], size, e.soft, far=far, drift=next(drift))
            for r, row, size in zip(gap, pulls, sizes, strict=True)
        ]
    return found


def _away(at: At, e: ConnectEquality | WeldEquality, points: tuple[V3, V3]) -> tuple[list[Number], list[Row]]:
    """What should be zero, and the rows of its derivative."""
    gap, pulls = _apart(at, e, points)
    if isinstance(e, WeldEquality):
        turn, turns = _turned(at, e)
        return [*gap, *turn], [*pulls, *turns]
    return gap, pulls


def _drift(at: At, ends: list[tuple[V3, V3]]) -> list[Number]:
    """The acceleration of what should be zero while the robot's own is zero, by rows: (dJ/dt) v."""

    @fn
    def speeds(t: Any) -> Any:
        q = moved(at.m, at.q, scaled(t, at.v))
        there = replace(at, q=q, f=frames(at.m, q), shapes={})
        found: list[Number] = []
        for e, points in zip(at.m.robot.joined, ends, strict=True):
            found += [_speed(at, row) for row in _away(there, e, points)[1]]
        return vector(found)

    return numbers(jacobian(speeds, mode="forward")(Real(0.0)))


def _speed(at: At, row: Row) -> Number:
    """J v of a row."""
    return total(mul(c, at.v[d]) for d, c in row.items())


def _norm(gap: Sequence[Number]) -> Number:
    """The length, with the slope 0 at 0."""
    square = dot(gap, gap)
    if known(square):
        return root(square)
    some = square > 0.0
    return choose(some, root(choose(some, square, 1.0)), 0.0)


def _held(robot: Description, e: ConnectEquality | WeldEquality) -> tuple[V3, V3]:
    """The points that stay together, each in its body's frame."""
    (x1, q1), (x2, q2) = (_at_start(robot, body) for body in (e.first, e.second))
    anchor: V3 = e.anchor  # pyright: ignore[reportAssignmentType] -- three numbers
    if isinstance(e, ConnectEquality):
        world = plus(x1, turned(q1, anchor))
        return anchor, turned(conjugate(q2), minus(world, x2))
    if e.pos is not None:
        return e.pos, anchor  # pyright: ignore[reportReturnType] -- three numbers
    return turned(conjugate(q1), minus(plus(x2, turned(q2, anchor)), x1)), anchor


def _at_start(robot: Description, body: int) -> tuple[V3, Quat]:
    """Where the file draws a body."""
    place: V3 = (0.0, 0.0, 0.0)
    quat: Quat = (1.0, 0.0, 0.0, 0.0)
    while body:
        b = robot.bodies[body]
        own: Quat = b.quat  # pyright: ignore[reportAssignmentType] -- four numbers
        place, quat, body = plus(b.pos, turned(own, place)), quat_mul(own, quat), b.parent
    return place, quat


def _point(at: At, body: int, point: V3) -> V3:
    """A point of a body, from the reference point of its tree."""
    weld = at.m.welds[body]
    local = plus(weld.pos, mat_vec(weld.rotation, point))
    return plus(at.f.place[weld.carrier], mat_vec(at.f.rotation[weld.carrier], local))


def _apart(at: At, e: ConnectEquality | WeldEquality, points: tuple[V3, V3]) -> tuple[list[Number], list[Row]]:
    """The first point less the second, in world axes, and the rows of its derivative."""
    m, f = at.m, at.f
    bodies = [m.carrier(e.first), m.carrier(e.second)]
    places = [_point(at, body, p) for body, p in zip((e.first, e.second), points, strict=True)]
    gap: V3 = minus(places[0], places[1])
    if not (bodies[0] and bodies[1] and tree(m, bodies[0]) == tree(m, bodies[1])):
        gap = plus(gap, minus(f.origin[bodies[0]], f.origin[bodies[1]]))
    found: list[Row] = [{}, {}, {}]
    for sign, body, place in zip((1.0, -1.0), bodies, places, strict=True):
        for d in m.above(body) if body else ():
            for row, axis in zip(found, AXES, strict=True):
                row[d] = add(row.get(d, 0.0), mul(sign, dynamics.power(f.motion[d], (cross(place, axis), axis))))
    return [*gap], found


def _turned(at: At, e: WeldEquality) -> tuple[list[Number], list[Row]]:
    """The vector of the quaternion by which the second body is turned away, and the rows of its derivative."""
    m = at.m
    _, quats = poses(m, at.q)
    relative: Quat
    if e.quat is None:
        (_, q1), (_, q2) = (_at_start(m.robot, body) for body in (e.first, e.second))
        relative = quat_mul(conjugate(q1), q2)
    else:
        relative = e.quat  # pyright: ignore[reportAssignmentType] -- four numbers
    back = conjugate(quats[e.second])
    w, *v = quat_mul(back, quat_mul(quats[e.first], relative))
    part: V3 = (v[0], v[1], v[2])
    found: list[Row] = [{}, {}, {}]
    home = transposed(quat_matrix(quats[e.second]))
    for sign, body in ((1.0, e.first), (-1.0, e.second)):
        for d in m.above(body) if m.carrier(body) else ():
            axis: V3 = mat_vec(home, at.f.motion[d][0])
            change = scaled(0.5 * sign * e.torque_scale, plus(scaled(w, axis), cross(axis, part)))
            for row, c in zip(found, change, strict=True):
                row[d] = add(row.get(d, 0.0), c)
    return [mul(e.torque_scale, x) for x in part], found
