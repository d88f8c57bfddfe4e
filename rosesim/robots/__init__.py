"""Robots: mechanics in generalised coordinates, with contact whose derivative is that of the converged solution.

`robots.load` reads a file, MJCF or URDF. `robots.description` has the records that a robot is made of.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Literal

from rosesim.robots import description
from rosesim.robots.contact.compliant import Compliant
from rosesim.robots.files.errors import RobotError
from rosesim.robots.files.load import load as read
from rosesim.robots.files.load import several
from rosesim.robots.identification.fitting import Fitting
from rosesim.robots.identification.identified import Identified
from rosesim.robots.identification.identify import identify
from rosesim.robots.identification.record import Record
from rosesim.robots.identification.table import read_record
from rosesim.robots.model import Contact, Model
from rosesim.robots.planned import Plan
from rosesim.robots.planning import plan
from rosesim.robots.settings import RecordFile, RobotFile
from rosesim.robots.terrain import Ridges

__all__ = [
    "Compliant", "Contact", "Fitting", "Identified", "Model", "Plan", "Record", "RecordFile", "Ridges",
    "RobotError", "RobotFile", "description", "identify", "load", "plan", "read_record",
]  # fmt: skip


def load(
    path: str | os.PathLike[str],
    *,
    ignore: Iterable[str] = (),
    motors: str | Iterable[str] = (),
    base: Literal["fixed", "free"] = "fixed",
    roots: Iterable[str | os.PathLike[str]] = (),
) -> Model:
    """A robot from a file: MJCF (`<mujoco>`, MuJoCo's XML) or URDF (`<robot>`), whatever its suffix.

    What a file says and rosesim does not compute is refused: RobotError, with the file, the line, and the way on.
    `ignore` names classes of such things that you leave out knowingly, as ("sensor", "contact mesh-plane"); a class
    stands for all whose names begin with its words. `model.description.ignored` lists what was left out, and what is
    harmless. Shapes whose contact is not there are refused by the first function that computes contact.

    A URDF says nothing of motors, of the ground, or of whether its base moves. `motors` are the joints that get one,
    by name, or "all"; the joint's effort is the range of its control, in N or N m. `base` is "fixed" to the world or
    "free". Meshes of `package://NAME/...` are looked for as NAME/... in `roots`, then in the folders above the file.

    Raises ValueError for arguments that are none of these.

    >>> import pathlib, tempfile
    >>> from rosesim import robots
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "arm.xml"
    >>> _ = file.write_text('''<mujoco><worldbody><body name="arm" pos="0 0 1">
    ...   <joint name="shoulder" axis="0 1 0"/><geom type="capsule" fromto="0 0 0 0 0 -0.5" size="0.04"/>
    ... </body></worldbody></mujoco>''')
    >>> arm = robots.load(file)
    >>> arm
    Model('arm', nq=1, nv=1, nu=0, nbody=2)
    >>> arm.acceleration([0.1], [0.0], []).round(3)
    array([-2.767])
    """
    left_out = several(ignore, "ignore", "sensor")
    return Model(read(path, left_out, motors=motors, base=base, roots=roots), ignore=left_out)
