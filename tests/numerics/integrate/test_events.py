"""Events: their moment, the state then, what follows, and the derivatives of all of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rosesim as rs
from rosesim import Real, Vec

pytestmark = pytest.mark.usefixtures("unoptimised")

G = 9.8
BOUNCES = 4


def fall(t: Any, y: Any) -> Any:
    return [y[1], -G]


def above(t: Any, y: Any) -> Any:
    return y[0]


@rs.fn
def bounced(q: Vec[Real, 2]) -> Any:
    """A ball dropped from a height q[0], with restitution q[1]: its place at t = 4, and when it bounced last."""

    def one(now: Any, _: Any) -> Any:
        t, y = now
        return rs.integrate.until(fall, y, above, t, t + 100.0, jump=lambda t, y: [0.0, -q[1] * y[1]], limit=50)

    t, y = rs.scan(one, (0.0, [q[0], 0.0]), BOUNCES)
    return [rs.integrate.adaptive(fall, y, t, 4.0, limit=50)[0], t]


def ball(q: Any) -> np.ndarray:
    """The same in closed form."""
    t, v = np.sqrt(2.0 * q[0] / G), q[1] * np.sqrt(2.0 * G * q[0])
    for _ in range(BOUNCES - 1):
        t, v = t + 2.0 * v / G, q[1] * v
    return np.array([v * (4.0 - t) - 0.5 * G * (4.0 - t) ** 2, t])


def slope(q: np.ndarray, along: np.ndarray) -> np.ndarray:
    return np.imag(ball(q + 1e-30j * along)) / 1e-30


Q = np.array([1.3, 0.8])
ALONG = np.array([0.7, -0.4])


def test_repeated_bounces_and_their_derivatives_are_the_closed_form():
    weighed = rs.value_and_grad(lambda q, ct: rs.dot(bounced(q), ct), wrt=0).compile(Q, ALONG, optimise=False)
    for ct in np.eye(2):
        value, gradient = weighed(Q, ct)
        assert value == pytest.approx(ct @ ball(Q), abs=1e-11)
        assert gradient == pytest.approx([ct @ slope(Q, e) for e in np.eye(2)], rel=1e-10)


def test_second_derivatives_of_repeated_bounces_are_the_closed_form():
    twice = rs.jvp(lambda q: rs.jvp(bounced)(q, ALONG)[1]).compile(Vec[Real, 2], Vec[Real, 2], optimise=False)
    e = 1e-5
    exact = (slope(Q + e * ALONG, ALONG) - slope(Q - e * ALONG, ALONG)) / (2.0 * e)
    first, second = twice(Q, ALONG)
    assert first == pytest.approx(slope(Q, ALONG), rel=1e-10)
    assert second == pytest.approx(exact, rel=1e-7)


def gravity(t: Any, y: Any, mu: Any) -> Any:
    q, v = y
    return v, -mu * q / rs.norm(q) ** 3


@rs.fn
def periapsis(p: Vec[Real, 2]) -> Any:
    """From the apoapsis at (1, 0), with speed p[0] across, about a mass p[1]: when it comes closest; how close."""
    t, (q, _) = rs.integrate.until(
        gravity,
        ([1.0, 0.0], [0.0, p[0]]),
        lambda t, y, mu: -rs.dot(*y),
        0.0,
        9.0,
        args=(p[1],),
        rtol=1e-11,
        atol=1e-13,
    )
    return [t, rs.norm(q)]


def half_orbit(p: Any) -> np.ndarray:
    """Half of Kepler's period, and the closest distance, by the semi-major axis."""
    a = 1.0 / (2.0 - p[0] ** 2 / p[1])
    return np.array([np.pi * np.sqrt(a**3 / p[1]), 2.0 * a - 1.0])


def test_the_passage_of_periapsis_is_keplers_with_first_and_second_derivatives():
    """The apoapsis is an event, too, but not one of this sign: it does not count, although the orbit begins there."""
    twice = rs.jvp(lambda p: rs.jvp(periapsis)(p, ALONG)).compile(Vec[Real, 2], Vec[Real, 2], optimise=False)
    p = np.array([0.6, 1.1])
    (value, first), (_, second) = twice(p, ALONG)

    def exact(p: np.ndarray) -> np.ndarray:
        return np.imag(half_orbit(p + 1e-30j * ALONG)) / 1e-30

    assert value == pytest.approx(half_orbit(p), abs=1e-9)
    assert first == pytest.approx(exact(p), abs=1e-8)
    assert second == pytest.approx((exact(p + 1e-5 * ALONG) - exact(p - 1e-5 * ALONG)) / 2e-5, abs=1e-6)


@rs.fn
def landings(v: Vec[Real, 5]) -> Any:
    """Thrown up from the ground, by steps that are longer than the flight; a ball thrown down is below at once."""

    def one(v: Any) -> Any:
        t, y, steps = rs.integrate.until(
            fall, [0.0, v], above, 0.0, 1.5, first_step=0.9, full=True, check=False, jump=lambda t, y: [7.0, 0.0]
        )
        return [t, y[0], Real(steps.reached)]

    return rs.vmap(one)(v)


def test_an_event_that_comes_and_goes_within_a_step_is_seen_and_one_that_never_comes_is_told():
    throws = np.array([1.2, 3.0, 6.0, -1.0, 9.0])
    ends = 2.0 * throws / G
    seen = (ends > 0.0) & (ends < 1.5)
    found = landings.compile(optimise=False)(throws)
    assert found[:, 2].tolist() == seen.tolist() == [True, True, True, False, False]
    assert found[:, 0] == pytest.approx(np.where(seen, ends, 1.5), abs=1e-12)
    assert found[:, 1] == pytest.approx(np.where(seen, 7.0, 1.5 * throws - 0.5 * G * 1.5**2), abs=1e-12)


@rs.fn
def sections(p: Vec[Real, 1]) -> Any:
    """When an oscillator of frequency p[0] falls through zero, five times, each time from the last."""

    def one(now: Any, _: Any) -> Any:
        t, y = rs.integrate.until(
            lambda t, y: [y[1], -(p[0] ** 2) * y[0]], now[1], above, now[0], now[0] + 9.0, rtol=1e-10, limit=500
        )
        return (t, y), t

    return rs.scan(one, (0.0, [1.0, 0.0]), 5)[1]


def test_an_integration_that_goes_on_from_an_event_does_not_find_it_again():
    moments = sections.compile(optimise=False)([1.3])
    assert moments == pytest.approx((0.5 * np.pi + 2.0 * np.pi * np.arange(5)) / 1.3, abs=1e-7)


def test_what_never_happens_stops_the_program_at_its_line():
    def up(event: Any, **options: Any) -> Any:
        return rs.fn(lambda: rs.integrate.until(fall, [0.0, 9.0], event, 0.0, 1.0, **options)).compile(optimise=False)

    with pytest.raises(
        rs.ProgramError, match=r"test_events\.py:\d+: the event of integrate.until has not happened by t1"
    ):
        up(above)()
    with pytest.raises(rs.TypeMismatch, match=r"the event of integrate.until gives Bool; expected a Real"):
        up(lambda t, y: y[0] < 0.0)
    with pytest.raises(rs.TypeMismatch, match=r"the jump of integrate.until gives Real; expected Vec"):
        up(above, jump=lambda t, y: y[0])
