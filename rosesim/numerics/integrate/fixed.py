"""`fixed`: steps of equal size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.ad.language import types as T
from rosesim.ad.language.arrays import concatenate, stack
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import of_atoms, to_atoms
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.numerics.integrate.field import Field, state
from rosesim.numerics.integrate.methods import FIRST_ORDER, SECOND_ORDER


def fixed(
    f: Callable[..., Any],
    y0: Any,
    t0: Any,
    t1: Any,
    steps: int,
    *,
    method: str = "rk4",
    args: tuple[Any, ...] = (),
    path: bool = False,
    tolerance: float = 1e-12,
) -> Any:
    """y(t1) for y' = f(t, y, *args) and y(t0) = y0, by `steps` equal steps. `path=True` gives the vector of all
    steps + 1 states instead. The state has any shape: a Real, vectors, structures of these.

    `method` is "euler", "rk4" (the default), "dopri5" (order 5), or, implicit, for stiff equations,
    "backward_euler", "implicit_midpoint" (order 2, symplectic), "rodas4" (order 4). "semi_implicit_euler" (order 1)
    and "velocity_verlet" (order 2) are for q'' = f(t, q, *args): f then gives accelerations, and the state is the
    pair (q, v), or a structure of these two. Both are symplectic.

    `tolerance` is that of Newton's method in "backward_euler" and "implicit_midpoint", relative to the state, and far
    below what a step errs; in single precision give 1e-6. A step that does not converge to it stops the program.

    Derivative: that of these very steps, exactly, by y0, t0, t1, args and by what f captures. The implicit methods
    have it by the implicit function theorem.

    >>> from rosesim import Real, exp, fn, grad, integrate
    >>> @fn
    ... def left(rate: Real) -> Real:
    ...     return integrate.fixed(lambda t, y: -rate * y, 1.0, 0.0, 1.0, 100)
    >>> round(left(0.5), 9), round(grad(left)(0.5), 9)
    (0.60653066, -0.60653066)
    """
    y0 = state(y0)
    if method in FIRST_ORDER:
        start, one = y0, FIRST_ORDER[method]
        field = Field(f, y0, args, "integrate.fixed")
    elif method in SECOND_ORDER:
        start, one = _pair(y0, method), SECOND_ORDER[method]
        field = Field(f, start[0], args, "integrate.fixed")
    else:
        known = ", ".join((*FIRST_ORDER, *SECOND_ORDER))
        raise TypeMismatch(f"method={method!r} was found in integrate.fixed; expected one of {known}", here())
    t = typeof(y0)
    h = (t1 - t0) / steps

    def advance(y: Any, i: Any) -> Any:
        after = one(field, t0 + h * i, y, h, tolerance)
        return (after, after) if path else after

    if not path:
        return _shaped(t, scan(advance, start, steps))
    _, after = scan(advance, start, steps)
    return following(t, y0, _shaped(T.VecType(steps, t), after))


def _pair(y: Any, method: str) -> tuple[Any, Any]:
    """Places and velocities of a structure of both."""
    t = typeof(y)
    if not isinstance(t, T.StructType) or len(t.types) != 2 or t.types[0] != t.types[1]:
        raise TypeMismatch(
            f"the state of integrate.fixed is {t}; expected (places, velocities), two of one type, for "
            f"method={method!r}",
            here(),
        )
    atoms = to_atoms(y, t)
    half = len(atoms) // 2
    return of_atoms(t.types[0], atoms[:half]), of_atoms(t.types[1], atoms[half:])


def _shaped(t: T.Type, value: Any) -> Any:
    """A value in another structure with the same numbers."""
    return of_atoms(t, to_atoms(value, typeof(value)))


def following(t: T.Type, first: Any, rest: Any) -> Any:
    """The vector of states that begins with `first` and goes on with those in `rest`."""
    n = len(rest)
    atoms: list[Any] = []
    for ty, head, tail in zip(T.flatten(t), to_atoms(first, t), to_atoms(rest, T.VecType(n, t)), strict=True):
        part = T.of_flat(ty)
        joined = concatenate([stack([of_atoms(part, [head])]), of_atoms(T.VecType(n, part), [tail])])
        atoms += to_atoms(joined, T.VecType(n + 1, part))
    return of_atoms(T.VecType(n + 1, t), atoms)
