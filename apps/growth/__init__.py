"""A point is pushed at every step, and the derivative by the push grows with the steps: see `scene`."""

from .scene import Given, Growth, Push

__all__ = ["Given", "Growth", "Push"]
