"""See `rosesim.numerics.integrate`. This is its public name."""

from rosesim.numerics.integrate import *  # noqa: F403 -- all that it declares public, and nothing else
from rosesim.numerics.integrate import __all__ as __all__
