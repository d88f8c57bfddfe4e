"""Tendons, fixed and through space, and their equalities: against MuJoCo's numbers, and what a file may say."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from robots_kit import ARM, mjcf, off
from rows import kept

from rosesim import check_grads, fn, grad
from rosesim.robots import Model, RobotError, load
from rosesim.robots.description import TendonEquality

pytestmark = pytest.mark.usefixtures("unoptimised")

RECORDED: Any = json.loads((Path(__file__).parents[1] / "reference" / "tendons.json").read_text(encoding="utf-8"))
TENDON = '<tendon><fixed name="t"><joint joint="j" coef="2"/></fixed></tendon>'


def recorded(folder: Path, name: str) -> Model:
    file = folder / "robot.xml"
    file.write_text(RECORDED["robots"][name]["model"])
    return load(file)


@pytest.mark.parametrize("name", RECORDED["robots"])
def test_robots_with_tendons_move_as_in_mujoco(tmp_path: Path, name: str):
    model, numbers = recorded(tmp_path, name), RECORDED["robots"][name]
    q, v, u = numbers["qpos"], numbers["qvel"], 0.5 * np.ones(model.nu)
    assert off(model.acceleration(q, v, u), numbers["qacc"]) < 1e-12
    assert off(model.energy(q, v), numbers["energy"]) < 1e-13
    if numbers["sensordata"]:
        assert off(model.sensors(q, v, u), numbers["sensordata"]) < 1e-13
    for _ in range(100):
        q, v = model.step(q, v, u)
    assert off(q, numbers["end"][0]) < 1e-12
    assert off(v, numbers["end"][1]) < 1e-12


@pytest.mark.parametrize("name", kept(["share a joint", "limits through space"], "limits through space"))
def test_its_gradient(tmp_path: Path, name: str):
    model = recorded(tmp_path, name)

    @fn
    def after(q: Any, v: Any, mass: Any) -> Any:
        return model.acceleration(q, v, [], parameters={"body #1 mass": mass})

    numbers = RECORDED["robots"][name]
    report = check_grads(after, np.array(numbers["qpos"]), np.array(numbers["qvel"]), 4.0)
    assert report.passed, report


def test_what_it_says_is_read(tmp_path: Path):
    tail = f'{TENDON}<equality><tendon name="e" tendon1="t" polycoef="0.1 2" solref="0.05 0.8"/></equality>'
    (found,) = mjcf(tmp_path, ARM, tail=tail).equalities
    assert isinstance(found, TendonEquality)
    assert (found.name, found.first, found.second) == ("e", 0, None)
    assert (found.polynomial, found.soft.solref) == ((0.1, 2.0, 0.0, 0.0, 0.0), (0.05, 0.8))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ('<tendon tendon1="t" tendon2="t"/>', "names one tendon twice; name two"),
        ('<tendon tendon1="r"/>', 'names the tendon "r", which is not there'),
        ('<tendon tendon1="t" joint1="j"/>', "joint1"),
        ("<tendon/>", "tendon1"),
    ],
)
def test_mistakes(tmp_path: Path, words: str, sentence: str):
    with pytest.raises(RobotError, match=sentence):
        mjcf(tmp_path, ARM, tail=f"{TENDON}<equality>{words}</equality>")


@pytest.mark.parametrize("kind", ["joint", "tendon"])
@pytest.mark.parametrize("contact", ["none", "compliant"])
def test_what_follows_is_not_dropped_in_silence(tmp_path: Path, kind: str, contact: str):
    tail = f'{TENDON}<equality><{kind} {kind}1="{"j" if kind == "joint" else "t"}"/></equality>'
    held = Model(mjcf(tmp_path, ARM, tail=tail))
    with pytest.raises(ValueError, match=rf"equalities \(<{kind}>\), .*ignore=\(\"equality {kind}\",\) to leave"):
        held.acceleration([0.1], [0.0], [], contact=contact)
    loose = Model(mjcf(tmp_path, ARM, tail=tail, ignore=(f"equality {kind}",)))
    off_by_flag = Model(mjcf(tmp_path, ARM, '<option><flag equality="disable"/></option>', tail))
    accelerations = [m.acceleration([0.1], [0.0], [], contact=contact) for m in (loose, off_by_flag)]
    assert np.array_equal(*accelerations)


# ---------------------------------------------------------------------------------------------- through space

SITES = """<site name="up" pos="0 0 1"/><body name="a"><joint name="j" axis="0 1 0"/><geom name="g" size="0.1"/>
  <site name="s"/><site name="r" pos="0.3 0 0"/></body>"""


def path(inside: str, words: str = 'stiffness="1"') -> str:
    return f'<tendon><spatial name="t" {words}>{inside}</spatial></tendon>'


def test_what_runs_from_site_to_site_is_read(tmp_path: Path):
    inside = '<site site="up"/><site site="s"/><pulley divisor="4"/><site site="r"/><site site="up"/><site site="s"/>'
    (found,) = mjcf(tmp_path, SITES, tail=path(inside, 'springlength="0.1 0.2" range="0 2"')).tendons
    assert [(s.first, s.second, s.part) for s in found.strands] == [(0, 1, 1.0), (2, 0, 0.25), (0, 1, 0.25)]
    assert (found.joints, found.springlength, found.range) == ((), (0.1, 0.2), (0.0, 2.0))


@pytest.mark.parametrize(
    ("inside", "sentence"),
    [
        ("", "a branch with fewer than two sites"),
        ('<site site="up"/>', "a branch with fewer than two sites"),
        ('<site site="up"/><pulley divisor="2"/><site site="s"/><site site="r"/>', "a branch with fewer than two"),
        ('<site site="up"/><site site="s"/><pulley divisor="2"/>', "a branch with fewer than two sites"),
        ('<site site="up"/><site site="s"/><pulley divisor="0"/>', "is 0; a positive number"),
        ('<site site="up"/><site site="up"/>', "is that before it"),
        ('<site site="up"/><site site="x"/>', 'names the site "x"'),
        ('<site site="up"/><geom geom="g"/><site site="s"/>', "wraps around a geom, which is not there yet"),
        ('<site site="up"/><joint joint="j"/>', "unknown element"),
    ],
)
def test_mistakes_of_a_path(tmp_path: Path, inside: str, sentence: str):
    with pytest.raises(RobotError, match=sentence):
        mjcf(tmp_path, SITES, tail=path(inside))


def test_where_two_sites_meet_there_is_no_direction_and_no_nan(tmp_path: Path):
    """The spring pulls with its length, which is 0."""
    body = SITES.replace('<site name="up" pos="0 0 1"/>', '<site name="up" pos="0.3 0 0"/>')
    model = Model(
        mjcf(tmp_path, body, tail=path('<site site="up"/><site site="r"/>', 'stiffness="9" springlength="0"'))
    )
    loose = Model(mjcf(tmp_path, body))
    at = [0.0], [0.1], []
    assert off(model.acceleration(*at, contact="none"), loose.acceleration(*at, contact="none")) < 1e-12
    assert np.isfinite(grad(fn(lambda q: model.energy(q, [0.1])[1]))(np.zeros(1))).all()


def test_compliant_limits_hold_tendons_and_balls(tmp_path: Path):
    ball = """<body name="b" pos="1 0 0"><joint name="k" type="ball" range="0 30"/><geom size="0.1" pos="0 0 -0.5"/>
      <site name="x" pos="0 0 -0.5"/></body>"""
    tail = path('<site site="up"/><site site="r"/>', 'range="0 0.9"')
    head = '<option><flag contact="disable"/></option>'
    model = Model(mjcf(tmp_path, SITES + ball, head, tail))
    turned = np.array([0.0, np.cos(0.3), np.sin(0.3), 0.0, 0.0])  # by 0.6 rad, of 0.52
    still = np.zeros(4)
    free, held = (model.acceleration(turned, still, [], contact=c) for c in ("none", "compliant"))
    assert held[1] < free[1] - 1.0 and held[0] < free[0] - 1.0

    @fn
    def after(q: Any, v: Any) -> Any:
        return model.acceleration(q, v, [], contact="compliant")

    report = check_grads(after, turned, np.array([0.1, -0.2, 0.3, 0.1]))
    assert report.passed, report
