"""Files that nobody should have written: each is refused in one sentence with its line, or is a robot; soon."""

import dataclasses
import gc
import math
import os
import random
import re
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rosesim.robots.description import Description
from rosesim.robots.files import RobotError, load, mesh

MJCF = """<mujoco model="hostile">
  <compiler angle="degree" autolimits="true" eulerseq="xyz"/>
  <option timestep="0.002" gravity="0 0 -9.81" integrator="implicitfast"><flag contact="enable"/></option>
  <default>
    <joint damping="1" armature="0.01"/><geom friction="1 0.01 0.001" solimp="0.9 0.95 0.001"/>
    <default class="arm"><joint stiffness="2"/><position kp="10" kv="1"/></default>
  </default>
  <asset><material name="grey" rgba="0.5 0.5 0.5 1"/><mesh name="t" vertex="0 0 0 1 0 0 0 1 0 0 0 1"
    face="0 2 1 0 1 3 0 3 2 1 2 3"/></asset>
  <worldbody>
    <geom name="floor" type="plane" size="10 10 1" material="grey"/>
    <body name="trunk" pos="0 0 1" euler="10 20 30">
      <freejoint name="root"/><geom name="trunk" type="box" size="0.1 0.2 0.3" density="900"/>
      <body name="upper" pos="0.1 0 0" quat="0.7 0.7 0 0" childclass="arm">
        <joint name="shoulder" axis="0 1 0" range="-90 90"/>
        <geom name="upper" type="capsule" fromto="0 0 0 0 0 -0.4" size="0.04"/>
        <frame pos="0 0 -0.4"><body name="lower" xyaxes="1 0 0 0 1 0">
          <inertial pos="0 0 -0.1" mass="1.5" fullinertia="0.02 0.03 0.04 0.001 0 0"/>
          <joint name="elbow" type="ball" range="0 120"/><geom name="tip" type="mesh" mesh="t"/>
          <site name="hand" pos="0 0 -0.2"/>
        </body></frame>
      </body>
    </body>
    <replicate count="3" offset="1 0 0" euler="0 0 10"><body name="post"><geom size="0.1"/></body></replicate>
  </worldbody>
  <contact><pair geom1="floor" geom2="tip" condim="4"/><exclude body1="trunk" body2="lower"/></contact>
  <tendon><fixed name="cord" range="-1 1"><joint joint="shoulder" coef="0.5"/></fixed></tendon>
  <actuator><position name="a" class="arm" joint="shoulder" ctrlrange="-1 1"/><motor name="m" tendon="cord"/>
    <general joint="elbow" gear="1 2 3" dyntype="filter" dynprm="0.1"/></actuator>
  <sensor><jointpos joint="shoulder"/><gyro site="hand" cutoff="5"/></sensor>
  <keyframe><key name="home" qpos="0 0 1 1 0 0 0 0.5 1 0 0 0" ctrl="0 0 0"/></keyframe>
</mujoco>
"""
INERTIA = '<mass value="1"/><inertia ixx="0.02" iyy="0.02" izz="0.03" ixy="0.001" ixz="0" iyz="0"/>'
URDF = f"""<robot name="hostile">
  <link name="base"><collision><geometry><box size="1 1 0.1"/></geometry></collision></link>
  <link name="upper"><inertial><origin xyz="0 0 0.1" rpy="0.1 0.2 0.3"/>{INERTIA}</inertial>
    <collision><geometry><cylinder radius="0.05" length="0.3"/></geometry></collision></link>
  <link name="cover"><inertial>{INERTIA}</inertial></link>
  <link name="lower"><inertial>{INERTIA}</inertial></link>
  <joint name="a" type="revolute"><parent link="base"/><child link="upper"/><origin xyz="0 0 1" rpy="0 1 0"/>
    <axis xyz="0 1 0"/><limit lower="-1" upper="1" effort="10" velocity="2"/><dynamics damping="0.1"/></joint>
  <joint name="f" type="fixed"><parent link="upper"/><child link="cover"/><origin xyz="0.1 0 0"/></joint>
  <joint name="b" type="continuous"><parent link="upper"/><child link="lower"/><axis xyz="1 0 0"/></joint>
</robot>
"""
SECONDS = 2.0  # of the processor, for one file: two hundred times what the whole ones take


def assert_is_a_robot(robot: Description) -> None:
    """All numbers are finite, all indices lead somewhere, quaternions are unit."""
    _assert_finite(robot)
    assert robot.bodies[0].name == "world"
    for i, body in enumerate(robot.bodies):
        assert body.parent < max(i, 1)
        assert math.isclose(math.hypot(*body.quat), 1)
    for j, joint in enumerate(robot.joints):
        assert 0 < joint.body < len(robot.bodies) and (not j or robot.joints[j - 1].body <= joint.body)
        assert math.isclose(math.hypot(*joint.axis), 1)
    assert all(0 <= g.body < len(robot.bodies) and math.isclose(math.hypot(*g.quat), 1) for g in robot.geoms)
    sizes = {"joint": len(robot.joints), "jointinparent": len(robot.joints), "tendon": len(robot.tendons)}
    assert all(0 <= a.target < sizes[a.on] for a in robot.actuators)


def _assert_finite(v: Any) -> None:
    if isinstance(v, float):
        assert math.isfinite(v)
    elif dataclasses.is_dataclass(v):
        for field in dataclasses.fields(v):
            _assert_finite(getattr(v, field.name))
    elif isinstance(v, tuple):
        for x in v:
            _assert_finite(x)


def outcome(file: Path) -> Description | RobotError:
    """A valid robot, or one error with its file; in bounded time."""
    gc.disable()  # to look through all that the tests before hold would count, too
    before = time.process_time()
    try:
        found = load(file)
        assert_is_a_robot(found)
    except RobotError as error:
        found = error
        assert str(error).startswith(str(file)) and "\n" not in str(error) and len(str(error)) < 1000
    finally:
        gc.enable()
    assert time.process_time() - before < SECONDS
    return found


NUMBERS = (
    "nan",
    "inf",
    "1e999",
    "-1e308",
    "1e-320",
    "9" * 5000,
    "0",
    "-1",
    "1e39",
    "١",
    "0x10",
    "1_0",
    "1e",
    "--1",
    "",
)


def _delete(text: str, r: random.Random) -> str:
    at = r.randrange(len(text))
    return text[:at] + text[at + r.choice((1, 2, 5, 40)) :]


def _swap(text: str, r: random.Random) -> str:
    a, b = sorted(r.sample(range(len(text) - 10), 2))
    n = min(r.randrange(1, 10), b - a)
    return text[:a] + text[b : b + n] + text[a + n : b] + text[a : a + n] + text[b + n :]


def _number(text: str, r: random.Random) -> str:
    found = r.choice(list(re.finditer(r"-?[0-9.]+", text)))
    return text[: found.start()] + r.choice(NUMBERS) + text[found.end() :]


def _drop_tag(text: str, r: random.Random) -> str:
    found = r.choice(list(re.finditer(r"<[^>]*>", text)))
    return text[: found.start()] + text[found.end() :]


def _repeat_tag(text: str, r: random.Random) -> str:
    found = r.choice(list(re.finditer(r"<[^>]*>", text)))
    return text[: found.end()] + found.group() * r.choice((1, 3, 500)) + text[found.end() :]


def _nest(text: str, r: random.Random) -> str:
    found = r.choice(list(re.finditer(r"<[^>]*/>", text)))
    depth = r.choice((3, 150, 5000))
    tag = r.choice(("body", "frame", "default", "joint"))
    return text[: found.start()] + f"<{tag}>" * depth + found.group() + f"</{tag}>" * depth + text[found.end() :]


def _rename(text: str, r: random.Random) -> str:
    words = re.findall(r"[a-z]{3,}", text)
    return text.replace(r.choice(words), r.choice(words), r.choice((1, 100)))


def _noise(text: str, r: random.Random) -> str:
    at = r.randrange(len(text))
    return text[:at] + "".join(chr(r.randrange(1, 0xD800)) for _ in range(5)) + text[at:]


MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    _delete, _swap, _number, _number, _drop_tag, _repeat_tag, _nest, _rename, _noise,
)  # fmt: skip


def test_the_files_that_are_mutated_are_whole(tmp_path: Path):
    for text in (MJCF, URDF):
        (tmp_path / "whole.xml").write_text(text, encoding="utf-8")
        assert isinstance(outcome(tmp_path / "whole.xml"), Description)


def test_mutated_files_are_refused_or_are_robots(tmp_path: Path):
    found: list[Description | RobotError] = []
    for seed in range(160):
        r = random.Random(seed)
        text = r.choice(MUTATIONS)((MJCF, URDF)[seed % 2], r)
        file = tmp_path / f"{seed}.xml"
        file.write_bytes(text.encode("utf-8", "replace"))
        found.append(outcome(file))
    errors = [e for e in found if isinstance(e, RobotError)]
    assert all(e.line > 0 for e in errors)
    assert 10 < len(errors) < 150  # so that both outcomes are tried


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)
) + "]><mujoco><worldbody>&j;</worldbody></mujoco>"  # fmt: skip
WORLD = "<mujoco><worldbody>{}</worldbody></mujoco>"
WHOLE = [
    ("entities that grow", BOMB, "document type declaration"),
    ("an entity of a file", '<!DOCTYPE a [<!ENTITY b SYSTEM "/etc/passwd">]><a>&b;</a>', "document type declaration"),
    ("a bare declaration", "<!DOCTYPE mujoco><mujoco/>", "document type declaration"),
    ("an entity that nobody declares", "<mujoco>&b;</mujoco>", "not well-formed"),
    ("depth", "<a>" * 100_000, "nested deeper than 200"),
    ("breadth", f"<a>{'<b/>' * 200_001}</a>", "more than 200000 elements"),
    ("attributes", "<a " + " ".join(f'a{i}=""' for i in range(1_000_001)), "more than 1000000 attributes"),
    ("nothing", "", "is empty"),
    ("no XML", "solid robot", "not well-formed"),
    ("an encoding that there is not", '<?xml version="1.0" encoding="klingon"?><mujoco/>', ""),
    ("another root", "<sdf/>", "<mujoco> (MJCF) or <robot> (URDF) is expected"),
    ("no world", "<mujoco/>", "no <worldbody>"),
    ("a long number", WORLD.format(f'<geom size="{"1" * 1_000_000}"/>'), "a finite decimal number"),
    ("many numbers", WORLD.format(f'<geom size="{"1 " * 1_000_000}"/>'), "more than 3 numbers"),
    ("a long name", WORLD.format(f"<geom {'a' * 1_000_000}='1'/>"), "unknown attribute"),
    ("many classes", f"<mujoco><default>{'<geom/>' * 1000}</default><worldbody/></mujoco>", "merge them"),
    ("copies of copies", WORLD.format('<replicate count="9999">' * 9 + "</replicate>" * 9), "copies"),
]


@pytest.mark.parametrize(("text", "sentence"), [row[1:] for row in WHOLE], ids=[row[0] for row in WHOLE])
def test_a_file_made_to_take_long_or_to_grow_is_refused(tmp_path: Path, text: str, sentence: str):
    (tmp_path / "robot.xml").write_text(text, encoding="utf-8")
    found = outcome(tmp_path / "robot.xml")
    assert isinstance(found, RobotError) and sentence in str(found)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path):
    for path in (tmp_path, tmp_path / "missing.xml", Path("/dev/zero"), tmp_path / "null\0"):
        assert isinstance(outcome(path), RobotError)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.xml")
        assert isinstance(outcome(tmp_path / "pipe.xml"), RobotError)
        (tmp_path / "robot.xml").write_text('<mujoco><include file="pipe.xml"/><worldbody/></mujoco>')
        assert "is not a file" in str(outcome(tmp_path / "robot.xml"))
    with (tmp_path / "large.xml").open("wb") as f:
        f.truncate(33 << 20)
    assert "larger than 32 MB" in str(outcome(tmp_path / "large.xml"))


def test_includes_do_not_go_in_circles(tmp_path: Path):
    for i in range(3):
        (tmp_path / f"{i}.xml").write_text(f'<mujoco><include file="{(i + 1) % 3}.xml"/></mujoco>')
    assert "a file is included once" in str(load_error(tmp_path / "0.xml"))


def load_error(file: Path) -> RobotError:
    with pytest.raises(RobotError) as found:
        load(file)
    return found.value


def stl(triangles: int, content: bytes) -> bytes:
    return bytes(80) + struct.pack("<I", triangles) + content


MESHES = [
    ("a.stl", b"", "is damaged"),
    ("a.stl", stl(4_000_000_000, b""), "is damaged"),
    ("a.stl", stl(1, bytes(50)), "a mesh has at least 4"),
    ("a.stl", stl(4, struct.pack("<12f", *[math.nan] * 12) + bytes(2 + 150)), "not finite"),
    ("a.stl", b"solid\nfacet normal", "an STL of text"),
    ("a.obj", b"v 1 2\n", ":1: has"),
    ("a.obj", b"v 1 2 nan\n", ":1: has"),
    ("a.obj", b"v 1 2 3\nf 1 2 3\n", ":2: has a face of vertices that are not there"),
    ("a.obj", b"v 1 2 3\nf 1 1 99999999999999\n", ":2: has"),
    ("a.obj", b"\xff\xfe\0", "0 vertices"),
    ("a.dae", b"", "convert it"),
]


@pytest.mark.parametrize(("name", "content", "sentence"), MESHES)
def test_a_damaged_mesh_is_refused(tmp_path: Path, name: str, content: bytes, sentence: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RobotError) as found:
        mesh.read(str(tmp_path / name), "m")
    assert sentence in str(found.value)
