"""The words of MJCF, one by one."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from robots_kit import ARM, mjcf, rotation

from rosesim.robots.description import Joint
from rosesim.robots.files import RobotError
from rosesim.robots.files.mjcf.vocabulary import ACTUATOR, ACTUATORS, WORDS
from rosesim.robots.files.values import Values


def hinge(folder: Path, attributes: str, head: str = "") -> Joint:
    return mjcf(folder, f'<body><joint {attributes}/><geom size="1"/></body>', head).joints[0]


@pytest.mark.parametrize(
    ("attributes", "x", "z"),  # where the frame's x and z axes point
    [
        ('quat="2 0 0 2"', (0, 1, 0), (0, 0, 1)),
        ('axisangle="0 0 5 90"', (0, 1, 0), (0, 0, 1)),
        ('euler="90 0 90"', (0, 0, 1), (0, -1, 0)),  # about x, then about the turned z, which is −y
        ('xyaxes="0 2 0 1 1 0"', (0, 1, 0), (0, 0, -1)),
        ('zaxis="0 3 0"', (1, 0, 0), (0, 1, 0)),
        ('zaxis="0 0 -1"', (1, 0, 0), (0, 0, -1)),
    ],
)
def test_each_form_of_orientation(tmp_path: Path, attributes: str, x: tuple[int, ...], z: tuple[int, ...]):
    r = rotation(mjcf(tmp_path, f"<body {attributes}/>").bodies[1].quat)
    np.testing.assert_allclose(r[:, 0], x, atol=1e-15)
    np.testing.assert_allclose(r[:, 2], z, atol=1e-15)


def test_an_orientation_overrides_that_of_the_class_in_another_form(tmp_path: Path):
    head = '<default><geom euler="0 90 0"/></default>'
    geoms = mjcf(tmp_path, '<geom size="1" quat="1 0 0 0"/><geom size="1"/>', head).geoms
    assert geoms[0].quat == (1.0, 0.0, 0.0, 0.0)
    np.testing.assert_allclose(rotation(geoms[1].quat)[:, 2], (1, 0, 0), atol=1e-15)


def test_capital_letters_of_eulerseq_turn_about_fixed_axes(tmp_path: Path):
    angles = '<body euler="20 -30 50"/>'
    fixed = mjcf(tmp_path, angles, '<compiler eulerseq="XYZ"/>').bodies[1].quat
    turned = mjcf(tmp_path, '<body euler="50 -30 20"/>', '<compiler eulerseq="zyx"/>').bodies[1].quat
    np.testing.assert_allclose(fixed, turned, atol=1e-15)


def test_degrees_govern_angles_and_nothing_else(tmp_path: Path):
    joint = hinge(tmp_path, 'range="-90 180" ref="45" springref="30" damping="2"')
    np.testing.assert_allclose((*(joint.range or ()), joint.ref), (-math.pi / 2, math.pi, math.pi / 4))
    np.testing.assert_allclose((joint.springref, joint.damping), (math.pi / 6, 2))
    slide = hinge(tmp_path, 'type="slide" range="-90 180" ref="45"')
    assert (slide.range, slide.ref) == ((-90.0, 180.0), 45.0)
    assert hinge(tmp_path, 'range="-1 1"', '<compiler angle="radian"/>').range == (-1.0, 1.0)


def test_defaults_come_from_the_class_or_the_childclass_above_or_main(tmp_path: Path):
    head = """<default><joint damping="1" armature="0.5"/><default class="a"><joint damping="2"/>
      <default class="b"><joint stiffness="7"/></default></default></default>"""
    body = """<body><joint name="main"/><joint name="b" class="b"/><geom size="1"/>
      <body childclass="a"><joint name="a"/><geom size="1"/><body><joint name="below"/><geom size="1"/></body></body>
    </body>"""
    found = {j.name: (j.damping, j.stiffness, j.armature) for j in mjcf(tmp_path, body, head).joints}
    assert found == {"main": (1, 0, 0.5), "b": (2, 7, 0.5), "a": (2, 0, 0.5), "below": (2, 0, 0.5)}


def test_defaults_of_joints_do_not_hold_for_a_freejoint(tmp_path: Path):
    head = '<default><joint damping="1" armature="2" stiffness="3"/></default>'
    free = mjcf(tmp_path, '<body><freejoint/><geom size="1"/></body>', head).joints[0]
    assert (free.kind, free.damping, free.armature, free.stiffness) == ("free", 0, 0, 0)


def test_an_array_given_in_part_takes_the_rest_of_its_class(tmp_path: Path):
    head = '<default><geom friction="0.5 0.1 0.2" solimp="0.8 0.9 0.01"/></default>'
    geom = mjcf(tmp_path, '<geom size="1" friction="0.7" solimp="0.6"/>', head).geoms[0]
    assert (geom.friction, geom.solimp) == ((0.7, 0.1, 0.2), (0.6, 0.9, 0.01, 0.5, 2.0))


@pytest.mark.parametrize("kind", ["box", "ellipsoid"])
def test_a_box_between_two_points_has_its_length_along_z(tmp_path: Path, kind: str):
    geom = mjcf(tmp_path, f'<geom type="{kind}" fromto="1 0 0 3 0 0" size="0.2"/>').geoms[0]
    assert (geom.size, geom.pos) == ((0.2, 0.2, 1.0), (2.0, 0.0, 0.0))
    np.testing.assert_allclose(rotation(geom.quat)[:, 2], (-1, 0, 0), atol=1e-15)


SERVOS = [
    ('<motor joint="j"/>', (1, 0, 0), (0, 0, 0), "none"),
    ('<position joint="j" kp="5" kv="2"/>', (5, 0, 0), (0, -5, -2), "none"),
    ('<position joint="j" kp="5" timeconst="0.1"/>', (5, 0, 0), (0, -5, 0), "filterexact"),
    ('<velocity joint="j" kv="3"/>', (3, 0, 0), (0, 0, -3), "none"),
    ('<intvelocity joint="j" kp="4" actrange="-1 1"/>', (4, 0, 0), (0, -4, 0), "integrator"),
    ('<damper joint="j" kv="2" ctrlrange="0 1"/>', (0, 0, -2), (0, 0, 0), "none"),
    ('<cylinder joint="j" area="6" timeconst="0.2" bias="1 2 3"/>', (6, 0, 0), (1, 2, 3), "filter"),
    ('<general joint="j" gainprm="2 3 4" biasprm="5 6 7"/>', (2, 0, 0), (0, 0, 0), "none"),
    ('<general joint="j" gaintype="affine" gainprm="2 3" biastype="affine" biasprm="5 6 7" dyntype="filter"/>',
     (2, 3, 0), (5, 6, 7), "filter"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "gain", "bias", "dynamics"), SERVOS)
def test_each_kind_of_actuator(
    tmp_path: Path, text: str, gain: tuple[int, ...], bias: tuple[int, ...], dynamics: str
):
    actuator = mjcf(tmp_path, ARM, tail=f"<actuator>{text}</actuator>").actuators[0]
    assert (actuator.gain, actuator.bias, actuator.dynamics) == (gain, bias, dynamics)
    assert actuator.time_constant == (0.1 if "0.1" in text else 0.2 if "0.2" in text else 1.0)


def test_defaults_of_actuators_are_one_record(tmp_path: Path):
    head = '<default><motor gear="7" ctrlrange="-2 2"/><position kp="9" kv="1"/></default>'
    tail = '<actuator><position joint="j"/><general joint="j"/><motor joint="j"/><velocity joint="j"/></actuator>'
    position, general, motor, velocity = mjcf(tmp_path, ARM, head, tail).actuators
    assert position.gear[0] == general.gear[0] == motor.gear[0] == 7 and velocity.ctrl_range == (-2.0, 2.0)
    assert (position.gain[0], position.bias) == (general.gain[0], general.bias) == (9.0, (0.0, -9.0, -1.0))
    assert (motor.gain, motor.bias) == ((1.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    assert (velocity.gain[0], velocity.bias) == (9.0, (0.0, 0.0, -9.0))


def test_a_range_is_inherited_from_the_joint(tmp_path: Path):
    tail = '<actuator><position joint="j" inheritrange="0.5"/></actuator>'
    found = mjcf(tmp_path, ARM, '<compiler angle="radian"/>', tail).actuators[0].ctrl_range
    assert found == (-0.5, 0.5)


def test_tendons_sensors_equalities_pairs_and_keys(tmp_path: Path):
    body = f'{ARM}<body name="b"><joint name="k" type="slide"/><geom name="h" size="0.1"/></body>'
    tail = """<tendon><fixed name="t" stiffness="3" springlength="0.1"><joint joint="j" coef="2"/>
      <joint joint="k" coef="-1"/></fixed></tendon>
      <actuator><motor name="m" tendon="t"/></actuator>
      <equality><joint joint1="k" joint2="j"/>
      <joint joint1="j" joint2="k" polycoef="0.1 2"/><weld body1="a" active="false"/></equality>
      <sensor><jointpos joint="k" cutoff="2"/><framepos objtype="xbody" objname="b"/><gyro site="s"/>
      <actuatorfrc actuator="m"/><subtreecom body="a"/><force site="s"/></sensor>
      <contact><pair geom1="g" geom2="h" condim="1"/><exclude body1="a" body2="world"/></contact>
      <keyframe><key name="up" qpos="0.5 0.25"/></keyframe>"""
    robot = mjcf(tmp_path, body, tail=tail)
    tendon = robot.tendons[0]
    assert (tendon.joints, tendon.stiffness, tendon.springlength) == (((0, 2.0), (1, -1.0)), 3.0, (0.1, 0.1))
    assert (robot.actuators[0].on, robot.actuators[0].target) == ("tendon", 0)
    assert robot.equalities[0].polynomial == (0.0, 1.0, 0.0, 0.0, 0.0)  # as the other
    equality = robot.equalities[1]
    assert (equality.first, equality.second, equality.polynomial) == (0, 1, (0.1, 2.0, 0.0, 0.0, 0.0))
    assert [(s.kind, s.of, s.index, s.cutoff) for s in robot.sensors] == [
        ("jointpos", "joint", 1, 2.0), ("framepos", "xbody", 2, 0.0), ("gyro", "site", 0, 0.0),
        ("actuatorfrc", "actuator", 0, 0.0), ("subtreecom", "body", 1, 0.0),
    ]  # fmt: skip
    assert (robot.pairs[0].geoms, robot.pairs[0].condim, robot.pairs[0].friction) == ((0, 1), 1, None)
    assert (robot.excluded, robot.keys[0].qpos, robot.keys[0].qvel) == (((1, 0),), (0.5, 0.25), None)
    assert {(i.what, i.harmless) for i in robot.ignored} == {
        ("sensor force", True),
        ("equality weld (not active)", True),
    }


def test_frames_and_replicates_dissolve(tmp_path: Path):
    body = """<frame pos="1 0 0" euler="0 0 90"><replicate count="11" offset="1 0 0">
      <body name="b" pos="0 1 0"><joint name="j" axis="1 0 0"/><geom size="1"/></body></replicate></frame>"""
    robot = mjcf(tmp_path, body)
    assert [b.name for b in robot.bodies[1:3]] == ["b00", "b01"] and robot.joints[10].name == "j10"
    np.testing.assert_allclose(robot.bodies[1].pos, (0, 0, 0), atol=1e-15)
    np.testing.assert_allclose(robot.bodies[11].pos, (0, 10, 0), atol=1e-14)
    assert robot.joints[0].axis == (1.0, 0.0, 0.0)  # in the body's own frame, which has turned


def test_a_frame_within_a_body_moves_its_joints_and_geoms(tmp_path: Path):
    body = """<body><frame pos="1 0 0" euler="0 0 90"><joint axis="1 0 0" pos="0 1 0"/><geom size="1" pos="1 0 0"/>
      </frame></body>"""
    robot = mjcf(tmp_path, body)
    np.testing.assert_allclose(robot.joints[0].axis, (0, 1, 0), atol=1e-15)
    np.testing.assert_allclose(robot.joints[0].pos, (0, 0, 0), atol=1e-15)
    np.testing.assert_allclose(robot.geoms[0].pos, (1, 1, 0), atol=1e-15)


def test_what_is_of_a_body_comes_before_the_bodies_in_it(tmp_path: Path):
    body = """<body name="a"><body name="b"><joint name="2"/><geom name="3" size="1"/></body>
      <geom name="2" size="1"/><joint name="1"/></body><geom name="1" size="1"/>"""
    robot = mjcf(tmp_path, body)
    assert [j.name for j in robot.joints] == ["1", "2"]
    assert [(g.name, g.body) for g in robot.geoms] == [("1", 0), ("2", 1), ("3", 2)]


def test_includes_are_relative_to_the_main_file_and_come_once(tmp_path: Path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/arm.xml").write_text('<mujocoinclude><include file="leaf.xml"/></mujocoinclude>')
    (tmp_path / "leaf.xml").write_text(f"<x>{ARM}</x>")
    assert mjcf(tmp_path, '<include file="parts/arm.xml"/>').joints[0].name == "j"
    for text in ('<include file="leaf.xml"/><include file="leaf.xml"/>', '<include file="robot.xml"/>'):
        with pytest.raises(RobotError, match=r"robot.xml:4: .* a file is included once"):
            mjcf(tmp_path, text)


def test_inertia_groups_and_inertials(tmp_path: Path):
    body = """<body><inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/><geom size="1" group="2"/><geom size="1"/>
      </body>
      <body><geom size="1" group="4"/></body>"""
    head = '<compiler inertiagrouprange="0 2"{}/>'
    robot = mjcf(tmp_path, body, head.format(""))
    assert robot.bodies[1].inertial is not None and robot.bodies[2].inertial is None
    assert [g.has_inertia for g in robot.geoms] == [False, False, False]
    robot = mjcf(tmp_path, body, head.format(' inertiafromgeom="true"'))
    assert robot.bodies[1].inertial is None and [g.has_inertia for g in robot.geoms] == [True, True, False]


def test_flags_and_masses(tmp_path: Path):
    head = """<compiler settotalmass="14" boundmass="0.1" boundinertia="0.2" balanceinertia="true"/>
      <option density="1000" wind="1 2 3" cone="elliptic"><flag passive="disable" energy="enable" contact="disable"/>
      </option><option viscosity="0.1"/>"""
    o = mjcf(tmp_path, ARM, head).options
    assert (o.total_mass, o.least_mass, o.least_inertia, o.balance_inertia) == (14.0, 0.1, 0.2, True)
    assert (o.density, o.viscosity, o.wind, o.cone) == (1000.0, 0.1, (1.0, 2.0, 3.0), "elliptic")
    assert o.disabled == {"spring", "damper", "contact"}


def test_every_word_that_is_called_read_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A word in the table that no reader asks for would be ignored without a word."""
    asked: set[tuple[int, str]] = set()
    where, partial = Values.where, Values.partial

    def noted(self: Values, name: str) -> Any:
        asked.add((id(self.known), name))
        return where(self, name)

    def noted_partial(self: Values, name: str, *rest: Any, **more: Any) -> Any:
        asked.add((id(self.known), name))
        return partial(self, name, *rest, **more)

    monkeypatch.setattr(Values, "where", noted)
    monkeypatch.setattr(Values, "partial", noted_partial)
    (tmp_path / "part.xml").write_text('<x><body name="included"/></x>')
    body = f"""{ARM}<include file="part.xml"/><frame/><replicate count="1"/>
      <body pos="0 0 1"><inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/><freejoint/></body>
      <geom fromto="0 0 0 1 0 0" type="capsule" size="1"/><geom type="mesh" mesh="m"/><site fromto="0 0 0 1 0 0"
      type="capsule"/><site name="r"/>"""
    mesh = 'vertex="0 0 0 1 0 0 0 1 0 0 0 1" face="0 2 1 0 1 3 0 3 2 1 2 3"'
    head = f"""<default><tendon/></default>
      <asset><material name="grey"/><mesh name="m" {mesh}/><mesh file="n.obj"/></asset>"""
    tail = """<tendon><fixed name="t"><joint joint="j" coef="1"/></fixed>
      <spatial range="0 1"><site site="s"/><site site="r"/><pulley divisor="1"/><site site="s"/><site site="r"/>
      </spatial></tendon>
      <contact><pair geom1="g" geom2="g" friction="1" solref="1" solimp="1" margin="1"/>
      <exclude body1="a" body2="a"/></contact>
      <equality><joint joint1="j"/><tendon tendon1="t"/>
      <connect body1="a" anchor="0 0 0"/><weld body1="a"/></equality>
      <keyframe><key/></keyframe>
      <actuator><general joint="j"/><motor joint="j"/><position joint="j" timeconst="1"/><velocity joint="j"/>
      <intvelocity joint="j" actrange="-1 1"/><damper joint="j" ctrlrange="0 1"/><cylinder joint="j" diameter="1"/>
      </actuator>"""
    mjcf(tmp_path, body, head, tail)
    (tmp_path / "n.obj").write_text("")
    with pytest.raises(RobotError):
        mjcf(tmp_path, '<geom type="mesh" mesh="n"/>', head)
    # What every reader asks for, of the element's chain.
    common = {"name", "class", "childclass", *"quat axisangle euler xyaxes zaxis".split()}
    shared = {name for name in ACTUATOR.read if (id(ACTUATOR), name) in asked}
    for kind, known in WORDS.items():
        missing = known.read - common - {name for where, name in asked if where == id(known)}
        if kind in ACTUATORS:
            missing -= shared
        assert not missing - UNREAD.get(kind, set()), kind


UNREAD: dict[str, set[str]] = {
    "geom": {"hfield"},  # with its type, which is refused
}
