"""Which values of the forward pass are stored for the reverse pass, and which are recomputed.

A reverse pass reads values of the forward pass. The forward pass stores each of them, or the reverse pass
recomputes it from others. Recomputing is the rule, because a step's values then live in registers. Storing
pays where one number costs many operations (a network's layer, the result of an inner loop, a call), and where
recomputing would need a large array that changes (a loop's carry).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence, Set
from dataclasses import dataclass

from rosesim.ad.passes.simplify import Sweep, nested_free
from rosesim.ad.program.cost import work
from rosesim.ad.program.effects import hands_on
from rosesim.ad.program.ir import Accum, Atom, Block, Call, Cond, Let, Loop, Var, free_vars

STORE_ADDITIONS = 16
"""Store a result if each of its numbers costs at least this many additions; calls and loops likewise."""

RECOMPUTED_TIMES = 2.0
"""The reverse of a loop or function may recompute its work this many times on average. Beyond that, the results of
its calls and inner loops are stored. Without a limit, each level of nesting would add one recomputation."""

MEMORY_RATIO = 4
"""Store other values rather than a loop's carries if that takes this many times less memory."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Variables to store; lets to recompute, in order; and every variable that these and the reverse pass read."""

    stored: tuple[Var, ...]
    recomputed: tuple[Let, ...]
    reads: frozenset[Var]

    @property
    def numbers(self) -> int:
        """How many numbers are stored."""
        return sum(v.ty.size for v in self.stored)

    @property
    def work(self) -> int:
        """The work of recomputing."""
        return sum(work(let.expr) for let in self.recomputed)


def plan(
    lets: Sequence[Let], roots: Iterable[Var], avoid: frozenset[Var] = frozenset(), nested_work: float = 0.0
) -> Plan:
    """How the reverse of `lets` gets the values of `roots` without reading the variables of `avoid`.

    No recomputed let adds to an accumulator around it a second time. `nested_work` is the work that the reverses of
    the lets recompute themselves.
    """
    roots = tuple(roots)
    made = _plan(lets, roots, avoid, False)
    if nested_work + made.work > RECOMPUTED_TIMES * sum(work(let.expr) for let in lets):
        return _plan(lets, roots, avoid, True)
    return made


def recompute_all(lets: Sequence[Let], roots: Iterable[Var]) -> Plan:
    """How the reverse of `lets` gets the values of `roots` if nothing is stored."""
    return _plan(lets, tuple(roots), frozenset(), None)


def _plan(lets: Sequence[Let], roots: Iterable[Var], avoid: frozenset[Var], store_blocks: bool | None) -> Plan:
    def stores(let: Let, hit: Sequence[Var], reads: Set[Var]) -> bool:
        pays = store_blocks is not None and storing_pays(let, hit, store_blocks)
        return pays or bool(avoid and not reads.isdisjoint(avoid))

    return _walked(lets, roots, stores)


def made_plan(lets: Sequence[Let], roots: Sequence[Var], saved: Container[Var]) -> Plan:
    """The plan that stores what is in `saved`, and what pays."""
    return _walked(lets, roots, lambda let, hit, reads: any(o in saved for o in hit) or storing_pays(let, hit))


def _walked(
    lets: Sequence[Let], roots: Iterable[Var], stores: Callable[[Let, Sequence[Var], Set[Var]], bool]
) -> Plan:
    """The plan where `stores` decides, of a let, what the reverse needs of it and what it reads."""
    roots = tuple(roots)
    needed = set(roots)
    stored: list[Var] = []
    recomputed: list[Let] = []
    for let in reversed(lets):
        hit = [o for o in let.outs if o in needed]
        if not hit:
            continue
        reads = nested_free(let.expr)
        if stores(let, hit, reads):
            stored += hit
        else:
            recomputed.append(let)
            needed |= reads
    stored.reverse()
    recomputed.reverse()
    sweep = Sweep(narrow=True)
    sweep.dead_refs = {v for v in free_vars(Block(tuple(recomputed), ())) if v.ty.ref}
    swept = sweep.block(Block(tuple(recomputed), ()), tuple(roots)).lets
    reads = frozenset(roots) | frozenset(free_vars(Block(swept, ())))
    return Plan(tuple(v for v in stored if v in reads), swept, reads)


def storing_pays(let: Let, hit: Sequence[Var], store_blocks: bool = False) -> bool:
    """Whether storing these results of a let is better than recomputing them from what is there."""
    if hands_on((let,)):
        return True  # recomputing it would add a second time
    if store_blocks and isinstance(let.expr, Loop | Call | Cond | Accum):
        return True
    return work(let.expr) >= STORE_ADDITIONS * sum(o.ty.size for o in hit)


def plan_loop(
    lets: Sequence[Let], roots: Iterable[Var], carries: Sequence[Var], nested_work: float
) -> tuple[Plan, tuple[Var, ...]]:
    """The plan of a loop's body, and the carries whose history it stores."""
    roots = list(roots)
    kept = plan(lets, roots, frozenset(), nested_work)
    history = tuple(c for c in carries if c in kept.reads)
    other = plan(lets, roots, frozenset(history), nested_work)
    still = tuple(c for c in history if c in other.reads)
    if numbers(history) + kept.numbers > MEMORY_RATIO * (numbers(still) + other.numbers):
        return other, still
    return kept, history


def numbers(variables: Iterable[Atom]) -> int:
    """How many numbers the variables hold."""
    return sum(v.ty.size for v in variables)
