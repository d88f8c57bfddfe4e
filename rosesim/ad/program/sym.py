"""Arithmetic on atoms, for writing derivative rules as formulas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rosesim.ad.program.ir import REAL, Atom, Lit

Emit = Callable[[str, tuple[Atom, ...]], Atom]


@dataclass(frozen=True, slots=True, eq=False)
class Sym:
    """An atom with Python's arithmetic: each operation calls `emit(name, args)`, which appends an operator."""

    atom: Atom
    emit: Emit

    def op(self, name: str, *others: Sym | float) -> Sym:
        """The operator `name` of this and the others."""
        return Sym(self.emit(name, (self.atom, *(_atom(o) for o in others))), self.emit)

    def _flipped(self, name: str, other: float) -> Sym:
        return Sym(self.emit(name, (_atom(other), self.atom)), self.emit)

    def __add__(self, o: Sym | float) -> Sym:
        return self.op("add", o)

    def __radd__(self, o: float) -> Sym:
        return self._flipped("add", o)

    def __sub__(self, o: Sym | float) -> Sym:
        return self.op("sub", o)

    def __rsub__(self, o: float) -> Sym:
        return self._flipped("sub", o)

    def __mul__(self, o: Sym | float) -> Sym:
        return self.op("mul", o)

    def __rmul__(self, o: float) -> Sym:
        return self._flipped("mul", o)

    def __truediv__(self, o: Sym | float) -> Sym:
        return self.op("div", o)

    def __rtruediv__(self, o: float) -> Sym:
        return self._flipped("div", o)

    def __neg__(self) -> Sym:
        return self.op("neg")

    def eq(self, o: Sym | float) -> Sym:
        """Whether equal."""
        return self.op("eq", o)

    def gt(self, o: Sym | float) -> Sym:
        """Whether greater."""
        return self.op("gt", o)

    def ge(self, o: Sym | float) -> Sym:
        """Whether greater or equal."""
        return self.op("ge", o)

    def le(self, o: Sym | float) -> Sym:
        """Whether less or equal."""
        return self.op("le", o)

    def select(self, x: Sym | float, y: Sym | float) -> Sym:
        """x where this is true, else y."""
        return self.op("select", x, y)


def _atom(x: Sym | float) -> Atom:
    return x.atom if isinstance(x, Sym) else Lit(float(x), REAL)
