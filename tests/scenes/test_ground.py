"""Boxes on a ground: Newton's restitution, Coulomb's friction, rest, and the derivatives of mechanics."""

import cmath
import math
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from rows import crossed, kept

from rosesim import Real, Vec, fn, jacobian, scan, value_and_grad
from rosesim.scenes.kit import Ground, PublishedGround, RigidBody, box_inertia, direction

pytestmark = pytest.mark.usefixtures("unoptimised")

SHAPES = [(0.1, 0.1), (0.5, 0.1), (0.05, 0.6)]
SQUARE, LONG, TALL = SHAPES


def inertia(half: tuple[float, float]) -> tuple[float, float]:
    (mass,), (moment,) = box_inertia([half])
    return float(mass), float(moment)


@cache
def motion(half: tuple[float, float], e: float, steps: int, h: float, g: float, ground: Any = Ground) -> Any:
    """A program from (x, y, vx, vy, angle, spin) and friction to the state at the end and all states."""
    mass, moment = inertia(half)

    @fn
    def run(start: Vec[Real, 6], mu: Real) -> Any:
        under = ground(h=h, height=0.0, mu=mu, e=e)

        def step(s: Any, t: Any) -> Any:
            x, v, angle, spin = [s[0], s[1]], [s[2], s[3] - h * g], s[4], s[5]
            body: Any = RigidBody(position=x, velocity=v, angle=angle, spin=spin)  # pyright: ignore[reportArgumentType] -- lists are vectors
            kick = under.box_contact(body, direction(angle), half, mass, moment)
            v = [v[c] + kick.velocity[c] for c in (0, 1)]
            spin = spin + kick.spin
            x = [x[c] + h * v[c] + kick.shift[c] for c in (0, 1)]
            after = [*x, *v, angle + h * spin + kick.turn, spin]
            return after, after

        return scan(step, [start[k] for k in range(6)], steps)

    return run


@cache
def slopes_of(run: Any) -> Any:
    """The Jacobian of the state at the end."""
    return jacobian(lambda s, m: run(s, m)[0])


def states(half: Any, e: float, mu: float, start: Any, steps: int, h: float, g: float = 9.8) -> np.ndarray:
    """Of shape (steps, 6)."""
    _, found = motion(half, e, steps, h, g)(np.array(start, float), mu)
    return np.asarray(found).reshape(steps, 6)


def energy(half: Any, s: np.ndarray) -> np.ndarray:
    """Kinetic energy of states."""
    mass, moment = inertia(half)
    return 0.5 * mass * (s[..., 2] ** 2 + s[..., 3] ** 2) + 0.5 * moment * s[..., 5] ** 2


def lowest(half: Any, s: np.ndarray) -> np.ndarray:
    return s[..., 1] - np.abs(np.sin(s[..., 4])) * half[0] - np.abs(np.cos(s[..., 4])) * half[1]


# ------------------------------------------------------------------------------- a face that lands


@pytest.mark.parametrize(("half", "e"), crossed(SHAPES, [0.0, 0.3, 1.0], 1))
@pytest.mark.parametrize("spin", [0.0, 0.01])
def test_a_box_that_lands_flat_leaves_with_e_times_its_speed(half: Any, e: float, spin: float):
    """Whatever its shape; a small spin is turned round as well."""
    h = 1e-3
    (s,) = states(half, e, 0.0, [0.0, half[1] + 4e-4, 0.7, -1.0, -spin * 4e-4, spin], 1, h, g=0.0)
    assert s[2:4] == pytest.approx([0.7, e], abs=1e-12) and s[5] == pytest.approx(-e * spin, abs=1e-12)
    assert s[1] == pytest.approx(half[1] + e * 6e-4, abs=1e-6)


@pytest.mark.parametrize("half", [SQUARE, LONG])
@pytest.mark.parametrize("e", [0.0, 0.5])
@pytest.mark.parametrize("vx", [0.3, 0.0, -2.0])
def test_a_flat_landing_loses_sideways_what_coulomb_allows(half: Any, e: float, vx: float):
    """min(mu (1 + e) v, |vx|): friction stops a slide, and never turns it round."""
    mu, v = 0.6, 1.0
    (s,) = states(half, e, mu, [0.0, half[1] + 4e-4, vx, -v, 0.0, 0.0], 1, 1e-3, g=0.0)
    left = math.copysign(max(abs(vx) - mu * (1 + e) * v, 0.0), vx)
    assert s[2:] == pytest.approx([left, e * v, 0.0, 0.0], abs=1e-12)


def test_a_tall_box_that_lands_fast_tips_over_its_front():
    """Friction's moment about the centre, mu b, is more than the weight of the impact holds, a: one corner lifts."""
    (s,) = states(TALL, 0.0, 0.5, [0.0, 0.6 + 4e-4, 3.0, -1.0, 0.0, 0.0], 1, 1e-3, g=0.0)
    assert s[5] < -0.1  # clockwise, forwards
    corner = s[3] + s[5] * TALL[0], s[3] - s[5] * TALL[0]
    assert corner[0] == pytest.approx(0.0, abs=1e-3) and corner[1] > 0.01


# ---------------------------------------------------------------------------------- one corner


def impact(start: Any, mu: float, e: float, half: Any, until: float) -> list[complex]:
    """A box without gravity that touches with one corner once: mechanics, in complex numbers.

    Newton's restitution; the tangential velocity is stopped, or the friction impulse is at its bound.
    """
    mass, moment = inertia(half)
    x, y, vx, vy, angle, spin = (complex(v) for v in start)
    corner = min(
        ((p * half[0], q * half[1]) for p in (-1, 1) for q in (-1, 1)),
        key=lambda c: (cmath.sin(angle) * c[0] + cmath.cos(angle) * c[1]).real,
    )

    def arm(t: complex) -> tuple[complex, complex]:
        c, s = cmath.cos(angle + spin * t), cmath.sin(angle + spin * t)
        return c * corner[0] - s * corner[1], s * corner[0] + c * corner[1]

    t = 0j
    for _ in range(60):
        r = arm(t)
        t -= (y + vy * t + r[1]) / (vy + spin * r[0])
    rx, ry = arm(t)
    u_n, u_t = vy + spin * rx, vx - spin * ry
    nn, tt, nt = 1 / mass + rx * rx / moment, 1 / mass + ry * ry / moment, -rx * ry / moment
    det = nn * tt - nt * nt
    n, f = (-(1 + e) * u_n * tt + nt * u_t) / det, (-u_t * nn + nt * (1 + e) * u_n) / det
    if abs(f.real) > mu * n.real:
        sign = math.copysign(1.0, f.real)
        n = -(1 + e) * u_n / (nn + sign * mu * nt)
        f = sign * mu * n
    wx, wy, w = vx + f / mass, vy + n / mass, spin + (rx * n - ry * f) / moment
    rest = until - t
    return [x + vx * t + wx * rest, y + vy * t + wy * rest, wx, wy, angle + spin * t + w * rest, w]


CORNERS = {
    "slides": ((0.15, 0.35, 3.0, -2.0, 0.2, 4.0), 0.1, 0.3, (0.12, 0.08)),
    "sticks": ((0.15, 0.35, 1.0, -2.0, 0.2, 2.0), 2.0, 0.3, (0.12, 0.08)),
    "slides back": ((0.0, 0.33, -1.5, -1.0, -0.5, 1.0), 0.2, 0.0, (0.2, 0.1)),
    "rough and long": ((0.0, 0.7, 0.5, -2.0, 0.7, -0.5), 0.4, 0.6, (0.5, 0.1)),
    "elastic": ((0.0, 0.7, 0.2, -2.0, 0.5, 0.3), 0.0, 1.0, (0.3, 0.2)),
}


@pytest.mark.parametrize(
    ("case", "steps"),
    kept(product(CORNERS, [1, 7, 500]), ("slides", 7), ("sticks", 1), ("elastic", 500)),
)
def test_a_corner_lands_as_mechanics_says_for_any_step(case: str, steps: int):
    """Value and Jacobian by start and friction: the moment, the arm and the path after it, all of them."""
    start, mu, e, half = CORNERS[case]
    until = {"slides": 0.15, "sticks": 0.15}.get(case, 0.24)
    wanted: Any = np.array(impact(start, mu, e, half, until))
    assert not wanted.imag.any()
    run = motion(half, e, steps, until / steps, 0.0)
    end, _ = run(np.array(start), mu)
    assert np.array(end) == pytest.approx(wanted.real, abs=1e-11)
    slopes: list[np.ndarray] = []
    for k in range(7):
        moved = np.array([*start, mu], complex)
        moved[k] += 1e-30j
        slopes.append(np.imag(impact(moved[:6], moved[6], e, half, until)) / 1e-30)
    by_start, by_mu = slopes_of(run)(np.array(start), mu)
    found = np.concatenate([np.asarray(by_start).reshape(6, 6), np.asarray(by_mu).reshape(6, 1)], axis=1)
    wanted_slopes = np.array(slopes).T
    assert found == pytest.approx(wanted_slopes, abs=1e-9 * np.abs(wanted_slopes).max())


@pytest.mark.parametrize("seed", range(40))
def test_no_impact_gains_energy_or_breaks_coulombs_law(seed: int):
    """Any box, any restitution and friction, one corner or two: the ground pushes, within the cone of friction."""
    rng = np.random.default_rng(seed)
    e, half = float(rng.choice([0.0, 0.3, 0.8, 1.0])), SHAPES[seed % 3]
    run = motion(half, e, 1, 1e-3, 0.0)
    mass, _ = inertia(half)
    for k in range(40):
        mu, angle = float(rng.choice([0.0, 0.2, 1.0, 3.0])), float(rng.uniform(-1.5, 1.5)) * (k % 3 > 0)
        v = rng.normal(size=2) * [1.0, 0.2] - [0.0, 1.0]
        s = np.array([0.0, 0.0, *v, angle, 3.0 * rng.normal() * (k % 2)])
        s[1] = -lowest(half, s) + 2e-4
        after = np.array(run(s, mu)[0])
        assert energy(half, after) <= energy(half, s) * (1 + 1e-12)
        t, n = mass * (after[2:4] - s[2:4])
        assert n >= 0 and abs(t) <= mu * n + 1e-12


# ------------------------------------------------------------------------------- rest and sliding


@pytest.mark.parametrize("half", SHAPES)
@pytest.mark.parametrize("h", [1e-3, 1e-2])
def test_a_box_at_rest_stays_for_a_minute(half: Any, h: float):
    s = states(half, 0.0, 0.5, [0.0, half[1], 0.0, 0.0, 0.0, 0.0], round(60 / h), h)
    assert s[-1] == pytest.approx([0.0, half[1], 0.0, 0.0, 0.0, 0.0], abs=1e-12)
    assert np.abs(lowest(half, s)).max() < 1e-12


@pytest.mark.parametrize("half", SHAPES)
@pytest.mark.parametrize("e", [0.0, 0.5])
@pytest.mark.parametrize("mu", [0.0, 0.4, 2.0])
def test_a_thrown_box_comes_to_rest_on_a_face_and_does_not_sink(half: Any, e: float, mu: float):
    """In the end it lies on a face, to what a step's weight moves it (g h² restitution); nothing gets lower."""
    h, g = 1e-3, 9.8
    s = states(half, e, mu, [0.0, 0.9, 0.3, 0.2, 0.6, 1.5], 30_000, h)
    left = s[-2000:]
    assert np.abs(np.sin(2 * left[:, 4])).max() < 1e-3
    assert np.abs(lowest(half, left)).max() < 20 * g * h * h
    assert np.abs(left[:, 5]).max() < 10 * g * h / min(half)
    mass, _ = inertia(half)
    total = energy(half, s) + mass * g * s[:, 1]
    assert total.max() <= total[0] * (1 + 1e-9)


@cache
def distance_slid(half: Any, steps: int, h: float, g: float) -> Any:
    """By the speed at the start and friction, with its gradient."""
    run = motion(half, 0.0, steps, h, g)

    @fn
    def distance(v: Real, mu: Real) -> Real:
        return run([0.0, half[1], v, 0.0, 0.0, 0.0], mu)[0][0]

    return value_and_grad(distance)


@pytest.mark.parametrize(("half", "how"), crossed([SQUARE, LONG], [(1.0, 0.3), (2.5, 0.7), (-1.5, 0.5)], 2))
def test_a_box_slides_to_rest_over_the_distance_of_mechanics(half: Any, how: tuple[float, float]):
    """v |v| / (2 mu g), and its derivatives; a step of h is h v / 2 of it, and the moment of rest one step."""
    (v, mu), h, g = how, 1e-4, 9.8
    found, (by_v, by_mu) = distance_slid(half, 15_000, h, g)(v, mu)
    assert found == pytest.approx(v * abs(v) / (2 * mu * g), rel=5e-3)
    assert by_v == pytest.approx(abs(v) / (mu * g), rel=5e-3)
    assert by_mu == pytest.approx(-v * abs(v) / (2 * mu * mu * g), rel=5e-3)


def test_a_box_that_starts_in_the_ground_is_put_on_it_without_speed():
    (s,) = states(SQUARE, 0.0, 0.5, [0.0, 0.07, 0.2, 0.0, 0.0, 0.0], 1, 1e-3)
    assert s[1] == pytest.approx(0.1) and s[3] == 0.0 and abs(s[0]) < 1e-3


def test_a_box_that_leaves_the_ground_is_left_alone():
    (s,) = states(SQUARE, 0.5, 0.5, [0.0, 0.08, 0.2, 1.0, 0.0, 3.0], 1, 1e-3, g=0.0)
    assert s[2:4].tolist() == [0.2, 1.0] and s[5] == 3.0


BOXES = [(SQUARE, 0.0, 0.0, 1e-3), (LONG, 1.0, 500.0, 10.0), (SQUARE, 0.0, 500.0, 10.0), (LONG, 1.0, 0.0, 1e-3)]
"""Shape, restitution, spin and a step, which nobody would take if it is 10; the usual run compiles two of them."""


@pytest.mark.parametrize(
    ("angle", "box"),
    [
        pytest.param(angle, box, marks=[] if box in BOXES[:2] else [pytest.mark.full])
        for angle, box in product([math.pi / 4, math.atan2(0.1, 0.5), math.pi / 2, 0.0, 3.0], BOXES)
    ],
)
def test_nothing_is_ever_no_number(angle: float, box: tuple[Any, float, float, float]):
    """On an edge, on a corner, with any spin, with a step that nobody would take."""
    half, e, spin, h = box
    run = motion(half, e, 3, h, 9.8)
    for v in ([0.0, 0.0], [1.0, -2.0]):
        start = np.array([0.0, 0.05, *v, angle, spin])
        end = np.array(run(start, 0.5)[0])
        assert np.isfinite(end).all()
        by_start, by_mu = slopes_of(run)(start, 0.5)
        assert np.isfinite(np.asarray(by_start)).all() and np.isfinite(np.asarray(by_mu)).all()


def test_the_published_ground_is_not_that_of_mechanics():
    """Two corners each give the impulse of one: a flat square at restitution 1 leaves with 0.6 of its speed."""
    run = motion(SQUARE, 1.0, 1, 1e-3, 0.0, PublishedGround)
    after = np.array(run([0.0, 0.1 + 5e-4, 0.0, -1.0, 0.0, 0.0], 0.0)[0])
    assert after[3] == pytest.approx(0.6, abs=1e-3)
