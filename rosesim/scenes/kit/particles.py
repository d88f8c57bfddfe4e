"""Material points: particles that carry a body's mass, motion and deformation, and meet on a grid.

The moving least squares form of the material point method (Hu et al., SIGGRAPH 2018, "A moving least
squares material point method with displacement discontinuity and two-way rigid body coupling"). Quadratic
B-splines spread the particles' mass and momentum over the three nearest nodes along each axis; obstacles stop the
nodes; the same weights read the velocities back. One text serves two dimensions and three.

The grid has n nodes per side, 1 / n apart, of the unit square or cube. Its kinks are written as products with
0 and 1, not as branches: the derivative of a product needs no booleans, of which a whole grid would be full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rosesim.ad.language.constants import const
from rosesim.ad.language.control.accumulate import accumulate
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import for_each, vec
from rosesim.ad.language.linalg import det
from rosesim.ad.language.mathematics import clamp, floor, log, sqrt
from rosesim.ad.language.values.annotations import Struct, Vec
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real

Matrix = Vec[Vec[Real, ...], ...]


@dataclass(frozen=True)
class Particles(Struct):
    """k material points in d dimensions."""

    position: Vec[Vec[Real, ...], ...]
    """Shape (k, d), lengths."""
    velocity: Vec[Vec[Real, ...], ...]
    """Shape (k, d), lengths per second."""
    affine: Vec[Matrix, ...]
    """Shape (k, d, d), 1 / s: how velocity changes with position around a particle."""
    deformation: Vec[Matrix, ...]
    """Shape (k, d, d): the deformation gradient F, which maps small vectors of the undeformed body to deformed
    ones."""


@dataclass(frozen=True)
class Motion(Struct):
    """The motion that the grid gives to a particle."""

    velocity: Vec[Real, ...]
    affine: Matrix


def undeformed(position: Any, velocity: Any) -> Particles:
    """Particles at these positions with these velocities, shapes (k, d), of an undeformed body.

    >>> from rosesim import fn
    >>> @fn
    ... def one():
    ...     return undeformed(const(np.array([[0.5, 0.5]])), const(np.zeros((1, 2))))
    >>> one().deformation
    array([[[1., 0.],
            [0., 1.]]])
    """
    k, d = len(position), len(position[0])
    return Particles(position, velocity, const(np.zeros((k, d, d))), const(np.tile(np.eye(d), (k, 1, 1))))


def lattice(low: ArrayLike, size: Sequence[float], counts: Sequence[int]) -> NDArray[np.float64]:
    """The positions of a block's particles, of shape (k, d): `counts` along the sides, half a spacing from its edges.

    >>> lattice((0.0, 0.0), (0.5, 0.25), (4, 2))[:3]
    array([[0.0625, 0.0625],
           [0.0625, 0.1875],
           [0.1875, 0.0625]])
    """
    axes = [a + (np.arange(c) + 0.5) * w / c for a, w, c in zip(np.asarray(low), size, counts, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


def spline_weights(phi: Real) -> list[Real]:
    """Quadratic B-spline weights of three successive nodes, phi = 1/2 .. 3/2 spacings from the first: they sum to 1.

    >>> from rosesim import fn, Real
    >>> @fn
    ... def of(phi: Real):
    ...     return spline_weights(phi)
    >>> of(1.0), of(0.5)
    (array([0.125, 0.75 , 0.125]), array([0.5, 0.5, 0. ]))
    """
    return [0.5 * (1.5 - phi) ** 2, 0.75 - (phi - 1.0) ** 2, 0.5 * (phi - 0.5) ** 2]


def _reach(x: Any, n: int) -> tuple[list[Index], list[Real]]:
    """The first of the three nodes along each axis that a position reaches, and its distance from it in spacings.

    A position outside the grid is spread over the outermost nodes.
    """
    cells = [n * x[a] for a in range(len(x))]
    first = [floor(c - 0.5) for c in cells]
    return [Index[n - 2].clamp(f) for f in first], [c - f for c, f in zip(cells, first, strict=True)]


class Carried(NamedTuple):
    """The mass and momentum that a group of k particles gives to the grid."""

    position: Any
    """Shape (k, d)."""
    mass: float
    """The mass of each particle."""
    momentum: Any
    """Shape (k, d)."""
    affine: Any
    """Shape (k, d, d): how momentum changes with position around a particle."""


def to_grid(*groups: Carried, n: int) -> Any:
    """The mass and momentum that the nodes get from particles, of shape (n, ..., n, 1 + d): mass first.

    A node at delta from a particle gets the part w of its mass and w (momentum + affine delta). Weights are
    products of those along the axes, so the sum over 3^d nodes is computed axis by axis.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def spread(x: Vec[Vec[Real, 2], 1]):
    ...     return to_grid(Carried(x, 2.0, const(np.array([[2.0, 0.0]])), const(np.zeros((1, 2, 2)))), n=4)
    >>> spread([[0.5, 0.5]])[1:4, 2]  # mass and momentum of three nodes
    array([[0.1875, 0.1875, 0.    ],
           [1.125 , 1.125 , 0.    ],
           [0.1875, 0.1875, 0.    ]])
    """
    d = len(groups[0].position[0])
    axes = range(d)
    kind: Any = Vec[Real, 1 + d]
    for _ in axes:
        kind = Vec[kind, n]

    def give(grid: Any, given: Carried, p: Index) -> None:
        first, phi = _reach(given.position[p], n)
        weights = [spline_weights(f) for f in phi]
        momentum, affine = given.momentum[p], given.affine[p]
        at_first = [momentum[a] - _total(affine[a][b] * phi[b] for b in axes) / n for a in axes]
        per_node = [[affine[a][b] / n for a in axes] for b in axes]

        def along(node: tuple[Any, ...], m: Any, q: list[Any], slopes: list[list[Any]]) -> None:
            """Give mass m, and momentum q + the sum of node number times slope, over the remaining axes."""
            if not slopes:
                grid.at[node].add([m, *q])
                return
            slope, *rest = slopes
            axis = len(node)
            for i, w in enumerate(weights[axis]):
                here = [w * (a + i * s if i else a) for a, s in zip(q, slope, strict=True)]
                along((*node, first[axis] + i), w * m, here, [[w * s for s in other] for other in rest])

        along((), given.mass, at_first, per_node)

    def give_all(grid: Any) -> None:
        for group in groups:
            for_each(len(group.position), partial(give, grid, group))

    return accumulate(kind, give_all)


def from_grid(velocities: Any, x: Any, n: int) -> Motion:
    """Velocity and affine matrix of a particle at x, from the nodes' velocities, of shape (n, ..., n, d).

    v = sum w u and C = 4 n^2 sum w u delta^T, the sums over nodes at delta from x (Jiang et al., SIGGRAPH 2015,
    "The affine particle-in-cell method", whose matrix D is 1 / (4 n^2) for quadratic B-splines).

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def read(x: Vec[Real, 2]):  # every node's velocity is its place, turned by a right angle
    ...     return from_grid(vec(8, lambda i: vec(8, lambda j: [-0.125 * j, 0.125 * i])), x, n=8)
    >>> found = read([0.5, 0.375])
    >>> found.velocity, found.affine + 0.0
    (array([-0.375,  0.5  ]), array([[ 0., -1.],
           [ 1.,  0.]]))
    """
    d = len(x)
    first, phi = _reach(x, n)
    weights = [spline_weights(f) for f in phi]

    def along(node: tuple[Any, ...]) -> list[list[Any]]:
        """Sums over the remaining axes: of w u, and of w u times the node's number along each of them."""
        axis = len(node)
        if axis == d:
            u = velocities[node]
            return [[u[a] for a in range(d)]]
        parts = [along((*node, first[axis] + i)) for i in range(3)]
        weighed = [[[w * v for v in m] for m in part] for w, part in zip(weights[axis], parts, strict=True)]
        sums = [[_total(column) for column in zip(*same, strict=True)] for same in zip(*weighed, strict=True)]
        numbered = [b + 2.0 * c for b, c in zip(weighed[1][0], weighed[2][0], strict=True)]
        return [sums[0], numbered, *sums[1:]]

    v, *moments = along(())
    velocity: Any = v
    affine: Any = [[4.0 * n * (moments[b][a] - phi[b] * v[a]) for b in range(d)] for a in range(d)]
    return Motion(velocity, affine)


def _total(terms: Any) -> Any:
    first, *others = terms
    for t in others:
        first = first + t
    return first


def node_velocities(
    grid: Any,
    push: Sequence[float],
    walls: Literal["stick", "slip"],
    thickness: int,
    friction: float | None = None,
    empty: float = 0.0,
) -> Any:
    """Velocities of the nodes, of shape (n, ..., n, d), from their mass and momentum (`to_grid`).

    `push` is the velocity that gravity adds in a step. Walls are the nodes below `thickness` and above
    n - thickness along each axis. A node in a wall that moves into it stops (stick), or loses that component
    (slip). With `friction`, the ground (the second axis's lower wall, in two dimensions) removes the component
    into it and, by Coulomb's law, at most friction times that of the other one. A node without particles has only
    the push. `empty`, a mass added to every node, is DiffTaichi's way to avoid a division by 0 (1e-10).

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def after(momentum: Vec[Real, 2], mass: Real):
    ...     here = vec(8, lambda i: vec(8, lambda j: [mass, momentum[0], momentum[1]]))
    ...     push = (0.0, -1.0)
    ...     found = [node_velocities(here, push, "stick", 3), node_velocities(here, push, "slip", 3),
    ...              node_velocities(here, push, "stick", 3, friction=0.5)]
    ...     return [u[4, 2] for u in found], found[0][4, 4]
    >>> on_ground, free = after([1.5, -0.5], 0.5)
    >>> np.round(on_ground, 6) + 0.0  # (3, -1) less gravity falls by 2: it sticks, slips, slides with less speed
    array([[0., 0.],
           [3., 0.],
           [2., 0.]])
    >>> np.round(free, 6)
    array([ 3., -2.])
    """
    n, d = len(grid), len(push)
    if friction is not None and d != 2:
        raise ValueError(f"friction is for two dimensions; there were {d}")
    outward = np.concatenate([-np.ones(thickness), np.zeros(n - 2 * thickness + 1), np.ones(thickness - 1)])
    out = [const(outward)] * d
    if friction is not None:
        out[1] = const(np.maximum(outward, 0.0))
    low = const(np.minimum(outward, 0.0))

    def along(node: tuple[Index, ...], towards: tuple[Real, ...]) -> Any:
        axis = len(node)
        if axis < d:
            return vec(n, lambda i: along((*node, i), (*towards, out[axis][i])))
        found = grid[node]
        # Only one of the two: a boolean for each node costs the reverse pass memory.
        each = 1.0 / (found[0] + empty) if empty > 0 else select(found[0] > 0.0, 1.0 / found[0], 0.0)
        u = [found[1 + a] * each + push[a] if push[a] else found[1 + a] * each for a in range(d)]
        if friction is not None:
            falls = Real(low[node[1]] * u[1] > 0.0)
            most = -friction * u[1]
            u = [u[0] - falls * clamp(u[0], -most, most), u[1] - falls * u[1]]
        free = [o * v <= 0.0 for o, v in zip(towards, u, strict=True)]
        if walls == "slip":
            return [Real(f) * v for f, v in zip(free, u, strict=True)]
        stays = free[0]
        for f in free[1:]:
            stays = stays & f
        keep = Real(stays)
        return [keep * v for v in u]

    return along((), ())


def deformed(deformation: Any, affine: Any, h: float) -> list[list[Real]]:
    """The deformation gradient after a step: (1 + h C) F.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def after(c: Vec[Vec[Real, 2], 2]):
    ...     return deformed([[1.0, 0.0], [0.0, 2.0]], c, h=0.5)
    >>> after([[1.0, 0.0], [1.0, 0.0]])
    array([[1.5, 0. ],
           [0.5, 2. ]])
    """
    axes = range(len(affine))
    return [
        [deformation[a][b] + h * _total(affine[a][c] * deformation[c][b] for c in axes) for b in axes] for a in axes
    ]


def rotation(f: Any) -> list[list[Real]]:
    """The rotation R of the polar decomposition F = R S of a 2 x 2 matrix with positive determinant.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def turned(f: Vec[Vec[Real, 2], 2]):
    ...     return rotation(f)
    >>> turned([[0.0, -3.0], [2.0, 0.0]])
    array([[ 0., -1.],
           [ 1.,  0.]])
    """
    c, s = f[0][0] + f[1][1], f[1][0] - f[0][1]
    scale = 1.0 / sqrt(c * c + s * s)
    c, s = scale * c, scale * s
    return [[c, -s], [s, c]]


def corotated(f: Any, mu: float, lam: float) -> list[list[Real]]:
    """Kirchhoff stress of a fixed corotated body in the plane: 2 mu (F - R) F^T + lam (J - 1) J.

    After Stomakhin, Howes, Schroeder, Teran (SCA 2012), "Energetically consistent invertible elasticity".

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def stress(f: Vec[Vec[Real, 2], 2]):
    ...     return corotated(f, 1.0, 1.0)
    >>> stress([[2.0, 0.0], [0.0, 1.0]])
    array([[6., 0.],
           [0., 2.]])
    """
    r, j = rotation(f), det(f)
    pressure = lam * (j - 1) * j
    return [
        [
            2 * mu * _total((f[a][c] - r[a][c]) * f[b][c] for c in range(2)) + (pressure if a == b else 0.0)
            for b in range(2)
        ]
        for a in range(2)
    ]


def neo_hookean(f: Any, mu: float, lam: float) -> list[list[Real]]:
    """Kirchhoff stress of a compressible neo-Hookean body: mu (F F^T - 1) + lam ln J; NaN where J < 0.

    After Bonet and Wood (2008), "Nonlinear continuum mechanics for finite element analysis", eq. 6.28.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def stress(f: Vec[Vec[Real, 2], 2]):
    ...     return neo_hookean(f, 1.0, 1.0)
    >>> np.round(stress([[2.0, 0.0], [0.0, 0.5]]), 9)
    array([[ 3.  ,  0.  ],
           [ 0.  , -0.75]])
    """
    axes = range(len(f))
    pressure = lam * log(det(f)) - mu
    return [
        [mu * _total(f[a][c] * f[b][c] for c in axes) + (pressure if a == b else 0.0) for b in axes] for a in axes
    ]


def with_muscle(stress: Any, f: Any, axis: int, pull: Real) -> list[list[Real]]:
    """The sum of a stress and that of a muscle, which pulls along a material axis: pull f f^T, f = F e_axis.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def stress(pull: Real):
    ...     return with_muscle([[1.0, 0.0], [0.0, 1.0]], [[0.0, -1.0], [1.0, 0.0]], 1, pull)
    >>> np.asarray(stress(3.0)) + 0.0
    array([[4., 0.],
           [0., 1.]])
    """
    axes = range(len(f))
    return [[stress[a][b] + pull * f[a][axis] * f[b][axis] for b in axes] for a in axes]


@dataclass(frozen=True)
class Strained(Struct):
    """A particle's part in a step: its deformation, and the affine momentum, which includes its stress."""

    deformation: Matrix
    affine: Matrix


class Group(NamedTuple):
    """Particles of one material, each of volume 1."""

    now: Particles
    mass: float
    """The mass of each particle."""
    respond: Callable[[Index, list[list[Real]]], tuple[Any, Any]]
    """From a particle's number and its deformation gradient after the step: the gradient that it keeps, and its
    Kirchhoff stress."""


def advance(
    *groups: Group,
    n: int,
    h: float,
    gravity: float,
    walls: Literal["stick", "slip"],
    thickness: int,
    friction: float | None = None,
    empty: float = 0.0,
) -> list[Particles]:
    """Groups of particles after a step of h on a common grid of n nodes per side.

    `gravity` points down along the second axis; `walls` and the options after it are those of `node_velocities`.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def fall(v: Vec[Vec[Real, 2], 1]):
    ...     one = undeformed(const(np.array([[0.5, 0.5]])), v)
    ...     dust = Group(one, 1.0, lambda p, f: (f, [[0.0, 0.0], [0.0, 0.0]]))
    ...     return advance(dust, n=16, h=0.1, gravity=2.0, walls="stick", thickness=3)[0].position
    >>> np.round(fall([[1.0, 0.0]]), 9) + 0.0
    array([[0.6 , 0.48]])
    """
    carried: list[Carried] = []
    deformations: list[Any] = []
    for now, mass, respond in groups:
        strained = _strained(now, mass, respond, n, h)
        momentum = now.velocity if mass == 1 else mass * now.velocity
        carried.append(Carried(now.position, mass, momentum, strained.affine))
        deformations.append(strained.deformation)
    d = len(groups[0].now.position[0])
    push = [-h * gravity if axis == 1 else 0.0 for axis in range(d)]
    velocities = node_velocities(to_grid(*carried, n=n), push, walls, thickness, friction, empty)
    return [_moved(group.now, f, velocities, n, h) for group, f in zip(groups, deformations, strict=True)]


def _strained(now: Particles, mass: float, respond: Any, n: int, h: float) -> Any:
    axes = range(len(now.position[0]))

    def one(p: Index) -> Strained:
        c = now.affine[p]
        kept, stress = respond(p, deformed(now.deformation[p], c, h))
        pushed: Any = [[mass * c[a][b] - 4 * h * n**2 * stress[a][b] for b in axes] for a in axes]
        return Strained(kept, pushed)

    return vec(len(now.position), one)


def _moved(now: Particles, deformation: Any, velocities: Any, n: int, h: float) -> Particles:
    k = len(now.position)
    motion = vec(k, lambda p: from_grid(velocities, now.position[p], n))
    position = vec(k, lambda p: now.position[p] + h * motion[p].velocity)
    return Particles(position, motion.velocity, motion.affine, deformation)
