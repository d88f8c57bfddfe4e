"""What the files of reverse mode share while they read one function backwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rosesim.ad.derive.reverse.cotangent import Ct, Gather, Outside, RefPair, as_ref, booleans, cotangent, covers
from rosesim.ad.derive.reverse.cut import cut_plan
from rosesim.ad.derive.reverse.pair import MaskPattern, Pair, is_tan
from rosesim.ad.derive.reverse.primal import Versions, primal_lets
from rosesim.ad.derive.reverse.recompute import Plan, made_plan, plan, plan_loop
from rosesim.ad.passes.scatter_to_gather import gathered_block
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.effects import effects
from rosesim.ad.program.ir import Accum, Atom, Block, Func, Let, SubRef, Var, all_lets, free_vars
from rosesim.ad.support import recursion
from rosesim.ad.support.locate import of_derivative

Read = Callable[["Reader", Gather, Let], None]
"""Reads one let backwards."""

Transpose = Callable[[Func, MaskPattern], Pair]
"""The reverse of a function that is called."""

Flows = Sequence[tuple[Atom, Ct]]
"""Pairs of an atom and the cotangent that flows into it."""

Emitted = tuple[Sequence[Atom], Flows]
"""The variables that the reverse of a construct binds, and the cotangents among them."""


class Reader:
    """The state of reading one function backwards."""

    def __init__(self, func: Func, read: Read, transpose: Transpose):
        self.read, self.transpose = read, transpose
        self.func = func
        self.outside = Outside()
        if isinstance(func.body, Block):
            self.outside.made = {o: let.expr for let in all_lets(func.body) for o in let.outs}
        self.primal: Versions = {}
        self.ref_cts: dict[Var, Ct | None] = {}  # the cotangents of Tan refs
        self.subrefs: dict[Var, SubRef] = {}
        self.extra_work = 0.0  # the work of the forward pass that the reverse recomputes, so far
        self.changing = frozenset[Var]()  # what the reverse of a step must not read unless it is stored: see `cut`
        self.kept = set[Var]()  # the arrays of what loops in that step store

    def read_lets(self, g: Gather, lets: Sequence[Let]) -> None:
        """Read lets backwards."""
        recursion.nested(self._read_lets, g, lets)

    def _read_lets(self, g: Gather, lets: Sequence[Let]) -> None:
        for let in lets:
            if isinstance(let.expr, SubRef) and is_tan(let.outs[0]):
                self.subrefs[let.outs[0]] = let.expr
        for let in reversed(lets):
            g.b.where = of_derivative(let.where)
            self.read(self, g, let)

    def ref_ct(self, g: Gather, ref: Var, idx: Sequence[Atom]) -> Ct | None:
        """The cotangent of an element of a Tan ref; it is known before any addition to the ref is read."""
        idx = tuple(idx)
        while ref in self.subrefs:
            sub = self.subrefs[ref]
            ref, idx = sub.ref, (*sub.idx, *idx)
        ct = self.ref_cts[ref]
        return None if ct is None else ct.get(g.b, idx)

    # ------------------------------------------------------------------ captured variables

    def captured(self, *parts: Block) -> dict[Var, Var]:
        """The Tan variables (not refs) of outer blocks that these blocks read.

        The values are the variables as the blocks name them. The keys are those whose refs collect the cotangents:
        for a slice, the array that it is a part of.
        """
        found = [v for block in parts for v in free_vars(block) if is_tan(v) and not v.ty.ref]
        return {self.outside.resolve(v, ())[0]: v for v in found}

    def with_refs(self, g: Gather, captured: Iterable[Var], emit: Callable[[Gather], Emitted]) -> Flows:
        """Let `emit` write inside an `Accum` with refs for the captured variables that g's block owns; return its
        flows."""
        owned = [v for v in captured if v in g.local]
        if not owned:
            return emit(g)[1]
        outer = g.b
        old = {v: g.take(v) or Ct(outer.zeros(cotangent(v.ty)), outer.zeros(booleans(v.ty)), True) for v in owned}
        pairs = {v: ref_pair(v) for v in owned}
        self.outside.refs.update(pairs)
        g.b = Builder(outer)
        g.local -= set(owned)
        given, flows = emit(g)
        body = gathered_block(g.b.block(given))
        g.b = outer
        g.local |= set(owned)
        for v in owned:
            del self.outside.refs[v]
        inits = [old[v].clean(outer) for v in owned]
        atoms = [outer.zeros(booleans(v.ty)) if (w := old[v].mask) is True else w for v in owned]
        refs = (*(pairs[v].ref for v in owned), *(pairs[v].mask_ref for v in owned))
        tys = [*(a.ty for a in given), *(cotangent(v.ty) for v in owned), *(booleans(v.ty) for v in owned)]
        outs = outer.let(Accum((*inits, *atoms), refs, body), *tys)
        m, k = len(given), len(owned)
        for j, v in enumerate(owned):
            counts = pairs[v].always or old[v].mask is True or covers(body, pairs[v].mask_ref)
            g.cts[v] = Ct(outs[m + j], True if counts else outs[m + k + j], True)
        names = dict(zip(given, outs, strict=False))
        return [(to, ct.renamed(names)) for to, ct in flows]

    # ------------------------------------------------------------------------- what is stored

    def flags(self) -> dict[int, bool]:
        """Which cotangents of captured variables are known to count, so far."""
        return {id(p): p.always for p in self.outside.refs.values()}

    def restore(self, flags: dict[int, bool]) -> None:
        """Forget what was found out since."""
        for p in self.outside.refs.values():
            p.always = flags[id(p)]

    def plan_loop(
        self, own: Sequence[Let], roots: Sequence[Var], carries: Sequence[Var]
    ) -> tuple[Plan, Sequence[Var]]:
        """How the reverse of a loop's body gets the values of `roots`, and the carries whose history it reads."""
        if not self.changing or (carries and self.changing.isdisjoint(carries)):
            return plan_loop(own, roots, carries, self.extra_work)
        chosen = cut_plan(own, roots, self.changing, carries)
        return chosen, [c for c in carries if c in chosen.reads]

    def recomputed(self, lets: Sequence[Let], reverse: Sequence[Let], before: float) -> tuple[list[Let], list[Var]]:
        """The reverse of a block, preceded by the lets that it recomputes, and the variables that have to be stored
        for it.

        `before` is the `extra_work` before the block was read.
        """
        own = primal_lets(lets, self.primal)
        bound = outs_of(own)
        roots = [v for v in free_vars(Block(tuple(reverse), ())) if v in bound]
        if self.changing:
            chosen = made_plan(own, roots, self.kept)
        else:
            chosen = plan(own, roots, nested_work=self.extra_work - before)
        self.extra_work += chosen.work
        return [*chosen.recomputed, *reverse], list(chosen.stored)


def outs_of(lets: Sequence[Let]) -> set[Var]:
    """The variables that lets bind."""
    return {o for let in lets for o in let.outs}


def ref_pair(v: Var) -> RefPair:
    """New refs for the cotangent of a variable and its mask."""
    return RefPair(Var(as_ref(cotangent(v.ty)), "ct"), Var(as_ref(booleans(v.ty)), "mask"))


def bound_tans(block: Block) -> set[Var]:
    """The Tan variables that a block itself binds, without those of nested blocks."""
    return {o for let in block.lets for o in let.outs if is_tan(o) and not o.ty.ref}


def adds_tangents(block: Block) -> bool:
    """Whether a block adds tangents to a ref from around it."""
    return any(x.ref is not None and is_tan(x.ref) for x in effects(block.lets))
