"""The reverse of a traced function: its forward pass, and its reverse pass from a cotangent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.tracing import Traced, call_traced
from rosesim.ad.language.values.vector import of_atoms
from rosesim.ad.program.ir import Atom, Ty
from rosesim.ad.transforms.tangents import gradient_type, is_real

if TYPE_CHECKING:
    from rosesim.ad.derive.reverse.pair import Pair

# The transformations are imported where they are used: a program without derivatives need not load them.


@dataclass(frozen=True, slots=True)
class Reversed:
    """The reverse of a traced function with respect to some of its arguments."""

    traced: Traced
    pair: Pair | None
    active: tuple[bool, ...]
    out: tuple[bool, ...]
    cts: tuple[Ty, ...]

    @staticmethod
    def of(traced: Traced, positions: Sequence[int]) -> Reversed:
        """Differentiate and transpose."""
        from rosesim.ad.derive.forward import jvp_func
        from rosesim.ad.derive.reverse.transpose import transpose
        from rosesim.ad.passes.share_functions import shared

        active: list[bool] = []
        for k, t in enumerate(traced.params):
            active += [k in positions] * len(T.flatten(t))
        active += [False] * len(traced.captured)
        mask = tuple(a and is_real(p.ty) for a, p in zip(active, traced.func.params, strict=True))
        made, out = jvp_func(shared(traced.func), mask)
        if not any(out):
            return Reversed(traced, None, mask, out, ())
        pair = transpose(made)
        cts = tuple(p.ty for p, a in zip(traced.func.params, mask, strict=True) if a)
        return Reversed(traced, pair, mask, out, cts)

    def forward(self, atoms: Sequence[Atom]) -> tuple[Any, list[Atom]]:
        """Write the forward pass: the value, and what the reverse pass reads."""
        t = self.traced
        if self.pair is None:
            return call_traced(t.func, atoms, t.result), []
        f = trace.frame()
        args = [f.resolve(a) for a in atoms]
        outs = trace.building().call(self.pair.fwd, args)
        f.own(outs)
        count = len(t.func.results)
        return of_atoms(t.result, outs[:count]), self.pair.tape_of(args, outs)

    def backward(self, tape: Sequence[Atom], given: Sequence[Atom]) -> list[Atom | None]:
        """Write the reverse pass from a flat cotangent: the cotangent of each flat parameter that is active."""
        t = self.traced
        from rosesim.ad.derive.reverse.pair import call_back

        active_cts = [a for a, on in zip(given, (o for o, ty in zip(self.out, t.func.results, strict=True)
                                             if is_real(ty)), strict=True) if on]  # fmt: skip
        f = trace.frame()
        b = trace.building()
        if self.pair is None:
            values: list[Atom] = []
        else:
            args = [f.resolve(a) for a in (*tape, *active_cts)]
            values = call_back(b, self.pair, args, self.cts)
            f.own(values)
        zeros = [b.zeros(p.ty) for p, a in zip(t.func.params, self.active, strict=True) if a]
        f.own(zeros)
        rest = iter(values if self.pair is not None else zeros)
        return [next(rest) if a else None for a in self.active]


def gradients_of(rev: Reversed, flat: list[Atom | None], positions: Sequence[int], one: bool) -> Any:
    """Flat cotangents as gradients in the shape of the arguments."""
    per_argument: list[list[Atom]] = []
    k = 0
    for t in rev.traced.params:
        leaves = T.flatten(t)
        per_argument.append([a for a in flat[k : k + len(leaves)] if a is not None])
        k += len(leaves)
    parts = [of_atoms(gradient_type(rev.traced.params[p]), per_argument[p]) for p in positions]
    return parts[0] if one else tuple(parts)


__all__ = ["Reversed", "gradients_of"]
