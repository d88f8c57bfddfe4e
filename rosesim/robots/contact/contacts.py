"""Contacts as constraints: the pairs of geoms at a state, and the rows of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rosesim.ad.language.values.real import Real
from rosesim.robots.algebra import (
    V3,
    ZERO,
    Number,
    Quat,
    known,
    mat_mul,
    mat_vec,
    minus,
    mul,
    neg,
    over,
    plus,
    quat_matrix,
    sub,
)
from rosesim.robots.contact import geometry, rows
from rosesim.robots.contact.constraint import At, Constraint, guarded
from rosesim.robots.contact.layout import Layout
from rosesim.robots.contact.pairs import Touch, mixed_friction
from rosesim.robots.contact.shapes import most
from rosesim.robots.dynamics import Motion
from rosesim.robots.kinematics import Frames
from rosesim.robots.mechanism import Mechanism
from rosesim.robots.parameters import title


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


def pairs_at(at: At) -> Iterator[tuple[Layout, geometry.Place, tuple[Number, ...], float, str]]:
    """Every contact that a pair of geoms may have: its layout, place, friction and approximate inverse inertia, and
    what its touching is called."""
    for touch, layout, place in _places(at):
        yield layout, place, _friction_of(at.m, touch), _inverse(at, touch), touching(at.m, touch)


def touching(m: Mechanism, touch: Touch) -> str:
    """What decides a contact, by the names of the shapes."""
    first, second = (m.robot.geoms[i].name or f"geom #{i}" for i in (touch.first, touch.second))
    return f"whether {second} touches {first}"


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


def contacts(at: At) -> list[Constraint]:
    """Every contact that a pair of geoms may have."""
    return [_contact(at, *place) for place in _places(at)]


def _contact(at: At, touch: Touch, layout: Layout, place: geometry.Place) -> Constraint:
    m, dims = at.m, layout.dims
    elliptic = m.robot.options.cone == "elliptic"
    friction = _friction_of(m, touch)
    mu = mul(1.0 / m.robot.options.impratio**0.5, friction[0])
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
        whole = layout.rows(at.m, at.f, data)
        shape[:] = [[d for d, _ in row] for row in whole]
        return [*data, *(value for row in whole for _, value in row)]

    shape: list[list[int]] = []
    data = guarded(active, compute, touching(m, touch))
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
        given = [Real(x[k]) for k in moving], [Real(y) for y in own]
        if known(mu, *used):
            force, second = rows.cost_of(kind, len(moving), used, idle, mu)(*given)
        else:
            force, second = rows.cost_of(kind, len(moving), None, idle, None)(*given, [Real(y) for y in (mu, *used)])
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


def _friction_of(m: Mechanism, touch: Touch) -> tuple[Number, ...]:
    """A pair's friction, by the parameters that are given, bounded from below as MuJoCo does."""
    own = [title("geom", m.robot.geoms[i].name, i) + " friction" for i in (touch.first, touch.second)]
    friction: tuple[Number, ...] = touch.friction
    if any(m.given.is_given(name) for name in own):
        a, b = (
            m.given.vector(name, m.robot.geoms[i].friction)
            for name, i in zip(own, (touch.first, touch.second), strict=True)
        )
        friction = mixed_friction(m.robot, touch, a, b)
    return tuple(most(x, 1e-5) for x in friction)
