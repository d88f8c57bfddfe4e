"""Random well-typed programs of the language: an expression of a given type, written from a row of bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import rosesim as rs
from fuzz import arithmetic, indexing, library, parts
from fuzz.choices import Choices, since
from rosesim import Index, Real
from rosesim.ad.language import types as T
from rosesim.ad.language.function import Fn
from rosesim.ad.language.values.vector import lift

Scope = tuple[tuple[T.Type, Any], ...]
"""The values in scope with their types, the newest last."""

TAME = [0.5, -1.25, 1.0, 2.0, 0.0, -0.0, 3.0, 1e-3]
EDGES = [*TAME, 5e-324, 1e-310, -1e-300, 1e300, -1e300, 1.7e308, -5e-324, float("inf"), 1e-160, 1e160]
UNARY = [
    lambda x: -x, rs.sin, rs.cos, rs.tanh, abs, rs.sqrt, rs.exp, rs.log, rs.floor, rs.ceil, rs.trunc, rs.sign,
    rs.tan, rs.asin, rs.acos, rs.atan, rs.sinh, rs.cosh, rs.expm1, rs.log1p, rs.erf, lambda x: x * x,
    lambda x: rs.sqrt(x * x + 0.5), lambda x: rs.log(x * x + 0.5), lambda x: x**3, lambda x: x**-1, lambda x: x**0.5,
]  # fmt: skip
BINARY = [
    lambda x, y: x + y, lambda x, y: x * y, lambda x, y: x - y, lambda x, y: x / (1.0 + y * y), lambda x, y: x / y,
    rs.minimum, rs.maximum, rs.hypot, rs.atan2, rs.copysign, rs.fmod, lambda x, y: x % y, rs.pow,
    lambda x, y: rs.pow(abs(x) + 0.5, y),
]  # fmt: skip
COMPARE = [
    lambda x, y: x < y, lambda x, y: x <= y, lambda x, y: x > y, lambda x, y: x >= y, lambda x, y: x == y,
    lambda x, y: x != y,
]  # fmt: skip
LENGTHS = [3, 2, 1, 4, 0, 9, 24]
DEPTH = 4


def is_real_vector(t: T.Type) -> bool:
    """Whether a type is a vector of reals, or of such vectors."""
    return isinstance(t, T.VecType) and (t.elem == T.REAL or is_real_vector(t.elem))


class Writer:
    """Writes expressions into the function under trace."""

    def __init__(self, row: bytes, wild: bool):
        self.c = Choices(row)
        self.wild = wild
        self._constants = EDGES if wild else TAME

    # --------------------------------------------------------------------------------- types

    def type(self, depth: int = 2) -> T.Type:
        """A random type."""
        c = self.c
        match c.below(10):
            case 0 | 1 | 2:
                return T.REAL
            case 3:
                return T.VecType(c.one(LENGTHS), T.REAL)
            case 4:
                return T.index(c.one([3, 2, 1, 4, 5]))
            case 5:
                return T.BOOL
            case 6 if depth:
                return T.VecType(c.one(LENGTHS), self.type(depth - 1))
            case 7 if depth:
                return T.tuple_type(*(self.type(depth - 1) for _ in range(1 + c.below(3))))
            case 8 if depth:
                return T.struct_type(dict, {n: self.type(depth - 1) for n in "ab"[: 1 + c.below(2)]})
            case 9 if depth:
                return c.one(parts.STRUCTS)
            case _:
                return T.REAL

    # ---------------------------------------------------------------------------- any type

    def make(self, t: T.Type, scope: Scope, depth: int) -> Any:
        """A value of this type."""
        made = self._leaf(t, scope) if depth <= 0 or self.c.ended else self._grown(t, scope, depth - 1)
        return lift(made, t)

    def _grown(self, t: T.Type, scope: Scope, depth: int) -> Any:
        own: Sequence[Callable[..., Any]]
        match t:
            case T.RealType():
                own = [
                    *(
                        self._unary,
                        self._binary,
                        self._unary,
                        self._binary,
                        self._total,
                        self._element,
                        self._element,
                    ),
                    *(self._extreme, self._number, self._custom, self._clamped, self._geometry, self._derived),
                    *since(2, self._reduced),
                ]
            case T.BoolType():
                own = [self._compared, self._logic, self._every, self._taken, *since(2, self._true)]
            case T.IntType():
                own = [self._placed, self._counted, self._counted, self._nearest, self._taken]
                own = [*own, *since(2, self._ordered)]
            case T.VecType(_, elem):
                own = [
                    self._vector,
                    self._replaced,
                    self._vector,
                    self._outputs,
                    self._replaced,
                    self._listed,
                    self._slice,
                ]
                if elem == T.REAL or is_real_vector(elem):
                    own = [*own, self._summed, self._scattered, self._scattered, self._mapped]
                    own = [*own, *since(2, self._arithmetic, self._arithmetic, self._reduced)]
            case _:
                own = [self._built]
        any_type: Sequence[Callable[..., Any]] = [
            self._leaf_of,
            self._cond,
            self._select,
            self._scan,
            self._called,
            self._loop,
            self._stopped,
        ]
        return self.c.one([*own, *any_type])(t, scope, depth)

    def _leaf_of(self, t: T.Type, scope: Scope, depth: int) -> Any:
        return self._leaf(t, scope)

    def _leaf(self, t: T.Type, scope: Scope) -> Any:
        """A value in scope, or a part of one, or a constant."""
        found = [take for held, v in reversed(scope) for take in self._paths(held, v, t)]
        if found and not (self.wild and self.c.rarely(4)):
            return self.c.one(found[:200])()
        c = self.c
        match t:
            case T.RealType():
                return Real(c.one(self._constants))
            case T.BoolType():
                return c.one([False, True])
            case T.IntType(lo, hi):
                return lo + c.below(hi - lo + 1)
            case T.VecType(n, elem):
                return rs.vec(0, lambda i: self._leaf(elem, scope)) if n == 0 else [
                    lift(self._leaf(elem, scope), elem) for _ in range(n)]  # fmt: skip
            case T.StructType():
                return t.build([lift(self._leaf(p, scope), p) for p in t.types])
            case _:
                return None

    def _paths(self, held: T.Type, v: Any, t: T.Type) -> Iterator[Callable[[], Any]]:
        """The ways to a value of type t within a value; calling one of them writes the reads that it needs."""
        if held == t:
            yield lambda: v
        match held:
            case T.VecType(n, elem) if n > 0 and _holds(elem, t):
                i = self.c.below(n)
                yield from ((lambda take=take: take()) for take in self._within(elem, lambda: v[i], t))
            case T.StructType():
                for k, p in enumerate(held.types):
                    if _holds(p, t):
                        yield from self._within(p, lambda k=k: held.parts(v)[k], t)
            case _:
                pass

    def _within(self, held: T.Type, get: Callable[[], Any], t: T.Type) -> Iterator[Callable[[], Any]]:
        if held == t:
            yield get
        elif isinstance(held, T.VecType | T.StructType):
            yield lambda: next(iter(self._paths(held, get(), t)))()

    def _cond(self, t: T.Type, scope: Scope, depth: int) -> Any:
        p = self.make(T.BOOL, scope, depth)
        return rs.cond(p, lambda: self.make(t, scope, depth), lambda: self.make(t, scope, depth))

    def _select(self, t: T.Type, scope: Scope, depth: int) -> Any:
        p = self.make(T.BOOL, scope, depth)
        return rs.select(p, self.make(t, scope, depth), self.make(t, scope, depth))

    def _count(self) -> int:
        return self.c.one([3, 2, 1, 4, 0, 7])

    def _upto(self, n: int, scope: Scope) -> Any:
        return self._index(T.index(n + 1), scope, 2) if self.c.rarely(4) else None

    def _index(self, t: T.IntType, scope: Scope, depth: int) -> Any:
        return self.make(t, scope, min(depth, 2))

    def _scan(self, t: T.Type, scope: Scope, depth: int) -> Any:
        n, more = self._count(), self.type(1)
        upto = self._upto(n, scope)
        start = self.make(t, scope, depth - 1), self.make(more, scope, 1)

        def step(c: Any, i: Any) -> Any:
            inner = (*scope, (T.index(n), i), (more, c[1]), (t, c[0]))
            return self.make(t, inner, depth), self.make(more, inner, depth - 1)

        return rs.scan(step, start, n, upto=upto)[0]

    def _loop(self, t: T.Type, scope: Scope, depth: int) -> Any:
        start = self.make(T.REAL, scope, 1), self.make(t, scope, depth - 1)
        limit, grow = self.c.one([8, 3, 1, 0]), self.c.one([0.7, -1.5, 0.25])
        stop: Any = "raise" if self.c.rarely(6) else "stop"

        def body(c: Any) -> Any:
            inner = (*scope, (T.REAL, c[0]), (t, c[1]))
            return c[0] * 0.5 + grow, self.make(t, inner, depth)

        def test(c: Any) -> Any:
            return (c[0] < 1.0) & self.make(T.BOOL, (*scope, (T.REAL, c[0]), (t, c[1])), 1)

        return rs.while_loop(test, body, start, limit=limit, on_limit=stop)[1]

    def _called(self, t: T.Type, scope: Scope, depth: int) -> Any:
        types = tuple(self.type(1) for _ in range(1 + self.c.below(3)))
        row, wild = self.c.row(60), self.wild
        seen = scope[-2:] if self.c.rarely(4) else ()  # what it captures from the function around it

        named = self.c.rarely(3)  # a keyword-only parameter with a default, lengths left open

        def inner(*args: Any, extra: Any = 2.0) -> Any:
            known = (*seen, *zip(types, args, strict=True))
            return Writer(row, wild).make(t, ((T.REAL, Real(extra)), *known) if named else known, min(depth, 3))

        f = Fn(parts.annotated(inner, types) if named else inner)
        extra = {"extra": self.make(T.REAL, scope, 1)} if named and self.c.rarely(2) else {}
        first = f(*(self.make(p, scope, depth) for p in types), **extra)
        if self.c.rarely(3) and t == T.REAL:
            return first + f(*(self.make(p, scope, 0) for p in types))
        return first

    def _taken(self, t: T.Type, scope: Scope, depth: int) -> Any:
        """Several axes indexed at once."""
        source, items = indexing.reading(self.c, t, lambda n: self._index(T.index(n), scope, depth))
        return self.make(source, scope, depth)[items]

    def _stopped(self, t: T.Type, scope: Scope, depth: int) -> Any:
        v = self.make(t, scope, depth)
        return rs.stop_gradient(v) if self.c.rarely(2) else v

    # ------------------------------------------------------------------------------------ reals

    def _unary(self, t: T.Type, scope: Scope, depth: int) -> Any:
        return self.c.one(UNARY)(self.make(T.REAL, scope, depth))

    def _binary(self, t: T.Type, scope: Scope, depth: int) -> Any:
        return self.c.one(BINARY)(self.make(T.REAL, scope, depth), self.make(T.REAL, scope, depth))

    def _total(self, t: T.Type, scope: Scope, depth: int) -> Any:
        n = self._count()
        upto = self._upto(n, scope)
        return rs.sum(n, lambda i: self.make(T.REAL, (*scope, (T.index(n), i)), depth), upto=upto)

    def _extreme(self, t: T.Type, scope: Scope, depth: int) -> Any:
        n = self._count() or 1
        return self.c.one([rs.min, rs.max])(n, lambda i: self.make(T.REAL, (*scope, (T.index(n), i)), depth))

    def _element(self, t: T.Type, scope: Scope, depth: int) -> Any:
        if self.c.rarely(4):
            return self._taken(t, scope, depth)
        n = self.c.one([3, 2, 1, 4])
        v, i = self.make(T.VecType(n, T.REAL), scope, depth), self._index(T.index(n), scope, depth)
        return v[i]

    def _number(self, t: T.Type, scope: Scope, depth: int) -> Any:
        if self.c.rarely(2):
            return Real(self.make(T.BOOL, scope, depth))
        return 0.5 * self.make(T.index(self.c.one([3, 5, 2])), scope, depth)

    def _clamped(self, t: T.Type, scope: Scope, depth: int) -> Any:
        return rs.clamp(self.make(T.REAL, scope, depth), self.make(T.REAL, scope, 0), self.make(T.REAL, scope, 0))

    def _custom(self, t: T.Type, scope: Scope, depth: int) -> Any:
        x = self.make(T.REAL, scope, depth)
        match self.c.below(5):
            case 0:
                return parts.product(x, self.make(T.REAL, scope, depth))
            case 1:
                return parts.square(x)
            case 2:
                return parts.weighed(
                    self.make(T.VecType(3, T.REAL), scope, depth), self._index(T.index(3), scope, depth)
                )
            case 3:
                return parts.soft([x, self.make(T.REAL, scope, 1)])[1]
            case _:
                return parts.outside(x, self._index(T.index(3), scope, depth))

    def _geometry(self, t: T.Type, scope: Scope, depth: int) -> Any:
        return library.geometry(self.c, lambda p: self.make(p, scope, depth), lambda p: self.make(p, scope, 1))

    def _derived(self, t: T.Type, scope: Scope, depth: int) -> Any:
        """A derivative within the program, which is then differentiated again."""
        row, wild = self.c.row(24), self.wild

        def inner(x: Any, y: Any) -> Any:
            return Writer(row, wild).make(T.REAL, ((T.REAL, x), (T.REAL, y)), min(depth, 2))

        x, y = self.make(T.REAL, scope, depth), self.make(T.REAL, scope, 0)
        if self.c.rarely(2):
            return rs.jvp(Fn(inner))(x, y, self.make(T.REAL, scope, 0), 1.0)[1]
        return rs.grad(Fn(inner), wrt="x")(x, y=y) if self.c.rarely(2) else rs.grad(Fn(inner), wrt=0)(x, y)

    # ------------------------------------------------------------------- booleans, integers

    def _compared(self, t: T.Type, scope: Scope, depth: int) -> Any:
        if self.c.rarely(2):
            n, m = self.c.one([3, 5, 1]), self.c.one([3, 4])
            return self.c.one(COMPARE)(self.make(T.index(n), scope, depth), self.make(T.index(m), scope, depth))
        return self.c.one(COMPARE)(self.make(T.REAL, scope, depth), self.make(T.REAL, scope, depth))

    def _logic(self, t: T.Type, scope: Scope, depth: int) -> Any:
        p = self.make(T.BOOL, scope, depth)
        if self.c.rarely(4):
            return ~p
        q = self.make(T.BOOL, scope, depth)
        return self.c.one([lambda: p & q, lambda: p | q, lambda: p ^ q, lambda: p == q, lambda: p != q])()

    def _every(self, t: T.Type, scope: Scope, depth: int) -> Any:
        n = self._count()
        upto = self._upto(n, scope)
        over = self.c.one([rs.any, rs.all])
        return over(n, lambda i: self.make(T.BOOL, (*scope, (T.index(n), i)), depth), upto=upto)

    def _placed(self, t: Any, scope: Scope, depth: int) -> Any:
        n = t.hi + 1
        x = self.make(T.REAL, scope, depth) * self.c.one([1.0, 3.0, 0.5, -7.0])
        if self.c.rarely(6):
            return Index[n].check(x)
        return self.c.one([Index[n].clamp, Index[n].wrap])(x)

    def _counted(self, t: Any, scope: Scope, depth: int) -> Any:
        n = t.hi + 1
        i, j = (self.make(T.index(self.c.one([3, n, 2, 5])), scope, depth) for _ in range(2))
        k = self.c.one([
            lambda: i + j, lambda: i - j, lambda: i * j, lambda: i // (j + 1), lambda: i % (j + 2), lambda: 3 * i - 2,
            lambda: (i - j) // 2, lambda: (i - j) % 3,
            *since(2, lambda: (i - 2) & j, lambda: i | (j - 1), lambda: i ^ ~j, lambda: (i - j) << (j & 3),
                   lambda: (i - 3) >> (j & 31)),
        ])()  # fmt: skip
        return self.c.one([Index[n].wrap, Index[n].clamp])(k)

    def _nearest(self, t: Any, scope: Scope, depth: int) -> Any:
        n = t.hi + 1
        return rs.argmin(n, lambda i: self.make(T.REAL, (*scope, (T.index(n), i)), depth))

    # -------------------------------------------------------------------------- vectors, structs

    def _vector(self, t: Any, scope: Scope, depth: int) -> Any:
        upto = self._upto(t.n, scope)
        return rs.vec(t.n, lambda i: self.make(t.elem, (*scope, (T.index(t.n), i)), depth), upto=upto)

    def _listed(self, t: Any, scope: Scope, depth: int) -> Any:
        if t.elem == T.REAL and t.n and self.c.rarely(2):
            table = np.array([self.c.one(self._constants) for _ in range(t.n)])
            return rs.const(table)
        if t.n == 0 or t.n > 4:
            return self._vector(t, scope, depth)
        return [self.make(t.elem, scope, depth - 1) for _ in range(t.n)]

    def _replaced(self, t: Any, scope: Scope, depth: int) -> Any:
        v = self.make(t, scope, depth)
        if t.n == 0:
            return v
        for _ in range(1 + self.c.below(2)):
            i = self._index(T.index(t.n), scope, depth)
            if self.c.rarely(4):
                there, items = indexing.place(self.c, t, lambda n: self._index(T.index(n), scope, depth))
                new = self.make(there, (*scope, (t, v)), depth - 1)
                v = v.at[items].add(new) if is_real_vector(t) and self.c.rarely(2) else v.at[items].set(new)
            elif t.elem == T.REAL and self.c.rarely(2):
                v = v.at[i].add(self.make(T.REAL, (*scope, (t, v)), depth - 1))
            elif isinstance(t.elem, T.VecType) and t.elem.n and self.c.rarely(2):
                j = self._index(T.index(t.elem.n), scope, depth)
                v = v.at[i, j].set(self.make(t.elem.elem, (*scope, (t, v)), depth - 1))
            else:
                v = v.at[i].set(self.make(t.elem, (*scope, (t, v)), depth - 1))
        return v

    def _outputs(self, t: Any, scope: Scope, depth: int) -> Any:
        upto = self._upto(t.n, scope)

        def step(c: Any, i: Any) -> Any:
            inner = (*scope, (T.index(t.n), i), (T.REAL, c))
            return self.make(T.REAL, inner, depth), self.make(t.elem, inner, depth)

        return rs.scan(step, self.make(T.REAL, scope, 1), t.n, upto=upto)[1]

    def _slice(self, t: Any, scope: Scope, depth: int) -> Any:
        if self.c.rarely(2):
            return self._taken(t, scope, depth)
        before = self.c.below(2)
        longer = self.make(T.VecType(before + t.n + 1, t.elem), scope, depth)
        return longer[before : before + t.n]

    def _summed(self, t: Any, scope: Scope, depth: int) -> Any:
        a = self.make(t, scope, depth)
        match self.c.below(4):
            case 0:
                return a + self.make(t, scope, depth)
            case 1:
                return a - self.make(t, scope, depth)
            case 2:
                return a * self.make(T.REAL, scope, depth) if t.n else -a
            case _:
                return -a

    def _arithmetic(self, t: T.Type, scope: Scope, depth: int) -> Any:
        """An operation on whole vectors."""
        return arithmetic.elementwise(self.c, t, lambda p: self.make(p, scope, depth), UNARY, BINARY, COMPARE)

    def _reduced(self, t: T.Type, scope: Scope, depth: int) -> Any:
        return arithmetic.reduced(self.c, t, lambda p: self.make(p, scope, depth))

    def _true(self, t: T.Type, scope: Scope, depth: int) -> Any:
        return arithmetic.truth(self.c, lambda p: self.make(p, scope, depth), COMPARE)

    def _ordered(self, t: Any, scope: Scope, depth: int) -> Any:
        if t.lo:
            return self._counted(t, scope, depth)
        return arithmetic.place(self.c, t.hi + 1, lambda p: self.make(p, scope, depth))

    def _scattered(self, t: Any, scope: Scope, depth: int) -> Any:
        n = self._count()

        def add(acc: Any, i: Any) -> None:
            inner = (*scope, (T.index(n), i))
            if t.n == 0:
                return
            place = self._index(T.index(t.n), inner, depth)
            if isinstance(t.elem, T.VecType) and self.c.rarely(2):
                if t.elem.n:
                    j = self._index(T.index(t.elem.n), inner, depth)
                    acc.at[place, j].add(self.make(t.elem.elem, inner, depth))
            else:
                acc.at[place].add(self.make(t.elem, inner, depth))

        def fill(acc: Any) -> None:
            if self.c.rarely(3):
                p = self.make(T.BOOL, scope, 1)
                rs.for_each(n, lambda i: rs.cond(p, lambda: add(acc, i), lambda: None))
            else:
                rs.for_each(n, lambda i: add(acc, i))

        return rs.accumulate(t, fill)

    def _mapped(self, t: Any, scope: Scope, depth: int) -> Any:
        """A vmap within the program."""
        if t.n == 0:
            return self._vector(t, scope, depth)
        row, wild = self.c.row(24), self.wild

        def inner(x: Any, y: Any) -> Any:
            return Writer(row, wild).make(t.elem, ((T.REAL, y), (T.REAL, x)), min(depth, 2))

        v = self.make(T.VecType(t.n, T.REAL), scope, depth)
        return rs.vmap(Fn(inner), over=0)(v, self.make(T.REAL, scope, 0))

    def _built(self, t: T.Type, scope: Scope, depth: int) -> Any:
        assert isinstance(t, T.StructType)
        return t.build([self.make(p, scope, depth) for p in t.types])


def _holds(held: T.Type, t: T.Type) -> bool:
    """Whether a value of type `held` contains one of type t."""
    match held:
        case T.VecType(n, elem):
            return held == t or (n > 0 and _holds(elem, t))
        case T.StructType():
            return held == t or any(_holds(p, t) for p in held.types)
        case _:
            return held == t
