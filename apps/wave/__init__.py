"""Waves: find the surface at rest that, when the waves have run, forms a picture."""

from .scene import Given, Initial, Wave

__all__ = ["Given", "Initial", "Wave"]
