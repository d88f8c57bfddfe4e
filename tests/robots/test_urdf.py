"""URDF as MuJoCo compiles it, and the words of the format one by one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from robots_kit import body_inertia, model_file, reference, rotation

from rosesim.robots.description import Description
from rosesim.robots.files import RobotError, load

INERTIAL = (
    '<inertial><origin xyz="{}"/><mass value="{}"/>'
    '<inertia ixx="0.02" iyy="0.02" izz="0.02" ixy="0" ixz="0" iyz="0"/></inertial>'
)


def urdf(folder: Path, text: str, **options: Any) -> Description:
    file = folder / "robot.urdf"
    file.write_text(f'<robot name="r">\n{text}\n</robot>', encoding="utf-8")
    return load(file, **options)


def link(name: str, mass: float = 1.0, com: str = "0 0 0", more: str = "") -> str:
    return f'<link name="{name}">{INERTIAL.format(com, mass)}{more}</link>'


def joint(name: str, kind: str, parent: str, child: str, more: str = "") -> str:
    ends = f'<parent link="{parent}"/><child link="{child}"/>'
    return f'<joint name="{name}" type="{kind}">{ends}{more}</joint>\n'


BASE = '<link name="base"/>'
TURNING = f"{BASE}{link('arm')}\n" + joint("j", "continuous", "base", "arm", "{}")


def test_the_arm_is_the_references():
    robot, compiled = load(model_file("arm3_urdf")), reference("arm3_urdf")["compiled"]
    for i, (body, expected) in enumerate(zip(robot.bodies, compiled["bodies"], strict=True)):
        assert (body.name, body.parent) == (expected["name"], expected["parent"])
        np.testing.assert_allclose(body.pos, expected["pos"], rtol=0, atol=1e-14)
        np.testing.assert_allclose(rotation(body.quat), rotation(expected["quat"]), rtol=0, atol=1e-14)
        if i:
            mass, com, inertia = body_inertia(robot, i)
            r = rotation(expected["inertial_quat"])
            np.testing.assert_allclose([mass, *com], [expected["mass"], *expected["inertial_pos"]], rtol=1e-14)
            np.testing.assert_allclose(inertia, r @ np.diag(expected["principal_inertia"]) @ r.T, rtol=0, atol=1e-15)
    for found, expected in zip(robot.joints, compiled["joints"], strict=True):
        assert (found.name, found.kind, found.body) == (expected["name"], expected["type"], expected["body"])
        assert list(found.axis) == expected["axis"]
        assert found.range == (tuple(expected["range"]) if expected["limited"] else None)
    assert [j.damping for j in robot.joints] == compiled["dof_damping"]
    for geom, expected in zip(robot.geoms, compiled["geoms"], strict=True):
        assert (geom.kind, geom.body, list(geom.pos)) == (expected["type"], expected["body"], expected["pos"])
        np.testing.assert_allclose((*geom.size, 0.0, 0.0)[:3], expected["size"], rtol=1e-14)


def test_links_that_a_fixed_joint_connects_are_one_body_and_a_site(tmp_path: Path):
    place = '<origin xyz="2 0 0" rpy="0 0 1.5707963267948966"/>'
    hand = link("hand", 3.0, "1 0 0", '<collision><geometry><sphere radius="0.1"/></geometry></collision>')
    text = TURNING.format("") + hand + link("tip") + joint("f", "fixed", "arm", "hand", place)
    robot = urdf(tmp_path, text + joint("k", "continuous", "hand", "tip", '<origin xyz="1 0 0"/>'))
    assert [b.name for b in robot.bodies] == ["world", "arm", "tip"]
    assert [(s.name, s.body) for s in robot.sites] == [("base", 0), ("hand", 1)]
    np.testing.assert_allclose(robot.sites[1].pos, (2, 0, 0))
    np.testing.assert_allclose(robot.bodies[2].pos, (2, 1, 0), atol=1e-15)  # along the hand's turned x axis
    np.testing.assert_allclose(robot.geoms[0].pos, (2, 0, 0))
    inertial = robot.bodies[1].inertial
    assert inertial is not None and inertial.mass == 4.0
    np.testing.assert_allclose(inertial.com, (1.5, 0.75, 0))  # 1 kg at the origin, 3 kg at (2, 1, 0)
    # Two points of reduced mass 3/4 kg, (2, 1, 0) apart, and twice the links' own moments.
    xx, yy, zz, xy, *rest = inertial.inertia
    np.testing.assert_allclose((xx, yy, zz, xy), (0.75 + 0.04, 3 + 0.04, 3.75 + 0.04, -1.5))
    np.testing.assert_allclose(rest, 0, atol=1e-15)


def test_each_kind_of_joint(tmp_path: Path):
    limit = '<limit lower="-1" upper="2" effort="30" velocity="3"/><dynamics damping="0.5" friction="0.25"/>'
    for kind, ours, bounds in (
        ("revolute", "hinge", (-1, 2)),
        ("prismatic", "slide", (-1, 2)),
        ("continuous", "hinge", None),
    ):
        text = f"{BASE}{link('arm')}" + joint("j", kind, "base", "arm", f'<axis xyz="0 3 4"/>{limit}')
        robot = urdf(tmp_path, text, motors="all")
        found = robot.joints[0]
        assert (found.kind, found.range, found.force_range) == (ours, bounds, (-30.0, 30.0))
        assert (found.axis, found.damping, found.frictionloss) == ((0.0, 0.6, 0.8), 0.5, 0.25)
        assert (robot.actuators[0].name, robot.actuators[0].ctrl_range) == ("j", (-30.0, 30.0))
        assert [i.what for i in robot.ignored] == ["limit velocity (not enforced)"]
    floating = urdf(tmp_path, f"{BASE}{link('arm')}" + joint("j", "floating", "base", "arm"), motors="all")
    assert floating.joints[0].kind == "free" and not floating.actuators
    assert urdf(tmp_path, TURNING.format("")).joints[0].axis == (1.0, 0.0, 0.0)


def test_bodies_are_depth_first_in_the_order_of_the_joints(tmp_path: Path):
    text = BASE + "".join(link(name) for name in "dcba")
    ends = (("base", "a"), ("a", "b"), ("base", "c"), ("a", "d"))
    robot = urdf(tmp_path, text + "".join(joint(f"j{b}", "continuous", a, b) for a, b in ends))
    assert [(b.name, b.parent) for b in robot.bodies[1:]] == [("a", 0), ("b", 1), ("d", 1), ("c", 0)]
    assert [j.name for j in robot.joints] == ["ja", "jb", "jd", "jc"]


def test_a_free_base_is_a_body_of_its_own(tmp_path: Path):
    text = link("base") + link("arm") + joint("j", "continuous", "base", "arm")
    robot = urdf(tmp_path, text, base="free")
    assert [b.name for b in robot.bodies] == ["world", "base", "arm"]
    assert [(j.name, j.kind, j.body) for j in robot.joints] == [("root", "free", 1), ("j", "hinge", 2)]


def test_motors_come_in_the_order_in_which_they_are_named(tmp_path: Path):
    text = TURNING.format("") + link("hand") + joint("k", "continuous", "arm", "hand")
    assert [a.target for a in urdf(tmp_path, text, motors=["k", "j"]).actuators] == [1, 0]
    with pytest.raises(RobotError, match='motors= names "elbow"'):
        urdf(tmp_path, text, motors=["elbow"])


def test_meshes_are_found_in_their_package(tmp_path: Path):
    (tmp_path / "hand_description/urdf").mkdir(parents=True)
    tetrahedron = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
    (tmp_path / "hand_description/hull.obj").write_text(tetrahedron)
    text = (
        f"{BASE}<link name='a'>{INERTIAL.format('0 0 0', 1)}<collision><geometry>"
        '<mesh filename="package://hand_description/hull.obj" scale="2 2 2"/></geometry></collision></link>'
    ) + joint("j", "continuous", "base", "a")
    robot = urdf(tmp_path / "hand_description/urdf", text)
    assert robot.geoms[0].mesh is not None and robot.geoms[0].mesh.vertices[1] == (2.0, 0.0, 0.0)
    (tmp_path / "elsewhere").mkdir()
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "hand_description").rename(tmp_path / "elsewhere/hand_description")
    with pytest.raises(RobotError, match=r"give roots=\(FOLDER,\)"):
        urdf(tmp_path, text)
    assert urdf(tmp_path, text, roots=[elsewhere]).geoms[0].mesh is not None
    robot = urdf(tmp_path, text, ignore=("mesh",))
    assert not robot.geoms and [i.what for i in robot.ignored] == ["mesh"]


def test_a_gear_is_listed_with_its_ratio(tmp_path: Path):
    gear = "<transmission><actuator><mechanicalReduction>{}</mechanicalReduction></actuator></transmission>"
    robot = urdf(tmp_path, TURNING.format("") + gear.format(50) + gear.format(1))
    assert [i.what for i in robot.ignored] == ["transmission", "transmission reduction 50 (not applied)"]


def test_what_means_nothing_is_not_judged(tmp_path: Path):
    base = link("base").replace('izz="0.02"', 'izz="0.05"')  # of what does not move
    text = base + link("arm") + joint("j", "continuous", "base", "arm") + link("cover")
    urdf(tmp_path, text + joint("f", "fixed", "arm", "cover", '<axis xyz="0 0 0"/>'))
    with pytest.raises(RobotError, match='link "base": inertia'):
        urdf(tmp_path, text + joint("f", "fixed", "arm", "cover"), base="free")


def test_what_moves_nothing_is_listed(tmp_path: Path):
    text = TURNING.format('<safety_controller k_velocity="1"/>') + "<gazebo>text</gazebo><transmission/><material/>"
    assert [i.what for i in urdf(tmp_path, text).ignored] == [
        "gazebo",
        "material",
        "safety_controller",
        "transmission",
    ]


LIMIT = '<limit lower="{}" upper="{}" effort="1" velocity="1"/>'
REFUSED = [
    ("", "has no <link>"),
    (BASE + '<link name="other"/>', "a robot has one base"),
    (TURNING.format("") + joint("k", "fixed", "arm", "base"), "the joints go in a circle"),
    (BASE + link("a") + link("b") + joint("j", "fixed", "a", "b") + joint("k", "fixed", "b", "a"), "hangs on itself"),
    (TURNING.format("") + joint("k", "fixed", "base", "arm"), "the child of two joints"),
    (BASE + joint("j", "fixed", "base", "am"), 'names the link "am", which is not there'),
    (TURNING.format('<mimic joint="k"/>'), "mimics another, which is not there yet"),
    (TURNING.format('<axis xyz="0 0 0"/>'), "has no direction"),
    (TURNING.format('<dynamics dampning="1"/>'), 'did you mean "damping"?'),
    (BASE + '<link name="a"/>' + joint("j", "continuous", "base", "a"), "moves and has no <inertial>"),
    (BASE + link("a", 0.0) + joint("j", "continuous", "base", "a"), "has a mass of 0"),
    (BASE + link("a") + joint("j", "revolute", "base", "a"), 'or type="continuous"'),
    (BASE + link("a") + joint("j", "revolute", "base", "a", LIMIT.format(1, 1)), "lower has to be less than upper"),
    (BASE + link("a") + joint("j", "planar", "base", "a"), "not there yet"),
    (BASE + link("a") + joint("j", "hinge", "base", "a"), 'is "hinge"; known are'),
    (TURNING.format("").replace('izz="0.02"', 'izz="0.05"'), "is not that of a body (0.02 + 0.02 < 0.05)"),
    ("<xacro:macro/>", "run xacro on it"),
    ('<link name="base"><contact/></link>', 'Give ignore=("link contact",)'),
    ('<link name="base"><collision><geometry><box size="1 0 1"/></geometry></collision></link>', "not positive"),
    ('<link name="base"><collision><geometry><mesh filename="a.dae"/></geometry></collision></link>', "convert it"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), REFUSED)
def test_a_refusal_says_where_what_and_the_way_on(tmp_path: Path, text: str, sentence: str):
    with pytest.raises(RobotError) as found:
        urdf(tmp_path, text)
    assert sentence in str(found.value)
    assert found.value.line >= 1


def test_a_chain_as_long_as_a_file_needs_no_stack(tmp_path: Path):
    links = "".join(f'<link name="{i}"/>' for i in range(1200))
    text = links + "".join(joint(f"j{i}", "fixed", str(i), str(i + 1)) for i in range(1199))
    assert len(urdf(tmp_path, text).sites) == 1200
