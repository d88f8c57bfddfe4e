"""A trajectory and what is near it: the motion to first order, the costs to second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from rosesim.ad.language import types as T
from rosesim.ad.language.arrays import zeros
from rosesim.ad.language.linalg import matmul, transpose
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import as_vec
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.derivatives import grad
from rosesim.ad.transforms.jacobians import hessian, jacobian


class Expansion(NamedTuple):
    """About a trajectory of T steps, in tangents of the n states and m controls of a step, z = (dx, du)."""

    gap: Any
    """(T, n): how far each step's end is from the next state."""
    motion: Any
    """(T, n, n + m): the derivative of a step's end."""
    slope: Any
    """(T, n + m): the gradient of the running cost."""
    curvature: Any
    """(T, n + m, n + m): its Hessian, or what stands for it."""
    end_slope: Any
    end_curvature: Any
    cost: Any
    """Of the whole trajectory."""


def cost_of(value: Any, what: str) -> Any:
    """A cost as a Real: it is one, or half the square of residuals."""
    t = typeof(value)
    if t == T.REAL or isinstance(value, (int, float)):
        return Real(value)
    if isinstance(t, T.VecType) and t.elem == T.REAL:
        return 0.5 * (value @ value)
    raise TypeMismatch(f"{what} gives {t}; expected a Real, or a vector of residuals r that costs r·r/2", here())


def quadratic(cost: Callable[[Any], Any], size: int, what: str) -> tuple[Any, Any, Any]:
    """A cost, its gradient and its Hessian at zero. Residuals have the Hessian of Gauss and Newton."""
    zero = zeros(size)
    value = cost(zero)
    total = cost_of(value, what)
    if isinstance(typeof(value), T.VecType):
        slopes = jacobian(cost, mode="forward")(zero)
        return total, matmul(value, slopes), matmul(transpose(slopes), slopes)

    def real(z: Any) -> Any:
        return Real(cost(z))

    return total, grad(real)(zero), hessian(real)(zero)


def linear(motion: Callable[[Any], Any], size: int) -> tuple[Any, Any]:
    """A motion and its derivative at zero."""
    zero = zeros(size)

    def of(z: Any) -> Any:
        return as_vec(motion(z))

    return of(zero), jacobian(of, mode="forward")(zero)
