"""A soft robot of sixteen muscles learns to crawl in three dimensions, in air or with water on its back."""

from .scene import DiffMPM3D, Robot, World

__all__ = ["DiffMPM3D", "Robot", "World"]
