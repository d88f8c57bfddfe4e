"""One soft constraint at a state: its rows, what it wants, and what it costs; a robot at that state.

A constraint has few coordinates, and is linear in acceleration: J a. Its data are the numbers that it needs at
(q, v), computed once, inside a branch where it is active.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rosesim.ad.language.control.branches import branch
from rosesim.ad.language.values.real import Real
from rosesim.robots import dynamics
from rosesim.robots.algebra import Number, add, dot, is_zero, mul, sub, total
from rosesim.robots.contact import rows
from rosesim.robots.contact.layout import Layout
from rosesim.robots.contact.pairs import Touch
from rosesim.robots.contact.shapes import Shape
from rosesim.robots.contact.weights import Weights
from rosesim.robots.dynamics import Motion, Sparse
from rosesim.robots.kinematics import Frames
from rosesim.robots.mechanism import Mechanism


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
    shapes: dict[int, Shape] = field(default_factory=dict)


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


def guarded(active: Any, compute: Callable[[], list[Number]], name: str = "") -> list[Number]:
    """What `compute` gives where `active`, zeros elsewhere. Zeros that are known stay known. `name` says what is
    decided."""
    if active is True:
        return compute()
    size, kept = 0, list[int]()

    def then() -> list[Real]:
        nonlocal size, kept
        values = compute()
        size, kept = len(values), [k for k, x in enumerate(values) if not is_zero(x)]
        return [Real(values[k]) for k in kept] or [Real(0.0)]

    chosen = branch(active, then, lambda: [Real(0.0)] * max(len(kept), 1), name)
    found: list[Number] = [0.0] * size
    for at, k in enumerate(kept):
        found[k] = chosen[at]
    return found


def push_row(row: list[tuple[int, Number]], force: Number, dofs: list[Number]) -> None:
    """Adds the force of one coordinate to the forces on degrees of freedom."""
    for d, c in row:
        dofs[d] = add(dofs[d], mul(c, force))


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
