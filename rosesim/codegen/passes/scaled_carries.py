"""A carry that is another one multiplied by a number is that other one, and the number.

A step of second order in time (`2 u - before + ...`) hands its newest state on, and its reverse hands the cotangent
of the newest state on with a sign or a factor: a pass over the grid that writes -ct. So the loop carries the array as
it is, whose buffer it can pass on, and beside it the factor; where the carry is read, it is multiplied. The wave's
reverse then reads and writes as much as its forward pass.

Zero times a factor may have the other sign, so strict code does not take this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rosesim.ad.passes.renaming import Renaming
from rosesim.ad.passes.simplify import simplified
from rosesim.ad.program import ir
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import Accum, Atom, Block, Expr, FloatT, Func, Get, Let, Lit, Loop, Op, Ty, Var, index_ty
from rosesim.ad.program.rewrite import is_straight, rewritten

FEWEST = 64
"""Numbers of an array from which on this is worth it."""


def scaled(func: Func) -> Func:
    """The program with such carries replaced."""
    return rewritten(func, _body)


def _body(func: Func, block: Block, made: Mapping[Func, Func]) -> Block:
    if is_straight(block, made):
        return block
    new = _Scale(made).block(block)
    if new is block:
        return block
    swept = simplified(Func(func.name, func.params, new, func.where)).body
    assert isinstance(swept, Block)
    return swept


@dataclass(frozen=True, slots=True)
class _Image:
    """A carry whose next value is another carry, times factors."""

    carry: int
    of: Var
    factors: tuple[Atom, ...]


class _Scale(Renaming):
    def __init__(self, made: Mapping[Func, Func]):
        super().__init__(made)

    def lets(self, let: Let) -> Iterable[Let]:
        e = let.expr
        if not isinstance(e, Loop) or e.test is not None or e.lanes > 1 or e.batch:
            return [let]
        image = next((x for k in range(len(e.carries)) if (x := _image(e, k)) is not None), None)
        if image is None:
            return [let]
        return _replaced(let, e, image)


def _image(e: Loop, k: int) -> _Image | None:
    """What the next value of a carry is, if it is another carry times factors; None otherwise."""
    carry, result = e.carries[k], e.body.results[k]
    if carry.ty.size < FEWEST or not isinstance(carry.ty.scalar, FloatT) or not _is_read_by_elements(e, carry):
        return None
    found = _element(e.body, result, len(carry.ty.shape))
    if found is None:
        return None
    value, indices, made = found
    lets = list(ir.all_lets(e.body))
    deeper = {o for x in lets for o in (*x.outs, *ir.binders(x.expr))} - {o for x in e.body.lets for o in x.outs}
    factors: list[Atom] = []
    while True:
        match made.get(value) if isinstance(value, Var) else None:
            case Op("neg", (x,)):
                factors.append(Lit(-1.0, x.ty))
                value = x
            case Op("mul", (x, y)) if x not in deeper:
                factors.append(x)
                value = y
            case Op("mul", (x, y)) if y not in deeper:
                factors.append(y)
                value = x
            case Get(x, idx) if factors and isinstance(x, Var) and x in e.carries and idx == indices:
                return _Image(k, x, tuple(factors)) if x is not carry and x.ty == carry.ty else None
            case _:
                return None


def _is_read_by_elements(e: Loop, carry: Var) -> bool:
    """Whether a loop's body reads a carry element by element only."""
    rank = len(carry.ty.shape)
    if carry in e.body.results:
        return False
    for x in ir.all_lets(e.body):
        if carry in ir.operands(x.expr) and not (
            isinstance(x.expr, Get) and x.expr.x is carry and len(x.expr.idx) == rank
        ):
            return False
        if any(carry in b.results for b in ir.blocks(x.expr)):
            return False
    return True


def _element(block: Block, result: Atom, rank: int) -> tuple[Atom, tuple[Var, ...], dict[Var, Expr]] | None:
    """An element of an array that a nest of loops gives: its value, the nest's indices, and what they bind."""
    indices: list[Var] = []
    made: dict[Var, Expr] = {}
    while len(indices) < rank:
        let = next((x for x in block.lets if result in x.outs), None)
        if let is None:
            return None
        at = let.outs.index(result)
        match let.expr:
            case Accum() as a if at < len(a.body.results):
                block, result = a.body, a.body.results[at]
            case Loop() as nest if not nest.carries and nest.upto is None and nest.test is None:
                block, result = nest.body, nest.body.results[at]
                indices.append(nest.index)
                made.update((o, x.expr) for x in block.lets for o in x.outs)
            case _:
                return None
    return result, tuple(indices), made


def _replaced(let: Let, e: Loop, image: _Image) -> list[Let]:
    """The loop that carries the other array and the factor, and the carry's last value after it."""
    k, carry = image.carry, e.carries[image.carry]
    n = len(e.carries)
    one = Lit(1.0, Ty(carry.ty.scalar))
    factor = Var(one.ty, "factor")
    body = _Multiplied(carry, factor).block(e.body)
    b = Builder(where=let.where)
    for x in body.lets:
        b.keep(x)
    following: Atom = image.factors[0]
    for f in image.factors[1:]:
        following = b.op("mul", following, f)
    results = list(body.results)
    results[k] = image.of
    new = replace(
        e,
        inits=(*e.inits, one),
        carries=(*e.carries, factor),
        body=Block(tuple(b.lets), (*results[:n], following, *results[n:])),
    )
    last, last_factor = Var(carry.ty, "last"), Var(one.ty, "factor")
    outs = (*let.outs[:k], last, *let.outs[k + 1 : n], last_factor, *let.outs[n:])
    return [Let(outs, new, let.where), _product(let.outs[k], last, last_factor, let)]


def _product(out: Var, array: Var, factor: Var, let: Let) -> Let:
    """The array times the factor."""
    indices = tuple(Var(index_ty(n), "i") for n in array.ty.shape)
    b = Builder(where=let.where)
    block = b.block([b.op("mul", factor, b.get(array, indices))])
    for k in reversed(range(len(indices))):
        loop = Loop(n=array.ty.shape[k], index=indices[k], inits=(), carries=(), body=block)
        inner = Var(array.ty.at(k)) if k else out
        block = Block((Let((inner,), loop, let.where),), (inner,))
    return block.lets[0]


class _Multiplied(Renaming):
    """A block that multiplies what it reads of a carry."""

    def __init__(self, carry: Var, factor: Var):
        super().__init__({})
        self.carry, self.factor = carry, factor

    def lets(self, let: Let) -> Sequence[Let]:
        if isinstance(let.expr, Get) and let.expr.x is self.carry:
            v = Var(let.outs[0].ty)
            return [Let((v,), let.expr, let.where), Let(let.outs, Op("mul", (self.factor, v)), let.where)]
        return [let]
