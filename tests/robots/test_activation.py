"""Actuators with an activation: against MuJoCo's numbers, and everything that steps a robot carries it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from robots_kit import off
from rows import crossed, kept

from rosesim import ProgramError, check_grads, concatenate, fn, robots, scan
from rosesim.cli import run
from rosesim.robots.description import Description
from rosesim.scenes import SceneError, compiled, configure, find_scene, rollout

pytestmark = pytest.mark.usefixtures("unoptimised")

RECORDED: Any = json.loads((Path(__file__).parents[1] / "reference" / "activations.json").read_text(encoding="utf-8"))
ROBOTS = RECORDED["robots"]
ROD = '<geom type="capsule" fromto="0 0 0 0.05 0 -0.4" size="0.03"/>'
ARM = f"""<mujoco model="arm"><option timestep="0.01"/>
  <worldbody><body name="rod"><joint name="hip" axis="0 1 0" damping="0.1"/>{ROD}</body></worldbody>
  <actuator><motor name="plain" joint="hip"/>
    <general name="slow" joint="hip" dyntype="filter" dynprm="0.05" gainprm="3" ctrlrange="-1 1"/></actuator>
</mujoco>"""


def made(folder: Path, text: str, **how: Any) -> robots.Model:
    file = folder / "robot.xml"
    file.write_text(text)
    return robots.load(file, **how)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, robots.Model]:
    folder = tmp_path_factory.mktemp("active")
    texts = {"arm": ARM, **{name: robot["model"] for name, robot in ROBOTS.items()}}
    return {name: made(folder, text) for name, text in texts.items()}


@pytest.fixture
def arm(models: dict[str, robots.Model]) -> robots.Model:
    return models["arm"]


def waves(steps: int, nu: int) -> Any:
    t, k = np.arange(steps)[:, None], np.arange(nu)
    return 1.5 * np.sin(0.05 * (k + 1) * t + k)


# ---------------------------------------------------------------------------------------------- mechanics


@pytest.mark.parametrize("name", ROBOTS)
def test_accelerations_and_sensors_are_those_of_mujoco(models: dict[str, robots.Model], name: str):
    """Some activations are out of their range: that clips them at the end of a step alone."""
    model = models[name]
    for s in ROBOTS[name]["states"]:
        at = s["qpos"], s["qvel"], s["ctrl"]
        assert off(model.acceleration(*at, activation=s["act"]), s["qacc"]) < 1e-13
        assert off(model.sensors(*at, activation=s["act"]), s["sensordata"]) < 1e-13


@pytest.mark.parametrize(
    ("name", "integrator"), crossed(list(ROBOTS), ["euler", "rk4", "implicitfast", "implicit"], 2)
)
def test_a_hundred_steps_are_those_of_mujoco(models: dict[str, robots.Model], name: str, integrator: str):
    model = models[name]
    state: Any = np.zeros(2), np.zeros(2), 0.1 * (np.arange(model.na) + 1) / model.na
    for t, u in enumerate(waves(100, model.nu), 1):
        state = model.step(state[0], state[1], u, activation=state[2], integrator=integrator)
        if t in (50, 100):
            for found, expected in zip(state, ROBOTS[name]["ends"][integrator][t // 50 - 1], strict=True):
                assert off(found, expected) < 1e-12


def test_a_control_that_stays_is_followed_exactly_by_filterexact(tmp_path: Path):
    model = made(tmp_path, ARM.replace('"filter"', '"filterexact"'))
    q, v, w = np.zeros(1), np.zeros(1), np.zeros(1)
    for _ in range(7):
        q, v, w = model.step(q, v, [0.0, 0.5], activation=w, contact="none")
    np.testing.assert_allclose(w, 0.5 * (1.0 - np.exp(-0.07 / 0.05)), rtol=1e-14)


@pytest.mark.parametrize("contact", ["soft", "compliant"])
def test_in_contact_the_force_is_that_of_a_motor_told_the_activation(tmp_path: Path, contact: str):
    body = '<body pos="0 0 0.09"><joint name="j" type="slide" axis="0 0 1"/><geom size="0.1"/></body>'
    world = f'<worldbody><geom type="plane" size="1 1 1"/>{body}</worldbody>'
    kinds = '<general joint="j" dyntype="integrator" gainprm="5"/>', '<motor joint="j" gear="5"/>'
    slow, plain = (made(tmp_path, f"<mujoco>{world}<actuator>{kind}</actuator></mujoco>") for kind in kinds)
    at = [0.0], [-0.2]
    q, v, w = slow.step(*at, [2.0], activation=[0.7], contact=contact)
    assert np.array_equal(w, [0.7 + 0.002 * 2.0])
    assert off(np.concatenate([q, v]), np.concatenate(plain.step(*at, [0.7], contact=contact))) < 1e-14
    found = slow.acceleration(*at, [2.0], activation=[0.7], contact=contact)
    assert off(found, plain.acceleration(*at, [0.7], contact=contact)) < 1e-14


def test_as_a_function_the_activation_follows_the_controls(arm: robots.Model):
    at = [0.1], [0.2], [0.3, 0.4]
    found = arm.function("step", contact="none")(*at, [0.5])
    assert np.array_equal(found, arm.step(*at, activation=[0.5], contact="none"))


# ---------------------------------------------------------------------------------------------- derivatives


@pytest.mark.parametrize("name", kept(ROBOTS, "servos"))
def test_gradients_by_controls_time_constants_and_the_first_activation(models: dict[str, robots.Model], name: str):
    model = models[name]
    names = [f"actuator {a} timeconst" for a in ("slow", "reach", "brake", "early")]
    known = [name for name in names if name in model.parameters()]

    @fn
    def end(u: Any, constants: Any, w: Any) -> Any:
        given = {name: constants[k] for k, name in enumerate(known)}

        def moved(s: Any, t: Any) -> Any:
            return model.step(s[0], s[1], u[t], activation=s[2], parameters=given)

        return concatenate(scan(moved, (np.zeros(2), np.zeros(2), w), 20))

    constants = np.array([model.parameters()[name] for name in known])
    assert len(known) == {"filters": 1, "servos": 3}[name]
    report = check_grads(end, 0.4 * waves(20, model.nu), constants, 0.05 * np.ones(model.na))
    assert report.passed, report


@pytest.mark.full
def test_second_derivatives_by_a_time_constant(arm: robots.Model):
    @fn
    def end(constant: Any, w: Any) -> Any:
        def moved(s: Any, t: Any) -> Any:
            given = {"actuator slow timeconst": constant}
            return arm.step(s[0], s[1], [0.1, 0.5], activation=s[2], parameters=given)

        return scan(moved, (np.zeros(1), np.zeros(1), w), 5)[0][0]

    report = check_grads(end, 0.05, np.array([0.2]), order=2)
    assert report.passed, report


# ---------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize("function", ["step", "acceleration", "sensors"])
@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        (
            {},
            r"was called without activation=; expected one of 1 number, for the actuators 'slow': np.zeros",
        ),
        ({"activation": [0.0, 0.0]}, "was called with an activation of 2 numbers; expected one of 1 number"),
        ({"activation": 0.0}, "was called with an activation that is no vector; expected one of 1 number"),
    ],
)
def test_an_activation_that_is_missing_or_of_another_size(
    arm: robots.Model, function: str, how: dict[str, Any], sentence: str
):
    with pytest.raises(ValueError, match=f"{function} of the robot 'arm' {sentence}"):
        getattr(arm, function)([0.0], [0.0], [0.0, 0.0], **how)


def test_a_robot_without_activations_takes_an_empty_one_and_gives_it_back(tmp_path: Path):
    keyed = ARM.replace("</mujoco>", '<keyframe><key act="0.5"/></keyframe></mujoco>')
    assert made(tmp_path, keyed).description.keys[0].act == (0.5,)
    model = made(tmp_path, keyed, ignore=("actuator dynamics",))
    assert (model.na, model.names["activation"]) == (0, [])
    assert [i.what for i in model.description.ignored if not i.harmless] == ["actuator dynamics"]
    at = [0.1], [0.2], [0.3, 4.0]
    q, v, w = model.step(*at, activation=np.zeros(0))
    assert len(w) == 0 and np.array_equal([q, v], model.step(*at))
    clipped = model.step([0.1], [0.2], [0.3, 1.0])  # the control acts at once, within its range
    assert np.array_equal([q, v], clipped)
    with pytest.raises(ValueError, match="activation of 1 number; expected none, or an empty one: no actuator has"):
        model.step(*at, activation=[0.0])


@pytest.mark.parametrize("value", [0.0, -0.1, np.nan])
def test_a_time_constant_that_is_not_positive(arm: robots.Model, value: float):
    with pytest.raises(ProgramError, match="slow timeconst' is 0, negative or NaN; expected more than 0"):
        arm.step([0.0], [0.0], [0.0, 1.0], activation=[0.0], parameters={"actuator slow timeconst": value})


# ---------------------------------------------------------------------------------------------- what stands on it


@pytest.mark.parametrize("start", [([0.0], [0.0]), None])
def test_a_time_constant_is_found_from_motion(arm: robots.Model, start: Any):
    u = waves(60, 2)
    state: Any = np.zeros(1), np.zeros(1), np.array([0.3])
    rows = [state[0]]
    for told in u:
        given = {"actuator slow timeconst": 0.08}
        state = arm.step(state[0], state[1], told, activation=state[2], contact="none", parameters=given)
        rows.append(state[0])
    record = robots.Record(rows, u, start=start, activation=[0.3])
    found = robots.identify(arm, record, "actuator slow timeconst", contact="none")
    assert found.values["actuator slow timeconst"] == pytest.approx(0.08, rel=1e-9)
    with pytest.raises(ValueError, match=r"no activation; expected \(1,\) finite numbers.* of the actuators 'slow'"):
        robots.identify(arm, robots.Record(rows, u, start=start), "actuator slow timeconst")


def test_a_plan_and_its_policy_carry_the_activation(arm: robots.Model, tmp_path: Path):
    def effort(q: Any, v: Any, u: Any, t: Any) -> Any:
        return 0.01 * u

    def final(q: Any, v: Any) -> Any:
        return concatenate([10.0 * (q - 0.5), v])

    how: Any = {"horizon": 40, "contact": "none"}
    plan = robots.plan(arm, effort, final, **how)
    assert plan.converged and plan.gains.shape == (40, 2, 3) and plan.v.shape == (41, 1)
    q, v, w = plan.q[0], plan.v[0], plan.activation[0] + 0.2
    ends = {}
    for policy in ("held", "open"):
        q, v, w = plan.q[0], plan.v[0], plan.activation[0] + 0.2
        for t in range(40):
            u = plan.control(q, v, t, activation=w) if policy == "held" else plan.controls[t]
            q, v, w = arm.step(q, v, u, activation=w, contact="none")
        ends[policy] = abs(q[0] - plan.q[-1, 0])
    assert ends["held"] < 0.2 * ends["open"]
    with pytest.raises(ValueError, match="without activation=; expected 1 number"):
        plan.control(q, v, 0)
    with pytest.raises(ValueError, match=r"expected \(1,\), \(1,\) and \(1,\): positions, velocities, activations"):
        robots.plan(arm, effort, final, start=([0.0], [0.0]), **how)
    plan.save(tmp_path / "plan.csv")
    assert np.array_equal(robots.read_record(tmp_path / "plan.csv").activation, [0.0])


def test_the_scene_carries_it(arm: robots.Model, tmp_path: Path):
    (file := tmp_path / "arm.xml").write_text(ARM)
    scene, inputs = configure(find_scene("robot"), [f"model={file}", "task=balance", "steps=8", "contact=none"])
    params = scene.params(np.random.default_rng(1))
    course = rollout(scene, params=params, inputs=inputs).stacked
    q, v, w = np.zeros(1), np.zeros(1), np.zeros(1)
    for t in range(8):
        q, v, w = arm.step(q, v, course.u[t + 1], activation=w, contact="none")
        np.testing.assert_allclose(np.concatenate([q, v, w]), [*course.q[t + 1], *course.v[t + 1], *course.w[t + 1]])
    assert abs(w[0]) > 1e-3
    assert np.isfinite(compiled(scene).value_and_grad(params, inputs)[0])


def test_the_scene_of_a_recording_begins_at_its_activation(tmp_path: Path):
    (file := tmp_path / "arm.xml").write_text(ARM)
    (motion := tmp_path / "swing.csv").write_text(
        "time,q0,ctrl0,ctrl1,act0\n" + "".join(f"{0.01 * t:.2f},{0.1 - 0.001 * t},0.1,0.2,0.5\n" for t in range(5))
    )
    wanted = [f"model={file}", f"motion={motion}", "find=actuator slow timeconst", "steps=3"]
    scene, inputs = configure(find_scene("identify"), wanted)
    course = rollout(scene, params=scene.params(np.random.default_rng(0)), inputs=inputs).stacked
    np.testing.assert_allclose(course.w[:2, 0], [0.5, 0.5 + 0.01 * (0.2 - 0.5) / 0.05])
    follow = configure(find_scene("robot"), [f"model={file}", f"recording={motion}", "task=follow", "steps=1"])
    assert rollout(follow[0], inputs=follow[1]).stacked.w[0] == 0.5
    motion.write_text(motion.read_text().replace(",act0", ",v0"))
    with pytest.raises(SceneError, match="no activation; expected"):
        configure(find_scene("identify"), wanted)


def test_info_tells_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (file := tmp_path / "robot.xml").write_text(ROBOTS["filters"]["model"])
    assert run(["info", str(file)]) == 0
    said = capsys.readouterr().out
    assert "nu 3, na 2, 2 bodies" in said
    assert "actuator slow: on s, gear 1, -1 to 1, filter of 0.05 s" in said
    assert "actuator sum: on h, gear 1, integrator, activation -0.2 to 0.15" in said


def test_which_actuators_act_early(models: dict[str, robots.Model]):
    robot: Description = models["servos"].description
    assert [a.acts_early for a in robot.actuators] == [False, False, True, True]
