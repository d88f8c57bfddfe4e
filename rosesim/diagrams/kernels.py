"""Templates as machine code: a kernel computes value and gradient of four rows at once.

    kernel(x, table, at) -> values[4], gradients[leaves][4]

`x` holds inputs and constants, `table[at + 4 k + lane]` says which of them leaf k of a row is. A kernel knows nothing
of the diagram that it is used in. So it is compiled apart from the solver, which calls it by its address, and kept on
disk under its template: the next diagram of the same domain finds it, without tracing, differentiating or LLVM.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rosesim.ad.language import mathematics
from rosesim.ad.language.constants import const
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.custom import Dual
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.transforms.batches import vmap
from rosesim.ad.transforms.derivatives import value_and_grad
from rosesim.codegen import targets
from rosesim.codegen.llvm import cache as kept
from rosesim.codegen.pipeline import planned
from rosesim.codegen.runtime import linked
from rosesim.diagrams.scalars import EPS, Scalar, postorder
from rosesim.diagrams.stored import OPTIONS, edition
from rosesim.diagrams.templates import Template

LANES = 4
MOST_NUMBERS = 2**20
"""The most inputs and constants of a diagram."""
MOST_ENTRIES = 2**24
"""The most entries of a table."""

_ENTRY = "rosesim_entry"


@dataclass(frozen=True, slots=True)
class Kernel:
    """A template in machine code."""

    template: Template
    address: int
    held: Any
    """What must live as long as the code is called."""


@fn
def _sqrt(x: Real) -> Real:
    return mathematics.sqrt(x)


@_sqrt.defjvp
def _(x: Dual) -> Dual:
    y = mathematics.sqrt(x.re)
    return Dual(y, x.du / (2.0 * mathematics.maximum(y, EPS)))


@fn
def _acos(x: Real) -> Real:
    return mathematics.acos(x)


@_acos.defjvp
def _(x: Dual) -> Dual:
    root = mathematics.sqrt(mathematics.maximum(1.0 - x.re * x.re, 0.0))
    return Dual(mathematics.acos(x.re), -x.du / mathematics.maximum(root, EPS))


@fn
def _asin(x: Real) -> Real:
    return mathematics.asin(x)


@_asin.defjvp
def _(x: Dual) -> Dual:
    root = mathematics.sqrt(mathematics.maximum(1.0 - x.re * x.re, 0.0))
    return Dual(mathematics.asin(x.re), x.du / mathematics.maximum(root, EPS))


def _abs(a: Any) -> Any:
    return select(a < 0.0, -a, a)


def _max(a: Any, b: Any) -> Any:
    return select(a > b, a, b)


def _min(a: Any, b: Any) -> Any:
    return select(a < b, a, b)


_LANGUAGE: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "pow": mathematics.pow,
    "sqrt": _sqrt,
    "abs": _abs,
    "sign": mathematics.sign,
    "floor": mathematics.floor,
    "ceil": mathematics.ceil,
    "trunc": mathematics.trunc,
    "sin": mathematics.sin,
    "cos": mathematics.cos,
    "tan": mathematics.tan,
    "asin": _asin,
    "acos": _acos,
    "atan": mathematics.atan,
    "atan2": mathematics.atan2,
    "exp": mathematics.exp,
    "log": mathematics.log,
    "max": _max,
    "min": _min,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "and": operator.and_,
    "or": operator.or_,
    "not": operator.invert,
    "choose": select,
}
"""The operators of `scalars` in the language, with Penrose's derivatives where they differ from ours."""


def function(template: Template) -> Fn[..., Any]:
    """A template as a function of the language, from its leaves to a number.

    >>> from rosesim import grad
    >>> a, b = Scalar("input", index=0), Scalar("input", index=1)
    >>> product = function(Template("product", "", a * b, 2))
    >>> product([3.0, 4.0]), grad(product)([3.0, 4.0])
    (12.0, array([4., 3.]))
    """

    def term(leaves: Any) -> Any:
        values: dict[int, Any] = {}
        for node in postorder(template.root):
            if node.op == "input":
                values[node.number] = leaves[node.index]
            else:
                args = [values[a.number] if isinstance(a, Scalar) else a for a in node.args]
                values[node.number] = _LANGUAGE[node.op](*args)
        root = template.root
        return values[root.number] if isinstance(root, Scalar) else float(root)

    term.__name__ = template.name
    term.__annotations__ = {"leaves": Vec[Real, template.leaves], "return": Real}
    return fn(term)


def _rows(template: Template) -> Fn[..., Any]:
    """The kernel as a function of the language."""
    both, leaves = value_and_grad(function(template)), template.leaves

    def kernel(x: Any, table: Any, at: Any) -> Any:
        def row(lane: Any) -> Any:
            return both(vec(leaves, lambda k: x[table[at + (LANES * k + lane)]]))

        rows = vmap(row)(const(np.arange(LANES)))
        values = vec(LANES, lambda lane: rows[lane][0])
        return values, vec(leaves, lambda k: vec(LANES, lambda lane: rows[lane][1][k]))

    kernel.__name__ = template.name
    kernel.__annotations__ = {
        "x": Vec[Real, MOST_NUMBERS],
        "table": Vec[Index[MOST_NUMBERS], MOST_ENTRIES],
        "at": Index[MOST_ENTRIES - LANES * leaves],
    }
    return fn(kernel)


def _code(template: Template) -> bytes:
    """The machine code of a template, made now."""
    f, target = _rows(template), targets.host()
    made = planned(f.traced(f.signature().required()).func, OPTIONS, target)
    # Straight code without loops: LLVM's few passes make it as fast as all of them, in half the time.
    artifact = target.backend.lower(replace(made, effort="once"), target)
    if linked.obstacles(artifact) or artifact.entry != _ENTRY:
        raise AssertionError(
            f"the kernel of {template.name} cannot be called by address: {linked.obstacles(artifact)}"
        )
    return artifact.code


_loaded: dict[str, Kernel] = {}


def kernels(templates: Iterable[Template], threads: int = 1) -> list[Kernel]:
    """The kernels of templates, from this process, from disk, or made now on `threads` threads."""
    wanted = list(templates)
    store, missing = kept.store(), list[Template]()
    for t in wanted:
        if t.key not in _loaded and t.key not in (m.key for m in missing):
            code = None if store is None else store.load(_name(t))
            if code is None:
                missing.append(t)
            else:
                _load(t, code)
    with ThreadPoolExecutor(threads) as pool:
        made: Sequence[bytes] = list(pool.map(_code, missing)) if threads > 1 else [_code(t) for t in missing]
    for t, code in zip(missing, made, strict=True):
        if store is not None:
            store.save(_name(t), code)
        _load(t, code)
    return [_loaded[t.key] for t in wanted]


def forget() -> None:
    """Let go of all kernels in this process: they are found on disk again. Nobody may be using them."""
    _loaded.clear()


def _name(template: Template) -> str:
    return kept.key_of(template.key, "kernel", edition())


def _load(template: Template, code: bytes) -> None:
    address, held = linked.load(code, _ENTRY)
    _loaded[template.key] = Kernel(template, address, held)
