"""An elastic square is thrown so that it ends at a place."""

from .scene import DiffMPMSimple, Throw, World

__all__ = ["DiffMPMSimple", "Throw", "World"]
