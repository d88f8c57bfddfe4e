"""Steps that are implicit in velocity: (M - h D) Δv = h f with D the slope of the forces by velocity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rosesim.ad.language.arrays import stack
from rosesim.ad.language.function import fn
from rosesim.ad.language.values.real import Real
from rosesim.ad.transforms.jacobians import jacobian
from rosesim.numerics.linalg import solve
from rosesim.robots import dynamics, forces
from rosesim.robots.algebra import Number, add, mul, neg, vector
from rosesim.robots.dynamics import Sparse
from rosesim.robots.fluid import drag
from rosesim.robots.kinematics import frames
from rosesim.robots.mechanism import Mechanism


def fast_damping(m: Mechanism, q: Sequence[Number], v: Sequence[Number], u: Sequence[Number]) -> Sparse:
    """-D of `implicitfast`: passive forces and actuators without Coriolis forces, symmetrised; lower triangle."""
    found = forces.damping_matrix(m, q, v, u)
    o = m.robot.options
    if o.density or o.viscosity:
        f = frames(m, q)
        slope = _slope(m, v, lambda w: drag(m, f, w))
        for i in range(m.nv):
            for j in (i, *m.ancestors(i)):
                found[i, j] = add(found.get((i, j), 0.0), mul(-0.5, slope[i, j] + slope[j, i]))
    return found


def turning(m: Mechanism, integrator: str) -> list[int]:
    """The degrees of freedom for which a step is implicit in Coriolis forces too."""
    return {"implicit": list(range(m.nv)), "implicitfast": lone(m)}.get(integrator, [])


def lone(m: Mechanism) -> list[int]:
    """The degrees of freedom of free bodies on which nothing hangs: MuJoCo's `implicitfast` turns them implicitly."""
    carrying = {m.parent(body) for body in m.moving}
    alone = [
        b for b in m.moving if b not in carrying and [m.robot.joints[k].kind for k in m.joints_of[b]] == ["free"]
    ]
    return [d for body in alone for d in m.dofs_of(body)]


def speed(
    m: Mechanism,
    q: Sequence[Number],
    v: Sequence[Number],
    u: Sequence[Number],
    low: Sparse,
    force: Sequence[Number],
    h: Number,
    *,
    turning: Sequence[int],
) -> list[Number]:
    """v one step later, with the slope of Coriolis forces for the degrees of freedom `turning`.

    It is not symmetric.
    """
    f = frames(m, q)
    inertias = dynamics.spatial_inertias(m, f)
    damping = fast_damping(m, q, v, u)
    if len(turning) == m.nv:
        damping = forces.damping_matrix(m, q, v, u)
    slope = _slope(
        m,
        v,
        lambda w: [
            add(a, b)
            for a, b in zip(
                drag(m, f, w) if len(turning) == m.nv else [0.0] * m.nv,
                [neg(c) for c in dynamics.newton_euler(m, f, inertias, w)],
                strict=True,
            )
        ],
    )

    def entry(i: int, j: int) -> Number:
        at = max(i, j), min(i, j)
        known = add(low.get(at, 0.0), mul(h, damping.get(at, 0.0)))
        return add(known, mul(mul(-1.0, h), slope[i, j])) if i in turning and j in turning else known

    matrix = stack([stack([Real(entry(i, j)) for j in range(m.nv)]) for i in range(m.nv)])
    change = solve(matrix, vector(force))
    return [add(a, mul(h, change[i])) for i, a in enumerate(v)]


def _slope(m: Mechanism, v: Sequence[Number], force: Callable[[list[Number]], list[Number]]) -> Any:
    """The derivative of a force by velocity, (nv, nv)."""

    @fn
    def of(w: Any) -> Any:
        return vector(force([w[i] for i in range(m.nv)]))

    return jacobian(of)(vector(v))
