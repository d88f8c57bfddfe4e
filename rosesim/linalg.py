"""See `rosesim.numerics.linalg`. This is its public name."""

from rosesim.numerics.linalg import *  # noqa: F403 -- all that it declares public, and nothing else
from rosesim.numerics.linalg import __all__ as __all__
