"""A diagram under a person's hand: a shape follows the cursor, everything else is laid out again around it.

    live = Live(diagram)
    live.grab((x, y)); live.drag((x, y)); live.drop()
    live.take(live.job()())                  # one layout, from where everything stands; `job` may run on a thread

While a shape is held, the inputs that decide its centre do not move. A centre that depends on several of them (a
line's, a label's beside its shape) is moved by the least change of them: x += J⁺ (target − centre), J the slopes of
the centre where it was grabbed. For a centre that is itself two inputs this is an assignment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rosesim.diagrams import boxes
from rosesim.diagrams.energy import Array
from rosesim.diagrams.errors import DiagramError
from rosesim.diagrams.grips import grip, leaves
from rosesim.diagrams.layout import Diagram, Layout
from rosesim.diagrams.picture.known import Shown
from rosesim.diagrams.scalars import Number, evaluated
from rosesim.diagrams.values import Shape

Point = tuple[float, float]

THIN = 8.0
"""Pixels by which a line, or a smaller shape, may be missed."""
STEP = 1e-3
"""Of the differences that give a centre's slopes. Centres are linear in nearly all diagrams, so that any will do."""
TRIES = 4
"""Most corrections where a centre is not linear in its inputs."""


@dataclass(frozen=True, slots=True)
class Held:
    """A shape that is held."""

    name: str
    center: tuple[Number, ...]
    inputs: tuple[int, ...]
    """Those that decide its centre."""
    pull: Array
    """[input, coordinate]: J⁺."""
    offset: Point
    """From the centre to where it was grabbed."""


class Live:
    """A diagram, where everything is now, and what a person holds.

    >>> from rosesim.diagrams import Canvas
    >>> d = Canvas(200, 100)
    >>> a, b = (d.circle(r=10, center=(d.free(start=x), 0)) for x in (-30, 20))
    >>> term = d.ensure.touching(a, b, 10)
    >>> live = Live(d.diagram())
    >>> live.grab((-30, 4))
    True
    >>> live.drag((5, 4))
    >>> live.take(live.job()())
    >>> live.x[list(live.diagram.energy.live)].round(2).tolist()
    [5.0, 35.0]
    """

    def __init__(self, diagram: Diagram, seed: str = "", layout: Layout | None = None):
        self.diagram = diagram
        self.seed = seed
        self.x: Array = np.array(diagram.problem.x0 if layout is None else layout.x, float)
        """All inputs now."""
        self.layout = layout
        """The last layout; None before the first."""
        self.held: Held | None = None
        self.failure: str | None = None
        """Why the last layout failed."""
        self.waiting = layout is None
        """Whether something has changed since the last layout began."""
        self._shown = Shown(diagram.problem)
        self._now: tuple[list[float], list[Shape]] | None = None
        self._variation = 0
        self._fixed: tuple[int, ...] = ()
        """What was held when the last layout began."""
        self._centers: dict[str, tuple[tuple[Number, ...], tuple[int, ...]]] = {}

    # ------------------------------------------------------------------------------------- layouts

    def job(self) -> Callable[[], Layout | DiagramError]:
        """The next layout: a function of no arguments, which reads nothing that changes here. One at a time."""
        diagram, x = self.diagram, self.x.tolist()
        fixed = self.held.inputs if self.held is not None else ()
        self.waiting, self._fixed = False, fixed

        def run() -> Layout | DiagramError:
            try:
                return diagram.layout(x, fixed)
            except DiagramError as error:
                return error

        return run

    def take(self, result: Layout | DiagramError) -> None:
        """Everything goes where the layout has it, but what is held stays under the cursor."""
        if isinstance(result, DiagramError):
            self.failure = str(result)
            return
        if result.problem is not self.diagram.problem:  # another start was asked for meanwhile
            return
        kept = self.x
        self.layout, self.failure, self.x = result, None, result.x.copy()
        # The person may have moved on, or let go, since the layout began.
        places = [*self._fixed, *(self.held.inputs if self.held is not None else ())]
        self.x[places] = kept[places]

    def resample(self) -> None:
        """Start anew, drawn by another seed."""
        self._variation += 1
        self.diagram = self.diagram.restarted(f"{self.seed}-{self._variation}")
        self.x, self.layout, self.held, self.waiting = np.array(self.diagram.problem.x0, float), None, None, True

    # -------------------------------------------------------------------------------------- shapes

    def shapes(self) -> list[Shape]:
        """The shapes with their numbers, in drawing order; those that did not change are the same objects."""
        x = self.x.tolist()
        if self._now is None or self._now[0] != x:
            self._now = x, self._shown.at(x)
        return self._now[1]

    def at(self, p: Point) -> Shape | None:
        """The smallest shape at a point that can be moved; of equally small ones the topmost."""
        best: tuple[float, Shape] | None = None
        for shape in leaves(self.shapes()):
            area = _hit(shape, p)
            if area is not None and (best is None or area <= best[0]) and self._center(shape.name)[1]:
                best = area, shape
        return None if best is None else best[1]

    def grab(self, p: Point) -> bool:
        """Hold the shape at a point; whether there is one."""
        shape = self.at(p)
        if shape is None:
            return False
        center, inputs = self._center(shape.name)
        x = self.x.tolist()
        now = evaluated(center, x)
        slopes = np.zeros((len(now), len(inputs)))
        for k, i in enumerate(inputs):
            moved = [*x[:i], x[i] + STEP, *x[i + 1 :]]
            slopes[:, k] = (np.array(evaluated(center, moved)) - now) / STEP
        pull = np.linalg.pinv(slopes, rcond=1e-6)
        self.held = Held(shape.name, center, inputs, pull, (p[0] - now[0], p[1] - now[1]))
        return True

    def drag(self, p: Point) -> None:
        """Move what is held so that its centre follows; it stays on the canvas."""
        held = self.held
        if held is None:
            return
        target = np.array(
            [
                min(max(v - o, -size / 2), size / 2)
                for v, o, size in zip(p, held.offset, self.diagram.problem.canvas, strict=True)
            ]
        )
        places = list(held.inputs)
        for _ in range(TRIES):
            away = target - evaluated(held.center, self.x.tolist())
            change = held.pull @ away
            if np.abs(change).max() < 1e-9:
                return
            self.x[places] += change
            self.waiting = True

    def drop(self) -> None:
        """Let go: the shape moves as all others do."""
        self.waiting = self.waiting or self.held is not None
        self.held = None

    def _center(self, name: str) -> tuple[tuple[Number, ...], tuple[int, ...]]:
        """A shape's centre, and the inputs that decide it and may move."""
        found = self._centers.get(name)
        if found is None:
            problem = self.diagram.problem
            (shape,) = (s for s in problem.all_shapes if s.name == name)
            taken = grip(problem, shape)
            found = self._centers[name] = ((), ()) if taken is None else (taken.center, taken.inputs)
        return found


def _hit(shape: Shape, p: Point) -> float | None:
    """How large a shape is that lies at a point; None for one that does not."""
    numbers: Any = shape.properties
    if shape.kind == "Line":
        (x0, y0), (x1, y1) = numbers["start"].items, numbers["end"].items
        along = np.array([x1 - x0, y1 - y0])
        length = float(np.hypot(*along))
        part = float(np.dot([p[0] - x0, p[1] - y0], along) / (length * length)) if length else 0.0
        part = min(max(part, 0.0), 1.0)
        away = float(np.hypot(p[0] - x0 - part * along[0], p[1] - y0 - part * along[1]))
        return length * THIN if away <= THIN / 2 else None
    try:
        box: Any = boxes.box(shape)
    except ValueError:
        return None
    width, height = max(box.width, THIN), max(box.height, THIN)
    x, y = p[0] - box.center[0], p[1] - box.center[1]
    if shape.kind in ("Circle", "Ellipse"):
        inside = (2 * x / width) ** 2 + (2 * y / height) ** 2 <= 1.0
    else:
        inside = abs(x) <= width / 2 and abs(y) <= height / 2
    return width * height if inside else None
