"""What a user gets wrong in a call is told in one sentence, before anything is compiled."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim import ArgumentError, ProgramError, fn, scan
from rosesim.robots import Compliant, Model, RobotError, load
from rosesim.robots.description import Body, Description, Geom, Joint

PENDULUM: Any = Model(
    Description(
        "pendulum",
        (Body("world", 0), Body("rod", 0)),
        (Joint("pivot", "hinge", 1, axis=(0.0, 1.0, 0.0)),),
        (Geom("rod", "capsule", 1, (0.02, 0.5), (0.0, 0.0, -0.5)),),
    )
)
ANY: Any = None
"""To give what the type checker refuses."""


def step(**options: Any) -> Any:
    return PENDULUM.step([0.1], [0.0], [], **options)


@pytest.mark.parametrize(
    ("name", "given", "shape"),
    [("q", ([0.1, 0.2], [0.0], []), 2), ("v", ([0.1], [0.0] * 3, []), 3), ("ctrl", ([0.1], [0.0], [1.0]), 1)],
)
def test_a_wrong_size_names_its_argument(name: str, given: Any, shape: int):
    with pytest.raises(ArgumentError, match=rf"argument {name}: found an array of shape \({shape},\).*, expected an"):
        PENDULUM.step(*given)


@pytest.mark.parametrize(("name", "value"), [("body rod mass", -1.0), ("geom rod size", [0.02, np.nan])])
def test_a_parameter_that_no_robot_has_stops_the_program(name: str, value: Any):
    """Also within a loop, and where others are given that are right."""

    @fn
    def end(x: Any) -> Any:
        given = {"joint pivot damping": 0.1, "joint pivot armature": 0.0, name: x}

        def moved(s: Any, t: Any) -> Any:
            return PENDULUM.step(*s, [], parameters=given)

        return scan(moved, (np.array([0.1]), np.zeros(1)), 3)[0][0]

    with pytest.raises(ProgramError, match=f"one of the robot's parameters .*{name}.* is negative or NaN"):
        end(value)
    with pytest.raises(ProgramError, match=f"the robot's parameter '{name}' is negative or NaN"):
        step(parameters={name: value})
    step(parameters={"joint pivot damping": -0.1})  # something drives it


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: step(contact="hard"), "contact='hard' was found; expected \"none\", \"soft\", \"compliant\" or"),
        (lambda: step(contact=None), "contact=None was found"),
        (lambda: step(integrator="discrete"), "integrator='discrete' was found; expected one of euler, "),
        (lambda: PENDULUM.function("step", integrator="discrete"), "integrator='discrete' was found"),
        (lambda: PENDULUM.function("stepp"), "the function 'stepp' was found; expected one of positions, "),
        (lambda: step(parameters={"body rodd mass": 1.0}), "'body rodd mass' was found; .* mean 'body rod mass'"),
        (lambda: step(parameters={"gravity": -9.81}), "'gravity' has one number; expected a vector of 3"),
        (lambda: step(parameters={"gravity": np.eye(3)}), "'gravity' has vectors; expected a vector of 3"),
        (lambda: step(parameters={"timestep": [0.1]}), "'timestep' has a vector of 1; expected one number"),
        (lambda: step(parameters={"timestep": None}), "'timestep' has no number; expected one number"),
        (lambda: step(parameters=["timestep"]), r"parameters=\['timestep'\] was found; expected numbers by name"),
        (lambda: Compliant(stiffness=-1.0), r"Compliant\(stiffness=-1.0\) was found; expected a positive number"),
        (lambda: Compliant(slip=0.0), r"Compliant\(slip=0.0\) was found; expected a positive number"),
        (lambda: Compliant(dissipation=ANY), r"Compliant\(dissipation=None\) was found; expected 0 or a positive"),
        (lambda: Model(ANY), r"Model\(None\) was found; expected a Description, or robots.load\(path\) of a file"),
        (lambda: load(ANY), r"load\(None\) was found; expected the path of a file"),
        (lambda: load("a.xml", ignore=ANY), "ignore=None was found; expected a name or several, as in ignore="),
        (lambda: load("a.xml", motors=ANY), "motors=None was found; expected a name or several, as in motors="),
        (lambda: load("a.xml", ignore="contact box-bux"), 'nothing is called .*; did you mean "contact box-box"'),
    ],
)  # fmt: skip
def test_a_mistake_in_a_call(call: Callable[[], Any], sentence: str):
    with pytest.raises(ValueError, match=sentence) as found:
        call()
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be opened .*; give the path of a file"),
        ("", "is empty; a robot in MJCF"),
        (" \n", "is empty; a robot in MJCF"),
        ("hello", "1: is not well-formed XML"),
        ("<sdf/>", "1: begins with <sdf>; <mujoco>"),
    ],
)
def test_a_file_that_is_no_robot(tmp_path: Path, content: str | None, sentence: str):
    file = tmp_path / "robot.xml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(RobotError, match=f"robot.xml:? ?{sentence}"):
        load(file)
    with pytest.raises(RobotError, match="is not a file; a folder"):
        load(tmp_path)


def test_pairs_of_shapes_are_left_out_by_name_and_those_without_a_contact_are_refused(tmp_path: Path):
    file = tmp_path / "robot.xml"
    shapes = "".join(
        f'<body pos="{k} 0 0">\n<freejoint/><geom name="g{k}" type="{kind}" size="0.1 0.2 0.3"/></body>'
        for k, kind in enumerate(("cylinder", "box", "ellipsoid"))
    )
    planes = "".join(f'\n<geom name="p{k}" type="plane" size="1 1 1" contype="0" conaffinity="0"/>' for k in range(2))
    tail = "</worldbody>{}</mujoco>"
    file.write_text(f"<mujoco><worldbody>{shapes}{planes}{tail.format('')}")
    assert len(load(file).touches) == 3
    kept = load(file, ignore=("contact box-cylinder", "contact ellipsoid-cylinder", "contact ellipsoid-box"))
    assert kept.touches == []
    pair = '<contact><pair geom1="p0" geom2="p1"/></contact>'
    file.write_text(f"<mujoco><worldbody>{shapes}{planes}{tail.format(pair)}")
    robot = load(file)
    with pytest.raises(RobotError) as found:
        robot.function("step")
    said = str(found.value)
    assert said.startswith(f"{file}:6: geom 'p0', a plane, and geom 'p1', a plane, may touch: that contact is not")
    assert 'ignore=("contact plane-plane",)' in said and 'contact="none"' in said
    assert "or take their <pair> out of the file" in said
    robot.function("step", contact="none")
    assert len(load(file, ignore="contact plane-plane").touches) == 3
