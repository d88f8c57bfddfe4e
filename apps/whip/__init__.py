"""A whip learns to crack at a place: backward Euler, whose steps Newton's method solves: see `scene`."""

from .scene import Step, Swing, Whip, WhipState, World

__all__ = ["Step", "Swing", "Whip", "WhipState", "World"]
