"""The soft constraints that a robot may have: limits, dry friction, equalities, contacts; each with its rows.

A constraint has few coordinates, and is linear in acceleration: J a. `prepared` computes inside a branch what it
needs at (q, v), where it is active; `coordinates` gives J a - r from the acceleration, `push` adds Jᵀ f, `stiffen`
adds Jᵀ W J.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rosesim.ad.language.control.branches import cond
from rosesim.ad.language.values.real import Real
from rosesim.robots import dynamics, forces
from rosesim.robots.algebra import (
    V3,
    ZERO,
    Number,
    Quat,
    add,
    cross,
    dot,
    is_zero,
    known,
    mat_mul,
    mat_vec,
    minus,
    mul,
    neg,
    over,
    plus,
    quat_matrix,
    root,
    scaled,
    sub,
    total,
)
from rosesim.robots.contact import geometry, rows
from rosesim.robots.contact.pairs import Touch
from rosesim.robots.contact.weights import Weights
from rosesim.robots.dynamics import Motion, Sparse
from rosesim.robots.kinematics import Frames
from rosesim.robots.mechanism import Mechanism
from rosesim.robots.parameters import title


@dataclass
class At:
    """A robot at (q, v), while a program is traced."""

    m: Mechanism
    f: Frames
    q: Sequence[Number]
    v: Sequence[Number]
    velocity: list[Motion]
    weights: Weights
    timestep: Number
    touches: Sequence[Touch] = ()
    is_searched: bool = False
    """Whether J is wanted as numbers, which a search reads again and again."""
    shapes: dict[int, geometry.Shape] = field(default_factory=dict)


@dataclass
class Row:
    """One coordinate that is a sum over degrees of freedom with known or traced coefficients."""

    coefficients: list[tuple[int, Number]]

    def product(self, a: Sequence[Number]) -> Number:
        """Its value at velocities or accelerations."""
        return total(mul(c, a[d]) for d, c in self.coefficients)


@dataclass
class Constraint:
    """A constraint at (q, v). `data` are the numbers that its branch computed."""

    active: Any
    """Whether it has rows, a Bool, or True."""
    data: list[Number]
    linear: Callable[[list[Number], Sequence[Number], list[Motion]], list[Number]]
    """(data, a, motions of bodies by a) -> J a."""
    reference: Callable[[list[Number]], list[Number]]
    """data -> r."""
    cost: Callable[[list[Number], list[Number]], rows.Cost]
    """(data, J a - r) -> force and second derivative."""
    push: Callable[[list[Number], list[Number], list[Number], list[Motion]], None]
    """(data, force, forces on degrees of freedom, forces on bodies): adds Jᵀ f to either."""
    jacobian: Callable[[list[Number]], list[list[tuple[int, Number]]]]
    """data -> the rows of J, each as (degree of freedom, coefficient); of a contact only where `At.is_searched`."""
    layout: Layout | None = None
    """Of a contact."""

    def off(self, a: Sequence[Number], motions: list[Motion]) -> list[Number]:
        """J a - r."""
        return [sub(x, r) for x, r in zip(self.linear(self.data, a, motions), self.reference(self.data), strict=True)]


def guarded(active: Any, compute: Callable[[], list[Number]]) -> list[Number]:
    """What `compute` gives where `active`, zeros elsewhere. Zeros that are known stay known."""
    if active is True:
        return compute()
    size, kept = 0, list[int]()

    def then() -> list[Real]:
        nonlocal size, kept
        values = compute()
        size, kept = len(values), [k for k, x in enumerate(values) if not is_zero(x)]
        return [Real(values[k]) for k in kept] or [Real(0.0)]

    chosen = cond(active, then, lambda: [Real(0.0)] * max(len(kept), 1))
    found: list[Number] = [0.0] * size
    for at, k in enumerate(kept):
        found[k] = chosen[at]
    return found


def constraints(at: At) -> list[Constraint]:
    """All constraints that a robot may have at (q, v)."""
    disabled = at.m.robot.options.disabled
    if "constraint" in disabled:
        return []
    found: list[Constraint] = []
    if "equality" not in disabled:
        found += [_equality(at, k) for k in range(len(at.m.robot.equalities))]
    if "frictionloss" not in disabled:
        found += _frictions(at)
    if "limit" not in disabled:
        found += _limits(at)
    found += [_contact(at, *found_at) for found_at in _places(at)]
    return found


def _by_row(
    at: At,
    active: Any,
    compute: Callable[[], list[Number]],
    row: Callable[[list[Number]], list[tuple[int, Number]]],
    cost: Callable[[Number, Number], rows.Cost],
) -> Constraint:
    """A constraint of one row; its data begin with the reference and D."""
    data = guarded(active, compute)

    def push(data: list[Number], force: list[Number], dofs: list[Number], bodies: list[Motion]) -> None:
        push_row(row(data), force[0], dofs)

    return Constraint(
        active,
        data,
        lambda data, a, motions: [total(mul(c, a[d]) for d, c in row(data))],
        lambda data: [data[0]],
        lambda data, x: cost(x[0], data[1]),
        push,
        lambda data: [row(data)],
    )


def push_row(row: list[tuple[int, Number]], force: Number, dofs: list[Number]) -> None:
    """Adds the force of one coordinate to the forces on degrees of freedom."""
    for d, c in row:
        dofs[d] = add(dofs[d], mul(c, force))


def _reference(
    at: At, solref: Sequence[float], solimp: Sequence[float], r: Number, past: Number, speed: Number, inverse: float
) -> list[Number]:
    """The reference acceleration and D of a row. `past` is r less the margin."""
    k, b = rows.stiffness(solref, solimp, at.timestep)
    hardness = rows.impedance(solimp, past)
    reference = neg(add(mul(b, speed), mul(k, mul(hardness, past))))
    return [reference, over(1.0, rows.regulariser(hardness, inverse))]


def _limits(at: At) -> list[Constraint]:
    found: list[Constraint] = []
    for k, joint in enumerate(at.m.robot.joints):
        if joint.range is None or joint.kind == "free":
            continue
        if joint.kind == "ball":
            found.append(_ball_limit(at, k))
            continue
        d, q = at.m.dof[k], at.q[at.m.qpos[k]]
        for sign, end in ((1.0, joint.range[0]), (-1.0, joint.range[1])):
            gap = mul(sign, sub(q, end))
            found.append(_limit(at, gap, [(d, sign)], joint, at.weights.dof[d]))
    for k, tendon in enumerate(at.m.robot.tendons):
        if tendon.range is not None:
            length, row = forces.tendon_length(at.m, k, at.q), forces.tendon_row(at.m, k)
            for sign, end in ((1.0, tendon.range[0]), (-1.0, tendon.range[1])):
                signed: list[tuple[int, Number]] = [(d, sign * c) for d, c in row]
                found.append(_limit(at, mul(sign, sub(length, end)), signed, tendon, at.weights.tendon[k]))
    return found


def _limit(at: At, gap: Number, row: list[tuple[int, Number]], of: Any, inverse: float) -> Constraint:
    """A limit of a joint or tendon, active within its margin."""

    def compute() -> list[Number]:
        speed = Row(row).product(at.v)
        return _reference(at, of.solref_limit, of.solimp_limit, gap, sub(gap, of.margin), speed, inverse)

    return _by_row(at, gap < of.margin, compute, lambda data: row, rows.one_sided)


def _ball_limit(at: At, k: int) -> Constraint:
    """The angle of a ball joint: it turns about the rotation vector."""
    joint, d, q = at.m.robot.joints[k], at.m.dof[k], at.m.qpos[k]
    assert joint.range is not None
    turn = forces.turn_between((1.0, 0.0, 0.0, 0.0), at.q[q : q + 4])
    square = dot(turn, turn)
    least = max(joint.range[1] - joint.margin, 0.0)
    active = square > least * least

    def compute() -> list[Number]:
        angle = root(square)
        axis = [neg(over(x, angle)) for x in turn]
        speed = total(mul(c, at.v[d + i]) for i, c in enumerate(axis))
        gap = sub(joint.range[1], angle)  # pyright: ignore[reportOptionalSubscript] -- it has a range
        past = sub(gap, joint.margin)
        return [*_reference(at, joint.solref_limit, joint.solimp_limit, gap, past, speed, at.weights.dof[d]), *axis]

    return _by_row(at, active, compute, lambda data: [(d + i, data[2 + i]) for i in range(3)], rows.one_sided)


def _frictions(at: At) -> list[Constraint]:
    found: list[Constraint] = []
    for k, joint in enumerate(at.m.robot.joints):
        most = at.m.joint_number(k, "frictionloss")
        if is_zero(most):
            continue
        for d in range(at.m.dof[k], at.m.dof[k] + joint.nv):
            found.append(_friction(at, [(d, 1.0)], joint, most, at.weights.dof[d]))
    for k, tendon in enumerate(at.m.robot.tendons):
        if tendon.frictionloss:
            row: list[tuple[int, Number]] = [*forces.tendon_row(at.m, k)]
            found.append(_friction(at, row, tendon, tendon.frictionloss, at.weights.tendon[k]))
    return found


def _friction(at: At, row: list[tuple[int, Number]], of: Any, most: Number, inverse: float) -> Constraint:
    speed = Row(row).product(at.v)
    _, b = rows.stiffness(of.solref_friction, of.solimp_friction, at.timestep)
    hardness = rows.impedance(of.solimp_friction, 0.0)
    data = [neg(mul(b, speed)), over(1.0, rows.regulariser(hardness, inverse))]
    return _by_row(at, True, lambda: data, lambda _: row, lambda x, d: rows.huber(x, d, most))


def _equality(at: At, k: int) -> Constraint:
    """A joint that follows another by a polynomial."""
    e = at.m.robot.equalities[k]
    joints = at.m.robot.joints
    first = at.m.dof[e.first]
    gap = sub(at.q[at.m.qpos[e.first]], add(joints[e.first].ref, e.polynomial[0]))
    row: list[tuple[int, Number]] = [(first, 1.0)]
    inverse = at.weights.dof[first]
    if e.second is not None:
        x = sub(at.q[at.m.qpos[e.second]], joints[e.second].ref)
        value, slope, power = 0.0, 0.0, 1.0
        for n, c in enumerate(e.polynomial[1:], 1):
            slope = add(slope, mul(n * c, power))
            power = mul(power, x)
            value = add(value, mul(c, power))
        gap = sub(gap, value)
        row.append((at.m.dof[e.second], neg(slope)))
        inverse += at.weights.dof[at.m.dof[e.second]]
    data = _reference(at, e.solref, e.solimp, gap, gap, Row(row).product(at.v), inverse)
    return _by_row(at, True, lambda: data, lambda _: row, rows.two_sided)


def shape(at: At, index: int) -> geometry.Shape:
    """A geom where it is, from the reference point of its tree."""
    if index not in at.shapes:
        m, f, geom = at.m, at.f, at.m.robot.geoms[index]
        weld = m.welds[geom.body]
        rotation = mat_mul(f.rotation[weld.carrier], weld.rotation)
        local = plus(weld.pos, mat_vec(weld.rotation, geom.pos))
        size = m.given.vector(f"{title('geom', geom.name, index)} size", geom.size)
        quat: Quat = geom.quat  # pyright: ignore[reportAssignmentType] -- four numbers
        at.shapes[index] = geometry.Shape(
            geom.kind,
            size,
            plus(f.place[weld.carrier], mat_vec(f.rotation[weld.carrier], local)),
            mat_mul(rotation, quat_matrix(quat)),
        )
    return at.shapes[index]


def pairs_at(at: At) -> Iterator[tuple[Layout, geometry.Place, tuple[float, ...], float]]:
    """Every contact that a pair of geoms may have: its layout, place, friction and approximate inverse inertia."""
    for touch, layout, place in _places(at):
        yield layout, place, _friction_of(touch), _inverse(at, touch)


def _places(at: At) -> Iterator[tuple[Touch, Layout, geometry.Place]]:
    """A pair is seen from the reference point of the second geom's tree."""
    m, f = at.m, at.f
    for touch in at.touches:
        geoms = [m.robot.geoms[i] for i in (touch.first, touch.second)]
        bodies = [m.carrier(g.body) for g in geoms]
        a, b = shape(at, touch.first), shape(at, touch.second)
        shift = _shift(m, f, *bodies)
        a = geometry.Shape(a.kind, a.size, plus(a.place, shift), a.rotation)
        for place in geometry.contacts(a, b, touch.margin):
            yield touch, Layout(bodies, shift, max(touch.condim, 1)), place


def _inverse(at: At, touch: Touch) -> float:
    """The inverse inertia that a contact feels."""
    return sum(at.weights.translation[at.m.robot.geoms[g].body] for g in (touch.first, touch.second))


def _shift(m: Mechanism, f: Frames, first: int, second: int) -> V3:
    """From the second's reference point to the first's."""
    if first and second and tree(m, first) == tree(m, second):
        return ZERO
    return minus(f.origin[first], f.origin[second])


def tree(m: Mechanism, body: int) -> int:
    """The root of a moving body's tree."""
    while m.parent(body):
        body = m.parent(body)
    return body


def _contact(at: At, touch: Touch, layout: Layout, place: geometry.Place) -> Constraint:
    m, dims = at.m, layout.dims
    elliptic = m.robot.options.cone == "elliptic"
    friction = _friction_of(touch)
    mu = friction[0] / m.robot.options.impratio**0.5
    inverse = _inverse(at, touch)
    active = place.distance < touch.margin

    def compute() -> list[Number]:
        point, frame = place.rest()
        flat = [*point, *frame[0], *frame[1], *frame[2]]
        speed = layout.relative(flat, at.velocity)
        k, b = rows.stiffness(touch.solref, touch.solimp, at.timestep)
        past = sub(place.distance, touch.margin)
        hardness = rows.impedance(touch.solimp, past)
        reference = [neg(mul(b, s)) for s in speed]
        reference[0] = sub(reference[0], mul(k, mul(hardness, past)))
        if elliptic or dims == 1:
            normal = rows.regulariser(hardness, inverse)
            d = [over(1.0, normal)]
            for n in range(1, dims):  # R of a tangent, by its friction
                ratio = m.robot.options.impratio * friction[n - 1] ** 2 / friction[0] ** 2
                d.append(mul(ratio, d[0]))
        else:
            normal = rows.regulariser(hardness, inverse * (1.0 + friction[0] ** 2))
            d = [over(1.0, mul(2.0 * mu * mu, normal))]
        data = [*flat, *reference, *d]
        if not at.is_searched:
            return data
        whole = layout.rows(at, data)
        shape[:] = [[d for d, _ in row] for row in whole]
        return [*data, *(value for row in whole for _, value in row)]

    shape: list[list[int]] = []
    data = guarded(active, compute)
    values = iter(data[12 + dims + (dims if elliptic else 1) :])
    made = [[(d, next(values)) for d in row] for row in shape]
    layout.fixed = [x if known(x) else None for x in data]
    moving = layout.moving(at.velocity)
    idle = dims - len(moving)
    kind = "elliptic" if elliptic else "pyramidal"

    def cost(data: list[Number], x: list[Number]) -> rows.Cost:
        d = data[12 + dims :]
        if dims == 1:
            return rows.one_sided(x[0], d[0])
        used = tuple(friction[k - 1] for k in moving[1:])
        own = [d[k] for k in moving] if elliptic else d[:1]
        f = rows.cost_of(kind, len(moving), used, idle, mu)
        force, second = f([Real(x[k]) for k in moving], [Real(y) for y in own])
        full: list[Number] = [0.0] * dims
        for n, k in enumerate(moving):
            full[k] = force[n]
        places = rows.places(kind, len(moving))
        return full, {(moving[i], moving[j]): second[p] for p, (i, j) in enumerate(places)}

    def linear(data: list[Number], a: Sequence[Number], motions: list[Motion]) -> list[Number]:
        return layout.relative(data, motions)

    def reference(data: list[Number]) -> list[Number]:
        return data[12 : 12 + dims]

    return Constraint(active, data, linear, reference, cost, layout.push, lambda _: made, layout)


def _friction_of(touch: Touch) -> tuple[float, ...]:
    """A pair's friction, bounded from below as MuJoCo does."""
    return tuple(max(x, 1e-5) for x in touch.friction)


@dataclass
class Layout:
    """How a contact's numbers lie in its data: point (3), frame (9), reference (dims), D."""

    bodies: list[int]
    shift: V3
    dims: int
    fixed: list[float | None] = field(default_factory=list)

    def point(self, data: list[Number], side: int) -> V3:
        """The contact point from the reference point of a side's tree."""
        p: V3 = (data[0], data[1], data[2])
        return p if side else minus(p, self.shift)

    def directions(self, data: list[Number]) -> list[tuple[V3, bool]]:
        """The direction of each coordinate, and whether it is a turn."""
        axes: list[V3] = [(data[3 + 3 * k], data[4 + 3 * k], data[5 + 3 * k]) for k in range(3)]
        return [(axes[k % 3], k >= 3) for k in range(self.dims)]

    def relative(self, data: list[Number], motions: list[Motion]) -> list[Number]:
        """The second body's motion at the contact less the first's, by coordinates."""
        turn, move = ZERO, ZERO
        for side, body in enumerate(self.bodies):
            w, v = motions[body]
            sign = 1.0 if side else -1.0
            turn = plus(turn, scaled(sign, w))
            move = plus(move, scaled(sign, plus(v, cross(w, self.point(data, side)))))
        return [dot(axis, turn if turns else move) for axis, turns in self.directions(data)]

    def moving(self, velocity: list[Motion]) -> list[int]:
        """The coordinates that can move: those of a planar robot across its plane cannot."""
        data: list[Number] = [1.0 if x is None else x for x in self.fixed]
        data = [_Something() if self.fixed[k] is None else x for k, x in enumerate(data)]
        some = [_anything(m) for m in velocity]
        values = self.relative(data, some)
        return [k for k, x in enumerate(values) if k == 0 or not is_zero(x)]

    def push(self, data: list[Number], force: list[Number], dofs: list[Number], bodies: list[Motion]) -> None:
        """Adds a contact's force to the forces on its bodies."""
        moment, push = ZERO, ZERO
        for (axis, turns), x in zip(self.directions(data), force, strict=True):
            if turns:
                moment = plus(moment, scaled(x, axis))
            else:
                push = plus(push, scaled(x, axis))
        for side, body in enumerate(self.bodies):
            if body:
                whole = plus(moment, cross(self.point(data, side), push))
                sign = 1.0 if side else -1.0
                bodies[body] = dynamics.both(bodies[body], (scaled(sign, whole), scaled(sign, push)))

    def rows(self, at: At, data: list[Number]) -> list[list[tuple[int, Number]]]:
        """J. What moves both bodies alike is left out."""
        chains = [at.m.above(body) if body else [] for body in self.bodies]
        shared = set(chains[0]) & set(chains[1])
        found: list[list[tuple[int, Number]]] = []
        for axis, turns in self.directions(data):
            row: list[tuple[int, Number]] = []
            for side in (0, 1):
                wrench = (axis, ZERO) if turns else (cross(self.point(data, side), axis), axis)
                for d in chains[side]:
                    if d not in shared:
                        c = mul(1.0 if side else -1.0, dynamics.power(at.f.motion[d], wrench))
                        if not is_zero(c):
                            row.append((d, c))
            found.append(row)
        return found


class _Something:
    """A number that is not known: what it gives is not known, unless it meets a zero."""

    def _same(self, other: Any = None) -> _Something:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = _same


def _anything(motion: Motion) -> Motion:
    """A motion with the same zeros."""
    w, v = (tuple(0.0 if is_zero(x) else _Something() for x in part) for part in motion)
    return w, v  # pyright: ignore[reportReturnType] -- three numbers each


def on_dofs(at: At, dofs: list[Number], bodies: list[Motion]) -> list[Number]:
    """Jᵀ f of forces on degrees of freedom and bodies."""
    m, found, force = at.m, list(dofs), list(bodies)
    for body in reversed(m.moving):
        for i in m.dofs_of(body):
            found[i] = add(found[i], dynamics.power(at.f.motion[i], force[body]))
        parent = m.parent(body)
        force[parent] = dynamics.both(force[parent], force[body])
    return found


def congruence(rows: list[list[tuple[int, Number]]], second: dict[tuple[int, int], Number]) -> Sparse:
    """Jᵀ W J, lower triangle."""
    n = len(rows)
    by_dof: dict[int, list[Number]] = {}
    for k, row in enumerate(rows):
        for d, c in row:
            by_dof.setdefault(d, [0.0] * n)[k] = c
    found: Sparse = {}
    dofs = sorted(by_dof)
    for i in dofs:
        left = [total(mul(second.get((max(p, k), min(p, k)), 0.0), by_dof[i][p]) for p in range(n)) for k in range(n)]
        for j in dofs:
            if j <= i:
                found[i, j] = dot(left, by_dof[j])
    return found
