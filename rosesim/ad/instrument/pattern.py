"""Which numbers of a program's results depend on which real parameters through values: where a Jacobian is not zero.

The program is walked once. A real value is the set of inputs that each of its numbers depends on; integers are
computed where they are known (constants, counters, index arrays that are given), because they say which element is
read. A loop is walked for all its iterations at once: what its body makes of the carries is a relation between two
states, and these are composed one after the other. Where an index or a condition is not known, all that it may
choose counts: the answer may have too many places, never too few.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.instrument.carried import Carries
from rosesim.ad.instrument.relation import EMPTY, MASK, MOST, SHIFT, Keys, Known, Reads, Ref, moved, taken, union
from rosesim.ad.program.ir import (
    Accum,
    Add,
    Atom,
    Block,
    BoolT,
    Call,
    Cond,
    Data,
    Fill,
    FloatT,
    Func,
    Get,
    Guard,
    Let,
    Lit,
    Loop,
    Op,
    Opaque,
    Put,
    Stack,
    Stop,
    SubRef,
    TanT,
    Ty,
    Var,
    unknown,
)
from rosesim.ad.program.ops import OPS
from rosesim.ad.support import recursion
from rosesim.ad.support.errors import TooLarge


@dataclass(frozen=True, slots=True)
class _Value:
    """A variable in all iterations of the loops around it, whose lengths are `around`: a real one as keys, whose rows
    are its numbers iteration by iteration; another one as its numbers, where they are known."""

    around: tuple[int, ...]
    shape: tuple[int, ...]
    keys: Keys | None = None
    known: Known | None = None

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class _View:
    """A part of an accumulator: for each iteration of the loops around it, the rows where it may begin."""

    ref: Ref
    around: tuple[int, ...]
    shape: tuple[int, ...]
    owners: Keys
    begins: Keys


def pattern(
    func: Func, active: Sequence[bool], given: Mapping[int, Known]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows and columns of all places where the derivative of the real results by the active parameters may differ
    from zero, row by row. Both count numbers, in the order of the results and of the parameters.

    `given` has the numbers of integer parameters, by position.
    """
    walk = _Walk()
    values: list[_Value] = []
    for k, (p, on) in enumerate(zip(func.params, active, strict=True)):
        if _is_real(p.ty):
            values.append(walk.inputs(p.ty.shape) if on else _Value((), p.ty.shape, EMPTY))
        else:
            known = np.asarray(given[k]).reshape(1, *p.ty.shape) if k in given else None
            values.append(_Value((), p.ty.shape, known=known))
    results = recursion.nested(walk.call, func, values, ())
    rows, start = [EMPTY], 0
    for v, ty in zip(results, func.results, strict=True):
        if isinstance(ty.scalar, FloatT):
            assert v.keys is not None
            rows.append(v.keys + (start << SHIFT))
            start += v.size
    keys = np.concatenate(rows)
    return keys >> SHIFT, keys & MASK


def _is_real(ty: Ty) -> bool:
    return isinstance(ty.scalar, FloatT | TanT)


class _Walk:
    """The walk through one program."""

    def __init__(self) -> None:
        self._next = 0
        self._added: list[Reads] = []

    def inputs(self, shape: tuple[int, ...]) -> _Value:
        """A value of new inputs, each of which depends on itself."""
        return _Value((), shape, np.arange(size := math.prod(shape)) << SHIFT | self._numbered(size))

    def _numbered(self, count: int) -> Keys:
        self._next += count
        return np.arange(self._next - count, self._next)

    # ------------------------------------------------------------------------------ functions and blocks

    def call(self, func: Func, args: Sequence[Any], around: tuple[int, ...]) -> list[Any]:
        """The results of a call inside loops of these lengths."""
        if isinstance(func.body, Opaque) or func.rules is not None:
            return self._hidden(func, args, around)
        return self.block(func.body, dict(zip(func.params, args, strict=True)), around)

    def _hidden(self, func: Func, args: Sequence[Any], around: tuple[int, ...]) -> list[_Value]:
        """A function with a derivative of its own: each result may depend on all arguments."""
        parts = [EMPTY]
        for a in args:
            if isinstance(a, _Value) and a.keys is not None:
                wide = self._spread(a, around)
                parts.append(np.unique((wide >> SHIFT) // max(1, a.size) << SHIFT | wide & MASK))
        every = _Value(around, (), union(*parts))
        for a in args:
            if isinstance(a, _View):
                self._add(a, (), self._filled(every, a.shape), around, {})
        return [self._filled(every, ty.shape) if _is_real(ty) else _Value(around, ty.shape) for ty in func.results]

    def block(self, block: Block, env: dict[Var, Any], around: tuple[int, ...]) -> list[Any]:
        """The results of a block."""
        for let in block.lets:
            for var, v in zip(let.outs, self._let(let, env, around), strict=True):
                env[var] = v
        return [self._atom(a, env) for a in block.results]

    def _atom(self, a: Atom, env: dict[Var, Any]) -> Any:
        if isinstance(a, Lit):
            return _Value((), (), EMPTY) if _is_real(a.ty) else _Value((), (), known=np.array([a.value]))
        return env[a]

    def _let(self, let: Let, env: dict[Var, Any], around: tuple[int, ...]) -> Sequence[Any]:
        match let.expr:
            case Op(name, args):
                return [self._op(name, [self._atom(a, env) for a in args], let.outs[0].ty, around)]
            case Get(x, idx):
                return [self._get(self._atom(x, env), idx, around, env)]
            case Put(x, idx, v):
                return [self._put(self._atom(x, env), idx, self._atom(v, env), around, env)]
            case Stack(items):
                return [self._stack([self._atom(i, env) for i in items], let.outs[0].ty, around)]
            case Fill(value):
                return [self._filled(self._atom(value, env), let.outs[0].ty.shape)]
            case Data(array, live):
                if _is_real(let.outs[0].ty):
                    return [_Value((), array.shape, EMPTY)]
                return [_Value((), array.shape, known=None if live else array[None])]
            case Stop(x):
                v = self._atom(x, env)
                return [v if v.keys is None else _Value(v.around, v.shape, EMPTY)]
            case Loop() as e:
                return recursion.nested(self._loop, e, let, env, around)
            case Cond(p, then, orelse):
                sides = [recursion.nested(self.block, side, env, around) for side in (then, orelse)]
                return [self._chosen(self._atom(p, env), a, b, around) for a, b in zip(*sides, strict=True)]
            case Accum() as e:
                return recursion.nested(self._accum, e, env, around)
            case Add(ref, idx, v):
                value = self._atom(v, env)
                if value.keys is not None:
                    self._add(env[ref], idx, value, around, env)
                return []
            case SubRef(ref, idx):
                return [self._part(env[ref], idx, around, env)]
            case Guard():
                return []
            case Call(func, args):
                return recursion.nested(self.call, func, [self._atom(a, env) for a in args], around)
            case _:
                unknown(let.expr)

    # ------------------------------------------------------------------------------ values

    def _spread(self, v: _Value, around: tuple[int, ...]) -> Keys:
        """The keys of a real value, with a row for each number in each iteration of more loops."""
        assert v.keys is not None
        if v.around == around or not len(v.keys):
            return v.keys
        rows = self._rows_of(v, around)
        return moved(v.keys, rows, np.arange(len(rows)))

    def _rows_of(self, v: _Value, around: tuple[int, ...]) -> Keys:
        """For each number in each iteration, its row in v."""
        return (self._outer(v.around, around)[:, None] * v.size + np.arange(v.size)).ravel()

    def _outer(self, outer: tuple[int, ...], around: tuple[int, ...]) -> Keys:
        """For each iteration of the inner loops, that of the loops which an outer value is in."""
        return np.arange(math.prod(around)) // max(1, math.prod(around[len(outer) :]))

    def _known(self, v: _Value, around: tuple[int, ...]) -> Known | None:
        return None if v.known is None else v.known[self._outer(v.around, around)]

    def _op(self, name: str, args: list[_Value], ty: Ty, around: tuple[int, ...]) -> _Value:
        if name == "select":
            p, a, b = args
            return self._chosen(p, a, b, around)
        row = OPS[name]
        if _is_real(ty):
            if row.flat:
                return _Value(around, (), EMPTY)
            deep = max((a.around for a in args), key=len)  # no more iterations than the arguments differ in
            return _Value(deep, (), union(*(self._spread(a, deep) for a in args if a.keys is not None)))
        deep = max((a.around for a in args), key=len)
        numbers = [n for n in (self._known(a, deep) for a in args) if n is not None]
        if len(numbers) < len(args):
            return _Value(deep, ())
        compute: Callable[..., Any] = _QUICK.get(name) or np.frompyfunc(row.value, len(numbers), 1)
        made = compute(*numbers)
        return _Value(deep, (), known=np.asarray(made, bool if isinstance(ty.scalar, BoolT) else np.int64))

    def _chosen(self, p: _Value, a: Any, b: Any, around: tuple[int, ...]) -> Any:
        known = self._known(p, around)
        if a.keys is None:
            x, y = self._known(a, around), self._known(b, around)
            if known is None or x is None or y is None:
                return _Value(around, a.shape)
            return _Value(around, a.shape, known=np.where(known.reshape(-1, *(1 for _ in a.shape)), x, y))
        x, y = self._spread(a, around), self._spread(b, around)
        if known is not None:
            size = max(1, a.size)
            x, y = x[known[(x >> SHIFT) // size]], y[~known[(y >> SHIFT) // size]]
        return _Value(around, a.shape, union(x, y))

    def _filled(self, v: _Value, shape: tuple[int, ...]) -> _Value:
        size = math.prod(shape)
        if v.keys is None:
            known = v.known
            return _Value(v.around, shape, known=None if known is None else np.broadcast_to(
                known.reshape(-1, *(1 for _ in shape)), (len(known), *shape)))  # fmt: skip
        rows = np.repeat(np.arange(math.prod(v.around)), size)
        return _Value(v.around, shape, moved(v.keys, rows, np.arange(len(rows))))

    def _stack(self, items: list[_Value], ty: Ty, around: tuple[int, ...]) -> _Value:
        if items[0].keys is None:
            numbers = [self._known(v, around) for v in items]
            known = (
                None if any(n is None for n in numbers) else np.stack([n for n in numbers if n is not None], axis=1)
            )
            return _Value(around, ty.shape, known=known)
        parts = [EMPTY]
        for k, v in enumerate(items):
            keys, size = self._spread(v, around), max(1, v.size)
            run, within = np.divmod(keys >> SHIFT, size)
            parts.append(((run * len(items) + k) * size + within) << SHIFT | keys & MASK)
        return _Value(around, ty.shape, union(*parts))

    # ------------------------------------------------------------------------------ indices

    def _places(
        self, idx: Sequence[Atom], shape: tuple[int, ...], around: tuple[int, ...], env: dict[Var, Any]
    ) -> tuple[Keys, Keys, bool]:
        """Where an index begins in an array, counted in numbers: iterations, and a place for each; all places that
        it may have where it is not known. And whether it is known."""
        owners = np.arange(math.prod(around))
        begins, exact = np.zeros(len(owners), np.int64), True
        for k, i in enumerate(idx):
            stride = math.prod(shape[k + 1 :])
            known = self._known(self._atom(i, env), around)
            if known is not None:
                begins = begins + known.astype(np.int64)[owners] * stride
                continue
            exact = False
            if len(owners) * shape[k] > MOST:
                raise TooLarge(
                    "an index that is known only when the program runs reads a large array in a large loop"
                )
            begins = (begins[:, None] + np.arange(shape[k]) * stride).ravel()
            owners = np.repeat(owners, shape[k])
        return owners, begins, exact

    def _get(self, x: _Value, idx: Sequence[Atom], around: tuple[int, ...], env: dict[Var, Any]) -> _Value:
        shape = x.shape[len(idx) :]
        if x.keys is None:
            numbers = [self._known(self._atom(i, env), around) for i in idx]
            if x.known is None or any(n is None for n in numbers):
                return _Value(around, shape)
            return _Value(around, shape, known=x.known[(self._outer(x.around, around), *numbers)])
        if not len(x.keys):
            return _Value(around, shape, EMPTY)
        size = math.prod(shape)
        keys, x_shape = x.keys, x.shape
        for k, i in enumerate(idx):  # all elements along an axis whose index is not known are one
            if self._atom(i, env).known is None and x_shape[k] > 1:
                rows, low = np.divmod(keys >> SHIFT, math.prod(x_shape[k + 1 :]))
                rows = rows // x_shape[k] * math.prod(x_shape[k + 1 :]) + low
                keys = np.unique(rows << SHIFT | keys & MASK)
                x_shape = (*x_shape[:k], 1, *x_shape[k + 1 :])
        left = [i if x_shape[k] > 1 or x.shape[k] == 1 else Lit(0, i.ty) for k, i in enumerate(idx)]
        left = [Lit(0, i.ty) if x_shape[k] == 1 else i for k, i in enumerate(left)]
        owners, begins, _ = self._places(left, x_shape, around, env)
        first = self._outer(x.around, around)[owners] * math.prod(x_shape) + begins
        rows = (first[:, None] + np.arange(size)).ravel()
        to = (owners[:, None] * size + np.arange(size)).ravel()
        return _Value(around, shape, moved(keys, rows, to))

    def _put(self, x: _Value, idx: Sequence[Atom], v: _Value, around: tuple[int, ...], env: dict[Var, Any]) -> _Value:
        if x.keys is None:
            return _Value(around, x.shape)
        owners, begins, exact = self._places(idx, x.shape, around, env)
        rows = (owners[:, None] * x.size + begins[:, None] + np.arange(v.size)).ravel()
        source = (owners[:, None] * v.size + np.arange(v.size)).ravel()
        old = self._spread(x, around)
        if exact and len(old):
            replaced = np.zeros(math.prod(around) * x.size, bool)
            replaced[rows] = True
            old = old[~replaced[old >> SHIFT]]
        return _Value(around, x.shape, union(old, moved(self._spread(v, around), source, rows)))

    # ------------------------------------------------------------------------------ accumulators

    def _accum(self, e: Accum, env: dict[Var, Any], around: tuple[int, ...]) -> list[Any]:
        runs = np.arange(math.prod(around))
        starts: list[Keys] = []
        refs = [Ref(ref.ty.size) for ref in e.refs]
        for ref, made, init in zip(e.refs, refs, e.inits, strict=True):
            v = self._atom(init, env)
            starts.append(EMPTY if v.keys is None else self._spread(v, around))
            env[ref] = _View(made, around, ref.ty.shape, runs, runs * made.size)
        results = self.block(e.body, env, around)
        finals: list[_Value] = []
        for ref, made, start in zip(e.refs, refs, starts, strict=True):
            parts = [p.keys for p in self._added if p.ref is made]
            finals.append(_Value(around, ref.ty.shape, union(start, *parts) if _is_real(Ty(ref.ty.scalar)) else None))
        self._added = [p for p in self._added if p.ref not in refs]
        return [*results, *finals]

    def _part(self, view: _View, idx: Sequence[Atom], around: tuple[int, ...], env: dict[Var, Any]) -> _View:
        """The part of an accumulator at an index."""
        runs, offsets, _ = self._places(idx, view.shape, around, env)
        outer = self._outer(view.around, around)[runs]
        order = np.argsort(view.owners, kind="stable")
        owners, begins = view.owners[order], view.begins[order]
        first = np.searchsorted(owners, outer)
        counts = np.searchsorted(owners, outer, side="right") - first
        at = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts - first, counts)
        return _View(
            view.ref, around, view.shape[len(idx) :], np.repeat(runs, counts), begins[at] + np.repeat(offsets, counts)
        )

    def _add(self, view: _View, idx: Sequence[Atom], v: _Value, around: tuple[int, ...], env: dict[Var, Any]) -> None:
        part = self._part(view, idx, around, env)
        places = np.arange(v.size)
        outer = self._outer(v.around, around)[part.owners]
        source = (outer[:, None] * v.size + places).ravel()
        assert v.keys is not None
        inputs, which = taken(v.keys, source)
        rows = (part.begins[:, None] + places).ravel()
        self._added.append(Reads(np.repeat(part.owners, v.size)[which], rows[which], inputs, part.ref))

    # ------------------------------------------------------------------------------ loops

    def _loop(self, e: Loop, let: Let, env: dict[Var, Any], around: tuple[int, ...]) -> list[Any]:
        runs, n = math.prod(around), e.n
        inner = (*around, n)
        if runs * n > MOST:
            raise TooLarge(
                f"the structure of a derivative in {runs * n} iterations was asked for; at most {MOST} can be"
            )
        env[e.index] = _Value(inner, (), known=np.tile(np.arange(n), runs))
        first = self._next
        sizes: list[int] = []
        for c in e.carries:
            real = _is_real(c.ty)
            sizes.append(c.ty.size if real else 0)
            env[c] = (
                _Value((), c.ty.shape, np.arange(c.ty.size) << SHIFT | self._numbered(c.ty.size))
                if real
                else _Value((), c.ty.shape)
            )
        state = Carries(first, sizes, runs, n)
        before = len(self._added)
        results = self.block(e.body, env, inner)
        count = len(e.carries)
        inits = [self._atom(a, env) for a in e.inits]
        begin = state.joined([self._spread(v, around) if v.keys is not None else EMPTY for v in inits])
        nexts = [self._spread(v, inner) if v.keys is not None else EMPTY for v in results[:count]]
        outs = [None if v.keys is None else self._spread(v, inner) for v in results[count:]]
        reads = [
            Reads((o >> SHIFT) // max(1, v.size), o >> SHIFT, o & MASK)
            for o, v in zip(outs, results[count:], strict=True)
            if o is not None
        ]
        ends_early = e.upto is not None or e.test is not None
        final, composed = state.run(begin, nexts, [*reads, *self._added[before:]], e.reverse, ends_early)
        made = iter([r.keys for r in composed[: len(reads)]])
        self._added[before:] = composed[len(reads) :]
        found: list[Any] = [
            _Value(around, c.ty.shape, final[k]) if _is_real(c.ty) else _Value(around, c.ty.shape)
            for k, c in enumerate(e.carries)
        ]
        for v, o in zip(results[count:], outs, strict=True):
            shape = (n, *v.shape)
            known = None
            if o is None and not ends_early and (numbers := self._known(v, inner)) is not None:
                known = numbers.reshape(runs, *shape)
            found.append(_Value(around, shape, None if o is None else next(made), known))
        return [*found, *(_Value(around, ()) for _ in range(len(let.outs) - len(found)))]


_QUICK: dict[str, Callable[..., Any]] = {
    "iadd": np.add, "isub": np.subtract, "imul": np.multiply, "idiv": np.floor_divide, "imod": np.mod,
    "ieq": np.equal, "ilt": np.less, "ile": np.less_equal, "cast": np.asarray,
    "not": np.logical_not, "and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor,
}  # fmt: skip
"""Operators on integers, for all iterations at once. The others are computed one by one."""

__all__ = ["pattern"]
