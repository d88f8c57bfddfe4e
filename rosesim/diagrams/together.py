"""Several diagrams of one Style, laid out together: what they share has the same place and size in each.

The frames of a lecture show one thing after the other, and what is there already may not move. So an input that
several diagrams have is one input of the whole, whose energy is the sum of theirs. The first frame knows of the last:
its objects stand where there is room for all that comes later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.layout import Diagram, Layout, names_of
from rosesim.diagrams.problem import Input, Problem, Term
from rosesim.diagrams.scalars import Number, Scalar
from rosesim.diagrams.style.inputs import redrawn
from rosesim.diagrams.templates import mapped
from rosesim.diagrams.values import Shape


@dataclass(frozen=True, slots=True)
class Together:
    """Diagrams that share inputs."""

    parts: tuple[Diagram, ...]
    whole: Diagram
    """All inputs and terms as one diagram, without shapes: this is what is laid out."""
    places: tuple[tuple[int, ...], ...]
    """For each part, where its inputs stand among those of the whole."""

    def apart(self, layout: Layout) -> list[Layout]:
        """The layouts of the parts, of one of the whole from any start."""
        problems = [part.problem for part in self.parts]
        objectives = np.cumsum([0, *(len(p.objectives) for p in problems)])
        constraints = objectives[-1] + np.cumsum([0, *(len(p.constraints) for p in problems)])
        found: list[Layout] = []
        for k, (problem, places) in enumerate(zip(problems, map(list, self.places), strict=True)):
            own = [layout.values[slice(*bounds[k : k + 2])] for bounds in (objectives, constraints)]
            stages = tuple(replace(stage, x=stage.x[places]) for stage in layout.stages)
            found.append(Layout(problem, layout.x[places], stages, np.concatenate(own)))
        return found


def together(parts: Sequence[Diagram], variation: str) -> Together:
    """Diagrams as one that is laid out, with its start drawn by a variation.

    Inputs of one path and name are one input, if they are drawn from the same interval and move in the same stages;
    the names of a match's own fields are its objects. Sizes of labels are each diagram's own.

    Raises DiagramError where the diagrams have different stages.

    >>> from rosesim.diagrams import Canvas
    >>> a, b = Canvas(100, 100), Canvas(100, 100)
    >>> for d in a, a, b:
    ...     _ = d.circle()
    >>> found = together([a.diagram(), b.diagram()], "word")
    >>> found.places[1] == found.places[0][: len(found.places[1])], len(found.whole.problem.constraints)
    (True, 3)
    """
    stages = parts[0].problem.stages
    for part in parts:
        if part.problem.stages != stages:
            named = [" and ".join(name or "no stage" for name in s) for s in (stages, part.problem.stages)]
            sentence = f"the diagrams have different stages, {named[0]} and then {named[1]}; expected one Style"
            raise DiagramError(Fault("MultipleLayoutError", sentence))
    inputs: list[Input] = []
    x0: list[float] = []
    numbers: dict[tuple[object, ...], int] = {}
    places: list[tuple[int, ...]] = []
    for k, part in enumerate(parts):
        problem = part.problem
        at: list[int] = []
        for name, made, start in zip(names_of(problem), problem.inputs, problem.x0, strict=True):
            shared = made.kind != "label"
            key = (*name, made.kind, made.low, made.high, made.stages) if shared else (*name, k)
            number = numbers.setdefault(key, len(inputs))
            if number == len(inputs):
                inputs.append(made)
                x0.append(start)
            at.append(number)
        places.append(tuple(at))
    objectives: list[Term] = []
    constraints: list[Term] = []
    for part, own in zip(parts, places, strict=True):
        f, shapes = _moving(own), dict[int, Shape]()
        for terms, to in ((part.problem.objectives, objectives), (part.problem.constraints, constraints)):
            to += [replace(t, args=tuple(mapped(v, f, shapes) for v in t.args)) for t in terms]
    problem = Problem(
        canvas=parts[0].problem.canvas,
        stages=stages,
        inputs=inputs,
        x0=redrawn(inputs, x0, variation),
        objectives=objectives,
        constraints=constraints,
        shapes=[],
        cut_at_start=any(part.problem.cut_at_start for part in parts),
    )

    def again(variation: str) -> Diagram:
        return together([part.restarted(variation) for part in parts], variation).whole

    return Together(tuple(parts), Diagram(problem, parts[0].labels, reread=again), tuple(places))


def _moving(places: Sequence[int]) -> Callable[[Number], Number]:
    """A function that gives a number over the inputs' new places."""
    made: dict[int, Scalar] = {}

    def moved(root: Number) -> Number:
        open_ = [root] if isinstance(root, Scalar) else []
        while open_:
            node = open_[-1]
            missing = [a for a in node.args if isinstance(a, Scalar) and a.number not in made]
            if node.number not in made and missing:
                open_ += missing
                continue
            open_.pop()
            if node.number not in made:
                args = tuple(made[a.number] if isinstance(a, Scalar) else a for a in node.args)
                index = places[node.index] if node.op == "input" else node.index
                made[node.number] = Scalar(node.op, args, index=index)
        return made[root.number] if isinstance(root, Scalar) else root

    return moved
