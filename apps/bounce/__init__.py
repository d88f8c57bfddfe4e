"""A ball bounces once, and the derivative of where it ends shows what the time of impact is for: see `scene`."""

from .scene import Bounce, Lift, World

__all__ = ["Bounce", "Lift", "World"]
