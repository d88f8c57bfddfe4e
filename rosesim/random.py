"""See `rosesim.numerics.random`. This is its public name."""

from rosesim.numerics.random import *  # noqa: F403 -- all that it declares public, and nothing else
from rosesim.numerics.random import __all__ as __all__
