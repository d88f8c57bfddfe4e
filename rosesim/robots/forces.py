"""Forces on the degrees of freedom: springs, damping, gravity given back, actuators; their slopes by velocity.

Every force is a list with one number for each degree of freedom.
"""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.mathematics import clamp
from rosesim.ad.language.values.vector import as_vec
from rosesim.numerics.rotations import log
from rosesim.robots import tendons
from rosesim.robots.algebra import (
    V3,
    ZERO,
    Number,
    Quat,
    add,
    conjugate,
    cross,
    dot,
    is_zero,
    known,
    mat_vec,
    mul,
    neg,
    normalised,
    plus,
    quat_mul,
    scaled,
    sub,
    total,
)
from rosesim.robots.dynamics import Sparse
from rosesim.robots.fluid import drag
from rosesim.robots.kinematics import Frames
from rosesim.robots.mechanism import Mechanism
from rosesim.robots.parameters import title


def passive(m: Mechanism, f: Frames, q: Sequence[Number], v: Sequence[Number]) -> list[Number]:
    """Springs, damping, and weight given back."""
    found: list[Number] = [0.0] * m.nv
    disabled = m.robot.options.disabled
    for k, joint in enumerate(m.robot.joints):
        at = m.dof[k]
        if "damper" not in disabled:
            damping = m.joint_number(k, "damping")
            for i in range(at, at + joint.nv):
                found[i] = neg(mul(damping, v[i]))
        stiffness = m.joint_number(k, "stiffness")
        if is_zero(stiffness) or "spring" in disabled:
            continue
        for i, stretch in enumerate(stretches(m, k, q)):
            found[at + i] = sub(found[at + i], mul(stiffness, stretch))
    for k, tendon in enumerate(m.robot.tendons):
        _tendon(m, k, tendon.stiffness, tendon.damping, q, v, found)
    for body, of in enumerate(m.robot.bodies):
        if of.gravcomp and "gravity" not in disabled:
            _lift(m, f, body, of.gravcomp, found)
    return [add(a, b) for a, b in zip(found, drag(m, f, v), strict=True)]


def stretches(m: Mechanism, k: int, q: Sequence[Number]) -> list[Number]:
    """How far joint k is from where its spring rests: one number, or a rotation vector in the child's frame."""
    joint, at = m.robot.joints[k], m.qpos[k]
    if joint.nv == 1:
        return [sub(q[at], m.joint_number(k, "springref"))]
    if joint.kind == "ball":
        return turn_between((1.0, 0.0, 0.0, 0.0), q[at : at + 4])
    body = m.robot.bodies[joint.body]
    shift = [sub(q[at + i], body.pos[i]) for i in range(3)]
    return [*shift, *turn_between(body.quat, q[at + 3 : at + 7])]  # pyright: ignore[reportArgumentType]


def turn_between(start: Quat, end: Sequence[Number]) -> list[Number]:
    """The rotation vector from one quaternion to another, in the axes of the first."""
    w = log(as_vec(list(quat_mul(conjugate(start), normalised(end)))))
    return [w[0], w[1], w[2]]


def _tendon(
    m: Mechanism,
    k: int,
    stiffness: float,
    damping: float,
    q: Sequence[Number],
    v: Sequence[Number],
    found: list[Number],
) -> None:
    """A tendon's spring and damper."""
    if not stiffness and not damping:
        return
    row = tendons.row(m, k, q)
    pull: Number = 0.0
    if damping and "damper" not in m.robot.options.disabled:
        pull = mul(-damping, total(mul(c, v[d]) for d, c in row))
    if stiffness and "spring" not in m.robot.options.disabled:
        pull = add(pull, mul(-stiffness, tendons.stretch(m, k, q)))
    for d, c in row:
        found[d] = add(found[d], mul(c, pull))


def _lift(m: Mechanism, f: Frames, body: int, fraction: float, found: list[Number]) -> None:
    weld = m.welds[body]
    lump = m.own[body]
    local = plus(weld.pos, mat_vec(weld.rotation, lump.com))
    centre = plus(f.place[weld.carrier], mat_vec(f.rotation[weld.carrier], local))
    force = scaled(mul(-fraction, lump.mass), gravity(m))
    for d in m.above(body):
        angular, linear = f.motion[d]
        found[d] = add(found[d], dot(force, plus(linear, cross(angular, centre))))


def gravity(m: Mechanism) -> V3:
    """The acceleration of free fall."""
    if "gravity" in m.robot.options.disabled:
        return ZERO
    return m.given.vector("gravity", m.robot.options.gravity)


def transmission(
    m: Mechanism, k: int, q: Sequence[Number], *, has_length: bool = True
) -> tuple[Number, list[tuple[int, Number]]]:
    """An actuator's length (0 where nobody asks for it), and how its force acts on each degree of freedom."""
    a = m.robot.actuators[k]
    gear = m.given.vector(f"{title('actuator', a.name, k)} gear", a.gear)
    if a.on == "tendon":
        row = [(d, mul(gear[0], c)) for d, c in tendons.row(m, a.target, q)]
        return (mul(gear[0], tendons.length(m, a.target, q)) if has_length else 0.0), row
    joint, dof, at = m.robot.joints[a.target], m.dof[a.target], m.qpos[a.target]
    row = [(dof + i, gear[i]) for i in range(joint.nv) if not is_zero(gear[i])]
    if not has_length or joint.kind == "free":
        return 0.0, row
    if joint.kind == "ball":
        return dot(gear[:3], turn_between((1.0, 0.0, 0.0, 0.0), q[at : at + 4])), row
    return mul(gear[0], q[at]), row


def actuators(
    m: Mechanism, q: Sequence[Number], v: Sequence[Number], u: Sequence[Number]
) -> tuple[list[Number], list[Number]]:
    """The force of each actuator, and their sum on each degree of freedom. `u` holds controls or activations."""
    forces: list[Number] = []
    found: list[Number] = [0.0] * m.nv
    if "actuation" in m.robot.options.disabled:
        return [0.0] * len(m.robot.actuators), found
    for k, a in enumerate(m.robot.actuators):
        name = title("actuator", a.name, k)
        gain, bias = m.given.vector(f"{name} gain", a.gain), m.given.vector(f"{name} bias", a.bias)
        moved = not all(is_zero(x) for x in (gain[1], bias[1]))
        length, row = transmission(m, k, q, has_length=moved)
        speed = total(mul(g, v[d]) for d, g in row)
        slope = total((gain[0], mul(gain[1], length), mul(gain[2], speed)))
        force = total((mul(slope, control(m, k, u[k])), bias[0], mul(bias[1], length), mul(bias[2], speed)))
        if a.force_range is not None:
            force = clamp(force, *a.force_range)
        forces.append(force)
        for d, g in row:
            found[d] = add(found[d], mul(g, force))
    for k, joint in enumerate(m.robot.joints):
        if joint.force_range is not None:
            d = m.dof[k]
            found[d] = clamp(found[d], *joint.force_range) if not known(found[d]) else found[d]
    return forces, found


def control(m: Mechanism, k: int, u: Number) -> Number:
    """A control within its range; an activation as it is."""
    return u if m.robot.actuators[k].dynamics != "none" else within_range(m, k, u)


def within_range(m: Mechanism, k: int, u: Number) -> Number:
    """A control within its range."""
    a = m.robot.actuators[k]
    if a.ctrl_range is None or "clampctrl" in m.robot.options.disabled:
        return u
    return clamp(u, *a.ctrl_range)


def damping_matrix(m: Mechanism, q: Sequence[Number], v: Sequence[Number], u: Sequence[Number]) -> Sparse:
    """-D, the negative slope by velocity of passive forces and actuators, symmetric; lower triangle.

    A tendon may couple branches of the tree. MuJoCo's steps leave those places of D out, which keeps the matrix's
    pattern that of the tree; the forces themselves are whole.
    """
    found: Sparse = {}
    above = [{i, *m.ancestors(i)} for i in range(m.nv)]

    def put(i: int, j: int, value: Number) -> None:
        i, j = max(i, j), min(i, j)
        if j not in above[i]:
            return
        value = add(found.get((i, j), 0.0), value)
        if not is_zero(value):
            found[i, j] = value

    if "damper" not in m.robot.options.disabled:
        for i, d in enumerate(m.dofs):
            put(i, i, m.joint_number(d.joint, "damping"))
        for k, tendon in enumerate(m.robot.tendons):
            row = tendons.row(m, k, q) if tendon.damping else []
            for i, a in row:
                for j, b in row:
                    if j <= i:
                        put(i, j, mul(tendon.damping, mul(a, b)))
    if "actuation" in m.robot.options.disabled:
        return found
    forces, _ = actuators(m, q, v, u)
    for k, a in enumerate(m.robot.actuators):
        name = title("actuator", a.name, k)
        gain, bias = m.given.vector(f"{name} gain", a.gain), m.given.vector(f"{name} bias", a.bias)
        slope = add(bias[2], mul(gain[2], control(m, k, u[k])))
        if is_zero(slope):
            continue
        if a.force_range is not None:  # a force that is clipped does not change with velocity
            low, high = a.force_range
            slope = select((forces[k] > low) & (forces[k] < high), slope, 0.0)
        _, row = transmission(m, k, q, has_length=False)
        for i, x in row:
            for j, y in row:
                if j <= i:
                    put(i, j, neg(mul(slope, mul(x, y))))
    return found


def potential(m: Mechanism, f: Frames, q: Sequence[Number]) -> Number:
    """The energy of height and of springs, in J."""
    g, found = gravity(m), []
    for body in range(1, len(m.robot.bodies)):
        weld, lump = m.welds[body], m.own[body]
        if is_zero(lump.mass):
            continue
        local = plus(weld.pos, mat_vec(weld.rotation, lump.com))
        centre = plus(f.world(weld.carrier), mat_vec(f.rotation[weld.carrier], local))
        found.append(neg(mul(lump.mass, dot(g, centre))))
    if "spring" not in m.robot.options.disabled:
        for k in range(len(m.robot.joints)):
            stiffness = m.joint_number(k, "stiffness")
            if not is_zero(stiffness):
                stretch = stretches(m, k, q)
                found.append(mul(mul(0.5, stiffness), dot(stretch, stretch)))
        for k, tendon in enumerate(m.robot.tendons):
            if tendon.stiffness:
                stretch = tendons.stretch(m, k, q)
                found.append(mul(0.5 * tendon.stiffness, mul(stretch, stretch)))
    return total(found)
