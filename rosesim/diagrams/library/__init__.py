"""The functions, objectives and constraints that Style can call: Penrose's, by their names and formulas.

    item = function("vdist")
    value = item.apply(item.check(args), draw)

A subject has a file. Each item is a Python function of numbers that may not be known yet; its docstring is its
formula, in which eps = 1e-5, |v| is the Euclidean norm, and `normalise` v = v / (|v| + eps).
"""

from __future__ import annotations

# Importing a subject registers its items.
from rosesim.diagrams.library import (
    closest,
    colours,
    constraints,
    contains,
    curves,
    distances,
    items,
    matrices,
    numbers,
    objectives,
    paths,
    rays,
    triangles,
    vectors,
)
from rosesim.diagrams.library.context import Warn, at_start
from rosesim.diagrams.library.items import CallError, Draw, Item, Param

SUBJECTS = (
    numbers, vectors, matrices, colours, paths, curves, triangles, distances, closest, rays, contains, constraints,
    objectives,
)  # fmt: skip
"""In the order of a reference."""

__all__ = [
    "SUBJECTS",
    "CallError",
    "Draw",
    "Item",
    "Param",
    "Warn",
    "at_start",
    "constraint",
    "function",
    "names",
    "objective",
]


def function(name: str) -> Item | None:
    """A function by its name.

    >>> [item and item.signature for item in (function("vdist"), function("vdits"))]
    ['vdist(v, w)', None]
    """
    return items.FUNCTIONS.get(name)


def objective(name: str) -> Item | None:
    """An objective by its name."""
    return items.OBJECTIVES.get(name)


def constraint(name: str) -> Item | None:
    """A constraint by its name."""
    return items.CONSTRAINTS.get(name)


def names(what: str) -> list[str]:
    """All names of "function", "objective" or "constraint", for messages and for the reference.

    >>> names("objective")[:2]
    ['above', 'equal']
    """
    tables = {"function": items.FUNCTIONS, "objective": items.OBJECTIVES, "constraint": items.CONSTRAINTS}
    return sorted(tables[what])
