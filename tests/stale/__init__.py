"""Ways to read a number k while tracing, each with a way to change it: f(x) = k x - k, k from 3 to 9.

Each case is a function without arguments that gives f and what to call for k to become 9. A file holds the cases of
one kind; importing it adds them.
"""

from stale import containers, objects, functions, modules, expressions, untraceable  # isort: skip -- in this order
from stale.kit import CASES, Data, Plain, Slots, line

__all__ = [
    "CASES",
    "Data",
    "Plain",
    "Slots",
    "containers",
    "expressions",
    "functions",
    "line",
    "modules",
    "objects",
    "untraceable",
]
