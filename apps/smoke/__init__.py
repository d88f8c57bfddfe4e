"""Smoke: find the wind that blows a checkerboard of smoke into a picture."""

from .scene import Air, Given, Smoke, Wind

__all__ = ["Air", "Given", "Smoke", "Wind"]
