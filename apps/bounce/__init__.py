"""A ball bounces once; the derivative of its final height shows why the time of impact matters: see `scene`."""

from .scene import Bounce, Lift, World

__all__ = ["Bounce", "Lift", "World"]
