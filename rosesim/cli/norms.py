"""`rosesim check --norms`: whether a scene's gradient explodes or vanishes in the reverse pass through the steps."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
import typer

from rosesim.cli.output import print_json

Norms = Annotated[
    bool, typer.Option("--norms", help="Print instead how the gradient grows from the last step to the first.")
]

ROWS, WIDTH = 20, 40
"""Lines of the picture, and its width in characters."""


def print_norms(scene: Any, inputs: Any, json: bool, params: Any) -> None:
    """Print the norm of the loss's gradient by the state at the beginning of steps, as bars on a logarithmic
    scale, or all of them as JSON."""
    from rosesim.scenes import compiled

    found = compiled(scene).step_norms(params, inputs)
    if json:
        print_json({"scene": scene.name, "steps": found.steps.tolist(), "norms": found.norms.tolist()})
        return
    picked = sorted({round(k) for k in np.linspace(0, len(found.steps) - 1, ROWS)})
    steps, norms = found.steps[picked].tolist(), found.norms[picked].tolist()
    logs = [math.log10(x) if 0 < x < math.inf else None for x in norms]
    known = [x for x in logs if x is not None] or [0.0]
    low, high = math.floor(min(known)), max(math.ceil(max(known)), math.floor(min(known)) + 1)
    print(f"{scene.name}: the gradient of the loss by the state before a step; bars from 1e{low} to 1e{high}")
    for step, norm, log in zip(steps, norms, logs, strict=True):
        bar = "" if log is None else "#" * round(WIDTH * (log - low) / (high - low))
        print(f"step {step:>{len(str(steps[-1]))}}  {norm:<9.3g} {bar}".rstrip())
