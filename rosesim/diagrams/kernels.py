"""Templates as machine code: a kernel computes value and gradient of four rows at once.

    kernel(x, table, at) -> values[4], gradients[leaves][4]

`x` holds inputs and constants, `table[at + 4 k + lane]` says which of them leaf k of a row is. A kernel knows nothing
of the diagram that it is used in. So it is compiled apart from the solver, which calls it by its address, and kept on
disk under its template: the next diagram of the same domain finds it, without tracing, differentiating or LLVM.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from rosesim.ad.dependencies.fixed import Fixed
from rosesim.ad.language.arrays import stack
from rosesim.ad.language.control.loops import batch, vec
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.types import REAL, VecType
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.vector import of_atoms
from rosesim.ad.support.budget import of_each_run
from rosesim.ad.support.collector import uncollected
from rosesim.ad.transforms.derivatives import vjp
from rosesim.codegen import pipeline, targets
from rosesim.codegen.artifact import packed, unpacked
from rosesim.codegen.llvm import cache as kept
from rosesim.codegen.pipeline import planned
from rosesim.codegen.runtime import linked
from rosesim.codegen.target import Target
from rosesim.diagrams import rolled
from rosesim.diagrams.cones import Group, groups
from rosesim.diagrams.operators import LANGUAGE
from rosesim.diagrams.scalars import Number, Scalar, postorder
from rosesim.diagrams.stored import OPTIONS, edition
from rosesim.diagrams.templates import Template

LANES = 4
MOST_NUMBERS = 2**20
"""The most inputs and constants of a diagram."""
MOST_ENTRIES = 2**24
"""The most entries of a table."""

_ENTRY = "rosesim_entry"
_BUSY = ("inline", "forward-elements", "vectorize-batches", "split")
_IDLE = tuple(s.step.name for s in pipeline.STAGES if not s.step.required and s.step.name not in _BUSY)
"""The passes that find nothing in a kernel without loops but over its leaves. They take half of the time of all."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A template in machine code."""

    template: Template
    program: linked.Linked

    @property
    def address(self) -> int:
        """By which it is called (`codegen.runtime.linked`)."""
        return self.program.address


def function(template: Template) -> Fn[..., Any]:
    """A template as a function of the language: of each of its leaves, or of one vector of them where it is written
    with loops (`rolled`).

    >>> from rosesim import grad
    >>> a, b = Scalar("input", index=0), Scalar("input", index=1)
    >>> product = function(Template("product", "", a * b, 2))
    >>> product(3.0, 4.0), grad(product)(3.0, 4.0)
    (12.0, (4.0, 3.0))
    """
    return _written(template, loops_of(template))


def _written(template: Template, loops: Sequence[Group] | None) -> Fn[..., Any]:
    root, found = Fixed(template.root), Fixed(loops or ())

    def straight(*leaves: Any) -> Any:
        return _straight(root.value, leaves)

    def looped(leaves: Any) -> Any:
        return rolled.term(found.value, leaves)

    term: Any = looped if loops else straight
    term.__name__ = template.name
    term.__annotations__ = {"leaves": Vec[Real, template.leaves] if loops else Real, "return": Real}
    return fn(term)


def loops_of(template: Template) -> Sequence[Group] | None:
    """What a template is written with where it has loops."""
    return groups(template.root) if isinstance(template.root, Scalar) else None


def _straight(root: Number, leaves: Sequence[Any]) -> Any:
    """The value of a graph, node by node."""
    values: dict[int, Any] = {}
    for node in postorder(root):
        if node.op == "input":
            values[node.number] = leaves[node.index]
        else:
            args = [values[a.number] if isinstance(a, Scalar) else a for a in node.args]
            values[node.number] = LANGUAGE[node.op](*args)
    return values[root.number] if isinstance(root, Scalar) else Real(float(root))


def _rows(template: Template, loops: Sequence[Group] | None) -> Fn[..., Any]:
    """The kernel as a function of the language."""
    term, leaves, in_loops = _written(template, loops), template.leaves, bool(loops)

    def kernel(x: Any, table: Any, at: Any) -> Any:
        def row(lane: Any) -> Any:
            def leaf(k: Any) -> Any:
                return x[table[at + (LANES * k + lane)]]

            read = vec(leaves, leaf)
            value, pullback = vjp(term)(*([read] if in_loops else read))
            slopes = pullback(1.0)
            return (value, slopes) if in_loops or leaves == 1 else (value, *slopes)

        with of_each_run(LANES):
            rows = batch(LANES, row)
        if in_loops:
            values = vec(LANES, lambda lane: rows[lane][0])
            return values, vec(leaves, lambda k: vec(LANES, lambda lane: rows[lane][1][k]))
        # Of each number of a row, the vector of all rows, as it is: a loop that copied it would have to be compiled.
        values, *slopes = (of_atoms(VecType(LANES, REAL), [a]) for a in rows.leaves())
        return values, stack(slopes)

    kernel.__name__ = template.name
    kernel.__annotations__ = {
        "x": Vec[Real, MOST_NUMBERS],
        "table": Vec[Index[MOST_NUMBERS], MOST_ENTRIES],
        "at": Index[MOST_ENTRIES - LANES * leaves],
    }
    return fn(kernel)


@cache
def target() -> Target:
    """This computer, for programs that are called by address: loops do not poll, threads share nothing, arrays of
    constants are part of the code, and the entry takes addresses only."""
    return replace(targets.host(), poll="", shares=False, loads_data=False, direct=False)


def _code(template: Template) -> bytes:
    """The workspace's bytes in eight bytes, and the machine code, of a template, made now.

    Its four rows are in lanes already, so LLVM has no vectors to look for: its few passes make code as fast as all of
    them, in half the time.
    """
    loops, here = loops_of(template), target()
    f = _rows(template, loops)
    func = f.traced(f.signature().required()).func
    with pipeline.without(*(() if loops else _IDLE)):
        made = planned(func, OPTIONS, here)
    artifact = here.backend.lower(replace(made, effort="once"), here)
    if linked.obstacles(artifact) or artifact.entry != _ENTRY:
        raise AssertionError(
            f"the kernel of {template.name} cannot be called by address: {linked.obstacles(artifact)}"
        )
    return artifact.workspace_bytes.to_bytes(8, "little") + packed(artifact.code)


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
    with uncollected(), ThreadPoolExecutor(threads) as pool:
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
    program = linked.load(unpacked(code[8:]), _ENTRY, int.from_bytes(code[:8], "little"))
    _loaded[template.key] = Kernel(template, program)
