"""What a diagram came to, as numbers: inputs, start, terms with values, energies, gradients, end.

The form is that of reference files of Penrose's engine, so that two tools can be compared entry by entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from rosesim.diagrams.layout import Diagram, Layout
from rosesim.diagrams.problem import Input, Term
from rosesim.diagrams.solver import FIRST_WEIGHT

DIGITS = 13
"""Of values, energies and gradients; a start is exact."""


def inspected(name: str, diagram: Diagram, layout: Layout | None = None) -> dict[str, Any]:
    """The numbers of a diagram at its start, and of its end if it was laid out."""
    problem, e = diagram.problem, diagram.energy
    x0 = list(problem.x0)
    values, n = diagram.values(x0), len(problem.objectives)
    live = list(e.live)
    phi, gradient = diagram.phi(x0)
    found: dict[str, Any] = {
        "trio": name,
        "canvas": list(problem.canvas),
        "stages": list(problem.stages),
        "warnings": [f.kind for f in problem.warnings],
        "counts": {
            "inputs": len(x0),
            "live": len(live),
            "objectives": n,
            "constraints": len(problem.constraints),
        },
        "inputs": _runs(problem.inputs, len(problem.stages), problem.stages),
        "given": [i for i, p in enumerate(problem.inputs) if p.kind == "given"],
        "x0": x0,
        "live": live,
        "objectives": [_term(t) for t in problem.objectives],
        "constraints": [_term(t) for t in problem.constraints],
        "objective_values": _written(values[:n]),
        "constraint_values": _written(values[n:]),
        "phi_all": _number(phi),
        "grad_all": _written(gradient[live]),
        "per_stage": [_stage(diagram, k) for k in range(len(problem.stages))],
    }
    if not found["given"]:
        del found["given"]
    if layout is not None:
        found["run"] = {"rosesim": _run(layout)}
        end = diagram.values(layout.x.tolist())
        found["end"] = {
            "x": _written(layout.x[live], 17),
            "objective_values": _written(end[:n]),
            "constraint_values": _written(end[n:]),
        }
    return found


def _runs(inputs: Sequence[Input], stages: int, names: Sequence[str]) -> list[list[Any]]:
    """Inputs in a row that belong together: [path, what, count], and the stages in which they move if not all."""
    runs: list[list[Any]] = []
    for (path, what, moves), group in groupby(inputs, key=lambda i: (i.path, i.what, i.stages)):
        run: list[Any] = [path, what, len(list(group))]
        if len(moves) < stages:
            run.append([names[k] for k in sorted(moves)])
        runs.append(run)
    return runs


def _term(term: Term) -> list[Any]:
    return [term.name, *term.printed]


def _stage(diagram: Diagram, k: int) -> dict[str, Any]:
    problem, live = diagram.problem, list(diagram.energy.live)
    phi, gradient = diagram.phi(problem.x0, FIRST_WEIGHT, k)
    fixed = [i for i in live if k not in problem.inputs[i].stages]
    return {
        "stage": problem.stages[k],
        "phi": _number(phi),
        "obj": _indices(problem.objectives, k),
        "con": _indices(problem.constraints, k),
        "grad": _written(gradient[live]),
        "fixed": fixed,
    }


def _indices(terms: Sequence[Term], stage: int) -> str | list[int]:
    inside = [k for k, t in enumerate(terms) if stage in t.stages]
    return "all" if len(inside) == len(terms) else inside


def _run(layout: Layout) -> dict[str, Any]:
    last, n = len(layout.problem.stages) - 1, len(layout.problem.objectives)
    broken = [max(0.0, v) if last in t.stages else 0.0 for t, v in zip(
        layout.problem.constraints, layout.values[n:], strict=True)]  # fmt: skip
    everything = [max(0.0, v) for v in layout.values[n:]]
    return {
        "evals": [{f"1e{3 + k}": calls for k, calls in enumerate(s.calls)} for s in layout.stages],
        "stage_end": [{"w": s.weight, "energy": _number(s.energy)} for s in layout.stages],
        "objective": _number(layout.objective),
        "penalty": _number(sum(v * v for v in broken)),
        "max_violation": _number(layout.violation),
        "worst": int(np.argmax(broken)) if layout.violation > 0 else -1,
        "max_violation_all": _number(max([0.0, *everything])),
        "penalty_all": _number(sum(v * v for v in everything)),
    }


def _number(v: float, digits: int = DIGITS) -> float | str:
    """A number as JSON can hold it: NaN and infinities are words."""
    if not np.isfinite(v):
        return "NaN" if np.isnan(v) else "Infinity" if v > 0 else "-Infinity"
    return float(f"{float(v):.{digits}g}")


def _written(values: Any, digits: int = DIGITS) -> list[float | str]:
    return [_number(v, digits) for v in values]
