"""What repeats in a graph of `Scalar`s: cones of one structure, and chains.

A *chain* is a left-deep sum, maximum or minimum of many operands: add(add(add(a, b), c), d), of which only the last
is read elsewhere. All other nodes form *cones*: a node that several cones read, or that a chain has as an operand, is
the head of a cone, and every other node belongs to the one cone that reads it. A cone computes its head from its
inputs: heads, leaves and constants. Cones of one structure whose inputs are known at the same time form a *group*,
which is one loop (`rolled`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rosesim.diagrams.scalars import Number, Scalar, postorder

CHAINED = frozenset(("add", "max", "min"))
SHORTEST_CHAIN = 6
"""A shorter one is written as part of its cone: it would cost a loop."""
BAKED = (0.0, 1.0, -1.0)
"""Constants that belong to a cone's structure: they fold."""

NODE, LEAF, STEP, LOOP_INPUT, CHAIN, LOOPS = 9, 3, 12, 60, 60, 60
"""What compiling takes, in tenths of a millisecond: a node and a leaf of a graph that is written node by node; with
loops, a step, an input in which the iterations of a loop differ, a chain, and what loops take in addition. Fitted to
the times of 60 templates of Penrose's gallery."""

WORTH = 0.75
"""Loops are taken if they cost less than this share of straight code, and smaller cones if they cost less than this
share of larger ones: loops store more values, and smaller cones do."""

Operand = int | str
"""Of a step: an input's number k >= 0, an earlier step k as ~k, or a constant that stays, as Python writes it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of a cone."""

    op: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Cone:
    """A head, and how it comes from its inputs. A chain has no steps: its inputs are its operands."""

    head: Scalar
    steps: tuple[Step, ...]
    inputs: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Cones that differ in their inputs only."""

    steps: tuple[Step, ...]
    cones: tuple[Cone, ...]
    varying: int
    """In how many inputs they differ."""

    @property
    def is_chain(self) -> bool:
        """Whether its cones are chains."""
        return not self.steps

    @property
    def is_loop(self) -> bool:
        """Whether its cones are better a loop than one after the other."""
        return len(self.cones) > 1 and self._as_loop < self._apart

    @property
    def _as_loop(self) -> int:
        return 2 * CHAIN + LOOP_INPUT if self.is_chain else STEP * len(self.steps) + LOOP_INPUT * self.varying

    @property
    def _apart(self) -> int:
        return len(self.cones) * (CHAIN if self.is_chain else STEP * len(self.steps))

    @property
    def cost(self) -> int:
        """About what it costs to compile."""
        return self._as_loop if self.is_loop else self._apart


def groups(root: Number) -> list[Group] | None:
    """The groups of a graph, inputs first; None if it is better written node by node. The last group has one cone,
    whose head is the root.

    >>> x = [Scalar("input", index=k) for k in range(100)]
    >>> total = x[0] * x[1]
    >>> for k in range(2, 100, 2):
    ...     total = total + x[k] * x[k + 1]
    >>> [(len(g.cones), g.steps, len(g.cones[0].inputs)) for g in groups(total) or ()]
    [(50, (Step(op='mul', operands=(0, 1)),), 2), (1, (), 50)]
    """
    if not isinstance(root, Scalar):
        return None
    order = postorder(root)
    leaves = sum(node.op == "input" for node in order)
    straight = NODE * (len(order) - leaves) + LEAF * leaves
    found, smaller = (grouped(root, order, absorb) for absorb in (True, False))
    if _cost(smaller) < WORTH * _cost(found):
        found = smaller
    return found if _cost(found) < WORTH * straight else None


def _cost(found: Sequence[Group]) -> int:
    return LOOPS + sum(g.cost for g in found)


def grouped(root: Scalar, order: Sequence[Scalar], absorb: bool) -> list[Group]:
    """The groups of a graph whose post-order is `order`, however many there are. Nodes with several readers in one
    cone belong to that cone (`absorb`), or are heads."""
    chains, links = _chains(order)
    owners = _owners([n for n in order if n.number not in links], root, chains, absorb)
    members: dict[int, list[Scalar]] = {}
    levels: dict[int, int] = {}
    found: dict[tuple[int, object], list[Cone]] = {}
    for node in order:
        if node.op == "input":
            levels[node.number] = 0
        elif node.number in owners:
            members.setdefault(owners[node.number], []).append(node)
            if owners[node.number] == node.number:
                operands = chains.get(node.number)
                cone = Cone(node, (), operands) if operands else _cone(node, members[node.number])
                level = 1 + max((levels[a.number] for a in cone.inputs if isinstance(a, Scalar)), default=0)
                levels[node.number] = level
                form = cone.steps or (node.op, len(cone.inputs))
                found.setdefault((level, form), []).append(cone)
    by_level = sorted(found.items(), key=lambda item: item[0][0])
    return [Group(cones[0].steps, tuple(cones), _varying(cones)) for _, cones in by_level]


def _varying(cones: Sequence[Cone]) -> int:
    """In how many inputs cones differ."""
    columns = zip(*(cone.inputs for cone in cones), strict=True)
    return sum(any(not is_same(a, column[0]) for a in column) for column in columns)


def is_same(a: Number, b: Number) -> bool:
    """Whether two numbers are one node, or one known number."""
    return a is b or (not isinstance(a, Scalar) and not isinstance(b, Scalar) and repr(a) == repr(b))


def _chains(order: Sequence[Scalar]) -> tuple[dict[int, tuple[Number, ...]], set[int]]:
    """The operands of each chain, by the number of its last node; and the numbers of its other nodes."""
    reads = Counter(a.number for node in order for a in node.args if isinstance(a, Scalar))
    found: dict[int, tuple[Number, ...]] = {}
    inside: set[int] = set()
    for node in reversed(order):
        if node.op not in CHAINED or node.number in inside:
            continue
        operands, links = [node.args[1]], list[int]()
        first = node.args[0]
        while isinstance(first, Scalar) and first.op == node.op and reads[first.number] == 1:
            links.append(first.number)
            operands.append(first.args[1])
            first = first.args[0]
        operands.append(first)
        if len(operands) >= SHORTEST_CHAIN:
            found[node.number] = tuple(reversed(operands))
            inside.update(links)
    return found, inside


def _owners(
    order: Sequence[Scalar], root: Scalar, chains: Mapping[int, tuple[Number, ...]], absorb: bool
) -> dict[int, int]:
    """The head of each node's cone, by numbers."""
    readers: dict[int, set[int]] = {}
    owners: dict[int, int] = {}
    heads = {root.number, *chains}
    for node in reversed(order):
        if node.op == "input":
            continue
        of = readers.get(node.number, set())
        owner = node.number if node.number in heads or len(of) != 1 else next(iter(of))
        owners[node.number] = owner
        operands = chains.get(node.number, node.args)
        for a in operands:
            if isinstance(a, Scalar):
                of = readers.setdefault(a.number, set())
                if node.number in chains or (of and not absorb):
                    heads.add(a.number)
                of.add(owner)
    return owners


def _cone(head: Scalar, members: Sequence[Scalar]) -> Cone:
    """The cone of a head. `members` are in post-order, which is the same for equal cones."""
    inputs: list[Number] = []
    places: dict[int, int] = {}
    steps: list[Step] = []
    for node in members:
        operands: list[Operand] = []
        for a in node.args:
            if isinstance(a, Scalar):
                if a.number not in places:
                    places[a.number] = len(inputs)
                    inputs.append(a)
                operands.append(places[a.number])
            elif isinstance(a, bool) or a in BAKED or a - a != 0.0:
                operands.append(repr(a))
            else:
                operands.append(len(inputs))
                inputs.append(a)
        places[node.number] = ~len(steps)
        steps.append(Step(node.op, tuple(operands)))
    return Cone(head, tuple(steps), tuple(inputs))
