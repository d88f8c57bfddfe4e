"""The interpreter: it defines what a program means, and tests compare machine code with it.

It does what `ir` says, one let after the other, without regard for speed. Reals are NumPy floats, so that a
division by zero gives an infinity and not an exception; booleans and integers are Python's. A ref is a writable
view of the array that its `Accum` fills.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rosesim.ad.program import ir
from rosesim.ad.program.ops import OPS
from rosesim.ad.support import recursion
from rosesim.ad.support.errors import ArgumentError, NumericalError, ProgramError, plain

Env = dict[ir.Var, Any]


def run(func: ir.Func, args: Sequence[object]) -> tuple[object, ...]:
    """The results of a function: np.float64, bool, int, or fresh arrays in the dtype of `ir.storage`.

    Array arguments are converted to that dtype and never written to. The argument for a ref is an
    exception: it must have that dtype already, and the program adds to it in place.

    Raises ArgumentError if an argument does not fit its type, and ProgramError if a `Guard` ends the
    program.
    """
    if len(args) != len(func.params):
        raise ArgumentError(f"{func.name} takes {len(func.params)} flat arguments, not {len(args)}")
    values = [_argument(p, a) for p, a in zip(func.params, args, strict=True)]
    return tuple(map(_fresh, recursion.nested(_apply, func, values, None)))


def _fresh(value: Any) -> Any:
    """The value; of an array, a copy."""
    return value.copy() if _is_array(value) else value


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _argument(param: ir.Var, value: Any) -> Any:
    ty = param.ty
    dtype = ir.storage(ty.scalar)
    if ty.ref:
        if not _is_array(value) or value.dtype != dtype or value.shape != ty.shape:
            raise ArgumentError(f"{param.name}: a ref takes an array of {dtype} and shape {ty.shape}")
        return value
    if np.shape(value) != ty.shape:
        raise ArgumentError(f"{param.name}: found shape {np.shape(value)}, expected {ty.shape}")
    if not _fits(value, ty):
        raise ArgumentError(f"{param.name}: {value} is not within {ty.scalar}")
    return np.asarray(value, dtype) if ty.shape else _scalar(value, ty.scalar)


def _fits(value: Any, ty: ir.Ty) -> bool:
    """Whether every integer of a value lies within the bounds of its type."""
    if not isinstance(ty.scalar, ir.IntT):
        return True
    array = np.asarray(value)
    if array.size == 0:
        return True
    return array.dtype.kind in "iu" and ty.scalar.lo <= int(array.min()) and int(array.max()) <= ty.scalar.hi


def _scalar(value: Any, scalar: ir.Scalar) -> Any:
    """A scalar as the interpreter represents it."""
    match scalar:
        case ir.FloatT(width) | ir.TanT(width):
            return np.float64(value) if width == 64 else np.float32(value)
        case ir.BoolT():
            return bool(value)
        case ir.IntT():
            return int(value)


def _apply(func: ir.Func, args: Sequence[Any], where: ir.Where | None) -> tuple[Any, ...]:
    if isinstance(func.body, ir.Opaque):
        return _apply_opaque(func, func.body, args, where)
    # Here and not in `run`, because before NumPy 2 a fresh thread does not inherit it.
    with np.errstate(all="ignore"):
        return _block(func.body, dict(zip(func.params, args, strict=True)))


def _apply_opaque(func: ir.Func, body: ir.Opaque, args: Sequence[Any], where: ir.Where | None) -> tuple[Any, ...]:
    # Copies, because the callable may write into its arguments and may keep a reference to its results.
    given = [_scalar_or_copy(a, p.ty) for a, p in zip(args, func.params, strict=True)]
    results = tuple(body.call(*given))
    if len(results) != len(body.results):
        raise ProgramError(f"{func.name} returned {len(results)} values, not {len(body.results)}", where)
    out: list[Any] = []
    for value, ty in zip(results, body.results, strict=True):
        if np.shape(value) != ty.shape:
            raise ProgramError(f"{func.name} returned shape {np.shape(value)}, not {ty.shape}", where)
        if not _fits(value, ty):
            raise ProgramError(f"{func.name} returned {value}, which is not within {ty.scalar}", where)
        out.append(np.array(value, ir.storage(ty.scalar)) if ty.shape else _scalar(value, ty.scalar))
    return tuple(out)


def _scalar_or_copy(value: Any, ty: ir.Ty) -> Any:
    return float(value) if isinstance(ty.scalar, ir.FloatT) and not ty.shape else _fresh(value)


def _block(block: ir.Block, env: Env) -> tuple[Any, ...]:
    """The results of a block. One environment serves the whole function: every variable is bound once."""
    for let in block.lets:
        for var, value in zip(let.outs, _expr(let, env), strict=True):
            env[var] = value
    return tuple(_atom(a, env) for a in block.results)


def _atom(a: ir.Atom, env: Env) -> Any:
    return env[a] if isinstance(a, ir.Var) else _scalar(a.value, a.ty.scalar)


def _at(idx: tuple[ir.Atom, ...], env: Env) -> tuple[Any, ...]:
    """An index for which NumPy always gives a view, of a single element too."""
    return (*(_atom(i, env) for i in idx), ...)


def _item(x: Any) -> Any:
    """The value in a view: a scalar as the interpreter represents it, an array as it is."""
    return x if x.ndim else x.item() if x.dtype.kind in "biu" else x[()]


def _expr(let: ir.Let, env: Env) -> tuple[Any, ...]:
    match let.expr:
        case ir.Op(name, args):
            value = OPS[name].value(*(_atom(a, env) for a in args))
            return (_scalar(value, let.outs[0].ty.scalar),)
        case ir.Get(x, idx):
            return (_item(_atom(x, env)[_at(idx, env)]),)
        case ir.Put(x, idx, v):
            new = _atom(x, env).copy()
            new[_at(idx, env)] = _atom(v, env)
            return (new,)
        case ir.Stack(items):
            return (np.array([_atom(i, env) for i in items], ir.storage(let.outs[0].ty.scalar)),)
        case ir.Fill(value):
            ty = let.outs[0].ty
            return (np.full(ty.shape, _atom(value, env), ir.storage(ty.scalar)),)
        case ir.Data(array):
            return (array,)
        case ir.Stop(x):
            return (_atom(x, env),)
        case ir.Loop() as loop:
            return recursion.nested(_loop, loop, let.outs, env)
        case ir.Cond(p, then, orelse):
            return recursion.nested(_block, then if _atom(p, env) else orelse, env)
        case ir.Accum() as accum:
            return recursion.nested(_accum, accum, env)
        case ir.Add(ref, idx, v):
            target = env[ref][_at(idx, env)]
            if target.dtype == np.bool_:
                target |= _atom(v, env)
            else:
                target += _atom(v, env)
            return ()
        case ir.SubRef(ref, idx):
            return (env[ref][_at(idx, env)],)
        case ir.Guard(bad, message, values):
            if _atom(bad, env):
                if values:
                    raise NumericalError(message.format(*(plain(_atom(v, env)) for v in values)), let.where)
                raise ProgramError(message, let.where)
            return ()
        case ir.Call(func, args):
            return recursion.nested(_apply, func, [_atom(a, env) for a in args], let.where)
        case _:
            ir.unknown(let.expr)


def _loop(loop: ir.Loop, outs: tuple[ir.Var, ...], env: Env) -> tuple[Any, ...]:
    carried = len(loop.carries)
    state = tuple(_atom(a, env) for a in loop.inits)
    stacked_vars = outs[carried : len(outs) - (loop.test is not None)]
    stacked = [np.zeros(v.ty.shape, ir.storage(v.ty.scalar)) for v in stacked_vars]
    end = loop.n if loop.upto is None else _atom(loop.upto, env)
    count = 0
    for i in reversed(range(end)) if loop.reverse else range(end):
        env[loop.index] = i
        env.update(zip(loop.carries, state, strict=True))
        if loop.test is not None and not _block(loop.test, env)[0]:
            break
        results = _block(loop.body, env)
        state = results[:carried]
        for array, value in zip(stacked, results[carried:], strict=True):
            array[i] = value
        count += 1
    return (*state, *stacked, count) if loop.test is not None else (*state, *stacked)


def _accum(accum: ir.Accum, env: Env) -> tuple[Any, ...]:
    arrays: list[Any] = []
    for ref, init in zip(accum.refs, accum.inits, strict=True):
        env[ref] = np.array(_atom(init, env), ir.storage(ref.ty.scalar))
        arrays.append(env[ref])
    return (*_block(accum.body, env), *(_item(a) for a in arrays))
