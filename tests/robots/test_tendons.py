"""Equalities of fixed tendons: against MuJoCo's numbers, and what a file may say of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from robots_kit import ARM, mjcf, off

from rosesim import check_grads, fn
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
def test_a_tendon_follows_another_as_in_mujoco(tmp_path: Path, name: str):
    model, numbers = recorded(tmp_path, name), RECORDED["robots"][name]
    q, v = numbers["qpos"], numbers["qvel"]
    assert off(model.acceleration(q, v, []), numbers["qacc"]) < 1e-12
    for _ in range(100):
        q, v = model.step(q, v, [])
    assert off(q, numbers["end"][0]) < 1e-12
    assert off(v, numbers["end"][1]) < 1e-12


def test_its_gradient(tmp_path: Path):
    name = "share a joint"
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
