"""Reverses a long loop in little memory: binomial checkpointing.

If the history of a loop's carries does not fit the budget, only some states are kept, in a stack of S slots. To
reverse step k, the program takes the topmost kept state, which is that before some step p <= k, and recomputes the
steps from p to k. Meanwhile it pushes further states into free slots, at the places that minimise the number of
recomputed steps: with s free slots and m steps to reverse, the next state is kept after C(s + r - 1, s) steps, where
r is the least number with C(s + r, s) >= m. Then no step runs more than r times (Griewank, "Achieving logarithmic
growth of temporal and spatial complexity in reverse automatic differentiation", 1992; this choice meets the bound for
every m). The forward pass fills the stack while it runs.

All of this is part of the program: the stack is a few arrays that loops carry. There is one more slot, which nothing
reads. States that are not kept are written into it, so that no branch has to carry the arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rosesim.ad.passes.simplify import Sweep
from rosesim.ad.program.builder import Builder, integer, real
from rosesim.ad.program.effects import hands_on
from rosesim.ad.program.ir import Atom, Block, IntT, Let, Loop, Op, Ty, Var, free_vars, index_ty


def can_recompute(lets: Sequence[Let]) -> bool:
    """Whether a loop's body may be recomputed: no call in it adds to an accumulator around it."""
    return not hands_on(lets)


@dataclass(frozen=True, slots=True)
class KeptStates:
    """The stack of kept states: an array for each carry, the steps before which the states were, the topmost slot."""

    states: tuple[Var, ...]
    places: Var
    top: Var

    @property
    def all(self) -> tuple[Var, ...]:
        """The variables, as a loop carries them."""
        return (*self.states, self.places, self.top)


class Checkpointing:
    """The checkpointed form of a loop: `e` is its primal part; `lets` and `nexts` are the lets and next carries of
    the body."""

    def __init__(self, e: Loop, carries: Sequence[Var], lets: Sequence[Let], nexts: Sequence[Atom], room: int):
        self.e = e
        self.carries = tuple(carries)
        self.lets = tuple(lets)
        self.nexts = tuple(nexts)
        size = sum(c.ty.size for c in carries) or 1
        self.slots = max(2, min(e.n, room // (8 * size) - 1))

    def new_stack(self, name: str = "kept") -> KeptStates:
        """Variables for a stack."""
        states = tuple(Var(Ty(c.ty.scalar, (self.slots + 1, *c.ty.shape)), name) for c in self.carries)
        return KeptStates(
            states, Var(Ty(IntT(0, self.e.n), (self.slots + 1,)), name), Var(index_ty(self.slots), name)
        )

    # ------------------------------------------------------------------------------- schedule

    def _next_place(self, b: Builder, start: Atom, end: Atom, top: Atom) -> Atom:
        """After which step the next state is kept if the steps start .. end - 1 are to be reversed; n + 1 means
        none."""
        n = self.e.n
        ty = Ty(IntT(0, n + 1))
        steps = b.op("isub", end, start)
        free = b.op("isub", integer(self.slots - 1), top)
        keeps_another = b.op("and", b.op("ilt", integer(0), free), b.op("ilt", integer(1), steps))
        inner = Builder(b)
        s, m = inner.op("real", free), inner.op("real", steps)
        r, reached = Var(real(0.0).ty), Var(real(0.0).ty)
        test, body = Builder(inner), Builder(inner)
        more = test.block([test.op("lt", reached, m)])
        r1 = body.op("add", r, real(1.0))
        grown = body.block([r1, body.op("div", body.op("mul", reached, body.op("add", s, r1)), r1)])
        first = (real(1.0), inner.op("add", s, real(1.0)))
        index = Var(index_ty(n + 1))
        outs = inner.let(
            Loop(n=n + 1, index=index, inits=first, carries=(r, reached), body=grown, test=more),
            r.ty,
            r.ty,
            Ty(IntT(0, n + 1)),
        )
        below = inner.op("div", inner.op("mul", outs[1], outs[0]), inner.op("add", s, outs[0]))
        ahead = inner.op("floor_clamp", below, integer(n + 1), ty=index_ty(n + 1))
        most = inner.op("isub", steps, integer(1))
        ahead = inner.op("select", inner.op("ilt", most, ahead), most, ahead)
        ahead = inner.op("select", inner.op("ilt", ahead, integer(1)), integer(1), ahead)
        place = inner.op("int_clamp", inner.op("iadd", start, ahead), integer(n + 2), ty=ty)
        chosen = inner.block([place])
        return b.cond(keeps_another, chosen, Block((), (b.cast(integer(n + 1), ty),)), [ty])[0]

    def _step(self, b: Builder, number: Atom, end: Atom, stack: KeptStates, after: Var) -> tuple[Atom, ...]:
        """Write step `number`; keep the state after it if the schedule says so. Returns the stack and the next
        place."""
        n, slots = self.e.n, self.slots
        for let in self.lets:
            b.keep(let)
        later = b.op("iadd", number, integer(1))
        keep = b.op("ieq", later, after)
        up = b.op("iadd", stack.top, integer(1))
        slot = b.cast(b.op("select", keep, up, integer(slots)), Ty(IntT(0, slots)))
        states = [b.put(a, (slot,), v) for a, v in zip(stack.states, self.nexts, strict=True)]
        place = b.op("int_clamp", later, integer(n + 1), ty=Ty(IntT(0, n)))
        places = b.put(stack.places, (slot,), place)
        top = b.op("int_clamp", b.op("select", keep, up, stack.top), integer(slots), ty=index_ty(slots))
        inner = Builder(b)
        following = inner.block([self._next_place(inner, place, end, top)])
        (then,) = b.cond(keep, following, Block((), (after,)), [after.ty])
        return (*states, places, top, then)

    def _number(self, b: Builder, index: Atom, end: Atom) -> Atom:
        """The number of the step with this index, or the index of the step with this number."""
        if not self.e.reverse:
            return index
        last = b.op("isub", end, integer(1))
        return b.op("int_clamp", b.op("isub", last, index), integer(self.e.n), ty=index_ty(self.e.n))

    def end(self) -> Atom:
        """The limit of the loop's steps."""
        return integer(self.e.n) if self.e.upto is None else self.e.upto

    # --------------------------------------------------------------------------------- forward

    def forward(
        self, where: Let, outputs: Sequence[Atom], out_vars: Sequence[Var], b: Builder
    ) -> tuple[Let, KeptStates]:
        """The primal loop that also fills a stack, and the variables of the stack after it. Set-up lets go to `b`."""
        e = self.e
        carried, last = self.new_stack(), self.new_stack()
        after, after_last = Var(Ty(IntT(0, e.n + 1)), "next"), Var(Ty(IntT(0, e.n + 1)), "next")
        start = [b.zeros(v.ty) for v in carried.states]
        start = [b.put(a, (integer(0),), i) for a, i in zip(start, e.inits, strict=True)]
        zero = b.cast(integer(0), index_ty(self.slots))
        first = self._next_place(b, b.cast(integer(0), Ty(IntT(0, e.n))), self.end(), zero)
        inside = Builder(b)
        more = self._step(inside, self._number(inside, e.index, self.end()), self.end(), carried, after)
        body = inside.block([*self.nexts, *more, *outputs])
        inits = (*e.inits, *start, b.zeros(carried.places.ty), zero, first)
        loop = replace(e, inits=inits, carries=(*self.carries, *carried.all, after), body=body, batch=False)
        m = len(self.carries)
        return Let((*out_vars[:m], *last.all, after_last, *out_vars[m:]), loop, where.where), last

    # -------------------------------------------------------------------------------- backward

    def advance(self, b: Builder, stack: KeptStates, index: Atom, end: Atom) -> tuple[Atom, ...]:
        """Write lets that bind the carries to the state before the step of `index`; return the stack after the
        pop."""
        e, n = self.e, self.e.n
        number = self._number(b, index, end)
        # If its test ended the loop, the topmost state may be the one after the last step, which no step needs.
        beyond = b.op("ilt", number, b.get(stack.places, (stack.top,)))
        top = b.op("select", beyond, self._below(b, stack.top), stack.top)
        base = b.get(stack.places, (top,))
        count = b.op("int_clamp", b.op("isub", number, base), integer(n + 1), ty=Ty(IntT(0, n)))
        stop = b.op("int_clamp", b.op("iadd", number, integer(1)), integer(n + 1), ty=Ty(IntT(0, n)))
        first = self._next_place(b, base, stop, top)
        inner = self.new_stack()
        after = Var(Ty(IntT(0, n + 1)), "next")
        inside = Builder(b)
        j = Var(index_ty(n), "j")
        here = inside.op("int_clamp", inside.op("iadd", base, j), integer(n), ty=index_ty(n))
        inside.keep(Let((e.index,), Op("cast", (self._number(inside, here, end),))))
        more = self._step(inside, here, stop, inner, after)
        body = inside.block([*self.nexts, *more])
        sweep = Sweep()
        sweep.dead_refs = {v for v in free_vars(body) if v.ty.ref}
        body = sweep.block(body, body.results)
        states = tuple(b.get(a, (top,)) for a in stack.states)
        moved = self.new_stack()
        loop = Loop(
            n=n,
            index=j,
            inits=(*states, *stack.states, stack.places, top, first),
            carries=(*self.carries, *inner.all, after),
            body=body,
            upto=count,
        )
        b.keep(Let((*self.carries, *moved.all, Var(after.ty)), loop))
        done = b.op("and", b.op("ieq", b.get(moved.places, (moved.top,)), number), b.op("ilt", integer(0), moved.top))
        return (*moved.states, moved.places, b.op("select", done, self._below(b, moved.top), moved.top))

    def _below(self, b: Builder, top: Atom) -> Atom:
        """The slot below the topmost."""
        return b.op("int_clamp", b.op("isub", top, integer(1)), integer(self.slots), ty=index_ty(self.slots))
