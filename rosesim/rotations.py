"""See `rosesim.numerics.rotations`. This is its public name."""

from rosesim.numerics.rotations import *  # noqa: F403 -- all that it declares public, and nothing else
from rosesim.numerics.rotations import __all__ as __all__
