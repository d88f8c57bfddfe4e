"""Random numbers with keys, as `rosesim.random`: the same bits on every machine, in every lane and in every order.

What is computed of the bits, a normal number, may differ in its last digit in fast code (docs/chance.md).
"""

from rosesim.numerics.random.draws import bits, exponential, integers, normal, uniform
from rosesim.numerics.random.keys import Key, fold_in, key, split
from rosesim.numerics.random.picks import choice, permutation

__all__ = [
    "Key",
    "bits",
    "choice",
    "exponential",
    "fold_in",
    "integers",
    "key",
    "normal",
    "permutation",
    "split",
    "uniform",
]
