"""Passes that find variables to be others: what all of them share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rosesim.ad.program.ir import Atom, Block, Call, Expr, Func, Let, Op, Var, blocks, nests, operands, remade
from rosesim.ad.program.rewrite import with_lets
from rosesim.ad.support import recursion


class Renaming:
    """A pass over one function that replaces variables by what they equal.

    `lets` says what becomes of each let once the names in it and in its blocks are replaced; it calls `rename`
    for variables that no let binds any more. A name holds until the block that bound it ends.
    """

    def __init__(self, made: Mapping[Func, Func]):
        self.made = made
        self.names: dict[Var, Atom] = {}
        self._shadowed: list[tuple[Var, Atom | None]] = []  # a transformation may have bound a variable twice

    def lets(self, let: Let) -> Iterable[Let]:
        """The lets in the place of one."""
        raise NotImplementedError

    def rename(self, v: Var, a: Atom) -> None:
        """From here to the end of the block, v is a."""
        self._shadowed.append((v, self.names.get(v)))
        self.names[v] = a

    def block(self, block: Block) -> Block:
        """The block after the pass; itself where nothing changes."""
        return recursion.nested(self._block, block)

    def _block(self, block: Block) -> Block:
        start = len(self._shadowed)
        lets: list[Let] = []
        for let in block.lets:
            e = self._expr(let.expr)
            lets.extend(self.lets(let if e is let.expr else Let(let.outs, e, let.where)))
        results = tuple(map(self.atom, block.results)) if self.names else block.results
        while len(self._shadowed) > start:
            v, old = self._shadowed.pop()
            if old is None:
                del self.names[v]
            else:
                self.names[v] = old
        new = with_lets(block, lets)
        return new if all(a is b for a, b in zip(results, block.results, strict=True)) else Block(new.lets, results)

    def atom(self, a: Atom) -> Atom:
        """What an atom is called now."""
        return self.names.get(a, a) if isinstance(a, Var) else a

    def _expr(self, e: Expr) -> Expr:
        if not nests(e):
            names = self.names  # a literal is never looked up: that would hash its fields
            for a in operands(e):
                if isinstance(a, Var) and a in names:
                    break
            else:
                if not isinstance(e, Call) or self.made.get(e.func, e.func) is e.func:
                    return e
            if isinstance(e, Op):  # nearly all are
                return Op(e.name, tuple([names.get(a, a) if isinstance(a, Var) else a for a in e.args]))
        if isinstance(e, Call):
            args = tuple(map(self.atom, e.args))
            return Call(self.made.get(e.func, e.func), args)  # a body may be visited twice
        new = remade(e, self.atom, lambda v: v, self.block)
        parts = [(a, b) for of in (operands, blocks) for a, b in zip(of(e), of(new), strict=True)]
        return e if all(a is b for a, b in parts) else new
