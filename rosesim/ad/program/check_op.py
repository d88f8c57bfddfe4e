"""The type rules of scalars: which types exist, which literals, which operators on which arguments."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from rosesim.ad.program import intervals, ir
from rosesim.ad.program.intervals import interval
from rosesim.ad.program.ops import OPS, Operator
from rosesim.ad.program.show import type_text


class Broken(Exception):
    """A rule is broken; `check` adds the place."""


def fail(rule: str) -> NoReturn:
    """Report a broken rule."""
    raise Broken(rule)


def same(found: ir.Ty, expected: ir.Ty, what: str) -> None:
    """Demand that two types are equal."""
    if found != expected:
        fail(f"{what} is {type_text(found)}, expected {type_text(expected)}")


def check_type(ty: ir.Ty) -> None:
    """Demand that a type exists: known widths, bounds within 64 bits, sizes not negative."""
    match ty.scalar:
        case ir.FloatT(width) | ir.TanT(width):
            known = width in (32, 64)
        case ir.IntT(lo, hi):
            known = lo >= -(2**63) and hi < 2**63
        case ir.BoolT():
            known = True
    if not known or ty.scalar.lanes < 1 or any(d < 0 for d in ty.shape):
        fail(f"no such type: {type_text(ty)}")


def check_literal(lit: ir.Lit) -> None:
    """Demand that a literal is a scalar, of its type's Python class, and within its bounds."""
    check_type(lit.ty)
    value: object = lit.value
    if lit.ty.shape or lit.ty.ref:
        fail(f"a literal is a scalar, not {type_text(lit.ty)}")
    match lit.ty.scalar:
        case ir.FloatT() | ir.TanT():
            good = isinstance(value, float)
        case ir.BoolT():
            good = isinstance(value, bool)
        case ir.IntT(lo, hi):
            good = isinstance(value, int) and not isinstance(value, bool) and lo <= value <= hi
    if not good:
        fail(f"the literal {value!r} is not of type {type_text(lit.ty)}")


def integer_bounds(a: ir.Atom, what: str) -> ir.IntT:
    """The bounds of an atom that must be a scalar integer."""
    if not isinstance(a.ty.scalar, ir.IntT) or a.ty.shape or a.ty.ref:
        fail(f"{what} is {type_text(a.ty)}, expected an integer")
    return a.ty.scalar


def within(inner: ir.IntT, outer: ir.IntT) -> bool:
    """Whether the outer type contains every integer of the inner one. An empty type is within every type."""
    return intervals.within(interval(inner), interval(outer))


def is_nonzero_tangent(a: ir.Atom) -> bool:
    """Whether an atom is a tangent constant that makes a linear expression affine."""
    return isinstance(a, ir.Lit) and isinstance(a.ty.scalar, ir.TanT) and a.value != 0.0


def check_op(name: str, args: tuple[ir.Atom, ...], out: ir.Ty) -> None:
    """Demand that an operator may be applied to these arguments and give a result of type `out`."""
    if name in OF_LANES:
        _check_of_lanes(name, args, out)
        return
    row = OPS.get(name)
    if row is None:
        fail(f"there is no operator {name!r}")
    if any(a.ty.scalar.lanes > 1 for a in args) or out.scalar.lanes > 1:
        args, out = _one_lane(name, args, out)
    if len(args) != len(row.kinds):
        fail(f"{name} takes {len(row.kinds)} arguments, not {len(args)}")
    for a in (*(a.ty for a in args), out):
        if a.shape or a.ref:
            fail(f"operators are scalar: {name} cannot take or give {type_text(a)}")
    widths = {s.width for a in args if isinstance(s := a.ty.scalar, ir.FloatT | ir.TanT)}
    if len(widths) > 1:
        fail(f"{name} mixes widths {sorted(widths)}")
    found = "".join(_kind(a.ty.scalar) for a in args)
    if "t" in found:
        if found not in row.linear:
            fail(f"{name} is not linear in {_described(args)}: only linear operations take a Tan")
        if name != "select" and any(map(is_nonzero_tangent, args)):
            fail(f"{name} with a tangent constant other than zero is not linear")
        same(out, ir.Ty(ir.TanT(*widths)), f"the result of {name}")
        return
    for k, (have, need) in enumerate(zip(found, row.kinds, strict=True)):
        kind = "i" if need in "pnu" else need
        if kind not in ("a", have):
            expected = {"r": "a real", "b": "a boolean", "i": "an integer"}[kind]
            fail(f"argument {k} of {name} is {type_text(args[k].ty)}, expected {expected}")
    _check_result(row, args, out, widths)


def one_lane(ty: ir.Ty) -> ir.Ty:
    """The type with one value where it has one in each lane."""
    return ir.Ty(replace(ty.scalar, lanes=1), ty.shape, ty.ref)


def _one_lane(name: str, args: tuple[ir.Atom, ...], out: ir.Ty) -> tuple[tuple[ir.Atom, ...], ir.Ty]:
    """The arguments and the result type of one lane. Each argument has a value for each lane; only the condition of a
    select may be one value that all lanes share."""
    lanes = out.scalar.lanes
    for k, a in enumerate(args):
        shared = name == "select" and k == 0 and a.ty.scalar.lanes == 1
        if a.ty.scalar.lanes != lanes and not shared:
            fail(f"argument {k} of {name} is {type_text(a.ty)}, expected a value in each of {lanes} lanes")
    alone = (ir.Lit(a.value, one_lane(a.ty)) if isinstance(a, ir.Lit) else ir.Var(one_lane(a.ty)) for a in args)
    return tuple(alone), one_lane(out)


OF_LANES = ("splat", "any", "most", "count")
"""The operators that only `codegen.passes.lanes` writes.

`splat` gives one value to every lane; `any` says whether a mask is true in any lane; `most` is the greatest lane;
`count` adds one to each lane's count of iterations where the lane still runs, and the loop's length bounds it."""


def _check_of_lanes(name: str, args: tuple[ir.Atom, ...], out: ir.Ty) -> None:
    given = [a.ty for a in args]
    lanes = max(out.scalar.lanes, *(t.scalar.lanes for t in given))
    counts = isinstance(out.scalar, ir.IntT)
    expected = {
        "splat": [one_lane(out)],
        "any": [ir.Ty(ir.BoolT(lanes))] if out == ir.BOOL else [],
        "most": [ir.Ty(replace(out.scalar, lanes=lanes))] if counts and out.scalar.lanes == 1 else [],
        "count": [out, ir.Ty(ir.IntT(0, 1, lanes))] if counts else [],
    }[name]
    if lanes < 2 or given != expected or out.shape or out.ref:
        fail(f"{name} does not take {_described(args)} and give {type_text(out)}")


def _check_result(row: Operator, args: tuple[ir.Atom, ...], out: ir.Ty, widths: set[int]) -> None:
    what = f"the result of {row.name}"
    match row.result:
        case "b":
            same(out, ir.BOOL, what)
        case "r" if widths:
            same(out, ir.Ty(ir.FloatT(*widths)), what)
        case "r":
            if not isinstance(out.scalar, ir.FloatT):
                fail(f"{what} is {type_text(out)}, expected Real")
        case "a":
            _check_alike(row, args, out, what)
        case _:
            _check_bounds(row, args, out, what)


def _check_alike(row: Operator, args: tuple[ir.Atom, ...], out: ir.Ty, what: str) -> None:
    """Demand that all arguments of kind `a` have the result's type; integers only lie within its bounds."""
    for k, need in enumerate(row.kinds):
        if need != "a":
            continue
        a = args[k].ty
        if isinstance(out.scalar, ir.IntT) and isinstance(a.scalar, ir.IntT):
            if not within(a.scalar, out.scalar):
                fail(f"{what} is {type_text(out)}, which does not contain argument {k}, {type_text(a)}")
        else:
            same(a, out, f"argument {k} of {row.name}")


def _check_bounds(row: Operator, args: tuple[ir.Atom, ...], out: ir.Ty, what: str) -> None:
    if not isinstance(out.scalar, ir.IntT):
        fail(f"{what} is {type_text(out)}, expected an integer")
    if row.kinds.endswith("n"):
        n = args[-1]
        if not isinstance(n, ir.Lit) or n.value < 1:
            fail(f"the last argument of {row.name} must be a literal of at least 1")
        same(out, ir.index_ty(int(n.value)), what)
        return
    known = [interval(integer_bounds(a, f"argument {k} of {row.name}")) for k, a in enumerate(args)]
    for need, (lo, hi) in zip(row.kinds, known, strict=True):
        if need == "p" and lo < 1:
            fail(f"the divisor of {row.name} is within {lo} .. {hi}, but must be positive")
        if need == "u" and lo < 0:
            fail(f"the shift of {row.name} is within {lo} .. {hi}, but must not be negative")
    if row.bounds is None:
        fail(f"the row of {row.name} has no bounds")
    proved = row.bounds(*known)
    # If the type of an argument has no values, the operator never runs, and any result type is right.
    if all(lo <= hi for lo, hi in known) and not intervals.within(proved, interval(out.scalar)):
        fail(f"{what} is {type_text(out)}, which does not contain {proved[0]} .. {proved[1]}")


def _kind(scalar: ir.Scalar) -> str:
    match scalar:
        case ir.FloatT():
            return "r"
        case ir.TanT():
            return "t"
        case ir.BoolT():
            return "b"
        case ir.IntT():
            return "i"


def _described(args: tuple[ir.Atom, ...]) -> str:
    return "(" + ", ".join(type_text(a.ty) for a in args) + ")"
