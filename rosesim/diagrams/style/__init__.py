"""From the three texts, read, to a problem: who matches, what is assigned, what it comes to.

headers -> matching -> assignment (the table path -> expression) -> dependencies -> evaluation -> layering
"""

from rosesim.diagrams.style.compile import compile_problem

__all__ = ["compile_problem"]
