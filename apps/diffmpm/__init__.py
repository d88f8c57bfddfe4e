"""A soft robot of material points learns to crawl."""

from .scene import DiffMPM

__all__ = ["DiffMPM"]
