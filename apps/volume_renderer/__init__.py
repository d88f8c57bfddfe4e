"""Volume renderer: find the density in a box from pictures of it taken all around."""

from .scene import Density, Given, Shown, VolumeRenderer

__all__ = ["Density", "Given", "Shown", "VolumeRenderer"]
