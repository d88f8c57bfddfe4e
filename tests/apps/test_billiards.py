"""Billiards: the published numbers, the physics, and what the moment of contact is for."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rows import kept

import rosesim.codegen
from rosesim.ad.program import interp
from rosesim.ad.transforms.derivatives import value_and_grad
from rosesim.scenes import compiled, configure, find_scene, rollout
from rosesim.scenes.check import check_gradient
from rosesim.train import train

# By its entry point, as the command line finds it.
Billiards: Any = find_scene("billiards")
REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "billiards.json").read_text())
RELATIVE = 1e-10  # what the reference is good for: two systems agree on it to 1e-12


def shot(x: float, y: float, u: float, v: float) -> Any:
    return replace(Billiards().params(np.random.default_rng(0)), position=np.array([x, y]), velocity=np.array([u, v]))


def loss_and_gradient(scene: Any, params: Any, inputs: Any = None) -> tuple[float, np.ndarray]:
    loss, gradient = compiled(scene).value_and_grad(params, scene.inputs() if inputs is None else inputs)
    return loss, np.concatenate([gradient.position, gradient.velocity])


# ------------------------------------------------------------------------------- the reference


@pytest.mark.parametrize("pairs", ["guarded", "dense"])
@pytest.mark.parametrize("case", REFERENCE["cases"])
def test_loss_and_gradient_are_those_of_the_reference(case: dict[str, Any], pairs: str):
    scene = Billiards(steps=case["steps"], pairs=pairs, contact="published")
    loss, gradient = loss_and_gradient(scene, shot(*(case[f"cue_{k}"] for k in ("x", "y", "vx", "vy"))))
    assert loss == pytest.approx(case["loss"], rel=RELATIVE)
    assert gradient == pytest.approx(np.array(case["grad"]), rel=RELATIVE)


def test_the_published_descent():
    wanted = REFERENCE["descent"]
    run = train(Billiards(contact="published"))
    assert len(run.losses) == wanted["iterations"] + 1
    for iteration, loss in wanted["loss_at"]:
        assert run.losses[iteration] == pytest.approx(loss, rel=RELATIVE)
    assert run.losses[-1] == pytest.approx(wanted["final_loss"], rel=RELATIVE)
    assert [*run.params.position, *run.params.velocity] == pytest.approx(wanted["final"], rel=RELATIVE)


@pytest.mark.parametrize("contact", kept(["exact", "published"], "exact"))
def test_the_interpreter_agrees_with_the_machine_code_through_a_collision(contact: str):
    scene = Billiards(steps=20, contact=contact)
    params, inputs = shot(0.42, 0.49, 0.6, 0.1), scene.inputs()
    program = value_and_grad(compiled(scene).loss, wrt=0)
    func = program.traced(program.types_of((params, inputs))).func
    meant = interp.run(func, [*vars(params).values(), *vars(inputs).values()])
    loss, gradient = loss_and_gradient(scene, params)
    assert np.count_nonzero(np.asarray(rollout(scene, params)[-1].velocity).any(axis=1)) > 2  # balls were hit
    assert loss == pytest.approx(meant[0], rel=1e-14)
    assert gradient == pytest.approx(np.concatenate([np.asarray(m) for m in meant[1:]]), rel=1e-12, abs=1e-15)


# --------------------------------------------------------------------------------- the physics

TWO = Billiards(layers=1, steps=600)  # the cue ball and one more at (0.5, 0.5), hit after 378 steps
EXACT = 1e-12  # rounding of 600 steps


def test_equal_balls_exchange_their_velocities_head_on():
    last = rollout(TWO, shot(0.1, 0.5, 0.3, 0.0), replace(TWO.inputs(), restitution=1.0))[-1]
    assert np.asarray(last.velocity) == pytest.approx(np.array([[0, 0], [0.3, 0]]), abs=EXACT * 0.3)


def test_the_struck_ball_ends_where_the_closed_form_says():
    restitution = 0.8
    last = rollout(TWO, shot(0.1, 0.5, 0.3, 0.0))[-1]
    touch = (0.5 - 0.1 - 2 * TWO.radius) / 0.3
    speed = 0.3 * (1 + restitution) / 2
    wanted = 0.5 + speed * (TWO.steps * TWO.h - touch)
    assert last.position[1, 0] == pytest.approx(wanted, abs=EXACT)


def test_momentum_is_conserved_by_every_step():
    states = rollout(Billiards(), shot(0.1, 0.5, 0.3, 0.01)).stacked
    momentum = np.asarray(states.velocity).sum(axis=1)
    assert np.abs(momentum - momentum[0]).max() < 1e-14
    changes = np.diff(np.asarray(states.velocity), axis=0).any(axis=(1, 2))
    assert np.count_nonzero(changes) > 10  # in so many steps something collided


@pytest.mark.parametrize("offset", [0.0, 0.02, 0.05])
@pytest.mark.parametrize("restitution", [0.0, 0.5, 0.8, 1.0])
def test_a_collision_takes_the_energy_of_the_approach(offset: float, restitution: float):
    """Kinetic energy falls by (1 - e^2)/4 m s^2, s being the speed along the line between the centres."""
    table = replace(TWO.inputs(), restitution=restitution)
    trajectory = rollout(TWO, shot(0.1, 0.5 + offset, 0.3, 0.0), table)
    velocity = np.asarray(trajectory.stacked.velocity)
    t = np.flatnonzero(np.diff(velocity, axis=0).any(axis=(1, 2)))[0]
    x, v = np.asarray(trajectory[t].position), velocity[t]
    d, w = x[0] - x[1], v[0] - v[1]
    s = math.sqrt(
        w @ w - (d[0] * w[1] - d[1] * w[0]) ** 2 / (2 * TWO.radius) ** 2
    )  # what passes beside is no approach
    lost = ((velocity[t] ** 2).sum() - (velocity[t + 1] ** 2).sum()) / 2
    assert lost == pytest.approx((1 - restitution**2) / 4 * s**2, abs=EXACT * s**2)


def test_a_mirrored_start_gives_a_mirrored_end():
    """About the axis y = 0.5, on which the second ball lies; the gradient is mirrored too."""
    flip = np.array([1.0, -1.0])
    inputs = TWO.inputs()
    mirrored = replace(inputs, goal=np.array([inputs.goal[0], 1.0 - inputs.goal[1]]))
    here, there = shot(0.1, 0.51, 0.3, 0.01), shot(0.1, 0.49, 0.3, -0.01)
    a, b = rollout(TWO, here)[-1], rollout(TWO, there, mirrored)[-1]
    assert np.asarray(b.position) == pytest.approx(np.array([0.0, 1.0]) + flip * a.position, abs=1e-13)
    (loss, g), (other, k) = loss_and_gradient(TWO, here), loss_and_gradient(TWO, there, mirrored)
    assert other == pytest.approx(loss, rel=1e-12)
    assert k == pytest.approx(g * np.tile(flip, 2), rel=1e-9)


def test_without_the_time_of_impact_the_picture_is_the_same_and_the_gradient_wrong():
    """DiffTaichi's point, on a head-on collision with a closed form and a fine difference."""
    start = (0.1, 0.5, 0.3, 0.0)
    coarse = replace(TWO, contact="published")
    fine = replace(coarse, steps=64 * TWO.steps, h=TWO.h / 64, time_of_impact=False)
    step = 0.01  # moves the touch by 700 fine steps, so that where within a step it falls does not matter

    def fine_loss(x: float) -> float:
        return compiled(fine).value(shot(x, *start[1:]), fine.inputs())

    truth = (fine_loss(0.1 + step) - fine_loss(0.1 - step)) / (2 * step)
    speed = (1 + 0.8) / 2
    end = 0.5 + speed * (0.3 * TWO.steps * TWO.h - (0.5 - 0.1 - 2 * TWO.radius))
    assert truth == pytest.approx(2 * (end - 0.9) * speed, rel=0.01)

    with_loss, with_gradient = loss_and_gradient(coarse, shot(*start))
    without_loss, without_gradient = loss_and_gradient(replace(coarse, time_of_impact=False), shot(*start))
    exact_loss, exact_gradient = loss_and_gradient(TWO, shot(*start))
    assert exact_loss == pytest.approx((end - 0.9) ** 2 + 0.25**2, rel=1e-12)
    assert exact_gradient[0] == pytest.approx(2 * (end - 0.9) * speed, rel=1e-12)
    assert with_loss == pytest.approx(without_loss, rel=0.01)
    assert with_gradient[0] == pytest.approx(truth, rel=0.01)
    assert abs(without_gradient[0]) < 0.01 * abs(truth)


def agreement(*settings: str, shots: int = 60) -> float:
    """The part of shots near the first, and of their numbers, whose slope has the sign of the change over ±0.01."""
    scene, inputs = configure(Billiards, settings)
    program, rng = compiled(scene), np.random.default_rng(1)
    flat, base = program.flat, np.array([0.1, 0.5, 0.3, 0.0])
    loss = lambda x: program.value(flat.unflatten(x), inputs)
    same: list[bool] = []
    for _ in range(shots):
        x = base * (1 + 0.1 * rng.normal(size=4))
        slopes = flat.flatten(program.value_and_grad(flat.unflatten(x), inputs)[1])
        for d, slope in zip(0.01 * np.eye(4), slopes, strict=True):
            change = loss(x + d) - loss(x - d)
            if abs(change) > 2e-5 and slope:
                same.append((change > 0) == (slope > 0))
    return float(np.mean(same))


@pytest.mark.parametrize(
    ("layers", "steps", "right"), kept([(1, 700, 1.0), (2, 900, 0.95), (4, 1024, 0.9)], (1, 700, 1.0), (4, 1024, 0.9))
)
def test_the_gradient_points_the_way_the_loss_goes(layers: int, steps: int, right: float):
    """What is missing to 1 at more layers are balls that are missed; the published contact misleads for any."""
    settings = f"layers={layers}", f"steps={steps}"
    assert agreement(*settings) >= right
    assert agreement(*settings, "contact=published") < 0.85


@pytest.mark.parametrize("pairs", ["guarded", "dense"])
def test_the_end_of_a_shot_does_not_depend_on_the_time_step(pairs: str):
    """Collisions are exact, so what 1024 steps of 0.003 give, 256 of 0.012 give as well."""
    ends = [
        rollout(Billiards(steps=1024 // k, h=0.003 * k, pairs=pairs), shot(0.1, 0.48, 0.5, 0.03))[-1].position
        for k in (1, 2, 4)
    ]
    assert np.abs(np.asarray(ends[0])[1:] - Billiards().rack()[1:]).max() > 0.1
    assert ends[1] == pytest.approx(ends[0], abs=1e-9) and ends[2] == pytest.approx(ends[0], abs=1e-9)


# -------------------------------------------------------------------------------- as a scene


def test_a_gradient_of_zero_is_explained_until_the_target_is_hit():
    scene = Billiards(layers=2, steps=100)
    loss, gradient = loss_and_gradient(scene, shot(0.1, 0.5, 0.3, 0.0))
    assert not gradient.any() and loss > 0
    told: list[str] = []
    train(scene, iterations=3, report=lambda p: told.append(p.note) if p.note else None)
    assert len(told) == 1 and "nothing has touched the target ball in 100 steps" in told[0]
    found = check_gradient(scene)
    assert found.passed
    assert all(v.startswith("zero because nothing has touched") for v in found.verdicts.values())


def test_the_gradient_check_passes_on_the_published_shot():
    found = check_gradient(Billiards())
    assert found.passed and set(found.verdicts.values()) == {"right"}
    assert found.max_rel_error_jvp_vjp < 1e-12 and found.max_rel_error_fd < 1e-6


def test_a_hundred_goals_and_shots_compile_nothing(monkeypatch: pytest.MonkeyPatch):
    scene = Billiards(steps=100)
    program = compiled(scene)
    program.value_and_grad(shot(0.1, 0.5, 0.3, 0.0), scene.inputs())
    program.trajectory(shot(0.1, 0.5, 0.3, 0.0), scene.inputs())
    forbidden = lambda *a, **k: pytest.fail("something was compiled")
    monkeypatch.setattr(rosesim.codegen, "compile_func", forbidden)
    for k in range(100):
        inputs = replace(scene.inputs(), goal=np.array([0.5 + 0.004 * k, 0.7]), restitution=0.5 + 0.005 * k)
        params = shot(0.3 + 0.001 * k, 0.5, 1.0, 0.0)
        loss, _ = compiled(scene).value_and_grad(params, inputs)
        last = compiled(scene).trajectory(params, inputs)[-1]
        assert loss == pytest.approx(((np.asarray(last.position)[-1] - inputs.goal) ** 2).sum(), rel=1e-12)


@pytest.mark.parametrize("layers", kept([1, 2, 5], 2))
def test_other_triangles_have_gradients_that_differences_confirm(layers: int):
    found = check_gradient(Billiards(layers=layers, steps=700))
    assert found.passed, found


def test_balls_that_coincide_give_finite_numbers():
    scene = Billiards(layers=1, steps=3)
    loss, gradient = loss_and_gradient(scene, shot(0.5, 0.5, 0.3, 0.1))
    assert math.isfinite(loss) and np.isfinite(gradient).all()


def test_a_scene_draws_each_ball_where_it_is():
    from rosesim.scenes.canvas import Canvas, Circle

    scene = Billiards()
    state = rollout(scene)[700]
    canvas = Canvas(scene.extent)
    scene.draw(canvas, state, scene.params(np.random.default_rng(0)), scene.inputs())
    balls = {"ball": [], "target": [], "cue": []}
    for p in canvas.singles:
        if isinstance(p, Circle) and p.role in balls:
            balls[p.role].append(p.centre)
    assert np.array_equal(balls["cue"] + balls["ball"] + balls["target"], np.asarray(state.position))
