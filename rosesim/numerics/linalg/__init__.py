"""`rosesim.linalg`: linear algebra of any size, with derivatives by formulas (docs/linear-algebra.md)."""

from rosesim.numerics.linalg.determinants import det, inv, slogdet
from rosesim.numerics.linalg.general import LU, lu, lu_solve, solve
from rosesim.numerics.linalg.positive import cholesky, cholesky_solve
from rosesim.numerics.linalg.triangular import solve_triangular

__all__ = ["LU", "cholesky", "cholesky_solve", "det", "inv", "lu", "lu_solve", "slogdet", "solve", "solve_triangular"]
