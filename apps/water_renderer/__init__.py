"""A picture under water: find the surface that makes it look, after the waves have run, as is wanted."""

from .scene import Given, Initial, WaterRenderer

__all__ = ["Given", "Initial", "WaterRenderer"]
