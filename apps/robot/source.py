"""The robot of a scene, as a setting: one of ours by name, or a file."""

from __future__ import annotations

from pathlib import Path

from rosesim import robots


class RobotFile(robots.RobotFile):
    """A robot by name, or by the path of an MJCF or URDF file.

    >>> RobotFile.ours()
    ['arm', 'runner']
    >>> RobotFile.parse("runner").model.nu
    6
    """

    folder = Path(__file__).parent
