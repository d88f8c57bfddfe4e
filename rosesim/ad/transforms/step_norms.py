"""How the gradient grows from the end of a rollout back to its beginning.

A probe of zeros is added to the state at the beginning of each step (or of each k-th). The gradient with respect to a
probe is the derivative of the result by the state there, including everything that follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.compiled import Program
from rosesim.ad.language.function import Fn
from rosesim.ad.language.tracing import Traced
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.vector import of_atoms, to_atoms
from rosesim.ad.program.builder import Builder, integer
from rosesim.ad.program.cost import work
from rosesim.ad.program.elementwise import added
from rosesim.ad.program.ir import Atom, Block, Call, FloatT, Func, Let, Loop, Ty, Var, index_ty
from rosesim.ad.program.rewrite import Copy, fresh
from rosesim.ad.support.budget import budget
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.transforms.derivatives import as_fn
from rosesim.ad.transforms.reverse import Reversed

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARE = 8
"""The gradients of all steps take at most 1/SHARE of the memory budget."""


class StepNorms(NamedTuple):
    """The norms of the gradient with respect to the state at the beginning of some steps, as `step_norms` gives
    them.

    >>> from rosesim import fn, scan, step_norms, Real
    >>> @fn
    ... def halved(x: Real) -> Real:
    ...     return scan(lambda c, t: 0.5 * c, x, 4)
    >>> step_norms(halved, every=2)(1.0)
    StepNorms(steps=array([0, 2]), norms=array([0.0625, 0.25  ]))
    """

    steps: NDArray[np.int64]
    """The steps: every k-th step of the rollout, beginning with the first (0)."""
    norms: NDArray[np.float64]
    """The Euclidean norm at each step, over all real numbers of the state."""


def step_norms(f: Callable[..., Any], *, every: int | None = None) -> Callable[..., StepNorms]:
    """The function of f's arguments that says, for each step of f's rollout, how strongly f's value (a Real) depends
    on the state at the beginning of that step. It gives the norm of the gradient with respect to that state.

    If norms grow from the last step to the first, the gradient explodes; if they shrink, it vanishes. The rollout is
    the loop with a real state (`scan`, `while_loop`) that does most of f's work, inside no other loop or branch. Its
    steps are numbered by its index. `every=k` takes each k-th step only. The default is 1, or as much more as
    keeps the gradients within an eighth of `memory_budget`.

    Raises TypeMismatch if f has no such loop or does not give a Real.

    >>> from rosesim import fn, scan, step_norms, Real
    >>> @fn
    ... def doubled(x: Real) -> Real:
    ...     return scan(lambda c, t: 2.0 * c, x, 4)
    >>> step_norms(doubled)(1.0).norms  # after the first three steps it is doubled once more
    array([16.,  8.,  4.,  2.])
    """
    g = as_fn(f)
    programs: dict[Any, tuple[Program, NDArray[np.int64]]] = {}
    if every is not None and every < 1:
        raise ValueError(f"every is {every}; expected 1 or more")

    def norms(*args: Any, **kwargs: Any) -> StepNorms:
        row, keywords = g.signature().renamed(f"step_norms({g.name})").bind(args, kwargs)
        types = g.types_of(row, keywords)
        if types not in programs or not programs[types][0].traced.dependencies.unchanged():
            programs[types] = _program(g, types, every)
        program, steps = programs[types]
        rows = [np.asarray(a, np.float64).reshape(len(steps), -1) for a in program.run(row)]
        return StepNorms(steps, _norms(np.concatenate(rows, axis=1)))

    return norms


def _norms(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The norm of each row, also where the squares would overflow."""
    size = np.abs(rows).max(axis=1, initial=0.0)
    scale = np.where((size > 0) & np.isfinite(size), size, 1.0)
    return scale * np.linalg.norm(rows / scale[:, None], axis=1)


def _program(g: Fn[..., Any], types: T.Types, every: int | None) -> tuple[Program, NDArray[np.int64]]:
    """The program that gives the gradients, one array for each real part of the state; and the steps they are of."""
    steps: list[NDArray[np.int64]] = []

    def gradients(*args: Any, **kwargs: Any) -> Any:
        row = (*args, *kwargs.values())
        traced = g.traced(types)
        trace.frame().dependencies.join(traced.dependencies)
        if traced.result != T.REAL:
            raise TypeMismatch(
                f"{g.name} gives {traced.result}; step_norms takes a function that gives a Real", g.where
            )
        probed, probes, k, n = _probed(g, traced, every)
        steps[:] = [np.arange(0, n, k)]
        held = (*types, *(T.of_flat(p.ty) for p in probes))
        rev = Reversed.of(
            Traced(probed, held, traced.result, traced.captured, traced.dependencies), range(len(types), len(held))
        )
        b = trace.building()
        atoms = [a for v, t in zip(row, types, strict=True) for a in to_atoms(v, t)]
        zeros = [b.zeros(p.ty) for p in probes]
        trace.frame().own(zeros)
        _, tape = rev.forward([*atoms, *zeros, *traced.captured])
        found = rev.backward(tape, [Real(1.0).atom])
        flat = [a for a in found if a is not None]
        return tuple(_values(a) for a in flat)

    gradients.__name__ = f"step_norms({g.name})"
    made = Fn(gradients)
    made.take_signature(g.signature())
    return Program(made, types, debug=False), steps[0]  # no debug checks: users look for infinities here


def _values(a: Atom) -> Any:
    return of_atoms(T.of_flat(a.ty), [a])


def _probed(g: Fn[..., Any], traced: Traced, every: int | None) -> tuple[Func, list[Var], int, int]:
    """The function with probes; the probes; k, the steps that share one row of a probe; and the number of steps.

    Each real part of the state has a probe, an array of zeros. Probes are parameters, before the captured ones."""
    func, at = _opened(traced.func)
    assert isinstance(func.body, Block)
    if at is None:
        raise TypeMismatch(f"{g.name} has no loop with a real state outside of other loops and branches", g.where)
    let = func.body.lets[at]
    e = let.expr
    assert isinstance(e, Loop)
    floats = [c for c in e.carries if isinstance(c.ty.scalar, FloatT)]
    size = 8 * sum(c.ty.size for c in floats)
    k = max(1, -(-e.n * size * SHARE // max(1, budget()))) if every is None else every
    rows = -(-e.n // k)
    probes = [Var(Ty(c.ty.scalar, (rows, *c.ty.shape)), c.name) for c in floats]
    b = Builder(where=let.where)
    state = [Var(c.ty, c.name) for c in e.carries]
    index = Var(e.index.ty, e.index.name)
    there = dict(zip(floats, probes, strict=True))
    started = _added(b, index, k, rows, [(v, there[c]) for c, v in zip(e.carries, state, strict=True) if c in there])
    names: dict[Var, Atom] = {
        e.index: index,
        **dict(zip(e.carries, state, strict=True)),
        **dict(zip(floats, started, strict=True)),
    }
    copy = Copy(names)
    inner = copy.block(e.body)
    test = (
        None if e.test is None else Copy({e.index: index, **dict(zip(e.carries, state, strict=True))}).block(e.test)
    )
    body = Block((*b.lets, *inner.lets), inner.results)
    loop = replace(e, index=index, carries=tuple(state), body=body, test=test)
    lets = (*func.body.lets[:at], Let(let.outs, loop, let.where), *func.body.lets[at + 1 :])
    own = len(func.params) - len(traced.captured)
    params = (*func.params[:own], *probes, *func.params[own:])
    return Func(func.name, params, Block(lets, func.body.results), func.where), probes, k, e.n


def _added(b: Builder, index: Var, k: int, rows: int, parts: list[tuple[Var, Var]]) -> list[Atom]:
    """The state, with a row of each probe added at each k-th step."""
    if k == 1:
        return [added(b, v, b.get(p, (index,))) for v, p in parts]
    row = b.cast(b.op("idiv", index, integer(k)), index_ty(rows))
    now = b.op("ieq", b.op("imod", index, integer(k)), integer(0))
    inner = Builder(b)
    then = inner.block([added(inner, v, inner.get(p, (row,))) for v, p in parts])
    return list(b.cond(now, then, Block((), tuple(v for v, _ in parts)), [v.ty for v, _ in parts]))


def _opened(func: Func) -> tuple[Func, int | None]:
    """The function with calls on the way to its rollout replaced by their bodies, and the rollout's place among its
    lets."""
    func = fresh(func)
    while True:
        assert isinstance(func.body, Block)
        lets = func.body.lets
        found = [k for k, let in enumerate(lets) if _is_rollout(let) or _can_be_opened(let)]
        if not found:
            return func, None
        at = max(found, key=lambda k: work(lets[k].expr))
        let = lets[at]
        if not isinstance(let.expr, Call):
            return func, at
        func = Func(func.name, func.params, _with_body(func.body, at, let, let.expr), func.where)


def _with_body(block: Block, at: int, let: Let, call: Call) -> Block:
    """The block, with the body of a call in its place."""
    callee = call.func
    assert isinstance(callee.body, Block)
    inner = Copy(dict(zip(callee.params, call.args, strict=True))).block(callee.body)
    rest = Copy(dict(zip(let.outs, inner.results, strict=True)))
    after = rest.block(Block(block.lets[at + 1 :], block.results))
    return Block((*block.lets[:at], *inner.lets, *after.lets), after.results)


def _is_rollout(let: Let) -> bool:
    return isinstance(let.expr, Loop) and any(isinstance(c.ty.scalar, FloatT) for c in let.expr.carries)


def _can_be_opened(let: Let) -> bool:
    e = let.expr
    return isinstance(e, Call) and isinstance(e.func.body, Block) and e.func.rules is None


__all__ = ["StepNorms", "step_norms"]
