"""Second derivatives: the gradient's own slope along a direction is a function too, and is checked as one.

For each real input x_k the check takes u_k . df/dx_k, with a random u_k. The derivatives of that by every input are
the hessian's blocks: by reverse over reverse and by forward over reverse mode, against differences of the gradient.
The hessian is symmetric, so the check also compares u . (H v) with v . (H u). This finds what the first derivative
cannot show: a smooth function that is written with a kinked one, and a rule whose own derivative is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rosesim.ad.derive.forward import jvp_func
from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.arguments import build
from rosesim.ad.language.function import Fn
from rosesim.ad.language.signature import Wrt
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import to_atoms
from rosesim.ad.program.builder import Builder, real
from rosesim.ad.program.elementwise import zipped
from rosesim.ad.program.ir import Atom
from rosesim.ad.program.reduce import total
from rosesim.ad.transforms.derivatives import gradient_type, vjp
from rosesim.checks.judge import JVP_TOLERANCE
from rosesim.checks.programs import Programs, Vector
from rosesim.checks.scale import Given, scales
from rosesim.checks.verdict import Verdict

if TYPE_CHECKING:
    from rosesim.checks.report import Report

SYMMETRY = 1e-6
"""Both products add the same terms in another order. Where the function is smooth they differ by rounding, which is
far below this; a term that a rule has forgotten is far above it."""

_LINEAR = "the function is linear in all of them: its gradient is the same everywhere"
_HINT = (
    "; a smooth function that is written with a kinked one, such as the square of a norm from another function, has "
    "the convention's second derivative at the kink (docs/language.md, derivatives at kinks)"
)


def with_second(
    report: Report,
    f: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    wrt: Wrt,
    run: Callable[[Programs], Report],
    seed: int,
    scale: Given,
) -> Report:
    """The report with the verdicts on second derivatives after those on the first; `run` checks programs.

    Where a first derivative is not right, a second one means nothing, and the report stays as it is.
    """
    if any(v.kind not in ("right", "zero because") for v in report.verdicts):
        return report
    programs = Programs(f, args, wrt, kwargs)
    rng = np.random.default_rng(seed)
    each = scales(programs, scale).each  # so that no input outweighs another by its unit
    u, v = (rng.normal(size=len(programs.x)) * each for _ in range(2))
    size = max(s.stop for s in programs.outputs.values())
    c = np.ones(1) if size == 1 else rng.normal(size=size)
    slopes = Programs(_slopes(programs, c, u), args, wrt, kwargs)
    if not any(jvp_func(slopes.traced.func, tuple(slopes.mask))[1]):
        found = [
            Verdict("zero because", _LINEAR, i, f"the gradient by {o}")
            for o in programs.inputs
            for i in programs.inputs
        ]
        return replace(report, verdicts=(*report.verdicts, *found))
    found = [_named(w) for w in run(slopes).verdicts]
    if all(w.kind in ("right", "zero because") for w in found):
        others = Programs(_slopes(programs, c, v), args, wrt, kwargs)
        found = _symmetric(found, _terms(slopes, v), _terms(others, u))
    return replace(report, verdicts=(*report.verdicts, *found))


def _slopes(programs: Programs, c: Vector, u: Vector) -> Fn[..., Any]:
    """The function that returns u_k . d(c . f) / dx_k by the name of each real input x_k."""
    f, positions, names = programs.f, programs.positions, list(programs.inputs)
    chosen = [programs.names[p] for p in positions]  # a keyword-only parameter has no position

    def slopes(*args: Any, **kwargs: Any) -> dict[str, Any]:
        value, pullback = vjp(f, wrt=chosen)(*args, **kwargs)
        parts = pullback(_cotangent(typeof(value), programs, c))
        parts = (parts,) if len(positions) == 1 else parts
        atoms = [a for p in parts for a in to_atoms(p, typeof(p))]
        weights = [u[s] for s in programs.inputs.values()]
        return {n: _weighted(a, w) for n, a, w in zip(names, atoms, weights, strict=True)}

    slopes.__name__ = f"slopes of {f.name}"
    made: Fn[..., Any] = Fn(slopes)
    made.take_signature(f.signature())
    return made


def _cotangent(t: T.Type, programs: Programs, c: Vector) -> Any:
    """The numbers of c, in the shape of the real parts of a value of this type."""
    shapes = [ty.shape for ty, r in zip(programs.traced.func.results, programs.real_outputs, strict=True) if r]

    def parts() -> Iterator[Any]:
        for s, shape in zip(programs.outputs.values(), shapes, strict=True):
            yield c[s].reshape(shape) if shape else float(c[s][0])

    return build(gradient_type(t), parts())


def _weighted(a: Atom, w: Vector) -> Real:
    """The sum of an array's numbers, each multiplied by its weight."""

    def write(b: Builder) -> Atom:
        weights = b.data(w.reshape(a.ty.shape), a.ty) if a.ty.shape else real(w[0])
        return total(b, zipped(b, lambda b, p, q: b.op("mul", p, q), a, weights))

    return Real.of(trace.emit(write))


def _named(v: Verdict) -> Verdict:
    """The verdict in words of second derivatives."""
    name = v.output.removeprefix("value.")
    hint = _HINT if v.kind == "wrong" and v.error_jvp_vjp <= JVP_TOLERANCE else ""
    return replace(v, output=f"the gradient by {name}", why=v.why.replace(v.output, f"the gradient by {name}") + hint)


def _terms(slopes: Programs, direction: Vector) -> Vector:
    """The terms of the derivative of the sum of the slopes along a direction."""
    return slopes.reverse(slopes.x, np.ones(len(slopes.inputs)))[1] * direction


def _symmetric(found: list[Verdict], uv: Vector, vu: Vector) -> list[Verdict]:
    """The verdicts; the first of them becomes wrong where the hessian is not symmetric."""
    if abs(uv.sum() - vu.sum()) <= SYMMETRY * (np.abs(uv).sum() + np.abs(vu).sum()):
        return found
    why = f"the second derivatives are not symmetric: u . (H v) is {vu.sum():.6g}, v . (H u) {uv.sum():.6g}"
    return [replace(found[0], kind="wrong", why=why), *found[1:]]
