"""Discs that collide: values and derivatives of mechanics, whatever the time step, and its laws."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from rows import crossed

from rosesim import Real, Vec, accumulate, const, fn, jacobian, scan, vec
from rosesim.scenes.kit import Bump, disc_contact, discs_touch, opposite, published_disc_contact

pytestmark = pytest.mark.usefixtures("unoptimised")

# ---------------------------------------------------------------- mechanics, event by event, in NumPy


def mechanics(x: Any, v: Any, radius: Any, mass: Any, e: float, until: float) -> tuple[Any, Any, int]:
    """Places and velocities of discs at a time, and how many collisions there were; complex numbers pass through."""
    x, v, now, hits = np.array(x), np.array(v), 0.0, 0
    pairs = [(i, j) for i in range(len(x)) for j in range(i)]
    while True:
        soonest, at = None, until - now
        for i, j in pairs:
            d, w, reach = x[i] - x[j], v[i] - v[j], radius[i] + radius[j]
            b, c, ww = (d * w).sum(), (d * d).sum() - reach**2, (w * w).sum()
            inside = b * b - ww * c
            if b.real > -1e-13 or inside.real <= 0:  # what rounding leaves of a pair that was stopped
                continue
            tau = (-b - np.sqrt(inside)) / ww
            if np.real(tau) < np.real(at):
                soonest, at = (i, j), tau
        x = x + at * v
        if soonest is None:
            return x, v, hits
        now, hits, (i, j) = now + at, hits + 1, soonest
        n = (x[i] - x[j]) / (radius[i] + radius[j])
        push = -(1 + e) * mass[i] * mass[j] / (mass[i] + mass[j]) * ((v[i] - v[j]) * n).sum() * n
        v = v.copy()
        v[i], v[j] = v[i] + push / mass[i], v[j] - push / mass[j]


def slopes(x: np.ndarray, v: np.ndarray, radius: Any, mass: Any, e: float, until: float) -> np.ndarray:
    """Derivatives of the places at the end by all places and velocities at the start: complex steps."""
    start = np.concatenate([x.ravel(), v.ravel()])
    columns: list[Any] = []
    for k in range(start.size):
        moved = start + 1e-30j * (np.arange(start.size) == k)
        a, b = np.split(moved, 2)
        columns.append(
            mechanics(a.reshape(x.shape), b.reshape(x.shape), radius, mass, e, until)[0].imag.ravel() / 1e-30
        )
    return np.array(columns).T


# --------------------------------------------------------------------------------------- ours


def simulated(radius: Any, mass: Any, e: float, until: float, steps: int) -> Any:
    """A program from places and velocities to those at the end: contact is added up over pairs."""
    return _simulated(tuple(radius), tuple(mass), e, until, steps)


@cache
def _simulated(radius: Any, mass: Any, e: float, until: float, steps: int) -> Any:
    n, h = len(radius), until / steps
    first, second = np.tril_indices(n, -1)

    @fn
    def end(x: Vec[Vec[Real, 2], n], v: Vec[Vec[Real, 2], n]) -> Any:  # pyright: ignore[reportInvalidTypeForm]
        def step(state: Any, t: Any) -> Any:
            x, v = state

            def collide(bumps: Any, i: int, j: int) -> None:
                both: Any = (mass[i], mass[j])
                bump = disc_contact(
                    x[i], v[i], x[j], v[j], radius=(radius[i], radius[j]), restitution=e, h=h, mass=both
                )
                bumps.at[i].add(bump)
                bumps.at[j].add(opposite(bump, both))

            def all_pairs(bumps: Any) -> None:
                for i, j in zip(first.tolist(), second.tolist(), strict=True):
                    collide(bumps, i, j)

            bumps = accumulate(Vec[Bump, n], all_pairs)
            after = vec(n, lambda i: v[i] + bumps[i].impulse)
            return vec(n, lambda i: x[i] + bumps[i].shift + h * after[i]), after

        return scan(step, (x, v), steps)

    return end


UNTIL = 1.2
STEPS = [1, 2, 7, 100, 2500]

CASES: dict[str, Any] = {
    "oblique": ([[-0.7123, 0.2], [0.0, 0.0]], [[1.3, 0.0], [0.0, 0.0]], [0.15, 0.15], [1.0, 1.0], 1.0),
    "both move": ([[-0.5, 0.21], [0.1, 0.0]], [[1.1, 0.3], [-0.4, 0.6]], [0.15, 0.15], [1.0, 1.0], 0.6),
    "unequal": ([[-0.6, -0.1], [0.2, 0.1]], [[1.1, 0.3], [-0.4, 0.0]], [0.1, 0.3], [0.7, 5.0], 0.8),
    "stopped": ([[-0.6, -0.1], [0.2, 0.1]], [[1.1, 0.3], [-0.4, 0.0]], [0.1, 0.3], [3.0, 0.2], 0.0),
    "nearly grazing": ([[-0.7, 0.2999], [0.0, 0.0]], [[1.3, 0.0], [0.0, 0.0]], [0.15, 0.15], [1.0, 1.0], 1.0),
    "no touch": ([[-0.7, 0.31], [0.0, 0.0]], [[1.3, 0.0], [0.0, 0.0]], [0.15, 0.15], [1.0, 1.0], 1.0),
}


@pytest.mark.parametrize(("case", "steps"), crossed(list(CASES), list(STEPS), 1))
def test_a_collision_is_that_of_mechanics_for_any_step(case: str, steps: int):
    """One touch: exact even where the whole motion is one step. Grazing divides by the cosine at the touch, 0.03."""
    x, v, radius, mass, e = (np.array(a) for a in CASES[case])
    wanted_x, wanted_v, hits = mechanics(x, v, radius, mass, float(e), UNTIL)
    assert hits == (case != "no touch")
    end = simulated(radius.tolist(), mass.tolist(), float(e), UNTIL, steps)
    found_x, found_v = end(x, v)
    scale = 1e3 if case == "nearly grazing" else 1.0
    assert found_x == pytest.approx(wanted_x, abs=1e-12 * scale)
    assert found_v == pytest.approx(wanted_v, abs=1e-12 * scale)
    (by_x, by_v), _ = jacobian(end)(x, v)
    found = np.concatenate([np.reshape(by_x, (4, 4)), np.reshape(by_v, (4, 4))], axis=1)
    wanted = slopes(x, v, radius, mass, float(e), UNTIL)
    assert found == pytest.approx(wanted, abs=1e-10 * max(1.0, np.abs(wanted).max()) * scale)


CHAIN = (
    np.array([[-0.9, 0.05], [0.0, 0.0], [0.5, 0.1], [0.9, -0.35]]),
    np.array([[2.5, 0.0], [0.0, 0.0], [0.0, 0.0], [-0.1, 0.2]]),
    np.array([0.15, 0.15, 0.12, 0.2]),
    np.array([1.0, 1.0, 0.6, 1.7]),
)


@pytest.mark.parametrize(("steps", "e"), crossed([23, 150, 4001], [1.0, 0.7], 1))
def test_collisions_in_sequence_are_those_of_mechanics(e: float, steps: int):
    """Three and more, each of which multiplies the derivative; no disc is hit twice within one step."""
    x, v, radius, mass = CHAIN
    wanted_x, wanted_v, hits = mechanics(x, v, radius, mass, e, UNTIL)
    assert hits >= 3
    end = simulated(radius.tolist(), mass.tolist(), e, UNTIL, steps)
    found_x, found_v = end(x, v)
    assert found_x == pytest.approx(wanted_x, abs=1e-11) and found_v == pytest.approx(wanted_v, abs=1e-11)
    (by_x, by_v), _ = jacobian(end)(x, v)
    found = np.concatenate([np.reshape(by_x, (8, 8)), np.reshape(by_v, (8, 8))], axis=1)
    wanted = slopes(x, v, radius, mass, e, UNTIL)
    assert found == pytest.approx(wanted, abs=1e-10 * np.abs(wanted).max())


@pytest.mark.parametrize(("steps", "gap"), crossed([40, 41, 400], [0.0, 1e-3], 1))
def test_a_row_of_discs_that_touch_passes_a_push_on(gap: float, steps: int):
    """A disc that gets into its neighbour within the step in which it was hit is set right in the next one."""
    n, r = 5, 0.05
    x = np.array([[-0.4, 0.0], *([k * (2 * r + gap), 0.0] for k in range(n - 1))])
    v = np.zeros((n, 2))
    v[0, 0] = 1.0
    end = simulated([r] * n, [1.0] * n, 1.0, UNTIL, steps)
    found_x, found_v = end(x, v)
    assert found_v == pytest.approx(np.eye(n)[-1][:, None] * [1.0, 0.0], abs=1e-12)
    # The last one moves as the first one would, had it gone through the others.
    assert found_x[-1, 0] == pytest.approx(x[0, 0] + (n - 1) * 2 * r + UNTIL, abs=1e-12)
    (by_x, _), _ = jacobian(end)(x, v)
    assert np.asarray(by_x)[-1, 0, :, 0] == pytest.approx(np.eye(n)[0], abs=1e-10)


@pytest.mark.parametrize("seed", range(20))
def test_a_contact_keeps_momentum_and_takes_the_energy_of_the_approach(seed: int):
    """(1 - e²)/2 of the reduced mass times the approach squared; the angular momentum is kept as well."""
    rng = np.random.default_rng(seed)
    radius, mass, e = rng.uniform(0.05, 0.5, 2), rng.uniform(0.1, 10, 2), float(rng.uniform())
    x, v = rng.normal(size=(2, 2)), rng.normal(size=(2, 2))
    v[0] = v[1] + 3.0 * (x[1] - x[0] + 0.5 * radius.sum() * rng.uniform(-1, 1, 2))
    found_x, found_v = simulated(radius.tolist(), mass.tolist(), e, UNTIL, 1)(x, v)
    before, after = mass @ v, mass @ found_v
    assert after == pytest.approx(before, abs=1e-12 * np.abs(mass[:, None] * v).max())
    around = [(mass * (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])).sum() for a, b in ((x, v), (found_x, found_v))]
    assert around[1] == pytest.approx(around[0], abs=1e-11 * np.abs(mass[:, None] * v).max())
    touch = mechanics(x, v, radius, mass, e, UNTIL)
    lost = (mass @ (v**2 - found_v**2)).sum() / 2
    assert lost == pytest.approx((mass @ (v**2 - touch[1] ** 2)).sum() / 2, abs=1e-11)
    assert touch[2] == 1 and lost >= 0


def end_of(x: Any, v: Any, h: float = 0.1, **how: Any) -> tuple[np.ndarray, np.ndarray]:
    """Two equal discs of radius 0.5 after one step."""
    found = simulated([0.5, 0.5], [1.0, 1.0], how.get("e", 1.0), h, 1)(np.array(x, float), np.array(v, float))
    return np.asarray(found[0]), np.asarray(found[1])


def test_discs_that_overlap_and_part_are_left_alone():
    x, v = np.array([[0.0, 0.0], [0.6, 0.0]]), np.array([[-1.0, 0.0], [1.0, 0.5]])
    found_x, found_v = end_of(x, v)
    assert np.array_equal(found_v, v) and found_x == pytest.approx(x + 0.1 * v, abs=1e-15)


def test_discs_that_have_just_got_into_each_other_are_set_right():
    """Elastic and head-on: each goes on along the other's course, as if nothing had been missed."""
    x, v = np.array([[0.0, 0.0], [0.9, 0.0]]), np.array([[1.0, 0.0], [-1.0, 0.0]])
    found_x, found_v = end_of(x, v)
    assert found_v == pytest.approx(-v)
    # They touched 0.05 before, at -0.05 and 0.95.
    assert found_x == pytest.approx(np.array([[-0.2, 0.0], [1.1, 0.0]]))


def test_discs_that_overlap_for_long_collide_where_they_are():
    """Nobody knows when they touched: velocities are exchanged, and no derivative grows as they are slower."""
    x, v = np.array([[0.0, 0.0], [0.6, 0.0]]), np.array([[1e-3, 0.0], [-1e-3, 0.0]])
    found_x, found_v = end_of(x, v)
    assert found_v == pytest.approx(-v) and found_x == pytest.approx(x - 0.1 * v, abs=1e-15)
    (by_x, by_v), _ = jacobian(simulated([0.5, 0.5], [1.0, 1.0], 1.0, 0.1, 1))(x, v)
    assert np.abs(by_x).max() <= 1.0 + 1e-3 and np.abs(by_v).max() <= 0.1 + 1e-15


@pytest.mark.parametrize("v", [[[0, 0], [0, 0]], [[1, 0], [0, 0]], [[1e-160, 0], [-1e-160, 0]], [[1, 2], [1, 2]]])
@pytest.mark.parametrize("x", [[[0, 0], [0, 0]], [[0, 0], [1e-200, 0]], [[0, 0], [1, 0]], [[0, 0], [0.3, 0.1]]])
def test_nothing_is_ever_no_number(x: Any, v: Any):
    x, v = np.array(x, float), np.array(v, float)
    end = simulated([0.5, 0.5], [1.0, 1.0], 0.5, 0.1, 1)
    assert all(np.isfinite(a).all() for a in end(x, v))
    assert all(np.isfinite(a).all() for by in jacobian(end)(x, v) for a in by)


def test_a_fast_disc_does_not_pass_through_another_one_within_a_step():
    x, v = np.array([[-5.0, 0.0], [0.0, 0.0]]), np.array([[10.0, 0.0], [0.0, 0.0]])
    assert end_of(x, v, h=1.0)[1] == pytest.approx(v[::-1])
    assert end_of([[-5.0, 1.01], [0.0, 0.0]], v, h=1.0)[1] == pytest.approx(v)  # it passes beside it


def test_the_guard_says_where_there_is_something_to_compute():
    """It is true exactly where the contact is not zero."""
    rng = np.random.default_rng(0)
    both = fn(
        lambda a, b, c, d: (
            discs_touch(a, b, c, d, radius=(0.1, 0.3), h=0.3),
            disc_contact(a, b, c, d, radius=(0.1, 0.3), h=0.3, restitution=0.4).impulse,
        )
    )
    told = [both(*rng.normal(size=(4, 2))) for _ in range(400)]
    assert all(bool(t) == bool(np.any(p)) for t, p in told) and 20 < sum(bool(t) for t, _ in told) < 380


def test_the_published_contact_is_not_that_of_mechanics_off_centre():
    """What it is kept for are published values; its values come right with small steps, its derivatives do not."""
    x, v = np.array([-0.7123, 0.2]), np.array([1.3, 0.0])

    def program(steps: int) -> Any:
        h = UNTIL / steps

        @fn
        def end(x: Vec[Real, 2], v: Vec[Real, 2]) -> Vec[Real, 2]:
            zero = const(np.zeros(2))

            def step(s: Any, t: Any) -> Any:
                a, va, b, vb = s
                bump = published_disc_contact(a, va, b, vb, radius=0.15, restitution=1.0, h=h)
                va, vb = va + bump.impulse, vb - bump.impulse
                return a + h * va + bump.shift, va, b + h * vb - bump.shift, vb

            return scan(step, (x, v, zero, zero), steps)[2]

        return end

    case = CASES["oblique"]
    wanted = mechanics(case[0], case[1], case[2], case[3], 1.0, UNTIL)[0][1]
    right = slopes(np.array(case[0]), np.array(case[1]), case[2], case[3], 1.0, UNTIL)[2:, :2]
    for steps in (240, 24000):
        assert program(steps)(x, v) == pytest.approx(wanted, abs=5 / steps)
        assert np.abs(jacobian(program(steps), wrt=0)(x, v) - right).max() > 1.0
