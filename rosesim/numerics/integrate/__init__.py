"""Differential equations in time, as `rosesim.integrate` (docs/time.md)."""

from rosesim.numerics.integrate.adaptive import adaptive
from rosesim.numerics.integrate.events import until
from rosesim.numerics.integrate.fixed import fixed
from rosesim.numerics.integrate.march import Steps

__all__ = ["Steps", "adaptive", "fixed", "until"]
