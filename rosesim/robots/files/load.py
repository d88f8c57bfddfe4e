"""A robot's file of any format that is read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Literal

from rosesim.robots.description import Description
from rosesim.robots.files import xml
from rosesim.robots.files.errors import quoted
from rosesim.robots.files.mjcf.document import read_mjcf
from rosesim.robots.files.reading import Reading
from rosesim.robots.files.urdf.document import read_urdf


def load(
    path: str | os.PathLike[str],
    ignore: Iterable[str] = (),
    *,
    motors: str | Iterable[str] = (),
    base: Literal["fixed", "free"] = "fixed",
    roots: Iterable[str | os.PathLike[str]] = (),
) -> Description:
    """The description of a robot in a file; arguments and errors are those of `rosesim.robots.load`.

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "arm.xml").write_text('''<mujoco><worldbody><body name="arm" pos="0 0 1">
    ...   <joint name="shoulder" axis="0 1 0"/><geom fromto="0 0 0 0 0 -0.5" type="capsule" size="0.04"/>
    ... </body></worldbody></mujoco>''')
    >>> robot = load(folder / "arm.xml")
    >>> robot.bodies[1].name, robot.joints[0].axis, robot.geoms[0].size
    ('arm', (0.0, 1.0, 0.0), (0.04, 0.25))
    """
    if not isinstance(path, str | os.PathLike):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"load({path!r}) was found; expected the path of a file")
    file = os.fspath(path)
    reading = Reading(file, several(ignore, "ignore", "sensor"))
    motors, roots = several(motors, "motors", "elbow"), several(roots, "roots", "packages")
    root = xml.parse(file)
    if base not in ("fixed", "free"):
        raise root.error(f'base= is {quoted(str(base))}; "fixed" or "free" is expected.')
    if root.tag == "robot":
        return read_urdf(root, reading, "all" if motors == ("all",) else motors, base, [os.fspath(r) for r in roots])
    if root.tag != "mujoco":
        raise root.error(f"begins with <{root.tag[:60]}>; <mujoco> (MJCF) or <robot> (URDF) is expected.")
    if motors or base != "fixed":
        raise root.error("is MJCF, which says itself what has motors and what moves; motors= and base= are for URDF.")
    return read_mjcf(root, reading)


def several(given: Any, word: str, example: str) -> tuple[Any, ...]:
    """One name, or several, as a tuple. Raises ValueError for anything else, which it calls by `word`."""
    if isinstance(given, str | os.PathLike):
        return (given,)
    if not isinstance(given, Iterable) or not all(isinstance(x, str | os.PathLike) for x in given):
        raise ValueError(f'{word}={given!r} was found; expected a name or several, as in {word}=("{example}",)')
    return tuple(given)
