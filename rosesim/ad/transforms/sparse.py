"""Sparse Jacobians and Hessians: their structure from the program, few directions by colouring, CSR as the result.

Columns that have no row in common can share a direction of the derivative (Curtis, Powell & Reid, On the estimation
of sparse Jacobian matrices, 1974). Of a symmetric matrix each number is needed only once, so more columns can share
one (Coleman & Moré, Estimation of sparse Hessian matrices and graph coloring problems, 1984: a star colouring).
Both are found greedily, columns of the most conflicts first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.instrument.pattern import pattern
from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.arguments import flat_args
from rosesim.ad.language.compiled import Program
from rosesim.ad.language.control.loops import batch, vec
from rosesim.ad.language.function import Fn
from rosesim.ad.language.signature import Wrt
from rosesim.ad.language.tracing import Traced
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.vector import of_atoms, to_atoms
from rosesim.ad.program.ir import Atom, IntT, Ty
from rosesim.ad.support.errors import TraceError, TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.colouring import colours_of_columns, colours_of_stars
from rosesim.ad.transforms.derivatives import as_fn, grad
from rosesim.ad.transforms.jacobians import Mode
from rosesim.ad.transforms.reverse import Reversed
from rosesim.ad.transforms.tangents import Forwarded, gradient_type, is_real, refuse_tangents

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SparseMatrix:
    """A matrix in compressed rows (CSR): the numbers of row i are `data[indptr[i]:indptr[i + 1]]`, in the columns
    that `indices` has there, in order. Numbers that happen to be zero are among them.

    >>> m = SparseMatrix(np.array([2.0, 3.0]), np.array([1, 0]), np.array([0, 1, 2]), (2, 2), 1)
    >>> m.toarray()
    array([[0., 2.],
           [3., 0.]])
    """

    data: NDArray[np.float64]
    indices: Integers
    indptr: Integers
    shape: tuple[int, int]
    directions: int
    """How many derivatives along a direction it took."""

    def toarray(self) -> NDArray[np.float64]:
        """The dense matrix."""
        dense = np.zeros(self.shape)
        dense[np.repeat(np.arange(self.shape[0]), np.diff(self.indptr)), self.indices] = self.data
        return dense

    def to_scipy(self) -> Any:
        """The same numbers as `scipy.sparse.csr_array`. SciPy has to be installed."""
        from scipy.sparse import csr_array

        return csr_array((self.data, self.indices, self.indptr), shape=self.shape)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The structure of a derivative for some integers, and the program of its directions."""

    traced: Traced
    indices: Integers
    indptr: Integers
    shape: tuple[int, int]
    program: Program
    colours: Integers
    directions: int
    found: Integers
    """For each number of the matrix, its place in what the program gives, a row for each direction."""


def sparse_jacobian(f: Callable[..., Any], *, wrt: Wrt = None, mode: Mode = None) -> Callable[..., SparseMatrix]:
    """The function of f's arguments that gives f's Jacobian as a sparse matrix.

    Its rows are the real numbers of f's value, its columns those of the arguments (`wrt` chooses some), both in the
    order of arrays: all of one field before the next. The structure is found from the program, once for the types
    and for the integers among the arguments; the numbers are then computed along few directions, in lanes. `mode`
    chooses directions that columns share ("forward") or rows ("reverse"), by default the fewer.

    Raises TraceError within a traced function: it gives no value of the language.

    >>> from rosesim import fn, sparse_jacobian, vec, Real, Vec
    >>> @fn
    ... def differences(x: Vec[Real, 100]):
    ...     return vec(99, lambda i: x[i + 1] ** 2 - x[i])
    >>> m = sparse_jacobian(differences)(np.ones(100))
    >>> m.shape, len(m.data), m.directions, m.data[:2]
    ((99, 100), 198, 2, array([-1.,  2.]))
    """
    return _Sparse(as_fn(f), "sparse_jacobian", wrt, mode, symmetric=False)


def sparse_hessian(f: Callable[..., Any], *, wrt: Wrt = None) -> Callable[..., SparseMatrix]:
    """The function of f's arguments that gives the Hessian of f (which gives a Real) as a sparse symmetric matrix:
    see `sparse_jacobian`. It is computed along directions of the gradient, each of which several columns share.

    >>> from rosesim import fn, sparse_hessian, sum, Real, Vec
    >>> @fn
    ... def energy(x: Vec[Real, 100]) -> Real:
    ...     return sum(99, lambda i: (x[i + 1] - x[i]) ** 4)
    >>> m = sparse_hessian(energy)(np.arange(100.0))
    >>> m.shape, len(m.data), m.directions, m.toarray()[1, :3]
    ((100, 100), 298, 3, array([-12.,  24., -12.]))
    """
    return _Sparse(grad(f, wrt=wrt), "sparse_hessian", wrt, "forward", symmetric=True)


class _Sparse:
    """A derivative as a sparse matrix; it keeps the plans of the last few types and integers."""

    def __init__(self, g: Fn[..., Any], name: str, wrt: Wrt, mode: Mode, symmetric: bool):
        if mode not in (None, "forward", "reverse"):
            raise TypeMismatch(f"mode={mode!r} was found; expected 'forward', 'reverse' or None (the fewer)", here())
        self._how = g, name, wrt, mode, symmetric
        self._g, self._wrt, self._mode, self._symmetric = g, wrt, mode, symmetric
        self.__name__ = f"{name}({g.name})"
        self._plans: dict[Any, _Plan] = {}

    def __reduce__(self) -> Any:
        return _Sparse, self._how  # the plans are made anew

    def __call__(self, *args: Any, **kwargs: Any) -> SparseMatrix:
        """The matrix at these arguments."""
        if trace.current() is not None:
            raise TraceError(
                f"{self.__name__} was called in a traced function, where its size would have to be known; call it "
                "outside, or use jacobian or hvp",
                here(),
            )
        g = self._g
        signature = g.signature().renamed(self.__name__)
        row, keywords = signature.bind(args, kwargs)
        positions, _ = signature.chosen(self._wrt, len(row), keywords)
        types = g.types_of(row, keywords)
        traced = g.traced(types)
        refuse_tangents(g, traced)
        plain = tuple(types)
        names = signature.names(len(row), keywords)
        flat = [a for v, t, name in zip(row, plain, names, strict=True) for a in flat_args(v, t, name)]
        given = {k: np.asarray(a) for k, (a, p) in enumerate(zip(flat, traced.func.params, strict=False))
                 if isinstance(p.ty.scalar, IntT)}  # fmt: skip
        key = plain, positions, tuple(a.tobytes() for a in given.values())
        plan = self._plans.pop(key, None)
        if plan is None or plan.traced is not traced:
            plan = self._planned(traced, positions, given)
        self._plans[key] = plan
        while len(self._plans) > _PLANS:
            self._plans.pop(next(iter(self._plans)))
        made = plan.program.run((*row, plan.colours))
        numbers = np.concatenate([np.asarray(a).reshape(plan.directions, -1) for a in made], axis=1).ravel()
        return SparseMatrix(numbers[plan.found], plan.indices, plan.indptr, plan.shape, plan.directions)

    def _planned(self, traced: Traced, positions: Sequence[int], given: dict[int, NDArray[Any]]) -> _Plan:
        active = [k in positions and is_real(ty) for k, t in enumerate(traced.params) for ty in T.flatten(t)]
        leaves = [p.ty for p, on in zip(traced.func.params, active, strict=False) if on]
        columns = sum(ty.size for ty in leaves)
        results = list(T.flatten(gradient_type(traced.result)))
        rows = sum(ty.size for ty in results)
        i, j = pattern(traced.func, (*active, *(False for _ in traced.captured)), given)
        by_columns = True
        if self._symmetric:
            i, j = _both_ways(i, j, rows)
            colours, home, other = colours_of_stars(i, j, rows)
            row, share = home, other
        else:
            colours = colours_of_columns(i, j, rows, columns)
            if self._mode != "forward":
                of_rows = colours_of_columns(j, i, columns, rows)
                if self._mode == "reverse" or _count(of_rows) < _count(colours):
                    colours, by_columns = of_rows, False
            row, share = (i, j) if by_columns else (j, i)
        many = max(1, _count(colours))
        found = colours[share] * (rows if by_columns else columns) + row
        write = _by_columns if by_columns else _by_rows
        program = _directions(traced, positions, active, leaves if by_columns else results, many, len(colours), write)
        indptr = np.searchsorted(i, np.arange(rows + 1))
        return _Plan(traced, j, indptr, (rows, columns), program, colours, many, found)


_PLANS = 8
"""Plans that are kept: for so many different index arrays or types."""


def _count(colours: Integers) -> int:
    return int(colours.max(initial=-1)) + 1


def _both_ways(i: Integers, j: Integers, n: int) -> tuple[Integers, Integers]:
    """A structure made symmetric: where only one of two places was found, the derivatives are zero in both."""
    keys = np.unique(np.concatenate([i * n + j, j * n + i]))
    return keys // max(1, n), keys % max(1, n)


Write = Callable[[Traced, Sequence[int], list[bool], list[Atom], list[Atom]], list[Atom]]


def _directions(
    traced: Traced,
    positions: Sequence[int],
    active: list[bool],
    leaves: list[Ty],
    many: int,
    count: int,
    write: Write,
) -> Program:
    """The program of f's arguments and the colours of the numbers in `leaves`: a batch of the derivatives along the
    sums of the numbers of each colour."""
    starts = [sum(ty.size for ty in leaves[:k]) for k in range(len(leaves))]

    def directions(*row: Any) -> Any:
        *args, colours = row
        atoms = [a for v, t in zip(args, traced.params, strict=True) for a in to_atoms(v, t)]

        def one(colour: Any) -> Any:
            seeds = [_of_colour(ty, start, colour, colours) for ty, start in zip(leaves, starts, strict=True)]
            made = write(traced, positions, active, atoms, seeds)
            return of_atoms(T.tuple_type(*(T.of_flat(a.ty) for a in made)), made)

        stacked = batch(many, one).leaves()
        return of_atoms(T.tuple_type(*(T.of_flat(a.ty) for a in stacked)), stacked)

    return Program(Fn(directions), (*traced.params, T.VecType(count, T.index(many))))


def _of_colour(ty: Ty, start: int, colour: Any, colours: Any) -> Atom:
    """An array with a one for each number of that colour."""

    def filled(shape: tuple[int, ...], place: Any) -> Any:
        if not shape:
            return Real(colours[place] == colour)
        return vec(shape[0], lambda k: filled(shape[1:], place + k * math.prod(shape[1:])))

    if 0 in ty.shape:
        return trace.emit(lambda b: b.zeros(ty))
    return to_atoms(filled(ty.shape, start), T.of_flat(ty))[0]


def _by_columns(
    traced: Traced, positions: Sequence[int], active: list[bool], atoms: list[Atom], seeds: list[Atom]
) -> list[Atom]:
    return to_atoms(Forwarded.of(traced, active)(atoms, seeds)[1], gradient_type(traced.result))


def _by_rows(
    traced: Traced, positions: Sequence[int], active: list[bool], atoms: list[Atom], seeds: list[Atom]
) -> list[Atom]:
    rev = Reversed.of(traced, positions)
    _, tape = rev.forward([*atoms, *traced.captured])
    return [a for a in rev.backward(tape, seeds) if a is not None]


__all__ = ["SparseMatrix", "sparse_hessian", "sparse_jacobian"]
