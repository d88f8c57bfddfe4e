"""What a Python function captures of the function around it, as an argument: closure conversion.

A derivative rule covers arguments alone. A function that a user gives to a solver names traced values around it, and
the derivative of the solution by these is what the user wants. So they become an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.function import Fn, fn, is_fn
from rosesim.ad.language.tracing import Traced, call_traced
from rosesim.ad.language.values.refused import kind
from rosesim.ad.language.values.vector import of_atoms, to_atoms
from rosesim.ad.program.ir import TanT
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here


@dataclass(frozen=True, eq=False)
class Closed:
    """A function for arguments of certain types, closed: what it captured comes first, as one tuple."""

    name: str
    traced: Traced
    captured: Any
    """The captured values, in the function that gave it."""

    @property
    def result(self) -> T.Type:
        """The type of its result."""
        return self.traced.result

    def __call__(self, captured: Any, *args: Any) -> Any:
        """Write a call of it."""
        given = [a for v, t in zip(args, self.traced.params, strict=True) for a in to_atoms(v, t)]
        hidden = to_atoms(captured, captured_type(self.traced))
        trace.frame().dependencies.join(self.traced.dependencies)
        return call_traced(self.traced.func, [*given, *hidden], self.traced.result)


def closed(f: Callable[..., Any], *args: Any, what: str) -> Closed:
    """A function that a user gave to a construct, for arguments like these. `what` names it in messages."""
    if not callable(f):
        raise TypeMismatch(f"{what} is {kind(f)}; expected a function", here())
    g: Fn[..., Any] = f if is_fn(f) else fn(f)
    row, keywords = g.signature().bind(args, {})
    types = g.types_of(row, keywords)
    traced = g.traced(types)
    for v in traced.captured:
        if v.ty.ref or isinstance(v.ty.scalar, TanT):
            found = "an accumulator" if v.ty.ref else "a tangent"
            raise TypeMismatch(f"{what} uses {found} of the function around it; expected only values", here())
    f_now = trace.frame()
    t = captured_type(traced)
    return Closed(g.name, traced, of_atoms(t, [f_now.resolve(v) for v in traced.captured]))


def captured_type(traced: Traced) -> T.Type:
    """The type of all that a trace captured, as a tuple."""
    return T.tuple_type(*(T.of_flat(v.ty) for v in traced.captured))
