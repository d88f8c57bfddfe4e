"""What the way back stores and what it runs again.

A reverse pass reads values of the forward pass. Each is either stored on the way forward or computed
again from others on the way back. Computing again is the rule, because a step's values then live in
registers; storing pays where one number costs many operations (a network's layer, an inner loop's
result, a call), and where computing again would need a large array that changes (a loop's carry).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rosesim.ad.cost import work
from rosesim.ad.ir import Atom, Call, Let, Loop, Var
from rosesim.ad.simplify import nested_free

STORE = 16
"""Store a number that costs at least so many additions. Measured on nested loops and calls (tests and
benchmarks/recompute.py): at 8 to 32 a gradient stays within six times the value, whatever the depth."""

LARGE = 4
"""Store rather than read a loop's carry when that takes so many times less memory."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Variables to store; lets to run again, in order; and every variable these and the reader read."""

    stored: tuple[Var, ...]
    again: tuple[Let, ...]
    reads: frozenset[Var]

    @property
    def numbers(self) -> int:
        """How many numbers are stored."""
        return sum(v.ty.size for v in self.stored)


def plan(lets: Sequence[Let], roots: Iterable[Var], avoid: frozenset[Var] = frozenset()) -> Plan:
    """How to have `roots` again after `lets`, without reading the variables of `avoid`."""
    needed = set(roots)
    stored: list[Var] = []
    again: list[Let] = []
    for let in reversed(lets):
        hit = [o for o in let.outs if o in needed]
        if not hit:
            continue
        reads = nested_free(let.expr)
        if _storing_pays(let, hit) or (avoid and not reads.isdisjoint(avoid)):
            stored += hit
        else:
            again.append(let)
            needed |= reads
    stored.reverse()
    again.reverse()
    return Plan(tuple(stored), tuple(again), frozenset(needed))


def _storing_pays(let: Let, hit: Sequence[Var]) -> bool:
    if isinstance(let.expr, Loop) and let.expr.remat:
        return False
    if isinstance(let.expr, Call) and any(a.ty.ref for a in let.expr.args):
        return True  # running it again would add again
    return work(let.expr) >= STORE * sum(o.ty.size for o in hit)


def plan_loop(lets: Sequence[Let], roots: Iterable[Var], carries: Sequence[Var]) -> tuple[Plan, tuple[Var, ...]]:
    """The plan of a loop's body, and the carries whose history it keeps."""
    roots = list(roots)
    kept = plan(lets, roots)
    history = tuple(c for c in carries if c in kept.reads)
    other = plan(lets, roots, frozenset(history))
    still = tuple(c for c in history if c in other.reads)
    if numbers(history) + kept.numbers > LARGE * (numbers(still) + other.numbers):
        return other, still
    return kept, history


def numbers(variables: Iterable[Atom]) -> int:
    """How many numbers they hold."""
    return sum(v.ty.size for v in variables)
