"""What MJCF readers refuse: where, what, and the way on; and what a user may leave out."""

from pathlib import Path

import pytest
from robots_kit import ARM, mjcf

from rosesim.robots.files import RobotError

FULL = '<inertial pos="0 0 0" mass="1" diaginertia="{}"/>'
REFUSED = [
    ('<body><joint dampning="1"/></body>', "", 'an unknown attribute "dampning"; did you mean "damping"?'),
    ("<boddy/>", "", '<body> has an unknown element "boddy"; did you mean "body"?'),
    ('<body><joint range="-1 1"/></body>', '<compiler autolimits="false"/>', 'say limited="true" or "false"'),
    ("", '<compiler coordinate="global"/>', "no longer read"),
    ("", '<option integrator="discrete"/>', "use \"implicitfast\""),
    ('<body><joint type="fixed"/></body>', "", '<joint type> is "fixed"; known are'),
    ('<geom type="plane"/>', "", "a plane has 3 numbers"),
    ('<geom size="1" material="steel"/>', "", 'names "steel", which no <asset> defines'),
    ('<body><inertial mass="1" diaginertia="1 1 1"/></body>', "", "pos is missing"),
    (f"<body name='base'>{FULL.format('0.1 0.06 0.025')}</body>", "", "is not that of a body (0.06 + 0.025 < 0.1)"),
    ('<body quat="1 0 0 0" euler="1 2 3"/>', "", "give its orientation once"),
    ('<body quat="0 0 0 0"/>', "", "has no direction"),
    ('<geom type="sphere"/>', "", "a sphere has a positive number"),
    ('<geom type="box" size="1 2"/>', "", "a box has 3 positive numbers"),
    ('<geom size="1" condim="5"/>', "", "1, 3, 4 or 6 is expected"),
    ('<geom size="1" density="-1"/>', "", "0 or more is expected"),
    ('<geom size="nan"/>', "", 'has "nan"; a finite decimal number is expected'),
    ('<geom size="1e999"/>', "", "numbers up to 1e+40 are read"),
    ('<body pos="1 2"/>', "", "has 2 numbers"),
    ('<body><body><freejoint/></body></body>', "", "only for a child of the world"),
    ('<body><freejoint/><joint/></body>', "", "alone in its body"),
    ('<body mocap="true"><joint/></body>', "", "without joints"),
    ('<body name="a"/><body name="a"/>', "", 'two of kind body with the name "a"'),
    ('<body childclass="x"/>', "", "that no <default> defines"),
    ("<joint/>", "", "stands in the world"),
    ('<replicate count="99999"><replicate count="99999"/></replicate>', "", "makes more than"),
    ("<body>pos</body>", "", "there is text in <body>"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "head", "sentence"), REFUSED)
def test_a_refusal_says_where_what_and_the_way_on(tmp_path: Path, body: str, head: str, sentence: str):
    with pytest.raises(RobotError) as found:
        mjcf(tmp_path, body, head)
    assert sentence in str(found.value)
    assert f"robot.xml:{4 if body else 2}:" in str(found.value)


def test_the_line_of_a_wrong_default_is_that_of_the_default(tmp_path: Path):
    with pytest.raises(RobotError, match=r"robot.xml:2: <joint damping>.* 0 or more is expected"):
        mjcf(tmp_path, "<body>\n<joint/></body>", '<default><joint damping="-1"/></default>')


LATER = [
    ('<geom type="hfield" hfield="h"/>', "", "geom hfield"),
    ('<geom size="1" gap="0.1"/>', "", "geom gap"),
    ('<geom size="1" shellinertia="true"/>', "", "geom shellinertia"),
    ('<composite type="rope"/>', "", "body composite"),
    (ARM, '<tendon><spatial name="t" stiffness="1"><geom geom="g"/></spatial></tendon>', "tendon spatial"),
    (ARM, '<equality><flex flex="f"/></equality>', "equality flex"),
    (ARM, '<equality><weld site1="s" site2="s"/></equality>', "equality of sites"),
    (ARM, '<actuator><muscle joint="j"/></actuator>', "actuator muscle"),
    (ARM, '<actuator><motor site="s"/></actuator>', "actuator on site"),
    (ARM, '<actuator><general joint="j" dyntype="muscle"/></actuator>', "actuator muscle"),
    ("", '<option noslip_iterations="3"/>', "option noslip_iterations"),
    ("", '<option><flag override="enable"/></option>', "flag override"),
    ("", "<extension><plugin/></extension>", "extension"),
]


@pytest.mark.parametrize(("body", "tail", "what"), LATER)
def test_what_is_not_there_yet_can_be_left_out_by_its_name(tmp_path: Path, body: str, tail: str, what: str):
    with pytest.raises(RobotError) as found:
        mjcf(tmp_path, body, tail=tail)
    assert f'Give ignore=("{what}",)' in str(found.value)
    for name in (what, what.split()[0]):  # a class stands for all that begin with its words
        robot = mjcf(tmp_path, body, tail=tail, ignore=(name,))
        assert [i.what for i in robot.ignored if not i.harmless] == [what]


def test_what_pulls_on_a_tendon_that_is_left_out_is_left_out_by_its_own_name(tmp_path: Path):
    wraps = '<tendon><spatial name="t" stiffness="1"><site site="s"/><geom geom="g"/></spatial></tendon>'
    tail = f'{wraps}<actuator><motor tendon="t"/></actuator>'
    with pytest.raises(RobotError, match="wraps around a geom"):
        mjcf(tmp_path, ARM, tail=tail)
    with pytest.raises(RobotError, match="actuator on tendon spatial"):
        mjcf(tmp_path, ARM, tail=tail, ignore=("tendon spatial",))
    with pytest.raises(RobotError, match="wraps around a geom"):
        mjcf(tmp_path, ARM, tail=tail.replace("stiffness", "width"))
    robot = mjcf(tmp_path, ARM, tail=tail, ignore=("tendon spatial", "actuator on tendon"))
    assert [i.what for i in robot.ignored] == ["actuator on tendon spatial", "tendon spatial"]


def test_a_spatial_tendon_without_effect_is_a_line_in_the_picture(tmp_path: Path):
    robot = mjcf(tmp_path, ARM, tail='<tendon><spatial name="t" width="1"/></tendon>')
    assert [i.what for i in robot.ignored] == ["spatial width", "tendon spatial (without effect)"]
    assert all(i.harmless for i in robot.ignored)


def test_quaternions_of_a_key_are_unit(tmp_path: Path):
    tail = '<keyframe><key name="k" qpos="1 2 3 0 3 0 4"/></keyframe>'
    assert mjcf(tmp_path, "<body><freejoint/></body>", tail=tail).keys[0].qpos == (1, 2, 3, 0, 0.6, 0, 0.8)


def test_a_class_that_nothing_is_called_is_refused(tmp_path: Path):
    with pytest.raises(RobotError, match='did you mean "sensor"'):
        mjcf(tmp_path, ARM, ignore=("sensr",))
    mjcf(tmp_path, ARM, ignore=("contact mesh-plane",))  # the mechanics knows which contacts there are


def test_harmless_things_are_listed_by_name(tmp_path: Path):
    robot = mjcf(tmp_path, "<light/><light/><camera/>", "<visual/><asset><texture/></asset>")
    assert [(i.what, i.line) for i in robot.ignored] == [("camera", 4), ("light", 4), ("texture", 2), ("visual", 2)]
