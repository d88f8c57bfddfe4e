"""Programs of one let, which the checker accepts or refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ir_kit import Body, func

from rosesim.ad.program import ir
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import Func, Op, Ty, Var
from rosesim.ad.support.errors import CheckError


def accepted(f: Func) -> None:
    check(f)


def refused(f: Func, rule: str) -> None:
    with pytest.raises(CheckError, match=rule):
        check(f)


def binding(expr: Callable[..., ir.Expr], params: list[Ty], *outs: Ty) -> Func:
    """The function of one let: outs = expr(params)."""

    def write(b: Body, *args: Var) -> Any:
        b.let(expr(*args), *outs)
        return ()

    return func(params, write)


def op(name: str, *tys: Ty, out: Ty) -> Func:
    return binding(lambda *a: Op(name, a), list(tys), out)
