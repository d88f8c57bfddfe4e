"""The kit has no unit: in millimetres and milliseconds it computes the same motion, and the same derivatives.

Each experiment is made in a system of units and gives its results without a unit. `COVERED` says for every public
name of the kit which experiment uses it, or why it has no dimension.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from rows import kept

import rosesim.scenes.kit as kit
from rosesim import Real, Vec, const, fn, scan, value_and_grad, vec

pytestmark = pytest.mark.usefixtures("unoptimised")

GOOD = 1e-9


@dataclass(frozen=True)
class Units:
    """What a metre, a second and a kilogram are called: 1000 in millimetres."""

    length: float = 1.0
    time: float = 1.0
    mass: float = 1.0

    @property
    def speed(self) -> float:
        return self.length / self.time


def derivative(f: Callable[..., Any], *given: tuple[Any, float]) -> list[np.ndarray]:
    """Value of f, which has no unit, and derivatives by arguments (number, unit), times the units."""
    at = [np.asarray(v, dtype=float) * unit for v, unit in given]
    value, slopes = value_and_grad(fn(f), wrt=tuple(range(len(at))))(*at)
    return [np.asarray(value), *(np.asarray(s) * unit for s, (_, unit) in zip(slopes, given, strict=True))]


def discs(u: Units, published: bool) -> list[np.ndarray]:
    """An oblique collision of discs of different size and mass."""
    steps, h = 60, 0.02 * u.time
    radius, mass = (0.1 * u.length, 0.2 * u.length), (1.0 * u.mass, 3.0 * u.mass)

    def end(x: Vec[Real, 2], v: Vec[Real, 2]) -> Real:
        zero = const(np.zeros(2))

        def contact(a: Any, va: Any, b: Any, vb: Any) -> Any:
            if not published:
                return kit.disc_contact(a, va, b, vb, radius=radius, mass=mass, restitution=0.7, h=h)
            return kit.published_disc_contact(
                a, va, b, vb, radius=0.15 * u.length, restitution=0.7, h=h,
                softening=1e-3 * u.length, least_approach=0.1 * u.speed,
            )  # fmt: skip

        def step(s: Any, t: Any) -> Any:
            a, va, b, vb = s
            bump = contact(a, va, b, vb)
            other = kit.opposite(bump, 1.0 if published else mass)
            va, vb = va + bump.impulse, vb + other.impulse
            return a + h * va + bump.shift, va, b + h * vb + other.shift, vb

        return scan(step, (x, v, zero, zero), steps)[2][1] / u.length

    return derivative(end, ([-0.7123, 0.2], u.length), ([1.3, 0.1], u.speed))


def guard(u: Units) -> list[np.ndarray]:
    """Whether discs touch, over many pairs."""
    rng = np.random.default_rng(0)
    length, speed = u.length, u.speed
    told = fn(lambda a, v, b, w: kit.discs_touch(a, v, b, w, radius=0.2 * length, h=0.3 * u.time)).compile(
        *[Vec[Real, 2]] * 4
    )
    pairs = rng.normal(size=(100, 4, 2)) * np.array([length, speed, length, speed])[:, None]
    return [np.array([float(told(*pair)) for pair in pairs])]


def fall(u: Units) -> list[np.ndarray]:
    """A node that falls onto the ground."""

    def end(x: Vec[Real, 2], v: Vec[Real, 2]) -> Real:
        b = kit.ground_contact(x, v, ground=0.0, h=0.1 * u.time, least_fall=1e-3 * u.speed)
        return (b.position[0] + 2.0 * b.position[1]) / u.length

    at = [([0.3, y], u.length) for y in (0.1, 0.5)]
    return [r for a in at for r in derivative(end, a, ([1.0, -2.0], u.speed))]


def springs(u: Units) -> list[np.ndarray]:
    """Springs of bodies, two of which coincide; with and without softening."""
    ends, rest = np.array([[0, 1], [1, 2], [0, 3]]), np.array([0.9, 0.5, 0.3]) * u.length
    x = np.array([[0.0, 0.0], [1.0, 0.2], [0.3, 1.0], [0.0, 0.0]])
    found: list[np.ndarray] = [kit.strains(x * u.length, ends, rest)]
    for softening in (0.0, 1e-3 * u.length):

        def end(x: Vec[Vec[Real, 2], 4]) -> Real:
            stiffness = np.full(3, 5.0) / u.time**2
            pulls = kit.spring_impulses(x, ends, rest, stiffness, 0.1 * u.time, softening)  # noqa: B023 -- traced at once
            bodies = kit.at_rest(x)
            moved = vec(4, lambda i: bodies.position[i] + u.time * pulls[i])
            return kit.squared_distance(kit.centre(moved) + moved[0], moved[1]) / u.length**2

        found += derivative(end, (x, u.length))
    return found


def boxes(u: Units, published: bool) -> list[np.ndarray]:
    """A box is thrown on the ground, lands on a corner, then on another one, and slides."""
    steps, h = 400, 1e-3 * u.time
    half = (0.2 * u.length, 0.1 * u.length)
    (mass,), (inertia,) = kit.box_inertia([half])
    mass, inertia = mass * u.mass / u.length**2, inertia * u.mass / u.length**2
    if published:
        ground: Any = kit.PublishedGround(h, 0.0, 0.4, 0.2, p=1e3 / u.time**2, least_descent=0.05 * u.speed)
    else:
        ground = kit.Ground(h, 0.0, 0.4, 0.2, p=1e3 / u.time**2)

    def end(x: Vec[Real, 2], v: Vec[Real, 2], spin: Real) -> Real:
        def step(s: Any, t: Any) -> Any:
            pull = [0.0, -9.8 * h * u.length / u.time**2]

            def given(i: Any) -> Any:
                body = kit.RigidBody(s.position[i], s.velocity[i] + pull, s.angle[i], s.spin[i])
                kick = ground.box_contact(body, kit.direction(body.angle), half, mass, inertia)
                return pull, 0.0, kick

            return kit.moved_on(s, given, keep=1.0, h=h)

        start: Any = kit.RigidBodies([x], [v], [Real(0.3)], [spin])  # pyright: ignore[reportArgumentType] -- lists are vectors
        last = scan(step, start, steps)
        return last.position[0][0] / u.length + last.angle[0] + last.spin[0] * u.time

    drawn = kit.outlines(np.ones((1, 2)) * u.length, [0.3], [half]) / u.length
    return [*derivative(end, ([0.0, 0.3], u.length), ([1.0, -1.0], u.speed), (0.5, 1 / u.time)), drawn]


def links(u: Units) -> list[np.ndarray]:
    """Two bodies, a spring and a joint between points of them, at rest and not."""
    pairs = kit.Links(np.array([[0, 1]]), np.array([[0.1, 0.0]]) * u.length, np.array([[-0.1, 0.0]]) * u.length)
    mass, moment = np.array([1.0, 2.0]) * u.mass, np.array([0.1, 0.3]) * u.mass * u.length**2
    stiff, h = 7.0 * u.mass / u.time**2, 0.1 * u.time
    found: list[np.ndarray] = []
    for soft, slow in ((0.0, 0.0), (1e-2 * u.length, 0.1 * u.speed)):

        def end(x: Vec[Vec[Real, 2], 2], v: Vec[Vec[Real, 2], 2], soft: float, slow: float) -> Real:
            bodies: Any = kit.RigidBodies(x, v, const(np.array([0.1, 0.4])), const(np.zeros(2)))
            axes = vec(2, lambda i: kit.direction(bodies.angle[i]))
            inertia = kit.Inertia(const(mass), const(moment))
            given = kit.link_impulses(bodies, axes, [
                (pairs, lambda p: kit.spring_impulse(p.gap, stiff, 0.3 * u.length, h, soft)),
                (pairs, lambda p: kit.joint_impulse(p, inertia, stiff, h, soft, slow)),
            ])  # fmt: skip
            momentum = u.mass * u.speed
            return (given[0].linear[0] + 2.0 * given[1].linear[1]) / momentum + given[1].angular / (
                momentum * u.length
            )

        def held(x: Vec[Vec[Real, 2], 2], v: Vec[Vec[Real, 2], 2]) -> Real:
            return end(x, v, soft, slow)  # noqa: B023 -- traced at once

        for speed in (0.0, 1.0):
            v = speed * np.array([[1.0, 0.2], [-0.3, 0.4]])
            found += derivative(held, ([[0.0, 0.0], [0.5, 0.1]], u.length), (v, u.speed))
    return found


def particles(u: Units) -> list[np.ndarray]:
    """Two groups on one grid, whose length is that of the unit square: time and mass are scaled."""
    h, n = 0.01 * u.time, 16
    places = kit.lattice((0.3, 0.25), (0.2, 0.1), (4, 2))
    stress = u.mass / u.time**2

    def end(v: Vec[Real, 2]) -> Real:
        def rule(p: Any, f: Any) -> Any:
            return f, kit.with_muscle(kit.corotated(f, 3.0 * stress, 5.0 * stress), f, 1, Real(0.3 * stress))

        def other(p: Any, f: Any) -> Any:
            return f, kit.neo_hookean(f, 2.0 * stress, 1.0 * stress)

        def step(s: Any, t: Any) -> Any:
            groups = [kit.Group(s[0], u.mass, rule), kit.Group(s[1], 2.0 * u.mass, other)]
            gravity = 10.0 / u.time**2
            return tuple(kit.advance(*groups, n=n, h=h, gravity=gravity, walls="stick", thickness=3, friction=0.5))

        def block(dx: float) -> Any:
            return kit.undeformed(const(places + np.array([dx, 0.0])), vec(8, lambda i: [v[0], v[1]]))

        a, b = scan(step, (block(0.0), block(0.2)), 30)
        return kit.centre(a.position)[0] + kit.centre(b.position)[1]

    return derivative(end, ([0.4, -1.0], 1 / u.time))


def waves(u: Units) -> list[np.ndarray]:
    """A drop; what the speed of waves is called is the unit of time."""
    sea = kit.Waves(n=6, c=2.0 / u.time, alpha=0.1)
    p = np.zeros((6, 6))
    p[2, 3] = 1.0

    def end(p: Vec[Vec[Real, 6], 6]) -> Real:
        last = scan(lambda s, t: sea.step(s, t), kit.Surface(p, p), 20)
        return last.now[3, 3] / u.length

    return [*derivative(end, (p, u.length)), np.array(sea.h / u.time)]


def grids(u: Units) -> list[np.ndarray]:
    """Values of a grid carry a unit, places count cells."""
    p = np.random.default_rng(0).normal(size=(4, 4))

    def end(p: Vec[Vec[Real, 4], 4]) -> Real:
        sums = kit.cells(4, 4, lambda i, j: kit.five_point(p, i, j, "free") + kit.neighbour(p, i, j, 1, 0, "fixed"))
        between = kit.bilinear(sums, Real(1.3), Real(2.6), "free") + kit.multilinear(p[1], [Real(1.5)], [4], "fixed")
        between += kit.multilinear(kit.bordered(p, (4, 4)), [Real(0.2), Real(3.4)], (4, 4), "bordered")
        mean = kit.mean_over_cells(4, 4, lambda i, j: sums[i][j])
        return (between + mean) / u.length

    return derivative(end, (p, u.length))


def beats(u: Units) -> list[np.ndarray]:
    """Controllers see the time as an angle."""

    def end(t: Real) -> Real:
        plan: Any = kit.Beat(const(np.ones((2, 3))), const(np.zeros(2)))
        return kit.sines(t, 3.0 / u.time, 3)[1] + kit.beat(plan, t, 3.0 / u.time)[0]

    return derivative(end, (0.7, u.time))


def colours(u: Units) -> list[np.ndarray]:
    """Values are colours by their part of a range."""
    v = np.random.default_rng(0).normal(size=(5, 5))
    return [
        kit.coloured(v * u.length, -u.length, u.length),
        kit.balanced(v * u.length),
        kit.balanced(0.0 * v),
        kit.shaded(v * u.length, 0.3 * u.length),
    ]


def beginnings(u: Units) -> list[np.ndarray]:
    """Random weights are as wide as they are told."""
    rng = np.random.default_rng(0)
    return [kit.normal(rng, (3,), 2.0 * u.length) / u.length, kit.uniform(rng, (3,), 2.0 * u.length) / u.length]


EXPERIMENTS: dict[str, Callable[[Units], list[np.ndarray]]] = {
    "discs": lambda u: discs(u, published=False),
    "published discs": lambda u: discs(u, published=True),
    "guard": guard,
    "fall": fall,
    "springs": springs,
    "boxes": lambda u: boxes(u, published=False),
    "published boxes": lambda u: boxes(u, published=True),
    "links": links,
    "particles": particles,
    "waves": waves,
    "grids": grids,
    "beats": beats,
    "colours": colours,
    "beginnings": beginnings,
}

PICTURE = "it draws, in a picture's own coordinates"
TEXT = "it reads text"
PURE = "its numbers have no dimension"
DATA = "it holds what it is given"

COVERED: dict[str, str] = {
    **dict.fromkeys(["disc_contact", "opposite", "no_bump", "Bump"], "discs"),
    "published_disc_contact": "published discs",
    "discs_touch": "guard",
    **dict.fromkeys(["ground_contact", "Body"], "fall"),
    **dict.fromkeys(["spring_impulses", "strains", "at_rest", "centre", "squared_distance", "Bodies"], "springs"),
    **dict.fromkeys(["Ground", "RigidBody", "RigidBodies", "Kick", "no_kick", "box_inertia"], "boxes"),
    **dict.fromkeys(["direction", "moved_on", "outlines"], "boxes"),
    "PublishedGround": "published boxes",
    **dict.fromkeys(["Links", "Pair", "Inertia", "Impulse", "link_impulses"], "links"),
    **dict.fromkeys(["spring_impulse", "joint_impulse"], "links"),
    **dict.fromkeys(["Particles", "Group", "Carried", "Motion", "advance", "undeformed", "to_grid"], "particles"),
    **dict.fromkeys(["from_grid", "node_velocities", "deformed", "rotation", "corotated"], "particles"),
    **dict.fromkeys(["neo_hookean", "with_muscle", "spline_weights", "lattice"], "particles"),
    **dict.fromkeys(["Waves", "Surface"], "waves"),
    **dict.fromkeys(["Grid", "cells", "five_point", "neighbour", "bilinear", "multilinear", "bordered"], "grids"),
    "mean_over_cells": "grids",
    **dict.fromkeys(["Beat", "beat", "sines"], "beats"),
    **dict.fromkeys(["coloured", "balanced", "shaded"], "colours"),
    **dict.fromkeys(["normal", "uniform"], "beginnings"),
    **dict.fromkeys(["LEVELS", "STRAIN_COLOURS", "STRAIN_ROLES", "draw_springs", "draw_panels"], PICTURE),
    **dict.fromkeys(["panels_extent", "Field", "Relief", "PALETTE"], PICTURE),
    **dict.fromkeys(["Picture", "rings"], PICTURE),
    **dict.fromkeys(["index", "numbers", "read_json", "records"], TEXT),
    **dict.fromkeys(["Network", "network", "Table", "table", "glorot"], PURE),
    **dict.fromkeys(["Edge", "features"], DATA),
}

SYSTEMS = [Units(1e3, 1e3), Units(1e-6, 1.0, 1e6), Units(3e4, 7e-3, 1e-8)]


@cache
def in_metres(name: str) -> list[np.ndarray]:
    return EXPERIMENTS[name](Units())


@pytest.mark.parametrize("units", kept(SYSTEMS, SYSTEMS[-1]), ids=lambda u: f"{u.length:g},{u.time:g},{u.mass:g}")
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_same_motion_comes_out_in_other_units(name: str, units: Units):
    """The last system, whose factors are powers of neither two nor ten, in the usual run."""
    wanted, found = in_metres(name), EXPERIMENTS[name](units)
    for a, b in zip(wanted, found, strict=True):
        assert np.isfinite(a).all()
        assert b == pytest.approx(a, abs=GOOD * max(1.0, float(np.abs(a).max())))
    assert max(float(np.abs(a).max()) for a in wanted) > 0.01  # something happened


def test_every_public_name_of_the_kit_is_in_the_table():
    """A new part needs an experiment, or a reason that it has no dimension."""
    assert set(COVERED) == set(kit.__all__)
    assert set(COVERED.values()) == {*EXPERIMENTS, PICTURE, TEXT, PURE, DATA}
