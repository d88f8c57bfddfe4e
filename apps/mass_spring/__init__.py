"""Mass-spring robots: teach a robot of springs to run, by the gradient of a thousand steps and their contacts."""

from .robot import Robot, robots
from .scene import MassSpring, World

__all__ = ["MassSpring", "Robot", "World", "robots"]
