"""The cloth of examples/cloth.py when it is seen: what it is first taken for, and what was measured.

python docs/figures/cloth.py [FILE]
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
from plot import SHARPNESS

from rosesim.scenes.canvas import Canvas
from rosesim.view.files import write_png
from rosesim.view.raster import Box, render
from rosesim.view.theme import colours

ROOT = Path(__file__).parents[2]
SIDEWAYS = np.array([[0.92, 0.28], [0.39, -0.22], [0.0, 0.93]])
"""Where a unit along x, y and z lies in the picture: seen from the side and a little from above."""


def main() -> None:
    """Draw both beside each other, first guess and measured."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures" / "cloth.png"
    spec = importlib.util.spec_from_file_location("cloth", ROOT / "examples" / "cloth.py")
    assert spec is not None and spec.loader is not None
    cloth: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cloth)
    shape = cloth.fallen(32)
    panels: list[tuple[Canvas, Box]] = []
    for k, (title, of, role) in enumerate(
        [("the first guess", cloth.FIRST, "others"), ("measured, and found", cloth.TRUE, "first")]
    ):
        at = np.asarray(shape(np.log(of))) @ SIDEWAYS
        canvas = Canvas((-0.25, -1.15, 1.35, 0.45))
        canvas.text((-0.15, 0.34), title, "ink", size=0.07)
        for line in (*at, *at.swapaxes(0, 1)):
            canvas.line(line, role, width=0.006)
        for corner in (at[0, 0], at[0, -1]):
            canvas.circle(corner, 0.02, "ink")
        panels.append((canvas, Box(k * 400 * SHARPNESS, 0, 400 * SHARPNESS, 400 * SHARPNESS)))
    roles = {"first": "#1b3f8b", "others": "#d55e00"}
    write_png(file, render((800 * SHARPNESS, 400 * SHARPNESS), panels, colours(roles)))


if __name__ == "__main__":
    main()
