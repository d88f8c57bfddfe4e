"""See `rosesim.numerics.implicit`. This is its public name."""

from rosesim.numerics.implicit import *  # noqa: F403 -- all that it declares public, and nothing else
from rosesim.numerics.implicit import __all__ as __all__
