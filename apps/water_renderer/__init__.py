"""A picture under water: find the surface that makes it look like the target after the waves have run."""

from .scene import Given, Initial, WaterRenderer

__all__ = ["Given", "Initial", "WaterRenderer"]
