"""Electric: a network sets the strengths of eight electrodes so that a charge follows a moving goal."""

from .scene import Electric, Given, State

__all__ = ["Electric", "Given", "State"]
