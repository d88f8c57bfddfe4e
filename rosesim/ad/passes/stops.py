"""A program without its `stop_gradient`s, to compare its derivative with finite differences, which ignore them."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.ad.program.ir import Block, Func, Let, Stop, all_lets, reachable
from rosesim.ad.program.rewrite import Copy


def stops(func: Func) -> list[Let]:
    """Every `stop_gradient` of a program."""
    bodies = [f.body for f in reachable(func) if isinstance(f.body, Block)]
    return [let for body in bodies for let in all_lets(body) if isinstance(let.expr, Stop)]


def unstopped(func: Func) -> Func:
    """The same program, in which derivatives pass through every `stop_gradient`."""
    made: dict[Func, Func] = {}
    for f in reachable(func):
        made[f] = f
        if isinstance(f.body, Block):
            copy = _Passing(func=lambda g: made[g])
            params = tuple(map(copy.bind, f.params))
            made[f] = Func(f.name, params, copy.block(f.body), f.where, f.rules)
    return made[func]


class _Passing(Copy):
    """A copy that replaces each Stop by its value."""

    def lets(self, lets: Sequence[Let]) -> tuple[Let, ...]:
        """Copies of all lets except the stops."""
        out: list[Let] = []
        for let in lets:
            if isinstance(let.expr, Stop):
                self.rename(let.outs[0], self.atom(let.expr.x))
            else:
                out += super().lets([let])
        return tuple(out)
