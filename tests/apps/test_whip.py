"""The whip: its equation and Jacobian, rest, energy, order one, and the descent."""

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from support import interpreted

from rosesim import Real, Vec, fn, jvp
from rosesim.scenes import Canvas, SceneError, compiled, configure, find_scene, rollout
from rosesim.scenes.canvas import Circle, Line, Text
from rosesim.scenes.check import check_gradient
from rosesim.scenes.picture import picture
from rosesim.train import train

pytestmark = pytest.mark.usefixtures("unoptimised")

Whip: Any = find_scene("whip")
Step: Any = sys.modules[Whip.__module__].Step
G = 9.81
STILL: Any = np.zeros((8, 2))
"""The control points of a hand that does not move."""


def swing(points: Any) -> Any:
    return replace(Whip().params(np.random.default_rng(0)), points=np.asarray(points))


def tensions(scene: Any, d: Any, rates: Any) -> Any:
    """Of springs d, of shape (n, 2), whose lengths change with `rates`."""
    length = np.sqrt((d * d).sum(axis=1))
    pull = scene.stiffness() * (length - scene.gap() + scene.damping * rates)
    return (pull / length)[:, None] * d


def forces(scene: Any, hand: Any, hand_speed: Any, x: Any, v: Any) -> Any:
    """On the masses, written again from the text of the README."""
    d: Any = np.diff(np.vstack([hand, x]), axis=0)
    dv: Any = np.diff(np.vstack([hand_speed, v]), axis=0)
    f = tensions(scene, d, (d * dv).sum(axis=1) / np.sqrt((d * d).sum(axis=1)))
    air = scene.drags()[:, None] * np.sqrt((v * v).sum(axis=1, keepdims=True)) * v
    return np.vstack([f[1:], np.zeros(2)]) - f - air + scene.masses()[:, None] * [0.0, -G]


def energy(scene: Any, state: Any) -> float:
    """Kinetic, of the springs, and of height."""
    x, v, m = np.asarray(state.position), np.asarray(state.velocity), scene.masses()
    length = np.linalg.norm(np.diff(np.vstack([state.hand, x]), axis=0), axis=1)
    springs = scene.stiffness() @ (length - scene.gap()) ** 2
    return float((m @ (v * v).sum(axis=1) + springs) / 2 + G * m @ x[:, 1])


# ------------------------------------------------------------------------------------ the step


def test_the_springs_weigh_and_pull_as_a_cone_of_leather():
    """The volume of a cone's frustum, and the frequency of stretching: far too high for explicit steps, which end at
    frequency times step = 2."""
    scene = Whip()
    of_whip = np.pi / 12 * scene.length * (scene.thick**2 + scene.thick * scene.thin + scene.thin**2)
    # Half of the first spring belongs to the hand. Frustums are exact, so nothing else is missing.
    assert scene.masses().sum() + scene.spring_masses()[0] / 2 == pytest.approx(scene.density * of_whip, rel=1e-12)
    k, m = scene.stiffness(), scene.masses()
    matrix = np.diag(k + np.append(k[1:], 0)) - np.diag(k[1:], 1) - np.diag(k[1:], -1)
    fastest = np.sqrt(np.linalg.eigvalsh(matrix / np.sqrt(np.outer(m, m))).max())
    assert fastest * scene.h > 4 * 2


def test_a_step_solves_newtons_law_and_its_jacobian_is_the_derivative():
    scene, rng = Whip(n=3, h=0.01), np.random.default_rng(1)
    before = np.array([[-0.7, 1.2], [-1.3, 1.1], [-2.0, 1.3]])
    velocity, x, r = rng.normal(size=(3, 3, 2))
    x = before + 0.05 * x
    hands = np.array([[0.0, 1.2], [0.02, 1.25]])

    @fn
    def parts(x: Vec[Vec[Real, 2], 3], r: Vec[Vec[Real, 2], 3], before: Any, velocity: Any, lengths: Any, hand: Any):
        given = Step(before, velocity, lengths, hand)
        return jvp(lambda x: scene.imbalance(x, given))(x, scene.newton_step(x, r, given))

    lengths = np.linalg.norm(np.diff(np.vstack([hands[0], before]), axis=0), axis=1)
    value, product = interpreted(parts, x, r, before, velocity, lengths, hands[1])
    v, d = (x - before) / scene.h, np.diff(np.vstack([hands[1], x]), axis=0)
    # The rate of a length is its change over the step; the rest does not know the step.
    pulls = tensions(scene, d, (np.linalg.norm(d, axis=1) - lengths) / scene.h)
    others = forces(replace(scene, sound=1e-9), hands[1], [0.0, 0.0], x, v)
    wanted = scene.masses()[:, None] * (v - velocity) / scene.h - others + pulls - np.vstack([pulls[1:], np.zeros(2)])
    assert np.asarray(value) == pytest.approx(wanted, rel=1e-7)
    assert np.asarray(product) == pytest.approx(r, rel=1e-9, abs=1e-9)


def test_a_whip_that_hangs_is_as_long_as_its_weight_makes_it_and_never_gains_energy():
    """In steps of 50 ms, twenty times what explicit ones could be. It falls, swings, and comes to rest."""
    scene = Whip(n=8, steps=1500, h=0.05, sound=100.0)
    states = rollout(scene, swing(STILL))
    energies = [energy(scene, s) for s in states]
    assert np.diff(energies).max() < 1e-9 * abs(energies[0])
    below = np.cumsum(scene.masses()[::-1])[::-1] * G
    y = 1.2 - np.cumsum(scene.gap() + below / scene.stiffness())
    last = np.asarray(states[-1].position)
    assert last[:, 1] == pytest.approx(y, abs=1e-8) and np.abs(last[:, 0]).max() < 1e-4


def test_the_error_is_of_first_order_in_the_step():
    """Against SciPy's Radau with the same forces, for a whip of soft leather whose hand does not move."""
    seconds, soft = 0.1, {"n": 3, "sound": 20.0, "damping": 1e-3}
    scene = Whip(**soft)

    def rates(t: float, y: Any) -> Any:
        x, v = y.reshape(2, 3, 2)
        return np.concatenate([v, forces(scene, [0.0, 1.2], [0.0, 0.0], x, v) / scene.masses()[:, None]]).ravel()

    start = rollout(Whip(**soft, steps=1), swing(STILL))[0].position
    exact = solve_ivp(rates, (0, seconds), np.concatenate([start, 0 * start]).ravel(), "Radau", rtol=1e-9, atol=1e-11)
    errors = []
    for steps in (100, 200):
        states = rollout(Whip(**soft, steps=steps, h=seconds / steps), swing(STILL))
        errors.append(np.asarray(states[-1].position) - exact.y[:6, -1].reshape(3, 2))
    assert 1e-5 < np.abs(errors[1]).max() < 1e-2
    assert np.abs(errors[0]).max() / np.abs(errors[1]).max() == pytest.approx(2.0, rel=0.05)


# ------------------------------------------------------------------------------------ the hand


def test_the_hand_begins_at_rest_and_follows_equal_points_to_their_place():
    """Cubic B-splines sum to 1 once three of them have begun."""
    weights = Whip(steps=800, h=6e-4).weights()
    assert np.abs(weights[:2]).max() < 1e-6
    assert weights[300:].sum(axis=1) == pytest.approx(np.ones(501), abs=1e-14)


# ----------------------------------------------------------------------------------- as a scene

SMALL: Any = Whip(n=8, steps=250, h=0.002)
"""A coarse whip, whose programs the tests below share."""


def test_the_loss_is_the_miss_the_lack_of_speed_and_the_hands_acceleration():
    params, inputs = SMALL.params(np.random.default_rng(0)), SMALL.inputs()
    states = rollout(SMALL)
    hand = np.array([s.hand for s in states])
    pushes = (np.diff(hand, n=2, axis=0) / SMALL.h**2 / G) ** 2
    tip, v = states[-1].position[-1], states[-1].velocity[-1]
    parts = [((tip - inputs.target) ** 2).sum() / 0.5**2, (np.linalg.norm(v) / inputs.speed - 1) ** 2]
    wanted = sum(parts) + SMALL.effort * pushes.sum() / SMALL.steps
    assert compiled(SMALL).value(params, inputs) == pytest.approx(wanted, rel=1e-9)


def test_the_gradient_is_that_of_differences():
    params, inputs = SMALL.params(np.random.default_rng(0)), SMALL.inputs()
    direction = np.random.default_rng(2).normal(size=(8, 2))
    e, value = 1e-5, compiled(SMALL).value
    f = [value(swing(params.points + k * e * direction), inputs) for k in (-2, -1, 1, 2)]
    difference = (8 * (f[2] - f[1]) - (f[3] - f[0])) / (12 * e)  # of fourth order: a swing bends quickly
    gradient = compiled(SMALL).value_and_grad(params, inputs)[1].points
    assert (gradient * direction).sum() == pytest.approx(difference, rel=1e-7)


@pytest.mark.full
def test_the_gradient_check_passes():
    found = check_gradient(SMALL)
    assert found.verdicts == {"points": "right"}
    assert found.max_rel_error_jvp_vjp < 1e-10 and found.max_rel_error_fd < 1e-5


def test_the_descent_brings_the_tip_to_the_target():
    inputs = replace(SMALL.inputs(), speed=40.0)
    run = train(SMALL, inputs=inputs, iterations=60)
    before, after = (rollout(SMALL, p, inputs)[-1] for p in (SMALL.params(np.random.default_rng(0)), run.params))
    missed = [np.linalg.norm(s.position[-1] - inputs.target) for s in (before, after)]
    assert run.losses[-1] < 0.1 * run.losses[0]
    assert missed[0] > 0.5 and missed[1] < 0.1


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("n=1", "n is 2 or more, and h, length, density and sound are positive; they were 1,"),
        ("h=0", "n is 2 or more, and h, length, density and sound are positive"),
        ("thin=0", "thick and thin are positive; they were 0.016 and 0.0"),
        ("air=-1", "damping, air and effort are not negative; they were 0.0001, -1.0 and 0.0001"),
    ],
)
def test_settings_that_make_no_sense_are_refused(assignment: str, says: str):
    with pytest.raises(SceneError) as e:
        configure(Whip, [assignment])
    assert says in str(e.value) and "\n" not in str(e.value)


def test_the_target_and_the_beginning_can_be_dragged():
    scene = Whip()
    params, inputs = scene.params(np.random.default_rng(0)), scene.inputs()
    for handle, to in (("target", (1.5, 1.0)), ("hand", (0.1, 1.0))):
        params, inputs = picture(scene).drag(handle, to, params, inputs)
    assert picture(scene).handles(params, inputs) == {"target": (1.5, 1.0), "hand": (0.1, 1.0)}
    assert picture(scene).handles(params, scene.inputs())["hand"] == (0.0, 1.2)  # the default is what it was


def test_the_picture_shows_a_whip_that_becomes_thinner_and_its_tips_speed():
    params, inputs = SMALL.params(np.random.default_rng(0)), SMALL.inputs()
    canvas = Canvas(SMALL.extent)
    state = rollout(SMALL)[-1]
    picture(SMALL).draw(canvas, state, params, inputs)
    widths = [p.width for p in canvas.primitives if isinstance(p, Line)]
    assert len(widths) == SMALL.n and np.all(np.diff(widths) < 0)
    assert [p.centre for p in canvas.primitives if isinstance(p, Circle)] == [tuple(state.hand)]
    speed = np.linalg.norm(state.velocity[-1])
    assert [p.text for p in canvas.primitives if isinstance(p, Text)] == [f"tip {speed:3.0f} m/s"]
    assert np.array_equal(picture(SMALL).trail(state), [state.position[-1]])
