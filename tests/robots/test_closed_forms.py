"""Motions that are known by hand: values and derivatives by name against the file of closed forms.

Impacts are hard contact, with the time of impact inside the step; friction at rest and a sphere's weight are
compliant contact, where its regularisation vanishes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from robots_kit import mjcf, reference_file

from rosesim import Real, const, fn, integrate, jvp, root, scan, sqrt, stack, value_and_grad
from rosesim.robots import Compliant, Model
from rosesim.scenes.kit.contact import disc_contact

pytestmark = pytest.mark.usefixtures("unoptimised")

HELD = {
    "ball on a plane, one bounce with restitution",
    "two equal balls, elastic, head on",
    "two equal balls, elastic, both moving",
    "block sliding to rest",
    "block pushed inside the cone",
    "sphere at rest on a linear compliant plane",
    "free symmetric body",
    "damped slide, Euler with implicit damping",
}


def case_of(name: str) -> dict[str, Any]:
    assert name in HELD
    return next(c for c in reference_file("closed_forms")["cases"] if c["name"] == name)


def test_every_closed_form_is_held():
    assert {c["name"] for c in reference_file("closed_forms")["cases"]} == HELD


def held(name: str, motion: Callable[..., dict[str, Any]], *, close: float = 1e-10) -> None:
    """Final values and derivatives of one case; `motion` takes the inputs and gives what the case has at the end."""
    case = case_of(name)
    inputs, final = case["inputs"], dict(case["final"])
    if "omega_body" in final:
        final.update(zip(("omega_x", "omega_y", "omega_z"), final.pop("omega_body"), strict=True))
    by = sorted({key.split("_by_")[1] for key in case["derivatives"]})
    outputs = sorted({*final, *(key.split("_by_")[0] for key in case["derivatives"])})

    @fn
    def found(x: Any) -> Any:
        end = motion(**{**inputs, **{key: x[k] for k, key in enumerate(by)}})
        return stack([Real(end[key]) for key in outputs])

    x = np.array([inputs[key] for key in by])
    along = jvp(found)
    columns = [along(x, e) for e in np.eye(len(by))]
    value = columns[0][0]
    for key, expected in final.items():
        assert value[outputs.index(key)] == pytest.approx(expected, rel=close, abs=close), key
    for key, expected in case["derivatives"].items():
        of, to = key.split("_by_")
        slope = columns[by.index(to)][1][outputs.index(of)]
        assert slope == pytest.approx(expected, rel=close, abs=close), key


def test_a_ball_bounces_once():
    def motion(z0: Any, v0: Any, restitution: Any, radius: Any, gravity: Any, T: Any) -> dict[str, Any]:
        def fall(t: Any, y: Any) -> Any:
            return [y[1], -gravity]

        t, y = integrate.until(
            fall, [z0, v0], lambda t, y: y[0] - radius, 0.0, T, jump=lambda t, y: [y[0], -restitution * y[1]]
        )
        end = integrate.adaptive(fall, y, t, T)
        return {"z": end[0], "v": end[1]}

    held("ball on a plane, one bounce with restitution", motion)


@pytest.mark.parametrize("how", ["head on", "both moving"])
def test_two_balls_collide(how: str):
    def motion(x1: Any, x2: Any, v1: Any, v2: Any, radius: Any, T: Any) -> dict[str, Any]:
        a, b, v, w = (stack([Real(x), Real(0.0)]) for x in (x1, x2, v1, v2))
        bump = disc_contact(a, v, b, w, radius=radius, restitution=1.0, h=T)
        first, second = a + T * (v + bump.impulse) + bump.shift, b + T * (w - bump.impulse) - bump.shift
        return {"x1": first[0], "x2": second[0]}

    held(f"two equal balls, elastic, {how}", motion)


def test_a_block_slides_to_rest():
    def motion(v0: Any, friction: Any, gravity: Any, T: Any) -> dict[str, Any]:
        _, y = integrate.until(
            lambda t, y: [y[1], -friction * gravity],
            [0.0, v0],
            lambda t, y: y[1],
            0.0,
            T,
            jump=lambda t, y: [y[0], 0.0],
        )
        return {"x": y[0], "v": y[1]}

    held("block sliding to rest", motion)


def robot(folder: Path, body: str, head: str = "", tail: str = "") -> Model:
    return Model(mjcf(folder, body, head, tail))


@pytest.mark.parametrize("slip", [pytest.param(1e-3, marks=pytest.mark.full), 1e-4])
def test_a_block_that_is_pushed_inside_the_cone_creeps_as_slowly_as_asked(slip: float, tmp_path: Path):
    """By s r / √(1 - r²) each second, r the share of its friction that it uses and s the speed that smooths friction.
    Position and derivatives are 0 but for that, and go to 0 with s."""
    given = case_of("block pushed inside the cone")["inputs"]
    push, mu = given["push"], given["friction"]
    block = robot(
        tmp_path,
        f'<geom type="plane" size="9 9 1" friction="{mu} 0 0"/><body name="b" pos="0 0 0.1">'
        '<joint name="x" type="slide" axis="1 0 0"/><joint name="z" type="slide" axis="0 0 1"/>'
        f'<geom name="b" type="box" size="0.2 0.2 0.1" mass="{given["mass"]}" friction="0.01 0 0"/></body>',
        f'<option gravity="0 0 {-given["gravity"]}" timestep="0.002"/>',
        '<actuator><motor joint="x"/></actuator>',
    )
    stiffness, ramp = 1e4, 1e-3
    rest = -(given["mass"] * given["gravity"] / (4.0 * stiffness) + 0.5 * ramp)  # on four corners
    steps = round(given["T"] / 0.002)

    contact = Compliant(stiffness, ramp, 1.0, slip)

    @fn
    def creep(values: Any) -> Any:
        friction = stack([values[1], 0.0, 0.0])

        def step(s: Any, t: Any) -> Any:
            return block.step(s[0], s[1], [values[0]], contact=contact, parameters={"geom #0 friction": friction})

        return scan(step, (const(np.array([0.0, rest])), const(np.zeros(2))), steps)[0][0]

    share = push / (mu * given["mass"] * given["gravity"])
    value, slopes = value_and_grad(creep)(np.array([push, mu]))  # from rest: it lags by a step or two of 500
    assert value == pytest.approx(slip * share / np.sqrt(1.0 - share**2), rel=0.01)
    by_share = slip / (1.0 - share**2) ** 1.5
    assert slopes == pytest.approx([by_share * share / push, -by_share * share / mu], rel=0.01)


def test_a_sphere_rests_on_a_compliant_plane(tmp_path: Path):
    """Beyond the ramp the force is k (x - ramp / 2): a linear spring that begins so much deeper."""
    ball = robot(
        tmp_path,
        '<geom type="plane" size="9 9 1"/><body name="b"><joint type="slide" axis="0 0 1"/>'
        '<geom name="b" type="sphere" size="0.1" mass="2"/></body>',
    )
    ramp = 1e-5

    def at(mass: Any, radius: Any, gravity: Any, stiffness: float) -> Any:
        contact = Compliant(stiffness, ramp)

        def force(z: Any) -> Any:
            given = {"geom b mass": mass, "geom b size": stack([Real(radius)]), "gravity": [0.0, 0.0, -gravity]}
            return ball.acceleration([z], [0.0], [], contact=contact, parameters=given)[0]

        return root(force, 0.0985) + 0.5 * ramp

    def motion(mass: Any, stiffness: Any, radius: Any, gravity: Any) -> dict[str, Any]:
        k = 20000.0  # a number of the program: its own derivative is by differences, below
        z, up, down = (at(mass, radius, gravity, k + d) for d in (0.0, 10.0, -10.0))
        slope = (up - down) / 20.0
        return {"z": z + slope * (stiffness - k)}

    held("sphere at rest on a linear compliant plane", motion, close=1e-6)


def test_a_free_symmetric_body_turns(tmp_path: Path):
    top = robot(
        tmp_path,
        '<body name="b"><joint type="ball"/><geom name="b" type="box" size="0.7 0.7 0.3" mass="1"/></body>',
        '<option gravity="0 0 0" timestep="0.005" integrator="RK4"/>',
    )

    def motion(I1: Any, I3: Any, omega_x: Any, omega_z: Any, T: Any) -> dict[str, Any]:
        across, along = sqrt(1.5 * Real(I3)), sqrt(3.0 * I1 - 1.5 * Real(I3))  # a box of 1 kg with these moments
        size = {"geom b size": stack([across, across, along])}
        start = const(np.array([1.0, 0.0, 0.0, 0.0])), stack([Real(omega_x), Real(0.0), Real(omega_z)])
        v = scan(lambda s, t: top.step(s[0], s[1], [], parameters=size), start, round(T / 0.005))[1]
        return {f"omega_{k}": x for k, x in zip("xyz", (v[0], v[1], v[2]), strict=True)}

    held("free symmetric body", motion, close=1e-9)


def test_a_damped_slide(tmp_path: Path):
    slide = robot(
        tmp_path,
        '<body name="b"><joint name="x" type="slide" axis="1 0 0" damping="0.8"/>'
        '<geom type="sphere" size="0.1" mass="1.5"/></body>',
        '<option gravity="0 0 0" timestep="0.01" integrator="Euler"/>',
        '<actuator><motor joint="x"/></actuator>',
    )

    def motion(mass: Any, damping: Any, force: Any, h: Any, steps: int) -> dict[str, Any]:
        start = const(np.zeros(1)), const(np.zeros(1))
        q, v = scan(lambda s, t: slide.step(s[0], s[1], [force]), start, steps)
        return {"x": q[0], "v": v[0]}

    held("damped slide, Euler with implicit damping", motion, close=1e-12)
