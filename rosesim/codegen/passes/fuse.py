"""Loops over one range made one loop, where the second reads what the first has made for the same place.

A gradient comes as many passes over one grid: each reads what the last one wrote. One pass that keeps the number in
a register reads and writes less, and an array that nobody else reads is never made. The same holds for the two
halves of the gradient of a sum over runs: each run goes back as soon as it has gone forward, and its residuals are
needed no longer.

The fused loop stands where the first one stood (or in the `Accum` of the second one: see `_take_in`). Lets between
the two go before it, or after it if they depend on the first loop; the second loop must not read any that go after.
A second loop that may end the program is not fused, and no loop moves past a let that may end it. Fusion may reorder
additions to a ref, so strict code skips this pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rosesim.ad.passes.renaming import Renaming
from rosesim.ad.passes.simplify import nested_free, simplified
from rosesim.ad.program.cost import work
from rosesim.ad.program.effects import effects, in_any_order
from rosesim.ad.program.ir import Accum, Atom, Block, Expr, Func, Get, Let, Loop, Var, all_lets, blocks, operands
from rosesim.ad.program.rewrite import rewritten, with_blocks, with_lets
from rosesim.codegen.passes.forward_rows import adds_to_rows
from rosesim.codegen.passes.spread import is_sum

LONGEST = 400
"""The most lets of a fused body. Longer ones need more registers than there are, and compile slowly."""

LIGHT = 16
"""A loop whose iterations wait for each other joins a nest that makes what it reads, if the nest has so many times
its work: the least of distances is taken as they arise. A loop that can be vectorised stays one (mass_spring would
take 1.5 times as long), and so does a batch."""


def fused(func: Func) -> Func:
    """The program with such loops fused, the outermost first."""
    return rewritten(func, _body, frozenset({Loop}))


def _body(func: Func, block: Block, made: Mapping[Func, Func]) -> Block:
    new = _Fuse(made).block(block)
    if new is block:
        return block
    swept = simplified(Func(func.name, func.params, new, func.where)).body
    assert isinstance(swept, Block)
    return swept


class _Fuse:
    """The pass over one function; it remembers what each let reads, and whether it may end the program."""

    def __init__(self, made: Mapping[Func, Func]):
        self.made = made
        self._reads: dict[Expr, set[Var]] = {}
        self._stops: dict[Expr, bool] = {}

    def _free(self, let: Let) -> set[Var]:
        if let.expr not in self._reads:
            self._reads[let.expr] = nested_free(let.expr)
        return self._reads[let.expr]

    def _may_stop(self, let: Let) -> bool:
        if let.expr not in self._stops:
            self._stops[let.expr] = any(x.ref is None for x in effects([let]))
        return self._stops[let.expr]

    def block(self, block: Block) -> Block:
        """The block with its loops fused, then those within them."""
        lets: list[Let] = []
        for let in block.lets:
            if isinstance(let.expr, Accum):
                self._take_in(lets, let)
            elif isinstance(let.expr, Loop):
                self._loop(lets, let)
            else:
                lets.append(let)
        inner: list[Let] = []
        for let in lets:
            e = with_blocks(let.expr, self.block, self.made)
            inner.append(let if e is let.expr else Let(let.outs, e, let.where))
        return with_lets(block, inner)

    def _loop(self, lets: list[Let], let: Let) -> None:
        """Append a loop, fused with an earlier one if there is one for it. What two loops read together, a third may
        have made: so the fused loop looks again."""
        after: list[Let] = []
        while (at := self._partner(lets, let)) is not None:
            k = self._fuse(lets, at, let)
            let, after = lets[k], [*lets[k + 1 :], *after]
            del lets[k:]
        if after or not self._put_in(lets, let):
            lets += [let, *after]

    def _put_in(self, lets: list[Let], second: Let) -> bool:
        """Move a loop into the body of an earlier `Accum`, if it can be fused with a loop there.

        It must not read what the accumulators sum, nor anything that was made since. A loop that adds anywhere, not
        to rows near its own, waits for memory; smoke's gradient takes 1.05 of the time if a pass over the grid moves
        into such a loop.
        """
        if self._may_stop(second):
            return False
        for at in reversed(range(len(lets))):
            first, e = lets[at], lets[at].expr
            reads = self._free(second) & set(first.outs)
            if not reads:
                if self._may_stop(first):
                    return False
                continue
            if not isinstance(e, Accum) or not reads <= set(first.outs[: len(e.body.results)]):
                return False
            m = len(e.body.results)
            (moved,) = (
                _Renamed(dict(zip(first.outs[:m], e.body.results, strict=True))).block(Block((second,), ())).lets
            )
            partner = self._partner(e.body.lets, moved)
            if partner is None or not adds_to_rows(e.body.lets[partner].expr):
                return False
            outs = tuple(Var(o.ty, o.name) for o in second.outs)
            moved = Let(outs, moved.expr, moved.where)
            body = Block((*e.body.lets, moved), (*e.body.results, *outs))
            lets[at] = Let((*first.outs[:m], *second.outs, *first.outs[m:]), replace(e, body=body), first.where)
            return True
        return False

    def _take_in(self, lets: list[Let], accum: Let) -> None:
        """Append an `Accum`. If one of its loops can be fused with an earlier loop, first move that loop into its
        body.

        The reverse of a loop stands under the accumulators that it adds to.
        """
        e = accum.expr
        assert isinstance(e, Accum)
        found = (at for x in _straight_loops(e.body) if (at := self._partner(lets, x)) is not None)
        at = next(found, None)
        outs = set[Atom]() if at is None else set[Atom](lets[at].outs)
        if at is None or outs & set(e.inits) or not self._depends_on_none(lets[at + 1 :], accum, set(lets[at].outs)):
            lets.append(accum)
            return
        first = lets.pop(at)
        late: list[Let] = []
        depends = set(first.outs)
        for let in lets[at:]:
            if self._free(let) & depends:
                depends.update(let.outs)
                late.append(let)
        lets[at:] = [let for let in lets[at:] if let not in late]
        m = len(e.body.results)
        inner = _Renamed({o: Var(o.ty, o.name) for o in first.outs})
        rest = inner.block(e.body)
        outs = tuple(map(inner.atom, first.outs))
        moved = Let(tuple(o for o in outs if isinstance(o, Var)), first.expr, first.where)
        body = Block((moved, *rest.lets), (*rest.results, *outs))
        lets.append(Let((*accum.outs[:m], *first.outs, *accum.outs[m:]), replace(e, body=body), accum.where))
        lets.extend(late)

    def _partner(self, lets: Sequence[Let], second: Let) -> int | None:
        """Where the loop stands that a loop can be fused with; None where there is none."""
        b = second.expr
        assert isinstance(b, Loop)
        if not _is_plain(b) or self._may_stop(second):
            return None
        reads = self._free(second)
        for at in reversed(range(len(lets))):
            first = lets[at]
            a = first.expr
            outs = set(first.outs)
            if isinstance(a, Loop) and outs & reads:
                arrays = set(first.outs[len(a.carries) :])
                fits = _is_plain(a) and a.n == b.n and outs & reads <= arrays and _reads_own(b, arrays & reads)
                if fits and self._depends_on_none(lets[at + 1 :], second, outs) and _can_share(first, a, second, b):
                    return at
            if self._may_stop(first):
                return None
        return None

    def _depends_on_none(self, between: Sequence[Let], second: Let, outs: set[Var]) -> bool:
        """Whether the second loop reads the first one's outputs only directly, not through lets between the two."""
        late = set(outs)
        for let in between:
            if self._free(let) & late:
                late.update(let.outs)
        return not (late - outs) & self._free(second)

    def _fuse(self, lets: list[Let], at: int, second: Let) -> int:
        """Put the fused loop in the place of the first; what lies between goes before it, or after if it depends.
        Returns where the fused loop stands."""
        first = lets[at]
        a, b = first.expr, second.expr
        assert isinstance(a, Loop) and isinstance(b, Loop)
        results = dict(zip(first.outs[len(a.carries) :], a.body.results[len(a.carries) :], strict=True))
        body = _Joined(b, a, results).block(b.body)
        m, n = len(a.carries), len(b.carries)
        loop = replace(
            a,
            inits=(*a.inits, *b.inits),
            carries=(*a.carries, *b.carries),
            body=Block(
                (*a.body.lets, *body.lets),
                (*a.body.results[:m], *body.results[:n], *a.body.results[m:], *body.results[n:]),
            ),
            batch=a.batch and b.batch,
            reverse=a.reverse and (b.reverse or not _is_orderless(a)) or b.reverse and not _is_orderless(b),
        )
        outs = (*first.outs[:m], *second.outs[:n], *first.outs[m:], *second.outs[n:])
        early: list[Let] = []
        late: list[Let] = []
        depends = set(first.outs)
        for let in lets[at + 1 :]:
            if self._free(let) & depends:
                depends.update(let.outs)
                late.append(let)
            else:
                early.append(let)
        lets[at:] = [*early, Let(outs, loop, first.where), *late]
        return at + len(early)


def _straight_loops(block: Block) -> list[Let]:
    """The loops of a block and of the accums in it."""
    found: list[Let] = []
    for let in block.lets:
        if isinstance(let.expr, Loop):
            found.append(let)
        elif isinstance(let.expr, Accum):
            found.extend(_straight_loops(let.expr.body))
    return found


def _is_plain(e: Loop) -> bool:
    """Whether a loop has a constant trip count and is not vectorised yet."""
    return e.upto is None and e.test is None and e.lanes == 1


def _reads_own(loop: Loop, arrays: set[Var]) -> bool:
    """Whether a loop reads arrays at its own index alone."""
    if arrays & set(loop.inits) or arrays & set(loop.body.results):
        return False
    for let in all_lets(loop.body):
        e = let.expr
        if isinstance(e, Get) and e.x in arrays:
            if e.idx[0] is not loop.index or arrays & set(e.idx):
                return False
        elif arrays & set(operands(e)):
            return False
        if any(arrays & set(nested.results) for nested in blocks(e)):
            return False
    return True


def _can_share(first: Let, a: Loop, second: Let, b: Loop) -> bool:
    """Whether two loops can have one body: it is short enough, one direction suits both, and fusion does not prevent
    the vectorisation of one of them."""
    if a.reverse != b.reverse and not (_is_orderless(a) or _is_orderless(b)):
        return False
    sizes = [sum(1 for _ in all_lets(x.body)) for x in (a, b)]
    if sum(sizes) > LONGEST:
        return False
    nests = [any(isinstance(x.expr, Loop) for x in all_lets(y.body)) for y in (a, b)]
    free = [_is_orderless(y) and in_any_order(y) for y in (a, b)]
    if nests[0] and not nests[1]:
        return not a.batch and not _is_orderless(b) and LIGHT * work(b) <= work(a)
    return nests[0] == nests[1] and (nests[0] or free[0] == free[1])


def _is_orderless(e: Loop) -> bool:
    """Whether the order of iterations changes no more than that of sums."""
    return all(is_sum(e, k) for k in range(len(e.carries)))


class _Renamed(Renaming):
    """A block with some variables called otherwise."""

    def __init__(self, names: Mapping[Var, Atom]):
        super().__init__({})
        self.names.update(names)

    def lets(self, let: Let) -> Iterable[Let]:
        return [let]


class _Joined(Renaming):
    """The second body with the first one's elements in the place of its reads."""

    def __init__(self, of: Loop, into: Loop, results: Mapping[Var, Atom]):
        super().__init__({})
        self.results = results
        self.rename(of.index, into.index)

    def lets(self, let: Let) -> Iterable[Let]:
        e = let.expr
        if isinstance(e, Get) and isinstance(e.x, Var) and e.x in self.results:
            result = self.results[e.x]
            if len(e.idx) == 1:
                self.rename(let.outs[0], result)
                return []
            return [Let(let.outs, Get(result, e.idx[1:]), let.where)]
        return [let]
