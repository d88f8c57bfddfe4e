"""Robots from files, MJCF or URDF: teach one to run, to reach or to balance, by gradients through its contacts."""

from .scene import Robot, World
from .source import RobotFile

__all__ = ["Robot", "RobotFile", "World"]
