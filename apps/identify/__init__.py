"""The masses, lengths or frictions of a robot, found from its recorded motion."""

from .scene import Identify, Sought, State, World
from .wanted import Motion, Names

__all__ = ["Identify", "Motion", "Names", "Sought", "State", "World"]
