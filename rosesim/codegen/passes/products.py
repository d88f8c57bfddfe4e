"""Products of matrices, found where they are written out, and made functions of their own.

A product is `sum over k of a[i, k] b[k, j]` for all i and j, whoever wrote it: `a @ b`, three loops of a user's, or
the reverse of another product. A loop nest as written often has poor locality: where it reads down a column, each
cache line gives one number. Here the nest becomes a call of a function whose body is the plain
nest, so that the interpreter, the checker and every other pass know it; a backend may write that function as a
blocked kernel (`Product` says of what; `codegen.llvm.products` does). Each element still takes its terms one after
the other in the order of the nest, so no bit changes.

What is found, in a nest of plain loops over i, j and k in any order:

- a sum in a carry, `loop k from s = 0: s + a[i, k] b[k, j]`, within the loops over i and j;
- an addition `ref[i, j] += a[i, k] b[k, j]`, where the ref is of outside the nest, or is a row made for each i.

A loop that multiplies one vector after the other, `sum(batch, lambda b: ... w @ x[b] ...)`, is a product of w and the
matrix of all vectors; so is the second layer's, once the first layer's vectors of all b are kept. So a loop is cut in
two where that makes a vector of an iteration the row of a matrix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rosesim.ad.passes.simplify import simplified
from rosesim.ad.program import ir
from rosesim.ad.program.effects import Effect, effects
from rosesim.ad.program.ir import (
    Accum,
    Add,
    Atom,
    Block,
    Call,
    Expr,
    Fill,
    FloatT,
    Func,
    Get,
    Let,
    Lit,
    Loop,
    Op,
    SubRef,
    Ty,
    Var,
    index_ty,
)
from rosesim.ad.program.rewrite import rewritten, with_blocks, with_lets
from rosesim.codegen.passes import loop_fission as fission
from rosesim.codegen.passes.single_adds import is_zero
from rosesim.codegen.passes.spread import is_sum

FEWEST_TERMS = 400
"""Multiplications from which on a call is worth it: 8 x 8 x 8 takes half the time of loops, 6 x 6 x 6 the same."""

FEWEST_COLUMNS = 4
"""A row of a product must fill a vector register."""


@dataclass(frozen=True, slots=True)
class Product:
    """c[i, j] += sum over k of a[i, k] b[k, j], or -= where `negative`; a and b may lie transposed."""

    rows: int
    depth: int
    columns: int
    width: int
    """Bits of a number."""
    a_transposed: bool = False
    b_transposed: bool = False
    negative: bool = False
    reverse: bool = False
    """Whether the terms are added from the last to the first."""


class Products:
    """The pass over a program; `found` has what a backend may write in the place of a function's body."""

    def __init__(self, math: str):
        self.exact = math != "fast"
        self.found: dict[Func, Product] = {}
        self.zeros: set[Atom] = set()
        """The arrays of zeros of a function, wherever they are made."""
        self._made: dict[Product, Func] = {}

    def __call__(self, func: Func) -> Func:
        """The program with its products as calls."""
        return rewritten(func, self._body, frozenset({Loop}))

    def function(self, product: Product) -> Func:
        """The function of a product: (a, b, a ref to c) -> nothing."""
        if product not in self._made:
            self._made[product] = func = written(product)
            self.found[func] = product
        return self._made[product]

    def _body(self, func: Func, block: Block, made: Mapping[Func, Func]) -> Block:
        self.zeros = _zeros(ir.all_lets(block))
        new = self._block(block, made)
        if new is block:
            return block
        swept = simplified(Func(func.name, func.params, new, func.where)).body
        assert isinstance(swept, Block)
        return swept

    def _block(self, block: Block, made: Mapping[Func, Func]) -> Block:
        lets: list[Let] = []
        for let in block.lets:
            if isinstance(let.expr, Loop) and let.expr.batch:
                lets.append(let)  # whose runs go in lanes: each has its own matrices
                continue
            e = with_blocks(let.expr, lambda b: self._block(b, made), made)
            new = let if e is let.expr else Let(let.outs, e, let.where)
            lets.extend(self._nest(new, e) if isinstance(e, Loop) and _is_plain(e) else [new])
        return with_lets(block, lets)

    def _nest(self, let: Let, e: Loop) -> list[Let]:
        """The lets that replace a nest of loops: the products that it reads, the rest of the nest, and the products
        that are added to refs."""
        if not any(isinstance(b.expr, Loop) for b in ir.all_lets(e.body)):
            return [let]
        if (parts := self._cut(let, e)) is not None:
            return [x for part in parts for x in self._nest(*part)]
        nest = _Nest(self, let, e)
        body = nest.block(e.body, (e,))
        if body is e.body:
            return [let]
        return [*nest.before, Let(let.outs, replace(e, body=body), let.where), *nest.after]

    def _cut(self, let: Let, e: Loop) -> list[tuple[Let, Loop]] | None:
        """The loops in the place of a loop that is cut (loop fission); None if no cut exposes a product or is
        allowed.

        After the cut, the vectors that the iterations make are the rows of a matrix. If a loop within makes the
        elements of such a vector, that loop is cut first, and the result is the one loop around its halves.
        """
        own = _Own.of(e)
        if not own.vectors and not own.numbers or not all(is_sum(e, k) for k in range(len(e.carries))):
            return None
        probe = _Nest(self, let, e, own)
        for at, x in enumerate(e.body.lets):
            if not probe.asks(x):
                continue
            of = own.numbers.get(probe.asked_for) if probe.asked_for is not None else None
            if of is not None:
                halves = fission.halves(x, of, exact=self.exact)
                if halves is None:
                    continue
                loop = replace(e, body=Block((*e.body.lets[:at], *halves, *e.body.lets[at + 1 :]), e.body.results))
                return [(Let(let.outs, loop, let.where), loop)]
            if at and fission.may_cut(e, at, exact=self.exact):
                return list(fission.parted(let, e, at))
        return None


@dataclass(frozen=True, slots=True)
class _Own:
    """What an iteration of a loop makes that could be a part of a matrix, were it kept for all iterations."""

    vectors: frozenset[Atom] = frozenset()
    numbers: Mapping[Atom, Loop] = field(default_factory=dict[Atom, Loop])
    """Numbers that the loops within make, each with its loop."""

    @staticmethod
    def of(e: Loop) -> _Own:
        """What a loop makes; not what it reads of an array, for that is a matrix already."""
        made = [x for x in e.body.lets if not isinstance(x.expr, Get)]
        under = [y for x in made if isinstance(x.expr, Accum) for y in x.expr.body.lets]
        inner = [x.expr for x in (*made, *under) if isinstance(x.expr, Loop) and _is_plain(x.expr)]
        return _Own(
            frozenset(o for x in made for o in x.outs if len(o.ty.shape) == 1),
            {x.outs[0]: f for f in inner for x in f.body.lets if isinstance(x.expr, Op)},
        )


def _is_plain(e: Loop) -> bool:
    """Whether a loop has a constant trip count and is no batch."""
    return e.upto is None and e.test is None and not e.batch


@dataclass(frozen=True, slots=True)
class _Factor:
    """The element array[*prefix, i, j], where `at` is (i, j), two indices of loops in the nest. The array and the
    prefix are defined outside the nest, unless `is_own`."""

    array: Atom
    prefix: tuple[Atom, ...]
    at: tuple[Var, Var]
    is_own: bool = False
    """Whether the array is a vector that each iteration makes: the row of a matrix, once it is kept."""


@dataclass(slots=True)
class _Row:
    """A row that is made for each iteration of a loop, from zeros, by additions."""

    loops: tuple[Loop, ...]
    out: Var


class _Nest:
    """The products of one nest of loops."""

    def __init__(self, of: Products, let: Let, root: Loop, own: _Own | None = None):
        self.of = of
        self.own = own or _Own()
        """Values that would be parts of a matrix if the root loop were cut. Only `asks` needs them."""
        self.asked_for: Atom | None = None
        self.where = let.where
        self.root = root
        self.before: list[Let] = []
        self.after: list[Let] = []
        inside = list(ir.all_lets(root.body))
        self.bound: set[Atom] = {root.index, *root.carries}
        self.made: dict[Atom, Expr] = {}
        for x in inside:
            self.bound.update((*x.outs, *ir.binders(x.expr)))
            if isinstance(x.expr, Op | Get):
                self.made[x.outs[0]] = x.expr
        self.effects: dict[Atom | None, list[Effect]] = {}
        for x in effects(root.body.lets):
            self.effects.setdefault(x.ref, []).append(x)
        self.zeros = of.zeros | _zeros(inside)  # cutting a loop makes new ones
        self.named = Counter(a for x in inside for a in ir.operands(x.expr) if a.ty.ref)
        self.rows: dict[Atom, _Row] = {}
        self.replaced: dict[Var, tuple[Var, tuple[Atom, ...]]] = {}
        """Of a row: the product that it is a row of, and where."""

    def asks(self, let: Let) -> bool:
        """Whether a let of the body would contain a product if the values in `own` were parts of a matrix. Then
        `asked_for` is the first such value."""
        self.asked_for = None
        self.block(Block((let,), ()), (self.root,))
        return self.asked_for is not None

    def block(self, block: Block, loops: tuple[Loop, ...]) -> Block:
        """A block of the nest without the products that it had."""
        lets: list[Let] = []
        for let in block.lets:
            match let.expr:
                case Loop() as e if _is_plain(e):
                    if (total := self._carried(let, e, loops)) is not None:
                        lets.append(total)
                        continue
                    body = self.block(e.body, (*loops, e))
                    new = let if body is e.body else Let(let.outs, replace(e, body=body), let.where)
                    lets.append(new)
                case Accum(inits, refs, body) as e:
                    results = let.outs[len(body.results) :]
                    for r, init, out in zip(refs, inits, results, strict=True):
                        if init in self.zeros and len(r.ty.shape) == 1 and self.named[r] == 1:
                            self.rows[r] = _Row(loops, out)
                    inner = self.block(body, loops)
                    lets.append(let if inner is body else Let(let.outs, replace(e, body=inner), let.where))
                    for out in results:
                        if out in self.replaced:
                            whole, at = self.replaced[out]
                            last = lets.pop()
                            outs = tuple(Var(o.ty) if o is out else o for o in last.outs)
                            lets += [Let(outs, last.expr, last.where), Let((out,), Get(whole, at), let.where)]
                case Add() as e:
                    if not self._added(e, loops):
                        lets.append(let)
                case _:  # a branch may not run, so its products stay; other expressions contain no loop
                    lets.append(let)
        return with_lets(block, lets)

    # ---------------------------------------------------------------------------- what is found

    def _carried(self, let: Let, e: Loop, loops: Sequence[Loop]) -> Let | None:
        """What takes the place of a loop that sums products in a carry."""
        if len(e.carries) != 1 or len(e.body.results) != 1 or len(loops) < 2:
            return None
        if not is_zero(e.inits[0]) or any(not isinstance(x.expr, Op | Get) for x in e.body.lets):
            return None
        total = self.made.get(e.body.results[0])
        if not (isinstance(total, Op) and total.name == "add" and total.args[0] is e.carries[0]):
            return None
        factors = self._factors(total.args[1])
        if factors is None:
            return None
        pair, negative = factors
        by_index = {x.index: x for x in loops}
        for a, b in (pair, pair[::-1]):
            i, j = (_other(f, e.index) for f in (a, b))
            if i is None or j is None or i is j or i not in by_index or j not in by_index:
                continue
            rows, columns = by_index[i], by_index[j]
            if rows is self.root and self._is_worth(a, b, rows, e, columns):  # and so the loop over columns is within
                whole = self._product(a, b, rows, e, columns, negative=negative)
                return Let(let.outs, Get(whole, (i, j)), let.where)
        return None

    def _added(self, e: Add, loops: Sequence[Loop]) -> bool:
        """Write a product that replaces an addition in the nest, as a call after the nest or as a matrix before it.

        Returns False, and writes nothing, if that is not possible or not worth it.
        """
        if len(loops) != 3 or e.v.ty.shape or (self.of.exact and not self._is_alone(e)):
            return False  # strict code adds in the order of the nest, whoever else adds there
        by_index = {x.index: x for x in loops}
        row = self.rows.get(e.ref)
        if row is not None:
            if len(row.loops) != 1 or len(e.idx) != 1:
                return False
            place, prefix = (row.loops[0].index, e.idx[0]), ()
        elif e.ref in self.bound or len(e.idx) < 2 or len(e.idx) != len(e.ref.ty.shape):
            return False
        else:
            *first, i, j = e.idx
            place, prefix = (i, j), tuple(first)
        i, j = place
        if i not in by_index or j not in by_index or i is j or any(x in self.bound for x in prefix):
            return False
        assert isinstance(i, Var) and isinstance(j, Var)
        (k,) = (v for v in by_index if v is not i and v is not j)
        factors = self._factors(e.v)
        if factors is None:
            return False
        (a, b), negative = factors
        if {*a.at} == {j, k}:
            a, b = b, a
        if {*a.at} != {i, k} or {*b.at} != {j, k} or not self._is_worth(a, b, *(by_index[v] for v in (i, k, j))):
            return False
        shape = e.ref.ty.shape if row is None else (by_index[i].n, *e.ref.ty.shape)
        if e.ref.ty.scalar != a.array.ty.scalar or shape[len(prefix) :] != (by_index[i].n, by_index[j].n):
            return False  # a part of a matrix, or one of another kind
        if row is not None:
            whole = self._product(a, b, by_index[i], by_index[k], by_index[j], negative=negative)
            self.replaced[row.out] = whole, (i,)
        else:
            self._call(self.after, a, b, e.ref, prefix, by_index[i], by_index[k], by_index[j], negative=negative)
        return True

    def _is_alone(self, e: Add) -> bool:
        """Whether all else that the nest adds to the ref of an addition goes to another part of it."""
        found = self.effects.get(e.ref)
        if found is None:
            return self.named[e.ref] == 1  # a ref that the nest makes
        own = next(x for x in found if x.let.expr is e)
        return not any(x.meets(own) for x in found if x is not own)

    def _factors(self, a: Atom) -> tuple[tuple[_Factor, _Factor], bool] | None:
        """Two elements whose product a number is, and whether it is their product's negative."""
        negative = False
        while True:
            match self.made.get(a):
                case Op("neg", (x,)):
                    a, negative = x, not negative
                case Op("add", (Lit(0.0), x)) if not self.of.exact:
                    a = x
                case Op("mul", (x, y)):
                    found = [self._element(x), self._element(y)]
                    first, second = found
                    return None if first is None or second is None else ((first, second), negative)
                case _:
                    return None

    def _element(self, a: Atom) -> _Factor | None:
        if a in self.own.numbers:
            return _Factor(a, (), (self.root.index, self.own.numbers[a].index), is_own=True)
        e = self.made.get(a)
        if not isinstance(e, Get) or not isinstance(e.x.ty.scalar, FloatT):
            return None
        x, idx = e.x, e.idx
        if x in self.own.vectors and isinstance(idx[0], Var):
            return _Factor(x, (), (self.root.index, idx[0]), is_own=True)
        while x in self.bound and isinstance(part := self.made.get(x), Get):
            x, idx = part.x, (*part.idx, *idx)
        if x in self.bound or len(idx) < 2 or len(idx) != len(x.ty.shape):
            return None
        *prefix, i, j = idx
        if not (isinstance(i, Var) and isinstance(j, Var)) or any(p in self.bound for p in prefix):
            return None
        return _Factor(x, tuple(prefix), (i, j))

    def _is_worth(self, a: _Factor, b: _Factor, rows: Loop, depth: Loop, columns: Loop) -> bool:
        """Whether both factors are whole matrices of one width, and the product is large enough.

        If a factor is not yet a matrix (`is_own`), the answer is False, and `asked_for` notes the factor if all else
        fits.
        """
        sizes = {x.index: x.n for x in (rows, depth, columns)}
        own = [f.array for f in (a, b) if f.is_own]
        shapes = [self._shape(f)[-2:] for f in (a, b)]
        whole = all(shape == tuple(sizes[v] for v in f.at) for shape, f in zip(shapes, (a, b), strict=True))
        large = rows.n * depth.n * columns.n >= FEWEST_TERMS and columns.n >= FEWEST_COLUMNS and rows.n > 1
        fits = whole and large and a.array.ty.scalar == b.array.ty.scalar
        if fits and own and self.asked_for is None:
            self.asked_for = own[0]
        return fits and not own

    def _shape(self, f: _Factor) -> tuple[int, ...]:
        if f.array in self.own.numbers:
            return self.root.n, self.own.numbers[f.array].n
        return (self.root.n, *f.array.ty.shape) if f.is_own else f.array.ty.shape

    # ----------------------------------------------------------------------------- what is made

    def _product(self, a: _Factor, b: _Factor, rows: Loop, depth: Loop, columns: Loop, *, negative: bool) -> Var:
        """A matrix that is a product, made before the nest."""
        ty = Ty(FloatT(_width(a)), (rows.n, columns.n))
        zeros, ref, whole = Var(ty), Var(replace(ty, ref=True), "product"), Var(ty)
        lets: list[Let] = []
        self._call(lets, a, b, ref, (), rows, depth, columns, negative=negative)
        self.before.append(Let((zeros,), Fill(Lit(0.0, Ty(ty.scalar))), self.where))
        self.before.append(Let((whole,), Accum((zeros,), (ref,), Block(tuple(lets), ())), self.where))
        return whole

    def _call(
        self,
        to: list[Let],
        a: _Factor,
        b: _Factor,
        ref: Var,
        prefix: tuple[Atom, ...],
        rows: Loop,
        depth: Loop,
        columns: Loop,
        *,
        negative: bool,
    ) -> None:
        product = Product(
            rows.n,
            depth.n,
            columns.n,
            _width(a),
            a_transposed=a.at[0] is not rows.index,
            b_transposed=b.at[0] is columns.index,
            negative=negative,
            reverse=depth.reverse,
        )
        args: list[Atom] = []
        for f in (a, b):
            args.append(f.array)
            if f.prefix:
                part = Var(f.array.ty.at(len(f.prefix)))
                to.append(Let((part,), Get(f.array, f.prefix), self.where))
                args[-1] = part
        if prefix:
            part = Var(ref.ty.at(len(prefix)))
            to.append(Let((part,), SubRef(ref, prefix), self.where))
            ref = part
        to.append(Let((), Call(self.of.function(product), (*args, ref)), self.where))


def _zeros(lets: Iterable[Let]) -> set[Atom]:
    """The arrays of zeros that are made."""
    return {x.outs[0] for x in lets if isinstance(x.expr, Fill) and is_zero(x.expr.value)}


def _other(f: _Factor, k: Var) -> Var | None:
    """The index that an element has besides k; None where it has not k, or has it twice."""
    i, j = f.at
    return None if i is j else j if i is k else i if j is k else None


def _width(f: _Factor) -> int:
    scalar = f.array.ty.scalar
    assert isinstance(scalar, FloatT)
    return scalar.width


def written(p: Product) -> Func:
    """The plain nest of a product."""
    scalar = FloatT(p.width)
    one = Ty(scalar)
    shapes = [(p.rows, p.depth), (p.depth, p.columns)]
    shapes = [s[::-1] if t else s for s, t in zip(shapes, (p.a_transposed, p.b_transposed), strict=True)]
    a, b = (Var(Ty(scalar, s), n) for s, n in zip(shapes, "ab", strict=True))
    c = Var(Ty(scalar, (p.rows, p.columns), ref=True), "c")
    i, j, k = (Var(index_ty(n), name) for n, name in ((p.rows, "i"), (p.columns, "j"), (p.depth, "k")))
    x, y, xy, negated = (Var(one) for _ in range(4))
    lets = [
        Let((x,), Get(a, (k, i) if p.a_transposed else (i, k))),
        Let((y,), Get(b, (j, k) if p.b_transposed else (k, j))),
        Let((xy,), Op("mul", (x, y))),
        *([Let((negated,), Op("neg", (xy,)))] if p.negative else []),
        Let((), Add(c, (i, j), negated if p.negative else xy)),
    ]
    for index, n, reverse in ((k, p.depth, p.reverse), (j, p.columns, False), (i, p.rows, False)):
        body = Block(tuple(lets), ())
        lets = [Let((), Loop(n=n, index=index, inits=(), carries=(), body=body, reverse=reverse))]
    return Func(f"product_{p.rows}x{p.depth}x{p.columns}", (a, b, c), Block(tuple(lets), ()))
