"""What other processes can find again: functions, transforms and methods at the top of a module."""

from __future__ import annotations

from dataclasses import dataclass

from rosesim import Dual, Real, Vec, fn, grad, jacobian, jvp, linear, opaque, sparse_jacobian, value_and_grad, vmap


@fn
def energy(x: Vec[Real, 2], k: Real) -> Real:
    return 0.5 * k * (x @ x)


slope = grad(energy, wrt="x")


@opaque
def half(x: float) -> float:
    return x / 2


@half.defjvp
def _(x: Dual) -> Dual:
    return Dual(half(x.re), 0.5 * x.du)


@dataclass(frozen=True)
class Spring:
    k: float

    @fn
    def energy(self, x: Real) -> Real:
        return 0.5 * self.k * x**2

    pull = grad(energy)


POINT = [3.0, 4.0], 2.0
THINGS = {
    "a function": (energy, POINT),
    "a gradient": (slope, POINT),
    "a derivative of a gradient": (jacobian(slope, wrt="k"), POINT),
    "a batch": (vmap(value_and_grad(energy, wrt=0), over=1), ([3.0, 4.0], [1.0, 2.0])),
    "a forward derivative": (jvp(energy), (*POINT, None, 1.0)),
    "a sparse derivative": (sparse_jacobian(slope, wrt=0), POINT),
    "an opaque function with a rule": (grad(half), (3.0,)),
    "a function that is declared linear": (linear(energy), POINT),
    "a method": (Spring(10.0).energy, (2.0,)),
    "a transform of a method": (Spring(10.0).pull, (2.0,)),
}
