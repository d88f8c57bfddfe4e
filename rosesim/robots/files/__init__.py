"""Readers of robots' files: MJCF and URDF as one `Description`."""

from rosesim.robots.files.errors import RobotError
from rosesim.robots.files.load import load

__all__ = ["RobotError", "load"]
