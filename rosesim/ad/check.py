"""The type checker: whether a program is one that the language allows.

Tests run it after every transformation. What passes can be interpreted and compiled, and touches no
memory outside its arrays: bounds of whole numbers are proved here, operator by operator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from rosesim.ad import ir
from rosesim.ad.check_op import Broken, check_literal, check_op, is_tangent
from rosesim.ad.deep import nested
from rosesim.ad.errors import CheckError
from rosesim.ad.show import show_let, type_text

_MEMO = "checked"


def check(func: ir.Func) -> None:
    """Check a function and all it reaches; once for each.

    Raises CheckError, which names the function, the let and the rule that is broken.
    """
    if func.memo.get(_MEMO):
        return
    order = _callees_first(func)
    for f in order:
        if not f.memo.get(_MEMO):
            _Checker(f).run()
    # Only now: within a function that fails, what was found good would hide a cycle.
    for f in order:
        f.memo[_MEMO] = True


def _callees_first(func: ir.Func) -> list[ir.Func]:
    """All functions reached, callees before callers; raises where one reaches itself."""
    done: dict[ir.Func, None] = {}
    open_: set[ir.Func] = set()
    stack = [func]
    while stack:
        f = stack[-1]
        if f in done:
            stack.pop()
            continue
        open_.add(f)
        waiting = [g for g in ir.callees(f) if g not in done]
        for g in waiting:
            if g in open_:
                raise CheckError(f"in {f.name}: programs are acyclic, but {g.name} reaches itself", f.where)
        if waiting:
            stack.append(waiting[0])
        else:
            done[f] = None
            open_.remove(f)
            stack.pop()
    return list(done)


def _fail(rule: str) -> NoReturn:
    raise Broken(rule)


def _same(found: ir.Ty, expected: ir.Ty, what: str) -> None:
    if found != expected:
        _fail(f"{what} is {type_text(found)}, expected {type_text(expected)}")


def _widens(found: ir.Ty, expected: ir.Ty) -> bool:
    """Whether a scalar whole number of one type is one of the other."""
    f, e = found.scalar, expected.scalar
    plain = found.shape == expected.shape == () and not found.ref and not expected.ref
    return plain and isinstance(f, ir.IntT) and isinstance(e, ir.IntT) and e.lo <= f.lo and f.hi <= e.hi


class _Checker:
    """One function. `_scope` holds the variables in sight, `_bound` every variable bound so far."""

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
            shown = f" at `{show_let(let)}`" if let else ""
            where = let.where if let and let.where else func.where
            raise CheckError(f"in {func.name}{shown}: {broken}", where) from None

    def _opaque(self, body: ir.Opaque) -> None:
        for ty in (*(p.ty for p in self._func.params), *body.results):
            _check_type(ty)
            if ty.ref or is_tangent(ty):
                _fail(f"an opaque function takes and gives no {type_text(ty)}")

    # ------------------------------------------------------------------- variables and blocks

    def _bind(self, var: ir.Var) -> None:
        _check_type(var.ty)
        if var in self._bound:
            _fail(f"single assignment: {var.name or 'a variable'} is bound twice")
        self._bound.add(var)
        self._scope.add(var)

    def _use(self, a: ir.Atom, ref: bool = False) -> ir.Ty:
        """The type of an atom, which must be in sight."""
        if isinstance(a, ir.Lit):
            check_literal(a)
        elif a not in self._scope:
            known = "out of its scope" if a in self._bound else "not bound before"
            _fail(f"scope: {a.name or 'a variable'}: {type_text(a.ty)} is {known}")
        elif a.ty.ref and not ref:
            _fail(f"the ref {a.name} is for Add, SubRef and Call alone")
        return a.ty

    def _block(self, block: ir.Block) -> list[ir.Ty]:
        """The types of a block's results; what it binds goes out of sight."""
        around = self._let
        here: list[ir.Var] = []
        for let in block.lets:
            self._let = let
            for var, ty in zip(let.outs, self._expr(let), strict=True):
                _same(var.ty, ty, f"the bound {var.name or 'variable'}")
                if isinstance(let.expr, ir.SubRef):
                    pass
                elif var.ty.ref:
                    _fail("only SubRef binds a ref")
            for var in let.outs:
                self._bind(var)
                here.append(var)
        self._let = around
        types = [self._use(a) for a in block.results]
        self._scope.difference_update(here)
        return types

    def _inner(self, block: ir.Block, binders: Sequence[ir.Var]) -> list[ir.Ty]:
        """A nested block, which sees `binders` too."""
        self._scope.update(binders)
        types = nested(self._block, block)
        self._scope.difference_update(binders)
        return types
