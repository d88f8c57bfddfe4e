"""Rigid-body robots: boxes on joints and springs learn to walk, by the gradient of two thousand steps of contact."""

from .robot import Robot, robots
from .scene import RigidBodyRobot, World

__all__ = ["RigidBodyRobot", "Robot", "World", "robots"]
