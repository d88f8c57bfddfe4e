"""A spacecraft is launched past a planet, by adaptive steps, with an event at its closest approach: see `scene`."""

from .scene import Flight, FlyBy, Launch, System

__all__ = ["Flight", "FlyBy", "Launch", "System"]
