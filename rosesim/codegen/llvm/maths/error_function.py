"""The error function."""

from __future__ import annotations

from rosesim.codegen.llvm.maths import coefficients
from rosesim.codegen.llvm.maths.exponential import bounded, exp
from rosesim.codegen.llvm.maths.values import Doubles, Writer


def erf(w: Writer, x: Doubles) -> Doubles:
    """x (1 + P(x^2)) up to 1. From there 1 - exp(-Q(x)), where only Q's absolute error matters; 1 from 6 on."""
    size = w.size(x)
    z = size * size
    small = size + size * w.polynomial(z, coefficients.ERF)
    far = bounded(w, size, 1.0, 6.0)
    large = 1.0 - exp(w, w.polynomial(far, coefficients.ERFC) * -1.0)
    return w.signed(w.choose(size < 1.0, small, large), x)
