"""Functions that differ in nothing but their constants become one, to which each call passes its constants.

A Python loop that makes a function for each spring, joint or layer makes as many functions, as does a method that is
traced for each object. They come from the same lines of Python, so their programs differ in what these lines read:
numbers. What follows, from differentiation to machine code, then costs what one of them costs.

What passes look for stays a literal: zeros, exponents, whatever stands in a loop (where a stencil's weights decide
how it is turned). Everything else computes the same numbers from a parameter as from a literal, so no bit changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from rosesim.ad.program.ir import (
    FIELDS,
    REAL,
    Atom,
    Block,
    Call,
    Data,
    Expr,
    Func,
    Let,
    Lit,
    Loop,
    Op,
    Opaque,
    Var,
    binders,
    blocks,
    callees,
    operands,
    reachable,
)
from rosesim.ad.program.rewrite import with_blocks, with_lets
from rosesim.ad.support import recursion

FEWEST = 16
"""So many functions alike become one. A constant known to the compiler is worth something to a few."""

MOST_CONSTANTS = 8
"""The most constants that calls pass: more would not travel in registers."""

LIFTED = frozenset({"add", "sub", "mul", "div", "minimum", "maximum"})
"""The operators whose literals may become parameters: no rule of differentiation asks for their value."""

HOLE = Lit(math.nan, REAL)
"""In the place of a literal that may become a parameter. It is compared by identity."""

Made = Mapping[Func, tuple[Func, tuple[Lit, ...]]]
"""What a function has become, and the constants that its calls pass to it."""


def shared(func: Func) -> Func:
    """The program with one function for all that are alike."""
    if "shared" in func.memo:
        return func.memo["shared"]
    order = reachable(func)
    made = _shared(order) if len(order) > FEWEST else func
    if made is not func:
        func.memo["shared"] = made
    return made


@dataclass(frozen=True, slots=True)
class _Member:
    """A function among those alike: as it was, as its callees have become, and its literals that may differ."""

    func: Func
    new: Func
    literals: tuple[float, ...]


def _shared(order: Sequence[Func]) -> Func:
    """The last of these functions after the pass, which compares callees before their callers."""
    made: dict[Func, tuple[Func, tuple[Lit, ...]]] = {}
    for level in _levels(order):
        groups: dict[Any, list[_Member]] = {}
        for f in level:
            new = _calling(f, made)
            if new is not f:
                made[f] = new, ()
            if isinstance(new.body, Block) and new.rules is None:
                found: list[float] = []
                general = _with_literals(new.body, lambda x, found=found: found.append(float(x.value)) or HOLE)
                key = new.name, new.where, _Shape().function(new, general)
                groups.setdefault(key, []).append(_Member(f, new, tuple(found)))
        for group in groups.values():
            if len(group) >= FEWEST:
                made.update(_merged(group))
    return made[order[-1]][0] if order[-1] in made else order[-1]


def _levels(order: Sequence[Func]) -> list[list[Func]]:
    """The functions by the length of their longest chain of calls. Those that are alike are on one level."""
    height: dict[Func, int] = {}
    levels: list[list[Func]] = []
    for f in order:
        height[f] = max((height[g] + 1 for g in callees(f)), default=0)
        if height[f] == len(levels):
            levels.append([])
        levels[height[f]].append(f)
    return levels


def _calling(f: Func, made: Made) -> Func:
    """The function with calls of what its callees have become."""
    if isinstance(f.body, Opaque) or not any(g in made for g in callees(f)):
        return f

    def walk(block: Block) -> Block:
        lets: list[Let] = []
        for let in block.lets:
            e = let.expr
            if isinstance(e, Call) and e.func in made:
                g, constants = made[e.func]
                lets.append(Let(let.outs, Call(g, (*e.args, *constants)), let.where))
            else:
                new = with_blocks(e, walk)
                lets.append(let if new is e else Let(let.outs, new, let.where))
        return with_lets(block, lets)

    return Func(f.name, f.params, walk(f.body), f.where, f.rules)


def _merged(group: Sequence[_Member]) -> Made:
    """The one function for all that are alike. A literal that is the same in all of them stays."""
    first = group[0].new
    columns = list(zip(*(m.literals for m in group), strict=True))  # a literal's values in all of them
    params = {c: Var(REAL, "constant") for c in columns if any(x != c[0] for x in c)}
    if len(params) > MOST_CONSTANTS:
        return {}
    column = iter(columns)
    assert isinstance(first.body, Block)
    body = _with_literals(first.body, lambda x: params.get(next(column), x))
    whole = Func(first.name, (*first.params, *params.values()), body, first.where)
    return {m.func: (whole, tuple(Lit(c[k], REAL) for c in params)) for k, m in enumerate(group)}


def _with_literals(block: Block, atom: Callable[[Lit], Atom]) -> Block:
    """The block with other atoms for the literals that may become parameters, which are met in their order."""

    def each(args: tuple[Atom, ...]) -> tuple[Atom, ...]:
        if not any(map(_may_differ, args)):
            return args
        return tuple(atom(a) if isinstance(a, Lit) and _may_differ(a) else a for a in args)

    lets: list[Let] = []
    for let in block.lets:
        match let.expr:
            case Op(name, args) as e if name in LIFTED:
                new: Expr = e if (given := each(args)) is args else Op(name, given)
            case Call(func, args) as e:
                new = e if (given := each(args)) is args else Call(func, given)
            case Loop() as e:
                new = e
            case e:
                new = with_blocks(e, lambda b: _with_literals(b, atom))
        lets.append(let if new is let.expr else Let(let.outs, new, let.where))
    return with_lets(block, lets)


def _may_differ(a: Atom) -> bool:
    return isinstance(a, Lit) and a.ty == REAL and a.value != 0 and math.isfinite(a.value)


class _Shape:
    """What two functions have in common that differ in nothing but the names of variables and in what `HOLE` stands
    for: a key that compares."""

    def __init__(self) -> None:
        self.numbers: dict[Var, int] = {}

    def function(self, func: Func, body: Block) -> Any:
        """The key of a function with this body."""
        return self._bound(func.params), self._block(body)

    def _bound(self, variables: Sequence[Var]) -> Any:
        for v in variables:
            self.numbers[v] = len(self.numbers)
        return tuple(v.ty for v in variables)

    def _atom(self, a: Atom) -> Any:
        if isinstance(a, Var):
            return self.numbers[a]
        return None if a is HOLE else (repr(a.value), a.ty)  # so that NaN equals itself, and -0.0 is not 0.0

    def _block(self, block: Block) -> Any:
        lets = tuple((self._expr(let.expr), self._bound(let.outs), let.where) for let in block.lets)
        return lets, tuple(map(self._atom, block.results))

    def _expr(self, e: Expr) -> Any:
        atoms = tuple(map(self._atom, operands(e)))
        if isinstance(e, Op):
            return e.name, atoms
        if isinstance(e, Data):
            return id(e.array), e.live
        parts = {f.name for f in FIELDS[type(e)]}
        rest = tuple(getattr(e, f.name) for f in fields(e) if f.name not in parts)
        bound = self._bound(binders(e))
        return type(e), rest, atoms, bound, tuple(recursion.nested(self._block, b) for b in blocks(e))
