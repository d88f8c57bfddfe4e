"""See `rosesim.numerics.control`. This is its public name."""

from rosesim.numerics.control import *  # noqa: F403 -- all that it declares public, and nothing else
from rosesim.numerics.control import __all__ as __all__
