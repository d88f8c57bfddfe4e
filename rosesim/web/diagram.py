"""A diagram as one page: its solver in WebAssembly, a picture that follows the inputs, and shapes to drag.

What the page knows besides its programs, as JSON:

name, title, size         of the diagram; its canvas in pixels
svg, places               the picture with slots (`diagrams.picture.slots`), and where on the tape their values are
tape                      {"inputs", "constants", "ops", "steps"}: see `page/tape.js`
x, x0                     all inputs where the page begins, and as they start
draws, seed               [[input, low, high], ...] in the order in which another start draws them, and its first word
live                      the inputs that the programs take, in order
stages                    [{"objective", "constraint", "moves"}, ...]: texts of 0 and 1, for each row or live input
checks, count             [[row, what people read], ...] of the last stage's constraints; of how many in all stages
verdict                   {"good", "text"} where the page begins
grips                     [{"name", "form", "extent", "center", "inputs"}, ...]: see `diagrams.grips`
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rosesim.diagrams.builder.picture import Picture
from rosesim.diagrams.energy import Array
from rosesim.diagrams.grips import grips
from rosesim.diagrams.layout import Diagram, Layout
from rosesim.diagrams.picture import slotted
from rosesim.diagrams.problem import Problem
from rosesim.diagrams.style.inputs import drawn
from rosesim.diagrams.tape import OPS, Tape, tape
from rosesim.diagrams.whole import Whole, whole
from rosesim.web.bundle import Shell, assembled, packed
from rosesim.web.module import MEMORY, wasm

CODE = (
    "module.js", "formats.js", "tape.js", "slots.js", "hand.js", "draws.js", "layouts.js", "diagram.js",
)  # fmt: skip
"""The modules of the page's script, each after those that it imports."""
SCHEMA = frozenset(
    """
    name title size svg places tape inputs constants ops steps x x0 draws seed live stages objective constraint
    moves checks count verdict good text grips form extent center wasm packed
    version memory programs failures parameters result fields items at scalar shape phi solve energy done
    weight rounds most
    """.split()
) | {*OPS}
"""Names in the page's data and in its module's description."""
SHELL = Shell("diagram.html", ("base.css", "diagram.css"), SCHEMA)
DIGITS = 9
"""Decimals of the inputs where a page begins: a layout is not known better than to a thousandth of a pixel."""


def diagram_page(
    diagram: Diagram | Picture,
    layout: Layout | None = None,
    *,
    title: str = "Diagram",
    name: str = "diagram",
    seed: str = "",
    readable: bool = False,
) -> str:
    """The HTML text of a page that shows a diagram, and lays it out again when somebody drags a shape.

    It needs neither a server nor a connection. A picture of `Canvas.layout` brings its layout and seed; a `Diagram`
    is laid out if no `layout` is given. `seed` is the word that other starts are drawn from, as `--seed` has them;
    `name` is that of the file that the page saves. A `readable` page has its script as we wrote it.

    Raises DiagramError where a shape cannot be drawn, the canvas has no size, or the layout fails; TooLarge where the
    programs need more than 64 MiB.

    >>> from rosesim.diagrams import Canvas
    >>> from rosesim.web import diagram_page
    >>> d = Canvas(200, 100)
    >>> a, b = (d.circle(r=10, center=(d.free(start=x), 0)) for x in (-30, 20))
    >>> term = d.ensure.touching(a, b, 10)
    >>> text = diagram_page(d.layout(), title="Two discs")
    >>> text.startswith("<!doctype html>"), "<title>Two discs</title>" in text, len(text) < 60_000
    (True, True, True)
    """
    if isinstance(diagram, Picture):
        diagram, layout, seed = diagram.diagram, diagram.result, diagram.seed
    diagram.problem.visible_canvas()
    layout = layout or diagram.layout()
    programs = whole(diagram.energy)
    module = wasm({"phi": programs.phi, "solve": programs.solve}, memory=MEMORY)
    told = {"name": name, "title": title, "seed": seed, **_data(diagram, layout, programs)}
    return assembled(SHELL, CODE, {**told, "wasm": packed(module.code)}, readable)


def _data(diagram: Diagram, layout: Layout, programs: Whole) -> dict[str, Any]:
    problem, taken = diagram.problem, grips(diagram.problem)
    text, nodes = slotted(problem.shapes, problem.canvas, diagram.labels, diagram.folder)
    made = tape(
        [*nodes, *(n for g in taken for n in (*g.extent, *g.center))], len(problem.inputs), _constant(problem)
    )
    places, rest = made.places[: len(nodes)], iter(made.places[len(nodes) :])
    starts = drawn(problem.inputs)
    begins = np.array(problem.x0)
    begins[starts] = 0.0
    last = len(problem.stages) - 1
    return {
        "size": [*problem.canvas],
        "svg": text,
        "places": places,
        "tape": _tape(made),
        "x": [round(v, DIGITS) for v in layout.x.tolist()],
        "x0": begins.tolist(),
        "draws": [[i, problem.inputs[i].low, problem.inputs[i].high] for i in starts],
        "live": diagram.energy.live,
        "stages": [
            {"objective": _bits(s.objective), "constraint": _bits(s.constraint), "moves": _bits(s.moves)}
            for s in programs.stages
        ],
        "checks": _checks(problem, programs, last),
        "count": len(problem.constraints),
        "verdict": {"good": not layout.broken, "text": layout.verdict()},
        "grips": [
            {
                "name": g.name,
                "form": g.form,
                "extent": [next(rest) for _ in g.extent],
                "center": [next(rest) for _ in g.center],
                "inputs": g.inputs,
            }
            for g in taken
        ],
    }


def _constant(problem: Problem) -> dict[int, float]:
    """The inputs that neither a layout, nor a hand, nor another start changes."""
    return {i: problem.x0[i] for i, n in enumerate(problem.inputs) if n.kind in ("label", "given") and not n.stages}


def _tape(made: Tape) -> dict[str, Any]:
    """A tape as JSON. How far back an operand lies repeats itself from shape to shape, so it packs to the half."""
    ops = sorted({op for op, _ in made.steps})
    codes = {op: k for k, op in enumerate(ops)}
    finite = [
        c if np.isfinite(c) else {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(c)]
        for c in made.constants
    ]
    first, steps = made.inputs + len(made.constants), list[int]()
    for here, (op, operands) in enumerate(made.steps, first):
        steps += [codes[op], *(here - k if k >= first else -1 - k for k in operands)]
    return {"inputs": made.inputs, "constants": finite, "ops": ops, "steps": steps}


def _bits(flags: Array) -> str:
    return "".join("1" if f else "0" for f in flags)


def _checks(problem: Problem, programs: Whole, last: int) -> list[tuple[int, str]]:
    """The constraints of the last stage, by their rows."""
    objectives = len(problem.objectives)
    found = [(row, problem.constraints[k - objectives]) for row, k in enumerate(programs.terms) if k >= objectives]
    return [(row, term.written()) for row, term in found if last in term.stages]
