"""`accumulate`: sums of terms that are added at computed places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.values.refused import Value
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import of_atoms, to_atoms
from rosesim.ad.program.ir import BOOL, REAL, Accum, Atom, Ty, Var
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here


class Accumulator(Value):
    """The argument of the function given to `accumulate`: a vector that can be added to, but not read."""

    __slots__ = ("_places", "_refs", "type")

    def __init__(self, t: T.Type, refs: tuple[Var, ...], places: tuple[Any, ...] = ()):
        object.__setattr__(self, "type", t)
        object.__setattr__(self, "_refs", refs)
        object.__setattr__(self, "_places", places)

    @property
    def at(self) -> Accumulator:
        """`acc.at[i].add(v)` adds v to element i. `acc.at[i, j]`, `acc.at[:, 0]` and so on work as for `x.at`."""
        return self

    def __getitem__(self, i: Any) -> Accumulator:
        return Accumulator(self.type, self._refs, (*self._places, i))

    def add(self, v: Any) -> None:
        """Add v here."""
        from rosesim.ad.language.indexing import accumulated  # not needed until something is indexed

        def emit(path: list[Atom], values: list[Atom]) -> None:
            f = trace.frame()
            places = [f.resolve(a) for a in path]
            b = trace.building()
            for ref, a in zip(self._refs, values, strict=True):
                target = f.resolve(ref)
                assert isinstance(target, Var)
                b.add(target, places, f.resolve(a))

        accumulated(self.type, self._places, v, emit)


def accumulate(t: Any, f: Callable[[Accumulator], Any]) -> Any:
    """A value of type `t` (Real, or vectors and structs of it), initially zero, to which f adds.

    `f(acc)` calls `acc.at[i].add(v)` at computed places, also in loops (`for_each`), branches and functions. The
    result is the accumulated value. If f returns something, the result is the pair of the accumulated value and that.

    >>> from rosesim import fn, accumulate, for_each, Index, Real, Vec
    >>> @fn
    ... def histogram(x: Vec[Real, 5]):
    ...     def fill(acc):
    ...         for_each(5, lambda i: acc.at[Index[3].clamp(x[i])].add(1.0))
    ...     return accumulate(Vec[Real, 3], fill)
    >>> histogram([0.5, 1.5, 1.7, 2.2, 9.0])
    array([1., 2., 2.])
    """
    full = T.from_annotation(t)
    tys = T.flatten(full)
    if any(ty.scalar not in (REAL.scalar, BOOL.scalar) for ty in tys):
        raise TypeMismatch(f"accumulate over {full} was found; expected a type made of Real (or Bool: or)", here())
    fr = trace.frame()
    refs = tuple(Var(Ty(ty.scalar, ty.shape, ref=True), "acc") for ty in tys)
    result: list[T.Type] = []

    def inside() -> list[Atom]:
        value = f(Accumulator(full, refs))
        result.append(typeof(value))
        return to_atoms(value, result[0])

    b = trace.building()
    inits = tuple(b.zeros(ty) for ty in tys)
    fr.own(inits)
    block = trace.nested(refs, inside)
    b.where = here()
    outs = b.let(Accum(inits, refs, block), *(a.ty for a in block.results), *tys)
    fr.own(outs)
    m = len(block.results)
    total = of_atoms(full, outs[m:])
    return total if result[0] == T.NULL else (total, of_atoms(result[0], outs[:m]))
