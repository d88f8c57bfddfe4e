"""How long a frame of a diagram's window takes while a shape is dragged, without a display.

    python benchmarks/diagram_frames.py FILE.json [ID] [--frames 120]

FILE.json is a trio, or an index of trios with one's ID. Under SDL's dummy driver, which draws everything and shows
nothing. Prints one JSON object: the milliseconds of a frame (all of its work, without the wait that limits it to 60 a
second) and of the processor in it, medians and nine tenths; the layouts that were taken meanwhile; the milliseconds
of one layout from where everything stands; and of the same picture by resvg, as files have it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ["SDL_VIDEODRIVER"] = "dummy"

import numpy as np

from rosesim.diagrams.live import Live
from rosesim.diagrams.picture import png, svg
from rosesim.diagrams.trios import from_index, from_json
from rosesim.view.diagram import DiagramWindow

FRAME = 1 / 60
GRID = 60
"""Points in each direction where a shape is looked for."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("id", nargs="?")
    parser.add_argument("--frames", type=int, default=120)
    given = parser.parse_args()
    trio = from_json(given.file) if given.id is None else from_index(given.file, given.id)
    live = Live(trio.read(), trio.variation)
    window = DiagramWindow(live, "frames", Path())
    try:
        while window.busy:
            window.frame()
            time.sleep(FRAME)
        print(json.dumps({"diagram": trio.name, **dragged(window, live, given.frames), **alone(window, live)}))
    finally:
        window.close()


def dragged(window: DiagramWindow, live: Live, frames: int) -> dict[str, object]:
    """Drag a shape around a circle."""
    start = grip(live)
    live.grab(start)
    walls: list[float] = []
    processor: list[float] = []
    layouts, before = 0, live.layout
    for k in range(frames):
        angle = 2 * np.pi * k / frames
        live.drag((start[0] + 60 * np.sin(angle), start[1] + 60 * (np.cos(angle) - 1)))
        begun, spent = time.perf_counter(), time.thread_time()
        window.frame()
        walls.append(1e3 * (time.perf_counter() - begun))
        processor.append(1e3 * (time.thread_time() - spent))
        layouts, before = layouts + (live.layout is not before), live.layout
        time.sleep(max(0.0, FRAME - walls[-1] / 1e3))
    live.drop()
    return {"frame_ms": spread(walls), "frame_processor_ms": spread(processor), "layouts": layouts, "frames": frames}


def grip(live: Live) -> tuple[float, float]:
    """A point at which there is something to drag, as near to the middle as possible."""
    width, height = live.diagram.problem.canvas
    points = [
        (x, y) for x in np.linspace(-width / 2, width / 2, GRID) for y in np.linspace(-height / 2, height / 2, GRID)
    ]
    for x, y in sorted(points, key=lambda p: float(np.hypot(*p))):
        if live.at((float(x), float(y))) is not None:
            return float(x), float(y)
    raise SystemExit("nothing in this diagram can be dragged")


def alone(window: DiagramWindow, live: Live) -> dict[str, float]:
    """What one layout costs, and one picture by resvg at the window's size."""
    diagram, canvas = live.diagram, live.diagram.problem.canvas
    text = svg(live.shapes(), canvas, diagram.labels, diagram.folder)
    scale = window.surface.get_width() / canvas[0]
    return {"layout_ms": least(lambda: diagram.layout(live.x)), "resvg_ms": least(lambda: png(text, scale))}


def least(f: Callable[[], object], times: int = 7) -> float:
    found: list[float] = []
    for _ in range(times):
        begun = time.perf_counter()
        f()
        found.append(1e3 * (time.perf_counter() - begun))
    return round(min(found), 2)


def spread(values: list[float]) -> list[float]:
    return [round(float(v), 1) for v in np.percentile(values, (50, 90))]


if __name__ == "__main__":
    main()
