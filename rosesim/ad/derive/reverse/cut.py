"""The fewest numbers from which the reverse of a step can recompute the values of the forward pass that it reads.

The reverse of a loop over steps needs values that depend on what the loop carries: in each cell of a grid, say. To
keep the history of the carries is one way, and then the reverse computes each value again from them. But often fewer
numbers lie in between: the reverse of a collision of nine streams needs density and velocity, three numbers a cell,
and that of Maxwell's equations one curl, where the carries are three fields. The fewest such numbers are a minimum
cut of the graph of values, from the carries to what the reverse reads (Ford and Fulkerson 1956); of several, the one
nearest to the reader, which leaves the least to recompute. Natural programs: the gradient of the lattice takes half
the time, of the wave in three dimensions 0.6, of FDTD 0.75.

A loop inside a step stores the numbers of its own cut, as arrays; the step cuts again between these arrays and the
carries. So each level looks at its own lets alone. A value from further out cannot be stored there and has no price.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from rosesim.ad.derive.reverse.recompute import Plan, made_plan, storing_pays
from rosesim.ad.passes.simplify import nested_free
from rosesim.ad.program.ir import Block, Let, Loop, Var, binders, blocks, nbytes, nests
from rosesim.ad.support import recursion

ENDLESS = 1 << 62
"""The price of what cannot be stored."""

MOST_LETS = 2000
"""In blocks with more lets a search for a cut takes too long; the reverse then recomputes what it can."""


def dependents(block: Block, sources: Iterable[Var]) -> frozenset[Var]:
    """These variables, and those of a block and the blocks in it that depend on them."""
    found = set(sources)

    def visit(block: Block) -> None:
        for let in block.lets:
            if found.isdisjoint(nested_free(let.expr)):
                continue
            found.update(let.outs)
            if nests(let.expr):
                found.update(v for v in binders(let.expr) if not (isinstance(let.expr, Loop) and v is let.expr.index))
                for inner in blocks(let.expr):
                    recursion.nested(visit, inner)

    visit(block)
    return frozenset(found)


def cut_plan(lets: Sequence[Let], roots: Iterable[Var], changing: Collection[Var], carries: Collection[Var]) -> Plan:
    """How the reverse of `lets` gets the values of `roots` from the fewest numbers, and the carries that these are.

    `changing` are the variables that cannot be read while the reverse runs, unless they are stored. Those of them
    that are not bound by the lets can be stored if they are among `carries`.
    """
    roots = tuple(roots)
    saved = _cut(lets, roots, changing, carries) if len(lets) <= MOST_LETS else frozenset(roots)
    return made_plan(lets, roots, saved)


def _cut(
    lets: Sequence[Let], roots: Sequence[Var], changing: Collection[Var], carries: Collection[Var]
) -> frozenset[Var]:
    """The variables to store: a minimum cut, the nearest to the roots."""
    flow = _Flow()
    needed = {v for v in roots if v in changing}
    for v in needed:
        flow.edge(("out", v), "reader", ENDLESS)
    bound = set[Var]()
    for let in reversed(lets):
        hit = [o for o in let.outs if o in needed]
        if not hit:
            continue
        bound.update(hit)
        reads = [v for v in nested_free(let.expr) if v in changing]
        pays = storing_pays(let, hit)
        for o in hit:
            flow.edge(("in", o), ("out", o), nbytes(o.ty))
            if pays:
                flow.edge("carries", ("in", o), ENDLESS)
            else:
                for v in reads:
                    flow.edge(("out", v), ("in", o), ENDLESS)
        if not pays:
            needed.update(reads)
    for v in needed - bound:
        flow.edge("carries", ("in", v), ENDLESS)
        flow.edge(("in", v), ("out", v), nbytes(v.ty) if v in carries else ENDLESS)
    flow.fill("carries", "reader")
    near = flow.reaching("reader")
    return frozenset(v for v in needed if ("out", v) in near and ("in", v) not in near)


class _Flow:
    """A network of pipes with capacities."""

    def __init__(self) -> None:
        self.room: dict[object, dict[object, int]] = {}
        """What still fits from a node to another."""

    def edge(self, a: object, b: object, capacity: int) -> None:
        """Add a pipe."""
        there = self.room.setdefault(a, {})
        there[b] = there.get(b, 0) + capacity
        self.room.setdefault(b, {}).setdefault(a, 0)

    def fill(self, start: object, end: object) -> None:
        """Send as much as fits, always along a shortest way (Edmonds and Karp 1972)."""
        if start not in self.room or end not in self.room:
            return
        while True:
            came: dict[object, object] = {start: start}
            queue = deque([start])
            while queue and end not in came:
                a = queue.popleft()
                for b, room in self.room[a].items():
                    if room > 0 and b not in came:
                        came[b] = a
                        queue.append(b)
            if end not in came:
                return
            way = [end]
            while way[-1] is not start:
                way.append(came[way[-1]])
            pipes = [(a, b) for b, a in pairwise(way)]
            amount = min(self.room[a][b] for a, b in pipes)
            for a, b in pipes:
                self.room[a][b] -= amount
                self.room[b][a] += amount

    def reaching(self, end: object) -> set[object]:
        """The nodes from which something still fits to the end."""
        found = {end}
        queue = deque([end])
        while queue:
            b = queue.popleft()
            for a in self.room.get(b, {}):
                if a not in found and self.room[a].get(b, 0) > 0:
                    found.add(a)
                    queue.append(a)
        return found
