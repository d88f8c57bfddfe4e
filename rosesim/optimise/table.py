"""The optimisers by their names on the command line.

The rules whose state is open are in `optimizers.RULES`.
"""

from __future__ import annotations

from rosesim.optimise.cmaes import CMAES
from rosesim.optimise.foreign import Foreign
from rosesim.optimise.lbfgs import LBFGS
from rosesim.optimise.optimizers import RULES

FOREIGN: dict[str, Foreign] = {"lbfgs": LBFGS, "cmaes": CMAES}
"""Each optimiser of another package by its name."""

OPTIMIZERS = (*RULES, *FOREIGN)
"""The names of all optimisers."""
