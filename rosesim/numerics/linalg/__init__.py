"""`rosesim.linalg`: linear algebra of any size, with derivatives by formulas (docs/linear-algebra.md)."""

from rosesim.numerics.linalg.banded import solve_banded
from rosesim.numerics.linalg.block_tridiagonal import solve_block_tridiagonal
from rosesim.numerics.linalg.determinants import det, inv, slogdet
from rosesim.numerics.linalg.exponential import expm
from rosesim.numerics.linalg.function import funm
from rosesim.numerics.linalg.general import LU, lu, lu_solve, solve
from rosesim.numerics.linalg.orthogonal import lstsq, qr
from rosesim.numerics.linalg.positive import cholesky, cholesky_solve
from rosesim.numerics.linalg.spectral import eigh, svd
from rosesim.numerics.linalg.triangular import solve_triangular

__all__ = [
    "LU", "cholesky", "cholesky_solve", "det", "eigh", "expm", "funm", "inv", "lstsq", "lu", "lu_solve", "qr",
    "slogdet", "solve", "solve_banded", "solve_block_tridiagonal", "solve_triangular", "svd",
]  # fmt: skip
