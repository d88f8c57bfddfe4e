"""A ball thrown so that it ends on a goal."""

from .scene import Newscene

__all__ = ["Newscene"]
