"""The type checker: whether the language allows a program.

Tests run it after every transformation. A program that passes can be interpreted and compiled, and it touches no
memory outside its arrays: the checker proves the bounds of integers, operator by operator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rosesim.ad.program import ir
from rosesim.ad.program.check_op import (
    Broken,
    check_literal,
    check_op,
    check_type,
    fail,
    integer_bounds,
    is_nonzero_tangent,
    one_lane,
    same,
    within,
)
from rosesim.ad.program.show import show_let, type_text
from rosesim.ad.support.errors import CheckError
from rosesim.ad.support.recursion import nested

_MEMO = "checked"


def check(func: ir.Func) -> None:
    """Check a function and all functions that it reaches; each is checked once, however often this is called.

    Raises CheckError, which names the function, the let and the rule that is broken.
    """
    if func.memo.get(_MEMO):
        return
    order = _callees_first(func)
    for f in order:
        if not f.memo.get(_MEMO):
            _Checker(f).run()
            f.memo[_MEMO] = True


def _callees_first(func: ir.Func) -> list[ir.Func]:
    """All reachable functions that were not checked before, callees before callers; raises on a cycle."""
    done: dict[ir.Func, None] = {}
    entered = {func}
    stack = [(func, iter(ir.callees(func)))]
    while stack:
        f, rest = stack[-1]
        g = next(rest, None)
        if g is None:
            stack.pop()
            done[f] = None
        elif g not in entered:
            if not g.memo.get(_MEMO):
                entered.add(g)
                stack.append((g, iter(ir.callees(g))))
        elif g not in done:
            raise CheckError(f"in {f.name}: programs are acyclic, but {g.name} reaches itself", f.where)
    return list(done)


def _accepts(param: ir.Ty, argument: ir.Ty) -> bool:
    """Whether an argument fits a parameter: it has the same type, or is an integer within the parameter's bounds."""
    if param == argument:
        return True
    p, a = param.scalar, argument.scalar
    both_scalars = param.shape == argument.shape == () and not param.ref and not argument.ref
    return both_scalars and p.lanes == a.lanes and isinstance(p, ir.IntT) and isinstance(a, ir.IntT) and within(a, p)


def _value_ty(ref: ir.Ty) -> ir.Ty:
    """The type of what a ref accumulates."""
    return ir.Ty(ref.scalar, ref.shape)


def _same_lanes(array: ir.Ty, part: ir.Ty) -> None:
    if array.scalar.lanes != part.scalar.lanes:
        fail(f"a part of {type_text(array)} differs between {part.scalar.lanes} lanes")


class _Checker:
    """Checks one function. `_scope` holds the variables in scope, `_bound` all that were bound so far."""

    def __init__(self, func: ir.Func) -> None:
        self._func = func
        self._scope: set[ir.Var] = set()
        self._bound: set[ir.Var] = set()
        self._let: ir.Let | None = None

    def run(self) -> None:
        func = self._func
        try:
            for p in func.params:
                self._bind(p)
            if isinstance(func.body, ir.Opaque):
                self._opaque(func.body)
            else:
                self._block(func.body)
        except Broken as broken:
            let = self._let
            shown = f", at `{show_let(let)}`" if let else ""
            where = let.where if let and let.where else func.where
            raise CheckError(f"in {func.name}{shown}: {broken}", where, str(broken)) from None

    def _opaque(self, body: ir.Opaque) -> None:
        for ty in (*(p.ty for p in self._func.params), *body.results):
            check_type(ty)
            if ty.ref or (isinstance(ty.scalar, ir.TanT) and body.linear is None):
                fail(f"an opaque function neither takes nor gives {type_text(ty)}")

    # ------------------------------------------------------------------- variables and blocks

    def _bind(self, var: ir.Var) -> None:
        check_type(var.ty)
        if var in self._bound:
            fail(f"single assignment: {var.name or 'a variable'} is bound twice")
        self._bound.add(var)
        self._scope.add(var)

    def _use(self, a: ir.Atom) -> ir.Ty:
        """The type of an atom, which must be in scope."""
        if isinstance(a, ir.Lit):
            check_literal(a)
        elif a not in self._scope:
            known = "out of its scope" if a in self._bound else "not bound before"
            fail(f"scope: {a.name or 'a variable'} ({type_text(a.ty)}) is {known}")
        return a.ty

    def _value(self, a: ir.Atom) -> ir.Ty:
        """The type of an atom that must be a value."""
        ty = self._use(a)
        if ty.ref:
            fail(f"{type_text(ty)} is a ref, which only Add, SubRef and Call take")
        return ty

    def _block(self, block: ir.Block, binders: Sequence[ir.Var] = ()) -> list[ir.Ty]:
        """The types of a block's results. After it, `binders` and the variables that it binds are out of scope."""
        around = self._let
        for let in block.lets:
            self._let = let
            types = self._expr(let)
            if len(let.outs) != len(types):
                fail(f"binds {len(let.outs)} variables, expected {len(types)}")
            for var, ty in zip(let.outs, types, strict=True):
                same(var.ty, ty, f"the bound variable {var.name}".rstrip())
            for var in let.outs:
                self._bind(var)
        self._let = around
        types = [self._value(a) for a in block.results]
        for let in block.lets:
            self._scope.difference_update(let.outs)
        self._scope.difference_update(binders)
        return types

    def _index(self, ty: ir.Ty, idx: tuple[ir.Atom, ...]) -> ir.Ty:
        """The type of the part at an index. Each index must provably be within the shape."""
        if len(idx) > len(ty.shape):
            fail(f"{len(idx)} indices into {type_text(ty)}")
        lanes = max((i.ty.scalar.lanes for i in idx), default=1)
        if lanes > 1 and (len(idx) < len(ty.shape) or ty.scalar.lanes not in (1, lanes)):
            fail(f"places that differ between {lanes} lanes in {type_text(ty)}: expected those of scalars")
        for k, i in enumerate(idx):
            self._value(i)
            bounds = integer_bounds(i, f"index {k}")
            if not within(bounds, ir.IntT(0, ty.shape[k] - 1)):
                fail(f"index {k} is {type_text(i.ty)}, not within the size {ty.shape[k]}")
        found = ty.at(len(idx))
        return ir.Ty(replace(found.scalar, lanes=lanes), (), found.ref) if lanes > 1 else found

    # --------------------------------------------------------------------------- expressions

    def _expr(self, let: ir.Let) -> Sequence[ir.Ty]:
        """The types that the outs of a let must have."""
        match let.expr:
            case ir.Op(name, args):
                for a in args:
                    self._value(a)
                out = self._declared(let)
                check_op(name, args, out)
                return (out,)
            case ir.Get(x, idx):
                if not idx:
                    fail("Get takes at least one index")
                return (self._index(self._value(x), idx),)
            case ir.Put(x, idx, v):
                if not idx:
                    fail("Put takes at least one index")
                ty = self._value(x)
                part = self._index(ty, idx)
                same(self._value(v), part, "what is put")
                _same_lanes(ty, part)
                return (ty,)
            case ir.Stack(items):
                return (self._stack(items),)
            case ir.Fill(value):
                return (self._fill(value, self._declared(let)),)
            case ir.Data(array):
                return (self._data(array, self._declared(let)),)
            case ir.Stop(x):
                ty = self._value(x)
                if isinstance(ty.scalar, ir.TanT):
                    fail("Stop takes no Tan")
                return (ty,)
            case ir.Loop() as loop:
                return self._loop(loop)
            case ir.Cond() as cond:
                return self._cond(cond)
            case ir.Accum() as accum:
                return self._accum(accum)
            case ir.Add(ref, idx, v):
                target = _value_ty(self._index(self._ref(ref), idx))
                _same_lanes(ref.ty, target)
                same(self._value(v), target, "what is added")
                return ()
            case ir.SubRef(ref, idx):
                if any(i.ty.scalar.lanes > 1 for i in idx):
                    fail("the place of a ref differs between lanes")
                return (self._index(self._ref(ref), idx),)
            case ir.Guard(bad, _, values):
                same(self._value(bad), ir.BOOL, "the condition of a guard")
                for v in values:
                    if self._value(v).shape:
                        fail("a guard reports an array, expected scalars")
                return ()
            case ir.Call(func, args):
                return self._call(func, args)
            case _:
                ir.unknown(let.expr)

    def _declared(self, let: ir.Let) -> ir.Ty:
        """The type of the only out, as the let declares it."""
        if len(let.outs) != 1:
            fail(f"binds {len(let.outs)} variables, expected 1")
        return let.outs[0].ty

    def _ref(self, ref: ir.Var) -> ir.Ty:
        ty = self._use(ref)
        if not ty.ref:
            fail(f"{type_text(ty)} is not a ref")
        return ty

    def _stack(self, items: tuple[ir.Atom, ...]) -> ir.Ty:
        types = [self._value(i) for i in items]
        if not types:
            fail("Stack takes at least one item")
        for k, ty in enumerate(types):
            same(ty, types[0], f"item {k}")
        return ir.Ty(types[0].scalar, (len(items), *types[0].shape))

    def _fill(self, value: ir.Atom, out: ir.Ty) -> ir.Ty:
        same(self._value(value), ir.Ty(out.scalar), "what an array is filled with")
        if not out.shape or out.ref:
            fail(f"Fill makes an array, not {type_text(out)}")
        if is_nonzero_tangent(value):
            fail("an array filled with a tangent constant other than zero is not linear")
        return out

    def _data(self, array: np.ndarray, out: ir.Ty) -> ir.Ty:
        dtype = ir.storage(out.scalar)
        if isinstance(out.scalar, ir.TanT) or out.ref:
            fail(f"Data cannot be {type_text(out)}")
        # An array of the user's in single precision is converted when the code is loaded.
        known = (dtype, np.float64) if isinstance(out.scalar, ir.FloatT) else (dtype,)
        if array.dtype not in known or array.shape != out.shape or not array.flags.c_contiguous:
            fail(f"Data is a C-contiguous {dtype} array of shape {out.shape}")
        if isinstance(out.scalar, ir.IntT) and array.size:
            found = ir.IntT(int(array.min()), int(array.max()))
            if not within(found, out.scalar):
                fail(f"Data holds {found.lo} .. {found.hi}, expected {type_text(out)}")
        return out

    def _loop(self, loop: ir.Loop) -> list[ir.Ty]:
        n = loop.n
        if n < 0:
            fail(f"a loop has {n} iterations, expected 0 or more")
        if loop.test is not None and (loop.upto is not None or loop.reverse):
            fail("a loop with a test has neither upto nor reverse")
        if loop.upto is not None:
            self._value(loop.upto)
            if loop.upto.ty.scalar.lanes > 1 or not within(integer_bounds(loop.upto, "upto"), ir.IntT(0, n)):
                fail(f"upto is {type_text(loop.upto.ty)}, not within 0 .. {n}")
        if loop.lanes > 1 and (loop.carries or loop.upto is not None or loop.test is not None):
            fail("a loop whose iterations run in lanes carries something or may end early")
        same(loop.index.ty, ir.Ty(ir.IntT(0, n - 1, loop.lanes)), "the index")
        if len(loop.inits) != len(loop.carries):
            fail(f"{len(loop.inits)} inits for {len(loop.carries)} carries")
        for k, (a, carry) in enumerate(zip(loop.inits, loop.carries, strict=True)):
            same(self._value(a), carry.ty, f"init {k}")
        binders = (loop.index, *loop.carries)
        for var in binders:
            self._bind(var)
        if loop.test is not None and nested(self._block, loop.test) != [ir.BOOL]:
            fail("the test of a loop gives one Bool")
        results = nested(self._block, loop.body, binders)
        if len(results) < len(binders) - 1:
            fail(f"the body gives {len(results)} values for {len(loop.carries)} carries")
        for k, carry in enumerate(loop.carries):
            same(results[k], carry.ty, f"the next carry {k}")
        outputs = results[len(loop.carries) :]
        if loop.upto is not None or loop.test is not None:
            for ty in outputs:
                # Elements that no iteration wrote are zero.
                if isinstance(ty.scalar, ir.IntT) and not within(ir.IntT(0, 0), ty.scalar):
                    fail(f"an output of a loop that may end early is {type_text(ty)}, which lacks 0")
        if loop.lanes > 1:  # its runs become elements of one array
            outputs = [one_lane(ty) for ty in outputs]
        count = [ir.Ty(ir.IntT(0, n))] if loop.test is not None else []
        return [*(c.ty for c in loop.carries), *(ir.Ty(t.scalar, (n, *t.shape)) for t in outputs), *count]

    def _cond(self, cond: ir.Cond) -> list[ir.Ty]:
        same(self._value(cond.p), ir.BOOL, "the condition")
        then, orelse = nested(self._block, cond.then), nested(self._block, cond.orelse)
        if len(then) != len(orelse):
            fail(f"the branches give {len(then)} and {len(orelse)} values")
        for k, (t, o) in enumerate(zip(then, orelse, strict=True)):
            same(o, t, f"result {k} of the second branch")
        return then

    def _accum(self, accum: ir.Accum) -> list[ir.Ty]:
        if len(accum.inits) != len(accum.refs):
            fail(f"{len(accum.inits)} inits for {len(accum.refs)} refs")
        for k, (a, ref) in enumerate(zip(accum.inits, accum.refs, strict=True)):
            if not ref.ty.ref:
                fail(f"accumulator {k} is {type_text(ref.ty)}, which is not a ref")
            if isinstance(ref.ty.scalar, ir.IntT):
                fail("a ref of integers: their sum has no bounds")
            same(self._value(a), _value_ty(ref.ty), f"init {k}")
        for ref in accum.refs:
            self._bind(ref)
        results = nested(self._block, accum.body, accum.refs)
        return [*results, *(_value_ty(r.ty) for r in accum.refs)]

    def _call(self, func: ir.Func, args: tuple[ir.Atom, ...]) -> tuple[ir.Ty, ...]:
        if len(args) != len(func.params):
            fail(f"{func.name} takes {len(func.params)} arguments, not {len(args)}")
        for k, (a, p) in enumerate(zip(args, func.params, strict=True)):
            if not _accepts(p.ty, self._use(a)):
                fail(f"argument {k} of {func.name} is {type_text(a.ty)}, expected {type_text(p.ty)}")
        return func.results
