"""Three springs find the lengths that leave a triangle of a given area: see `scene`."""

from .scene import MassSpringSimple, Springs, World

__all__ = ["MassSpringSimple", "Springs", "World"]
