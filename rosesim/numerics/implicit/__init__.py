"""`rosesim.implicit`: values that are defined by an equation, with the derivative of that equation
(docs/implicit.md)."""

from rosesim.numerics.implicit.fixed import fixed_point
from rosesim.numerics.implicit.minimum import minimize
from rosesim.numerics.implicit.report import Report
from rosesim.numerics.implicit.roots import root
from rosesim.numerics.implicit.systems import linear_solve

__all__ = ["Report", "fixed_point", "linear_solve", "minimize", "root"]
