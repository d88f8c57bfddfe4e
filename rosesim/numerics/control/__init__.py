"""`rosesim.control`: controls that make a motion cheap, and the policy that holds it (docs/control.md)."""

from rosesim.numerics.control.plan import Plan
from rosesim.numerics.control.problem import Problem
from rosesim.numerics.control.space import Space

__all__ = ["Plan", "Problem", "Space"]
