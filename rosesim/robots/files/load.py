"""A robot's file of any format that is read."""

from __future__ import annotations

import os
from collections.abc import Iterable

from rosesim.robots.description import Description
from rosesim.robots.files import xml
from rosesim.robots.files.mjcf.document import read_mjcf
from rosesim.robots.files.reading import Reading


def load(path: str | os.PathLike[str], ignore: Iterable[str] = ()) -> Description:
    """Read a robot.

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "arm.xml").write_text('''<mujoco><worldbody><body name="arm" pos="0 0 1">
    ...   <joint name="shoulder" axis="0 1 0"/><geom fromto="0 0 0 0 0 -0.5" type="capsule" size="0.04"/>
    ... </body></worldbody></mujoco>''')
    >>> robot = load(folder / "arm.xml")
    >>> robot.bodies[1].name, robot.joints[0].axis, robot.geoms[0].size
    ('arm', (0.0, 1.0, 0.0), (0.04, 0.25))
    """
    file = os.fspath(path)
    root = xml.parse(file)
    reading = Reading(file, ignore)
    if root.tag == "mujoco":
        return read_mjcf(root, reading)
    raise root.error(f"begins with <{root.tag[:60]}>; <mujoco> (MJCF) or <robot> (URDF) is expected.")
