"""Differential equations in time, as `rosesim.integrate` (docs/time.md)."""

from rosesim.numerics.integrate.fixed import fixed

__all__ = ["fixed"]
