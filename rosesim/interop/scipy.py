"""SciPy's optimisers and solvers: a function of structs as one of a vector, with its derivatives.

`objective` is for `scipy.optimize.minimize`, `residuals` for `least_squares` and `root`. There is no `minimize` of
ours around SciPy's: with these methods a call of SciPy's own is one line.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.language.arguments import build, flat_args
from rosesim.ad.language.function import Fn
from rosesim.ad.language.signature import Wrt
from rosesim.ad.program.ir import FloatT, Ty
from rosesim.ad.support.errors import ArgumentError, TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.derivatives import as_fn, like, value_and_grad
from rosesim.ad.transforms.sparse import SparseMatrix, sparse_hessian, sparse_jacobian
from rosesim.ad.transforms.tangents import is_real
from rosesim.interop.flat import Flat, taken_apart

Vector = NDArray[np.float64]


class _OfVector:
    """A function and an example of its arguments; the real numbers of those that `wrt` chooses are one vector."""

    def __init__(self, f: Fn[..., Any], example: Sequence[Any], wrt: Wrt, named: dict[str, Any]):
        self.f = f
        signature = f.signature()
        row, keywords = signature.bind(example, named)
        types = f.types_of(row, keywords)
        self.flat = taken_apart(f, types)
        self._chosen, self._one = signature.chosen(wrt, len(row), keywords)
        self._one = self._one or len(self._chosen) == 1
        self._types = types
        self._names = [f"argument {n}" for n in signature.names(len(row), keywords)]
        each = [flat_args(v, t, n) for v, t, n in zip(row, types, self._names, strict=True)]
        owners = [k for k, leaves in enumerate(each) for _ in leaves]
        self._leaves = [leaf for leaves in each for leaf in leaves]
        self._places = tuple(i for i in self.flat.real if owners[i] in self._chosen)
        self._kept = {k: [i for i, owner in enumerate(owners) if owner == k] for k in self._chosen}
        ends = np.cumsum([0, *(self.flat.params[i].size for i in self._places)])
        self._slices = [slice(int(a), int(b)) for a, b in itertools.pairwise(ends)]
        self.size = int(ends[-1])
        """The length of the vector."""
        if not self.size:
            raise TypeMismatch(f"the arguments of {f.name} that were chosen hold no real number; expected one, or "
                               "wrt= that names other arguments", here())  # fmt: skip
        self.x0: Vector = _packed([self._leaves[i] for i in self._places])
        """The vector of the example."""

    def vector(self, *args: Any) -> Vector:
        """The vector of such arguments, one for each that `wrt` chooses."""
        if len(args) != len(self._chosen):
            words = ", ".join(self._names[k].removeprefix("argument ") for k in self._chosen)
            raise ArgumentError(f"{len(args)} arguments were found; expected those that the vector holds: {words}")
        leaves = list(self._leaves)
        for k, v in zip(self._chosen, args, strict=True):
            for i, leaf in zip(self._kept[k], flat_args(v, self._types[k], self._names[k]), strict=True):
                leaves[i] = leaf
        return _packed([leaves[i] for i in self._places])

    def arguments(self, x: Vector) -> Any:
        """The arguments whose vector is x, in the example's shape; a tuple where `wrt` chooses several. What is not
        real in them comes from the example."""
        leaves = self._at(x)
        found = tuple(build(self._types[k], [leaves[i] for i in self._kept[k]]) for k in self._chosen)
        return found[0] if self._one else found

    def _at(self, x: Vector) -> list[Any]:
        """The leaves of all arguments at x."""
        x = np.asarray(x, dtype=np.float64)
        if x.shape != (self.size,):
            raise ArgumentError(f"{self.f.name}: a vector of shape {x.shape} was found; expected ({self.size},)")
        leaves = list(self._leaves)
        for i, part in zip(self._places, self._slices, strict=True):
            shape = self.flat.params[i].shape
            leaves[i] = x[part].reshape(shape) if shape else float(x[part.start])
        return leaves


def _packed(leaves: Sequence[Any]) -> Vector:
    return np.concatenate([np.ravel(np.asarray(a, dtype=np.float64)) for a in leaves])


class Objective(_OfVector):
    """A function that gives a Real, as SciPy wants it: see `objective`."""

    def __init__(self, f: Fn[..., Any], example: Sequence[Any], wrt: Wrt, named: dict[str, Any]):
        super().__init__(f, example, wrt, named)
        if self.flat.results != (Ty(FloatT(64)),):
            found = f.traced(self._types).result
            raise TypeMismatch(f"{f.name}, which gives {found}, was found; expected a function that gives a Real: "
                               "residuals takes others", here())  # fmt: skip
        flat = self.flat
        self._scalar = like(flat.fn, lambda *leaves: flat.fn(*leaves)[0], "value", lambda g: g)
        gradient = value_and_grad(self._scalar, wrt=self._places)
        self._both = Flat(lambda *leaves: gradient(*leaves), flat.params, flat.names, gradient.name)

    def fun(self, x: Vector) -> tuple[float, Vector]:
        """The value and the gradient at x, for `jac=True`."""
        value, *gradients = self._both(*self._at(x))
        return value, _packed(gradients)

    def value(self, x: Vector) -> float:
        """The value alone."""
        return self.flat(*self._at(x))[0]

    def hessp(self, x: Vector, p: Vector) -> Vector:
        """The Hessian at x times p, without the Hessian: the derivative of the gradient along p."""
        direction = self._at(p)
        _, *along = self._both.pushed(self._places)(*self._at(x), *(direction[i] for i in self._places))
        return _packed(along)

    def hess(self, x: Vector) -> Any:
        """The Hessian at x, a dense matrix."""
        return self._hessian(*self._at(x)).toarray()

    def sparse_hess(self, x: Vector) -> Any:
        """The Hessian at x as `scipy.sparse.csr_array`."""
        return self._hessian(*self._at(x)).to_scipy()

    @functools.cached_property
    def _hessian(self) -> Callable[..., SparseMatrix]:
        return sparse_hessian(self._scalar, wrt=self._places)


class Residuals(_OfVector):
    """A function that gives several numbers, as SciPy wants it: see `residuals`."""

    def __init__(self, f: Fn[..., Any], example: Sequence[Any], wrt: Wrt, sparse: bool, named: dict[str, Any]):
        super().__init__(f, example, wrt, named)
        self._is_sparse = sparse
        self._jacobian = sparse_jacobian(self.flat.fn, wrt=self._places)
        self.jac: Any = self._jac
        """Their Jacobian at x: `scipy.sparse.csr_array`, or a dense matrix after `sparse=False`. (An editor takes
        SciPy's `jac` for a string, the type of its default.)"""

    def fun(self, x: Vector) -> Vector:
        """The numbers at x, as one vector."""
        made = self.flat(*self._at(x))
        return _packed([a for a, ty in zip(made, self.flat.results, strict=True) if is_real(ty)])

    def _jac(self, x: Vector) -> Any:
        found = self._jacobian(*self._at(x))
        return found.to_scipy() if self._is_sparse else found.toarray()


def objective(f: Callable[..., Any], /, *example: Any, wrt: Wrt = None, **named: Any) -> Objective:
    """f, which gives a Real, as a function of one vector: the real numbers of its arguments (`wrt` chooses some), in
    order. The example is a set of arguments; it gives the structs their shapes, `x0` its numbers, and what is not in
    the vector its values. Of a scene, f is `compiled(scene).loss`, of params and inputs.

    `fun` gives the gradient too, for `minimize(o.fun, o.x0, jac=True)`; `hessp` and `hess` are second derivatives,
    `sparse_hess` is sparse. `arguments(x)` makes structs of a vector again, `vector` a vector of structs. Raises
    TypeMismatch where f gives anything but a Real, or nothing real was chosen.

    >>> from scipy.optimize import minimize
    >>> from rosesim import fn
    >>> from rosesim.interop.scipy import objective
    >>> @fn
    ... def rosenbrock(p):
    ...     return (1.0 - p["x"]) ** 2 + 100.0 * (p["y"] - p["x"] ** 2) ** 2
    >>> o = objective(rosenbrock, {"x": -1.2, "y": 1.0})
    >>> found = minimize(o.fun, o.x0, jac=True, hessp=o.hessp, method="trust-ncg", options={"gtol": 1e-10})
    >>> {name: round(v, 6) for name, v in o.arguments(found.x).items()}
    {'x': 1.0, 'y': 1.0}
    """
    return Objective(as_fn(f), example, wrt, named)


def residuals(
    f: Callable[..., Any], /, *example: Any, wrt: Wrt = None, sparse: bool = True, **named: Any
) -> Residuals:
    """f, which gives any structure of Reals, as a function from a vector to a vector with its Jacobian: sparse, along
    few directions (`sparse_jacobian`), or dense after `sparse=False`. `example` and `wrt` are as in `objective`.

    >>> import numpy as np
    >>> from scipy.optimize import least_squares
    >>> from rosesim import fn, Vec, Real
    >>> from rosesim.interop.scipy import residuals
    >>> @fn
    ... def balance(u: Vec[Real, 100]):
    ...     return u[1:-1] ** 3 + 2.0 * u[1:-1] - u[:-2] - u[2:] - 1.0, u[0] - 1.0, u[-1] - 1.0
    >>> r = residuals(balance, np.zeros(100))
    >>> r.jac(r.x0).nnz
    296
    >>> bool(abs(least_squares(r.fun, r.x0, jac=r.jac, xtol=1e-12).x - 1.0).max() < 1e-8)
    True
    """
    return Residuals(as_fn(f), example, wrt, sparse, named)


__all__ = ["Objective", "Residuals", "objective", "residuals"]
