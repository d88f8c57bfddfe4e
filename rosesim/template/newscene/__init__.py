"""A ball thrown so that it ends on a goal."""

from .scene import Newscene, Throw, World

__all__ = ["Newscene", "Throw", "World"]
